"""A service's process: gRPC server with health and reflection, readiness, and a graceful end."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import signal
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass

import asyncpg
import grpc
from grpc_health.v1 import health, health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection

from services.kit import config as settings
from services.kit import log
from services.kit.channel import KEEPALIVE_MS, MESSAGE_BYTES_MAX
from services.kit.interceptors import Interceptor
from services.kit.interceptors.deadline import DeadlineInterceptor
from services.kit.interceptors.errors import ErrorsInterceptor, location
from services.kit.interceptors.telemetry import TelemetryInterceptor
from services.kit.interceptors.validation import ValidationInterceptor
from services.kit.telemetry import TelemetryConfig, telemetry

LIVE = "live"
"""Health name for liveness: SERVING while the event loop turns, whatever the database does."""

_SERVER_OPTIONS: list[tuple[str, int]] = [
    ("grpc.so_reuseport", 0),  # a second server on the port must fail, not share it silently
    ("grpc.max_connection_age_ms", 5 * 60_000),  # so that clients find new pods
    ("grpc.max_connection_age_grace_ms", 30_000),
    ("grpc.keepalive_time_ms", KEEPALIVE_MS),
    ("grpc.http2.min_recv_ping_interval_without_data_ms", KEEPALIVE_MS // 2),
    ("grpc.max_receive_message_length", MESSAGE_BYTES_MAX),
]

_GC_THRESHOLD = 20_000
# No database, no catalogue in time, a port that is taken; gRPC says the last by RuntimeError.
_START_FAILURES = (OSError, RuntimeError, asyncpg.PostgresError, asyncpg.InterfaceError)


@dataclass(frozen=True, slots=True)
class ServerConfig:
    """Where and how a service listens."""

    listen: str = settings.env("LISTEN", settings.parse_address, default="127.0.0.1:0")
    """host:port; port 0 takes a free one."""
    concurrent_calls_max: int = settings.env("CONCURRENT_CALLS_MAX", int, default=400)
    """Calls in flight; more are answered RESOURCE_EXHAUSTED."""
    drain_delay_s: float = settings.env("DRAIN_DELAY_S", settings.parse_delay, default=0.0)
    """Time between NOT_SERVING and refusing new calls, for balancers to notice."""
    drain_grace_s: float = settings.env("DRAIN_GRACE_S", settings.parse_seconds, default=20.0)
    """Time for calls in flight to end."""


@dataclass(frozen=True, slots=True)
class Running:
    """A server that serves."""

    address: str
    """host:port it listens on."""


@contextlib.asynccontextmanager
async def serving(
    config: ServerConfig,
    service: str,
    full_names: tuple[str, ...],
    register: Callable[[grpc.aio.Server], None],
    *,
    observers: Sequence[Interceptor] = (),
) -> AsyncIterator[Running]:
    """Serves while the block runs, then drains.

    `service` is the short name ("identity"), `full_names` the gRPC services it offers. `observers`
    stand between telemetry and errors: they see every call with what it is answered. Everything
    that a call needs must be ready before: on entry the service becomes SERVING.
    """
    server = grpc.aio.server(
        interceptors=[
            TelemetryInterceptor(),
            *observers,
            ErrorsInterceptor(service, config.concurrent_calls_max),
            DeadlineInterceptor(),
            ValidationInterceptor(),
        ],
        options=_SERVER_OPTIONS,
        # gRPC's own limit answers without a reason: ours comes first, but for streams and floods.
        maximum_concurrent_rpcs=2 * config.concurrent_calls_max,
    )
    register(server)
    states = health.aio.HealthServicer()
    health_pb2_grpc.add_HealthServicer_to_server(states, server)
    reflection.enable_server_reflection(
        (*full_names, health.SERVICE_NAME, reflection.SERVICE_NAME), server
    )
    serving_, not_serving = (
        health_pb2.HealthCheckResponse.SERVING,
        health_pb2.HealthCheckResponse.NOT_SERVING,
    )
    # The health servicer is born SERVING: say NOT_SERVING before anybody can ask.
    for name in ("", *full_names):
        await states.set(name, not_serving)
    await states.set(LIVE, serving_)
    host = config.listen.rpartition(":")[0]
    port = server.add_insecure_port(config.listen)
    await server.start()
    for name in ("", *full_names):
        await states.set(name, serving_)
    try:
        yield Running(address=f"{host}:{port}")
    finally:
        for name in ("", *full_names):
            await states.set(name, not_serving)
        await asyncio.sleep(config.drain_delay_s)
        await server.stop(config.drain_grace_s)


async def run(
    service: str,
    telemetry_config: TelemetryConfig,
    shown_config: dict[str, str],
    app: Callable[[], AbstractAsyncContextManager[Running]],
) -> None:
    """Runs a service until SIGTERM or SIGINT, then lets calls in flight end.

    A signal during the start ends it at once. What keeps a service from starting (a database or a
    callee that does not answer, a port that is taken) is one line of the log.

    Raises:
        SystemExit: code 1, when it could not start.
    """
    log.configure(service, telemetry_config.log_level)
    logger = log.get_logger()
    logger.info("starting", config=shown_config)
    stop, started = asyncio.Event(), asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        # asyncio.run turns only SIGINT into cancellation; SIGTERM would kill calls in flight.
        loop.add_signal_handler(number, stop.set)

    async def serve() -> None:
        async with app() as running:
            _settle_heap()
            started.set()
            logger.info("serving", address=running.address)
            await stop.wait()
            logger.info("draining")

    try:
        async with telemetry(service, telemetry_config):
            await _ended(asyncio.create_task(serve()), stop, started)
    except _START_FAILURES as error:
        if started.is_set():
            raise
        # Class and place only: the text of a driver's exception is not ours to log.
        where = {"exception": type(error).__name__, "location": location(error)}
        logger.error("cannot start", **where)  # noqa: TRY400
        raise SystemExit(1) from None
    logger.info("stopped")


def _settle_heap() -> None:
    """Takes what was built at start out of the collector's sight: it lives as long as the process.

    A call makes some thousand objects that die with it, without cycles: the default of looking
    every 700 costs a settlement a twentieth of its CPU and finds nothing. Of a process, not of a
    server: a test opens thousands of those, and to look through its heap each time takes seconds.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(_GC_THRESHOLD)


async def _ended(serving_: asyncio.Task[None], stop: asyncio.Event, started: asyncio.Event) -> None:
    """Waits for the end of the service, and cuts its start short when it is to stop."""
    stopping = asyncio.create_task(stop.wait())
    try:
        await asyncio.wait({serving_, stopping}, return_when=asyncio.FIRST_COMPLETED)
        if stop.is_set() and not started.is_set():
            # Nothing is in flight, and what the start waits for may never come.
            serving_.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await serving_
        else:
            await serving_
    finally:
        stopping.cancel()

"""A service's process: gRPC server with health and reflection, readiness, and a graceful end."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import ipaddress
import signal
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Any

import asyncpg
import grpc
from grpc_health.v1 import health, health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection

from services.kit import config as settings
from services.kit import log
from services.kit.admission import Admission, Bounds
from services.kit.audit_chain.servicer import FULL_NAME as AUDIT_SOURCE
from services.kit.audit_chain.servicer import AuditSourceServicer
from services.kit.audit_chain.trail import Trail
from services.kit.authorisation import load_table
from services.kit.caller import SERVING
from services.kit.channel import KEEPALIVE_MS, MESSAGE_BYTES_MAX
from services.kit.config import ConfigError
from services.kit.congestion import Congestion
from services.kit.interceptors import Interceptor
from services.kit.interceptors.admission import AdmissionInterceptor, GateInterceptor
from services.kit.interceptors.authorisation import AuthorisationInterceptor
from services.kit.interceptors.deadline import DeadlineInterceptor
from services.kit.interceptors.errors import ErrorsInterceptor, location
from services.kit.interceptors.telemetry import TelemetryInterceptor
from services.kit.interceptors.validation import ValidationInterceptor
from services.kit.telemetry import TelemetryConfig, telemetry
from services.kit.tls import Identity, TlsConfig, open_identity
from yijie.audit.v1.audit_source_service_pb2_grpc import add_AuditSourceServiceServicer_to_server

LIVE = "live"
"""Health name for liveness: SERVING while the event loop turns, whatever the database does."""

_SERVER_OPTIONS: list[tuple[str, int]] = [
    ("grpc.so_reuseport", 0),  # a second server on the port must fail, not share it silently
    ("grpc.max_connection_age_grace_ms", 30_000),
    ("grpc.keepalive_time_ms", KEEPALIVE_MS),
    ("grpc.http2.min_recv_ping_interval_without_data_ms", KEEPALIVE_MS // 2),
    ("grpc.max_receive_message_length", MESSAGE_BYTES_MAX),
    # Calls of a method that Python has not taken over yet: it takes one a turn of the event loop.
    # Nobody sees how long they wait there, so there may only be few: from the first number on gRPC
    # refuses some, above the second all, as CANCELLED and at next to no cost (ADR 0039).
    ("grpc.server.max_pending_requests", 64),
    ("grpc.server.max_pending_requests_hard_limit", 128),
]

_WAITING_MAX = 200
_GC_THRESHOLD = 20_000
_PROBES_MAX = 20
# No database, no catalogue in time, a port that is taken; gRPC says the last by RuntimeError.
_START_FAILURES = (OSError, RuntimeError, asyncpg.PostgresError, asyncpg.InterfaceError)


@dataclass(frozen=True, slots=True)
class ServerConfig:
    """Where and how a service listens."""

    listen: str = settings.env("LISTEN", settings.parse_address, default="127.0.0.1:0")
    """host:port; port 0 takes a free one."""
    concurrent_calls_max: int = settings.env("CONCURRENT_CALLS_MAX", int, default=400)
    """Calls in flight at most; the limit falls below that where the process is congested."""
    concurrent_calls_min: int = settings.env("CONCURRENT_CALLS_MIN", int, default=16)
    """Calls in flight that are let in however congested the process is."""
    congestion_s_max: float = settings.env("CONGESTION_S_MAX", settings.parse_seconds, default=0.03)
    """Wait for the event loop or a database connection from which fewer calls are let in."""
    wait_s_max: float = settings.env("WAIT_S_MAX", settings.parse_delay, default=0.2)
    """Longest wait of a call in line; who would wait longer is answered RESOURCE_EXHAUSTED."""
    connection_age_s: float = settings.env(
        "CONNECTION_AGE_S", settings.parse_seconds, default=300.0
    )
    """Age at which a caller's connection is ended in order, so that it looks for new replicas."""
    drain_delay_s: float = settings.env("DRAIN_DELAY_S", settings.parse_delay, default=0.0)
    """Time between NOT_SERVING and refusing new calls, for balancers to notice."""
    drain_grace_s: float = settings.env("DRAIN_GRACE_S", settings.parse_seconds, default=20.0)
    """Time for calls in flight to end."""
    tls: TlsConfig = settings.nested(TlsConfig, is_optional=True)
    """The certificate of the service; with one, callers need one too."""
    is_insecure_allowed: bool = settings.env(
        "INSECURE_LISTEN", settings.parse_switch, default=False
    )
    """Whether to listen without TLS where others than this machine can reach it."""
    probe_listen: str = settings.env("PROBE_LISTEN", settings.parse_optional_address, default="")
    """host:port without TLS for health alone, for probes that have no certificate; empty: none."""

    @property
    def bounds(self) -> Bounds:
        """What admission is held to."""
        return Bounds(
            in_flight_min=self.concurrent_calls_min,
            in_flight_max=self.concurrent_calls_max,
            congestion_s_max=self.congestion_s_max,
            wait_s_max=self.wait_s_max,
        )


@dataclass(frozen=True, slots=True)
class Running:
    """A server that serves."""

    address: str
    """host:port it listens on."""
    probe_address: str = ""
    """host:port of health alone; empty: none."""


@contextlib.asynccontextmanager
async def serving(
    config: ServerConfig,
    service: str,
    full_names: tuple[str, ...],
    register: Callable[[grpc.aio.Server], None],
    *,
    observers: Sequence[Interceptor] = (),
    guards: Sequence[Interceptor] = (),
    trail: Trail | None = None,
) -> AsyncIterator[Running]:
    """Serves while the block runs, then drains.

    `service` is the short name ("identity"), `full_names` the gRPC services it offers. `observers`
    stand between telemetry and errors: they see every call with what it is answered; `guards`
    stand before validation and may refuse. The `trail` is told whose call was refused for who made
    it, and the audit chain reads its sources here. Everything that a call needs must be ready
    before: on entry the service becomes SERVING.
    """
    full_names = (*full_names, AUDIT_SOURCE) if trail else full_names
    admission = Admission(config.bounds)
    server = grpc.aio.server(
        interceptors=[
            GateInterceptor(service, admission),
            TelemetryInterceptor(),
            *observers,
            ErrorsInterceptor(service),
            AuthorisationInterceptor(
                load_table(service),
                trail.denied if trail else None,
                is_plain_allowed=not config.tls.is_on,
            ),
            AdmissionInterceptor(admission),
            DeadlineInterceptor(),
            *guards,
            ValidationInterceptor(),
        ],
        options=[
            *_SERVER_OPTIONS,
            ("grpc.max_connection_age_ms", round(config.connection_age_s * 1000)),
        ],
        # gRPC's own limit answers without a reason: ours comes first, but for streams and floods.
        # Those that wait in line count, too.
        maximum_concurrent_rpcs=2 * config.concurrent_calls_max + _WAITING_MAX,
    )
    register(server)
    if trail:
        add_AuditSourceServiceServicer_to_server(AuditSourceServicer(trail.sources), server)
    states = health.aio.HealthServicer()
    health_pb2_grpc.add_HealthServicer_to_server(states, server)
    reflection.enable_server_reflection(
        (*full_names, health.SERVICE_NAME, reflection.SERVICE_NAME), server
    )
    # The health servicer is born SERVING: say NOT_SERVING before anybody can ask.
    await _say(states, full_names, is_serving=False)
    await states.set(LIVE, health_pb2.HealthCheckResponse.SERVING)
    host = config.listen.rpartition(":")[0]
    async with (
        open_identity(config.tls) as identity,
        _probed(config.probe_listen, states) as probe_address,
        Congestion().measuring(admission.tick),
    ):
        port = _listen(server, config, identity)
        await server.start()
        await _say(states, full_names, is_serving=True)
        try:
            yield Running(address=f"{host}:{port}", probe_address=probe_address)
        finally:
            await _say(states, full_names, is_serving=False)
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


async def _say(
    states: health.aio.HealthServicer, full_names: Sequence[str], *, is_serving: bool
) -> None:
    """Tells whoever asks for the health of the process or of one of its services."""
    health_ = health_pb2.HealthCheckResponse
    for name in ("", *full_names):
        await states.set(name, health_.SERVING if is_serving else health_.NOT_SERVING)


def _listen(server: grpc.aio.Server, config: ServerConfig, identity: Identity | None) -> int:
    """Binds the port and returns it.

    Raises:
        ConfigError: it would trust whoever can reach it, and others than this machine can; or its
            certificate is one of a caller, which nobody takes from a service.
    """
    if identity is not None:
        role = identity.material.caller.role
        if role not in SERVING:
            problem = (
                f"{config.tls.cert_file} is of role {role}, which only calls: a service needs one"
                f" of role {' or '.join(sorted(SERVING))} (yijie certs issue)"
            )
            raise ConfigError([problem])
        return int(server.add_secure_port(config.listen, identity.server_credentials()))
    if not config.is_insecure_allowed and not _is_loopback(config.listen):
        listen, allow = f"{settings.PREFIX}LISTEN", f"{settings.PREFIX}INSECURE_LISTEN=1"
        problem = (
            f"{listen} is no loopback address, and without TLS every caller is trusted: set"
            f" {settings.PREFIX}TLS_CERT_FILE, _KEY_FILE and _CA_FILE (yijie certs), or say"
            f" {allow} where something else keeps strangers away"
        )
        raise ConfigError([problem])
    return int(server.add_insecure_port(config.listen))


def _is_loopback(listen: str) -> bool:
    host = listen.rpartition(":")[0].strip("[]")
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


class _Probed(health_pb2_grpc.HealthServicer):  # type: ignore[misc]
    """Answers how a service is, at once: whoever could watch it could fill the port for good."""

    def __init__(self, states: health.aio.HealthServicer) -> None:
        self._states = states

    async def Check(self, request: Any, context: grpc.aio.ServicerContext) -> Any:  # noqa: N802
        """Answers for the process, or for one of its services."""
        return await self._states.Check(request, context)


@contextlib.asynccontextmanager
async def _probed(listen: str, states: health.aio.HealthServicer) -> AsyncIterator[str]:
    """Answers health, and nothing else, without TLS while the block runs; gives host:port."""
    if not listen:
        yield ""
        return
    # A server of its own: no method of ours can be reached through a port that asks nobody's name.
    server = grpc.aio.server(options=_SERVER_OPTIONS, maximum_concurrent_rpcs=_PROBES_MAX)
    health_pb2_grpc.add_HealthServicer_to_server(_Probed(states), server)
    port = server.add_insecure_port(listen)
    await server.start()
    try:
        yield f"{listen.rpartition(':')[0]}:{port}"
    finally:
        await server.stop(0)


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

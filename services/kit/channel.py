"""Calls to other services: one channel per callee, a deadline always, a span and a duration each.

Retries happen once, at the lowest layer, by the channel's service config: UNAVAILABLE only,
throttled. A repeat of a mutation is safe because every mutation carries a request id or a
settlement id.
"""

from __future__ import annotations

import contextlib
import functools
import time
from collections.abc import AsyncIterator, Callable
from typing import Any

import grpc
import orjson
import prometheus_client

from services.kit import call as calls
from services.kit import telemetry
from services.kit.admission import PRIORITY_KEY
from services.kit.deadline import budget_s
from services.kit.errors import DomainError, NotAllowed, Unavailable
from services.kit.renewing_channel import RenewingChannel
from services.kit.status import from_rpc_error
from services.kit.tls import Identity

KEEPALIVE_MS = 60_000
"""Client ping interval and the server's least interval: one constant, or the server says GOAWAY."""
MESSAGE_BYTES_MAX = 4 * 1024 * 1024

_SERVICE_CONFIG = orjson.dumps(
    {
        "loadBalancingConfig": [{"round_robin": {}}],
        # A callee that drains says NOT_SERVING first: nobody asks it any more before it stops.
        "healthCheckConfig": {"serviceName": ""},
        "methodConfig": [
            {
                "name": [{}],
                "retryPolicy": {
                    "maxAttempts": 3,
                    "initialBackoff": "0.02s",
                    "maxBackoff": "0.2s",
                    "backoffMultiplier": 3,
                    "retryableStatusCodes": ["UNAVAILABLE"],
                },
            }
        ],
        "retryThrottling": {"maxTokens": 10, "tokenRatio": 0.1},
    }
).decode()

CHANNEL_OPTIONS: list[tuple[str, str | int]] = [
    ("grpc.service_config", _SERVICE_CONFIG),
    ("grpc.keepalive_time_ms", KEEPALIVE_MS),
    ("grpc.keepalive_timeout_ms", 10_000),
    # grpc waits up to two minutes between attempts; a callee that is back is wanted at once.
    ("grpc.initial_reconnect_backoff_ms", 200),
    ("grpc.max_reconnect_backoff_ms", 2_000),
    # What a name stands for may be asked anew after a second, not after grpc's thirty: two replicas
    # that are exchanged within that time would leave a caller with nobody.
    ("grpc.dns_min_time_between_resolutions_ms", 1_000),
    # A channel has connections of its own: shared ones share their back-off, so a channel opened
    # to a server that has just come up would fail for what another channel met before.
    ("grpc.use_local_subchannel_pool", 1),
    ("grpc.max_receive_message_length", MESSAGE_BYTES_MAX),
    ("grpc.enable_http_proxy", 0),
]


@contextlib.asynccontextmanager
async def open_channel(
    target: str, identity: Identity | None = None, *, peer_name: str = ""
) -> AsyncIterator[grpc.aio.Channel]:
    """Opens a channel; must run inside the event loop that uses it.

    With an identity both sides prove who they are, and the channel follows its files. The callee's
    certificate must have the name of the target's host, or `peer_name` (tls.peer_name) instead:
    who it is, where an address alone must not decide that. Without an identity it is plain.
    """
    if identity is None:
        async with grpc.aio.insecure_channel(target, options=CHANNEL_OPTIONS) as channel:
            yield channel
        return
    async with secure_channel(target, identity, peer_name=peer_name) as channel:
        yield channel


def secure_channel(target: str, identity: Identity, *, peer_name: str = "") -> RenewingChannel:
    """Returns a channel by TLS, to be closed; must be called inside the event loop that uses it."""
    named = [("grpc.ssl_target_name_override", peer_name)] if peer_name else []
    options = [*CHANNEL_OPTIONS, *named]

    def opened() -> grpc.aio.Channel:
        return grpc.aio.secure_channel(target, identity.channel_credentials(), options=options)

    return RenewingChannel(identity, opened)


class NotServedError(Unavailable):
    """The callee is there but has no such method: it is of a release before ours."""


class Callee:
    """Calls one service through one channel."""

    def __init__(self, name: str, *, unavailable_reason: str = "CALLEE_UNAVAILABLE") -> None:
        """Holds the callee's name for errors; `unavailable_reason` is what its silence means."""
        self._name = name
        self._unavailable_reason = unavailable_reason

    async def call(self, method: Callable[..., Any], request: Any, *, own_s: float) -> Any:
        """Calls a unary method within what is left of the caller's deadline, at most `own_s`.

        Raises the callee's own DomainError (its `domain` says whose), Unavailable when it cannot be
        reached, does not answer in time or fails by a defect (NotServedError: it has no such
        method), DeadlineTooShortError when there is no time left to ask.
        """
        name = method._method.decode()[1:]  # type: ignore[attr-defined]  # noqa: SLF001
        timeout = budget_s(own_s)
        started = time.perf_counter()
        code = "OK"
        with telemetry.span(name, telemetry.CLIENT) as span:
            try:
                answer = await method(
                    request,
                    timeout=timeout,
                    metadata=_metadata(),
                    wait_for_ready=True,
                )
            except grpc.aio.AioRpcError as error:
                code = error.code().name
                mapped = from_rpc_error(error)
                if mapped is None or isinstance(mapped, NotAllowed):
                    # That we may not ask lies between us and the callee: our caller can do nothing.
                    is_served = error.code() is not grpc.StatusCode.UNIMPLEMENTED
                    mapped = self._unavailable(Unavailable if is_served else NotServedError)
                telemetry.mark_failed(span, code, mapped.reason)
                raise mapped from None
            else:
                # What gRPC gives for bytes that are no message.
                if answer is None:
                    code = "INTERNAL"
                    raise self._unavailable()
                return answer
            finally:
                span.set_attribute("rpc.response.status_code", code)
                _duration_of(name, code).observe(time.perf_counter() - started)

    def _unavailable(self, kind: type[Unavailable] = Unavailable) -> DomainError:
        return kind(
            self._unavailable_reason,
            f"{self._name} did not answer",
            metadata={"callee": self._name},
            retry_after_ms=1000,
        )


@functools.cache
def _duration_of(method: str, code: str) -> prometheus_client.Histogram:
    # Looking labels up costs more than observing.
    return telemetry.CLIENT_DURATION.labels(method, code)


def _metadata() -> list[tuple[str, str]]:
    """Returns what a callee is told of the call in hand: its span, and how important it is."""
    metadata = telemetry.trace_metadata()
    call = calls.current.get()
    if call is not None and call.priority is not None:
        metadata.append((PRIORITY_KEY, call.priority.name))
    return metadata

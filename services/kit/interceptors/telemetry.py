"""The outermost interceptor: a server span, a duration and one log line for every call."""

from __future__ import annotations

import asyncio
import functools
import re
import time
from collections.abc import AsyncIterator
from typing import Any

import grpc
import prometheus_client

from services.kit import call as calls
from services.kit import telemetry
from services.kit.interceptors import Interceptor, Stream, Unary
from services.kit.log import get_logger

_UUID = re.compile(r"[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}")


class TelemetryInterceptor(Interceptor):
    """Observes calls; sees the outcome that the errors interceptor put into the Call."""

    def unary(self, method: str, inner: Unary) -> Unary:
        """Returns a handler that observes a unary call."""
        log = get_logger()

        async def observed(request: Any, context: grpc.aio.ServicerContext) -> Any:
            call = _begin(method, request)
            if call.shed is not None:
                # A span and a line of the log cost more than the refusal: it is counted only.
                try:
                    return await inner(request, context)
                finally:
                    seconds = time.perf_counter() - call.started
                    _duration_of(method[1:], call.code).observe(seconds)
            token = calls.current.set(call)
            metadata = dict(context.invocation_metadata() or ())
            with telemetry.server_span(method[1:], metadata) as span:
                try:
                    return await inner(request, context)
                except asyncio.CancelledError:
                    # The caller's deadline passed or it hung up; what is committed stays committed.
                    call.code = "CANCELLED"
                    raise
                finally:
                    calls.current.reset(token)
                    _end(call, span, log)

        return observed

    def stream(self, method: str, inner: Stream) -> Stream:
        """Returns a handler that observes a stream; its duration is no latency."""
        log = get_logger()

        async def observed(request: Any, context: grpc.aio.ServicerContext) -> AsyncIterator[Any]:
            # No span: a feed lives for hours, and a generator may be closed in another context.
            call = calls.Call(method=method, started=time.perf_counter())
            token = calls.current.set(call)
            try:
                async for response in inner(request, context):
                    yield response
            except (asyncio.CancelledError, GeneratorExit):
                call.code = "CANCELLED"
                raise
            finally:
                try:
                    calls.current.reset(token)
                except ValueError:  # closed from another context; nothing to reset there
                    calls.current.set(None)
                _log(log, call, trace_id="")

        return observed


def _begin(method: str, request: Any) -> calls.Call:
    # The gate has one already; a server without it, as of a test, has none.
    call = calls.current.get() or calls.Call(method=method, started=time.perf_counter())
    request_id = getattr(request, "request_id", "")
    # Before validation, so it may be anything: only a UUID is sure to say nothing of a person.
    if request_id and _UUID.fullmatch(request_id):
        call.fields["request_id"] = request_id
    return call


def _end(call: calls.Call, span: telemetry.Span, log: Any) -> None:
    span.set_attribute("rpc.response.status_code", call.code)
    if call.code != "OK":
        telemetry.mark_failed(span, call.code, call.reason)
    _duration_of(call.method[1:], call.code).observe(time.perf_counter() - call.started)
    _log(log, call, telemetry.trace_id())


@functools.cache
def _duration_of(method: str, code: str) -> prometheus_client.Histogram:
    # Looking labels up costs more than observing.
    return telemetry.SERVER_DURATION.labels(method, code)


def _log(log: Any, call: calls.Call, trace_id: str) -> None:
    log.info(
        "call",
        method=call.method[1:],
        code=call.code,
        reason=call.reason,
        duration_ms=round((time.perf_counter() - call.started) * 1000, 2),
        trace_id=trace_id,
        **call.fields,
    )

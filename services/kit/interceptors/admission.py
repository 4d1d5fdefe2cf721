"""Sheds calls when there are too many: services.kit.admission says which."""

from __future__ import annotations

import functools
import time
from typing import Any, Final

import grpc
import prometheus_client

from services.kit import call as calls
from services.kit.admission import PRIORITY_KEY, Admission, Priority
from services.kit.caller import HUB, caller_of
from services.kit.errors import Overloaded
from services.kit.interceptors import Interceptor, Stream, Unary
from services.kit.priorities import always, load_priorities

_LIST: Final = always(Priority.LIST)

_SPENT_S: Final = 0.05
"""Left of a deadline that is used up: services give up a little before it, to say so."""

IN_FLIGHT = prometheus_client.Gauge("yijie_admission_in_flight", "Unary calls that are worked on.")
LIMIT = prometheus_client.Gauge(
    "yijie_admission_limit", "Unary calls that may be worked on at once; follows the congestion."
)
WAITING = prometheus_client.Gauge("yijie_admission_waiting", "Unary calls that wait in line.")
SHED = prometheus_client.Counter(
    "yijie_admission_shed", "Unary calls that were refused for load.", ["priority"]
)


class GateInterceptor(Interceptor):
    """The outermost: refuses what has no chance before anything was spent on it.

    What it refuses passes through those that count and answer refusals, and no further.
    """

    def __init__(self, service: str, admission: Admission) -> None:
        """Takes the short name of the service, whose table of priorities is read."""
        super().__init__()
        self._priorities = load_priorities(service)
        self._admission = admission

    def unary(self, method: str, inner: Unary) -> Unary:
        """Returns a handler that is looked at first."""
        prioritise = self._priorities.get(method, _LIST)
        admission = self._admission

        async def looked_at(request: Any, context: grpc.aio.ServicerContext) -> Any:
            told = _told(context)
            priority = prioritise(request) if told is None else told
            call = calls.Call(
                method=method,
                started=time.perf_counter(),
                priority=priority,
                is_part=told is not None,
            )
            try:
                admission.require(method, priority, context.time_remaining(), is_part=call.is_part)
            except Overloaded as error:
                _shed(priority).inc()
                call.shed = error
            token = calls.current.set(call)
            try:
                return await inner(request, context)
            finally:
                calls.current.reset(token)

        return looked_at

    def stream(self, method: str, inner: Stream) -> Stream:  # noqa: ARG002 - see below
        """Returns the handler itself: a stream is one call for hours, and is not counted."""
        return inner


class AdmissionInterceptor(Interceptor):
    """Lets unary calls in by their priority, after a wait if need be."""

    def __init__(self, admission: Admission) -> None:
        super().__init__()
        self._admission = admission
        IN_FLIGHT.set_function(lambda: admission.in_flight)
        LIMIT.set_function(lambda: admission.limit.value)
        WAITING.set_function(lambda: admission.waiting)

    def unary(self, method: str, inner: Unary) -> Unary:
        """Returns a handler that is let in first."""
        admission = self._admission

        async def admitted(request: Any, context: grpc.aio.ServicerContext) -> Any:
            call = calls.current.get()
            priority, is_part = Priority.LIST, False
            if call is not None and call.priority is not None:
                priority, is_part = call.priority, call.is_part
            try:
                await admission.enter(method, priority, context.time_remaining(), is_part=is_part)
            except Overloaded:
                _shed(priority).inc()
                raise
            begun = time.perf_counter()
            try:
                answer = await inner(request, context)
            except BaseException:
                # One that its deadline ended tells most, be it that our own waits ended just before
                # it; one that was refused or whose caller hung up tells nothing.
                remaining_s = context.time_remaining()
                if remaining_s is not None and remaining_s <= _SPENT_S:
                    _learn(admission, method, time.perf_counter() - begun, is_late=True)
                raise
            finally:
                admission.leave()
            _learn(admission, method, time.perf_counter() - begun)
            return answer

        return admitted

    def stream(self, method: str, inner: Stream) -> Stream:  # noqa: ARG002 - not counted
        """Returns the handler itself."""
        return inner


def _learn(admission: Admission, method: str, seconds: float, *, is_late: bool = False) -> None:
    call = calls.current.get()
    # What was asked at the same time is a sum.
    abroad_s = min(call.abroad_s, seconds) if call is not None else 0.0
    admission.ended(method, seconds - abroad_s, abroad_s, is_late=is_late)


def _told(context: grpc.aio.ServicerContext) -> Priority | None:
    """Returns the priority that the caller has told, where it is one of us."""
    for key, value in context.invocation_metadata() or ():
        if key == PRIORITY_KEY:
            caller = caller_of(context)
            is_ours = caller is None or caller.role == HUB
            return _parsed(value) if is_ours else None
    return None


@functools.cache
def _parsed(text: str) -> Priority | None:
    return Priority.__members__.get(text)


@functools.cache
def _shed(priority: Priority) -> prometheus_client.Counter:
    return SHED.labels(priority.name.lower())

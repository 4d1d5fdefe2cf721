"""Goal: admission learns from every call that tells how long such calls take, and from no other."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

import pytest

from services.kit import call as calls
from services.kit.admission import Admission, Bounds
from services.kit.errors import RuleForbids, Unavailable
from services.kit.interceptors.admission import AdmissionInterceptor

METHOD = "/yijie.test/Call"
BOUNDS = Bounds(in_flight_min=1, in_flight_max=10, congestion_s_max=0.03, wait_s_max=1.0)


@dataclass
class Context:
    """What an interceptor asks of gRPC's context."""

    remaining_s: float | None = 1.0

    def time_remaining(self) -> float | None:
        return self.remaining_s


class Learning(Admission):
    def __init__(self) -> None:
        super().__init__(BOUNDS)
        self.told = []

    def ended(
        self, method: str, own_s: float, abroad_s: float = 0.0, *, is_late: bool = False
    ) -> None:
        assert method == METHOD
        self.told.append((own_s, abroad_s, is_late))


async def asked(inner, context) -> Learning:
    """Has a handler called through the interceptor, within a call."""
    admission = Learning()
    token = calls.current.set(calls.Call(method=METHOD, started=0.0))
    try:
        await AdmissionInterceptor(admission).unary(METHOD, inner)(None, context)
    finally:
        calls.current.reset(token)
        assert admission.in_flight == 0
        asked.last = admission
    return admission


async def test_what_a_province_took_is_told_apart():
    async def inner(_request, _context):
        await asyncio.sleep(0.03)
        calls.note_abroad(0.01)
        calls.note_abroad(0.01)

    ((own_s, abroad_s, is_late),) = (await asked(inner, Context())).told
    assert abroad_s == 0.02
    assert own_s > 0.005
    assert not is_late


async def test_what_was_asked_at_the_same_time_is_not_more_than_the_time_that_went_by():
    async def inner(_request, _context):
        for _ in range(8):
            calls.note_abroad(5.0)

    ((own_s, abroad_s, _),) = (await asked(inner, Context())).told
    assert own_s == 0
    assert abroad_s < 5


@pytest.mark.parametrize("remaining_s", [0.0, 0.04])
@pytest.mark.parametrize(
    "error", [asyncio.CancelledError(), Unavailable("CALLEE_UNAVAILABLE", "no answer")]
)
async def test_a_call_that_its_deadline_ended_tells_most(error, remaining_s):
    """Our own waits end a little before it, and say so with an error of their own."""
    context = Context()

    async def inner(_request, _context):
        context.remaining_s = remaining_s
        raise error

    with pytest.raises(type(error)):
        await asked(inner, context)
    ((_, _, is_late),) = asked.last.told
    assert is_late


async def test_a_call_without_a_deadline_is_not_late():
    async def inner(_request, _context):
        raise RuleForbids("FILING_REQUIRED", "none")

    with pytest.raises(RuleForbids):
        await asked(inner, Context(None))
    assert asked.last.told == []


@pytest.mark.parametrize(
    "error", [asyncio.CancelledError(), RuleForbids("FILING_REQUIRED", "none")]
)
async def test_who_hung_up_and_what_was_refused_tell_nothing(error):
    async def inner(_request, _context):
        raise error

    with pytest.raises(type(error)):
        await asked(inner, Context())
    assert asked.last.told == []


def test_outside_a_call_there_is_nothing_to_note():
    calls.note_abroad(1.0)
    assert calls.current.get() is None

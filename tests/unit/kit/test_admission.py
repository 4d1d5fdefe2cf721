"""Goal: too many calls are refused early, the least important first, and no place is ever lost.

Method: the bookkeeping alone, with a clock that the test holds where time matters; the chain of
interceptors behind a real port is tests/contract/test_interceptors.py.
"""

from __future__ import annotations

import asyncio

import pytest

from services.kit.admission import SHARES, Admission, Bounds, Limit, Priority, shed
from services.kit.errors import Overloaded

BOUNDS = Bounds(in_flight_min=2, in_flight_max=10, congestion_s_max=0.03, wait_s_max=0.3)
METHOD = "/yijie.test/Call"
CALM, CONGESTED = 0.0, 0.1


def admission(**changed) -> Admission:
    fields = {"in_flight_min": 1, "in_flight_max": 1, "congestion_s_max": 0.03, "wait_s_max": 5.0}
    return Admission(Bounds(**(fields | changed)))


async def turn() -> None:
    """Lets every task that can go on do so."""
    for _ in range(5):
        await asyncio.sleep(0)


def test_the_limit_falls_with_congestion_and_not_below_its_least():
    limit = Limit(BOUNDS)
    seen = []
    for _ in range(30):
        limit.adapt(CONGESTED, limit.value)
        seen.append(limit.value)
    assert seen == sorted(seen, reverse=True)
    assert (seen[0], seen[-1]) == (9, BOUNDS.in_flight_min)


def test_the_limit_falls_from_what_is_in_flight():
    limit = Limit(BOUNDS)
    limit.adapt(CONGESTED, 5)
    assert limit.value == 4


def test_the_limit_grows_only_where_it_is_reached():
    limit = Limit(BOUNDS)
    for _ in range(30):
        limit.adapt(CONGESTED, limit.value)
    limit.adapt(CALM, 0)
    assert limit.value == BOUNDS.in_flight_min
    for _ in range(60):
        limit.adapt(CALM, limit.value)
    assert limit.value == BOUNDS.in_flight_max


def test_the_limit_grows_slower_than_it_falls():
    """What is let in too many is late together: the way up is felt for, the way down is not."""
    bounds = Bounds(in_flight_min=1, in_flight_max=100, congestion_s_max=0.03, wait_s_max=0.3)
    down, up = Limit(bounds), Limit(bounds)
    up.adapt(CONGESTED, 10)
    falls = rises = 0
    while down.value > 10:
        down.adapt(CONGESTED, down.value)
        falls += 1
    while up.value < 90:
        up.adapt(CALM, up.value)
        rises += 1
    assert rises > 3 * falls


def test_calls_in_flight_without_congestion_leave_the_limit():
    """A slow province: many calls wait for it, and nothing waits inside the process."""
    limit = Limit(BOUNDS)
    limit.adapt(BOUNDS.congestion_s_max, BOUNDS.in_flight_max)
    assert limit.value == BOUNDS.in_flight_max


async def test_the_most_important_goes_first_whenever_it_came():
    one = admission(in_flight_max=5)
    for _ in range(5):
        await one.enter(METHOD, Priority.SETTLE)
    order = []

    async def call(priority):
        await one.enter(METHOD, priority)
        order.append(priority)
        one.leave()

    came = [Priority.LIST, Priority.ESTIMATE, Priority.SETTLE, Priority.RECORD, Priority.DISCHARGE]
    tasks = [asyncio.create_task(call(priority)) for priority in came]
    await turn()
    assert (order, one.waiting) == ([], 5)
    for _ in range(5):
        one.leave()
        await turn()
    await asyncio.gather(*tasks)
    assert order == sorted(came)
    assert (one.in_flight, one.waiting) == (0, 0)


async def test_the_less_important_leave_room():
    one = admission(in_flight_max=10)
    for _ in range(int(10 * SHARES[Priority.LIST])):
        await one.enter(METHOD, Priority.LIST)
    waiting = asyncio.create_task(one.enter(METHOD, Priority.LIST))
    await turn()
    assert (one.in_flight, one.waiting) == (6, 1)
    # Somebody waits, and a settlement goes in all the same.
    await one.enter(METHOD, Priority.SETTLE)
    assert (one.in_flight, one.waiting) == (7, 1)
    waiting.cancel()
    await turn()
    assert one.waiting == 0


async def test_who_waits_too_long_is_shed_and_was_not_begun():
    one = admission(wait_s_max=0.3)
    await one.enter(METHOD, Priority.SETTLE)
    late = asyncio.create_task(one.enter(METHOD, Priority.SETTLE))
    await turn()
    now = asyncio.get_running_loop().time()
    one.tick(CALM, now)
    await turn()
    assert not late.done()
    one.tick(CALM, now + 0.31)
    with pytest.raises(Overloaded) as caught:
        await late
    assert caught.value.reason == "OVERLOADED"
    assert caught.value.retry_after_ms >= 500
    assert (one.in_flight, one.waiting) == (1, 0)


async def test_nobody_waits_for_most_of_what_is_left_of_its_deadline():
    one = admission()
    await one.enter(METHOD, Priority.SETTLE)
    hurried = asyncio.create_task(one.enter(METHOD, Priority.SETTLE, 0.3))
    await turn()
    one.tick(CALM, asyncio.get_running_loop().time() + 0.15)
    with pytest.raises(Overloaded):
        await hurried


async def test_a_full_line_sheds_the_least_important_and_last():
    one = admission()
    await one.enter(METHOD, Priority.SETTLE)
    first = asyncio.create_task(one.enter(METHOD, Priority.LIST))
    await turn()
    # One place, one in line: as many as a limit of one lets wait.
    with pytest.raises(Overloaded):
        one.require(METHOD, Priority.LIST, None)
    with pytest.raises(Overloaded):
        await one.enter(METHOD, Priority.LIST)
    one.require(METHOD, Priority.DISCHARGE, None)
    important = asyncio.create_task(one.enter(METHOD, Priority.DISCHARGE))
    with pytest.raises(Overloaded):
        await first
    one.leave()
    await important
    assert (one.in_flight, one.waiting) == (1, 0)


async def test_a_caller_that_hangs_up_takes_no_place():
    one = admission()
    await one.enter(METHOD, Priority.SETTLE)
    gone = asyncio.create_task(one.enter(METHOD, Priority.SETTLE))
    await turn()
    # Its turn comes in the same moment: the place is given back.
    one.leave()
    gone.cancel()
    await asyncio.gather(gone, return_exceptions=True)
    assert (one.in_flight, one.waiting) == (0, 0)
    await one.enter(METHOD, Priority.SETTLE)


async def test_a_caller_that_hung_up_is_passed_over():
    one = admission(in_flight_max=40, in_flight_min=1)
    for _ in range(40):
        await one.enter(METHOD, Priority.SETTLE)
    gone = asyncio.create_task(one.enter(METHOD, Priority.SETTLE))
    next_ = asyncio.create_task(one.enter(METHOD, Priority.SETTLE))
    await turn()
    gone.cancel()
    one.leave()
    await next_
    assert (one.in_flight, one.waiting) == (40, 0)


def taught(own_s: float, abroad_s: float = 0.0) -> Admission:
    """One that has seen fifty calls of a method that took so long."""
    one = admission(in_flight_max=10)
    for _ in range(50):
        one.ended(METHOD, own_s, abroad_s)
    one.tick(CALM, 0.0)
    return one


async def test_what_cannot_be_done_in_time_is_not_begun():
    one = admission(in_flight_max=10)
    one.require(METHOD, Priority.SETTLE, 0.01)
    one = taught(0.2)
    with pytest.raises(Overloaded):
        one.require(METHOD, Priority.SETTLE, 0.19)
    one.require(METHOD, Priority.SETTLE, 0.21)
    one.require("/yijie.test/Other", Priority.SETTLE, 0.1)
    # Forgotten, or one slow minute would shed for ever: nothing that is let in teaches better.
    for number in range(100):
        one.tick(CALM, float(number))
    one.require(METHOD, Priority.SETTLE, 0.1)


async def test_nobody_waits_in_line_into_what_the_call_itself_needs():
    one = taught(0.4)
    for _ in range(10):
        await one.enter(METHOD, Priority.SETTLE)
    now = asyncio.get_running_loop().time()
    waiting = asyncio.create_task(one.enter(METHOD, Priority.SETTLE, 0.5))
    await turn()
    one.tick(CALM, now + 0.05)
    await turn()
    assert not waiting.done()
    one.tick(CALM, now + 0.15)
    with pytest.raises(Overloaded):
        await waiting


async def test_whose_wait_is_over_is_not_let_in():
    """Between two ticks too: the place goes to somebody who can still be answered."""
    one = admission(wait_s_max=0.01)
    await one.enter(METHOD, Priority.SETTLE)
    late = asyncio.create_task(one.enter(METHOD, Priority.SETTLE))
    await asyncio.sleep(0.02)
    one.leave()
    with pytest.raises(Overloaded):
        await late
    assert (one.in_flight, one.waiting) == (0, 0)


def test_those_shed_together_do_not_come_back_together():
    assert len({shed().retry_after_ms for _ in range(100)}) > 3

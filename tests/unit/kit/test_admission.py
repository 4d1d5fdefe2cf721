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


def taught(own_s: float, *, others_s: float | None = None, pressed: bool = False) -> Admission:
    """One that has seen a hundred calls of a method, one in twenty of which took `others_s`."""
    one = admission(in_flight_max=10, in_flight_min=10)
    for number in range(100):
        is_other = others_s is not None and number % 20 == 0
        one.ended(METHOD, others_s if is_other else own_s, is_late=pressed and number == 0)
    one.tick(CALM, 0.0)
    return one


async def test_what_cannot_be_done_in_time_is_not_begun():
    one = admission(in_flight_max=10)
    one.require(METHOD, Priority.SETTLE, 0.01)
    one = taught(0.2)
    with pytest.raises(Overloaded):
        one.require(METHOD, Priority.SETTLE, 0.19)
    one.require(METHOD, Priority.SETTLE, 0.27)
    one.require("/yijie.test/Other", Priority.SETTLE, 0.1)
    # Forgotten, or one slow minute would shed for ever: nothing that is let in teaches better.
    for number in range(100):
        one.tick(CALM, float(number))
    one.require(METHOD, Priority.SETTLE, 0.1)


async def test_who_gives_less_time_than_others_is_no_overload():
    """Large bills take long; without a sign of overload that is nobody else's matter."""
    taught(0.02, others_s=0.6).require(METHOD, Priority.SETTLE, 0.39)


@pytest.mark.parametrize("sign", ["a late call", "congestion", "a call without hope"])
async def test_after_a_sign_of_overload_nearly_all_must_end_in_time(sign):
    one = taught(0.02, others_s=0.6, pressed=sign == "a late call")
    if sign == "congestion":
        one.tick(CONGESTED, asyncio.get_running_loop().time())
    if sign == "a call without hope":
        with pytest.raises(Overloaded):
            one.require(METHOD, Priority.SETTLE, 0.01)
    with pytest.raises(Overloaded):
        one.require(METHOD, Priority.SETTLE, 0.39)
    one.require(METHOD, Priority.SETTLE, 0.81)
    # A look-up, or the booking, of a bill that was let in elsewhere: that is carried through.
    one.require(METHOD, Priority.SETTLE, 0.39, is_part=True)
    with pytest.raises(Overloaded):
        one.require(METHOD, Priority.SETTLE, 0.01, is_part=True)


async def test_a_busy_process_is_as_careful_as_one_that_was_late():
    one = taught(0.02, others_s=0.6)
    for _ in range(5):
        await one.enter(METHOD, Priority.SETTLE)
    one.tick(CALM, 0.0)
    with pytest.raises(Overloaded):
        one.require(METHOD, Priority.SETTLE, 0.39)
    for _ in range(5):
        one.leave()
    for _ in range(15):
        one.tick(CALM, 0.0)
    one.require(METHOD, Priority.SETTLE, 0.39)


async def test_there_is_no_waiting_in_front_of_a_free_place():
    """Those who are in line wait for what is not theirs: the rest is for those above them."""
    one = admission(in_flight_max=10, wait_s_max=0.0)
    for _ in range(int(10 * SHARES[Priority.LIST])):
        await one.enter(METHOD, Priority.LIST)
    waiting = asyncio.create_task(one.enter(METHOD, Priority.LIST))
    await turn()
    await one.enter(METHOD, Priority.SETTLE)
    assert (one.in_flight, one.waiting) == (7, 1)
    waiting.cancel()
    await turn()


async def test_lists_alone_reach_the_limit_too():
    """Else one that fell would stay down where nobody asks for more than lists."""
    one = admission(in_flight_min=2, in_flight_max=40)
    for _ in range(40):
        one.tick(CONGESTED, 0.0)
    low = one.limit.value
    places = []
    for _ in range(low):
        places.append(asyncio.create_task(one.enter(METHOD, Priority.LIST)))
        await turn()
    for _ in range(60):
        one.tick(CALM, 0.0)
    assert one.limit.value > low
    for place in places:
        place.cancel()
    await turn()


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


async def test_a_place_goes_to_who_can_still_be_answered():
    """Between two ticks too; and who waited long for a stalled process, but can be, gets it."""
    one = taught(0.4)
    for _ in range(10):
        await one.enter(METHOD, Priority.SETTLE)
    hopeless = asyncio.create_task(one.enter(METHOD, Priority.SETTLE, 0.41))
    patient = asyncio.create_task(one.enter(METHOD, Priority.SETTLE, 5.0))
    await turn()
    await asyncio.sleep(0.03)
    one.leave()
    with pytest.raises(Overloaded):
        await hopeless
    await patient
    assert (one.in_flight, one.waiting) == (10, 0)


def test_those_shed_together_do_not_come_back_together():
    assert len({shed().retry_after_ms for _ in range(100)}) > 3

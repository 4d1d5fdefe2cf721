"""Goal: what is open is finished by whoever is alive, never by two at once, and no province waits
for another.

Method: the loop and its tables are real; the use cases that it drives are those of a journal kept
here, in which provinces may be silent. Whole services: test_process.py.
"""

from __future__ import annotations

import asyncio
import contextlib
import io
from collections import Counter
from datetime import timedelta
from types import SimpleNamespace
from uuid import uuid4

import pytest

from services.kit.db import DatabaseConfig, open_database
from services.kit.errors import Unavailable
from services.settlement.domain.states import State
from services.settlement.intent_store import IntentStore
from services.settlement.recovery import PER_PROVINCE, TOTAL, Recovery
from tests.integration.settlement.world import eventually, logging_to, raw

pytestmark = pytest.mark.postgres

XINJIANG, HAINAN = "650000", "460000"
AFTER_S = 30


class Journal:
    """The use cases that recovery drives; who is worked on is watched."""

    def __init__(self, dsn):
        self.dsn = dsn
        self.provinces = {}
        self.states = {}
        self.silent = set()
        self.takes_s = 0.0
        self.held = None
        """Set to an event: work lasts until it is set."""
        self.in_hand = Counter()
        self.most_in_hand = Counter()
        self.at_once = set()
        """Intents that two worked on at the same time."""
        self.tried = Counter()
        self.cancelled = []
        self.reversed = []
        self.last_asked = []

    async def fill(self, clock, count, province, kind="SETTLE", *, age_s=60, state=State.PENDING):
        at = clock.now() - timedelta(seconds=age_s)
        keys = [uuid4() for _ in range(count)]
        self.provinces |= dict.fromkeys(keys, province)
        self.states |= dict.fromkeys(keys, state)
        async with raw(self.dsn) as connection:
            await connection.executemany(
                "INSERT INTO open_intent (settlement_id, kind, request_id, create_time,"
                " insured_province) VALUES ($1, $2, $1, $3, $4)",
                [(key, kind, at, province) for key in keys],
            )
        return keys

    async def open(self, province):
        async with raw(self.dsn) as connection:
            return await connection.fetchval(
                "SELECT count(*) FROM open_intent WHERE insured_province = $1", province
            )

    async def find(self, settlement_id):
        return SimpleNamespace(
            settlement_id=settlement_id,
            state=self.states[settlement_id],
            province=self.provinces[settlement_id],
        )

    async def resume(self, record, *, last):
        self.last_asked.append(last)
        await self._work(record)
        async with raw(self.dsn) as connection:
            await connection.execute(
                "DELETE FROM open_intent WHERE settlement_id = $1", record.settlement_id
            )

    async def finish_reversal(self, record, request_id):
        await self.resume(record, last=False)
        self.reversed.append((record.settlement_id, request_id))

    async def cancel_booking(self, record):
        await self._work(record)
        self.cancelled.append(record.settlement_id)

    async def _work(self, record):
        key, province = record.settlement_id, record.province
        self.tried[key] += 1
        self.in_hand[key] += 1
        self.in_hand[province] += 1
        if self.in_hand[key] > 1:
            self.at_once.add(key)
        self.most_in_hand[province] = max(self.most_in_hand[province], self.in_hand[province])
        try:
            if self.held is not None:
                await self.held.wait()
            await asyncio.sleep(self.takes_s)
            if province in self.silent:
                raise Unavailable("INSURED_REGION_UNAVAILABLE", "silent")
        finally:
            self.in_hand[key] -= 1
            self.in_hand[province] -= 1


@pytest.fixture
def journal(dsn):
    return Journal(dsn)


@contextlib.asynccontextmanager
async def recovery_of(journal, clock, *, after_s=AFTER_S, abandon_after_s=600.0):
    with logging_to(io.BytesIO()):
        async with open_database(DatabaseConfig(dsn=journal.dsn), "settlement") as database:
            yield Recovery(
                store=IntentStore(database),
                settlements=journal,
                clock=clock,
                after_s=after_s,
                abandon_after_s=abandon_after_s,
            )


async def test_five_hundred_of_a_silent_province_delay_nobody_else(journal, clock):
    await journal.fill(clock, 500, XINJIANG, age_s=600)
    five = await journal.fill(clock, 5, HAINAN, age_s=60)
    journal.silent = {XINJIANG}
    async with recovery_of(journal, clock) as recovery:
        assert await recovery.once() == 5
        assert await journal.open(HAINAN) == 0
        assert all(journal.tried[key] == 1 for key in five)
        # Its own turn comes too: every one is tried before any is tried again.
        for _ in range(500 // PER_PROVINCE):
            await recovery.once()
        tried = [journal.tried[key] for key in journal.provinces if key not in five]
        assert (min(tried), max(tried)) == (1, 1)
        clock.advance(seconds=2 * AFTER_S + 1)
        assert await recovery.once() == 0
        journal.silent = set()
        assert await recovery.once() == PER_PROVINCE
    assert journal.most_in_hand[XINJIANG] == PER_PROVINCE


async def test_a_slow_province_holds_up_no_round(journal, clock):
    """While its few are in hand, the others' come and go, round after round."""
    await journal.fill(clock, 40, XINJIANG)
    journal.held = asyncio.Event()
    async with recovery_of(journal, clock) as recovery, recovery.running(0.02):
        await eventually(lambda: _is(lambda: journal.in_hand[XINJIANG], PER_PROVINCE))
        held, journal.held = journal.held, None
        for _ in range(3):
            await journal.fill(clock, 3, HAINAN)
            await eventually(lambda: _none_open(journal, HAINAN))
        assert journal.in_hand[XINJIANG] == PER_PROVINCE
        assert await journal.open(XINJIANG) == 40
        held.set()
        await eventually(lambda: _none_open(journal, XINJIANG))
    assert journal.at_once == set()


async def test_many_provinces_are_bounded_together(journal, clock):
    provinces = [f"{number}0000" for number in (11, 12, 13, 14, 15, 21, 22, 23, 31, 32, 33, 34)]
    for province in provinces:
        await journal.fill(clock, PER_PROVINCE, province)
    journal.held = asyncio.Event()
    async with recovery_of(journal, clock) as recovery:
        round_ = asyncio.create_task(recovery.once())
        await eventually(lambda: _is(lambda: sum(journal.in_hand[one] for one in provinces), TOTAL))
        assert all(journal.in_hand[one] >= TOTAL // len(provinces) for one in provinces)
        journal.held.set()
        assert await round_ == TOTAL


async def test_a_province_that_is_back_is_worked_off_without_waiting_for_rounds(journal, clock):
    await journal.fill(clock, 10 * PER_PROVINCE, XINJIANG)
    async with recovery_of(journal, clock) as recovery, recovery.running(3600):
        await eventually(lambda: _none_open(journal, XINJIANG))
    assert journal.most_in_hand[XINJIANG] == PER_PROVINCE


async def test_two_replicas_never_work_on_one_intent_at_once(journal, clock):
    for province in (XINJIANG, HAINAN, "110000"):
        await journal.fill(clock, 60, province)
    # Long enough that the second replica begins before the first has done everything.
    journal.takes_s = 0.05
    async with (
        recovery_of(journal, clock) as one,
        recovery_of(journal, clock) as other,
        one.running(0.01),
        other.running(0.01),
    ):
        for province in (XINJIANG, HAINAN, "110000"):
            await eventually(lambda p=province: _none_open(journal, p))
    assert journal.at_once == set()
    assert set(journal.tried.values()) == {1}
    assert len(journal.tried) == 180
    # Both took part.
    assert max(journal.most_in_hand.values()) > PER_PROVINCE


async def test_work_that_lasts_longer_than_a_claim_stays_in_one_hand(journal, clock):
    """The lease is a tenth of a second; the province takes a second to answer."""
    keys = await journal.fill(clock, 4, XINJIANG)
    journal.takes_s = 1.0
    ticking = asyncio.create_task(_tick(clock))
    try:
        async with (
            recovery_of(journal, clock, after_s=0.05) as one,
            recovery_of(journal, clock, after_s=0.05) as other,
            one.running(0.01),
            other.running(0.01),
        ):
            await eventually(lambda: _none_open(journal, XINJIANG))
    finally:
        ticking.cancel()
        await asyncio.wait([ticking])
    assert journal.at_once == set()
    assert [journal.tried[key] for key in keys] == [1] * 4


async def test_a_claim_that_was_lost_ends_the_work(journal, clock):
    """A process that stood still for longer than its lease finds another one at it."""
    (key,) = await journal.fill(clock, 1, XINJIANG)
    journal.held = asyncio.Event()
    async with recovery_of(journal, clock, after_s=0.2) as recovery:
        round_ = asyncio.create_task(recovery.once())
        await eventually(lambda: _is(lambda: journal.in_hand[key], 1))
        async with raw(journal.dsn) as connection:
            await connection.execute("UPDATE open_intent SET claim_time = claim_time + '1 s'")
        assert await round_ == 0
    assert journal.in_hand[key] == 0
    assert await journal.open(XINJIANG) == 1


async def test_a_replica_that_dies_with_its_claims_is_taken_over(journal, clock):
    await journal.fill(clock, 6, XINJIANG)
    journal.held = asyncio.Event()
    async with recovery_of(journal, clock) as dying:
        round_ = asyncio.create_task(dying.once())
        await eventually(lambda: _is(lambda: journal.in_hand[XINJIANG], 6))
        round_.cancel()
        for task in list(dying._tasks):
            task.cancel()
        await asyncio.wait([round_, *dying._tasks])
    journal.held = None
    async with recovery_of(journal, clock) as heir:
        # The claims hold for a while, whoever holds them.
        assert await heir.once() == 0
        clock.advance(seconds=2 * AFTER_S + 1)
        assert await heir.once() == 6
    assert journal.at_once == set()
    assert await journal.open(XINJIANG) == 0


async def test_what_a_call_may_still_be_working_on_is_left_alone(journal, clock):
    await journal.fill(clock, 3, XINJIANG, age_s=AFTER_S - 1)
    async with recovery_of(journal, clock) as recovery:
        assert await recovery.once() == 0
        clock.advance(seconds=2)
        assert await recovery.once() == 3


async def test_each_kind_is_finished_in_its_way(journal, clock):
    (cancel,) = await journal.fill(clock, 1, XINJIANG, "CANCEL", state=State.FAILED)
    (reverse,) = await journal.fill(clock, 1, XINJIANG, "REVERSE", state=State.SETTLED)
    # Their work was done by somebody else meanwhile.
    await journal.fill(clock, 1, HAINAN, "SETTLE", state=State.SETTLED)
    await journal.fill(clock, 1, HAINAN, "REVERSE", state=State.REVERSED)
    async with recovery_of(journal, clock) as recovery:
        assert await recovery.once() == 4
    assert journal.cancelled == [cancel]
    assert journal.reversed == [(reverse, reverse)]
    assert await journal.open(XINJIANG) == await journal.open(HAINAN) == 0


async def test_time_in_which_nobody_asked_is_no_silence_of_the_region(journal, clock):
    await journal.fill(clock, 1, XINJIANG, age_s=3600)
    journal.silent = {XINJIANG}
    async with recovery_of(journal, clock) as recovery:
        await recovery.once()
        clock.advance(seconds=601)
        await recovery.once()
    assert journal.last_asked == [False, True]


async def test_an_intent_of_the_version_before_is_no_exception(journal, clock):
    await journal.fill(clock, 3, "")
    async with recovery_of(journal, clock) as recovery:
        assert await recovery.once() == 3


async def _tick(clock):
    while True:
        await asyncio.sleep(0.01)
        clock.advance(seconds=0.01)


async def _is(value, wanted):
    return value() == wanted


async def _none_open(journal, province):
    return await journal.open(province) == 0

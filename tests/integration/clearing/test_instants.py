"""Balances as of an instant: the same for ever, whoever writes while they are asked for."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from services.clearing import balances, coherence
from services.clearing import posting as ledger
from services.clearing.balances import BalanceFilter
from services.clearing.domain.ledger import Kind
from services.kit.db import Database
from tests.integration.clearing.ledger_world import NOW, feed, posting, within
from tests.support.settlement_feed import settled

pytestmark = pytest.mark.postgres


async def test_an_instant_is_the_same_for_ever(database: Database) -> None:
    """With a clock that stands still or runs backwards, too."""
    start = datetime(2026, 4, 1, tzinfo=UTC)
    seen: list[tuple[Any, list[Any]]] = []
    for number, minutes in enumerate((0, 5, 5, 3, 9), start=1):
        now = start + timedelta(minutes=minutes)
        await feed(database, settled(number, funds={"310100": 10**number}), now=now)
        head = await balances.digest_at(database)
        seen.append((head, await balances.balances(database, BalanceFilter())))
    for head, kept in seen:
        assert await balances.balances(database, BalanceFilter(), as_of=head.create_time) == kept
        assert await balances.digest_at(database, head.create_time) == head
    before = start - timedelta(microseconds=1)
    assert await balances.balances(database, BalanceFilter(), as_of=before) == []
    assert (await balances.digest_at(database, before)).block_id == 0


async def test_asking_for_an_instant_waits_for_who_is_writing(database: Database) -> None:
    """What is being booked may be of an instant that is over when it commits."""
    may_end, has_begun = asyncio.Event(), asyncio.Event()

    async def slowly(connection: Any) -> None:
        await ledger.post(connection, [posting(1, kind=Kind.PAYMENT)], now=NOW)
        has_begun.set()
        await may_end.wait()

    writing = asyncio.create_task(database.run("test.slow", slowly))
    await has_begun.wait()
    asking = asyncio.create_task(balances.balances(database, BalanceFilter(), as_of=NOW))
    await asyncio.sleep(0.1)
    assert not asking.done()
    may_end.set()
    await writing
    assert [one.owed_fen for one in await asking] == [-700]


async def test_what_comes_after_an_answer_is_of_a_later_instant(database: Database) -> None:
    """Who writes next may have read the clock before the instant that was asked of."""
    await within(database, ledger.post, [posting(1, kind=Kind.PAYMENT)], now=NOW)
    asked = NOW + timedelta(seconds=10)
    first = await balances.balances(database, BalanceFilter(), as_of=asked)
    head = await balances.digest_at(database, asked)
    late = NOW + timedelta(seconds=5)
    await within(database, ledger.post, [posting(2, kind=Kind.PAYMENT)], now=late)
    await within(database, ledger.post, [posting(3, kind=Kind.PAYMENT)], now=late)
    assert await balances.balances(database, BalanceFilter(), as_of=asked) == first
    assert await balances.digest_at(database, asked) == head
    after = await balances.digest_at(database, asked + timedelta(microseconds=1))
    assert (head.block_id, after.block_id) == (1, 2)
    assert await coherence.find_incoherence(database) == []


async def test_asking_while_another_writes_is_no_deadlock(database: Database) -> None:
    async def write(number: int) -> None:
        one = posting(number, kind=Kind.PAYMENT)
        await within(database, ledger.post, [one], now=NOW)

    async def ask(number: int) -> None:
        as_of = NOW + timedelta(microseconds=7 * number)
        answers = [
            await balances.balances(database, BalanceFilter(), as_of=as_of) for _ in range(3)
        ]
        assert answers[1:] == answers[:1] * 2

    await asyncio.gather(*(one(number) for number in range(1, 5) for one in (write, ask)))
    assert (await balances.digest_at(database)).block_id == 4

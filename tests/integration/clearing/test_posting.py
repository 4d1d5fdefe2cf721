"""What people decide is booked once, at once or in two steps, and into months still open."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest

from services.clearing import posting as ledger
from services.clearing import store, usecases
from services.clearing.domain.ledger import Kind, LedgerRefused, Phase, Posting, Purpose
from services.kit.db import Database
from services.kit.errors import RuleForbids
from services.kit.feed import load_cursor
from tests.integration.clearing.harness import batch_of
from tests.integration.clearing.ledger_world import (
    NOW,
    SHANXI_BEIJING,
    feed,
    feed_reaches,
    owed,
    posting,
    within,
)
from tests.support.settlement_feed import reversed_, settled

pytestmark = pytest.mark.postgres

ONE = UUID(int=1)


async def post(database: Database, *postings: Posting) -> int:
    return int(await within(database, ledger.post, postings, now=NOW))


async def pend(database: Database, *postings: Posting) -> int:
    return int(await within(database, ledger.pend, postings, now=NOW))


async def resolve(database: Database, *, posted: bool, kind: Kind = Kind.DEDUCTION) -> int:
    return int(await within(database, ledger.resolve, ONE, kind, posted=posted, now=NOW))


def care(number: int, month: str, fen: int = 100) -> Any:
    """A settlement in the middle of a month."""
    at = datetime(int(month[:4]), int(month[5:]), 15, tzinfo=UTC)
    return settled(number, funds={"310100": fen}, insured="140100", at=at)


async def test_a_posting_is_booked_once(database: Database) -> None:
    assert await post(database, posting(1), posting(2, -300)) == 2
    assert await post(database, posting(2, -300), posting(1)) == 0
    assert await owed(database) == {"DEDUCTION": -1000}
    assert await owed(database, Phase.PENDING) == {}


async def test_the_same_source_with_other_content_is_refused(database: Database) -> None:
    await post(database, posting(1))
    with pytest.raises(LedgerRefused):
        await post(database, posting(2), posting(1, -701))
    assert await owed(database) == {"DEDUCTION": -700}


async def test_one_source_may_have_several_kinds(database: Database) -> None:
    await post(database, posting(1, kind=Kind.PREPAYMENT, amount_fen=900))
    await post(database, posting(1, kind=Kind.PREPAYMENT_PAYMENT, amount_fen=-900))
    assert await owed(database) == {"PREPAYMENT": 900, "PREPAYMENT_PAYMENT": -900}


@pytest.mark.parametrize("posted", [True, False])
async def test_what_waits_is_decided_once(database: Database, *, posted: bool) -> None:
    assert await pend(database, posting(1)) == 1
    assert await pend(database, posting(1)) == 0
    assert (await owed(database), await owed(database, Phase.PENDING)) == ({}, {"DEDUCTION": -700})
    assert await resolve(database, posted=posted) == 1
    assert await resolve(database, posted=posted) == 0
    assert await owed(database, Phase.PENDING) == {}
    assert await owed(database) == ({"DEDUCTION": -700} if posted else {})
    with pytest.raises(LedgerRefused):
        await resolve(database, posted=not posted)
    # Whoever asks again to have it pending learns nothing new either.
    assert await pend(database, posting(1)) == 0


async def test_nothing_to_decide_is_refused(database: Database) -> None:
    with pytest.raises(LedgerRefused):
        await resolve(database, posted=True)
    await post(database, posting(1))
    with pytest.raises(LedgerRefused):
        await resolve(database, posted=False)
    with pytest.raises(LedgerRefused):
        await pend(database, posting(1))


async def test_what_waits_is_not_posted_at_once(database: Database) -> None:
    await pend(database, posting(1))
    with pytest.raises(LedgerRefused):
        await post(database, posting(1))


async def test_months_are_cut_in_order_and_behind_the_feed(database: Database) -> None:
    assert await within(database, ledger.open_month) == ""
    await feed(database, care(1, "2026-02"))
    await feed(database, care(2, "2026-03"))
    assert await within(database, ledger.open_month) == "2026-02"
    with pytest.raises(RuleForbids, match="2026-02 is next") as refused:
        await within(database, ledger.cut, "2026-03", now=NOW)
    assert refused.value.reason == "MONTH_OUT_OF_ORDER"
    await within(database, ledger.cut, "2026-02", now=NOW)
    await within(database, ledger.cut, "2026-02", now=NOW)
    with pytest.raises(RuleForbids) as refused:
        await within(database, ledger.cut, "2026-03", now=NOW)
    assert refused.value.reason == "FEED_BEHIND"
    await feed_reaches(database, "2026-03")
    await within(database, ledger.cut, "2026-03", now=NOW)
    assert await within(database, ledger.open_month) == "2026-04"
    assert await within(database, ledger.untabled_month) == "2026-02"


async def test_tables_are_closed_in_order(database: Database) -> None:
    await feed(database, care(1, "2026-03"))
    with pytest.raises(RuleForbids) as refused:
        await within(database, ledger.close_tables, "2026-03", now=NOW)
    assert refused.value.reason == "MONTH_OUT_OF_ORDER"
    for month in ("2026-03", "2026-04"):
        await feed_reaches(database, month)
        await within(database, ledger.cut, month, now=NOW)
    with pytest.raises(RuleForbids):
        await within(database, ledger.close_tables, "2026-04", now=NOW)
    await within(database, ledger.close_tables, "2026-03", now=NOW)
    await within(database, ledger.close_tables, "2026-03", now=NOW)
    assert await within(database, ledger.untabled_month) == "2026-04"


async def test_what_comes_after_the_cut_belongs_to_the_next_month(database: Database) -> None:
    early, late = care(1, "2026-03", 100), care(2, "2026-03", 7)
    await feed(database, early)
    await feed_reaches(database, "2026-03")
    await within(database, ledger.cut, "2026-03", now=NOW)
    await feed(database, late, reversed_(early, at=datetime(2026, 3, 20, tzinfo=UTC)))
    assert await owed(database, month="2026-03") == {"CLEARING": 100}
    assert await owed(database, month="2026-04") == {"CLEARING": 7, "ADJUSTMENT": -100}
    # What was late and is taken back before the next cut is no adjustment.
    await feed(database, reversed_(late, at=datetime(2026, 4, 2, tzinfo=UTC)))
    assert await owed(database, month="2026-04") == {"ADJUSTMENT": -100}


async def test_a_replay_after_the_cut_changes_nothing(database: Database) -> None:
    early = care(1, "2026-03", 100)
    back = reversed_(early, at=datetime(2026, 3, 20, tzinfo=UTC))
    await feed(database, early)
    await feed_reaches(database, "2026-03")
    await within(database, ledger.cut, "2026-03", now=NOW)
    await feed(database, back)
    for months in ("2026-04", "2026-05"):
        await feed_reaches(database, months)
        await within(database, ledger.cut, months, now=NOW)
    after = await load_cursor(database, "settlement")
    batch = batch_of(early, back, cursor="later")
    assert await usecases.book_batch(database, after=after, batch=batch) == ()
    assert await owed(database, month="2026-04") == {"ADJUSTMENT": -100}


async def test_a_month_takes_no_more_than_it_should(database: Database) -> None:
    await feed(database, care(1, "2026-03"))
    adjustment = posting(1, purpose=Purpose.ADJUSTMENT)
    await feed_reaches(database, "2026-03")
    await pend(database, posting(3))
    await within(database, ledger.cut, "2026-03", now=NOW)
    with pytest.raises(RuleForbids) as refused:
        await post(database, adjustment)
    assert refused.value.reason == "MONTH_IS_CUT"
    # Deductions until the tables are made, and money whenever it is paid.
    await post(database, posting(2))
    await within(database, ledger.close_tables, "2026-03", now=NOW)
    with pytest.raises(RuleForbids):
        await post(database, posting(4))
    with pytest.raises(RuleForbids):
        await within(database, ledger.resolve, UUID(int=3), Kind.DEDUCTION, posted=True, now=NOW)
    await within(database, ledger.resolve, UUID(int=3), Kind.DEDUCTION, posted=False, now=NOW)
    await post(database, posting(5, -50, kind=Kind.PAYMENT))
    assert await owed(database) == {"CLEARING": 100, "DEDUCTION": -700, "PAYMENT": -50}
    assert await owed(database, Phase.PENDING) == {}


async def test_positions_are_what_the_feed_brought(database: Database) -> None:
    await feed(database, care(1, "2026-03"))
    await post(database, posting(1), posting(2, 5_000, kind=Kind.PREPAYMENT))
    elsewhere = replace(SHANXI_BEIJING, care_region_code="310000")
    await post(database, posting(3, 5_000, kind=Kind.PREPAYMENT, pair=elsewhere))
    found, _ = await store.get_positions(database, store.PositionFilter(), limit=10)
    assert [(one.owed_fen, one.settlement_count) for one in found] == [({"310100": 100}, 1)]

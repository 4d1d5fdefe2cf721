"""Refunds after clearing and after the year is closed: negative records in the month then open.

A month that is signed, paid and closed stays as it is; what is taken back of it is named with the
month that holds the original and the month that books it.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from services.clearing.domain.ledger import Purpose
from services.clearing.months import store as months
from services.kit.db import Database
from tests.integration.clearing.disputes.disputes_world import (
    CARE,
    INSURED,
    OTHER,
    TIMEOUT_S,
    World,
    care,
    disputes_world,
    pb2,
    service_pb2,
    settlement_id,
)
from tests.integration.clearing.months.month_world import PEOPLE, month_world

pytestmark = pytest.mark.postgres
SCHEMAS = ("clearing",)
DECEMBER = datetime(2025, 12, 16, 4, 0, tzinfo=UTC)


def named(one: pb2.Adjustment) -> tuple[str, str, str, int]:
    return one.settlement_id, one.original_month, one.booked_month, one.amount.fen


async def test_what_is_an_adjustment_and_what_is_not(world: World) -> None:
    same_month, later, cut = care(1), care(2), care(3, funds={"310100": 5}, account=6)
    cash_only = care(4, funds={"310100": 0})
    await world.settle(same_month, later, cut, cash_only)
    await world.undo(same_month)
    world.clock.instant += timedelta(days=20)
    # In April, though the bill was settled in March: its month had not been cut.
    await world.undo(later)
    await world.cut("2026-03")
    await world.cut("2026-04")
    # The feed brings it late: reversed in March, booked in the first month that is not cut.
    reverse_time = world.clock.now() - timedelta(days=19)
    await world.undo(cut, at=reverse_time)
    await world.undo(cash_only)
    found = await world.adjustments()
    assert [named(one) for one in found] == [
        (settlement_id(2), "2026-03", "2026-04", -90_000),
        (settlement_id(3), "2026-03", "2026-05", -11),
        (settlement_id(4), "2026-03", "2026-05", 0),
    ]
    assert found[1].reverse_time.ToDatetime(tzinfo=UTC) == reverse_time
    assert (found[0].insured_region_code, found[0].care_region_code) == (INSURED, CARE)
    assert found[0].scheme_code == "310"
    assert await world.balances(purpose=Purpose.ADJUSTMENT) == {
        ("2026-04", "310100"): -70_000,
        ("2026-04", "330100"): -20_000,
        ("2026-05", "310100"): -5,
        ("2026-05", "310200"): -6,
    }


async def test_adjustments_are_listed_by_pages_and_filters(world: World) -> None:
    events = [care(1), care(2, insured="640104"), care(3)]
    await world.settle(*events)
    world.clock.instant += timedelta(days=20)
    for event in events[:2]:
        await world.undo(event)
    world.clock.instant += timedelta(days=30)
    await world.undo(events[2])

    async def ids(**wanted: object) -> list[str]:
        found, token = [], ""
        while True:
            request = service_pb2.ListAdjustmentsRequest(page_size=1, page_token=token, **wanted)
            page = await world.stub.ListAdjustments(request, timeout=TIMEOUT_S)
            assert len(page.adjustments) <= 1
            found += [one.settlement_id for one in page.adjustments]
            token = page.next_page_token
            if not token:
                return found

    one, two, three = (settlement_id(number) for number in (1, 2, 3))
    assert await ids() == [one, two, three]
    assert await ids(region_code=OTHER) == [two]
    assert await ids(region_code=CARE, booked_month="2026-04") == [one, two]
    assert await ids(original_month="2026-03", booked_month="2026-05") == [three]
    assert await ids(original_month="2026-04") == []


async def test_a_refund_after_the_year_is_closed(database: Database) -> None:
    """Through the real months: December is paid and closed, and the year with it."""
    async with month_world(database) as month, disputes_world(database, month.clock) as world:
        month.clock.instant = DECEMBER
        kept = care(1, at=DECEMBER, funds={"310100": 60_000})
        deducted = care(2, at=DECEMBER, funds={"310100": 40_000, "330100": 8_000})
        await world.settle(kept, deducted)
        made = await world.deduct(2, 6_000)
        waiting = await world.deduct(1, 300)
        await world.appeal(waiting.deduction_id)
        month.clock.instant = datetime(2026, 1, 21, 4, 0, tzinfo=UTC)
        # The term is over; making the tables upholds it, no round of the loop was needed.
        await month.closed("2025-12")
        await month.call("CloseYear", year=2025, **PEOPLE)
        before = await months.table_lines(database, "2025-12")
        assert {line.fund_type_code: (line.cost_fen, line.deduction_fen) for line in before} == {
            "310100": (100_000, -5_000),
            "330100": (8_000, -1_000),
        }
        year = await month.call("GetYear", year=2025)

        month.clock.instant = datetime(2026, 4, 2, 4, 0, tzinfo=UTC)
        await world.undo(deducted)
        await world.decide(waiting.deduction_id, pb2.APPEAL_DECISION_UPHELD)
        await world.loop.once()
        found = await world.adjustments(region_code=INSURED)
        assert [named(one) for one in found] == [(settlement_id(2), "2025-12", "2026-04", -48_000)]
        returned = await world.get(made.deduction_id)
        assert returned.state == pb2.DEDUCTION_STATE_RETURNED
        assert (returned.month, returned.return_month) == ("2025-12", "2026-01")
        # What waited over the end of the year goes to the first month without tables.
        assert (await world.get(waiting.deduction_id)).month == "2026-01"
        # Of the closed year nothing has moved.
        assert await months.table_lines(database, "2025-12") == before
        assert await month.call("GetYear", year=2025) == year
        assert await month.state("2025-12") == "CLOSED"
        assert await world.owed() == 60_000 - 300

        # January shows the return and the late deduction, April the negative record.
        await month.cut("2026-01")
        await month.tabled_of_cut("2026-01")
        january = await months.table_lines(database, "2026-01")
        assert {line.fund_type_code: (line.cost_fen, line.deduction_fen, line.payable_fen)
                for line in january} == {
            "310100": (0, 4_700, 4_700),
            "330100": (0, 1_000, 1_000),
        }  # fmt: skip
        # The feed is in April, so that all before it were cut at once.
        for between in ("2026-02", "2026-03"):
            await month.tabled_of_cut(between)
        await month.cut("2026-04")
        await month.tabled_of_cut("2026-04")
        april = await months.table_lines(database, "2026-04")
        assert {line.fund_type_code: (line.adjustment_fen, line.payable_fen) for line in april} == {
            "310100": (-40_000, -40_000),
            "330100": (-8_000, -8_000),
        }

"""Goal: what is ahead is told from the ledger's own days, by the method that is stated.

Method: a history of some months is booked through the feed; the answer is compared with the pure
functions on the same history, and the days with the positions that they add up to.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from fractions import Fraction

import pytest

from services.clearing.domain.forecast import MonthSoFar, cross, fit, history_of
from services.clearing.prepayment.terms import load
from services.clearing.prepayment.watching import add_up_days
from services.kit.calendar import CHINA
from services.kit.wire import read_date
from tests.integration.clearing.prepayment.prepayment_world import (
    HEBEI,
    PAIR,
    SHANGHAI,
    PrepaymentWorld,
    money,
)
from tests.support.settlement_feed import reversed_, settled
from yijie.clearing.v1 import prepayment_pb2

pytestmark = pytest.mark.postgres
SCHEMAS = ("clearing",)
FIRST = date(2025, 1, 1)
TODAY = date(2026, 3, 20)


def amount_of(day: date) -> int:
    return 4_000 if CHINA.is_working(day) else 1_500


async def past(world: PrepaymentWorld) -> None:
    """Hebei in Beijing, day by day until this morning; one bill of each month is taken back."""
    events = []
    for n in range((TODAY - FIRST).days):
        day = FIRST + timedelta(days=n)
        # A quarter to midnight in China is the afternoon before in UTC.
        at = datetime(day.year, day.month, day.day, 15, 45, tzinfo=UTC)
        event = settled(1_000 + n, funds={"310100": amount_of(day)}, at=at)
        events.append(event)
        if day.day == 28:
            events.append(reversed_(event, at=at))
    await world.months.feed(*events)
    world.clock.instant = datetime(2026, 3, 20, 1, 0, tzinfo=UTC)
    await world.watch.once()


async def test_days_are_what_the_ledger_adds_up_to(world: PrepaymentWorld) -> None:
    await past(world)
    rows = await world.database.fetch(
        """/* test.days */ SELECT to_char(day, 'YYYY-MM') AS month, sum(fund_fen) AS fund,
        sum(account_fen) AS account FROM pair_day
        WHERE insured_region_code = '130000' AND care_region_code = '110000'
        GROUP BY 1 ORDER BY 1"""
    )
    owed = await world.database.fetch(
        """/* test.owed */ SELECT p.month,
        sum(a.balance_fen) FILTER (WHERE a.fund_type_code <> '310200') AS fund,
        coalesce(sum(a.balance_fen) FILTER (WHERE a.fund_type_code = '310200'), 0) AS account
        FROM position p JOIN account a USING (position_id)
        WHERE a.side = 'RECEIVABLE' AND p.insured_region_code = '130000'
        GROUP BY 1 ORDER BY 1"""
    )
    assert [tuple(row) for row in rows] == [tuple(row) for row in owed]
    assert len(rows) == 15
    # Once more, by another replica: no block is added twice.
    assert not await world.database.run("test.again", add_up_days)
    again = await world.database.fetchrow("/* test.sum */ SELECT sum(fund_fen) AS n FROM pair_day")
    assert again["n"] == sum(row["fund"] for row in rows) + 900


async def test_a_forecast_is_that_of_the_stated_method(world: PrepaymentWorld) -> None:
    await world.funded(employee=100_000, resident=40_000)
    await past(world)
    answer = (await world.call("GetForecast", **PAIR)).forecast
    assert (answer.month, answer.sufficient, answer.interval_percent) == ("2026-03", True, 80)
    assert answer.history_day_count == 84
    assert "准泊松" in answer.method_zh
    assert [one.rate_bp for one in answer.crossings] == [7_000, 9_000, 10_000]
    rows = await world.database.fetch(
        "/* test.days */ SELECT day, fund_fen + account_fen AS fen FROM pair_day"
        " WHERE insured_region_code = '130000' AND day >= $1",
        TODAY - timedelta(days=730),
    )
    history = history_of([(row["day"], row["fen"]) for row in rows], end=TODAY)
    assert history is not None
    model = fit(history, load().on(TODAY).method, CHINA.is_working)
    assert model is not None
    used = answer.usage.used.fen
    so_far = MonthSoFar(used_fen=used, today_fen=0, today=TODAY, month_end=date(2026, 3, 31))
    for rate, told in zip((7, 9, 10), answer.crossings, strict=True):
        expected = cross(model, so_far, -(-140_000 * rate // 10))
        assert told.target.fen == 14_000 * rate
        assert told.reached == expected.reached
        assert expected.day == (
            read_date(told.likely_date, "") if told.HasField("likely_date") else None
        )
        assert expected.latest_day == (
            read_date(told.latest_date, "") if told.HasField("latest_date") else None
        )
    assert answer.low_end.fen <= answer.likely_end.fen <= answer.high_end.fen


async def test_a_top_up_is_tried_out_and_nothing_is_written(world: PrepaymentWorld) -> None:
    await world.funded(employee=80_000, resident=40_000)
    await past(world)
    before = await world.prepayment()
    trial = await world.call("WhatIfTopUp", amount=money(60_000), **PAIR)
    assert trial.present.usage == before.usage
    assert trial.topped_up.usage.holding.fen == 180_000
    assert trial.topped_up.usage.rate_bp < trial.present.usage.rate_bp
    likely = trial.present.likely_end.fen
    assert trial.topped_up.likely_end.fen == likely
    assert trial.proposed.fen == max(0, 2 * likely - 120_000)
    assert await world.prepayment() == before


async def test_too_little_history_is_said(world: PrepaymentWorld) -> None:
    await world.funded()
    await world.watch.once()
    answer = (await world.call("GetForecast", **PAIR)).forecast
    # March alone: the days from the 10th on.
    assert (answer.sufficient, list(answer.crossings)) == (False, [])
    assert answer.usage.state == prepayment_pb2.USAGE_STATE_RED
    test = await world.call("GetForecastBackTest", **PAIR)
    assert (test.month_count, test.sufficient) == (0, False)
    nobody = {"insured_region_code": SHANGHAI, "care_region_code": HEBEI}
    none = await world.call("EstimateHolding", **nobody)
    assert (none.month_count, none.sufficient, none.HasField("holding")) == (0, False, False)


async def test_back_test_and_size_are_told_of_the_past(world: PrepaymentWorld) -> None:
    await past(world)
    test = await world.call("GetForecastBackTest", month_count=10, **PAIR)
    assert (test.month_count, test.sufficient) == (10, True)
    # Nothing but the refund on each 28th is by chance, so it is nearly always right.
    assert test.error_hundredths < 60
    assert test.error_hundredths < test.straight_error_hundredths
    assert test.covered_percent >= 90
    need = await world.call("EstimateHolding", probability_bp=1_000, **PAIR)
    # January 2025 to February 2026; one in ten takes nine months.
    assert (need.month_count, need.month_count_needed, need.sufficient) == (14, 9, True)
    assert not need.growth_known
    months = await world.database.fetch(
        "/* test.months */ SELECT p.month, sum(a.balance_fen)::bigint AS fen FROM position p"
        " JOIN account a USING (position_id) WHERE a.side = 'RECEIVABLE'"
        " AND p.insured_region_code = '130000' AND p.month < '2026-03' GROUP BY 1 ORDER BY 2"
    )
    # The 14th of 14: ⌈0.9 × 15⌉.
    assert need.month.fen == months[13]["fen"]
    assert Fraction(need.month.fen, need.holding.fen) < Fraction(9, 10)
    assert Fraction(need.month.fen, need.holding.fen - 1) >= Fraction(9, 10)

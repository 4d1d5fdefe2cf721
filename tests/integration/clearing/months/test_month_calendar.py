"""Goal: a month says what is due when, what is overdue and by whom; a year when it is closed; what
netting would save is a simulation; printed tables are the same bytes each time."""

from __future__ import annotations

import hashlib
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from services.clearing import metrics, posting
from services.kit.wire import write_date
from tests.integration.clearing.months.month_world import (
    BEIJING,
    HEBEI,
    MARCH,
    MARCH_NOON,
    PEOPLE,
    SHANGHAI,
    MonthWorld,
)
from tests.support.settlement_feed import settled
from yijie.clearing.v1 import month_pb2

pytestmark = pytest.mark.postgres
SCHEMAS = ("clearing",)

# 2026: 20 April is a Monday, 25 April a Saturday, 30 April a Thursday; 31 May a Sunday.
DEADLINES = [
    date(2026, 4, 20), date(2026, 4, 21), date(2026, 4, 27), date(2026, 4, 30), date(2026, 5, 29),
]  # fmt: skip


async def steps(world: MonthWorld, month: str = MARCH) -> list[Any]:
    return list((await world.call("GetMonth", month=month)).steps)


async def test_deadlines_are_working_days(world: MonthWorld) -> None:
    view = await world.call("GetMonth", month=MARCH)
    assert [step.deadline for step in view.steps] == [write_date(day) for day in DEADLINES]
    assert not view.provisional
    assert not any(step.overdue for step in view.steps)


async def test_a_deadline_in_a_year_without_a_calendar_is_provisional(world: MonthWorld) -> None:
    world.clock.instant = datetime(2027, 11, 5, tzinfo=UTC)
    view = await world.call("GetMonth", month="2027-10")
    assert view.provisional
    assert all(step.provisional for step in view.steps)


async def test_who_has_not_confirmed_is_late_when_the_day_is_over(world: MonthWorld) -> None:
    await world.cut()
    await world.call("ConfirmMonth", month=MARCH, care_region_code=BEIJING, **PEOPLE)
    # The last second of 20 April in China.
    world.clock.instant = datetime(2026, 4, 20, 15, 59, 59, tzinfo=UTC)
    reconcile = (await steps(world))[0]
    assert list(reconcile.awaited_region_codes) == [SHANGHAI]
    assert (reconcile.overdue, list(reconcile.late_region_codes)) == (False, [])
    world.clock.advance(seconds=1)
    reconcile, tables, *_ = await steps(world)
    assert (reconcile.overdue, list(reconcile.late_region_codes)) == (True, [SHANGHAI])
    assert not tables.overdue
    await world.call("ConfirmMonth", month=MARCH, care_region_code=SHANGHAI, **PEOPLE)
    reconcile = (await steps(world))[0]
    assert reconcile.HasField("done_time")
    assert not reconcile.awaited_region_codes
    # Done, and too late.
    assert (reconcile.overdue, list(reconcile.late_region_codes)) == (True, [SHANGHAI])


async def test_who_has_not_signed_or_paid_is_late(world: MonthWorld) -> None:
    await world.tabled()
    await world.sign(HEBEI)
    world.clock.instant = datetime(2026, 4, 28, 4, 0, tzinfo=UTC)
    await world.sign(SHANGHAI)
    sign = (await steps(world))[2]
    assert list(sign.awaited_region_codes) == [BEIJING]
    assert list(sign.late_region_codes) == [BEIJING, SHANGHAI]
    await world.sign(BEIJING)
    await world.notices_issued()
    world.clock.instant = datetime(2026, 6, 1, 4, 0, tzinfo=UTC)
    *_, notices, payment = await steps(world)
    assert (notices.overdue, notices.HasField("done_time")) == (False, True)
    assert (payment.overdue, list(payment.late_region_codes)) == (True, [BEIJING, HEBEI])


async def test_overdue_steps_are_counted(world: MonthWorld) -> None:
    await world.cut()
    world.clock.instant = datetime(2026, 4, 22, 4, 0, tzinfo=UTC)
    await world.loop.once()

    def value(gauge: Any, *labels: str) -> float:
        return float(gauge.labels(*labels)._value.get())

    assert value(metrics.OVERDUE_STEPS, "RECONCILE") == 1
    assert value(metrics.OVERDUE_STEPS, "TABLES") == 1
    assert value(metrics.OVERDUE_STEPS, "SIGN") == 0
    assert value(metrics.MONTHS, "OPEN") == 1


async def test_a_year_is_closed_after_its_months(world: MonthWorld) -> None:
    for number in range(3, 13):
        await world.closed(f"2026-{number:02d}")
    world.clock.instant = datetime(2027, 3, 31, 15, 59, 59, tzinfo=UTC)
    year = (await world.call("GetYear", year=2026)).year
    assert (year.deadline, year.overdue) == (write_date(date(2027, 3, 31)), False)
    assert [one.state for one in year.months] == [
        *[month_pb2.MONTH_STATE_UNSPECIFIED] * 2,
        *[month_pb2.MONTH_STATE_CLOSED] * 10,
    ]
    assert year.payable.fen == year.months[2].payable.fen == 74_134
    world.clock.advance(seconds=1)
    assert (await world.call("GetYear", year=2026)).year.overdue
    closed = (await world.call("CloseYear", year=2026, **PEOPLE)).year
    assert (closed.maker_id, closed.checker_id, closed.overdue) == ("hub-1", "hub-2", True)


async def test_netting_is_a_simulation(world: MonthWorld) -> None:
    await world.feed(
        settled(8, funds={"310100": 30_000}, insured="110100", care="130100", at=MARCH_NOON)
    )
    await world.tabled()
    answer = await world.call("WhatIfNetting", month=MARCH)
    assert "模拟" in answer.disclaimer_zh
    assert "simulation" in answer.disclaimer_en
    nets = {one.region_code: one.net.fen for one in answer.provinces}
    assert nets == {HEBEI: 30_000 - 73_234, BEIJING: 73_234 - 30_900, SHANGHAI: 900}
    assert sum(nets.values()) == 0
    assert (answer.gross.fen, answer.bilateral.fen) == (104_134, 44_134)
    assert (answer.multilateral.fen, answer.saved.fen) == (43_234, 60_900)
    rows = await world.database.fetch("/* test.notices */ SELECT notice_id FROM notice")
    assert rows == []


@pytest.mark.parametrize("form", ["XLSX", "CSV", "PDF"])
async def test_printed_tables_are_the_same_each_time(world: MonthWorld, form: str) -> None:
    await world.tabled()
    wanted = {"month": MARCH, "format": month_pb2.TableFormat.Value(f"TABLE_FORMAT_{form}")}
    first = await world.call("DownloadTables", region_code=BEIJING, **wanted)
    world.clock.advance(days=3)
    again = await world.call("DownloadTables", region_code=BEIJING, **wanted)
    assert first == again
    assert first.digest == hashlib.sha256(first.content).digest()
    assert first.file_name.endswith(f".{form.lower()}")
    nation = await world.call("DownloadTables", **wanted)
    assert nation.content != first.content


async def test_several_months_are_cut_in_order_after_an_outage(world: MonthWorld) -> None:
    await world.feed(settled(9, funds={"310100": 5}, at=datetime(2026, 6, 1, tzinfo=UTC)))
    world.clock.instant = posting.month_end("2026-05") + timedelta(days=1)
    assert await world.loop.once() == ["2026-03", "2026-04", "2026-05"]
    assert await world.state("2026-04") == "RECONCILED"
    assert await world.state("2026-06") == "OPEN"

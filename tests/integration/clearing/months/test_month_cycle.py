"""Goal: a month goes from its cut to its close, and its tables are what the feed adds up to."""

from __future__ import annotations

from typing import Any

import pytest

from services.clearing.domain.tables import digest_of
from services.clearing.months import store
from tests.integration.clearing.months.month_world import (
    BEIJING,
    HEBEI,
    MARCH,
    PEOPLE,
    SHANGHAI,
    MonthWorld,
)
from yijie.clearing.v1 import ledger_pb2, month_pb2

pytestmark = pytest.mark.postgres
SCHEMAS = ("clearing",)

LINES = {
    (HEBEI, BEIJING, "310", "310100"): (60_000, 1, 0),
    (HEBEI, BEIJING, "310", "310200"): (1_234, 0, 0),
    (HEBEI, BEIJING, "310", "330100"): (5_000, 0, 0),
    (HEBEI, BEIJING, "390", "390100"): (7_000, 1, 0),
    (BEIJING, SHANGHAI, "310", "310100"): (900, 2, 1),
    (BEIJING, SHANGHAI, "390", "390100"): (0, 1, 0),
}
"""Cost, settlements and reversals."""


def key(line: Any) -> tuple[str, str, str, str]:
    return (
        line.insured_region_code,
        line.care_region_code,
        line.scheme_code,
        line.fund_type_code,
    )


async def test_a_month_goes_its_way(world: MonthWorld) -> None:
    assert await world.state() == "OPEN"
    await world.cut()
    assert await world.state() == "OPEN"
    await world.compared()
    await world.call("ConfirmMonth", month=MARCH, care_region_code=BEIJING, **PEOPLE)
    assert await world.state() == "OPEN"
    answer = await world.call("ConfirmMonth", month=MARCH, care_region_code=SHANGHAI, **PEOPLE)
    assert list(answer.awaited_region_codes) == []
    assert await world.state() == "RECONCILED"
    made = await world.call("MakeTables", month=MARCH, **PEOPLE)
    assert made.month.state == month_pb2.MONTH_STATE_TABLED
    assert made.month.payable.fen == 74_134
    assert made.month.line_count == len(LINES)
    await world.sign(HEBEI)
    answer = await world.sign(BEIJING)
    assert (answer.pair_count, list(answer.awaited_region_codes)) == (2, [SHANGHAI])
    await world.sign(SHANGHAI)
    assert await world.state() == "SIGNED"


async def test_tables_are_what_the_feed_adds_up_to(world: MonthWorld) -> None:
    made = await world.tabled()
    lines = (await world.call("ListTableLines", month=MARCH)).lines
    assert {
        key(line): (line.payable.fen, line.settlement_count, line.reversal_count) for line in lines
    } == LINES
    assert all(line.cost == line.payable for line in lines)
    assert not any(line.adjustment.fen or line.deduction.fen or line.late.fen for line in lines)
    stored = await store.table_lines(world.database, MARCH)
    assert digest_of(stored) == made.month.tables_digest


async def test_lines_by_province_and_side(world: MonthWorld) -> None:
    await world.tabled()
    both = await world.call("ListTableLines", month=MARCH, region_code=BEIJING)
    assert len(both.lines) == len(LINES)
    for side, count in (
        (ledger_pb2.ACCOUNT_SIDE_PAYABLE, 2),
        (ledger_pb2.ACCOUNT_SIDE_RECEIVABLE, 4),
    ):
        one = await world.call("ListTableLines", month=MARCH, region_code=BEIJING, side=side)
        assert len(one.lines) == count
    paged: list[Any] = []
    token = ""
    while True:
        page = await world.call("ListTableLines", month=MARCH, page_size=2, page_token=token)
        paged += page.lines
        token = page.next_page_token
        if not token:
            break
    assert [key(line) for line in paged] == sorted(LINES)


async def test_notices_and_payment_move_it_to_its_close(world: MonthWorld) -> None:
    await world.notified()
    assert await world.state() == "NOTIFIED"
    view = await world.call("GetMonth", month=MARCH)
    payment = view.steps[4]
    assert list(payment.awaited_region_codes) == [BEIJING, HEBEI]
    await world.database.execute("/* test.pay */ UPDATE notice SET state = 'PAID'")
    await world.loop.once()
    assert await world.state() == "PAID"
    closed = await world.call("CloseMonth", month=MARCH, **PEOPLE)
    assert closed.month.state == month_pb2.MONTH_STATE_CLOSED
    view = await world.call("GetMonth", month=MARCH)
    names = [month_pb2.MonthState.Name(one.state) for one in view.changes]
    assert names == list(month_pb2.MonthState.keys())[1:]
    by_hand = {"MONTH_STATE_TABLED", "MONTH_STATE_CLOSED"}
    assert all(
        (one.maker_id, one.checker_id) == (("hub-1", "hub-2") if name in by_hand else ("", ""))
        for name, one in zip(names, view.changes, strict=True)
    )


async def test_a_month_without_care_needs_nobody(world: MonthWorld) -> None:
    await world.paid()
    await world.cut("2026-04")
    assert await world.state("2026-04") == "RECONCILED"
    await world.compared("2026-04")
    made = await world.call("MakeTables", month="2026-04", **PEOPLE)
    assert made.month.line_count == 0
    assert made.month.state == month_pb2.MONTH_STATE_PAID


async def test_tables_are_frozen(world: MonthWorld) -> None:
    await world.tabled()
    for statement in (
        "UPDATE table_line SET cost_fen = 1, payable_fen = 1",
        "DELETE FROM table_line",
        "TRUNCATE table_line",
        (
            "INSERT INTO table_line SELECT month, '640000', care_region_code, scheme_code,"
            " fund_type_code, 0, 0, 0, 0, 0, 0, 0 FROM table_line LIMIT 1"
        ),
        "UPDATE month_table SET payable_fen = 0",
        "UPDATE clearing_month SET state = 'RECONCILED'",
        "UPDATE clearing_month SET state = 'CLOSED'",
        "DELETE FROM month_change",
        "DELETE FROM month_confirmation",
    ):
        with pytest.raises(Exception, match=r"append-only|are made|only goes forward"):
            await world.database.execute(f"/* test.tamper */ {statement}")


async def test_months_and_signatures_are_listed(world: MonthWorld) -> None:
    await world.closed()
    await world.cut("2026-04")
    months = (await world.call("ListMonths")).months
    assert [one.month for one in months] == ["2026-04", "2026-03"]
    page = await world.call("ListMonths", page_size=1)
    rest = await world.call("ListMonths", page_size=1, page_token=page.next_page_token)
    assert [one.month for one in rest.months] == ["2026-03"]
    closed = await world.call("ListMonths", year=2026, state=month_pb2.MONTH_STATE_CLOSED)
    assert [one.month for one in closed.months] == ["2026-03"]
    assert not (await world.call("ListMonths", year=2025)).months
    signatures = (await world.call("ListSignatures", month=MARCH)).signatures
    assert sorted({one.region_code for one in signatures}) == [BEIJING, HEBEI, SHANGHAI]
    one = await world.call("ListSignatures", month=MARCH, region_code=HEBEI)
    assert len(one.signatures) == 1

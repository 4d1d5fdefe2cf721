"""Goal: nobody looks on time, or is made to look late, by what was only said about money.

Method: the ways in which what officers record and what banks show can differ, through the contract.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, date, datetime
from typing import Any

import pytest

from services.clearing.notices import usecases
from services.kit.db import Database
from services.kit.wire import write_date
from tests.integration.clearing.notices_world import (
    BEIJING,
    BEIJING_OWES,
    HEBEI,
    HEBEI_OWES,
    IN_TIME,
    LATE,
    MARCH,
    SHANGHAI,
    NoticeWorld,
    notice_world,
    prepayment,
    row,
)
from yijie.clearing.v1 import notice_pb2 as pb2

pytestmark = pytest.mark.postgres
SCHEMAS = ("clearing",)
ALLOCATED = pb2.BANK_RESOLUTION_DECISION_ALLOCATED


@pytest.fixture
async def world(database: Database) -> AsyncIterator[NoticeWorld]:
    async with notice_world(database) as running:
        yield running


async def allocate(world: NoticeWorld, line: Any, number: str) -> Any:
    fields = {"decision": ALLOCATED, "notice_number": number, "note": "见回单"}
    await world.call("ResolveBankLine", line_id=line.line_id, maker_id="hub-1", **fields)
    decision = pb2.NOTICE_DECISION_APPROVED
    answer = await world.call(
        "DecideBankLine", line_id=line.line_id, decision=decision, checker_id="hub-2"
    )
    return answer.line


async def late(world: NoticeWorld) -> list[str]:
    return await usecases.late_payers(world.database, MARCH, now=world.clock.now())


async def test_money_on_another_account_pays_no_notice(world: NoticeWorld) -> None:
    """Hebei sent to Shanghai what it owes Beijing: Beijing has not got it."""
    hebei = (await world.issued())[HEBEI]
    stray = {"收款省区划": SHANGHAI, "收款省名称": "上海市财政局"}
    (line,) = (await world.upload(row(hebei, HEBEI_OWES, "BK-000001", **stray))).lines
    fields = {"decision": ALLOCATED, "notice_number": hebei.number, "note": "见回单"}
    refusal = await world.refusal(
        "ResolveBankLine", line_id=line.line_id, maker_id="hub-1", **fields
    )
    assert (refusal.code, refusal.reason) == ("FAILED_PRECONDITION", "ALLOCATION_REFUSED")
    assert await world.owed() == {}
    assert (await world.notices())[HEBEI].pending.fen == 0


async def test_who_says_that_it_transferred_and_did_not_is_late(world: NoticeWorld) -> None:
    """Hebei's steps are all recorded in time; the bank shows one fen of its money."""
    hebei = (await world.issued())[HEBEI]
    for name in ("SUBMITTED", "TRANSFERRED", "RETURNED"):
        await world.call(
            "RecordNoticeStep",
            notice_id=hebei.notice_id,
            step=f"NOTICE_STEP_{name}",
            region_code=HEBEI,
            done_date=write_date(date(2026, 5, 7)),
            operator_id="officer-1",
        )
    await world.upload(row(hebei, 1, "BK-000001"))
    # Beijing's notice: nothing is recorded, so its agency is late with the submission.
    assert await late(world) == [BEIJING]
    world.clock.advance(days=1)
    assert await late(world) == [BEIJING, HEBEI]
    await world.upload(row(hebei, HEBEI_OWES - 1, "BK-000002"))
    assert await late(world) == [BEIJING]


async def test_money_older_than_its_notice_makes_nobody_late(world: NoticeWorld) -> None:
    """What was overpaid in March pays a top-up of May: transferred on the day it was issued."""
    hebei = (await world.issued())[HEBEI]
    early = date(2026, 4, 2)
    await world.upload(row(hebei, HEBEI_OWES + 300, "BK-000001", early))
    await world.decide(await world.draft(prepayment(1, employee=300)))
    (line,) = (await world.call("ListBankLines", state=pb2.BANK_LINE_STATE_SUSPENDED)).lines
    await allocate(world, line, "TZ2026000001")
    listed = await world.call("ListNotices", state=pb2.NOTICE_STATE_PAID)
    for notice, day in zip(listed.notices, (date(2026, 4, 30), IN_TIME), strict=True):
        assert notice.issue_date == write_date(day)
        transferred, returned = notice.steps[1:3]
        assert (transferred.done_date, transferred.is_late) == (write_date(day), False)
        # Hebei's first notice was paid and nobody told the agency for weeks; the other one is new.
        assert returned.is_overdue == (day != IN_TIME)
    # A submission on the day of issue can still be told.
    await world.call(
        "RecordNoticeStep",
        notice_id=listed.notices[1].notice_id,
        step="NOTICE_STEP_SUBMITTED",
        region_code=HEBEI,
        done_date=write_date(IN_TIME),
        operator_id="officer-1",
    )


async def test_late_money_without_a_number_is_late_all_the_same(world: NoticeWorld) -> None:
    hebei = (await world.issued())[HEBEI]
    world.clock.advance(days=1)
    (line,) = (await world.upload(row(hebei, 5, "BK-000001", LATE, 通知书编号=""))).lines
    assert not line.is_late
    assert (await allocate(world, line, hebei.number)).is_late
    (found,) = (await world.call("ListBankLines", notice_id=hebei.notice_id)).lines
    assert found.is_late


async def test_both_banks_state_a_transfer_and_one_passes_no_number_on(world: NoticeWorld) -> None:
    hebei = (await world.issued())[HEBEI]
    bare = row(hebei, HEBEI_OWES, "BK-000001", 通知书编号="")
    assert await world.outcomes(row(hebei, HEBEI_OWES, "BK-000001")) == ["MATCHED"]
    assert await world.outcomes(bare, row(hebei, 1, "BK-000002")) == ["DUPLICATE", "ALREADY_PAID"]
    assert await world.owed() == {"PAYMENT": -HEBEI_OWES}


async def test_a_payment_of_one_notice_pays_no_other(world: NoticeWorld) -> None:
    """Beijing owes and is owed in the same month: gross, whatever comes first."""
    notices = await world.issued()
    await world.upload(row(notices[BEIJING], BEIJING_OWES, "BK-000001"))
    found = await world.notices()
    assert (found[HEBEI].paid.fen, found[BEIJING].paid.fen) == (0, BEIJING_OWES)
    # The same number stated by the receiver as the payer: it is no payment of it.
    turned = row(
        notices[HEBEI],
        5,
        "BK-000002",
        付款省区划=BEIJING,
        付款省名称="北京市财政局",
        收款省区划=HEBEI,
        收款省名称="河北省财政厅",
    )
    assert await world.outcomes(turned) == ["OTHER_PARTIES"]
    assert await world.owed() == {"PAYMENT": -BEIJING_OWES}


async def test_rates_at_the_last_instant_of_the_day(world: NoticeWorld) -> None:
    await world.issued()
    world.clock.instant = datetime(2026, 5, 25, 15, 59, 59, 999_999, tzinfo=UTC)
    answer = await world.call("SummarizePayments", month=MARCH)
    assert (answer.total.overdue.fen, answer.total.due_count) == (0, 0)
    world.clock.advance(seconds=1)
    answer = await world.call("SummarizePayments", month=MARCH)
    assert (answer.total.overdue.fen, answer.total.due_count) == (HEBEI_OWES + BEIJING_OWES, 2)
    assert answer.as_of_date == write_date(date(2026, 5, 26))

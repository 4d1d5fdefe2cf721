"""Goal: a notice is drawn up by one officer, issued by another, and followed step by step.

Method: a month that provinces signed, through the contracts, on a database.
"""

from __future__ import annotations

import asyncio
import csv
import io
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import asyncpg
import grpc
import pytest

from services.clearing.domain.ledger import Phase
from services.clearing.domain.notice import NoticeKind
from services.clearing.domain.notice_states import NoticeState
from services.clearing.notices import store
from services.kit.db import Database
from services.kit.errors import RuleForbids
from services.kit.wire import write_date
from tests.integration.clearing.notices_world import (
    BEIJING,
    BEIJING_OWES,
    HEBEI,
    HEBEI_OWES,
    IN_TIME,
    ISSUED,
    LAST_DAY,
    LATE,
    MARCH,
    SHANGHAI,
    NoticeWorld,
    notice_world,
    prepayment,
    row,
)
from tests.support.rpc import refused
from yijie.clearing.v1 import notice_pb2 as pb2

pytestmark = pytest.mark.postgres


@pytest.fixture
async def world(database: Database) -> AsyncIterator[NoticeWorld]:
    async with notice_world(database) as running:
        yield running


async def test_the_notices_of_a_month_are_its_tables(world: NoticeWorld) -> None:
    drafts = await world.drafted()
    found = await world.notices()
    assert {payer: one.amount.fen for payer, one in found.items()} == {
        HEBEI: HEBEI_OWES,
        BEIJING: BEIJING_OWES,
    }
    hebei = found[HEBEI]
    assert (hebei.receiver_region_code, hebei.month, hebei.number) == (BEIJING, MARCH, "")
    assert [(one.scheme_code, one.fund_type_code, one.amount.fen) for one in hebei.lines] == [
        ("310", "310100", 60_000),
        ("310", "310200", 1_234),
        ("310", "330100", 5_000),
        ("390", "390100", 7_000),
    ]
    assert hebei.state == pb2.NOTICE_STATE_DRAFT
    assert not hebei.steps
    assert await world.months.state() == "SIGNED"

    answer = await world.decide(drafts)
    assert list(answer.numbers) == ["QS2026000001", "QS2026000002"]
    assert await world.months.state() == "NOTIFIED"
    hebei = (await world.notices())[HEBEI]
    assert (hebei.state, hebei.checker_id) == (pb2.NOTICE_STATE_ISSUED, "hub-2")
    assert hebei.issue_date == write_date(ISSUED.date())
    assert hebei.due_date == write_date(IN_TIME)
    assert hebei.outstanding_cause == pb2.OUTSTANDING_CAUSE_NOT_PAID
    by_number = await world.call("GetNotice", number="QS2026000002")
    assert by_number.notice == hebei


async def test_a_month_that_is_not_signed_has_no_notices(world: NoticeWorld) -> None:
    request = {"month": MARCH, "maker_id": "hub-1"}
    refusal = await world.refusal("DraftNotices", **request)
    assert (refusal.code, refusal.reason) == ("FAILED_PRECONDITION", "MONTH_NOT_SIGNED")
    await world.months.tabled()
    refusal = await world.refusal("DraftNotices", **request)
    assert refusal.reason == "MONTH_NOT_SIGNED"
    assert refusal.metadata["state"] == "TABLED"
    await world.months.sign(HEBEI)
    assert (await world.refusal("DraftNotices", **request)).reason == "MONTH_NOT_SIGNED"
    assert not (await world.notices())


async def test_notices_are_drawn_up_once(world: NoticeWorld) -> None:
    drafts = await world.drafted()
    request = {"month": MARCH, "maker_id": "hub-3"}
    assert (await world.refusal("DraftNotices", **request)).reason == "NOTICE_DRAFTED"
    await world.decide(drafts)
    assert (await world.refusal("DraftNotices", **request)).reason == "NOTICE_DRAFTED"
    # A repeated request gets the first answer, other content under its id is refused.
    request_id = str(uuid4())
    refusal = await world.refusal("DraftNotices", request_id=request_id, **request)
    assert refusal.reason == "NOTICE_DRAFTED"


async def test_two_who_draw_up_at_once_draw_up_one_set(world: NoticeWorld) -> None:
    await world.months.signed()
    answers = await asyncio.gather(
        *(world.asked("DraftNotices", month=MARCH, maker_id=f"hub-{n}") for n in (1, 2)),
        return_exceptions=True,
    )
    failed = [one for one in answers if isinstance(one, grpc.aio.AioRpcError)]
    assert len(failed) == 1
    assert len((await world.call("ListNotices")).notices) == 2


async def test_a_rejected_notice_is_drawn_up_anew_and_numbers_have_no_gap(
    world: NoticeWorld,
) -> None:
    beijing, hebei = await world.drafted()
    rejected = await world.decide([beijing], decision=pb2.NOTICE_DECISION_REJECTED, note="金额有误")
    assert list(rejected.numbers) == [""]
    assert await world.months.state() == "SIGNED"
    assert list((await world.decide([hebei])).numbers) == ["QS2026000001"]
    again = await world.call("DraftNotices", month=MARCH, maker_id="hub-1")
    assert again.notice_count == 1
    world.clock.advance(days=300)
    numbers = (await world.decide(list(again.notice_ids))).numbers
    assert list(numbers) == ["QS2027000001"]
    assert await world.months.state() == "NOTIFIED"


async def test_two_who_issue_at_once_leave_no_gap(world: NoticeWorld) -> None:
    ids = await world.draft(*(prepayment(n, employee=n) for n in range(1, 9)))
    await asyncio.gather(*(world.decide([one]) for one in ids))
    found = (await world.call("ListNotices")).notices
    assert sorted(one.number for one in found) == [f"TZ2026{n:06d}" for n in range(1, 9)]


async def test_who_drew_up_does_not_issue(world: NoticeWorld) -> None:
    ids = await world.drafted()
    for checker in ("hub-1", "HUB-1"):
        for decision in (pb2.NOTICE_DECISION_APPROVED, pb2.NOTICE_DECISION_REJECTED):
            refusal = await world.refusal(
                "DecideNotices",
                notice_ids=ids,
                decision=decision,
                checker_id=checker,
                note="不同意",
            )
            assert refusal.reason == "MAKER_IS_CHECKER"
    assert {one.state for one in (await world.notices()).values()} == {pb2.NOTICE_STATE_DRAFT}
    with pytest.raises(asyncpg.CheckViolationError):
        await world.database.execute(
            "/* test.same */ UPDATE notice SET state = 'REJECTED', checker_id = maker_id"
        )


async def test_what_is_decided_stays_decided(world: NoticeWorld) -> None:
    beijing, hebei = await world.drafted()
    request = {
        "request_id": str(uuid4()),
        "notice_ids": [beijing],
        "decision": pb2.NOTICE_DECISION_APPROVED,
        "checker_id": "hub-2",
    }
    first = await world.call("DecideNotices", **request)
    assert await world.call("DecideNotices", **request) == first
    # All or none: the other one is not issued, either.
    refusal = await world.refusal(
        "DecideNotices", **{**request, "request_id": str(uuid4()), "notice_ids": [hebei, beijing]}
    )
    assert refusal.reason == "NOTICE_STATE_FORBIDS"
    assert (refusal.metadata["noticeId"], refusal.metadata["state"]) == (beijing, "ISSUED")
    assert (await world.notices())[HEBEI].state == pb2.NOTICE_STATE_DRAFT


async def test_two_who_decide_at_once_decide_once(world: NoticeWorld) -> None:
    (top_up,) = await world.draft(prepayment(1, employee=500))
    answers = await asyncio.gather(
        *(
            world.decide([top_up], decision=decision, note="见附件")
            for decision in [pb2.NOTICE_DECISION_APPROVED, pb2.NOTICE_DECISION_REJECTED] * 3
        ),
        return_exceptions=True,
    )
    numbers = [list(one.numbers) for one in answers if not isinstance(one, BaseException)]
    assert len(numbers) == 1
    posted = numbers == [["TZ2026000001"]]
    assert await world.owed() == ({"PREPAYMENT": 500} if posted else {})
    assert await world.owed(Phase.PENDING) == {}


_LINES = """/* test.table_lines */
INSERT INTO table_line (month, insured_region_code, care_region_code, scheme_code, fund_type_code,
                        cost_fen, adjustment_fen, deduction_fen, payable_fen, settlement_count,
                        reversal_count)
SELECT '2026-02', insured, care, '310', fund, greatest(fen, 0), least(fen, 0), 0, fen, 0, 0
  FROM unnest($1::text[], $2::text[], $3::text[], $4::bigint[]) AS n (insured, care, fund, fen)"""


async def test_the_sign_of_a_payable_says_who_pays_and_nothing_is_left_over(
    world: NoticeWorld,
) -> None:
    """Reversals outweigh one pair, another one's lines cancel out, a third one's are zero."""
    lines = [
        (HEBEI, BEIJING, "310100", 100),
        (HEBEI, BEIJING, "330100", -600),
        (SHANGHAI, BEIJING, "310100", 5),
        (SHANGHAI, BEIJING, "310200", -5),
        (SHANGHAI, HEBEI, "310100", 0),
    ]
    await world.database.execute(
        "/* test.month */ INSERT INTO clearing_month VALUES ('2026-02', 'OPEN', now())"
    )
    await world.database.execute(_LINES, *map(list, zip(*lines, strict=True)))
    for state in ("RECONCILED", "TABLED", "SIGNED"):
        await world.database.execute(
            "/* test.move */ UPDATE clearing_month SET state = $1 WHERE month = '2026-02'", state
        )
    answer = await world.call("DraftNotices", month="2026-02", maker_id="hub-1")
    assert (answer.notice_count, answer.amount.fen) == (2, 500)
    await world.decide(list(answer.notice_ids))
    swapped, even = (await world.call("ListNotices", month="2026-02")).notices
    assert (swapped.payer_region_code, swapped.receiver_region_code) == (BEIJING, HEBEI)
    assert (swapped.insured_region_code, swapped.amount.fen) == (HEBEI, 500)
    assert (even.state, even.amount.fen) == (pb2.NOTICE_STATE_PAID, 0)
    assert not (await world.call("DownloadPaymentFile", region_code=SHANGHAI)).notice_count
    world.clock.instant = LAST_DAY
    assert await world.outcomes(row(swapped, 500, "BK-000001")) == ["MATCHED"]
    found = await world.database.fetch(
        "/* test.paid */ SELECT p.insured_region_code, a.fund_type_code, a.balance_fen"
        "  FROM account a JOIN position p USING (position_id)"
        " WHERE a.purpose = 'PAYMENT' AND a.side = 'RECEIVABLE' ORDER BY 1, 2"
    )
    assert [tuple(one.values()) for one in found] == [
        (insured, fund, -fen) for insured, _, fund, fen in lines if fen
    ]
    month = await store.standing(world.database, "2026-02")
    assert (month.notified, month.paid, month.paid_count) == (True, True, 2)


@pytest.mark.parametrize(
    ("ids", "fields", "reason"),
    [
        (["00000000-0000-7000-8000-000000000001"], {}, "RESOURCE_NOT_FOUND"),
        (["00000000-0000-7000-8000-000000000001"] * 2, {}, "FIELD_INVALID"),
        ([], {}, "FIELD_INVALID"),
        (["x"], {}, "FIELD_INVALID"),
        (
            ["00000000-0000-7000-8000-000000000001"],
            {"decision": pb2.NOTICE_DECISION_REJECTED},
            "FIELD_INVALID",
        ),
    ],
)
async def test_a_decision_that_makes_no_sense_is_refused(
    world: NoticeWorld, ids: list[str], fields: dict[str, Any], reason: str
) -> None:
    wanted = {"decision": pb2.NOTICE_DECISION_APPROVED, "checker_id": "hub-2", **fields}
    assert (await world.refusal("DecideNotices", notice_ids=ids, **wanted)).reason == reason


async def test_what_prepayment_obliges_to_waits_for_the_second_officer(world: NoticeWorld) -> None:
    world.clock.instant = ISSUED
    adjustment = NoticeKind.PREPAYMENT_ADJUSTMENT
    top_up, given_back, even = await world.draft(
        prepayment(1, employee=500, resident=-100),
        prepayment(2, adjustment, employee=-70),
        prepayment(3, adjustment, employee=30, resident=-30),
    )
    assert await world.owed() == {}
    assert await world.owed(Phase.PENDING) == {"PREPAYMENT": 330}
    numbers = (await world.decide([top_up, given_back, even])).numbers
    assert list(numbers) == ["TZ2026000001", "YF2026000001", "YF2026000002"]
    assert await world.owed(Phase.PENDING) == {}
    assert await world.owed() == {"PREPAYMENT": 330}
    listed = (await world.call("ListNotices")).notices
    assert [(one.payer_region_code, one.amount.fen) for one in listed] == [
        (HEBEI, 400),
        (BEIJING, 70),
        (HEBEI, 0),
    ]
    # What cancels out is paid by being issued, and has no steps.
    assert listed[2].state == pb2.NOTICE_STATE_PAID
    assert [one.paid.fen for one in listed[2].lines] == [30, -30]
    assert not listed[2].steps
    world.clock.instant = LAST_DAY
    for one, reference in zip(listed[:2], ("BK-000001", "BK-000002"), strict=True):
        assert await world.outcomes(row(one, one.amount.fen, reference)) == ["MATCHED"]
    assert await world.owed() == {"PREPAYMENT": 330, "PREPAYMENT_PAYMENT": -330}


async def test_a_rejected_top_up_leaves_nothing(world: NoticeWorld) -> None:
    (top_up,) = await world.draft(prepayment(1, employee=500))
    with pytest.raises(RuleForbids, match="stands"):
        await world.draft(prepayment(1, employee=400))
    await world.decide([top_up], decision=pb2.NOTICE_DECISION_REJECTED, note="无此必要")
    assert await world.owed() == {}
    assert await world.owed(Phase.PENDING) == {}
    states = await store.states_of(world.database, [uuid4()])
    assert states == {}
    (again,) = await world.draft(prepayment(1, employee=400))
    found = await store.list_notices(world.database, store.NoticeFilter(), limit=9)
    assert {str(one.notice_id): one.state for one in found} == {
        top_up: NoticeState.REJECTED,
        again: NoticeState.DRAFT,
    }


# --- steps ---------------------------------------------------------------------------------------


def step(notice: Any, name: str, day: Any, region: str = HEBEI) -> dict[str, Any]:
    return {
        "notice_id": notice.notice_id,
        "step": f"NOTICE_STEP_{name}",
        "region_code": region,
        "done_date": write_date(day),
        "operator_id": "officer-1",
    }


def flags(notice: Any) -> dict[str, str]:
    """Steps that are late or overdue."""
    return {
        pb2.NoticeStep.Name(one.step).removeprefix("NOTICE_STEP_"): "overdue"
        if one.is_overdue
        else "late"
        for one in notice.steps
        if one.is_overdue or one.is_late
    }


async def test_a_notice_goes_through_its_steps(world: NoticeWorld) -> None:
    hebei = (await world.issued())[HEBEI]
    world.clock.instant = datetime(2026, 6, 10, tzinfo=UTC)
    assert flags((await world.notices())[HEBEI]) == {"SUBMITTED": "overdue"}
    day = datetime(2026, 5, 12, tzinfo=UTC).date()
    answer = await world.call("RecordNoticeStep", **step(hebei, "SUBMITTED", day))
    # Five working days end on 05-11, ten more from 05-12 on 05-26.
    assert flags(answer.notice) == {"SUBMITTED": "late", "TRANSFERRED": "overdue"}
    assert answer.notice.steps[1].deadline_date == write_date(LATE)
    uploaded = await world.upload(row(hebei, HEBEI_OWES, "BK-000001", LATE))
    assert uploaded.lines[0].is_late
    notice = (await world.notices())[HEBEI]
    assert flags(notice) == {"SUBMITTED": "late", "RETURNED": "overdue"}
    assert notice.steps[1].done_date == write_date(LATE)
    await world.call("RecordNoticeStep", **step(hebei, "RETURNED", LATE))
    await world.call("RecordNoticeStep", **step(hebei, "RECEIVED", LATE, BEIJING))
    answer = await world.call("RecordNoticeStep", **step(hebei, "CONFIRMED", LATE))
    assert all(one.HasField("done_date") for one in answer.notice.steps)


async def test_a_step_out_of_order_is_refused(world: NoticeWorld) -> None:
    drafts = await world.drafted()
    hebei = (await world.notices())[HEBEI]
    refusal = await world.refusal("RecordNoticeStep", **step(hebei, "SUBMITTED", ISSUED.date()))
    assert refusal.reason == "NOTICE_STATE_FORBIDS"
    await world.decide(drafts)
    today = ISSUED.date()
    cases = {
        ("TRANSFERRED", HEBEI, today): "NOTICE_STEP_OUT_OF_ORDER",
        ("RETURNED", HEBEI, today): "NOTICE_STEP_OUT_OF_ORDER",
        ("CONFIRMED", HEBEI, today): "NOTICE_STATE_FORBIDS",
        ("RECEIVED", BEIJING, today): "NOTICE_STATE_FORBIDS",
        ("SUBMITTED", BEIJING, today): "NOTICE_OF_ANOTHER_PROVINCE",
        ("SUBMITTED", "990000", today): "FIELD_INVALID",
        ("SUBMITTED", HEBEI, IN_TIME): "DATE_IN_FUTURE",
        ("SUBMITTED", HEBEI, today.replace(day=29)): "NOTICE_STEP_OUT_OF_ORDER",
    }
    for (name, region, day), reason in cases.items():
        refusal = await world.refusal("RecordNoticeStep", **step(hebei, name, day, region))
        assert (name, refusal.reason) == (name, reason)
    await world.call("RecordNoticeStep", **step(hebei, "SUBMITTED", today))
    refusal = await world.refusal("RecordNoticeStep", **step(hebei, "SUBMITTED", today))
    assert refusal.reason == "NOTICE_STEP_OUT_OF_ORDER"
    unknown = {**step(hebei, "SUBMITTED", today), "notice_id": str(uuid4())}
    assert (await world.refusal("RecordNoticeStep", **unknown)).reason == "RESOURCE_NOT_FOUND"
    blank = {**step(hebei, "TRANSFERRED", today), "note": "张三 13800138000"}
    assert (await world.refusal("RecordNoticeStep", **blank)).reason == "FIELD_INVALID"


# --- lists and files -----------------------------------------------------------------------------


async def test_notices_are_listed_by_pages_and_filters(world: NoticeWorld) -> None:
    await world.issued()
    await world.draft(prepayment(1, employee=500))
    first = await world.call("ListNotices", page_size=2)
    second = await world.call("ListNotices", page_size=2, page_token=first.next_page_token)
    assert [len(first.notices), len(second.notices)] == [2, 1]
    assert not second.next_page_token
    for fields, count in (
        ({"payer_region_code": HEBEI}, 2),
        ({"receiver_region_code": SHANGHAI}, 1),
        ({"kind": pb2.NOTICE_KIND_CLEARING}, 2),
        ({"state": pb2.NOTICE_STATE_DRAFT}, 1),
        ({"month": "2026-04"}, 1),
    ):
        assert len((await world.call("ListNotices", **fields)).notices) == count
    refusal = await refused(world.asked("ListNotices", page_token="x"))
    assert refusal.reason == "PAGE_TOKEN_INVALID"


async def test_a_notice_is_asked_for_by_key_or_by_number(world: NoticeWorld) -> None:
    for fields in ({}, {"notice_id": str(uuid4()), "number": "QS2026000001"}):
        assert (await world.refusal("GetNotice", **fields)).reason == "FIELD_INVALID"
    for fields in ({"notice_id": str(uuid4())}, {"number": "QS2026000001"}):
        assert (await world.refusal("GetNotice", **fields)).reason == "RESOURCE_NOT_FOUND"


async def test_a_payment_file_has_what_is_still_to_be_transferred(world: NoticeWorld) -> None:
    notices = await world.issued()
    answer = await world.call("DownloadPaymentFile", region_code=HEBEI, month=MARCH)
    assert (answer.notice_count, answer.amount.fen) == (1, HEBEI_OWES)
    assert answer.file_name == f"payment-{HEBEI}-{MARCH}.csv"
    again = await world.call("DownloadPaymentFile", region_code=HEBEI, month=MARCH)
    assert again.content == answer.content
    await world.upload(row(notices[HEBEI], 234, "BK-000001"))
    answer = await world.call("DownloadPaymentFile", region_code=HEBEI)
    rows = list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"), newline="")))
    assert [(one["金额"], one["收款省名称"], one["最迟划拨日期"]) for one in rows] == [
        ("730.00", "北京市", "2026-05-25")
    ]
    await world.upload(row(notices[HEBEI], 73_000, "BK-000002"))
    answer = await world.call("DownloadPaymentFile", region_code=HEBEI)
    assert answer.notice_count == 0
    refusal = await world.refusal("DownloadPaymentFile", region_code="990000")
    assert refusal.reason == "FIELD_INVALID"
    refusal = await world.refusal("DownloadPaymentFile", region_code="160000")
    assert refusal.reason == "REGION_UNKNOWN"


# --- the tables' own defences --------------------------------------------------------------------


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE notice SET amount_fen = amount_fen + 1",
        "UPDATE notice SET number = 'QS2026000009'",
        "DELETE FROM notice",
        "TRUNCATE notice CASCADE",
        "UPDATE notice_line SET amount_fen = amount_fen + 1",
        "DELETE FROM notice_line",
        "UPDATE notice_change SET note = 'x'",
        "DELETE FROM notice_change",
    ],
)
async def test_notices_cannot_be_changed(world: NoticeWorld, change: str) -> None:
    await world.issued()
    with pytest.raises(asyncpg.RestrictViolationError):
        await world.database.execute(f"/* test.change */ {change}")


async def test_no_line_is_paid_beyond_itself(world: NoticeWorld) -> None:
    await world.issued()
    with pytest.raises(asyncpg.CheckViolationError):
        await world.database.execute(
            "/* test.overpay */ UPDATE notice_line SET paid_fen = amount_fen, pending_fen = 1"
        )

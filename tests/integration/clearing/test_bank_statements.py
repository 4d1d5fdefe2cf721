"""Goal: what banks show pays notices once, to the fen, and what has no place needs two people.

Method: notices of a signed month, and files as a bank would send them, through the contract on a
database; the ledger is read back. What is refused leaves not a row.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any
from uuid import uuid4

import asyncpg
import grpc
import pytest

from services.clearing.domain.ledger import Phase
from services.clearing.notices import bank_file
from services.kit.db import Database
from tests.integration.clearing.notices_world import (
    BEIJING,
    BEIJING_OWES,
    HEBEI,
    HEBEI_OWES,
    LATE,
    MARCH,
    SHANGHAI,
    NoticeWorld,
    content,
    notice_world,
    outcome_of,
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


async def rows_of(world: NoticeWorld, table: str) -> int:
    query = f"/* test.count */ SELECT count(*) FROM {table}"  # noqa: S608 - a name of ours
    found = await world.database.fetchrow(query)
    assert found is not None
    return int(found["count"])


async def suspended(world: NoticeWorld) -> list[Any]:
    answer = await world.call("ListBankLines", state=pb2.BANK_LINE_STATE_SUSPENDED)
    return list(answer.lines)


# --- money comes ---------------------------------------------------------------------------------


async def test_a_month_is_paid_when_the_bank_shows_all_of_it(world: NoticeWorld) -> None:
    notices = await world.issued()
    answer = await world.upload(
        row(notices[HEBEI], 73_000, "BK-000001"),
        row(notices[HEBEI], 234, "BK-000002"),
        row(notices[BEIJING], BEIJING_OWES, "BK-000003"),
    )
    assert [outcome_of(one) for one in answer.lines] == ["PARTIAL", "MATCHED", "MATCHED"]
    assert (answer.applied.fen, answer.suspended.fen) == (HEBEI_OWES + BEIJING_OWES, 0)
    assert await world.owed() == {"PAYMENT": -HEBEI_OWES - BEIJING_OWES}
    assert await world.months.state() == "PAID"
    notice = (await world.notices())[HEBEI]
    assert notice.state == pb2.NOTICE_STATE_PAID
    assert notice.outstanding_cause == pb2.OUTSTANDING_CAUSE_UNSPECIFIED
    assert [one.paid.fen for one in notice.lines] == [60_000, 1_234, 5_000, 7_000]
    # By fund, too, nothing is owed any more.
    left = await world.database.fetch(
        "/* test.left */ SELECT sum(balance_fen) FROM account"
        " GROUP BY position_id, fund_type_code, side HAVING sum(balance_fen) <> 0"
    )
    assert left == []


async def test_a_short_payment_stays_short_and_says_why(world: NoticeWorld) -> None:
    hebei = (await world.issued())[HEBEI]
    assert await world.outcomes(row(hebei, HEBEI_OWES - 500, "BK-000001")) == ["PARTIAL"]
    notice = (await world.notices())[HEBEI]
    assert (notice.state, notice.outstanding.fen) == (pb2.NOTICE_STATE_PART_PAID, 500)
    assert notice.outstanding_cause == pb2.OUTSTANDING_CAUSE_PART_PAID
    fee = row(hebei, 500, "BK-000002", 收款省区划="", 收款省名称="某银行", 业务类型="手续费")
    interest = row(
        hebei, 77, "BK-000003", 付款省区划="", 付款省名称="", 业务类型="利息", 通知书编号=""
    )
    assert await world.outcomes(fee, interest) == ["BANK_FEE", "INTEREST"]
    notice = (await world.notices())[HEBEI]
    assert (notice.outstanding.fen, notice.bank_fee.fen) == (500, 500)
    assert notice.outstanding_cause == pb2.OUTSTANDING_CAUSE_BANK_FEE
    assert await world.owed() == {"PAYMENT": 500 - HEBEI_OWES}
    assert await world.months.state() == "NOTIFIED"
    recorded = await world.call("ListBankLines", state=pb2.BANK_LINE_STATE_RECORDED)
    assert [one.receiver_region_code for one in recorded.lines] == ["", BEIJING]


async def test_the_same_file_again_posts_nothing(world: NoticeWorld) -> None:
    hebei = (await world.issued())[HEBEI]
    file = [row(hebei, 700, "BK-000001"), row(hebei, 300, "BK-000002", 通知书编号="")]
    first = await world.upload(*file)
    assert [outcome_of(one) for one in first.lines] == ["PARTIAL", "UNKNOWN_NOTICE"]
    again = await world.upload(*file)
    assert [outcome_of(one) for one in again.lines] == ["DUPLICATE", "DUPLICATE"]
    assert again.duplicate_count == 2
    assert not any(one.line_id or one.state for one in again.lines)
    # The other side's statement of the same transfers, with a line more.
    other = await world.upload(file[0], row(hebei, 1, "BK-000003"), region_code=BEIJING)
    assert [outcome_of(one) for one in other.lines] == ["DUPLICATE", "PARTIAL"]
    assert await world.owed() == {"PAYMENT": -701}
    assert await rows_of(world, "bank_line") == 3
    assert await rows_of(world, "bank_statement") == 3


async def test_a_repeated_request_gets_the_first_answer(world: NoticeWorld) -> None:
    hebei = (await world.issued())[HEBEI]
    request = {
        "request_id": str(uuid4()),
        "content": content(row(hebei, 700, "BK-000001")),
        "operator_id": "bank-1",
    }
    first = await world.call("UploadBankStatement", **request)
    assert await world.call("UploadBankStatement", **request) == first
    request["content"] = content(row(hebei, 800, "BK-000001"))
    refusal = await world.refusal("UploadBankStatement", **request)
    assert refusal.reason == "REQUEST_ID_REUSED"


async def test_a_reference_that_stands_for_another_transfer_refuses_the_file(
    world: NoticeWorld,
) -> None:
    hebei = (await world.issued())[HEBEI]
    await world.upload(row(hebei, 700, "BK-000001"))
    refusal = await world.upload_refusal(row(hebei, 5, "BK-000002"), row(hebei, 701, "BK-000001"))
    assert (refusal.code, refusal.reason) == ("ALREADY_EXISTS", "BANK_REFERENCE_REUSED")
    assert refusal.metadata["line"] == "3"
    assert await world.owed() == {"PAYMENT": -700}


async def test_a_notice_is_not_paid_twice(world: NoticeWorld) -> None:
    hebei = (await world.issued())[HEBEI]
    assert await world.outcomes(row(hebei, HEBEI_OWES, "BK-000001")) == ["MATCHED"]
    assert await world.outcomes(row(hebei, HEBEI_OWES, "BK-000002")) == ["ALREADY_PAID"]
    assert await world.owed() == {"PAYMENT": -HEBEI_OWES}
    (line,) = await suspended(world)
    assert (line.suspended.fen, line.notice_id) == (HEBEI_OWES, "")


@pytest.mark.parametrize("same", [True, False], ids=["same file", "other references"])
async def test_two_uploads_that_race_pay_once(world: NoticeWorld, *, same: bool) -> None:
    """Whoever comes second finds the transfer stated, or the notice paid."""
    hebei = (await world.issued())[HEBEI]
    answers = await asyncio.gather(
        *(
            world.upload(row(hebei, HEBEI_OWES, "BK-000001" if same else f"BK-00000{n}"))
            for n in range(6)
        )
    )
    outcomes = sorted(outcome_of(one.lines[0]) for one in answers)
    other = "DUPLICATE" if same else "ALREADY_PAID"
    assert outcomes == sorted(["MATCHED", *[other] * 5])
    assert await world.owed() == {"PAYMENT": -HEBEI_OWES}
    assert await rows_of(world, "bank_line") == (1 if same else 6)


async def test_uploads_of_unknown_money_that_race_keep_it_once(world: NoticeWorld) -> None:
    """No notice's row makes them wait: the reference alone does."""
    hebei = (await world.issued())[HEBEI]
    file = [row(hebei, n, f"BK-{n:06d}", 通知书编号="") for n in range(1, 30)]
    answers = await asyncio.gather(
        *(world.asked("UploadBankStatement", request_id=str(uuid4()),
                      content=content(*file[:: 1 if n % 2 else -1]), operator_id="bank-1")
          for n in range(4)),
        return_exceptions=True,
    )  # fmt: skip
    # One that loses every race is told to come back; it has posted nothing.
    failed = [one for one in answers if isinstance(one, BaseException)]
    assert all(
        isinstance(one, grpc.aio.AioRpcError) and one.code() is grpc.StatusCode.ABORTED
        for one in failed
    )
    assert len(failed) < 4
    assert await rows_of(world, "bank_line") == 29


# --- what has no place ---------------------------------------------------------------------------


async def resolve(world: NoticeWorld, line_id: str, **fields: Any) -> Any:
    wanted = {"line_id": line_id, "maker_id": "hub-1", "note": "见银行回单", **fields}
    return (await world.call("ResolveBankLine", **wanted)).line


async def decided(world: NoticeWorld, line_id: str, *, approved: bool = True) -> Any:
    name = "APPROVED" if approved else "REJECTED"
    wanted = {"line_id": line_id, "decision": f"NOTICE_DECISION_{name}", "checker_id": "hub-2"}
    return (await world.call("DecideBankLine", **wanted)).line


ALLOCATED = pb2.BANK_RESOLUTION_DECISION_ALLOCATED
RETURNED = pb2.BANK_RESOLUTION_DECISION_RETURNED


async def test_suspended_money_pays_a_notice_when_two_agree(world: NoticeWorld) -> None:
    hebei = (await world.issued())[HEBEI]
    await world.upload(row(hebei, HEBEI_OWES, "BK-000001", 通知书编号="没有编号"))
    assert await world.owed() == {}
    (line,) = await suspended(world)
    assert outcome_of(line) == "UNKNOWN_NOTICE"
    line = await resolve(world, line.line_id, decision=ALLOCATED, notice_number=hebei.number)
    assert line.state == pb2.BANK_LINE_STATE_PROPOSED
    assert await world.owed(Phase.PENDING) == {"PAYMENT": -HEBEI_OWES}
    assert (await world.notices())[HEBEI].pending.fen == HEBEI_OWES
    # While it waits nobody else can pay the same.
    assert await world.outcomes(row(hebei, 5, "BK-000002")) == ["OVERPAID"]
    line = await decided(world, line.line_id)
    assert (line.state, line.allocated.fen) == (pb2.BANK_LINE_STATE_RESOLVED, HEBEI_OWES)
    assert await world.owed(Phase.PENDING) == {}
    assert await world.owed() == {"PAYMENT": -HEBEI_OWES}
    notice = (await world.notices())[HEBEI]
    assert (notice.state, notice.pending.fen) == (pb2.NOTICE_STATE_PAID, 0)
    assert notice.steps[1].HasField("done_date")
    listed = await world.call("ListBankLines", notice_id=notice.notice_id)
    assert [one.line_id for one in listed.lines] == [line.line_id]


async def test_what_the_second_officer_does_not_agree_to_is_voided(world: NoticeWorld) -> None:
    """And a payment that came between still fills the notice to the fen."""
    hebei = (await world.issued())[HEBEI]
    await world.upload(row(hebei, 60_100, "BK-000001", 通知书编号=""))
    (line,) = await suspended(world)
    await resolve(world, line.line_id, decision=ALLOCATED, notice_number=hebei.number)
    assert await world.outcomes(row(hebei, 3_000, "BK-000002")) == ["PARTIAL"]
    line = await decided(world, line.line_id, approved=False)
    assert (line.state, line.suspended.fen) == (pb2.BANK_LINE_STATE_SUSPENDED, 60_100)
    assert await world.owed(Phase.PENDING) == {}
    assert await world.owed() == {"PAYMENT": -3_000}
    assert await world.outcomes(row(hebei, HEBEI_OWES - 3_000, "BK-000003")) == ["MATCHED"]
    notice = (await world.notices())[HEBEI]
    assert [one.paid.fen for one in notice.lines] == [60_000, 1_234, 5_000, 7_000]
    line = await resolve(world, line.line_id, decision=RETURNED)
    line = await decided(world, line.line_id)
    assert (line.state, line.returned.fen) == (pb2.BANK_LINE_STATE_RESOLVED, 60_100)
    assert await world.owed() == {"PAYMENT": -HEBEI_OWES}
    statuses = [pb2.BankResolutionStatus.Name(one.status) for one in line.resolutions]
    assert [one.rpartition("_")[2] for one in statuses] == ["VOIDED", "POSTED"]


async def test_an_overpayment_is_parted(world: NoticeWorld) -> None:
    """The rest of a transfer pays a top-up of the same payer, and what is left is sent back."""
    hebei = (await world.issued())[HEBEI]
    await world.decide(await world.draft(prepayment(1, employee=300)))
    answer = await world.upload(row(hebei, HEBEI_OWES + 400, "BK-000001"))
    line = answer.lines[0]
    assert outcome_of(line) == "OVERPAID"
    assert (line.applied.fen, line.suspended.fen) == (HEBEI_OWES, 400)
    target = {"decision": ALLOCATED, "notice_number": "TZ2026000001"}
    await resolve(world, line.line_id, amount={"fen": 300}, **target)
    line = await decided(world, line.line_id)
    assert (line.state, line.suspended.fen) == (pb2.BANK_LINE_STATE_SUSPENDED, 100)
    assert await world.owed() == {
        "PAYMENT": -HEBEI_OWES,
        "PREPAYMENT": 300,
        "PREPAYMENT_PAYMENT": -300,
    }
    await resolve(world, line.line_id, decision=RETURNED)
    line = await decided(world, line.line_id)
    assert line.state == pb2.BANK_LINE_STATE_RESOLVED
    assert (line.allocated.fen, line.returned.fen) == (300, 100)


async def test_who_said_where_money_belongs_does_not_decide(world: NoticeWorld) -> None:
    hebei = (await world.issued())[HEBEI]
    await world.upload(row(hebei, 700, "BK-000001", 通知书编号=""))
    (line,) = await suspended(world)
    await resolve(world, line.line_id, decision=ALLOCATED, notice_number=hebei.number)
    for checker in ("hub-1", "Hub-1"):
        refusal = await world.refusal(
            "DecideBankLine",
            line_id=line.line_id,
            decision=pb2.NOTICE_DECISION_APPROVED,
            checker_id=checker,
        )
        assert refusal.reason == "MAKER_IS_CHECKER"
    assert await world.owed() == {}
    await decided(world, line.line_id)
    # Decided once: another decision, or another proposal, comes too late.
    refusal = await world.refusal(
        "DecideBankLine",
        line_id=line.line_id,
        decision=pb2.NOTICE_DECISION_REJECTED,
        checker_id="hub-2",
    )
    assert refusal.reason == "BANK_LINE_STATE_FORBIDS"
    assert refusal.metadata["state"] == "RESOLVED"


async def test_two_who_decide_at_once_post_once(world: NoticeWorld) -> None:
    hebei = (await world.issued())[HEBEI]
    await world.upload(row(hebei, 700, "BK-000001", 通知书编号=""))
    (line,) = await suspended(world)
    await resolve(world, line.line_id, decision=ALLOCATED, notice_number=hebei.number)
    answers = await asyncio.gather(
        *(decided(world, line.line_id, approved=bool(n % 2)) for n in range(6)),
        return_exceptions=True,
    )
    assert sum(not isinstance(one, BaseException) for one in answers) == 1
    listed = (await world.call("ListBankLines")).lines[0]
    posted = listed.allocated.fen
    assert await world.owed() == ({"PAYMENT": -700} if posted else {})
    assert await world.owed(Phase.PENDING) == {}


async def test_suspended_money_goes_only_where_it_fits(world: NoticeWorld) -> None:
    notices = await world.issued()
    hebei, beijing = notices[HEBEI], notices[BEIJING]
    await world.upload(
        row(hebei, HEBEI_OWES, "BK-000001"),
        row(hebei, 5_000, "BK-000002", 通知书编号=""),
        row(hebei, 9, "BK-000003", 业务类型="预付金"),
        row(hebei, 9, "BK-000004", 收款省区划=SHANGHAI, 收款省名称="上海市财政局"),
    )
    lines = {one.bank_reference: one for one in (await world.call("ListBankLines")).lines}
    assert [outcome_of(lines[f"BK-00000{n}"]) for n in (3, 4)] == [
        "OTHER_BUSINESS_TYPE",
        "OTHER_PARTIES",
    ]
    line_id = lines["BK-000002"].line_id

    async def reason(**fields: Any) -> str:
        wanted = {"line_id": line_id, "maker_id": "hub-1", "note": "见回单", **fields}
        return (await world.refusal("ResolveBankLine", **wanted)).reason

    allocated = {"decision": ALLOCATED}
    assert await reason(**allocated, notice_number=hebei.number) == "NOTICE_ALREADY_PAID"
    assert await reason(**allocated, notice_number=beijing.number) == "ALLOCATION_REFUSED"
    assert await reason(**allocated, notice_number="QS2026000099") == "RESOURCE_NOT_FOUND"
    assert await reason(**allocated) == "FIELD_INVALID"
    assert await reason(decision=RETURNED, notice_number=hebei.number) == "FIELD_INVALID"
    assert await reason(decision=RETURNED, amount={"fen": 5_001}) == "ALLOCATION_REFUSED"
    assert await reason(decision=RETURNED, amount={"fen": -1}) == "FIELD_INVALID"
    assert await reason(decision=RETURNED, note="张三 110101199003070011") == "FIELD_INVALID"
    assert await reason(decision=RETURNED, line_id=str(uuid4())) == "RESOURCE_NOT_FOUND"
    paid = lines["BK-000001"].line_id
    assert await reason(decision=RETURNED, line_id=paid) == "BANK_LINE_STATE_FORBIDS"
    unknown = {"line_id": str(uuid4()), "decision": "NOTICE_DECISION_APPROVED", "checker_id": "x"}
    assert (await world.refusal("DecideBankLine", **unknown)).reason == "RESOURCE_NOT_FOUND"
    assert await rows_of(world, "bank_resolution") == 0
    # More than is open of a notice of the same payer.
    await world.decide(await world.draft(prepayment(1, employee=300)))
    assert await reason(**allocated, notice_number="TZ2026000001") == "ALLOCATION_REFUSED"


# --- what is refused -----------------------------------------------------------------------------

BAD: dict[str, tuple[dict[str, str], str]] = {
    "foreign currency": ({"币种": "USD"}, "BANK_CURRENCY"),
    "negative": ({"金额": "-1.00"}, "BANK_AMOUNT_NOT_POSITIVE"),
    "zero": ({"金额": "0.00"}, "BANK_AMOUNT_NOT_POSITIVE"),
    "malformed": ({"交易日期": "昨天"}, "BANK_FILE_MALFORMED"),
    "future": ({"交易日期": "2027-01-01"}, "BANK_FILE_MALFORMED"),
    "name of another": ({"付款省名称": "上海市财政局"}, "BANK_FILE_MALFORMED"),
}


@pytest.mark.parametrize(("cells", "reason"), BAD.values(), ids=BAD)
async def test_one_bad_line_refuses_the_whole_file(
    world: NoticeWorld, cells: dict[str, str], reason: str
) -> None:
    hebei = (await world.issued())[HEBEI]
    refusal = await world.upload_refusal(
        row(hebei, 700, "BK-000001"), row(hebei, 800, "BK-000002", **cells)
    )
    assert (refusal.code, refusal.reason) == ("INVALID_ARGUMENT", reason)
    assert refusal.metadata["line"] == "3"
    assert "第3行" in refusal.zh
    assert await world.owed() == {}
    assert await rows_of(world, "bank_line") == 0
    assert await rows_of(world, "bank_statement") == 0
    assert (await world.notices())[HEBEI].paid.fen == 0


async def test_gbk_and_what_is_too_large_is_refused(
    world: NoticeWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    hebei = (await world.issued())[HEBEI]
    good = content(row(hebei, 700, "BK-000001"))
    request = {"operator_id": "bank-1"}
    gbk = good.decode().encode("gbk")
    refusal = await world.refusal("UploadBankStatement", content=gbk, **request)
    assert (refusal.reason, refusal.metadata["line"]) == ("BANK_FILE_ENCODING", "1")
    large = good + b"\n" * bank_file.BYTES_MAX
    refusal = await world.refusal("UploadBankStatement", content=large, **request)
    assert refusal.reason == "BANK_FILE_TOO_LARGE"
    monkeypatch.setattr(bank_file, "LINES_MAX", 1)
    two = content(row(hebei, 700, "BK-000001"), row(hebei, 800, "BK-000002"))
    refusal = await world.refusal("UploadBankStatement", content=two, **request)
    assert refusal.reason == "BANK_FILE_TOO_LARGE"
    empty = await refused(world.asked("UploadBankStatement", content=b"", **request))
    assert empty.reason == "FIELD_INVALID"
    stranger = await world.refusal(
        "UploadBankStatement", content=good, region_code=SHANGHAI, **request
    )
    assert stranger.reason == "BANK_FILE_MALFORMED"
    assert await rows_of(world, "bank_line") == 0


# --- rates ---------------------------------------------------------------------------------------


async def rates(world: NoticeWorld, **fields: Any) -> dict[str, tuple[int, ...]]:
    answer = await world.call("SummarizePayments", **fields)
    return {
        one.region_code: (
            one.due.fen,
            one.paid.fen,
            one.overdue.fen,
            one.clearing_rate_bp,
            one.payment_rate_bp,
        )
        for one in [*answer.provinces, answer.total]
    }


async def test_rates_are_exact_and_say_all_of_all_only(world: NoticeWorld) -> None:
    hebei = (await world.issued())[HEBEI]
    assert (await rates(world, month=MARCH))[HEBEI] == (HEBEI_OWES, 0, 0, 0, 0)
    await world.upload(row(hebei, HEBEI_OWES - 1, "BK-000001"))
    # 73233 / 73234 is 99.99… %: never 100 before the last fen.
    assert (await rates(world, month=MARCH))[HEBEI] == (HEBEI_OWES, HEBEI_OWES - 1, 0, 9_999, 0)
    world.clock.advance(days=1)
    found = await rates(world, month=MARCH)
    assert found[HEBEI] == (HEBEI_OWES, HEBEI_OWES - 1, 1, 9_999, 0)
    assert found[BEIJING] == (BEIJING_OWES, 0, BEIJING_OWES, 0, 0)
    assert found[""] == (HEBEI_OWES + BEIJING_OWES, HEBEI_OWES - 1, BEIJING_OWES + 1, 9_878, 0)
    await world.upload(row(hebei, 1, "BK-000002", LATE))
    found = await rates(world, year=2026)
    assert found[HEBEI] == (HEBEI_OWES, HEBEI_OWES, 0, 10_000, 10_000)
    assert found[""][4] == 5_000
    assert found[SHANGHAI] == (0, 0, 0, 0, 0)
    answer = await world.call("SummarizePayments", year=2026)
    provinces = {one.region_code: one for one in answer.provinces}
    beijing = provinces[BEIJING]
    assert (beijing.receivable.fen, beijing.received.fen) == (HEBEI_OWES, HEBEI_OWES)
    assert provinces[SHANGHAI].receivable.fen == BEIJING_OWES
    assert answer.total.due.fen == answer.total.receivable.fen
    assert await rates(world, month="2026-02") == {"": (0, 0, 0, 0, 0)}
    top_up = {"kind": pb2.NOTICE_KIND_EMERGENCY_TOP_UP}
    assert await rates(world, month=MARCH, **top_up) == {"": (0, 0, 0, 0, 0)}
    for fields in ({}, {"month": MARCH, "year": 2026}):
        assert (await world.refusal("SummarizePayments", **fields)).reason == "FIELD_INVALID"


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE bank_line SET amount_fen = amount_fen + 1",
        "DELETE FROM bank_line",
        "UPDATE bank_statement SET operator_id = 'x'",
        "DELETE FROM bank_line_change",
        "UPDATE bank_resolution SET amount_fen = 1",
        "DELETE FROM bank_resolution_part",
    ],
)
async def test_what_banks_stated_cannot_be_changed(world: NoticeWorld, change: str) -> None:
    hebei = (await world.issued())[HEBEI]
    await world.upload(row(hebei, 700, "BK-000001", 通知书编号=""))
    (line,) = await suspended(world)
    await resolve(world, line.line_id, decision=ALLOCATED, notice_number=hebei.number)
    with pytest.raises(asyncpg.RestrictViolationError):
        await world.database.execute(f"/* test.change */ {change}")

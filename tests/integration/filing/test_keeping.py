"""SubmitFiling, GetFiling, ListFilings, CancelFiling: what is kept, refused and replayed."""

import asyncio

import asyncpg
import pytest

from services.kit import paging
from tests.integration.filing.world import SHANGHAI, YINCHUAN, day, ident
from tests.support.rpc import TIMEOUT_S, refused
from yijie.filing.v1 import filing_pb2
from yijie.filing.v1 import filing_service_pb2 as pb

pytestmark = pytest.mark.postgres

REFERRAL = {
    "type": filing_pb2.FILING_TYPE_REFERRAL,
    "evidence": filing_pb2.FILING_EVIDENCE_REFERRAL_PROOF,
}


async def test_a_filing_is_read_back_as_kept(world):
    kept = (await world.submit()).filing
    assert kept.state == filing_pb2.FILING_STATE_LIVE
    assert kept.create_time.ToDatetime() == world.clock.now().replace(tzinfo=None)
    assert not kept.HasField("end_date")
    assert not kept.HasField("cancel_time")
    assert (await world.get(kept.filing_id)).filing == kept
    for field, asked in world.filing().ListFields():
        assert getattr(kept, field.name) == asked


async def test_referrals_and_temporary_stays_last_six_months(world):
    for changes in (
        REFERRAL,
        {"type": filing_pb2.FILING_TYPE_TEMPORARY, "evidence": 0},
    ):
        assert (await world.submit(**changes)).filing.end_date == day(2026, 6, 30)
    longer = await world.submit(**REFERRAL, end_date=day(2026, 12, 31))
    assert longer.filing.end_date == day(2026, 12, 31)


# A row each; one database for all, because making one takes longer than asking.
REFUSALS = [
    ({"insured_region_code": "659999"}, "INVALID_ARGUMENT", "REGION_UNKNOWN", None),
    ({"target_region_code": "649999"}, "INVALID_ARGUMENT", "REGION_UNKNOWN", None),
    (
        {"target_region_code": "652300"},
        "FAILED_PRECONDITION",
        "NOT_CROSS_PROVINCE",
        None,
    ),
    ({"target_region_code": "640000"}, "INVALID_ARGUMENT", "FIELD_INVALID", None),
    ({"target_region_code": "310115"}, "INVALID_ARGUMENT", "FIELD_INVALID", None),
    (
        {"evidence": filing_pb2.FILING_EVIDENCE_REFERRAL_PROOF},
        "FAILED_PRECONDITION",
        "FILING_EVIDENCE_MISSING",
        None,
    ),
    (
        {**REFERRAL, "evidence": filing_pb2.FILING_EVIDENCE_COMMITMENT},
        "FAILED_PRECONDITION",
        "FILING_EVIDENCE_MISSING",
        "evidence",
    ),
    (
        {"evidence": filing_pb2.FILING_EVIDENCE_UNSPECIFIED},
        "FAILED_PRECONDITION",
        "FILING_EVIDENCE_MISSING",
        None,
    ),
    ({"type": filing_pb2.FILING_TYPE_EMERGENCY}, "INVALID_ARGUMENT", "FIELD_INVALID", None),
    ({"type": filing_pb2.FILING_TYPE_UNSPECIFIED}, "INVALID_ARGUMENT", "FIELD_INVALID", None),
    ({"begin_date": day(2026, 2, 30)}, "INVALID_ARGUMENT", "FIELD_INVALID", None),
    ({"end_date": day(2025, 12, 31)}, "INVALID_ARGUMENT", "FIELD_INVALID", None),
    (
        {**REFERRAL, "end_date": day(2026, 6, 29)},
        "INVALID_ARGUMENT",
        "FIELD_INVALID",
        "end_date",
    ),
    (
        {**REFERRAL, "begin_date": day(9999, 12, 1)},
        "INVALID_ARGUMENT",
        "FIELD_INVALID",
        "begin_date",
    ),
    ({"person_id": "张三"}, "INVALID_ARGUMENT", "FIELD_INVALID", None),
]


async def test_a_filing_is_refused(world):
    for changes, code, reason, field in REFUSALS:
        refusal = await refused(world.submit(**changes))
        assert (refusal.code, refusal.reason) == (code, reason), changes
        assert refusal.fields[0] == f"filing.{field or next(iter(changes))}"
        assert refusal.zh
        assert refusal.domain == "filing.yijie"
    assert not await world.rows("SELECT filing_id FROM filing.filing")
    assert not await world.rows("SELECT request_id FROM filing.request")


async def test_a_repeat_gets_the_first_answer(world):
    request_id = ident()
    first = await world.submit(request_id)
    world.clock.pass_time(days=1)
    assert await world.submit(request_id) == first
    assert len(await world.rows("SELECT filing_id FROM filing.filing")) == 1
    refusal = await refused(world.submit(request_id, target_region_code=SHANGHAI))
    assert (refusal.code, refusal.reason) == ("ALREADY_EXISTS", "REQUEST_ID_REUSED")
    refusal = await refused(world.cancel(first.filing.filing_id, request_id))
    assert refusal.reason == "REQUEST_ID_REUSED"


async def test_the_same_submission_at_once_is_one_filing(world):
    request_id = ident()
    answers = await asyncio.gather(
        *(world.submit(request_id) for _ in range(6)), return_exceptions=True
    )
    kept = {a.filing.filing_id for a in answers if not isinstance(a, BaseException)}
    assert len(kept) == 1
    assert len(await world.rows("SELECT filing_id FROM filing.filing")) == 1
    assert (await world.submit(request_id)).filing.filing_id in kept


async def test_a_cancelled_filing_stays_cancelled(world):
    filing_id = (await world.submit()).filing.filing_id
    world.clock.pass_time(days=3)
    request_id = ident()
    answer = await world.cancel(filing_id, request_id)
    assert answer.filing.state == filing_pb2.FILING_STATE_CANCELLED
    assert answer.filing.cancel_time.ToDatetime() == world.clock.now().replace(tzinfo=None)
    assert (await world.get(filing_id)).filing == answer.filing
    assert await world.cancel(filing_id, request_id) == answer
    refusal = await refused(world.cancel(filing_id))
    assert (refusal.code, refusal.reason) == ("FAILED_PRECONDITION", "FILING_NOT_LIVE")
    assert refusal.fields == ["filing_id"]


async def test_two_cancellations_at_once_are_one(world):
    filing_id = (await world.submit()).filing.filing_id
    outcomes = await asyncio.gather(
        *(world.cancel(filing_id) for _ in range(5)), return_exceptions=True
    )
    assert sum(not isinstance(outcome, BaseException) for outcome in outcomes) == 1
    codes = {outcome.code().name for outcome in outcomes if isinstance(outcome, BaseException)}
    assert codes == {"FAILED_PRECONDITION"}


async def test_an_ended_filing_cannot_be_cancelled(world):
    filing_id = (await world.submit(**REFERRAL)).filing.filing_id
    world.clock.pass_time(days=181)  # 2026-07-01
    assert (await refused(world.cancel(filing_id))).reason == "FILING_NOT_LIVE"


async def test_what_does_not_exist(world):
    for call in (world.get(ident()), world.cancel(ident())):
        refusal = await refused(call)
        assert (refusal.code, refusal.reason) == ("NOT_FOUND", "RESOURCE_NOT_FOUND")
        assert refusal.metadata["resource"] == "filing"
    assert not (await world.list(ident())).filings


async def test_filings_are_listed_newest_first_in_pages(world):
    kept = [(await world.submitted(target_region_code=YINCHUAN)).filing_id for _ in range(7)]
    await world.submitted(person_id=await world.register())
    listed, token = [], ""
    while True:
        answer = await world.list(page_size=3, page_token=token)
        listed += [filing.filing_id for filing in answer.filings]
        token = answer.next_page_token
        if not token:
            break
        last_token = token
    assert listed == kept[::-1]
    refusal = await refused(world.list(ident(), page_token=last_token))
    assert (refusal.code, refusal.reason) == ("INVALID_ARGUMENT", "PAGE_TOKEN_INVALID")
    request = pb.ListFilingsRequest(person_id=world.person)
    request.page_token = paging.write_token(request, ["no uuid"])
    refusal = await refused(world.stub.ListFilings(request, timeout=TIMEOUT_S))
    assert (refusal.reason, refusal.fields) == ("PAGE_TOKEN_INVALID", ["page_token"])
    assert (await refused(world.list(page_size=-1))).fields == ["page_size"]


async def test_what_is_kept_cannot_be_altered(world):
    await world.cancel((await world.submit()).filing.filing_id)
    for statement in (
        "UPDATE filing.filing SET end_date = '2030-01-01'",
        "DELETE FROM filing.filing_state_change",
        "TRUNCATE filing.filing CASCADE",
    ):
        with pytest.raises(asyncpg.RestrictViolationError):
            await world.rows(statement)

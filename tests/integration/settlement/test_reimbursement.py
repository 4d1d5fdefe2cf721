"""Goal: a bill that was paid in cash is computed by the insured region's catalogue and booked once,
two people stand between it and the money, and nothing of it reaches the journal.

Method: the whole service on real PostgreSQL between callees that misbehave when told to. In scope
are 767.03 by the insured region's catalogue; deductible 100.00, the fund pays 85 % of the rest.
"""

from __future__ import annotations

import asyncio
import io

import pytest

from tests.integration.settlement.advice import advising_served
from tests.integration.settlement.reimbursing import (
    HOME_FUND_FEN,
    HOME_IN_SCOPE_FEN,
    PROVINCE,
    REJECT,
    assert_sound,
    cancel,
    decide,
    events,
    get,
    holders,
    pay,
    state_of,
    stub_of,
    submit,
    submit_request,
    work,
)
from tests.integration.settlement.world import (
    FUND_FEN,
    TOTAL_FEN,
    counts,
    eventually,
    ident,
    served,
)
from tests.support.rpc import TIMEOUT_S, refused
from yijie.benefits.v1 import benefits_service_pb2
from yijie.identity.v1 import person_pb2
from yijie.settlement.v1 import reimbursement_service_pb2 as pb
from yijie.settlement.v1 import settlement_service_pb2

pytestmark = pytest.mark.postgres

FULL = settlement_service_pb2.SETTLEMENT_VIEW_FULL


@pytest.fixture
async def callees():
    async with advising_served() as opened:
        yield opened


async def test_a_claim_is_computed_at_home_and_booked_once(world):
    request = submit_request()
    claim = await submit(world, request)
    assert state_of(claim) == "ADJUDICATED"
    assert claim.amounts.total.fen == TOTAL_FEN
    assert claim.amounts.in_scope.fen == HOME_IN_SCOPE_FEN
    assert claim.payable.fen == claim.adjudication.fund_total.fen == HOME_FUND_FEN
    assert not claim.adjudication.account_pay.fen
    assert claim.catalogue_version.startswith(PROVINCE)
    assert claim.filing_id
    assert len(claim.lines) == 3
    assert not claim.bill.contact_phone
    again = await stub_of(world).SubmitReimbursement(request, timeout=TIMEOUT_S)
    assert again.replayed
    assert again.reimbursement == claim
    booking = world.callees.benefits.live[claim.reimbursement_id]
    assert booking.channel == benefits_service_pb2.BOOKING_CHANNEL_MANUAL
    assert not booking.case.use_account
    rows = await counts(world.dsn)
    assert [rows[name] for name in ("settlement", "outbox", "open_intent", "request")] == [0] * 4
    assert await holders(world) == [("MANUAL", claim.reimbursement_id)]
    request.maker_id = "agent-9"
    assert (await refused(submit(world, request))).reason == "REQUEST_ID_REUSED"
    await assert_sound(world)


async def test_three_people_bring_it_to_the_money(world):
    key = (await submit(world)).reimbursement_id
    same = await refused(decide(world, key, checker_id="AGENT-1"))
    assert same.reason == "MAKER_IS_CHECKER"
    early = await refused(pay(world, key))
    assert early.reason == "REIMBURSEMENT_STATE_FORBIDS"
    assert early.metadata["state"] == "ADJUDICATED"
    assert state_of(await decide(world, key)) == "APPROVED"
    assert (await refused(decide(world, key))).reason == "REIMBURSEMENT_STATE_FORBIDS"
    assert (await refused(pay(world, key, maker_id="agent-2"))).reason == "MAKER_IS_CHECKER"
    request_id = ident()
    paid = await pay(world, key, request_id=request_id)
    assert state_of(paid) == "PAID"
    assert await pay(world, key, request_id=request_id) == paid
    other = await refused(pay(world, key, request_id=request_id, payment_reference="other"))
    assert other.reason == "REQUEST_ID_REUSED"
    found = await get(world, key, view=FULL)
    assert [state_of(one) for one in found.changes] == [
        "SUBMITTED", "ADJUDICATED", "APPROVED", "PAID",
    ]  # fmt: skip
    assert found.changes[3].payment_reference == "BK20260401-1"
    assert found.adjudication.steps
    await assert_sound(world)


async def test_what_is_rejected_is_unbooked_and_its_invoice_free(world):
    key = (await submit(world)).reimbursement_id
    blank = await refused(decide(world, key, REJECT, note=" "))
    assert (blank.reason, blank.fields) == ("FIELD_INVALID", ["note"])
    rejected = await decide(world, key, REJECT)
    assert (state_of(rejected), rejected.unbooked) == ("REJECTED", True)
    assert not world.callees.benefits.live
    assert await holders(world) == []
    assert state_of(await submit(world)) == "ADJUDICATED"
    await assert_sound(world)


async def test_an_invoice_is_held_until_the_region_has_taken_it_back(world):
    key = (await submit(world)).reimbursement_id
    world.callees.benefits.cancel_is_down = True
    rejected = await decide(world, key, REJECT)
    assert (state_of(rejected), rejected.unbooked) == ("REJECTED", False)
    assert await work(world) == ["UNBOOK"]
    assert (await refused(submit(world))).reason == "INVOICE_ALREADY_CLAIMED"
    world.callees.benefits.cancel_is_down = False
    await world.pass_recovery()
    await eventually(lambda: _is_unbooked(world, key))
    assert not world.callees.benefits.live
    await assert_sound(world)


async def _is_unbooked(world, key) -> bool:
    return (await get(world, key)).unbooked


async def test_what_was_paid_is_withdrawn_only_when_paid_back(world):
    key = (await submit(world)).reimbursement_id
    early = await refused(cancel(world, key, payment_reference="BK-1"))
    assert (early.reason, early.fields) == ("FIELD_INVALID", ["payment_reference"])
    assert (await refused(cancel(world, key, checker_id="agent-1"))).reason == "MAKER_IS_CHECKER"
    await decide(world, key)
    await pay(world, key)
    late = await refused(cancel(world, key))
    assert (late.reason, late.fields) == ("FIELD_INVALID", ["payment_reference"])
    gone = await cancel(world, key, payment_reference="BK-BACK-1")
    assert (state_of(gone), gone.unbooked) == ("CANCELLED", True)
    assert (await refused(pay(world, key))).reason == "REIMBURSEMENT_STATE_FORBIDS"
    await assert_sound(world)


@pytest.mark.parametrize("mode", ["unavailable", "lost_reply", "silent", "late_reply"])
async def test_a_region_that_did_not_answer_is_asked_again(world, mode):
    world.callees.benefits.commit_mode = mode
    request = submit_request()
    pending = await refused(submit(world, request))
    world.callees.benefits.commit_mode = ""
    assert (pending.code, pending.reason) == ("UNAVAILABLE", "OUTCOME_PENDING")
    key = pending.metadata["reimbursementId"]
    assert (state_of(await get(world, key)), await work(world)) == ("SUBMITTED", ["BOOK"])
    if mode == "unavailable":
        # A repeat of the request finishes it, too.
        assert (await submit(world, request)).reimbursement_id == key
    await world.pass_recovery()
    await eventually(lambda: _is(world, key, "ADJUDICATED"))
    booked = [one for one in world.callees.benefits.history if one == ("book", key)]
    assert len(booked) == 1
    assert (await submit(world, request)).reimbursement_id == key
    assert (await refused(submit(world))).reason == "INVOICE_ALREADY_CLAIMED"
    await assert_sound(world)


async def _is(world, key, state) -> bool:
    return state_of(await get(world, key)) == state and not await work(world)


async def test_a_refusal_is_kept_and_frees_the_invoice(world):
    world.callees.benefits.commit_mode = "refuse"
    request = submit_request()
    first = await refused(submit(world, request))
    world.callees.benefits.commit_mode = ""
    again = await refused(submit(world, request))
    assert first.reason == again.reason == "POLICY_NOT_COVERED"
    assert first.fields == again.fields == ["patient.scheme_code"]
    assert await holders(world) == []
    assert state_of(await submit(world)) == "ADJUDICATED"
    await assert_sound(world)


async def test_amounts_that_do_not_add_up_are_never_booked(world):
    world.callees.benefits.commit_mode = "inconsistent"
    assert (await refused(submit(world))).reason == "ADJUDICATION_INCONSISTENT"
    assert not world.callees.benefits.live
    rows = await world.sql("SELECT reasons FROM quarantine")
    assert len(rows) == 1
    await assert_sound(world)


async def test_one_that_is_withdrawn_before_the_answer_is_never_booked(world):
    world.callees.benefits.commit_mode = "lost_reply"
    request = submit_request()
    key = (await refused(submit(world, request))).metadata["reimbursementId"]
    world.callees.benefits.commit_mode = ""
    gone = await cancel(world, key)
    assert (state_of(gone), gone.unbooked) == ("CANCELLED", True)
    assert state_of(await submit(world, request)) == "CANCELLED"
    await world.pass_recovery()
    await eventually(lambda: _is(world, key, "CANCELLED"))
    assert not world.callees.benefits.live
    await assert_sound(world)


async def test_one_that_is_withdrawn_while_it_is_booked_is_not_left_booked(world):
    world.callees.benefits.delay_s = 0.2
    request = submit_request()
    call = asyncio.ensure_future(submit(world, request))
    await eventually(lambda: _work_is(world, ["BOOK"]))
    (row,) = await world.sql("SELECT reimbursement_id::text AS key FROM reimbursement")
    gone = await cancel(world, row["key"])
    assert (state_of(gone), state_of(await call)) == ("CANCELLED", "CANCELLED")
    await world.pass_recovery()
    await eventually(lambda: _is(world, row["key"], "CANCELLED"))
    assert not world.callees.benefits.live
    await assert_sound(world)


async def _work_is(world, kinds) -> bool:
    return await work(world) == kinds


async def test_a_replica_finishes_what_another_left(world, dsn, callees, clock):
    world.callees.benefits.commit_mode = "unavailable"
    keys = [
        (await refused(submit(world, submit_request(f"65010012AB00000{number}")))).metadata[
            "reimbursementId"
        ]
        for number in range(3)
    ]
    world.callees.benefits.commit_mode = ""
    async with served(dsn, callees, clock, io.BytesIO()):
        await world.pass_recovery()
        for key in keys:
            await eventually(lambda key=key: _is(world, key, "ADJUDICATED"))
    books = [one for one in world.callees.benefits.history if one[0] == "book"]
    assert len(books) == 3
    await assert_sound(world)


async def test_followers_hear_of_it_from_the_booking_on(world):
    key = (await submit(world)).reimbursement_id
    await decide(world, key)
    await cancel(world, key)
    told = await events(world, 3)
    assert [state_of(one.reimbursement) for one in told] == ["ADJUDICATED", "APPROVED", "CANCELLED"]
    assert [one.event_id for one in told] == sorted(one.event_id for one in told)
    first, *others = [one.reimbursement for one in told]
    # By their keys they can be compared, and nobody can be called.
    assert not first.bill.contact_phone
    assert not first.bill.invoice_number
    assert (len(told[0].phone_key), len(told[0].invoice_key)) == (32, 32)
    assert len(first.lines) == 3
    assert all(one.reimbursement_id == key and not one.HasField("bill") for one in others)
    assert all(one.payable.fen == HOME_FUND_FEN for one in others)
    assert await events(world, 3, region_code=PROVINCE) == told
    unknown = await refused(events(world, 1, region_code="160000"))
    assert (unknown.reason, unknown.fields) == ("REGION_UNKNOWN", ["region_code"])


async def test_a_trial_writes_nothing(world):
    request = submit_request(validate_only=True)
    response = await stub_of(world).SubmitReimbursement(request, timeout=TIMEOUT_S)
    assert not response.reimbursement.reimbursement_id
    assert response.reimbursement.payable.fen == HOME_FUND_FEN
    assert response.reimbursement.adjudication.steps
    assert "reimbursement" not in await counts(world.dsn)
    await submit(world)
    assert (await refused(submit(world, request))).reason == "INVOICE_ALREADY_CLAIMED"


async def test_direct_settlement_is_compared(world):
    key = (await submit(world)).reimbursement_id
    request = pb.CompareReimbursementRequest(reimbursement_id=key, region_code=PROVINCE)
    found = await stub_of(world).CompareReimbursement(request, timeout=TIMEOUT_S)
    assert found.manual.adjudication.fund_total.fen == HOME_FUND_FEN
    assert found.direct.adjudication.fund_total.fen == FUND_FEN
    assert found.fund_gap.fen == FUND_FEN - HOME_FUND_FEN
    assert found.direct.catalogue_version.startswith("640000")
    (question,) = world.callees.benefits.questions
    assert question.before_settlement_id == key


async def test_lists_are_of_one_province(world):
    first = (await submit(world)).reimbursement_id
    world.clock.advance(seconds=1)
    second = (await submit(world, submit_request("65010012AB345679"))).reimbursement_id
    await decide(world, second)
    stub = stub_of(world)

    async def listed(**changes):
        request = pb.ListReimbursementsRequest(**{"region_code": PROVINCE, **changes})
        return await stub.ListReimbursements(request, timeout=TIMEOUT_S)

    page = await listed(page_size=1)
    assert [one.reimbursement_id for one in page.reimbursements] == [second]
    page = await listed(page_size=1, page_token=page.next_page_token)
    assert [one.reimbursement_id for one in page.reimbursements] == [first]
    assert not page.next_page_token
    approved = await listed(state=3, care_region_code="640000")
    assert [one.reimbursement_id for one in approved.reimbursements] == [second]
    assert not (await listed(region_code="110000")).reimbursements
    other = await refused(get(world, first, region_code="110000"))
    assert (other.code, other.reason) == ("NOT_FOUND", "RESOURCE_NOT_FOUND")
    assert (await refused(decide(world, first, region_code="110000"))).code == "NOT_FOUND"


def _no_invoice(request):
    request.bill.invoice_number = ""
    return "FIELD_INVALID", ["bill.invoice_number"]


def _token(request):
    request.patient.credential.type = person_pb2.CREDENTIAL_TYPE_E_CREDENTIAL
    return "FIELD_INVALID", ["patient.credential.type"]


def _number(request):
    request.maker_id = "13800000000"
    return "FIELD_INVALID", ["maker_id"]


def _at_home(request):
    request.patient.insured_region_code = "640100"
    return "NOT_CROSS_PROVINCE", ["bill.care_region_code"]


def _total(request):
    request.bill.total.fen += 1
    return "BILL_TOTAL_MISMATCH", ["bill.total"]


def _level(request):
    request.bill.hospital_level_code = "01"
    return "FIELD_INVALID", ["bill.hospital_level_code"]


def _institution(request):
    request.bill.institution_code = "H64010400009"
    return "INSTITUTION_UNKNOWN", ["institution_code"]


def _no_catalogue(request):
    request.patient.insured_region_code = "440100"
    return "CATALOGUE_NOT_PUBLISHED", ["patient.insured_region_code"]


def _person(request):
    request.patient.birth_date.year = 1951
    return "PERSON_MISMATCH", None


@pytest.mark.parametrize(
    "spoil",
    [
        _no_invoice, _token, _number, _at_home, _total, _level, _institution, _no_catalogue,
        _person,
    ],
)  # fmt: skip
async def test_bad_claims_are_refused_and_leave_nothing(world, spoil):
    request = submit_request()
    reason, fields = spoil(request)
    refusal = await refused(submit(world, request))
    assert refusal.reason == reason
    assert fields is None or refusal.fields == fields
    assert not {"reimbursement", "invoice"} & set(await counts(world.dsn))

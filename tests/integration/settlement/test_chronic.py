"""Goal: a bill of a chronic disease (门诊慢特病) reaches the insured region with its disease, only
where the institution has opened it, and the code, which tells a diagnosis, is readable nowhere.
"""

from __future__ import annotations

import base64
from uuid import UUID

import pytest

from tests.integration.settlement.stays import BATCH, settle, settle_visit_request
from tests.integration.settlement.visits import Visits, line, register_request
from tests.integration.settlement.world import (
    MORE_TABLES,
    TABLES,
    eventually,
    first_events,
    pre_settle_request,
    settle_request,
    state_name,
)
from tests.support.callees import HOSPITAL
from tests.support.rpc import refused
from yijie.benefits.v1 import adjudication_pb2
from yijie.filing.v1 import filing_pb2
from yijie.settlement.v1 import settlement_pb2
from yijie.settlement.v1 import settlement_service_pb2 as pb

pytestmark = pytest.mark.postgres

DISEASE = "M07803"
PARENT = "M07800"


@pytest.fixture(autouse=True)
def opened(world):
    """The hospital settles every chronic disease, unless a test says otherwise."""
    world.callees.identity.opened |= {"14"}


def chronic(request, disease=DISEASE):
    """Makes a bill sent whole one of a chronic disease."""
    request.bill.medical_type_code, request.bill.disease_code = "140201", disease
    return request


async def full(world, settlement):
    return await world.get(settlement_id=settlement.settlement_id, view=pb.SETTLEMENT_VIEW_FULL)


async def unreadable(world, *texts):
    """Nothing in the tables, the log or these texts shows the disease."""
    for table in (*TABLES, *MORE_TABLES):
        for row in await world.sql(f'SELECT t::text AS row FROM "{table}" t'):  # noqa: S608
            assert DISEASE not in row["row"], table
            assert DISEASE.encode().hex() not in row["row"], table
    assert DISEASE.encode() not in world.log.getvalue()
    for text in texts:
        assert DISEASE.encode() not in text


async def test_a_bill_sent_whole_names_its_disease(world):
    quoted = await world.pre_settle(chronic(pre_settle_request()))
    assert quoted.settlement.disease_code == ""
    request = chronic(settle_request(quote=quoted.quote))
    settlement = (await world.settle(request)).settlement
    assert settlement.medical_type_code == "140201"
    assert settlement.disease_code == ""
    assert not settlement.HasField("bill")
    kept = await full(world, settlement)
    assert kept.disease_code == kept.bill.disease_code == DISEASE
    assert f"[{DISEASE}]" in kept.adjudication.steps[0].parameters[0].path
    case = world.callees.benefits.live[settlement.settlement_id].case
    assert (case.disease_code, case.institution_code) == (DISEASE, HOSPITAL)
    # Who follows the feed learns amounts, not what somebody is ill with.
    (event,) = await first_events(world.stub, 1)
    quote = base64.urlsafe_b64decode(quoted.quote + "=" * (-len(quoted.quote) % 4))
    await unreadable(world, event.SerializeToString(), quote)
    # A repeat answers the same; under the same id another disease is another request.
    assert (await world.settle(request)).replayed
    request.bill.disease_code = PARENT
    assert (await refused(world.settle(request))).reason == "REQUEST_ID_REUSED"


@pytest.mark.parametrize(
    ("diseases", "is_open"),
    [({PARENT}, True), ({DISEASE, "M03900"}, True), ({"M07804", "M03900"}, False)],
)
async def test_the_institution_must_have_opened_the_disease(world, diseases, is_open):
    world.callees.identity.diseases = diseases
    if is_open:
        settled = (await world.settle(chronic(settle_request()))).settlement
        assert state_name(settled) == "SETTLED"
        return
    before = await world.counts()
    refusal = await refused(world.settle(chronic(settle_request())))
    assert (refusal.code, refusal.reason) == ("FAILED_PRECONDITION", "DISEASE_NOT_OPEN")
    assert refusal.fields == ["bill.disease_code"]
    assert "病种" in refusal.zh
    assert DISEASE not in refusal.text
    refusal = await refused(world.pre_settle(chronic(pre_settle_request())))
    assert refusal.reason == "DISEASE_NOT_OPEN"
    assert await world.counts() == before


async def test_a_visit_is_registered_and_changed_only_for_what_is_opened(world):
    visits = Visits(world)
    identity = world.callees.identity
    identity.diseases = {"M03900", "M01600"}
    refusal = await refused(visits.register(register_request("14", disease_code=DISEASE)))
    assert (refusal.code, refusal.reason) == ("FAILED_PRECONDITION", "DISEASE_NOT_OPEN")
    assert refusal.fields == ["record.disease_code"]
    visit = await visits.register(register_request("14", disease_code="HBLB101"))
    refusal = await refused(visits.update(visit, disease_code=DISEASE))
    assert (refusal.code, refusal.reason) == ("FAILED_PRECONDITION", "DISEASE_NOT_OPEN")
    assert refusal.fields == ["record.disease_code"]
    changed = (await visits.update(visit, disease_code="M01609")).visit
    assert changed.record.disease_code == "M01609"
    await visits.upload(visit.visit_id, line("1"))
    # Closed in the meantime: the settlement asks again.
    identity.diseases = {PARENT}
    request = settle_visit_request(visit.visit_id, 8_000, BATCH)
    refusal = await refused(settle(world, request))
    assert (refusal.reason, refusal.fields) == ("DISEASE_NOT_OPEN", ["visit_id"])
    identity.diseases = {"M01600"}
    settlement = (await settle(world, request)).settlement
    case = world.callees.benefits.live[settlement.settlement_id].case
    assert case.disease_code == "M01609"


async def test_a_person_who_is_not_qualified(world):
    world.callees.benefits.mode = "not_qualified"
    request = chronic(settle_request())
    refusal = await refused(world.settle(request))
    assert (refusal.code, refusal.reason) == ("FAILED_PRECONDITION", "DISEASE_NOT_QUALIFIED")
    assert refusal.fields == ["bill.disease_code"]
    assert "资格" in refusal.zh
    world.callees.benefits.mode = "ok"
    assert (await refused(world.settle(request))).text == refusal.text
    failed = await world.get(request_id=request.request_id)
    assert (state_name(failed), failed.failure_reason) == ("FAILED", "DISEASE_NOT_QUALIFIED")
    await unreadable(world, failed.SerializeToString())


async def test_an_answer_that_does_not_add_up_is_kept_unreadable(world):
    world.callees.benefits.mode = "inconsistent"
    refusal = await refused(world.settle(chronic(settle_request())))
    assert refusal.reason == "ADJUDICATION_INCONSISTENT"
    await unreadable(world)


@pytest.mark.parametrize(
    "spoil",
    [
        lambda answer: setattr(answer.causes.share, "fen", answer.causes.share.fen + 1),
        lambda answer: (
            setattr(answer.causes.share, "fen", answer.causes.share.fen + 1),
            setattr(answer.causes.above_cap, "fen", -1),
        ),
        lambda answer: setattr(answer.family_account_pay, "fen", answer.account_pay.fen + 1),
        lambda answer: setattr(answer.family_account_pay, "fen", -1),
    ],
)
async def test_causes_and_relatives_that_do_not_add_up_are_not_booked(world, monkeypatch, spoil):
    benefits = world.callees.benefits
    sound = benefits.adjudicate

    def spoilt(case):
        answer = sound(case)
        spoil(answer)
        return answer

    monkeypatch.setattr(benefits, "adjudicate", spoilt)
    for call in (
        world.pre_settle(pre_settle_request(use_account=True)),
        world.settle(settle_request(use_account=True)),
    ):
        assert (await refused(call)).reason == "ADJUDICATION_INCONSISTENT"

    async def told():
        await world.pass_recovery()
        return not benefits.live

    await eventually(told)


async def test_what_was_asked_is_asked_again_after_a_lost_answer(world):
    """The disease, which the row of the request must not show, and the evidence of a filing."""
    filing, benefits = world.callees.filing, world.callees.benefits
    filing.long_term_evidence = filing_pb2.FILING_EVIDENCE_COMMITMENT
    benefits.mode = "unavailable"
    request = chronic(settle_request())
    assert (await refused(world.settle(request))).reason == "OUTCOME_PENDING"
    await unreadable(world)
    filing.long_term_evidence = filing_pb2.FILING_EVIDENCE_DOCUMENT
    benefits.mode = "ok"
    settlement = (await world.settle(request)).settlement
    case = benefits.live[settlement.settlement_id].case
    assert case.disease_code == DISEASE
    assert case.long_term_evidence == filing_pb2.FILING_EVIDENCE_COMMITMENT


@pytest.mark.parametrize("fact", ["lines", "filing"])
async def test_a_quote_holds_for_its_disease_and_its_evidence(world, fact):
    quoted = await world.pre_settle(chronic(pre_settle_request()))
    request = chronic(settle_request(quote=quoted.quote))
    if fact == "lines":
        request.bill.disease_code = PARENT
    else:
        world.callees.filing.long_term_evidence = filing_pb2.FILING_EVIDENCE_DOCUMENT
    refusal = await refused(world.settle(request))
    assert (refusal.reason, refusal.metadata["changed"]) == ("QUOTE_CHANGED", fact)


async def test_an_answer_of_the_version_before_is_read(world):
    """Rows from before are not encrypted, and cannot be: the journal is append-only."""
    world.callees.benefits.mode = "unavailable"
    request = settle_request()
    assert (await refused(world.settle(request))).reason == "OUTCOME_PENDING"
    world.is_tampered = True
    answer = adjudication_pb2.Adjudication(policy_version="650000@2017-before")
    (row,) = await world.sql(
        "INSERT INTO settlement_state_change (settlement_id, version, state, change_time,"
        " request_id, trace_id, adjudication, total_fen, fund_fen, account_fen, cash_fen)"
        " SELECT settlement_id, 2, 'SETTLED', now(), request_id, '', $1, total_fen, 0, 0, total_fen"
        " FROM settlement WHERE request_id = $2 RETURNING settlement_id",
        answer.SerializeToString(),
        UUID(request.request_id),
    )
    kept = await world.get(settlement_id=str(row["settlement_id"]))
    assert kept.state == settlement_pb2.SETTLEMENT_STATE_SETTLED
    assert kept.adjudication.policy_version == "650000@2017-before"

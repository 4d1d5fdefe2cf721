"""Nobody comes round an officer: papers that came later, papers of two, bars, changes that wait."""

import pytest

from services.filing import servicer
from tests.integration.filing.test_approval import BY_APP, COMMITMENT, HEFEI, LETTER, RESIDENCE
from tests.integration.filing.world import SHANGHAI, day, ident
from tests.integration.identity.world import insurance, person_number, persons
from tests.support.rpc import TIMEOUT_S, read_status, refused
from yijie.filing.v1 import filing_pb2 as f
from yijie.filing.v1 import filing_service_pb2 as pb

pytestmark = pytest.mark.postgres

# By Anhui's sample a commitment by the app counts at once, papers wait for an officer; online both
# wait.
COMMITTED = {
    **COMMITMENT,
    "insured_region_code": HEFEI,
    "channel": f.FILING_CHANNEL_APP,
    "documents": [LETTER],
}
COMMITTED_ONLINE = {**COMMITTED, "channel": f.FILING_CHANNEL_ONLINE, "maker_id": "maker"}


@pytest.fixture
async def hefei(world):
    """The same world; whose filings it is about is insured in Hefei."""
    world.person = await world.register(insured_region_code=HEFEI)
    return world


async def test_papers_after_a_commitment_are_taken_in_by_an_officer_where_one_looks(hefei):
    kept = await hefei.submitted(**COMMITTED)
    assert kept.state == f.FILING_STATE_LIVE
    refusal = await refused(hefei.supplement(kept.filing_id, RESIDENCE))
    assert (refusal.reason, refusal.fields) == ("FIELD_INVALID", ["maker_id"])
    answer = await hefei.supplement(kept.filing_id, RESIDENCE, maker_id="officer")
    assert answer.filing.evidence == f.FILING_EVIDENCE_DOCUMENT
    # Papers are no way out of a revocation: the commitment was false all the same.
    assert (await hefei.revoke(kept.filing_id)).filing.state == f.FILING_STATE_REVOKED
    refusal = await refused(hefei.submit(**COMMITTED))
    assert refusal.reason == "COMMITMENT_BARRED"


async def test_who_took_papers_in_does_not_decide(hefei):
    kept = await hefei.submitted(**COMMITTED_ONLINE)
    assert kept.state == f.FILING_STATE_PENDING
    await hefei.supplement(kept.filing_id, RESIDENCE, maker_id="second")
    for officer in ("maker", "second"):
        refusal = await refused(hefei.decide(kept.filing_id, checker_id=officer))
        assert refusal.reason == "SAME_OFFICER"
    assert (await hefei.decide(kept.filing_id)).filing.state == f.FILING_STATE_LIVE


async def test_a_commitment_that_waits_is_not_approved_once_another_was_false(hefei):
    waiting = await hefei.submitted(**COMMITTED_ONLINE)
    false = await hefei.submitted(**COMMITTED, target_region_code=SHANGHAI)
    await hefei.revoke(false.filing_id)
    refusal = await refused(hefei.decide(waiting.filing_id))
    assert (refusal.code, refusal.reason) == ("FAILED_PRECONDITION", "COMMITMENT_BARRED")
    assert refusal.metadata["untilDate"] == "2028-01-01"
    await hefei.supplement(waiting.filing_id, RESIDENCE, maker_id="officer")
    assert (await hefei.decide(waiting.filing_id)).filing.state == f.FILING_STATE_LIVE


async def test_a_withdrawn_commitment_bars_nobody(hefei):
    waiting = await hefei.submitted(**COMMITTED_ONLINE)
    await hefei.cancel(waiting.filing_id)
    assert (await refused(hefei.revoke(waiting.filing_id))).reason == "FILING_STATE_FORBIDS"
    assert (await hefei.submitted(**COMMITTED)).state == f.FILING_STATE_LIVE


async def test_a_revocation_says_why(world):
    kept = await world.submitted(**COMMITMENT)
    refusal = await refused(world.revoke(kept.filing_id, reason=" "))
    assert (refusal.reason, refusal.fields) == ("FIELD_INVALID", ["reason"])
    assert (await world.get(kept.filing_id)).filing.state == f.FILING_STATE_LIVE


async def test_a_filing_revoked_while_its_change_waits_stays_revoked(hefei):
    old = await hefei.submitted(**COMMITTED)
    hefei.clock.pass_time(days=100)  # the change lock is over
    new = (await hefei.change(old.filing_id, **{**BY_APP, "target_region_code": SHANGHAI})).filing
    assert new.state == f.FILING_STATE_PENDING
    await hefei.revoke(old.filing_id)
    assert (await hefei.decide(new.filing_id)).filing.state == f.FILING_STATE_LIVE
    assert (await hefei.get(old.filing_id)).filing.state == f.FILING_STATE_REVOKED
    found = await hefei.match(insured_region_code=HEFEI)
    assert found.benefit_level == pb.BENEFIT_LEVEL_UNFILED


async def test_disease_and_papers_are_read_by_the_hub_and_the_insured_province_alone(
    world, monkeypatch
):
    kept = await world.submitted(
        type=f.FILING_TYPE_REFERRAL,
        evidence=f.FILING_EVIDENCE_REFERRAL_PROOF,
        diagnosis_code="I63.900",
        documents=[f.EvidenceDocument(kind=f.EVIDENCE_KIND_REFERRAL_PROOF, document_id="P-1")],
    )

    async def seen():
        question = pb.WhatIfFilingRequest(
            person_id=world.person, insured_region_code="650100", care_region_code="640104"
        )
        answer = await world.stub.WhatIfFiling(question, timeout=10)
        return [
            (await world.get(kept.filing_id)).filing,
            *(await world.list()).filings,
            *(effect.filing for effect in answer.effects),
        ]

    # The hub, the insured province, the target; and one that is no party: it finds it by its id
    # alone.
    for province, may, times in (
        ("", True, 3),
        ("650000", True, 3),
        ("640000", False, 3),
        ("none", False, 1),
    ):
        monkeypatch.setattr(servicer, "_province", lambda _, province=province: province)
        found = await seen()
        assert len(found) == times
        for filing in found:
            assert filing.filing_id == kept.filing_id
            assert (filing.diagnosis_code == "I63.900") is may
            assert bool(filing.documents) is may


async def test_an_unknown_filing_is_unknown_whoever_asks(world, monkeypatch):
    monkeypatch.setattr(servicer, "_province", lambda _: "640000")
    assert (await refused(world.get(ident()))).reason == "RESOURCE_NOT_FOUND"


async def test_the_agency_of_another_province_changes_nothing(world, monkeypatch):
    kept = await world.submitted(**COMMITMENT)
    world.person = await world.register(insured_region_code=HEFEI)
    waiting = await world.submitted(**BY_APP)
    monkeypatch.setattr(servicer, "_province", lambda _: "640000")
    calls = {
        "filing.insured_region_code": [world.submit()],
        "filing_id": [
            world.cancel(kept.filing_id),
            world.change(kept.filing_id, target_region_code=SHANGHAI),
            world.supplement(kept.filing_id, RESIDENCE),
            world.revoke(kept.filing_id),
            world.decide(waiting.filing_id),
        ],
    }
    for field, refusing in calls.items():
        for call in refusing:
            refusal = await refused(call)
            assert (refusal.reason, refusal.fields) == ("FILING_OF_ANOTHER_PROVINCE", [field])
    # Of a batch only the entries that are not the caller's; its own are looked at.
    own = world.filing(insured_region_code="640100", target_region_code=SHANGHAI)
    foreign, asked = (await world.batch(world.filing(), own)).results
    for result, index in ((foreign, 0), (asked, 1)):
        error = read_status(result.error)
        assert error.reason == "FILING_OF_ANOTHER_PROVINCE"
        assert error.fields == [f"filings[{index}].insured_region_code"]
    assert not await world.rows("SELECT FROM filing.filing_state_change")
    assert len(await world.rows("SELECT FROM filing.filing")) == 2


async def test_a_person_with_several_insurances_files_in_each_region_that_is_in_force(world):
    entry = person_number(77)
    del entry.insurances[:]
    entry.insurances.extend(
        [
            insurance(insured_region_code="650100"),
            insurance(insured_region_code="320100", scheme_code="390", person_type_code="15"),
        ]
    )
    answer = await world.identity.UpsertPersons(persons(entry), timeout=TIMEOUT_S)
    world.person = answer.results[0].key
    by_region = {}
    for region in ("650100", "320100"):
        by_region[region] = await world.submitted(insured_region_code=region)
    refusal = await refused(world.submit(insured_region_code="131100"))
    assert refusal.reason == "FILING_OF_ANOTHER_PROVINCE"
    # Each counts for its own region's bills alone.
    await world.cancel(by_region["320100"].filing_id)
    world.clock.pass_time(days=1)
    today = day(2026, 1, 2)
    first = await world.match(today, insured_region_code="650100")
    second = await world.match(today, insured_region_code="320100")
    assert first.filing_id == by_region["650100"].filing_id
    assert second.benefit_level == pb.BENEFIT_LEVEL_UNFILED

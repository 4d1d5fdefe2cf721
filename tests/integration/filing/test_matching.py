"""MatchFiling: the level and the reason, as a settlement asks."""

import pytest

from services.kit import db
from tests.integration.filing.world import SHANGHAI, day, ident
from tests.support.rpc import TIMEOUT_S, refused
from yijie.filing.v1 import filing_pb2
from yijie.filing.v1 import filing_service_pb2 as pb

pytestmark = pytest.mark.postgres

REFERRAL = {
    "type": filing_pb2.FILING_TYPE_REFERRAL,
    "evidence": filing_pb2.FILING_EVIDENCE_REFERRAL_PROOF,
}
TEMPORARY = {"type": filing_pb2.FILING_TYPE_TEMPORARY, "evidence": 0}


async def test_a_settled_resident_in_an_emergency_is_as_at_home(world):
    kept = await world.submitted(begin_date=day(2017, 1, 1))
    answer = await world.match(day(2017, 2, 8), day(2017, 3, 31), emergency=True)
    assert answer.benefit_level == pb.BENEFIT_LEVEL_LONG_TERM
    assert answer.filing_id == kept.filing_id
    assert "第十条" in answer.explanation_zh
    assert "Art. 7, 10" in answer.explanation_en


async def test_each_level(world):
    unfiled = await world.match()
    assert (unfiled.benefit_level, unfiled.filing_id) == (pb.BENEFIT_LEVEL_UNFILED, "")
    assert "未办理" in unfiled.explanation_zh
    emergency = await world.match(emergency=True)
    assert (emergency.benefit_level, emergency.filing_id) == (pb.BENEFIT_LEVEL_EMERGENCY, "")
    temporary = await world.submitted(**TEMPORARY)
    answer = await world.match()
    assert (answer.benefit_level, answer.filing_id) == (
        pb.BENEFIT_LEVEL_TEMPORARY,
        temporary.filing_id,
    )
    referral = await world.submitted(**REFERRAL)
    answer = await world.match()
    assert (answer.benefit_level, answer.filing_id) == (
        pb.BENEFIT_LEVEL_REFERRAL,
        referral.filing_id,
    )
    long_term = await world.submitted()
    answer = await world.match()
    assert (answer.benefit_level, answer.filing_id) == (
        pb.BENEFIT_LEVEL_LONG_TERM,
        long_term.filing_id,
    )
    # Another person, another insured region, another place: their own answers.
    assert (await world.match(person_id=ident())).benefit_level == pb.BENEFIT_LEVEL_UNFILED
    elsewhere = await world.match(insured_region_code="131100")
    assert elsewhere.benefit_level == pb.BENEFIT_LEVEL_UNFILED
    assert "备案地与就医地不符" in (await world.match(care_region_code="310115")).explanation_zh


async def test_a_settled_person_referred_elsewhere(world):
    await world.submitted()
    referral = await world.submitted(**REFERRAL, target_region_code=SHANGHAI)
    answer = await world.match(care_region_code="310115")
    assert answer.benefit_level == pb.BENEFIT_LEVEL_REFERRAL
    assert answer.filing_id == referral.filing_id
    assert (await world.match()).benefit_level == pb.BENEFIT_LEVEL_LONG_TERM


async def test_what_a_long_term_filing_for_another_place_rests_on(world):
    assert (await world.match()).long_term_evidence == filing_pb2.FILING_EVIDENCE_UNSPECIFIED
    await world.submitted()  # for the place of care
    assert (await world.match()).long_term_evidence == filing_pb2.FILING_EVIDENCE_UNSPECIFIED
    await world.submitted(
        target_region_code=SHANGHAI, evidence=filing_pb2.FILING_EVIDENCE_COMMITMENT
    )
    answer = await world.match()
    assert answer.benefit_level == pb.BENEFIT_LEVEL_LONG_TERM
    assert answer.long_term_evidence == filing_pb2.FILING_EVIDENCE_COMMITMENT
    # In Shanghai the other one, with documents, is the one for another place.
    answer = await world.match(care_region_code="310115")
    assert answer.long_term_evidence == filing_pb2.FILING_EVIDENCE_DOCUMENT
    before = await world.match(day(2025, 12, 31))
    assert before.long_term_evidence == filing_pb2.FILING_EVIDENCE_UNSPECIFIED


async def test_a_cancelled_filing_counts_until_the_day_before(world):
    kept = await world.submitted()
    world.clock.pass_time(days=31)  # 2026-02-01 in Shanghai
    await world.cancel(kept.filing_id)
    before = await world.match(day(2026, 1, 31))
    assert before.benefit_level == pb.BENEFIT_LEVEL_LONG_TERM
    after = await world.match(day(2026, 2, 1))
    assert after.benefit_level == pb.BENEFIT_LEVEL_UNFILED
    assert "已撤销" in after.explanation_zh


async def test_a_filing_made_during_the_stay_counts(world):
    await world.submitted(begin_date=day(2026, 3, 12))
    stay = await world.match(day(2026, 3, 10), day(2026, 3, 12))
    assert stay.benefit_level == pb.BENEFIT_LEVEL_LONG_TERM
    short = await world.match(day(2026, 3, 10), day(2026, 3, 11))
    assert short.benefit_level == pb.BENEFIT_LEVEL_UNFILED


# A row each; one database for all, because making one takes longer than asking.
REFUSALS = [
    (
        {"insured_region_code": "659999"},
        "INVALID_ARGUMENT",
        "REGION_UNKNOWN",
        "insured_region_code",
    ),
    (
        {"care_region_code": "649999"},
        "INVALID_ARGUMENT",
        "REGION_UNKNOWN",
        "care_region_code",
    ),
    (
        {"care_region_code": "652301"},
        "FAILED_PRECONDITION",
        "NOT_CROSS_PROVINCE",
        "care_region_code",
    ),
    (
        {"until": day(2026, 3, 9)},
        "INVALID_ARGUMENT",
        "FIELD_INVALID",
        "match_until_date",
    ),
    (
        {"service_date": day(2026, 13, 1)},
        "INVALID_ARGUMENT",
        "FIELD_INVALID",
        "service_date",
    ),
    ({"person_id": "1"}, "INVALID_ARGUMENT", "FIELD_INVALID", "person_id"),
]


async def test_a_question_that_means_nothing(world):
    for parts, code, reason, field in REFUSALS:
        refusal = await refused(world.match(**parts))
        assert (refusal.code, refusal.reason, refusal.fields) == (code, reason, [field])


async def test_one_round_trip_per_match(world, monkeypatch):
    await world.submitted()
    asked = []
    fetch = db.Connection.fetch

    async def counted(self, query, *arguments):
        asked.append(db.query_name(query))
        return await fetch(self, query, *arguments)

    monkeypatch.setattr(db.Connection, "fetch", counted)
    await world.match()
    assert asked == ["filing.filings_of_person"]


async def test_a_missing_deadline_is_refused(world):
    request = pb.GetFilingRequest(filing_id=ident())
    assert (await refused(world.stub.GetFiling(request))).reason == "DEADLINE_REQUIRED"
    assert (await refused(world.stub.GetFiling(request, timeout=TIMEOUT_S))).code == "NOT_FOUND"


async def test_an_id_number_in_the_place_of_a_person_id_stays_inside(world):
    canary = "650101195001010020"
    refusals = [
        await refused(world.match(person_id=canary)),
        await refused(world.submit(person_id=canary)),
        await refused(world.submit(canary)),
        await refused(world.list(canary)),
        await refused(world.get(canary)),
    ]
    assert all(canary not in refusal.text for refusal in refusals)
    assert canary.encode() not in world.log.getvalue()

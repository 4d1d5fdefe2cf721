"""Channels, approval by rule, officer or the province's system, change, papers, revocation."""

import asyncio

import pytest

from tests.integration.filing.world import SHANGHAI, YINCHUAN, day, document, ident
from tests.support.rpc import refused
from yijie.filing.v1 import filing_pb2 as f
from yijie.filing.v1 import filing_service_pb2 as pb

pytestmark = pytest.mark.postgres

HEFEI = "340100"
COMMITMENT = {
    "type": f.FILING_TYPE_LONG_TERM_RESIDENT,
    "evidence": f.FILING_EVIDENCE_COMMITMENT,
}
LETTER = document(f.EVIDENCE_KIND_COMMITMENT_LETTER, "L-1")
RESIDENCE = document(f.EVIDENCE_KIND_RESIDENCE_PROOF, "RP-77", day(2026, 1, 5))
# The shipped terms of Anhui, a sample: papers that come by the app go before an officer.
BY_APP = {
    "insured_region_code": HEFEI,
    "type": f.FILING_TYPE_LONG_TERM_RESIDENT,
    "channel": f.FILING_CHANNEL_APP,
    "maker_id": "maker",
    "documents": [RESIDENCE],
}
BY_INSTITUTION = {
    "insured_region_code": HEFEI,
    "type": f.FILING_TYPE_REFERRAL,
    "evidence": f.FILING_EVIDENCE_REFERRAL_PROOF,
    "channel": f.FILING_CHANNEL_INSTITUTION,
    "referring_institution_code": "H34010000001",
    "diagnosis_code": "I63.900",
}


@pytest.fixture
async def hefei(world):
    """The same world; whose filings it is about is insured in Hefei."""
    world.person = await world.register(insured_region_code=HEFEI)
    return world


async def level(world, on=None, **parts):
    answer = await world.match(on, insured_region_code=HEFEI, **parts)
    return pb.BenefitLevel.Name(answer.benefit_level).removeprefix("BENEFIT_LEVEL_")


# --- decisions ----------------------------------------------------------------------------------


async def test_what_an_officer_decides_does_not_count_before(hefei):
    kept = (await hefei.submit(**BY_APP)).filing
    assert kept.state == f.FILING_STATE_PENDING
    assert kept.approval == f.APPROVAL_WAY_OFFICER
    assert "审核" in kept.state_reason_zh
    assert "(Art. 8, 9)" in kept.state_reason_en
    assert await level(hefei) == "UNFILED"
    assert (
        await refused(hefei.decide(kept.filing_id, checker_id="maker"))
    ).reason == "SAME_OFFICER"
    hefei.clock.pass_time(days=2)
    request_id = ident()
    answer = await hefei.decide(kept.filing_id, request_id=request_id)
    assert answer.filing.state == f.FILING_STATE_LIVE
    assert answer.filing.checker_id == "checker"
    assert answer.filing.update_time.ToDatetime() == hefei.clock.now().replace(tzinfo=None)
    assert await level(hefei, day(2026, 1, 1)) == "LONG_TERM"
    assert await hefei.decide(kept.filing_id, request_id=request_id) == answer
    refusal = await refused(hefei.decide(kept.filing_id))
    assert (refusal.code, refusal.reason) == ("FAILED_PRECONDITION", "FILING_STATE_FORBIDS")
    assert refusal.metadata["state"] == "LIVE"
    assert (await hefei.get(kept.filing_id)).filing.state_reason_zh == answer.filing.state_reason_zh


async def test_the_province_s_system_decides_what_its_terms_leave_to_it(hefei):
    kept = (await hefei.submit(**BY_INSTITUTION)).filing
    assert kept.approval == f.APPROVAL_WAY_PROVINCE_SYSTEM
    refusal = await refused(hefei.decide(kept.filing_id))
    assert refusal.metadata["approval"] == "PROVINCE_SYSTEM"
    answer = await hefei.decide(kept.filing_id, by_system=True)
    assert answer.filing.state == f.FILING_STATE_LIVE
    assert "参保省系统" in answer.filing.state_reason_zh
    assert await level(hefei) == "REFERRAL"


async def test_a_refusal_says_why_and_never_counts(hefei):
    kept = (await hefei.submit(**BY_APP)).filing
    decide = {"decision": pb.FILING_DECISION_REFUSE}
    for reason in ("", "  "):
        refusal = await refused(hefei.decide(kept.filing_id, reason=reason, **decide))
        assert (refusal.reason, refusal.fields) == ("FIELD_INVALID", ["reason"])
    answer = await hefei.decide(kept.filing_id, reason="居住证明已过期", **decide)
    assert answer.filing.state == f.FILING_STATE_REFUSED
    # The officer's words are told by reading, and are in no stored answer.
    assert "居住证明已过期" not in answer.filing.state_reason_zh
    read = (await hefei.get(kept.filing_id)).filing
    assert read.state_reason_zh.endswith("说明：居住证明已过期")
    assert "居住证明已过期" in read.state_reason_en
    answer = await hefei.match(insured_region_code=HEFEI)
    assert answer.benefit_level == pb.BENEFIT_LEVEL_UNFILED
    assert "审核未通过" in answer.explanation_zh
    assert (await refused(hefei.cancel(kept.filing_id))).reason == "FILING_NOT_LIVE"


async def test_a_withdrawn_filing_never_counted(hefei):
    kept = (await hefei.submit(**BY_APP)).filing
    hefei.clock.pass_time(days=20)
    answer = await hefei.cancel(kept.filing_id)
    assert answer.filing.state == f.FILING_STATE_CANCELLED
    assert await level(hefei, day(2026, 1, 10)) == "UNFILED"
    assert (await refused(hefei.decide(kept.filing_id))).reason == "FILING_STATE_FORBIDS"


async def test_two_decisions_at_once_are_one(hefei):
    kept = (await hefei.submit(**BY_APP)).filing
    outcomes = await asyncio.gather(
        hefei.decide(kept.filing_id),
        hefei.decide(kept.filing_id, decision=pb.FILING_DECISION_REFUSE, reason="不符"),
        hefei.cancel(kept.filing_id),
        return_exceptions=True,
    )
    assert 1 <= sum(not isinstance(one, BaseException) for one in outcomes) <= 2
    history = await hefei.rows("SELECT state FROM filing.filing_state_change ORDER BY sequence")
    assert [row["state"] for row in history] in (
        ["LIVE"],
        ["REFUSED"],
        ["CANCELLED"],
        ["LIVE", "CANCELLED"],
    )


async def test_by_the_window_it_counts_at_once(hefei):
    parts = {**BY_APP, "channel": f.FILING_CHANNEL_WINDOW}
    assert (await hefei.submit(**parts)).filing.state == f.FILING_STATE_LIVE
    unstated = {**BY_APP, "channel": 0}
    kept = (await hefei.submit(**unstated)).filing
    assert (kept.state, kept.channel) == (f.FILING_STATE_LIVE, f.FILING_CHANNEL_WINDOW)
    assert kept.sample_terms
    assert kept.locked_until_date == day(2026, 4, 1)


async def test_where_papers_must_be_listed(hefei):
    refusal = await refused(hefei.submit(**{**BY_APP, "documents": []}))
    assert (refusal.reason, refusal.fields) == ("FILING_EVIDENCE_MISSING", ["filing.documents"])
    assert await hefei.rows("SELECT filing_id FROM filing.filing") == []


# --- change -------------------------------------------------------------------------------------


async def test_a_filing_is_changed_to_another_place(world):
    old = await world.submitted()
    world.clock.pass_time(days=31)  # 2026-02-01
    request_id = ident()
    wanted = {"target_region_code": SHANGHAI, "begin_date": day(2026, 2, 15)}
    answer = await world.change(old.filing_id, request_id, **wanted)
    assert answer.filing.state == f.FILING_STATE_LIVE
    assert answer.changed_filing.state == f.FILING_STATE_CHANGED
    assert answer.changed_filing.changed_to_filing_id == answer.filing.filing_id
    assert answer.changed_filing.last_day == day(2026, 2, 14)
    assert "变更" in answer.changed_filing.state_reason_zh
    assert await world.change(old.filing_id, request_id, **wanted) == answer
    levels = {
        (care, number): (
            await world.match(day(2026, 2, number), care_region_code=care)
        ).benefit_level
        for care in ("640104", "310115")
        for number in (14, 15)
    }
    assert levels == {
        ("640104", 14): pb.BENEFIT_LEVEL_LONG_TERM,
        ("640104", 15): pb.BENEFIT_LEVEL_UNFILED,
        ("310115", 14): pb.BENEFIT_LEVEL_UNFILED,
        ("310115", 15): pb.BENEFIT_LEVEL_LONG_TERM,
    }
    assert (await refused(world.change(old.filing_id, **wanted))).reason == "FILING_NOT_LIVE"
    assert (await refused(world.cancel(old.filing_id))).reason == "FILING_NOT_LIVE"


async def test_a_change_that_waits_leaves_the_old_filing_as_it_is(hefei):
    old = (await hefei.submit(**{**BY_APP, "channel": 0})).filing
    assert (await refused(hefei.change(old.filing_id, **BY_APP))).reason == "FILING_LOCKED"
    hefei.clock.pass_time(days=100)  # 2026-04-11
    wanted = {**BY_APP, "target_region_code": SHANGHAI, "begin_date": day(2026, 4, 12)}
    answer = await hefei.change(old.filing_id, **wanted)
    assert answer.filing.state == f.FILING_STATE_PENDING
    assert answer.changed_filing.state == f.FILING_STATE_LIVE
    assert (await refused(hefei.change(old.filing_id, **wanted))).reason == "FILING_STATE_FORBIDS"
    hefei.clock.pass_time(days=4)  # 2026-04-15
    assert await level(hefei, day(2026, 4, 14)) == "LONG_TERM"
    await hefei.decide(answer.filing.filing_id)
    changed = (await hefei.get(old.filing_id)).filing
    # Not before the decision: what was settled in between stays as it was.
    assert changed.state == f.FILING_STATE_CHANGED
    assert changed.last_day == day(2026, 4, 14)
    assert await level(hefei, day(2026, 4, 15)) == "UNFILED"
    assert await level(hefei, day(2026, 4, 15), care_region_code="310115") == "LONG_TERM"


@pytest.mark.parametrize("after", ["refuse", "withdraw"])
async def test_a_change_that_comes_to_nothing(hefei, after):
    old = (await hefei.submit(**{**BY_APP, "channel": 0})).filing
    hefei.clock.pass_time(days=100)
    wanted = {**BY_APP, "target_region_code": SHANGHAI, "begin_date": day(2026, 4, 12)}
    new = (await hefei.change(old.filing_id, **wanted)).filing
    if after == "refuse":
        await hefei.decide(new.filing_id, decision=pb.FILING_DECISION_REFUSE, reason="不符")
    else:
        await hefei.cancel(new.filing_id)
    assert (await hefei.get(old.filing_id)).filing.state == f.FILING_STATE_LIVE
    assert (await hefei.change(old.filing_id, **wanted)).filing.state == f.FILING_STATE_PENDING


async def test_what_a_change_is_refused_for(world):
    old = await world.submitted()
    other = await world.register()
    refusals = [
        ({"person_id": other}, "FIELD_INVALID", "filing.person_id"),
        ({"insured_region_code": "131100"}, "FIELD_INVALID", "filing.insured_region_code"),
        ({"target_region_code": "640104"}, "FIELD_INVALID", "filing.target_region_code"),
        ({"evidence": 0}, "FILING_EVIDENCE_MISSING", "filing.evidence"),
    ]
    for changes, reason, field in refusals:
        refusal = await refused(world.change(old.filing_id, **changes))
        assert (refusal.reason, refusal.fields[0]) == (reason, field)
    assert (await refused(world.change(ident()))).reason == "RESOURCE_NOT_FOUND"
    assert (await world.get(old.filing_id)).filing.state == f.FILING_STATE_LIVE


async def test_of_two_changes_at_once_one_is_made(world):
    old = await world.submitted()
    outcomes = await asyncio.gather(
        world.change(old.filing_id, target_region_code=SHANGHAI),
        world.change(old.filing_id, target_region_code="440300"),
        return_exceptions=True,
    )
    assert sum(not isinstance(one, BaseException) for one in outcomes) == 1
    assert len((await world.list()).filings) == 2


# --- papers behind a commitment -----------------------------------------------------------------


async def test_a_commitment_becomes_documented(world):
    kept = await world.submitted(**COMMITMENT, documents=[LETTER], target_region_code=SHANGHAI)
    for documents in ([LETTER], [document(f.EVIDENCE_KIND_WORK_CONTRACT)]):
        refusal = await refused(world.supplement(kept.filing_id, *documents))
        assert (refusal.reason, refusal.fields) == ("FILING_EVIDENCE_MISSING", ["documents"])
    world.clock.pass_time(days=31)  # 2026-02-01
    answer = await world.supplement(kept.filing_id, RESIDENCE, maker_id="window-3")
    assert answer.filing.evidence == f.FILING_EVIDENCE_DOCUMENT
    assert answer.filing.state == f.FILING_STATE_LIVE
    read = (await world.get(kept.filing_id)).filing
    assert list(read.documents) == [LETTER, RESIDENCE]
    before = await world.match(day(2026, 1, 31))
    assert before.long_term_evidence == f.FILING_EVIDENCE_COMMITMENT
    after = await world.match(day(2026, 2, 1))
    assert after.long_term_evidence == f.FILING_EVIDENCE_DOCUMENT
    refusal = await refused(world.supplement(kept.filing_id, RESIDENCE))
    assert refusal.reason == "FILING_STATE_FORBIDS"
    assert (await refused(world.supplement(ident(), RESIDENCE))).reason == "RESOURCE_NOT_FOUND"


async def test_a_false_commitment_never_counted_and_bars_the_next(world):
    kept = await world.submitted(**COMMITMENT)
    world.clock.pass_time(days=31)
    assert (await world.match(day(2026, 1, 10))).benefit_level == pb.BENEFIT_LEVEL_LONG_TERM
    refusal = await refused(world.revoke(kept.filing_id, checker_id="finder"))
    assert (refusal.reason, refusal.fields) == ("SAME_OFFICER", ["checker_id"])
    request_id = ident()
    answer = await world.revoke(kept.filing_id, request_id=request_id)
    assert answer.filing.state == f.FILING_STATE_REVOKED
    assert answer.commitments_barred_until_date == day(2028, 2, 1)
    assert await world.revoke(kept.filing_id, request_id=request_id) == answer
    found = await world.match(day(2026, 1, 10))
    assert found.benefit_level == pb.BENEFIT_LEVEL_UNFILED
    assert "自始无效" in found.explanation_zh
    assert "居住地不实" in (await world.get(kept.filing_id)).filing.state_reason_zh

    refusal = await refused(world.submit(**COMMITMENT))
    assert (refusal.code, refusal.reason) == ("FAILED_PRECONDITION", "COMMITMENT_BARRED")
    assert refusal.metadata["untilDate"] == "2028-02-01"
    assert refusal.fields == ["filing.evidence"]
    assert (await world.submit()).filing.state == f.FILING_STATE_LIVE
    other = await world.register()
    assert (await world.submit(person_id=other, **COMMITMENT)).filing.filing_id
    world.clock.pass_time(days=730)
    assert (await world.submit(**COMMITMENT)).filing.state == f.FILING_STATE_LIVE


async def test_an_expired_filing_can_still_be_found_false(world):
    kept = await world.submitted(**COMMITMENT, end_date=day(2026, 1, 31))
    world.clock.pass_time(days=60)
    read = (await world.get(kept.filing_id)).filing
    assert read.state == f.FILING_STATE_EXPIRED
    assert "有效期" in read.state_reason_zh
    assert (await world.list()).filings[0].state == f.FILING_STATE_EXPIRED
    assert (await world.revoke(kept.filing_id)).filing.state == f.FILING_STATE_REVOKED


# --- readmission --------------------------------------------------------------------------------


async def test_a_readmission_for_the_same_disease(world):
    proof = {
        "type": f.FILING_TYPE_REFERRAL,
        "evidence": f.FILING_EVIDENCE_REFERRAL_PROOF,
        "diagnosis_code": "I63.900",
    }
    first = await world.submitted(**proof)
    world.clock.pass_time(days=200)  # it has ended
    again = {
        "type": f.FILING_TYPE_REFERRAL,
        "evidence": f.FILING_EVIDENCE_UNSPECIFIED,
        "previous_filing_id": first.filing_id,
        "begin_date": day(2026, 7, 20),
    }
    for changes in (
        {"diagnosis_code": "J18.900"},
        {"diagnosis_code": "I63.801", "target_region_code": SHANGHAI},
        {"diagnosis_code": "I63.801", "person_id": await world.register()},
        {"diagnosis_code": "I63.801", "previous_filing_id": ident()},
    ):
        refusal = await refused(world.submit(**{**again, **changes}))
        assert refusal.reason == "FILING_EVIDENCE_MISSING", changes
        assert refusal.fields == ["filing.previous_filing_id"]
    kept = await world.submitted(**again, diagnosis_code="I63.801")
    assert kept.previous_filing_id == first.filing_id
    found = await world.match(day(2026, 7, 21))
    assert (found.benefit_level, found.filing_id) == (pb.BENEFIT_LEVEL_REFERRAL, kept.filing_id)


async def test_a_referral_of_who_lives_at_another_place(world):
    await world.submitted(target_region_code=YINCHUAN)
    await world.submitted(target_region_code=SHANGHAI, **COMMITMENT)
    live = [filing.state for filing in (await world.list()).filings]
    assert live == [f.FILING_STATE_LIVE] * 2

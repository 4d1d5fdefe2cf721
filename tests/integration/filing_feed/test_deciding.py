"""Goal: a filing that waits is seen by who decides, and its stay is warned of until it is live."""

import pytest

from services.kit import wire
from tests.integration.filing_feed.harness import ADMITTED, TODAY, admission, ident
from tests.support.rpc import refused
from yijie.filing.v1 import filing_feed_service_pb2 as feed_pb
from yijie.filing.v1 import filing_pb2
from yijie.filing.v1 import filing_service_pb2 as pb

pytestmark = pytest.mark.postgres

ANHUI, NINGXIA = "340000", "640000"
# The sample terms of 安徽: papers that come by the app are looked at by an officer.
LOOKED_AT = {
    "insured_region_code": "340100",
    "channel": filing_pb2.FILING_CHANNEL_APP,
    "documents": [
        filing_pb2.EvidenceDocument(
            kind=filing_pb2.EVIDENCE_KIND_HOUSEHOLD_REGISTER, document_id="paper-1"
        )
    ],
}


async def decide(world, filing_id, decision, reason=""):
    request = pb.DecideFilingRequest(
        request_id=ident(),
        filing_id=filing_id,
        decision=decision,
        checker_id="officer-2",
        reason=reason,
    )
    return (await world.filings.DecideFiling(request, timeout=10)).filing


async def test_a_pending_filing_warns_until_it_is_approved(world):
    person = ident()
    await world.stays.tell(admission(person, ident(), insured_region_code="340100"))
    await world.warning_events(1)
    waiting = await world.submit(person, **LOOKED_AT)
    assert waiting.state == filing_pb2.FILING_STATE_PENDING
    assert len((await world.list_warnings()).warnings) == 1
    (row,) = await world.summarize(insured_province_code=ANHUI)
    assert (row.pending_count, row.approved_count, row.delivered_count) == (1, 0, 0)
    ((event,), cursor) = await world.filing_events(1, province_code=NINGXIA)
    assert event.filing.state == filing_pb2.FILING_STATE_PENDING
    await world.acknowledge(NINGXIA, feed_pb.FilingAcknowledgement(event_id=event.event_id))
    await decide(world, waiting.filing_id, pb.FILING_DECISION_APPROVE)
    events, _ = await world.warning_events(3)
    assert [event.warning.state for event in events] == [
        feed_pb.WARNING_STATE_OPEN,
        feed_pb.WARNING_STATE_OPEN,
        feed_pb.WARNING_STATE_RESOLVED,
    ]
    assert "审核" in events[1].warning.explanation_zh
    # The pending one was given already; what counts as delivered is the approved one.
    (row,) = await world.summarize()
    assert (row.pending_count, row.approved_count, row.delivered_count) == (0, 1, 0)
    assert row.acknowledged_count == 0
    ((event,), _) = await world.filing_events(1, after=cursor, province_code=NINGXIA)
    (row,) = await world.summarize()
    assert (row.delivered_count, row.acknowledged_count) == (1, 0)
    await world.acknowledge(NINGXIA, feed_pb.FilingAcknowledgement(event_id=event.event_id))
    (row,) = await world.summarize()
    assert (row.acknowledged_count, row.success_per_mille) == (1, 1000)


async def test_the_officer_s_words_are_for_the_insured_province(world):
    waiting = await world.submit(ident(), **LOOKED_AT)
    await decide(world, waiting.filing_id, pb.FILING_DECISION_REFUSE, "户口簿页不全")
    events, _ = await world.filing_events(2, province_code=ANHUI)
    assert "户口簿页不全" in events[1].filing.state_reason_zh
    assert "户口簿页不全" not in events[0].filing.state_reason_zh
    events, _ = await world.filing_events(2, province_code=NINGXIA)
    assert all("户口簿页不全" not in str(event.filing) for event in events)
    (row,) = await world.summarize()
    assert (row.submitted_count, row.refused_count) == (1, 1)


async def what_if(world, person, care, **parts):
    request = pb.WhatIfFilingRequest(
        person_id=person, insured_region_code="650100", care_region_code=care, **parts
    )
    return await world.filings.WhatIfFiling(request, timeout=10)


async def test_what_filings_mean_is_answered_for_a_place_and_a_date(world):
    person = ident()
    kept = await world.submit(
        person,
        evidence=filing_pb2.FILING_EVIDENCE_COMMITMENT,
        documents=[
            filing_pb2.EvidenceDocument(
                kind=filing_pb2.EVIDENCE_KIND_COMMITMENT_LETTER, document_id="letter-1"
            )
        ],
    )
    there = await what_if(world, person, "640104")
    assert there.benefit_level == pb.BENEFIT_LEVEL_LONG_TERM
    assert there.filing_id == kept.filing_id
    (effect,) = there.effects
    assert (effect.counts, effect.benefit_level) == (True, pb.BENEFIT_LEVEL_LONG_TERM)
    assert effect.filing.documents[0].document_id == "letter-1"
    assert not there.options
    before = await what_if(world, person, "640104", service_date=wire.write_date(ADMITTED))
    assert before.benefit_level == pb.BENEFIT_LEVEL_UNFILED
    assert len(before.effects) == 1
    assert not before.effects[0].counts
    home = await what_if(world, person, "650104", service_date=wire.write_date(TODAY))
    assert home.benefit_level == pb.BENEFIT_LEVEL_UNSPECIFIED
    assert home.two_way_benefit == pb.TWO_WAY_BENEFIT_AFTER_DOCUMENTS
    assert home.explanation_zh
    elsewhere = await what_if(world, person, "310115", emergency=True)
    assert elsewhere.benefit_level == pb.BENEFIT_LEVEL_EMERGENCY
    assert [option.benefit_level for option in elsewhere.options] == [
        *[pb.BENEFIT_LEVEL_LONG_TERM] * 3,
        pb.BENEFIT_LEVEL_REFERRAL,
    ]
    assert elsewhere.options[3].type == filing_pb2.FILING_TYPE_REFERRAL
    assert list(elsewhere.options[3].evidence) == [filing_pb2.FILING_EVIDENCE_REFERRAL_PROOF]
    unknown = await refused(what_if(world, person, "649999"))
    assert (unknown.reason, unknown.fields) == ("REGION_UNKNOWN", ["care_region_code"])

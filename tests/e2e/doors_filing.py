"""Doors of filings and stays: filed, decided, changed, revoked, told to provinces, warned of."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any
from uuid import uuid4

from services.kit.clock import SystemClock, civil_date
from services.kit.wire import write_date
from tests.e2e.canaries import (
    CARD,
    CERT,
    DIAGNOSIS,
    DOCUMENT,
    EXPECTED,
    NAME,
    PHONE,
    REASON,
    SIGNED,
    Visit,
)
from tests.e2e.doors_identity import FEED_S, events
from tests.support.rpc import TIMEOUT_S
from yijie.common.v1 import bill_pb2
from yijie.filing.v1 import filing_feed_service_pb2 as feed_pb
from yijie.filing.v1 import filing_pb2
from yijie.filing.v1 import filing_service_pb2 as pb
from yijie.settlement.v1 import settlement_service_pb2, visit_pb2, visit_service_pb2

TODAY = civil_date(SystemClock().now())
SHANGHAI, ANHUI, TIANJIN_HOSPITAL = "310000", "340000", "H12000099001"


def filing(visit: Visit, **changes: Any) -> filing_pb2.Filing:
    """A referral of the canary person, with disease and papers."""
    parts: dict[str, Any] = {
        "person_id": visit.person_id,
        "insured_region_code": "340100",
        "target_region_code": SHANGHAI,
        "type": filing_pb2.FILING_TYPE_REFERRAL,
        "evidence": filing_pb2.FILING_EVIDENCE_REFERRAL_PROOF,
        "begin_date": write_date(TODAY),
        "channel": filing_pb2.FILING_CHANNEL_WINDOW,
        "maker_id": "officer-1",
        "diagnosis_code": DIAGNOSIS,
        "documents": [paper("REFERRAL_PROOF")],
    }
    return filing_pb2.Filing(**{**parts, **changes})


def paper(kind: str) -> filing_pb2.EvidenceDocument:
    return filing_pb2.EvidenceDocument(
        kind=f"EVIDENCE_KIND_{kind}", document_id=DOCUMENT, issue_date=write_date(SIGNED)
    )


def residence(visit: Visit, **changes: Any) -> filing_pb2.Filing:
    """A long-term filing of the canary person, with papers."""
    parts: dict[str, Any] = {
        "type": filing_pb2.FILING_TYPE_LONG_TERM_RESIDENT,
        "evidence": filing_pb2.FILING_EVIDENCE_DOCUMENT,
        "diagnosis_code": "",
        "documents": [paper("RESIDENCE_PROOF")],
    }
    return filing(visit, **{**parts, **changes})


COMMITTED = {
    "evidence": filing_pb2.FILING_EVIDENCE_COMMITMENT,
    "documents": [paper("COMMITMENT_LETTER")],
}


async def submit(visit: Visit, wanted: filing_pb2.Filing) -> filing_pb2.Filing:
    request = pb.SubmitFilingRequest(request_id=str(uuid4()), filing=wanted)
    answer = await visit.province.filing.SubmitFiling(visit.sent(request), timeout=TIMEOUT_S)
    visit.refusals.append(("filed", answer.SerializeToString()))
    return answer.filing  # type: ignore[no-any-return]


async def file(visit: Visit) -> None:
    """Files by every way of deciding, and takes each filing through what may become of it."""
    service = visit.province.filing
    referral = await submit(visit, filing(visit))
    full = await service.GetFiling(
        pb.GetFilingRequest(filing_id=referral.filing_id), timeout=TIMEOUT_S
    )
    # It is held, but not in the clear.
    assert full.filing.diagnosis_code == DIAGNOSIS
    assert full.filing.documents[0].document_id == DOCUMENT
    changed = pb.ChangeFilingRequest(
        request_id=str(uuid4()),
        filing_id=referral.filing_id,
        filing=filing(visit, target_region_code="320100"),
    )
    await service.ChangeFiling(visit.sent(changed), timeout=TIMEOUT_S)
    await decide(visit)

    committed = await submit(visit, residence(visit, **COMMITTED))
    papers = pb.SupplementFilingRequest(
        request_id=str(uuid4()),
        filing_id=committed.filing_id,
        documents=[paper("RESIDENCE_PROOF")],
        maker_id="officer-1",
    )
    await service.SupplementFiling(visit.sent(papers), timeout=TIMEOUT_S)
    papers.documents[0].document_id = NAME
    await visit.refused(service.SupplementFiling(visit.sent(papers), timeout=TIMEOUT_S))

    false = await submit(visit, residence(visit, **COMMITTED))
    revocation = pb.RevokeFilingRequest(
        request_id=str(uuid4()),
        filing_id=false.filing_id,
        maker_id="officer-1",
        checker_id="officer-1",
        reason=REASON,
    )
    await visit.refused(service.RevokeFiling(visit.sent(revocation), timeout=TIMEOUT_S))
    revocation.checker_id = "officer-2"
    await service.RevokeFiling(visit.sent(revocation), timeout=TIMEOUT_S)
    # Other words under the same id: the two contents are compared.
    revocation.reason += "。"
    await visit.refused(service.RevokeFiling(visit.sent(revocation), timeout=TIMEOUT_S))
    await visit.refused(submit(visit, residence(visit, **COMMITTED)))  # barred
    cancelled = pb.CancelFilingRequest(request_id=CERT, filing_id=NAME)
    await visit.refused(service.CancelFiling(cancelled, timeout=TIMEOUT_S))


async def decide(visit: Visit) -> None:
    """Refuses with words what waits for an officer, and for the province's own system."""
    service = visit.province.filing
    for channel, by_system in (("APP", False), ("INSTITUTION", True)):
        waiting = await submit(
            visit, residence(visit, channel=f"FILING_CHANNEL_{channel}", maker_id="")
        )
        assert waiting.state == filing_pb2.FILING_STATE_PENDING
        decision = pb.DecideFilingRequest(
            request_id=str(uuid4()),
            filing_id=waiting.filing_id,
            decision=pb.FILING_DECISION_REFUSE,
            checker_id="officer-2",
            by_system=not by_system,
            reason=f"{REASON} {NAME}",
        )
        await visit.refused(service.DecideFiling(visit.sent(decision), timeout=TIMEOUT_S))
        decision.by_system = by_system
        await service.DecideFiling(visit.sent(decision), timeout=TIMEOUT_S)
        decision.request_id = str(uuid4())
        await visit.refused(service.DecideFiling(visit.sent(decision), timeout=TIMEOUT_S))
        full = await service.GetFiling(
            pb.GetFilingRequest(filing_id=waiting.filing_id), timeout=TIMEOUT_S
        )
        assert REASON in full.filing.state_reason_zh


async def be_refused(visit: Visit) -> None:
    """Filings with canaries in every field that takes text, one by one and in a batch."""
    service = visit.province.filing
    bad = [
        filing(visit, person_id=CERT),
        filing(visit, person_id=str(uuid4())),
        filing(visit, insured_region_code=CERT),
        filing(visit, insured_region_code="650100"),
        filing(visit, target_region_code=NAME),
        filing(visit, maker_id=NAME),
        filing(visit, referring_institution_code=CARD),
        filing(visit, diagnosis_code=f"{NAME}{DIAGNOSIS}"),
        filing(visit, previous_filing_id=CERT),
        filing(visit, previous_filing_id=str(uuid4())),
        filing(visit, documents=[filing_pb2.EvidenceDocument(kind=7, document_id=NAME)]),
        filing(visit, documents=[paper("WORK_CONTRACT")]),
        filing(visit, begin_date=write_date(SIGNED)),
        filing(visit, end_date=write_date(SIGNED)),
        residence(visit, diagnosis_code=DIAGNOSIS),
    ]
    for one in bad:
        request = pb.SubmitFilingRequest(request_id=str(uuid4()), filing=one)
        await visit.refused(service.SubmitFiling(visit.sent(request), timeout=TIMEOUT_S))
    for dry_run in (True, False):
        batch = pb.SubmitFilingsRequest(
            request_id=str(uuid4()), filings=[filing(visit), *bad], dry_run=dry_run
        )
        answer = await service.SubmitFilings(visit.sent(batch), timeout=TIMEOUT_S)
        assert answer.results[0].WhichOneof("outcome") == "filing"
        visit.refusals.append(("filed", answer.results[0].SerializeToString()))
        visit.keep_entries(one.error for one in answer.results[1:])
        assert all(one.WhichOneof("outcome") == "error" for one in answer.results[1:])
    question = pb.WhatIfFilingRequest(
        person_id=visit.person_id, insured_region_code="340100", care_region_code=SHANGHAI
    )
    assert (await service.WhatIfFiling(question, timeout=TIMEOUT_S)).effects
    question.care_region_code = CERT
    await visit.refused(service.WhatIfFiling(question, timeout=TIMEOUT_S))
    question.person_id = NAME
    await visit.refused(service.WhatIfFiling(question, timeout=TIMEOUT_S))
    listing = pb.ListFilingsRequest(person_id=visit.person_id, page_token=CERT)
    await visit.refused(service.ListFilings(listing, timeout=TIMEOUT_S))


async def deliver(visit: Visit) -> None:
    """Gives the filings to the provinces: disease and papers to the insured one alone."""
    feeds = visit.province.filing_feed
    seen: dict[str, list[Any]] = {}
    for province in (ANHUI, SHANGHAI, ""):
        feed = feeds.SubscribeFilings(
            feed_pb.SubscribeFilingsRequest(province_code=province), timeout=FEED_S
        )
        found = seen.setdefault(province, [])
        async for response in feed:
            found += [one for one in response.events if one.filing.person_id == visit.person_id]
            if found:
                break
        feed.cancel()
    assert any(one.filing.diagnosis_code == DIAGNOSIS for one in seen[ANHUI])
    assert seen[SHANGHAI]
    assert seen[""]
    visit.refusals += [("event", one.SerializeToString()) for one in (*seen[SHANGHAI], *seen[""])]
    said = feed_pb.AcknowledgeFilingsRequest(request_id=str(uuid4()), care_province_code=SHANGHAI)
    said.acknowledgements.add(event_id=seen[SHANGHAI][0].event_id, refused=True, reason=REASON)
    said.acknowledgements.add(event_id=2**60, refused=True, reason=f"{REASON} {NAME}")
    answer = await feeds.AcknowledgeFilings(visit.sent(said), timeout=TIMEOUT_S)
    visit.refusals.append(("acknowledged", answer.SerializeToString()))
    said.care_province_code = CERT
    await visit.refused(feeds.AcknowledgeFilings(visit.sent(said), timeout=TIMEOUT_S))
    for attempt in (
        feeds.SubscribeFilings(
            feed_pb.SubscribeFilingsRequest(after_cursor=CERT), timeout=TIMEOUT_S
        ).read(),
        feeds.SubscribeWarnings(
            feed_pb.SubscribeWarningsRequest(province_code=NAME), timeout=TIMEOUT_S
        ).read(),
        feeds.ListWarnings(feed_pb.ListWarningsRequest(page_token=CERT), timeout=TIMEOUT_S),
    ):
        await visit.refused(attempt)


async def recompute(visit: Visit) -> None:
    """Files after a bill was settled, and has the bill computed anew."""
    settlement = visit.province.settlement
    posted = residence(
        visit,
        insured_region_code="131100",
        target_region_code="110000",
        type=filing_pb2.FILING_TYPE_POSTED_WORKER,
        begin_date=write_date(date(2021, 3, 1)),
        documents=[paper("WORK_CONTRACT")],
    )
    await submit(visit, posted)
    request = settlement_service_pb2.RecomputeSettlementRequest(
        request_id=str(uuid4()), settlement_id=visit.settlement_id
    )
    answer = await settlement.RecomputeSettlement(request, timeout=TIMEOUT_S)
    assert answer.changed
    for wrong in (
        settlement_service_pb2.RecomputeSettlementRequest(
            request_id=CERT, settlement_id=visit.settlement_id
        ),
        settlement_service_pb2.RecomputeSettlementRequest(
            request_id=str(uuid4()), settlement_id=NAME
        ),
    ):
        await visit.refused(settlement.RecomputeSettlement(wrong, timeout=TIMEOUT_S))


async def stay(visit: Visit) -> None:
    """Is admitted without a filing: both provinces are warned; then files, and leaves."""
    visits = visit.province.visits
    request = visit_service_pb2.RegisterVisitRequest(
        request_id=str(uuid4()),
        institution_code=TIANJIN_HOSPITAL,
        patient=visit.patient("CARD", CARD),
        record=visit_pb2.VisitRecord(
            contact_phone=PHONE,
            medical_type_code="21",
            begin_date=write_date(TODAY - timedelta(days=2)),
            admission_diagnoses=[bill_pb2.Diagnosis(diagnosis_code=DIAGNOSIS, main=True)],
            scheme_code="310",
            expected_discharge_date=write_date(EXPECTED),
        ),
    )
    answer = await visits.RegisterVisit(visit.sent(request), timeout=TIMEOUT_S)
    assert answer.visit.record.expected_discharge_date == write_date(EXPECTED)
    for field, value in (("referring_institution_code", CARD), ("scheme_code", NAME)):
        wrong = visit_service_pb2.RegisterVisitRequest()
        wrong.CopyFrom(request)
        wrong.request_id = str(uuid4())
        setattr(wrong.record, field, value)
        await visit.refused(visits.RegisterVisit(visit.sent(wrong), timeout=TIMEOUT_S))
    early = visit_service_pb2.RegisterVisitRequest()
    early.CopyFrom(request)
    early.request_id = str(uuid4())
    early.record.expected_discharge_date.CopyFrom(write_date(SIGNED))
    await visit.refused(visits.RegisterVisit(visit.sent(early), timeout=TIMEOUT_S))
    await be_warned_of(visit, answer.visit.visit_id)

    left = visit_service_pb2.DischargeVisitRequest(
        request_id=str(uuid4()),
        visit_id=answer.visit.visit_id,
        institution_code=TIANJIN_HOSPITAL,
        discharge=visit_pb2.DischargeRecord(
            discharge_date=write_date(TODAY),
            discharge_diagnoses=[bill_pb2.Diagnosis(diagnosis_code=DIAGNOSIS, main=True)],
            discharge_way_code="1",
        ),
    )
    await visits.DischargeVisit(visit.sent(left), timeout=TIMEOUT_S)


async def be_warned_of(visit: Visit, visit_id: str) -> None:
    """Reads the stay and its warning from the feeds; no disease is in either."""
    admissions = visit.province.visits.SubscribeAdmissions(
        visit_service_pb2.SubscribeAdmissionsRequest(), timeout=FEED_S
    )
    async for event in events(admissions):
        visit.refusals.append(("admission", event.SerializeToString()))
        if event.admission.visit_id == visit_id:
            break
    admissions.cancel()
    lost = visit_service_pb2.SubscribeAdmissionsRequest(after_cursor=CERT)
    await visit.refused(visit.province.visits.SubscribeAdmissions(lost, timeout=TIMEOUT_S).read())
    feeds = visit.province.filing_feed
    warnings = feeds.SubscribeWarnings(
        feed_pb.SubscribeWarningsRequest(province_code="120000"), timeout=FEED_S
    )
    states: list[int] = []
    async for event in events(warnings):
        if event.warning.visit_id != visit_id:
            continue
        visit.refusals.append(("warning", event.SerializeToString()))
        states.append(event.warning.state)
        if states == [feed_pb.WARNING_STATE_OPEN]:
            listed = await feeds.ListWarnings(feed_pb.ListWarningsRequest(), timeout=TIMEOUT_S)
            assert visit_id in {one.visit_id for one in listed.warnings}
            visit.refusals.append(("warnings", listed.SerializeToString()))
            await submit(
                visit,
                residence(
                    visit,
                    insured_region_code="131100",
                    target_region_code="120000",
                    begin_date=write_date(TODAY - timedelta(days=3)),
                ),
            )
        if event.warning.state == feed_pb.WARNING_STATE_RESOLVED:
            break
    warnings.cancel()

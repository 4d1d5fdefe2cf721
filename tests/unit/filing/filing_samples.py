"""Ready-made applications, filings and terms. All data is synthetic."""

from dataclasses import replace
from datetime import UTC, date, datetime
from uuid import UUID

from services.filing.domain.model import (
    Application,
    ApprovalWay,
    Details,
    Evidence,
    EvidenceDocument,
    EvidenceKind,
    Filing,
    FilingType,
)
from services.filing.domain.reasons import StateReason
from services.filing.domain.states import FilingState
from services.filing.terms_files import load_terms

PERSON = UUID("0193b000-0000-7000-8000-000000000001")
DAY = date(2026, 3, 10)
NOW = datetime(2026, 3, 10, 2, tzinfo=UTC)
SUBMITTED = datetime(2026, 1, 1, 1, tzinfo=UTC)
XINJIANG, YINCHUAN, SHANGHAI = "650100", "640100", "310000"
LONG_TERM = (
    FilingType.RETIRED_SETTLED,
    FilingType.LONG_TERM_RESIDENT,
    FilingType.POSTED_WORKER,
)
NATIONAL_TERMS = load_terms().of(XINJIANG, DAY)
EVIDENCE = {
    **dict.fromkeys(LONG_TERM, Evidence.DOCUMENT),
    FilingType.REFERRAL: Evidence.REFERRAL_PROOF,
    FilingType.TEMPORARY: Evidence.NONE,
}
DISEASE = "I63.900"


def terms(**changes):
    return replace(NATIONAL_TERMS, **changes)


def application(**changes):
    wanted = Application(
        person_id=PERSON,
        insured_region=XINJIANG,
        target_region=YINCHUAN,
        type=FilingType.RETIRED_SETTLED,
        begin_date=date(2026, 1, 1),
        end_date=None,
        evidence=Evidence.DOCUMENT,
    )
    return replace(wanted, **changes)


def filing(number=1, **changes):
    held = Filing(
        filing_id=UUID(int=number),
        person_id=PERSON,
        insured_region=XINJIANG,
        target_region=YINCHUAN,
        type=FilingType.RETIRED_SETTLED,
        begin_date=date(2026, 1, 1),
        end_date=None,
        evidence=Evidence.DOCUMENT,
        create_time=SUBMITTED,
        create_date=date(2026, 1, 1),
    )
    return replace(held, **changes)


def cancelled(held, on):
    return replace(
        held,
        state=FilingState.CANCELLED,
        state_time=datetime(on.year, on.month, on.day, tzinfo=UTC),
        state_reason=StateReason.CANCELLED_BY_PERSON,
        ended_from=on,
    )


def pending(held, way=ApprovalWay.OFFICER):
    return replace(
        held, approval=way, state=FilingState.PENDING, state_reason=StateReason.AWAITS_OFFICER
    )


def papers(*kinds):
    return tuple(EvidenceDocument(kind, f"D-{n}") for n, kind in enumerate(kinds))


def referral(**changes):
    return application(
        **{
            "type": FilingType.REFERRAL,
            "evidence": Evidence.REFERRAL_PROOF,
            "details": Details(diagnosis=DISEASE, documents=papers(EvidenceKind.REFERRAL_PROOF)),
            **changes,
        }
    )

"""What may be filed, how long it is valid and how it is decided. Pure (规程, Art. 7 to 10, 16)."""

from __future__ import annotations

from calendar import monthrange
from dataclasses import dataclass
from datetime import date, timedelta
from enum import Enum
from typing import TYPE_CHECKING, Final

from services.filing.domain.errors import (
    CommitmentBarred,
    EvidenceMissing,
    FieldInvalid,
    FilingOfAnotherProvince,
    FilingTooLate,
    InsuranceNotInForce,
    NotCrossProvince,
    PersonUnknown,
    RegionUnknown,
)
from services.filing.domain.model import (
    ApprovalWay,
    Channel,
    Evidence,
    EvidenceKind,
    Filing,
    FilingType,
)
from services.filing.domain.reasons import StateReason
from services.filing.domain.states import FilingState
from services.kit import codes

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime
    from uuid import UUID

    from services.filing.domain.model import Application, Details, EvidenceDocument
    from services.filing.domain.terms import Terms

_MONTHS_PER_YEAR: Final = 12
_CATEGORY: Final = 3
"""Characters of an ICD-10 code that name the category: the same disease, for a readmission."""

# Art. 8: what each type must be backed by. A temporary stay needs nothing but the person.
_LONG_TERM_EVIDENCE: Final = frozenset({Evidence.DOCUMENT, Evidence.COMMITMENT})
ACCEPTED_EVIDENCE: Final[Mapping[FilingType, frozenset[Evidence]]] = {
    FilingType.RETIRED_SETTLED: _LONG_TERM_EVIDENCE,
    FilingType.LONG_TERM_RESIDENT: _LONG_TERM_EVIDENCE,
    FilingType.POSTED_WORKER: _LONG_TERM_EVIDENCE,
    FilingType.REFERRAL: frozenset({Evidence.REFERRAL_PROOF}),
    FilingType.TEMPORARY: frozenset(Evidence),
}
# Art. 8: papers of which one proves what a long-term filing says.
PROOFS: Final[Mapping[FilingType, frozenset[EvidenceKind]]] = {
    FilingType.RETIRED_SETTLED: frozenset({EvidenceKind.HOUSEHOLD_REGISTER}),
    FilingType.LONG_TERM_RESIDENT: frozenset({EvidenceKind.RESIDENCE_PROOF}),
    FilingType.POSTED_WORKER: frozenset(
        {EvidenceKind.POSTING_PROOF, EvidenceKind.EMPLOYER_PROOF, EvidenceKind.WORK_CONTRACT}
    ),
}
_PENDING_REASONS: Final[Mapping[ApprovalWay, StateReason]] = {
    ApprovalWay.OFFICER: StateReason.AWAITS_OFFICER,
    ApprovalWay.PROVINCE_SYSTEM: StateReason.AWAITS_PROVINCE_SYSTEM,
}


class Standing(Enum):
    """How a person stands to an insured region on a day, as identity tells."""

    IN_FORCE = "IN_FORCE"
    NOT_IN_FORCE = "NOT_IN_FORCE"
    ELSEWHERE = "ELSEWHERE"
    UNKNOWN = "UNKNOWN"


@dataclass(frozen=True, slots=True)
class Previous:
    """An earlier referral that a new one says it continues."""

    filing: Filing
    details: Details


def add_months(day: date, months: int) -> date:
    """Returns the same day some months later, or the last day of that month if it has none."""
    years, month = divmod(day.month - 1 + months, _MONTHS_PER_YEAR)
    year = day.year + years
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


# --- what the application says ------------------------------------------------------------------


def check_application(wanted: Application, terms: Terms, *, today: date, at: str) -> None:
    """Checks what is asked to be filed, as far as it can be told from the application alone.

    Args:
        wanted: the application.
        terms: of the insured region, today.
        today: civil date in Asia/Shanghai.
        at: path of the filing in the request.

    Raises:
        RegionUnknown: a region is not in the area list.
        NotCrossProvince: both regions lie in one province.
        FieldInvalid: the target is not of a level that may be filed for, the type is never
            submitted, a field belongs to another type, or the dates contradict each other.
        EvidenceMissing: the type needs other evidence (Art. 8).
        FilingTooLate: it begins further back than the region allows.
    """
    _check_places(wanted, terms, at)
    if wanted.type is FilingType.EMERGENCY:
        raise FieldInvalid(f"{at}.type", "an emergency is deemed filed, never submitted (Art. 8)")
    if wanted.type is not FilingType.REFERRAL:
        _check_no_referral(wanted, at)
    _check_evidence(wanted, terms, at)
    last_day_of(wanted, terms, at=at)
    # By the window an officer enters it; unnamed, the same one could decide on it.
    way = terms.approval[wanted.channel, wanted.evidence]
    if way is ApprovalWay.OFFICER and wanted.channel is Channel.WINDOW and not wanted.maker_id:
        raise FieldInvalid(f"{at}.maker_id", "needed by the window where an officer decides")
    days = terms.retroactive_days(long_term=wanted.type.long_term)
    if days is not None and wanted.begin_date < today - timedelta(days=days):
        raise FilingTooLate(f"{at}.begin_date", today - timedelta(days=days))


def _check_places(wanted: Application, terms: Terms, at: str) -> None:
    check_insured_region(wanted.insured_region, at=at)
    target = f"{at}.target_region_code"
    if not codes.is_known_area(wanted.target_region):
        raise RegionUnknown(target)
    if not codes.is_cross_province(care=wanted.target_region, insured=wanted.insured_region):
        raise NotCrossProvince(target)
    if not is_target(wanted.target_region, terms):
        raise FieldInvalid(target, "neither a prefecture nor a municipality or the like")


def check_insured_region(insured_region: str, *, at: str) -> None:
    """Checks the region whose terms are to be looked up.

    Raises:
        RegionUnknown: it is not in the area list.
    """
    if not codes.is_known_area(insured_region):
        raise RegionUnknown(f"{at}.insured_region_code")


def is_target(area: str, terms: Terms) -> bool:
    """Tells whether a filing may name this area as the place of care.

    A municipality is filed for as a whole; 海南, 西藏 and 兵团 as a whole, where the insured region
    takes part, or by prefecture; else a prefecture is named, or a county that belongs to none
    (429004 仙桃).
    """
    if area == codes.province_of(area):
        return terms.may_be_whole(area)
    if codes.is_municipality(area):
        return False
    # The group of the directly administered counties (429000) governs nothing; each is a target.
    return area == codes.pooling_area_of(area) and area[2:] != "9000"


def _check_no_referral(wanted: Application, at: str) -> None:
    stated = {
        "referring_institution_code": bool(wanted.referring_institution),
        "diagnosis_code": bool(wanted.details.diagnosis),
        "previous_filing_id": wanted.previous_filing_id is not None,
    }
    for field, is_stated in stated.items():
        if is_stated:
            raise FieldInvalid(f"{at}.{field}", "belongs to a referral only")


def _check_evidence(wanted: Application, terms: Terms, at: str) -> None:
    # 同一疾病再次住院: the proof is that of the earlier referral, which `check_previous` looks at.
    if wanted.previous_filing_id is not None and wanted.evidence is Evidence.NONE:
        if not wanted.details.diagnosis:
            raise FieldInvalid(f"{at}.diagnosis_code", "needed to tell that it is the same disease")
        return
    if wanted.evidence not in ACCEPTED_EVIDENCE[wanted.type]:
        raise EvidenceMissing(f"{at}.evidence")
    needed = _kinds_needed(wanted)
    listed = {document.kind for document in wanted.details.documents}
    is_required = bool(listed) or wanted.channel in terms.documents_required
    if needed and is_required and not needed & listed:
        raise EvidenceMissing(f"{at}.documents")


def _kinds_needed(wanted: Application) -> frozenset[EvidenceKind]:
    if wanted.evidence is Evidence.COMMITMENT:
        return frozenset({EvidenceKind.COMMITMENT_LETTER})
    if wanted.evidence is Evidence.REFERRAL_PROOF:
        return frozenset({EvidenceKind.REFERRAL_PROOF})
    if wanted.evidence is Evidence.DOCUMENT:
        return PROOFS.get(wanted.type, frozenset())
    return frozenset()


def proves(kind: FilingType, documents: Iterable[EvidenceDocument]) -> bool:
    """Tells whether one of the papers proves what a long-term filing says (Art. 8)."""
    return any(document.kind in PROOFS.get(kind, ()) for document in documents)


def last_day_of(wanted: Application, terms: Terms, *, at: str) -> date | None:
    """Returns the last day of validity (Art. 10); None: open-ended.

    Raises:
        FieldInvalid: the stated last day is before the first, or makes a filing of class B shorter
            than the region's minimum.
    """
    stated = wanted.end_date
    if stated is not None and stated < wanted.begin_date:
        raise FieldInvalid(f"{at}.end_date", "before begin_date")
    if wanted.type.long_term:
        return stated
    try:
        least = add_months(wanted.begin_date, terms.temporary_months) - timedelta(days=1)
    except ValueError:
        raise FieldInvalid(f"{at}.begin_date", "too far in the future") from None
    if stated is None:
        return least
    if stated < least:
        raise FieldInvalid(f"{at}.end_date", "shorter than the region's minimum (Art. 10)")
    return stated


# --- what others know ---------------------------------------------------------------------------


def insured_day(wanted: Application, *, today: date) -> date:
    """Returns the day on which the insurance must be in force: that of the filing nearest today."""
    day = max(today, wanted.begin_date)
    return day if wanted.end_date is None else min(day, wanted.end_date)


def check_standing(standing: Standing, *, at: str) -> None:
    """Checks that the person is insured in the region that the filing names.

    Raises:
        PersonUnknown, FilingOfAnotherProvince, InsuranceNotInForce: they are not.
    """
    if standing is Standing.UNKNOWN:
        raise PersonUnknown(f"{at}.person_id")
    if standing is Standing.ELSEWHERE:
        raise FilingOfAnotherProvince(f"{at}.insured_region_code")
    if standing is Standing.NOT_IN_FORCE:
        raise InsuranceNotInForce(f"{at}.insured_region_code")


def check_bar(wanted: Application, *, barred_until: date | None, today: date, at: str) -> None:
    """Checks that a commitment of the person is accepted.

    Raises:
        CommitmentBarred: an earlier one was false, and not long ago.
    """
    is_barred = barred_until is not None and today < barred_until
    if wanted.evidence is Evidence.COMMITMENT and is_barred and barred_until is not None:
        raise CommitmentBarred(f"{at}.evidence", barred_until)


def check_previous(wanted: Application, previous: Previous | None, *, at: str) -> None:
    """Checks the referral that a readmission rests on: same person, place and disease.

    Raises:
        EvidenceMissing: there is none such; a proof is needed.
    """
    if wanted.previous_filing_id is None:
        return
    if previous is None or not _continues(wanted, previous):
        raise EvidenceMissing(f"{at}.previous_filing_id")


def _continues(wanted: Application, previous: Previous) -> bool:
    earlier = previous.filing
    disease = previous.details.diagnosis[:_CATEGORY]
    return (
        earlier.type is FilingType.REFERRAL
        and earlier.state in {FilingState.LIVE, FilingState.CHANGED}
        and earlier.counts_within(earlier.begin_date, wanted.begin_date)
        and earlier.person_id == wanted.person_id
        and codes.pooling_area_of(earlier.insured_region)
        == codes.pooling_area_of(wanted.insured_region)
        and earlier.target_region == wanted.target_region
        and bool(disease)
        and disease == wanted.details.diagnosis[:_CATEGORY]
    )


# --- what comes of it ---------------------------------------------------------------------------


def accept(
    wanted: Application,
    terms: Terms,
    *,
    filing_id: UUID,
    now: datetime,
    today: date,
    changes_filing_id: UUID | None = None,
) -> Filing:
    """Returns the filing that a checked application makes: live at once, or pending.

    Raises:
        FieldInvalid: its dates contradict each other, which `check_application` tells before.
    """
    way = terms.approval[wanted.channel, wanted.evidence]
    locked = wanted.type.long_term and terms.change_lock_months > 0
    return Filing(
        filing_id=filing_id,
        person_id=wanted.person_id,
        insured_region=wanted.insured_region,
        target_region=wanted.target_region,
        type=wanted.type,
        begin_date=wanted.begin_date,
        end_date=last_day_of(wanted, terms, at="filing"),
        evidence=wanted.evidence,
        create_time=now,
        create_date=today,
        channel=wanted.channel,
        approval=way,
        maker_id=wanted.maker_id,
        referring_institution=wanted.referring_institution,
        previous_filing_id=wanted.previous_filing_id,
        changes_filing_id=changes_filing_id,
        locked_until=add_months(today, terms.change_lock_months) if locked else None,
        sample_terms=bool(_terms_used(wanted) & terms.samples),
        state=FilingState.LIVE if way is ApprovalWay.RULE else FilingState.PENDING,
        state_reason=first_reason(way),
    )


def first_reason(way: ApprovalWay) -> StateReason:
    """Returns why a filing is in the state that it has from its submission on."""
    return _PENDING_REASONS.get(way, StateReason.APPROVED_BY_RULE)


def _terms_used(wanted: Application) -> set[str]:
    used = {"approval", "documents_required"}
    if wanted.type.long_term:
        used |= {"change_lock_months", "retroactive_days_long_term"}
    else:
        used |= {"temporary_months", "retroactive_days_temporary"}
    if wanted.evidence is Evidence.COMMITMENT:
        used.add("commitment_bar_months")
    if wanted.target_region == codes.province_of(wanted.target_region):
        used.add("province_level_targets")
    return used

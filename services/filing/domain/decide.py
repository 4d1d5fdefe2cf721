"""What filing decides. Pure: dates come in as arguments; every decision cites its article."""

from __future__ import annotations

from calendar import monthrange
from dataclasses import dataclass, replace
from datetime import date, timedelta
from enum import Enum
from typing import TYPE_CHECKING, Final

from services.filing.domain.errors import (
    EvidenceMissing,
    FieldInvalid,
    FilingLocked,
    FilingNotLive,
    NotCrossProvince,
    RegionUnknown,
)
from services.filing.domain.model import BenefitLevel, Evidence, FilingState, FilingType
from services.kit import codes

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from uuid import UUID

    from services.filing.domain.model import Application, Filing, Terms

_MONTHS_PER_YEAR: Final = 12

# Art. 8: what each type must be backed by. A temporary stay needs nothing but the person.
_LONG_TERM_EVIDENCE: Final = frozenset({Evidence.DOCUMENT, Evidence.COMMITMENT})
ACCEPTED_EVIDENCE: Final[Mapping[FilingType, frozenset[Evidence]]] = {
    FilingType.RETIRED_SETTLED: _LONG_TERM_EVIDENCE,
    FilingType.LONG_TERM_RESIDENT: _LONG_TERM_EVIDENCE,
    FilingType.POSTED_WORKER: _LONG_TERM_EVIDENCE,
    FilingType.REFERRAL: frozenset({Evidence.REFERRAL_PROOF}),
    FilingType.TEMPORARY: frozenset(Evidence),
}


def add_months(day: date, months: int) -> date:
    """Returns the same day some months later, or the last day of that month if it has none."""
    years, month = divmod(day.month - 1 + months, _MONTHS_PER_YEAR)
    year = day.year + years
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


# --- submitting and cancelling ------------------------------------------------------------------


def check_application(wanted: Application, *, at: str) -> None:
    """Checks what is asked to be filed, apart from its dates.

    Args:
        wanted: the application.
        at: path of the filing in the request.

    Raises:
        RegionUnknown: a region is not in the area list.
        NotCrossProvince: both regions lie in one province.
        FieldInvalid: the target is not of a level that may be filed for, or the type is never
            submitted.
        EvidenceMissing: the type needs other evidence (Art. 8).
    """
    if not codes.is_known_area(wanted.insured_region):
        raise RegionUnknown(f"{at}.insured_region_code")
    if not codes.is_known_area(wanted.target_region):
        raise RegionUnknown(f"{at}.target_region_code")
    if not codes.is_cross_province(care=wanted.target_region, insured=wanted.insured_region):
        raise NotCrossProvince(f"{at}.target_region_code")
    if not is_target(wanted.target_region):
        raise FieldInvalid(
            f"{at}.target_region_code", "neither a prefecture nor a municipality or the like"
        )
    if wanted.type is FilingType.EMERGENCY:
        raise FieldInvalid(f"{at}.type", "an emergency is deemed filed, never submitted (Art. 8)")
    if wanted.evidence not in ACCEPTED_EVIDENCE[wanted.type]:
        raise EvidenceMissing(f"{at}.evidence")


def is_target(area: str) -> bool:
    """Tells whether a filing may name this area as the place of care.

    A municipality is filed for as a whole; 海南, 西藏 and 兵团 as a whole or by prefecture; else a
    prefecture is named, or a county that belongs to none (429004 仙桃).
    """
    if area == codes.province_of(area):
        return codes.may_be_filed_as_a_whole(area)
    if codes.is_municipality(area):
        return False
    # The group of the directly administered counties (429000) governs nothing; each is a target.
    return area == codes.pooling_area_of(area) and area[2:] != "9000"


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


def check_cancellation(filing: Filing, terms: Terms, *, today: date) -> None:
    """Checks that a filing may be cancelled today.

    Raises:
        FilingNotLive: it is cancelled, or its last day is over.
        FilingLocked: it is long-term and the region's lock has not passed (Art. 10).
    """
    over = filing.end_date is not None and filing.end_date < today
    if filing.state is FilingState.CANCELLED or over:
        raise FilingNotLive
    if filing.type.long_term:
        free = add_months(filing.create_date, terms.change_lock_months)
        if today < free:
            raise FilingLocked(free)


# --- matching -----------------------------------------------------------------------------------


class Reason(Enum):
    """Why a level applies: name, article of the 规程, one sentence in Chinese and in English."""

    LONG_TERM_AT_PLACE = (
        "第七条、第十条",
        "在就医地有有效的长期居住备案，按参保地本地待遇执行（规程第七条、第十条）。",
        "A long-term filing for the place of care is in force: benefits as at home (Art. 7, 10).",
    )
    REFERRED_TO_PLACE = (
        "第七条、第八条",
        "有转往就医地的有效转诊备案，按转诊待遇执行（规程第七条、第八条）。",
        "A referral to the place of care is in force: the referral level applies (Art. 7, 8).",
    )
    REFERRED_FROM_LONG_TERM_PLACE = (
        "第七条、第八条",
        "长期居住备案人员转诊至备案地以外就医，按转诊待遇执行（规程第七条、第八条）。",
        (
            "Filed for long-term stay elsewhere and referred here: the referral level applies "
            "(Art. 7, 8)."
        ),
    )
    EMERGENCY_DEEMED_FILED = (
        "第八条、第三十四条",
        "就医机构已上传急诊标志，视同已备案，按急诊待遇执行（规程第八条、第三十四条）。",
        (
            "The institution marked an emergency, which counts as filed: the emergency level "
            "applies (Art. 8, 34)."
        ),
    )
    TEMPORARY_AT_PLACE = (
        "第七条",
        "在就医地有有效的临时外出就医备案，按临时外出就医待遇执行（规程第七条）。",
        (
            "A filing for a temporary stay at the place of care is in force: the temporary level "
            "applies (Art. 7)."
        ),
    )
    FILED_FOR_ANOTHER_PLACE = (
        "第七条",
        "备案地与就医地不符，按未备案处理（规程第七条）。",
        "The filings in force name another place of care: it counts as unfiled (Art. 7).",
    )
    FILING_NOT_IN_FORCE = (
        "第十条",
        "就医地备案在就医期间未生效、已到期或已撤销，按未备案处理（规程第十条）。",
        (
            "The filing for the place of care had not begun, had ended or was cancelled: it counts "
            "as unfiled (Art. 10)."
        ),
    )
    NOT_FILED = (
        "第七条",
        "未办理跨省异地就医备案，按未备案处理（规程第七条）。",
        "There is no filing for care outside the insured province (Art. 7).",
    )

    def __init__(self, article: str, zh: str, en: str) -> None:
        """Names the three parts."""
        self.article = article
        self.zh = zh
        self.en = en


@dataclass(frozen=True, slots=True)
class Match:
    """Which benefit level applies and why."""

    level: BenefitLevel
    filing_id: UUID | None
    """The filing that decided; None for EMERGENCY and UNFILED."""
    reason: Reason
    long_term_evidence: Evidence = Evidence.NONE
    """What a long-term filing for another place rests on; NONE: there is none such."""


def covers(target: str, care_region: str) -> bool:
    """Tells whether a filing for `target` covers care in `care_region`.

    A province-level filing covers all areas of it, a prefecture all its counties.
    """
    if target == codes.province_of(target):
        return target == codes.province_of(care_region)
    return target == codes.pooling_area_of(care_region)


def match(
    filings: Iterable[Filing],
    *,
    insured_region: str,
    care_region: str,
    service_date: date,
    until: date,
    emergency: bool,
) -> Match:
    """Decides the benefit level at a place of care.

    Args:
        filings: all filings of the person, cancelled ones included.
        insured_region: the region whose filings count, six digits; compared by pooling area.
        care_region: where care is given, six digits.
        service_date: admission of a stay, or the visit's date.
        until: discharge; a filing made during the stay counts (Art. 16). For a visit the same day.
        emergency: the institution marked an emergency.

    Returns:
        The best level that applies: long-term at the place, referral to it, emergency, temporary,
        unfiled. An emergency goes before a temporary filing: who filed must not fare worse than who
        did not. With it what a long-term filing for another place rests on, in whatever level.
    """
    held = tuple(filings)
    found = _level(
        held,
        insured_region=insured_region,
        care_region=care_region,
        service_date=service_date,
        until=until,
        emergency=emergency,
    )
    elsewhere = long_term_evidence(
        held, insured_region=insured_region, care_region=care_region, on=service_date
    )
    return replace(found, long_term_evidence=elsewhere)


def long_term_evidence(
    filings: Iterable[Filing], *, insured_region: str, care_region: str, on: date
) -> Evidence:
    """Returns what a person's long-term filing for another place than that of care rests on.

    Decides on benefits at home for who is filed elsewhere (双向享受待遇): who signed a commitment
    only may have to hand in documents first. Only what counts on the day of the service: a filing
    made later did not say then that the person lives elsewhere.

    Returns:
        DOCUMENT before COMMITMENT where there are several; NONE: there is no such filing.
    """
    home = codes.pooling_area_of(insured_region)
    shown = {
        filing.evidence
        for filing in filings
        if filing.type.long_term
        and codes.pooling_area_of(filing.insured_region) == home
        and not covers(filing.target_region, care_region)
        and filing.counts_within(on, on)
    }
    return next((e for e in (Evidence.DOCUMENT, Evidence.COMMITMENT) if e in shown), Evidence.NONE)


def _level(
    filings: tuple[Filing, ...],
    *,
    insured_region: str,
    care_region: str,
    service_date: date,
    until: date,
    emergency: bool,
) -> Match:
    home = codes.pooling_area_of(insured_region)
    own = [filing for filing in filings if codes.pooling_area_of(filing.insured_region) == home]
    here = [filing for filing in own if covers(filing.target_region, care_region)]
    in_force = [filing for filing in here if filing.counts_within(service_date, until)]
    elsewhere = [
        filing for filing in own if filing not in here and filing.counts_within(service_date, until)
    ]
    if long_term := _newest(filing for filing in in_force if filing.type.long_term):
        return Match(BenefitLevel.LONG_TERM, long_term.filing_id, Reason.LONG_TERM_AT_PLACE)
    if referral := _newest(f for f in in_force if f.type is FilingType.REFERRAL):
        lives_elsewhere = any(filing.type.long_term for filing in elsewhere)
        return Match(
            BenefitLevel.REFERRAL,
            referral.filing_id,
            Reason.REFERRED_FROM_LONG_TERM_PLACE if lives_elsewhere else Reason.REFERRED_TO_PLACE,
        )
    if emergency:
        return Match(BenefitLevel.EMERGENCY, None, Reason.EMERGENCY_DEEMED_FILED)
    if temporary := _newest(f for f in in_force if f.type is FilingType.TEMPORARY):
        return Match(BenefitLevel.TEMPORARY, temporary.filing_id, Reason.TEMPORARY_AT_PLACE)
    if here:
        return Match(BenefitLevel.UNFILED, None, Reason.FILING_NOT_IN_FORCE)
    why = Reason.FILED_FOR_ANOTHER_PLACE if elsewhere else Reason.NOT_FILED
    return Match(BenefitLevel.UNFILED, None, why)


def check_places(*, insured_region: str, care_region: str) -> None:
    """Checks the two places of a match.

    Raises:
        RegionUnknown: one is not in the area list.
        NotCrossProvince: both lie in one province.
    """
    if not codes.is_known_area(insured_region):
        raise RegionUnknown("insured_region_code")
    if not codes.is_known_area(care_region):
        raise RegionUnknown("care_region_code")
    if not codes.is_cross_province(care=care_region, insured=insured_region):
        raise NotCrossProvince("care_region_code")


def _newest(filings: Iterable[Filing]) -> Filing | None:
    return max(filings, key=lambda f: (f.begin_date, f.create_time, f.filing_id), default=None)

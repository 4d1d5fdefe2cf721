"""Which benefit level a person's filings give at a place and date. Pure; every level says why."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum
from typing import TYPE_CHECKING

from services.filing.domain.errors import NotCrossProvince, RegionUnknown
from services.filing.domain.model import COUNTING, BenefitLevel, Evidence, FilingType
from services.filing.domain.states import FilingState
from services.kit import codes

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import date
    from uuid import UUID

    from services.filing.domain.model import Filing


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
    FILING_PENDING = (
        "第八条、第九条",
        "就医地备案尚未审核通过，按未备案处理（规程第八条、第九条）。",
        "The filing for the place of care is not decided yet: it counts as unfiled (Art. 8, 9).",
    )
    FILING_REFUSED = (
        "第七条、第八条",
        "就医地备案审核未通过，按未备案处理（规程第七条、第八条）。",
        "The filing for the place of care was refused: it counts as unfiled (Art. 7, 8).",
    )
    FILING_REVOKED = (
        "第八条",
        "就医地备案因承诺不实被撤销，自始无效，按未备案处理（规程第八条）。",
        (
            "The filing for the place of care was revoked for a false commitment and never counted "
            "(Art. 8)."
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
        filings: all filings of the person, in whatever state.
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
        filing.evidence_on(on)
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
        return Match(BenefitLevel.UNFILED, None, _why_not(here))
    why = Reason.FILED_FOR_ANOTHER_PLACE if elsewhere else Reason.NOT_FILED
    return Match(BenefitLevel.UNFILED, None, why)


def _why_not(here: Sequence[Filing]) -> Reason:
    """Returns why none of the filings for a place counts; first what can still change."""
    states = {filing.state for filing in here}
    if FilingState.PENDING in states:
        return Reason.FILING_PENDING
    if states & COUNTING:
        return Reason.FILING_NOT_IN_FORCE
    return Reason.FILING_REVOKED if FilingState.REVOKED in states else Reason.FILING_REFUSED


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

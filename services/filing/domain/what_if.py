"""What all filings of a person mean at a place and date, and what could still be filed. Pure."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from enum import Enum
from typing import TYPE_CHECKING, Final

from services.filing.domain import decide, submitting
from services.filing.domain.errors import RegionUnknown
from services.filing.domain.model import BenefitLevel, Evidence, FilingType
from services.filing.domain.states import FilingState
from services.kit import codes

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date

    from services.filing.domain.model import Filing
    from services.filing.domain.terms import Terms


class TwoWay(Enum):
    """Whether benefits at home may be used by who is filed long-term elsewhere (双向享受待遇)."""

    NO_LONG_TERM_FILING = "NO_LONG_TERM_FILING"
    FULL = "FULL"
    AFTER_DOCUMENTS = "AFTER_DOCUMENTS"
    """Only after the papers behind a commitment are handed in."""


@dataclass(frozen=True, slots=True)
class Sentence:
    """The same in Chinese and in English."""

    zh: str
    en: str


@dataclass(frozen=True, slots=True)
class Question:
    """A place and a date of care."""

    insured_region: str
    """Six digits; compared by pooling area."""
    care_region: str
    """Six digits; may lie in the insured province."""
    service_date: date
    emergency: bool
    """As if the institution had marked one."""
    today: date
    """Civil date, Asia/Shanghai."""

    @property
    def at_home(self) -> bool:
        """Tells whether care is in the insured province, where no filing is needed (Art. 2)."""
        return not codes.is_cross_province(care=self.care_region, insured=self.insured_region)


@dataclass(frozen=True, slots=True)
class Effect:
    """What one filing means there."""

    filing: Filing
    counts: bool
    level: BenefitLevel | None
    """What it gives alone, or would once it is approved; None: nothing."""
    why: Sentence
    may_change: bool
    """It may be changed or cancelled today."""


@dataclass(frozen=True, slots=True)
class Option:
    """Something that could still be filed."""

    type: FilingType
    level: BenefitLevel
    evidence: tuple[Evidence, ...]
    """One of these is needed."""
    what: Sentence


@dataclass(frozen=True, slots=True)
class Answer:
    """What filings mean at a place and date."""

    match: decide.Match | None
    """None: care at home, to which no level applies."""
    why: Sentence
    effects: tuple[Effect, ...]
    """Of what is pending or counts on the date or later; newest first."""
    two_way: TwoWay
    options: tuple[Option, ...]
    """What would give a better level, the best first."""


_BEST_FIRST: Final = tuple(BenefitLevel)
_TYPE_NAMES: Final[Mapping[FilingType, Sentence]] = {
    FilingType.RETIRED_SETTLED: Sentence("异地安置退休人员", "settled elsewhere in retirement"),
    FilingType.LONG_TERM_RESIDENT: Sentence("异地长期居住人员", "long-term residence"),
    FilingType.POSTED_WORKER: Sentence("常驻异地工作人员", "posting for work"),
    FilingType.REFERRAL: Sentence("异地转诊人员", "referral"),
    FilingType.TEMPORARY: Sentence("其他临时外出就医人员", "temporary stay"),
}
_LEVELS: Final[Mapping[FilingType, BenefitLevel]] = {
    kind: BenefitLevel.LONG_TERM if kind.long_term else BenefitLevel[kind.name]
    for kind in _TYPE_NAMES
}
_EVIDENCE_NAMES: Final[Mapping[Evidence, Sentence]] = {
    Evidence.NONE: Sentence("无需证明材料", "no proof"),
    Evidence.COMMITMENT: Sentence("个人承诺书", "a commitment letter"),
    Evidence.REFERRAL_PROOF: Sentence("转诊转院证明", "a referral proof"),
}
# Art. 8: what proves each long-term type.
_PAPER_NAMES: Final[Mapping[FilingType, Sentence]] = {
    FilingType.RETIRED_SETTLED: Sentence(
        "异地安置认定材料（户口簿首页和本人常住人口登记卡）", "the household register of the place"
    ),
    FilingType.LONG_TERM_RESIDENT: Sentence("居住证明", "a proof of residence"),
    FilingType.POSTED_WORKER: Sentence(
        "派出证明、异地工作单位证明或工作合同之一",
        "a posting certificate, a certificate of the employer there or a work contract",
    ),
}

_PENDING: Final = Sentence(
    "备案待审核，审核通过前不生效（规程第八条、第九条）。",
    "It waits for a decision and does not count before (Art. 8, 9).",
)
_READMISSION: Final = Sentence(
    "同一疾病再次住院的，可续用原转诊备案，无需重新提供转诊转院证明。",
    "For the same disease the earlier referral may be continued without a new proof.",
)
_HOME: Final[Mapping[TwoWay, Sentence]] = {
    TwoWay.NO_LONG_TERM_FILING: Sentence(
        "在参保省内就医不属跨省异地就医，无需备案，按参保地规定执行（规程第二条）。",
        "Care in the insured province is not cross-province: no filing is needed (Art. 2).",
    ),
    TwoWay.FULL: Sentence(
        "已办理跨省长期居住备案，备案有效期内在参保地就医仍可享受待遇（双向享受，医保发〔2022〕22号）。",
        "Filed long-term elsewhere with papers: benefits at home may be used too "
        "(医保发〔2022〕22号).",
    ),
    TwoWay.AFTER_DOCUMENTS: Sentence(
        "跨省长期居住备案以个人承诺书办理，补齐证明材料后方可在参保地享受待遇（双向享受，医保发〔2022〕22号）。",
        "Filed long-term elsewhere on a commitment: benefits at home may be used once the papers "
        "are handed in (医保发〔2022〕22号).",
    ),
}


def what_if(
    filings: Sequence[Filing],
    question: Question,
    terms: Terms,
    *,
    commitments_barred_until: date | None,
) -> Answer:
    """Answers what a person's filings mean at a place and date.

    Args:
        filings: all of the person, in whatever state.
        question: where and when.
        terms: those of the insured region today.
        commitments_barred_until: first day on which a commitment of the person is accepted again;
            None: it is.

    Raises:
        RegionUnknown: a region is not in the area list.
    """
    if not codes.is_known_area(question.insured_region):
        raise RegionUnknown("insured_region_code")
    if not codes.is_known_area(question.care_region):
        raise RegionUnknown("care_region_code")
    own = _own(filings, question)
    two_way = _two_way(own, question.service_date)
    effects = tuple(
        _effect(filing, question)
        for filing in sorted(own, key=lambda f: (f.create_time, f.filing_id), reverse=True)
        if _still_matters(filing, question.service_date)
    )
    if question.at_home:
        return Answer(None, _HOME[two_way], effects, two_way, ())
    found = _match(filings, question)
    barred = commitments_barred_until is not None and question.today < commitments_barred_until
    return Answer(
        found,
        Sentence(found.reason.zh, found.reason.en),
        effects,
        two_way,
        tuple(_options(own, question, terms, better_than=found.level, barred=barred)),
    )


def may_change(filing: Filing, today: date) -> bool:
    """Tells whether a filing may be changed or cancelled today (Art. 10)."""
    state = filing.state_on(today)
    if state is FilingState.PENDING:
        return True
    free = filing.locked_until is None or filing.locked_until <= today
    return state is FilingState.LIVE and free


def _own(filings: Sequence[Filing], question: Question) -> list[Filing]:
    home = codes.pooling_area_of(question.insured_region)
    return [f for f in filings if codes.pooling_area_of(f.insured_region) == home]


def _match(filings: Sequence[Filing], question: Question) -> decide.Match:
    return decide.match(
        filings,
        insured_region=question.insured_region,
        care_region=question.care_region,
        service_date=question.service_date,
        until=question.service_date,
        emergency=question.emergency,
    )


def _still_matters(filing: Filing, on: date) -> bool:
    if filing.state is FilingState.PENDING:
        return filing.end_date is None or filing.end_date >= on
    # On the day or on any later one.
    return filing.counts_within(on, max(on, filing.begin_date))


def _effect(filing: Filing, question: Question) -> Effect:
    today = question.today
    if question.at_home:
        return Effect(filing, False, None, _not_at_home(filing), may_change(filing, today))
    pending = filing.state is FilingState.PENDING
    as_if = replace(filing, state=FilingState.LIVE) if pending else filing
    found = _match((as_if,), replace(question, emergency=False))
    applies = found.level is not BenefitLevel.UNFILED
    return Effect(
        filing,
        counts=applies and not pending,
        level=found.level if applies else None,
        why=_PENDING if pending else Sentence(found.reason.zh, found.reason.en),
        may_change=may_change(filing, today),
    )


def _not_at_home(filing: Filing) -> Sentence:
    if filing.state is FilingState.PENDING:
        return _PENDING
    return Sentence(
        "该备案用于参保省外就医，在参保省内就医不适用（规程第二条）。",
        "It is for care outside the insured province and means nothing within (Art. 2).",
    )


def _two_way(own: Sequence[Filing], on: date) -> TwoWay:
    shown = {f.evidence_on(on) for f in own if f.type.long_term and f.counts_within(on, on)}
    if Evidence.DOCUMENT in shown:
        return TwoWay.FULL
    return TwoWay.AFTER_DOCUMENTS if shown else TwoWay.NO_LONG_TERM_FILING


def _options(
    own: Sequence[Filing],
    question: Question,
    terms: Terms,
    *,
    better_than: BenefitLevel,
    barred: bool,
) -> list[Option]:
    rank = _BEST_FIRST.index
    target = target_of(question.care_region, terms)
    found = []
    for kind, level in _LEVELS.items():
        if rank(level) >= rank(better_than):
            continue
        if not _may_still_begin(question, terms, long_term=kind.long_term):
            continue
        evidence = _evidence(kind, barred=barred)
        what = _what(kind, target, question, evidence)
        if kind is FilingType.REFERRAL and _was_referred(own, target, question.service_date):
            what = Sentence(f"{what.zh}{_READMISSION.zh}", f"{what.en} {_READMISSION.en}")
        found.append(Option(kind, level, evidence, what))
    return sorted(found, key=lambda option: rank(option.level))


def _was_referred(own: Sequence[Filing], target: str, on: date) -> bool:
    return any(
        f.type is FilingType.REFERRAL
        and f.state in {FilingState.LIVE, FilingState.CHANGED}
        and f.target_region == target
        and f.counts_within(f.begin_date, on)
        for f in own
    )


def target_of(care_region: str, terms: Terms) -> str:
    """Returns what to name in a filing that covers care in a region."""
    area = codes.pooling_area_of(care_region)
    province = codes.province_of(care_region)
    return province if area == province or terms.may_be_whole(province) else area


def _may_still_begin(question: Question, terms: Terms, *, long_term: bool) -> bool:
    days = terms.retroactive_days(long_term=long_term)
    return days is None or question.service_date >= question.today - timedelta(days=days)


def _evidence(kind: FilingType, *, barred: bool) -> tuple[Evidence, ...]:
    if kind is FilingType.TEMPORARY:
        return (Evidence.NONE,)
    accepted = submitting.ACCEPTED_EVIDENCE[kind]
    return tuple(
        shown
        for shown in Evidence
        if shown in accepted and not (barred and shown is Evidence.COMMITMENT)
    )


def _what(
    kind: FilingType, target: str, question: Question, evidence: tuple[Evidence, ...]
) -> Sentence:
    name, day, place = _TYPE_NAMES[kind], question.service_date.isoformat(), codes.area_name(target)
    shown = [
        _PAPER_NAMES[kind] if one is Evidence.DOCUMENT else _EVIDENCE_NAMES[one] for one in evidence
    ]
    papers_zh = "，或".join(one.zh for one in shown)
    papers_en = ", or ".join(one.en for one in shown)
    return Sentence(
        f"可向参保地办理{name.zh}备案：备案地{place}（{target}），开始日期不晚于{day}，"
        f"材料：{papers_zh}（规程第七条、第八条、第十条）。",
        f"File at the insured region ({name.en}) for {target}, from {day} at the latest, with "
        f"{papers_en} (Art. 7, 8, 10).",
    )

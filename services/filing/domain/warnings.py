"""Patients admitted without a usable filing. Pure: the level comes from the same match as a bill's.

A warning exists from the day on which an open stay is seen to have no filing that counts. It ends
when one does, when the stay is taken back or turns out an emergency, or when it is settled.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Final

from services.filing.domain import decide
from services.filing.domain.decide import Reason
from services.filing.domain.model import BenefitLevel
from services.kit import codes

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date
    from uuid import UUID

    from services.filing.domain.model import Filing


class StayState(Enum):
    """What settlement says of a stay."""

    REGISTERED = "REGISTERED"
    DISCHARGED = "DISCHARGED"
    SETTLED = "SETTLED"
    CANCELLED = "CANCELLED"


class WarningState(Enum):
    """What a warning is."""

    OPEN = "OPEN"
    """No usable filing, and the patient is in hospital."""
    RESOLVED = "RESOLVED"
    """A filing counts."""
    DISCHARGED = "DISCHARGED"
    """The patient left without one; it is not settled."""
    WITHDRAWN = "WITHDRAWN"
    """The registration was cancelled, or an emergency was marked."""
    SETTLED = "SETTLED"
    """It was settled without one."""


STANDING: Final = frozenset({WarningState.OPEN, WarningState.DISCHARGED})
"""The states in which a filing can still be made before settlement (Art. 16)."""
_ENDED: Final = frozenset({WarningState.RESOLVED, WarningState.WITHDRAWN})


@dataclass(frozen=True, slots=True, kw_only=True)
class Stay:
    """An inpatient stay as settlement tells it."""

    visit_id: UUID
    person_id: UUID
    insured_region: str
    """Six digits."""
    care_region: str
    """Six digits."""
    institution_code: str
    admission_date: date
    expected_discharge_date: date | None
    """None: not stated."""
    discharge_date: date | None
    """None: not discharged."""
    emergency: bool
    state: StayState
    revision: int
    """Of two versions of a stay the higher one is the newer."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What is to be said of a stay."""

    state: WarningState | None
    """None: there is nothing to warn of, and never was."""
    reason: Reason | None
    """What the match says; None where nothing is matched."""
    due_date: date | None = None
    """The day on which it must be looked at again, though nothing happens until then: a filing
    begins. None: time alone changes nothing."""


SILENCE: Final = Verdict(None, None)
"""Nothing is said."""


def judge(
    stay: Stay, filings: Sequence[Filing], *, before: WarningState | None, today: date
) -> Verdict:
    """Decides what is to be said of a stay.

    Args:
        stay: its newest version.
        filings: all filings of its person, in whatever state.
        before: what was said of it last; None: nothing.
        today: civil date, Asia/Shanghai.

    Returns:
        A standing warning exactly when the match of a bill made today would be unfiled and the stay
        is not settled.
    """
    crosses = codes.is_cross_province(care=stay.care_region, insured=stay.insured_region)
    if stay.state is StayState.CANCELLED or not crosses:
        return _ended(before, WarningState.WITHDRAWN, None)
    until = last_day(stay, today)
    found = match(stay, filings, until=until)
    if found.level is not BenefitLevel.UNFILED:
        emergency = found.level is BenefitLevel.EMERGENCY
        how = WarningState.WITHDRAWN if emergency else WarningState.RESOLVED
        return _ended(before, how, found.reason)
    if stay.state is StayState.SETTLED:
        # Only what was warned of before: what is settled can no longer be filed for (Art. 16).
        return Verdict(WarningState.SETTLED, found.reason) if before else SILENCE
    if stay.state is StayState.DISCHARGED:
        return Verdict(WarningState.DISCHARGED, found.reason)
    return Verdict(WarningState.OPEN, found.reason, _due(stay, filings, until))


def last_day(stay: Stay, today: date) -> date:
    """Returns the last day of a stay that is known: discharge, or today while it goes on."""
    return stay.discharge_date or max(stay.admission_date, today)


def match(stay: Stay, filings: Sequence[Filing], *, until: date) -> decide.Match:
    """Returns what MatchFiling would answer for a bill of the stay up to a day."""
    return decide.match(
        filings,
        insured_region=stay.insured_region,
        care_region=stay.care_region,
        service_date=stay.admission_date,
        until=until,
        emergency=stay.emergency,
    )


def is_news(before: Stay | None, stay: Stay, said: Verdict, verdict: Verdict) -> bool:
    """Tells whether a verdict is to be told.

    Args:
        before: the stay when it was judged last; None: never.
        stay: the stay now.
        said: what was said last; its state is None if nothing was.
        verdict: what is to be said now.
    """
    if verdict.state is None:
        return False
    if verdict.state is not said.state:
        return True
    # While it stands, whoever has it must see what changes in it.
    return verdict.state in STANDING and (
        verdict.reason is not said.reason or before is None or _facts(before) != _facts(stay)
    )


def days_to_discharge(stay: Stay, on: date) -> int:
    """Returns days to the expected discharge, negative once it has passed; 0: none is expected."""
    return 0 if stay.expected_discharge_date is None else (stay.expected_discharge_date - on).days


def days_in_hospital(stay: Stay, on: date) -> int:
    """Returns days since admission, up to the discharge; never negative."""
    end = on if stay.discharge_date is None else min(on, stay.discharge_date)
    return max(0, (end - stay.admission_date).days)


@dataclass(frozen=True, slots=True)
class Explanation:
    """A sentence in Chinese and in English."""

    zh: str
    en: str


_WHAT_NOW: Final[Mapping[WarningState, Explanation]] = {
    WarningState.OPEN: Explanation(
        "患者在院，出院结算前由本人或参保地经办机构补办备案的，可直接结算（规程第十六条）。",
        "The patient is in hospital: a filing made before discharge is settled, by the person or "
        "the insured region's agency, still gives direct settlement (Art. 16).",
    ),
    WarningState.DISCHARGED: Explanation(
        "患者已出院、尚未结算，结算前由本人或参保地经办机构补办备案的，可直接结算（规程第十六条）。",
        "The patient has left and is not settled: a filing made before settlement, by the person "
        "or the insured region's agency, still gives direct settlement (Art. 16).",
    ),
    WarningState.SETTLED: Explanation(
        "本次住院已结算，现无可用备案；结算后补办或撤销备案的，由参保地经办机构申请重新结算。",
        "The stay is settled and no filing counts for it: after a later filing, or the end of one, "
        "the insured region's agency asks for it to be recomputed.",
    ),
    WarningState.RESOLVED: Explanation(
        "预警解除，无需办理（规程第十六条）。", "Nothing is left to be done (Art. 16)."
    ),
    WarningState.WITHDRAWN: Explanation("预警撤回，无需办理。", "Nothing is left to be done."),
}
_TO_BE_DECIDED: Final = Explanation(
    "出院结算前参保地经办机构审核通过的，可直接结算（规程第十六条）。",
    "Approved by the insured region's agency before discharge is settled, it still gives direct "
    "settlement (Art. 16).",
)
_FILED_AFTER_SETTLEMENT: Final = Explanation(
    "本次住院已先按未备案结算，由参保地经办机构申请重新结算（规程第十六条）。",
    "The stay was settled before that as unfiled: the insured region's agency asks for it to be "
    "recomputed (Art. 16).",
)
_TAKEN_BACK: Final = Explanation(
    "入院登记已撤销或不属跨省就医。", "The registration was taken back, or is not cross-province."
)


def explain(
    state: WarningState, reason: Reason | None, stay_state: StayState = StayState.REGISTERED
) -> Explanation:
    """Returns what is missing and who can still mend it, citing the article.

    A warning that a filing ends after the settlement leaves the settlement as it is.
    """
    why = _TAKEN_BACK if reason is None else Explanation(reason.zh, reason.en)
    waits = state in STANDING and reason is Reason.FILING_PENDING
    now = _TO_BE_DECIDED if waits else _WHAT_NOW[state]
    if state is WarningState.RESOLVED and stay_state is StayState.SETTLED:
        now = _FILED_AFTER_SETTLEMENT
    return Explanation(f"{why.zh}{now.zh}", f"{why.en} {now.en}")


def _ended(before: WarningState | None, how: WarningState, why: Reason | None) -> Verdict:
    if before is None:
        return SILENCE
    # What has ended already is not ended a second time in another way.
    return Verdict(before if before in _ENDED else how, why)


def _facts(stay: Stay) -> tuple[object, ...]:
    return (
        stay.insured_region,
        stay.care_region,
        stay.institution_code,
        stay.admission_date,
        stay.expected_discharge_date,
    )


def _due(stay: Stay, filings: Sequence[Filing], until: date) -> date | None:
    later = sorted({filing.begin_date for filing in filings if filing.begin_date > until})
    return next(
        (day for day in later if match(stay, filings, until=day).level is not BenefitLevel.UNFILED),
        None,
    )

"""The states of a case (案件) and the only ways between them.

stateDiagram-v2
    [*] --> FIRST_REVIEW: findings on a settlement
    FIRST_REVIEW --> SECOND_REVIEW: first review confirms
    FIRST_REVIEW --> DISMISSED: nothing at fault
    SECOND_REVIEW --> OPINION_SENT: second review confirms
    SECOND_REVIEW --> DISMISSED: nothing at fault
    OPINION_SENT --> ANSWERED: the institution answers in time
    OPINION_SENT --> ANSWER_OVERDUE: the last day is over
    ANSWERED --> FINAL_REVIEW: the answer does not clear everything
    ANSWERED --> DISMISSED: the answer clears everything
    ANSWER_OVERDUE --> FINAL_REVIEW: silence is noted
    ANSWER_OVERDUE --> DISMISSED: nothing at fault
    FINAL_REVIEW --> DEDUCTING: final review confirms
    FINAL_REVIEW --> CONFIRMED: confirmed, and the funds paid nothing for it
    FINAL_REVIEW --> DISMISSED: nothing at fault
    DEDUCTING --> DEDUCTED: clearing recorded it
    DEDUCTING --> REFUSED: the settlement holds nothing any more
    DEDUCTED --> APPEALED: the care province appeals
    DEDUCTED --> UPHELD: the term is over
    APPEALED --> UPHELD: the appeal is refused
    APPEALED --> WITHDRAWN: the appeal is granted
    FIRST_REVIEW --> LAPSED: every finding is withdrawn
    SECOND_REVIEW --> LAPSED: every finding is withdrawn
    OPINION_SENT --> LAPSED: every finding is withdrawn
    ANSWERED --> LAPSED: every finding is withdrawn
    ANSWER_OVERDUE --> LAPSED: every finding is withdrawn
    FINAL_REVIEW --> LAPSED: every finding is withdrawn
    DEDUCTING --> LAPSED: the settlement is reversed
    DEDUCTED --> LAPSED: the settlement is reversed
    APPEALED --> LAPSED: the settlement is reversed
    UPHELD --> LAPSED: the settlement is reversed
    CONFIRMED --> LAPSED: the settlement is reversed
    WITHDRAWN --> [*]
    DISMISSED --> [*]
    REFUSED --> [*]
    LAPSED --> [*]
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from types import MappingProxyType
from typing import Final


class CaseState(Enum):
    """Where a case stands."""

    FIRST_REVIEW = "FIRST_REVIEW"
    SECOND_REVIEW = "SECOND_REVIEW"
    OPINION_SENT = "OPINION_SENT"
    ANSWERED = "ANSWERED"
    ANSWER_OVERDUE = "ANSWER_OVERDUE"
    FINAL_REVIEW = "FINAL_REVIEW"
    DEDUCTING = "DEDUCTING"
    """Decided; clearing has not taken it yet."""
    DEDUCTED = "DEDUCTED"
    """Clearing has it; the care province may still appeal."""
    APPEALED = "APPEALED"
    UPHELD = "UPHELD"
    WITHDRAWN = "WITHDRAWN"
    """The appeal was granted."""
    CONFIRMED = "CONFIRMED"
    """At fault, without money of the funds."""
    DISMISSED = "DISMISSED"
    LAPSED = "LAPSED"
    REFUSED = "REFUSED"


class Step(Enum):
    """What a person decides on."""

    FIRST = "FIRST"
    """初审."""
    SECOND = "SECOND"
    """复审: what is confirmed goes to the institution."""
    ANSWER = "ANSWER"
    """复审, too: the institution's answer, or its silence, is weighed."""
    FINAL = "FINAL"
    """终审."""


_S = CaseState
_UNDECIDED: Final = (
    _S.FIRST_REVIEW,
    _S.SECOND_REVIEW,
    _S.OPINION_SENT,
    _S.ANSWERED,
    _S.ANSWER_OVERDUE,
    _S.FINAL_REVIEW,
)
UNDECIDED: Final = frozenset(_UNDECIDED)
"""States before the final decision: a case falls when its findings do."""
BOOKED: Final = frozenset({_S.DEDUCTED, _S.APPEALED})
"""States in which clearing is asked how the deduction stands."""
STANDING: Final = frozenset({_S.DEDUCTING, _S.DEDUCTED, _S.APPEALED, _S.UPHELD, _S.CONFIRMED})
"""States in which a final decision stands against the institution."""

ALLOWED: Final[Mapping[CaseState, frozenset[CaseState]]] = MappingProxyType(
    {
        _S.FIRST_REVIEW: frozenset({_S.SECOND_REVIEW, _S.DISMISSED, _S.LAPSED}),
        _S.SECOND_REVIEW: frozenset({_S.OPINION_SENT, _S.DISMISSED, _S.LAPSED}),
        _S.OPINION_SENT: frozenset({_S.ANSWERED, _S.ANSWER_OVERDUE, _S.LAPSED}),
        _S.ANSWERED: frozenset({_S.FINAL_REVIEW, _S.DISMISSED, _S.LAPSED}),
        _S.ANSWER_OVERDUE: frozenset({_S.FINAL_REVIEW, _S.DISMISSED, _S.LAPSED}),
        _S.FINAL_REVIEW: frozenset({_S.DEDUCTING, _S.CONFIRMED, _S.DISMISSED, _S.LAPSED}),
        _S.DEDUCTING: frozenset({_S.DEDUCTED, _S.REFUSED, _S.LAPSED}),
        _S.DEDUCTED: frozenset({_S.APPEALED, _S.UPHELD, _S.LAPSED}),
        _S.APPEALED: frozenset({_S.UPHELD, _S.WITHDRAWN, _S.LAPSED}),
        _S.UPHELD: frozenset({_S.LAPSED}),
        _S.CONFIRMED: frozenset({_S.LAPSED}),
        _S.WITHDRAWN: frozenset(),
        _S.DISMISSED: frozenset(),
        _S.LAPSED: frozenset(),
        _S.REFUSED: frozenset(),
    }
)

BEFORE: Final[Mapping[Step, frozenset[CaseState]]] = MappingProxyType(
    {
        Step.FIRST: frozenset({_S.FIRST_REVIEW}),
        Step.SECOND: frozenset({_S.SECOND_REVIEW}),
        Step.ANSWER: frozenset({_S.ANSWERED, _S.ANSWER_OVERDUE}),
        Step.FINAL: frozenset({_S.FINAL_REVIEW}),
    }
)
"""In which states a review is decided."""
AFTER: Final[Mapping[Step, CaseState]] = MappingProxyType(
    {
        Step.FIRST: _S.SECOND_REVIEW,
        Step.SECOND: _S.OPINION_SENT,
        Step.ANSWER: _S.FINAL_REVIEW,
        Step.FINAL: _S.DEDUCTING,
    }
)
"""Where a review that confirms anything leads."""
_STAGES: Final = {Step.FIRST: 1, Step.SECOND: 2, Step.ANSWER: 2, Step.FINAL: 3}


def is_allowed(state: CaseState, to: CaseState) -> bool:
    """Returns whether a case may go from one state to another."""
    return to in ALLOWED[state]


def same_stage(one: Step, other: Step) -> bool:
    """Tells whether two reviews belong to one stage, which one person may decide."""
    return _STAGES[one] == _STAGES[other]

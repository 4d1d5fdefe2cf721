"""Credit points (积分): given by final decisions, lessening by the day, leading to consequences.

    points of a decision    points of its gravest class
                            + steps of the amount that it deducts, at most so many
                            in tenths, of which a doctor and a person get a share, rounded down
    left on a day           points × (validity − days since) ÷ validity, never less than zero
    points on a day         the sum of what is left, rounded down to hundredths

An event that counters another one lessens with it: it carries the day of the one that it counters.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from fractions import Fraction
from typing import TYPE_CHECKING, Final

from services.supervision.domain.model import ResultClass

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import date

_HUNDREDTHS_PER_TENTH: Final = 10
_PER_MILLE: Final = 1000


class Subject(Enum):
    """Whose points are counted."""

    INSTITUTION = "INSTITUTION"
    DOCTOR = "DOCTOR"
    PERSON = "PERSON"


class ConsequenceKind(Enum):
    """What points lead to."""

    TALK = "TALK"
    """约谈."""
    SUSPEND_BUSINESS = "SUSPEND_BUSINESS"
    """暂停一项业务的跨省直接结算."""
    SUSPEND_INSTITUTION = "SUSPEND_INSTITUTION"
    """暂停全部跨省直接结算."""
    SUSPEND_DOCTOR = "SUSPEND_DOCTOR"
    """暂停医保支付资格: carried out by the care province."""
    WATCH_PERSON = "WATCH_PERSON"
    """重点核查: carried out by the insured province."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Threshold:
    """Points from which a consequence is proposed."""

    subject: Subject
    points: int
    """Whole points."""
    kind: ConsequenceKind
    days: int
    """0: no time belongs to it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CreditTerms:
    """The formula that holds on a day."""

    class_tenths: Mapping[ResultClass, int]
    amount_step_fen: int
    step_tenths: int
    steps_max: int
    share_per_mille: Mapping[Subject, int]
    person_rules: frozenset[str]
    """Rules that say that the person did something: of others a patient gets no points."""
    validity_days: int
    thresholds: tuple[Threshold, ...]
    sample: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Points:
    """Points given, or countered, as they lessen."""

    tenths: int
    event_date: date


def points_of(
    terms: CreditTerms, subject: Subject, result_class: ResultClass, amount_fen: int
) -> int:
    """Returns what a final decision gives, in tenths; 0: nothing."""
    steps = min(amount_fen // terms.amount_step_fen, terms.steps_max)
    whole = terms.class_tenths[result_class] + steps * terms.step_tenths
    return whole * terms.share_per_mille[subject] // _PER_MILLE


def left_of(points: Points, on: date, validity_days: int) -> Fraction:
    """Returns what is left of points on a day, in tenths, exact; before their own day nothing."""
    age = (on - points.event_date).days
    if not 0 <= age < validity_days:
        return Fraction(0)
    return Fraction(points.tenths * (validity_days - age), validity_days)


def hundredths_of(points: Iterable[Points], on: date, validity_days: int) -> int:
    """Returns the sum of what is left, in hundredths of a point, rounded down, at least zero."""
    whole = sum((left_of(one, on, validity_days) for one in points), Fraction(0))
    return max(0, int(whole * _HUNDREDTHS_PER_TENTH))


def reached(terms: CreditTerms, subject: Subject, hundredths: int) -> Sequence[Threshold]:
    """Returns the thresholds that a subject has reached, the highest first."""
    found = [
        one for one in terms.thresholds if one.subject is subject and hundredths >= one.points * 100
    ]
    return sorted(found, key=lambda one: one.points, reverse=True)

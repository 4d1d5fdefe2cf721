"""The monthly calendar (清算日程): what is due when, what is overdue, and by whom."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING

from services.kit import dates

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date, datetime

    from services.kit.dates import Deadline, OffDay, WorkingDays


class StepKind(Enum):
    """A step of the monthly calendar, in order; the values are the terms' names."""

    RECONCILE = "reconcile"
    TABLES = "tables"
    SIGN = "sign"
    NOTICES = "notices"
    PAYMENT = "payment"


@dataclass(frozen=True, slots=True, kw_only=True)
class DueDay:
    """On which day of a later month something is due."""

    months_after: int
    day: int | None
    """Day of the month; None: its last one."""
    off_day: OffDay


@dataclass(frozen=True, slots=True, kw_only=True)
class StepFacts:
    """What is known of a step."""

    done_time: datetime | None = None
    done_on: date | None = None
    """The same as a civil date, Asia/Shanghai."""
    parts: Mapping[str, date | None] = field(default_factory=dict)
    """Provinces that have a part in it: the civil date on which they did it; None: not yet."""
    late: frozenset[str] = frozenset()
    """Provinces that are known to be late by a rule of their own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """A step of a month as it stands."""

    kind: StepKind
    deadline: Deadline
    done_time: datetime | None
    overdue: bool
    """It was not done in time, whether it is done now or not."""
    awaited: tuple[str, ...]
    """Provinces that have not done their part."""
    late: tuple[str, ...]
    """Provinces that did it after the deadline, or have not though it is over."""


def due(month: str, day: DueDay, days: WorkingDays) -> Deadline:
    """Returns when something of a month is due."""
    for _ in range(day.months_after):
        month = dates.next_month(month)
    last = dates.last_day(month)
    wanted = last if day.day is None or day.day > last.day else last.replace(day=day.day)
    return dates.place(wanted, day.off_day, days)


def step_of(kind: StepKind, deadline: Deadline, facts: StepFacts, today: date) -> Step:
    """Returns a step as it stands on a day."""

    def is_late(done_on: date | None) -> bool:
        return (done_on or today) > deadline.day

    return Step(
        kind=kind,
        deadline=deadline,
        done_time=facts.done_time,
        overdue=is_late(facts.done_on),
        awaited=tuple(sorted(one for one, done_on in facts.parts.items() if done_on is None)),
        late=tuple(sorted(facts.late.union(one for one, on in facts.parts.items() if is_late(on)))),
    )

"""The terms of the monthly calendar, from terms/month.yaml."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, cast

from services.clearing.domain import month_steps
from services.clearing.domain.month_steps import DueDay, StepKind
from services.clearing.terms_folder import TERMS_FOLDER
from services.kit import dates
from services.kit.calendar import CHINA
from services.kit.dates import Deadline, OffDay
from services.kit.terms_files import (
    Wrong,
    entry_on,
    load_terms,
    read_fields,
    read_whole,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from services.kit.strict_yaml import Tree
    from services.kit.terms_files import History

_YEAR: Final = "year"
_FIELDS: Final = frozenset({"months_after", "day", "off_day"})
_PAYMENT_FIELDS: Final = frozenset({"notices_months_after"})
_MONTHS_AFTER_MAX: Final = 12
_DAY_MAX: Final = 31


@dataclass(frozen=True, slots=True)
class MonthTerms:
    """When the steps of a month, and a year, are due."""

    steps: Mapping[str, History[DueDay]]
    """By the names of steps, and `year`."""
    payment: History[int]
    """Months after which the notices are issued before which a month is paid."""

    def deadline(self, month: str, kind: StepKind) -> Deadline:
        """Returns when a step of a month is due; never before the step before it."""
        if kind is StepKind.PAYMENT:
            later = month
            for _ in range(entry_on(self.payment, dates.first_day(month)).value):
                later = dates.next_month(later)
            return self.deadline(later, StepKind.NOTICES)
        kinds = list(StepKind)
        found = [self._due(month, one.value) for one in kinds[: kinds.index(kind) + 1]]
        return Deadline(
            max(one.day for one in found), provisional=any(one.provisional for one in found)
        )

    def year_deadline(self, year: int) -> Deadline:
        """Returns when a year is to be closed."""
        return self._due(dates.months_of(year)[-1], _YEAR)

    def _due(self, month: str, term: str) -> Deadline:
        entry = entry_on(self.steps[term], dates.first_day(month))
        return month_steps.due(month, entry.value, CHINA)


def load_month_terms(folder: Path = TERMS_FOLDER) -> MonthTerms:
    """Returns the terms of a folder: the shipped ones.

    Raises:
        TermsRefused: the first thing wrong in the file.
    """
    names = [kind.value for kind in StepKind if kind is not StepKind.PAYMENT] + [_YEAR]
    readers: dict[str, Callable[[Tree], DueDay | int]] = dict.fromkeys(names, _read_due_day)
    readers[StepKind.PAYMENT.value] = _read_payment
    terms = load_terms("month", readers, folder)
    return MonthTerms(
        steps={name: cast("History[DueDay]", terms[name]) for name in names},
        payment=cast("History[int]", terms[StepKind.PAYMENT.value]),
    )


def _read_payment(tree: Tree) -> int:
    fields = read_fields(tree, _PAYMENT_FIELDS)
    return read_whole(fields["notices_months_after"], least=1, most=_MONTHS_AFTER_MAX)


def _read_due_day(tree: Tree) -> DueDay:
    fields = read_fields(tree, _FIELDS)
    day = fields["day"]
    try:
        off_day = OffDay(fields["off_day"])
    except ValueError:
        msg = f"write off_day as one of: {', '.join(one.value for one in OffDay)}"
        raise Wrong(msg) from None
    return DueDay(
        months_after=read_whole(fields["months_after"], least=0, most=_MONTHS_AFTER_MAX),
        day=None if day == "last" else read_whole(day, least=1, most=_DAY_MAX),
        off_day=off_day,
    )

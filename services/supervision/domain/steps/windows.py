"""How often and for how long (超限定频次、超限定数量、限定周期、限定支付疗程)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import Enum
from functools import lru_cache
from itertools import pairwise
from typing import TYPE_CHECKING

from services.supervision.domain.model import ResultClass, shifted
from services.supervision.domain.steps.base import Hit, ItemCheck, View, keys_of, substance_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from uuid import UUID

    from services.supervision.domain.model import Bill, Line

    _Beyond = tuple[set[date], tuple[UUID, ...], bool]


@dataclass(frozen=True, slots=True, kw_only=True)
class DailyQuantity(ItemCheck):
    """超限定频次: more units of an item on one day than it can have."""

    result_class: ResultClass
    quantity_max: Decimal
    unit_zh: str
    unit_en: str

    def judge(self, view: View, code: str, lines: list[Line]) -> Iterator[Hit]:
        """At fault are the lines of a day beyond the limit.

        A stay, or observation over several days, may be charged in one line for all of them: as
        long as the whole keeps to the limit times its days, one day above it is only to be
        verified.
        """
        so_far: dict[date, Decimal] = {}
        at_fault = []
        for line in lines:
            so_far[line.fee_date] = so_far.get(line.fee_date, Decimal(0)) + line.quantity
            if so_far[line.fee_date] > self.quantity_max:
                at_fault.append(line)
        if not at_fault:
            return
        # The day of admission and that of discharge both count: the widest reading.
        days = (view.end - view.begin).days + 1
        lump = days > 1 and sum(so_far.values()) <= self.quantity_max * days
        limit = f"{self.quantity_max.normalize():f}"
        yield Hit(
            result_class=ResultClass.TO_VERIFY if lump else self.result_class,
            lines=tuple(at_fault),
            text_zh=f"{view.item(code)}每日限{limit}{self.unit_zh}",
            text_en=f"{code} is limited to {limit} {self.unit_en} a day",
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class VisitQuantity(ItemCheck):
    """超限定数量: more units of an item in one bill than one visit can have."""

    result_class: ResultClass
    quantity_max: Decimal
    days_each: int
    """Of a stay: the limit holds for each started span of so many days; 0: for the whole bill."""

    def judge(self, view: View, code: str, lines: list[Line]) -> Iterator[Hit]:
        """At fault are the lines beyond the limit."""
        spans = 1
        if self.days_each:
            spans = -(-((view.end - view.begin).days + 1) // self.days_each)
        limit = self.quantity_max * max(spans, 1)
        at_fault = _beyond(lines, limit)
        if at_fault:
            shown = f"{limit.normalize():f}"
            yield Hit(
                result_class=self.result_class,
                lines=tuple(at_fault),
                text_zh=f"{view.item(code)}单次就诊限{shown}次",
                text_en=f"{code} is limited to {shown} in one visit",
            )


def _beyond(lines: Sequence[Line], limit: Decimal) -> list[Line]:
    so_far = Decimal(0)
    at_fault = []
    for line in lines:
        so_far += line.quantity
        if so_far > limit:
            at_fault.append(line)
    return at_fault


@dataclass(frozen=True, slots=True, kw_only=True)
class Cycle(ItemCheck):
    """限定周期: no more than so many uses within so many days, over all of the person's bills."""

    result_class: ResultClass
    times_max: int
    days: int

    def judge(self, view: View, code: str, lines: list[Line]) -> Iterator[Hit]:
        """At fault is each use that is too close to the ones before it in the order of settling."""
        past = [(line.fee_date, bill) for bill, line in view.past().of_item(code)]
        own: list[date] = []
        at_fault: list[Line] = []
        others: dict[UUID, None] = {}
        for line in sorted(lines, key=lambda one: one.fee_date):
            near = [bill for day, bill in past if abs((day - line.fee_date).days) < self.days]
            before = sum((line.fee_date - day).days < self.days for day in own)
            # Times are days of use: one line of two units on a day may be two sides of a body.
            if line.fee_date not in own:
                own.append(line.fee_date)
                if len(near) + before + 1 > self.times_max:
                    at_fault.append(line)
                    others |= dict.fromkeys(bill.bill_key for bill in near if bill.bill_key)
        if at_fault:
            yield Hit(
                result_class=self.result_class,
                lines=tuple(line for line in lines if line in at_fault),
                text_zh=f"{view.item(code)}{self.days}天内限{self.times_max}次",
                text_en=f"{code} is limited to {self.times_max} in {self.days} days",
                others=tuple(others),
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class WindowQuantity(ItemCheck):
    """超限定数量: more units of an item in a span of days than the person's bills may have."""

    result_class: ResultClass
    quantity_max: Decimal
    days: int

    def judge(self, view: View, code: str, lines: list[Line]) -> Iterator[Hit]:
        """The span ends with the newest of this bill's lines."""
        last = max(line.fee_date for line in lines)
        first = shifted(last, 1 - self.days)
        past = [
            (bill, line)
            for bill, line in view.past().of_item(code)
            if first <= line.fee_date <= last
        ]
        left = self.quantity_max - sum((line.quantity for _, line in past), Decimal(0))
        at_fault = _beyond([line for line in lines if line.fee_date >= first], left)
        if at_fault:
            shown = f"{self.quantity_max.normalize():f}"
            yield Hit(
                result_class=self.result_class,
                lines=tuple(at_fault),
                text_zh=f"{view.item(code)}{self.days}天内限{shown}次",
                text_en=f"{code} is limited to {shown} in {self.days} days",
                others=keys_of(bill for bill, _ in past),
            )


class Span(Enum):
    """Over what a course is counted."""

    STAY = "STAY"
    """One visit or stay: 单次住院."""
    PERSON = "PERSON"
    """One course of the illness, over all bills."""


class Counts(Enum):
    """What of a course is counted."""

    DAYS_OF_USE = "DAYS_OF_USE"
    """支付不超过14天: the days on which it is used."""
    CALENDAR = "CALENDAR"
    """总时间不超过90天、支付不超过12个月: all days since the first use, for what is used once in a
    week or month."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Course(ItemCheck):
    """限定支付疗程: paid for so many days.

    Days of use are the fee dates, and of a dispensed drug the days that it lasts. Uses that lie
    further apart than `gap_days` are different courses.
    """

    result_class: ResultClass
    days_max: int
    gap_days: int
    span: Span
    counts: Counts = Counts.DAYS_OF_USE

    def judge(self, view: View, code: str, lines: list[Line]) -> Iterator[Hit]:
        """At fault are this bill's lines on the days beyond the limit.

        Where it takes other bills to exceed it, and days without use lie between, that they are
        one course is our reading: a person has to judge.
        """
        # Once for a substance: a bill may have hundreds of its makers, with a year's supply each.
        substance = substance_of(code)
        beyond, others, is_certain = view.once(
            (id(self), substance), lambda: self._of_substance(view, substance)
        )
        at_fault = [line for line in lines if not beyond.isdisjoint(days_of_use(line))]
        if at_fault:
            whole = "单次住院" if self.span is Span.STAY else ""
            yield Hit(
                result_class=self.result_class if is_certain else _doubtful(self.result_class),
                lines=tuple(at_fault),
                text_zh=f"{view.item(code)}{whole}支付不超过{self.days_max}天",
                text_en=f"{code} is paid for at most {self.days_max} days"
                + (" of one stay" if whole else ""),
                others=others,
            )

    def _of_substance(self, view: View, substance: str) -> _Beyond:
        past: dict[date, Bill] = {}
        for bill, line in view.past().of_substance(substance):
            if self.span is Span.PERSON or _same_visit(bill, view.bill):
                past |= dict.fromkeys(days_of_use(line), bill)
        own = {day for line in view.of_substance(substance) for day in days_of_use(line)}
        if not self._may_exceed(own, past):
            return set(), (), False
        return self._beyond(own, past)

    def _may_exceed(self, own: set[date], past: dict[date, Bill]) -> bool:
        """Tells whether the days would be too many if all were one course: mostly they are not."""
        if self.counts is Counts.DAYS_OF_USE:
            return len(own) + len(past) > self.days_max
        return (max(own) - min(own | past.keys())).days >= self.days_max

    def _beyond(self, own: set[date], past: dict[date, Bill]) -> _Beyond:
        """Returns the own days beyond the limit, the bills that took days, and whether it is sure.

        Sure is a course of this bill, or of this visit, alone, and one without a day left out.
        """
        beyond: set[date] = set()
        is_certain = False
        others: dict[UUID, None] = {}
        for course in self._courses(sorted(own | past.keys())):
            taken = [day for day in course if day in past]
            new = [day for day in course if day not in past]
            if self.counts is Counts.CALENDAR:
                over = [day for day in new if (day - course[0]).days >= self.days_max]
            else:
                over = new[max(0, self.days_max - len(taken)) :]
            if over:
                beyond.update(over)
                others |= dict.fromkeys(keys_of(past[day] for day in taken))
                is_certain |= (
                    not taken
                    or self.span is Span.STAY
                    or (self.counts is Counts.DAYS_OF_USE and len(new) > self.days_max)
                    or all((after - day).days == 1 for day, after in pairwise(course))
                )
        return beyond, tuple(others), is_certain

    def _courses(self, days: list[date]) -> Iterator[list[date]]:
        course = days[:1]
        for day, following in pairwise(days):
            if (following - day).days > self.gap_days:
                yield course
                course = []
            course.append(following)
        yield course


def days_of_use(line: Line) -> tuple[date, ...]:
    """Returns the days that a line covers: its fee date, and as long as a drug lasts."""
    if line.supply_days <= 1:
        return (line.fee_date,)
    return _days_from(line.fee_date, line.supply_days)


@lru_cache(maxsize=4096)
def _days_from(first: date, count: int) -> tuple[date, ...]:
    return tuple(shifted(first, number) for number in range(count))


def _doubtful(result_class: ResultClass) -> ResultClass:
    is_sure = result_class is ResultClass.VIOLATION
    return ResultClass.SUSPICIOUS if is_sure else result_class


def _same_visit(one: Bill, other: Bill) -> bool:
    return one.visit_id is not None and one.visit_id == other.visit_id

"""Stays against stays and visits (重叠住院、分解住院、住院期间门诊、挂床、体检式住院)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from typing import TYPE_CHECKING

from services.supervision.domain.model import (
    Bill,
    Setting,
    begin_of,
    end_of,
    setting_of,
    total_fen_of,
)
from services.supervision.domain.steps.base import BillCheck, Hit, View, keys_of

if TYPE_CHECKING:
    from collections.abc import Iterator

_MAIN_LENGTH = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class OverlappingStay(BillCheck):
    """重叠住院: in two beds in the same night."""

    def judge(self, view: View) -> Iterator[Hit]:
        """A transfer leaves and enters on one day; parts of one stay share its visit."""
        if view.setting is not Setting.INPATIENT:
            return
        others = [
            bill
            for bill in _stays(view)
            if not is_same_visit(bill, view.bill) and _share_a_night(bill, view)
        ]
        if others:
            yield Hit(
                result_class=self.rule.result_class,
                lines=(),
                text_zh=f"与另外{len(others)}次住院的日期重叠",
                text_en=f"overlaps with {len(others)} other stay(s)",
                others=keys_of(others),
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class SplitStay(BillCheck):
    """分解住院: readmitted soon after discharge for a related illness."""

    days_max: int
    same_institution: bool

    def judge(self, view: View) -> Iterator[Hit]:
        """Related are stays whose main diagnoses share the three-character category."""
        if view.setting is not Setting.INPATIENT:
            return
        main = _category(view.bill)
        others = [
            bill
            for bill in _stays(view)
            if main
            and _category(bill) == main
            and not is_same_visit(bill, view.bill)
            and self._is_soon(bill, view)
        ]
        if others:
            yield Hit(
                result_class=self.rule.result_class,
                lines=(),
                text_zh=f"出院{self.days_max}天内因相关疾病再次住院",
                text_en=f"a stay for a related illness within {self.days_max} days of discharge",
                others=keys_of(others),
            )

    def _is_soon(self, bill: Bill, view: View) -> bool:
        days = _days_between(bill, view)
        if bill.institution_code == view.bill.institution_code:
            return 0 <= days <= self.days_max
        # Moved to another hospital on the day of discharge: that is a transfer (转院).
        return not self.same_institution and 0 < days <= self.days_max


@dataclass(frozen=True, slots=True, kw_only=True)
class OutpatientDuringStay(BillCheck):
    """住院期间门诊结算: settled as an outpatient on a day wholly inside a stay."""

    settings: frozenset[Setting]

    def judge(self, view: View) -> Iterator[Hit]:
        """The days of admission and discharge are left out; found from either side."""
        if view.setting is Setting.INPATIENT:
            inside = [
                bill
                for bill in view.past().bills
                if setting_of(bill.medical_type) in self.settings
                and view.begin < begin_of(bill) < view.end
            ]
        elif view.setting in self.settings:
            inside = [bill for bill in _stays(view) if begin_of(bill) < view.begin < end_of(bill)]
        else:
            return
        others = [bill for bill in inside if not is_same_visit(bill, view.bill)]
        if others:
            yield Hit(
                result_class=self.rule.result_class,
                lines=(),
                text_zh="住院期间另有门诊或购药结算",
                text_en="settled as an outpatient during a stay",
                others=keys_of(others),
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class IdleStay(BillCheck):
    """挂床住院: days of a stay on which nothing but bed and board is charged."""

    idle_prefixes: tuple[str, ...]
    """Items that are charged without any treatment."""
    days_min: int
    """Shorter stays are not judged."""
    share_min: Fraction
    """Share of idle days from which it is found."""

    def judge(self, view: View) -> Iterator[Hit]:
        """The days of admission and discharge are not counted."""
        days = (view.end - view.begin).days - 1
        if view.setting is not Setting.INPATIENT or days < self.days_min:
            return
        busy: set[date] = {
            line.fee_date
            for line in view.bill.lines
            if view.begin < line.fee_date < view.end
            and not line.item_code.startswith(self.idle_prefixes)
        }
        idle = days - len(busy)
        if idle >= self.share_min * days:
            yield Hit(
                result_class=self.rule.result_class,
                lines=(),
                text_zh=f"住院期间{idle}天无诊疗费用",
                text_en=f"{idle} days of the stay have no treatment",
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class ExaminationStay(BillCheck):
    """低标准入院: a short stay that is nearly all examinations."""

    prefixes: tuple[str, ...]
    """Examinations and laboratory tests."""
    days_max: int
    share_min: Fraction

    def judge(self, view: View) -> Iterator[Hit]:
        """By money; a stay with an operation is none."""
        if view.setting is not Setting.INPATIENT or view.bill.operation_codes:
            return
        if (view.end - view.begin).days > self.days_max:
            return
        total = total_fen_of(view.bill)
        examined = sum(line.amount_fen for line in view.lines_of(self.prefixes))
        if total > 0 and Fraction(examined, total) >= self.share_min:
            yield Hit(
                result_class=self.rule.result_class,
                lines=(),
                text_zh="住院费用以检查检验为主",
                text_en="the stay is nearly all examinations",
            )


def is_same_visit(one: Bill, other: Bill) -> bool:
    """Tells whether two bills are parts of one visit or stay."""
    return one.visit_id is not None and one.visit_id == other.visit_id


def _stays(view: View) -> list[Bill]:
    return [
        bill for bill in view.past().bills if setting_of(bill.medical_type) is Setting.INPATIENT
    ]


def _share_a_night(bill: Bill, view: View) -> bool:
    begin, end = begin_of(bill), end_of(bill)
    if begin == end:
        return view.begin < begin < view.end
    if view.begin == view.end:
        return begin < view.begin < end
    return begin < view.end and view.begin < end


def _days_between(bill: Bill, view: View) -> int:
    """Returns the days from the discharge of the earlier stay to the admission of the later."""
    if begin_of(bill) <= view.begin:
        return (view.begin - end_of(bill)).days
    return (begin_of(bill) - view.end).days


def _category(bill: Bill) -> str:
    return bill.diagnosis_codes[0][:_MAIN_LENGTH] if bill.diagnosis_codes else ""

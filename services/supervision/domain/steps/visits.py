"""Visits and purchases that add up (就诊频次、高频购药、超量、距离时间、重复检查、分解处方)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from enum import Enum
from functools import partial
from typing import TYPE_CHECKING

from services.kit import codes
from services.supervision.domain.model import (
    Bill,
    History,
    Setting,
    begin_of,
    setting_of,
    shifted,
)
from services.supervision.domain.steps.base import (
    BillCheck,
    Hit,
    ItemCheck,
    View,
    keys_of,
    substance_of,
)
from services.supervision.domain.steps.stays import is_same_visit

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from decimal import Decimal
    from uuid import UUID

    from services.supervision.domain.model import Line

_OUTPATIENT = frozenset({Setting.OUTPATIENT, Setting.EMERGENCY})
_MONTH_DAYS_MAX = 31


class Period(Enum):
    """A span of the civil calendar."""

    DAY = "DAY"
    MONTH = "MONTH"
    YEAR = "YEAR"


def _bounds(period: Period, day: date) -> tuple[date, date]:
    """Returns the first and the last day of the period that a day lies in."""
    if period is Period.DAY:
        return day, day
    if period is Period.YEAR:
        return day.replace(month=1, day=1), day.replace(month=12, day=31)
    first = day.replace(day=1)
    return first, shifted(shifted(first, _MONTH_DAYS_MAX).replace(day=1), -1)


_PERIOD_ZH = {Period.DAY: "单日", Period.MONTH: "单月", Period.YEAR: "单年"}
_PERIOD_EN = {Period.DAY: "day", Period.MONTH: "month", Period.YEAR: "year"}


@dataclass(frozen=True, slots=True, kw_only=True)
class VisitFrequency(BillCheck):
    """门急诊频次异常: too many visits in a day, a month or a year."""

    period: Period
    count_min: int

    def judge(self, view: View) -> Iterator[Hit]:
        """Every visit from the limit on is found; parts of one visit count once."""
        if view.setting not in _OUTPATIENT:
            return
        first, last = _bounds(self.period, view.begin)
        # By date first: nearly all bills of a record lie outside of a day or a month.
        others = [
            bill
            for bill in view.past().bills
            if first <= (bill.begin_date or begin_of(bill)) <= last
            and setting_of(bill.medical_type) in _OUTPATIENT
            and not is_same_visit(bill, view.bill)
        ]
        if len({bill.visit_id or bill.bill_key for bill in others}) + 1 >= self.count_min:
            yield Hit(
                result_class=self.rule.result_class,
                lines=(),
                text_zh=f"{_PERIOD_ZH[self.period]}门急诊达到{self.count_min}次及以上",
                text_en=f"{self.count_min} or more outpatient visits in a "
                f"{_PERIOD_EN[self.period]}",
                others=keys_of(others),
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class FrequentPurchase(BillCheck):
    """高频购药: the same drug bought too often."""

    days: int
    times_max: int

    def judge(self, view: View) -> Iterator[Hit]:
        """Counts days of purchase within the window that ends with this bill; not in stays."""
        if view.setting is Setting.INPATIENT:
            return
        first = shifted(view.end, 1 - self.days)
        at_fault: list[Line] = []
        others: dict[UUID, None] = {}
        for code, lines in view.by_code.items():
            if not codes.is_drug_code(code):
                continue
            uses = view.past().of_substance(substance_of(code))
            if len(uses) + len(lines) <= self.times_max:
                continue
            past = [
                (bill, line)
                for bill, line in uses
                if first <= line.fee_date <= view.end
                and setting_of(bill.medical_type) is not Setting.INPATIENT
            ]
            days = {line.fee_date for _, line in past} | {line.fee_date for line in lines}
            if len(days) > self.times_max:
                at_fault += lines
                others |= dict.fromkeys(keys_of(bill for bill, _ in past))
        if at_fault:
            known = {line.line_id for line in at_fault}
            yield Hit(
                result_class=self.rule.result_class,
                lines=tuple(line for line in view.bill.lines if line.line_id in known),
                text_zh=f"同一药品{self.days}天内购买超过{self.times_max}次",
                text_en=f"the same drug more than {self.times_max} times in {self.days} days",
                others=tuple(others),
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class Supply:
    """What is left of a drug that was dispensed before."""

    days_left: int
    """From the day asked about, which counts."""
    last_date: date
    """Day of the last purchase before it."""
    last_quantity: Decimal
    last_supply_days: int
    bills: tuple[UUID, ...]
    """The bills that it was dispensed with."""


def supply_left(history: History, item_code: str, on: date) -> Supply | None:
    """Returns what is left of a substance on a day; None: nothing, or no days were stated.

    One supply is used up before the next is begun. Stays are left out: what is given there is not
    taken home.
    """
    uses = [
        (bill, line)
        for bill, line in history.of_substance(substance_of(item_code))
        if line.supply_days > 0
        and line.fee_date <= on
        and setting_of(bill.medical_type) is not Setting.INPATIENT
    ]
    if not uses:
        return None
    uses.sort(key=lambda use: use[1].fee_date)
    until = date.min
    for _, line in uses:
        until = shifted(max(until, line.fee_date), line.supply_days)
    last = uses[-1][1]
    left = (until - on).days
    if left <= 0:
        return None
    return Supply(
        days_left=left,
        last_date=last.fee_date,
        last_quantity=last.quantity,
        last_supply_days=last.supply_days,
        bills=keys_of(bill for bill, _ in uses),
    )


def quantity_allowed(line: Line, *, days_left: int, days_max: int) -> int:
    """Returns how many whole units of a line may be dispensed so that `days_max` is kept."""
    if line.supply_days <= 0:
        return 0
    days = min(line.supply_days, max(0, days_max - days_left))
    return int(line.quantity * days // line.supply_days)


@dataclass(frozen=True, slots=True, kw_only=True)
class SupplyOverlap(BillCheck):
    """提前或重复开药: the supply before is not used up."""

    days_left_min: int
    """Fewer days left are no matter: nobody comes on the last day."""
    days_max: int
    """How many days a person may have at hand, with what is dispensed now."""

    def judge(self, view: View) -> Iterator[Hit]:
        """One hit per drug: it says what is left and what may be dispensed at most."""
        if view.setting is Setting.INPATIENT:
            return
        for code, lines in view.by_code.items():
            if not codes.is_drug_code(code):
                continue
            for line in lines:
                on = line.fee_date
                left = view.once(
                    (id(self), substance_of(code), on),
                    partial(supply_left, view.past(), code, on),
                )
                if left is None or left.days_left < self.days_left_min:
                    continue
                allowed = quantity_allowed(line, days_left=left.days_left, days_max=self.days_max)
                ago = (line.fee_date - left.last_date).days
                before = f"{left.last_quantity.normalize():f}"
                yield Hit(
                    result_class=self.rule.result_class,
                    lines=(line,),
                    text_zh=f"{view.item(code)}{ago}天前已配{before}个单位，"
                    f"尚余{left.days_left}天用量，本次最多可配{allowed}个单位",
                    text_en=f"{code}: {before} units were dispensed {ago} days ago, "
                    f"{left.days_left} days are left, now at most {allowed} units",
                    others=left.bills,
                )


@dataclass(frozen=True, slots=True, kw_only=True)
class ImpossibleTravel(BillCheck):
    """距离时间不可能: settled in two places between which nobody travels so fast."""

    distances_km: Mapping[tuple[str, str], int]
    """Between the seats of provinces, smaller code first."""
    speed_kmh_max: int
    distance_km_min: int

    def judge(self, view: View) -> Iterator[Hit]:
        """By the times of settlement, between visits that the person comes to in person."""
        now = view.bill.settle_time
        if now is None or view.setting not in _OUTPATIENT:
            return
        others = [bill for bill in view.past().bills if self._too_far(bill, view)]
        if others:
            yield Hit(
                result_class=self.rule.result_class,
                lines=(),
                text_zh="短时间内在相距过远的两地就诊结算",
                text_en="settled in two places too far apart for the time between",
                others=keys_of(others),
            )

    def _too_far(self, bill: Bill, view: View) -> bool:
        # Settled on the day of the visit: what is settled later says nothing of the person's way.
        if begin_of(bill) != view.begin or setting_of(bill.medical_type) not in _OUTPATIENT:
            return False
        now, then = view.bill.settle_time, bill.settle_time
        if now is None or then is None:
            return False
        here = codes.province_of(view.bill.care_region_code)
        there = codes.province_of(bill.care_region_code)
        km = self.distances_km.get((min(here, there), max(here, there)), 0)
        return km >= self.distance_km_min and timedelta(hours=km) > (
            (now - then) * self.speed_kmh_max
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class RepeatedExamination(ItemCheck):
    """重复检查: the same examination again soon, at another institution."""

    days: int

    def judge(self, view: View, code: str, lines: list[Line]) -> Iterator[Hit]:
        """Results are recognised between institutions (检查检验结果互认)."""
        here = view.bill.institution_code
        past = [
            (bill, line)
            for bill, line in view.past().of_item(code)
            if bill.institution_code != here
        ]
        at_fault: list[Line] = []
        others: dict[UUID, None] = {}
        for line in lines:
            near = [b for b, one in past if abs((one.fee_date - line.fee_date).days) <= self.days]
            if near:
                at_fault.append(line)
                others |= dict.fromkeys(keys_of(near))
        if at_fault:
            yield Hit(
                result_class=self.rule.result_class,
                lines=tuple(at_fault),
                text_zh=f"{view.item(code)}{self.days}天内已在其他机构检查",
                text_en=f"{code} was done elsewhere within {self.days} days",
                others=tuple(others),
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class SplitPrescription(BillCheck):
    """分解处方: one visit charged as many bills of one institution on one day."""

    count_min: int

    def judge(self, view: View) -> Iterator[Hit]:
        """Same institution, department and day; emergencies run up bills by themselves."""
        if view.setting is not Setting.OUTPATIENT:
            return
        bill = view.bill
        others = [
            one
            for one in view.past().bills
            if setting_of(one.medical_type) is Setting.OUTPATIENT
            and begin_of(one) == view.begin
            and one.institution_code == bill.institution_code
            and one.department_code == bill.department_code
        ]
        if bill.institution_code and len(others) + 1 >= self.count_min:
            yield Hit(
                result_class=self.rule.result_class,
                lines=(),
                text_zh=f"同一机构同一科室单日结算{self.count_min}张及以上单据",
                text_en=f"{self.count_min} or more bills of one department on one day",
                others=keys_of(others),
            )

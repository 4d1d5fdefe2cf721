"""Whether the care makes sense (重复用药、配伍禁忌、禁忌症、超最大日剂量、不合理检查、诊断矛盾)."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

from services.supervision.domain.model import Sex, age_years
from services.supervision.domain.steps.base import (
    BillCheck,
    Hit,
    ItemCheck,
    View,
    substance_of,
)
from services.supervision.domain.steps.windows import days_of_use

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date

    from services.supervision.domain.model import Line


@dataclass(frozen=True, slots=True, kw_only=True)
class SameGroup(BillCheck):
    """重复用药: two substances of one pharmacological group at once."""

    prefix: str
    """The group: ATC level 4 as the national code has it, XC10AA."""
    text_zh: str
    text_en: str

    def judge(self, view: View) -> Iterator[Hit]:
        """At fault are the later substances on the days on which an earlier one is used, too."""
        used: dict[str, set[date]] = {}
        at_fault: list[Line] = []
        for line in view.bill.lines:
            if not line.item_code.startswith(self.prefix):
                continue
            substance, days = substance_of(line.item_code), set(days_of_use(line))
            if any(one != substance and not days.isdisjoint(on) for one, on in used.items()):
                at_fault.append(line)
            used.setdefault(substance, set()).update(days)
        if at_fault:
            yield Hit(
                result_class=self.rule.result_class,
                lines=tuple(at_fault),
                text_zh=f"同时使用两种及以上{self.text_zh}",
                text_en=f"two or more {self.text_en} at once",
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class Incompatible(BillCheck):
    """配伍禁忌: two drugs that are not to be used together (十八反、十九畏)."""

    one: tuple[str, ...]
    other: tuple[str, ...]
    text_zh: str
    """The pair: 甘草与甘遂."""
    text_en: str

    def judge(self, view: View) -> Iterator[Hit]:
        """On one day; at fault are the lines of both."""
        ones = list(view.lines_of(self.one))
        if not ones:
            return
        others = list(view.lines_of(self.other))
        days = {line.fee_date for line in ones} & {line.fee_date for line in others}
        known = {line.line_id for line in (*ones, *others) if line.fee_date in days}
        if known:
            yield Hit(
                result_class=self.rule.result_class,
                lines=tuple(line for line in view.bill.lines if line.line_id in known),
                text_zh=f"同日使用{self.text_zh}",
                text_en=f"{self.text_en} on one day",
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class Contraindicated(ItemCheck):
    """禁忌症用药: a drug with a diagnosis that speaks against it."""

    diagnosis_prefixes: tuple[str, ...]
    text_zh: str
    text_en: str

    def judge(self, view: View, code: str, lines: list[Line]) -> Iterator[Hit]:
        """The text names the limit, and that is all that it says of the diagnosis."""
        given = view.bill.diagnosis_codes or ()
        if any(one.startswith(self.diagnosis_prefixes) for one in given):
            yield Hit(
                result_class=self.rule.result_class,
                lines=tuple(lines),
                text_zh=f"{view.item(code)}{self.text_zh}",
                text_en=f"{code} is {self.text_en}",
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class DailyDose(ItemCheck):
    """超最大日剂量: more units a day than the label allows."""

    units_max: Decimal

    def judge(self, view: View, code: str, lines: list[Line]) -> Iterator[Hit]:
        """Units a day are the quantity over the days that it lasts; not stated, not judged."""
        at_fault = [
            line
            for line in lines
            if line.supply_days > 0 and line.quantity > self.units_max * line.supply_days
        ]
        if at_fault:
            yield Hit(
                result_class=self.rule.result_class,
                lines=tuple(at_fault),
                text_zh=f"{view.item(code)}每日最大{self.units_max}单位",
                text_en=f"{code} has a daily maximum of {self.units_max} units",
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class ExaminationPanel(BillCheck):
    """不合理检查: more examinations of a sort on one day than is usual."""

    prefixes: tuple[str, ...]
    count_max: int
    text_zh: str
    text_en: str

    def judge(self, view: View) -> Iterator[Hit]:
        """Counts units; at fault are those beyond the usual number, in the order of the bill."""
        so_far: dict[date, Decimal] = {}
        at_fault: list[Line] = []
        for line in view.bill.lines:
            if not line.item_code.startswith(self.prefixes):
                continue
            so_far[line.fee_date] = so_far.get(line.fee_date, Decimal(0)) + line.quantity
            if so_far[line.fee_date] > self.count_max:
                at_fault.append(line)
        if at_fault:
            yield Hit(
                result_class=self.rule.result_class,
                lines=tuple(at_fault),
                text_zh=f"{self.text_zh}单日超过{self.count_max}项次",
                text_en=f"more than {self.count_max} {self.text_en} on one day",
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class DiagnosisSex(BillCheck):
    """诊断与性别矛盾: a diagnosis that only the other sex can have."""

    sex: Sex
    """Who can have it."""
    diagnosis_prefixes: tuple[str, ...]

    def judge(self, view: View) -> Iterator[Hit]:
        """A sex that is not known contradicts nothing."""
        if view.bill.sex in {self.sex, Sex.UNKNOWN}:
            return
        if any(
            code.startswith(self.diagnosis_prefixes) for code in view.bill.diagnosis_codes or ()
        ):
            yield Hit(
                result_class=self.rule.result_class,
                lines=(),
                text_zh="诊断与参保人性别矛盾",
                text_en="a diagnosis contradicts the sex on record",
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class DiagnosisAge(BillCheck):
    """诊断与年龄矛盾: a diagnosis outside the ages that can have it."""

    years_min: int
    years_max: int
    diagnosis_prefixes: tuple[str, ...]

    def judge(self, view: View) -> Iterator[Hit]:
        """The age is that of the first day."""
        born = view.bill.birth_date
        if born is None or born > view.begin:
            return
        if self.years_min <= age_years(born, view.begin) <= self.years_max:
            return
        if any(
            code.startswith(self.diagnosis_prefixes) for code in view.bill.diagnosis_codes or ()
        ):
            yield Hit(
                result_class=self.rule.result_class,
                lines=(),
                text_zh="诊断与参保人年龄矛盾",
                text_en="a diagnosis contradicts the age on record",
            )

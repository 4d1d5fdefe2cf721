"""How institutions charge (超标准收费、超住院天数计费、材料与项目不符、超量开药)."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

from services.supervision.domain.model import Setting
from services.supervision.domain.steps.base import BillCheck, Hit, ItemCheck, View

if TYPE_CHECKING:
    from collections.abc import Iterator

    from services.supervision.domain.model import Line

_FIRST_OTHER_CHAPTER = "87"
"""ICD-9-CM-3: operations come before it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceStandard(ItemCheck):
    """超标准收费: dearer than the standard."""

    price_max: Decimal
    """Yuan per unit."""

    def judge(self, view: View, code: str, lines: list[Line]) -> Iterator[Hit]:
        """At fault is the whole line, although only the difference is too much."""
        at_fault = [line for line in lines if line.unit_price > self.price_max]
        if at_fault:
            yield Hit(
                result_class=self.rule.result_class,
                lines=tuple(at_fault),
                text_zh=f"{view.item(code)}收费标准为每单位{self.price_max}元",
                text_en=f"{code} has a standard price of {self.price_max} yuan",
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class StayDays(BillCheck):
    """超住院天数计费: more days charged than the stay has."""

    prefixes: tuple[str, ...]
    """Items that are charged by the day; together no more than once a day."""
    extra_days: int
    """Above the nights: 1 where the days of admission and discharge both count."""
    text_zh: str
    text_en: str

    def judge(self, view: View) -> Iterator[Hit]:
        """At fault are the last lines beyond the days."""
        nights = (view.end - view.begin).days
        allowed = Decimal(max(nights, 1) + self.extra_days)
        charged = Decimal(0)
        at_fault = []
        # In the order of days, and where days are equal of the bill.
        for line in sorted(view.lines_of(self.prefixes), key=lambda one: one.fee_date):
            charged += line.quantity
            if charged > allowed:
                at_fault.append(line)
        if at_fault:
            known = {line.line_id for line in at_fault}
            yield Hit(
                result_class=self.rule.result_class,
                lines=tuple(line for line in view.bill.lines if line.line_id in known),
                text_zh=f"{self.text_zh}收取{charged.normalize():f}日，超过住院天数",
                text_en=f"{self.text_en} are charged for {charged.normalize():f} days, which is "
                "more than the stay has",
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class MaterialWithoutOperation(ItemCheck):
    """材料与项目不符: a material without the operation that it is for."""

    operation_prefixes: tuple[str, ...]
    """ICD-9-CM-3."""
    item_prefixes: tuple[str, ...]
    """Service items that are the operation."""

    def judge(self, view: View, code: str, lines: list[Line]) -> Iterator[Hit]:
        """Either the coded operation or its charge is enough."""
        operations = view.bill.operation_codes
        if operations and any(one.startswith(self.operation_prefixes) for one in operations):
            return
        if any(view.lines_of(self.item_prefixes)):
            return
        yield Hit(
            result_class=self.rule.result_class,
            lines=tuple(lines),
            text_zh=f"{view.item(code)}无对应手术或操作",
            text_en=f"{code} comes without the operation that it is for",
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class OperationUnrecorded(BillCheck):
    """手术收费无手术记录: an operation is charged and none is coded."""

    prefixes: tuple[str, ...]
    empty_is_none: bool
    """Where all institutions send codes, a stay without any has none; elsewhere an empty list says
    that the institution does not send them, and nearly every operation would be found."""

    def judge(self, view: View) -> Iterator[Hit]:
        """Only stays code operations; chapters from 87 on are examinations and other measures."""
        coded = view.bill.operation_codes
        if view.setting is not Setting.INPATIENT or coded is None:
            return
        if (not coded and not self.empty_is_none) or any(
            code[:2] < _FIRST_OTHER_CHAPTER for code in coded
        ):
            return
        lines = tuple(view.lines_of(self.prefixes))
        if lines:
            known = {line.line_id for line in lines}
            yield Hit(
                result_class=self.rule.result_class,
                lines=tuple(line for line in view.bill.lines if line.line_id in known),
                text_zh="收取手术费用，病案无手术操作编码",
                text_en="operations are charged and none is coded",
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class SupplyDays(ItemCheck):
    """超量开药: more days of a drug than one prescription may give."""

    days_max: int

    def judge(self, view: View, code: str, lines: list[Line]) -> Iterator[Hit]:
        """A drug whose days are not stated is not judged."""
        at_fault = [line for line in lines if line.supply_days > self.days_max]
        if at_fault:
            yield Hit(
                result_class=self.rule.result_class,
                lines=tuple(at_fault),
                text_zh=f"{view.item(code)}一次处方不得超过{self.days_max}日用量",
                text_en=f"{code} may be prescribed for at most {self.days_max} days at once",
            )

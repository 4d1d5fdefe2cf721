"""Whether the record holds together (身份、诊断缺失与编码、收费日期)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from services.kit import codes
from services.supervision.domain.model import civil_day, shifted
from services.supervision.domain.steps.base import BillCheck, Hit, View

if TYPE_CHECKING:
    from collections.abc import Iterator


@dataclass(frozen=True, slots=True, kw_only=True)
class IdentityBirth(BillCheck):
    """身份矛盾: the visit lies before the person's birth."""

    def judge(self, view: View) -> Iterator[Hit]:
        """Care before birth is the mother's, or somebody else's."""
        born, begin = view.bill.birth_date, view.bill.begin_date
        if born is not None and begin is not None and begin < born:
            yield Hit(
                result_class=self.rule.result_class,
                lines=(),
                text_zh="就诊日期早于参保人出生日期",
                text_en="the visit lies before the person's birth",
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class DiagnosisMissing(BillCheck):
    """诊断缺失: the bill was sent without any diagnosis."""

    def judge(self, view: View) -> Iterator[Hit]:
        """None means that the caller does not know; empty, that there is none."""
        if view.bill.diagnosis_codes == ():
            yield Hit(
                result_class=self.rule.result_class,
                lines=(),
                text_zh="单据无诊断",
                text_en="the bill has no diagnosis",
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class DiagnosisUncoded(BillCheck):
    """诊断编码不规范: a main diagnosis that says nothing, or is no code at all."""

    vague_prefixes: tuple[str, ...]

    def judge(self, view: View) -> Iterator[Hit]:
        """The main diagnosis only: the others may be signs."""
        given = view.bill.diagnosis_codes
        if not given:
            return
        main = given[0]
        vague = bool(self.vague_prefixes) and main.startswith(self.vague_prefixes)
        if vague or not codes.is_diagnosis_code(main):
            yield Hit(
                result_class=self.rule.result_class,
                lines=(),
                text_zh="主要诊断编码不规范或过于笼统",
                text_en="the main diagnosis is no code, or says nothing",
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class FeeOutsideVisit(BillCheck):
    """收费日期不在就诊期间: a charge before admission or after discharge."""

    days_before: int
    days_after: int

    def judge(self, view: View) -> Iterator[Hit]:
        """Without the dates of the visit nothing is found."""
        begin, end = view.bill.begin_date, view.bill.end_date
        if begin is None or end is None:
            return
        first = shifted(begin, -self.days_before)
        last = shifted(end, self.days_after)
        at_fault = tuple(line for line in view.bill.lines if not first <= line.fee_date <= last)
        if at_fault:
            yield Hit(
                result_class=self.rule.result_class,
                lines=at_fault,
                text_zh=f"{len(at_fault)}条费用的日期不在就诊期间",
                text_en=f"{len(at_fault)} lines are dated outside the visit",
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class FeeTooOld(BillCheck):
    """收费跨期: a charge long before it was settled."""

    days_max: int

    def judge(self, view: View) -> Iterator[Hit]:
        """Before settlement the bill's last day stands for that of settlement."""
        at = view.bill.settle_time
        settled = view.end if at is None else civil_day(at)
        # A charge of a long stay is settled when the stay ends, and not before.
        begin, end = view.bill.begin_date, view.bill.end_date
        is_whole = begin is not None and end is not None and (settled - end).days <= self.days_max
        at_fault = tuple(
            line
            for line in view.bill.lines
            if (settled - line.fee_date).days > self.days_max
            and not (is_whole and view.begin <= line.fee_date <= view.end)
        )
        if at_fault:
            yield Hit(
                result_class=self.rule.result_class,
                lines=at_fault,
                text_zh=f"{len(at_fault)}条费用发生于结算前{self.days_max}天以上",
                text_en=f"{len(at_fault)} lines arose more than {self.days_max} days before they "
                "were settled",
            )

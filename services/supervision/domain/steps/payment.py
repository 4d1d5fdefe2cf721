"""What the fund pays for (限定适应症、二线用药、抢救用药、科室与医师、中药饮片、目录外)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from services.supervision.domain.model import ResultClass, Setting, shifted
from services.supervision.domain.steps.base import BillCheck, Hit, ItemCheck, View

if TYPE_CHECKING:
    from collections.abc import Iterator

    from services.supervision.domain.model import Line


@dataclass(frozen=True, slots=True, kw_only=True)
class Indication(ItemCheck):
    """限定适应症: paid only with a diagnosis of the list."""

    result_class: ResultClass
    diagnosis_prefixes: tuple[str, ...]
    text_zh: str
    text_en: str

    def judge(self, view: View, code: str, lines: list[Line]) -> Iterator[Hit]:
        """Any of the bill's diagnoses is enough."""
        given = view.bill.diagnosis_codes
        if given and any(one.startswith(self.diagnosis_prefixes) for one in given):
            return
        # Without any diagnosis the bill does not say what the rule must know.
        result = self.result_class if given else self.rule.when_unknown
        if result is not None and given is not None:
            yield Hit(
                result_class=result,
                lines=tuple(lines),
                text_zh=f"{view.item(code)}{self.text_zh}",
                text_en=f"{code} is {self.text_en}",
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class SecondLine(ItemCheck):
    """限二线用药: paid only after another drug was used."""

    first_prefixes: tuple[str, ...]
    days: int
    text_zh: str
    """The drugs that come first."""
    text_en: str

    def judge(self, view: View, code: str, lines: list[Line]) -> Iterator[Hit]:
        """One use within the days before, or on this bill, is enough; so is a use of the drug."""
        since = shifted(view.begin, -self.days)
        if any(view.lines_of(self.first_prefixes)):
            return
        for bill in view.past().bills:
            for line in bill.lines:
                if line.fee_date >= since and (
                    line.item_code.startswith(self.first_prefixes) or line.item_code == code
                ):
                    return
        yield Hit(
            result_class=self.rule.result_class,
            lines=tuple(lines),
            text_zh=f"{view.item(code)}限二线用药，{self.days}天内无{self.text_zh}用药记录",
            text_en=f"{code} is a second-line drug, and no {self.text_en} was used in "
            f"{self.days} days",
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class RescueOnly(ItemCheck):
    """限抢救用药: paid only where a life is being saved."""

    rescue_prefixes: tuple[str, ...]
    """Service items that show a rescue."""

    def judge(self, view: View, code: str, lines: list[Line]) -> Iterator[Hit]:
        """Shown by the emergency mark, the medical type, or a rescue item on the same day."""
        if view.bill.emergency or view.setting is Setting.EMERGENCY:
            return
        rescues = {line.fee_date for line in view.lines_of(self.rescue_prefixes)}
        at_fault = [line for line in lines if line.fee_date not in rescues]
        if at_fault:
            yield Hit(
                result_class=self.rule.result_class,
                lines=tuple(at_fault),
                text_zh=f"{view.item(code)}限急救、抢救使用，当日无抢救记录",
                text_en=f"{code} is limited to rescues, and the day has none",
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class Department(ItemCheck):
    """限定科室: charged only by some departments."""

    department_prefixes: tuple[str, ...]
    text_zh: str
    text_en: str

    def judge(self, view: View, code: str, lines: list[Line]) -> Iterator[Hit]:
        """The line's department counts, where it is not stated the bill's."""
        at_fault = []
        for line in lines:
            department = line.department_code or view.bill.department_code
            if department and not department.startswith(self.department_prefixes):
                at_fault.append(line)
        if at_fault:
            yield Hit(
                result_class=self.rule.result_class,
                lines=tuple(at_fault),
                text_zh=f"{view.item(code)}{self.text_zh}",
                text_en=f"{code} is {self.text_en}",
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class DoctorNamed(ItemCheck):
    """限定医师资质: only a named doctor may order it, and the bill names none."""

    def judge(self, view: View, code: str, lines: list[Line]) -> Iterator[Hit]:
        """A pharmacy's bill names no doctor of its own: there it cannot be told."""
        if not view.bill.doctor_code and view.setting is not Setting.PHARMACY:
            yield Hit(
                result_class=self.rule.result_class,
                lines=tuple(lines),
                text_zh=f"{view.item(code)}须由具备资质的医师开具，单据未记医师",
                text_en=f"{code} must be ordered by a qualified doctor, and the bill names none",
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class HerbsAlone(BillCheck):
    """中药饮片单味不予支付: some herbs are paid only in a formula."""

    herb_prefixes: tuple[str, ...]
    """The herbs that are not paid alone."""

    def judge(self, view: View) -> Iterator[Hit]:
        """Herbs of one day are one prescription."""
        by_day: dict[object, list[Line]] = {}
        for line in view.lines_of(("T",)):
            by_day.setdefault(line.fee_date, []).append(line)
        for herbs in by_day.values():
            kinds = {line.item_code for line in herbs}
            code = herbs[0].item_code
            if len(kinds) == 1 and code.startswith(self.herb_prefixes):
                yield Hit(
                    result_class=self.rule.result_class,
                    lines=tuple(herbs),
                    text_zh=f"{view.item(code)}单味使用不予支付",
                    text_en=f"{code} alone is not paid",
                )


@dataclass(frozen=True, slots=True, kw_only=True)
class NotListed(BillCheck):
    """目录外项目纳入结算: a line that is wholly self-paid counts as in scope."""

    def judge(self, view: View) -> Iterator[Hit]:
        """Only on bills that were classified."""
        at_fault = [
            line
            for line in view.bill.lines
            if line.catalogue_class == "C" and (line.in_scope_fen or 0) > 0
        ]
        if at_fault:
            yield Hit(
                result_class=self.rule.result_class,
                lines=tuple(at_fault),
                text_zh=f"{len(at_fault)}条目录外费用计入政策范围内",
                text_en=f"{len(at_fault)} lines outside the catalogue count as in scope",
            )

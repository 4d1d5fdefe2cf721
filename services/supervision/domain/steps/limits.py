"""Limits of single items (限性别、年龄、就医方式、医疗机构级别、险种): one line against the bill.

A limit is one reading of a published value word, shared by all items that carry it.
"""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING

from services.supervision.domain.model import ResultClass, Setting, Sex, age_years
from services.supervision.domain.steps.base import Hit, ItemCheck, View

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date

    from services.supervision.domain.model import Line


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit(ItemCheck):
    """One limit; each line keeps to it or not."""

    result_class: ResultClass
    text_zh: str
    """The limit itself, to follow the item's name: 限女性."""
    text_en: str
    """The limit itself, to follow the item's code: limited to female patients."""

    @abstractmethod
    def result(self, view: View, fee_date: date) -> ResultClass | None:
        """Returns the class of the finding for a line of that date, None for no finding."""

    def judge(self, view: View, code: str, lines: list[Line]) -> Iterator[Hit]:
        """One hit per class, over all lines at fault."""
        at_fault: dict[ResultClass, list[Line]] = {}
        for line in lines:
            result = self.result(view, line.fee_date)
            if result is not None:
                at_fault.setdefault(result, []).append(line)
        for result, of_class in at_fault.items():
            # The text names the limit and never the patient's own sex or age.
            yield Hit(
                result_class=result,
                lines=tuple(of_class),
                text_zh=f"{view.item(code)}{self.text_zh}",
                text_en=f"{code} is {self.text_en}",
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class SexLimit(Limit):
    """限性别: only for one sex."""

    sex: Sex

    def result(self, view: View, fee_date: date) -> ResultClass | None:  # noqa: ARG002
        """Sex is that of the patient, whatever the date."""
        if view.bill.sex is Sex.UNKNOWN:
            return self.rule.when_unknown
        return None if view.bill.sex is self.sex else self.result_class


@dataclass(frozen=True, slots=True, kw_only=True)
class AgeLimit(Limit):
    """限年龄: completed years, or days since birth, at the fee date; bounds are inclusive."""

    years_min: int
    years_max: int
    days_max: int | None
    """Counts days instead of years; the day of birth is day 0."""
    verify_years_max: int | None
    """Beyond the limit but not older than this, a case may be justified: TO_VERIFY."""

    def result(self, view: View, fee_date: date) -> ResultClass | None:
        """Age is that of the fee date: a child may come of age during a stay."""
        if view.bill.birth_date is None or fee_date < view.bill.birth_date:
            return self.rule.when_unknown
        years = age_years(view.bill.birth_date, fee_date)
        if self.days_max is not None and (fee_date - view.bill.birth_date).days <= self.days_max:
            return None
        if self.days_max is None and self.years_min <= years <= self.years_max:
            return None
        if self.verify_years_max is not None and years <= self.verify_years_max:
            return ResultClass.TO_VERIFY
        return self.result_class


@dataclass(frozen=True, slots=True, kw_only=True)
class SettingLimit(Limit):
    """限就医方式: only in some settings."""

    settings: frozenset[Setting]

    def result(self, view: View, fee_date: date) -> ResultClass | None:  # noqa: ARG002
        """The setting is that of the whole bill; a marked emergency is one whatever its type."""
        if view.bill.emergency and Setting.EMERGENCY in self.settings:
            return None
        if view.setting is Setting.UNKNOWN:
            return self.rule.when_unknown
        return None if view.setting in self.settings else self.result_class


@dataclass(frozen=True, slots=True, kw_only=True)
class LevelLimit(Limit):
    """限医疗机构级别: only in institutions of a level or above."""

    rank_min: int
    verify_rank_min: int
    """Below `rank_min` but not below this, papers may justify it: TO_VERIFY."""

    def result(self, view: View, fee_date: date) -> ResultClass | None:  # noqa: ARG002
        """The level is that of the institution that sent the bill."""
        # A pharmacy has no hospital level: what counts is who prescribed, which no bill says.
        if view.setting is Setting.PHARMACY:
            return self.rule.when_unknown
        if view.level_rank is None or view.level_rank >= self.rank_min:
            return None
        return (
            ResultClass.TO_VERIFY if view.level_rank >= self.verify_rank_min else self.result_class
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class SchemeLimit(Limit):
    """限险种: paid only by another insurance, or for that insurance's kind of care."""

    scheme_codes: frozenset[str]
    medical_types: frozenset[str]
    """National parents of the medical types that count as that insurance's care."""

    def result(self, view: View, fee_date: date) -> ResultClass | None:  # noqa: ARG002
        """Scheme and medical type are those of the whole bill."""
        if view.bill.scheme_code in self.scheme_codes or view.medical_type in self.medical_types:
            return None
        return self.result_class

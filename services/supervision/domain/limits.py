"""The engine steps: what a published limit means for one line.

Data chooses among these steps and sets their parameters (rules/rules.yaml); there is no expression
language. Each limit answers the class of its finding, or None when the line keeps to it.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

from services.kit import codes
from services.supervision.domain.model import (
    Bill,
    ResultClass,
    Setting,
    Sex,
    age_years,
    level_rank_of,
    setting_of,
)

if TYPE_CHECKING:
    from datetime import date


class Step(Enum):
    """The names by which rules.yaml chooses a step."""

    SEX_LIMIT = "sex_limit"
    AGE_LIMIT = "age_limit"
    SETTING_LIMIT = "setting_limit"
    LEVEL_LIMIT = "level_limit"
    SCHEME_LIMIT = "scheme_limit"
    DUPLICATE_CHARGE = "duplicate_charge"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One published rule; many items fall under it."""

    code: str
    name_zh: str
    name_en: str
    step: Step
    source_batches: tuple[str, ...]
    """Numbers of the batches that the national bureau published it in."""
    when_unknown: ResultClass
    """The class when the bill does not say what the rule must know."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Circumstances:
    """What the limits ask about a bill, derived once per bill."""

    sex: Sex
    birth_date: date | None
    setting: Setting
    level_rank: int | None
    scheme_code: str
    medical_type: str
    """The national two-digit parent."""

    @classmethod
    def of(cls, bill: Bill) -> Circumstances:
        """Derives the circumstances of a bill."""
        return cls(
            sex=bill.sex,
            birth_date=bill.birth_date,
            setting=setting_of(bill.medical_type),
            level_rank=level_rank_of(bill.institution_level),
            scheme_code=bill.scheme_code,
            medical_type=codes.medical_type_parent(bill.medical_type),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit(ABC):
    """One reading of a published value word, shared by all items that carry it."""

    rule: Rule
    result_class: ResultClass
    text_zh: str
    """The limit itself, to follow the item's name: 限女性."""
    text_en: str
    """The limit itself, to follow the item's code: limited to female patients."""

    @abstractmethod
    def judge(self, at: Circumstances, fee_date: date) -> ResultClass | None:
        """Returns the class of the finding for a line of that date, None for no finding."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SexLimit(Limit):
    """限性别: only for one sex."""

    sex: Sex

    def judge(self, at: Circumstances, fee_date: date) -> ResultClass | None:  # noqa: ARG002
        """Sex is that of the patient, whatever the date."""
        if at.sex is Sex.UNKNOWN:
            return self.rule.when_unknown
        return None if at.sex is self.sex else self.result_class


@dataclass(frozen=True, slots=True, kw_only=True)
class AgeLimit(Limit):
    """限年龄: completed years, or days since birth, at the fee date; bounds are inclusive."""

    years_min: int
    years_max: int
    days_max: int | None
    """Counts days instead of years; the day of birth is day 0."""
    verify_years_max: int | None
    """Beyond the limit but not older than this, a case may be justified: TO_VERIFY."""

    def judge(self, at: Circumstances, fee_date: date) -> ResultClass | None:
        """Age is that of the fee date: a child may come of age during a stay."""
        if at.birth_date is None or fee_date < at.birth_date:
            return self.rule.when_unknown
        years = age_years(at.birth_date, fee_date)
        if self.days_max is not None and (fee_date - at.birth_date).days <= self.days_max:
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

    def judge(self, at: Circumstances, fee_date: date) -> ResultClass | None:  # noqa: ARG002
        """The setting is that of the whole bill."""
        if at.setting is Setting.UNKNOWN:
            return self.rule.when_unknown
        return None if at.setting in self.settings else self.result_class


@dataclass(frozen=True, slots=True, kw_only=True)
class LevelLimit(Limit):
    """限医疗机构级别: only in institutions of a level or above."""

    rank_min: int
    verify_rank_min: int
    """Below `rank_min` but not below this, papers may justify it: TO_VERIFY."""

    def judge(self, at: Circumstances, fee_date: date) -> ResultClass | None:  # noqa: ARG002
        """The level is that of the institution that sent the bill."""
        # A pharmacy has no hospital level: what counts is who prescribed, which no bill says.
        if at.setting is Setting.PHARMACY:
            return self.rule.when_unknown
        if at.level_rank is None or at.level_rank >= self.rank_min:
            return None
        return ResultClass.TO_VERIFY if at.level_rank >= self.verify_rank_min else self.result_class


@dataclass(frozen=True, slots=True, kw_only=True)
class SchemeLimit(Limit):
    """限险种: paid only by another insurance, or for that insurance's kind of care."""

    scheme_codes: frozenset[str]
    medical_types: frozenset[str]
    """National parents of the medical types that count as that insurance's care."""

    def judge(self, at: Circumstances, fee_date: date) -> ResultClass | None:  # noqa: ARG002
        """Scheme and medical type are those of the whole bill."""
        if at.scheme_code in self.scheme_codes or at.medical_type in self.medical_types:
            return None
        return self.result_class


class Window(Enum):
    """In which span a main item includes another."""

    DAY = "DAY"
    """The same fee date."""
    VISIT = "VISIT"
    """The whole bill: one visit or one stay is settled by one bill."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Inclusion:
    """重复收费: the main item includes the other, which is not charged beside it."""

    rule: Rule
    result_class: ResultClass
    window: Window
    text_zh: str
    """The published window: 单日."""
    text_en: str

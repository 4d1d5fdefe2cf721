"""A rule as data: what it is, when it applies, what it goes back to. The checking is in steps/."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING, Final

from services.supervision.domain.model import (
    Bill,
    Effect,
    History,
    Moment,
    ResultClass,
    Setting,
    Severity,
    level_rank_of,
    setting_of,
)

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date


class Family(Enum):
    """The three families of the national rule base."""

    POLICY = "POLICY"
    """政策类: what the fund pays for."""
    MANAGEMENT = "MANAGEMENT"
    """管理类: how institutions charge and admit."""
    MEDICAL = "MEDICAL"
    """医疗类: whether the care makes sense."""


class Reach(Enum):
    """What a rule must see."""

    BILL = "BILL"
    """The bill alone."""
    PERSON = "PERSON"
    """The person's other bills, too."""
    PEERS = "PEERS"
    """Other people's bills: only batch mining judges it, from the rule's parameters."""


class WhenUnscreened(Enum):
    """What settlement does with a bill that a blocking rule could not be asked about."""

    SETTLE = "SETTLE"
    """Fail open: it is settled and audited afterwards."""
    REFUSE = "REFUSE"
    """Fail closed: it is not settled until supervision answers."""


class DatedBy(Enum):
    """Which date must lie in the rule's time of validity."""

    FEE_DATE = "FEE_DATE"
    """That of each line; of a rule about the whole bill its last day."""
    SETTLE_DATE = "SETTLE_DATE"
    """The day of settlement in Asia/Shanghai; before it the bill's last day."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """Which bills a rule is about; an empty part lets all through."""

    settings: frozenset[Setting] = frozenset()
    medical_types: frozenset[str] = frozenset()
    """National two-digit parents."""
    scheme_codes: frozenset[str] = frozenset()
    care_prefixes: tuple[str, ...] = ()
    """Beginnings of the care region's code: 64, 6401, 640104."""
    insured_prefixes: tuple[str, ...] = ()
    level_ranks: frozenset[int] = frozenset()
    """3, 2, 1 or 0; an institution whose level is not known is let through by no rank."""

    def lets(self, bill: Bill) -> bool:
        """Tells whether the rule is about this bill."""
        return (
            (not self.settings or setting_of(bill.medical_type) in self.settings)
            and (not self.medical_types or bill.medical_type[:2] in self.medical_types)
            and (not self.scheme_codes or bill.scheme_code in self.scheme_codes)
            and (not self.care_prefixes or bill.care_region_code.startswith(self.care_prefixes))
            and (
                not self.insured_prefixes
                or bill.insured_region_code.startswith(self.insured_prefixes)
            )
            and (not self.level_ranks or level_rank_of(bill.institution_level) in self.level_ranks)
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Exemptions:
    """Which bills a rule lets go although it is about them."""

    diagnosis_prefixes: tuple[str, ...] = ()
    """Any diagnosis that begins so."""
    emergency: bool = False
    """Bills marked as an emergency."""
    department_codes: frozenset[str] = frozenset()
    """Of the bill."""

    def free(self, bill: Bill) -> bool:
        """Tells whether the bill is let go."""
        if self.emergency and bill.emergency:
            return True
        if self.department_codes and bill.department_code in self.department_codes:
            return True
        return bool(self.diagnosis_prefixes) and any(
            code.startswith(self.diagnosis_prefixes) for code in bill.diagnosis_codes or ()
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Expected:
    """What an example must find by its rule."""

    result_class: ResultClass
    line_ids: tuple[str, ...]
    """Empty: the whole bill."""
    amount_fen: int | None = None
    """None: not said."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """A worked example of a rule: a bill, perhaps a history, and what must come of it."""

    name: str
    bill: Bill
    history: History | None
    expected: tuple[Expected, ...]
    """Empty: a non-hit."""


NO_SCOPE: Final = Scope()
NO_EXEMPTIONS: Final = Exemptions()
EVERY_MOMENT: Final = frozenset(Moment)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Rule:
    """One rule (规则); thousands of knowledge points (知识点) may fall under it."""

    code: str
    name_zh: str
    name_en: str
    kind: str
    """Name of the step that judges it (规则种类): sex, split_stay …"""
    family: Family
    result_class: ResultClass
    """Gravest class that it finds."""
    when_unknown: ResultClass | None = ResultClass.TO_VERIFY
    """The class when the bill does not say what the rule must know; None: no finding."""
    severity: Severity = Severity.MEDIUM
    effect: Effect = Effect.MARK
    when_unscreened: WhenUnscreened = WhenUnscreened.SETTLE
    """Only of rules that block."""
    reach: Reach = Reach.BILL
    moments: frozenset[Moment] = EVERY_MOMENT
    scope: Scope = NO_SCOPE
    effective_from: date
    effective_until: date | None = None
    """Last day, inclusive; None: in force."""
    dated_by: DatedBy = DatedBy.FEE_DATE
    exemptions: Exemptions = NO_EXEMPTIONS
    source: str
    """Document and article, in Chinese."""
    source_batches: tuple[str, ...] = ()
    """Numbers of the batches that the national bureau published it in; empty: not published so."""
    sample: bool = False
    """示例: a figure or list of ours that goes back to no document."""
    history_days: int = 0
    """How many days before the bill's first day a PERSON rule looks back."""
    parameters: Mapping[str, str] = field(default_factory=dict)
    """As written, for display."""
    point_count: int = 0
    """How many knowledge points it has; 0: it needs none."""
    examples: tuple[Example, ...] = ()

    def is_in_force(self, on: date) -> bool:
        """Tells whether the rule is valid on a day."""
        return self.effective_from <= on and (
            self.effective_until is None or on <= self.effective_until
        )

    def is_about(self, bill: Bill) -> bool:
        """Tells whether the bill is in scope and not exempted."""
        return (self.scope is NO_SCOPE or self.scope.lets(bill)) and not (
            self.exemptions is not NO_EXEMPTIONS and self.exemptions.free(bill)
        )

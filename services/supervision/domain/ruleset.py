"""All rules of one version, indexed by what they are asked for."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from services.supervision.domain.model import Effect, Moment
from services.supervision.domain.rule import Reach

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from services.supervision.domain.rule import Rule
    from services.supervision.domain.steps.base import BillCheck, ItemCheck

_NOTHING: Final[Mapping[str, str]] = MappingProxyType({})
_CODES_KEPT: Final = 100_000
"""Item codes of which the checks are remembered; the national catalogues have about as many."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleSet:
    """Immutable, shared by every call."""

    version: str
    """Beginning of the digest; every finding carries it."""
    digest: str
    """SHA-256 of the rule pack's files, 64 hex digits: what is signed."""
    rules: tuple[Rule, ...]
    """By code; those with reach PEERS, too, which no check here stands for."""
    by_item: Mapping[str, tuple[ItemCheck, ...]]
    """National item code → what is asked about it."""
    by_prefix: Mapping[str, tuple[ItemCheck, ...]]
    """Beginning of item codes → what is asked about them."""
    by_bill: tuple[BillCheck, ...]
    names: Mapping[str, str] = field(default_factory=lambda: _NOTHING)
    """National item code → published name."""
    _prefix_lengths: tuple[int, ...] = field(init=False, repr=False)
    _checks: Callable[[str], tuple[ItemCheck, ...]] = field(init=False, repr=False, compare=False)
    _by_moment: Mapping[Moment, tuple[BillCheck, ...]] = field(init=False, repr=False)
    _by_code: Mapping[str, Rule] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        """Derives the indexes."""
        lengths = tuple(sorted({len(prefix) for prefix in self.by_prefix}))
        object.__setattr__(self, "_prefix_lengths", lengths)
        object.__setattr__(self, "_checks", lru_cache(_CODES_KEPT)(self._find_checks))
        by_moment = {
            moment: tuple(check for check in self.by_bill if moment in check.rule.moments)
            for moment in Moment
        }
        object.__setattr__(self, "_by_moment", by_moment)
        object.__setattr__(self, "_by_code", {rule.code: rule for rule in self.rules})

    @property
    def history_days_max(self) -> int:
        """How many days before the first day of a bill its history must reach back."""
        return max((rule.history_days for rule in self.rules), default=0)

    @property
    def blocking(self) -> tuple[Rule, ...]:
        """The rules that refuse a bill."""
        return tuple(rule for rule in self.rules if rule.effect is Effect.BLOCK)

    @property
    def peers(self) -> tuple[Rule, ...]:
        """The rules that only batch mining judges."""
        return tuple(rule for rule in self.rules if rule.reach is Reach.PEERS)

    @property
    def limited_items(self) -> tuple[str, ...]:
        """The national codes of the items that rules name one by one."""
        return tuple(self.by_item)

    def rule(self, code: str) -> Rule | None:
        """Returns the rule of a code."""
        return self._by_code.get(code)

    def bill_checks(self, moment: Moment) -> tuple[BillCheck, ...]:
        """Returns what is asked about every bill at a moment."""
        return self._by_moment[moment]

    def checks_of(self, code: str) -> tuple[ItemCheck, ...]:
        """Returns what is asked about a national item code."""
        return self._checks(code)

    def _find_checks(self, code: str) -> tuple[ItemCheck, ...]:
        found = list(self.by_item.get(code, ()))
        for length in self._prefix_lengths:
            found += self.by_prefix.get(code[:length], ())
        return tuple(found)

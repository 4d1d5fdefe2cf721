"""What a rule file makes: checks, and under which items they are asked."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from services.kit import codes

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from services.supervision.domain.model import ResultClass
    from services.supervision.domain.rule import Reach, Rule
    from services.supervision.domain.steps.base import BillCheck, ItemCheck
    from services.supervision.rules_manifest import Fields
    from services.supervision.rules_tables import Tables

    MakeItem = Callable[[Rule], ItemCheck]
    MakeBill = Callable[[Rule], BillCheck]

HISTORY_DAYS_MAX: Final = 400
"""No rule looks further back; it bounds what is read of a person."""


@dataclass(slots=True)
class Plan:
    """The checks of one rule, before the rule itself is put together."""

    history_days: int = 0
    point_count: int = 0
    items: list[tuple[str, MakeItem]] = field(default_factory=list)
    """National item code → check; one check shared by many items is one object."""
    prefixes: list[tuple[str, MakeItem]] = field(default_factory=list)
    bills: list[MakeBill] = field(default_factory=list)
    names: dict[str, str] = field(default_factory=dict)

    def on(self, code: str, make: MakeItem, *, name: str = "") -> None:
        """Asks a check about an item, or about all items whose code begins so."""
        if codes.is_item_code(code):
            self.items.append((code, make))
        else:
            self.prefixes.append((code, make))
        if name and codes.is_item_code(code):
            self.names.setdefault(code, name)
        self.point_count += 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """What a rule says of itself that its kind must know while reading."""

    result_class: ResultClass
    source_batches: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """A kind of rule (规则种类): its name, what it must see, and how its part of a file is read."""

    name: str
    title_zh: str
    reach: Reach
    read: Callable[[Fields, Tables, Head], Plan]


def kinds_by_name(*kinds: Kind) -> Mapping[str, Kind]:
    """Returns kinds by their names."""
    return {kind.name: kind for kind in kinds}

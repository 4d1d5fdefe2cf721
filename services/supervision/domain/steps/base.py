"""What all steps share: the view of a bill, the shape of a check, what a check answers."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar, cast

from services.kit import codes
from services.supervision.domain.model import (
    Bill,
    History,
    Line,
    ResultClass,
    Setting,
    begin_of,
    end_of,
    level_rank_of,
    setting_of,
    substance_of,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from datetime import date
    from uuid import UUID

    from services.supervision.domain.rule import Rule


__all__ = ["BillCheck", "Hit", "ItemCheck", "View", "keys_of", "substance_of"]


_T = TypeVar("_T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Hit:
    """What a check found, before it becomes a finding."""

    result_class: ResultClass
    lines: tuple[Line, ...]
    """Of the bill that is judged; empty: the whole bill."""
    text_zh: str
    """Follows the rule's name: items and limits, never the person."""
    text_en: str
    others: tuple[UUID, ...] = ()
    """Earlier bills that it rests on."""


class View:
    """One bill as checks see it: what several of them ask is derived once."""

    __slots__ = (
        "_by_substance",
        "_known",
        "begin",
        "bill",
        "by_code",
        "end",
        "history",
        "level_rank",
        "medical_type",
        "names",
        "setting",
    )

    def __init__(self, bill: Bill, history: History | None, names: Mapping[str, str]) -> None:
        """Derives; `history` holds earlier bills only, None: not known."""
        self.bill = bill
        self.history = history
        self.names = names
        self.setting: Setting = setting_of(bill.medical_type)
        self.level_rank: int | None = level_rank_of(bill.institution_level)
        self.medical_type: str = codes.medical_type_parent(bill.medical_type)
        """The national two-digit parent."""
        self.begin: date = begin_of(bill)
        self.end: date = end_of(bill)
        self.by_code: dict[str, list[Line]] = {}
        """National item code → its lines, in the order of the bill."""
        for line in bill.lines:
            self.by_code.setdefault(codes.national_item_code(line.item_code), []).append(line)
        self._by_substance: dict[str, list[Line]] = {}
        self._known: dict[object, object] = {}

    def once(self, key: object, make: Callable[[], _T]) -> _T:
        """Returns what is made for a key the first time; a key stands for one type."""
        if key not in self._known:
            self._known[key] = make()
        return cast("_T", self._known[key])

    def item(self, code: str) -> str:
        """Returns an item as texts name it: 名称（编码）."""
        name = self.names.get(code)
        return f"{name}（{code}）" if name else code

    def of_substance(self, substance: str) -> list[Line]:
        """Returns the lines of a substance (see `substance_of`); found once for the whole bill."""
        if not self._by_substance:
            for code, lines in self.by_code.items():
                self._by_substance.setdefault(substance_of(code), []).extend(lines)
        return self._by_substance.get(substance, [])

    def past(self) -> History:
        """Returns the history; only checks that reach for it ask, and those are not run without."""
        return self.history or History()

    def lines_of(self, prefixes: tuple[str, ...]) -> list[Line]:
        """Returns the lines whose item code begins with one of the prefixes."""
        return [
            line
            for code, lines in self.by_code.items()
            if code.startswith(prefixes)
            for line in lines
        ]


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemCheck(ABC):
    """A check that is asked only for the items that it is indexed under."""

    rule: Rule

    @abstractmethod
    def judge(self, view: View, code: str, lines: list[Line]) -> Iterable[Hit]:
        """Returns the hits for the lines of one item; they are all in force and not exempted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BillCheck(ABC):
    """A check that is asked for every bill in the rule's scope."""

    rule: Rule

    @abstractmethod
    def judge(self, view: View) -> Iterable[Hit]:
        """Returns the hits for the bill."""


def keys_of(bills: Iterable[Bill]) -> tuple[UUID, ...]:
    """Returns the keys of bills, each once, in their order."""
    return tuple(dict.fromkeys(bill.bill_key for bill in bills if bill.bill_key is not None))

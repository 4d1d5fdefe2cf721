"""Charges that exclude each other (重复收费): the main item includes the other."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

from services.supervision.domain.steps.base import BillCheck, Hit, ItemCheck, View

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import date

    from services.supervision.domain.model import Line, ResultClass


class Window(Enum):
    """In which span two charges meet."""

    DAY = "DAY"
    """The same fee date."""
    VISIT = "VISIT"
    """The whole bill: one visit or one stay is settled by one bill."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Inclusion:
    """How one main item includes another."""

    result_class: ResultClass
    window: Window
    text_zh: str
    """The published window: 单日."""
    text_en: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DuplicateCharge(ItemCheck):
    """Of one main item: what it includes is not charged beside it."""

    included: Mapping[str, Inclusion]

    def judge(self, view: View, code: str, lines: list[Line]) -> Iterator[Hit]:
        """One hit per pair of items; at fault are the lines of the included one."""
        # Only pairs of which both sides are on the bill.
        for other in view.by_code:
            inclusion = self.included.get(other)
            if inclusion is None:
                continue
            at_fault = _clash(inclusion.window, lines, view.by_code[other])
            if at_fault:
                yield Hit(
                    result_class=inclusion.result_class,
                    lines=tuple(at_fault),
                    text_zh=(
                        f"{view.item(code)}已包含{view.item(other)}，"
                        f"{inclusion.text_zh}不得另行收费"
                    ),
                    text_en=(
                        f"{code} already includes {other}, which may not be charged beside it "
                        f"{inclusion.text_en}"
                    ),
                )


def _clash(window: Window, main_lines: list[Line], lines: list[Line]) -> list[Line]:
    # Returns the lines of the included item that fall into one window with the main item.
    if window is Window.VISIT:
        return lines
    main_days = {line.fee_date for line in main_lines}
    return [line for line in lines if line.fee_date in main_days]


@dataclass(frozen=True, slots=True, kw_only=True)
class Exclusive(BillCheck):
    """互斥项目: of some items no more than one in a window."""

    prefixes: tuple[str, ...]
    window: Window
    text_zh: str
    """What the items are: 床位费."""
    text_en: str

    def judge(self, view: View) -> Iterator[Hit]:
        """Per window: at fault are all items but the one that was charged most."""
        spans: dict[object, dict[str, list[Line]]] = {}
        for code, lines in view.by_code.items():
            if code.startswith(self.prefixes):
                for line in lines:
                    span = line.fee_date if self.window is Window.DAY else None
                    spans.setdefault(span, {}).setdefault(code, []).append(line)
        at_fault: set[str] = set()
        for items in spans.values():
            if len(items) > 1:
                for _, lines in sorted(items.items(), key=_dearest_first)[1:]:
                    at_fault |= {line.line_id for line in lines}
        if at_fault:
            day = self.window is Window.DAY
            yield Hit(
                result_class=self.rule.result_class,
                lines=tuple(line for line in view.bill.lines if line.line_id in at_fault),
                text_zh=f"{self.text_zh}{'同日' if day else '同次就诊'}只能收取一种",
                text_en=f"only one kind of {self.text_en} may be charged "
                f"{'on a day' if day else 'in a visit'}",
            )


def _dearest_first(item: tuple[str, list[Line]]) -> tuple[int, str]:
    code, lines = item
    return -sum(line.amount_fen for line in lines), code


@dataclass(frozen=True, slots=True, kw_only=True)
class MainSecondary(BillCheck):
    """主次手术: of operations through one incision the second and later ones are discounted.

    Whether the incision is the same is not on the bill, so that it can only be verified.
    """

    groups: Mapping[str, tuple[str, ...]]
    """Operation → the groups that it is in."""

    def judge(self, view: View) -> Iterator[Hit]:
        """Operations of one group on one day; charged whole is what has a whole number of units."""
        for group, days in self._by_group(view).items():
            at_fault: set[str] = set()
            for items in days.values():
                whole = {code: lines for code, lines in items.items() if _is_whole(lines)}
                # One of them is the main operation, and that is charged whole.
                for _, lines in sorted(whole.items(), key=_dearest_first)[1:]:
                    at_fault |= {line.line_id for line in lines}
            if at_fault:
                yield Hit(
                    result_class=self.rule.result_class,
                    lines=tuple(line for line in view.bill.lines if line.line_id in at_fault),
                    text_zh=f"{group}同日多项手术均按全价收取，经同一切口的第二及以后手术应折价",
                    text_en=f"operations of one group ({group}) are all charged whole on one day; "
                    "through one incision the second and later ones are discounted",
                )

    def _by_group(self, view: View) -> dict[str, dict[date, dict[str, list[Line]]]]:
        found: dict[str, dict[date, dict[str, list[Line]]]] = {}
        for code, lines in view.by_code.items():
            for group in self.groups.get(code, ()):
                for line in lines:
                    days = found.setdefault(group, {})
                    days.setdefault(line.fee_date, {}).setdefault(code, []).append(line)
        return found


def _is_whole(lines: list[Line]) -> bool:
    # Institutions discount by a part of a unit (0.5) or by a lower price; of the price only the
    # institution's own list could tell.
    return all(line.quantity == line.quantity.to_integral_value() for line in lines)

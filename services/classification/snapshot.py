"""A version of a care region's catalogue, held in memory for lookups by item code and fee date.

Settlement pins one and classifies every bill with it, with no hop to the catalogue service. It is
immutable: a new version is a new snapshot.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Final

from services.kit.errors import InvalidArgument

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import date

    from services.classification.model import CatalogueItem


class Snapshot:
    """Items of one version, found in constant time plus the few intervals of one code."""

    __slots__ = ("_by_code", "first_date", "item_count", "region_code", "version")

    region_code: Final[str]
    """Province of the care region, six digits, as "640000"."""
    version: Final[str]
    """Identifies the content among the region's versions."""
    first_date: Final[date | None]
    """Earliest begin date of its items: it says nothing of fee dates before; None: no items."""
    item_count: Final[int]
    """How many items (intervals, not codes) it holds."""

    def __init__(self, *, region_code: str, version: str, items: Iterable[CatalogueItem]) -> None:
        """Indexes the items.

        Raises:
            InvalidArgument: FIELD_INVALID, when an interval ends before it begins;
                CATALOGUE_PERIOD_OVERLAP, when two intervals of one code overlap.
        """
        # A code with one interval, nearly all of them, costs no tuple.
        by_code: dict[str, CatalogueItem | tuple[CatalogueItem, ...]] = {}
        several: set[str] = set()
        first_date: date | None = None
        count = 0
        for item in items:
            count += 1
            if first_date is None or item.begin_date < first_date:
                first_date = item.begin_date
            code = item.item_code
            if item.end_date is not None and item.end_date < item.begin_date:
                raise InvalidArgument(
                    "FIELD_INVALID",
                    f"item {code} ends before it begins",
                    zh="目录条目的终止日期早于生效日期",
                    field="items",
                )
            earlier = by_code.get(code)
            if earlier is None:
                by_code[code] = item
            elif isinstance(earlier, tuple):
                by_code[code] = (*earlier, item)
            else:
                by_code[code] = (earlier, item)
                several.add(code)
        for code in several:
            intervals = by_code[code]
            if isinstance(intervals, tuple):
                by_code[code] = _in_order(intervals)
        self._by_code = by_code
        self.region_code = region_code
        self.version = version
        self.first_date = first_date
        self.item_count = count

    def lookup(self, item_code: str, fee_date: date) -> CatalogueItem | None:
        """Returns the item as of the fee date; None: the catalogue does not list it that day."""
        found = self._by_code.get(item_code)
        if found is None:
            return None
        if not isinstance(found, tuple):
            return found if _holds(found, fee_date) else None
        for item in reversed(found):
            if item.begin_date <= fee_date:
                return item if _holds(item, fee_date) else None
        return None

    def __iter__(self) -> Iterator[CatalogueItem]:
        """Yields every item, intervals of one code in order of time."""
        for found in self._by_code.values():
            if isinstance(found, tuple):
                yield from found
            else:
                yield found

    def __len__(self) -> int:
        return self.item_count


def _holds(item: CatalogueItem, fee_date: date) -> bool:
    return item.begin_date <= fee_date and (item.end_date is None or fee_date <= item.end_date)


def _in_order(intervals: tuple[CatalogueItem, ...]) -> tuple[CatalogueItem, ...]:
    ordered = sorted(intervals, key=lambda item: item.begin_date)
    for earlier, later in pairwise(ordered):
        if earlier.end_date is None or later.begin_date <= earlier.end_date:
            raise InvalidArgument(
                "CATALOGUE_PERIOD_OVERLAP",
                f"item {earlier.item_code} has overlapping periods",
                zh="同一目录条目的生效区间重叠",
                field="items",
            )
    return tuple(ordered)

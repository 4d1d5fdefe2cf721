"""A version of a care region's catalogue, held in memory for lookups by item code and fee date.

Settlement pins one and classifies every bill with it, with no hop to the catalogue service. It is
immutable: a new version is a new snapshot.

Kept in columns, sorted by item code and first day: a few arrays, one text of all codes, and the
terms that many entries share, once each. An entry costs some 45 bytes and is no object; one is made
of it where somebody asks for an item.
"""

from __future__ import annotations

from bisect import bisect_left
from decimal import Decimal
from typing import TYPE_CHECKING, Final

from services.classification.building import columns_of
from services.classification.columns import (
    BLOCK,
    MICRO,
    NO_CEILING,
    OPEN_END,
    Columns,
    date_of,
    day_of,
)
from services.classification.model import CatalogueItem, PriceCeiling

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import date

    from services.classification.columns import Terms

_MICRO: Final = Decimal(MICRO)
_END: Final = b"\n"


class Snapshot:
    """Entries of one version, found by a search in the first codes of the blocks."""

    __slots__ = ("_columns", "first_date", "item_count", "region_code", "version")

    region_code: Final[str]
    """Province of the care region, six digits, as "640000"."""
    version: Final[str]
    """Identifies the content among the region's versions."""
    first_date: Final[date | None]
    """Earliest begin date of its items: it says nothing of fee dates before; None: no items."""
    item_count: Final[int]
    """How many items (intervals, not codes) it holds."""

    def __init__(
        self, *, region_code: str, version: str, items: Iterable[CatalogueItem] | Columns
    ) -> None:
        """Takes items in any order, or the columns that a builder has checked.

        Raises:
            InvalidArgument: FIELD_INVALID, when an interval ends before it begins;
                CATALOGUE_PERIOD_OVERLAP, when two intervals of one code overlap.
        """
        columns = items if isinstance(items, Columns) else columns_of(items)
        first_day = columns.first_day
        self._columns = columns
        self.region_code = region_code
        self.version = version
        self.first_date = None if first_day is None else date_of(first_day)
        self.item_count = len(columns.begin_days)

    @property
    def label(self) -> str:
        """Region and version as settlements name them: "640000@2026-03"."""
        return f"{self.region_code}@{self.version}"

    def find(self, item_code: str, fee_date: date) -> int:
        """Returns the entry of an item as of the fee date; -1: it is not listed that day."""
        columns = self._columns
        key = item_code.encode()
        if _END in key or not columns.block_codes:
            return -1
        codes, offsets = columns.codes, columns.block_offsets
        # The entries of a code may begin in the block before the first block that begins with it.
        after = bisect_left(columns.block_codes, key)
        block = max(after - 1, 0)
        start = offsets[block]
        end = offsets[after] + len(key) + 1 if after < len(offsets) else len(codes)
        line = _END + key + _END
        at = codes.find(line, start - 1, end)
        if at < 0:
            return -1
        entry = block * BLOCK + codes.count(_END, start, at + 1)
        day = day_of(fee_date)
        begins, ends = columns.begin_days, columns.end_days
        while begins[entry] <= day:
            if day <= ends[entry]:
                return entry
            at += len(key) + 1
            entry += 1
            if not codes.startswith(line, at):
                break
        return -1

    def terms_of(self, entry: int) -> Terms:
        """Returns what applies to an entry."""
        columns = self._columns
        return columns.terms[columns.term_indexes[entry]]

    def ceiling_of(self, entry: int, price_level_code: str = "") -> Decimal | None:
        """Returns an entry's ceiling at a price level, yuan per unit; None: there is none.

        A level without a ceiling of its own, and one that is not known (""), has the plain one.
        """
        columns = self._columns
        micro = columns.ceilings[entry]
        begin, end = columns.level_starts[entry], columns.level_starts[entry + 1]
        if begin != end and price_level_code:
            level = int(price_level_code)
            for at in range(begin, end):
                if columns.level_numbers[at] == level:
                    micro = columns.level_ceilings[at]
        return None if micro == NO_CEILING else Decimal(micro) / _MICRO

    def lookup(self, item_code: str, fee_date: date) -> CatalogueItem | None:
        """Returns the item as of the fee date; None: the catalogue does not list it that day.

        Name, specification and unit, and the words of a restriction, are not kept: they are empty.
        """
        entry = self.find(item_code, fee_date)
        return None if entry < 0 else self._item(entry, item_code)

    def _item(self, entry: int, item_code: str) -> CatalogueItem:
        columns = self._columns
        terms = self.terms_of(entry)
        end_day = columns.end_days[entry]
        span = range(columns.level_starts[entry], columns.level_starts[entry + 1])
        return CatalogueItem(
            item_code=item_code,
            name="",
            list_type_code=terms.list_type_code,
            charge_category_code=terms.charge_category_code,
            catalogue_class=terms.catalogue_class,
            prior_self_pay_ratio=terms.prior_self_pay_ratio,
            price_ceiling=self.ceiling_of(entry),
            over_ceiling=terms.over_ceiling,
            begin_date=date_of(columns.begin_days[entry]),
            end_date=None if end_day == OPEN_END else date_of(end_day),
            sample=terms.sample,
            prior_self_pays=terms.prior_self_pays,
            price_ceilings=tuple(
                PriceCeiling(
                    price_level_code=f"{columns.level_numbers[at]:02d}",
                    price_ceiling=Decimal(columns.level_ceilings[at]) / _MICRO,
                )
                for at in span
            ),
            restriction=terms.restriction,
            use_limits=terms.use_limits,
        )

    def __iter__(self) -> Iterator[CatalogueItem]:
        """Yields every item as `lookup` returns it, by item code, then first day."""
        codes, at = self._columns.codes, 1
        for entry in range(self.item_count):
            end = codes.index(_END, at)
            yield self._item(entry, codes[at:end].decode())
            at = end + 1

    def __len__(self) -> int:
        return self.item_count

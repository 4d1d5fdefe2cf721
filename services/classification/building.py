"""Puts the columns of a snapshot together from parts, in slices short enough for an event loop.

Everything is checked on the way, and the snapshot appears when all parts are in: one that is whole
replaces the one before, never a part of it.
"""

from __future__ import annotations

from array import array
from dataclasses import dataclass, replace
from itertools import accumulate
from operator import le, lt
from typing import TYPE_CHECKING, Final

from services.classification.columns import (
    BLOCK,
    MICRO,
    NO_CEILING,
    OPEN_END,
    Columns,
    Terms,
    day_of,
)
from services.kit.errors import InvalidArgument

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from services.classification.columns import Levels
    from services.classification.model import CatalogueItem

SLICE: Final = 2000
"""Entries that are taken in one step, about a millisecond."""
TERMS_SLICE: Final = 100
"""Terms that are read in one step, about as long."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """Entries that follow those of the parts before, sorted by item code, then first day."""

    codes: bytes
    """Item codes, ASCII, each ended by a line feed."""
    begin_days: Sequence[int]
    end_days: Sequence[int]
    term_indexes: Sequence[int]
    """Which of this part's terms applies."""
    ceilings: Sequence[int]
    term_count: int
    terms: Callable[[int, int], Sequence[tuple[Terms, Levels]]]
    """Returns the part's terms from one position up to another."""


class Builder:
    """Takes the parts of one version in their order."""

    def __init__(self) -> None:
        self._codes = bytearray(b"\n")
        self._begins = array("i")
        self._ends = array("i")
        self._indexes = array("I")
        self._ceilings = array("q")
        self._terms: dict[Terms, int] = {}
        self._level_starts = array("I", (0,))
        self._level_numbers = array("B")
        self._level_ceilings = array("q")
        self._block_codes: list[bytes] = []
        self._block_offsets = array("I")
        self._first_day: int | None = None
        self._last = b""

    def __len__(self) -> int:
        """How many entries are in."""
        return len(self._begins)

    def add(self, part: Part) -> Iterator[None]:
        """Takes a part, a slice per step: whoever goes through the steps may do else in between.

        Raises:
            InvalidArgument: FIELD_INVALID for columns that do not fit or are not in order, or an
                entry that ends before it begins; CATALOGUE_PERIOD_OVERLAP for two entries of one
                code that overlap.
        """
        codes = part.codes.split(b"\n")
        count = len(part.begin_days)
        columns = (part.end_days, part.term_indexes, part.ceilings)
        if codes.pop() or any(len(column) != count for column in (codes, *columns)):
            raise _invalid("a part's columns differ in length")
        if not part.codes.isascii():
            raise _invalid("an item code is not ASCII")
        terms: list[int] = []
        levels: list[Levels] = []
        for start in range(0, part.term_count, TERMS_SLICE):
            for found, by_level in part.terms(start, start + TERMS_SLICE):
                terms.append(self._known(found))
                levels.append(by_level)
            yield
        for start in range(0, count, SLICE):
            self._add_slice(part, slice(start, start + SLICE), codes, terms, levels)
            yield

    def finish(self) -> Columns:
        """Returns the columns of all parts; nothing more may be added."""
        return Columns(
            codes=bytes(self._codes),
            begin_days=self._begins,
            end_days=self._ends,
            term_indexes=self._indexes,
            ceilings=self._ceilings,
            terms=tuple(self._terms),
            level_starts=self._level_starts,
            level_numbers=self._level_numbers,
            level_ceilings=self._level_ceilings,
            first_day=self._first_day,
            block_codes=tuple(self._block_codes),
            block_offsets=self._block_offsets,
        )

    def _known(self, terms: Terms) -> int:
        """Returns the number of terms that other entries may share."""
        return self._terms.setdefault(terms, len(self._terms))

    def _add_slice(
        self,
        part: Part,
        span: slice,
        all_codes: Sequence[bytes],
        terms: Sequence[int],
        levels: Sequence[Levels],
    ) -> None:
        codes = all_codes[span]
        begins, ends = array("i", part.begin_days[span]), array("i", part.end_days[span])
        indexes, ceilings = part.term_indexes[span], array("q", part.ceilings[span])
        if not 0 <= min(indexes) <= max(indexes) < len(terms):
            raise _invalid("an entry's terms are not in the part")
        if min(ceilings) < NO_CEILING:
            raise _invalid("a ceiling is below zero")
        if not all(map(le, begins, ends)):
            raise _invalid("an entry ends before it begins", "目录条目的终止日期早于生效日期")
        self._check_order(codes, begins, ends)
        self._add_codes(codes)
        first_day = min(begins)
        if self._first_day is None or first_day < self._first_day:
            self._first_day = first_day
        self._begins.extend(begins)
        self._ends.extend(ends)
        self._indexes.extend(map(terms.__getitem__, indexes))
        self._ceilings.extend(ceilings)
        self._add_levels([levels[index] for index in indexes])

    def _check_order(
        self, codes: Sequence[bytes], begins: Sequence[int], ends: Sequence[int]
    ) -> None:
        before = [self._last, *codes[:-1]]
        self._last = codes[-1]
        if all(map(lt, before, codes)):
            return
        last_end = self._ends[-1] if self._ends else 0
        for at, (earlier, code) in enumerate(zip(before, codes, strict=True)):
            if earlier > code:
                raise _invalid("the entries are not in the order of their codes")
            if earlier == code and (ends[at - 1] if at else last_end) >= begins[at]:
                raise InvalidArgument(
                    "CATALOGUE_PERIOD_OVERLAP",
                    f"item {code.decode()} has overlapping periods",
                    zh="同一目录条目的生效区间重叠",
                    field="items",
                )

    def _add_codes(self, codes: Sequence[bytes]) -> None:
        # Row by row only where a block begins: every 64th.
        entry, at = len(self._begins), 0
        while at < len(codes):
            if (entry + at) % BLOCK == 0:
                self._block_codes.append(codes[at])
                self._block_offsets.append(len(self._codes))
            until = at + BLOCK - (entry + at) % BLOCK
            self._codes += b"\n".join(codes[at:until]) + b"\n"
            at = min(until, len(codes))

    def _add_levels(self, levels: Sequence[Levels]) -> None:
        starts = accumulate(map(len, levels), initial=self._level_starts[-1])
        next(starts)
        self._level_starts.extend(starts)
        if any(levels):
            self._level_numbers.extend(number for found in levels for number, _ in found)
            self._level_ceilings.extend(micro for found in levels for _, micro in found)


def columns_of(items: Iterable[CatalogueItem]) -> Columns:
    """Returns the columns of items given in any order. Raises as Builder.add."""
    builder = Builder()
    ordered = sorted(items, key=lambda item: (item.item_code.encode(), item.begin_date))
    if ordered:
        for _ in builder.add(part_of(ordered)):
            pass
    return builder.finish()


def part_of(items: Sequence[CatalogueItem]) -> Part:
    """Returns the part of items in the order of their codes and first days."""
    known: dict[tuple[Terms, Levels], int] = {}
    indexes = [known.setdefault(terms_of(item), len(known)) for item in items]
    terms = tuple(known)
    return Part(
        codes=b"".join([item.item_code.encode() + b"\n" for item in items]),
        begin_days=[day_of(item.begin_date) for item in items],
        end_days=[OPEN_END if item.end_date is None else day_of(item.end_date) for item in items],
        term_indexes=indexes,
        ceilings=[
            NO_CEILING if item.price_ceiling is None else int(item.price_ceiling * MICRO)
            for item in items
        ],
        term_count=len(terms),
        terms=lambda start, stop: terms[start:stop],
    )


def terms_of(item: CatalogueItem) -> tuple[Terms, Levels]:
    """Returns what decides on an item but its code, period and plain ceiling."""
    restriction = item.restriction
    if restriction is not None and restriction.text:
        restriction = replace(restriction, text="")
    terms = Terms(
        list_type_code=item.list_type_code,
        charge_category_code=item.charge_category_code,
        catalogue_class=item.catalogue_class,
        prior_self_pay_ratio=item.prior_self_pay_ratio,
        over_ceiling=item.over_ceiling,
        sample=item.sample,
        prior_self_pays=item.prior_self_pays,
        restriction=restriction,
        use_limits=item.use_limits,
    )
    levels = tuple(
        (int(ceiling.price_level_code), int(ceiling.price_ceiling * MICRO))
        for ceiling in item.price_ceilings
    )
    return terms, levels


def _invalid(text: str, zh: str = "") -> InvalidArgument:
    return InvalidArgument("FIELD_INVALID", text, zh=zh, field="items")

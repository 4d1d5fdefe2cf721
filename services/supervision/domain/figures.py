"""What a bulletin says, before it is drawn: tables with their units, and the headline.

Everything is exact and already rounded as it will be read, so that PDF, HTML and CSV cannot
disagree. `canonical` gives the bytes that the digest is of: the same figures, the same bytes.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from enum import Enum
from typing import TYPE_CHECKING, Final

from services.kit.money import round_fen

if TYPE_CHECKING:
    from collections.abc import Mapping
    from fractions import Fraction

Cell = str | int | Decimal | None
"""A text, a count, a rounded number; None: there is none (shown as a dash)."""

_HUNDREDTH: Final = Decimal("0.01")
_FEN_PER_WAN: Final = 1_000_000


class Kind(Enum):
    """What stands in a column."""

    TEXT = "text"
    COUNT = "count"
    NUMBER = "number"


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table."""

    name: str
    """In the CSV: English, with its unit."""
    heading: str
    """Chinese, with its unit."""
    kind: Kind = Kind.COUNT
    is_printed: bool = True
    """False: in the CSV only."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """A table with what has to be said about it."""

    code: str
    """Names its CSV: letters, digits and dashes."""
    title: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...]
    notes: tuple[str, ...] = ()
    missing: str = ""
    """Why there are no rows; empty: nothing is missing."""
    printed_max: int = 40
    """Rows that are printed; the CSV has all."""

    def __post_init__(self) -> None:
        """Refuses rows of another width: a cell would stand under another heading."""
        if any(len(row) != len(self.columns) for row in self.rows):
            msg = f"{self.code}: a row has not as many cells as there are columns"
            raise ValueError(msg)

    def values(self, name: str) -> list[Cell]:
        """Returns a column by its name."""
        place = [column.name for column in self.columns].index(name)
        return [row[place] for row in self.rows]


@dataclass(frozen=True, slots=True, kw_only=True)
class Headline:
    """One number that the first page shows large."""

    label: str
    value: str
    unit: str
    change: str = ""
    """Against the month before, with its sign."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """All that a bulletin says."""

    month: str
    edition: int
    freeze_time: str
    """UTC, ISO 8601 with seconds."""
    headlines: tuple[Headline, ...]
    tables: tuple[Table, ...]
    summary: tuple[str, ...]
    """Sentences, the most important first."""
    notes: tuple[str, ...]
    """What is sample, what is missing, how things are defined."""
    note: str = ""
    """Why there is a further edition."""

    def table(self, code: str) -> Table:
        """Returns a table by its code."""
        return next(one for one in self.tables if one.code == code)


def canonical(figures: Figures) -> bytes:
    """Returns figures as JSON: keys in a fixed order, UTF-8, numbers as they are written."""
    document = {
        "month": figures.month,
        "edition": figures.edition,
        "freeze_time": figures.freeze_time,
        "note": figures.note,
        "headlines": [
            {"label": one.label, "value": one.value, "unit": one.unit, "change": one.change}
            for one in figures.headlines
        ],
        "summary": list(figures.summary),
        "notes": list(figures.notes),
        "tables": [_table(one) for one in figures.tables],
    }
    return (json.dumps(document, ensure_ascii=False, indent=1) + "\n").encode()


def digest_of(content: bytes) -> str:
    """Returns the SHA-256 of bytes, 64 hex digits."""
    return hashlib.sha256(content).hexdigest()


def percent(share: Fraction | Decimal) -> Decimal:
    """Returns a share as percent with two places, half up."""
    if isinstance(share, Decimal):
        return (share * 100).quantize(_HUNDREDTH, rounding=ROUND_HALF_UP)
    return Decimal(round_fen(share * 10_000)) / 100 + Decimal("0.00")


def ratio(value: Fraction) -> Decimal:
    """Returns a ratio with two places, half up."""
    return Decimal(round_fen(value * 100)) / 100 + Decimal("0.00")


def wan_yuan(fen: int) -> Decimal:
    """Returns fen as 万元 with two places, half up."""
    return (Decimal(fen) / _FEN_PER_WAN).quantize(_HUNDREDTH, rounding=ROUND_HALF_UP)


def yuan(fen: int) -> Decimal:
    """Returns fen as yuan with two places; exact."""
    return Decimal(fen) / 100 + Decimal("0.00")


def _table(table: Table) -> Mapping[str, object]:
    return {
        "code": table.code,
        "title": table.title,
        "columns": [[column.name, column.heading] for column in table.columns],
        "rows": [[_plain(cell) for cell in row] for row in table.rows],
        "notes": list(table.notes),
        "missing": table.missing,
    }


def _plain(cell: Cell) -> str | int | None:
    return f"{cell:f}" if isinstance(cell, Decimal) else cell

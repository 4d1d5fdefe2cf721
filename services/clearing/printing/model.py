"""What is printed: the lines of a month's tables, as one province, or the hub, sees them.

Plain data, filled from the frozen lines of a month. Lines that do not add up are refused before
anything is drawn: a table on paper is never the place where a sum first fails.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from services.clearing.domain.tables import TableLine, TablesUnbalanced, check_lines

AMOUNT_FEN_MAX: Final = 10**15
"""A cell of a workbook is a binary double: below ten trillion yuan, two decimals included, the text
of the number has 15 digits, and what is read back is the same fen."""

NATIONAL_FUNDS: Final[dict[str, str]] = {
    "310100": "职工统筹",
    "310200": "个人账户",
    "320100": "公务员补助",
    "330100": "大额/大病",
    "350100": "残疾军人",
    "370100": "企业补充",
    "390100": "居民统筹",
    "610100": "医疗救助",
    "910100": "其他",
}
"""Funds of the cross-province ledger, in the order of their columns (getNatFund)."""
ACCOUNT: Final = "310200"
"""The personal account: owed like a fund, shown in a column and a table of its own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProvinceTables:
    """The tables of a month for one province, or for all."""

    month: str
    """Civil month "YYYY-MM"."""
    region_code: str
    """Province xx0000; empty: the national table of the hub."""
    lines: tuple[TableLine, ...]
    """All lines that the province is a party of, on either side; nationally all lines."""
    table_time: datetime
    """When the tables of the month were made: all files of a month carry it."""
    digest: str
    """SHA-256 of the month's lines, in hex: the same on the files of all provinces."""


def require_sound(tables: ProvinceTables) -> None:
    """Refuses lines that contradict each other.

    Raises:
        TablesUnbalanced: with what is wrong.
    """
    check_lines(tables.lines)
    for line in tables.lines:
        ends = (line.insured_region_code, line.care_region_code)
        if line.month != tables.month:
            raise TablesUnbalanced("a line is of another month")
        if tables.region_code and tables.region_code not in ends:
            raise TablesUnbalanced("a line is of other provinces")
        if ends[0] == ends[1]:
            raise TablesUnbalanced("a line is of one province")
    if _turnover(tables.lines) >= AMOUNT_FEN_MAX:
        raise TablesUnbalanced("amounts beyond ten trillion yuan")


def _turnover(lines: Iterable[TableLine]) -> int:
    """Returns more than any sum of the lines' amounts can be."""
    return sum(
        abs(line.cost_fen) + abs(line.adjustment_fen) + abs(line.deduction_fen) for line in lines
    )

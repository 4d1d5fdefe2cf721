"""Tables as CSV: UTF-8 with a byte-order mark, all tables one after another.

The first column names the table and the second says what the row is (题名, 说明, 表头, 明细, 合计):
a program can pick what it needs, and a spreadsheet opens it as it is. Amounts are yuan with two
decimals and no separators. A text that a spreadsheet would take for a formula gets an apostrophe.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from typing import Final

from services.clearing.printing.model import ProvinceTables
from services.clearing.printing.sheets import NOTHING, Cell, Column, Kind, Sheet
from services.kit.money import format_yuan

_BOM: Final = "\ufeff"
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")


def write(sheets: Sequence[Sheet], _tables: ProvinceTables) -> bytes:
    """Returns the bytes of the file."""
    stream = io.StringIO(newline="")
    writer = csv.writer(stream, lineterminator="\r\n")
    for sheet in sheets:
        writer.writerow([sheet.name, "题名", *_texts([sheet.title])])
        writer.writerows([sheet.name, "说明", *_texts([fact])] for fact in sheet.facts)
        headings = (column.heading.replace("\n", "") for column in sheet.columns)
        writer.writerow([sheet.name, "表头", *_texts(headings)])
        writer.writerows([sheet.name, "明细", *_cells(row, sheet.columns)] for row in sheet.rows)
        if not sheet.rows:
            writer.writerow([sheet.name, "说明", NOTHING])
        if sheet.totals:
            writer.writerow([sheet.name, "合计", *_cells(sheet.totals, sheet.columns)])
    return (_BOM + stream.getvalue()).encode()


def plain_yuan(fen: int) -> str:
    """Returns fen as yuan with two decimals and no separators: -1735393 → '-17353.93'."""
    return format_yuan(fen).replace(",", "")


def _cells(row: Iterable[Cell], columns: Iterable[Column]) -> list[str]:
    return [
        _safe(cell) if isinstance(cell, str) else _number(cell, column)
        for cell, column in zip(row, columns, strict=True)
    ]


def _number(value: int, column: Column) -> str:
    return plain_yuan(value) if column.kind is Kind.MONEY else str(value)


def _texts(texts: Iterable[str]) -> list[str]:
    return [_safe(text) for text in texts]


def _safe(text: str) -> str:
    return f"'{text}" if text.startswith(_FORMULA) else text

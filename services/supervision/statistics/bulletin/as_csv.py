"""Tables as CSV: UTF-8 with a byte-order mark, the first line names the columns.

All rows, whatever is printed of them. Numbers are plain: no separators, a dot before decimals. A
cell that is not there is empty. A text that a spreadsheet would take for a formula gets an
apostrophe.
"""

from __future__ import annotations

import csv
import io
from decimal import Decimal
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from services.supervision.domain.figures import Cell, Table

_BOM: Final = "\ufeff"
# Full-width signs, too: spreadsheets of Chinese systems read them as the others.
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


def write(table: Table) -> bytes:
    """Returns the bytes of the file."""
    stream = io.StringIO(newline="")
    writer = csv.writer(stream, lineterminator="\r\n")
    writer.writerow([column.name for column in table.columns])
    writer.writerows([_cell(cell) for cell in row] for row in table.rows)
    return (_BOM + stream.getvalue()).encode()


def _cell(cell: Cell) -> str:
    if cell is None:
        return ""
    if isinstance(cell, Decimal):
        return f"{cell:f}"
    if isinstance(cell, int):
        return str(cell)
    return f"'{cell}" if cell.startswith(_FORMULA) else cell

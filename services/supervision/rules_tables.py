"""Reads the tables of a rule pack: the published ones, unchanged, and those of our own.

A row that cannot be read is never skipped: a rule that is silently absent looks like a clean bill.
"""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Final, NoReturn

from services.kit import codes
from services.supervision.rules_manifest import (
    MALFORMED,
    REPEATED,
    TABLE_MISMATCH,
    TOO_LARGE,
    RuleDataRefused,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


class Layout(Enum):
    """The shapes of the tables."""

    DRUG = "drug"
    ITEM = "item"
    ITEM_NOTE = "item_note"
    ITEM_CYCLE = "item_cycle"
    ITEM_FREQUENCY = "item_frequency"
    MAIN_SECONDARY = "main_secondary"
    DUPLICATE = "duplicate"
    DISTANCE = "distance"


_COLUMNS: Final[Mapping[Layout, tuple[str, ...]]] = {
    Layout.DRUG: ("batch", "limit", "drug_code", "generic_name", "value", "note"),
    Layout.ITEM: ("batch", "item_code", "item_name", "value", "note"),
    Layout.ITEM_NOTE: ("batch", "item_code", "item_name", "note"),
    Layout.ITEM_CYCLE: ("batch", "item_code", "item_name", "limit", "days", "note"),
    Layout.ITEM_FREQUENCY: ("batch", "item_code", "item_name", "limit", "unit"),
    Layout.MAIN_SECONDARY: ("batch", "item_code", "item_name", "group", "note"),
    Layout.DUPLICATE: (
        "batch",
        "window",
        "main_code",
        "main_name",
        "included_code",
        "included_name",
        "note",
    ),
    Layout.DISTANCE: ("from_code", "to_code", "km"),
}
_CELL_LENGTH_MAX: Final = 1000
_ROW_COUNT_MAX: Final = 20_000
_SERVICE_CODE_LENGTH: Final = 15


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One row of a table, with its place for a refusal."""

    file: str
    line: int
    cells: Mapping[str, str]

    def __getitem__(self, column: str) -> str:
        """Returns a cell."""
        return self.cells[column]

    def refuse(self, problem: str, reason: str = TABLE_MISMATCH) -> NoReturn:
        """Refuses the row."""
        raise RuleDataRefused(file=self.file, line=self.line, problem=problem, reason=reason)

    def drug_code(self) -> str:
        """Returns the drug's code."""
        code = self["drug_code"]
        if not codes.is_drug_code(code):
            self.refuse("malformed drug code")
        return code

    def item_code(self, column: str = "item_code") -> str:
        """Returns a service item's national code."""
        code = self[column]
        if len(code) != _SERVICE_CODE_LENGTH or not codes.is_service_code(code):
            self.refuse("malformed service item code")
        return code

    def name(self, column: str) -> str:
        """Returns an item's published name."""
        if not self[column].strip():
            self.refuse("an item without a name")
        return self[column]

    def number(self, column: str) -> int:
        """Returns a whole number above zero of at most four digits."""
        text = self[column]
        if not (text.isascii() and text.isdecimal() and len(text) <= len("9999")) or int(text) == 0:
            self.refuse(f"{column} is not a number above zero")
        return int(text)


class Tables:
    """The CSV files of a pack; which of them were read is kept."""

    def __init__(self, contents: Mapping[str, bytes]) -> None:
        """Holds the files by name."""
        self._contents = contents
        self.read: set[str] = set()

    def has(self, file: str) -> bool:
        """Tells whether there is such a file."""
        return file in self._contents

    def rows(self, file: str, layout: Layout) -> Iterator[Row]:
        """Returns the rows of a table.

        Raises:
            RuleDataRefused: at the first row that is not of the layout.
        """
        self.read.add(file)
        columns = _COLUMNS[layout]
        try:
            text = self._contents[file].decode("utf-8")
        except UnicodeDecodeError as error:
            raise RuleDataRefused(
                file=file, line=1, problem="not UTF-8", reason=MALFORMED
            ) from error
        reader = csv.reader(io.StringIO(text, newline=""), strict=True)
        count = 0
        try:
            for cells in reader:
                row = Row(
                    file=file, line=reader.line_num, cells=dict(zip(columns, cells, strict=False))
                )
                if reader.line_num == 1:
                    if tuple(cells) != columns:
                        row.refuse(f"the columns are not {','.join(columns)}")
                    continue
                _check(row, cells, len(columns))
                count += 1
                yield row
        except csv.Error as error:
            raise RuleDataRefused(
                file=file, line=reader.line_num, problem="not CSV", reason=MALFORMED
            ) from error
        if not count:
            raise RuleDataRefused(
                file=file, line=max(1, reader.line_num), problem="no rows", reason=TABLE_MISMATCH
            )


def _check(row: Row, cells: list[str], width: int) -> None:
    if len(cells) != width:
        row.refuse(f"{len(cells)} cells instead of {width}", MALFORMED)
    if row.line > _ROW_COUNT_MAX:
        row.refuse(f"more than {_ROW_COUNT_MAX} rows", TOO_LARGE)
    if not all(len(cell) <= _CELL_LENGTH_MAX and cell.isprintable() for cell in cells):
        row.refuse("a cell is too long or has control characters", MALFORMED)


def refuse_twice(row: Row, what: str = "the item") -> NoReturn:
    """Refuses a row that says something again."""
    row.refuse(f"{what} is given twice", REPEATED)

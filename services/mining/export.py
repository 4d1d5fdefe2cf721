"""Writes an export: Parquet files by month of settlement and care province.

Bills come month by month and are written a bounded number at a time. A month is written beside the
export and moved into it when it is whole, so that an export never has half a month, and a month
that is exported again replaces what was there.
"""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pyarrow as pa
import pyarrow.dataset as ds
import pyarrow.parquet as pq

from services.mining import schema
from services.mining.schema import ExportedBill
from services.mining.tables import BILL, LINE

_BILLS_AT_ONCE: Final = 20_000
"""Some 20 lines each: 400,000 rows in memory."""
_PARTS: Final = ".month"
_PARTITIONING: Final = ds.partitioning(
    pa.schema([("month", pa.string()), ("care", pa.string())]), flavor="hive"
)


@dataclass(frozen=True, slots=True)
class Exported:
    """How much was written."""

    bill_count: int
    line_count: int


class MonthMixed(Exception):
    """A bill of another month stands among those of a month."""


async def export_month(folder: Path, month: str, bills: AsyncIterator[ExportedBill]) -> Exported:
    """Writes the bills of a civil month of settlement, in place of those that are there.

    Raises:
        MonthMixed: a bill of another month is among them; the export is as it was.
    """
    parts = folder / _PARTS
    shutil.rmtree(parts, ignore_errors=True)
    try:
        written = await _write(parts, month, bills)
        for name in (BILL, LINE):
            place = folder / name / f"month={month}"
            shutil.rmtree(place, ignore_errors=True)
            if (made := parts / name / f"month={month}").is_dir():
                place.parent.mkdir(parents=True, exist_ok=True)
                made.rename(place)
    finally:
        shutil.rmtree(parts, ignore_errors=True)
    return written


async def _write(parts: Path, month: str, bills: AsyncIterator[ExportedBill]) -> Exported:
    bill_count = line_count = number = 0
    held: list[ExportedBill] = []
    async for bill in bills:
        held.append(bill)
        if len(held) == _BILLS_AT_ONCE:
            line_count += write_part(parts, month, number, held)
            bill_count, number, held = bill_count + len(held), number + 1, []
    if held:
        line_count += write_part(parts, month, number, held)
        bill_count += len(held)
    return Exported(bill_count, line_count)


def write_part(folder: Path, month: str, number: int, bills: Sequence[ExportedBill]) -> int:
    """Writes some bills of a month as files of their own; returns how many lines they have.

    Raises:
        MonthMixed: a bill of another month is among them.
    """
    rows = [schema.bill_row(bill) for bill in bills]
    if any(row["month"] != month for row in rows):
        raise MonthMixed(month)
    lines = [row for bill in bills for row in schema.line_rows(bill)]
    _write_table(folder / BILL, number, pa.Table.from_pylist(rows, schema.BILL))
    _write_table(folder / LINE, number, pa.Table.from_pylist(lines, schema.LINE))
    return len(lines)


def _write_table(folder: Path, number: int, table: pa.Table) -> None:
    ds.write_dataset(
        table.sort_by([("care", "ascending")]),
        folder,
        format="parquet",
        partitioning=_PARTITIONING,
        basename_template=f"part-{number:05d}-{{i}}.parquet",
        existing_data_behavior="overwrite_or_ignore",
        file_options=ds.ParquetFileFormat().make_write_options(compression="zstd"),
        use_threads=False,
    )


def bills_in(folder: Path) -> int:
    """Returns how many bills an export has."""
    return sum(rows for _, rows in _files(folder / BILL))


def lines_in(folder: Path) -> int:
    """Returns how many lines an export has."""
    return sum(rows for _, rows in _files(folder / LINE))


def bytes_of(folder: Path) -> int:
    """Returns the size of an export's files."""
    return sum(path.stat().st_size for name in (BILL, LINE) for path, _ in _files(folder / name))


def _files(folder: Path) -> Iterator[tuple[Path, Any]]:
    for path in sorted(folder.glob("*/*/*.parquet")):
        yield path, pq.read_metadata(path).num_rows

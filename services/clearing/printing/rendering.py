"""Tables as the bytes of a file.

    rendering.render(tables, Format.XLSX)

Equal tables give equal bytes, on every machine: times in the files are those of the tables, and
nothing is compressed, because compressed bytes depend on the version of the compressor.
"""

from __future__ import annotations

from enum import Enum
from typing import Final, assert_never

from services.clearing.printing.model import ProvinceTables
from services.clearing.printing.sheets import month_text, region_name, sheets_of


class Format(Enum):
    """A file format; the value is the ending of a file's name."""

    XLSX = "xlsx"
    CSV = "csv"
    PDF = "pdf"


MEDIA_TYPES: Final = {
    Format.XLSX: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    Format.CSV: "text/csv; charset=utf-8",
    Format.PDF: "application/pdf",
}


def render(tables: ProvinceTables, form: Format) -> bytes:
    """Returns the tables of a province, or the national ones, as a file.

    Takes some hundredths of a second of processor: call it in a thread where calls are served.

    Raises:
        TablesUnbalanced: the lines contradict each other.
    """
    sheets = sheets_of(tables)
    # A library for each form, loaded by who asks for it: all were a third of the service's start.
    match form:
        case Format.XLSX:
            from services.clearing.printing import as_xlsx  # noqa: PLC0415

            return as_xlsx.write(sheets, tables)
        case Format.CSV:
            from services.clearing.printing import as_csv  # noqa: PLC0415

            return as_csv.write(sheets, tables)
        case Format.PDF:
            from services.clearing.printing import as_pdf  # noqa: PLC0415

            return as_pdf.write(sheets, tables)
        case _:
            assert_never(form)


def file_name(tables: ProvinceTables, form: Format) -> str:
    """Returns a name for the file: 跨省异地就医清算表_640000宁夏回族自治区_2026年3月.xlsx."""
    whose = f"{tables.region_code}{region_name(tables.region_code)}" or "全国"
    return f"跨省异地就医清算表_{whose}_{month_text(tables.month)}.{form.value}"

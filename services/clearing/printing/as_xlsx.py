"""Tables as a workbook: a sheet per table, amounts as numbers, A4 landscape.

Amounts are written as the exact decimal text of the yuan; a spreadsheet reads it as a double, which
holds 15 digits, and `model` refuses more. Totals are our own values; the row below them is a
formula of the spreadsheet's that adds the column up again and must show 0.00.
"""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, Final

from openpyxl import Workbook
from openpyxl.styles import Alignment, Border, Font, NamedStyle, PatternFill, Side
from openpyxl.utils import get_column_letter

from services.clearing.printing.model import ProvinceTables
from services.clearing.printing.sheets import NOTHING, Cell, Column, Kind, Sheet

_MONEY: Final = "#,##0.00"
_COUNT: Final = "0"
_TEXT: Final = "@"
_THIN: Final = Side(style="thin", color="808080")
_BOX: Final = Border(left=_THIN, right=_THIN, top=_THIN, bottom=_THIN)
_HEAD_FILL: Final = PatternFill("solid", fgColor="D9E2EC")
_TOTAL_FILL: Final = PatternFill("solid", fgColor="F2F2F2")
_FONT: Final = "宋体"
_CHECK: Final = "核对：明细之和 − 合计"
_SIGNERS: Final = ("单位（盖章）：", "单位负责人：", "复核：", "制表：", "日期：")
_GAP: Final = "　" * 8
_ZIP_TIME: Final = (1980, 1, 1, 0, 0, 0)
_MODIFIED: Final = re.compile(rb"(<dcterms:modified[^>]*>)[^<]*(</dcterms:modified>)")


def write(sheets: Sequence[Sheet], tables: ProvinceTables) -> bytes:
    """Returns the bytes of the file."""
    book = Workbook()
    book.remove(book.active)
    made = tables.table_time.astimezone(UTC).replace(tzinfo=None, microsecond=0)
    book.properties.creator = "异结 Yijie"
    book.properties.title = sheets[0].title
    book.properties.created = made
    for style in _styles():
        book.add_named_style(style)
    for sheet in sheets:
        _draw(book.create_sheet(sheet.name), sheet)
    stream = io.BytesIO()
    book.save(stream)
    return _frozen(stream.getvalue(), made)


def _styles() -> list[NamedStyle]:
    """Returns the styles of a workbook: one that is set by name costs a tenth of its parts."""
    styles = [
        _style("title", size=16, is_bold=True, align="center"),
        _style("fact", size=9, align="left"),
        _style("signers", size=10, align="left"),
        _style("nothing", size=10, align="center", is_boxed=True),
        _style("check", size=8, align="left"),
        _style("check money", size=8, align="right", form=_MONEY),
        _style("head", size=10, is_bold=True, align="center", fill=_HEAD_FILL, is_boxed=True),
    ]
    styles[-1].alignment = Alignment(horizontal="center", vertical="center", wrap_text=True)
    for name, form, align in (
        ("text", _TEXT, "left"),
        ("count", _COUNT, "right"),
        ("money", _MONEY, "right"),
    ):
        styles += [
            _style(name, size=10, align=align, form=form, is_boxed=True),
            _style(
                f"total {name}",
                size=10,
                align=align,
                form=form,
                is_bold=True,
                fill=_TOTAL_FILL,
                is_boxed=True,
            ),
        ]
    return styles


def _style(
    name: str,
    *,
    size: int,
    align: str,
    form: str = "General",
    is_bold: bool = False,
    is_boxed: bool = False,
    fill: PatternFill | None = None,
) -> NamedStyle:
    return NamedStyle(
        name=name,
        font=Font(name=_FONT, size=size, bold=is_bold),
        alignment=Alignment(horizontal=align, vertical="center"),
        number_format=form,
        border=_BOX if is_boxed else Border(),
        fill=fill or PatternFill(),
    )


def _draw(page: Any, sheet: Sheet) -> None:
    width = len(sheet.columns)
    row = 1
    for text, style in ((sheet.title, "title"), *((fact, "fact") for fact in sheet.facts)):
        _put(page, row, 1, text, style)
        page.merge_cells(start_row=row, start_column=1, end_row=row, end_column=width)
        row += 1
    head = row
    for index, column in enumerate(sheet.columns, start=1):
        _put(page, head, index, column.heading, "head")
        page.column_dimensions[get_column_letter(index)].width = column.width
    for cells in sheet.rows:
        row += 1
        _put_row(page, row, cells, sheet.columns)
    if not sheet.rows:
        row += 1
        _put(page, row, 1, NOTHING, "nothing")
        page.merge_cells(start_row=row, start_column=1, end_row=row, end_column=width)
    if sheet.totals:
        row = _put_totals(page, row + 1, sheet, first=head + 1)
    if sheet.is_signed:
        _put(page, row + 2, 1, _GAP.join(_SIGNERS), "signers")
        page.merge_cells(start_row=row + 2, start_column=1, end_row=row + 2, end_column=width)
    _set_up(page, head)


def _put_totals(page: Any, row: int, sheet: Sheet, *, first: int) -> int:
    """Writes the totals and the row that checks them; returns the last row."""
    _put_row(page, row, sheet.totals, sheet.columns, prefix="total ")
    if not sheet.rows:
        return row
    _put(page, row + 1, 2, _CHECK, "check")
    for index, column in enumerate(sheet.columns, start=1):
        if column.kind is Kind.MONEY:
            letter = get_column_letter(index)
            cell = page.cell(row + 1, index)
            cell.value = f"=ROUND(SUM({letter}{first}:{letter}{row - 1})-{letter}{row},2)"
            cell.style = "check money"
    return row + 1


def _put_row(
    page: Any, row: int, cells: Sequence[Cell], columns: Sequence[Column], *, prefix: str = ""
) -> None:
    for index, (value, column) in enumerate(zip(cells, columns, strict=True), start=1):
        kind = Kind.TEXT if isinstance(value, str) else column.kind
        _put(page, row, index, _value(value, column), f"{prefix}{kind.value}")


def _value(value: Cell, column: Column) -> str | int | Decimal:
    if isinstance(value, str) or column.kind is not Kind.MONEY:
        return value
    return Decimal(value).scaleb(-2)


def _put(page: Any, row: int, column: int, value: str | int | Decimal, style: str) -> None:
    cell = page.cell(row, column)
    cell.value = value
    if isinstance(value, str):
        # Never a formula, whatever it begins with.
        cell.data_type = "s"
    cell.style = style


def _set_up(page: Any, head: int) -> None:
    page.freeze_panes = page.cell(head + 1, 1)
    page.print_title_rows = f"1:{head}"
    page.page_setup.orientation = "landscape"
    page.page_setup.paperSize = page.PAPERSIZE_A4
    page.page_setup.fitToWidth = 1
    page.page_setup.fitToHeight = 0
    page.sheet_properties.pageSetUpPr.fitToPage = True
    page.print_options.horizontalCentered = True
    page.oddFooter.center.text = "第 &P 页 共 &N 页"
    page.row_dimensions[1].height = 26
    page.row_dimensions[head].height = 30


def _frozen(made: bytes, moment: datetime) -> bytes:
    """Returns a workbook with the time of its tables in place of the time of its making."""
    text = f"{moment:%Y-%m-%dT%H:%M:%SZ}".encode()
    stream = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(made)) as source,
        zipfile.ZipFile(stream, "w", zipfile.ZIP_STORED) as target,
    ):
        for name in source.namelist():
            content = source.read(name)
            if name == "docProps/core.xml":
                content = _MODIFIED.sub(rb"\g<1>" + text + rb"\g<2>", content)
            entry = zipfile.ZipInfo(name, _ZIP_TIME)
            entry.create_system = 0
            entry.external_attr = 0o600 << 16
            target.writestr(entry, content)
    return stream.getvalue()

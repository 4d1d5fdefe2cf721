"""Tables as a printable PDF: A4 landscape, a table begins on a page of its own.

Chinese is set in STSong-Light, a font that PDF viewers with Asian fonts have: nothing is embedded.
Figures are set in Helvetica. The file says no time of its own (reportlab's `invariant`): the time
of the tables stands in their heading.
"""

from __future__ import annotations

import io
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from reportlab.lib.pagesizes import A4, landscape
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.cidfonts import UnicodeCIDFont
from reportlab.pdfgen.canvas import Canvas

from services.clearing.printing.model import ProvinceTables
from services.clearing.printing.sheets import NOTHING, Cell, Column, Kind, Sheet
from services.kit.money import format_yuan

_SONG: Final = "STSong-Light"
_FIGURES: Final = "Helvetica"
_BOLD_FIGURES: Final = "Helvetica-Bold"
_WIDTH, _HEIGHT = landscape(A4)
_MARGIN: Final = 30
_TITLE_PT: Final = 16
_FACT_PT: Final = 8
_CELL_PT: Final = 8
_CELL_PT_MIN: Final = 4
_ROW: Final = 13
_HEAD: Final = 26
_PAD: Final = 2
_LINE_PT: Final = 0.5
_FOOT: Final = 40
_RUNS: Final = re.compile(r"[ -~]+|[^ -~]+")
_SIGNERS: Final = ("单位（盖章）：", "单位负责人：", "复核：", "制表：", "日期：")

pdfmetrics.registerFont(UnicodeCIDFont(_SONG))


@dataclass(frozen=True, slots=True)
class _Page:
    """What stands on one page."""

    sheet: Sheet
    rows: tuple[tuple[Cell, ...], ...]
    widths: Sequence[float]
    size: float
    """Of the type in cells, points."""
    is_first: bool
    is_last: bool


def write(sheets: Sequence[Sheet], tables: ProvinceTables) -> bytes:
    """Returns the bytes of the file."""
    stream = io.BytesIO()
    canvas = Canvas(stream, pagesize=(_WIDTH, _HEIGHT), invariant=1, pageCompression=0)
    canvas.setTitle(f"{sheets[0].title} {tables.month}")
    canvas.setAuthor("异结 Yijie")
    canvas.setCreator("异结 Yijie")
    canvas.setSubject(tables.digest)
    pages = [page for sheet in sheets for page in _pages(sheet)]
    for number, page in enumerate(pages, start=1):
        if page.is_first:
            canvas.bookmarkPage(page.sheet.name)
            canvas.addOutlineEntry(page.sheet.name, page.sheet.name)
        _draw(canvas, page)
        _put_centred(
            canvas, _WIDTH / 2, _MARGIN / 2, f"第 {number} 页 共 {len(pages)} 页", _FACT_PT
        )
        canvas.showPage()
    canvas.save()
    return stream.getvalue()


def _pages(sheet: Sheet) -> list[_Page]:
    top = 2 * _MARGIN + _TITLE_PT + (_FACT_PT + 4) * len(sheet.facts) + _HEAD + _FOOT
    fit = int((_HEIGHT - top) // _ROW) - 1  # the last page has the totals, too
    parts = [sheet.rows[begin : begin + fit] for begin in range(0, len(sheet.rows), fit)] or [()]
    last = len(parts) - 1
    widths = _widths(sheet)
    size = _size(sheet, widths)
    return [
        _Page(sheet, part, widths, size, is_first=index == 0, is_last=index == last)
        for index, part in enumerate(parts)
    ]


def _draw(canvas: Canvas, page: _Page) -> None:
    sheet = page.sheet
    y = _HEIGHT - _MARGIN - _TITLE_PT
    canvas.setLineWidth(_LINE_PT)
    title = sheet.title if page.is_first else f"{sheet.title}（续）"
    _put_centred(canvas, _WIDTH / 2, y, title, _TITLE_PT)
    y -= 4
    for fact in sheet.facts:
        y -= _FACT_PT + 4
        _put(canvas, _MARGIN, y, fact, _FACT_PT)
    y -= 6
    widths, size = page.widths, page.size
    y = _draw_head(canvas, sheet.columns, widths, y)
    for row in page.rows:
        y = _draw_row(canvas, row, sheet.columns, widths, top=y, size=size, is_total=False)
    if not sheet.rows:
        _put_centred(canvas, _WIDTH / 2, y - _ROW + 4, NOTHING, _CELL_PT)
        canvas.rect(_MARGIN, y - _ROW, sum(widths), _ROW)
        y -= _ROW
    if page.is_last and sheet.totals:
        y = _draw_row(canvas, sheet.totals, sheet.columns, widths, top=y, size=size, is_total=True)
    if page.is_last and sheet.is_signed:
        step = (_WIDTH - 2 * _MARGIN) / len(_SIGNERS)
        for index, text in enumerate(_SIGNERS):
            _put(canvas, _MARGIN + index * step, y - 20, text, _FACT_PT)


def _widths(sheet: Sheet) -> list[float]:
    """Shares the width of the page out in proportion."""
    whole = sum(column.width for column in sheet.columns)
    return [(_WIDTH - 2 * _MARGIN) * column.width / whole for column in sheet.columns]


def _size(sheet: Sheet, widths: Sequence[float]) -> float:
    """Returns the size of type in which every cell of the table fits its column."""
    size = float(_CELL_PT)
    for row in (*sheet.rows, sheet.totals):
        for value, column, width in zip(row, sheet.columns, widths, strict=bool(row)):
            needed = _length(_shown(value, column), 1, is_bold=True)
            if needed:
                size = min(size, (width - 2 * _PAD) / needed)
    return max(size, _CELL_PT_MIN)


def _draw_head(
    canvas: Canvas, columns: Sequence[Column], widths: Sequence[float], top: float
) -> float:
    x = float(_MARGIN)
    for column, width in zip(columns, widths, strict=True):
        canvas.setFillGray(0.9)
        canvas.rect(x, top - _HEAD, width, _HEAD, fill=1)
        canvas.setFillGray(0)
        parts = _wrapped(column.heading, width - 2 * _PAD)
        y = top - (_HEAD - len(parts) * (_CELL_PT + 2)) / 2 - _CELL_PT
        for part in parts:
            _put_centred(canvas, x + width / 2, y, part, _CELL_PT)
            y -= _CELL_PT + 2
        x += width
    return top - _HEAD


def _wrapped(heading: str, width: float) -> list[str]:
    """Breaks a heading into lines; Chinese breaks anywhere."""
    lines = []
    for part in heading.split("\n"):
        line = ""
        for character in part:
            if _length(line + character, _CELL_PT) > width:
                lines.append(line)
                line = ""
            line += character
        lines.append(line)
    return lines


def _draw_row(
    canvas: Canvas,
    row: Sequence[Cell],
    columns: Sequence[Column],
    widths: Sequence[float],
    *,
    top: float,
    size: float,
    is_total: bool,
) -> float:
    x = float(_MARGIN)
    for value, column, width in zip(row, columns, widths, strict=True):
        if is_total:
            canvas.setFillGray(0.95)
            canvas.rect(x, top - _ROW, width, _ROW, fill=1)
            canvas.setFillGray(0)
        else:
            canvas.rect(x, top - _ROW, width, _ROW)
        text = _shown(value, column)
        left = x + _PAD
        if not isinstance(value, str):
            left = x + width - _PAD - _length(text, size, is_bold=is_total)
        _put(canvas, left, top - _ROW + 4, text, size, is_bold=is_total)
        x += width
    return top - _ROW


def _shown(value: Cell, column: Column) -> str:
    if isinstance(value, str):
        return value
    return format_yuan(value) if column.kind is Kind.MONEY else str(value)


def _put(
    canvas: Canvas, x: float, y: float, text: str, size: float, *, is_bold: bool = False
) -> None:
    """Draws a text from its left end."""
    for run, font in _runs(text, is_bold=is_bold):
        canvas.setFont(font, size)
        canvas.drawString(x, y, run)
        x += pdfmetrics.stringWidth(run, font, size)


def _put_centred(canvas: Canvas, x: float, y: float, text: str, size: float) -> None:
    _put(canvas, x - _length(text, size) / 2, y, text, size)


def _length(text: str, size: float, *, is_bold: bool = False) -> float:
    runs = _runs(text, is_bold=is_bold)
    return sum(float(pdfmetrics.stringWidth(run, font, size)) for run, font in runs)


def _runs(text: str, *, is_bold: bool) -> list[tuple[str, str]]:
    """Divides a text into what each font draws; Chinese fonts differ in their figures."""
    figures = _BOLD_FIGURES if is_bold else _FIGURES
    return [(run, figures if run.isascii() else _SONG) for run in _RUNS.findall(text)]

"""A bulletin as a printable PDF: A4 upright, charts and tables as in the HTML.

Chinese is set in STSong-Light, a font that PDF viewers with Asian fonts have: nothing is embedded,
as in the tables of clearing. The file says no time of its own (reportlab's `invariant`).
"""

from __future__ import annotations

import io
import re
from typing import TYPE_CHECKING, Any, Final
from xml.sax.saxutils import escape

from reportlab.lib.colors import HexColor
from reportlab.lib.enums import TA_CENTER, TA_RIGHT
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.platypus import (
    CondPageBreak,
    KeepTogether,
    Paragraph,
    SimpleDocTemplate,
    Spacer,
    Table,
    TableStyle,
)

from services.supervision.domain.figures import Kind
from services.supervision.statistics import words
from services.supervision.statistics.bulletin.charts import FIGURES, SONG, WIDTH
from services.supervision.statistics.bulletin.pages import (
    Part,
    chapters_of,
    number_of,
    printed,
    remainder,
    title_of,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from services.supervision.domain.figures import Column, Figures

_MARGIN: Final = 40
_RED: Final = HexColor("#B8352B")
_BLUE: Final = HexColor("#1F5C99")
_GREY: Final = HexColor("#5B646D")
_RULE: Final = HexColor("#C9D0D6")
_HEAD: Final = HexColor("#EEF1F4")
_TABLE_BEGIN: Final = 130
"""Points that must be left on a page for a table to begin there."""
_HEADLINES_A_ROW: Final = 4
# With the middle dot, which some viewers' stand-ins for STSong-Light do not show.
_ASCII: Final = re.compile(r"[!-~·]+(?: [!-~·]+)*")
_PADDING_EMS: Final = 1.2
_WEIGHT_MIN: Final = 4.0
_WEIGHT_MAX: Final = 13.0


def _style(name: str, size: float, **more: Any) -> ParagraphStyle:
    return ParagraphStyle(
        name, fontName=SONG, fontSize=size, leading=size * 1.4, wordWrap="CJK", **more
    )


_TITLE: Final = _style("title", 18, alignment=TA_CENTER, spaceAfter=4)
_FACT: Final = _style("fact", 9, alignment=TA_CENTER, textColor=_GREY, spaceAfter=8)
_H2: Final = _style("h2", 14, textColor=_RED, spaceBefore=14, spaceAfter=4)
_H3: Final = _style("h3", 10.5, spaceBefore=8, spaceAfter=4)
_BODY: Final = _style("body", 9.5, spaceAfter=2)
_NOTE: Final = _style("note", 7.5, textColor=_GREY, spaceBefore=2)
_MISSING: Final = _style("missing", 9, textColor=_RED, spaceAfter=2)
_CELL: Final = _style("cell", 7.5)
_NUMBER: Final = _style("number", 7.5, alignment=TA_RIGHT)
_HEADING: Final = _style("heading", 7.5, alignment=TA_CENTER)
_LABEL: Final = _style("label", 8, textColor=_GREY)
_VALUE: Final = ParagraphStyle("value", fontName=FIGURES, fontSize=16, leading=20, textColor=_BLUE)


def write(figures: Figures, digest: str, frozen: str) -> bytes:
    """Returns the bytes of the file; `frozen` is the instant as it is read."""
    stream = io.BytesIO()
    title = title_of(figures)
    document = SimpleDocTemplate(
        stream,
        pagesize=A4,
        leftMargin=_MARGIN,
        rightMargin=_MARGIN,
        topMargin=_MARGIN,
        bottomMargin=_MARGIN + 10,
        title=title,
        author="异结 Yijie",
        creator="异结 Yijie",
        subject=digest,
        invariant=1,
    )
    story: list[Any] = [
        Paragraph(_text(title), _TITLE),
        Paragraph(
            _text(
                f"{number_of(figures)} · 统计月份：{words.month(figures.month)}（按出院月份）"
                f" · 冻结时间：{frozen}"
            ),
            _FACT,
        ),
    ]
    if figures.note:
        story.append(Paragraph(_text(f"本版替代前一版：{figures.note}"), _MISSING))
    story += [_headlines(figures), Paragraph("摘要", _H2)]
    story += _numbered(figures.summary)
    for chapter in chapters_of(figures):
        head: list[Any] = [Paragraph(_text(chapter.heading), _H2)]
        for part in chapter.parts:
            story += _part(part, head)
            head = []
    story += [Paragraph("说明", _H2), *_numbered(figures.notes)]
    story.append(Paragraph(_text(f"数据摘要（figures.json 的 SHA-256）：{digest}"), _NOTE))

    def foot(canvas: Any, page: Any) -> None:
        canvas.saveState()
        canvas.setFillColor(_GREY)
        canvas.setFont(SONG, 8)
        canvas.drawString(_MARGIN, _MARGIN - 12, number_of(figures))
        canvas.drawRightString(A4[0] - _MARGIN, _MARGIN - 12, f"第 {page.page} 页")
        canvas.restoreState()

    document.build(story, onFirstPage=foot, onLaterPages=foot)
    return stream.getvalue()


def _headlines(figures: Figures) -> Table:
    cells: list[Any] = [
        [
            Paragraph(_text(one.label), _LABEL),
            Paragraph(
                f'{escape(one.value)} <font name="{SONG}" size="8" color="#5B646D">'
                f"{_text(one.unit)}</font>",
                _VALUE,
            ),
            Paragraph(_text(one.change) or "　", _LABEL),
        ]
        for one in figures.headlines
    ]
    while len(cells) % _HEADLINES_A_ROW:
        cells.append("")
    rows = [cells[at : at + _HEADLINES_A_ROW] for at in range(0, len(cells), _HEADLINES_A_ROW)]
    table = Table(rows, colWidths=[WIDTH / _HEADLINES_A_ROW] * _HEADLINES_A_ROW)
    table.setStyle(
        TableStyle([("GRID", (0, 0), (-1, -1), 0.5, _RULE), ("VALIGN", (0, 0), (-1, -1), "TOP")])
    )
    return table


def _numbered(sentences: Sequence[str]) -> list[Any]:
    return [
        Paragraph(_text(f"{number}. {sentence}"), _BODY)
        for number, sentence in enumerate(sentences, start=1)
    ]


def _part(part: Part, head: list[Any]) -> list[Any]:
    table = part.table
    story: list[Any] = []
    for chart in part.charts:
        heading = Paragraph(_text(f"图 {chart.title}"), _H3)
        story.append(KeepTogether([*head, heading, chart.drawing]))
        head = []
    if table.missing:
        heading = Paragraph(_text(table.title), _H3)
        lack = Paragraph(_text(f"无数据：{table.missing}。"), _MISSING)
        story.append(KeepTogether([*head, heading, lack]))
    elif part.shows_table:
        columns, rows = printed(table)
        # The heading stays with the first rows; the table may go on overleaf.
        story += [CondPageBreak(_TABLE_BEGIN), *head, Paragraph(_text(f"表 {table.title}"), _H3)]
        story.append(_table(columns, rows))
    ending = remainder(table) if part.shows_table else f"数字见 {table.code}.csv。"
    story += [Paragraph(_text(f"注：{one}"), _NOTE) for one in (*table.notes, ending) if one]
    story.append(Spacer(1, 6))
    return story


def _table(columns: Sequence[Column], rows: Sequence[Sequence[str]]) -> Table:
    heads = [
        Paragraph("<br/>".join(map(_text, column.heading.split("\n"))), _HEADING)
        for column in columns
    ]
    body = [
        [
            Paragraph(_text(cell), _CELL if column.kind is Kind.TEXT else _NUMBER)
            for cell, column in zip(row, columns, strict=True)
        ]
        for row in rows
    ]
    table = Table([heads, *body], colWidths=_widths(columns, rows), repeatRows=1)
    style: list[Any] = [
        ("GRID", (0, 0), (-1, -1), 0.4, _RULE),
        ("BACKGROUND", (0, 0), (-1, 0), _HEAD),
        ("VALIGN", (0, 0), (-1, -1), "MIDDLE"),
        ("LEFTPADDING", (0, 0), (-1, -1), 3),
        ("RIGHTPADDING", (0, 0), (-1, -1), 3),
        ("TOPPADDING", (0, 0), (-1, -1), 1.5),
        ("BOTTOMPADDING", (0, 0), (-1, -1), 2.5),
    ]
    style += [
        ("BACKGROUND", (0, number), (-1, number), HexColor("#F7F8FA"))
        for number, row in enumerate(rows, start=1)
        if "全国" in row[:2]
    ]
    table.setStyle(TableStyle(style))
    return table


def _widths(columns: Sequence[Column], rows: Sequence[Sequence[str]]) -> list[float]:
    """Shares the width out by what the columns hold, none very narrow or very wide."""
    weights = []
    for number, column in enumerate(columns):
        texts = [*column.heading.split("\n"), *(row[number] for row in rows)]
        widest = max(_ems(text) for text in texts)
        weights.append(min(max(widest, _WEIGHT_MIN), _WEIGHT_MAX) + _PADDING_EMS)
    return [WIDTH * weight / sum(weights) for weight in weights]


def _ems(text: str) -> float:
    return sum(0.55 if one.isascii() else 1.0 for one in text)


def _text(text: str) -> str:
    """Returns a text as markup: escaped, figures and Latin in a font that has them narrow."""
    parts, end = [], 0
    for found in _ASCII.finditer(text):
        parts.append(escape(text[end : found.start()]))
        parts.append(f'<font name="{FIGURES}">{escape(found[0])}</font>')
        end = found.end()
    return "".join((*parts, escape(text[end:])))

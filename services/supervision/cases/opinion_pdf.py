"""An opinion as a printable PDF, A4.

Chinese is set in STSong-Light, a font that PDF viewers with Asian fonts have: nothing is embedded.
"""

from __future__ import annotations

import io
import json
import re
from typing import TYPE_CHECKING, Final
from xml.sax.saxutils import escape

from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.cidfonts import UnicodeCIDFont
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import Paragraph, SimpleDocTemplate, Spacer, Table, TableStyle

from services.kit.money import format_yuan

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from services.supervision.cases.model import Opinion

_LINES_MAX: Final = 12
"""Line ids of a finding that are printed; the others are counted."""
_ROW_CHARACTERS: Final = 400
"""Of a message in one row, which must fit a page; the rest goes into further rows."""
_SONG: Final = "STSong-Light"
_FIGURES: Final = "Helvetica"
_ASCII: Final = re.compile(r"[!-~]+")
_TITLE: Final = ParagraphStyle("title", fontName=_SONG, fontSize=18, leading=26, alignment=1)
_TEXT: Final = ParagraphStyle(
    "text", fontName=_SONG, fontSize=10.5, leading=17, wordWrap="CJK", firstLineIndent=21
)
_PLAIN: Final = ParagraphStyle("plain", parent=_TEXT, firstLineIndent=0)
_CELL: Final = ParagraphStyle("cell", parent=_PLAIN, fontSize=9, leading=13)
_RIGHT: Final = ParagraphStyle("right", parent=_CELL, alignment=2)
_GREY: Final = (0.9, 0.9, 0.9)
_BLACK: Final = (0, 0, 0)

pdfmetrics.registerFont(UnicodeCIDFont(_SONG))


def write(opinion: Opinion) -> bytes:
    """Returns the bytes of the file; the same opinion gives the same."""
    said = json.loads(opinion.content)
    story = [
        _paragraph("医疗保障基金审核意见书", _TITLE),
        Spacer(1, 4 * mm),
        _paragraph(f"编号：{said['number']}", _PLAIN),
        _paragraph(f"{said['institution_code']}：", _PLAIN),
        _paragraph(
            f"经{said['care_province']}医疗保障经办机构对贵机构跨省异地就医直接结算单据"
            f"（结算编号 {said['settlement_id']}，参保地 {said['insured_province']}）初审、复审，"
            f"认为下列费用存在问题：",
            _TEXT,
        ),
        Spacer(1, 3 * mm),
        _table(said["findings"]),
        Spacer(1, 3 * mm),
        _paragraph(
            f"贵机构对以上意见有异议的，请于{said['working_days']}个工作日内，即"
            f"{said['answer_last_date']}（含当日）前提出书面反馈并提交相关材料；逾期未反馈的，"
            f"视为无异议，按程序进入终审。各项金额为审核认定的问题费用，拟扣款金额由终审按基金"
            f"实际支付比例核定，同一费用明细不重复计算。",
            _TEXT,
        ),
        Spacer(1, 10 * mm),
        _paragraph(f"{said['care_province']}医疗保障经办机构（盖章）", _RIGHT),
        _paragraph(str(said["issue_date"]), _RIGHT),
        Spacer(1, 6 * mm),
        _paragraph(f"内容校验 SHA-256：{opinion.digest.hex()}", _CELL),
    ]
    stream = io.BytesIO()
    document = SimpleDocTemplate(
        stream,
        pagesize=A4,
        leftMargin=22 * mm,
        rightMargin=22 * mm,
        topMargin=22 * mm,
        bottomMargin=20 * mm,
        title=f"审核意见书 {said['number']}",
        author="异结 Yijie",
        creator="异结 Yijie",
        subject=opinion.digest.hex(),
        invariant=1,
        pageCompression=1,
    )
    document.build(story, onFirstPage=_foot, onLaterPages=_foot)
    return stream.getvalue()


def _table(findings: Sequence[Mapping[str, object]]) -> Table:
    heads = ("序号", "规则", "类别", "问题", "费用明细", "问题金额（元）")
    rows: list[list[Paragraph | str]] = [[_paragraph(one, _CELL) for one in heads]]
    for number, one in enumerate(findings, start=1):
        fen = one["at_fault_fen"]
        message = str(one["message"])
        rows.append(
            [
                # What needs one line is no paragraph: an opinion may have thousands of rows.
                str(number),
                _paragraph(str(one["rule_code"]), _CELL),
                str(one["result_class"]),
                _paragraph(message[:_ROW_CHARACTERS], _CELL),
                _paragraph(_lines_text(one["line_ids"]), _CELL),
                format_yuan(fen) if isinstance(fen, int) else "",
            ]
        )
        rows.extend(
            ["", "", "", _paragraph(message[begin : begin + _ROW_CHARACTERS], _CELL), "", ""]
            for begin in range(_ROW_CHARACTERS, len(message), _ROW_CHARACTERS)
        )
    table = Table(
        rows,
        colWidths=[11 * mm, 27 * mm, 14 * mm, 61 * mm, 28 * mm, 25 * mm],
        repeatRows=1,
    )
    table.setStyle(
        TableStyle(
            [
                ("GRID", (0, 0), (-1, -1), 0.5, _BLACK),
                ("BACKGROUND", (0, 0), (-1, 0), _GREY),
                ("VALIGN", (0, 0), (-1, -1), "TOP"),
                ("FONT", (0, 1), (0, -1), _FIGURES, 9, 13),
                ("FONT", (2, 1), (2, -1), _SONG, 9, 13),
                ("FONT", (5, 1), (5, -1), _FIGURES, 9, 13),
                ("ALIGN", (5, 1), (5, -1), "RIGHT"),
            ]
        )
    )
    return table


def _lines_text(line_ids: object) -> str:
    if not isinstance(line_ids, list) or not line_ids:
        return "整张单据"
    text = "、".join(line_ids[:_LINES_MAX])
    return f"{text} 等{len(line_ids)}条" if len(line_ids) > _LINES_MAX else text


def _paragraph(text: str, style: ParagraphStyle) -> Paragraph:
    # Figures and Latin letters in a Latin font: Chinese fonts differ in theirs.
    marked = "".join(
        f'<font name="{_FIGURES}">{escape(part)}</font>' if _ASCII.fullmatch(part) else escape(part)
        for part in re.split(r"([!-~]+)", text)
    )
    return Paragraph(marked, style)


def _foot(canvas: Canvas, document: SimpleDocTemplate) -> None:
    canvas.setFont(_SONG, 8)
    canvas.drawCentredString(A4[0] / 2, 10 * mm, f"第 {document.page} 页")

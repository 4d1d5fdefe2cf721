"""Charts of a bulletin, drawn once: into the PDF as they are, into the HTML as inline SVG.

Shapes are placed by hand, so that no label lies over another one however many rows there are: rows
have a fixed height, and a chart is as high as its rows need.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Final

from reportlab.graphics import renderSVG
from reportlab.graphics.shapes import Circle, Drawing, Line, Rect, String
from reportlab.lib.colors import HexColor
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.cidfonts import UnicodeCIDFont

if TYPE_CHECKING:
    from collections.abc import Sequence

    from reportlab.lib.colors import Color

SONG: Final = "STSong-Light"
FIGURES: Final = "Helvetica"
WIDTH: Final = 503.0
"""Points: what A4 leaves between its margins and reportlab's padding."""
BLUE: Final = HexColor("#1F5C99")
RED: Final = HexColor("#B8352B")
GREY: Final = HexColor("#8A939C")
_LIGHT: Final = HexColor("#E3E7EB")
_INK: Final = HexColor("#22282E")
_PT: Final = 8
_ROW: Final = 14.0
_ROW_OF_MANY: Final = 11.0
"""Where there are many rows: all provinces then take half a page."""
_MANY: Final = 16
_HEAD: Final = 14.0
_BAR_SHARE: Final = 0.64
_SPARE: Final = 6.0
"""Kept free at the right: a browser may set figures wider than the PDF does."""
_GAP_VALUE: Final = 8.0 + _SPARE
_LABEL_ROOM_MAX: Final = 200.0
_GAP: Final = 6.0
_INSET: Final = 16.0
"""Between the axis and the first point, whose value would lie over a tick."""
_LINE_HEIGHT: Final = 190.0
_TICKS: Final = (1, 2, 5, 10, 20, 25, 50)
_TICKS_MAX: Final = 6
_HUNDRED: Final = 100
_SVG: Final = re.compile(r"<svg\b.*</svg>", re.DOTALL)
# Cut at the edge, and by an id that each chart of the page would have again.
_CLIP: Final = re.compile(
    r"<clipPath\b.*?</clipPath>|clip-path: url\(#clip\)| id=\"group\"", re.DOTALL
)
_SONG_FAMILY: Final = re.compile(r"font-family: ?STSong-Light")
_FIGURES_FAMILY: Final = re.compile(r"font-family: ?Helvetica")

pdfmetrics.registerFont(UnicodeCIDFont(SONG))


@dataclass(frozen=True, slots=True)
class Bar:
    """A row of a bar chart."""

    label: str
    value: Decimal
    text: str
    """The value as it is read."""
    is_marked: bool = False
    """Drawn in red."""


@dataclass(frozen=True, slots=True)
class _Frame:
    """Where the points of a line chart lie."""

    left: float
    bottom: float
    step: float
    """Points from one label to the next."""
    scale: float
    """Points for one percent."""
    low: int
    """Percent at the bottom."""


@dataclass(frozen=True, slots=True)
class Series:
    """A line of a line chart."""

    name: str
    values: Sequence[Decimal | None]
    color: Color
    has_values: bool
    """Each point has its value written on it."""


def bars(rows: Sequence[Bar], *, reference: tuple[str, Decimal] | None = None) -> Drawing:
    """Returns a bar chart with a row each, in the order given, and a line at a reference."""
    head = _HEAD if reference else 0.0
    row_height = _ROW if len(rows) <= _MANY else _ROW_OF_MANY
    bar = row_height * _BAR_SHARE
    height = head + row_height * len(rows) + 4
    drawing = Drawing(WIDTH, height)
    room = min(_LABEL_ROOM_MAX, max((_width(row.label) for row in rows), default=0.0)) + _GAP
    # Values stand in a column of their own, right of every bar and of the line.
    value_room = max((_width(row.text) for row in rows), default=0.0) + _GAP_VALUE
    scale_room = WIDTH - room - value_room
    most = max([row.value for row in rows] + ([reference[1]] if reference else []))
    unit = scale_room / float(most) if most > 0 else 0.0
    y = height - head
    for row in rows:
        y -= row_height
        _put(drawing, room - _GAP, y + bar / 2 - 1, _shortened(row.label), anchor="end")
        color = RED if row.is_marked else BLUE
        length = max(0.5, float(row.value) * unit)
        drawing.add(Rect(room, y + 2, length, bar, fillColor=color, strokeColor=None))
        _put(drawing, WIDTH - _SPARE, y + bar / 2 - 1, row.text, anchor="end")
    drawing.add(Line(room, y, room, height - head, strokeColor=GREY, strokeWidth=0.5))
    if reference:
        x = room + float(reference[1]) * unit
        drawing.add(
            Line(x, y, x, height - head, strokeColor=GREY, strokeWidth=0.8, strokeDashArray=[3, 2])
        )
        # Kept within the chart however far right the line is.
        half = _width(reference[0]) / 2
        _put(drawing, min(max(x, half), WIDTH - half), height - head + 4, reference[0], "middle")
    return drawing


def lines(labels: Sequence[str], series: Sequence[Series]) -> Drawing:
    """Returns a line chart of percentages with a legend; a point without a value is left out."""
    drawing = Drawing(WIDTH, _LINE_HEIGHT)
    left, right, bottom, top = 34.0, WIDTH - 14, 26.0, _LINE_HEIGHT - 30
    known = [value for one in series for value in one.values if value is not None]
    ticks = _ticks(known)
    low, high = ticks[0], ticks[-1]
    first = left + _INSET
    step = (right - _INSET - first) / max(1, len(labels) - 1)
    scale = (top - bottom) / (high - low)
    for tick in ticks:
        y = bottom + (tick - low) * scale
        drawing.add(Line(left, y, right, y, strokeColor=_LIGHT, strokeWidth=0.6))
        _put(drawing, left - 4, y - 3, f"{tick}%", anchor="end")
    for number, label in enumerate(labels):
        _put(drawing, first + number * step, bottom - 14, label, anchor="middle")
    x = left
    for one in series:
        drawing.add(Rect(x, _LINE_HEIGHT - 11, 14, 3, fillColor=one.color, strokeColor=None))
        _put(drawing, x + 18, _LINE_HEIGHT - 13, one.name)
        x += 18 + _width(one.name) + 18
        _draw_series(drawing, one, _Frame(first, bottom, step, scale, low))
    return drawing


def svg(drawing: Drawing, title: str) -> str:
    """Returns a chart as an <svg> element with nothing outside it, for HTML."""
    text = renderSVG.drawToString(drawing)
    found = _SVG.search(text)
    if found is None:
        msg = "reportlab gave no <svg> element"
        raise ValueError(msg)
    element = _SONG_FAMILY.sub("font-family: inherit", _CLIP.sub("", found[0]))
    element = _FIGURES_FAMILY.sub("font-family: Helvetica, Arial, sans-serif", element)
    return element.replace("<svg", f'<svg role="img" aria-label="{title}"', 1)


def _draw_series(drawing: Drawing, one: Series, frame: _Frame) -> None:
    before: tuple[float, float] | None = None
    for number, value in enumerate(one.values):
        if value is None:
            before = None
            continue
        x = frame.left + number * frame.step
        y = frame.bottom + (float(value) - frame.low) * frame.scale
        if before is not None:
            drawing.add(Line(*before, x, y, strokeColor=one.color, strokeWidth=1.6))
        before = x, y
        drawing.add(Circle(x, y, 2.2, fillColor=one.color, strokeColor=None))
        if one.has_values:
            _put(drawing, x, y + 6, f"{value:.1f}", "middle", color=one.color)


def _ticks(values: Sequence[Decimal]) -> list[int]:
    """Returns whole percents around the values, evenly spaced, within 0 to 100."""
    low = int(min(values, default=Decimal(0)))
    high = min(_HUNDRED, -int(-max(values, default=Decimal(_HUNDRED)) // 1))
    for step in _TICKS:
        begin, end = low // step * step, -(-(high + 1) // step) * step
        end = min(end, -(-_HUNDRED // step) * step)
        begin = min(begin, end - step)
        if (end - begin) // step < _TICKS_MAX:
            return list(range(begin, end + 1, step))
    return [0, 50, 100]


def _put(
    drawing: Drawing,
    x: float,
    y: float,
    text: str,
    anchor: str = "start",
    *,
    color: Color = _INK,
) -> None:
    font = FIGURES if text.isascii() else SONG
    drawing.add(String(x, y, text, fontName=font, fontSize=_PT, textAnchor=anchor, fillColor=color))


def _width(text: str) -> float:
    return float(pdfmetrics.stringWidth(text, FIGURES if text.isascii() else SONG, _PT))


def _shortened(text: str) -> str:
    if _width(text) <= _LABEL_ROOM_MAX:
        return text
    while _width(f"{text}…") > _LABEL_ROOM_MAX:
        text = text[:-1]
    return f"{text}…"

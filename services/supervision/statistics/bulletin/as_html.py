"""A bulletin as one HTML file: styles and charts inside, nothing is fetched from anywhere."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import resources
from typing import TYPE_CHECKING, Final

from jinja2 import Environment, StrictUndefined
from markupsafe import Markup, escape

from services.supervision.domain.figures import Kind
from services.supervision.statistics import words
from services.supervision.statistics.bulletin import charts
from services.supervision.statistics.bulletin.pages import (
    Chapter,
    Part,
    chapters_of,
    number_of,
    printed,
    remainder,
    title_of,
)

if TYPE_CHECKING:
    from services.supervision.domain.figures import Figures

_PACKAGE: Final = "services.supervision.statistics.bulletin"


@dataclass(frozen=True, slots=True)
class _Heading:
    heading: Markup
    is_number: bool


@dataclass(frozen=True, slots=True)
class _Row:
    cells: list[str]
    is_total: bool


@dataclass(frozen=True, slots=True)
class _Chart:
    title: str
    svg: Markup


@dataclass(frozen=True, slots=True)
class _Part:
    title: str
    charts: list[_Chart]
    columns: list[_Heading]
    rows: list[_Row]
    notes: list[str]
    missing: str
    shows_table: bool


@dataclass(frozen=True, slots=True)
class _Chapter:
    heading: str
    parts: list[_Part]


def write(figures: Figures, digest: str, frozen: str) -> bytes:
    """Returns the bytes of the file; `frozen` is the instant as it is read."""
    environment = Environment(
        autoescape=True, undefined=StrictUndefined, keep_trailing_newline=True
    )
    source = resources.files(_PACKAGE).joinpath("bulletin.html").read_text(encoding="utf-8")
    text = environment.from_string(source).render(
        title=title_of(figures),
        number=number_of(figures),
        month=words.month(figures.month),
        frozen=frozen,
        figures=figures,
        chapters=[_chapter(one) for one in chapters_of(figures)],
        digest=digest,
    )
    return text.encode()


def _chapter(chapter: Chapter) -> _Chapter:
    return _Chapter(chapter.heading, [_part(one) for one in chapter.parts])


def _part(part: Part) -> _Part:
    table = part.table
    columns, rows = printed(table)
    return _Part(
        title=table.title,
        charts=[
            # reportlab escapes the texts of its elements; the title is escaped here.
            _Chart(one.title, Markup(charts.svg(one.drawing, str(escape(one.title)))))  # noqa: S704
            for one in part.charts
        ],
        columns=[
            _Heading(Markup("<br>").join(column.heading.split("\n")), column.kind is not Kind.TEXT)
            for column in columns
        ],
        rows=[_Row(row, is_total="全国" in row[:2]) for row in rows],
        notes=[
            *table.notes,
            *filter(None, [remainder(table) if part.shows_table else f"数字见 {table.code}.csv。"]),
        ],
        missing=table.missing,
        shows_table=part.shows_table,
    )

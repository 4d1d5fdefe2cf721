"""How a bulletin is read: chapters of charts and tables, the same in PDF and HTML."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Final

from services.supervision.statistics import words
from services.supervision.statistics.bulletin.charts import BLUE, GREY, Bar, Series, bars, lines

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from reportlab.graphics.shapes import Drawing

    from services.supervision.domain.figures import Cell, Column, Figures, Table

_BARS_MAX: Final = 12
_TEXT_MAX: Final = 80
"""Characters of a text in a table: a row higher than a page cannot be printed at all."""
DASH: Final = "—"


@dataclass(frozen=True, slots=True)
class Chart:
    """A chart with its title, which says the unit."""

    title: str
    drawing: Drawing


@dataclass(frozen=True, slots=True)
class Part:
    """A table and the charts drawn of it."""

    table: Table
    charts: tuple[Chart, ...] = ()
    shows_table: bool = True
    """False: the charts say it all, the numbers are in the CSV."""


@dataclass(frozen=True, slots=True)
class Chapter:
    """Some parts under one heading."""

    heading: str
    parts: tuple[Part, ...]


def title_of(figures: Figures) -> str:
    """Returns the title of a bulletin."""
    return f"全国跨省异地就医直接结算运行通报（{words.month(figures.month)}）"


def number_of(figures: Figures) -> str:
    """Returns the number by which a bulletin is cited."""
    edition = f"（第 {figures.edition} 版）" if figures.edition > 1 else ""
    return f"异结通报〔{figures.month[:4]}〕{int(figures.month[5:])}号{edition}"


def chapters_of(figures: Figures) -> tuple[Chapter, ...]:
    """Returns the chapters of a bulletin."""

    def part(code: str, draw: Callable[[Table], Sequence[Chart]], *, shows: bool = True) -> Part:
        table = figures.table(code)
        charts = tuple(draw(table)) if table.rows else ()
        return Part(table, charts, shows or not charts)

    return (
        Chapter(
            "一、直接结算率",
            (
                part("01-direct-rate-trend", _trend, shows=False),
                part("02-direct-rate-provinces", _league),
                part("03-direct-rate-insured", _league),
                part("04-direct-rate-cities", _none),
                part("05-direct-rate-institutions", _none),
            ),
        ),
        Chapter(
            "二、患者为什么没有直接结算",
            (
                part("06-suspects", _none),
                part("07-failure-reasons", _failures),
                part("08-self-paid", _none),
            ),
        ),
        Chapter("三、备案", (part("09-filing-success", _filings),)),
        Chapter(
            "四、系统用时",
            (
                part("10-response-times-care", _times),
                part("11-response-times-insured", _times),
            ),
        ),
        Chapter(
            "五、费用与待遇",
            (
                part("12-cost-index-provinces", _costs),
                part("13-cost-index-institutions", _none),
                part("14-benefit-gap", _gaps),
            ),
        ),
        Chapter(
            "六、协同与监管",
            tuple(
                part(table.code, _none)
                for table in figures.tables
                if table.code.split("-")[0] in {"15", "16", "17"}
            ),
        ),
    )


def printed(table: Table) -> tuple[list[Column], list[list[str]]]:
    """Returns the columns and rows that are printed, cells as they are read."""
    places = [number for number, column in enumerate(table.columns) if column.is_printed]
    return (
        [table.columns[number] for number in places],
        [[shown(row[number]) for number in places] for row in table.rows[: table.printed_max]],
    )


def remainder(table: Table) -> str:
    """Says how many rows are in the CSV only; empty: none."""
    left = len(table.rows) - table.printed_max
    return f"另有 {left} 行，见 {table.code}.csv。" if left > 0 else ""


def shown(cell: Cell) -> str:
    """Returns a cell as it is read: thousands apart, a dash for nothing, no text too long."""
    if cell is None:
        return DASH
    if isinstance(cell, Decimal):
        return f"{cell:,.2f}"
    if isinstance(cell, int):
        return f"{cell:,}"
    return cell if len(cell) <= _TEXT_MAX else f"{cell[: _TEXT_MAX - 1]}…"


def _none(_table: Table) -> Sequence[Chart]:
    return ()


def _trend(table: Table) -> Sequence[Chart]:
    months = [f"{int(str(one)[5:])}月" for one in table.values("month")]
    by_cost = [_decimal(one) for one in table.values("rate_by_cost_percent")]
    by_cases = [_decimal(one) for one in table.values("rate_by_cases_percent")]
    if not any(one is not None for one in by_cost):
        return ()
    first = str(table.values("month")[0])
    last = str(table.values("month")[-1])
    return [
        Chart(
            f"全国住院直接结算率走势（%，按出院月份，{words.month(first)}至{words.month(last)}）",
            lines(
                months,
                [
                    Series("费用直接结算率", by_cost, BLUE, has_values=True),
                    Series("人次直接结算率", by_cases, GREY, has_values=False),
                ],
            ),
        )
    ]


def _league(table: Table) -> Sequence[Chart]:
    rates = table.values("rate_by_cost_percent")
    national = _decimal(rates[0])
    rows = [
        Bar(str(name), value, f"{value:.2f}", is_marked=national is not None and value < national)
        for name, rate in list(zip(table.values("region"), rates, strict=True))[1:]
        if (value := _decimal(rate)) is not None
    ]
    if not rows or national is None:
        return ()
    return [
        Chart(
            f"{table.title}（%，红色低于全国）",
            bars(rows, reference=(f"全国 {national:.2f}", national)),
        )
    ]


def _failures(table: Table) -> Sequence[Chart]:
    rows = [
        Bar(f"{party}：{reason}", Decimal(str(count)), f"{count:,}")
        for reason, party, count in zip(
            table.values("reason_zh"),
            table.values("party"),
            table.values("refusals"),
            strict=True,
        )
    ][:_BARS_MAX]
    return [Chart(f"未能直接结算的主要原因（次，前 {len(rows)} 位）", bars(rows))]


def _filings(table: Table) -> Sequence[Chart]:
    return _by_region(table, "success_percent", "备案成功率（%，红色低于全国）", lowest_first=True)


def _times(table: Table) -> Sequence[Chart]:
    return _by_region(
        table, "p95_ms", f"{table.title} P95（毫秒，红色高于全国）", lowest_first=False
    )


def _by_region(table: Table, name: str, title: str, *, lowest_first: bool) -> Sequence[Chart]:
    values = table.values(name)
    national = _decimal(values[0])
    known = [
        (str(region), value)
        for region, cell in list(zip(table.values("region"), values, strict=True))[1:]
        if (value := _decimal(cell)) is not None
    ]
    if not known or national is None:
        return ()
    known.sort(key=lambda row: (row[1] if lowest_first else -row[1], row[0]))
    rows = [
        Bar(
            region,
            value,
            shown(value if name.endswith("percent") else int(value)),
            is_marked=value < national if lowest_first else value > national,
        )
        for region, value in known
    ]
    label = shown(national if name.endswith("percent") else int(national))
    return [Chart(title, bars(rows, reference=(f"全国 {label}", national)))]


def _costs(table: Table) -> Sequence[Chart]:
    rows = [
        Bar(str(name), value, f"{value:.2f}", is_marked=value > 1)
        for name, cell in zip(table.values("name"), table.values("index"), strict=True)
        if (value := _decimal(cell)) is not None
    ]
    if not rows:
        return ()
    return [
        Chart(
            "异地住院费用指数（本地 = 1，红色高于本地）",
            bars(rows, reference=("本地 1.00", Decimal(1))),
        )
    ]


def _gaps(table: Table) -> Sequence[Chart]:
    rows = [
        Bar(f"{insured}→{care}", value, f"{value:,.2f}")
        for care, insured, cell in zip(
            table.values("care"),
            table.values("insured"),
            table.values("mean_gap_yuan"),
            strict=True,
        )
        if (value := _decimal(cell)) is not None and value > 0
    ][:_BARS_MAX]
    if not rows:
        return ()
    return [Chart(f"直接结算时患者次均多付（元，参保地→就医地，前 {len(rows)} 位）", bars(rows))]


def _decimal(cell: Cell) -> Decimal | None:
    if cell is None or isinstance(cell, str):
        return None
    return Decimal(cell)

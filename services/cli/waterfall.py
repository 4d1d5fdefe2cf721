"""A trace as rows of text: who, what, when it began, how long it took, and a bar."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from rich.table import Table
from rich.text import Text

from services.cli.spans import NS_PER_MS, Span, orphans, tree

_BAR_CELLS: Final = 32
_COLOURS: Final = {
    "province": "white",
    "settlement": "cyan",
    "identity": "green",
    "filing": "yellow",
    "supervision": "magenta",
    "benefits": "blue",
    "catalogue": "bright_black",
    "clearing": "bright_black",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Hop:
    """One row."""

    depth: int
    service: str
    name: str
    kind: str
    start_ms: float
    """After the trace began."""
    duration_ms: float
    status: str
    orphan: bool
    """Its parent is not in the trace."""


def hops(spans: Sequence[Span]) -> list[Hop]:
    """Returns the rows of a trace, each below its parent."""
    if not spans:
        return []
    begin = min(span.start_ns for span in spans)
    lost = {span.span_id for span in orphans(spans)}
    return [
        Hop(
            depth=row.depth,
            service=row.span.service,
            name=short_name(row.span.name),
            kind=row.span.kind,
            start_ms=round((row.span.start_ns - begin) / NS_PER_MS, 3),
            duration_ms=round(row.span.duration_ms, 3),
            status=row.span.status,
            orphan=row.span.span_id in lost,
        )
        for row in tree(spans)
    ]


def short_name(name: str) -> str:
    """Returns a gRPC method without its package: "SettlementService/Settle"."""
    service, slash, method = name.partition("/")
    return f"{service.rpartition('.')[2]}/{method}" if slash else name


def bar(start_ms: float, duration_ms: float, total_ms: float, cells: int = _BAR_CELLS) -> str:
    """Returns the bar of a row: blanks up to its start, then at least one block."""
    if total_ms <= 0:
        return ""
    before = min(cells - 1, int(start_ms / total_ms * cells))
    length = max(1, min(cells - before, round(duration_ms / total_ms * cells)))
    return " " * before + "█" * length


def waterfall(rows: Sequence[Hop]) -> Table:
    """Returns the rows as a table."""
    table = Table(box=None, pad_edge=False, header_style="dim")
    table.add_column("服务 service", no_wrap=True)
    table.add_column("跨度 span", no_wrap=True, overflow="ellipsis", max_width=58)
    table.add_column("开始 ms", justify="right", no_wrap=True)
    table.add_column("历时 ms", justify="right", no_wrap=True)
    table.add_column("", no_wrap=True, min_width=_BAR_CELLS)
    total = max((row.start_ms + row.duration_ms for row in rows), default=0.0)
    for row in rows:
        colour = _COLOURS.get(row.service, "white")
        mark = " ✗" if row.status == "ERROR" else ""
        lost = " (parent lost)" if row.orphan else ""
        table.add_row(
            Text(row.service, style=colour),
            Text("  " * row.depth + row.name + mark + lost),
            f"{row.start_ms:.1f}",
            f"{row.duration_ms:.1f}",
            Text(bar(row.start_ms, row.duration_ms, total), style=colour),
        )
    return table


def as_json(rows: Sequence[Hop]) -> list[dict[str, Any]]:
    """Returns the rows as JSON objects."""
    return [
        {
            "depth": row.depth,
            "service": row.service,
            "name": row.name,
            "kind": row.kind,
            "start_ms": row.start_ms,
            "duration_ms": row.duration_ms,
            "status": row.status,
            "orphan": row.orphan,
        }
        for row in rows
    ]

"""Spans as the mesh's processes leave them in files, and what can be said of one trace.

Reads what services.kit.telemetry.FileSpanExporter writes: JSON lines, one file per process. All
functions but the two that load are pure.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import orjson

NS_PER_MS: Final = 1_000_000
_SERVICE_PREFIX: Final = "yijie."
# Not reached, given up before the other side began, or sent away for load before a span was begun.
_UNHEARD: Final = frozenset({"UNAVAILABLE", "DEADLINE_EXCEEDED", "CANCELLED", "RESOURCE_EXHAUSTED"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """One operation of one process."""

    trace_id: str
    """32 hex digits."""
    span_id: str
    """16 hex digits."""
    parent_id: str
    """Span that caused it; empty: the first of its trace."""
    name: str
    """A gRPC method, a statement, or what the code calls it."""
    kind: str
    """CLIENT, SERVER or INTERNAL."""
    service: str
    """Short name of the process: settlement, identity …, province."""
    start_ns: int
    """Since the epoch, by the machine's clock."""
    end_ns: int
    """Since the epoch."""
    status: str
    """UNSET, OK or ERROR."""
    code: str
    """gRPC status code of a call; empty: no call."""
    links: tuple[str, ...] = ()
    """Traces that it follows from."""

    @property
    def duration_ms(self) -> float:
        """How long it took."""
        return (self.end_ns - self.start_ns) / NS_PER_MS


@dataclass(frozen=True, slots=True)
class Row:
    """A span in its place in the tree."""

    depth: int
    """0: a root."""
    span: Span


def load_trace(folder: Path, trace_id: str) -> list[Span]:
    """Returns the spans of one trace that have been written so far, by start."""
    wanted = trace_id.encode()
    found = [
        _span(orjson.loads(line))
        for path in _files(folder)
        for line in path.read_bytes().splitlines()
        if wanted in line
    ]
    return sorted((s for s in found if s.trace_id == trace_id), key=_by_start)


def linking(folder: Path, trace_id: str) -> list[Span]:
    """Returns the spans of other traces that are linked to a trace, by start."""
    wanted = trace_id.encode()
    found = [
        _span(orjson.loads(line))
        for path in _files(folder)
        for line in path.read_bytes().splitlines()
        if wanted in line
    ]
    return sorted((s for s in found if trace_id in s.links), key=_by_start)


def load_traces(folder: Path) -> dict[str, list[Span]]:
    """Returns all spans that have been written so far, by trace id."""
    traces: dict[str, list[Span]] = defaultdict(list)
    for path in _files(folder):
        for line in path.read_bytes().splitlines():
            span = _span(orjson.loads(line))
            traces[span.trace_id].append(span)
    return dict(traces)


def orphans(spans: Iterable[Span]) -> list[Span]:
    """Returns the spans whose parent is not among them: something on the way was lost."""
    held = list(spans)
    ids = {span.span_id for span in held}
    return [span for span in held if span.parent_id and span.parent_id not in ids]


def unanswered(spans: Iterable[Span]) -> list[Span]:
    """Returns the calls whose other side has left no span, although it began and answered."""
    held = list(spans)
    served = {span.parent_id for span in held if span.kind == "SERVER"}
    return [
        span
        for span in held
        if span.kind == "CLIENT"
        and span.code
        and span.code not in _UNHEARD
        and span.span_id not in served
    ]


def is_complete(spans: Sequence[Span]) -> bool:
    """Tells whether a trace has one root, no orphan, and both sides of every call.

    A process writes a span after those inside it, so nothing else can be missing.
    """
    roots = [span for span in spans if not span.parent_id]
    return len(roots) == 1 and not orphans(spans) and not unanswered(spans)


def tree(spans: Iterable[Span]) -> list[Row]:
    """Returns the spans as rows, each below its parent, siblings by start. Orphans are roots."""
    held = list(spans)
    ids = {span.span_id for span in held}
    children: dict[str, list[Span]] = defaultdict(list)
    for span in sorted(held, key=_by_start):
        children[span.parent_id if span.parent_id in ids else ""].append(span)
    rows: list[Row] = []
    pending = [(0, span) for span in reversed(children[""])]
    while pending:
        depth, span = pending.pop()
        rows.append(Row(depth, span))
        pending.extend((depth + 1, child) for child in reversed(children[span.span_id]))
    return rows


def _files(folder: Path) -> list[Path]:
    return sorted(folder.glob("*.jsonl")) if folder.is_dir() else []


def _by_start(span: Span) -> tuple[int, int]:
    return (span.start_ns, -span.end_ns)


def _span(record: Mapping[str, Any]) -> Span:
    return Span(
        trace_id=record["trace_id"],
        span_id=record["span_id"],
        parent_id=record["parent_id"],
        name=record["name"],
        kind=record["kind"],
        service=record["service"].removeprefix(_SERVICE_PREFIX),
        start_ns=record["start_ns"],
        end_ns=record["end_ns"],
        status=record["status"],
        code=str(record["attributes"].get("rpc.response.status_code", "")),
        links=tuple(record.get("links", ())),
    )

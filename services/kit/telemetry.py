"""Traces and metrics of a process (style guide §2.9).

Spans go to an OTLP endpoint, or to a file in a directory (the embedded default, read by `yijie
trace`), or nowhere. Metrics are served for Prometheus on their own port.

A settlement is about twenty spans. Those of the OpenTelemetry SDK cost more CPU than the rules of
a bill together, so spans are plain objects here, kept in a queue, and turned into what an exporter
wants in its thread: JSON lines, or the SDK's spans for OTLP.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
import re
import threading
import time
from collections import deque
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextvars import ContextVar, Token
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Protocol, Self

import orjson
import prometheus_client

from services.kit import config as settings
from services.kit.log import get_logger

prometheus_client.disable_created_metrics()  # type: ignore[no-untyped-call]

# 5 ms … 10 s: the second that the field promises lies in the middle.
LATENCY_BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)

SERVER_DURATION = prometheus_client.Histogram(
    "rpc_server_call_duration_seconds",
    "Time in the handler of a unary call.",
    ["rpc_method", "rpc_response_status_code"],
    buckets=LATENCY_BUCKETS,
)
CLIENT_DURATION = prometheus_client.Histogram(
    "rpc_client_call_duration_seconds",
    "Time until a callee answered.",
    ["rpc_method", "rpc_response_status_code"],
    buckets=LATENCY_BUCKETS,
)
DATABASE_DURATION = prometheus_client.Histogram(
    "db_client_operation_duration_seconds",
    "Time of a statement or transaction, without waiting for a connection.",
    ["db_query_summary"],
    buckets=LATENCY_BUCKETS,
)
LOOP_LAG = prometheus_client.Gauge(
    "yijie_event_loop_lag_seconds", "How late the event loop woke up when last measured."
)

SPANS_DROPPED = prometheus_client.Counter(
    "yijie_spans_dropped", "Spans lost because the exporter could not keep up."
)

INTERNAL: Final = "INTERNAL"
CLIENT: Final = "CLIENT"
SERVER: Final = "SERVER"

_QUEUE_MAX: Final = 65_536
"""Some seconds of the peak: beyond it spans are dropped, which orphans others."""
_EXPORT_EVERY_S: Final = 0.5
# W3C trace context: version, trace id, parent id, flags; a later version may say more.
_TRACEPARENT: Final = re.compile(r"([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?")
_SAMPLED: Final = 1


@dataclass(frozen=True, slots=True)
class TelemetryConfig:
    """Where telemetry goes."""

    otlp_endpoint: str = settings.env("OTLP_ENDPOINT", default="")
    """gRPC address of an OTLP collector; empty: none."""
    trace_dir: str = settings.env("TRACE_DIR", default="")
    """Directory for span files, one per process; empty: none. Used by the embedded default."""
    metrics_port: int = settings.env("METRICS_PORT", int, default=0)
    """Port of /metrics; 0: none."""
    metrics_host: str = settings.env("METRICS_HOST", default="0.0.0.0")  # noqa: S104 - a pod's
    """Address of /metrics."""
    log_level: str = settings.env("LOG_LEVEL", default="info")
    """Least severity that is logged."""


class Span:
    """One operation. A context manager: it is the span in hand while its block runs."""

    __slots__ = (
        "_token",
        "attributes",
        "end_ns",
        "error",
        "kind",
        "name",
        "parent_id",
        "sampled",
        "span_id",
        "start_ns",
        "state",
        "trace_id",
    )

    def __init__(
        self,
        name: str,
        kind: str,
        attributes: Mapping[str, str | int] | None,
        parent: Span | Parent | None,
    ) -> None:
        self.name = name
        self.kind = kind
        self.attributes: dict[str, str | int] = dict(attributes) if attributes else {}
        self.error = ""
        """Why it failed: a code or the class of an exception, never its text."""
        self.span_id = random.getrandbits(64) or 1
        if parent is None:
            self.trace_id = random.getrandbits(128) or 1
            self.parent_id = 0
            self.sampled = True
            self.state = ""
        else:
            self.trace_id = parent.trace_id
            self.parent_id = parent.span_id
            self.sampled = parent.sampled
            self.state = parent.state
        self.start_ns = self.end_ns = 0
        self._token: Token[Span | None] | None = None

    def set_attribute(self, name: str, value: str | int) -> None:
        """Adds an attribute."""
        self.attributes[name] = value

    def __enter__(self) -> Self:
        self._token = _current.set(self)
        self.start_ns = time.time_ns()
        return self

    def __exit__(
        self,
        raised: type[BaseException] | None,
        _error: BaseException | None,
        _traceback: TracebackType | None,
    ) -> None:
        self.end_ns = time.time_ns()
        if self._token is not None:
            _current.reset(self._token)
        if raised is not None and not self.error:
            self.error = raised.__name__
        if self.sampled and _queue is not None:
            if len(_queue) < _QUEUE_MAX:
                _queue.append(self)
            else:
                SPANS_DROPPED.inc()


@dataclass(frozen=True, slots=True)
class Parent:
    """The caller's span, in another process."""

    trace_id: int
    span_id: int
    sampled: bool
    state: str
    """W3C tracestate, passed on as it is."""


_current: ContextVar[Span | None] = ContextVar("yijie_span", default=None)
# One queue per process, there while the process exports.
_queue: deque[Span] | None = None


class Exporter(Protocol):
    """Takes finished spans away. Called from one thread."""

    def export(self, spans: Sequence[Span]) -> None:
        """Exports spans, oldest first."""

    def shutdown(self) -> None:
        """Releases what it holds."""


class FileSpanExporter:
    """Appends spans as JSON lines to a file; half of the limit is dropped when it is full."""

    def __init__(self, service: str, path: Path, *, bytes_max: int = 512 * 1024 * 1024) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._service = f"yijie.{service}"
        self._path = path
        self._bytes_max = bytes_max

    def export(self, spans: Sequence[Span]) -> None:
        """Writes spans, oldest first."""
        lines = b"".join(
            orjson.dumps(self._record(span), option=orjson.OPT_APPEND_NEWLINE) for span in spans
        )
        if self._path.exists() and self._path.stat().st_size > self._bytes_max // 2:
            self._path.replace(self._path.with_suffix(".old.jsonl"))
        with self._path.open("ab") as file:
            file.write(lines)

    def shutdown(self) -> None:
        """Has nothing to release: the file is closed after each batch."""

    def _record(self, span: Span) -> dict[str, Any]:
        return {
            "trace_id": f"{span.trace_id:032x}",
            "span_id": f"{span.span_id:016x}",
            "parent_id": f"{span.parent_id:016x}" if span.parent_id else "",
            "name": span.name,
            "kind": span.kind,
            "service": self._service,
            "start_ns": span.start_ns,
            "end_ns": span.end_ns,
            "status": "ERROR" if span.error else "UNSET",
            "attributes": span.attributes,
        }


@contextlib.asynccontextmanager
async def telemetry(service: str, config: TelemetryConfig) -> AsyncIterator[None]:
    """Exports the process's spans and serves its metrics while the block runs."""
    global _queue  # noqa: PLW0603 - one queue per process, replaced once at start
    exporters = _exporters(service, config)
    queue: deque[Span] = deque()
    ended = threading.Event()
    thread = threading.Thread(
        target=_export, args=(queue, exporters, ended), name="spans", daemon=True
    )
    before = _queue
    if exporters:
        _queue = queue
        thread.start()
    server = None
    if config.metrics_port:
        server, _ = prometheus_client.start_http_server(
            config.metrics_port, addr=config.metrics_host
        )
    lag = asyncio.create_task(_measure_loop_lag())
    try:
        yield
    finally:
        lag.cancel()
        if server:
            server.shutdown()
        _queue = before
        ended.set()
        if exporters:
            await asyncio.to_thread(thread.join)


def span(
    name: str, kind: str = INTERNAL, attributes: Mapping[str, str | int] | None = None
) -> Span:
    """Returns a span to run a block in, child of the one in hand. An exception marks it."""
    return Span(name, kind, attributes, _current.get())


def server_span(name: str, metadata: Mapping[str, Any]) -> Span:
    """Returns the server span of a call, child of the caller's span in its metadata."""
    return Span(name, SERVER, None, _parent(metadata))


def in_hand() -> Span | None:
    """Returns the span whose block runs, or None."""
    return _current.get()


def trace_metadata() -> list[tuple[str, str]]:
    """Returns gRPC metadata that carries the span in hand to a callee."""
    current = _current.get()
    if current is None:
        return []
    flags = _SAMPLED if current.sampled else 0
    found = [("traceparent", f"00-{current.trace_id:032x}-{current.span_id:016x}-{flags:02x}")]
    if current.state:
        found.append(("tracestate", current.state))
    return found


def trace_id() -> str:
    """Returns the id of the trace in hand, 32 hex digits; zeros outside a span."""
    current = _current.get()
    return f"{current.trace_id if current else 0:032x}"


def mark_failed(opened: Span, code: str, reason: str) -> None:
    """Marks a span as failed by a gRPC code and a reason; texts are kept out."""
    opened.error = code
    if reason:
        opened.set_attribute("error.type", reason)


def _parent(metadata: Mapping[str, Any]) -> Parent | None:
    text = metadata.get("traceparent")
    found = _TRACEPARENT.fullmatch(text) if isinstance(text, str) else None
    if found is None:
        return None
    version, trace, parent, flags, more = found.groups()
    trace_number, parent_number = int(trace, 16), int(parent, 16)
    if version == "ff" or (version == "00" and more) or not trace_number or not parent_number:
        return None
    state = metadata.get("tracestate")
    return Parent(
        trace_number,
        parent_number,
        bool(int(flags, 16) & _SAMPLED),
        state if isinstance(state, str) else "",
    )


def _exporters(service: str, config: TelemetryConfig) -> list[Exporter]:
    found: list[Exporter] = []
    if config.otlp_endpoint:
        # Imported where it is used: the SDK costs every start of a process a tenth of a second.
        from services.kit.otlp import OtlpExporter  # noqa: PLC0415

        found.append(OtlpExporter(service, config.otlp_endpoint))
    if config.trace_dir:
        found.append(FileSpanExporter(service, Path(config.trace_dir) / f"{service}.jsonl"))
    return found


def _export(queue: deque[Span], exporters: Sequence[Exporter], ended: threading.Event) -> None:
    last = False
    while not last:
        last = ended.wait(_EXPORT_EVERY_S)
        # Appending and taking are atomic, so the event loop never waits for this thread.
        spans = [queue.popleft() for _ in range(len(queue))]
        if spans:
            for exporter in exporters:
                _guarded(exporter.export, spans)
    for exporter in exporters:
        exporter.shutdown()


def _guarded(export: Callable[[Sequence[Span]], None], spans: Sequence[Span]) -> None:
    try:
        export(spans)
    except Exception as error:  # noqa: BLE001 - lost spans must not end the export of later ones
        SPANS_DROPPED.inc(len(spans))
        get_logger().warning("spans lost", count=len(spans), exception=type(error).__name__)


async def _measure_loop_lag(interval_s: float = 1.0) -> None:
    while True:
        before = time.perf_counter()
        await asyncio.sleep(interval_s)
        LOOP_LAG.set(max(0.0, time.perf_counter() - before - interval_s))

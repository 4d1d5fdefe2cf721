"""Traces and metrics of a process (style guide §2.9).

Spans go to an OTLP endpoint, or to a file in a directory (the embedded default, read by `yijie
trace`), or nowhere. Metrics are served for Prometheus on their own port.
"""

from __future__ import annotations

import asyncio
import contextlib
import re
import threading
import time
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

import orjson
import prometheus_client
from opentelemetry import context as otel_context
from opentelemetry import trace
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, SpanLimits, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult
from opentelemetry.trace import SpanKind, Status, StatusCode
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from services.kit import config as settings
from services.kit.exposition import ConsiderateRegistry
from services.kit.log import parse_level

prometheus_client.disable_created_metrics()  # type: ignore[no-untyped-call]

# 5 ms … 10 s: the second that the field promises lies in the middle.
LATENCY_BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)

SERVER_DURATION = prometheus_client.Histogram(
    "rpc_server_call_duration_seconds",
    "Time in the handler of a unary call.",
    ["rpc_method", "rpc_response_status_code"],
    buckets=LATENCY_BUCKETS,
)
DENIALS = prometheus_client.Counter(
    "yijie_denials",
    "Calls refused for who made them.",
    ["method", "role"],
)
SIGNATURES = prometheus_client.Counter(
    "yijie_signatures",
    "Requests of signed methods by what became of their signature, and answers signed.",
    ["method", "outcome"],
)
# With a label, so that it is not there where nothing is signed.
SIGNATURE_KEY_EXPIRY = prometheus_client.Gauge(
    "yijie_signature_key_expiry_timestamp_seconds",
    "When the key that answers are signed with may sign no more, Unix time.",
    ["algorithm"],
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
CLOCK = prometheus_client.Gauge(
    "yijie_clock_seconds", "The process's clock when it is asked, Unix time."
)
CLOCK.set_function(time.time)

INTERNAL: Final = SpanKind.INTERNAL
CLIENT: Final = SpanKind.CLIENT

_TRACE_ID: Final = re.compile(r"[0-9a-f]{32}")
_NO_TRACE: Final = "0" * 32
_LINKS_MAX: Final = 512
"""Of a span: a batch of a feed is linked to the trace of each of its events."""
_propagator = TraceContextTextMapPropagator()
_tracer = trace.get_tracer("yijie")


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
    log_level: str = settings.env("LOG_LEVEL", parse_level, default="info")
    """Least severity that is logged."""


class FileSpanExporter(SpanExporter):
    """Appends spans as JSON lines to a file; half of the limit is dropped when it is full."""

    def __init__(self, path: Path, *, bytes_max: int = 512 * 1024 * 1024) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._path = path
        self._bytes_max = bytes_max
        self._lock = threading.Lock()

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        """Writes spans, oldest first."""
        lines = b"".join(orjson.dumps(_span_record(span)) + b"\n" for span in spans)
        with self._lock:
            if self._path.exists() and self._path.stat().st_size > self._bytes_max // 2:
                self._path.replace(self._path.with_suffix(".old.jsonl"))
            with self._path.open("ab") as file:
                file.write(lines)
        return SpanExportResult.SUCCESS

    def shutdown(self) -> None:
        """Has nothing to release: the file is closed after each batch."""


@contextlib.asynccontextmanager
async def telemetry(service: str, config: TelemetryConfig) -> AsyncIterator[None]:
    """Exports the process's spans and serves its metrics while the block runs."""
    global _tracer  # noqa: PLW0603 - one tracer per process, replaced once at start
    resource = Resource.create({"service.name": f"yijie.{service}"})
    limits = SpanLimits(max_links=_LINKS_MAX)
    provider = TracerProvider(resource=resource, span_limits=limits)
    for exporter in _exporters(service, config):
        # The queue holds some seconds of the peak: a full one drops spans, which orphans others.
        processor = BatchSpanProcessor(
            exporter, max_queue_size=65536, max_export_batch_size=2048, schedule_delay_millis=500
        )
        provider.add_span_processor(processor)
    before, _tracer = _tracer, provider.get_tracer("yijie")
    server = None
    if config.metrics_port:
        server, _ = prometheus_client.start_http_server(
            config.metrics_port, addr=config.metrics_host, registry=ConsiderateRegistry()
        )
    lag = asyncio.create_task(_measure_loop_lag())
    try:
        yield
    finally:
        lag.cancel()
        if server:
            server.shutdown()
            server.server_close()
        _tracer = before
        await asyncio.to_thread(provider.shutdown)


class Span:
    """One operation, as a context manager: it is the span in hand while its block runs.

    A class and no generator: a settlement opens about twenty of these.
    """

    __slots__ = ("_token", "failed", "name", "opened")

    def __init__(
        self,
        name: str,
        kind: SpanKind = INTERNAL,
        attributes: Mapping[str, str | int] | None = None,
        parent: otel_context.Context | None = None,
    ) -> None:
        """Starts it, as child of `parent` or of the span in hand."""
        self.name = name
        self.opened = _tracer.start_span(name, context=parent, kind=kind, attributes=attributes)
        self.failed = False
        self._token: Any = None

    def set_attribute(self, name: str, value: str | int) -> None:
        """Adds an attribute; never anything of a person."""
        self.opened.set_attribute(name, value)

    def __enter__(self) -> Self:
        self._token = otel_context.attach(trace.set_span_in_context(self.opened))
        return self

    def __exit__(
        self,
        raised: type[BaseException] | None,
        _error: BaseException | None,
        _traceback: TracebackType | None,
    ) -> None:
        if raised is not None and not self.failed:
            # The class alone: its text may hold anything.
            self.opened.set_status(Status(StatusCode.ERROR, raised.__name__))
        otel_context.detach(self._token)
        self.opened.end()


def span(
    name: str, kind: SpanKind = INTERNAL, attributes: Mapping[str, str | int] | None = None
) -> Span:
    """Returns a span to run a block in, child of the one in hand. An exception marks it."""
    return Span(name, kind, attributes)


def server_span(name: str, metadata: Mapping[str, Any]) -> Span:
    """Returns the server span of a call, child of the caller's span in its metadata."""
    return Span(name, SpanKind.SERVER, None, _propagator.extract(metadata))


def trace_metadata() -> list[tuple[str, str]]:
    """Returns gRPC metadata that carries the span in hand to a callee."""
    carrier: dict[str, str] = {}
    _propagator.inject(carrier)
    return list(carrier.items())


def trace_id() -> str:
    """Returns the id of the trace in hand, 32 hex digits; zeros outside a span."""
    return format(trace.get_current_span().get_span_context().trace_id, "032x")


def link(trace_id: str) -> None:
    """Links the span in hand to the trace that it follows from, 32 hex digits; "": to none.

    What comes of a bill later (its reversal, its audit, its booking) has a trace of its own: by
    the link the one is found from the other. Records keep a trace and not a span of it, so the
    span of the link is the trace's first half: it names nothing, and no backend looks it up.
    """
    if _TRACE_ID.fullmatch(trace_id) and trace_id != _NO_TRACE:
        context = trace.SpanContext(int(trace_id, 16), int(trace_id[:16], 16) or 1, is_remote=True)
        trace.get_current_span().add_link(context)


def mark_failed(opened: Span, code: str, reason: str) -> None:
    """Marks a span as failed by a gRPC code and a reason; texts are kept out."""
    opened.failed = True
    opened.opened.set_status(Status(StatusCode.ERROR, code))
    if reason:
        opened.set_attribute("error.type", reason)


def _exporters(service: str, config: TelemetryConfig) -> Iterator[SpanExporter]:
    if config.otlp_endpoint:
        # A sixth of what a service imports, for nothing where spans go to a file.
        from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import (  # noqa: PLC0415
            OTLPSpanExporter,
        )

        yield OTLPSpanExporter(endpoint=config.otlp_endpoint)
    if config.trace_dir:
        yield FileSpanExporter(Path(config.trace_dir) / f"{service}.jsonl")


def _span_record(opened: ReadableSpan) -> dict[str, Any]:
    context = opened.get_span_context()
    return {
        "trace_id": format(context.trace_id, "032x") if context else "",
        "span_id": format(context.span_id, "016x") if context else "",
        "parent_id": format(opened.parent.span_id, "016x") if opened.parent else "",
        "name": opened.name,
        "kind": opened.kind.name,
        "service": opened.resource.attributes["service.name"],
        "start_ns": opened.start_time,
        "end_ns": opened.end_time,
        "status": opened.status.status_code.name,
        "attributes": dict(opened.attributes or {}),
        "links": [format(one.context.trace_id, "032x") for one in opened.links],
    }


async def _measure_loop_lag(interval_s: float = 1.0) -> None:
    while True:
        before = time.perf_counter()
        await asyncio.sleep(interval_s)
        LOOP_LAG.set(max(0.0, time.perf_counter() - before - interval_s))

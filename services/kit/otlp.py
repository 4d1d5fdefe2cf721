"""Spans to an OpenTelemetry collector (OTLP over gRPC)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SpanExportResult
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from opentelemetry.trace import SpanContext, SpanKind, Status, StatusCode, TraceFlags, TraceState

from services.kit import telemetry

_SCOPE: Final = InstrumentationScope("yijie")
_FLAGS: Final = TraceFlags(TraceFlags.SAMPLED)
_BATCH_MAX: Final = 512


class OtlpExporter:
    """Sends spans to a collector, waiting for it at most as long as the SDK's exporter does."""

    def __init__(self, service: str, endpoint: str) -> None:
        self._resource = Resource.create({"service.name": f"yijie.{service}"})
        self._exporter = OTLPSpanExporter(endpoint=endpoint)

    def export(self, spans: Sequence[telemetry.Span]) -> None:
        """Sends spans, oldest first; those that the collector does not take are counted."""
        for start in range(0, len(spans), _BATCH_MAX):
            batch = [self.readable(span) for span in spans[start : start + _BATCH_MAX]]
            if self._exporter.export(batch) is not SpanExportResult.SUCCESS:
                telemetry.SPANS_DROPPED.inc(len(batch))

    def shutdown(self) -> None:
        """Closes the connection."""
        self._exporter.shutdown()

    def readable(self, span: telemetry.Span) -> ReadableSpan:
        """Returns a span as the SDK has it."""
        return ReadableSpan(
            name=span.name,
            context=_context(span, span.span_id, is_remote=False),
            parent=(
                # Only a server's parent lies in another process.
                _context(span, span.parent_id, is_remote=span.kind == telemetry.SERVER)
                if span.parent_id
                else None
            ),
            resource=self._resource,
            attributes=span.attributes,
            kind=SpanKind[span.kind],
            status=Status(StatusCode.ERROR, span.error) if span.error else Status(),
            start_time=span.start_ns,
            end_time=span.end_ns,
            instrumentation_scope=_SCOPE,
        )


def _context(span: telemetry.Span, span_id: int, *, is_remote: bool) -> SpanContext:
    return SpanContext(
        span.trace_id,
        span_id,
        is_remote=is_remote,
        trace_flags=_FLAGS,
        trace_state=TraceState.from_header([span.state] if span.state else []),
    )

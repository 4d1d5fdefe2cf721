"""JSON logs on standard output: one canonical line per call, and few others.

A line never holds personal data. `redact` is the second fence: it drops every field that is not on
the list of declared names, so that a value which should not have been logged does not leave the
process.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import MutableMapping
from typing import Any, BinaryIO, Final

import orjson
import structlog

# Field -> what it holds. tests/tidy checks that the code logs no other.
FIELDS: Final[dict[str, str]] = {
    "event": "what happened, a fixed text",
    "level": "severity",
    "timestamp": "UTC, ISO 8601",
    "service": "name of the service",
    "method": "full gRPC method",
    "code": "gRPC status code by name",
    "reason": "ErrorReason of a refusal",
    "field": "path of the field at fault",
    "duration_ms": "time in the handler",
    "request_id": "the caller's request id, UUID",
    "settlement_id": "the hub's key, UUID",
    "reimbursement_id": "the hub's key of a manual claim, UUID",
    "visit_id": "the hub's key of a visit, UUID",
    "trace_id": "W3C trace id",
    "caller": "who called: region and role, or unknown",
    "care_region": "province of care, xx0000",
    "insured_region": "insured province, xx0000",
    "replayed": "true when an earlier answer was given again",
    "error_id": "id shown to the caller of a defect",
    "exception": "class of an exception, never its text",
    "location": "file and line of an exception's last frame of ours",
    "address": "where the service listens",
    "version": "version of a schema, policy, catalogue or rule set",
    "region": "region code, GB/T 2260",
    "count": "a number of things",
    "attempt": "how many times it was tried",
    "callee": "service called",
    "cursor": "position in the feed",
    "config": "configuration at start, secrets masked",
    "signal": "signal received",
    "state": "state reached",
    "query": "name of a statement",
    "invariant": "what must hold and does not",
    "round": "name of a loop",
    "feed": "name of a feed or of a source of the audit chain",
    "block": "number of a block of the audit chain",
    "digest": "SHA-256 of a block of the audit chain, hexadecimal",
    "time": "an instant, UTC",
    "expires": "end of a certificate, UTC, ISO 8601",
}


def parse_level(text: str) -> str:
    """Reads the name of a level."""
    if text.upper() not in {"DEBUG", "INFO", "WARNING", "ERROR"}:
        msg = "must be debug, info, warning or error"
        raise ValueError(msg)
    return text.lower()


def configure(service: str, level: str, stream: BinaryIO | None = None) -> None:
    """Sets up logging for the process; call once at start. `stream` replaces standard output."""
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            redact,
            structlog.processors.JSONRenderer(serializer=_dumps),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(_level(level)),
        context_class=dict,
        logger_factory=structlog.BytesLoggerFactory(stream or sys.stdout.buffer),
        cache_logger_on_first_use=True,
    )
    structlog.contextvars.clear_contextvars()
    _base.clear()
    _base["service"] = service
    # Libraries log through the standard library; only warnings of theirs are of interest, and their
    # texts are not ours to trust, so only the logger's name is kept.
    logging.basicConfig(handlers=[_LibraryHandler()], level=logging.WARNING, force=True)


def get_logger() -> Any:
    """Returns the process's logger."""
    return structlog.get_logger()


def redact(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Drops every field that FIELDS does not declare and adds the service's name."""
    kept = {name: value for name, value in event.items() if name in FIELDS}
    kept.update(_base)
    return kept


class _LibraryHandler(logging.Handler):
    def emit(self, record: logging.LogRecord) -> None:
        exception = record.exc_info[0].__name__ if record.exc_info and record.exc_info[0] else ""
        get_logger().warning(
            "library warning", location=f"{record.name}:{record.lineno}", exception=exception
        )


_base: dict[str, str] = {}


def _level(name: str) -> int:
    return logging.getLevelNamesMapping()[name.upper()]


def _dumps(event: Any, **_: Any) -> bytes:
    return orjson.dumps(event, default=str)

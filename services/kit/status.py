"""Between DomainError and google.rpc.Status, both ways (AIP-193)."""

from __future__ import annotations

import grpc
from google.protobuf.duration_pb2 import Duration
from google.rpc import code_pb2, error_details_pb2, status_pb2

from services.kit.errors import (
    Absent,
    AlreadyExists,
    DomainError,
    ErrorKind,
    FieldViolation,
    InvalidArgument,
    LostRace,
    NotAllowed,
    Overloaded,
    RuleForbids,
    Unavailable,
)
from services.kit.reasons import TEXT_ZH

DETAILS_KEY = "grpc-status-details-bin"
DOMAIN_SUFFIX = ".yijie"
VIOLATIONS_MAX = 30
"""A packed Status above 6 KiB may reach the caller as RESOURCE_EXHAUSTED, not as its own code."""

CODES: dict[ErrorKind, int] = {
    ErrorKind.INVALID: code_pb2.INVALID_ARGUMENT,
    ErrorKind.RULE_FORBIDS: code_pb2.FAILED_PRECONDITION,
    ErrorKind.NOT_ALLOWED: code_pb2.PERMISSION_DENIED,
    ErrorKind.ABSENT: code_pb2.NOT_FOUND,
    ErrorKind.EXISTS: code_pb2.ALREADY_EXISTS,
    ErrorKind.LOST_RACE: code_pb2.ABORTED,
    ErrorKind.OVERLOADED: code_pb2.RESOURCE_EXHAUSTED,
    ErrorKind.UNAVAILABLE: code_pb2.UNAVAILABLE,
}
_CLASSES: dict[int, type[DomainError]] = {
    code_pb2.INVALID_ARGUMENT: InvalidArgument,
    code_pb2.FAILED_PRECONDITION: RuleForbids,
    code_pb2.PERMISSION_DENIED: NotAllowed,
    code_pb2.NOT_FOUND: Absent,
    code_pb2.ALREADY_EXISTS: AlreadyExists,
    code_pb2.ABORTED: LostRace,
    code_pb2.RESOURCE_EXHAUSTED: Overloaded,
    code_pb2.UNAVAILABLE: Unavailable,
}


def to_status(error: DomainError, service: str) -> status_pb2.Status:
    """Returns the status of an error raised in, or passed on by, a service."""
    status = status_pb2.Status(code=CODES[error.kind], message=error.message)
    domain = error.domain or service + DOMAIN_SUFFIX
    info = error_details_pb2.ErrorInfo(reason=error.reason, domain=domain, metadata=error.metadata)
    violations = error.violations[:VIOLATIONS_MAX]
    if violations:
        info.metadata["field"] = violations[0].field
    status.details.add().Pack(info)
    if error.kind is ErrorKind.INVALID:
        request = error_details_pb2.BadRequest()
        for violation in violations:
            request.field_violations.add(
                field=violation.field,
                description=violation.description,
                reason=violation.reason or error.reason,
            )
        status.details.add().Pack(request)
    elif error.kind is ErrorKind.RULE_FORBIDS:
        failure = error_details_pb2.PreconditionFailure()
        for violation in violations or (FieldViolation("", error.message),):
            failure.violations.add(
                type=violation.reason or error.reason,
                subject=violation.field,
                description=violation.description,
            )
        status.details.add().Pack(failure)
    if error.retry_after_ms:
        delay = Duration()
        delay.FromMilliseconds(error.retry_after_ms)
        status.details.add().Pack(error_details_pb2.RetryInfo(retry_delay=delay))
    text = error.zh or TEXT_ZH.get(error.reason, "")
    if text:
        localized = error_details_pb2.LocalizedMessage(locale="zh-CN", message=text)
        status.details.add().Pack(localized)
    return status


def internal_status(service: str, error_id: str) -> status_pb2.Status:
    """Returns the status of a defect: nothing but an id that the log has too."""
    status = status_pb2.Status(code=code_pb2.INTERNAL, message="internal error")
    info = error_details_pb2.ErrorInfo(
        reason="INTERNAL", domain=service + DOMAIN_SUFFIX, metadata={"errorId": error_id}
    )
    status.details.add().Pack(info)
    text = error_details_pb2.LocalizedMessage(locale="zh-CN", message=TEXT_ZH["INTERNAL"])
    status.details.add().Pack(text)
    return status


def deadline_status(service: str, remaining_ms: int) -> status_pb2.Status:
    """Returns the status of a call whose deadline left no time to do the work."""
    status = status_pb2.Status(
        code=code_pb2.DEADLINE_EXCEEDED, message="too little of the deadline is left"
    )
    info = error_details_pb2.ErrorInfo(
        reason="DEADLINE_TOO_SHORT",
        domain=service + DOMAIN_SUFFIX,
        metadata={"remainingMs": str(remaining_ms)},
    )
    status.details.add().Pack(info)
    text = error_details_pb2.LocalizedMessage(locale="zh-CN", message=TEXT_ZH["DEADLINE_TOO_SHORT"])
    status.details.add().Pack(text)
    return status


def status_of(error: grpc.aio.AioRpcError) -> status_pb2.Status | None:
    """Returns the rich status that came with an RPC error, or None if there was none."""
    for key, value in error.trailing_metadata() or ():
        if key == DETAILS_KEY and isinstance(value, bytes):
            return status_pb2.Status.FromString(value)
    return None


def reason_of(error: grpc.aio.AioRpcError) -> str:
    """Returns the reason of an RPC error, or "" if it carries none."""
    remote = from_rpc_error(error)
    return remote.reason if remote else ""


def from_rpc_error(error: grpc.aio.AioRpcError) -> DomainError | None:
    """Returns the DomainError that a callee raised, to handle or to pass on unchanged.

    None for what is not one of ours: a connection failure, a deadline, a defect of the callee.
    """
    status = status_of(error)
    if status is None or status.code not in _CLASSES:
        return None
    return from_status(status)


def from_status(status: status_pb2.Status) -> DomainError | None:
    """Returns the DomainError that a status stands for, or None if it carries no ErrorInfo."""
    info = error_details_pb2.ErrorInfo()
    bad = error_details_pb2.BadRequest()
    failure = error_details_pb2.PreconditionFailure()
    retry = error_details_pb2.RetryInfo()
    text = error_details_pb2.LocalizedMessage()
    for detail in status.details:
        for message in (info, bad, failure, retry, text):
            detail.Unpack(message)
    if not info.reason:
        return None
    violations = tuple(
        FieldViolation(v.field, v.description, v.reason) for v in bad.field_violations
    ) or tuple(
        FieldViolation(v.subject, v.description, v.type) for v in failure.violations if v.subject
    )
    if not violations and info.metadata.get("field"):
        violations = (FieldViolation(info.metadata["field"], status.message),)
    result = _CLASSES[status.code](
        info.reason,
        status.message,
        zh=text.message,
        violations=violations,
        metadata={key: value for key, value in info.metadata.items() if key != "field"},
        retry_after_ms=retry.retry_delay.ToMilliseconds(),
    )
    result.domain = info.domain
    return result

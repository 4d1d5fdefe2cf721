"""Errors that a caller can act on. No grpc and no protobuf here: services.kit.status maps them.

The tree:

    DomainError
    ├── InvalidArgument      malformed or out of range; names the field
    ├── RuleForbids          well-formed, but a rule or a state forbids it
    ├── NotAllowed           this caller may not ask for it
    ├── Absent               not there, or not visible to this caller
    ├── AlreadyExists        same id, other content
    ├── LostRace             try the whole call again
    ├── Overloaded           shed; try later
    └── Unavailable          a callee or the database cannot answer; try later

Every error carries a `reason` of yijie.common.v1.ErrorReason (without its prefix), a text in
English and one in Chinese, and metadata. None of them may hold personal data: no name, number,
diagnosis or free text from the request. A service defines its own subclasses, or raises these with
a reason.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import ClassVar


class ErrorKind(Enum):
    """What sort of failure it is; services.kit.status maps each to one gRPC status code."""

    INVALID = "invalid"
    RULE_FORBIDS = "rule_forbids"
    NOT_ALLOWED = "not_allowed"
    ABSENT = "absent"
    EXISTS = "exists"
    LOST_RACE = "lost_race"
    OVERLOADED = "overloaded"
    UNAVAILABLE = "unavailable"


@dataclass(frozen=True, slots=True)
class FieldViolation:
    """One thing wrong with one field of the request."""

    field: str
    """Path from the request's root, as in AIP-193: `bill.lines[3].quantity`."""
    description: str
    """What is wrong, without the offending value."""
    reason: str = ""
    """ErrorReason of this violation; empty: that of the error."""


class DomainError(Exception):
    """An expected failure with a machine-readable reason."""

    kind: ClassVar[ErrorKind] = ErrorKind.RULE_FORBIDS
    denies_caller: ClassVar[bool] = False
    """Whether it says of the caller, not of the request, that this may not be: it is audited."""

    def __init__(
        self,
        reason: str,
        message: str,
        *,
        zh: str = "",
        field: str = "",
        violations: tuple[FieldViolation, ...] = (),
        metadata: dict[str, str] | None = None,
        retry_after_ms: int = 0,
    ) -> None:
        """Holds the parts of a google.rpc.Status.

        Args:
            reason: name in ErrorReason without the `ERROR_REASON_` prefix.
            message: for developers, English, no request content.
            zh: for the window, simplified Chinese; empty: the generic text of the reason.
            field: path of the one field at fault, if there is one.
            violations: all fields at fault, when more than one is known.
            metadata: lowerCamelCase keys, units in the key (`limitFen`), no personal data.
            retry_after_ms: for the retryable kinds, when to come back; 0: not said.
        """
        super().__init__(message)
        self.reason = reason
        self.message = message
        self.zh = zh
        if field and not violations:
            violations = (FieldViolation(field, message),)
        self.violations = violations
        self.metadata = metadata or {}
        self.retry_after_ms = retry_after_ms
        self.domain = ""
        """Set on an error that a callee raised and this service passes on: "<callee>.yijie"."""

    def renamed(self, fields: dict[str, str]) -> DomainError:
        """Returns itself with field paths of a callee's request turned into those of our own.

        `fields` maps a path, or its first part, to ours: {"credential": "patient.credential"}.
        """
        self.violations = tuple(
            FieldViolation(_renamed(v.field, fields), v.description, v.reason)
            for v in self.violations
        )
        return self


class InvalidArgument(DomainError):
    """The request is malformed or out of range, whatever the state (INVALID_ARGUMENT)."""

    kind = ErrorKind.INVALID


class RuleForbids(DomainError):
    """A rule or the present state forbids it (FAILED_PRECONDITION)."""

    kind = ErrorKind.RULE_FORBIDS


class NotAllowed(DomainError):
    """Whoever calls may not ask for this (PERMISSION_DENIED)."""

    kind = ErrorKind.NOT_ALLOWED
    denies_caller = True


class OfAnotherProvince(RuleForbids):
    """A province asks for what is another's to do (FAILED_PRECONDITION).

    The answer is one of the business, for people at two windows mistake whose turn it is; whether
    somebody was let near to what is none of theirs is a question of the audit all the same.
    """

    denies_caller = True


class Absent(DomainError):
    """What is named does not exist, or not for this caller (NOT_FOUND)."""

    kind = ErrorKind.ABSENT


class AlreadyExists(DomainError):
    """The same id stands for other content (ALREADY_EXISTS)."""

    kind = ErrorKind.EXISTS


class LostRace(DomainError):
    """A concurrent change won; repeat the whole call (ABORTED)."""

    kind = ErrorKind.LOST_RACE


class Overloaded(DomainError):
    """Shed to protect the rest; repeat later (RESOURCE_EXHAUSTED)."""

    kind = ErrorKind.OVERLOADED


class Unavailable(DomainError):
    """A callee or the database cannot answer; repeat with the same request id (UNAVAILABLE)."""

    kind = ErrorKind.UNAVAILABLE


def _renamed(path: str, fields: dict[str, str]) -> str:
    if path in fields:
        return fields[path]
    head, dot, rest = path.partition(".")
    return fields.get(head, head) + dot + rest

"""What is known of the call in hand: filled in by interceptors and use cases, read by the log."""

from __future__ import annotations

import time
from contextvars import ContextVar
from dataclasses import dataclass, field

from google.rpc import status_pb2

from services.kit.admission import Priority
from services.kit.errors import DomainError


@dataclass(slots=True)
class Call:
    """One gRPC call being served."""

    method: str
    """Full name, "/yijie.settlement.v1.SettlementService/Settle"."""
    started: float
    """time.perf_counter() at arrival."""
    deadline: float | None = None
    """time.monotonic() by which the caller wants the answer; None on streams."""
    code: str = "OK"
    """gRPC status code by name."""
    reason: str = ""
    """ErrorReason of a refusal."""
    failure: status_pb2.Status | None = None
    """What it is answered with instead of a response; None: nothing was refused."""
    priority: Priority | None = None
    """How important it is, where that was asked: what it asks of others is as important."""
    is_part: bool = False
    """Whether a service of the hub asks it for a call that it has let in."""
    shed: DomainError | None = None
    """Why it is refused before it begins; None: it is not. Such a call is worth no span."""
    abroad_s: float = 0.0
    """Time spent waiting for systems of others, an insured region's: not ours to be held to."""
    fields: dict[str, str | bool] = field(default_factory=dict)
    """Further fields for the canonical log line; names of services.kit.log.FIELDS."""

    def remaining_s(self) -> float | None:
        """Returns the seconds left of the caller's deadline, or None if there is none."""
        return None if self.deadline is None else self.deadline - time.monotonic()


current: ContextVar[Call | None] = ContextVar("yijie_call", default=None)


def note(**fields: str | bool) -> None:
    """Adds fields to the canonical log line of the call in hand; outside a call does nothing."""
    call = current.get()
    if call is not None:
        call.fields.update(fields)


def note_abroad(seconds: float) -> None:
    """Adds time spent waiting for a system of others; outside a call does nothing."""
    call = current.get()
    if call is not None:
        call.abroad_s += seconds

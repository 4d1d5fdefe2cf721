"""What a round trip comes to: the answer or the error of a record, and what is counted of it."""

from __future__ import annotations

from uuid import UUID

from google.rpc import status_pb2

from services.kit import codes
from services.kit.errors import Absent, RuleForbids, Unavailable
from services.kit.status import from_status
from services.settlement import messages, metrics
from services.settlement.domain.identities import broken_identities
from services.settlement.domain.states import State
from services.settlement.store import Record, Took
from yijie.benefits.v1 import adjudication_pb2
from yijie.settlement.v1 import settlement_pb2

INCONSISTENT = "ADJUDICATION_INCONSISTENT"
RETRY_MS = 1000


def answer(record: Record, *, full: bool) -> settlement_pb2.Settlement:
    """Returns a settlement, or raises the error with which it failed, as the first time."""
    if record.state is State.FAILED:
        error = from_status(status_pb2.Status.FromString(record.failure or b""))
        raise error or RuleForbids(record.failure_reason, "the settlement failed")
    return messages.settlement_of(record, full=full)


def require_identities(
    case: adjudication_pb2.Case, adjudication: adjudication_pb2.Adjudication
) -> None:
    """Raises ADJUDICATION_INCONSISTENT where a trial's amounts do not add up."""
    if broken_identities(messages.answer_of(case, adjudication)):
        province = codes.province_of(case.insured_region_code)
        metrics.QUARANTINED.labels(province, "quote").inc()
        raise inconsistent()


def inconsistent() -> RuleForbids:
    """Returns the error for an answer whose amounts do not add up."""
    return RuleForbids(INCONSISTENT, "the insured region's amounts do not add up")


def took_ms(began: float, asked: float, answered: float) -> Took:
    """Returns how long a call took: when it came, when the region was asked, when it answered."""
    return Took(
        round_trip_ms=round((answered - began) * 1000), region_ms=round((answered - asked) * 1000)
    )


def count(state: State, record: Record) -> None:
    """Counts an outcome that was written."""
    province = codes.province_of(record.insured_region_code)
    metrics.SETTLEMENTS.labels(state.value, province).inc()


def outcome_pending(settlement_id: UUID) -> Unavailable:
    """Returns the error for an outcome that is decided elsewhere, or not yet."""
    return Unavailable(
        "OUTCOME_PENDING",
        "the outcome is not known yet; repeat the same request",
        metadata={"settlementId": str(settlement_id)},
        retry_after_ms=RETRY_MS,
    )


def absent(field: str) -> Absent:
    """Returns the error for a settlement that is not there."""
    return Absent(
        "RESOURCE_NOT_FOUND", "no such settlement", field=field, metadata={"resource": "settlement"}
    )

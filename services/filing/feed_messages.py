"""Between the contract of the filing feed and the outbox; decides nothing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from services.filing.feed_store import Acknowledgement
from services.kit import codes
from services.kit.errors import DomainError, InvalidArgument
from services.kit.interceptors.validation import check_entry
from services.kit.wire import invalid, write_time
from yijie.filing.v1 import filing_feed_service_pb2 as pb
from yijie.filing.v1 import filing_pb2

if TYPE_CHECKING:
    from collections.abc import Sequence

    from services.kit.outbox import OutboxRow


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a subscriber wants, or a list shows."""

    province: str
    """xx0000; empty: every province."""
    as_care: bool
    as_insured: bool

    @property
    def arguments(self) -> Sequence[Any] | None:
        """Arguments of feed_store.BY_PROVINCE; None: everything."""
        return (self.as_care, self.as_insured, self.province) if self.province else None


def read_wanted(request: Any) -> Wanted:
    """Returns what a request wants. Raises FIELD_INVALID, REGION_UNKNOWN."""
    province, role = request.province_code, request.role
    if role and not province:
        raise invalid("role", "needs province_code")
    if province and province not in codes.PROVINCES:
        raise invalid("province_code", "not one of the 32 participants", reason="REGION_UNKNOWN")
    return Wanted(
        province=province,
        as_care=role != pb.REGION_ROLE_INSURED,
        as_insured=role != pb.REGION_ROLE_CARE,
    )


def event_of(row: OutboxRow, filing: filing_pb2.Filing) -> pb.FilingEvent:
    """Returns an event of the feed with what is to be shown of its filing."""
    return pb.FilingEvent(
        event_time=write_time(row.event_time), event_id=row.position.sequence, filing=filing
    )


def read_acknowledgement(
    message: pb.FilingAcknowledgement, *, at: str
) -> Acknowledgement | DomainError:
    """Returns what a care province says of an event, or which rules of the contract it breaks.

    `at` is its path in the request.
    """
    if violations := check_entry(message, at):
        return InvalidArgument(
            "FIELD_INVALID", "breaks a rule of the contract", violations=violations
        )
    return Acknowledgement(message.event_id, message.refused, message.reason)

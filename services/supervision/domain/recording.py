"""What is recorded of the journal: that a bill was screened, what was found, its reversal."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Final
from uuid import UUID, uuid5

if TYPE_CHECKING:
    from datetime import datetime

    from services.supervision.domain.model import Finding

_FINDING_NAMESPACE: Final = UUID("8d6e8f5a-3f0f-5d0b-8a86-0f5a5b7d5d27")


class Moment(Enum):
    """When a settled bill was screened."""

    ROUND_TRIP = "ROUND_TRIP"
    """Before it was settled; the findings came with it."""
    AFTERWARDS = "AFTERWARDS"
    """From the feed, because supervision could not answer in the round trip."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SettledBill:
    """A SETTLED event of the feed."""

    settlement_id: UUID
    care_region_code: str
    insured_region_code: str
    institution_code: str
    event_time: datetime
    findings: tuple[Finding, ...] | None
    """What the round trip found; None: it was not screened there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reversal:
    """A REVERSED event of the feed."""

    settlement_id: UUID
    event_time: datetime


JournalEvent = SettledBill | Reversal


@dataclass(frozen=True, slots=True, kw_only=True)
class Screening:
    """A settled bill with what was found on it, ready to be recorded."""

    bill: SettledBill
    moment: Moment
    findings: tuple[Finding, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordedFinding:
    """A finding as recorded."""

    finding_number: int
    """Order of recording."""
    finding_id: UUID
    settlement_id: UUID
    care_region_code: str
    insured_region_code: str
    institution_code: str
    finding: Finding
    is_reversed: bool
    create_time: datetime


def finding_id(settlement_id: UUID, number: int) -> UUID:
    """Returns the key of a settlement's n-th finding: derived, so that a repeat makes the same."""
    return uuid5(_FINDING_NAMESPACE, f"{settlement_id}/{number}")


def without_repeats(events: Sequence[JournalEvent]) -> list[JournalEvent]:
    """Returns a batch with each event once: the feed is at least once, even within a batch."""
    seen: dict[tuple[UUID, type], JournalEvent] = {}
    for event in events:
        seen.setdefault((event.settlement_id, type(event)), event)
    return list(seen.values())

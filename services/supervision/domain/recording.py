"""A finding as it is kept: when it was made, by which key, and whether it still stands."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Final
from uuid import UUID, uuid5

if TYPE_CHECKING:
    from datetime import datetime

    from services.supervision.domain.model import Finding

_FINDING_NAMESPACE: Final = UUID("8d6e8f5a-3f0f-5d0b-8a86-0f5a5b7d5d27")


class FindingMoment(Enum):
    """When a finding was made."""

    ROUND_TRIP = "ROUND_TRIP"
    """Before the bill was settled; it travelled with the settlement."""
    AFTERWARDS = "AFTERWARDS"
    """From the feed, by a rule of the round trip that could not be asked there."""
    AUDIT = "AUDIT"
    """By the audit of settled bills."""
    MINING = "MINING"
    """By a run over the bills of many people."""


class WithdrawalReason(Enum):
    """Why a finding does not stand any more."""

    REVERSED = "REVERSED"
    """Its bill was taken back."""
    OTHER_REVERSED = "OTHER_REVERSED"
    """Another bill that it rests on was."""
    SUPERSEDED = "SUPERSEDED"
    """A bill came that lies before its bill, and with it the rule finds something else there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Withdrawal:
    """That a finding does not stand any more."""

    reason: WithdrawalReason
    event_time: datetime
    """When what it rests on was taken back, or the bill that came before it was settled, UTC."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordedFinding:
    """A finding as recorded."""

    finding_number: int
    """Order of recording."""
    finding_id: UUID
    settlement_id: UUID
    """Key of the bill: a settlement, or a reimbursement."""
    care_region_code: str
    insured_region_code: str
    institution_code: str
    finding: Finding
    moment: FindingMoment
    withdrawal: Withdrawal | None
    """None: it stands."""
    create_time: datetime

    @property
    def is_standing(self) -> bool:
        """Tells whether it stands."""
        return self.withdrawal is None

    @property
    def is_reversed(self) -> bool:
        """Tells whether its bill was taken back."""
        return self.withdrawal is not None and self.withdrawal.reason is WithdrawalReason.REVERSED


def travelled_id(bill_key: UUID, number: int) -> UUID:
    """Returns the key of the n-th finding that came with a settlement: a repeat makes the same."""
    return uuid5(_FINDING_NAMESPACE, f"{bill_key}/{number}")


def made_id(
    bill_key: UUID, finding: Finding, *, generation: int = 0, with_text: bool = True
) -> UUID:
    """Returns the key of a finding that was made here: what is the same has the same key.

    Args:
        bill_key: key of the bill.
        finding: what was found.
        generation: how often the same was withdrawn before: what stands again is another finding.
        with_text: whether the text counts; a rule may find two things about the same lines.
    """
    lines = ",".join(finding.line_ids)
    others = ",".join(sorted(map(str, finding.other_bill_keys)))
    name = f"{bill_key}/{finding.rule_code}/{finding.result_class.value}/{lines}/{others}"
    if with_text:
        name += f"/{finding.message_en}"
    return uuid5(_FINDING_NAMESPACE, f"{name}/{generation}" if generation else name)

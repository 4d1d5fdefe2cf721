"""What is held of a settlement: its states and the answer that was booked."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Final

from services.benefits.domain.model import Accumulators

if TYPE_CHECKING:
    from collections.abc import Mapping
    from uuid import UUID


class State(Enum):
    """States of a booking; each is appended, none is changed."""

    COMMITTED = "COMMITTED"
    CANCELLED = "CANCELLED"


ALLOWED: Final[Mapping[State | None, frozenset[State]]] = {
    None: frozenset({State.COMMITTED, State.CANCELLED}),
    State.COMMITTED: frozenset({State.CANCELLED}),
    State.CANCELLED: frozenset(),
}
"""Which state may follow which; None: nothing was heard of the settlement."""


@dataclass(frozen=True, slots=True)
class PersonYear:
    """Whose sums: the key of an accumulators row."""

    person_id: UUID
    scheme_code: str
    benefit_year: int


@dataclass(frozen=True, slots=True)
class Standing:
    """What a person has used in the year, and what is in the account, fen."""

    accumulators: Accumulators
    account_balance: int


@dataclass(frozen=True, slots=True)
class Held:
    """What is held of a settlement id."""

    state: State
    account_balance: int
    """Personal account after that state, fen."""
    request_hash: bytes | None
    """Of the Commit; None for a tombstone."""
    answer: bytes | None
    """yijie.benefits.v1.Adjudication; None for a tombstone."""

    @property
    def tombstone(self) -> bool:
        """Tells whether it was cancelled before any Commit came."""
        return self.answer is None


@dataclass(frozen=True, slots=True)
class Booking:
    """What a Commit writes."""

    settlement_id: UUID
    request_hash: bytes
    person: PersonYear
    insured_region_code: str
    care_region_code: str
    policy_version: str
    total: int
    fund_total: int
    account_pay: int
    cash_pay: int
    account_balance: int
    delta: Accumulators
    answer: bytes


NOTHING_USED: Final = Standing(accumulators=Accumulators(), account_balance=0)

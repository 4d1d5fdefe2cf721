"""What is held of a settlement: its states, what was booked, and what stood before it.

stateDiagram-v2
    [*] --> COMMITTED: a Commit books it
    [*] --> CANCELLED: a Cancel comes first and leaves a tombstone
    COMMITTED --> CANCELLED: taken back
    CANCELLED --> [*]
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from types import MappingProxyType
from typing import TYPE_CHECKING

from services.benefits.domain.model import (
    NO_CIRCUMSTANCES,
    Accumulators,
    Circumstances,
    StayPart,
)

if TYPE_CHECKING:
    from datetime import date, datetime
    from uuid import UUID

    from services.benefits.domain.model import Setting


class State(Enum):
    """States of a booking; each is appended, none is changed."""

    COMMITTED = "COMMITTED"
    CANCELLED = "CANCELLED"


INITIAL: frozenset[State] = frozenset({State.COMMITTED, State.CANCELLED})
"""What may be heard first of a settlement."""

ALLOWED: Mapping[State, frozenset[State]] = MappingProxyType(
    {
        State.COMMITTED: frozenset({State.CANCELLED}),
        State.CANCELLED: frozenset(),
    }
)
"""Which state may follow which."""


@dataclass(frozen=True, slots=True)
class StayKey:
    """The stay (就诊) that a bill is a part of, as one insured region sees it."""

    stay_id: UUID
    insured_region_code: str


@dataclass(frozen=True, slots=True)
class Claimant:
    """Whose sums a bill uses: the keys of accumulators rows, and the stay it belongs to."""

    person_id: UUID
    scheme_code: str
    benefit_years: tuple[int, ...]
    """Ascending: the order in which they are locked."""
    stay: StayKey | None = None
    reads_tallies: bool = False
    """Whether the policy counts by month, quarter, institution or disease."""
    relatives_on: date | None = None
    """Day of the bill, by which accounts of relatives are found; None: they cannot pay."""
    diseases: tuple[str, ...] = ()
    """Chronic diseases that tallies may be of, beside the national ones; the likeliest first."""


@dataclass(frozen=True, slots=True)
class FamilyLink:
    """The right of a relative to pay from somebody's account (家庭共济)."""

    owner_person_id: UUID
    member_person_id: UUID
    begin_date: date
    end_date: date | None
    """Last day; None: open-ended."""


@dataclass(frozen=True, slots=True)
class Standing:
    """What a person has used, and what is in the account, fen."""

    years: Mapping[int, Accumulators]
    """Sums of every benefit year asked for; zeros where nothing was booked."""
    account_balance: int
    parts: tuple[StayPart, ...] = ()
    """Bookings of the same stay that stand (are not cancelled)."""
    circumstances: Circumstances = NO_CIRCUMSTANCES


@dataclass(frozen=True, slots=True)
class Held:
    """What is held of a settlement id."""

    state: State
    account_balance: int
    """Personal account after that state, fen."""
    request_hash: bytes | None
    """Of the Commit, keyed; None for a tombstone."""
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
    claimant: Claimant
    insured_region_code: str
    care_region_code: str
    policy_version: str
    end_date: date
    stays_before: int
    """Stays counted in the benefit year before this one, as of the first part of the stay."""
    total: int
    fund_total: int
    account_pay: int
    cash_pay: int
    account_balance: int
    deltas: tuple[tuple[int, Accumulators], ...]
    """What is added to each benefit year, ascending; at least one, each a year of the claimant."""
    answer: bytes
    setting: Setting
    institution_code: str
    """Empty: not known."""
    disease_code: str
    """As the policy names it; empty: none."""
    family_payments: tuple[tuple[UUID, int], ...]
    """What relatives' accounts pay, by holder; inside account_pay."""
    tally_dates: tuple[date, ...]
    """The day whose month and quarter bear each of `deltas`: a day of its benefit year."""
    is_manual: bool = False
    """Claimed at home (零星报销) and not settled directly."""


@dataclass(frozen=True, slots=True)
class Day:
    """Which bookings a list shows: those of one business date, in the order of settlement ids."""

    first_id: UUID
    """Smallest id of the date."""
    end_id: UUID
    """Smallest id of the date after."""
    start_time: datetime
    """Shown too: what was taken back from here …"""
    end_time: datetime
    """… to before here."""
    region_prefix: str = ""
    """Beginning of the insured region's code; empty: all, tombstones too."""


@dataclass(frozen=True, slots=True)
class Record:
    """A booking without its calculation, fen; a tombstone has no codes, amounts and book time."""

    settlement_id: UUID
    state: State
    insured_region_code: str = ""
    care_region_code: str = ""
    scheme_code: str = ""
    total: int = 0
    fund_total: int = 0
    account_pay: int = 0
    cash_pay: int = 0
    book_time: datetime | None = None
    cancel_time: datetime | None = None
    is_manual: bool = False

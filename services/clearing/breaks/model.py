"""What is stored of breaks and of the days that are compared."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from services.clearing.domain.break_states import BreakState
from services.clearing.domain.breaks import (
    BookPlace,
    BookRecord,
    BreakCause,
    BreakKind,
    BreakOwner,
    BreakSource,
    DayState,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Blocking:
    """What keeps a month from its tables."""

    day_count: int
    """Days that are not compared."""
    break_count: int
    difference_count: int

    @property
    def count(self) -> int:
        """Returns all together; 0: the tables can be made."""
        return self.day_count + self.break_count + self.difference_count


@dataclass(frozen=True, slots=True, kw_only=True)
class Break:
    """A break, or an open difference of reconciliation, as it is stored."""

    break_id: UUID
    source: BreakSource
    journal_date: date
    month: str
    settlement_id: UUID | None
    event_kind: str
    """SETTLED or REVERSED; empty: a difference."""
    place: BookPlace
    kind: BreakKind
    cause: BreakCause
    owner: BreakOwner
    twin_settlement_id: UUID | None
    journal: BookRecord | None
    ledger: BookRecord | None
    find_time: datetime
    state: BreakState
    close_time: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class BreakChange:
    """One step in the life of a break."""

    state: BreakState
    change_time: datetime
    month: str
    note: str
    maker_id: str
    checker_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class BreakFilter:
    """Which breaks are wanted; None or empty: all."""

    month: str = ""
    """Only what keeps this month from its tables."""
    state: BreakState | None = None
    source: BreakSource | None = None
    kind: BreakKind | None = None
    owner: BreakOwner | None = None
    region_code: str = ""
    journal_date: date | None = None
    settlement_id: UUID | None = None
    after: UUID | None = None
    """Only those found after this one: the last of the page before."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Signed:
    """What two people say."""

    note: str
    maker_id: str
    checker_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AgeCounts:
    """How many breaks of one sort there are, by the time since they were found."""

    source: BreakSource
    kind: BreakKind
    owner: BreakOwner
    counts: tuple[int, int, int, int]
    """Up to one day, three, seven, and more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerDay:
    """The newest comparison of a day."""

    journal_date: date
    state: DayState | None
    """None: it is not compared yet."""
    journal_count: int
    journal_fen: int
    """Funds and accounts: settled less reversed."""
    ledger_count: int
    ledger_fen: int
    break_count: int
    compare_time: datetime | None
    carry_month: str = ""
    """The month that a day not compared is carried into; empty: none."""

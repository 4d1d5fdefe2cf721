"""What was asked and what was answered: all that the auditor knows of a run.

A run is recorded from the outside. Each attempt of each call is an operation with the moment at
which it was sent and the moment at which its answer came, or at which the caller gave up waiting.
Moments are ticks of one counter, so that "before" means before for whoever watched. An attempt
without an answer may have done nothing, everything, or may do it later.

Amounts are whole fen; dates civil dates in Asia/Shanghai; instants UTC.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import Enum
from typing import TypeAlias

from services.proving.amounts import (
    Accumulators,
    Adjudication,
    Amounts,
    Causes,
    FundPayment,
    PersonYear,
    YearPart,
)

__all__ = [
    "Accumulators",
    "Adjudication",
    "Amounts",
    "Causes",
    "FundPayment",
    "PersonYear",
    "YearPart",
]

# --- what the hub shows --------------------------------------------------------------------------


class State(Enum):
    """States of a settlement as the contract names them."""

    PENDING = "PENDING"
    SETTLED = "SETTLED"
    FAILED = "FAILED"
    REVERSED = "REVERSED"


class Scope(Enum):
    """How much of a visit a settlement covers."""

    WHOLE_BILL = ""
    FINAL = "FINAL"
    INTERIM = "INTERIM"
    BATCH = "BATCH"


class VisitState(Enum):
    """States of a visit as the contract names them."""

    REGISTERED = "REGISTERED"
    DISCHARGED = "DISCHARGED"
    SETTLED = "SETTLED"
    CANCELLED = "CANCELLED"


class BookingState(Enum):
    """States of a booking in the insured region."""

    COMMITTED = "COMMITTED"
    CANCELLED = "CANCELLED"


class EventKind(Enum):
    """What the feed tells of."""

    SETTLED = "SETTLED"
    REVERSED = "REVERSED"


@dataclass(frozen=True, slots=True, kw_only=True)
class Settlement:
    """A settlement as it was shown once."""

    settlement_id: str
    request_id: str
    state: State
    person_id: str
    scheme_code: str
    care_region_code: str
    insured_region_code: str
    institution_code: str
    medical_type_code: str
    end_date: date
    amounts: Amounts
    adjudication: Adjudication | None
    """None while PENDING and when FAILED."""
    settle_time: datetime | None = None
    reverse_time: datetime | None = None
    visit_id: str = ""
    scope: Scope = Scope.WHOLE_BILL
    charge_batch_number: str = ""
    lines: tuple[Amounts, ...] = ()
    """Only where they were asked for."""
    recomputes_settlement_id: str = ""
    """The settlement that it replaces; empty: none."""

    @property
    def stands(self) -> bool:
        """Tells whether its amounts count."""
        return self.state is State.SETTLED


@dataclass(frozen=True, slots=True, kw_only=True)
class VisitLine:
    """A fee line of a visit."""

    line_id: str
    amount: int
    """Fen; negative: a refund."""
    fee_date: date
    refund_of_line_id: str = ""
    charge_batch_number: str = ""
    settlement_id: str = ""
    """The settlement that covers it, where the hub shows it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """A visit as it was shown once."""

    visit_id: str
    state: VisitState
    person_id: str
    institution_code: str
    medical_type_code: str
    line_count: int
    line_total: int
    settlement_ids: tuple[str, ...] = ()
    """Of those that stand or are pending, oldest first."""


# --- what was asked ------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Settle:
    """A bill sent whole. Equal requests have equal content: `content` stands for all else."""

    request_id: str
    person_id: str
    scheme_code: str
    care_region_code: str
    insured_region_code: str
    institution_code: str
    medical_type_code: str
    end_date: date
    total: int
    content: str = ""
    quoted: Adjudication | None = None
    """What the quote that it names had answered; None: it names none."""
    invoice: str = ""
    """Number of the invoice; empty: the bill states none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SettleVisit:
    """Part of a registered visit, or all of it."""

    request_id: str
    visit_id: str
    scope: Scope
    expected_total: int
    charge_batch_number: str = ""
    until_date: date | None = None
    content: str = ""
    quoted: Adjudication | None = None
    """What the quote that it names had answered; None: it names none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reverse:
    """A reversal by the settlement's id or by the id of its request (冲正); the other is empty."""

    request_id: str
    settlement_id: str = ""
    settle_request_id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Recompute:
    """A settlement to compute anew by the filing that counts now."""

    request_id: str
    settlement_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Get:
    """A query by the settlement's id or by the id of its request; the other is empty."""

    settlement_id: str = ""
    request_id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PreSettle:
    """A trial."""

    person_id: str
    total: int
    visit_id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RegisterVisit:
    """A registration."""

    request_id: str
    person_id: str
    institution_code: str
    medical_type_code: str


@dataclass(frozen=True, slots=True, kw_only=True)
class UploadFees:
    """Fee lines of a visit, all or none."""

    request_id: str
    visit_id: str
    lines: tuple[VisitLine, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class CancelFees:
    """Fee lines to take back; none named: all that no settlement covers."""

    request_id: str
    visit_id: str
    line_ids: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Discharge:
    """A discharge, or taking it back."""

    request_id: str
    visit_id: str
    undo: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class CancelVisit:
    """A registration to take back."""

    request_id: str
    visit_id: str


Request: TypeAlias = (
    Settle
    | SettleVisit
    | Reverse
    | Recompute
    | Get
    | PreSettle
    | RegisterVisit
    | UploadFees
    | CancelFees
    | Discharge
    | CancelVisit
)

# --- what was answered ---------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Answered:
    """A settlement was shown."""

    settlement: Settlement
    replayed: bool = False


@dataclass(frozen=True, slots=True)
class VisitAnswered:
    """A change of a visit was acknowledged."""

    visit: Visit | None
    """None where the contract answers counts alone."""
    line_count: int = 0
    line_total: int = 0


@dataclass(frozen=True, slots=True)
class Refused:
    """The answer is no, for good or until something changes; nothing was done by this attempt."""

    reason: str
    changed: str = ""
    """With QUOTE_CHANGED: which facts."""


@dataclass(frozen=True, slots=True)
class Unknown:
    """No answer, or one that says to come back: it may have been done, or be done later."""

    reason: str


Reply: TypeAlias = Answered | VisitAnswered | Refused | Unknown


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """One attempt of one call."""

    number: int
    request: Request
    reply: Reply
    sent: int
    """Tick before it was sent."""
    ended: int
    """Tick after the answer came, or after the caller gave up."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cap:
    """What the insured region's published policy lets a person use in a benefit year, fen."""

    person_id: str
    scheme_code: str
    sum_name: str
    """Name of the accumulator, as in `Accumulators`."""
    amount: int


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """A run as it was seen from the outside."""

    operations: tuple[Operation, ...]
    """In the order of sending."""
    openings: Mapping[str, int]
    """Personal account of each person before the run, fen."""
    caps: tuple[Cap, ...] = ()
    families: tuple[tuple[str, str], ...] = ()
    """Pairs of an account's owner and a relative who may pay from it all the time, by person id."""


# --- what the hub, the region and clearing answer afterwards -------------------------------------


@dataclass(frozen=True, slots=True)
class Booking:
    """What the insured region holds of a settlement."""

    state: BookingState
    adjudication: Adjudication | None
    """None for a tombstone, or where only the state was asked for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """Between whom, for which month and scheme the ledger is kept."""

    insured_region_code: str
    care_region_code: str
    month: str
    scheme_code: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Position:
    """What a pair owes, by fund, fen."""

    pair: Pair
    owed: int
    funds: Mapping[str, int]
    settlement_count: int
    reversal_count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One side of a transfer in the ledger."""

    transfer_id: str
    settlement_id: str
    pair: Pair
    fund_type_code: str
    receivable: bool
    amount: int
    reverses_transfer_id: str = ""


@dataclass(frozen=True, slots=True)
class Event:
    """One event of the feed."""

    kind: EventKind
    settlement: Settlement


@dataclass(frozen=True, slots=True, kw_only=True)
class Feed:
    """All that one consumer was given, in order; empty filters: everything."""

    name: str
    events: tuple[Event, ...]
    province_code: str = ""
    as_care: bool = True
    as_insured: bool = True
    kinds: frozenset[EventKind] = frozenset(EventKind)


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """What comparing the hub with an insured province gave (对账)."""

    province_code: str
    hub_count: int
    party_count: int
    difference_count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Final:
    """What the public calls answer when all is quiet again."""

    listed: tuple[Settlement, ...]
    """ListSettlements, all pages."""
    by_request: Mapping[str, Settlement | None]
    """GetSettlement by each request id that was used to settle; None: RESOURCE_NOT_FOUND."""
    bookings: Mapping[str, Booking]
    """GetAdjudication of each settlement listed."""
    accumulators: Mapping[PersonYear, Accumulators]
    balances: Mapping[str, int]
    """Personal account of each person, fen."""
    positions: tuple[Position, ...]
    entries: tuple[Entry, ...]
    feeds: tuple[Feed, ...]
    """The first is a dump from the beginning without filter; the others followed during the run."""
    open_intents: int
    recorded: Mapping[str, BookingState] | None = None
    """ListAdjudications of every region, all pages; None: not asked for."""
    comparisons: tuple[Comparison, ...] = ()
    """Reconcile of every insured province and business date; empty: not asked for."""
    visits: Mapping[str, Visit] = field(default_factory=dict)
    lines: Mapping[str, Sequence[VisitLine]] = field(default_factory=dict)
    """ListFees of each visit, all pages."""

"""The ledger: what insured provinces owe care provinces, as double entries that are never changed.

    settled event   one transfer per fund that pays more than zero
    transfer        two entries that sum to zero: the insured province's payable falls below zero
                    by the amount (it owes), the care province's receivable rises by it
    reversed event  the opposite transfers, each pointing at the one that it takes back, booked in
                    the month of the reversal: a month once cleared is never reopened
    posting         what people decide (deductions, prepayment, payments): one transfer per movement

An event belongs to its civil month, or to the first month that is not cut if that is later. What
waits for a decision is booked in two steps: PENDING, then POSTED or VOIDED, each of them new
transfers; pending balances are accounts of their own.

Cash is between patient and institution and is never cleared. Ids are derived from the event, so
that a replay makes the same rows and the primary keys refuse them.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, replace
from enum import Enum
from typing import TYPE_CHECKING, Final
from uuid import UUID, uuid5

from services.kit import codes
from services.kit.errors import RuleForbids
from services.kit.funds import CLEARED_AS, FUND_TYPES, national_fund

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime

TRANSFER_NAMESPACE: Final = UUID("5b0f6a0e-7f0d-5c39-9f0a-3f6f1a1f8c11")
"""In which transfer ids are derived from what they are booked for."""
_FUND_TYPE: Final = re.compile(r"[0-9]{6,8}")
_SCHEME: Final = re.compile(r"3[0-9]{2}")
_MONTH: Final = re.compile(r"20[0-9]{2}-(?:0[1-9]|1[0-2])")
_AMOUNT_FEN_MAX: Final = 10**15


class EventRefused(Exception):
    """An event that cannot be booked: malformed, or against what the ledger already holds.

    Booking stops there. A ledger that skips what it does not understand is wrong without saying so.
    """


class LedgerRefused(RuleForbids):
    """A posting that contradicts what the ledger holds, or that no ledger should hold."""

    def __init__(self, message: str) -> None:
        """Holds why, without content of the request."""
        super().__init__("LEDGER_REFUSED", message)


class Kind(Enum):
    """What a booking is about. The first two come from the settlement feed alone."""

    SETTLED = "SETTLED"
    REVERSED = "REVERSED"
    DEDUCTION = "DEDUCTION"
    PREPAYMENT = "PREPAYMENT"
    PAYMENT = "PAYMENT"
    PREPAYMENT_PAYMENT = "PREPAYMENT_PAYMENT"


class Purpose(Enum):
    """What an account is for (用途)."""

    CLEARING = "CLEARING"
    """Care of the month, and reversals of what the same month holds."""
    ADJUSTMENT = "ADJUSTMENT"
    """负数记录: what is taken back of earlier months."""
    DEDUCTION = "DEDUCTION"
    """审核扣款: less than zero."""
    PAYMENT = "PAYMENT"
    """Money paid on clearing notices; less than zero where the insured province pays."""
    PREPAYMENT = "PREPAYMENT"
    """What notices oblige the insured province to have with the care province (预付金)."""
    PREPAYMENT_PAYMENT = "PREPAYMENT_PAYMENT"
    """Money moved for it; less than zero where the insured province pays."""


class Phase(Enum):
    """Whether an account holds what is decided or what waits for a decision."""

    POSTED = "POSTED"
    PENDING = "PENDING"


class Step(Enum):
    """How far a booking is decided."""

    DIRECT = "DIRECT"
    """Posted at once: nothing waits."""
    PENDING = "PENDING"
    POSTED = "POSTED"
    """Moves what was pending to the posted accounts."""
    VOIDED = "VOIDED"
    """Takes back what was pending."""


FEED_KINDS: Final = frozenset({Kind.SETTLED, Kind.REVERSED})
"""Kinds that the settlement feed alone brings."""
PURPOSES_OF: Final[Mapping[Kind, frozenset[Purpose]]] = {
    Kind.SETTLED: frozenset({Purpose.CLEARING}),
    Kind.REVERSED: frozenset({Purpose.CLEARING, Purpose.ADJUSTMENT}),
    Kind.DEDUCTION: frozenset({Purpose.DEDUCTION, Purpose.ADJUSTMENT}),
    Kind.PREPAYMENT: frozenset({Purpose.PREPAYMENT}),
    Kind.PAYMENT: frozenset({Purpose.PAYMENT}),
    Kind.PREPAYMENT_PAYMENT: frozenset({Purpose.PREPAYMENT_PAYMENT}),
}
"""For what each kind may move money; the database holds the same."""
SIGNS: Final[Mapping[Step, tuple[tuple[Phase, int], ...]]] = {
    Step.DIRECT: ((Phase.POSTED, 1),),
    Step.PENDING: ((Phase.PENDING, 1),),
    Step.POSTED: ((Phase.PENDING, -1), (Phase.POSTED, 1)),
    Step.VOIDED: ((Phase.PENDING, -1),),
}
"""What a transfer of each step does to the phases of a pair."""


class Side(Enum):
    """On which side of a pair of provinces an account stands."""

    PAYABLE = "PAYABLE"
    """应付: of the insured province."""
    RECEIVABLE = "RECEIVABLE"
    """应收: of the care province."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FundPayment:
    """What one fund, or the personal account, paid towards a bill."""

    fund_type_code: str
    amount_fen: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SettlementEvent:
    """One event of the settlement feed, as far as clearing is concerned."""

    kind: Kind
    settlement_id: UUID
    insured_region_code: str
    """Any area of the insured province."""
    care_region_code: str
    """Any area of the care province."""
    scheme_code: str
    month: str
    """Civil month "YYYY-MM", Asia/Shanghai, in which the event happened."""
    event_time: datetime
    payments: tuple[FundPayment, ...]
    """Funds and the personal account; zero amounts allowed, cash not."""

    def __post_init__(self) -> None:
        """Refuses what no journal should send; the texts carry no content."""
        problem = _problem_of(self)
        if problem:
            msg = f"event of settlement {self.settlement_id}: {problem}"
            raise EventRefused(msg)


def _problem_of(event: SettlementEvent) -> str:
    insured, care = event.insured_region_code, event.care_region_code
    if not codes.is_area_code(insured) or not codes.is_area_code(care):
        return "a region is not an area code"
    if not codes.is_cross_province(care=care, insured=insured):
        return "both regions lie in one province"
    if not _SCHEME.fullmatch(event.scheme_code) or not _MONTH.fullmatch(event.month):
        return "malformed scheme code or month"
    if not all(_FUND_TYPE.fullmatch(one.fund_type_code) for one in event.payments):
        return "malformed fund type"
    if not all(0 <= one.amount_fen < _AMOUNT_FEN_MAX for one in event.payments):
        return "an amount is negative or beyond ten trillion yuan"
    return ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """Between whom, for which month and scheme: what accounts and positions are kept by."""

    insured_region_code: str
    """Province, xx0000: it owes."""
    care_region_code: str
    """Province, xx0000: it is owed."""
    month: str
    scheme_code: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Transfer:
    """One immutable movement between the two accounts of a pair for one fund."""

    transfer_id: UUID
    source_id: UUID
    """What it is booked for: a settlement, a deduction, a line of a notice, …."""
    pair: Pair
    fund_type_code: str
    amount_fen: int
    """More than zero where the insured province owes more, less than zero where it owes less."""
    reverses_transfer_id: UUID | None
    """The transfer that this one takes back; None: it is an original."""
    purpose: Purpose = Purpose.CLEARING
    step: Step = Step.DIRECT
    resolves_transfer_id: UUID | None = None
    """The pending transfer that this one posts or voids."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One side of a transfer (分录)."""

    transfer_id: UUID
    side: Side
    amount_fen: int
    """Positive raises a receivable, negative raises a payable."""
    phase: Phase = Phase.POSTED


@dataclass(frozen=True, slots=True, kw_only=True)
class Booking:
    """What one event does to the ledger: counted once, whether money moves or not."""

    kind: Kind
    source_id: UUID
    pair: Pair | None
    """Whose counts it adds to; None: it is not of the feed and counts nowhere."""
    event_time: datetime
    transfers: tuple[Transfer, ...]
    """In the order of fund types, so that equal bookings compare equal."""
    step: Step = Step.DIRECT

    @property
    def key(self) -> tuple[UUID, Kind]:
        """Identifies the booking of an event: it is booked once."""
        return self.source_id, self.kind


def entries_of(transfer: Transfer) -> list[Entry]:
    """Returns the sides of a transfer, two for each phase that it moves; these sum to zero."""
    # Twice for every transfer of a month: no generator and no loop over sides.
    transfer_id, fen = transfer.transfer_id, transfer.amount_fen
    sides: list[Entry] = []
    for phase, sign in SIGNS[transfer.step]:
        moved = sign * fen
        sides += (
            Entry(transfer_id=transfer_id, side=Side.PAYABLE, amount_fen=-moved, phase=phase),
            Entry(transfer_id=transfer_id, side=Side.RECEIVABLE, amount_fen=moved, phase=phase),
        )
    return sides


def book_settled(event: SettlementEvent, *, open_month: str = "") -> Booking:
    """Returns the booking of a settlement: one transfer per fund type that pays more than zero.

    It is booked in its month, or in `open_month`, the first that is not cut, if that is later.

    Raises:
        EventRefused: the event is of another kind.
    """
    _require(event, Kind.SETTLED)
    pair = _pair_of(event, open_month)
    return Booking(
        kind=event.kind,
        source_id=event.settlement_id,
        pair=pair,
        event_time=event.event_time,
        transfers=tuple(
            Transfer(
                transfer_id=_transfer_id(event, fund_type_code),
                source_id=event.settlement_id,
                pair=pair,
                fund_type_code=fund_type_code,
                amount_fen=amount_fen,
                reverses_transfer_id=None,
            )
            for fund_type_code, amount_fen in _by_fund_type(event.payments).items()
        ),
    )


def book_reversed(
    event: SettlementEvent, original: Booking | None, *, open_month: str = ""
) -> Booking:
    """Returns the booking that takes another one back, in the month of the reversal.

    Booked in a later month than what it takes back, it is an adjustment (负数记录). The ledger's
    own rows are reversed, not what the event repeats of them; where the two differ, something is
    wrong and nothing is booked.

    Raises:
        EventRefused: the settlement was never booked, or was booked otherwise.
    """
    _require(event, Kind.REVERSED)
    if original is None or original.pair is None:
        msg = f"reversal of settlement {event.settlement_id}, which was never booked"
        raise EventRefused(msg)
    pair = _pair_of(event, open_month)
    is_later = original.pair.month < pair.month
    # By national funds: an earlier release kept 390200 apart.
    booked: Counter[str] = Counter()
    for one in original.transfers:
        booked[national_fund(one.fund_type_code)] += one.amount_fen
    same_place = (
        original.source_id == event.settlement_id
        and original.pair.insured_region_code == pair.insured_region_code
        and original.pair.care_region_code == pair.care_region_code
        and original.pair.scheme_code == pair.scheme_code
    )
    if not same_place or booked != _by_fund_type(event.payments):
        msg = f"reversal of settlement {event.settlement_id} differs from what was booked"
        raise EventRefused(msg)
    return Booking(
        kind=event.kind,
        source_id=event.settlement_id,
        pair=pair,
        event_time=event.event_time,
        transfers=tuple(
            Transfer(
                transfer_id=_transfer_id(event, one.fund_type_code),
                source_id=event.settlement_id,
                pair=pair,
                fund_type_code=one.fund_type_code,
                amount_fen=-one.amount_fen,
                reverses_transfer_id=one.transfer_id,
                purpose=Purpose.ADJUSTMENT if is_later else Purpose.CLEARING,
            )
            for one in original.transfers
        ),
    )


def book(
    events: Iterable[SettlementEvent],
    booked: Mapping[tuple[UUID, Kind], Booking],
    *,
    open_month: str = "",
) -> tuple[Booking, ...]:
    """Returns the new bookings of a batch in feed order.

    `booked` holds what the ledger has of the settlements in the batch. An event that is booked
    already, there or earlier in the batch, is a replay and gives nothing. Nothing is booked in a
    month before `open_month`, the first that is not cut; empty: none is.

    Raises:
        EventRefused: at the first event that cannot be booked or that differs from its booking; the
            batch is then not booked at all.
    """
    known = dict(booked)
    new: list[Booking] = []
    for event in events:
        if event.kind is Kind.SETTLED:
            booking = book_settled(event, open_month=open_month)
        else:
            original = known.get((event.settlement_id, Kind.SETTLED))
            booking = book_reversed(event, original, open_month=open_month)
        earlier = known.setdefault(booking.key, booking)
        if earlier is booking:
            new.append(booking)
        elif not _is_replay(event, booking, earlier):
            msg = f"settlement {event.settlement_id} was booked with other content"
            raise EventRefused(msg)
    return tuple(new)


def _is_replay(event: SettlementEvent, booking: Booking, earlier: Booking) -> bool:
    # What was booked before a cut stays in its month, and what came after one came later than its
    # own: only the event's content counts.
    if earlier.pair is None or booking.pair is None or earlier.pair.month < event.month:
        return False
    return (
        replace(earlier.pair, month=booking.pair.month) == booking.pair
        and earlier.event_time == booking.event_time
        and [_content_of(one) for one in earlier.transfers]
        == [_content_of(one) for one in booking.transfers]
    )


def _content_of(transfer: Transfer) -> tuple[UUID, str, int, UUID | None]:
    return (
        transfer.transfer_id,
        transfer.fund_type_code,
        transfer.amount_fen,
        transfer.reverses_transfer_id,
    )


def _require(event: SettlementEvent, kind: Kind) -> None:
    if event.kind is not kind:
        msg = f"event of settlement {event.settlement_id} is {event.kind.value}, not {kind.value}"
        raise EventRefused(msg)


def _pair_of(event: SettlementEvent, open_month: str) -> Pair:
    return Pair(
        insured_region_code=codes.province_of(event.insured_region_code),
        care_region_code=codes.province_of(event.care_region_code),
        month=max(event.month, open_month),
        scheme_code=event.scheme_code,
    )


def _by_fund_type(payments: Iterable[FundPayment]) -> dict[str, int]:
    # Several local funds may share the national code that they are cleared under.
    total: dict[str, int] = {}
    for payment in payments:
        if payment.amount_fen:
            code = national_fund(payment.fund_type_code)
            total[code] = total.get(code, 0) + payment.amount_fen
    return dict(sorted(total.items()))


def _transfer_id(event: SettlementEvent, fund_type_code: str) -> UUID:
    name = f"{event.settlement_id}/{event.kind.value}/{fund_type_code}"
    return uuid5(TRANSFER_NAMESPACE, name)


@dataclass(frozen=True, slots=True, kw_only=True)
class Movement:
    """What one decision moves between a pair for one fund and purpose."""

    pair: Pair
    """With the month that it counts in."""
    fund_type_code: str
    purpose: Purpose
    amount_fen: int
    """More than zero where the insured province owes more; never zero."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Posting:
    """What people decided, to be booked: once per source and kind."""

    source_id: UUID
    kind: Kind
    movements: tuple[Movement, ...]
    """At least one; each pair, fund and purpose once."""

    def __post_init__(self) -> None:
        """Raises LedgerRefused for what the database would refuse."""
        problem = _problem_of_posting(self)
        if problem:
            msg = f"posting {self.source_id}: {problem}"
            raise LedgerRefused(msg)


def _problem_of_posting(posting: Posting) -> str:
    if posting.kind in FEED_KINDS:
        return "the feed alone books settlements"
    keys = {(one.pair, one.fund_type_code, one.purpose) for one in posting.movements}
    if not keys or len(keys) != len(posting.movements):
        return "no movement, or the same one twice"
    return next(filter(None, (_problem_of_movement(posting, one) for one in posting.movements)), "")


def _problem_of_movement(posting: Posting, one: Movement) -> str:
    pair = one.pair
    insured, care = pair.insured_region_code, pair.care_region_code
    if insured == care or any(codes.province_of(code) != code for code in (insured, care)):
        return "not between two provinces"
    if not _SCHEME.fullmatch(pair.scheme_code) or not _MONTH.fullmatch(pair.month):
        return "malformed scheme code or month"
    if one.fund_type_code not in FUND_TYPES and one.fund_type_code not in CLEARED_AS:
        return "not a fund type that is cleared"
    if one.purpose not in PURPOSES_OF[posting.kind]:
        return "a purpose that its kind does not have"
    if not 0 < abs(one.amount_fen) < _AMOUNT_FEN_MAX:
        return "an amount is zero or beyond ten trillion yuan"
    return ""


def next_month(month: str) -> str:
    """Returns the month after one, "YYYY-MM"."""
    year, number = int(month[:4]), int(month[5:])
    return f"{year + number // 12}-{number % 12 + 1:02d}"


def pair_key(pair: Pair) -> tuple[str, str, str, str]:
    """Returns what pairs are sorted by, and found by in the database."""
    return pair.insured_region_code, pair.care_region_code, pair.month, pair.scheme_code

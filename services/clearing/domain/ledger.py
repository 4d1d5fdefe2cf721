"""The ledger: what insured provinces owe care provinces, as double entries that are never changed.

    settled event   one transfer per fund that pays more than zero
    transfer        two entries that sum to zero: the insured province's payable falls below zero
                    by the amount (it owes), the care province's receivable rises by it
    reversed event  the opposite transfers, each pointing at the one that it takes back, booked in
                    the month of the reversal: a month once cleared is never reopened

Cash is between patient and institution and is never cleared. Ids are derived from the event, so
that a replay makes the same rows and the primary keys refuse them.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Final
from uuid import UUID, uuid5

from services.kit import codes

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime

PERSONAL_ACCOUNT: Final = "310200"
"""Fund type of the personal account (个人账户), which the insured province also owes."""
OTHER_FUND: Final = "910100"
"""其他: where a fund without a national code is cleared."""
FUND_TYPES: Final = frozenset(
    {
        "310100",  # 职工统筹
        PERSONAL_ACCOUNT,
        "320100",  # 公务员补助
        "330100",  # 大额医疗费用补助
        "350100",  # 残疾军人
        "370100",  # 企业补充
        "390100",  # 居民统筹
        "390200",  # 居民大病
        "610100",  # 医疗救助
        OTHER_FUND,
    }
)
"""Fund types that are cleared under their own code; any other is cleared as OTHER_FUND."""

_TRANSFER_NAMESPACE: Final = UUID("5b0f6a0e-7f0d-5c39-9f0a-3f6f1a1f8c11")
_FUND_TYPE: Final = re.compile(r"[0-9]{6,8}")
_SCHEME: Final = re.compile(r"3[0-9]{2}")
_MONTH: Final = re.compile(r"20[0-9]{2}-(?:0[1-9]|1[0-2])")
_AMOUNT_FEN_MAX: Final = 10**15


class EventRefused(Exception):
    """An event that cannot be booked: malformed, or against what the ledger already holds.

    Booking stops there. A ledger that skips what it does not understand is wrong without saying so.
    """


class Kind(Enum):
    """What happened to a settlement."""

    SETTLED = "SETTLED"
    REVERSED = "REVERSED"


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
    settlement_id: UUID
    pair: Pair
    fund_type_code: str
    amount_fen: int
    """More than zero where the insured province owes more, less than zero where it owes less."""
    reverses_transfer_id: UUID | None
    """The transfer that this one takes back; None: it is an original."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One side of a transfer (分录)."""

    transfer_id: UUID
    side: Side
    amount_fen: int
    """Positive raises a receivable, negative raises a payable."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Booking:
    """What one event does to the ledger: counted once, whether money moves or not."""

    kind: Kind
    settlement_id: UUID
    pair: Pair
    event_time: datetime
    transfers: tuple[Transfer, ...]
    """In the order of fund types, so that equal bookings compare equal."""

    @property
    def key(self) -> tuple[UUID, Kind]:
        """Identifies the booking: an event is booked once."""
        return self.settlement_id, self.kind


def entries_of(transfer: Transfer) -> tuple[Entry, Entry]:
    """Returns both sides of a transfer; they sum to zero."""
    return (
        Entry(transfer_id=transfer.transfer_id, side=Side.PAYABLE, amount_fen=-transfer.amount_fen),
        Entry(
            transfer_id=transfer.transfer_id, side=Side.RECEIVABLE, amount_fen=transfer.amount_fen
        ),
    )


def book_settled(event: SettlementEvent) -> Booking:
    """Returns the booking of a settlement: one transfer per fund type that pays more than zero.

    Raises:
        EventRefused: the event is of another kind.
    """
    _require(event, Kind.SETTLED)
    pair = _pair_of(event)
    return Booking(
        kind=event.kind,
        settlement_id=event.settlement_id,
        pair=pair,
        event_time=event.event_time,
        transfers=tuple(
            Transfer(
                transfer_id=_transfer_id(event, fund_type_code),
                settlement_id=event.settlement_id,
                pair=pair,
                fund_type_code=fund_type_code,
                amount_fen=amount_fen,
                reverses_transfer_id=None,
            )
            for fund_type_code, amount_fen in _by_fund_type(event.payments).items()
        ),
    )


def book_reversed(event: SettlementEvent, original: Booking | None) -> Booking:
    """Returns the booking that takes another one back, in the month of the reversal.

    The ledger's own rows are reversed, not what the event repeats of them; where the two differ,
    something is wrong and nothing is booked.

    Raises:
        EventRefused: the settlement was never booked, or was booked otherwise.
    """
    _require(event, Kind.REVERSED)
    if original is None:
        msg = f"reversal of settlement {event.settlement_id}, which was never booked"
        raise EventRefused(msg)
    pair = _pair_of(event)
    booked = {one.fund_type_code: one.amount_fen for one in original.transfers}
    same_place = (
        original.settlement_id == event.settlement_id
        and original.pair.insured_region_code == pair.insured_region_code
        and original.pair.care_region_code == pair.care_region_code
        and original.pair.scheme_code == pair.scheme_code
    )
    if not same_place or booked != _by_fund_type(event.payments):
        msg = f"reversal of settlement {event.settlement_id} differs from what was booked"
        raise EventRefused(msg)
    return Booking(
        kind=event.kind,
        settlement_id=event.settlement_id,
        pair=pair,
        event_time=event.event_time,
        transfers=tuple(
            Transfer(
                transfer_id=_transfer_id(event, one.fund_type_code),
                settlement_id=event.settlement_id,
                pair=pair,
                fund_type_code=one.fund_type_code,
                amount_fen=-one.amount_fen,
                reverses_transfer_id=one.transfer_id,
            )
            for one in original.transfers
        ),
    )


def book(
    events: Iterable[SettlementEvent], booked: Mapping[tuple[UUID, Kind], Booking]
) -> tuple[Booking, ...]:
    """Returns the new bookings of a batch in feed order.

    `booked` holds what the ledger has of the settlements in the batch. An event that is booked
    already, there or earlier in the batch, is a replay and gives nothing.

    Raises:
        EventRefused: at the first event that cannot be booked or that differs from its booking; the
            batch is then not booked at all.
    """
    known = dict(booked)
    new: list[Booking] = []
    for event in events:
        if event.kind is Kind.SETTLED:
            booking = book_settled(event)
        else:
            booking = book_reversed(event, known.get((event.settlement_id, Kind.SETTLED)))
        earlier = known.setdefault(booking.key, booking)
        if earlier is booking:
            new.append(booking)
        elif earlier != booking:
            msg = f"settlement {event.settlement_id} was booked with other content"
            raise EventRefused(msg)
    return tuple(new)


@dataclass(frozen=True, slots=True, kw_only=True)
class Position:
    """What one pair owes for one month and scheme (应付/应收)."""

    pair: Pair
    owed_fen: Mapping[str, int]
    """By fund type; negative where reversals of earlier months outweigh."""
    settlement_count: int
    reversal_count: int


def positions_of(bookings: Iterable[Booking]) -> dict[Pair, Position]:
    """Returns the positions that bookings add up to: what the stored ledger must equal."""
    owed: dict[Pair, Counter[str]] = {}
    counts: Counter[tuple[Pair, Kind]] = Counter()
    for booking in bookings:
        counts[booking.pair, booking.kind] += 1
        by_fund = owed.setdefault(booking.pair, Counter())
        for transfer in booking.transfers:
            by_fund[transfer.fund_type_code] += transfer.amount_fen
    return {
        pair: Position(
            pair=pair,
            owed_fen=dict(by_fund),
            settlement_count=counts[pair, Kind.SETTLED],
            reversal_count=counts[pair, Kind.REVERSED],
        )
        for pair, by_fund in owed.items()
    }


def _require(event: SettlementEvent, kind: Kind) -> None:
    if event.kind is not kind:
        msg = f"event of settlement {event.settlement_id} is {event.kind.value}, not {kind.value}"
        raise EventRefused(msg)


def _pair_of(event: SettlementEvent) -> Pair:
    return Pair(
        insured_region_code=codes.province_of(event.insured_region_code),
        care_region_code=codes.province_of(event.care_region_code),
        month=event.month,
        scheme_code=event.scheme_code,
    )


def _by_fund_type(payments: Iterable[FundPayment]) -> dict[str, int]:
    # Several local funds may share the national code that they are cleared under.
    total: dict[str, int] = {}
    for payment in payments:
        if payment.amount_fen:
            code = payment.fund_type_code
            cleared = code if code in FUND_TYPES else OTHER_FUND
            total[cleared] = total.get(cleared, 0) + payment.amount_fen
    return dict(sorted(total.items()))


def _transfer_id(event: SettlementEvent, fund_type_code: str) -> UUID:
    name = f"{event.settlement_id}/{event.kind.value}/{fund_type_code}"
    return uuid5(_TRANSFER_NAMESPACE, name)

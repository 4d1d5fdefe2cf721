"""Fills journal, hub's leg and ledger with settlements, as if they had run through the mesh.

The ledger and the hub's leg are written by the code that follows the feed, with every trigger,
constraint and the chain of blocks on. The journal's rows are copied into settlement's own tables:
clearing only reads sums and amounts there, so what is encrypted in them is as long as in a journal
of outpatient bills and means nothing.
"""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Coroutine, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Final

import asyncpg

from services.bench.clearing_month import Event, Flow, Settled
from services.clearing.domain.ledger import FundPayment, Kind, SettlementEvent
from services.clearing.domain.reconciliation import Amounts, HubRecord, Place
from services.clearing.hub_store import HubEvent
from services.clearing.usecases import book_batch, keep_batch
from services.kit.clock import civil_date, civil_month
from services.kit.db import Database
from services.kit.feed import Batch

BATCH: Final = 5000
"""Events that one ledger transaction takes: a block of the chain."""
_COMMIT_REQUEST: Final = os.urandom(900)
_DETAIL: Final = os.urandom(1500)
_ADJUDICATION: Final = os.urandom(900)
_PENDING_FOR: Final = timedelta(milliseconds=20)
_SETTLEMENT: Final = (
    "settlement_id", "request_id", "care_region_code", "insured_region_code", "institution_code",
    "person_id", "scheme_code", "total_fen", "trace_id", "create_time", "commit_request", "detail",
)  # fmt: skip
_CHANGE: Final = (
    "settlement_id", "version", "state", "change_time", "request_id", "trace_id", "adjudication",
    "total_fen", "fund_fen", "account_fen", "cash_fen", "sealed",
)  # fmt: skip


@dataclass(slots=True)
class Filled:
    """What was written, and how long it took."""

    settlements: int = 0
    reversals: int = 0
    transfers: int = 0
    seconds: dict[str, float] = field(default_factory=dict)
    """By table set, written at the same time: journal, hub, ledger; and generating."""
    elapsed_s: float = 0.0

    def took(self, part: str, since: float) -> None:
        """Adds what a part took since a moment of time.perf_counter."""
        self.seconds[part] = self.seconds.get(part, 0.0) + time.perf_counter() - since

    async def timed(self, part: str, work: Coroutine[Any, Any, None]) -> None:
        """Adds what a part took."""
        started = time.perf_counter()
        await work
        self.took(part, started)

    def add(self, other: Filled) -> None:
        """Takes in another month."""
        self.settlements += other.settlements
        self.reversals += other.reversals
        self.transfers += other.transfers
        self.elapsed_s += other.elapsed_s
        for part, seconds in other.seconds.items():
            self.seconds[part] = self.seconds.get(part, 0.0) + seconds


async def fill_month(
    flow: Flow, month: str, settlements: int, *, journal: asyncpg.Connection, clearing: Database
) -> Filled:
    """Writes a month of a flow; batches go by the order of events, as the feed gives them."""
    filled = Filled()
    began = started = time.perf_counter()
    for _, events in flow.month(month, settlements):
        filled.took("generating", started)
        for begin in range(0, len(events), BATCH):
            await _fill(filled, events[begin : begin + BATCH], journal, clearing)
        started = time.perf_counter()
    filled.elapsed_s = time.perf_counter() - began
    return filled


async def _fill(
    filled: Filled, events: Sequence[Event], journal: asyncpg.Connection, clearing: Database
) -> None:
    last = events[-1].event_time

    # The feed of this journal is empty: what its followers read begins where it always did.
    async def keep() -> None:
        kept = [_hub_event(event) for event in events]
        batch = Batch(events=kept, cursor="", last_event_time=last)
        await keep_batch(clearing, after="", batch=batch, now=last)

    async def book() -> None:
        booked = [_booked(event) for event in events]
        batch = Batch(events=booked, cursor="", last_event_time=last)
        bookings = await book_batch(clearing, after="", batch=batch)
        filled.transfers += sum(len(one.transfers) for one in bookings)

    await asyncio.gather(
        filled.timed("ledger", book()),
        filled.timed("hub", keep()),
        filled.timed("journal", _fill_journal(journal, events)),
    )
    filled.reversals += sum(event.reverses for event in events)
    filled.settlements += sum(not event.reverses for event in events)


async def _fill_journal(connection: asyncpg.Connection, events: Sequence[Event]) -> None:
    settled = [event.settled for event in events if not event.reverses]
    changes = []
    for event in events:
        changes += [_reversed(event)] if event.reverses else _changes(event.settled)
    async with connection.transaction():
        await connection.copy_records_to_table(
            "settlement",
            schema_name="settlement",
            columns=_SETTLEMENT,
            records=[_settlement(one) for one in settled],
        )
        await connection.copy_records_to_table(
            "settlement_state_change",
            schema_name="settlement",
            columns=_CHANGE,
            records=changes,
        )


def _settlement(one: Settled) -> tuple[Any, ...]:
    return (
        one.settlement_id, one.request_id, one.care_region_code, one.insured_region_code,
        one.institution_code, one.request_id, one.scheme_code, one.total_fen, "",
        one.settle_time - _PENDING_FOR, _COMMIT_REQUEST, _DETAIL,
    )  # fmt: skip


def _changes(one: Settled) -> list[tuple[Any, ...]]:
    pending = (
        one.settlement_id, 1, "PENDING", one.settle_time - _PENDING_FOR, one.request_id, "", None,
        None, None, None, None, False,
    )  # fmt: skip
    settled = (
        one.settlement_id, 2, "SETTLED", one.settle_time, one.request_id, "", _ADJUDICATION,
        one.total_fen, one.fund_fen, one.account_fen, one.cash_fen, True,
    )  # fmt: skip
    return [pending, settled]


def _reversed(event: Event) -> tuple[Any, ...]:
    one = event.settled
    return (
        one.settlement_id, 3, "REVERSED", event.event_time, one.request_id, "", None, None, None,
        None, None, False,
    )  # fmt: skip


def _hub_event(event: Event) -> HubEvent:
    one = event.settled
    return HubEvent(
        record=HubRecord(
            settlement_id=one.settlement_id,
            request_id=one.request_id,
            place=Place(
                institution_code=one.institution_code,
                care_region_code=one.care_region_code,
                insured_region_code=one.insured_region_code,
                scheme_code=one.scheme_code,
            ),
            amounts=Amounts(
                total_fen=one.total_fen,
                fund_fen=one.fund_fen,
                account_fen=one.account_fen,
                cash_fen=one.cash_fen,
            ),
            business_date=civil_date(one.settle_time),
            reverse_time=event.event_time if event.reverses else None,
            bill_digest=one.settlement_id.bytes,
        ),
        settle_time=one.settle_time,
        event_time=event.event_time,
        medical_type_code=one.medical_type_code,
    )


def _booked(event: Event) -> SettlementEvent:
    one = event.settled
    return SettlementEvent(
        kind=Kind.REVERSED if event.reverses else Kind.SETTLED,
        settlement_id=one.settlement_id,
        insured_region_code=one.insured_region_code,
        care_region_code=one.care_region_code,
        scheme_code=one.scheme_code,
        month=civil_month(event.event_time),
        event_time=event.event_time,
        payments=tuple(FundPayment(fund_type_code=code, amount_fen=fen) for code, fen in one.funds),
    )

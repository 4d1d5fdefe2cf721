"""Clearing on a database with a journal that is told apart from it, and faults to plant."""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import asyncpg

from services.clearing import hub_store, store
from services.clearing.breaks import store as break_store
from services.clearing.breaks.model import Break, BreakFilter, LedgerDay
from services.clearing.breaks.usecases import Comparer
from services.clearing.domain.breaks import BookGroup, BookPlace, BookRecord, BookSums
from services.clearing.reconciliation_clients import read_event
from services.kit import wire
from services.kit.clock import civil_date
from services.kit.codes import province_of
from services.kit.db import Database
from services.kit.errors import Unavailable
from tests.integration.clearing.ledger_world import feed
from tests.support.clock import FakeClock
from tests.support.settlement_feed import reversed_, settled

DAY = date(2026, 3, 10)
NOON = datetime(2026, 3, 10, 4, 0, tzinfo=UTC)
"""Noon in China on DAY."""
LATER = datetime(2026, 3, 12, 1, 0, tzinfo=UTC)
GUARDED = ("booking", "transfer", "entry", "block")


@dataclass
class PythonJournal:
    """JournalBook over events in memory; its fingerprint is worked out apart from the database."""

    records: list[BookRecord] = field(default_factory=list)
    is_down: bool = False
    listed: list[tuple[str, str]] = field(default_factory=list)
    """Pairs whose details were asked for."""
    before_list: Callable[[], Any] | None = None

    def add(self, event: Any) -> None:
        booked = event.settlement.adjudication
        event_time = wire.read_time(event.event_time)
        self.records.append(
            BookRecord(
                settlement_id=UUID(event.settlement.settlement_id),
                event_kind="SETTLED" if event.kind == 1 else "REVERSED",
                place=BookPlace(
                    province_of(event.settlement.insured_region_code),
                    province_of(event.settlement.care_region_code),
                    event.settlement.scheme_code,
                ),
                fund_fen=sum(one.amount.fen for one in booked.fund_payments),
                account_fen=booked.account_pay.fen,
                event_time=event_time,
                day=civil_date(event_time),
            )
        )

    async def summarize(self, day: date) -> dict[BookGroup, BookSums]:
        if self.is_down:
            raise Unavailable("CALLEE_UNAVAILABLE", "down", retry_after_ms=1000)
        groups: dict[BookGroup, list[BookRecord]] = {}
        for one in self.records:
            if one.day == day:
                groups.setdefault(BookGroup(one.place, one.event_kind), []).append(one)
        return {
            group: BookSums(
                count=len(found),
                fund_fen=sum(one.fund_fen for one in found),
                account_fen=sum(one.account_fen for one in found),
                fingerprint=sum(map(_fingerprint, found)) % (1 << 60),
            )
            for group, found in groups.items()
        }

    async def list_day(
        self, day: date, *, insured_region_code: str, care_region_code: str
    ) -> list[BookRecord]:
        pair = (insured_region_code, care_region_code)
        self.listed.append(pair)
        return [
            one
            for one in self.records
            if one.day == day
            and (one.place.insured_region_code, one.place.care_region_code) == pair
        ]

    async def find(self, settlement_ids: Sequence[UUID]) -> list[BookRecord]:
        return [one for one in self.records if one.settlement_id in set(settlement_ids)]


def _fingerprint(one: BookRecord) -> int:
    text = f"{one.settlement_id}/{one.event_kind}/{one.fund_fen}/{one.account_fen}"
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big") >> 4


@dataclass
class Books:
    """Both books, and what is compared of them."""

    database: Database
    dsn: str
    journal: PythonJournal
    clock: FakeClock
    comparer: Comparer

    async def happen(self, *events: Any, is_booked: bool = True, is_fed: bool = True) -> None:
        """Puts events into the journal, and of them into the ledger and the hub's own leg."""
        for event in events:
            self.journal.add(event)
        if is_booked:
            await feed(self.database, *events, now=self.clock.now())
        if is_fed:
            async with self.database.connection() as connection:
                await hub_store.store_events(
                    connection, [read_event(one) for one in events], self.clock.now()
                )

    async def compare(self, day: date = DAY) -> LedgerDay:
        self.clock.advance(minutes=1)
        return await self.comparer.compare(day)

    async def breaks(self, **wanted: Any) -> list[Break]:
        return await break_store.list_breaks(self.database, BreakFilter(**wanted), limit=100)

    async def blocking(self, month: str = "2026-03") -> break_store.Blocking:
        return await break_store.blocking(self.database, month)

    async def tamper(self, *statements: str) -> None:
        """Changes rows as somebody could who owns the database, triggers and keys aside."""
        async with tampering(self.dsn) as connection:
            for statement in statements:
                await connection.execute(statement)


@contextlib.asynccontextmanager
async def tampering(dsn: str) -> AsyncIterator[asyncpg.Connection]:
    """A connection on which neither triggers nor foreign keys are looked at."""
    connection = await asyncpg.connect(dsn, server_settings={"search_path": "clearing"})
    try:
        await connection.execute("SET session_replication_role = replica")
        yield connection
    finally:
        await connection.close()


async def books_on(database: Database, dsn: str, *, breaks_max: int = 10_000) -> Books:
    """Returns empty books; the feed is known to be booked to LATER."""
    clock = FakeClock(LATER)
    journal = PythonJournal()
    comparer = Comparer(database=database, journal=journal, clock=clock, breaks_max=breaks_max)
    await store.mark(database, LATER)
    return Books(database, dsn, journal, clock, comparer)


def some_events(count: int = 6, **changes: Any) -> list[Any]:
    """Settlements of DAY a minute apart, all different, of one pair unless said otherwise."""
    return [
        settled(
            number,
            **{
                "funds": {"310100": 1000 + number, "330100": 10 * number},
                "account_fen": 5 * (number % 3),
                "at": NOON + timedelta(minutes=number),
                **changes,
            },
        )
        for number in range(1, count + 1)
    ]


def taken_back(event: Any, *, at: datetime = NOON + timedelta(hours=2)) -> Any:
    """The reversal of an event."""
    return reversed_(event, at=at)

"""Use cases of breaks: compare a day, resolve what was found, carry it into the next month."""

from __future__ import annotations

import functools
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Final
from uuid import UUID

from services.clearing import posting
from services.clearing.breaks import day_store, ledger_books, store
from services.clearing.breaks.model import Break, LedgerDay, Signed
from services.clearing.domain.break_states import BreakState
from services.clearing.domain.breaks import (
    BookGroup,
    BookKey,
    BookSums,
    BreakDraft,
    BreakSource,
    BreakStep,
    DayState,
    compare,
    differing,
    following,
    merged,
    net_fen,
    one_sided,
    step,
)
from services.kit.clock import civil_date
from services.kit.errors import Absent, InvalidArgument, RuleForbids, Unavailable
from services.kit.ids import new_id
from services.kit.telemetry import span
from services.kit.wire import invalid

if TYPE_CHECKING:
    from services.clearing.breaks.clients import JournalBook
    from services.kit.clock import Clock
    from services.kit.db import Connection, Database

BREAKS_MAX: Final = 10_000
"""Breaks that are kept of a day. One with more is wrong as a whole: what matters is the cause, and
it is compared again when that is gone."""
_AGAIN: Final = timedelta(hours=6)
"""How soon a day with breaks is looked at again by itself."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ComparedDay:
    """What comparing a day gave, before it is stored."""

    day: date
    begun: datetime
    late_count: int
    """What `day_store` said before anything was read."""
    journal: Mapping[BookGroup, BookSums]
    ledger: Mapping[BookGroup, BookSums]
    drafts: tuple[BreakDraft, ...]
    is_whole: bool
    """False: there are more breaks than `drafts`."""


class Comparer:
    """Compares the ledger with the journal, day by day."""

    def __init__(
        self,
        *,
        database: Database,
        journal: JournalBook,
        clock: Clock,
        breaks_max: int = BREAKS_MAX,
    ) -> None:
        """Keeps at most `breaks_max` breaks of a day."""
        self._database = database
        self._journal = journal
        self._clock = clock
        self._breaks_max = breaks_max

    @property
    def database(self) -> Database:
        """Where everything is kept."""
        return self._database

    def now(self) -> datetime:
        """Returns the present instant."""
        return self._clock.now()

    async def compare(self, day: date) -> LedgerDay:
        """Compares a day and stores what was found, in a transaction of its own.

        Raises:
            InvalidArgument: DATE_IN_FUTURE: the day is not over.
            LostRace: a comparison that was begun later is stored.
            Unavailable: settlement does not answer, or its feed is not read that far.
        """
        compared = await self.examine(day)
        return await self._database.run(
            "clearing.store_ledger_day", functools.partial(self.store_in, compared)
        )

    async def examine(self, day: date) -> ComparedDay:
        """Compares a day; writes nothing.

        Raises:
            InvalidArgument: DATE_IN_FUTURE: the day is not over.
            Unavailable: settlement does not answer, or its feed is not read that far.
        """
        begun = self._clock.now()
        await self._require_read(day)
        late_count = await day_store.late_count(self._database, day)
        with span("clearing.compare_ledger"):
            # One after the other: nobody waits for it, and both processors would be taken.
            journal = await self._journal.summarize(day)
            ledger = await ledger_books.summarize(self._database, day)
            drafts: dict[BookKey, BreakDraft] = {}
            is_whole = True
            for insured, care in differing(journal, ledger):
                if len(drafts) >= self._breaks_max:
                    is_whole = False
                    break
                for draft in await self._compare_pair(day, insured, care):
                    drafts[draft.shown.key] = draft
        kept = tuple(drafts.values())[: self._breaks_max]
        return ComparedDay(
            day=day,
            begun=begun,
            late_count=late_count,
            journal=journal,
            ledger=ledger,
            drafts=kept,
            is_whole=is_whole and len(kept) == len(drafts),
        )

    async def store_in(self, compared: ComparedDay, connection: Connection) -> LedgerDay:
        """Stores a comparison: its result, new breaks, and those that are gone.

        Raises:
            LostRace: a comparison that was begun later is stored.
        """
        now = self._clock.now()
        await store.lock(connection)
        state = _state_of(compared)
        result = LedgerDay(
            journal_date=compared.day,
            state=state,
            journal_count=sum(one.count for one in compared.journal.values()),
            journal_fen=net_fen(compared.journal),
            ledger_count=sum(one.count for one in compared.ledger.values()),
            ledger_fen=net_fen(compared.ledger),
            break_count=len(compared.drafts),
            compare_time=now,
        )
        due_time = None if state is DayState.EVEN else compared.begun + _AGAIN
        await day_store.finish(
            connection,
            result,
            begun=compared.begun,
            due_time=due_time,
            late_count=compared.late_count,
        )
        await _store_breaks(connection, compared, now)
        return result

    async def _require_read(self, day: date) -> None:
        if day >= civil_date(self._clock.now()):
            raise InvalidArgument(
                "DATE_IN_FUTURE", "journal_date is not over", field="journal_date"
            )
        end = ledger_books.day_bounds(day)[1]
        complete = await day_store.complete_time(self._database)
        if complete is None or complete < end:
            raise Unavailable(
                "CALLEE_UNAVAILABLE",
                "the settlement feed is not booked up to the end of that day yet",
                metadata={"callee": "settlement"},
                retry_after_ms=5000,
            )

    async def _compare_pair(self, day: date, insured: str, care: str) -> list[BreakDraft]:
        """Returns the breaks of a day between two provinces."""
        pair = {"insured_region_code": insured, "care_region_code": care}
        of_journal = merged(await self._journal.list_day(day, **pair))
        of_ledger = merged(await ledger_books.list_day(self._database, day, **pair))
        keys = of_journal.keys() | of_ledger.keys()
        only_journal, only_ledger = one_sided(of_journal.values(), of_ledger.values())
        # What one book has here the other may have elsewhere, or on another date.
        for one in await ledger_books.find(self._database, only_journal):
            of_ledger.setdefault(one.key, one)
        for one in await self._journal.find(sorted(only_ledger)):
            of_journal.setdefault(one.key, one)
        fed = await ledger_books.find_fed(self._database, only_journal | only_ledger)
        return compare(of_journal, of_ledger, keys, fed=fed)


def _state_of(compared: ComparedDay) -> DayState:
    if not differing(compared.journal, compared.ledger):
        return DayState.EVEN
    # Sums that differ while no settlement does explain nothing: the books moved meanwhile.
    return DayState.DIFFERENT if compared.is_whole and compared.drafts else DayState.PARTIAL


async def _store_breaks(connection: Connection, compared: ComparedDay, now: datetime) -> None:
    found = {draft.shown.key: draft for draft in compared.drafts}
    # What lies on another date by the journal is of that day: it is added from here, and only ends
    # when that day is compared. Where not everything was looked at, nothing is known to be gone.
    gone = await store.open_of_day(connection, compared.day) if compared.is_whole else set()
    newest = await store.load_newest(connection, found.keys() | gone)
    closed: dict[BreakState, list[UUID]] = {
        BreakState.RESOLVED_BY_ITSELF: [],
        BreakState.REPLACED: [],
    }
    added: dict[UUID, BreakDraft] = {}
    for key in sorted(found.keys() | gone):
        stored, draft = newest.get(key), found.get(key)
        todo = step(stored, draft)
        if stored is not None and todo is BreakStep.CLOSE:
            closed[BreakState.RESOLVED_BY_ITSELF].append(stored.break_id)
        if stored is not None and todo is BreakStep.REPLACE:
            closed[BreakState.REPLACED].append(stored.break_id)
        if draft is not None and todo in {BreakStep.ADD, BreakStep.REPLACE}:
            added[new_id(now)] = draft
    for state, break_ids in closed.items():
        await store.move(connection, break_ids, state, now=now)
    await store.insert(connection, added, find_time=now)


async def get_break(source: Connection | Database, break_id: UUID) -> Break:
    """Returns a break, or a difference of reconciliation.

    Raises:
        Absent: there is none of this id.
    """
    found = (await store.find(source, [break_id])).get(break_id)
    if found is None:
        raise _absent("break_id")
    return found


async def resolve(
    connection: Connection, break_ids: Sequence[UUID], signed: Signed, now: datetime
) -> list[Break]:
    """Marks breaks of the ledger resolved, all or none; returns them in their order.

    Raises:
        Absent: there is none of an id among the breaks of the ledger.
        RuleForbids: BREAK_STATE_FORBIDS: one is closed.
    """
    await store.lock(connection)
    before = await _load(connection, break_ids)
    if any(one.source is not BreakSource.LEDGER for one in before.values()):
        # Whoever resolves a difference says so of the difference.
        raise _absent()
    moved = await store.move(connection, break_ids, BreakState.RESOLVED, now=now, signed=signed)
    _require_all(before, moved)
    return await _reload(connection, break_ids)


async def carry(
    connection: Connection,
    break_ids: Sequence[UUID],
    days: Sequence[date],
    *,
    month: str,
    signed: Signed,
    now: datetime,
) -> tuple[list[Break], list[LedgerDay]]:
    """Takes what keeps a month from its tables into the month after it, all or none.

    Raises:
        Absent: there is none of an id.
        InvalidArgument: nothing is named, or a day that is compared or is of a later month.
        RuleForbids: BREAK_STATE_FORBIDS: one is closed, or keeps a later month already.
        RuleForbids: MONTH_OUT_OF_ORDER: the month's tables are not the next to be made.
    """
    if not break_ids and not days:
        raise invalid("break_ids", "name a break or a day")
    into = following(month)
    await store.lock(connection)
    # Each month is decided on by itself: nothing is put off for ever at once.
    due = await posting.untabled_month(connection) or f"{civil_date(now):%Y-%m}"
    if month > due:
        raise RuleForbids(
            "MONTH_OUT_OF_ORDER",
            f"tables are made one month after the other: {due} is next",
            field="month",
            metadata={"nextMonth": due},
        )
    before = await _load(connection, break_ids)
    ledger = [key for key, one in before.items() if one.source is BreakSource.LEDGER]
    others = [
        key
        for key, one in before.items()
        if one.source is BreakSource.RECONCILIATION and one.month < into
    ]
    moved = await store.move(
        connection, ledger, BreakState.CARRIED, now=now, month=into, signed=signed
    )
    moved |= await store.carry_differences(connection, others, month=into, signed=signed, now=now)
    _require_all(before, moved)
    found = await day_store.find(connection, days)
    if any(
        f"{day:%Y-%m}" > month
        or found[day].state not in {None, DayState.PARTIAL}
        or found[day].carry_month >= into
        for day in days
    ):
        raise invalid("journal_dates", "a day is compared, carried already or of a later month")
    await store.carry_days(connection, set(days), month=into, signed=signed, now=now)
    after = await day_store.find(connection, days)
    return await _reload(connection, break_ids), [after[day] for day in days]


async def _load(connection: Connection, break_ids: Collection[UUID]) -> dict[UUID, Break]:
    found = await store.find(connection, list(break_ids))
    if len(found) < len(set(break_ids)):
        raise _absent()
    return found


async def _reload(connection: Connection, break_ids: Sequence[UUID]) -> list[Break]:
    found = await store.find(connection, break_ids)
    return [found[one] for one in break_ids]


def _require_all(before: Mapping[UUID, Break], moved: Collection[UUID]) -> None:
    for break_id, one in before.items():
        if break_id not in moved:
            raise RuleForbids(
                "BREAK_STATE_FORBIDS",
                "the break is closed, or is carried beyond that month already",
                field="break_ids",
                metadata={"breakId": str(break_id), "state": one.state.value, "month": one.month},
            )


def _absent(field: str = "break_ids") -> Absent:
    return Absent(
        "RESOURCE_NOT_FOUND", "no such break", field=field, metadata={"resource": "break"}
    )

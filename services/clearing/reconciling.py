"""Compares a party's leg of a day with the hub's and keeps what does not agree."""

from __future__ import annotations

import asyncio
import functools
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Final, TypeVar
from uuid import UUID

from services.clearing import comparison_store, difference_store, hub_store, statement_store
from services.clearing.comparison_store import LegDay, Result
from services.clearing.domain.difference_states import DifferenceState
from services.clearing.domain.differences import Step, merge, step
from services.clearing.domain.reconciliation import (
    Cause,
    Finding,
    HubRecord,
    Kind,
    Leg,
    LegRecord,
    Party,
    View,
    compare,
    open_questions,
)
from services.clearing.domain.statement_states import StatementState
from services.clearing.domain.totals import count_settled, differing
from services.clearing.reconciliation_clients import InsuredProvinces, Journal, has_time
from services.clearing.statement_store import Statement
from services.kit.clock import Clock, civil_midnight
from services.kit.db import Connection, Database
from services.kit.errors import Unavailable
from services.kit.ids import new_id, time_of
from services.kit.telemetry import span

A = TypeVar("A")
R = TypeVar("R")

_QUESTIONS_MAX: Final = 1000
"""What one comparison asks the journal, or a province, one by one. A leg with more unknown
settlements than this is wrong as a whole, and its causes need not be told apart."""
_AT_ONCE: Final = 16
_FEED_LAG_MAX: Final = timedelta(minutes=1)
"""How far the hub's own leg may be behind on a day that is not over."""
_DAYS_MAX: Final = timedelta(days=31)
"""For how long a leg that does not agree is looked at again by itself."""
_AGAIN: Final = timedelta(days=1)
"""How soon."""
_SOON: Final = timedelta(minutes=15)
"""How soon on a day that is not over."""
_INLINE_MAX: Final = 5000
"""Records that are compared on the event loop; more would keep calls waiting."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """What comparing a leg gave, before it is stored."""

    leg: LegDay
    begun: datetime
    statement_id: UUID | None
    hub_count: int
    party_count: int
    findings: tuple[Finding, ...]
    due_time: datetime | None
    """When to compare again by itself; None: only when something happens."""
    claimed: datetime | None = None
    """When the leg was claimed for this; None: the statement itself is locked."""


class Reconciler:
    """Compares a party's leg of a day with the hub's."""

    def __init__(
        self,
        *,
        database: Database,
        journal: Journal,
        provinces: InsuredProvinces,
        clock: Clock,
        grace_s: float,
    ) -> None:
        """A request that the hub has not decided for less than `grace_s` is no difference yet."""
        self._database = database
        self._journal = journal
        self._provinces = provinces
        self._clock = clock
        self._grace = timedelta(seconds=grace_s)

    @property
    def database(self) -> Database:
        """Where everything is kept."""
        return self._database

    @property
    def region_codes(self) -> tuple[str, ...]:
        """Insured provinces that can be asked."""
        return self._provinces.region_codes

    def now(self) -> datetime:
        """Returns the present instant."""
        return self._clock.now()

    async def hub_time(
        self, until: datetime, connection: Connection | Database | None = None
    ) -> datetime:
        """Returns up to when the hub's own leg is complete.

        Raises:
            Unavailable: not to the end of the leg, or not to a minute ago.
        """
        complete = await hub_store.complete_time(connection or self._database)
        needed = min(until, self._clock.now() - _FEED_LAG_MAX)
        if complete is None or complete < needed:
            raise Unavailable(
                "CALLEE_UNAVAILABLE",
                "the settlement feed is not read up to the end of that day yet",
                metadata={"callee": "settlement"},
                retry_after_ms=5000,
            )
        return complete

    async def compare_province(self, region_code: str, day: date, claimed: datetime) -> Compared:
        """Asks an insured province for a day, which is claimed, and compares it."""
        begun = self._clock.now()
        leg = Leg(
            party=Party.INSURED_PROVINCE,
            party_code=region_code,
            business_date=day,
            until=day_end(day),
            records=await self._provinces.list_day(region_code, day),
        )
        return await self._compare(leg, begun, None, claimed)

    async def compare_statement(
        self, statement: Statement, claimed: datetime | None = None
    ) -> Compared:
        """Compares the details of a statement."""
        begun = self._clock.now()
        leg = Leg(
            party=statement.party,
            party_code=statement.party_code,
            business_date=statement.business_date,
            until=statement.until,
            records=await statement_store.load_records(self._database, statement),
        )
        return await self._compare(leg, begun, statement.statement_id, claimed)

    async def total_again(self, statement: Statement, claimed: datetime) -> Result:
        """Compares the totals of a statement that was even with what the hub has now.

        Raises:
            LostRace: another statement has come.
        """
        key = (statement.party, statement.party_code, statement.business_date)

        async def work(connection: Connection) -> Result:
            begun = self._clock.now()
            await statement_store.lock(connection, *key)
            hub = await hub_store.total_day(
                connection, *key[:2], day=statement.business_date, until=statement.until
            )
            stated = await statement_store.load_totals(connection, statement.statement_id)
            state = StatementState.EVEN
            if differing(stated, hub):
                state = StatementState.DIFFERENT
                await statement_store.set_different(connection, statement.statement_id)
            result = Result(
                leg=LegDay(statement.business_date, statement.party.value, statement.party_code),
                state=state,
                hub_count=count_settled(hub),
                party_count=count_settled(stated),
                difference_count=0,
                compare_time=begun,
            )
            await comparison_store.finish(
                connection,
                result,
                statement_id=statement.statement_id,
                begun=begun,
                due_time=None,
                claimed=claimed,
            )
            return result

        return await self._database.run("clearing.total_again", work)

    async def store(self, compared: Compared) -> Result:
        """Stores a comparison in a transaction of its own."""
        return await self._database.run(
            "clearing.store_comparison", functools.partial(self.store_in, compared)
        )

    async def store_in(self, compared: Compared, connection: Connection) -> Result:
        """Stores a comparison: its result, its findings, and what becomes of the differences."""
        leg = compared.leg
        now = self._clock.now()
        result = Result(
            leg=leg,
            state=StatementState.COMPARED,
            hub_count=compared.hub_count,
            party_count=compared.party_count,
            difference_count=len(compared.findings),
            compare_time=now,
        )
        await comparison_store.finish(
            connection,
            result,
            statement_id=compared.statement_id,
            begun=compared.begun,
            due_time=compared.due_time,
            claimed=compared.claimed,
        )
        await store_findings(connection, leg, compared.findings, now)
        return result

    async def _compare(
        self, leg: Leg, begun: datetime, statement_id: UUID | None, claimed: datetime | None
    ) -> Compared:
        with span("clearing.compare", attributes={"yijie.count": len(leg.records)}):
            await self.hub_time(leg.until)
            view = await self._view(leg)
            findings = await _off_loop(leg, view)
            if leg.is_present:
                leg = await self._ask_province(leg, findings)
                findings = await _off_loop(leg, view)
            view = await self._ask_journal(view, findings)
            findings = await _off_loop(leg, view)
        young = self._clock.now() - self._grace
        settled = tuple(one for one in findings if not _is_young(one, young))
        due_time = None
        if len(settled) < len(findings):
            due_time = begun + self._grace
        elif findings and leg.is_present and begun < leg.until:
            # A reversal reaches the province before the journal.
            due_time = begun + _SOON
        elif findings and begun - leg.until < _DAYS_MAX:
            due_time = begun + _AGAIN
        return Compared(
            leg=LegDay(leg.business_date, leg.party.value, leg.party_code),
            begun=begun,
            statement_id=statement_id,
            hub_count=len(view.expected),
            party_count=len(leg.records),
            findings=settled,
            due_time=due_time,
            claimed=claimed,
        )

    async def _view(self, leg: Leg) -> View:
        expected = await hub_store.load_day(
            self._database,
            leg.party,
            leg.party_code,
            day=leg.business_date,
            until=leg.until,
        )
        known = {one.settlement_id for one in expected}
        requests = {one.request_id for one in expected}
        strangers = [
            one
            for one in leg.records
            if one.settlement_id not in known and one.request_id not in requests
        ]
        others = await hub_store.find(
            self._database,
            settlement_ids=[one.settlement_id for one in strangers if one.settlement_id],
            request_ids=[one.request_id for one in strangers if one.request_id],
        )
        twins: dict[bytes, UUID] = {}
        if not leg.is_present:
            twins = await hub_store.find_twins(
                self._database,
                leg.party,
                leg.party_code,
                day=leg.business_date,
                bill_digests=[one.bill_digest for one in expected if one.bill_digest],
            )
        return View(expected=expected, others=others, twins=twins)

    async def _ask_journal(self, view: View, findings: Sequence[Finding]) -> View:
        # The rows follow the journal by seconds: what they do not have may be on its way.
        questions = open_questions(findings)[:_QUESTIONS_MAX]
        answers = await _asked(lambda one: self._journal.ask(*one), questions)
        others, unsettled = list(view.others), dict(view.unsettled)
        for (settlement_id, request_id), answer in zip(questions, answers, strict=True):
            if isinstance(answer, HubRecord):
                others.append(answer)
                continue
            for key in (settlement_id, request_id):
                if key is not None:
                    unsettled[key] = answer
        return replace(view, others=others, unsettled=unsettled)

    async def _ask_province(self, leg: Leg, findings: Sequence[Finding]) -> Leg:
        # A province lists by its own dates: what it lacks may be there under another.
        missing = [
            one.settlement_id
            for one in findings
            if one.leg is None and one.kind is Kind.MISSING_THERE and one.settlement_id is not None
        ][:_QUESTIONS_MAX]
        find = functools.partial(self._provinces.find, leg.party_code)
        found = await _asked(find, missing)
        more: list[LegRecord] = [one for one in found if one is not None]
        return replace(leg, records=[*leg.records, *more])


def day_end(day: date) -> datetime:
    """Returns the instant at which a civil date is over."""
    return civil_midnight(day + timedelta(days=1))


async def store_findings(
    connection: Connection, leg: LegDay, findings: Sequence[Finding], now: datetime
) -> None:
    """Stores what a leg does not agree on and brings the differences up to date.

    Call it after the leg's result is stored.
    """
    day, party, code = leg.business_date, leg.party, leg.party_code
    # Most legs agree, and most of a day's come within an hour: those do not wait for one another.
    if not findings and not await difference_store.concerns(connection, day, party, code):
        return
    await difference_store.lock_day(connection, day)
    before = await difference_store.replace_findings(connection, day, party, code, findings)
    now_found = {one.key for one in findings}
    keys = before | now_found
    # Where this leg agrees and another does not, the difference says so.
    keys |= await difference_store.keys_of(connection, day, party, code)
    if not keys:
        return
    by_key = await difference_store.load_findings(connection, day, keys)
    newest = await difference_store.load_newest(connection, day, keys)
    parties = {
        (party, one.place.code_of(party))
        for found in by_key.values()
        for one in found
        for party in (Party.INSTITUTION, Party.CARE_PROVINCE, Party.INSURED_PROVINCE)
    }
    compared = await comparison_store.compared(connection, day, parties)
    for key in sorted(keys):
        found = by_key.get(key)
        draft = merge(found, compared) if found else None
        stored = newest.get(key)
        todo = step(stored, draft, came_back=key in now_found and key not in before)
        if stored is not None and todo in {Step.CLOSE, Step.REPLACE}:
            closed = (
                DifferenceState.RESOLVED_BY_ITSELF
                if todo is Step.CLOSE
                else DifferenceState.REPLACED
            )
            await difference_store.close(connection, stored.difference_id, closed, close_time=now)
        if draft is not None and todo in {Step.ADD, Step.REPLACE}:
            await difference_store.insert(connection, new_id(now), day, draft, find_time=now)
        if draft is not None and stored is not None and todo is Step.REFRESH:
            await difference_store.refresh_legs(connection, stored.difference_id, draft.legs)


async def _off_loop(leg: Leg, view: View) -> tuple[Finding, ...]:
    if len(leg.records) + len(view.expected) <= _INLINE_MAX:
        return compare(leg, view)
    return await asyncio.to_thread(compare, leg, view)


async def _asked(ask: Callable[[A], Awaitable[R]], questions: Sequence[A]) -> list[R]:
    gate = asyncio.Semaphore(_AT_ONCE)

    async def one(question: A) -> R:
        async with gate:
            return await ask(question)

    return await asyncio.gather(*map(one, questions))


def _is_young(finding: Finding, after: datetime) -> bool:
    # Money that is being settled at this moment is on its way, not lost.
    return (
        finding.cause in {Cause.PENDING_HERE, Cause.FAILED_HERE}
        and finding.settlement_id is not None
        and has_time(finding.settlement_id)
        and time_of(finding.settlement_id) > after
    )

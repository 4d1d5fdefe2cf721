"""What a pack would have found: judges audited bills by it and by the rules that run.

Writes nothing. A few bills are read and judged, then as long a pause follows: of the processor that
screening needs in the same process, and of the database, a dry run takes half at most.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncGenerator, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Final, Protocol

from services.kit.errors import Overloaded
from services.supervision.domain.engine import judge
from services.supervision.domain.model import History, Moment, begin_of, total_fen_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import date, datetime
    from uuid import UUID

    from services.supervision.domain.model import Bill, Finding
    from services.supervision.domain.ruleset import RuleSet

PAGE: Final = 200
"""Bills after which progress is told."""
_AT_ONCE: Final = 40
"""Bills read at once: to open and read a sealed bill takes a part of a millisecond."""
_WITH_HISTORIES: Final = 2
"""Bills whose people's histories are read at once: of some people a hundred bills each."""
_STALL_S: Final = 60.0
"""After so long a caller that does not read what it is told makes room for another."""
_SLICE_S: Final = 0.003
"""Longest that the process is held without a pause, but for one bill that takes longer."""
_SAMPLES: Final = 10
"""Bills named for each rule, found new and gone."""


class AuditedBills(Protocol):
    """Where audited bills are read."""

    async def bills(
        self, *, since: datetime, until: datetime, after: UUID | None = None, limit: int
    ) -> list[Bill]:
        """Returns standing bills by (settle_time, bill_key)."""
        ...

    async def histories(
        self, person_ids: Sequence[UUID], *, since: date
    ) -> dict[UUID, tuple[Bill, ...]]:
        """Returns the standing bills of some people that end on or after a day."""
        ...


@dataclass(slots=True)
class Side:
    """What one pack finds by one rule."""

    findings: int = 0
    bills: int = 0
    amount_fen: int = 0


@dataclass(slots=True)
class Tally:
    """What both packs find by one rule."""

    tried: Side = field(default_factory=Side)
    running: Side = field(default_factory=Side)
    new_bill_keys: list[UUID] = field(default_factory=list)
    """Bills on which only the tried pack finds something, the first few."""
    gone_bill_keys: list[UUID] = field(default_factory=list)
    """Bills on which only the running pack does."""

    def add(self, bill: Bill, tried: Sequence[Finding], running: Sequence[Finding]) -> None:
        """Counts what both find on one bill."""
        for side, found in ((self.tried, tried), (self.running, running)):
            side.findings += len(found)
            side.bills += bool(found)
            side.amount_fen += sum(one.amount_fen for one in found)
        if bill.bill_key is None:
            return
        if tried and not running and len(self.new_bill_keys) < _SAMPLES:
            self.new_bill_keys.append(bill.bill_key)
        if running and not tried and len(self.gone_bill_keys) < _SAMPLES:
            self.gone_bill_keys.append(bill.bill_key)


@dataclass(slots=True)
class Progress:
    """What was counted so far."""

    bill_count: int = 0
    bill_fen: int = 0
    tallies: dict[str, Tally] = field(default_factory=dict)
    """By rule code."""
    is_complete: bool = False
    is_truncated: bool = False
    """The number of bills ended it, not the dates."""


class Turn:
    """The one dry run that is under way."""

    def __init__(self) -> None:
        """Begins."""
        self._waits_since: float | None = None
        self._is_over = False

    def takes_over(self) -> bool:
        """Ends it where its caller has not read for long; tells whether it is over."""
        waits = self._waits_since
        self._is_over = waits is not None and time.monotonic() - waits > _STALL_S
        return self._is_over

    @contextlib.contextmanager
    def waiting(self) -> Iterator[None]:
        """Holds while its caller reads.

        Raises:
            Overloaded: DRY_RUN_BUSY: it took so long that another one has begun.
        """
        self._waits_since = time.monotonic()
        yield
        self._waits_since = None
        if self._is_over:
            raise _busy()


class DryRuns:
    """Runs one dry run at a time."""

    def __init__(self, bills: AuditedBills) -> None:
        """Holds where bills are read."""
        self._bills = bills
        self._turn: Turn | None = None

    @contextlib.contextmanager
    def alone(self) -> Iterator[Turn]:
        """Lets nobody else begin while the block runs: enter it before the pack is read.

        Raises:
            Overloaded: DRY_RUN_BUSY.
        """
        if self._turn is not None and not self._turn.takes_over():
            raise _busy()
        turn = self._turn = Turn()
        try:
            yield turn
        finally:
            if self._turn is turn:
                self._turn = None

    async def run(
        self,
        tried: RuleSet,
        running: RuleSet,
        *,
        since: datetime,
        until: datetime,
        bills_max: int,
    ) -> AsyncGenerator[Progress, None]:
        """Gives the same progress after each page of bills; complete at the end."""
        progress = Progress()
        days = max(tried.history_days_max, running.history_days_max)
        after: UUID | None = None
        told = 0
        while not progress.is_complete:
            room = bills_max - progress.bill_count
            limit = min(_AT_ONCE, told + PAGE - progress.bill_count, room + 1)
            page = await self._bills.bills(since=since, until=until, after=after, limit=limit)
            progress.is_truncated = len(page) > room
            taken = page[:room]
            for few in _parted(taken):
                started = time.perf_counter()
                histories = await self._histories(few, days)
                await _judge(few, histories, (tried, running), progress)
                await asyncio.sleep(time.perf_counter() - started)
            progress.is_complete = len(page) < limit or progress.is_truncated
            after = taken[-1].bill_key if taken else after
            if progress.is_complete or progress.bill_count == told + PAGE:
                told = progress.bill_count
                yield progress

    async def _histories(self, bills: Sequence[Bill], days: int) -> Mapping[UUID, tuple[Bill, ...]]:
        people = sorted({one.person_id for one in bills if one.person_id is not None})
        if not people:
            return {}
        first = min(begin_of(one) for one in bills)
        return await self._bills.histories(people, since=first - timedelta(days=days))


def _parted(bills: Sequence[Bill]) -> Iterator[Sequence[Bill]]:
    return (bills[at : at + _WITH_HISTORIES] for at in range(0, len(bills), _WITH_HISTORIES))


def _busy() -> Overloaded:
    return Overloaded("DRY_RUN_BUSY", "another dry run is under way", retry_after_ms=30_000)


async def _judge(
    bills: Iterable[Bill],
    histories: Mapping[UUID, tuple[Bill, ...]],
    packs: tuple[RuleSet, RuleSet],
    progress: Progress,
) -> None:
    started = time.perf_counter()
    for bill in bills:
        own = None if bill.person_id is None else histories.get(bill.person_id)
        history = None if own is None else History(bills=own)
        tried = _by_rule(judge(bill, packs[0], moment=Moment.AUDIT, history=history))
        started = await _go_on(started)
        running = _by_rule(judge(bill, packs[1], moment=Moment.AUDIT, history=history))
        for code in tried.keys() | running.keys():
            progress.tallies.setdefault(code, Tally()).add(
                bill, tried.get(code, []), running.get(code, [])
            )
        progress.bill_count += 1
        progress.bill_fen += total_fen_of(bill)
        started = await _go_on(started)


async def _go_on(started: float) -> float:
    """Lets others have their turn where this one has been long; returns when it began."""
    if time.perf_counter() - started < _SLICE_S:
        return started
    await asyncio.sleep(0)
    return time.perf_counter()


def _by_rule(findings: Iterable[Finding]) -> dict[str, list[Finding]]:
    found: dict[str, list[Finding]] = {}
    for one in findings:
        found.setdefault(one.rule_code, []).append(one)
    return found

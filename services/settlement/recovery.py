"""Finishes what a crash or a silent region left open, in whichever replica is alive.

A claim is a lease: whoever works on an intent renews it, and whoever dies lets it run out, after
which another replica takes the work over. Each insured province has its own few intents in hand, so
that thousands of a province that is silent keep nobody else's waiting.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
from collections import Counter
from collections.abc import AsyncIterator
from datetime import datetime, timedelta

import asyncpg

from services.kit.clock import Clock, civil_date
from services.kit.errors import DomainError
from services.kit.log import get_logger
from services.kit.rounds import ROUND_FAILURES
from services.kit.telemetry import span
from services.settlement import metrics
from services.settlement.domain.states import State
from services.settlement.intent_store import IntentStore, OpenIntent, Share
from services.settlement.regions import recovering
from services.settlement.usecases import Settlements

PER_PROVINCE = 8
"""Intents of one province in hand at once; as many calls as a route gives recovery by default."""
TOTAL = 64
"""Intents in hand at once: a process has more to do than to recover."""
_MONTHS_EVERY = timedelta(hours=1)
_LEASE = 2
"""A claim holds for so many times the age at which an intent is taken for abandoned."""


class Recovery:
    """The loop over open intents."""

    def __init__(
        self,
        *,
        store: IntentStore,
        settlements: Settlements,
        clock: Clock,
        after_s: float,
        abandon_after_s: float,
    ) -> None:
        """An intent older than `after_s` is taken from its call; `abandon_after_s` gives it up."""
        self._store = store
        self._settlements = settlements
        self._clock = clock
        self._after = timedelta(seconds=after_s)
        self._abandon_after = timedelta(seconds=abandon_after_s)
        self._began = clock.now()
        self._months_due: datetime | None = None
        self._busy: Counter[str] = Counter()
        self._full: set[str] = set()
        self._tasks: set[asyncio.Task[bool]] = set()
        self._progress = asyncio.Event()

    @contextlib.asynccontextmanager
    async def running(self, interval_s: float) -> AsyncIterator[None]:
        """Runs the loop while the block runs; on entry the month's partitions are there."""
        await self._ensure_months(self._clock.now())
        loop = asyncio.create_task(self._loop(interval_s))
        try:
            yield
        finally:
            await _end({loop})
            await _end(self._tasks)

    async def once(self) -> int:
        """Takes what is open and old enough, finishes what it can; returns how much it finished."""
        finished = sum(await asyncio.gather(*await self._begin()))
        await self._count()
        return finished

    async def _loop(self, interval_s: float) -> None:
        while True:
            self._progress.clear()
            try:
                await self._begin()
                await self._count()
            except asyncio.CancelledError:
                raise
            except Exception as error:  # noqa: BLE001 - one bad round must not end recovery
                ROUND_FAILURES.labels("recovery").inc()
                get_logger().warning("recovery round failed", exception=type(error).__name__)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(interval_s):
                    await self._progress.wait()

    async def _begin(self) -> list[asyncio.Task[bool]]:
        """Claims what there are places for, and begins it; a slow province holds up no round."""
        now = self._clock.now()
        await self._ensure_months(now)
        share = Share(
            per_province=PER_PROVINCE,
            busy=dict(self._busy),
            total=max(0, TOTAL - self._busy.total()),
        )
        intents = await self._store.claim(
            share,
            now=now,
            older_than=now - self._after,
            claimed_before=now - _LEASE * self._after,
        )
        return [self._start(intent, now) for intent in intents]

    def _start(self, intent: OpenIntent, now: datetime) -> asyncio.Task[bool]:
        province = intent.insured_province
        self._busy[province] += 1
        if self._busy[province] == PER_PROVINCE:
            self._full.add(province)
        task = asyncio.create_task(self._hold(intent, now))
        self._tasks.add(task)
        task.add_done_callback(functools.partial(self._ended, province))
        return task

    def _ended(self, province: str, task: asyncio.Task[bool]) -> None:
        self._tasks.discard(task)
        self._busy[province] -= 1
        if self._busy[province]:
            return
        del self._busy[province]
        if province in self._full:
            self._full.discard(province)
            if not task.cancelled() and not task.exception() and task.result():
                # It answers, and may have more than fitted in: the next round need not wait.
                self._progress.set()

    async def _hold(self, intent: OpenIntent, claimed_at: datetime) -> bool:
        """Works on an intent and keeps it claimed meanwhile; returns whether it is finished."""
        work = asyncio.create_task(self._work(intent, claimed_at))
        try:
            while not (await asyncio.wait({work}, timeout=self._after.total_seconds()))[0]:
                now = self._clock.now()
                if not await self._store.extend(intent, claimed_at=claimed_at, now=now):
                    # Another replica has taken it for abandoned. It would find what we did, but
                    # two need not do it at once.
                    return False
                claimed_at = now
            return work.result()
        except (DomainError, asyncpg.PostgresError) as error:
            get_logger().warning("claim not renewed", exception=type(error).__name__)
            return False
        finally:
            await _end({work})

    async def _work(self, intent: OpenIntent, now: datetime) -> bool:
        with span("settlement.recover"), recovering():
            return await self._finish(intent, now)

    async def _finish(self, intent: OpenIntent, now: datetime) -> bool:
        try:
            record = await self._settlements.find(intent.settlement_id)
            if intent.kind == "SETTLE" and record.state is State.PENDING:
                # Time in which nobody asked is no silence of the region.
                silent = now - max(intent.create_time, self._began)
                await self._settlements.resume(record, last=silent > self._abandon_after)
            elif intent.kind == "REVERSE" and record.state is State.SETTLED:
                await self._settlements.finish_reversal(record, intent.request_id)
            else:
                if intent.kind == "CANCEL":
                    await self._settlements.cancel_booking(record)
                await self._store.delete(intent.settlement_id, intent.kind)
        except Exception as error:  # noqa: BLE001 - one that fails must not keep the others waiting
            get_logger().warning(
                "intent stays open",
                settlement_id=str(intent.settlement_id),
                state=intent.kind,
                reason=error.reason if isinstance(error, DomainError) else "",
                exception=type(error).__name__,
            )
            return False
        metrics.RECOVERED.labels(intent.kind).inc()
        get_logger().info(
            "intent finished", settlement_id=str(intent.settlement_id), state=intent.kind
        )
        return True

    async def _count(self) -> None:
        count, oldest = await self._store.count()
        age = self._clock.now() - oldest if oldest else timedelta()
        metrics.OPEN_INTENTS.set(count)
        # What waits for its time to come is not old.
        metrics.OLDEST_INTENT.set(max(0.0, age.total_seconds()))

    async def _ensure_months(self, now: datetime) -> None:
        if self._months_due is not None and now < self._months_due:
            return
        month = civil_date(now).replace(day=1)
        following = (month + timedelta(days=32)).replace(day=1)
        self._months_due = now + _MONTHS_EVERY
        try:
            await self._store.ensure_months(month, following)
        except asyncpg.PostgresError as error:
            # Another replica makes them, or rows are in the default partition already: neither may
            # keep open intents waiting.
            get_logger().warning("months not made", exception=type(error).__name__)


async def _end(tasks: set[asyncio.Task[bool]] | set[asyncio.Task[None]]) -> None:
    """Cancels tasks and waits until they have ended."""
    ending = set(tasks)
    for task in ending:
        task.cancel()
    if ending:
        await asyncio.wait(ending)

"""Finishes what a crash or a silent region left open, in whichever replica is alive."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from datetime import datetime, timedelta

import asyncpg

from services.kit.clock import Clock, civil_date
from services.kit.errors import DomainError
from services.kit.log import get_logger
from services.kit.telemetry import span
from services.settlement import metrics
from services.settlement.domain.states import State
from services.settlement.store import OpenIntent, Store
from services.settlement.usecases import Settlements

_MONTHS_EVERY = timedelta(hours=1)
_AT_ONCE = 5
"""Intents worked on at once: a region that is silent must not keep the others' waiting."""


class Recovery:
    """The loop over open intents."""

    def __init__(
        self,
        *,
        store: Store,
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

    @contextlib.asynccontextmanager
    async def running(self, interval_s: float) -> AsyncIterator[None]:
        """Runs the loop while the block runs; on entry the month's partitions are there."""
        await self._ensure_months(self._clock.now())
        task = asyncio.create_task(self._loop(interval_s))
        try:
            yield
        finally:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task

    async def once(self) -> int:
        """Takes what is open and old enough, finishes what it can; returns how much it finished."""
        now = self._clock.now()
        await self._ensure_months(now)
        intents = await self._store.claim_intents(
            now=now, older_than=now - self._after, claimed_before=now - 2 * self._after
        )
        gate = asyncio.Semaphore(_AT_ONCE)

        async def finish(intent: OpenIntent) -> bool:
            async with gate:
                with span("settlement.recover"):
                    return await self._finish(intent, now)

        finished = sum(await asyncio.gather(*map(finish, intents)))
        count, oldest = await self._store.count_intents()
        metrics.OPEN_INTENTS.set(count)
        metrics.OLDEST_INTENT.set((now - oldest).total_seconds() if oldest else 0)
        return finished

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
                await self._store.delete_intent(intent.settlement_id, intent.kind)
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

    async def _loop(self, interval_s: float) -> None:
        while True:
            try:
                await self.once()
            except asyncio.CancelledError:
                raise
            except Exception as error:  # noqa: BLE001 - one bad round must not end recovery
                get_logger().warning("recovery round failed", exception=type(error).__name__)
            await asyncio.sleep(interval_s)

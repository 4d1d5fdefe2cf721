"""What follows by itself: terms that are over, settlements that were reversed."""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager
from typing import Final

from services.clearing import metrics
from services.clearing.disputes import inquiry_store, store, usecases
from services.clearing.domain.deduction_states import DeductionState
from services.kit.clock import Clock, civil_date
from services.kit.db import Connection, Database
from services.kit.rounds import repeating

_ROUND_MAX: Final = 50
"""Transactions of one round, each of some hundred deductions: the feed waits no longer than one."""
_AT_ONCE: Final = 200


class Disputes:
    """Moves deductions and inquiries on; two replicas take turns by the ledger's lock."""

    def __init__(self, database: Database, clock: Clock) -> None:
        """Holds what a round needs."""
        self._database = database
        self._clock = clock

    def running(self, interval_s: float) -> AbstractAsyncContextManager[None]:
        """Does what is due while the block runs; what is in hand at the end is rolled back."""
        return repeating("disputes", self.once, interval_s)

    async def once(self) -> int:
        """Does what is due; returns how many deductions and inquiries it moved."""
        now = self._clock.now()

        async def work(connection: Connection) -> int:
            return await usecases.catch_up(connection, now, limit=_AT_ONCE)

        total = 0
        for _ in range(_ROUND_MAX):
            count = await self._database.run("clearing.catch_up_disputes", work)
            total += count
            if count == 0:
                break
        # By itself: who holds the row of the mark must not wait for the ledger.
        await store.mark(self._database)
        total += await inquiry_store.lapse(self._database, now)
        await self._measure()
        return total

    async def _measure(self) -> None:
        counts = await store.count_open(self._database)
        for state in (DeductionState.PENDING, DeductionState.APPEALED):
            metrics.OPEN_DEDUCTIONS.labels(state.value).set(counts.get(state, 0))
        metrics.OVERDUE_INQUIRIES.clear()
        today = civil_date(self._clock.now())
        for region, count in (await inquiry_store.count_overdue(self._database, today)).items():
            metrics.OVERDUE_INQUIRIES.labels(region).set(count)

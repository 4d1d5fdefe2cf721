"""Checks the invariants by itself, once a night; metrics and log tell what does not hold."""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager
from datetime import timedelta
from typing import TYPE_CHECKING

from services.clearing import metrics
from services.clearing.invariants import store, usecases
from services.clearing.invariants.store import LastCheck
from services.kit.clock import civil_date
from services.kit.log import get_logger
from services.kit.rounds import repeating
from services.kit.telemetry import span

if TYPE_CHECKING:
    from services.clearing.invariants.usecases import Check
    from services.kit.clock import Clock
    from services.kit.db import Connection, Database


class Nightly:
    """Checks after an hour of the day what is not closed yet; a night is checked once."""

    def __init__(self, database: Database, clock: Clock, *, hour: int) -> None:
        """A day is checked from `hour` o'clock, Asia/Shanghai, on."""
        self._database = database
        self._clock = clock
        self._hour = hour

    def running(self, interval_s: float) -> AbstractAsyncContextManager[None]:
        """Checks when it is due while the block runs; a check in hand at the end is made again."""
        return repeating("invariants", self.once, interval_s)

    async def once(self) -> Check | None:
        """Checks if it is due; returns how it came out, None: it was not due."""
        now = self._clock.now()
        day = civil_date(now - timedelta(hours=self._hour))
        last = await store.last_check(self._database)
        if last is not None and last.check_date >= day:
            await self._measure(last)
            return None
        async with self._database.connection() as connection:
            first_month = await store.open_month(connection)
        with span("clearing.check_invariants"):
            check = await usecases.check(
                self._database,
                first_month=first_month,
                after_block=last.until_block_id if last else 0,
                after_digest=last.until_digest if last else None,
            )
        kept = LastCheck(
            check_date=day,
            until_block_id=check.until_block_id,
            until_digest=check.until_digest,
            check_time=now,
        )

        async def work(connection: Connection) -> None:
            await store.keep_check(connection, kept, first_month, check.results)

        await self._database.run("clearing.keep_invariant_check", work)
        await self._measure(kept)
        for result in check.results:
            if not result.holds:
                get_logger().error(
                    "invariant broken",
                    invariant=result.invariant.value,
                    count=len(result.contradictions),
                )
        return check

    async def _measure(self, last: LastCheck) -> None:
        metrics.INVARIANTS_CHECKED.set(last.check_time.timestamp())
        for invariant, count in (await store.last_results(self._database, last)).items():
            metrics.INVARIANT_BROKEN.labels(invariant.value).set(count)

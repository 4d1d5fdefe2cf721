"""Compares by itself: every day of the months whose tables are not made, and again what differs."""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager
from datetime import date, timedelta
from typing import TYPE_CHECKING, Final

from services.clearing import metrics, posting
from services.clearing.breaks import day_store, store
from services.clearing.domain.breaks import DayState
from services.clearing.reconciling import day_end
from services.kit.clock import civil_date
from services.kit.errors import DomainError
from services.kit.log import get_logger
from services.kit.rounds import repeating

if TYPE_CHECKING:
    from datetime import datetime

    from services.clearing.breaks.usecases import Comparer

_DEAD_AFTER: Final = timedelta(minutes=15)
"""A claim older than this is of a process that died."""
_ROUND_MAX: Final = 100
"""Days compared one after another before the metrics are looked at again."""
_AGES: Final = ("1d", "3d", "7d", "older")


class BreakLoop:
    """Claims days one by one, so that two replicas never compare the same at once."""

    def __init__(self, comparer: Comparer, *, hour: int, retry_s: float) -> None:
        """A day is compared from `hour` o'clock, Asia/Shanghai, of the next one."""
        self._comparer = comparer
        self._database = comparer.database
        self._hour = hour
        self._retry = timedelta(seconds=retry_s)

    def running(self, interval_s: float) -> AbstractAsyncContextManager[None]:
        """Compares what is due while the block runs; what is in hand at the end is made again."""
        return repeating("breaks", self.once, interval_s)

    async def once(self) -> int:
        """Compares every day that is due; returns how many were."""
        await self._seed()
        count = await self._work_off()
        await self._measure()
        return count

    async def _seed(self) -> None:
        now = self._comparer.now()
        # A day begins at the hour at which it is compared.
        last = civil_date(now - timedelta(hours=self._hour)) - timedelta(days=1)

        month = await self._database.run("clearing.untabled_month", posting.untabled_month)
        first = date.fromisoformat(f"{month or f'{last:%Y-%m}'}-01")
        days = [first + timedelta(days=n) for n in range((last - first).days + 1)]
        await day_store.seed(self._database, days, due_time=now)

    async def _work_off(self) -> int:
        for count in range(_ROUND_MAX):
            now = self._comparer.now()
            day = await day_store.claim_due(self._database, now=now, dead_before=now - _DEAD_AFTER)
            if day is None:
                return count
            if not await self._compare(day, now):
                # What keeps this day from being compared most likely keeps the others, too.
                return count
        return _ROUND_MAX

    async def _compare(self, day: date, claimed: datetime) -> bool:
        try:
            result = await self._comparer.compare(day)
        except Exception as error:  # noqa: BLE001 - one that fails must not end the loop
            reason = error.reason if isinstance(error, DomainError) else ""
            get_logger().warning(
                "ledger not compared", reason=reason, exception=type(error).__name__
            )
            await day_store.release(
                self._database, day, claimed=claimed, due_time=claimed + self._retry
            )
            return False
        if result.state is not DayState.EVEN:
            get_logger().error("breaks found", count=result.break_count)
        return True

    async def _measure(self) -> None:
        metrics.OPEN_BREAKS.clear()
        for one in await store.summarize(self._database, self._comparer.now()):
            for age, count in zip(_AGES, one.counts, strict=True):
                metrics.OPEN_BREAKS.labels(one.source.value, one.owner.value, age).inc(count)
        until = await day_store.compared_until(self._database)
        if until is not None:
            metrics.LEDGER_COMPARED_UNTIL.set(day_end(until).timestamp())

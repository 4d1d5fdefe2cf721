"""Reconciles by itself: yesterday with every insured province, and whatever became due again."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from datetime import date, datetime, timedelta
from typing import Final, TypeVar

from services.clearing import comparison_store, difference_store, metrics, statement_store
from services.clearing.comparison_store import Due, LegDay, Result
from services.clearing.domain.reconciliation import Party
from services.clearing.domain.statement_states import StatementState
from services.clearing.reconciling import Compared, Reconciler, day_end
from services.kit.clock import civil_date
from services.kit.errors import DomainError, LostRace
from services.kit.log import get_logger
from services.kit.rounds import repeating
from services.kit.telemetry import span

R = TypeVar("R")

_DEAD_AFTER: Final = timedelta(minutes=15)
"""A claim older than this is of a process that died."""
_DAYS_BACK_MAX: Final = 31
"""Days that are made up for after an outage."""
_AT_ONCE: Final = 4
"""Comparisons made at once."""
_ROUND_MAX: Final = 50
"""Comparisons made one after another before the metrics are looked at again."""


class Daily:
    """Claims comparisons one by one, so that two replicas never make the same at once."""

    def __init__(self, reconciler: Reconciler, *, hour: int, retry_s: float) -> None:
        """A day is compared from `hour` o'clock, Asia/Shanghai, of the next one."""
        self._reconciler = reconciler
        self._database = reconciler.database
        self._hour = hour
        self._retry = timedelta(seconds=retry_s)
        self._seeded: date | None = None

    def running(self, interval_s: float) -> AbstractAsyncContextManager[None]:
        """Compares what is due while the block runs; what is in hand at the end is made again."""
        return repeating("reconciliation", self.once, interval_s)

    async def once(self) -> int:
        """Compares everything that is due; returns how much was."""
        await self._seed()
        # A province that is silent must not keep the others waiting.
        counts = await asyncio.gather(*(self._work_off() for _ in range(_AT_ONCE)))
        await self._measure()
        return sum(counts)

    async def on_demand(
        self, region_code: str, day: date, store: Callable[[Compared], Awaitable[R]]
    ) -> R:
        """Compares an insured province now and returns what `store` makes of it.

        Raises:
            LostRace: it is being compared at this moment.
            RuleForbids: no route leads there.
            Unavailable: the province, or settlement, does not answer.
        """
        now = self._reconciler.now()
        leg = LegDay(day, Party.INSURED_PROVINCE.value, region_code)
        if not await comparison_store.claim(
            self._database, leg, now=now, dead_before=now - _DEAD_AFTER
        ):
            raise LostRace("LOST_RACE", "it is being compared at this moment", retry_after_ms=2000)
        try:
            return await store(await self._reconciler.compare_province(region_code, day, now))
        except BaseException:
            # A caller who hangs up must not keep the others out.
            await asyncio.shield(comparison_store.release(self._database, leg, claimed=now))
            raise

    async def _seed(self) -> None:
        now = self._reconciler.now()
        # A day begins at the hour at which it is compared.
        last = civil_date(now - timedelta(hours=self._hour)) - timedelta(days=1)
        regions = self._reconciler.region_codes
        if self._seeded == last or not regions:
            return
        seeded = await comparison_store.last_seeded(
            self._database, regions, before=last + timedelta(days=1)
        )
        # The very first time there is nothing to make up for.
        first = last if seeded is None else max(seeded, last - timedelta(days=_DAYS_BACK_MAX))
        days = [first + timedelta(days=n) for n in range((last - first).days + 1)]
        await comparison_store.seed(self._database, regions, days, due_time=now)
        self._seeded = last

    async def _work_off(self) -> int:
        for count in range(_ROUND_MAX):
            now = self._reconciler.now()
            due = await comparison_store.claim_due(
                self._database, now=now, dead_before=now - _DEAD_AFTER
            )
            if due is None:
                return count
            await self._work(due, now)
        return _ROUND_MAX

    async def _work(self, due: Due, claimed: datetime) -> None:
        try:
            with span("clearing.reconcile"):
                result = await self._compare(due, claimed)
        except Exception as error:  # noqa: BLE001 - one that fails must not keep the others waiting
            reason = error.reason if isinstance(error, DomainError) else ""
            get_logger().warning(
                "not reconciled",
                region=due.leg.party_code,
                reason=reason,
                exception=type(error).__name__,
            )
            await comparison_store.release(
                self._database, due.leg, claimed=claimed, due_time=claimed + self._retry
            )
            return
        if result is None:
            await comparison_store.drop_due(self._database, due.leg, claimed=claimed)
            return
        report(result)

    async def _compare(self, due: Due, claimed: datetime) -> Result | None:
        leg = due.leg
        if leg.party is Party.INSURED_PROVINCE:
            return await self._reconciler.store(
                await self._reconciler.compare_province(leg.party_code, leg.business_date, claimed)
            )
        if due.statement_id is None:
            return None
        statement = await statement_store.find(self._database, due.statement_id)
        if statement is not None and statement.state is StatementState.EVEN:
            return await self._reconciler.total_again(statement, claimed)
        if statement is None or statement.state is not StatementState.COMPARED:
            # A later one has come, and will be compared when it is closed.
            return None
        return await self._reconciler.store(
            await self._reconciler.compare_statement(statement, claimed)
        )

    async def _measure(self) -> None:
        metrics.OPEN_DIFFERENCES.clear()
        for region, count in (await difference_store.count_open(self._database)).items():
            metrics.OPEN_DIFFERENCES.labels(region).set(count)
        for region, day in (await comparison_store.last_dates(self._database)).items():
            metrics.RECONCILED_UNTIL.labels(region).set(day_end(day).timestamp())


def report(result: Result) -> None:
    """Counts a comparison that was stored, and logs one that found something."""
    leg = result.leg
    metrics.RECONCILED.labels(leg.party.value).inc(result.party_count)
    if result.difference_count:
        get_logger().info("differences found", region=leg.party_code, count=result.difference_count)

"""Cuts months when they are over and moves on those that facts allow to move."""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager
from typing import Final

from services.clearing import metrics
from services.clearing.domain.month_states import MonthState
from services.clearing.domain.month_steps import StepKind
from services.clearing.months import reading, store, usecases
from services.clearing.months.terms import MonthTerms
from services.kit.clock import Clock, civil_midnight
from services.kit.dates import first_day, next_month
from services.kit.db import Connection, Database
from services.kit.errors import RuleForbids
from services.kit.log import get_logger
from services.kit.rounds import repeating
from services.kit.telemetry import span

_CUTS_MAX: Final = 1200
"""Months cut in one round: a century, so that a round ends whatever the ledger says."""


class MonthLoop:
    """Two replicas may run it: what one has done is nothing left for the other."""

    def __init__(self, database: Database, clock: Clock, terms: MonthTerms) -> None:
        """Holds what all rounds share."""
        self._database = database
        self._clock = clock
        self._terms = terms

    def running(self, interval_s: float) -> AbstractAsyncContextManager[None]:
        """Cuts and moves months while the block runs."""
        return repeating("months", self.once, interval_s)

    async def once(self) -> list[str]:
        """Cuts what is due, moves what may move; returns the months that were cut."""
        with span("clearing.months"):
            cut = await self._cut()
            for month in await store.list_unfinished(self._database):
                await self._advance(month)
            await self._measure()
        return cut

    async def _cut(self) -> list[str]:
        done: list[str] = []
        try:
            while len(done) < _CUTS_MAX and (month := await self._cut_one()):
                done.append(month)
        except RuleForbids as refused:
            # The feed has not passed its end: it is looked at again in the next round.
            get_logger().info("month not cut yet", reason=refused.reason)
        return done

    async def _cut_one(self) -> str:
        now = self._clock.now()

        async def work(connection: Connection) -> str:
            month = await usecases.due_month(connection, now)
            if month:
                await usecases.cut(connection, month, now=now)
            return month

        return await self._database.run("clearing.cut_month", work)

    async def _advance(self, month: str) -> None:
        async def work(connection: Connection) -> MonthState:
            return await usecases.advance(connection, month, self._clock.now())

        await self._database.run("clearing.advance_month", work)

    async def _measure(self) -> None:
        states = await store.count_states(self._database)
        for state in MonthState:
            metrics.MONTHS.labels(state.value).set(states.get(state, 0))
        last = await store.last_cut(self._database)
        if last:
            end = civil_midnight(first_day(next_month(last)))
            metrics.MONTHS_CUT_UNTIL.set(end.timestamp())
        overdue = dict.fromkeys(StepKind, 0)
        now = self._clock.now()
        async with self._database.connection() as connection:
            for month in await store.list_unfinished(connection):
                for step in await reading.view_steps(connection, month, self._terms, now):
                    overdue[step.kind] += step.overdue and step.done_time is None
        for kind, count in overdue.items():
            metrics.OVERDUE_STEPS.labels(kind.name).set(count)

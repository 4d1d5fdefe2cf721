"""What follows by itself: tickets that nobody answers, answers after which nothing came back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from services.kit.rounds import repeating
from services.supervision import metrics
from services.supervision.tickets import store, usecases

if TYPE_CHECKING:
    from contextlib import AbstractAsyncContextManager

    from services.kit.clock import Clock
    from services.kit.db import Connection, Database
    from services.supervision.tickets.terms import TicketTermsBook

_ROUND_MAX: Final = 50
"""Transactions of one round."""
_HUB: Final = "hub"
"""Label of tickets that the hub has to answer."""


class Tickets:
    """Moves tickets on; two replicas pass by what the other one holds."""

    def __init__(self, database: Database, clock: Clock, terms: TicketTermsBook) -> None:
        """Holds what a round needs."""
        self._database = database
        self._clock = clock
        self._terms = terms

    def running(self, interval_s: float) -> AbstractAsyncContextManager[None]:
        """Does what is due while the block runs; what is in hand at the end is rolled back."""
        return repeating("tickets", self.once, interval_s)

    async def once(self) -> int:
        """Does what is due; returns how many tickets it moved."""
        now = self._clock.now()

        async def work(connection: Connection) -> int:
            return await usecases.catch_up(connection, book=self._terms, now=now)

        total = 0
        for _ in range(_ROUND_MAX):
            count = await self._database.run("supervision.catch_up_tickets", work)
            total += count
            if count == 0:
                break
        await self._measure()
        return total

    async def _measure(self) -> None:
        counts = await store.count_overdue(self._database, self._clock.now())
        metrics.OVERDUE_TICKETS.clear()
        for (region, level), count in counts.items():
            metrics.OVERDUE_TICKETS.labels(region or _HUB, str(level)).set(count)

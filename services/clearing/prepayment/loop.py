"""Looks at usage by itself: days added up, notices followed, changes told."""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager
from typing import TYPE_CHECKING, Final

from services.clearing import metrics
from services.clearing.domain.usage import BASIS_POINTS
from services.clearing.domain.usage_states import UsageState
from services.clearing.prepayment import drafting, watching
from services.kit.clock import civil_date
from services.kit.log import get_logger
from services.kit.rounds import repeating
from services.kit.telemetry import span

if TYPE_CHECKING:
    from services.clearing.prepayment.terms import Terms
    from services.clearing.prepayment.watching import Look
    from services.kit.clock import Clock
    from services.kit.db import Connection, Database

_ROUNDS_MAX: Final = 50
"""Transactions of blocks in one look: after an outage the rest follows with the next."""


class Watch:
    """Looks again and again; several replicas may, and tell each change once together."""

    def __init__(self, database: Database, terms: Terms, clock: Clock) -> None:
        """Looks in a database."""
        self._database = database
        self._terms = terms
        self._clock = clock

    def running(self, interval_s: float) -> AbstractAsyncContextManager[None]:
        """Looks every so often while the block runs; what is in hand at the end comes again."""
        return repeating("prepayment", self.once, interval_s)

    async def once(self) -> Look:
        """Looks once and returns what was found."""
        now = self._clock.now()
        rules = self._terms.on(civil_date(now))

        async def follow(connection: Connection) -> int:
            return await drafting.follow_notices(connection, now=now)

        async def look(connection: Connection) -> Look:
            return await watching.look(connection, rules, now=now)

        with span("clearing.watch_prepayment"):
            await self._database.run("clearing.follow_notices", follow)
            found = await self._database.run("clearing.look_at_usage", look)
            _measure(found)
            # Last, because only the outlook needs them: what is used and told comes first.
            for _ in range(_ROUNDS_MAX):
                if not await self._database.run("clearing.add_up_days", watching.add_up_days):
                    break
        return found


def _measure(found: Look) -> None:
    for change in found.changes:
        metrics.PREPAYMENT_EVENTS.labels(change.state.value).inc()
        get_logger().info(
            "use of prepayment changed",
            insured_region=change.pair[0],
            care_region=change.pair[1],
            reason=change.state.value,
        )
    counts = dict.fromkeys(UsageState, 0)
    for (insured, care), state in found.states.items():
        if insured:
            counts[state] += 1
        else:
            usage = found.usages.get(("", care))
            rate = usage.basis_points / BASIS_POINTS if usage else 0
            metrics.PREPAYMENT_USAGE.labels(care).set(rate)
    for state, count in counts.items():
        metrics.PREPAYMENT_PAIRS.labels(state.value).set(count)

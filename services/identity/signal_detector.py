"""Looks through the access log for signals, for as long as the process lives.

A pass reads accesses after the cursor, writes what they are signals of and moves the cursor, in one
transaction: whatever ends the process, the next pass goes on where the last one committed. A commit
that reaches the disk takes with it everything written before, so that the cursor never stands after
an access that a crash could still take back.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import Counter
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from services.identity import metrics, signal_store
from services.identity.domain.signals import SignalRules, find_signals
from services.kit.clock import civil_date
from services.kit.ids import new_id
from services.kit.log import get_logger

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence
    from datetime import datetime

    from services.identity.domain.signals import Signal
    from services.identity.signal_store import NewAccess
    from services.kit.clock import Clock
    from services.kit.db import Connection, Database

BATCH: Final = 1_000
"""Accesses of one pass."""


@dataclass(frozen=True, slots=True)
class _Pass:
    """What one pass came to."""

    found: Counter[str]
    """New signals by kind."""
    looked_at: int
    waits_since: datetime | None
    """When the first access happened that it left; None: it left none that it saw."""


class Detector:
    """Raises signals, each once."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        rules: SignalRules,
        *,
        interval_s: float,
        settle_s: float,
    ) -> None:
        """Looks every `interval_s` at what is older than `settle_s`.

        The outcome of a look-up may be decided a moment after it was logged.
        """
        self._database = database
        self._clock = clock
        self._rules = rules
        self._interval_s = interval_s
        self._settle = timedelta(seconds=settle_s)
        # As long as the longest way takes; and a day is looked at whole.
        longest = max(rules.distances_km.values()) / rules.speed_kmh_max
        self._window = max(timedelta(days=1), timedelta(hours=longest))

    async def run(self) -> None:
        """Looks until cancelled; a failure is logged, and the next pass tries again."""
        while True:
            looked_at = 0
            try:
                looked_at = await self.look()
            except Exception as error:  # noqa: BLE001 - whatever it is, the log must be looked at
                metrics.SIGNAL_FAILURES.inc()
                get_logger().warning("signals interrupted", exception=type(error).__name__)
            if looked_at < BATCH:
                await asyncio.sleep(self._interval_s)

    async def look(self) -> int:
        """Does one pass; returns how many accesses it looked at, 0 where another replica works."""
        done = await self._database.run("identity.find_signals", self._pass)
        if done is None:
            return 0
        # Counted after the commit: a transaction may run more than once.
        for kind, count in done.found.items():
            metrics.SIGNALS.labels(kind).inc(count)
        lag = (self._clock.now() - done.waits_since).total_seconds() if done.waits_since else 0.0
        metrics.SIGNAL_LAG.set(max(0.0, lag))
        return done.looked_at

    async def _pass(self, connection: Connection) -> _Pass | None:
        if not await signal_store.take_lock(connection):
            return None
        now = self._clock.now()
        after = await signal_store.load_cursor(connection)
        read = await signal_store.read_new(connection, after, count=BATCH)
        settled = self._settled(read, now)
        waits_since = read[len(settled)].time if len(settled) < len(read) else None
        if not settled:
            return _Pass(Counter(), 0, waits_since)
        signals = await self._signals_of(connection, settled)
        found: Counter[str] = Counter()
        if signals:
            written = await signal_store.write_signals(
                connection, {new_id(now): signal for signal in signals}, now=now
            )
            found.update(kind.value for kind in written)
        await signal_store.move_cursor(connection, settled[-1].place)
        return _Pass(found, len(settled), waits_since)

    def _settled(self, read: Sequence[NewAccess], now: datetime) -> Sequence[NewAccess]:
        # What lies in the future was stamped by a clock that was wrong: it is not waited for.
        for position, access in enumerate(read):
            if now - self._settle < access.time <= now:
                return read[:position]
        return read

    async def _signals_of(
        self, connection: Connection, settled: Sequence[NewAccess]
    ) -> list[Signal]:
        uses = {access.use.access_id: access.use for access in settled if access.use}
        if not uses:
            return []
        new = frozenset(uses)
        history = await signal_store.read_history(
            connection,
            {use.person_id for use in uses.values()},
            up_to=settled[-1].place,
            since=min(use.time for use in uses.values()) - self._window,
        )
        uses.update((use.access_id, use) for use in history)
        return find_signals(uses.values(), new, self._rules, civil_date)


@contextlib.asynccontextmanager
async def detecting(detector: Detector) -> AsyncIterator[None]:
    """Looks while the block runs; a pass in hand at the end is rolled back and done again."""
    task = asyncio.create_task(detector.run(), name="signals")
    try:
        yield
    finally:
        task.cancel()
        await asyncio.wait([task])

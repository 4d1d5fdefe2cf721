"""Looks at stays again on the day on which a filing for them begins, and counts the warnings."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING

from services.filing import metrics, warning_store, warning_usecases
from services.kit.log import get_logger

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from services.filing.vault import Vault
    from services.kit.clock import Clock
    from services.kit.db import Database


class WarningWatch:
    """What no event tells: that a day has begun. Several replicas may look at once."""

    def __init__(self, database: Database, vault: Vault, clock: Clock) -> None:
        """Looks in a database."""
        self._database = database
        self._vault = vault
        self._clock = clock

    @contextlib.asynccontextmanager
    async def running(self, interval_s: float) -> AsyncIterator[None]:
        """Looks every so often while the block runs; what is in hand at the end comes again."""
        task = asyncio.create_task(self._loop(interval_s), name="warnings")
        try:
            yield
        finally:
            task.cancel()
            await asyncio.wait([task])

    async def once(self) -> int:
        """Looks at every stay that is due; returns how many there were."""
        total = 0
        while found := await warning_usecases.look_again(
            self._database, self._vault, self._clock.now()
        ):
            total += found
        for state, count in (await warning_store.count_warnings(self._database)).items():
            metrics.WARNINGS.labels(state.value).set(count)
        return total

    async def _loop(self, interval_s: float) -> None:
        while True:
            try:
                await self.once()
            except Exception as error:  # noqa: BLE001 - whatever it is, the next day comes too
                get_logger().warning("stays not looked at", exception=type(error).__name__)
            await asyncio.sleep(interval_s)

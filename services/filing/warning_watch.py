"""Looks at stays again on the day on which a filing for them begins, and counts the warnings."""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager
from typing import TYPE_CHECKING

from services.filing import metrics, warning_store, warning_usecases
from services.kit.rounds import repeating

if TYPE_CHECKING:
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

    def running(self, interval_s: float) -> AbstractAsyncContextManager[None]:
        """Looks every so often while the block runs; what is in hand at the end comes again."""
        return repeating("warnings", self.once, interval_s)

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

"""Finishes what a crash or a silent region left open of reimbursements, in whichever replica lives.

A claim of work is a lease that runs out. Steps are idempotent, so a second worker costs a repeated
call and no more; nothing is ever given up, for no window waits.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Final
from uuid import UUID

from services.kit.clock import Clock
from services.kit.errors import DomainError
from services.kit.log import get_logger
from services.kit.rounds import repeating
from services.kit.telemetry import span
from services.settlement import metrics
from services.settlement.domain.reimbursement_states import UNBOOKS, ReimbursementState
from services.settlement.regions import recovering
from services.settlement.reimbursement.store import BOOK, ReimbursementStore
from services.settlement.reimbursement.usecases import Reimbursements

PER_PROVINCE: Final = 4
TOTAL: Final = 32
"""In hand at once: of one province, and of all."""
_LEASE: Final = 2
"""A claim holds for so many times the age at which work is taken from its call."""


class ReimbursementLoop:
    """The loop over open work."""

    def __init__(
        self,
        store: ReimbursementStore,
        reimbursements: Reimbursements,
        clock: Clock,
        *,
        after_s: float,
    ) -> None:
        """Work older than `after_s` is taken from its call."""
        self._store = store
        self._reimbursements = reimbursements
        self._clock = clock
        self._after = timedelta(seconds=after_s)

    @contextlib.asynccontextmanager
    async def running(self, interval_s: float) -> AsyncIterator[None]:
        """Runs the loop while the block runs."""
        async with repeating("reimbursement", self.once, interval_s):
            yield

    async def once(self) -> int:
        """Takes what is open and old enough, finishes what it can; returns how much it finished."""
        now = self._clock.now()
        work = await self._store.claim(
            now=now,
            older_than=now - self._after,
            claimed_before=now - _LEASE * self._after,
            per_province=PER_PROVINCE,
            total=TOTAL,
        )
        finished = sum(await asyncio.gather(*(self._finish(key, kind) for key, kind in work)))
        metrics.REIMBURSEMENT_WORK.set(await self._store.count_work())
        return finished

    async def _finish(self, reimbursement_id: UUID, kind: str) -> bool:
        try:
            with span("settlement.reimbursement"), recovering():
                record = await self._reimbursements.find(reimbursement_id)
                if kind == BOOK and record.state is ReimbursementState.SUBMITTED:
                    await self._reimbursements.book(record)
                elif kind != BOOK and record.state in UNBOOKS:
                    await self._reimbursements.unbook(record)
                else:
                    await self._store.drop_work(reimbursement_id, kind)
        except Exception as error:  # noqa: BLE001 - one that fails must not keep the others waiting
            get_logger().warning(
                "reimbursement stays open",
                reimbursement_id=str(reimbursement_id),
                state=kind,
                reason=error.reason if isinstance(error, DomainError) else "",
                exception=type(error).__name__,
            )
            return False
        return True

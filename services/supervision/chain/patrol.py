"""Verifies the chain and its sources page by page, round and round, and raises the alarm."""

from __future__ import annotations

from typing import TYPE_CHECKING

from services.kit.errors import DomainError
from services.kit.log import get_logger
from services.supervision import metrics
from services.supervision.domain.chain import EMPTY, Head, Problem

if TYPE_CHECKING:
    from services.supervision.chain.verifying import Verifier


class Patrol:
    """Goes on where it stood, and from the first block again when it is through."""

    def __init__(self, verifier: Verifier) -> None:
        """Holds what to verify with."""
        self._verifier = verifier
        self._until: Head = EMPTY
        self._told: Problem | None = None

    async def round(self) -> None:
        """Verifies one page.

        What is wrong is told once and stays told by the metric, until a pass finds the chain and
        its sources whole: a restored database mends both.
        """
        try:
            found = await self._verifier.verify(
                after_block=self._until.block_id, after_digest=self._until.digest
            )
        except DomainError as error:
            # A source cannot be read: the lag of the chain tells, too.
            get_logger().warning("patrol of the audit chain waits", reason=error.reason)
            return
        if found.problem is not None:
            metrics.CHAIN_BROKEN.set(1)
            if found.problem != self._told:
                self._told = found.problem
                get_logger().error(
                    "audit chain broken",
                    reason=found.problem.kind.value,
                    block=found.problem.block_id,
                    feed=found.problem.source,
                    cursor=found.problem.position,
                )
            self._until = EMPTY
            return
        is_through = found.until.block_id >= found.last_block
        self._until = EMPTY if is_through else found.until
        if is_through:
            metrics.CHAIN_BROKEN.set(0)
            self._told = None

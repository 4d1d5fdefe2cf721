"""Verifies the chain and its sources page by page, round and round, and raises the alarm."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

from services.kit.errors import DomainError
from services.kit.log import get_logger
from services.supervision import metrics
from services.supervision.domain.chain import EMPTY, Head, Problem

if TYPE_CHECKING:
    from collections.abc import Callable

    from services.supervision.chain.verifying import Verifier


class Patrol:
    """Goes on where it stood, and from the first block again when it is through.

    It begins anywhere: once through a long chain takes weeks, in which processes are replaced, and
    several of them should not walk in step.
    """

    def __init__(
        self, verifier: Verifier, *, begin: Callable[[int], int] = secrets.randbelow
    ) -> None:
        """Holds what to verify with.

        Args:
            verifier: recomputes blocks and reads their rows again.
            begin: gives the block to begin after, 0 to the length of the chain without that.
        """
        self._verifier = verifier
        self._begin = begin
        self._until: Head | None = None
        self._is_whole = False
        """Whether the pass in hand has begun at the first block."""
        self._told: Problem | None = None

    async def round(self) -> None:
        """Verifies one page.

        What is wrong is told once and stays told by the metric, until a pass finds the chain and
        its sources whole: a restored database mends both.
        """
        try:
            if self._until is None:
                self._until = await self._verifier.head_at(self._begin)
                self._is_whole = self._until == EMPTY
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
            self._restart()
            return
        is_through = found.until.block_id >= found.last_block
        if not is_through:
            self._until = found.until
            return
        if self._is_whole:
            metrics.CHAIN_BROKEN.set(0)
            self._told = None
        self._restart()

    def _restart(self) -> None:
        self._until, self._is_whole = EMPTY, True

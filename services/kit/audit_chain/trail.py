"""What a service adds to the audit chain besides its tables: denials, and single events."""

from __future__ import annotations

import asyncio
import contextlib
from collections import Counter
from typing import TYPE_CHECKING, Final

import orjson
import prometheus_client

from services.kit.audit_chain.sources import SourceStore
from services.kit.log import get_logger

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping

    from services.kit.authorisation import Denial
    from services.kit.db import Connection, Database

DROPPED: Final = prometheus_client.Counter(
    "yijie_audit_denials_dropped", "Denials that could not be written for the audit chain."
)
DENIED: Final = "CALL_DENIED"
"""Kind of the events that tell of denials: calls that were refused for who made them."""
_FLUSH_S: Final = 1.0
_WAITING_MAX: Final = 1000
"""Denials of different kinds that are kept until they are written."""

_RECORD: Final = """/* audit.record_event */
INSERT INTO audit_event (kind, record_id, content) VALUES ($1, $2, $3)"""
_RECORD_MANY: Final = """/* audit.record_denials */
INSERT INTO audit_event (kind, content) SELECT $1, one FROM unnest($2::text[]) AS one"""


class Trail:
    """Takes what has no table of its own into the service's sources. Made by `open_trail`."""

    def __init__(self, database: Database, service: str) -> None:
        """Writes into the service's database."""
        self._database = database
        self._denials: Counter[Denial] = Counter()
        self.sources: Final = SourceStore(database, service)

    def denied(self, denial: Denial) -> None:
        """Notes that a call was refused; it is written within a second, whatever happens to it.

        Neither waits nor fails: denials of one kind are counted, so that a flood of them costs a
        row a second.
        """
        self._count(denial, 1)

    def _count(self, denial: Denial, count: int) -> None:
        if denial not in self._denials and len(self._denials) >= _WAITING_MAX:
            DROPPED.inc(count)
            return
        self._denials[denial] += count

    async def record(
        self,
        connection: Connection,
        *,
        kind: str,
        content: Mapping[str, str | int],
        record_id: str = "",
    ) -> None:
        """Writes an event in the transaction of what it tells.

        Args:
            connection: of the use case.
            kind: in capitals, e.g. "KEY_CHANGED".
            content: in the clear; no personal data.
            record_id: what it happened to.
        """
        await connection.execute(_RECORD, kind, record_id, _json(content))

    async def flush(self) -> None:
        """Writes the denials counted so far."""
        if not self._denials:
            return
        taken, self._denials = self._denials, Counter()
        contents = [
            _json(
                {
                    "method": denial.method,
                    "role": denial.caller.role,
                    "region": denial.caller.region_code,
                    "reason": denial.reason,
                    "count": count,
                }
            )
            for denial, count in taken.items()
        ]
        try:
            await self._database.execute(_RECORD_MANY, DENIED, contents)
        except asyncio.CancelledError:
            self._count_again(taken)
            raise
        except Exception as error:  # noqa: BLE001 - the service goes on, whatever the database says
            self._count_again(taken)
            get_logger().warning("denials not written", exception=type(error).__name__)

    def _count_again(self, taken: Counter[Denial]) -> None:
        # Until the database is back; a count too many is better than one too few.
        for denial, count in taken.items():
            self._count(denial, count)

    def drop(self) -> None:
        """Gives up what could not be written, and says how much it was."""
        DROPPED.inc(self._denials.total())
        self._denials.clear()


@contextlib.asynccontextmanager
async def open_trail(database: Database, service: str) -> AsyncIterator[Trail]:
    """Gives the service's trail, which is written every second while the block runs."""
    trail = Trail(database, service)

    async def follow() -> None:
        while True:
            await asyncio.sleep(_FLUSH_S)
            await trail.flush()

    task = asyncio.create_task(follow(), name="audit trail")
    try:
        yield trail
    finally:
        task.cancel()
        await asyncio.wait([task])
        await trail.flush()
        trail.drop()


def _json(content: Mapping[str, str | int]) -> str:
    return orjson.dumps(dict(content)).decode()

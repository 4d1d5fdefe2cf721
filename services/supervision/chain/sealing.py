"""Seals what all services have on record: a block for each round that finds something.

A round asks every source for what came after the row that was sealed last, and appends what they
answered as one block, which moves the sources too, in one transaction: a row is sealed once,
whoever crashes. A source that cannot be read holds up nobody else; it is asked again after a while.
"""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import functools
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from services.kit import telemetry
from services.kit.audit_chain.sources import read_position
from services.kit.errors import DomainError
from services.kit.log import get_logger
from services.kit.reasons import TEXT_ZH
from services.supervision import metrics
from services.supervision.chain import store
from services.supervision.chain.store import ChainMoved
from services.supervision.domain.chain import (
    BLOCK_BYTES_MAX,
    Entry,
    Malformed,
    next_block,
    require_sound,
    write_line,
)

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping, Sequence
    from datetime import datetime

    from services.kit.audit_chain.sources import SourceRow
    from services.kit.clock import Clock
    from services.kit.db import Connection, Database
    from services.supervision.chain.sources import Source
    from services.supervision.domain.chain import Head

STANDBY_S: Final = 5.0
"""Wait of a replica that found another one at work."""
_PAUSE_S_MAX: Final = 30.0
"""Longest wait before a source that could not be read is asked again."""
_MALFORMED: Final = "MALFORMED"
_OTHER: Final = "OTHER"


@dataclass(slots=True)
class _Standing:
    """What is known of a source."""

    current_at: datetime
    """All that happened before is sealed, as far as is known."""
    failures: int = 0
    asked_again_at: float = 0.0
    """By the monotonic clock."""
    pushed_out: int = 0
    """Blocks since the last one that had room for it, while rows of it were waiting."""


@dataclass(frozen=True, slots=True)
class _Read:
    """What a source answered in a round."""

    source: str
    after: str
    rows: Sequence[SourceRow]
    has_more: bool
    held_since: datetime | None


class Sealer:
    """Reads the sources and appends to the chain."""

    def __init__(self, database: Database, clock: Clock, sources: Mapping[str, Source]) -> None:
        """Holds what to seal, by name."""
        self._database = database
        self._clock = clock
        self._sources = sources
        now = clock.now()
        self._standings = {name: _Standing(now) for name in sources}
        self._is_begun = False
        for name in sources:
            metrics.CHAIN_LAG.labels(name).set_function(functools.partial(self.lag_s, name))

    @property
    def sources(self) -> Mapping[str, Source]:
        """The sources by name."""
        return self._sources

    def lag_s(self, source: str) -> float:
        """Returns how far behind a source is sealed; grows while it cannot be read."""
        standing = self._standings.get(source)
        if standing is None:
            return 0.0
        return max(0.0, (self._clock.now() - standing.current_at).total_seconds())

    async def round(self) -> bool:
        """Seals what there is; returns whether more is known to be waiting.

        Raises:
            ChainMoved: another process seals, too.
        """
        if not self._is_begun:
            await self._begin()
        positions = await store.positions(self._database)
        if not self._sources.keys() <= positions.keys():
            await store.keep_sources(self._database, list(self._sources))
        asked_at = self._clock.now()
        # Who was pushed out most often first: no source may fill every block.
        names = sorted(self._sources, key=lambda name: -self._standings[name].pushed_out)
        answers = await asyncio.gather(
            *(self._ask(name, positions.get(name, "")) for name in names)
        )
        sealed: Sequence[_Read] = [one for one in answers if one is not None]
        if any(one.rows for one in sealed):
            sealed = await self._seal(sealed)
            metrics.CHAIN_BLOCKS.inc()
        for one in sealed:
            self._note(one, asked_at)
        return any(one.has_more for one in sealed)

    async def _begin(self) -> None:
        # A source that has been away for a week is a week behind after a restart, too.
        for name, sealed_at in (await store.sealed_times(self._database)).items():
            standing = self._standings.get(name)
            if standing is not None:
                standing.current_at = min(standing.current_at, sealed_at)
        self._is_begun = True

    async def _ask(self, source: str, after: str) -> _Read | None:
        standing = self._standings[source]
        if self._clock.monotonic() < standing.asked_again_at:
            return None
        try:
            page = await self._sources[source].read(after)
            _require_order(after, page.rows)
        except DomainError as error:
            # A province's own system can answer with any word: no label is made of it.
            self._failed(source, error.reason if error.reason in TEXT_ZH else _OTHER)
            return None
        except Malformed:
            self._failed(source, _MALFORMED)
            return None
        except Exception as error:  # noqa: BLE001 - whatever it answers, it holds up nobody else
            self._failed(source, type(error).__name__)
            return None
        if standing.failures:
            get_logger().info("audit source is read again", feed=source)
        standing.failures, standing.asked_again_at = 0, 0.0
        return _Read(source, after, page.rows, page.has_more, page.held_since)

    async def _seal(self, reads: Sequence[_Read]) -> Sequence[_Read]:
        async def work(connection: Connection) -> Sequence[_Read]:
            head = await store.lock(connection)
            lines, sealed = self._lines(head, reads)
            # Packing takes longer than who asks this process for something else may wait.
            block = await asyncio.to_thread(next_block, head, lines, now=self._clock.now())
            moves = [
                (one.source, one.after, str(one.rows[-1].position)) for one in sealed if one.rows
            ]
            await store.append(connection, block, moves=moves)
            return sealed

        return await self._database.run("supervision.seal", work)

    def _lines(self, head: Head, reads: Sequence[_Read]) -> tuple[list[bytes], Sequence[_Read]]:
        """Returns the lines of the next block, and of each source what they hold."""
        lines: list[bytes] = []
        sealed: list[_Read] = []
        room = BLOCK_BYTES_MAX
        for one in reads:
            after, kept = one.after, 0
            for row in one.rows:
                line = write_line(_entry(head.entry_count + len(lines) + 1, one.source, after, row))
                if lines and room < len(line):
                    break
                room -= len(line) + 1
                lines.append(line)
                after, kept = str(row.position), kept + 1
            is_whole = kept == len(one.rows)
            sealed.append(
                dataclasses.replace(
                    one, rows=one.rows[:kept], has_more=one.has_more or not is_whole
                )
            )
        return lines, sealed

    def _note(self, read: _Read, asked_at: datetime) -> None:
        standing = self._standings[read.source]
        standing.pushed_out = standing.pushed_out + 1 if read.has_more and not read.rows else 0
        if read.rows:
            metrics.CHAIN_ENTRIES.labels(read.source).inc(len(read.rows))
        if not read.has_more:
            standing.current_at = min(asked_at, read.held_since or asked_at)
        elif read.rows:
            standing.current_at = min(asked_at, read.rows[-1].event_time)

    def _failed(self, source: str, reason: str) -> None:
        metrics.CHAIN_FAILURES.labels(source, reason).inc()
        standing = self._standings[source]
        if not standing.failures:
            get_logger().warning("audit source cannot be read", feed=source, reason=reason)
        standing.failures += 1
        pause = min(_PAUSE_S_MAX, 2.0 ** min(standing.failures, 10))
        standing.asked_again_at = self._clock.monotonic() + pause

    @contextlib.asynccontextmanager
    async def running(self, interval_s: float) -> AsyncIterator[None]:
        """Seals every `interval_s` seconds while the block runs, at once while more is waiting."""
        task = asyncio.create_task(self._rounds(interval_s), name="audit chain")
        try:
            yield
        finally:
            task.cancel()
            await asyncio.wait([task])

    async def _rounds(self, interval_s: float) -> None:
        while True:
            pause = interval_s
            try:
                with telemetry.span("supervision.seal_round"):
                    pause = 0.0 if await self.round() else interval_s
            except ChainMoved:
                pause = STANDBY_S
            except Exception as error:  # noqa: BLE001 - one bad round must not end the chain
                metrics.CHAIN_FAILURES.labels("chain", type(error).__name__).inc()
                get_logger().warning("round failed", round="chain", exception=type(error).__name__)
            await asyncio.sleep(pause)


def _require_order(after: str, rows: Sequence[SourceRow]) -> None:
    """Refuses what cannot be sealed: a source need not be one of ours."""
    before = read_position(after)
    for row in rows:
        require_sound(
            kind=row.kind,
            event_time=row.event_time,
            record_id=row.record_id,
            content=row.content,
        )
        if row.position <= before:
            msg = "a source does not go on after where it was asked to"
            raise Malformed(msg)
        before = row.position


def _entry(number: int, source: str, after: str, row: SourceRow) -> Entry:
    return Entry(
        number=number,
        source=source,
        after=after,
        position=str(row.position),
        kind=row.kind,
        event_time=row.event_time,
        record_id=row.record_id,
        content=row.content,
    )

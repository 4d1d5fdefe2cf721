"""The engine of a load: reads, converts, sends in batches, counts what was refused."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Protocol

from services.cli.loading.kinds import Batch, Entry, Kind
from services.cli.loading.reader import Broken, Source
from services.cli.loading.refusals import Refusal, RefusedFile, Tally
from services.kit.errors import DomainError

BATCH_BYTES_MAX: Final = 1024 * 1024
"""Of the file's bytes in a batch: a request then stays well below what a server receives."""


class Watcher(Protocol):
    """Is told how far a load has come."""

    def loaded(self, *, bytes_read: int, rows: int, refused: int) -> None:
        """Takes in the state after a batch."""
        ...


@dataclass(slots=True)
class Outcome:
    """What became of a file."""

    tally: Tally = field(default_factory=Tally)
    broken: Broken | None = None
    """Where the file could not be read on."""
    stopped: DomainError | None = None
    """Why the hub did not take all of it."""
    stopped_after_line: int = 0
    """Last line that is known to be done with."""
    elapsed_s: float = 0.0
    notes: list[tuple[str, str]] = field(default_factory=list)

    @property
    def rows_in(self) -> int:
        """Lines that went in."""
        return self.tally.rows - self.tally.refused_rows

    @property
    def exit_code(self) -> int:
        """0 all in, 1 some refused or broken off, 2 nothing could be read."""
        if not self.tally.rows and self.stopped is None:
            return 2
        whole = self.broken is None and self.stopped is None
        return 0 if whole and not self.tally.refused_rows else 1


@dataclass(slots=True)
class _Sent:
    batch: Batch
    rows: int
    """Lines of the file up to its end."""
    task: asyncio.Task[list[Refusal]]


class Load:
    """Loads one file."""

    def __init__(
        self,
        source: Source,
        kind: Kind,
        refused: RefusedFile,
        watcher: Watcher | None = None,
    ) -> None:
        self.outcome = Outcome()
        self._source = source
        self._kind = kind
        self._refused = refused
        self._watcher = watcher
        self._lines_read = 0
        self._pending: deque[_Sent] = deque()

    async def run(self) -> Outcome:
        """Loads the file; what was sent and not answered when it is broken off may be in."""
        started = time.monotonic()
        try:
            await self._run()
        except DomainError as error:
            self.outcome.stopped = error
        finally:
            for sent in self._pending:
                sent.task.cancel()
            await asyncio.gather(*(sent.task for sent in self._pending), return_exceptions=True)
            self.outcome.elapsed_s = time.monotonic() - started
        await self._kind.close()
        self.outcome.broken = self._source.broken
        self.outcome.notes = self._kind.notes() if self.outcome.stopped is None else []
        return self.outcome

    async def _run(self) -> None:
        entries = self._kind.entries(self._source.rows(self._refuse), self._refuse)
        held: list[Entry] = []
        for number, group in enumerate(_groups(entries, self._kind.batch_entries), 1):
            # One behind: that a batch is the last is known when none follows it.
            if held:
                await self._send(number - 1, held, is_last=False)
            held = group
            last_number = number
        if held:
            is_whole = self._source.broken is None
            await self._send(last_number, held, is_last=is_whole)
        while self._pending:
            await self._finish()

    async def _send(self, number: int, entries: list[Entry], *, is_last: bool) -> None:
        if self._kind.window == 1 or len(self._pending) >= self._kind.window:
            while len(self._pending) >= self._kind.window:
                await self._finish()
        batch = Batch(number, entries, is_last, self.outcome.tally.refused_rows)
        task = asyncio.create_task(self._kind.send(batch))
        rows = sum(len(entry.lines) for entry in entries)
        self._pending.append(_Sent(batch, rows, task))
        # Lets the batch go out before the next is made.
        await asyncio.sleep(0)

    async def _finish(self) -> None:
        sent = self._pending.popleft()
        try:
            refusals = await sent.task
        except DomainError as error:
            if error.reason != "REQUEST_ID_REUSED":
                raise
            refusals = [
                Refusal(line, "", error.reason, "this part was loaded before with other rows")
                for entry in sent.batch.entries
                for line in entry.lines
            ]
        except asyncio.CancelledError:
            sent.task.cancel()
            raise
        self.outcome.tally.rows += sent.rows
        self.outcome.tally.add(refusals)
        self._refused.write(refusals)
        self.outcome.stopped_after_line = sent.batch.entries[-1].lines[-1]
        if self._watcher is not None:
            self._watcher.loaded(
                bytes_read=self._source.bytes_read,
                rows=self.outcome.tally.rows,
                refused=self.outcome.tally.refused_rows,
            )

    def _refuse(self, refusal: Refusal) -> None:
        """Takes in a line that becomes nothing."""
        self.outcome.tally.rows += 1
        self.outcome.tally.add([refusal])
        self._refused.write([refusal])


def _groups(entries: Iterator[Entry], most: int) -> Iterator[list[Entry]]:
    group: list[Entry] = []
    size = 0
    for entry in entries:
        if group and (len(group) >= most or size + entry.size > BATCH_BYTES_MAX):
            yield group
            group, size = [], 0
        group.append(entry)
        size += entry.size
    if group:
        yield group


def refused_path(path: Path) -> Path:
    """Returns where the refused rows of a file are listed."""
    return path.with_name(path.name + ".refused.csv")

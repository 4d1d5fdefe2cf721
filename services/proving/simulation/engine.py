"""What PostgreSQL promises, in memory: READ COMMITTED, row locks, unique keys, transaction ids.

A statement sees what was committed when it began and what its own transaction wrote. A row that it
locks or changes is the newest one, after waiting for whoever holds it. A unique key that another
transaction is inserting makes it wait for that one's end. Transactions commit in another order than
they got their ids. Nothing else is modelled: a statement is a Python function of tables.py, which
the conformance tests hold to the SQL of the same name.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from typing import Any, TypeAlias

import asyncpg

Key: TypeAlias = tuple[Any, ...]
Row: TypeAlias = Mapping[str, Any]
Result: TypeAlias = "list[dict[str, Any]] | int"
"""Rows, or of a statement that returns none how many it changed."""
Statement: TypeAlias = Callable[..., Result]

FIRST_XID = 985
"""Ids soon get a digit more: compared as text, 1000 comes before 999."""


class Blocked(Exception):
    """The statement must wait for the end of another transaction, and is then run again."""

    def __init__(self, holder: Transaction) -> None:
        super().__init__()
        self.holder = holder


class Server:
    """One database: tables, transactions and their order."""

    def __init__(self, now: Callable[[], datetime]) -> None:
        self.now = now
        """What now() gives in a statement."""
        self.tables: dict[str, dict[Key, list[tuple[int, Row | None]]]] = {}
        self.locks: dict[tuple[str, Key], Transaction] = {}
        self.running: dict[int, Transaction] = {}
        """Transactions with an id that have not ended, by id."""
        self.commits = 0
        self._next_xid = FIRST_XID
        self._sequences: dict[str, int] = {}

    def begin(self) -> Transaction:
        """Starts a transaction; it gets an id when it first writes."""
        return Transaction(self)

    def next_value(self, sequence: str) -> int:
        """Returns the next number; what rolls back leaves a hole, as everywhere."""
        value = self._sequences.get(sequence, 0) + 1
        self._sequences[sequence] = value
        return value

    def last_value(self, sequence: str) -> int:
        """Returns the last number drawn; 1 before the first, as PostgreSQL has it."""
        return self._sequences.get(sequence, 1)

    def assign_xid(self, transaction: Transaction) -> int:
        """Gives a transaction its id."""
        xid = self._next_xid
        self._next_xid += 1
        self.running[xid] = transaction
        return xid

    def xmin(self) -> int:
        """Returns the oldest id still running, or the next one: all below it have ended."""
        return min(self.running, default=self._next_xid)

    def versions(self, table: str) -> dict[Key, list[tuple[int, Row | None]]]:
        """Returns a table: of each key its committed rows, oldest first; None: deleted."""
        return self.tables.setdefault(table, {})

    def rows(self, table: str) -> list[Row]:
        """Returns what is committed now."""
        newest = (versions[-1][1] for versions in self.versions(table).values())
        return [row for row in newest if row is not None]


class Transaction:
    """One transaction. Its statements call the methods below; they never await."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self.snapshot = server.commits
        self.waits_for: Transaction | None = None
        self.has_ended = False
        self._xid = 0
        self._writes: dict[tuple[str, Key], Row | None] = {}
        self._held: list[tuple[str, Key]] = []
        self._ended: asyncio.Future[None] | None = None

    @property
    def xid(self) -> int:
        """Its id, as pg_current_xact_id() gives it."""
        if not self._xid:
            self._xid = self.server.assign_xid(self)
        return self._xid

    def is_read_only(self) -> bool:
        """Tells whether it has no id so far."""
        return not self._xid

    # What a statement reads.

    def get(self, table: str, *key: Any) -> Row | None:
        """Returns a row as of the statement's beginning."""
        where = (table, key)
        if where in self._writes:
            return self._writes[where]
        return _as_of(self.server.versions(table).get(key, ()), self.snapshot)

    def scan(self, table: str) -> Iterator[tuple[Key, Row]]:
        """Yields the rows as of the statement's beginning, in the order of their insertion."""
        committed = self.server.versions(table)
        for key in committed:
            row = self.get(table, *key)
            if row is not None:
                yield key, row
        for (name, key), row in list(self._writes.items()):
            if name == table and row is not None and key not in committed:
                yield key, row

    def latest(self, table: str, *key: Any) -> Row | None:
        """Returns the newest committed row, or our own."""
        where = (table, key)
        if where in self._writes:
            return self._writes[where]
        versions = self.server.versions(table).get(key)
        return versions[-1][1] if versions else None

    def is_locked(self, table: str, *key: Any) -> bool:
        """Tells whether another transaction holds a row: FOR UPDATE SKIP LOCKED skips it."""
        holder = self.server.locks.get((table, key))
        return holder is not None and holder is not self

    # What a statement locks and writes.

    def lock(self, table: str, *key: Any) -> Row | None:
        """Locks a row and returns its newest version, or None if it is gone. May block."""
        where = (table, key)
        holder = self.server.locks.get(where)
        if holder is not None and holder is not self:
            raise Blocked(holder)
        if holder is None:
            self.server.locks[where] = self
            self._held.append(where)
        return self.latest(table, *key)

    def insert(self, table: str, key: Key, row: Row, *, constraint: str = "") -> None:
        """Inserts a row. Raises UniqueViolationError, as the SQL would. May block."""
        if not self.insert_new(table, key, row):
            error = asyncpg.UniqueViolationError(f"duplicate key of {table}")
            error.constraint_name = constraint or f"{table}_pkey"
            raise error

    def insert_new(self, table: str, key: Key, row: Row) -> bool:
        """Inserts a row unless the key is taken: ON CONFLICT DO NOTHING. May block."""
        if self.lock(table, *key) is not None:
            return False
        self._write(table, key, row)
        return True

    def update(self, table: str, key: Key, **changes: Any) -> Row | None:
        """Changes a row; returns it, or None if it is gone. May block."""
        row = self.lock(table, *key)
        if row is None:
            return None
        changed = {**row, **changes}
        self._write(table, key, changed)
        return changed

    def delete(self, table: str, *key: Any) -> bool:
        """Deletes a row that the statement sees; returns whether it was there. May block."""
        if self.get(table, *key) is None or self.lock(table, *key) is None:
            return False
        self._write(table, key, None)
        return True

    def _write(self, table: str, key: Key, row: Row | None) -> None:
        _ = self.xid
        self._writes[table, key] = row

    # Statements and the end.

    def attempt(self, statement: Statement, arguments: tuple[Any, ...], *, again: bool) -> Result:
        """Runs a statement; `again` after it blocked: it then sees what it saw at first.

        Raises Blocked, DeadlockDetectedError or what the statement does. A statement that fails
        leaves no trace but its locks, like one after a savepoint.
        """
        if not again:
            self.snapshot = self.server.commits
        kept = dict(self._writes)
        try:
            return statement(self, *arguments)
        except Blocked as blocked:
            self._writes = kept
            self._wait_for(blocked.holder)
            raise
        except asyncpg.PostgresError:
            self._writes = kept
            raise

    def _wait_for(self, holder: Transaction) -> None:
        seen: Transaction | None = holder
        while seen is not None:
            if seen is self:
                raise asyncpg.DeadlockDetectedError("deadlock detected")
            seen = seen.waits_for
        self.waits_for = holder

    async def end(self) -> None:
        """Waits until the transaction has ended."""
        if self.has_ended:
            return
        if self._ended is None:
            self._ended = asyncio.get_running_loop().create_future()
        await asyncio.shield(self._ended)

    def commit(self) -> None:
        """Makes all of it visible at once."""
        server = self.server
        if self._writes:
            server.commits += 1
            for (table, key), row in self._writes.items():
                server.versions(table).setdefault(key, []).append((server.commits, row))
        self._finish()

    def roll_back(self) -> None:
        """Makes it as if it had never been; what it drew from sequences stays drawn."""
        self._finish()

    def _finish(self) -> None:
        self.has_ended = True
        self._writes = {}
        for where in self._held:
            del self.server.locks[where]
        self._held = []
        self.waits_for = None
        self.server.running.pop(self._xid, None)
        if self._ended is not None and not self._ended.done():
            self._ended.set_result(None)


def _as_of(versions: Any, snapshot: int) -> Row | None:
    for commit, row in reversed(versions):
        if commit <= snapshot:
            found: Row | None = row
            return found
    return None

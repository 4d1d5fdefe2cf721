"""Audits what the feeds bring: every batch in one transaction with its cursor."""

from __future__ import annotations

import time
from collections import Counter
from typing import TYPE_CHECKING, Any, Final

from services.kit.feed import Batch, move_cursor
from services.kit.log import get_logger
from services.supervision import metrics
from services.supervision.audit.details import Shelf
from services.supervision.audit.gate import Gate
from services.supervision.audit.records import FEED, Recorded, Records, person_of
from services.supervision.domain.audit import audit_steps, rest_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from services.kit.db import Connection, Database
    from services.supervision.domain.audit import AuditEvent, Change, PersonRecord
    from services.supervision.domain.ruleset import RuleSet
    from services.supervision.ruleset_source import RuleSetSource

_SILENCE_S: Final = 10.0
"""The database gives up a transaction of which it hears nothing for a minute (kit/db.py)."""
_READ_AT_ONCE: Final = 4
"""Events that are read before others have a turn: half a millisecond."""

_GO_ON: Final = """/* supervision.go_on_auditing */
SELECT 1 AS still_here"""


class Auditor:
    """Audits batches of one feed or another."""

    def __init__(
        self,
        database: Database,
        records: Records,
        rules: RuleSetSource,
        gate: Gate | None = None,
    ) -> None:
        """Holds what all batches share; `gate`: who goes first, None: nobody."""
        self._database = database
        self._gate = gate or Gate()
        self._records = records
        self._rules = rules
        self._known: tuple[RuleSet, RuleSet] | None = None

    async def apply(
        self,
        after: str,
        batch: Batch[Any],
        *,
        feed: str,
        read: Callable[[Any], AuditEvent | None],
    ) -> None:
        """Audits the events of a batch, one after the other.

        Args:
            after: the cursor that the batch was read after.
            batch: events as they came: reading one takes too long to read all at once.
            feed: whose cursor moves.
            read: reads an event; None: it is not about a bill.

        Raises:
            CursorMoved: the batch was audited already, here or by another replica.
            FeedMalformed: an event cannot be read; nothing of the batch is recorded.
        """
        events = await self._read(after, batch, feed=feed, read=read)
        ruleset = self._rules.ruleset()

        async def work(connection: Connection) -> Recorded:
            await move_cursor(connection, feed, after=after, to=batch.cursor)
            if feed != FEED:
                await self._records.lock(connection)
            recorded = await self._audit(connection, events, ruleset)
            await self._records.write(connection, recorded)
            return recorded

        _count(await self._database.run("supervision.audit", work))

    async def _read(
        self,
        after: str,
        batch: Batch[Any],
        *,
        feed: str,
        read: Callable[[Any], AuditEvent | None],
    ) -> list[AuditEvent]:
        events = []
        for number, one in enumerate(batch.events):
            if number % _READ_AT_ONCE == 0:
                await self._gate.give_way()
            try:
                event = read(one)
            except Exception as error:
                # The feed stops here until somebody looks: where is all that they need to know.
                get_logger().error(
                    "event not read",
                    round=feed,
                    cursor=after,
                    count=number,
                    exception=type(error).__name__,
                )
                raise
            if event is not None:
                events.append(event)
        return events

    def _rest(self, ruleset: RuleSet) -> RuleSet:
        if self._known is None or self._known[0] is not ruleset:
            self._known = (ruleset, rest_of(ruleset))
        return self._known[1]

    async def _audit(
        self, connection: Connection, events: list[AuditEvent], ruleset: RuleSet
    ) -> Recorded:
        recorded = Recorded()
        if not events:
            return recorded
        rest = self._rest(ruleset)
        records = await self._records.load(
            connection, events, history_days=ruleset.history_days_max
        )
        turns = _Turns(self._gate, connection)
        for event in events:
            record = records[person_of(event)]
            change = await _change(event, record, ruleset, rest, turns)
            if change.settled is not None:
                row = self._records.row_of(change.settled, ruleset_version=ruleset.version)
                recorded.rows.append(row)
            recorded.add(change, record.bills)
            await turns.next()
        return recorded


async def _change(
    event: AuditEvent,
    record: PersonRecord,
    ruleset: RuleSet,
    rest: RuleSet,
    turns: _Turns,
) -> Change:
    shelf = Shelf(record.bills)
    steps = audit_steps(event, record, ruleset, rest=rest, histories=shelf.history)
    spent = 0.0
    while True:
        started = time.perf_counter()
        try:
            next(steps)
        except StopIteration as end:
            metrics.AUDIT_DURATION.observe(spent + time.perf_counter() - started)
            change: Change = end.value
            return change
        spent += time.perf_counter() - started
        await turns.next()


class _Turns:
    """Takes turns with whoever waits for this process, and keeps the transaction alive."""

    def __init__(self, gate: Gate, connection: Connection) -> None:
        self._gate = gate
        self._connection = connection
        self._heard = time.monotonic()

    async def next(self) -> None:
        # A bill that is being settled waits no longer than for one that is being audited.
        await self._gate.give_way()
        if time.monotonic() - self._heard > _SILENCE_S:
            await self._connection.fetchrow(_GO_ON)
            self._heard = time.monotonic()


def _count(recorded: Recorded) -> None:
    # After the commit: a transaction may run more than once.
    for channel, count in Counter(recorded.channels).items():
        metrics.AUDITED_BILLS.labels(channel).inc(count)
    metrics.RECORDED_REVERSALS.inc(len(recorded.reversals))
    kinds = Counter(
        (one.finding.rule_code, one.finding.result_class.value, one.moment.value)
        for one in recorded.findings
    )
    for kind, count in kinds.items():
        metrics.RECORDED_FINDINGS.labels(*kind).inc(count)
    for withdrawal in recorded.withdrawals:
        metrics.WITHDRAWN_FINDINGS.labels(withdrawal.reason.value).inc()

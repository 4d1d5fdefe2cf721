"""Audits what the feeds bring: every batch in one transaction with its cursor."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Any

from services.kit.feed import Batch, move_cursor
from services.supervision import metrics
from services.supervision.audit.details import StoredHistory
from services.supervision.audit.records import FEED, Recorded, Records, person_of
from services.supervision.domain.audit import audit, rest_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from services.kit.db import Connection, Database
    from services.supervision.domain.audit import AuditEvent
    from services.supervision.domain.ruleset import RuleSet
    from services.supervision.ruleset_source import RuleSetSource


class Auditor:
    """Audits batches of one feed or another."""

    def __init__(self, database: Database, records: Records, rules: RuleSetSource) -> None:
        """Holds what all batches share."""
        self._database = database
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
        events = [event for event in [read(one) async for one in _one_by_one(batch)] if event]
        ruleset = self._rules.ruleset()

        async def work(connection: Connection) -> Recorded:
            await move_cursor(connection, feed, after=after, to=batch.cursor)
            if feed != FEED:
                await self._records.lock(connection)
            recorded = await self._audit(connection, events, ruleset)
            await self._records.write(connection, recorded)
            return recorded

        _count(await self._database.run("supervision.audit", work))

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
        for event in events:
            record = records[person_of(event)]
            started = time.perf_counter()
            change = audit(event, record, ruleset, rest=rest, history=StoredHistory)
            metrics.AUDIT_DURATION.observe(time.perf_counter() - started)
            if change.settled is not None:
                row = self._records.row_of(change.settled, ruleset_version=ruleset.version)
                recorded.rows.append(row)
            recorded.add(change, record.bills)
            # A bill that is being settled waits no longer than for one that is being audited.
            await asyncio.sleep(0)
        return recorded


async def _one_by_one(batch: Batch[Any]) -> Any:
    for event in batch.events:
        yield event
        await asyncio.sleep(0)


def _count(recorded: Recorded) -> None:
    # After the commit: a transaction may run more than once.
    for channel in recorded.channels:
        metrics.AUDITED_BILLS.labels(channel).inc()
    metrics.RECORDED_REVERSALS.inc(len(recorded.reversals))
    for one in recorded.findings:
        metrics.RECORDED_FINDINGS.labels(
            one.finding.rule_code, one.finding.result_class.value, one.moment.value
        ).inc()
    for withdrawal in recorded.withdrawals:
        metrics.WITHDRAWN_FINDINGS.labels(withdrawal.reason.value).inc()

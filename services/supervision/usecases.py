"""What supervision does: screens bills, records what the journal brings, lists findings."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Final, Protocol

from services.kit.feed import Batch
from services.supervision import metrics
from services.supervision.domain.model import Bill, Finding
from services.supervision.domain.recording import (
    JournalEvent,
    Moment,
    RecordedFinding,
    Reversal,
    Screening,
    SettledBill,
    without_repeats,
)
from services.supervision.domain.screen import RuleSet, screen

if TYPE_CHECKING:
    from services.supervision.domain.signals import RecordedSignal, Signal
    from services.supervision.signal_store import SignalFilter, SignalStore
    from services.supervision.store import FindingFilter, Store

FETCHES_AT_ONCE_MAX: Final = 8
"""Bills fetched from settlement at the same time: enough to catch up, too few to disturb it."""


class Bills(Protocol):
    """Where the bill of a settlement is fetched from."""

    async def bill(self, settlement: SettledBill) -> Bill:
        """Fetches one bill with its lines."""
        ...


def screen_bill(bill: Bill, ruleset: RuleSet) -> tuple[Finding, ...]:
    """Screens a bill and takes the time that the rules need."""
    started = time.perf_counter()
    findings = screen(bill, ruleset)
    metrics.SCREEN_DURATION.observe(time.perf_counter() - started)
    return findings


async def record(
    store: Store,
    bills: Bills,
    ruleset: RuleSet,
    *,
    after: str,
    batch: Batch[JournalEvent],
) -> None:
    """Records a batch of the feed in one transaction with the cursor.

    Bills that the round trip could not screen are fetched and screened first, outside of it.

    Raises:
        CursorMoved: the batch was recorded already, here or by another replica.
        Unavailable: a bill could not be fetched; nothing is recorded.
    """
    events = without_repeats(batch.events)
    settled = [one for one in events if isinstance(one, SettledBill)]
    reversals = [one for one in events if isinstance(one, Reversal)]
    gate = asyncio.Semaphore(FETCHES_AT_ONCE_MAX)
    screenings = await asyncio.gather(
        *(_screening(one, bills=bills, ruleset=ruleset, gate=gate) for one in settled)
    )
    new, reversal_count = await store.record(screenings, reversals, after=after, to=batch.cursor)
    # Counted after the commit: a transaction may run more than once.
    for one in screenings:
        if one.bill.settlement_id in new:
            metrics.RECORDED_BILLS.labels(one.moment.value).inc()
            for finding in one.findings:
                metrics.RECORDED_FINDINGS.labels(
                    finding.rule_code, finding.result_class.value
                ).inc()
    metrics.RECORDED_REVERSALS.inc(reversal_count)


async def _screening(
    settled: SettledBill, *, bills: Bills, ruleset: RuleSet, gate: asyncio.Semaphore
) -> Screening:
    if settled.findings is not None:
        return Screening(bill=settled, moment=Moment.ROUND_TRIP, findings=settled.findings)
    async with gate:
        bill = await bills.bill(settled)
    return Screening(bill=settled, moment=Moment.AFTERWARDS, findings=screen_bill(bill, ruleset))


async def record_signals(store: SignalStore, *, after: str, batch: Batch[Signal]) -> None:
    """Records a batch of identity's signals in one transaction with the cursor.

    Raises:
        CursorMoved: the batch was recorded already, here or by another replica.
    """
    kinds = await store.record(batch.events, after=after, to=batch.cursor)
    # Counted after the commit: a transaction may run more than once.
    for kind in kinds:
        metrics.RECORDED_SIGNALS.labels(kind).inc()


async def list_signals(
    store: SignalStore, wanted: SignalFilter, *, size: int
) -> tuple[list[RecordedSignal], bool]:
    """Returns a page of signals, newest first, and whether there are more."""
    found = await store.list_signals(wanted, limit=size + 1)
    return found[:size], len(found) > size


async def list_findings(
    store: Store, wanted: FindingFilter, *, size: int
) -> tuple[list[RecordedFinding], bool]:
    """Returns a page of findings, newest first, and whether there are more."""
    found = await store.list_findings(wanted, limit=size + 1)
    return found[:size], len(found) > size

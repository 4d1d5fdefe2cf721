"""What supervision does beside its areas: screens bills, records signals, lists findings."""

from __future__ import annotations

from typing import TYPE_CHECKING

from services.supervision import metrics

if TYPE_CHECKING:
    from services.kit.feed import Batch
    from services.supervision.domain.recording import RecordedFinding
    from services.supervision.domain.signals import RecordedSignal, Signal
    from services.supervision.signal_store import SignalFilter, SignalStore
    from services.supervision.store import FindingFilter, Store


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

"""What is put in the place of a settlement that is computed anew: docs/adr/0018-recomputation.md.

Where a settlement stood one comes to stand again: REVERSED is written with the intent of the one at
the new level, and where that fails, FAILED with the intent of one at the old level, and so on. So
whoever finishes open intents finishes this too.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from services.kit import codes, telemetry
from services.kit.clock import Clock
from services.kit.crypto import BlindIndex
from services.kit.errors import DomainError
from services.kit.ids import new_id
from services.kit.log import get_logger
from services.kit.status import to_status
from services.settlement import messages, metrics
from services.settlement.invoices import invoice_key
from services.settlement.recomputation_store import (
    Recomputation,
    RecomputationStore,
    Successor,
)
from services.settlement.store import Intent, Record, Store
from yijie.filing.v1 import filing_service_pb2
from yijie.settlement.v1 import settlement_pb2

CANCELLED: Final = "ADJUDICATION_CANCELLED"
AT_ONCE: Final = 2
"""Attempts that are tried at once: at the new level, and at the old one."""
_PAUSE: Final = timedelta(minutes=1)
_PAUSE_MAX: Final = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Attempt:
    """One of the settlements that replace another."""

    recomputes_id: UUID
    number: int
    """From 1."""
    before: UUID
    """The attempt before, or the settlement that is replaced."""

    @property
    def is_fallback(self) -> bool:
        """Tells whether it has the level of what stood."""
        return self.number > 1

    def insists_against(self, error: DomainError) -> bool:
        """Tells whether it stays open although the insured region refuses it.

        The person had a settlement at this level, so it is asked for until it is booked. Under an
        id that the region has been told to cancel it never is: that attempt fails, and another one
        follows.
        """
        return self.is_fallback and error.reason != CANCELLED


class Successors:
    """Makes and finds what replaces a settlement."""

    def __init__(
        self, store: Store, recomputations: RecomputationStore, index: BlindIndex, clock: Clock
    ) -> None:
        self._store = store
        self._recomputations = recomputations
        self._index = index
        self._clock = clock

    async def find(self, settlement_id: UUID) -> Recomputation | None:
        """Returns how a settlement is replaced; None: it is not."""
        return await self._recomputations.find(settlement_id)

    async def attempt(self, recomputes_id: UUID, settlement_id: UUID) -> Attempt:
        """Returns which attempt to replace `recomputes_id` a settlement is."""
        plan = await self._recomputations.find(recomputes_id)
        attempts = plan.attempts if plan is not None else (settlement_id,)
        place = attempts.index(settlement_id)
        return Attempt(recomputes_id, place + 1, attempts[place - 1] if place else recomputes_id)

    async def insert_reversed(self, record: Record, plan: Recomputation) -> bool:
        """Writes REVERSED with its event and the intent at the new level.

        Returns False if it was reversed before.
        """
        now = self._clock.now()
        return await self._recomputations.insert_recomputed(
            record,
            self._successor(record, record, plan, attempt=1, now=now),
            request_id=plan.request_id,
            event=reversed_event(record, now),
        )

    async def insert_failed(self, record: Record, error: DomainError, *, cancel: bool) -> bool:
        """Writes FAILED with the intent of the next attempt.

        Returns False if another outcome was written before, or if the record replaces nothing.
        """
        origin_id = messages.origin_of(record)
        origin = await self._store.find(origin_id) if origin_id else None
        plan = await self._recomputations.find(origin_id) if origin_id else None
        if origin is None or plan is None:
            return False
        attempt = plan.attempts.index(record.settlement_id) + 2
        won = await self._recomputations.insert_failed(
            record,
            self._successor(origin, record, plan, attempt=attempt, now=self._clock.now()),
            reason=error.reason,
            failure=to_status(error, "settlement").SerializeToString(),
            cancel=cancel,
        )
        if won:
            count_recomputation("refused", record)
        return won

    def _successor(
        self,
        origin: Record,
        before: Record,
        plan: Recomputation,
        *,
        attempt: int,
        now: datetime,
    ) -> Successor:
        match = None
        if attempt == 1:
            match = filing_service_pb2.MatchFilingResponse.FromString(plan.filing)
        case, detail = messages.anew(origin, match)
        settlement_id, request_id = new_id(now), new_id(now)
        intent = Intent(
            settlement_id=settlement_id,
            request_id=request_id,
            # Nobody sent it, so no content of a request is like it.
            request_hash=self._index.digest("recompute", before.settlement_id.bytes),
            care_region_code=case.care_region_code,
            insured_region_code=case.insured_region_code,
            institution_code=case.institution_code,
            person_id=UUID(case.person_id),
            scheme_code=case.scheme_code,
            total_fen=case.amounts.total.fen,
            trace_id=telemetry.trace_id(),
            create_time=now,
            commit_request=messages.write_commit(settlement_id, case, None),
            detail=detail.SerializeToString(),
            part=None,
            invoice_key=invoice_key(self._index, detail.bill),
        )
        return Successor(
            intent=intent,
            recomputes_id=origin.settlement_id,
            attempt=attempt,
            due_time=now + _pause(attempt),
        )


def reversed_event(record: Record, now: datetime) -> bytes:
    """Returns the event of a reversal."""
    settlement = messages.settlement_of(record, full=False)
    settlement.state = settlement_pb2.SETTLEMENT_STATE_REVERSED
    settlement.reverse_time.FromDatetime(now)
    return settlement.SerializeToString()


def count_recomputation(outcome: str, record: Record) -> None:
    """Counts what came of computing a settlement anew."""
    province = codes.province_of(record.insured_region_code)
    metrics.RECOMPUTATIONS.labels(outcome, province).inc()


def note_refused_restoration(record: Record, error: DomainError) -> None:
    """Calls for an operator: a person is without the settlement that stood."""
    province = codes.province_of(record.insured_region_code)
    metrics.RESTORATION_REFUSED.labels(province).inc()
    get_logger().error(
        "region refuses what it had booked",
        settlement_id=str(record.settlement_id),
        insured_region=province,
        reason=error.reason,
    )


def _pause(attempt: int) -> timedelta:
    """Returns how long an attempt waits: a region that answers wrongly may do so for long."""
    if attempt <= AT_ONCE:
        return timedelta()
    return min(_PAUSE_MAX, _PAUSE * (1 << min(attempt - AT_ONCE - 1, 10)))

"""Taking settlements back. Design: docs/adr/0005-exactly-once.md, docs/adr/0011-visits.md.

The intent to reverse is one statement, which of two requests lets one through; what it decided is
done by whoever comes to it first, the call or the recovery loop.
"""

from __future__ import annotations

from collections.abc import Callable
from uuid import UUID

from services.kit import call as calls
from services.kit import telemetry
from services.kit.clock import Clock
from services.kit.crypto import BlindIndex
from services.kit.db import ATTEMPTS_MAX
from services.kit.deadline import DeadlineTooShortError
from services.kit.errors import DomainError, LostRace, RuleForbids
from services.kit.idempotency import reused
from services.settlement import messages
from services.settlement.domain.states import State
from services.settlement.outcomes import outcome_pending
from services.settlement.recomputation_store import RecomputationStore
from services.settlement.recomputations import busy
from services.settlement.settle_visit import VisitOrders
from services.settlement.store import NOTHING, RECOMPUTE, REVERSE, Record, Store, VisitRevision
from services.settlement.usecases import Settlements
from yijie.settlement.v1 import settlement_pb2, settlement_service_pb2


class Reversals:
    """ReverseSettlement, by the settlement's id and by the request that made it (冲正)."""

    def __init__(
        self,
        *,
        settlements: Settlements,
        store: Store,
        recomputations: RecomputationStore,
        orders: VisitOrders,
        index: BlindIndex,
        clock: Clock,
    ) -> None:
        self._settlements = settlements
        self._store = store
        self._recomputations = recomputations
        self._orders = orders
        self._index = index
        self._clock = clock

    async def reverse(
        self,
        request: settlement_service_pb2.ReverseSettlementRequest,
        *,
        allow: Callable[[Record], None] = lambda _: None,
    ) -> tuple[settlement_pb2.Settlement, bool]:
        """Takes a settlement back; returns it and whether that had been done before.

        By its id one request reverses a settlement, and its repeats get that answer; any other is
        told that it came too late. By the request that made it any request may ask, for its caller
        does not know what there is. After RESOURCE_NOT_FOUND for a request id, that id settles
        nothing any more. `allow` raises where the caller may not reverse what was found.
        """
        digest = self._index.digest("request", messages.content_of(request))
        request_id = UUID(request.request_id)
        field = request.WhichOneof("target")
        record = await self._target(request, digest)
        allow(record)
        calls.note(settlement_id=str(record.settlement_id))
        telemetry.link(record.trace_id)
        known = await self._store.find_request(request_id)
        if known is not None and (known.method != REVERSE or known.request_hash != digest):
            raise reused()
        if record.state is State.PENDING:
            # Its outcome must be known before it can be taken back.
            record = await self._settlements.resume(record)
        if known is None:
            record = await self._take(record, request_id, digest, field)
        if record.state is not State.SETTLED:
            await self._require_last(record, field)
            return messages.settlement_of(record, full=False), record.state is State.REVERSED
        try:
            record = await self._settlements.finish_reversal(record, request_id)
        except (DomainError, DeadlineTooShortError):
            # It is decided and will be done, also where the region refuses it for now: not "nothing
            # happened, come back later".
            raise outcome_pending(record.settlement_id) from None
        await self._require_last(record, field)
        return messages.settlement_of(record, full=False), False

    async def _require_last(self, record: Record, field: str) -> None:
        """Raises where a settlement was taken back to be replaced: what replaced it may stand."""
        plan = await self._recomputations.find(record.settlement_id)
        if plan is not None and plan.attempts:
            raise _already_reversed(record, field, replaced_by=plan.attempts[-1])

    async def _take(self, record: Record, request_id: UUID, digest: bytes, field: str) -> Record:
        """Makes the request stand for this reversal, with the intent where there is work to do.

        Returns the record, SETTLED if it is to be finished now.
        """
        by_id = field == "settlement_id"
        for _ in range(ATTEMPTS_MAX):
            if by_id:
                _require_reversible(record)
            now = self._clock.now()
            is_due = record.state is State.SETTLED
            if not is_due or await self._store.is_reversing(record.settlement_id):
                if is_due and await self._recomputations.find(record.settlement_id) is not None:
                    raise busy(record)
                # By its id another request is at it, whose answer is not known yet.
                if by_id or not await self._store.take_request(
                    request_id, digest, record.settlement_id, now
                ):
                    raise outcome_pending(record.settlement_id)
                return record
            visit = await self._visit(record, field)
            if await self._store.insert_reversal(record, request_id, digest, now, visit=visit):
                return record
            # It was reversed meanwhile, or its visit changed, or this request is served twice.
            record = await self._settlements.find(record.settlement_id)
            if await self._store.find_request(request_id) is not None:
                raise outcome_pending(record.settlement_id)
        raise LostRace("LOST_RACE", "the visit changed meanwhile", retry_after_ms=50)

    async def _visit(self, record: Record, field: str) -> VisitRevision | None:
        visit_id = messages.visit_of(record)
        if visit_id is None:
            return None
        return await self._orders.undoable(visit_id, record.settlement_id, field=field)

    async def _target(
        self, request: settlement_service_pb2.ReverseSettlementRequest, digest: bytes
    ) -> Record:
        if request.WhichOneof("target") == "settlement_id":
            return await self._settlements.find(UUID(request.settlement_id))
        # Taken first: a Settle that is still on its way must not settle what its caller has been
        # told does not exist.
        request_id = UUID(request.settle_request_id)
        if not await self._store.take_request(
            request_id, digest, NOTHING, self._clock.now(), asked_by=UUID(request.request_id)
        ):
            known = await self._store.find_request(request_id)
            if known is not None and known.method == RECOMPUTE:
                # Not "no such settlement": it may have put one in the place of another.
                raise reused()
        return await self._settlements.of_request(request_id, "settle_request_id")


def _require_reversible(record: Record) -> None:
    if record.state is State.FAILED:
        raise RuleForbids(
            "SETTLEMENT_STATE_FORBIDS",
            "a settlement that never came about cannot be reversed",
            field="settlement_id",
            metadata={"state": record.state.value},
        )
    if record.state is State.REVERSED:
        raise _already_reversed(record, "settlement_id")


def _already_reversed(
    record: Record, field: str, *, replaced_by: UUID | None = None
) -> RuleForbids:
    metadata = {"settlementId": str(record.settlement_id)}
    if replaced_by is not None:
        metadata["replacedBySettlementId"] = str(replaced_by)
    return RuleForbids(
        "SETTLEMENT_ALREADY_REVERSED",
        "an earlier request reversed it, perhaps to replace it",
        field=field,
        metadata=metadata,
    )

"""Computing settlements anew by the filing that counts now: docs/adr/0018-recomputation.md.

Decided by one statement, like a reversal; from then on it is done by whoever comes to it first, the
call or the recovery loop (usecases.py finishes the reversal, successors.py says what follows it).
"""

from __future__ import annotations

from uuid import UUID

from google.rpc import status_pb2

from services.kit import call as calls
from services.kit.clock import Clock
from services.kit.crypto import BlindIndex
from services.kit.db import ATTEMPTS_MAX
from services.kit.deadline import DeadlineTooShortError
from services.kit.errors import DomainError, LostRace, RuleForbids, Unavailable
from services.kit.idempotency import reused
from services.kit.status import from_status
from services.kit.wire import write_money
from services.settlement import messages
from services.settlement.clients import Callees
from services.settlement.domain.states import State
from services.settlement.outcomes import outcome_pending, require_identities
from services.settlement.recomputation_store import Recomputation, RecomputationStore
from services.settlement.settle_visit import VisitOrders
from services.settlement.store import RECOMPUTE, Record, Request, Store, VisitRevision
from services.settlement.successors import AT_ONCE, count_recomputation
from services.settlement.usecases import Settlements
from yijie.benefits.v1 import adjudication_pb2, benefits_service_pb2
from yijie.settlement.v1 import settlement_service_pb2 as pb

_RETRY_MS = 1000
_FIELD = "settlement_id"
# Field paths of the callees' requests in our caller's own: all of them are the settlement's.
_FILING_FIELDS = dict.fromkeys(
    ("person_id", "insured_region_code", "care_region_code", "service_date", "match_until_date"),
    _FIELD,
)


class Recomputations:
    """RecomputeSettlement."""

    def __init__(
        self,
        *,
        settlements: Settlements,
        store: Store,
        recomputations: RecomputationStore,
        callees: Callees,
        orders: VisitOrders,
        index: BlindIndex,
        clock: Clock,
    ) -> None:
        self._settlements = settlements
        self._store = store
        self._recomputations = recomputations
        self._callees = callees
        self._orders = orders
        self._index = index
        self._clock = clock

    async def recompute(
        self, request: pb.RecomputeSettlementRequest
    ) -> pb.RecomputeSettlementResponse:
        """Computes a settlement anew once per request id.

        Raises what SettlementService.RecomputeSettlement documents. After it is decided every
        failure to learn the outcome is OUTCOME_PENDING, to be repeated with the same request id.
        """
        digest = self._index.digest("request", messages.content_of(request))
        request_id, settlement_id = UUID(request.request_id), UUID(request.settlement_id)
        calls.note(settlement_id=request.settlement_id)
        for _ in range(ATTEMPTS_MAX):
            known = await self._store.find_request(request_id)
            if known is not None:
                return await self._replay(known, request_id, digest)
            record = await self._settlements.find(settlement_id)
            if record.state is State.PENDING:
                # Its outcome must be known before it can be replaced.
                record = await self._settlements.resume(record)
            await self._require_replaceable(record)
            visit = await self._visit(record)
            match = await self._callees.filing.match(
                messages.match_of(record), fields=_FILING_FIELDS
            )
            if messages.is_of_level(messages.read_commit(record).case, match):
                now = self._clock.now()
                if await self._store.take_request(
                    request_id, digest, settlement_id, now, method=RECOMPUTE
                ):
                    count_recomputation("unchanged", record)
                    return _unchanged(record)
                continue
            case, _ = messages.anew(record, match)
            await self._try(case)
            with self._callees.benefits.reserve(case.insured_region_code):
                if await self._recomputations.insert(
                    record,
                    request_id,
                    digest,
                    self._clock.now(),
                    filing=match.SerializeToString(),
                    visit=visit,
                ):
                    count_recomputation("begun", record)
                    return await self._finish(record, request_id)
        raise LostRace("LOST_RACE", "the settlement or its visit changed", retry_after_ms=50)

    async def _try(self, case: adjudication_pb2.Case) -> None:
        """Raises what the insured region refuses the case for, before anything is taken back.

        The amounts are of no interest: they are computed on top of what is going to be taken back.
        """
        try:
            answer = await self._callees.benefits.adjudicate(
                benefits_service_pb2.AdjudicateRequest(case=case)
            )
        except DomainError as error:
            fields = {violation.field: _FIELD for violation in error.violations}
            raise error.renamed(fields) from None
        require_identities(case, answer)

    async def _replay(
        self, known: Request, request_id: UUID, digest: bytes
    ) -> pb.RecomputeSettlementResponse:
        if known.method != RECOMPUTE or known.request_hash != digest:
            raise reused()
        calls.note(replayed=True)
        return await self._finish(await self._settlements.find(known.settlement_id), request_id)

    async def _finish(self, record: Record, request_id: UUID) -> pb.RecomputeSettlementResponse:
        """Does what is decided, as far as it comes now, and answers what came of it."""
        plan = await self._recomputations.find(record.settlement_id)
        if plan is None or plan.request_id != request_id:
            # This request changed nothing, whatever another one has changed since.
            return _unchanged(record)
        if record.state is State.SETTLED:
            try:
                record = await self._settlements.finish_reversal(record, plan.request_id)
            except (DomainError, DeadlineTooShortError):
                raise outcome_pending(record.settlement_id) from None
        for _ in range(AT_ONCE):
            plan = await self._recomputations.find(record.settlement_id) or plan
            if not plan.attempts:
                # Another request had it reversed in the moment in which this was decided.
                raise _state_forbids(record)
            newest = await self._settlements.find(plan.attempts[-1])
            if newest.state is State.PENDING and len(plan.attempts) <= AT_ONCE:
                newest = await self._settlements.resume(newest)
            if newest.state in {State.SETTLED, State.REVERSED}:
                return await self._answer(record, plan, newest)
        raise outcome_pending(plan.attempts[-1])

    async def _answer(
        self, record: Record, plan: Recomputation, newest: Record
    ) -> pb.RecomputeSettlementResponse:
        """Returns what replaced a settlement, or raises why that has its old level."""
        if len(plan.attempts) == 1:
            return _changed(record, newest)
        first = await self._settlements.find(plan.attempts[0])
        error = from_status(status_pb2.Status.FromString(first.failure or b""))
        refusal = error or RuleForbids(first.failure_reason, "the insured region refused")
        refusal.metadata["settlementId"] = str(newest.settlement_id)
        raise refusal

    async def _require_replaceable(self, record: Record) -> None:
        """Raises RECOMPUTATION_BUSY, OUTCOME_PENDING or SETTLEMENT_STATE_FORBIDS."""
        if record.state is State.FAILED:
            raise _state_forbids(record)
        plan = await self._recomputations.find(record.settlement_id)
        if record.state is State.REVERSED:
            if plan is None or not plan.attempts:
                raise _state_forbids(record)
            newest = await self._settlements.find(plan.attempts[-1])
            if newest.state in {State.PENDING, State.FAILED}:
                raise busy(record)
            raise _state_forbids(record, newest)
        if plan is not None:
            raise busy(record)
        if await self._store.is_reversing(record.settlement_id):
            raise outcome_pending(record.settlement_id)

    async def _visit(self, record: Record) -> VisitRevision | None:
        visit_id = messages.visit_of(record)
        if visit_id is None:
            return None
        return await self._orders.undoable(visit_id, record.settlement_id, field=_FIELD)


def busy(record: Record) -> Unavailable:
    """Returns the error for a settlement that another request is replacing."""
    return Unavailable(
        "RECOMPUTATION_BUSY",
        "another request is computing the settlement anew",
        metadata={"settlementId": str(record.settlement_id)},
        retry_after_ms=_RETRY_MS,
    )


def _unchanged(record: Record) -> pb.RecomputeSettlementResponse:
    return pb.RecomputeSettlementResponse(
        settlement=messages.settlement_of(record, full=False),
        fund_difference=write_money(0),
        account_difference=write_money(0),
        cash_difference=write_money(0),
    )


def _changed(before: Record, now: Record) -> pb.RecomputeSettlementResponse:
    replaced = messages.settlement_of(before, full=False)
    settlement = messages.settlement_of(now, full=False)
    old, new = replaced.adjudication, settlement.adjudication
    return pb.RecomputeSettlementResponse(
        changed=True,
        settlement=settlement,
        replaced_settlement=replaced,
        fund_difference=write_money(new.fund_total.fen - old.fund_total.fen),
        account_difference=write_money(new.account_pay.fen - old.account_pay.fen),
        cash_difference=write_money(new.cash_pay.fen - old.cash_pay.fen),
    )


def _state_forbids(record: Record, newest: Record | None = None) -> RuleForbids:
    metadata = {"state": record.state.value}
    if newest is not None:
        metadata["settlementId"] = str(newest.settlement_id)
    return RuleForbids(
        "SETTLEMENT_STATE_FORBIDS",
        "only what is settled is computed anew",
        field=_FIELD,
        metadata=metadata,
    )

"""BenefitsService: proto ⇄ domain and nothing else."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from services.benefits import accounts, messages, usecases
from services.benefits.domain.booking import PersonYear
from services.kit import call as calls
from services.kit import codes, wire
from services.kit.idempotency import request_hash
from yijie.benefits.v1 import benefits_service_pb2, benefits_service_pb2_grpc

if TYPE_CHECKING:
    from services.benefits.domain.snapshot import Policy
    from services.kit.db import Database

FULL_NAME: Final = "yijie.benefits.v1.BenefitsService"


class BenefitsServicer(benefits_service_pb2_grpc.BenefitsServiceServicer):
    """Answers the calls of BenefitsService."""

    def __init__(self, database: Database, policy: Policy) -> None:
        """Holds what all calls share."""
        self._database = database
        self._policy = policy

    async def Adjudicate(self, request: Any, context: Any) -> Any:
        """Computes what a settlement would give now."""
        case = messages.read_case(request.case)
        calls.note(insured_region=codes.province_of(case.insured_region_code))
        outcome = await usecases.quote(self._database, self._policy, case)
        return benefits_service_pb2.AdjudicateResponse(
            adjudication=messages.write_adjudication(outcome, with_trace=request.with_trace)
        )

    async def Commit(self, request: Any, context: Any) -> Any:
        """Computes under the person's lock and books the result."""
        case = messages.read_case(request.case)
        calls.note(
            insured_region=codes.province_of(case.insured_region_code),
            settlement_id=request.settlement_id,
        )
        committed = await usecases.commit(
            self._database,
            self._policy,
            case,
            settlement_id=wire.read_uuid(request.settlement_id),
            request_hash=request_hash(request),
            encode=messages.encode_adjudication,
        )
        calls.note(replayed=committed.replayed)
        return benefits_service_pb2.CommitResponse(
            adjudication=messages.decode_adjudication(committed.answer),
            replayed=committed.replayed,
        )

    async def GetAdjudication(self, request: Any, context: Any) -> Any:
        """Answers what is held for a settlement id."""
        calls.note(settlement_id=request.settlement_id)
        held = await usecases.get_adjudication(
            self._database, wire.read_uuid(request.settlement_id)
        )
        answer = None if held.answer is None else messages.decode_adjudication(held.answer)
        return benefits_service_pb2.GetAdjudicationResponse(
            state=messages.STATES[held.state], adjudication=answer
        )

    async def Cancel(self, request: Any, context: Any) -> Any:
        """Takes a commit back, or leaves a tombstone."""
        calls.note(settlement_id=request.settlement_id)
        cancelled = await usecases.cancel(self._database, wire.read_uuid(request.settlement_id))
        calls.note(replayed=cancelled.replayed)
        return benefits_service_pb2.CancelResponse(
            restored=cancelled.restored,
            account_balance=wire.write_money(cancelled.account_balance),
        )

    async def GetAccumulators(self, request: Any, context: Any) -> Any:
        """Answers a person's accumulators and account."""
        person = PersonYear(
            person_id=wire.read_uuid(request.person_id),
            scheme_code=request.scheme_code,
            benefit_year=request.benefit_year,
        )
        standing = await usecases.get_standing(self._database, person)
        return benefits_service_pb2.GetAccumulatorsResponse(
            accumulators=messages.write_accumulators(person, standing),
            account_balance=wire.write_money(standing.account_balance),
        )

    async def UpsertAccounts(self, request: Any, context: Any) -> Any:
        """Sets personal accounts."""
        return await accounts.upsert(self._database, request)

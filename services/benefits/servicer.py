"""BenefitsService: proto ⇄ domain and nothing else."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

from services.benefits import accounts, entitlements, estimates, messages, usecases
from services.benefits.domain.booking import Claimant
from services.kit import call as calls
from services.kit import codes, paging, wire
from services.kit.caller import require_region
from yijie.benefits.v1 import benefits_service_pb2, benefits_service_pb2_grpc

if TYPE_CHECKING:
    from services.benefits.domain.snapshot import Policy
    from services.benefits.policy_book import AnyPolicies
    from services.benefits.ports import AnyStore

FULL_NAME: Final = "yijie.benefits.v1.BenefitsService"
_PAGE_SIZE_DEFAULT: Final = 1000
_PAGE_SIZE_MAX: Final = 5000


class BenefitsServicer(benefits_service_pb2_grpc.BenefitsServiceServicer):
    """Answers the calls of BenefitsService."""

    def __init__(
        self, store: AnyStore, policies: AnyPolicies, *, provinces: frozenset[str] = frozenset()
    ) -> None:
        """Holds what all calls share; `provinces` are those that this release serves, if told."""
        self._store = store
        self._policies = policies
        # Calls that name only persons can be a province's own where no other one is served.
        self._province = next(iter(provinces)) if len(provinces) == 1 else ""

    @property
    def _rules(self) -> Policy:
        """The policy in force; a call reads it once."""
        return self._policies.current

    async def Adjudicate(self, request: Any, context: Any) -> Any:
        """Computes what a settlement would give now."""
        case = messages.read_case(request.case)
        calls.note(insured_region=codes.province_of(case.insured_region_code))
        computed = await usecases.quote(self._store, self._rules, case)
        return benefits_service_pb2.AdjudicateResponse(
            adjudication=messages.write_adjudication(
                computed.outcome, computed.facts, with_trace=request.with_trace
            )
        )

    async def Commit(self, request: Any, context: Any) -> Any:
        """Computes under the person's lock and books the result."""
        case = messages.read_case(request.case)
        calls.note(
            insured_region=codes.province_of(case.insured_region_code),
            settlement_id=request.settlement_id,
        )
        committed = await usecases.commit(
            self._store,
            self._rules,
            case,
            settlement_id=wire.read_uuid(request.settlement_id),
            request_hash=self._store.request_hash(request),
            expected=messages.read_expectation(request),
            encode=messages.encode_adjudication,
            is_manual=request.channel == benefits_service_pb2.BOOKING_CHANNEL_MANUAL,
        )
        calls.note(replayed=committed.replayed)
        return benefits_service_pb2.CommitResponse(
            adjudication=messages.decode_adjudication(committed.answer),
            replayed=committed.replayed,
        )

    async def GetAdjudication(self, request: Any, context: Any) -> Any:
        """Answers what is held for a settlement id."""
        calls.note(settlement_id=request.settlement_id)
        held = await usecases.get_adjudication(self._store, wire.read_uuid(request.settlement_id))
        answer = None if held.answer is None else messages.decode_adjudication(held.answer)
        return benefits_service_pb2.GetAdjudicationResponse(
            state=messages.STATES[held.state], adjudication=answer
        )

    async def Cancel(self, request: Any, context: Any) -> Any:
        """Takes a commit back, or leaves a tombstone."""
        calls.note(settlement_id=request.settlement_id)
        cancelled = await usecases.cancel(self._store, wire.read_uuid(request.settlement_id))
        calls.note(replayed=cancelled.replayed)
        return benefits_service_pb2.CancelResponse(
            restored=cancelled.restored,
            account_balance=wire.write_money(cancelled.account_balance),
        )

    async def EstimateBenefit(self, request: Any, context: Any) -> Any:
        """Computes what a bill would give at each benefit level."""
        self._require_own(context, request.person_id)
        case, levels = messages.read_estimate(request)
        calls.note(insured_region=codes.province_of(case.insured_region_code))
        before = request.before_settlement_id
        found = await estimates.estimate(
            self._store,
            self._rules,
            case,
            levels,
            before=wire.read_uuid(before) if before else None,
        )
        return messages.write_estimates(found, with_trace=request.with_trace)

    async def CheckDisease(self, request: Any, context: Any) -> Any:
        """Answers what the region has for a chronic disease, and whether a person may use it."""
        self._require_own(context, request.person_id)
        calls.note(insured_region=codes.province_of(request.insured_region_code))
        answer = await estimates.check_disease(
            self._store,
            self._rules,
            person_id=wire.read_uuid(request.person_id) if request.person_id else None,
            region_code=request.insured_region_code,
            scheme_code=request.scheme_code,
            disease_code=request.disease_code,
            day=wire.read_date(request.service_date, "service_date"),
            diagnosis_codes=tuple(request.diagnosis_codes),
        )
        return messages.write_disease(answer)

    async def GetAccumulators(self, request: Any, context: Any) -> Any:
        """Answers a person's accumulators and account."""
        self._require_own(context, request.person_id)
        claimant = Claimant(
            person_id=wire.read_uuid(request.person_id),
            scheme_code=request.scheme_code,
            benefit_years=(request.benefit_year,),
        )
        standing = await usecases.get_standing(self._store, claimant)
        return benefits_service_pb2.GetAccumulatorsResponse(
            accumulators=messages.write_accumulators(claimant, standing),
            account_balance=wire.write_money(standing.account_balance),
        )

    async def ListAdjudications(self, request: Any, context: Any) -> Any:
        """Answers a page of the bookings of a business date."""
        size = paging.page_size(request, default=_PAGE_SIZE_DEFAULT, maximum=_PAGE_SIZE_MAX)
        records = await usecases.list_adjudications(
            self._store,
            messages.read_business_date(request),
            region_code=request.insured_region_code,
            after=paging.read_key(request, UUID),
            limit=size + 1,
        )
        page = records[:size]
        return benefits_service_pb2.ListAdjudicationsResponse(
            adjudications=[messages.write_record(record) for record in page],
            next_page_token=(
                paging.write_token(request, (str(page[-1].settlement_id),))
                if len(records) > size
                else ""
            ),
        )

    async def UpsertAccounts(self, request: Any, context: Any) -> Any:
        """Sets personal accounts."""
        require_region(context, self._province, field="accounts")
        return await accounts.upsert(self._store, request)

    async def UpsertEntitlements(self, request: Any, context: Any) -> Any:
        """Sets what persons are entitled to."""
        require_region(context, self._province, field="entitlements")
        return await entitlements.upsert(self._store, request)

    async def GetEntitlements(self, request: Any, context: Any) -> Any:
        """Answers what a person is entitled to."""
        self._require_own(context, request.person_id)
        found = await self._store.list_entitlements(wire.read_uuid(request.person_id))
        return benefits_service_pb2.GetEntitlementsResponse(
            entitlements=[entitlements.write(request.person_id, one) for one in found]
        )

    async def UpsertFamilyAccounts(self, request: Any, context: Any) -> Any:
        """Sets whose accounts relatives may use."""
        require_region(context, self._province, field="family_accounts")
        return await entitlements.upsert_family(self._store, request)

    def _require_own(self, context: Any, person_id: str) -> None:
        # The region that a request names is no proof that the person is of it.
        if person_id:
            require_region(context, self._province, field="person_id")

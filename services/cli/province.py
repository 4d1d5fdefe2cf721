"""What a province's own system does with the hub: a small client of the contracts.

The hospital's province (就医地) proves the patient, settles and reverses; the insured province
(参保地) looks at accumulators; both look at clearing. Every call has a deadline, carries the trace
that begins here, and every mutation an id that the caller made before sending.
"""

from __future__ import annotations

import contextlib
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from typing import Any, Final
from uuid import UUID

import grpc
from grpc_health.v1 import health_pb2, health_pb2_grpc

from services.cli.cases import DemoCase
from services.cli.connecting import open_endpoint
from services.cli.topology import Endpoint, provinces_apart, remote_name
from services.kit import codes, telemetry
from services.kit.channel import Callee
from yijie.benefits.v1 import benefits_service_pb2, benefits_service_pb2_grpc
from yijie.catalogue.v1 import catalogue_service_pb2_grpc, mapping_service_pb2_grpc
from yijie.clearing.v1 import clearing_service_pb2, clearing_service_pb2_grpc, ledger_pb2
from yijie.filing.v1 import filing_feed_service_pb2_grpc, filing_service_pb2_grpc
from yijie.identity.v1 import (
    access_service_pb2_grpc,
    card_service_pb2_grpc,
    identity_service_pb2,
    identity_service_pb2_grpc,
    institution_service_pb2_grpc,
)
from yijie.settlement.v1 import (
    advice_service_pb2_grpc,
    reimbursement_service_pb2_grpc,
    settlement_pb2,
    settlement_service_pb2,
    settlement_service_pb2_grpc,
    visit_service_pb2_grpc,
)
from yijie.supervision.v1 import statistics_service_pb2_grpc

SETTLE_S: Final = 1.0
"""The second that the field promises: what a window waits for a settlement."""
QUERY_S: Final = 5.0
"""Deadline of everything that no patient waits for."""
_PAGE_ROWS: Final = 1000

# These are gRPC stubs, made by code without types.
Stub = Any


class Province:
    """Channels to the hub's services. Made by `connected`."""

    def __init__(self, channels: Mapping[str, grpc.aio.Channel]) -> None:
        self._channels = channels
        self.identity: Stub = identity_service_pb2_grpc.IdentityServiceStub(channels["identity"])
        self.cards: Stub = card_service_pb2_grpc.CardServiceStub(channels["identity"])
        self.institutions: Stub = institution_service_pb2_grpc.InstitutionServiceStub(
            channels["identity"]
        )
        self.access: Stub = access_service_pb2_grpc.AccessServiceStub(channels["identity"])
        self.filing: Stub = filing_service_pb2_grpc.FilingServiceStub(channels["filing"])
        self.filing_feed: Stub = filing_feed_service_pb2_grpc.FilingFeedServiceStub(
            channels["filing"]
        )
        self.catalogue: Stub = catalogue_service_pb2_grpc.CatalogueServiceStub(
            channels["catalogue"]
        )
        self.mapping: Stub = mapping_service_pb2_grpc.MappingServiceStub(channels["catalogue"])
        self.benefits: Stub = benefits_service_pb2_grpc.BenefitsServiceStub(channels["benefits"])
        self._apart: dict[str, Stub] = {
            province: benefits_service_pb2_grpc.BenefitsServiceStub(channels[remote_name(province)])
            for province in provinces_apart(channels)
        }
        self.settlement: Stub = settlement_service_pb2_grpc.SettlementServiceStub(
            channels["settlement"]
        )
        self.visits: Stub = visit_service_pb2_grpc.VisitServiceStub(channels["settlement"])
        self.advice: Stub = advice_service_pb2_grpc.AdviceServiceStub(channels["settlement"])
        self.reimbursements: Stub = reimbursement_service_pb2_grpc.ReimbursementServiceStub(
            channels["settlement"]
        )
        self.clearing: Stub = clearing_service_pb2_grpc.ClearingServiceStub(channels["clearing"])
        self.statistics: Stub = statistics_service_pb2_grpc.StatisticsServiceStub(
            channels["supervision"]
        )
        self._hub = Callee("hub")

    def benefits_of(self, insured_region_code: str) -> Stub:
        """Returns the benefits of an insured region, which may run apart from the others'."""
        home = codes.province_of(insured_region_code) if insured_region_code else ""
        return self._apart.get(home, self.benefits)

    async def call(self, method: Any, request: Any, *, within_s: float = QUERY_S) -> Any:
        """Calls a unary method.

        Raises:
            DomainError: the hub refused; its reason and Chinese text are those of the answer.
        """
        return await self._hub.call(method, request, own_s=within_s)

    async def register(self, case: DemoCase) -> settlement_pb2.Patient:
        """Proves the patient by the identity card, as at registration, and returns the record."""
        proven = await self.call(
            self.identity.VerifyCredential,
            identity_service_pb2.VerifyCredentialRequest(
                credential=case.person.credential("id_number"),
                business_date=case.bill.end_date,
                insured_region_code=case.insured_region_code,
                scheme_code=case.scheme_code,
            ),
        )
        return settlement_pb2.Patient(
            credential=case.credential,
            person_id=proven.person_id,
            sex=proven.sex,
            birth_date=proven.birth_date,
            insured_region_code=case.insured_region_code,
            scheme_code=case.scheme_code,
        )

    async def presettle(
        self, case: DemoCase, patient: settlement_pb2.Patient
    ) -> settlement_pb2.Settlement:
        """Returns what a settlement would give now."""
        request = settlement_service_pb2.PreSettleRequest(
            patient=patient, bill=case.bill, use_account=True
        )
        answer = await self.call(self.settlement.PreSettle, request, within_s=SETTLE_S)
        return answer.settlement  # type: ignore[no-any-return]

    async def settle(
        self, case: DemoCase, patient: settlement_pb2.Patient, request_id: UUID
    ) -> settlement_service_pb2.SettleResponse:
        """Settles a bill; may be called again with the same id when the outcome is unknown."""
        request = settlement_service_pb2.SettleRequest(
            request_id=str(request_id),
            patient=patient,
            bill=case.bill,
            use_account=True,
            with_trace=True,
        )
        answer: settlement_service_pb2.SettleResponse = await self.call(
            self.settlement.Settle, request, within_s=SETTLE_S
        )
        return answer

    async def settlement_of(self, settlement_id: str) -> settlement_pb2.Settlement:
        """Returns a settlement with its lines and the steps of its calculation."""
        request = settlement_service_pb2.GetSettlementRequest(
            settlement_id=settlement_id, view=settlement_service_pb2.SETTLEMENT_VIEW_FULL
        )
        answer = await self.call(self.settlement.GetSettlement, request)
        return answer.settlement  # type: ignore[no-any-return]

    async def reverse(
        self, settlement_id: str, request_id: UUID
    ) -> settlement_service_pb2.ReverseSettlementResponse:
        """Takes a settlement back."""
        request = settlement_service_pb2.ReverseSettlementRequest(
            request_id=str(request_id), settlement_id=settlement_id
        )
        answer: settlement_service_pb2.ReverseSettlementResponse = await self.call(
            self.settlement.ReverseSettlement, request, within_s=SETTLE_S
        )
        return answer

    async def accumulators(
        self, person_id: str, scheme_code: str, year: int, *, insured_region_code: str = ""
    ) -> benefits_service_pb2.GetAccumulatorsResponse:
        """Returns what the person used in a benefit year, and the account.

        Without a region the one process is asked that hosts all that do not run apart.
        """
        request = benefits_service_pb2.GetAccumulatorsRequest(
            person_id=person_id, scheme_code=scheme_code, benefit_year=year
        )
        answer: benefits_service_pb2.GetAccumulatorsResponse = await self.call(
            self.benefits_of(insured_region_code).GetAccumulators, request
        )
        return answer

    async def settlements(self) -> list[settlement_pb2.Settlement]:
        """Returns all settlements of the journal, newest first, without their lines."""
        found: list[settlement_pb2.Settlement] = []
        token = ""
        while True:
            request = settlement_service_pb2.ListSettlementsRequest(
                page_size=_PAGE_ROWS, page_token=token
            )
            answer = await self.call(self.settlement.ListSettlements, request)
            found.extend(answer.settlements)
            token = answer.next_page_token
            if not token:
                return found

    async def positions(self) -> clearing_service_pb2.GetPositionResponse:
        """Returns who owes whom, of all pages, and the feed's cursor that clearing has reached."""
        found = clearing_service_pb2.GetPositionResponse()
        token = ""
        while True:
            request = clearing_service_pb2.GetPositionRequest(
                page_size=_PAGE_ROWS, page_token=token
            )
            answer = await self.call(self.clearing.GetPosition, request)
            if not token:
                # Pages may be of different moments; up to the first one's cursor all hold all.
                found.cursor = answer.cursor
            found.positions.extend(answer.positions)
            token = answer.next_page_token
            if not token:
                return found

    async def entries(self, settlement_id: str) -> list[ledger_pb2.Entry]:
        """Returns the ledger entries that a settlement caused."""
        request = clearing_service_pb2.ListEntriesRequest(
            page_size=_PAGE_ROWS, settlement_id=settlement_id
        )
        answer = await self.call(self.clearing.ListEntries, request)
        return list(answer.entries)

    async def events(
        self, after_cursor: str, *, within_s: float
    ) -> AsyncGenerator[settlement_service_pb2.Event, None]:
        """Follows the journal from a cursor; ends when the deadline passes."""
        call = self.settlement.Subscribe(
            settlement_service_pb2.SubscribeRequest(after_cursor=after_cursor), timeout=within_s
        )
        try:
            async for answer in call:
                for event in answer.events:
                    yield event
        except grpc.aio.AioRpcError as error:
            if error.code() is not grpc.StatusCode.DEADLINE_EXCEEDED:
                raise
        finally:
            call.cancel()

    async def reached(self, process: str) -> None:
        """Waits until our own connection to a process that came back is there again."""
        health = health_pb2_grpc.HealthStub(self._channels[process])
        request = health_pb2.HealthCheckRequest()
        await health.Check(request, wait_for_ready=True, timeout=2 * QUERY_S)


@contextlib.asynccontextmanager
async def connected(endpoints: Mapping[str, Endpoint], trace_dir: str) -> AsyncIterator[Province]:
    """Opens channels to all services; spans of the province go to the folder of the mesh."""
    config = telemetry.TelemetryConfig(trace_dir=trace_dir)
    async with contextlib.AsyncExitStack() as stack:
        await stack.enter_async_context(telemetry.telemetry("province", config))
        channels = {
            name: await stack.enter_async_context(open_endpoint(endpoint))
            for name, endpoint in endpoints.items()
        }
        yield Province(channels)

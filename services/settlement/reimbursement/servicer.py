"""ReimbursementService: proto to use case and back, nothing else."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any, Final, TypeAlias
from uuid import UUID

import grpc

from services.kit import codes
from services.kit.caller import require_region
from services.kit.errors import InvalidArgument
from services.kit.outbox import OutboxFeed, OutboxRow
from services.kit.paging import page_size, read_key, write_token
from services.kit.wire import write_time
from services.settlement.fingerprints import Fingerprints
from services.settlement.reimbursement import messages
from services.settlement.reimbursement.comparison import Comparisons
from services.settlement.reimbursement.store import Filter, ReimbursementStore
from services.settlement.reimbursement.usecases import Answer, Reimbursements
from services.settlement.servicer import first_that_fit
from yijie.settlement.v1 import reimbursement_pb2 as pb2
from yijie.settlement.v1 import reimbursement_service_pb2 as pb
from yijie.settlement.v1 import reimbursement_service_pb2_grpc as rpc

Context: TypeAlias = grpc.aio.ServicerContext
FULL_NAME: Final = "yijie.settlement.v1.ReimbursementService"
_INSURED_FIELD: Final = "patient.insured_region_code"


class ReimbursementServicer(rpc.ReimbursementServiceServicer):
    """Answers ReimbursementService."""

    def __init__(
        self,
        reimbursements: Reimbursements,
        comparisons: Comparisons,
        store: ReimbursementStore,
        feed: OutboxFeed,
        fingerprints: Fingerprints,
    ) -> None:
        self._reimbursements = reimbursements
        self._comparisons = comparisons
        self._store = store
        self._feed = feed
        self._fingerprints = fingerprints

    async def SubmitReimbursement(
        self, request: Any, context: Context
    ) -> pb.SubmitReimbursementResponse:
        """Takes a claim in."""
        province = codes.province_of(request.patient.insured_region_code)
        require_region(context, province, field=_INSURED_FIELD)
        if request.validate_only:
            found = await self._reimbursements.try_out(request)
            return pb.SubmitReimbursementResponse(reimbursement=found)
        answer = await self._reimbursements.submit(request)
        return pb.SubmitReimbursementResponse(
            reimbursement=messages.write_reimbursement(answer.record, full=True),
            replayed=answer.replayed,
        )

    async def DecideReimbursement(
        self, request: Any, context: Context
    ) -> pb.DecideReimbursementResponse:
        """Approves or rejects a claim."""
        require_region(context, request.region_code, field="region_code")
        answer = await self._reimbursements.decide(request)
        return pb.DecideReimbursementResponse(
            reimbursement=_basic(answer), replayed=answer.replayed
        )

    async def PayReimbursement(self, request: Any, context: Context) -> pb.PayReimbursementResponse:
        """Records a payment."""
        require_region(context, request.region_code, field="region_code")
        answer = await self._reimbursements.pay(request)
        return pb.PayReimbursementResponse(reimbursement=_basic(answer), replayed=answer.replayed)

    async def CancelReimbursement(
        self, request: Any, context: Context
    ) -> pb.CancelReimbursementResponse:
        """Withdraws a claim."""
        require_region(context, request.region_code, field="region_code")
        answer = await self._reimbursements.cancel(request)
        return pb.CancelReimbursementResponse(
            reimbursement=_basic(answer), replayed=answer.replayed
        )

    async def GetReimbursement(self, request: Any, context: Context) -> pb.GetReimbursementResponse:
        """Answers one claim with its history."""
        require_region(context, request.region_code, field="region_code")
        return pb.GetReimbursementResponse(reimbursement=await self._reimbursements.get(request))

    async def ListReimbursements(
        self, request: Any, context: Context
    ) -> pb.ListReimbursementsResponse:
        """Lists claims, newest first."""
        require_region(context, request.region_code, field="region_code")
        before = read_key(request, UUID)
        size = page_size(request)
        wanted = Filter(
            insured_province=request.region_code,
            state=messages.STATE_OF.get(request.state),
            care_prefix=_prefix(request.care_region_code),
        )
        found = await self._reimbursements.page(wanted, before=before, limit=size + 1)
        fitting = first_that_fit(found[:size])
        response = pb.ListReimbursementsResponse(reimbursements=fitting)
        if len(found) > len(fitting):
            response.next_page_token = write_token(request, [fitting[-1].reimbursement_id])
        return response

    async def CompareReimbursement(
        self, request: Any, context: Context
    ) -> pb.CompareReimbursementResponse:
        """Answers what direct settlement would have paid."""
        require_region(context, request.region_code, field="region_code")
        record = await self._reimbursements.of_province(request)
        return await self._comparisons.compare(record)

    async def SubscribeReimbursements(
        self, request: Any, context: Context
    ) -> AsyncIterator[pb.SubscribeReimbursementsResponse]:
        """Streams what becomes of claims, to a province its own."""
        region = request.region_code
        require_region(context, region, field="region_code")
        if region and region not in codes.PROVINCES:
            raise InvalidArgument(
                "REGION_UNKNOWN", "region_code is no province", field="region_code"
            )
        batches = self._feed.read(
            request.after_cursor, wanted=[region] if region else None, region=region
        )
        async for given in batches:
            yield pb.SubscribeReimbursementsResponse(
                events=[self._event(row) for row in given.rows],
                cursor=given.cursor,
                lag_ms=given.lag_ms,
            )

    def _event(self, row: OutboxRow) -> pb.ReimbursementEvent:
        columns = row.columns
        content = self._store.open_event(columns["reimbursement_id"], columns["reimbursement"])
        event = pb.ReimbursementEvent(
            event_time=write_time(row.event_time),
            event_id=row.position.sequence,
            reimbursement=pb2.Reimbursement.FromString(content),
        )
        if event.reimbursement.HasField("bill"):
            # The two texts by which a person could be called or looked up stay here.
            bill = event.reimbursement.bill
            event.invoice_key = self._fingerprints.invoice(bill.invoice_number) or b""
            event.phone_key = self._fingerprints.phone(bill.contact_phone) or b""
            bill.ClearField("invoice_number")
            bill.ClearField("contact_phone")
        return event


def _basic(answer: Answer) -> pb2.Reimbursement:
    return messages.write_reimbursement(answer.record, full=False)


def _prefix(region_code: str) -> str:
    """Returns what the codes of a region's areas begin with: 640000 → 64, 640100 → 6401."""
    for zeros in ("0000", "00"):
        if region_code.endswith(zeros):
            return region_code.removesuffix(zeros)
    return region_code

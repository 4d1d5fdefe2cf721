"""Goal: a claim at home goes through the whole mesh, counts in the year's sums once whatever is
killed, takes its invoice from the window, and is nothing to clearing.

Method: the shipped claim of the demo, submitted as `yijie reimburse` does; settlement is killed
(SIGKILL) between intent and booking; a day's reconciliation with the insured province afterwards.
"""

from __future__ import annotations

import asyncio
import contextlib
from importlib import resources
from uuid import uuid4

import asyncpg
import pytest

from services.catalogue.datafile import load
from services.cli.reimburse import request_of
from services.kit import wire
from services.kit.channel import open_channel
from services.kit.clock import SystemClock, civil_date
from services.kit.errors import DomainError
from tests.e2e.test_crash import call_waits_at, stopped
from tests.support.eventually import eventually
from yijie.benefits.v1 import benefits_service_pb2
from yijie.clearing.v1 import reconciliation_service_pb2, reconciliation_service_pb2_grpc
from yijie.settlement.v1 import reimbursement_pb2, settlement_service_pb2
from yijie.settlement.v1 import reimbursement_service_pb2 as pb

pytestmark = [pytest.mark.mesh, pytest.mark.timeout(180)]

BEIJING = "110000"
ADJUDICATED = reimbursement_pb2.REIMBURSEMENT_STATE_ADJUDICATED


async def claim_of(province, invoice: str) -> pb.SubmitReimbursementRequest:
    """The shipped claim with an invoice of the test's own."""
    file = resources.files("services.cli") / "demo_data" / "reimbursement.yaml"
    request = await request_of(province, load(file), trial=False)
    request.bill.invoice_number = invoice
    return request


async def submit(province, request, within_s: float = 10.0):
    response = await province.call(
        province.reimbursements.SubmitReimbursement, request, within_s=within_s
    )
    return response.reimbursement


async def used(province, person_id: str):
    request = benefits_service_pb2.GetAccumulatorsRequest(
        person_id=person_id, scheme_code="310", benefit_year=2026
    )
    answer = await province.call(province.benefits_of(BEIJING).GetAccumulators, request)
    return answer.accumulators


async def cancel(province, key: str) -> None:
    request = pb.CancelReimbursementRequest(
        request_id=str(uuid4()),
        reimbursement_id=key,
        region_code=BEIJING,
        maker_id="agent-1",
        checker_id="agent-2",
        note="申请人撤回",
    )
    response = await province.call(province.reimbursements.CancelReimbursement, request)
    assert response.reimbursement.unbooked


async def differences(running) -> int:
    """What the hub and the insured province do not agree on today."""
    request = reconciliation_service_pb2.ReconcileRequest(
        request_id=str(uuid4()),
        insured_region_code=BEIJING,
        business_date=wire.write_date(civil_date(SystemClock().now())),
    )
    async with open_channel(running.endpoints["clearing"].address) as channel:
        stub = reconciliation_service_pb2_grpc.ReconciliationServiceStub(channel)
        answer = await stub.Reconcile(request, timeout=20)
    assert answer.result.party_count == 0
    return answer.result.difference_count


async def test_a_claim_counts_once_and_is_nothing_to_clearing(running, province):
    request = await claim_of(province, "12010126E2E00001")
    person = request.patient.person_id
    before = await used(province, person)
    claim = await submit(province, request)
    assert claim.state == ADJUDICATED
    counted = await used(province, person)
    pooled = counted.fund_pooled.fen - before.fund_pooled.fen
    assert pooled == claim.payable.fen > 0
    assert counted.inpatient_count == before.inpatient_count + 1
    assert (await submit(province, request)).reimbursement_id == claim.reimbursement_id
    assert await used(province, person) == counted

    bill = settlement_service_pb2.SettleRequest(
        request_id=str(uuid4()), patient=request.patient, bill=request.bill
    )
    with pytest.raises(DomainError) as refusal:
        await province.call(province.settlement.Settle, bill)
    # The journal refuses it in any case; supervision sooner, once it has heard of the claim.
    assert refusal.value.reason in {"INVOICE_ALREADY_CLAIMED", "BILL_BLOCKED"}
    compared = await province.call(
        province.reimbursements.CompareReimbursement,
        pb.CompareReimbursementRequest(
            reimbursement_id=claim.reimbursement_id, region_code=BEIJING
        ),
    )
    assert compared.manual.adjudication.fund_total == claim.payable
    assert await differences(running) == 0
    await cancel(province, claim.reimbursement_id)
    assert await used(province, person) == before
    assert await differences(running) == 0


async def test_killed_between_intent_and_booking_counts_once(running, province):
    request = await claim_of(province, "12010126E2E00002")
    person = request.patient.person_id
    before = await used(province, person)
    async with stopped(running, "benefits"):
        call = asyncio.ensure_future(
            province.reimbursements.SubmitReimbursement(request, timeout=20.0)
        )
        connection = await asyncpg.connect(running.dsn)

        async def is_taken_in() -> None:
            assert await connection.fetchval(
                "SELECT count(*) FROM settlement.reimbursement_work WHERE kind = 'BOOK'"
            )

        await eventually(is_taken_in)
        await call_waits_at(running, "benefits")
        running.processes["settlement"].kill()
        await running.processes["settlement"].ended(within_s=10)
        await connection.close()
    with contextlib.suppress(Exception):
        await call
    running.start("settlement")
    await running.ready("settlement")
    await province.reached("settlement")

    async def finished() -> pb.ListReimbursementsResponse:
        listed = await province.call(
            province.reimbursements.ListReimbursements,
            pb.ListReimbursementsRequest(region_code=BEIJING, state=ADJUDICATED),
        )
        assert len(listed.reimbursements) == 1
        return listed

    (claim,) = (await eventually(finished)).reimbursements
    assert (await submit(province, request)).reimbursement_id == claim.reimbursement_id
    counted = await used(province, person)
    assert counted.fund_pooled.fen - before.fund_pooled.fen == claim.payable.fen
    assert counted.inpatient_count == before.inpatient_count + 1
    await cancel(province, claim.reimbursement_id)
    assert await used(province, person) == before

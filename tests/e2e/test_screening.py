"""Goal: a hard rule keeps a stay from settling that overlaps one on record; what supervision's
silence means is each rule's own; whatever was not settled is told to those who follow it.

Method: the mesh as real processes; supervision is killed, and what it said last of its rules is
replaced in settlement's own table, as if a pack with a rule that fails closed had been published.
"""

from __future__ import annotations

import asyncio
import shutil
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path
from uuid import UUID, uuid4

import asyncpg
import grpc
import pytest

from services.cli.cases import case
from services.cli.mesh import Mesh, mesh
from services.cli.province import Province
from services.kit.channel import open_channel
from services.kit.status import from_rpc_error
from tests.support.eventually import eventually
from yijie.settlement.v1 import (
    refusal_pb2,
    refusal_service_pb2,
    refusal_service_pb2_grpc,
    settlement_pb2,
)
from yijie.settlement.v1 import settlement_service_pb2 as pb
from yijie.supervision.v1 import supervision_service_pb2

pytestmark = [pytest.mark.mesh, pytest.mark.timeout(180)]

SETTLED = settlement_pb2.SETTLEMENT_STATE_SETTLED
DEFERRED = settlement_pb2.SCREENING_STATE_DEFERRED
STAY, OUTPATIENT, YEAR = "zhang", "outpatient", 2025


@pytest.fixture(scope="module")
async def running() -> AsyncIterator[Mesh]:
    folder = Path(tempfile.mkdtemp(prefix="yijie-e2e-"))
    # A busy machine is no silence of supervision: that is brought about by killing it.
    settings = {"YIJIE_SCREENING_TIMEOUT_S": "1.5", "YIJIE_HISTORY_TIMEOUT_S": "1.0"}
    try:
        async with mesh(folder, settings=settings) as started:
            yield started
    finally:
        shutil.rmtree(folder, ignore_errors=True)


async def request_of(province: Province, name: str) -> pb.SettleRequest:
    demo = case(name)
    patient = await province.register(demo)
    request = pb.SettleRequest(request_id=str(uuid4()), patient=patient, bill=demo.bill)
    bill = request.bill
    if name == STAY:
        # The case is an emergency of a year before the rules, which are in force since 2021.
        bill.emergency = False
        days = (bill.begin_date, bill.end_date, *(line.fee_date for line in bill.lines))
        for day in days:
            day.year = YEAR
    return request


async def settle(province: Province, request: pb.SettleRequest) -> settlement_pb2.Settlement:
    return (await province.settlement.Settle(request, timeout=5.0)).settlement


async def refusal_of(province: Province, request: pb.SettleRequest) -> tuple[str, str]:
    """Returns reason and rules of a Settle that must be refused."""
    try:
        settled = await settle(province, request)
    except grpc.aio.AioRpcError as error:
        found = from_rpc_error(error)
        assert found is not None
        return found.reason, found.metadata.get("ruleCodes", "")
    raise AssertionError(settled.findings or settled.deferred_rule_codes)


async def rows(running: Mesh, query: str, *arguments: object) -> list[asyncpg.Record]:
    connection = await asyncpg.connect(running.dsn)
    try:
        found: list[asyncpg.Record] = await connection.fetch(query, *arguments)
        return found
    finally:
        await connection.close()


async def on_record(running: Mesh, settlement_id: str) -> None:
    """Waits until supervision has a bill."""

    async def check() -> None:
        assert await rows(
            running,
            "SELECT FROM supervision.audited_bill WHERE bill_key = $1",
            UUID(settlement_id),
        )

    await eventually(check, within_s=15.0)


async def refusals(running: Mesh, request_id: str) -> list[refusal_pb2.Refusal]:
    """Returns what the feed of refusals tells of a request, once it tells of it."""
    found: list[refusal_pb2.Refusal] = []
    async with open_channel(running.endpoints["settlement"].address) as channel:
        stub = refusal_service_pb2_grpc.RefusalServiceStub(channel)
        stream = stub.SubscribeRefusals(refusal_service_pb2.SubscribeRefusalsRequest())
        async with asyncio.timeout(15):
            async for response in stream:
                events = (event.refusal for event in response.events)
                found += [one for one in events if one.request_id == request_id]
                if found:
                    return found
    raise AssertionError("the feed ended")


async def test_a_stay_that_overlaps_another_is_blocked(running: Mesh, province: Province) -> None:
    first = await request_of(province, STAY)
    stands = await settle(province, first)
    assert stands.state == SETTLED
    assert stands.round_trip_ms >= stands.region_ms > 0
    await on_record(running, stands.settlement_id)
    again = await request_of(province, STAY)
    reason, rules = await refusal_of(province, again)
    assert (reason, rules) == ("BILL_BLOCKED", "OVERLAPPING_STAY")
    # Everybody who follows what is not settled hears of it.
    told = (await refusals(running, again.request_id))[0]
    assert (told.reason, list(told.rule_codes)) == (reason, ["OVERLAPPING_STAY"])
    assert told.person_id == stands.person_id
    # An emergency is marked and settles.
    again.request_id = str(uuid4())
    again.bill.emergency = True
    marked = await settle(province, again)
    assert "OVERLAPPING_STAY" in {one.rule_code for one in marked.findings}
    # Taken back both, the same bill settles at once: nobody waits for supervision to hear of it.
    for one in (marked, stands):
        await province.settlement.ReverseSettlement(
            pb.ReverseSettlementRequest(request_id=str(uuid4()), settlement_id=one.settlement_id),
            timeout=5.0,
        )
    again.request_id = str(uuid4())
    again.bill.emergency = False
    assert (await settle(province, again)).state == SETTLED


async def test_supervision_is_killed(running: Mesh, province: Province) -> None:
    """The shipped rules fail open; one that fails closed refuses what it is about."""

    async def policy_is_known() -> None:
        assert await rows(running, "SELECT FROM settlement.screening_policy")

    await eventually(policy_is_known, within_s=15.0)
    outpatient = await request_of(province, OUTPATIENT)
    # Proven while its own service is there: only supervision goes.
    running.processes["supervision"].kill()
    await running.processes["supervision"].ended(within_s=10.0)
    try:
        settled = await settle(province, outpatient)
        assert (settled.state, settled.screening_state) == (SETTLED, DEFERRED)
        assert "DUPLICATE_INVOICE" in settled.deferred_rule_codes
        assert "OVERLAPPING_STAY" not in settled.deferred_rule_codes

        closed = supervision_service_pb2.GetScreeningPolicyResponse(version="closed")
        closed.rules.add(
            rule_code="DUPLICATE_INVOICE",
            when_unscreened=supervision_service_pb2.UNSCREENED_REFUSE,
            medical_type_codes=["11"],
        )
        await rows(
            running,
            "INSERT INTO settlement.screening_policy (version, policy, create_time)"
            " VALUES ('closed', $1, now())",
            closed.SerializeToString(),
        )
        await running.processes["settlement"].stop(within_s=10.0)
        running.start("settlement")
        await running.ready("settlement")
        await province.reached("settlement")

        outpatient.request_id = str(uuid4())
        refused = await refusal_of(province, outpatient)
        assert refused == ("SCREENING_UNAVAILABLE", "DUPLICATE_INVOICE")
        told = (await refusals(running, outpatient.request_id))[0]
        assert (told.reason, told.retryable) == ("SCREENING_UNAVAILABLE", True)
        emergency = pb.SettleRequest()
        emergency.CopyFrom(outpatient)
        emergency.request_id, emergency.bill.emergency = str(uuid4()), True
        saved = await settle(province, emergency)
        assert list(saved.deferred_rule_codes) == ["DUPLICATE_INVOICE"]
    finally:
        running.start("supervision")
        await running.ready("supervision")

    async def settles() -> None:
        # The same request, now that supervision is back.
        assert (await settle(province, outpatient)).state == SETTLED

    await eventually(settles, within_s=20.0)
    # What was deferred is judged afterwards.
    await on_record(running, settled.settlement_id)

"""Goal: an insured province that runs apart is part of the mesh, and its outage is its own.

Method: the mesh of `yijie up --regions`, in which Xinjiang's benefits are a process with a database
of its own; it is killed and started again while people of all provinces settle.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path
from uuid import uuid4

import asyncpg
import grpc
import orjson
import pytest

from services.cli.cases import case
from services.cli.load import load, wait_until_settling
from services.cli.mesh import Mesh, MeshError, mesh, read_endpoints
from services.cli.province import Province, connected
from services.cli.topology import REMOTE_PROVINCES, remote_name
from services.cli.trace import trace
from services.kit.status import reason_of
from tests.support.eventually import eventually
from yijie.benefits.v1 import benefits_service_pb2
from yijie.settlement.v1 import settlement_pb2
from yijie.settlement.v1 import settlement_service_pb2 as pb

pytestmark = [pytest.mark.mesh, pytest.mark.timeout(180)]

(PROVINCE,) = REMOTE_PROVINCES
REMOTE = remote_name(PROVINCE)
THERE, ELSEWHERE = "zhang", "outpatient"
SETTLED = settlement_pb2.SETTLEMENT_STATE_SETTLED


@pytest.fixture(scope="module")
async def running() -> AsyncIterator[Mesh]:
    folder = Path(tempfile.mkdtemp(prefix="yijie-e2e-"))
    settings = {
        "YIJIE_RECOVERY_AFTER_S": "1.0",
        "YIJIE_RECOVERY_INTERVAL_S": "0.2",
        "YIJIE_BENEFITS_TIMEOUT_S": "0.4",
    }
    try:
        async with mesh(folder, settings=settings, provinces=REMOTE_PROVINCES) as started:
            yield started
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="module")
async def province(running: Mesh) -> AsyncIterator[Province]:
    async with connected(running.endpoints, str(running.trace_dir)) as client:
        await wait_until_settling(client, await load(client))
        yield client


async def settle_request(province: Province, name: str) -> pb.SettleRequest:
    demo = case(name)
    patient = await province.register(demo)
    return pb.SettleRequest(
        request_id=str(uuid4()), patient=patient, bill=demo.bill, use_account=True
    )


async def settle(province: Province, request: pb.SettleRequest) -> settlement_pb2.Settlement:
    return (await province.settlement.Settle(request, timeout=5.0)).settlement


async def refusal_of(province: Province, request: pb.SettleRequest) -> str:
    try:
        await settle(province, request)
    except grpc.aio.AioRpcError as error:
        return reason_of(error)
    return ""


async def column(dsn: str, query: str, *arguments: object) -> list[object]:
    connection = await asyncpg.connect(dsn)
    try:
        return [row[0] for row in await connection.fetch(query, *arguments)]
    finally:
        await connection.close()


async def booked(running: Mesh, *, there: bool) -> list[str]:
    """The settlements that stand in the province's own database, or in the one of the others."""
    secret = f"dsn-{PROVINCE}" if there else "dsn"
    dsn = (running.data_dir / "secrets" / secret).read_text(encoding="utf-8").strip()
    query = "SELECT settlement_id::text FROM benefits.adjudication"
    return [str(value) for value in await column(dsn, query)]


async def journal_size(running: Mesh) -> object:
    (count,) = await column(running.dsn, "SELECT count(*) FROM settlement.settlement")
    return count


async def stays_of(province: Province, patient: settlement_pb2.Patient) -> int:
    held = await province.accumulators(
        patient.person_id, "310", 2017, insured_region_code=patient.insured_region_code
    )
    return held.accumulators.inpatient_count


def new(before: list[str], after: list[str]) -> set[str]:
    """What came since: the tests of this file share a mesh and run in any order."""
    return set(after) - set(before)


async def test_a_province_apart_books_in_its_own_database(running, province):
    before = {side: await booked(running, there=side) for side in (True, False)}
    request = await settle_request(province, THERE)
    stays = await stays_of(province, request.patient)
    there = await settle(province, request)
    elsewhere = await settle(province, await settle_request(province, ELSEWHERE))
    assert there.state == elsewhere.state == SETTLED
    assert there.insured_region_code.startswith(PROVINCE[:2])
    assert new(before[True], await booked(running, there=True)) == {there.settlement_id}
    assert new(before[False], await booked(running, there=False)) == {elsewhere.settlement_id}
    assert await stays_of(province, request.patient) == stays + 1


async def test_each_area_is_served_in_one_place(running, province):
    """A bill that is sent to the wrong process is refused there, not booked a second time."""
    settlement = await settle(province, await settle_request(province, THERE))
    (stored,) = await column(
        running.dsn,
        "SELECT commit_request FROM settlement.settlement WHERE settlement_id = $1::uuid",
        settlement.settlement_id,
    )
    asked = benefits_service_pb2.CommitRequest.FromString(stored).case
    request = benefits_service_pb2.AdjudicateRequest(case=asked)
    assert (await province.benefits_of(PROVINCE).Adjudicate(request, timeout=5.0)).adjudication
    with pytest.raises(grpc.aio.AioRpcError) as refusal:
        await province.benefits.Adjudicate(request, timeout=5.0)
    assert reason_of(refusal.value) == "POLICY_NOT_COVERED"


async def test_its_settlements_have_whole_traces(running, province, capfdbinary):
    settlement = await settle(province, await settle_request(province, THERE))
    capfdbinary.readouterr()
    assert await trace(settlement.settlement_id, running.data_dir, as_json=True) == 0
    spans = orjson.loads(capfdbinary.readouterr().out)["spans"]
    assert {"settlement", "benefits"} <= {span["service"] for span in spans}
    assert REMOTE in read_endpoints(running.data_dir)


async def test_its_outage_is_its_own(running, province):
    request, elsewhere = (
        await settle_request(province, THERE),
        await settle_request(province, ELSEWHERE),
    )
    process = running.processes[REMOTE]
    process.kill()
    assert await process.ended(within_s=10)
    try:
        # The first finds out; something might be booked, so it is pending, not refused.
        assert await refusal_of(province, request) == "OUTCOME_PENDING"

        async def spared() -> None:
            another = await settle_request(province, THERE)
            before = await journal_size(running)
            # Unless it is the one that is let through to find out.
            assert await refusal_of(province, another) == "INSURED_REGION_UNAVAILABLE"
            assert await journal_size(running) == before, "nothing is begun"

        await eventually(spared)
        assert (await settle(province, elsewhere)).state == SETTLED
        assert await refusal_of(province, request) == "OUTCOME_PENDING"
    finally:
        running.start(REMOTE)
        await running.ready(REMOTE)
        await province.reached(REMOTE)

    async def all_settled() -> None:
        states = await column(
            running.dsn, "SELECT count(*) FROM settlement.open_intent WHERE kind = 'SETTLE'"
        )
        assert states == [0]

    await eventually(all_settled, within_s=60.0)
    answer = await province.settlement.Settle(request, timeout=5.0)
    assert answer.replayed
    assert answer.settlement.state == SETTLED
    there = await booked(running, there=True)
    assert there.count(answer.settlement.settlement_id) == 1
    settled = await column(
        running.dsn,
        "SELECT settlement_id::text FROM settlement.settlement"
        " JOIN settlement.settlement_state_change USING (settlement_id)"
        " WHERE state = 'SETTLED' AND starts_with(insured_region_code, $1)",
        PROVINCE[:2],
    )
    assert sorted(there) == sorted(str(value) for value in settled)


async def test_a_folder_is_used_with_the_provinces_that_it_was_filled_with(tmp_path):
    folder = tmp_path / "secrets"
    folder.mkdir()
    (folder / "dsn").touch()
    with pytest.raises(MeshError, match="filled without --regions"):
        async with mesh(tmp_path, provinces=REMOTE_PROVINCES):
            pass
    (folder / f"dsn-{PROVINCE}").touch()
    with pytest.raises(MeshError, match="filled with --regions"):
        async with mesh(tmp_path):
            pass

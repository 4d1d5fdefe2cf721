"""Goal: an insured province that runs apart is part of the mesh, and its outage is its own.

Method: the mesh of `yijie up --tls --regions`, in which Xinjiang's benefits are a process with a
database and a certificate of its own; it is killed and started again while people of all provinces
settle.
"""

from __future__ import annotations

import asyncio
import shutil
import sys
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path
from uuid import uuid4

import asyncpg
import grpc
import orjson
import pytest

from services.cli.audit_chain.commands import export_chain, note_checkpoint
from services.cli.audit_verifier import Chain, Wrong, read_keys
from services.cli.auditing import Wanted, verify_all
from services.cli.cases import case
from services.cli.certs.local import agency_name
from services.cli.connecting import Wallet
from services.cli.load import load, wait_until_settling
from services.cli.mesh import Mesh, MeshError, mesh, read_endpoints
from services.cli.province import Province, connected
from services.cli.signatures.showing import show_record, verify_record
from services.cli.topology import (
    REMOTE_PROVINCES,
    SIGNATURE_KEYS,
    remote_name,
    signatures_dir,
)
from services.cli.trace import trace
from services.cli.up import python_call
from services.kit import codes
from services.kit.status import reason_of
from tests.support.eventually import eventually
from yijie.benefits.v1 import benefits_service_pb2
from yijie.settlement.v1 import settlement_pb2
from yijie.settlement.v1 import settlement_service_pb2 as pb
from yijie.settlement.v1 import settlement_service_pb2_grpc as settlement_rpc

pytestmark = [pytest.mark.mesh, pytest.mark.timeout(180)]

PROVINCE = REMOTE_PROVINCES[-1]
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
        async with mesh(folder, settings=settings, provinces=(PROVINCE,), tls=True) as started:
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


async def test_what_is_settled_is_proven_by_both_signatures(
    running, province, tmp_path, capfdbinary
):
    settlement = await settle(province, await settle_request(province, THERE))
    proof = tmp_path / "proof.json"
    assert (
        await show_record(
            running.data_dir, settlement.settlement_id, is_service=False, out=proof, as_json=False
        )
        == 0
    )
    capfdbinary.readouterr()
    keys = signatures_dir(running.data_dir) / SIGNATURE_KEYS
    nowhere = tmp_path / "nowhere"
    verified = await verify_record(nowhere, str(proof), keys, is_service=False, as_json=True)
    assert verified == 0
    found = orjson.loads(capfdbinary.readouterr().out)
    care = codes.province_of(settlement.care_region_code)
    assert [(one["direction"], one["region"], one["role"]) for one in found] == [
        ("REQUEST", care, "agency"),
        ("ANSWER", "000000", "hub"),
    ]


async def test_who_has_a_certificate_and_a_key_must_sign(running, province):
    request = await settle_request(province, THERE)
    endpoint = running.endpoints["settlement"]
    agency = agency_name(codes.province_of(request.bill.care_region_code))
    async with Wallet(endpoint.address, Path(endpoint.certs)) as wallet:
        unsigned = settlement_rpc.SettlementServiceStub(wallet.channel_of(agency))
        with pytest.raises(grpc.aio.AioRpcError) as refusal:
            await unsigned.Settle(request, timeout=5.0)
    assert reason_of(refusal.value) == "SIGNATURE_MISSING"


async def test_the_program_that_is_shown_signs(running, province):
    patient = await province.register(case(ELSEWHERE))
    program = python_call(running.endpoints["settlement"], patient)
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", program, stdout=asyncio.subprocess.PIPE
    )
    out, _ = await process.communicate()
    assert process.returncode == 0
    assert b"fen by funds" in out


async def test_what_was_done_is_sealed_and_proven_without_us(running, province, tmp_path):
    """A settlement and a call that was denied, in the audit chain; the rows still say the same."""
    settlement = await settle(province, await settle_request(province, THERE))
    request = await settle_request(province, THERE)
    endpoint = running.endpoints["settlement"]
    async with Wallet(endpoint.address, Path(endpoint.certs)) as wallet:
        stranger = settlement_rpc.SettlementServiceStub(wallet.channel_of(agency_name("460000")))
        with pytest.raises(grpc.aio.AioRpcError) as refusal:
            await stranger.Settle(request, timeout=5.0)
    assert reason_of(refusal.value) == "CALLER_NOT_ALLOWED"
    out, noted = tmp_path / "chain.jsonl", tmp_path / "noted.json"

    async def exported() -> list[bytes]:
        assert await note_checkpoint(running.data_dir, noted) == 0
        assert await export_chain(running.data_dir, out, after=None) == 0
        lines = out.read_bytes().splitlines(keepends=True)
        assert any(settlement.settlement_id.encode() in line for line in lines)
        assert any(b"CALL_DENIED" in line and b'"460000"' in line for line in lines)
        return lines

    lines = await eventually(exported)
    keys = (running.data_dir / "secrets" / "checkpoint_keys").read_text(encoding="utf-8")
    chain = Chain(read_keys(keys), [orjson.loads(noted.read_bytes())])
    chain.read(lines)
    assert {"settlement.journal", "identity.access", f"{REMOTE}.events"} <= set(chain.sources)
    removed = next(line for line in lines if settlement.settlement_id.encode() in line)
    with pytest.raises(Wrong):
        Chain(read_keys(keys)).read(line for line in lines if line != removed)
    assert await verify_all(running.data_dir, Wanted(noted=noted), as_json=True) == 0


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
    with pytest.raises(MeshError, match=f"filled with {PROVINCE} apart"):
        async with mesh(tmp_path):
            pass

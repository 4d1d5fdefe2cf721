"""A killed process loses nothing and pays nothing twice. Goal and method.

The insured region's process is stopped by SIGSTOP, so that a Settle waits exactly between intent
and commit; then settlement is killed (SIGKILL), or asked to end (SIGTERM), and started again. What
counts is what the journal, the insured region and the ledger say afterwards.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
from collections.abc import AsyncIterator
from pathlib import Path
from uuid import uuid4

import asyncpg
import pytest

from services.cli.cases import case
from services.cli.mesh import Mesh
from services.cli.province import Province
from tests.support.eventually import eventually
from yijie.settlement.v1 import settlement_pb2
from yijie.settlement.v1 import settlement_service_pb2 as pb

pytestmark = [pytest.mark.mesh, pytest.mark.timeout(180)]

PENDING = settlement_pb2.SETTLEMENT_STATE_PENDING
SETTLED = settlement_pb2.SETTLEMENT_STATE_SETTLED


@contextlib.asynccontextmanager
async def stopped(running: Mesh, service: str) -> AsyncIterator[None]:
    """The process of a service hangs while the block runs."""
    pid = running.processes[service].pid
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


async def settle_request(province: Province, name: str = "outpatient") -> pb.SettleRequest:
    demo = case(name)
    patient = await province.register(demo)
    return pb.SettleRequest(
        request_id=str(uuid4()), patient=patient, bill=demo.bill, use_account=True
    )


async def intent_written(running: Mesh, request_id: str) -> None:
    connection = await asyncpg.connect(running.dsn)
    try:

        async def probe() -> None:
            count = await connection.fetchval(
                "SELECT count(*) FROM settlement.settlement WHERE request_id = $1::uuid", request_id
            )
            assert count == 1

        await eventually(probe)
    finally:
        await connection.close()


def connections(port: int) -> list[tuple[int, int, int, str]]:
    """Connections of this machine at a port: local and remote port, bytes unread, inode."""
    found = []
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        for row in Path(table).read_text().splitlines()[1:]:
            fields = row.split()
            local, remote = (int(end.rpartition(":")[2], 16) for end in fields[1:3])
            if port in (local, remote):
                found.append((local, remote, int(fields[4].partition(":")[2], 16), fields[9]))
    return found


def bytes_waiting(port: int, pid: int) -> int:
    """Bytes that a process sent to a port of this machine and nobody has read yet."""
    sockets = set()
    for entry in Path(f"/proc/{pid}/fd").iterdir():
        with contextlib.suppress(FileNotFoundError):
            sockets.add(str(entry.readlink()))
    table = connections(port)
    callers = {local for local, _, _, inode in table if f"socket:[{inode}]" in sockets}
    return sum(unread for _, remote, unread, _ in table if remote in callers)


async def call_waits_at(running: Mesh, service: str) -> None:
    """Waits until a stopped process has a call of settlement to read."""
    port = int(running.endpoints[service].address.rpartition(":")[2])

    async def probe() -> None:
        assert bytes_waiting(port, running.processes["settlement"].pid) > 0

    await eventually(probe)


async def journal(running: Mesh, request_id: str) -> list[str]:
    """The states that a request went through, in order."""
    connection = await asyncpg.connect(running.dsn)
    try:
        rows = await connection.fetch(
            "SELECT c.state FROM settlement.settlement s"
            " JOIN settlement.settlement_state_change c USING (settlement_id)"
            " WHERE s.request_id = $1::uuid ORDER BY c.version",
            request_id,
        )
        return [row["state"] for row in rows]
    finally:
        await connection.close()


async def get(province: Province, request_id: str) -> settlement_pb2.Settlement:
    request = pb.GetSettlementRequest(request_id=request_id)
    return (await province.settlement.GetSettlement(request, timeout=5.0)).settlement


async def balance_of(province: Province, person_id: str) -> int:
    return (await province.accumulators(person_id, "310", 2026)).account_balance.fen


async def test_killed_between_intent_and_commit_leaves_one_settlement(running, province):
    request = await settle_request(province)
    before = await balance_of(province, request.patient.person_id)
    async with stopped(running, "benefits"):
        call = asyncio.ensure_future(province.settlement.Settle(request, timeout=20.0))
        await intent_written(running, request.request_id)
        running.processes["settlement"].kill()
        await running.processes["settlement"].ended(within_s=10)
        with contextlib.suppress(Exception):
            await call
    running.start("settlement")
    await running.ready("settlement")
    await province.reached("settlement")

    async def settled() -> settlement_pb2.Settlement:
        found = await get(province, request.request_id)
        assert found.state == SETTLED
        return found

    found = await eventually(settled)
    assert await journal(running, request.request_id) == ["PENDING", "SETTLED"]
    answer = await province.settlement.Settle(request, timeout=5.0)
    assert answer.replayed
    assert answer.settlement.settlement_id == found.settlement_id
    # Booked once: the account paid this bill a single time.
    paid = found.adjudication.account_pay.fen
    assert paid > 0
    assert await balance_of(province, request.patient.person_id) == before - paid


async def test_killed_after_the_commit_leaves_one_settlement(running, province):
    """The region booked it, the hub never heard: recovery learns it by committing again."""
    request = await settle_request(province)
    before = await balance_of(province, request.patient.person_id)
    # On a channel that is not open yet the Commit would wait in settlement for the handshake.
    await province.presettle(case("outpatient"), request.patient)
    async with stopped(running, "benefits"):
        call = asyncio.ensure_future(province.settlement.Settle(request, timeout=20.0))
        await intent_written(running, request.request_id)
        # The Commit lies in the region's socket; settlement is stopped, so it never reads the
        # reply.
        await call_waits_at(running, "benefits")
        os.kill(running.processes["settlement"].pid, signal.SIGSTOP)

    async def booked() -> None:
        assert await balance_of(province, request.patient.person_id) < before

    await eventually(booked)
    running.processes["settlement"].kill()
    await running.processes["settlement"].ended(within_s=10)
    with contextlib.suppress(Exception):
        await call
    running.start("settlement")
    await running.ready("settlement")
    await province.reached("settlement")

    async def settled() -> settlement_pb2.Settlement:
        found = await get(province, request.request_id)
        assert found.state == SETTLED
        return found

    found = await eventually(settled)
    assert await journal(running, request.request_id) == ["PENDING", "SETTLED"]
    paid = found.adjudication.account_pay.fen
    assert await balance_of(province, request.patient.person_id) == before - paid


async def test_a_call_in_flight_survives_sigterm(running, province):
    request = await settle_request(province)
    process = running.processes["settlement"]
    async with stopped(running, "benefits"):
        call = asyncio.ensure_future(province.settlement.Settle(request, timeout=20.0))
        await intent_written(running, request.request_id)
        os.kill(process.pid, signal.SIGTERM)
        await asyncio.sleep(0.2)
        assert process.exit_code is None, "it waits for the call in flight"
    try:
        answer = await call
        assert answer.settlement.state == SETTLED
        assert await process.ended(within_s=15)
        assert process.exit_code == 0
    finally:
        running.start("settlement")
        await running.ready("settlement")
        await province.reached("settlement")


async def test_a_silent_region_is_pending_and_then_settled(running, province):
    request = await settle_request(province)
    async with stopped(running, "benefits"):
        with pytest.raises(Exception, match="outcome is not known"):
            await province.settlement.Settle(request, timeout=5.0)
        assert (await get(province, request.request_id)).state == PENDING

    async def settled() -> None:
        assert (await get(province, request.request_id)).state == SETTLED

    await eventually(settled)


async def test_every_service_ends_in_order_with_exit_code_zero(running, province):
    for service, process in list(running.processes.items()):
        assert await process.stop(within_s=20), service
        assert process.exit_code == 0, service
        running.start(service)
        await running.ready(service)
        await province.reached(service)
    answer = await province.settlement.Settle(await settle_request(province), timeout=10.0)
    assert answer.settlement.state == SETTLED

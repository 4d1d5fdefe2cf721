"""Goal: the ledger equals the journal of a real settlement service, and says where it does not.

Method: settlement and clearing run through their composition roots on one database server; bills
are settled and taken back, the feed is followed, and the day is compared over the contract, so that
both fingerprints, one of each database, are put to the test.
"""

from __future__ import annotations

import contextlib
import io
from datetime import date, timedelta
from uuid import uuid4

import grpc
import pytest

from services.clearing.app import running
from services.clearing.config import Config
from services.kit import wire
from services.kit.channel import open_channel
from services.kit.config import load
from tests.integration.clearing.breaks_world import tampering
from tests.integration.clearing.harness import environ
from tests.integration.settlement.world import assert_coherent, served, settle_request
from tests.support.callees import callees_served
from tests.support.clock import FakeClock
from tests.support.eventually import eventually
from tests.support.rpc import TIMEOUT_S
from yijie.clearing.v1 import break_pb2 as pb2
from yijie.clearing.v1 import break_service_pb2 as service_pb2
from yijie.clearing.v1 import break_service_pb2_grpc

pytestmark = pytest.mark.postgres

SCHEMAS = ("settlement", "clearing")
DAY = date(2026, 3, 31)


@pytest.fixture
async def world(dsn):
    clock = FakeClock()
    async with callees_served() as callees, served(dsn, callees, clock, io.BytesIO()) as opened:
        yield opened
        await assert_coherent(opened)


@contextlib.asynccontextmanager
async def clearing_of(world):
    port = int(world.address.rpartition(":")[2])
    config = load(Config, environ(world.dsn, port))
    async with (
        running(config, clock=world.clock) as server,
        open_channel(server.address) as channel,
    ):
        yield break_service_pb2_grpc.BreakServiceStub(channel)


async def compared(stub, day=DAY):
    """Compares a day as soon as the feed is read to its end."""
    found = []

    async def probe():
        request = service_pb2.ReconcileLedgerRequest(
            request_id=str(uuid4()), journal_date=wire.write_date(day)
        )
        try:
            answer = await stub.ReconcileLedger(request, timeout=TIMEOUT_S)
        except grpc.aio.AioRpcError as error:
            raise AssertionError(error.details()) from None
        found[:] = [answer.day]

    await eventually(probe, within_s=20.0, every_s=0.1)
    return found[0]


async def test_a_day_of_settlement_is_even_and_a_lost_booking_shows(world):
    settled = []
    for use_account in (False, True, True):
        world.clock.advance(seconds=1)
        request = settle_request(use_account=use_account)
        settled.append((await world.settle(request)).settlement)
    await world.reverse(settlement_id=settled[0].settlement_id)
    async with clearing_of(world) as stub:
        world.clock.advance(days=1)
        await world.reverse(settlement_id=settled[1].settlement_id)
        day = await compared(stub)
        assert day.state == pb2.LEDGER_DAY_STATE_EVEN
        assert (day.journal_count, day.ledger_count) == (4, 4)
        assert day.journal_total.fen == day.ledger_total.fen > 0
        world.clock.advance(days=1)
        following = await compared(stub, DAY + timedelta(days=1))
        assert (following.state, following.ledger_count) == (pb2.LEDGER_DAY_STATE_EVEN, 1)
        assert following.ledger_total.fen < 0
        async with tampering(world.dsn) as connection:
            for table in ("entry", "transfer", "booking"):
                of = (
                    "transfer_id IN (SELECT transfer_id FROM transfer WHERE source_id = $1)"
                    if table == "entry"
                    else "source_id = $1"
                )
                await connection.execute(
                    f"DELETE FROM {table} WHERE {of}",  # noqa: S608 - put together from constants
                    settled[2].settlement_id,
                )
        assert (await compared(stub)).state == pb2.LEDGER_DAY_STATE_DIFFERENT
        listed = await stub.ListBreaks(service_pb2.ListBreaksRequest(), timeout=TIMEOUT_S)
        (found,) = listed.breaks
        assert found.settlement_id == settled[2].settlement_id
        assert found.kind == pb2.BREAK_KIND_MISSING_IN_LEDGER
        assert found.cause == pb2.BREAK_CAUSE_BOOKING_LOST
        assert found.journal.fund_total == settled[2].adjudication.fund_total
        assert found.journal.account_pay == settled[2].adjudication.account_pay

"""Goal: over TLS a statement is its party's, a difference its provinces', and nobody else's.

Method: a second process behind TLS on the database of one that is reached without.
"""

from __future__ import annotations

import contextlib
from uuid import uuid4

import pytest

from services.clearing.app import running
from services.clearing.config import Config
from services.kit.config import load
from tests.integration.clearing.harness import environ
from tests.integration.clearing.reconciliation_world import (
    TIMEOUT_S,
    event_of,
    record_of,
    service_pb2,
    totals_of,
    world_of,
)
from tests.support.mutual_tls import Door
from tests.support.rpc import refused
from yijie.clearing.v1 import clearing_service_pb2, clearing_service_pb2_grpc
from yijie.clearing.v1 import reconciliation_service_pb2_grpc as rpc

pytestmark = pytest.mark.postgres

CARE, INSURED, THIRD = (
    ("110000", "agency"),
    ("130000", "agency"),
    ("650000", "agency"),
)


@pytest.fixture
async def world(dsn, database, monkeypatch):
    """The world, with what opens a channel to a process behind TLS as a caller."""
    door = Door()
    async with world_of(dsn, database) as opened:
        config = load(Config, environ(dsn, opened.port, benefits_port=opened.benefits_port))
        with door.closing(monkeypatch):
            async with running(config, clock=opened.clock) as server:
                yield opened, lambda caller: door.opened(server.address, *caller)


@contextlib.asynccontextmanager
async def stub_of(channel_of, caller):
    async with channel_of(caller) as channel:
        yield rpc.ReconciliationServiceStub(channel)


def request_of(name, **values):
    return getattr(service_pb2, f"{name}Request")(request_id=str(uuid4()), **values)


async def reason_of(call):
    return (await refused(call)).reason


async def test_statements_and_differences_are_their_parties(world):
    opened, channel_of = world
    event = event_of()
    await opened.follow(event)
    lost = record_of(event, total=event.settlement.amounts.total)
    lost.total.fen += 1
    lost.cash_pay.fen += 1
    totals = totals_of(lost)
    async with stub_of(channel_of, THIRD) as stub:
        opening = request_of("OpenStatement", party_code="H11010500001")
        assert await reason_of(stub.OpenStatement(opening, timeout=TIMEOUT_S)) == (
            "CALLER_NOT_ALLOWED"
        )
    key = (await opened.open(totals)).statement_id
    for caller in (THIRD, INSURED):
        async with stub_of(channel_of, caller) as stub:
            details = request_of("AddStatementDetails", statement_id=key, records=[lost])
            assert await reason_of(stub.AddStatementDetails(details, timeout=TIMEOUT_S)) == (
                "CALLER_NOT_ALLOWED"
            )
            closing = request_of("CloseStatement", statement_id=key)
            assert await reason_of(stub.CloseStatement(closing, timeout=TIMEOUT_S)) == (
                "CALLER_NOT_ALLOWED"
            )
            unknown = request_of("CloseStatement", statement_id=str(uuid4()))
            assert await reason_of(stub.CloseStatement(unknown, timeout=TIMEOUT_S)) == (
                "RESOURCE_NOT_FOUND"
            )
    async with stub_of(channel_of, CARE) as stub:
        details = request_of("AddStatementDetails", statement_id=key, records=[lost])
        await stub.AddStatementDetails(details, timeout=TIMEOUT_S)
        await stub.CloseStatement(request_of("CloseStatement", statement_id=key), timeout=TIMEOUT_S)
    (found,) = await opened.open_differences()
    await resolved_by_its_provinces(channel_of, found.difference_id)


async def resolved_by_its_provinces(channel_of, difference_id):
    look = service_pb2.GetDifferenceRequest(difference_id=difference_id)
    words = {"difference_id": difference_id, "note": "looked at", "operator_code": "op-1"}
    async with stub_of(channel_of, THIRD) as stub:
        for call in (
            stub.GetDifference(look, timeout=TIMEOUT_S),
            stub.ResolveDifference(request_of("ResolveDifference", **words), timeout=TIMEOUT_S),
        ):
            assert await reason_of(call) == "CALLER_NOT_ALLOWED"
    for caller in (INSURED, CARE, ("000000", "officer")):
        async with stub_of(channel_of, caller) as stub:
            assert (await stub.GetDifference(look, timeout=TIMEOUT_S)).difference.difference_id
            await stub.ResolveDifference(
                request_of("ResolveDifference", **words), timeout=TIMEOUT_S
            )


async def test_positions_are_seen_by_their_provinces(world):
    _, channel_of = world
    wanted = clearing_service_pb2.GetPositionRequest
    for caller, filters, is_let in (
        (CARE, {"care_region_code": "110000"}, True),
        (CARE, {"insured_region_code": "110000", "care_region_code": "130000"}, True),
        (CARE, {"insured_region_code": "130000"}, False),
        (CARE, {}, False),
        (("110000", "auditor"), {"insured_region_code": "110000"}, True),
        (("000000", "auditor"), {}, True),
        (("000000", "hub"), {}, False),
        (("000000", "operator"), {}, False),
    ):
        async with channel_of(caller) as channel:
            stub = clearing_service_pb2_grpc.ClearingServiceStub(channel)
            call = stub.GetPosition(wanted(**filters), timeout=TIMEOUT_S)
            if is_let:
                await call
            else:
                assert await reason_of(call) == "CALLER_NOT_ALLOWED", (caller, filters)

"""Goal: every bad input gets its status code, its reason and the path of its field; nothing is
written, nothing of the patient leaks, and the next good bill settles.

Method: a good request is spoiled in one place and sent to the whole service. The callees answer as
the real ones would, so the rows that identity refuses show that its errors come through with paths
of settlement's own request.
"""

from __future__ import annotations

import pytest

from tests.integration.settlement.bad_input import FORBIDDEN, INVALID, SETTLE_ROWS, TABLE, lines
from tests.integration.settlement.world import CANARIES, ident, pre_settle_request, settle_request
from tests.support.rpc import TIMEOUT_S, refused
from yijie.settlement.v1 import settlement_service_pb2 as pb

pytestmark = pytest.mark.postgres


async def unharmed(world, refusal, before) -> None:
    """Nothing was written, nothing leaked, and the service still settles."""
    assert await world.counts() == before
    logged = world.log.getvalue().decode()
    for canary in CANARIES:
        assert canary not in refusal.text
        assert canary not in logged
    assert '"INTERNAL"' not in logged
    assert "Traceback" not in refusal.text
    assert "services/" not in refusal.text
    assert refusal.zh
    assert refusal.size < 6 * 1024
    assert not (await world.settle()).replayed


@pytest.mark.parametrize("row", [*TABLE, *SETTLE_ROWS], ids=lambda row: row.name)
async def test_settle(module_world, row):
    world = module_world
    before = await world.counts()
    request = settle_request()
    row.spoil(request)
    refusal = await refused(world.settle(request))
    assert (refusal.code, refusal.reason) == (row.code, row.reason)
    assert row.field in refusal.fields
    await unharmed(world, refusal, before)


@pytest.mark.parametrize("row", TABLE, ids=lambda row: row.name)
async def test_pre_settle(module_world, row):
    world = module_world
    before = await world.counts()
    request = pre_settle_request()
    row.spoil(request)
    refusal = await refused(world.stub.PreSettle(request, timeout=TIMEOUT_S))
    assert (refusal.code, refusal.reason) == (row.code, row.reason)
    assert row.field in refusal.fields
    assert await world.counts() == before


@pytest.mark.parametrize("fen", [79_999, 80_000, 80_001])
async def test_an_amount_off_by_a_fen_is_taken(module_world, fen):
    request = settle_request()
    request.bill.lines[0].amount.fen = fen
    request.bill.total.fen += fen - 80_000
    settlement = (await module_world.settle(request)).settlement
    assert settlement.amounts.total.fen == request.bill.total.fen


async def test_three_thousand_lines_are_taken(module_world):
    request = settle_request()
    lines(3000)(request)
    settlement = (await module_world.settle(request)).settlement
    assert settlement.amounts.total.fen == 300_000


async def test_a_policy_that_is_not_covered(module_world):
    world = module_world
    world.callees.benefits.mode = "refuse"
    try:
        refusal = await refused(world.settle())
    finally:
        world.callees.benefits.mode = "ok"
    assert (refusal.code, refusal.reason) == (FORBIDDEN, "POLICY_NOT_COVERED")
    assert refusal.fields == ["patient.scheme_code"]
    # It is the one refusal that the journal keeps, as FAILED; nothing is booked and nobody is told.
    await unharmed(world, refusal, await world.counts())


async def test_a_region_without_a_catalogue(module_world):
    world = module_world
    before = await world.counts()
    snapshots = world.callees.catalogue
    assert {version.region_code for version in snapshots.versions} == {"640000"}
    request = settle_request()
    request.bill.care_region_code = "110105"
    refusal = await refused(world.settle(request))
    # Identity says first that the hospital is not there.
    assert (refusal.reason, refusal.fields) == ("FIELD_INVALID", ["bill.care_region_code"])
    await unharmed(world, refusal, before)


async def test_an_id_used_with_other_content(module_world):
    world = module_world
    request = settle_request()
    await world.settle(request)
    before = await world.counts()
    request.bill.lines[0].item_name = "x"
    refusal = await refused(world.settle(request))
    assert (refusal.code, refusal.reason) == ("ALREADY_EXISTS", "REQUEST_ID_REUSED")
    assert refusal.fields == ["request_id"]
    await unharmed(world, refusal, before)


async def test_a_missing_deadline(module_world):
    world = module_world
    before = await world.counts()
    refusal = await refused(world.stub.Settle(settle_request()))
    assert (refusal.code, refusal.reason) == (INVALID, "DEADLINE_REQUIRED")
    assert refusal.fields == ["grpc-timeout"]
    await unharmed(world, refusal, before)


async def test_a_deadline_that_leaves_no_time(module_world, monkeypatch):
    world = module_world
    before = await world.counts()
    with monkeypatch.context() as patch:
        patch.setattr("services.kit.deadline.RESERVE_S", 5.0)
        refusal = await refused(world.settle(timeout_s=2))
    assert (refusal.code, refusal.reason) == ("DEADLINE_EXCEEDED", "DEADLINE_TOO_SHORT")
    await unharmed(world, refusal, before)


async def test_text_that_is_not_utf8(module_world):
    world = module_world
    before = await world.counts()
    request = settle_request()
    request.bill.lines[1].item_name = "@@@@"
    raw = request.SerializeToString().replace(b"@@@@", b"\xff\xfe\xfd\xfc")
    method = world.channel.unary_unary("/yijie.settlement.v1.SettlementService/Settle")
    refusal = await refused(method(raw, timeout=TIMEOUT_S))
    assert (refusal.code, refusal.reason) == (INVALID, "MESSAGE_MALFORMED")
    assert refusal.fields == ["bill.lines[1].item_name"]
    await unharmed(world, refusal, before)


@pytest.mark.parametrize("raw", [b"\x0a\x05ab", b"\xff" * 12, b"\x12\x03\x0a\xff\xff"])
async def test_bytes_that_are_no_message(module_world, raw):
    world = module_world
    before = await world.counts()
    method = world.channel.unary_unary("/yijie.settlement.v1.SettlementService/Settle")
    refusal = await refused(method(raw, timeout=TIMEOUT_S))
    assert (refusal.code, refusal.reason) == (INVALID, "MESSAGE_MALFORMED")
    await unharmed(world, refusal, before)


async def test_a_message_beyond_the_limit(module_world):
    world = module_world
    before = await world.counts()
    request = settle_request()
    request.bill.lines[0].item_name = "x" * 5_000_000
    refusal = await refused(world.settle(request))
    assert refusal.code == "RESOURCE_EXHAUSTED"
    assert await world.counts() == before
    assert not (await world.settle()).replayed


@pytest.mark.parametrize(
    ("method", "request_", "field"),
    [
        ("GetSettlement", pb.GetSettlementRequest(settlement_id="x"), "settlement_id"),
        ("GetSettlement", pb.GetSettlementRequest(), "key"),
        ("GetSettlement", pb.GetSettlementRequest(request_id=ident(), view=9), "view"),
        ("ListSettlements", pb.ListSettlementsRequest(page_size=-1), "page_size"),
        ("ListSettlements", pb.ListSettlementsRequest(state=9), "state"),
        ("ListSettlements", pb.ListSettlementsRequest(care_region_code="x"), "care_region_code"),
        ("ListSettlements", pb.ListSettlementsRequest(page_token="x" * 2000), "page_token"),
        ("ReverseSettlement", pb.ReverseSettlementRequest(request_id="x"), "request_id"),
    ],
)
async def test_the_other_methods(module_world, method, request_, field):
    refusal = await refused(getattr(module_world.stub, method)(request_, timeout=TIMEOUT_S))
    assert (refusal.code, refusal.reason) == (INVALID, "FIELD_INVALID")
    assert field in refusal.fields

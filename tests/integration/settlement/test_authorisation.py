"""Goal: over TLS a settlement is made, taken back and seen by whom it concerns, and nobody else.

Method: the whole service behind TLS, with certificates of the test's own; the journal is looked at
after what was refused, and the audit's source after all.
"""

from __future__ import annotations

import contextlib
import io

import orjson
import pytest

from services.kit.config import load
from services.settlement.app import running
from services.settlement.config import Config
from tests.integration.settlement.world import (
    counts,
    ident,
    logging_to,
    pre_settle_request,
    raw,
    settings_of,
    settle_request,
)
from tests.support.eventually import eventually
from tests.support.mutual_tls import Door
from tests.support.rpc import TIMEOUT_S, refused
from yijie.settlement.v1 import settlement_service_pb2 as pb
from yijie.settlement.v1 import settlement_service_pb2_grpc as rpc

pytestmark = pytest.mark.postgres

CARE, INSURED, THIRD = ("640000", "agency"), ("650000", "agency"), ("110000", "agency")
HUB, OFFICER, AUDITOR, OPERATOR = (
    ("000000", role) for role in ("hub", "officer", "auditor", "operator")
)
PROVINCE_OFFICER, BENEFITS = ("640000", "officer"), ("640000", "benefits")


@pytest.fixture
async def stub_of(dsn, callees, clock, monkeypatch):
    """Gives what opens a stub of the service as a caller; a third argument is the URI itself."""
    door = Door()

    @contextlib.asynccontextmanager
    async def opened(address, region, role):
        async with door.opened(address, region, role) as channel:
            yield rpc.SettlementServiceStub(channel)

    with logging_to(io.BytesIO()), door.closing(monkeypatch):
        async with running(load(Config, settings_of(dsn, callees)), clock=clock) as server:
            yield lambda caller: opened(server.address, *caller)


async def settled(stub_of):
    request = settle_request()
    async with stub_of(CARE) as stub:
        return request, (await stub.Settle(request, timeout=TIMEOUT_S)).settlement.settlement_id


async def denied(call):
    refusal = await refused(call)
    assert (refusal.code, refusal.reason) == ("PERMISSION_DENIED", "CALLER_NOT_ALLOWED")
    return refusal


async def test_a_right_certificate_with_a_wrong_role_or_region_settles_nothing(stub_of, dsn):
    before = await counts(dsn)
    wrong = [HUB, OFFICER, AUDITOR, OPERATOR, PROVINCE_OFFICER, BENEFITS, INSURED, THIRD]
    for region, role in wrong:
        async with stub_of((region, role)) as stub:
            refusal = await denied(stub.Settle(settle_request(), timeout=TIMEOUT_S))
            await denied(stub.PreSettle(pre_settle_request(), timeout=TIMEOUT_S))
            visit = {"visit_id": ident(), "institution_code": "H64010400001"}
            last = pb.SettleVisitRequest(request_id=ident(), **visit)
            await denied(stub.SettleVisit(last, timeout=TIMEOUT_S))
        assert refusal.metadata["callerRole"] == role
        assert refusal.metadata["callerRegionCode"] == region
        assert refusal.metadata["method"] == "yijie.settlement.v1.SettlementService/Settle"
        assert refusal.fields == (["bill.care_region_code"] if role == "agency" else [])
        assert refusal.zh
        if role != "agency":
            assert refusal.message == "this is for a certificate of: agency"
    assert await counts(dsn) == before

    async def audited():
        async with raw(dsn) as connection:
            found = await connection.fetch(
                "SELECT content FROM audit_event WHERE kind = 'CALL_DENIED'"
            )
        events = [orjson.loads(row["content"]) for row in found]
        return {
            (event["region"], event["role"], event["method"].rpartition("/")[2]) for event in events
        } == {
            (*caller, method)
            for caller in wrong
            for method in ("Settle", "PreSettle", "SettleVisit")
        }

    await eventually(audited)


async def test_a_settlement_is_seen_by_its_provinces_and_by_the_hub(stub_of):
    request, settlement_id = await settled(stub_of)
    by_id = pb.GetSettlementRequest(settlement_id=settlement_id)
    by_request = pb.GetSettlementRequest(request_id=request.request_id)
    for caller in (CARE, INSURED, PROVINCE_OFFICER, HUB, OFFICER):
        async with stub_of(caller) as stub:
            for wanted in (by_id, by_request):
                found = await stub.GetSettlement(wanted, timeout=TIMEOUT_S)
                assert found.settlement.settlement_id == settlement_id
    for caller in (THIRD, ("110000", "officer"), AUDITOR, OPERATOR, BENEFITS):
        async with stub_of(caller) as stub:
            for wanted in (by_id, by_request):
                refusal = await denied(stub.GetSettlement(wanted, timeout=TIMEOUT_S))
                assert settlement_id not in refusal.text


async def test_a_province_lists_what_concerns_it(stub_of):
    _, settlement_id = await settled(stub_of)
    async with stub_of(CARE) as stub:
        for wanted in ({"care_region_code": "640000"}, {"care_region_code": "640100"}):
            listed = await stub.ListSettlements(
                pb.ListSettlementsRequest(**wanted), timeout=TIMEOUT_S
            )
            assert [one.settlement_id for one in listed.settlements] == [settlement_id]
        # Of others' bills with it, those alone.
        both = pb.ListSettlementsRequest(care_region_code="110000", insured_region_code="640000")
        assert not (await stub.ListSettlements(both, timeout=TIMEOUT_S)).settlements
        for foreign in ({}, {"care_region_code": "110000"}, {"insured_region_code": "650000"}):
            listed = pb.ListSettlementsRequest(**foreign)
            await denied(stub.ListSettlements(listed, timeout=TIMEOUT_S))
    async with stub_of(OFFICER) as stub:
        listed = await stub.ListSettlements(pb.ListSettlementsRequest(), timeout=TIMEOUT_S)
        assert [one.settlement_id for one in listed.settlements] == [settlement_id]


@pytest.mark.parametrize("by_id", [True, False])
async def test_only_where_it_was_settled_it_is_taken_back(stub_of, dsn, by_id):
    request, settlement_id = await settled(stub_of)
    target = (
        {"settlement_id": settlement_id} if by_id else {"settle_request_id": request.request_id}
    )
    before = await counts(dsn)
    for caller in (INSURED, THIRD, HUB, OFFICER, PROVINCE_OFFICER):
        async with stub_of(caller) as stub:
            wanted = pb.ReverseSettlementRequest(request_id=ident(), **target)
            await denied(stub.ReverseSettlement(wanted, timeout=TIMEOUT_S))
    assert await counts(dsn) == before
    async with stub_of(CARE) as stub:
        wanted = pb.ReverseSettlementRequest(request_id=ident(), **target)
        answer = await stub.ReverseSettlement(wanted, timeout=TIMEOUT_S)
        assert not answer.replayed


async def test_what_does_not_exist_is_nobodys_to_deny(stub_of):
    async with stub_of(THIRD) as stub:
        for target in ({"settlement_id": ident()}, {"settle_request_id": ident()}):
            wanted = pb.ReverseSettlementRequest(request_id=ident(), **target)
            refusal = await refused(stub.ReverseSettlement(wanted, timeout=TIMEOUT_S))
            assert refusal.code == "NOT_FOUND"


async def test_both_provinces_may_have_it_computed_anew(stub_of, dsn):
    _, settlement_id = await settled(stub_of)
    before = await counts(dsn)
    for caller in (THIRD, HUB, PROVINCE_OFFICER):
        async with stub_of(caller) as stub:
            wanted = pb.RecomputeSettlementRequest(request_id=ident(), settlement_id=settlement_id)
            await denied(stub.RecomputeSettlement(wanted, timeout=TIMEOUT_S))
    assert await counts(dsn) == before
    for caller in (CARE, INSURED, OFFICER):
        async with stub_of(caller) as stub:
            wanted = pb.RecomputeSettlementRequest(request_id=ident(), settlement_id=settlement_id)
            assert not (await stub.RecomputeSettlement(wanted, timeout=TIMEOUT_S)).changed

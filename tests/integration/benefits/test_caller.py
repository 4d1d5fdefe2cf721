"""Goal: what names persons only is a province's own where no other province is served.

Method: the benefits process behind TLS, serving one province, then all of them.
"""

from __future__ import annotations

from uuid import uuid4

import grpc
import pytest

from services.benefits.app import running
from services.benefits.config import Config
from services.kit.config import load
from tests.integration.benefits.conftest import PERSON, account, make_case
from tests.integration.benefits.test_estimates import question
from tests.support.mutual_tls import Door
from tests.support.rpc import TIMEOUT_S, read_refusal
from tests.support.sealed import KEYS
from yijie.benefits.v1 import benefits_service_pb2 as pb
from yijie.benefits.v1 import benefits_service_pb2_grpc as rpc

pytestmark = pytest.mark.postgres

LET = ""
WRONG_ROLE, WRONG_REGION = "wrong role", "wrong region"
FOR_NOBODY = [LET, LET, WRONG_REGION, WRONG_REGION]


def calls(stub, caller):
    accounts = pb.UpsertAccountsRequest(request_id=str(uuid4()), accounts=[account(PERSON, 100)])
    yield stub.UpsertAccounts(accounts, timeout=TIMEOUT_S)
    yield stub.GetEntitlements(pb.GetEntitlementsRequest(person_id=PERSON), timeout=TIMEOUT_S)
    used = pb.GetAccumulatorsRequest(person_id=PERSON, scheme_code="310", benefit_year=2026)
    yield stub.GetAccumulators(used, timeout=TIMEOUT_S)
    # Whoever asks names a region of their own, and whomever they like.
    region = "650100" if caller[0] == "000000" else f"{caller[0][:2]}0100"
    for person_id in ("", PERSON):
        bill = make_case(insured_region_code=region)
        yield stub.EstimateBenefit(question(bill, person_id=person_id), timeout=TIMEOUT_S)
        disease = pb.CheckDiseaseRequest(
            person_id=person_id,
            insured_region_code=region,
            scheme_code="310",
            disease_code="M01600",
            service_date=bill.end_date,
        )
        yield stub.CheckDisease(disease, timeout=TIMEOUT_S)


async def outcome(call):
    try:
        await call
    except grpc.aio.AioRpcError as error:
        refusal = read_refusal(error)
    else:
        return LET
    assert refusal.reason == "CALLER_NOT_ALLOWED"
    return WRONG_REGION if refusal.fields else WRONG_ROLE


# What names a person alone: accounts, entitlements, sums; then, of a region, for nobody, for one.
@pytest.mark.parametrize(
    ("regions", "expected"),
    [
        (
            "650100",
            {
                ("650000", "operator"): [LET] + [WRONG_ROLE] * 6,
                ("650000", "agency"): [WRONG_ROLE] + [LET] * 6,
                ("640000", "operator"): [WRONG_REGION] + [WRONG_ROLE] * 6,
                ("640000", "agency"): [WRONG_ROLE] + [WRONG_REGION] * 2 + FOR_NOBODY,
                ("000000", "operator"): [LET] + [WRONG_ROLE] * 6,
                ("000000", "hub"): [WRONG_ROLE] + [LET] * 6,
                ("650000", "benefits"): [WRONG_ROLE] * 7,
                ("000000", "auditor"): [WRONG_ROLE] * 7,
            },
        ),
        (
            "",
            {
                ("650000", "operator"): [WRONG_REGION] + [WRONG_ROLE] * 6,
                ("650000", "agency"): [WRONG_ROLE] + [WRONG_REGION] * 2 + FOR_NOBODY,
                ("000000", "operator"): [LET] + [WRONG_ROLE] * 6,
                ("000000", "hub"): [WRONG_ROLE] + [LET] * 6,
            },
        ),
    ],
)
async def test_persons_are_a_provinces_own_where_it_alone_is_served(
    dsn, monkeypatch, regions, expected
):
    door = Door()
    environ = {**KEYS, "YIJIE_DSN": dsn, "YIJIE_DRAIN_GRACE_S": "1"}
    if regions:
        environ["YIJIE_POLICY_REGIONS"] = regions
    with door.closing(monkeypatch):
        async with running(load(Config, environ)) as server:
            found = {}
            for caller in expected:
                async with door.opened(server.address, *caller) as channel:
                    stub = rpc.BenefitsServiceStub(channel)
                    found[caller] = [await outcome(call) for call in calls(stub, caller)]
    assert found == expected

"""Goal: an estimate says what a settlement then comes to, and a comparison what it came to, to the
fen, by a shipped policy.

Method: settlement between fakes, but with the real benefits on the same database; catalogues do not
change, so the direct pricing of a comparison has to be what was booked.
"""

from __future__ import annotations

import io
from datetime import date
from uuid import uuid4

import pytest

from services.benefits.app import running as benefits_running
from services.benefits.config import Config as BenefitsConfig
from services.kit.channel import open_channel
from services.kit.config import load
from services.kit.wire import write_date
from tests.integration.settlement.advice import (
    LONG_TERM,
    TEMPORARY,
    advising_served,
    check,
    compare,
    eligible_request,
    estimate,
    estimate_request,
    summarize,
)
from tests.integration.settlement.world import pre_settle_request, served, settle_request
from tests.support.callees import PERSON
from tests.support.rpc import TIMEOUT_S, read_status
from tests.support.sealed import KEYS
from yijie.benefits.v1 import (
    benefits_service_pb2,
    benefits_service_pb2_grpc,
    entitlement_pb2,
)

SCHEMAS = ("settlement", "benefits", "clearing")
pytestmark = pytest.mark.postgres

PAID = ("deductible", "fund_total", "account_pay", "cash_pay", "patient_total")


@pytest.fixture
async def callees():
    async with advising_served() as opened:
        opened.identity.opened.add("14")
        yield opened


@pytest.fixture
async def address(dsn):
    """Where the insured region's benefits listen."""
    environ = {
        **KEYS,
        "YIJIE_DSN": dsn,
        "YIJIE_DB_POOL_SIZE_MAX": "4",
        "YIJIE_POLICY_REGIONS": "650100",
        "YIJIE_DRAIN_GRACE_S": "5",
    }
    async with benefits_running(load(BenefitsConfig, environ)) as opened:
        yield opened.address


@pytest.fixture
async def region(address):
    """The benefits of the insured region, where the person has an account."""
    async with open_channel(address) as channel:
        stub = benefits_service_pb2_grpc.BenefitsServiceStub(channel)
        accounts = benefits_service_pb2.UpsertAccountsRequest(request_id=str(uuid4()))
        accounts.accounts.add(person_id=PERSON).balance.fen = 30_000
        await stub.UpsertAccounts(accounts, timeout=TIMEOUT_S)
        yield stub


@pytest.fixture
async def world(dsn, callees, clock, address, region):
    changes = {
        "BENEFITS_ROUTES": f"*={address};failures_max=1000",
        "BENEFITS_TIMEOUT_S": "5",
    }
    async with served(dsn, callees, clock, io.BytesIO(), **changes) as opened:
        yield opened


def paid(adjudication) -> dict[str, int]:
    return {name: getattr(adjudication, name).fen for name in PAID}


async def settle(world, medical_type: str):
    world.clock.advance(seconds=1)
    request = settle_request(use_account=True)
    request.bill.medical_type_code = medical_type
    return (await world.settle(request)).settlement


@pytest.mark.parametrize("medical_type", ["11", "21"])
async def test_direct_is_what_was_booked_whatever_came_later(world, medical_type):
    settled = [await settle(world, medical_type) for _ in range(3)]
    booked = [paid(one.adjudication) for one in settled]
    # The first used up deductible and account, so the later ones came out otherwise.
    assert booked[0] != booked[1]
    for one, was in zip(settled, booked, strict=True):
        answer = await compare(world, one.settlement_id)
        assert paid(answer.direct.adjudication) == was
        assert answer.direct.amounts == one.amounts
        assert answer.home.adjudication.policy_version == one.adjudication.policy_version
        in_scope = [p.amounts.in_scope.fen for p in (answer.direct, answer.home, answer.mutual)]
        assert in_scope == [83_334, 76_703, 84_703]
    await world.reverse(settlement_id=settled[-1].settlement_id)
    answer = await compare(world, settled[-1].settlement_id)
    assert paid(answer.direct.adjudication) == booked[-1]
    summary = await summarize(world)
    assert [row.settlement_count for row in summary.pairs] == [2]
    assert dict(summary.not_compared) == {}


@pytest.mark.parametrize("medical_type", ["11", "21"])
async def test_an_estimate_is_what_a_settlement_then_comes_to(world, medical_type):
    await settle(world, medical_type)
    request = pre_settle_request(use_account=True)
    request.bill.medical_type_code = medical_type
    for level, index in ((LONG_TERM, 0), (TEMPORARY, 3)):
        world.callees.filing.benefit_level = level
        quoted = (await world.pre_settle(request)).settlement
        question = estimate_request(
            person_id=PERSON,
            medical_type_code=medical_type,
            # What the register says that picks deductible and ratio.
            hospital_level_code="03",
            use_account=True,
        )
        question.amounts.CopyFrom(quoted.amounts)
        answer = await estimate(world, question)
        assert answer.current_benefit_level == level
        assert paid(answer.estimates[index].adjudication) == paid(quoted.adjudication)
        assert answer.estimates[index].saving.fen == 0


async def test_whether_a_disease_can_settle_is_asked_of_the_policy(world, region):
    request = eligible_request(person_id=PERSON)
    request.diagnoses.add(diagnosis_code="I10.x00x002", main=True)
    answer = await check(world, request)
    assert [one.check_code for one in answer.checks if not one.passed] == ["qualification"]
    question = estimate_request(
        person_id=PERSON, medical_type_code="14", disease_code="M03900", use_account=True
    )
    refusals = {
        read_status(one.error).reason for one in (await estimate(world, question)).estimates
    }
    assert refusals == {"DISEASE_NOT_QUALIFIED"}
    entitlements = benefits_service_pb2.UpsertEntitlementsRequest(request_id=str(uuid4()))
    one = entitlements.entitlements.add(
        person_id=PERSON,
        kind=entitlement_pb2.ENTITLEMENT_KIND_CHRONIC_DISEASE,
        code="M03900",
    )
    one.begin_date.CopyFrom(write_date(date(2026, 1, 1)))
    await region.UpsertEntitlements(entitlements, timeout=TIMEOUT_S)
    assert (await check(world, request)).eligible
    answer = await estimate(world, question)
    assert all(one.adjudication.fund_total.fen for one in answer.estimates)
    # Anybody stands for somebody who is qualified.
    question.person_id = ""
    answer = await estimate(world, question)
    assert all(one.HasField("adjudication") for one in answer.estimates)

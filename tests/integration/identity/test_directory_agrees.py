"""Goal: what the directory lists as open is what VerifyCredential lets pass, on every day.

Method: random institutions with agreements, openings and suspensions that overlap, touch or end
before they begin; for random days and businesses each is compared with a verification there.
"""

import asyncio
import random

import grpc
import pytest

from tests.integration.identity.world import day, ident, institution, institutions, opening
from tests.support.rpc import TIMEOUT_S
from tests.support.rpc import read_refusal as read
from yijie.identity.v1 import institution_service_pb2 as pb
from yijie.identity.v1 import institution_service_pb2_grpc as rpc
from yijie.identity.v1 import person_pb2

pytestmark = pytest.mark.postgres

AREAS = ["640104", "640205", "650100", "660000", "110105", "429004"]
BUSINESSES = [
    ("11", ""),
    ("21", ""),
    ("14", ""),
    ("14", "M07800"),
    ("14", "M07803"),
    ("14", "M01600"),
]
REFUSALS = {
    "INSTITUTION_NOT_DESIGNATED",
    "INSTITUTION_SUSPENDED",
    "INSTITUTION_NOT_OPEN",
    "DISEASE_NOT_OPEN",
}


def some_days(chance, *, ends=True):
    first, last = sorted(chance.choices(range(1, 29), k=2))
    end = day(2026, 11, last) if ends and chance.random() < 0.7 else None
    return day(2026, 11, first), end


def some_institution(chance, number):
    area = chance.choice(AREAS)
    openings = {
        (business, disease): opening(business, *some_days(chance), disease=disease)
        for business, disease in chance.sample(BUSINESSES, chance.randint(0, 3))
    }
    begin, end = some_days(chance) if chance.random() < 0.6 else (None, None)
    return institution(
        institution_code=f"H{area}{number:05d}",
        region_code=area,
        openings=list(openings.values()),
        begin_date=begin,
        end_date=end,
    )


async def suspend(directory, chance, code):
    begin, end = some_days(chance)
    answer = await directory.SuspendInstitution(
        pb.SuspendInstitutionRequest(
            request_id=ident(),
            institution_code=code,
            suspension={
                "medical_type_code": chance.choice(["", "11", "14", "21"]),
                "begin_date": begin,
                "end_date": end,
                "reason": "违规整改",
            },
        ),
        timeout=TIMEOUT_S,
    )
    if chance.random() < 0.3:
        lifted = chance.choice(answer.institution.suspensions or [None])
        if lifted is not None and not lifted.HasField("end_date"):
            await directory.ResumeInstitution(
                pb.ResumeInstitutionRequest(
                    request_id=ident(),
                    suspension_id=lifted.suspension_id,
                    end_date=day(2026, 11, chance.randint(1, 28)),
                ),
                timeout=TIMEOUT_S,
            )


@pytest.mark.parametrize("seed", [1, 2])
async def test_what_is_listed_may_settle_and_nothing_else(world, seed):
    chance = random.Random(seed)  # noqa: S311 - chosen, not secret
    await world.register()
    registered = [some_institution(chance, number) for number in range(30)]
    codes = [one.institution_code for one in registered]
    answer = await world.call("UpsertInstitutions", institutions(*registered))
    assert [result.key for result in answer.results] == codes
    directory = rpc.InstitutionServiceStub(world.channel)
    for code in chance.choices(codes, k=40):
        await suspend(directory, chance, code)
    listed = refused = 0
    for _ in range(14):
        on = day(2026, 11, chance.randint(1, 28))
        business, disease = chance.choice(BUSINESSES)
        region = chance.choice(["", "640000", "640100", "650000", "660000", "420000"])
        found = await directory.SearchInstitutions(
            pb.SearchInstitutionsRequest(
                medical_type_code=business, disease_code=disease, on_date=on, region_code=region
            ),
            timeout=TIMEOUT_S,
        )
        prefix = region.rstrip("0")
        asked = [one for one in registered if one.region_code.startswith(prefix)]
        open_at = await asyncio.gather(
            *(verified(world, one.institution_code, business, disease, on) for one in asked)
        )
        expected = [one.institution_code for one, ok in zip(asked, open_at, strict=True) if ok]
        assert [one.institution_code for one in found.institutions] == sorted(expected)
        listed += len(expected)
        refused += len(asked) - len(expected)
    assert listed > 5
    assert refused > 5


async def verified(world, code, business, disease, on):
    try:
        await world.verify(
            person_pb2.CREDENTIAL_TYPE_ID_NUMBER,
            institution_code=code,
            medical_type_code=business,
            disease_code=disease,
            business_date=on,
        )
    except grpc.aio.AioRpcError as error:
        if read(error).reason in REFUSALS:
            return False
        raise
    return True

"""Goal: over TLS a person's filings are seen by the provinces that they concern, and by no other.

Method: a second filing process behind TLS, with certificates of the test's own, on the database of
the first, in which two filings stand.
"""

from __future__ import annotations

import pytest

from services.filing.app import running
from services.filing.config import Config
from services.kit.config import load
from tests.integration.filing.conftest import NOBODY
from tests.integration.filing.world import XINJIANG, ident
from tests.integration.identity.world import FIELD_KEY
from tests.support.mutual_tls import Door
from tests.support.rpc import TIMEOUT_S, refused
from yijie.filing.v1 import filing_pb2
from yijie.filing.v1 import filing_service_pb2 as pb
from yijie.filing.v1 import filing_service_pb2_grpc as rpc

pytestmark = pytest.mark.postgres

REFERRED = {
    "type": filing_pb2.FILING_TYPE_REFERRAL,
    "target_region_code": "310000",
    "diagnosis_code": "C34.100",
    "evidence": filing_pb2.FILING_EVIDENCE_REFERRAL_PROOF,
}


@pytest.fixture
async def stub_of(world, dsn, clock, monkeypatch):
    """Gives a stub of the service as the agency of a province."""
    door = Door()
    environ = {
        "YIJIE_DSN": dsn,
        "YIJIE_DATA_KEY": FIELD_KEY,
        "YIJIE_SETTLEMENT_TARGET": NOBODY,
        "YIJIE_IDENTITY_TARGET": NOBODY,
        "YIJIE_DRAIN_GRACE_S": "1",
        "YIJIE_DB_POOL_SIZE_MAX": "2",
    }
    with door.closing(monkeypatch):
        async with running(load(Config, environ), clock=clock) as server:
            yield lambda province: door.opened(server.address, province, "agency")


async def test_a_person_s_filings_are_listed_to_the_provinces_that_they_concern(world, stub_of):
    at_ningxia = (await world.submitted()).filing_id
    at_shanghai = (await world.submitted(**REFERRED)).filing_id
    seen = {}
    for province in ("650000", "640000", "310000", "110000"):
        async with stub_of(province) as channel:
            stub = rpc.FilingServiceStub(channel)
            listed = await stub.ListFilings(
                pb.ListFilingsRequest(person_id=world.person), timeout=TIMEOUT_S
            )
            seen[province] = {one.filing_id: one.diagnosis_code for one in listed.filings}
    assert seen == {
        "650000": {at_ningxia: "", at_shanghai: "C34.100"},
        "640000": {at_ningxia: ""},
        "310000": {at_shanghai: ""},
        "110000": {},
    }


async def test_a_page_of_a_list_has_no_more_than_the_caller_may_see(world, stub_of):
    at_ningxia = (await world.submitted()).filing_id
    await world.submitted(**REFERRED)
    async with stub_of("640000") as channel:
        request = pb.ListFilingsRequest(person_id=world.person, page_size=1)
        stub = rpc.FilingServiceStub(channel)
        page = await stub.ListFilings(request, timeout=TIMEOUT_S)
    assert [one.filing_id for one in page.filings] == [at_ningxia]
    # Nothing tells that there is another one.
    assert not page.next_page_token


async def test_what_if_tells_a_care_province_of_filings_for_care_there(world, stub_of):
    await world.submitted()
    at_shanghai = (await world.submitted(**REFERRED)).filing_id
    seen = {}
    for province, insured in (("310000", XINJIANG), ("650000", XINJIANG), ("640000", "640100")):
        async with stub_of(province) as channel:
            stub = rpc.FilingServiceStub(channel)
            asked = pb.WhatIfFilingRequest(
                person_id=world.person, insured_region_code=insured, care_region_code="310000"
            )
            answer = await stub.WhatIfFiling(asked, timeout=TIMEOUT_S)
            seen[province] = [
                (one.filing.filing_id == at_shanghai, one.filing.diagnosis_code)
                for one in answer.effects
            ]
    assert seen == {
        "310000": [(True, "")],
        "650000": [(True, "C34.100"), (False, "")],
        # Not insured there, whatever the question says.
        "640000": [],
    }


async def test_a_filing_is_cancelled_by_the_insured_province_alone(world, stub_of):
    filing_id = (await world.submitted()).filing_id
    for province in ("640000", "110000"):
        async with stub_of(province) as channel:
            request = pb.CancelFilingRequest(request_id=ident(), filing_id=filing_id)
            stub = rpc.FilingServiceStub(channel)
            refusal = await refused(stub.CancelFiling(request, timeout=TIMEOUT_S))
            assert refusal.reason == "FILING_OF_ANOTHER_PROVINCE"
    assert (await world.get(filing_id)).filing.state == filing_pb2.FILING_STATE_LIVE

"""Goal: only the agency of the insured province takes claims in, sees them and moves them on.

Method: the whole service behind TLS, with certificates of the test's own.
"""

from __future__ import annotations

import contextlib
import io

import grpc
import pytest

from services.kit.config import load
from services.settlement.app import running
from services.settlement.config import Config
from tests.integration.settlement.advice import advising_served
from tests.integration.settlement.reimbursing import PROVINCE, submit_request
from tests.integration.settlement.world import ident, logging_to, settings_of
from tests.support.certificates import Authority
from tests.support.rpc import TIMEOUT_S, refused
from yijie.settlement.v1 import reimbursement_service_pb2 as pb
from yijie.settlement.v1 import reimbursement_service_pb2_grpc as rpc

pytestmark = pytest.mark.postgres

OTHER = "640000"


@pytest.fixture
async def callees():
    async with advising_served() as opened:
        yield opened


@pytest.fixture
async def behind_tls(dsn, callees, clock, monkeypatch):
    """Serves settlement behind mutual TLS; gives what opens a stub for a province's agency."""
    authority = Authority()
    make = grpc.aio.server

    def secured(*arguments, **options):
        server = make(*arguments, **options)
        monkeypatch.setattr(
            server,
            "add_insecure_port",
            lambda _: server.add_secure_port("localhost:0", authority.server_credentials()),
        )
        return server

    @contextlib.asynccontextmanager
    async def stub_of(address, province):
        target = f"localhost:{address.rpartition(':')[2]}"
        role = "agency" if province else "hub"
        uri = f"spiffe://yijie/region/{province or '000000'}/role/{role}"
        async with grpc.aio.secure_channel(target, authority.client_credentials(uri)) as channel:
            yield rpc.ReimbursementServiceStub(channel)

    config = load(Config, settings_of(dsn, callees))
    with logging_to(io.BytesIO()), monkeypatch.context() as patch:
        patch.setattr(grpc.aio, "server", secured)
        async with running(config, clock=clock) as server:
            yield lambda province="": stub_of(server.address, province)


def _calls(stub, key):
    """Every call, as of the province that the claim is of."""
    ids = {"reimbursement_id": key, "region_code": PROVINCE}
    people = {"maker_id": "a", "checker_id": "b"}
    yield stub.SubmitReimbursement(submit_request(), timeout=TIMEOUT_S)
    decision = pb.DecideReimbursementRequest(
        request_id=ident(), **ids, checker_id="b", decision=1, note="n"
    )
    yield stub.DecideReimbursement(decision, timeout=TIMEOUT_S)
    payment = pb.PayReimbursementRequest(
        request_id=ident(), **ids, maker_id="c", payment_reference="r"
    )
    yield stub.PayReimbursement(payment, timeout=TIMEOUT_S)
    cancellation = pb.CancelReimbursementRequest(request_id=ident(), **ids, **people, note="n")
    yield stub.CancelReimbursement(cancellation, timeout=TIMEOUT_S)
    yield stub.GetReimbursement(pb.GetReimbursementRequest(**ids), timeout=TIMEOUT_S)
    yield stub.CompareReimbursement(pb.CompareReimbursementRequest(**ids), timeout=TIMEOUT_S)
    for region in (PROVINCE, ""):
        listed = pb.ListReimbursementsRequest(region_code=region)
        yield stub.ListReimbursements(listed, timeout=TIMEOUT_S)
        followed = pb.SubscribeReimbursementsRequest(region_code=region)
        yield stub.SubscribeReimbursements(followed, timeout=TIMEOUT_S).read()


async def test_a_claim_is_its_own_provinces(behind_tls):
    async with behind_tls(PROVINCE) as stub:
        response = await stub.SubmitReimbursement(submit_request(), timeout=TIMEOUT_S)
        key = response.reimbursement.reimbursement_id
    async with behind_tls(OTHER) as stub:
        for call in _calls(stub, key):
            assert (await refused(call)).reason == "CALLER_NOT_ALLOWED"
        # Under its own name it sees nothing either.
        mine = pb.GetReimbursementRequest(reimbursement_id=key, region_code=OTHER)
        assert (await refused(stub.GetReimbursement(mine, timeout=TIMEOUT_S))).code == "NOT_FOUND"
        listed = await stub.ListReimbursements(
            pb.ListReimbursementsRequest(region_code=OTHER), timeout=TIMEOUT_S
        )
        assert not listed.reimbursements
    async with behind_tls() as stub:
        listed = await stub.ListReimbursements(pb.ListReimbursementsRequest(), timeout=TIMEOUT_S)
        assert [one.reimbursement_id for one in listed.reimbursements] == [key]

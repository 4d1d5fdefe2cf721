"""Goal: provinces may subscribe to what concerns them, and to nothing else.

Method: the whole service, behind TLS with certificates of the test's own.
"""

from __future__ import annotations

import contextlib
import io

import grpc
import pytest

from services.kit.config import load
from services.settlement.app import running
from services.settlement.config import Config
from tests.integration.settlement.outbox import BEIJING, NINGXIA, SHANGHAI, append, reading
from tests.integration.settlement.world import logging_to, raw, settings_of
from tests.support.certificates import Authority
from tests.support.rpc import refused
from yijie.settlement.v1 import settlement_service_pb2 as pb
from yijie.settlement.v1 import settlement_service_pb2_grpc as rpc
from yijie.settlement.v1 import visit_service_pb2 as visit_pb
from yijie.settlement.v1 import visit_service_pb2_grpc as visit_rpc

pytestmark = pytest.mark.postgres


@pytest.fixture
async def behind_tls(dsn, callees, clock, monkeypatch):
    """Serves settlement behind mutual TLS; gives what opens a stub with the URIs of a caller."""
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
    async def stub_of(address, *uris):
        target = f"localhost:{address.rpartition(':')[2]}"
        async with grpc.aio.secure_channel(target, authority.client_credentials(*uris)) as channel:
            stub = rpc.SettlementServiceStub(channel)
            stub.visits = visit_rpc.VisitServiceStub(channel)
            yield stub

    config = load(Config, settings_of(dsn, callees))
    with logging_to(io.BytesIO()), monkeypatch.context() as patch:
        patch.setattr(grpc.aio, "server", secured)
        async with running(config, clock=clock) as server:
            yield lambda *uris: stub_of(server.address, *uris)


async def test_a_province_reads_its_own_events_only(behind_tls, dsn, clock):
    async with raw(dsn) as connection:
        mine = await append(connection, clock.now())
        other = await append(connection, clock.now(), care=BEIJING, insured=SHANGHAI)
    async with behind_tls("spiffe://yijie/region/640000/role/agency") as stub:
        async with reading(stub, region_code=NINGXIA) as reader:
            await reader.has(1)
            await reader.signs(1)
        assert reader.ids == [mine]
        for region in ("", BEIJING):
            stream = stub.Subscribe(pb.SubscribeRequest(region_code=region))
            refusal = await refused(stream.read())
            assert (refusal.code, refusal.reason, refusal.fields) == (
                "PERMISSION_DENIED",
                "CALLER_NOT_ALLOWED",
                ["region_code"],
            )
    async with (
        behind_tls("spiffe://yijie/region/000000/role/hub") as stub,
        reading(stub) as reader,
    ):
        await reader.has(2)
    assert reader.ids == [mine, other]


async def test_stays_of_all_provinces_are_for_the_hub_alone(behind_tls):
    for uri in ("spiffe://yijie/region/640000/role/agency", "spiffe://example/nobody"):
        async with behind_tls(uri) as stub:
            stream = stub.visits.SubscribeAdmissions(visit_pb.SubscribeAdmissionsRequest())
            refusal = await refused(stream.read())
            assert (refusal.code, refusal.reason) == ("PERMISSION_DENIED", "CALLER_NOT_ALLOWED")
    async with behind_tls("spiffe://yijie/region/000000/role/hub") as stub:
        stream = stub.visits.SubscribeAdmissions(visit_pb.SubscribeAdmissionsRequest())
        assert not (await stream.read()).events
        stream.cancel()

"""Goal: a command shows for each call a certificate that may make it, and no other.

Method: every method of every table is asked for; a real server tells who called.
"""

from __future__ import annotations

import asyncio
import contextlib

import grpc
import pytest

from services.cli.certs.local import fill
from services.cli.connecting import ConnectingError, Pick, Wallet, open_endpoint
from services.cli.topology import SERVICES, Endpoint
from services.kit.authorisation import Reach, load_table
from services.kit.caller import AGENCY, HUB_REGION, caller_of
from services.kit.codes import PROVINCES
from yijie.settlement.v1 import settlement_pb2
from yijie.settlement.v1 import settlement_service_pb2 as pb

SETTLE = "/yijie.settlement.v1.SettlementService/Settle"
REVERSE = "/yijie.settlement.v1.SettlementService/ReverseSettlement"
GET = "/yijie.settlement.v1.SettlementService/GetSettlement"
BOOK = "/yijie.benefits.v1.BenefitsService/Commit"
HEALTH = "/grpc.health.v1.Health/Check"
METHODS = [
    (method, load_table(service).rules[method])
    for service in SERVICES
    for method in sorted(load_table(service).rules)
]


def role_and_region(name):
    if name in SERVICES:
        return "hub", HUB_REGION
    role, _, region = name.partition("-")
    return role, region or HUB_REGION


@pytest.mark.parametrize(("method", "rule"), METHODS, ids=[method for method, _ in METHODS])
def test_a_call_shows_what_its_method_is_for(method, rule):
    pick = Pick.of(method, "")
    if pick.otherwise:
        role, region = role_and_region(pick.otherwise)
        assert role in rule.grants
        assert rule.grants[role] is not Reach.OWN or region == HUB_REGION
    else:
        # Only an agency may, of a province that the request names, or that the caller must say.
        assert set(rule.grants) <= {AGENCY, "benefits"}
    of_ningxia = Pick.of(method, "640000")
    if AGENCY in rule.grants:
        assert of_ningxia.certificate_for(None) == "agency-640000"


def test_the_province_of_a_request_decides_whose_agency_asks():
    pick = Pick.of(SETTLE, "")
    for province in PROVINCES:
        request = pb.SettleRequest(bill=settlement_pb2.Bill(care_region_code=province))
        assert pick.certificate_for(request) == f"agency-{province}"
        assert pick.certificate_for(request.SerializeToString()) == f"agency-{province}"
    for request in (pb.SettleRequest(), None):
        with pytest.raises(ConnectingError, match="the request names none"):
            pick.certificate_for(request)


def test_what_only_a_servicer_can_place_needs_a_province():
    request = pb.ReverseSettlementRequest()
    with pytest.raises(ConnectingError):
        Pick.of(REVERSE, "").certificate_for(request)
    assert Pick.of(REVERSE, "650000").certificate_for(request) == "agency-650000"


@pytest.mark.parametrize(
    ("method", "name"), [(GET, "officer"), (BOOK, "settlement"), (HEALTH, "operator")]
)
def test_who_of_the_hub_asks(method, name):
    assert Pick.of(method, "").certificate_for(None) == name


@contextlib.asynccontextmanager
async def served(folder):
    """Tells each caller who it is."""

    class Who(grpc.GenericRpcHandler):
        def service(self, handler_call_details):
            async def answer(_request, context):
                caller = caller_of(context)
                return f"{caller.role}-{caller.region_code}".encode()

            # Channels watch the health of a server, if it has any.
            is_ours = not handler_call_details.method.endswith("Health/Watch")
            return grpc.unary_unary_rpc_method_handler(answer) if is_ours else None

    server = grpc.aio.server()
    server.add_generic_rpc_handlers([Who()])
    authorities, key, certificate = (
        (folder / "settlement" / name).read_bytes() for name in ("ca.crt", "tls.key", "tls.crt")
    )
    credentials = grpc.ssl_server_credentials(
        [(key, certificate)], root_certificates=authorities, require_client_auth=True
    )
    port = server.add_secure_port("127.0.0.1:0", credentials)
    await server.start()
    try:
        yield port
    finally:
        await server.stop(0)


async def test_each_call_is_made_by_its_caller(tmp_path):
    fill(tmp_path, ("settlement",))
    before = asyncio.all_tasks()
    async with (
        served(tmp_path) as port,
        open_endpoint(Endpoint(port, 0, str(tmp_path))) as channel,
    ):
        assert isinstance(channel, Wallet)
        bill = settlement_pb2.Bill(care_region_code="640000")
        asked = {
            HEALTH: b"",
            GET: b"",
            BOOK: b"",
            SETTLE: pb.SettleRequest(bill=bill).SerializeToString(),
        }
        told = [
            await channel.unary_unary(method)(request, timeout=10)
            for method, request in asked.items()
        ]
    assert told == [b"operator-000000", b"officer-000000", b"hub-000000", b"agency-640000"]
    assert asyncio.all_tasks() == before


async def test_a_folder_without_the_certificate_is_told(tmp_path):
    async with Wallet("127.0.0.1:1", tmp_path) as wallet:
        with pytest.raises(ConnectingError, match="cannot be read"):
            wallet.unary_unary(HEALTH)(b"", timeout=1)


async def test_a_plain_mesh_needs_no_certificate():
    async with open_endpoint(Endpoint(1, 0)) as channel:
        assert not isinstance(channel, Wallet)

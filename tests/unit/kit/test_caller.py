"""Goal: a certificate opens what its region and role stand for, and nothing else.

Method: a real TLS server in process, certificates made here, a handler that asks for a region.
"""

from __future__ import annotations

import contextlib

import grpc
import pytest

from services.kit import log
from services.kit.caller import Caller, caller_of, require_region
from services.kit.channel import Callee
from services.kit.errors import NotAllowed, Unavailable
from services.kit.interceptors.errors import ErrorsInterceptor
from services.kit.status import from_rpc_error
from tests.support.certificates import Authority
from tests.support.rpc import refused

NINGXIA = "spiffe://yijie/region/640000/role/agency"
HUB = "spiffe://yijie/region/000000/role/hub"
HOSPITAL = "spiffe://yijie/region/640000/role/hospital"


class Asked(grpc.GenericRpcHandler):
    """Takes the region asked for as the request's bytes; keeps who called."""

    def __init__(self):
        self.callers = []

    def service(self, handler_call_details):
        if handler_call_details.method.startswith("/grpc.health."):
            return None  # no health service: what calls us takes us for well

        async def handle(request, context):
            self.callers.append(caller_of(context))
            require_region(context, request.decode(), field="region_code")
            return b"allowed"

        return grpc.unary_unary_rpc_method_handler(handle)


@pytest.fixture(scope="module")
def authority():
    return Authority()


@contextlib.asynccontextmanager
async def served(credentials=None):
    log.configure("settlement", "critical")
    asked = Asked()
    server = grpc.aio.server(interceptors=[ErrorsInterceptor("settlement")])
    server.add_generic_rpc_handlers([asked])
    if credentials:
        port = server.add_secure_port("localhost:0", credentials)
    else:
        port = server.add_insecure_port("localhost:0")
    await server.start()
    try:
        yield asked, f"localhost:{port}"
    finally:
        await server.stop(0)


async def ask(channel, region):
    return await channel.unary_unary("/test/Ask")(region.encode(), timeout=5)


@pytest.mark.parametrize(
    ("uris", "region", "is_allowed"),
    [
        ([NINGXIA], "640000", True),
        ([NINGXIA], "650000", False),
        ([NINGXIA], "640100", False),
        ([NINGXIA], "", False),
        ([HUB], "", True),
        ([HUB], "650000", True),
        # A hospital of the province is not the province.
        ([HOSPITAL], "640000", False),
        ([NINGXIA, HUB], "640000", False),
        ([], "640000", False),
        ([], "", False),
        (["spiffe://elsewhere/region/640000/role/agency"], "640000", False),
        (["spiffe://yijie/region/640000/role/agency/x"], "640000", False),
        (["spiffe://yijie/region/640000"], "640000", False),
        (["https://yijie/region/640000/role/agency"], "640000", False),
    ],
)
async def test_what_a_certificate_opens(authority, uris, region, is_allowed):
    async with served(authority.server_credentials()) as (asked, target):
        credentials = authority.client_credentials(*uris)
        async with grpc.aio.secure_channel(target, credentials) as channel:
            if is_allowed:
                assert await ask(channel, region) == b"allowed"
                return
            refusal = await refused(ask(channel, region))
    assert (refusal.code, refusal.reason) == ("PERMISSION_DENIED", "CALLER_NOT_ALLOWED")
    assert refusal.fields == ["region_code"]
    assert refusal.metadata.get("regionCode", "") == region
    assert refusal.zh
    assert "hospital" not in refusal.text
    assert len(asked.callers) == 1


async def test_who_calls(authority):
    async with served(authority.server_credentials()) as (asked, target):
        for uris in ([NINGXIA], [HUB], []):
            credentials = authority.client_credentials(*uris)
            async with grpc.aio.secure_channel(target, credentials) as channel:
                with contextlib.suppress(grpc.aio.AioRpcError):
                    await ask(channel, "")
    assert asked.callers == [Caller("640000", "agency"), Caller("000000", "hub"), Caller("", "")]


async def test_tls_without_any_certificate_opens_nothing(authority):
    async with served(authority.server_credentials(is_mutual=False)) as (_, target):
        credentials = grpc.ssl_channel_credentials(authority.certificate)
        async with grpc.aio.secure_channel(target, credentials) as channel:
            assert (await refused(ask(channel, "640000"))).reason == "CALLER_NOT_ALLOWED"


async def test_without_tls_whoever_reaches_the_port_is_trusted():
    async with served() as (asked, target), grpc.aio.insecure_channel(target) as channel:
        for region in ("", "640000"):
            assert await ask(channel, region) == b"allowed"
    assert asked.callers == [None, None]


async def test_the_refusal_is_read_by_the_caller_and_is_nobody_elses_business(authority):
    async with served(authority.server_credentials()) as (_, target):
        credentials = authority.client_credentials(NINGXIA)
        async with grpc.aio.secure_channel(target, credentials) as channel:
            with pytest.raises(grpc.aio.AioRpcError) as raised:
                await ask(channel, "650000")
            error = from_rpc_error(raised.value)
            assert isinstance(error, NotAllowed)
            assert error.metadata == {"regionCode": "650000"}
            # A service that may not ask another one is no better off than with a silent one.
            with pytest.raises(Unavailable, match="hub did not answer"):
                await Callee("hub").call(channel.unary_unary("/test/Ask"), b"650000", own_s=5)

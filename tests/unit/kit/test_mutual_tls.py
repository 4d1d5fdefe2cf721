"""Goal: services and callers prove each other, and exchange certificates without a failed call.

Method: real servers in process with certificates of the authority that ships; the files change
under them as an operator's commands change them.
"""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import io

import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc

from services.cli.certs.folder import Folder
from services.kit import log, renewing_channel
from services.kit.caller import caller_of
from services.kit.channel import Callee, open_channel
from services.kit.clock import SystemClock
from services.kit.config import ConfigError, load
from services.kit.errors import Unavailable
from services.kit.renewing_channel import RenewingChannel
from services.kit.server import LIVE, ServerConfig, serving
from services.kit.tls import Identity, TlsConfig, peer_name
from tests.support.certs import (
    CALLER,
    SERVICE,
    XINJIANG,
    copy_over,
    folder_of,
    issue_expired,
)
from tests.support.eventually import eventually

WAIT_S = 10.0
SHORT_S = 1.0
FULL_NAME = "yijie.settlement.v1.SettlementService"


@pytest.fixture(autouse=True)
def quiet():
    log.configure("settlement", "critical", io.BytesIO())


@pytest.fixture
def certs(tmp_path):
    folder_of(tmp_path / "certs", SERVICE, XINJIANG, CALLER)
    return tmp_path / "certs"


def identity_of(folder):
    return Identity(TlsConfig.of_folder(folder), SystemClock())


class Slow(grpc.GenericRpcHandler):
    """Answers who called; /test/Held and /test/Stream only once they are released."""

    def __init__(self):
        self.held = asyncio.Event()
        self.inside = 0

    def service(self, handler_call_details):
        if handler_call_details.method.startswith("/grpc.health."):
            return None  # no health service: what calls us takes us for well

        async def answer(_request, context):
            caller = caller_of(context)
            if handler_call_details.method == "/test/Held":
                self.inside += 1
                await self.held.wait()
            return f"{caller.role} {caller.region_code}".encode()

        async def stream(_request, _context):
            yield b"first"
            await self.held.wait()
            yield b"last"

        if not handler_call_details.method.startswith("/test/"):
            return None
        if handler_call_details.method == "/test/Stream":
            return grpc.unary_stream_rpc_method_handler(stream)
        return grpc.unary_unary_rpc_method_handler(answer)


@contextlib.asynccontextmanager
async def served(identity, target="127.0.0.1:0"):
    handler, server = Slow(), grpc.aio.server()
    server.add_generic_rpc_handlers([handler])
    port = server.add_secure_port(target, identity.server_credentials())
    await server.start()
    try:
        yield handler, f"127.0.0.1:{port}"
    finally:
        handler.held.set()
        await server.stop(0)


async def ask(channel, method="/test/Who", within_s=WAIT_S):
    return await channel.unary_unary(method)(b"", timeout=within_s, wait_for_ready=True)


async def failure_of(channel):
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await channel.unary_unary("/test/Who")(b"", timeout=SHORT_S)
    return caught.value


async def test_each_side_learns_who_the_other_is(certs):
    async with (
        served(identity_of(certs / SERVICE.name)) as (_, target),
        open_channel(target, identity_of(certs / CALLER.name)) as channel,
    ):
        assert await ask(channel) == b"agency 640000"


async def test_without_a_certificate_nobody_is_served(certs):
    async with served(identity_of(certs / SERVICE.name)) as (_, target):
        async with open_channel(target) as channel:
            assert (await failure_of(channel)).code() is grpc.StatusCode.UNAVAILABLE
        authorities = (certs / CALLER.name / "ca.crt").read_bytes()
        credentials = grpc.ssl_channel_credentials(authorities)
        async with grpc.aio.secure_channel(target, credentials) as channel:
            assert (await failure_of(channel)).code() is grpc.StatusCode.UNAVAILABLE


async def test_a_caller_whose_certificate_has_expired_is_refused(certs):
    issue_expired(certs, dataclasses.replace(CALLER, name="late"))
    # Our own channel would not even take it: what another program shows is refused as well.
    files = ((certs / "late" / name).read_bytes() for name in ("ca.crt", "tls.key", "tls.crt"))
    credentials = grpc.ssl_channel_credentials(*files)
    async with (
        served(identity_of(certs / SERVICE.name)) as (_, target),
        grpc.aio.secure_channel(target, credentials) as channel,
    ):
        assert (await failure_of(channel)).code() is grpc.StatusCode.UNAVAILABLE


async def test_a_foreign_caller_and_a_foreign_service_are_refused(certs, tmp_path):
    folder_of(tmp_path / "foreign", SERVICE, CALLER)
    pairs = [
        (certs / SERVICE.name, tmp_path / "foreign" / CALLER.name),
        (tmp_path / "foreign" / SERVICE.name, certs / CALLER.name),
    ]
    for service, caller in pairs:
        async with (
            served(identity_of(service)) as (_, target),
            open_channel(target, identity_of(caller)) as channel,
        ):
            assert (await failure_of(channel)).code() is grpc.StatusCode.UNAVAILABLE


async def test_a_callers_certificate_does_not_make_a_service(certs):
    async with (
        served(identity_of(certs / CALLER.name)) as (_, target),
        open_channel(target, identity_of(certs / SERVICE.name)) as channel,
    ):
        assert "unsupported certificate purpose" in (await failure_of(channel)).details()


async def test_a_route_reaches_its_province_and_no_other(certs):
    async with served(identity_of(certs / XINJIANG.name)) as (_, target):
        own = identity_of(certs / SERVICE.name)
        right, wrong = (peer_name("benefits", code) for code in ("650000", "640000"))
        async with open_channel(target, own, peer_name=right) as channel:
            assert await ask(channel) == b"hub 000000"
        async with open_channel(target, own, peer_name=wrong) as channel:
            assert "Hostname Verification" in (await failure_of(channel)).details()
    # The hub's own certificate is no province's either.
    async with (
        served(identity_of(certs / SERVICE.name)) as (_, target),
        open_channel(target, own, peer_name=right) as channel,
    ):
        assert (await failure_of(channel)).code() is grpc.StatusCode.UNAVAILABLE


async def test_a_callee_that_refuses_us_is_a_silent_one(certs, tmp_path):
    folder_of(tmp_path / "foreign", CALLER)
    async with (
        served(identity_of(certs / SERVICE.name)) as (_, target),
        open_channel(target, identity_of(tmp_path / "foreign" / CALLER.name)) as channel,
    ):
        with pytest.raises(Unavailable):
            await Callee("hub").call(channel.unary_unary("/test/Who"), b"", own_s=0.3)


async def test_calls_in_flight_end_on_the_channel_before(certs):
    own = identity_of(certs / CALLER.name)
    async with (
        served(identity_of(certs / SERVICE.name)) as (handler, target),
        open_channel(target, own) as channel,
    ):
        assert isinstance(channel, RenewingChannel)
        before = channel.live
        held = asyncio.create_task(ask(channel, "/test/Held"))
        stream = channel.unary_stream("/test/Stream")(b"")
        assert await stream.read() == b"first"

        async def is_inside():
            assert handler.inside == 1

        await eventually(is_inside)
        Folder(certs).renew([CALLER.name])
        own.look()

        async def is_exchanged():
            assert channel.live is not before

        await eventually(is_exchanged)
        assert before.in_flight == 2
        assert await ask(channel) == b"agency 640000"
        handler.held.set()
        assert await held == b"agency 640000"
        assert await stream.read() == b"last"
        assert await stream.read() is grpc.aio.EOF

        async def is_closed():
            assert before.channel.get_state() is grpc.ChannelConnectivity.SHUTDOWN

        await eventually(is_closed)


async def test_a_callee_that_does_not_know_the_new_authority_keeps_the_connection(
    certs, tmp_path, monkeypatch
):
    monkeypatch.setattr(renewing_channel, "_CONNECT_S", 0.2)
    monkeypatch.setattr(renewing_channel, "_AGAIN_S", 0.05)
    service, own = identity_of(certs / SERVICE.name), identity_of(certs / CALLER.name)
    foreign = folder_of(tmp_path / "foreign", SERVICE, CALLER)
    async with (
        served(service) as (_, target),
        open_channel(target, own) as channel,
    ):
        await ask(channel)
        before = channel.live
        # Rotated in the wrong order: the caller first, its bundle knowing both authorities.
        copy_over(tmp_path / "foreign" / CALLER.name, certs / CALLER.name)
        both = Folder(certs).bundle() + foreign.bundle()
        (certs / CALLER.name / "ca.crt").write_bytes(both)
        own.look()
        assert own.generation == 1
        for _ in range(20):
            assert await ask(channel) == b"agency 640000"
            await asyncio.sleep(0.02)
        assert channel.live is before
        (certs / SERVICE.name / "ca.crt").write_bytes(both)
        service.look()

        async def is_exchanged():
            assert channel.live is not before

        await eventually(is_exchanged)
        assert await ask(channel) == b"agency 640000"


async def test_the_certificate_before_goes_on_over_a_restart_of_the_callee(
    certs, tmp_path, monkeypatch
):
    """The caller was rotated before the callee knows the authority, and the callee comes anew."""
    monkeypatch.setattr(renewing_channel, "_CONNECT_S", 0.3)
    monkeypatch.setattr(renewing_channel, "_AGAIN_S", 0.05)
    service, own = identity_of(certs / SERVICE.name), identity_of(certs / CALLER.name)
    foreign = folder_of(tmp_path / "foreign", CALLER)
    async with contextlib.AsyncExitStack() as stack:
        first = await stack.enter_async_context(contextlib.AsyncExitStack())
        _, target = await first.enter_async_context(served(service))
        channel = await stack.enter_async_context(open_channel(target, own))
        await ask(channel)
        before = channel.live
        copy_over(tmp_path / "foreign" / CALLER.name, certs / CALLER.name)
        both = Folder(certs).bundle() + foreign.bundle()
        (certs / CALLER.name / "ca.crt").write_bytes(both)
        own.look()
        assert own.generation == 1
        for _ in range(2):
            await first.aclose()
            # Long enough for the new certificate to be tried while nobody is there.
            await asyncio.sleep(0.5)
            await first.enter_async_context(served(service, target))
            assert await ask(channel) == b"agency 640000"
        assert channel.live is before
        (certs / SERVICE.name / "ca.crt").write_bytes(both)
        service.look()

        async def is_exchanged():
            assert channel.live is not before

        await eventually(is_exchanged)
        assert await ask(channel) == b"agency 640000"


async def test_a_channel_that_is_not_connected_is_exchanged_at_once(certs):
    own = identity_of(certs / CALLER.name)
    async with open_channel("127.0.0.1:1", own) as channel:
        before = channel.live
        Folder(certs).renew([CALLER.name])
        own.look()

        async def is_exchanged():
            assert channel.live is not before

        await eventually(is_exchanged)


async def test_authority_and_certificates_are_exchanged_without_a_failed_call(certs):
    folder = Folder(certs)
    service, own = identity_of(certs / SERVICE.name), identity_of(certs / CALLER.name)
    answers, stop = [], asyncio.Event()

    async def load(channel):
        while not stop.is_set():
            answers.append(await ask(channel, within_s=WAIT_S))

    async def follow(look_first, look_then, channel):
        # Whoever learns of a step first: at each, the other side still has what was before.
        look_first.look()
        await asyncio.sleep(0.05)
        look_then.look()

        async def is_exchanged():
            assert channel.live.generation == own.generation

        await eventually(is_exchanged)

    async with served(service) as (_, target), open_channel(target, own) as channel:
        loads = [asyncio.create_task(load(channel)) for _ in range(4)]
        await ask(channel)
        first = folder.current().serial
        folder.rotate()
        await follow(own, service, channel)
        folder.renew()
        await follow(service, own, channel)
        folder.drop()
        await follow(own, service, channel)
        stop.set()
        await asyncio.gather(*loads)
        assert folder.current().serial != first
        assert set(answers) == {b"agency 640000"}
        # What the authority before vouched for opens nothing any more.
        assert await ask(channel) == b"agency 640000"
    assert own.generation == service.generation == 3


def check(channel, name=""):
    request = health_pb2.HealthCheckRequest(service=name)
    return health_pb2_grpc.HealthStub(channel).Check(request, timeout=WAIT_S)


async def test_a_service_with_a_certificate_answers_health_to_probes_alone(certs):
    tls = TlsConfig.of_folder(certs / SERVICE.name)
    config = ServerConfig(tls=tls, probe_listen="127.0.0.1:0", drain_grace_s=1.0)
    async with serving(config, "settlement", (FULL_NAME,), lambda _: None) as running:
        own = identity_of(certs / CALLER.name)
        async with open_channel(running.address, own) as channel:
            assert (await check(channel)).status == health_pb2.HealthCheckResponse.SERVING
        async with open_channel(running.address) as channel:
            assert (await failure_of(channel)).code() is grpc.StatusCode.UNAVAILABLE
        async with open_channel(running.probe_address) as channel:
            for name in ("", LIVE, FULL_NAME):
                found = await check(channel, name)
                assert found.status == health_pb2.HealthCheckResponse.SERVING
            assert (await failure_of(channel)).code() is grpc.StatusCode.UNIMPLEMENTED
            # Whoever could watch could hold all the places that probes have.
            watched = health_pb2_grpc.HealthStub(channel).Watch(health_pb2.HealthCheckRequest())
            with pytest.raises(grpc.aio.AioRpcError, match="UNIMPLEMENTED"):
                await watched.read()
            for method in (f"/{FULL_NAME}/Settle", "/grpc.reflection.v1alpha.ServerReflection/x"):
                with pytest.raises(grpc.aio.AioRpcError) as caught:
                    await channel.unary_unary(method)(b"", timeout=WAIT_S)
                assert caught.value.code() is grpc.StatusCode.UNIMPLEMENTED


async def test_a_service_does_not_start_with_a_certificate_of_a_caller(certs):
    tls = TlsConfig.of_folder(certs / CALLER.name)
    with pytest.raises(ConfigError, match="of role agency, which only calls"):
        async with serving(ServerConfig(tls=tls), "settlement", (FULL_NAME,), lambda _: None):
            pass


async def test_without_a_certificate_a_service_listens_on_loopback_alone():
    for listen in ("0.0.0.0:0", "[::]:0", "settlement:50051"):
        with pytest.raises(ConfigError, match="YIJIE_INSECURE_LISTEN=1"):
            async with serving(
                ServerConfig(listen=listen), "settlement", (FULL_NAME,), lambda _: None
            ):
                pass
    config = load(ServerConfig, {"YIJIE_LISTEN": "0.0.0.0:0", "YIJIE_INSECURE_LISTEN": "1"})
    async with serving(config, "settlement", (FULL_NAME,), lambda _: None) as running:
        assert running.probe_address == ""
    for listen in ("localhost:0", "127.0.0.2:0"):
        async with serving(ServerConfig(listen=listen), "settlement", (FULL_NAME,), lambda _: None):
            pass


async def test_with_a_certificate_a_service_may_be_reached_from_everywhere(certs):
    tls = TlsConfig.of_folder(certs / SERVICE.name)
    config = ServerConfig(listen="0.0.0.0:0", tls=tls, drain_grace_s=1.0)
    async with serving(config, "settlement", (FULL_NAME,), lambda _: None) as running:
        port = running.address.rpartition(":")[2]
        async with open_channel(f"127.0.0.1:{port}", identity_of(certs / CALLER.name)) as channel:
            assert (await check(channel)).status == health_pb2.HealthCheckResponse.SERVING

"""Goal: whoever cannot connect learns which side refuses whom, and what to do about it.

Method: real servers with each kind of certificate; the handshake is asked why.
"""

from __future__ import annotations

import contextlib
import dataclasses

import grpc
import pytest

from services.cli.certs.handshake import shake
from services.cli.connecting import ConnectingError, open_endpoint
from services.cli.topology import Endpoint
from services.kit.tls import peer_name
from tests.support.certs import CALLER, SERVICE, XINJIANG, folder_of, issue_expired
from tests.support.clock import FakeClock

OPERATOR = dataclasses.replace(
    CALLER, name="operator", caller=dataclasses.replace(CALLER.caller, role="operator")
)


@pytest.fixture
def certs(tmp_path):
    folder_of(tmp_path / "certs", SERVICE, XINJIANG, CALLER, OPERATOR)
    return tmp_path / "certs"


@contextlib.asynccontextmanager
async def served(folder):
    """A server that shows the certificate of a folder and trusts its authorities."""
    server = grpc.aio.server()
    if folder is None:
        port = server.add_insecure_port("127.0.0.1:0")
    else:
        authorities, key, certificate = (
            (folder / name).read_bytes() for name in ("ca.crt", "tls.key", "tls.crt")
        )
        credentials = grpc.ssl_server_credentials(
            [(key, certificate)], root_certificates=authorities, require_client_auth=True
        )
        port = server.add_secure_port("127.0.0.1:0", credentials)
    await server.start()
    try:
        yield f"127.0.0.1:{port}"
    finally:
        await server.stop(0)


async def test_who_accepts_each_other(certs):
    async with served(certs / SERVICE.name) as address:
        found = await shake(address, certs / CALLER.name)
    assert (found.ok, found.is_reached) == (True, True)


async def test_a_foreign_caller_is_told_that_the_service_is_not_of_its_authority(certs, tmp_path):
    folder_of(tmp_path / "foreign", CALLER)
    async with served(certs / SERVICE.name) as address:
        found = await shake(address, tmp_path / "foreign" / CALLER.name)
    assert (found.ok, found.is_reached) == (False, True)
    assert "of no authority in" in found.text
    assert "use certificates of this mesh" in found.text


async def test_a_caller_whom_the_service_refuses_is_told_so(certs, tmp_path):
    foreign = folder_of(tmp_path / "foreign", CALLER)
    at = tmp_path / "foreign" / CALLER.name
    (at / "ca.crt").write_bytes(foreign.bundle() + (certs / CALLER.name / "ca.crt").read_bytes())
    async with served(certs / SERVICE.name) as address:
        found = await shake(address, at)
    assert (found.ok, found.is_reached) == (False, True)
    assert "refuses our certificate" in found.text


async def test_an_expired_certificate_of_ours_is_told_before_anybody_is_asked(tmp_path):
    issue_expired(tmp_path, CALLER)
    found = await shake("127.0.0.1:1", tmp_path / CALLER.name)
    assert not found.ok
    assert "expired on" in found.text
    assert "yijie certs renew" in found.text


async def test_an_expired_certificate_of_the_service_is_told(certs):
    issue_expired(certs, dataclasses.replace(SERVICE, name="late"))
    async with served(certs / "late") as address:
        found = await shake(address, certs / CALLER.name)
    assert "the service's certificate has expired" in found.text


async def test_a_service_with_a_callers_certificate_is_told(certs):
    async with served(certs / CALLER.name) as address:
        found = await shake(address, certs / OPERATOR.name)
    assert "may not serve" in found.text


async def test_another_province_is_told(certs):
    async with served(certs / XINJIANG.name) as address:
        right = peer_name("benefits", "650000")
        assert (await shake(address, certs / CALLER.name, peer_name=right)).ok
        wrong = peer_name("benefits", "640000")
        found = await shake(address, certs / CALLER.name, peer_name=wrong)
    assert "another name or province" in found.text


async def test_a_service_without_tls_is_told(certs):
    async with served(None) as address:
        found = await shake(address, certs / CALLER.name)
    assert (found.ok, found.is_reached) == (False, True)
    assert "does not speak TLS" in found.text


async def test_nobody_there_says_nothing_about_certificates(certs):
    found = await shake("127.0.0.1:1", certs / CALLER.name)
    assert (found.ok, found.is_reached) == (False, False)


async def test_a_command_that_would_be_refused_says_why_at_once(certs, tmp_path):
    folder_of(tmp_path / "foreign", OPERATOR)
    issue_expired(tmp_path / "late", OPERATOR)
    async with served(certs / SERVICE.name) as address:
        port = int(address.rpartition(":")[2])
        async with open_endpoint(Endpoint(port, 0, str(certs))):
            pass
        for folder, said in (("foreign", "of no authority in"), ("late", "expired on")):
            with pytest.raises(ConnectingError, match=said):
                async with open_endpoint(Endpoint(port, 0, str(tmp_path / folder))):
                    pass
    # A mesh that is on its way up is no matter of certificates.
    async with open_endpoint(Endpoint(port, 0, str(certs))):
        pass


async def test_a_clock_decides_what_has_expired(certs):
    clock = FakeClock()
    clock.advance(days=4000)
    found = await shake("127.0.0.1:1", certs / CALLER.name, clock=clock)
    assert "expired on" in found.text

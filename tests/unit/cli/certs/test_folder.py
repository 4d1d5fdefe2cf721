"""Goal: the authority issues what it may, and is exchanged in three steps that cannot be skipped.

Method: the folder itself with a clock of the test; TLS itself is tested in tests/unit/kit.
"""

from __future__ import annotations

import dataclasses
from base64 import encodebytes
from datetime import timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding

from services.cli.certs import folder as folder_module
from services.cli.certs.authority import (
    Asked,
    RequestRefused,
    asked_of,
    certificate_pem,
    key_pem,
    new_key,
    new_request,
)
from services.cli.certs.folder import CertsError, Folder, write_file
from services.cli.certs.local import agency_name, fill
from services.kit.caller import Caller
from services.kit.codes import PROVINCES
from services.kit.tls import TlsConfig, read_material
from tests.support.certs import CALLER, SERVICE, XINJIANG, folder_of
from tests.support.clock import FakeClock


@pytest.fixture
def clock():
    return FakeClock()


@pytest.fixture
def folder(tmp_path, clock):
    folder = Folder(tmp_path / "certs", clock)
    folder.init()
    return folder


def certificate(folder, name):
    return x509.load_pem_x509_certificate((folder.path / name / "tls.crt").read_bytes())


def names_of(found):
    return found.extensions.get_extension_for_class(x509.SubjectAlternativeName).value


def test_a_certificate_says_who_and_where(folder, clock):
    folder.issue(XINJIANG)
    found = certificate(folder, XINJIANG.name)
    names = names_of(found)
    assert names.get_values_for_type(x509.UniformResourceIdentifier) == [
        "spiffe://yijie/region/650000/role/benefits"
    ]
    assert names.get_values_for_type(x509.DNSName) == [
        "benefits.650000.yijie.internal",
        "localhost",
    ]
    assert [str(one) for one in names.get_values_for_type(x509.IPAddress)] == ["127.0.0.1"]
    assert found.not_valid_after_utc == clock.now() + timedelta(days=90)
    assert asked_of(found) == dataclasses.replace(XINJIANG, dns=["localhost"], ips=["127.0.0.1"])


def purposes_of(found):
    oids = found.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    return {one._name for one in oids}


def test_only_who_serves_may_serve(folder):
    for asked in (SERVICE, XINJIANG, CALLER):
        folder.issue(asked)
    assert purposes_of(certificate(folder, SERVICE.name)) == {"serverAuth", "clientAuth"}
    assert purposes_of(certificate(folder, XINJIANG.name)) == {"serverAuth", "clientAuth"}
    assert purposes_of(certificate(folder, CALLER.name)) == {"clientAuth"}


@pytest.mark.parametrize(
    ("region", "role"),
    [
        ("000000", "agency"),
        ("640000", "hub"),
        ("640100", "agency"),
        ("990000", "agency"),
        ("640000", "king"),
        ("", ""),
    ],
)
def test_nobody_is_not_certified(folder, region, role):
    asked = Asked(name="nobody", caller=Caller(region, role), days=1)
    with pytest.raises(RequestRefused, match="is nobody"):
        folder.issue(asked)
    assert not folder.issued()


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"dns": ("settlement",)}, "only calls"),
        ({"ips": ("127.0.0.1",)}, "only calls"),
        ({"days": 4000}, "authority itself ends"),
    ],
)
def test_what_a_caller_may_not_have(folder, change, said):
    with pytest.raises(RequestRefused, match=said):
        folder.issue(dataclasses.replace(CALLER, **change))


@pytest.mark.parametrize("change", [{"dns": ("结算",)}, {"ips": ("localhost",)}])
def test_what_is_no_name_of_a_service(folder, change):
    with pytest.raises(RequestRefused):
        folder.issue(dataclasses.replace(SERVICE, **change))


@pytest.mark.parametrize("name", ["", "../x", "a/b", "authority", "."])
def test_a_name_cannot_leave_the_folder(folder, name):
    with pytest.raises(CertsError, match="no name of a certificate"):
        folder.issue(dataclasses.replace(CALLER, name=name))


def test_keys_are_for_their_owner_alone(folder):
    folder.issue(CALLER)
    keys = list(folder.path.rglob("*.key"))
    assert len(keys) == 2
    assert {path.stat().st_mode & 0o777 for path in keys} == {0o600}
    assert (folder.path / "authority").stat().st_mode & 0o077 == 0


def test_there_is_one_authority_and_one_certificate_of_a_name(folder):
    with pytest.raises(CertsError, match="rotate-ca"):
        folder.init()
    folder.issue(CALLER)
    with pytest.raises(CertsError, match="certs renew"):
        folder.issue(CALLER)


def test_without_an_authority_nothing_is_issued(tmp_path):
    with pytest.raises(CertsError, match="certs init"):
        Folder(tmp_path).issue(CALLER)


def test_to_issue_anew_changes_the_key_and_nothing_else(folder, clock):
    folder.issue(SERVICE)
    before = certificate(folder, SERVICE.name)
    clock.advance(days=80)
    assert folder.renew() == [SERVICE.name]
    after = certificate(folder, SERVICE.name)
    assert after.public_key() != before.public_key()
    assert names_of(after) == names_of(before)
    assert after.not_valid_after_utc == before.not_valid_after_utc + timedelta(days=80)
    assert after.serial_number != before.serial_number
    assert [one.serial for one in folder.issued()] == [f"{after.serial_number:x}"]
    with pytest.raises(CertsError, match="nobody: no key"):
        folder.renew(["nobody"])


def readable(folder, clock, name):
    return read_material(TlsConfig.of_folder(folder.path / name), clock.now())


def test_an_authority_is_exchanged_in_three_steps(folder, clock):
    folder.issue(SERVICE)
    folder.issue(CALLER)
    first = folder.current().serial
    assert folder.next_step == ""
    announced = folder.rotate()
    assert (folder.next_step, folder.current().serial) == ("renew", first)
    for step in ("announced", "renewed"):
        assert len(x509.load_pem_x509_certificates(folder.bundle())) == 2, step
        for name in (SERVICE.name, CALLER.name):
            assert (folder.path / name / "ca.crt").read_bytes() == folder.bundle()
            readable(folder, clock, name)
        if step == "announced":
            # What is issued meanwhile is of the authority that everybody knows.
            folder.issue(XINJIANG)
            assert {one.authority for one in folder.issued()} == {first}
            folder.renew()
    assert (folder.next_step, folder.current().serial) == ("drop-ca", announced.serial)
    assert {one.authority for one in folder.issued()} == {announced.serial}
    folder.drop()
    assert folder.next_step == ""
    (left,) = x509.load_pem_x509_certificates(folder.bundle())
    assert left == announced.certificate
    for name in (SERVICE.name, CALLER.name, XINJIANG.name):
        readable(folder, clock, name)
        assert (folder.path / name / "ca.crt").read_bytes() == folder.bundle()


def test_no_step_of_an_exchange_can_be_skipped_or_doubled(folder, clock):
    folder.issue(SERVICE)
    folder.sign(CALLER, certificate_pem(new_request(new_key(), "whatever")))
    with pytest.raises(CertsError, match="no authority to drop"):
        folder.drop()
    folder.rotate()
    with pytest.raises(CertsError, match="next step: yijie certs renew"):
        folder.rotate()
    with pytest.raises(CertsError, match="next: yijie certs renew"):
        folder.drop()
    folder.renew()
    with pytest.raises(CertsError, match=f"are still: {CALLER.name}"):
        folder.drop()
    with pytest.raises(CertsError, match="next step: yijie certs drop-ca"):
        folder.rotate()
    # What has ended keeps nobody.
    clock.advance(days=91)
    folder.drop()


def test_a_key_that_lies_elsewhere_is_certified_to_its_request(folder, clock):
    key = new_key()
    request = certificate_pem(new_request(key, "whatever"))
    at = folder.sign(XINJIANG, request)
    assert sorted(path.name for path in at.iterdir()) == ["ca.crt", "tls.crt"]
    (at / "tls.key").write_bytes(key_pem(key))
    assert readable(folder, clock, XINJIANG.name).caller == XINJIANG.caller
    (at / "tls.key").unlink()
    (issued,) = folder.issued()
    assert issued.is_requested
    # It is not issued anew by us, and an exchange waits for it.
    assert folder.renew() == []
    folder.rotate()
    folder.renew()
    with pytest.raises(CertsError, match=XINJIANG.name):
        folder.drop()
    folder.sign(XINJIANG, request)
    folder.drop()


def test_a_request_that_is_none_is_refused(folder):
    forged = bytearray(new_request(new_key(), "x").public_bytes(Encoding.DER))
    forged[-1] ^= 1
    pem = (
        b"-----BEGIN CERTIFICATE REQUEST-----\n"
        + encodebytes(bytes(forged))
        + b"-----END CERTIFICATE REQUEST-----\n"
    )
    with pytest.raises(RequestRefused):
        folder.sign(CALLER, pem)
    with pytest.raises(RequestRefused, match="no certificate request"):
        folder.sign(CALLER, b"canary")
    for other in (
        rsa.generate_private_key(public_exponent=65537, key_size=2048),
        ec.generate_private_key(ec.SECP384R1()),
    ):
        request = certificate_pem(new_request(other, "x"))
        with pytest.raises(RequestRefused, match="P-256"):
            folder.sign(CALLER, request)


def test_a_local_mesh_has_all_it_needs(tmp_path, clock):
    processes = ["benefits-650000", "identity", "settlement"]
    fill(tmp_path, processes, clock)
    folder = Folder(tmp_path, clock)
    by_name = {one.name: one for one in folder.issued()}
    assert by_name.keys() == {
        *processes,
        "operator",
        "officer",
        "auditor",
        *map(agency_name, PROVINCES),
    }
    assert (by_name["benefits-650000"].role, by_name["benefits-650000"].region_code) == (
        "benefits",
        "650000",
    )
    assert by_name["identity"].role == "hub"
    for name in by_name:
        readable(folder, clock, name)
    # A second time nothing changes; what is near its end is issued anew.
    serials = {one.serial for one in folder.issued()}
    fill(tmp_path, processes, clock)
    assert {one.serial for one in folder.issued()} == serials
    clock.advance(days=84)
    fill(tmp_path, [*processes, "clearing"], clock)
    assert not serials & {one.serial for one in folder.issued()}
    assert "clearing" in {one.name for one in folder.issued()}


def test_two_authorities_have_different_names(tmp_path):
    one, other = (folder_of(tmp_path / name) for name in ("one", "other"))
    assert one.current().certificate.subject != other.current().certificate.subject


def test_what_is_issued_anew_alone_does_not_begin_the_next_step(folder):
    """A certificate that ends soon while provinces still wait for the bundle."""
    folder.issue(SERVICE)
    folder.issue(CALLER)
    first = folder.current().serial
    folder.rotate()
    folder.renew([SERVICE.name])
    assert {one.authority for one in folder.issued()} == {first}
    assert folder.next_step == "renew"
    folder.renew()
    assert {one.authority for one in folder.issued()} == {folder.current().serial} != {first}


def test_who_is_given_up_is_shut_out_and_not_issued_anew(folder, clock):
    folder.issue(SERVICE)
    request = certificate_pem(new_request(new_key(), "whatever"))
    folder.sign(CALLER, request)
    folder.rotate()
    folder.renew()
    with pytest.raises(CertsError, match=f"--without {CALLER.name}"):
        folder.drop()
    for name in (SERVICE.name, "nobody"):
        with pytest.raises(CertsError, match=f"{name}: no certificate of the authority before"):
            folder.drop(without=[name])
    assert folder.next_step == "drop-ca"
    assert folder.drop(without=[CALLER.name]) == [CALLER.name]
    assert [one.name for one in folder.issued()] == [SERVICE.name]
    assert folder.renew() == [SERVICE.name]
    # Whoever comes back is issued a certificate like anybody else.
    folder.sign(CALLER, request)
    assert {one.name for one in folder.issued()} == {SERVICE.name, CALLER.name}


@pytest.mark.parametrize("written", [0, 1, 2, 3])
def test_an_exchange_that_was_cut_off_goes_on_where_it_was(folder, clock, monkeypatch, written):
    """Whatever of the second step was written, the authority before is not lost."""
    folder.issue(SERVICE)
    first = folder.current()
    announced = folder.rotate()
    with monkeypatch.context() as patch:
        patch.setattr(folder_module, "write_file", cut_off_after(written))
        with pytest.raises(KeyboardInterrupt):
            folder.renew()
    again = Folder(folder.path, clock)
    with pytest.raises(CertsError, match="yijie certs renew"):
        again.drop()
    again.renew()
    assert again.current().serial == announced.serial
    found = x509.load_pem_x509_certificates(again.bundle())
    assert found == [announced.certificate, first.certificate]
    again.drop()
    readable(again, clock, SERVICE.name)


def cut_off_after(count):
    left = iter(range(count))

    def write(*arguments, **options):
        if next(left, None) is None:
            raise KeyboardInterrupt
        write_file(*arguments, **options)

    return write


def test_a_key_and_a_certificate_of_two_authorities_sign_nothing(folder, tmp_path):
    other = folder_of(tmp_path / "other")
    key = (other.path / "authority/current.key").read_bytes()
    (folder.path / "authority/current.key").write_bytes(key)
    with pytest.raises(CertsError, match="no authority that can be read"):
        folder.issue(CALLER)


@pytest.mark.parametrize(
    "name",
    [
        "benefits.650000.yijie.internal",
        "*.650000.yijie.internal",
        "YIJIE.internal",
        "a.yijie.internal.",
    ],
)
def test_nobody_has_the_name_by_which_another_is_known(folder, name):
    with pytest.raises(RequestRefused, match=r"names in yijie\.internal"):
        folder.issue(dataclasses.replace(SERVICE, dns=(name,)))

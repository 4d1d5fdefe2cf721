"""Goal: a process proves who it is by files that may change, and by none that cannot be trusted.

Method: certificates of the authority that ships, each kind of bad one put in their place.
"""

from __future__ import annotations

import asyncio
import dataclasses
import io
import shutil
from base64 import b64decode, b64encode
from datetime import UTC, datetime, timedelta

import orjson
import prometheus_client
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.x509.oid import ExtendedKeyUsageOID

from services.cli.certs.authority import (
    Authority,
    certificate_pem,
    issue,
    key_pem,
    new_authority,
    new_key,
)
from services.cli.certs.folder import Folder
from services.kit import log
from services.kit.caller import Caller
from services.kit.clock import SystemClock
from services.kit.config import ConfigError, load
from services.kit.tls import (
    BadCertificate,
    Identity,
    TlsConfig,
    open_identity,
    peer_name,
    read_material,
)
from tests.support.certs import CALLER, SERVICE, copy_over, folder_of, issue_expired
from tests.support.clock import FakeClock

NOW = datetime.now(UTC)


@pytest.fixture
def certs(tmp_path):
    folder_of(tmp_path / "certs", SERVICE, CALLER)
    return tmp_path / "certs"


@pytest.fixture
def own(certs):
    return certs / SERVICE.name


@pytest.fixture
def logged():
    stream = io.BytesIO()
    log.configure("settlement", "info", stream)
    return lambda: [orjson.loads(line) for line in stream.getvalue().splitlines()]


def refused_count():
    return prometheus_client.REGISTRY.get_sample_value("yijie_certificate_refused_total")


def expiry_of(certificate):
    name = "yijie_certificate_expiry_timestamp_seconds"
    return prometheus_client.REGISTRY.get_sample_value(name, {"certificate": certificate})


def refusal_of(config, now=NOW):
    with pytest.raises(BadCertificate) as caught:
        read_material(config, now)
    return str(caught.value)


def test_what_fits_is_read(own):
    material = read_material(TlsConfig.of_folder(own), NOW)
    assert material.caller == Caller("000000", "hub")
    assert material.expires < material.authority_expires
    assert b"PRIVATE" not in repr(material).encode()


def test_a_chain_by_way_of_an_intermediate_authority_is_read(own):
    above = new_authority(NOW, days=10)
    between_key = new_key()
    between = x509.CertificateBuilder(
        subject_name=x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "between")]),
        issuer_name=above.certificate.subject,
        public_key=between_key.public_key(),
        serial_number=7,
        not_valid_before=NOW - timedelta(days=1),
        not_valid_after=NOW + timedelta(days=9),
        extensions=[],
    )
    between = between.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
    between = between.add_extension(
        x509.SubjectKeyIdentifier.from_public_key(between_key.public_key()), critical=False
    ).sign(above.key, hashes.SHA256())
    key = new_key()
    asked = dataclasses.replace(SERVICE, days=1)
    leaf = issue(Authority(between_key, between), key.public_key(), asked, NOW)
    (own / "tls.key").write_bytes(key_pem(key))
    (own / "tls.crt").write_bytes(certificate_pem(leaf) + certificate_pem(between))
    (own / "ca.crt").write_bytes(certificate_pem(above.certificate))
    material = read_material(TlsConfig.of_folder(own), NOW)
    assert material.authority_expires == above.certificate.not_valid_after_utc
    (own / "tls.crt").write_bytes(certificate_pem(leaf))
    assert "none of the authorities" in refusal_of(TlsConfig.of_folder(own))


def test_an_expired_certificate_is_refused_with_the_way_out(tmp_path):
    text = refusal_of(issue_expired(tmp_path, SERVICE))
    assert "expired on" in text
    assert "yijie certs renew" in text


def test_a_certificate_of_tomorrow_is_refused(own):
    assert "clock" in refusal_of(TlsConfig.of_folder(own), NOW - timedelta(days=1))


def test_a_foreign_certificate_is_refused_with_the_way_out(own, tmp_path):
    foreign = folder_of(tmp_path / "foreign", SERVICE)
    (own / "ca.crt").write_bytes(foreign.bundle())
    text = refusal_of(TlsConfig.of_folder(own))
    assert "none of the authorities" in text
    assert "add its authority" in text


def test_an_authority_that_has_ended_vouches_for_nobody(own):
    later = NOW + timedelta(days=60)
    ended = new_authority(NOW, days=30)
    key = new_key()
    (own / "tls.key").write_bytes(key_pem(key))
    # No authority of ours would issue beyond its own end: another one might.
    beyond = Authority(ended.key, new_authority(NOW, days=400).certificate)
    beyond = Authority(ended.key, _named_like(beyond, ended))
    leaf = issue(beyond, key.public_key(), SERVICE, NOW)
    (own / "tls.crt").write_bytes(certificate_pem(leaf))
    (own / "ca.crt").write_bytes(certificate_pem(ended.certificate))
    assert read_material(TlsConfig.of_folder(own), NOW).expires > later
    assert "none of the authorities" in refusal_of(TlsConfig.of_folder(own), later)


def _named_like(longer, shorter):
    """The shorter authority's name and key, with the longer one's end."""
    builder = x509.CertificateBuilder(
        subject_name=shorter.certificate.subject,
        issuer_name=shorter.certificate.subject,
        public_key=shorter.key.public_key(),
        serial_number=9,
        not_valid_before=NOW - timedelta(days=1),
        not_valid_after=longer.certificate.not_valid_after_utc,
        extensions=[],
    )
    identifier = x509.SubjectKeyIdentifier.from_public_key(shorter.key.public_key())
    return builder.add_extension(identifier, critical=False).sign(shorter.key, hashes.SHA256())


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("tls.crt", b"", "no certificate in PEM"),
        ("tls.crt", b"canary", "no certificate in PEM"),
        ("ca.crt", b"canary", "no certificate in PEM"),
        ("tls.key", b"canary", "no private key in PEM"),
        ("tls.key", key_pem(new_key()), "is not the key of"),
    ],
)
def test_a_file_of_something_else_is_refused(own, name, content, said):
    (own / name).write_bytes(content)
    text = refusal_of(TlsConfig.of_folder(own))
    assert said in text
    assert "canary" not in text


@pytest.mark.parametrize("name", ["tls.crt", "tls.key", "ca.crt"])
def test_a_file_that_is_not_there_is_named(own, name):
    (own / name).unlink()
    assert name in refusal_of(TlsConfig.of_folder(own))


@pytest.mark.parametrize(
    "uris",
    [
        [],
        ["spiffe://yijie/region/640000/role/agency", "spiffe://yijie/region/650000/role/agency"],
        ["spiffe://elsewhere/region/640000/role/agency"],
        ["spiffe://yijie/region/000000/role/agency"],
        ["spiffe://yijie/region/640000/role/king"],
    ],
)
def test_a_certificate_that_names_nobody_is_refused(own, uris):
    folder = Folder(own.parent)
    key, authority = new_key(), folder.current()
    builder = x509.CertificateBuilder(
        subject_name=authority.certificate.subject,
        issuer_name=authority.certificate.subject,
        public_key=key.public_key(),
        serial_number=5,
        not_valid_before=NOW - timedelta(days=1),
        not_valid_after=NOW + timedelta(days=1),
        extensions=[],
    )
    if uris:
        names = [x509.UniformResourceIdentifier(uri) for uri in uris]
        builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
    (own / "tls.crt").write_bytes(certificate_pem(builder.sign(authority.key, hashes.SHA256())))
    (own / "tls.key").write_bytes(key_pem(key))
    assert "names nobody" in refusal_of(TlsConfig.of_folder(own))


def test_the_three_files_are_named_together_or_not_at_all(own):
    assert not load(TlsConfig, {}).is_on
    whole = {f"YIJIE_TLS_{name}_FILE": "f" for name in ("CERT", "KEY", "CA")}
    load(TlsConfig, whole).require_whole()
    for missing in whole:
        rest = {name: value for name, value in whole.items() if name != missing}
        with pytest.raises(ConfigError, match=missing):
            load(TlsConfig, rest).require_whole()


async def test_without_files_there_is_no_identity():
    async with open_identity(TlsConfig()) as identity:
        assert identity is None


async def test_a_bad_certificate_keeps_a_process_from_starting(tmp_path):
    with pytest.raises(ConfigError, match="expired on"):
        async with open_identity(issue_expired(tmp_path, SERVICE)):
            pass


async def test_new_files_come_into_use_and_are_measured(own, logged):
    identity = Identity(TlsConfig.of_folder(own), SystemClock())
    before = identity.material
    assert expiry_of("leaf") == before.expires.timestamp()
    assert expiry_of("ca") == before.authority_expires.timestamp()
    identity.look()
    assert (identity.generation, identity.material) == (0, before)
    Folder(own.parent).renew([SERVICE.name])
    identity.look()
    assert identity.generation == 1
    assert identity.material.certificate != before.certificate
    (first, second) = (line for line in logged() if line["event"] == "certificate read")
    assert first["caller"] == second["caller"] == "hub 000000"
    assert "PRIVATE" not in str(logged())


def put_expired(own, tmp_path):
    issue_expired(tmp_path / "elsewhere", SERVICE)
    copy_over(tmp_path / "elsewhere" / SERVICE.name, own)


def put_foreign(own, tmp_path):
    folder_of(tmp_path / "elsewhere", SERVICE)
    for name in ("tls.crt", "tls.key"):
        (own / name).write_bytes((tmp_path / "elsewhere" / SERVICE.name / name).read_bytes())


def put_half(own, tmp_path):
    (own / "tls.key").write_bytes(key_pem(new_key()))


@pytest.mark.parametrize("put", [put_expired, put_foreign, put_half])
async def test_what_cannot_be_trusted_changes_nothing_and_is_told_once(own, tmp_path, logged, put):
    identity = Identity(TlsConfig.of_folder(own), SystemClock())
    before, count = identity.material, refused_count()
    put(own, tmp_path)
    for _ in range(4):
        identity.look()
    assert (identity.generation, identity.material) == (0, before)
    told = [line for line in logged() if line["event"].startswith("certificate refused")]
    assert [line["level"] for line in told] == ["error"]
    assert told[0]["reason"]
    assert refused_count() == count + 1
    Folder(own.parent).renew([SERVICE.name])
    identity.look()
    assert identity.generation == 1


async def test_a_pair_that_is_whole_at_the_next_look_was_never_wrong(own, logged):
    identity = Identity(TlsConfig.of_folder(own), SystemClock())
    key, certificate = ((own / name).read_bytes() for name in ("tls.key", "tls.crt"))
    Folder(own.parent).renew([SERVICE.name])
    fresh = (own / "tls.crt").read_bytes()
    (own / "tls.crt").write_bytes(certificate)
    identity.look()
    assert identity.generation == 0
    (own / "tls.crt").write_bytes(fresh)
    identity.look()
    assert identity.generation == 1
    assert identity.material.key != key
    assert not [line for line in logged() if line["level"] == "error"]


async def test_files_that_are_gone_change_nothing(own):
    identity = Identity(TlsConfig.of_folder(own), SystemClock())
    (own / "tls.crt").unlink()
    identity.look()
    assert identity.generation == 0


async def test_files_behind_a_link_that_moves_are_followed(own, tmp_path):
    """A mounted secret is a link to a folder that is exchanged as a whole."""
    other = tmp_path / "other"
    other.mkdir()
    copy_over(own, other)
    link = tmp_path / "mounted"
    link.symlink_to(own)
    identity = Identity(TlsConfig.of_folder(link), SystemClock())
    folder_of(tmp_path / "elsewhere", SERVICE)
    copy_over(tmp_path / "elsewhere" / SERVICE.name, other)
    new_link = tmp_path / "mounted.new"
    new_link.symlink_to(other)
    new_link.replace(link)
    identity.look()
    assert identity.generation == 1


async def test_who_waits_is_told_of_an_exchange(own):
    identity = Identity(TlsConfig.of_folder(own), SystemClock())
    waiting = asyncio.create_task(identity.exchanged(after=0))
    await asyncio.sleep(0)
    assert not waiting.done()
    Folder(own.parent).renew([SERVICE.name])
    identity.look()
    await waiting
    await identity.exchanged(after=0)


async def test_a_certificate_that_ends_while_in_use_is_told(tmp_path, logged):
    clock = FakeClock()
    folder = Folder(tmp_path, clock)
    folder.init()
    identity = Identity(TlsConfig.of_folder(folder.issue(SERVICE)), clock)
    clock.advance(days=SERVICE.days, seconds=1)
    for _ in range(3):
        identity.look()
    told = [line for line in logged() if line["event"].startswith("certificate expired")]
    assert len(told) == 1


def test_a_silent_identity_logs_nothing(own, logged):
    identity = Identity(TlsConfig.of_folder(own), SystemClock(), is_silent=True)
    (own / "tls.crt").write_bytes(b"canary")
    for _ in range(3):
        identity.look()
    assert logged() == []


def test_the_name_of_who_answers():
    assert peer_name("benefits", "650000") == "benefits.650000.yijie.internal"


# P-256 by its object identifier, and SM2 by one of the same length: keys are points either way.
P256, SM2 = bytes.fromhex("2a8648ce3d030107"), bytes.fromhex("2a811ccf5501822d")


def put_sm2(own, name):
    """Makes a file of P-256 say that it is of SM2."""
    content = (own / name).read_bytes()
    kind = content.split(b"-----")[1].removeprefix(b"BEGIN ")
    lines = b"".join(content.split(b"-----")[2].split())
    changed = b64encode(b64decode(lines).replace(P256, SM2))
    (own / name).write_bytes(b"-----BEGIN %s-----\n%s\n-----END %s-----\n" % (kind, changed, kind))


@pytest.mark.parametrize("name", ["tls.key", "tls.crt"])
def test_sm2_is_refused_by_its_name(own, name):
    put_sm2(own, name)
    text = refusal_of(TlsConfig.of_folder(own))
    assert "SM2" in text
    assert "EC P-256" in text


def test_an_sm2_authority_beside_ours_is_in_nobodys_way(own, tmp_path):
    folder_of(tmp_path / "other")
    shutil.copyfile(tmp_path / "other/authority/current.crt", own / "other.crt")
    put_sm2(own, "other.crt")
    with (own / "ca.crt").open("ab") as file:
        file.write((own / "other.crt").read_bytes())
    assert read_material(TlsConfig.of_folder(own), NOW).caller == Caller("000000", "hub")


def reissued(own, *purposes):
    """A certificate of ours with other purposes."""
    folder = Folder(own.parent)
    key = new_key()
    found = x509.load_pem_x509_certificate((own / "tls.crt").read_bytes())
    builder = x509.CertificateBuilder(
        subject_name=found.subject,
        issuer_name=found.issuer,
        public_key=key.public_key(),
        serial_number=9,
        not_valid_before=found.not_valid_before_utc,
        not_valid_after=found.not_valid_after_utc,
        extensions=[one for one in found.extensions if one.oid != x509.ExtendedKeyUsage.oid],
    )
    if purposes:
        builder = builder.add_extension(x509.ExtendedKeyUsage(purposes), critical=False)
    (own / "tls.key").write_bytes(key_pem(key))
    (own / "tls.crt").write_bytes(
        certificate_pem(builder.sign(folder.current().key, hashes.SHA256()))
    )


def test_a_certificate_that_everybody_would_refuse_is_refused_here(own, certs):
    """What an issuer other than ours forgets: gRPC would only say that nobody answers."""
    serves, calls = ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH
    for purposes, said in (((serves,), "client auth"), ((calls,), "server auth")):
        reissued(own, *purposes)
        assert f"not for {said}, which role hub needs" in refusal_of(TlsConfig.of_folder(own))
    for purposes in ((), (serves, calls)):
        reissued(own, *purposes)
        read_material(TlsConfig.of_folder(own), NOW)
    reissued(certs / CALLER.name, serves)
    assert "client auth" in refusal_of(TlsConfig.of_folder(certs / CALLER.name))


async def test_a_certificate_of_a_clock_ahead_of_ours_comes_into_use_when_it_is_valid(own, logged):
    clock = FakeClock(datetime.now(UTC))
    identity = Identity(TlsConfig.of_folder(own), clock)
    ahead = FakeClock(clock.now() + timedelta(minutes=10))
    Folder(own.parent, ahead).renew([SERVICE.name])
    for _ in range(5):
        identity.look()
    assert identity.generation == 0
    assert len([line for line in logged() if line["level"] == "error"]) == 1
    clock.advance(seconds=360)
    identity.look()
    assert identity.generation == 1


async def test_a_rotation_does_not_make_somebody_else_of_a_process(own, certs, logged):
    """Another's files, whole and valid, copied by mistake."""
    identity = Identity(TlsConfig.of_folder(own), SystemClock())
    before = identity.material
    copy_over(certs / CALLER.name, own)
    for _ in range(3):
        identity.look()
    assert (identity.generation, identity.material) == (0, before)
    (told,) = [line for line in logged() if line["level"] == "error"]
    assert "names agency 640000, and this process is hub 000000" in told["reason"]


@pytest.mark.parametrize("name", ["tls.crt", "tls.key", "ca.crt"])
async def test_a_file_that_is_gone_is_told_once_and_again_when_it_goes_again(own, logged, name):
    identity = Identity(TlsConfig.of_folder(own), SystemClock())
    count = refused_count()
    for times in (1, 2):
        (own / name).rename(own / "away")
        for _ in range(4):
            identity.look()
        (own / "away").rename(own / name)
        identity.look()
        assert refused_count() == count + times
    assert identity.generation == 0
    assert all(name in line["reason"] for line in logged() if line["level"] == "error")


def test_a_key_that_everybody_can_read_is_told(own, logged):
    key = own / "tls.key"
    Identity(TlsConfig.of_folder(own), SystemClock())
    assert not [line for line in logged() if line["level"] == "warning"]
    key.chmod(0o644)
    Identity(TlsConfig.of_folder(own), SystemClock())
    (told,) = [line for line in logged() if line["level"] == "warning"]
    assert told["reason"] == f"chmod o-rwx {key}"

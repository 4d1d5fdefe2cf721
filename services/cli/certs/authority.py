"""A private certification authority: makes keys, signs certificates, touches no file.

All keys are EC P-256: gRPC's TLS (BoringSSL) has no SM2.
"""

from __future__ import annotations

import ipaddress
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from services.kit.caller import SERVING, Caller, named_by, uri_of
from services.kit.tls import PEER_DOMAIN, peer_name

_SKEW: Final = timedelta(minutes=5)
"""Clocks that are late must not refuse a certificate that is new."""


class RequestRefused(Exception):
    """A certificate is not issued for what was asked; the text says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What a certificate is to say."""

    name: str
    """Its name among ours, and its common name."""
    caller: Caller
    dns: Sequence[str] = ()
    """Names under which a service is reached; none for a caller alone."""
    ips: Sequence[str] = ()
    days: int
    """How long it is valid."""


@dataclass(frozen=True, slots=True)
class Authority:
    """A key that signs certificates."""

    key: ec.EllipticCurvePrivateKey
    certificate: x509.Certificate

    @property
    def serial(self) -> str:
        """Tells authorities apart, hexadecimal."""
        return f"{self.certificate.serial_number:x}"


def new_key() -> ec.EllipticCurvePrivateKey:
    """Returns a fresh private key."""
    return ec.generate_private_key(ec.SECP256R1())


def new_authority(now: datetime, *, days: int) -> Authority:
    """Makes an authority of its own, valid from now on."""
    key = new_key()
    # Its own name: who verifies finds an issuer by it, and during a rotation there are two.
    name = x509.Name(
        [
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Yijie"),
            x509.NameAttribute(NameOID.COMMON_NAME, f"Yijie CA {now:%Y-%m-%d} {_token()}"),
        ]
    )
    builder = (
        _builder(name, name, key.public_key(), now, now + timedelta(days=days))
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(signs_certificates=True), critical=True)
    )
    return Authority(key, builder.sign(key, hashes.SHA256()))


def issue(
    authority: Authority, public_key: ec.EllipticCurvePublicKey, asked: Asked, now: datetime
) -> x509.Certificate:
    """Signs a certificate.

    Raises:
        RequestRefused: the role is none of that region's, a caller alone wants names, a service has
            none, or the authority ends before.
    """
    names = _names(asked)
    ends = now + timedelta(days=asked.days)
    if ends > authority.certificate.not_valid_after_utc:
        msg = (
            f"the authority itself ends on {authority.certificate.not_valid_after_utc:%Y-%m-%d}:"
            " ask for fewer days, or exchange it (yijie certs rotate-ca)"
        )
        raise RequestRefused(msg)
    purposes = [ExtendedKeyUsageOID.CLIENT_AUTH]
    if asked.caller.role in SERVING:
        purposes.insert(0, ExtendedKeyUsageOID.SERVER_AUTH)
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, asked.name)])
    issuer = authority.certificate
    identifier = issuer.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
    builder = (
        _builder(subject, issuer.subject, public_key, now, ends)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(signs_certificates=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage(purposes), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(identifier),
            critical=False,
        )
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
    )
    return builder.sign(authority.key, hashes.SHA256())


def new_request(key: ec.EllipticCurvePrivateKey, name: str) -> x509.CertificateSigningRequest:
    """Returns a request: it proves who has the key, and does not decide what is certified."""
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    return x509.CertificateSigningRequestBuilder().subject_name(subject).sign(key, hashes.SHA256())


def key_of(request: bytes) -> ec.EllipticCurvePublicKey:
    """Returns the public key of a request in PEM.

    Raises:
        RequestRefused: it is none, is not signed by its key, or the key is not EC P-256.
    """
    try:
        read = x509.load_pem_x509_csr(request)
        is_signed = read.is_signature_valid
    except ValueError:
        msg = "this is no certificate request in PEM (yijie certs request makes one)"
        raise RequestRefused(msg) from None
    key = read.public_key()
    if not is_signed:
        msg = "the request is not signed by its own key"
        raise RequestRefused(msg)
    if not isinstance(key, ec.EllipticCurvePublicKey) or not isinstance(key.curve, ec.SECP256R1):
        msg = "the request's key is not EC P-256"
        raise RequestRefused(msg)
    return key


def read_authority(key: bytes, certificate: bytes) -> Authority:
    """Reads what `key_pem` and `certificate_pem` wrote; raises ValueError where it is not that."""
    read = serialization.load_pem_private_key(key, password=None)
    if not isinstance(read, ec.EllipticCurvePrivateKey):
        msg = "the key of the authority is not EC"
        raise ValueError(msg)  # noqa: TRY004 - what a file holds is a value
    found = x509.load_pem_x509_certificate(certificate)
    if found.public_key() != read.public_key():
        msg = "the key is not the certificate's"
        raise ValueError(msg)
    return Authority(read, found)


def asked_of(certificate: x509.Certificate) -> Asked:
    """Returns what a certificate of ours says, so that it can be issued anew."""
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    (uri,) = names.get_values_for_type(x509.UniformResourceIdentifier)
    caller = named_by(uri)
    own = peer_name(caller.role, caller.region_code)
    common = certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)[0].value
    lifetime = certificate.not_valid_after_utc - certificate.not_valid_before_utc - _SKEW
    return Asked(
        name=str(common),
        caller=caller,
        dns=[one for one in names.get_values_for_type(x509.DNSName) if one != own],
        ips=[str(one) for one in names.get_values_for_type(x509.IPAddress)],
        days=lifetime.days,
    )


def key_pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    """Returns a private key as a file holds it."""
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )


def certificate_pem(certificate: x509.Certificate | x509.CertificateSigningRequest) -> bytes:
    """Returns a certificate or a request as a file holds it."""
    return certificate.public_bytes(serialization.Encoding.PEM)


def _names(asked: Asked) -> list[x509.GeneralName]:
    caller = asked.caller
    try:
        uri = uri_of(caller.region_code, caller.role)
        ips = [x509.IPAddress(ipaddress.ip_address(one)) for one in asked.ips]
    except ValueError as error:
        raise RequestRefused(str(error)) from None
    names: list[x509.GeneralName] = [x509.UniformResourceIdentifier(uri)]
    if caller.role not in SERVING:
        if asked.dns or ips:
            msg = f"{caller.role} only calls: its certificate has no --dns and no --ip"
            raise RequestRefused(msg)
        return names
    if any(one.rstrip(".").lower().endswith(PEER_DOMAIN) for one in asked.dns):
        # By such a name a caller knows whose certificate it is: nobody has another's.
        msg = f"names in {PEER_DOMAIN} say who it is, and follow from region and role: no --dns"
        raise RequestRefused(msg)
    try:
        own = peer_name(caller.role, caller.region_code)
        dns = [x509.DNSName(one) for one in (own, *asked.dns)]
    except ValueError:
        msg = "a DNS name is ASCII letters, digits, - and ."
        raise RequestRefused(msg) from None
    return [*names, *dns, *ips]


def _builder(
    subject: x509.Name,
    issuer: x509.Name,
    public_key: ec.EllipticCurvePublicKey,
    now: datetime,
    ends: datetime,
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(public_key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _SKEW)
        .not_valid_after(ends)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public_key), critical=False)
    )


def _usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        encipher_only=False,
        decipher_only=False,
    )


def _token() -> str:
    return secrets.token_hex(4)

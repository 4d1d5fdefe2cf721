"""The identity of a process: its certificate, its key, and the authorities that it trusts.

Three files, named like the keys of a kubernetes.io/tls secret: tls.crt, tls.key and ca.crt. They
are looked at every second: who rotates them starts no process anew. They are taken together or
not at all: a pair that does not fit, has expired or comes from none of the authorities changes
nothing but the log and a counter; what was read before stays in use.

A server gives each new connection what it holds then. A channel cannot change its certificate, so
it is exchanged (renewing_channel.py).
"""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Final

import grpc
import prometheus_client
from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.x509.oid import ExtendedKeyUsageOID

from services.kit import config as settings
from services.kit.caller import NOBODY, SERVING, Caller, named_by
from services.kit.clock import Clock, SystemClock
from services.kit.config import PREFIX, ConfigError
from services.kit.log import get_logger

EXPIRY = prometheus_client.Gauge(
    "yijie_certificate_expiry_timestamp_seconds",
    "When a certificate in use expires, Unix time: the process's own, and its authority's.",
    ["certificate"],
)
READ = prometheus_client.Counter(
    "yijie_certificate_reads",
    "Times that certificate files came into use, at the start of each part of the process too.",
)
REFUSED = prometheus_client.Counter(
    "yijie_certificate_refused", "Times that changed certificate files could not be used."
)

CERTIFICATE_FILE: Final = "tls.crt"
KEY_FILE: Final = "tls.key"
AUTHORITIES_FILE: Final = "ca.crt"

_POLL_S: Final = 1.0
_CHAIN_MAX: Final = 4
PEER_DOMAIN: Final = "yijie.internal"
"""Where the names are that say who answers (`peer_name`); no host has one."""
_LOOKS_BEFORE_TOLD: Final = 2
"""The three files are written one after the other: only what still does not fit at the next look
is wrong."""
_OTHERS: Final = 0o007
_Stamp = tuple[tuple[int, int, int, int], ...]
# What cryptography says of text that it cannot read, or reads and does not know (SM2).
_UNREADABLE: Final = (
    ValueError,
    TypeError,
    UnsupportedAlgorithm,
    x509.DuplicateExtension,
    x509.UnsupportedGeneralNameType,
)


@dataclass(frozen=True, slots=True)
class TlsConfig:
    """Where the identity of a process lies; all three, or none: without TLS."""

    cert_file: str = settings.env("TLS_CERT_FILE", default="")
    """The process's certificate in PEM, intermediate ones behind it."""
    key_file: str = settings.env("TLS_KEY_FILE", default="")
    """Its private key in PEM, not encrypted."""
    ca_file: str = settings.env("TLS_CA_FILE", default="")
    """All authorities that are trusted, in PEM."""

    @property
    def is_on(self) -> bool:
        """Tells whether the process has an identity."""
        return bool(self.cert_file or self.key_file or self.ca_file)

    @staticmethod
    def of_folder(folder: Path) -> TlsConfig:
        """Returns the files of a folder that is laid out like a kubernetes.io/tls secret."""
        names = (CERTIFICATE_FILE, KEY_FILE, AUTHORITIES_FILE)
        return TlsConfig(*(str(folder / name) for name in names))

    def require_whole(self) -> None:
        """Raises ConfigError when some of the files are named, but not all."""
        given = {"CERT": self.cert_file, "KEY": self.key_file, "CA": self.ca_file}
        missing = [f"{PREFIX}TLS_{name}_FILE is not set" for name, at in given.items() if not at]
        if missing and len(missing) < len(given):
            raise ConfigError([f"{one}: TLS takes all three files, or none" for one in missing])


class BadCertificate(Exception):
    """A certificate cannot be used; the text says why and what to do, and holds no key."""


@dataclass(frozen=True, slots=True)
class Material:
    """What the three files hold, once they were found to fit."""

    certificate: bytes
    """Leaf first, then intermediate ones, PEM."""
    key: bytes = field(repr=False)
    authorities: bytes
    """All that are trusted, PEM."""
    caller: Caller
    """Whom the certificate names."""
    expires: datetime
    """End of the leaf, UTC."""
    authority_expires: datetime
    """End of the authority that the leaf comes from, UTC."""


def peer_name(role: str, region_code: str) -> str:
    """Returns the DNS name by which a certificate says for whom it answers: who, not where.

    `benefits.650000.yijie.internal`. A caller that must reach one province and no other asks for
    this name instead of the host's.
    """
    return f"{role}.{region_code}.{PEER_DOMAIN}"


def read_material(config: TlsConfig, now: datetime) -> Material:
    """Reads the files and proves that they fit each other and are valid at `now`.

    Raises:
        BadCertificate: a file cannot be read, the certificate names nobody, has expired, is not of
            this key, not for what its role does, or of none of the authorities.
    """
    certificate, key, authorities = (
        _read(path) for path in (config.cert_file, config.key_file, config.ca_file)
    )
    chain = _certificates(certificate, config.cert_file)
    trusted = _certificates(authorities, config.ca_file)
    leaf = chain[0]
    _require_pair(leaf, key, config)
    require_valid(leaf, now, config.cert_file)
    authority = _authority_of(chain, trusted, now)
    if authority is None:
        msg = (
            f"{config.cert_file} comes from none of the authorities in {config.ca_file}: have it"
            " issued by one of them, or add its authority to the bundle (yijie certs list)"
        )
        raise BadCertificate(msg)
    caller = _caller(leaf, config.cert_file)
    _require_purpose(leaf, caller, config.cert_file)
    return Material(
        certificate=certificate,
        key=key,
        authorities=authorities,
        caller=caller,
        expires=leaf.not_valid_after_utc,
        authority_expires=authority.not_valid_after_utc,
    )


def require_valid(certificate: x509.Certificate, now: datetime, where: str) -> None:
    """Raises BadCertificate when a certificate is not valid at `now`."""
    if now > certificate.not_valid_after_utc:
        msg = (
            f"{where} expired on {certificate.not_valid_after_utc:%Y-%m-%d %H:%M} UTC:"
            " issue it anew (yijie certs renew)"
        )
        raise BadCertificate(msg)
    if now < certificate.not_valid_before_utc:
        msg = (
            f"{where} is valid only from {certificate.not_valid_before_utc:%Y-%m-%d %H:%M} UTC:"
            " is the clock of this machine right?"
        )
        raise BadCertificate(msg)


class Identity:
    """The process's certificate as it is now. Made by `open_identity`.

    Attributes:
        generation: grows by one each time that other files came into use.
    """

    def __init__(self, config: TlsConfig, clock: Clock, *, is_silent: bool = False) -> None:
        """Reads the files; raises ConfigError when they cannot be used.

        Silent: nothing is logged, for a command whose output is not a log.
        """
        self.is_silent = is_silent
        self._config = config
        self._clock = clock
        self._seen = self._stamp()
        self._looks = 0
        self._doubted: _Stamp | None = None
        self._is_told_expired = False
        try:
            self._material = read_material(config, clock.now())
        except BadCertificate as error:
            raise ConfigError([str(error)]) from None
        self.generation = 0
        self._changed = asyncio.Event()
        self._show()

    @property
    def material(self) -> Material:
        """What is in use."""
        return self._material

    def channel_credentials(self) -> grpc.ChannelCredentials:
        """Returns credentials of a channel, of what is in use now."""
        return grpc.ssl_channel_credentials(
            self._material.authorities, self._material.key, self._material.certificate
        )

    def server_credentials(self) -> grpc.ServerCredentials:
        """Returns credentials of a server, which gives each new connection what is in use then."""
        given = self.generation

        def changed() -> grpc.ServerCertificateConfiguration | None:
            # Called by gRPC for each connection, in a thread of its own.
            nonlocal given
            if given == self.generation:
                return None
            given = self.generation
            return self._configuration()

        credentials: grpc.ServerCredentials = grpc.dynamic_ssl_server_credentials(
            self._configuration(), changed, require_client_authentication=True
        )
        return credentials

    async def exchanged(self, *, after: int) -> None:
        """Waits until the generation is another one than `after`."""
        while self.generation == after:
            await self._changed.wait()

    def look(self) -> None:
        """Takes the files into use, if they have changed and fit; else what is in use stays."""
        self._tell_expired()
        stamp = self._stamp()
        if stamp == self._seen:
            self._looks = 0
            return
        try:
            material = self._read_again()
        except BadCertificate as error:
            # Looked at again all the same: a certificate of a clock ahead of ours becomes valid
            # without any change of its file.
            self._doubt(stamp, str(error))
            return
        if stamp is None or self._stamp() != stamp:
            # Written while it was read: the next look sees all of it.
            return
        self._seen, self._looks = stamp, 0
        if material != self._material:
            self._use(material)

    def _read_again(self) -> Material:
        material = read_material(self._config, self._clock.now())
        if material.caller != self._material.caller:
            was, now = (_title(one) for one in (self._material.caller, material.caller))
            msg = (
                f"{self._config.cert_file} names {now}, and this process is {was}: put its own"
                " certificate there, or start it anew"
            )
            raise BadCertificate(msg)
        return material

    def _doubt(self, stamp: _Stamp | None, reason: str) -> None:
        self._looks = self._looks + 1 if self._looks and self._doubted == stamp else 1
        self._doubted = stamp
        if self._looks == _LOOKS_BEFORE_TOLD:
            REFUSED.inc()
            self._tell_refused(reason)

    def _use(self, material: Material) -> None:
        self._material = material
        self._is_told_expired = False
        self.generation += 1
        self._show()
        woken, self._changed = self._changed, asyncio.Event()
        woken.set()

    def _configuration(self) -> grpc.ServerCertificateConfiguration:
        material = self._material
        configuration: grpc.ServerCertificateConfiguration
        configuration = grpc.ssl_server_certificate_configuration(
            [(material.key, material.certificate)], root_certificates=material.authorities
        )
        return configuration

    def _show(self) -> None:
        material = self._material
        EXPIRY.labels("leaf").set(material.expires.timestamp())
        EXPIRY.labels("ca").set(material.authority_expires.timestamp())
        READ.inc()
        if self.is_silent:
            return
        get_logger().info(
            "certificate read",
            caller=_title(material.caller),
            expires=material.expires.isoformat(),
        )
        if _is_open(self._config.key_file):
            get_logger().warning(
                "private key can be read by every user of this machine",
                reason=f"chmod o-rwx {self._config.key_file}",
            )

    def _tell_refused(self, reason: str) -> None:
        if not self.is_silent:
            get_logger().error("certificate refused; the one before stays in use", reason=reason)

    def _tell_expired(self) -> None:
        if self.is_silent or self._is_told_expired:
            return
        if self._clock.now() > self._material.expires:
            self._is_told_expired = True
            get_logger().error(
                "certificate expired; new connections fail",
                expires=self._material.expires.isoformat(),
            )

    def _stamp(self) -> _Stamp | None:
        config = self._config
        try:
            # Follows the symbolic links that a mounted secret consists of.
            found = [os.stat(path) for path in (config.cert_file, config.key_file, config.ca_file)]  # noqa: PTH116 - a path object would be made anew each second
        except OSError:
            return None
        return tuple((one.st_ino, one.st_mtime_ns, one.st_ctime_ns, one.st_size) for one in found)


@contextlib.asynccontextmanager
async def open_identity(
    config: TlsConfig, *, clock: Clock | None = None
) -> AsyncIterator[Identity | None]:
    """Gives the identity that follows its files while the block runs; None: without TLS.

    Raises:
        ConfigError: not all three files are named, or they cannot be used.
    """
    config.require_whole()
    if not config.is_on:
        yield None
        return
    identity = Identity(config, clock or SystemClock())
    task = asyncio.create_task(_follow(identity.look), name="certificates")
    try:
        yield identity
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


async def _follow(look: Callable[[], None]) -> None:
    while True:
        await asyncio.sleep(_POLL_S)
        look()


def _read(path: str) -> bytes:
    try:
        return Path(path).read_bytes()
    except OSError as error:
        msg = f"{path} cannot be read: {error.strerror}"
        raise BadCertificate(msg) from None


def _is_open(path: str) -> bool:
    try:
        return bool(Path(path).stat().st_mode & _OTHERS)
    except OSError:
        return False


def _title(caller: Caller) -> str:
    return f"{caller.role} {caller.region_code}"


def _certificates(text: bytes, where: str) -> Sequence[x509.Certificate]:
    try:
        return x509.load_pem_x509_certificates(text)
    except _UNREADABLE:
        msg = f"{where} holds no certificate in PEM"
        raise BadCertificate(msg) from None


def _require_pair(leaf: x509.Certificate, key: bytes, config: TlsConfig) -> None:
    try:
        public = serialization.load_pem_private_key(key, password=None).public_key()
        certified = leaf.public_key()
    except UnsupportedAlgorithm:
        msg = (
            f"{config.key_file} or {config.cert_file} is of an algorithm that TLS here has not,"
            " such as SM2: have it issued for a key of EC P-256 (docs/adr/0033-certificates.md)"
        )
        raise BadCertificate(msg) from None
    except _UNREADABLE:
        msg = f"{config.key_file} holds no private key in PEM, or an encrypted one"
        raise BadCertificate(msg) from None
    if public != certified:
        msg = f"{config.key_file} is not the key of {config.cert_file}: take both from one issue"
        raise BadCertificate(msg)


def _caller(leaf: x509.Certificate, where: str) -> Caller:
    try:
        names = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        uris = names.get_values_for_type(x509.UniformResourceIdentifier)
    except (x509.ExtensionNotFound, *_UNREADABLE):
        uris = []
    caller = named_by(uris[0]) if len(uris) == 1 else NOBODY
    if caller == NOBODY:
        msg = (
            f"{where} names nobody: it needs exactly one URI spiffe://yijie/region/NNNNNN/role/ROLE"
            " (docs/certificates.md)"
        )
        raise BadCertificate(msg)
    return caller


def _require_purpose(leaf: x509.Certificate, caller: Caller, where: str) -> None:
    """Raises BadCertificate where everybody would refuse the certificate for what it is used for.

    One without extended key usage is for everything.
    """
    try:
        usage = leaf.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    except x509.ExtensionNotFound:
        return
    needed = {"client auth": ExtendedKeyUsageOID.CLIENT_AUTH}
    if caller.role in SERVING:
        needed["server auth"] = ExtendedKeyUsageOID.SERVER_AUTH
    missing = [name for name, purpose in needed.items() if purpose not in usage]
    if missing:
        msg = f"{where} is not for {' and '.join(missing)}, which role {caller.role} needs"
        raise BadCertificate(msg)


def _authority_of(
    chain: Sequence[x509.Certificate], trusted: Sequence[x509.Certificate], now: datetime
) -> x509.Certificate | None:
    """Returns the trusted authority at the end of the chain; None: there is none that is valid."""
    link = chain[0]
    for _ in range(_CHAIN_MAX):
        for one in trusted:
            if _is_issuer(one, link) and one.not_valid_before_utc <= now <= one.not_valid_after_utc:
                return one
        above = next((one for one in chain[1:] if _is_issuer(one, link)), None)
        if above is None or above == link:
            return None
        link = above
    return None


def _is_issuer(authority: x509.Certificate, issued: x509.Certificate) -> bool:
    try:
        issued.verify_directly_issued_by(authority)
    except (InvalidSignature, *_UNREADABLE):
        return False
    return True

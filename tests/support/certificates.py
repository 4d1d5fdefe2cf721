"""An authority of the test's own, and certificates for servers and callers."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import grpc
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

_DAY = timedelta(days=1)


class Authority:
    """Signs certificates; keeps nothing on disk."""

    def __init__(self) -> None:
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = _name("authority of a test")
        self.certificate = self._sign(self._name, self._key.public_key(), [], is_authority=True)

    def server_credentials(self, *, is_mutual: bool = True) -> grpc.ServerCredentials:
        """Returns credentials of a server on localhost; mutual: callers need a certificate."""
        pair = self._pair([x509.DNSName("localhost")])
        return grpc.ssl_server_credentials(
            [pair],
            root_certificates=self.certificate if is_mutual else None,
            require_client_auth=is_mutual,
        )

    def client_credentials(self, *uris: str) -> grpc.ChannelCredentials:
        """Returns credentials of a caller whose certificate has these URI SANs."""
        key, certificate = self._pair([x509.UniformResourceIdentifier(uri) for uri in uris])
        return grpc.ssl_channel_credentials(self.certificate, key, certificate)

    def _pair(self, names: list[x509.GeneralName]) -> tuple[bytes, bytes]:
        key = ec.generate_private_key(ec.SECP256R1())
        text = key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        return text, self._sign(_name("leaf of a test"), key.public_key(), names)

    def _sign(
        self,
        subject: x509.Name,
        public_key: Any,
        names: list[x509.GeneralName],
        *,
        is_authority: bool = False,
    ) -> bytes:
        now = datetime.now(UTC)
        builder = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self._name)
            .public_key(public_key)
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - _DAY)
            .not_valid_after(now + _DAY)
            .add_extension(x509.BasicConstraints(is_authority, None), critical=True)
        )
        if names:
            builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
        return builder.sign(self._key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])

"""What comes of a TLS handshake with a service, told so that somebody can act on it.

gRPC says of a certificate that was refused only that the connection was closed, or nothing until
the deadline. The same handshake by Python's own TLS says which side refused whom, and why.
"""

from __future__ import annotations

import asyncio
import ssl
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from services.kit.clock import Clock, SystemClock
from services.kit.tls import (
    AUTHORITIES_FILE,
    CERTIFICATE_FILE,
    KEY_FILE,
    BadCertificate,
    TlsConfig,
    read_material,
)

_WAIT_S: Final = 3.0
# HTTP/2's connection preface (RFC 9113 §3.4) with empty settings.
_GREETING: Final = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes([0, 0, 0, 4, 0, 0, 0, 0, 0])
# OpenSSL's numbers (x509_vfy.h); Python names none of them.
_EXPIRED: Final = 10
_PURPOSE: Final = 26
_NAMES: Final = frozenset({62, 64})


@dataclass(frozen=True, slots=True)
class Handshake:
    """What came of it."""

    ok: bool
    is_reached: bool
    """Somebody listens there; False says nothing about certificates."""
    text: str
    """For people, with the way out; of two languages."""


async def shake(
    address: str, folder: Path, *, peer_name: str = "", clock: Clock | None = None
) -> Handshake:
    """Shakes hands with host:port, with the certificate of a folder.

    `peer_name` is the name that the service's certificate must have; empty: the host's.
    """
    try:
        read_material(TlsConfig.of_folder(folder), (clock or SystemClock()).now())
    except BadCertificate as error:
        return Handshake(ok=False, is_reached=True, text=f"证书不可用 · not usable: {error}")
    context = ssl.create_default_context(cafile=str(folder / AUTHORITIES_FILE))
    context.load_cert_chain(folder / CERTIFICATE_FILE, folder / KEY_FILE)
    context.set_alpn_protocols(["h2"])
    host, _, port = address.rpartition(":")
    host = host.strip("[]")
    try:
        async with asyncio.timeout(_WAIT_S):
            reader, writer = await asyncio.open_connection(
                host, int(port), ssl=context, server_hostname=peer_name or host
            )
            try:
                # A server that accepts the caller answers the greeting; one that does not hangs
                # up, after a handshake that the caller already takes for done.
                writer.write(_GREETING)
                is_accepted = bool(await reader.read(1))
            finally:
                # All is known: a farewell would only be waited for.
                writer.transport.abort()
    except ssl.SSLCertVerificationError as error:
        return Handshake(ok=False, is_reached=True, text=_refusal_by_us(error, folder))
    except (ConnectionResetError, ssl.SSLError) as error:
        return Handshake(ok=False, is_reached=True, text=_failure(error))
    except (OSError, TimeoutError):
        return Handshake(ok=False, is_reached=False, text=f"连不上 · nobody answers at {address}")
    if is_accepted:
        return Handshake(ok=True, is_reached=True, text="双方互认 · each side accepts the other")
    return Handshake(ok=False, is_reached=True, text=_REFUSED_BY_THEM)


_REFUSED_BY_THEM: Final = (
    "对方拒绝本证书 · the service refuses our certificate: it trusts another authority, or ours has"
    " been dropped; have it issued by the mesh's own (yijie certs issue), or look at the clocks"
)


def _refusal_by_us(error: ssl.SSLCertVerificationError, folder: Path) -> str:
    if error.verify_code == _EXPIRED:
        return (
            "对方证书已过期 · the service's certificate has expired:"
            " issue it anew where it runs (yijie certs renew)"
        )
    if error.verify_code == _PURPOSE:
        return (
            "对方证书不得用于服务 · the service shows a caller's certificate, which may not serve:"
            " issue one of role hub or benefits"
        )
    if error.verify_code in _NAMES:
        return (
            "对方证书名称不符 · the service's certificate is for another name or province:"
            f" {error.verify_message}"
        )
    return (
        "对方证书不是本机构签发 · the service's certificate is of no authority in"
        f" {folder / AUTHORITIES_FILE}: use certificates of this mesh, or add its authority"
    )


def _failure(error: OSError) -> str:
    reason = getattr(error, "reason", "") or ""
    if reason == "WRONG_VERSION_NUMBER":
        return "对方未用 TLS · the service does not speak TLS: start it with certificates"
    return _REFUSED_BY_THEM

"""The private keys that sign rule packs: PEM files of mode 0600, which no service ever reads."""

from __future__ import annotations

import base64
import os
from pathlib import Path
from typing import TYPE_CHECKING, Final

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from services.supervision.publication.keys import key_line, sign

if TYPE_CHECKING:
    from datetime import datetime

DEMO_KEY_ID: Final = "demo"
"""Name of the key that a local mesh makes for itself."""
DEMO_KEY: Final = "rule_signing_key"
DEMO_PUBLIC_KEYS: Final = "rule_keys"
"""Files of that key, among the secrets of a data directory."""


class SigningError(Exception):
    """A key or a signature cannot be used; says why, and holds no key material."""


def new_key(path: Path, name: str) -> str:
    """Writes a new private key and returns the line that makes its public key trusted.

    Raises:
        SigningError: the file is there already, or cannot be written.
    """
    key = Ed25519PrivateKey.generate()
    _write(path, key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    return key_line(name, key.public_key())


def read_key(path: Path) -> Ed25519PrivateKey:
    """Returns the private key of a file.

    Raises:
        SigningError: it cannot be read, or is no Ed25519 key.
    """
    try:
        key = load_pem_private_key(path.read_bytes(), None)
    except OSError as error:
        msg = f"{path}：{error.strerror}"
        raise SigningError(msg) from error
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        msg = f"{path}：不是未加密的 PEM 私钥 · is no PEM private key without a password"
        raise SigningError(msg) from error
    if not isinstance(key, Ed25519PrivateKey):
        msg = f"{path}：不是 Ed25519 私钥 · is no Ed25519 key; `yijie rules key` makes one"
        raise SigningError(msg)
    return key


def signature_of(
    path: Path, *, digest: str, valid_from_time: datetime, maker_id: str, checker_id: str
) -> bytes:
    """Returns a publication's signature by the key of a file.

    Raises:
        SigningError: as above.
    """
    return sign(
        read_key(path),
        digest=digest,
        valid_from_time=valid_from_time,
        maker_id=maker_id,
        checker_id=checker_id,
    )


def read_signature(text: str) -> bytes:
    """Reads a signature as `yijie rules sign` prints it.

    Raises:
        SigningError: it is none.
    """
    try:
        return base64.b64decode(text, validate=True)
    except ValueError as error:
        msg = "--signature 应为 base64 · is base64, as `yijie rules sign` prints it"
        raise SigningError(msg) from error


def write_demo_key(folder: Path) -> None:
    """Makes a key for a local mesh, once: its services trust who can read its data directory."""
    if not (folder / DEMO_PUBLIC_KEYS).exists():
        (folder / DEMO_KEY).unlink(missing_ok=True)
        line = new_key(folder / DEMO_KEY, DEMO_KEY_ID)
        _write(folder / DEMO_PUBLIC_KEYS, f"{line}\n".encode())


def _write(path: Path, content: bytes) -> None:
    try:
        # Mode at creation: there is no moment at which others can read it.
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except OSError as error:
        msg = f"{path}：{error.strerror}"
        raise SigningError(msg) from error
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)

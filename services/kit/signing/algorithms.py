"""The algorithms that messages are signed with, and the private keys.

Each has a name that stands in keys and signatures, so that another one can be added beside them:
`ed25519` (RFC 8032, digests by SHA-256) and `sm2` (GB/T 32918 with the usual identity of GM/T 0009,
digests by SM3, signatures in ASN.1 DER). SM2 is GmSSL's, by the package gmssl-pyx; where that is
not installed nothing is signed or verified by it, and every other key is used as ever.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Protocol

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.ed25519 import (
    Ed25519PrivateKey,
    Ed25519PublicKey,
)

from services.kit.crypto import BadKey

try:
    import gmssl_pyx
except ImportError:  # pragma: no cover - there is no wheel for every platform
    gmssl_pyx = None

if TYPE_CHECKING:
    from collections.abc import Mapping

KEY_ID: Final = re.compile(r"[0-9a-z][0-9a-z._-]{0,63}")
DIGEST_BYTES: Final = 32
_ED25519_BYTES: Final = 32
_SM2_SECRET_BYTES: Final = 32
_SM2_POINT_BYTES: Final = 64
_UNCOMPRESSED: Final = b"\x04"
_SM2_NAME: Final = b"1234567812345678"
# GB/T 32918.2, 5.5: length of the name in bits, the name, a, b and the base point of GB/T 32918.5.
_SM2_IDENTITY: Final = (
    (8 * len(_SM2_NAME)).to_bytes(2, "big")
    + _SM2_NAME
    + bytes.fromhex(
        "fffffffeffffffffffffffffffffffffffffffff00000000fffffffffffffffc"
        "28e9fa9e9d9f5e344d5a9e4bcf6509a7f39789f515ab8f92ddbcbd414d940e93"
        "32c4ae2c1f1981195f9904466a39c9948fe30bbff2660be1715a4589334c74c7"
        "bc3736a2f4f6779c59bdcee36b692153d0a9877cc62a474002df32e52139f0a0"
    )
)


class AlgorithmMissing(BadKey):
    """The library of an algorithm is not installed here: the key may be a good one."""


class Algorithm(Protocol):
    """What an algorithm does; keys and signatures are bytes, as docs/signatures.md says."""

    def generate(self) -> bytes:
        """Returns a new private key."""

    def require_secret(self, secret: bytes) -> None:
        """Raises BadKey for bytes that are no private key."""

    def require_public(self, public_key: bytes) -> None:
        """Raises BadKey for bytes that are no public key."""

    def public(self, secret: bytes) -> bytes:
        """Returns the public key of a private one."""

    def sign(self, secret: bytes, data: bytes) -> bytes:
        """Returns a signature."""

    def verify(self, public_key: bytes, data: bytes, signature: bytes) -> bool:
        """Tells whether a signature is one of a key over data."""

    def digest(self, data: bytes) -> bytes:
        """Returns the digest, 32 bytes, that goes with the algorithm."""


class _Ed25519:
    """Ed25519: a private key is its seed of 32 bytes, a public one its 32 bytes."""

    def generate(self) -> bytes:
        return Ed25519PrivateKey.generate().private_bytes_raw()

    def require_secret(self, secret: bytes) -> None:
        if len(secret) != _ED25519_BYTES:
            raise BadKey("an ed25519 private key is 32 bytes")

    def require_public(self, public_key: bytes) -> None:
        try:
            Ed25519PublicKey.from_public_bytes(public_key)
        except ValueError:
            raise BadKey("an ed25519 public key is 32 bytes") from None

    def public(self, secret: bytes) -> bytes:
        return Ed25519PrivateKey.from_private_bytes(secret).public_key().public_bytes_raw()

    def sign(self, secret: bytes, data: bytes) -> bytes:
        return Ed25519PrivateKey.from_private_bytes(secret).sign(data)

    def verify(self, public_key: bytes, data: bytes, signature: bytes) -> bool:
        try:
            Ed25519PublicKey.from_public_bytes(public_key).verify(signature, data)
        except (InvalidSignature, ValueError):
            return False
        return True

    def digest(self, data: bytes) -> bytes:
        return hashlib.sha256(data).digest()


class _Sm2:
    """SM2: a private key is d (32 bytes) and its point x, y (64); a public one 04, x, y (65)."""

    def generate(self) -> bytes:
        public_key, secret = _gmssl().sm2_key_generate()
        return bytes(secret + public_key)

    def require_secret(self, secret: bytes) -> None:
        if len(secret) != _SM2_SECRET_BYTES + _SM2_POINT_BYTES:
            raise BadKey("an sm2 private key is 32 bytes and the 64 of its point")
        # Both halves are given: that they belong together is seen by what one signs.
        if not self.verify(self.public(secret), b"", self.sign(secret, b"")):
            raise BadKey("the two halves of the sm2 key do not belong together")

    def require_public(self, public_key: bytes) -> None:
        if len(public_key) != 1 + _SM2_POINT_BYTES or public_key[:1] != _UNCOMPRESSED:
            raise BadKey("an sm2 public key is 65 bytes: 04, x, y")
        library = _gmssl()
        try:
            library.normalize_sm2_public_key(public_key)
        except library.InvalidValueError:
            raise BadKey("the sm2 public key is no point of the curve") from None

    def public(self, secret: bytes) -> bytes:
        return _UNCOMPRESSED + secret[_SM2_SECRET_BYTES:]

    def sign(self, secret: bytes, data: bytes) -> bytes:
        library = _gmssl()
        # The library's own sm2_sign prepares for many signatures and makes one: five times slower.
        identity = self.digest(_SM2_IDENTITY + secret[_SM2_SECRET_BYTES:])
        try:
            return bytes(
                library.sm2_sign_sm3_digest(
                    secret[:_SM2_SECRET_BYTES], self.digest(identity + data)
                )
            )
        except library.GmsslInnerError:
            raise BadKey("the sm2 key cannot sign") from None

    def verify(self, public_key: bytes, data: bytes, signature: bytes) -> bool:
        library = _gmssl()
        try:
            return bool(library.sm2_verify(public_key[1:], data, signature))
        except (library.GmsslInnerError, library.InvalidValueError):
            # The second is for a signature of no bytes.
            return False

    def digest(self, data: bytes) -> bytes:
        # Not hashlib's: whether that has SM3 depends on how Python was built.
        state = hashes.Hash(hashes.SM3())
        state.update(data)
        return state.finalize()


ALGORITHMS: Final[Mapping[str, Algorithm]] = {"ed25519": _Ed25519(), "sm2": _Sm2()}
"""By the name that keys and signatures carry."""


@dataclass(frozen=True, slots=True, repr=False)
class PrivateKey:
    """A key to sign with. Held in a file here; a signing machine would offer the same."""

    key_id: str
    algorithm: str
    secret: bytes

    @property
    def public(self) -> bytes:
        """The public key, as the directory has it."""
        return ALGORITHMS[self.algorithm].public(self.secret)

    def sign(self, data: bytes) -> bytes:
        """Returns a signature over data."""
        return ALGORITHMS[self.algorithm].sign(self.secret, data)


def generate(algorithm: str, key_id: str) -> PrivateKey:
    """Returns a new key.

    Raises:
        BadKey: the name or the algorithm is none, or not to be had here.
    """
    _require_names(key_id, algorithm)
    return PrivateKey(key_id, algorithm, ALGORITHMS[algorithm].generate())


def verify(algorithm: str, public_key: bytes, data: bytes, signature: bytes) -> bool:
    """Tells whether a signature is one of a key over data."""
    return ALGORITHMS[algorithm].verify(public_key, data, signature)


def digest(algorithm: str, data: bytes) -> bytes:
    """Returns the digest that goes with an algorithm, 32 bytes: SHA-256, or SM3 for sm2."""
    return ALGORITHMS[algorithm].digest(data)


def parse_private_key(text: str) -> PrivateKey:
    """Returns the key of a file's text: one line, `key id:algorithm:base64`.

    Raises:
        BadKey: it is none; the text says why and holds no key material.
    """
    key_id, _, rest = text.strip().partition(":")
    algorithm, _, encoded = rest.partition(":")
    _require_names(key_id, algorithm)
    try:
        secret = base64.b64decode(encoded, validate=True)
    except binascii.Error:
        secret = b""
    ALGORITHMS[algorithm].require_secret(secret)
    return PrivateKey(key_id, algorithm, secret)


def write_private_key(key: PrivateKey) -> str:
    """Returns the text that `parse_private_key` reads."""
    return f"{key.key_id}:{key.algorithm}:{base64.b64encode(key.secret).decode()}\n"


def _require_names(key_id: str, algorithm: str) -> None:
    if not KEY_ID.fullmatch(key_id):
        raise BadKey("a signing key is key id:algorithm:base64, the id of [0-9a-z._-]")
    if algorithm not in ALGORITHMS:
        msg = f"there is no algorithm of this name; there are {', '.join(ALGORITHMS)}"
        raise BadKey(msg)


def _gmssl() -> Any:
    if gmssl_pyx is None:
        raise AlgorithmMissing("sm2 needs the package gmssl-pyx, which is not installed here")
    return gmssl_pyx

"""A signed message: what is signed, by which key, and the bytes that the signature is over."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING, Final

from google.protobuf.message import DecodeError

from services.kit.errors import InvalidArgument
from services.kit.signing.algorithms import ALGORITHMS, KEY_ID, digest, verify
from yijie.common.v1 import signature_pb2

if TYPE_CHECKING:
    from services.kit.signing.algorithms import PrivateKey

METADATA_KEY: Final = "yijie-signature-bin"
"""Metadata of a request's signature, trailing metadata of an answer's."""
_TAG: Final = "yijie-signature-v1"
_BYTES_MAX: Final = 512


class Direction(Enum):
    """Which way a message goes."""

    REQUEST = "REQUEST"
    ANSWER = "ANSWER"


@dataclass(frozen=True, slots=True, kw_only=True)
class Signed:
    """A message and its signature; whether it is one is for `holds` to say."""

    method: str
    """Full name of the call, "/yijie.settlement.v1.SettlementService/Settle"."""
    direction: Direction
    algorithm: str
    key_id: str
    signed_ms: int
    """Milliseconds since 1970, by the signer's clock."""
    answers: bytes
    """Digest of the request that an answer answers; empty: it is a request."""
    message: bytes = field(repr=False)
    """Canonical form; it holds personal data."""
    signature: bytes

    @property
    def digest(self) -> bytes:
        """Digest of the canonical form, 32 bytes."""
        return digest(self.algorithm, self.message)

    @property
    def statement(self) -> bytes:
        """The bytes that are signed: docs/signatures.md, "What is signed"."""
        return _statement(
            method=self.method,
            direction=self.direction,
            algorithm=self.algorithm,
            key_id=self.key_id,
            signed_ms=self.signed_ms,
            digests=(self.digest, self.answers),
        )

    @property
    def header(self) -> bytes:
        """The value of the metadata key."""
        return signature_pb2.Signature(
            key_id=self.key_id,
            algorithm=self.algorithm,
            signed_ms=self.signed_ms,
            signature=self.signature,
        ).SerializeToString(deterministic=True)

    def holds(self, public_key: bytes) -> bool:
        """Tells whether the signature is one of a key over this message."""
        return verify(self.algorithm, public_key, self.statement, self.signature)


def sign(
    key: PrivateKey,
    message: bytes,
    *,
    method: str,
    direction: Direction,
    signed_ms: int,
    request: bytes = b"",
) -> Signed:
    """Signs a canonical form; `request` is that of the request that an answer answers."""
    answers = digest(key.algorithm, request) if direction is Direction.ANSWER else b""
    statement = _statement(
        method=method,
        direction=direction,
        algorithm=key.algorithm,
        key_id=key.key_id,
        signed_ms=signed_ms,
        digests=(digest(key.algorithm, message), answers),
    )
    return Signed(
        method=method,
        direction=direction,
        algorithm=key.algorithm,
        key_id=key.key_id,
        signed_ms=signed_ms,
        answers=answers,
        message=message,
        signature=key.sign(statement),
    )


def read_header(
    header: bytes, message: bytes, *, method: str, direction: Direction, request: bytes = b""
) -> Signed:
    """Returns a message with the signature of its metadata, which is not verified yet.

    `request` is the canonical form of the request that an answer answers.

    Raises:
        InvalidArgument: SIGNATURE_INVALID, for bytes that are no signature.
    """
    try:
        read = signature_pb2.Signature.FromString(header[:_BYTES_MAX])
    except DecodeError:
        raise invalid("the metadata is no signature") from None
    if read.algorithm not in ALGORITHMS or not KEY_ID.fullmatch(read.key_id) or read.signed_ms < 0:
        raise invalid("the signature names no key or algorithm that there is")
    answers = digest(read.algorithm, request) if direction is Direction.ANSWER else b""
    return Signed(
        method=method,
        direction=direction,
        algorithm=read.algorithm,
        key_id=read.key_id,
        signed_ms=read.signed_ms,
        answers=answers,
        message=message,
        signature=read.signature,
    )


def invalid(message: str, *, key_id: str = "") -> InvalidArgument:
    """Returns the error for a signature that proves nothing."""
    metadata = {"keyId": key_id} if key_id else {}
    return InvalidArgument("SIGNATURE_INVALID", message, field=METADATA_KEY, metadata=metadata)


def _statement(
    *,
    method: str,
    direction: Direction,
    algorithm: str,
    key_id: str,
    signed_ms: int,
    digests: tuple[bytes, bytes],
) -> bytes:
    lines = (
        _TAG,
        direction.value,
        method,
        algorithm,
        key_id,
        str(signed_ms),
        digests[0].hex(),
        digests[1].hex(),
    )
    return "".join(f"{line}\n" for line in lines).encode("ascii")

"""Who may sign rule packs: public keys (Ed25519, RFC 8032) in a file of the operator.

A line for each key, `name:base64 of its 32 bytes`; empty lines and lines that begin with # are
passed over. The file is read for every publication, so that a key is trusted, and ceases to be,
without a restart. Private keys are never here: `yijie rules key` makes one for whoever signs.
"""

from __future__ import annotations

import base64
import binascii
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from services.kit.crypto import BadKey
from services.kit.errors import InvalidArgument
from services.kit.log import get_logger
from services.supervision.domain.publication import statement

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    from services.supervision.domain.publication import Publication

KEY_ID: Final = re.compile(r"[0-9a-z][0-9a-z._-]{0,39}")
_KEY_BYTES: Final = 32
_BYTES_MAX: Final = 64 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Signed:
    """What a signature covers, and the signature."""

    version: str
    digest: str
    valid_from_time: datetime
    maker_id: str
    checker_id: str
    key_id: str
    signature: bytes

    @property
    def statement(self) -> bytes:
        """The text that is signed."""
        return statement(
            digest=self.digest,
            valid_from_time=self.valid_from_time,
            maker_id=self.maker_id,
            checker_id=self.checker_id,
        )


class TrustedKeys:
    """The public keys of a file."""

    def __init__(self, path: Path | None) -> None:
        """Holds where they are; None: nobody is trusted.

        Raises:
            BadKey: the file cannot be read or used.
        """
        self._path = path
        self._read()

    def require_known(self, key_id: str) -> Ed25519PublicKey:
        """Returns a key.

        Raises:
            InvalidArgument: RULE_KEY_UNKNOWN.
        """
        try:
            found = self._read().get(key_id)
        except BadKey as error:
            # BadKey tells what is wrong with the file, which is no secret.
            get_logger().error("the keys of rule packs cannot be read", reason=str(error))
            found = None
        if found is None:
            raise InvalidArgument(
                "RULE_KEY_UNKNOWN",
                "no key of this name is trusted here",
                field="key_id",
                metadata={"keyId": key_id},
            )
        return found

    def verify(self, signed: Signed) -> None:
        """Refuses what the key named did not sign.

        Raises:
            InvalidArgument: RULE_KEY_UNKNOWN, RULE_PACK_SIGNATURE.
        """
        key = self.require_known(signed.key_id)
        try:
            key.verify(signed.signature, signed.statement)
        except InvalidSignature:
            raise InvalidArgument(
                "RULE_PACK_SIGNATURE",
                "the signature is not one of this key over pack, instant and people",
                field="signature",
                metadata={"keyId": signed.key_id},
            ) from None

    def _read(self) -> Mapping[str, Ed25519PublicKey]:
        if self._path is None:
            return {}
        try:
            content = self._path.read_bytes()
        except OSError as error:
            msg = f"the file of public keys cannot be read: {error.strerror}"
            raise BadKey(msg) from error
        if len(content) > _BYTES_MAX:
            msg = "the file of public keys is too large"
            raise BadKey(msg)
        return parse_keys(content.decode("ascii", "replace"))


def trusted_keys(path: str) -> TrustedKeys:
    """Returns the keys of a file; an empty path: nobody is trusted.

    Raises:
        BadKey: the file cannot be read or used.
    """
    return TrustedKeys(Path(path) if path else None)


def parse_keys(text: str) -> Mapping[str, Ed25519PublicKey]:
    """Returns the keys of a file's text by name.

    Raises:
        BadKey: a line that is none, or a name that stands twice.
    """
    found: dict[str, Ed25519PublicKey] = {}
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip() or line.startswith("#"):
            continue
        name, _, encoded = line.strip().partition(":")
        try:
            key = base64.b64decode(encoded, validate=True)
        except binascii.Error:
            key = b""
        if not KEY_ID.fullmatch(name) or len(key) != _KEY_BYTES:
            msg = f"line {number} is not name:base64 of 32 bytes"
            raise BadKey(msg)
        if name in found:
            msg = f"line {number}: the name stands twice"
            raise BadKey(msg)
        found[name] = Ed25519PublicKey.from_public_bytes(key)
    return found


def key_line(name: str, key: Ed25519PublicKey) -> str:
    """Returns the line of a public key."""
    return f"{name}:{base64.b64encode(key.public_bytes_raw()).decode()}"


def sign(
    key: Ed25519PrivateKey,
    *,
    digest: str,
    valid_from_time: datetime,
    maker_id: str,
    checker_id: str,
) -> bytes:
    """Returns the signature of a publication, 64 bytes."""
    return key.sign(
        statement(
            digest=digest,
            valid_from_time=valid_from_time,
            maker_id=maker_id,
            checker_id=checker_id,
        )
    )


def signed(publication: Publication) -> Signed:
    """Returns what a publication was signed for."""
    return Signed(
        version=publication.version,
        digest=publication.digest,
        valid_from_time=publication.valid_from_time,
        maker_id=publication.maker_id,
        checker_id=publication.checker_id,
        key_id=publication.key_id,
        signature=publication.signature,
    )

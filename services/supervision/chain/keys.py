"""The keys of checkpoints: the one that signs, and those that are trusted when verifying.

The private key is a file of one line, `name:algorithm:base64`, as services.kit.signing writes it;
it is read for every signature, so that another one is in use without a restart. The public keys are
a file with a line for each, `name:algorithm:base64`; those that sign no longer stay in it, because
what they signed stays. Empty lines and lines that begin with # are passed over.
"""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from services.kit.crypto import BadKey
from services.kit.errors import RuleForbids
from services.kit.log import get_logger
from services.kit.signing.algorithms import ALGORITHMS, KEY_ID, parse_private_key, verify

if TYPE_CHECKING:
    from collections.abc import Mapping

    from services.kit.signing.algorithms import PrivateKey
    from services.supervision.domain.chain import Checkpoint

_BYTES_MAX: Final = 64 * 1024


@dataclass(frozen=True, slots=True)
class PublicKey:
    """A key that is trusted."""

    key_id: str
    algorithm: str
    public_key: bytes

    @property
    def line(self) -> str:
        """Its line in the file."""
        encoded = base64.b64encode(self.public_key).decode()
        return f"{self.key_id}:{self.algorithm}:{encoded}"


class CheckpointKeys:
    """The two files of the operator; either may be missing."""

    def __init__(self, private_file: str, public_file: str) -> None:
        """Holds where they are; empty texts: no key signs, none but that one is trusted."""
        self._private = Path(private_file) if private_file else None
        self._public = Path(public_file) if public_file else None
        self._usable: Mapping[str, PublicKey] = {}

    def require_usable(self) -> None:
        """Raises BadKey, if a file is named and cannot be used."""
        if self._private is not None:
            _private(self._private)
        self._trusted()

    def signing(self) -> PrivateKey:
        """Returns the key that signs.

        Raises:
            RuleForbids: CHECKPOINT_KEY_MISSING.
        """
        if self._private is None:
            raise _missing()
        try:
            return _private(self._private)
        except BadKey as error:
            # BadKey tells what is wrong with the file, and no key material.
            get_logger().error("the key of checkpoints cannot be used", reason=str(error))
            raise _missing() from None

    def trusted(self) -> Mapping[str, PublicKey]:
        """Returns the keys that are trusted, by name.

        Of a file that cannot be used, because it is being written, those that it had before: the
        chain is not broken for that.
        """
        try:
            self._usable = self._trusted()
        except BadKey as error:
            get_logger().error("the keys of checkpoints cannot be read", reason=str(error))
        return self._usable

    def _trusted(self) -> Mapping[str, PublicKey]:
        found: dict[str, PublicKey] = {}
        if self._public is not None:
            found = dict(parse_public_keys(_text(self._public)))
        if self._private is not None:
            own = _private(self._private)
            found.setdefault(own.key_id, PublicKey(own.key_id, own.algorithm, own.public))
        return found


def is_signed(checkpoint: Checkpoint, trusted: Mapping[str, PublicKey]) -> bool:
    """Tells whether a checkpoint is signed by a key that is trusted."""
    key = trusted.get(checkpoint.key_id)
    # The statement names its algorithm: signed is what the key itself is for.
    return key is not None and verify(
        key.algorithm, key.public_key, checkpoint.statement, checkpoint.signature
    )


def parse_public_keys(text: str) -> Mapping[str, PublicKey]:
    """Returns the keys of a file's text by name.

    Raises:
        BadKey: a line that is none, or a name that stands twice.
    """
    found: dict[str, PublicKey] = {}
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip() or line.startswith("#"):
            continue
        key_id, _, rest = line.strip().partition(":")
        algorithm, _, encoded = rest.partition(":")
        if not KEY_ID.fullmatch(key_id) or algorithm not in ALGORITHMS:
            msg = f"line {number} is not name:algorithm:base64"
            raise BadKey(msg)
        if key_id in found:
            msg = f"line {number}: the name stands twice"
            raise BadKey(msg)
        try:
            public_key = base64.b64decode(encoded, validate=True)
        except binascii.Error:
            public_key = b""
        ALGORITHMS[algorithm].require_public(public_key)
        found[key_id] = PublicKey(key_id, algorithm, public_key)
    return found


def _private(path: Path) -> PrivateKey:
    return parse_private_key(_text(path))


def _text(path: Path) -> str:
    try:
        content = path.read_bytes()
    except OSError as error:
        msg = f"the file cannot be read: {error.strerror}"
        raise BadKey(msg) from error
    if len(content) > _BYTES_MAX:
        msg = "the file is too large"
        raise BadKey(msg)
    return content.decode("ascii", "replace")


def _missing() -> RuleForbids:
    return RuleForbids("CHECKPOINT_KEY_MISSING", "there is no key to sign checkpoints with")

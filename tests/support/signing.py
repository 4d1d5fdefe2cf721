"""Keys to sign with in tests, their directory, and calls that are signed by hand."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from services.kit.signing.algorithms import PrivateKey, generate, write_private_key
from services.kit.signing.canonical import canonical
from services.kit.signing.config import Required, SigningConfig
from services.kit.signing.directory import Entry, write_directory
from services.kit.signing.files import KeyBook
from services.kit.signing.message import METADATA_KEY, Direction, Signed, sign
from tests.support.rpc import TIMEOUT_S

CARE_PROVINCE = "640000"


def entry_of(key: PrivateKey, now: datetime, **changes: Any) -> Entry:
    """Returns the entry of a key of Ningxia's agency, valid from a day ago for a year."""
    entry = Entry(
        key_id=key.key_id,
        algorithm=key.algorithm,
        region_code=CARE_PROVINCE,
        role="agency",
        public_key=key.public,
        valid_from=now - timedelta(days=1),
        valid_to=now + timedelta(days=365),
    )
    return replace(entry, **changes)


class Keys:
    """A hub's key and an agency's in a folder, as a service reads them."""

    def __init__(self, folder: Path, now: datetime, algorithm: str = "ed25519") -> None:
        self.now = now
        self.hub = generate("ed25519", "hub-1")
        self.agency = generate(algorithm, "640000-1")
        self.directory = folder / "keys.yaml"
        self._hub_file, self._agency_file = folder / "hub", folder / "agency"
        self.entries = {
            "hub-1": entry_of(self.hub, now, region_code="000000", role="hub"),
            "640000-1": entry_of(self.agency, now),
        }
        self._hub_file.write_text(write_private_key(self.hub))
        self._agency_file.write_text(write_private_key(self.agency))
        self.write()

    def write(self) -> None:
        """Writes the directory as `entries` are now."""
        self.directory.write_text(write_directory(self.entries.values()))

    def variables(self, required: str = "known") -> dict[str, str]:
        """Returns the variables of a service, without their prefix."""
        return {
            "SIGNATURE_KEYS_FILE": str(self.directory),
            "SIGNATURE_KEY_FILE": str(self._hub_file),
            "SIGNATURES_REQUIRED": required,
        }

    def book(self) -> KeyBook:
        """Returns the agency's book."""
        return KeyBook(SigningConfig(str(self.directory), str(self._agency_file), Required.KNOWN))

    def sign(
        self, method: Any, request: Any, *, key: PrivateKey | None = None, ago_ms: int = 0
    ) -> Signed:
        """Signs a request for a method of a stub, by the agency unless told otherwise."""
        return sign(
            key or self.agency,
            canonical(request),
            method=method._method.decode(),
            direction=Direction.REQUEST,
            signed_ms=round(self.now.timestamp() * 1000) - ago_ms,
        )


def send(method: Any, request: Any, signed: Signed) -> Any:
    """Calls a method of a stub with a signature made before."""
    metadata = ((METADATA_KEY, signed.header),)
    return method(request, timeout=TIMEOUT_S, metadata=metadata)

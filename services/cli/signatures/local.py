"""The signing keys of a local mesh with certificates: one for the hub and for each who settles."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Final

from services.cli.certs.local import agency_name
from services.cli.signatures.keys import read_directory, write_entries, write_new
from services.cli.topology import SIGNATURE_KEYS
from services.kit.caller import AGENCY, HUB, HUB_REGION, OFFICER, Caller
from services.kit.clock import SystemClock
from services.kit.codes import PROVINCES
from services.kit.signing.algorithms import generate, write_private_key
from services.kit.signing.client import Signer
from services.kit.signing.config import Required, SigningConfig
from services.kit.signing.directory import Entry
from services.kit.signing.files import KeyBook
from services.settlement.signed_calls import SIGNED

if TYPE_CHECKING:
    from collections.abc import Iterator

_DAYS: Final = 365
_SOON: Final = timedelta(days=7)


def fill(folder: Path) -> None:
    """Makes what is missing in the folder, and a next key for each that ends within a week.

    Raises:
        SignaturesError: the folder cannot be used.
    """
    now = datetime.now(UTC).replace(microsecond=0)
    path = folder / SIGNATURE_KEYS
    entries = dict(read_directory(path).entries) if path.exists() else {}
    for name, caller in _callers():
        held = folder / name
        in_use = any(
            (one.region_code, one.role) == (caller.region_code, caller.role)
            and one.may_sign(now + _SOON)
            for one in entries.values()
        )
        if in_use and held.exists():
            continue
        key = generate("ed25519", f"{name}-{now:%Y%m%d%H%M%S}")
        held.unlink(missing_ok=True)
        write_new(held, write_private_key(key).encode(), 0o600)
        entries[key.key_id] = Entry(
            key_id=key.key_id,
            algorithm=key.algorithm,
            region_code=caller.region_code,
            role=caller.role,
            public_key=key.public,
            valid_from=now - timedelta(minutes=5),
            valid_to=now + timedelta(days=_DAYS),
        )
    write_entries(path, entries.values())


def signer_of(folder: Path, name: str) -> Signer | None:
    """Returns what signs the calls that show a certificate, by its name; None: nobody does.

    Raises:
        BadKey: the keys cannot be used.
    """
    if not (folder / name).exists():
        return None
    book = KeyBook(SigningConfig(str(folder / SIGNATURE_KEYS), str(folder / name), Required.KNOWN))
    return Signer(book, SIGNED, SystemClock())


def _callers() -> Iterator[tuple[str, Caller]]:
    yield HUB, Caller(HUB_REGION, HUB)
    yield OFFICER, Caller(HUB_REGION, OFFICER)
    for province in PROVINCES:
        yield agency_name(province), Caller(province, AGENCY)

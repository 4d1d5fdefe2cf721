"""The keys of checkpoints: a private one for supervision, and its public line for who verifies."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final

from services.kit.signing.algorithms import generate, write_private_key
from services.supervision.chain.keys import PublicKey, parse_public_keys

if TYPE_CHECKING:
    from pathlib import Path

PRIVATE: Final = "checkpoint_key"
PUBLIC: Final = "checkpoint_keys"
"""Files of a folder of keys: the private one, and the lines of the public ones."""
DEMO_KEY_ID: Final = "demo"
"""Name of the key that a local mesh makes for itself."""


class CheckpointKeyError(Exception):
    """A key cannot be written; says why, and holds no key material."""


def new_checkpoint_key(folder: Path, name: str, *, algorithm: str = "ed25519") -> PublicKey:
    """Writes a new private key into a folder, and its line after those of the public keys.

    Raises:
        CheckpointKeyError: there is a private key already, or the files cannot be written.
        BadKey: the name or the algorithm is none.
    """
    key = generate(algorithm, name)
    _require_new_name(folder / PUBLIC, name)
    public = PublicKey(key.key_id, key.algorithm, key.public)
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        _write(folder / PRIVATE, write_private_key(key), os.O_EXCL)
        _write(folder / PUBLIC, f"{public.line}\n", os.O_APPEND)
    except OSError as error:
        msg = f"{folder}：{error.strerror}"
        raise CheckpointKeyError(msg) from error
    return public


def write_demo_checkpoint_key(folder: Path) -> None:
    """Makes a key for a local mesh, once."""
    if not (folder / PUBLIC).exists():
        (folder / PRIVATE).unlink(missing_ok=True)
        new_checkpoint_key(folder, DEMO_KEY_ID)


def _require_new_name(path: Path, name: str) -> None:
    # Two keys of one name: no file of keys, and what the old one signed could not be told apart.
    try:
        names = parse_public_keys(path.read_text(encoding="ascii"))
    except FileNotFoundError:
        return
    except (OSError, ValueError) as error:
        msg = f"{path}：{error}"
        raise CheckpointKeyError(msg) from error
    if name in names:
        msg = f"{path}：已有同名公钥，请另取名 · has a key named {name}: name the new one otherwise"
        raise CheckpointKeyError(msg)


def _write(path: Path, text: str, how: int) -> None:
    # Mode at creation: there is no moment at which others can read it.
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | how, 0o600)
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.write(text)

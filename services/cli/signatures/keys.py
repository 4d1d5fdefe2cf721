"""The directory of keys as a file that is kept: keys are added and retired, never taken out."""

from __future__ import annotations

import base64
import binascii
import os
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Final

import orjson
import typer
from rich.table import Table

from services.cli.screen import console
from services.kit.crypto import BadKey
from services.kit.signing.algorithms import ALGORITHMS, generate, write_private_key
from services.kit.signing.directory import Directory, Entry, parse_directory, write_directory

if TYPE_CHECKING:
    from collections.abc import Iterable

_BACK: Final = timedelta(minutes=5)
"""A new key is valid from a little before: clocks differ."""
_AHEAD: Final = timedelta(seconds=2)
"""A key is retired from a little later: by then services have read the file, and none takes a
signature that is not proven any more."""


class SignaturesError(Exception):
    """Keys or proofs cannot be used so; the text says what to do and holds no key."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A key that is to be added."""

    region_code: str
    role: str
    algorithm: str
    key_id: str
    """Empty: one is made of region, role and date."""
    days: int
    public_key: str
    """Base64; empty: a new key is made."""
    grace_h: int = 0
    """How long calls that are not signed are still taken of its caller, hours."""


def add_key(path: Path, asked: Asked, out: Path | None) -> int:
    """Adds a key, whose private half is written to `out` if it is made here.

    Raises:
        SignaturesError: it cannot be added.
    """
    now = _now()
    before = read_directory(path).entries if path.exists() else {}
    key_id = asked.key_id or f"{asked.region_code}-{asked.role}-{now:%Y%m%d}"
    try:
        made = generate(asked.algorithm, key_id) if out is not None else None
        public_key = made.public if made is not None else base64.b64decode(asked.public_key)
        if made is None and asked.algorithm in ALGORITHMS:
            # Here, too, where the directory would let it be: a key that nobody looked at.
            ALGORITHMS[asked.algorithm].require_public(public_key)
    except (BadKey, binascii.Error) as error:
        raise SignaturesError(str(error)) from None
    entry = Entry(
        key_id=key_id,
        algorithm=asked.algorithm,
        region_code=asked.region_code,
        role=asked.role,
        public_key=public_key,
        valid_from=now - _BACK,
        valid_to=now + timedelta(days=asked.days),
        required_from=now + timedelta(hours=asked.grace_h) if asked.grace_h else None,
    )
    entries = (*before.values(), entry)
    _require_sound(entries)
    if made is not None and out is not None:
        # First, so that no key stands in the directory that nobody has.
        write_new(out, write_private_key(made).encode(), 0o600)
    write_entries(path, entries)
    typer.echo(
        f"✓ 已加入密钥 · key {key_id} of {asked.region_code} {asked.role},"
        f" {asked.algorithm}, until {entry.valid_to:%Y-%m-%d}: {path}"
    )
    return 0


def retire_key(path: Path, key_id: str) -> int:
    """Retires a key from two seconds from now on.

    Raises:
        SignaturesError: there is no such key, or it is retired.
    """
    entries = dict(read_directory(path).entries)
    entry = entries.get(key_id)
    if entry is None:
        raise SignaturesError(f"{path} has no key {key_id}; `yijie signatures list` shows them")
    if entry.retired_time is not None:
        raise SignaturesError(f"key {key_id} is retired since {entry.retired_time.isoformat()}")
    end = _now() + _AHEAD
    entries[key_id] = replace(entry, retired_time=end)
    write_entries(path, entries.values())
    typer.echo(
        f"✓ 已停用密钥 · key {key_id} signs nothing from {end:%H:%M:%S} UTC on;"
        " what it signed before stays proven"
    )
    others = Directory(entries).of_caller(entry.region_code, entry.role, end)
    if not others:
        typer.echo(
            f"  {entry.region_code} {entry.role} 已无现行密钥 · has no key in use and must sign:"
            " add one: yijie signatures key"
        )
    return 0


def show_keys(path: Path, *, within_days: int, as_json: bool) -> int:
    """Prints the keys; returns 1 if one in use ends within so many days.

    Raises:
        SignaturesError: the directory cannot be read.
    """
    now = _now()
    entries = list(read_directory(path).entries.values())
    late = [
        e
        for e in entries
        if e.may_sign(now) and e.retired_time is None and e.end <= now + timedelta(days=within_days)
    ]
    if as_json:
        content = [
            {
                "key_id": e.key_id,
                "region": e.region_code,
                "role": e.role,
                "algorithm": e.algorithm,
                "state": _state(e, now),
                "valid_from": e.valid_from.isoformat(),
                "valid_to": e.valid_to.isoformat(),
                "retired_time": e.retired_time.isoformat() if e.retired_time else None,
            }
            for e in entries
        ]
        typer.echo(orjson.dumps(content, option=orjson.OPT_INDENT_2).decode())
        return 1 if late else 0
    table = Table(
        "密钥 key", "地区 region", "角色 role", "算法 algorithm", "状态 state", "止 until"
    )
    for entry in entries:
        table.add_row(
            entry.key_id,
            entry.region_code,
            entry.role,
            entry.algorithm,
            _state(entry, now),
            f"{entry.end:%Y-%m-%d %H:%M}",
        )
    console().print(table)
    for entry in late:
        typer.echo(f"! {entry.key_id} 即将到期 · ends soon; add the next one now, then retire it")
    return 1 if late else 0


def read_directory(path: Path) -> Directory:
    """Returns the directory of a file.

    Raises:
        SignaturesError: it cannot be read or used.
    """
    try:
        return parse_directory(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise SignaturesError(f"{path} cannot be read: {type(error).__name__}") from None
    except BadKey as error:
        raise SignaturesError(f"{path}: {error}") from None


def write_entries(path: Path, entries: Iterable[Entry]) -> None:
    """Replaces the directory at once: who reads it sees the one before or this one.

    Raises:
        SignaturesError: it cannot be written.
    """
    whole = path.with_name(path.name + ".new")
    whole.unlink(missing_ok=True)
    write_new(whole, write_directory(entries).encode(), 0o644)
    try:
        whole.replace(path)
    except OSError as error:
        raise SignaturesError(f"{path}: {error.strerror}") from None


def write_new(path: Path, content: bytes, mode: int) -> None:
    """Writes a file that is not there yet.

    Raises:
        SignaturesError: it is there, or cannot be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        # Mode at creation: there is no moment at which others can read it.
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    except OSError as error:
        raise SignaturesError(f"{path}: {error.strerror}") from None
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(descriptor)


def _require_sound(entries: Iterable[Entry]) -> None:
    try:
        parse_directory(write_directory(entries))
    except BadKey as error:
        raise SignaturesError(str(error)) from None


def _state(entry: Entry, now: datetime) -> str:
    if entry.may_sign(now):
        return "在用 in use" if entry.retired_time is None else "停用中 in use, retired soon"
    if now < entry.valid_from:
        return "未启用 to come"
    return "已停用 retired" if entry.retired_time else "已到期 expired"


def _now() -> datetime:
    return datetime.now(UTC).replace(microsecond=0)

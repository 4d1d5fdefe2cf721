"""The directory of keys: whose public key is which, and from when to when it may sign.

A file of YAML that the operator of the hub keeps (`yijie signatures`), public and the same for
everybody. A key is never taken out while a record that it signed is kept: when it goes out of use
it is retired, signs nothing more, and proves what it signed before.
"""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from services.kit.caller import uri_of
from services.kit.crypto import BadKey
from services.kit.signing.algorithms import ALGORITHMS, KEY_ID, AlgorithmMissing
from services.kit.strict_yaml import Unclear, read_tree

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_FIELDS: Final = frozenset(
    {"key_id", "algorithm", "region", "role", "public_key", "valid_from", "valid_to"}
)
_OPTIONAL: Final = frozenset({"retired_time", "required_from"})
BYTES_MAX: Final = 4 * 1024 * 1024
_HEAD: Final = """\
# Keys that sign messages: docs/signatures.md. Public; changed by `yijie signatures`.
# A key is retired, never removed: it proves what it signed.
keys:
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A public key and whose it is."""

    key_id: str
    algorithm: str
    region_code: str
    role: str
    public_key: bytes
    valid_from: datetime
    valid_to: datetime
    """The first instant at which it may sign no more."""
    retired_time: datetime | None = None
    """From then on it may sign no more, whatever `valid_to` says."""
    required_from: datetime | None = None
    """From when on its caller must sign; None: from `valid_from` on. Of a first key: until all the
    caller's machines sign, either is taken."""
    is_usable: bool = True
    """False: the library of its algorithm is not installed here. Others' keys are not its affair: a
    directory that is refused whole would keep stolen keys in use."""

    @property
    def end(self) -> datetime:
        """From when on it may sign no more."""
        return min(self.valid_to, self.retired_time or self.valid_to)

    def may_sign(self, at: datetime) -> bool:
        """Tells whether it may sign at an instant."""
        return self.valid_from <= at < self.end


@dataclass(frozen=True, slots=True)
class Directory:
    """All keys, by key id."""

    entries: Mapping[str, Entry]

    def of_caller(self, region_code: str, role: str, at: datetime) -> list[Entry]:
        """Returns the keys with which a caller may sign at an instant."""
        return [
            entry
            for entry in self.entries.values()
            if (entry.region_code, entry.role) == (region_code, role) and entry.may_sign(at)
        ]

    def binds(self, region_code: str, role: str, at: datetime) -> bool:
        """Tells whether a caller must sign: from when one of its keys says so, for good.

        Else whoever has a certificate, and not the key, would only have to wait for the key's end.
        """
        return any(
            (entry.region_code, entry.role) == (region_code, role)
            and (entry.required_from or entry.valid_from) <= at
            for entry in self.entries.values()
        )


def parse_directory(text: str) -> Directory:
    """Returns the directory of a file's text.

    Raises:
        BadKey: it is none; the text says which entry and why.
    """
    try:
        tree = read_tree(text)
    except Unclear as error:
        msg = f"line {error.line} {error.problem}: {error.right}"
        raise BadKey(msg) from error
    if not isinstance(tree, dict) or set(tree) != {"keys"} or not isinstance(tree["keys"], list):
        raise BadKey("a directory of keys is a list under `keys:`")
    entries: dict[str, Entry] = {}
    publics: set[bytes] = set()
    for number, item in enumerate(tree["keys"], start=1):
        entry = _entry(item, number)
        if entry.key_id in entries or entry.public_key in publics:
            msg = f"key {number}: its key id or public key stands twice"
            raise BadKey(msg)
        entries[entry.key_id] = entry
        publics.add(entry.public_key)
    return Directory(entries)


def write_directory(entries: Iterable[Entry]) -> str:
    """Returns the text that `parse_directory` reads, in the order given."""
    return _HEAD + "".join(map(write_entry, entries))


def write_entry(entry: Entry) -> str:
    """Returns the lines of a key."""
    retired = (
        "" if entry.retired_time is None else f"    retired_time: {_text(entry.retired_time)}\n"
    )
    required = (
        "" if entry.required_from is None else f"    required_from: {_text(entry.required_from)}\n"
    )
    return (
        f'  - key_id: "{entry.key_id}"\n'
        f"    algorithm: {entry.algorithm}\n"
        f'    region: "{entry.region_code}"\n'
        f"    role: {entry.role}\n"
        f"    public_key: {base64.b64encode(entry.public_key).decode()}\n"
        f"    valid_from: {_text(entry.valid_from)}\n"
        f"    valid_to: {_text(entry.valid_to)}\n"
        f"{required}{retired}"
    )


def _entry(item: Any, number: int) -> Entry:
    if not isinstance(item, dict) or not _FIELDS <= set(item) <= _FIELDS | _OPTIONAL:
        msg = (
            f"key {number} has {', '.join(sorted(_FIELDS))} and perhaps retired_time, required_from"
        )
        raise BadKey(msg)
    if not all(isinstance(value, str) for value in item.values()):
        msg = f"key {number}: every value is a text; put the region into quotes"
        raise BadKey(msg)
    if not KEY_ID.fullmatch(item["key_id"]) or item["algorithm"] not in ALGORITHMS:
        msg = f"key {number}: key_id is of [0-9a-z._-], algorithm one of {', '.join(ALGORITHMS)}"
        raise BadKey(msg)
    try:
        uri_of(item["region"], item["role"])
    except ValueError as error:
        msg = f"key {number}: {error}"
        raise BadKey(msg) from None
    try:
        public_key = base64.b64decode(item["public_key"], validate=True)
    except binascii.Error:
        public_key = b""
    is_usable = True
    try:
        ALGORITHMS[item["algorithm"]].require_public(public_key)
    except AlgorithmMissing:
        is_usable = False
    except BadKey as error:
        msg = f"key {number}: {error}"
        raise BadKey(msg) from None
    retired, required = item.get("retired_time"), item.get("required_from")
    entry = Entry(
        key_id=item["key_id"],
        algorithm=item["algorithm"],
        region_code=item["region"],
        role=item["role"],
        public_key=public_key,
        valid_from=_time(item["valid_from"], number),
        valid_to=_time(item["valid_to"], number),
        retired_time=None if retired is None else _time(retired, number),
        required_from=None if required is None else _time(required, number),
        is_usable=is_usable,
    )
    if entry.valid_from >= entry.valid_to:
        msg = f"key {number}: valid_to is after valid_from"
        raise BadKey(msg)
    if entry.required_from is not None and entry.required_from < entry.valid_from:
        msg = f"key {number}: nobody must sign before valid_from"
        raise BadKey(msg)
    return entry


def _time(text: str, number: int) -> datetime:
    try:
        time = datetime.fromisoformat(text)
    except ValueError:
        time = datetime.min  # noqa: DTZ901 - without a zone, so it is refused below
    if time.tzinfo is None:
        msg = f"key {number}: times are written with their zone, 2026-01-01T00:00:00+08:00"
        raise BadKey(msg)
    return time


def _text(time: datetime) -> str:
    return time.isoformat(timespec="seconds")

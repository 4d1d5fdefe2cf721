"""Keys of signatures that change while a service runs: both files are followed, not read once.

As with data keys (services.kit.keys): a look every second, and at once when a signature names a key
that is not there. A file that cannot be read or used changes nothing.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
from pathlib import Path
from typing import TYPE_CHECKING, Final, Generic, TypeVar

from services.kit import telemetry
from services.kit.config import ConfigError
from services.kit.crypto import BadKey
from services.kit.log import get_logger
from services.kit.signing.algorithms import PrivateKey, parse_private_key
from services.kit.signing.config import Required, SigningConfig
from services.kit.signing.directory import BYTES_MAX, Directory, Entry, parse_directory

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

T = TypeVar("T")
_POLL_S: Final = 1.0
_Stamp = tuple[int, int, int, int]


class _Followed(Generic[T]):
    """What a file says, read again when it has changed."""

    __slots__ = ("_name", "_parse", "_path", "_seen", "value")

    def __init__(self, path: str, parse: Callable[[str], T], name: str) -> None:
        """Reads the file.

        Raises:
            BadKey: it cannot be read or used.
        """
        self._path, self._parse, self._name = Path(path), parse, name
        self._seen = self._stamp()
        self.value = self._read()

    def look(self) -> bool:
        """Reads the file if it changed; tells whether there is another value now."""
        stamp = self._stamp()
        if stamp is None or stamp == self._seen:
            return False
        try:
            value = self._read()
        except BadKey as error:
            # BadKey tells no key material.
            get_logger().error("signing keys refused; those before stay", reason=str(error))
            self._seen = stamp
            return False
        if self._stamp() != stamp:
            # Written while it was read: half of it may look like a whole file.
            return False
        self._seen = stamp
        is_new = value != self.value
        self.value = value
        return is_new

    def _read(self) -> T:
        try:
            content = self._path.read_bytes()
        except OSError as error:
            msg = f"{self._name} cannot be read: {error.strerror}"
            raise BadKey(msg) from error
        if len(content) > BYTES_MAX:
            msg = f"{self._name} is too large"
            raise BadKey(msg)
        try:
            return self._parse(content.decode("utf-8"))
        except UnicodeDecodeError:
            msg = f"{self._name} is not UTF-8"
            raise BadKey(msg) from None

    def _stamp(self) -> _Stamp | None:
        try:
            # Follows the symbolic link that a mounted secret is: each version is another inode.
            status = os.stat(self._path)  # noqa: PTH116 - a path object would be made anew each second
        except OSError:
            return None
        return status.st_ino, status.st_mtime_ns, status.st_ctime_ns, status.st_size


class KeyBook:
    """Everybody's public keys and our own private one. Made by `open_key_book`."""

    def __init__(self, config: SigningConfig) -> None:
        """Reads both files.

        Raises:
            BadKey: one cannot be read or used, one is missing, or ours is not in the directory.
        """
        self.required = config.required
        self._directory: _Followed[Directory] | None = None
        self._own: _Followed[PrivateKey] | None = None
        self._usable: PrivateKey | None = None
        if not config.keys_file:
            if config.key_file or config.required is not Required.OFF:
                raise BadKey("signatures need YIJIE_SIGNATURE_KEYS_FILE")
            return
        self._directory = _Followed(config.keys_file, parse_directory, "the directory of keys")
        self._tell_unusable()
        if not config.key_file:
            return
        self._own = _Followed(config.key_file, parse_private_key, "the signing key")
        self._match()
        if self._usable is None:
            raise BadKey("the signing key is not in the directory of keys")

    @property
    def is_on(self) -> bool:
        """Tells whether signatures are looked at."""
        return self._directory is not None and self.required is not Required.OFF

    @property
    def directory(self) -> Directory:
        """The keys as the file has them."""
        return self._directory.value if self._directory else Directory({})

    @property
    def own(self) -> PrivateKey | None:
        """Our own key, where the directory has it as well: others could not verify it else."""
        return self._usable

    def entry(self, key_id: str) -> Entry | None:
        """Returns a key of the directory; one that is not there may have come just now."""
        found = self.directory.entries.get(key_id)
        if found is None and self.look():
            found = self.directory.entries.get(key_id)
        return found

    def look(self) -> bool:
        """Reads what changed; tells whether anything did."""
        followed = [file for file in (self._directory, self._own) if file is not None]
        changed = [file.look() for file in followed]
        if any(changed):
            get_logger().info("signing keys read again", count=len(self.directory.entries))
            self._tell_unusable()
            self._match()
        return any(changed)

    def _match(self) -> None:
        """Finds our key in the directory, by its name and its public half.

        One that is not there yet does not take the place of one that is.
        """
        if self._own is None:
            return
        listed = [key for key in (self._own.value, self._usable) if key and self._lists(key)]
        self._usable = listed[0] if listed else None
        if self._usable != self._own.value:
            get_logger().error("the signing key is not in the directory; the one before stays")
        telemetry.SIGNATURE_KEY_EXPIRY.clear()
        if self._usable is not None:
            entry = self.directory.entries[self._usable.key_id]
            telemetry.SIGNATURE_KEY_EXPIRY.labels(entry.algorithm).set(entry.end.timestamp())

    def _tell_unusable(self) -> None:
        count = sum(not entry.is_usable for entry in self.directory.entries.values())
        if count:
            get_logger().error(
                "signing keys of an algorithm that is not installed are refused", count=count
            )

    def _lists(self, key: PrivateKey) -> bool:
        entry = self.directory.entries.get(key.key_id)
        return entry is not None and entry.public_key == key.public


@contextlib.asynccontextmanager
async def open_key_book(config: SigningConfig) -> AsyncIterator[KeyBook]:
    """Gives the keys, and follows their files while the block runs.

    Raises:
        ConfigError: the keys cannot be used.
    """
    try:
        book = KeyBook(config)
    except BadKey as error:
        raise ConfigError([str(error)]) from None
    task = asyncio.create_task(_follow(book), name="signing keys")
    try:
        yield book
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


async def _follow(book: KeyBook) -> None:
    while True:
        await asyncio.sleep(_POLL_S)
        book.look()

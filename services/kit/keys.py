"""Data keys that change while a service runs: the key file is followed, not read once.

An operator adds a key to the file, later makes it the first line, and takes the old one out when
no field needs it (`yijie keys`, docs/keys.md). A service looks at its file every second, and at
once when it meets a field of a key that it does not hold: no call fails for a rotation, in whatever
order the replicas learn of it. A file that cannot be read or used changes nothing.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Final

from services.kit.config import PREFIX, file_of
from services.kit.crypto import BadKey, FieldCipher, KeyRing, parse_keyring_text
from services.kit.log import get_logger

_POLL_S: Final = 1.0
_NAME: Final = "DATA_KEY"
VARIABLE: Final = f"{PREFIX}{_NAME}_FILE"
"""Names the key file."""
_Stamp = tuple[int, int, int, int]


class KeyFile:
    """A file of data keys, read again when it has changed."""

    __slots__ = ("_path", "_refused", "_seen")

    def __init__(self, path: Path) -> None:
        """Takes what the file is now as known."""
        self._path = path
        self._seen = self._stamp()
        self._refused: _Stamp | None = None

    def changed(self) -> KeyRing | None:
        """Returns the ring, if the file changed since it was looked at last and can be used."""
        stamp = self._stamp()
        if stamp is None or stamp == self._seen:
            return None
        ring = self._read(stamp)
        if ring is not None:
            get_logger().info("keys read again", version=ring.active, count=len(ring.keys))
        return ring

    def other_than(self, ring: KeyRing) -> KeyRing | None:
        """Returns the ring of the file, if it can be used and is another one than that given.

        For a ring that was read before the file was followed: it may have changed in between.
        """
        stamp = self._stamp()
        found = None if stamp is None else self._read(stamp)
        # The order of the keys says nothing, but for the active one.
        return None if found == ring else found

    def _read(self, stamp: _Stamp) -> KeyRing | None:
        try:
            ring = parse_keyring_text(self._path.read_text(encoding="ascii").strip())
        except (OSError, UnicodeDecodeError, BadKey) as error:
            if self._refused != stamp:
                # BadKey tells no key material; the others only their kind.
                reason = str(error) if isinstance(error, BadKey) else type(error).__name__
                get_logger().error("key file refused; the keys before stay in use", reason=reason)
            self._refused = stamp
            # Content stays what it is until the file changes; a disk or a lock may do without.
            self._seen = self._seen if isinstance(error, OSError) else stamp
            return None
        if self._stamp() != stamp:
            # Written while it was read: half of the keys may look like a whole file.
            return None
        self._seen = stamp
        return ring

    def _stamp(self) -> _Stamp | None:
        try:
            # Follows the symbolic link that a mounted secret is: each version is another inode.
            status = os.stat(self._path)  # noqa: PTH116 - a path object would be made anew each second
        except OSError:
            return None
        # The time of change as well: it tells that permissions were mended.
        return status.st_ino, status.st_mtime_ns, status.st_ctime_ns, status.st_size


@contextlib.asynccontextmanager
async def open_cipher(
    ring: KeyRing, environ: Mapping[str, str] | None = None
) -> AsyncIterator[FieldCipher]:
    """Gives a cipher that follows the key file while the block runs.

    Where the keys came from a variable instead of a file there is nothing to follow.
    """
    path = file_of(_NAME, environ)
    if path is None:
        yield FieldCipher(ring)
        return
    file = KeyFile(path)
    cipher = FieldCipher(file.other_than(ring) or ring, refresh=file.changed)
    task = asyncio.create_task(_follow(cipher, file), name="keys")
    try:
        yield cipher
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


async def _follow(cipher: FieldCipher, file: KeyFile) -> None:
    while True:
        await asyncio.sleep(_POLL_S)
        ring = file.changed()
        if ring is not None:
            cipher.use(ring)

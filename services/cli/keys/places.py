"""Where keys and sealed fields are: a mesh's data directory, or one service by its environment."""

from __future__ import annotations

import contextlib
import fcntl
import importlib
import importlib.util
import os
import stat
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import asyncpg

from services.cli.migrate import DatabaseError
from services.cli.topology import SERVICES, provinces_before
from services.kit import config as settings
from services.kit.crypto import BadKey, KeyRing, parse_keyring_text, write_keyring
from services.kit.sealed import SealedColumn

_APART: Final = "benefits"


class KeysError(Exception):
    """Keys cannot be changed so; the text says what to do and holds no key."""


@dataclass(frozen=True, slots=True)
class Place:
    """One service's sealed fields in one database."""

    service: str
    """The service, with its province where it runs apart: `benefits-650000`."""
    schema: str
    dsn: str

    @property
    def columns(self) -> tuple[SealedColumn, ...]:
        """What the service seals."""
        module = importlib.import_module(f"services.{self.schema}.sealed")
        sealed: tuple[SealedColumn, ...] = module.SEALED
        return sealed


@dataclass(frozen=True, slots=True)
class KeyPlaces:
    """A key file, and all that is sealed with its keys."""

    path: Path
    places: tuple[Place, ...]

    def ring(self) -> KeyRing:
        """Returns the keys of the file.

        Raises:
            KeysError: it cannot be read or used.
        """
        try:
            return parse_keyring_text(self.path.read_text(encoding="ascii").strip())
        except (OSError, UnicodeDecodeError) as error:
            raise KeysError(f"the key file cannot be read: {type(error).__name__}") from None
        except BadKey as error:
            raise KeysError(f"the key file cannot be used: {error}") from None

    def write(self, ring: KeyRing) -> None:
        """Replaces the file at once: who reads it sees the ring before or this one.

        It keeps owner and permissions, so that services can still read it, and is on the disk when
        this returns: a field must not outlive the key that it is sealed with.

        Raises:
            KeysError: the file cannot be replaced.
        """
        # Not a link to it, which would then be a file of its own.
        path = self.path.resolve()
        other = path.with_name(path.name + ".new")
        try:
            before = path.stat()
            other.unlink(missing_ok=True)
            descriptor = os.open(other, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(descriptor, "w", encoding="ascii") as file:
                if (before.st_uid, before.st_gid) != (os.geteuid(), os.getegid()):
                    os.fchown(descriptor, before.st_uid, before.st_gid)
                os.fchmod(descriptor, stat.S_IMODE(before.st_mode))
                file.write(write_keyring(ring))
                file.flush()
                os.fsync(descriptor)
            other.replace(path)
            with _opened(path.parent) as folder:
                os.fsync(folder)
        except OSError as error:
            other.unlink(missing_ok=True)
            raise KeysError(
                f"the key file cannot be replaced: {type(error).__name__}; run this as its owner,"
                " in a folder that may be written"
            ) from None

    @contextlib.contextmanager
    def alone(self) -> Iterator[None]:
        """Keeps others out who change the keys of this file; a crash lets go.

        Two that each made a new key would write one over the other, and what was sealed with it
        could never be read again.

        Raises:
            KeysError: somebody else is at it.
        """
        with contextlib.ExitStack() as stack:
            try:
                folder = stack.enter_context(_opened(self.path.resolve().parent))
                fcntl.flock(folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise KeysError("keys are being changed by another command; wait for it") from None
            except OSError as error:
                raise KeysError(f"the key file cannot be read: {type(error).__name__}") from None
            yield


@contextlib.contextmanager
def _opened(folder: Path) -> Iterator[int]:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


@dataclass(frozen=True, slots=True)
class KeysConfig:
    """Where one service's database is, when it is not a mesh of ours."""

    dsn: str = settings.env("DSN", secret=True)
    """PostgreSQL connection string."""


def sealing_services() -> list[str]:
    """Returns the services that keep sealed fields."""
    return [
        name for name in SERVICES if importlib.util.find_spec(f"services.{name}.sealed") is not None
    ]


def find_places(data_dir: Path, service: str) -> KeyPlaces:
    """Returns the keys of a mesh, or with `service` those named by its YIJIE_* variables.

    Raises:
        KeysError: there is no mesh there, the service seals nothing, or a variable is missing.
        ConfigError: no database is named.
    """
    if service:
        if service not in sealing_services():
            names = ", ".join(sealing_services())
            raise KeysError(f"{service} keeps no sealed fields; these do: {names}")
        path = settings.file_of("DATA_KEY")
        if path is None:
            raise KeysError("set YIJIE_DATA_KEY_FILE to the service's key file")
        return KeyPlaces(path, (Place(service, service, settings.load(KeysConfig).dsn),))
    apart = provinces_before(data_dir)
    if apart is None:
        raise KeysError(f"there is no mesh in {data_dir}; or name one with --service")
    folder = data_dir / "secrets"
    dsn = (folder / "dsn").read_text(encoding="utf-8").strip()
    places = [Place(name, name, dsn) for name in sealing_services()]
    for province in apart:
        own = (folder / f"dsn-{province}").read_text(encoding="utf-8").strip()
        places.append(Place(f"{_APART}-{province}", _APART, own))
    return KeyPlaces(folder / "data_key", tuple(places))


@contextlib.asynccontextmanager
async def connected(place: Place) -> AsyncIterator[asyncpg.Connection]:
    """Gives a connection to a service's schema.

    Raises:
        DatabaseError: the database cannot be used.
    """
    try:
        connection = await asyncpg.connect(
            place.dsn, server_settings={"search_path": place.schema, "application_name": "keys"}
        )
    except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        raise DatabaseError(error) from error
    try:
        yield connection
    finally:
        await connection.close()

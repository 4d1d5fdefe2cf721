"""Counts fields by key, changes keys, and seals fields anew while the services run."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

import asyncpg

from services.cli.keys.places import KeyPlaces, KeysError, Place, connected
from services.cli.migrate import DatabaseError
from services.kit.crypto import KEY_BYTES, SM4_KEY_BYTES, FieldCipher, KeyRing, UnreadableField
from services.kit.sealed import SealedColumn, count_by_key, reseal

_KEY_ID_MAX: Final = 255
LEARN_S: Final = 3.0
"""Services of a mesh look at their key file every second."""
WRITERS_S: Final = 60.0
"""How long to wait for transactions to end; those of services are over in seconds."""
_LOOK_S: Final = 0.1
_ENDED: Final = "SELECT pg_snapshot_xmin(pg_current_snapshot()) > $1::text::xid8"
ALGORITHMS: Final[Mapping[str, int]] = {"aes": KEY_BYTES, "sm4": SM4_KEY_BYTES}


@dataclass(frozen=True, slots=True)
class Count:
    """How many fields of a column a key has written."""

    service: str
    column: SealedColumn
    by_key: Mapping[int, int]


Told = Callable[[str, int], None]
"""Told "service.table.column" and how many fields more were looked at."""


async def count(places: KeyPlaces) -> list[Count]:
    """Returns the fields of every column by key id; reads all of them."""
    counts = []
    for place in places.places:
        async with connected(place) as connection:
            for column in place.columns:
                try:
                    by_key = await count_by_key(connection, column)
                except asyncpg.PostgresError as error:
                    raise DatabaseError(error) from error
                counts.append(Count(place.service, column, by_key))
    return counts


def with_new_key(ring: KeyRing, algorithm: str) -> tuple[KeyRing, int]:
    """Returns the ring with one key more, which is not active yet, and its id.

    Raises:
        KeysError: all ids are used.
    """
    ids = range(1, _KEY_ID_MAX + 1)
    # A new id while there is one: backups may hold fields of a key that was retired.
    key_id = next((i for i in ids if i > max(ring.keys)), None) or next(
        (i for i in ids if i not in ring.keys), None
    )
    if key_id is None:
        raise KeysError("all key ids up to 255 are used; retire one first")
    key = os.urandom(ALGORITHMS[algorithm])
    return KeyRing({**ring.keys, key_id: key}, ring.active), key_id


async def rotate(
    places: KeyPlaces, *, algorithm: str, told: Told, learn_s: float = LEARN_S
) -> tuple[int, int]:
    """Makes a new key, makes it the active one, and seals all that can be anew.

    The key is readable everywhere before anybody writes with it. Broken off at any point nothing is
    unreadable: run `reseal_all` to go on.

    Returns:
        The new key's id and how many fields were looked at.
    """
    with places.alone():
        ring, key_id = with_new_key(places.ring(), algorithm)
        places.write(ring)
        await asyncio.sleep(learn_s)
        places.write(KeyRing(ring.keys, key_id))
        await asyncio.sleep(learn_s)
        return key_id, await reseal_all(places, told=told)


async def reseal_all(places: KeyPlaces, *, told: Told) -> int:
    """Seals anew what the active key has not written; returns how many fields were looked at.

    Raises:
        KeysError: a field's key is not in the file.
    """
    cipher = FieldCipher(places.ring())
    looked_at = 0
    for place in places.places:
        async with connected(place) as connection:
            for column in place.columns:
                if column.kept:
                    continue
                name = f"{place.service}.{column.table}.{column.column}"
                try:
                    async for fields in reseal(connection, cipher, column):
                        looked_at += fields
                        told(name, fields)
                except UnreadableField as error:
                    raise KeysError(f"{name}: {error}; put its key back into the file") from None
                except asyncpg.PostgresError as error:
                    raise DatabaseError(error) from error
    return looked_at


async def retire(places: KeyPlaces, key_id: int) -> None:
    """Takes a key out of the file.

    Raises:
        KeysError: it is active or not there, a field still needs it, or one may come to need it.
    """
    with places.alone():
        await _retire(places, key_id)


async def _retire(places: KeyPlaces, key_id: int) -> None:
    ring = places.ring()
    if key_id not in ring.keys:
        raise KeysError(f"there is no key {key_id}")
    if key_id == ring.active:
        raise KeysError(f"key {key_id} is the active one; rotate first")
    for place in places.places:
        await _wait_for_writers(place)
    needing = [c for c in await count(places) if c.by_key.get(key_id)]
    if needing:
        where = ", ".join(
            f"{c.service}.{c.column.table}.{c.column.column} ({c.by_key[key_id]}"
            f"{', kept' if c.column.kept else ''})"
            for c in needing
        )
        raise KeysError(f"key {key_id} is still needed by {where}")
    places.write(KeyRing({k: v for k, v in ring.keys.items() if k != key_id}, ring.active))


async def _wait_for_writers(place: Place) -> None:
    """Waits until every transaction has ended that may hold fields which nobody can count yet.

    Raises:
        KeysError: one does not end.
    """
    async with connected(place) as connection:
        try:
            # A transaction id of now: what is below it began before.
            now = await connection.fetchval("SELECT pg_current_xact_id()::text")
            for _ in range(round(WRITERS_S / _LOOK_S)):
                if await connection.fetchval(_ENDED, now):
                    return
                await asyncio.sleep(_LOOK_S)
        except asyncpg.PostgresError as error:
            raise DatabaseError(error) from error
    raise KeysError(
        f"a transaction in the database of {place.service} has been open for over {WRITERS_S:g} s"
        " and may write with this key; end it, or try again later"
    )

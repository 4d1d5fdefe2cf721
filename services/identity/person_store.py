"""The SQL of persons. Takes a connection, gives and takes domain objects; seals and opens records.

Rows are claimed in the order of their key, so that two batches lock them in the same order.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime
    from uuid import UUID

    from services.identity.domain.model import Person
    from services.identity.reader import Reader
    from services.identity.vault import Vault
    from services.kit.db import Connection

# The no-op update locks the row of a person held already, and tells their id. It leaves the key
# alone: a token may be issued, which refers to the person, while a batch holds the lock.
CLAIM_PERSONS: Final = """/* identity.claim_persons */
INSERT INTO person (person_id, cert_index, record, create_time, update_time)
SELECT entry.person_id, entry.cert_index, entry.record, $4, $4
  FROM unnest($1::uuid[], $2::bytea[], $3::bytea[]) AS entry(person_id, cert_index, record)
    ON CONFLICT (cert_index) DO UPDATE SET update_time = person.update_time
RETURNING person_id, cert_index"""

WRITE_PERSONS: Final = """/* identity.write_persons */
UPDATE person
   SET record = entry.record, update_time = $3
  FROM unnest($1::uuid[], $2::bytea[]) AS entry(person_id, record)
 WHERE person.person_id = entry.person_id"""

DELETE_PERSONS: Final = """/* identity.delete_persons */
DELETE FROM person WHERE person_id = ANY($1::uuid[])"""

# Whoever holds the lock is the only one to change the person's cards.
LOCK_PERSONS: Final = """/* identity.lock_persons */
SELECT person_id FROM person WHERE person_id = ANY($1::uuid[])
 ORDER BY cert_index FOR NO KEY UPDATE"""

FIND_PERSON_IDS: Final = """/* identity.find_person_ids */
SELECT person_id, cert_index FROM person WHERE cert_index = ANY($1::bytea[])"""

FIND_PERSONS: Final = """/* identity.find_persons */
SELECT person_id, record FROM person WHERE person_id = ANY($1::uuid[])"""


async def claim_persons(
    connection: Connection,
    vault: Vault,
    candidates: Mapping[bytes, tuple[UUID, Person]],
    *,
    now: datetime,
) -> dict[bytes, UUID]:
    """Locks the rows of certificate indexes, or makes them; returns the person id of each.

    Where the id given is returned, the row is new and holds the candidate.

    Args:
        connection: in a transaction.
        vault: seals the records of new rows.
        candidates: certificate index → id to give to a person not held yet, and the person.
        now: instant, UTC.
    """
    indexes = sorted(candidates)
    entries = [candidates[index] for index in indexes]
    rows = await connection.fetch(
        CLAIM_PERSONS,
        [person_id for person_id, _ in entries],
        indexes,
        [vault.seal_person(person, person_id) for person_id, person in entries],
        now,
    )
    return {row["cert_index"]: row["person_id"] for row in rows}


async def write_persons(
    connection: Connection, vault: Vault, persons: Mapping[UUID, Person], *, now: datetime
) -> None:
    """Replaces what is held of persons whose rows are claimed."""
    if not persons:
        return
    records = [vault.seal_person(person, person_id) for person_id, person in persons.items()]
    await connection.execute(WRITE_PERSONS, list(persons), records, now)


async def delete_persons(connection: Connection, person_ids: Iterable[UUID]) -> None:
    """Removes rows that `claim_persons` made in this transaction."""
    await connection.execute(DELETE_PERSONS, list(person_ids))


async def lock_persons(connection: Connection, person_ids: Iterable[UUID]) -> set[UUID]:
    """Locks persons until the end of the transaction; returns which of them are held."""
    rows = await connection.fetch(LOCK_PERSONS, list(set(person_ids)))
    return {row["person_id"] for row in rows}


async def find_person_ids(reader: Reader, indexes: Iterable[bytes]) -> dict[bytes, UUID]:
    """Returns certificate index → person id of those that are held."""
    rows = await reader.fetch(FIND_PERSON_IDS, list(set(indexes)))
    return {row["cert_index"]: row["person_id"] for row in rows}


async def find_persons(
    reader: Reader, vault: Vault, person_ids: Iterable[UUID]
) -> dict[UUID, Person]:
    """Returns the persons that are held, by id."""
    rows = await reader.fetch(FIND_PERSONS, list(set(person_ids)))
    return {row["person_id"]: vault.open_person(row["person_id"], row["record"]) for row in rows}

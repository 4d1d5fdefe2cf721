"""SQL of rule packs and their publications; nothing is ever changed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from services.supervision.domain.publication import Publication

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    import asyncpg

    from services.kit.db import Connection, Database

# One publication at a time: which instants stand must not change between look and insert.
_LOCK: Final = """/* supervision.lock_rule_publication */
SELECT pg_advisory_xact_lock(hashtext('supervision.rule_publication'))"""
_ADD_PACK: Final = """/* supervision.add_rule_pack */
INSERT INTO rule_pack (digest, version, content) VALUES ($1, $2, $3)
ON CONFLICT (digest) DO NOTHING"""
_FIND_PACK: Final = """/* supervision.find_rule_pack */
SELECT content FROM rule_pack WHERE digest = $1 OR version = $1 LIMIT 1"""
_PUBLISH: Final = """/* supervision.publish_rule_pack */
INSERT INTO rule_publication (publication_id, digest, valid_from_time, key_id, signature,
                              maker_id, checker_id, publish_time)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8)"""
_WITHDRAW: Final = """/* supervision.withdraw_rule_pack */
INSERT INTO rule_withdrawal (publication_id, maker_id, checker_id, withdraw_time)
VALUES ($1, $2, $3, $4)"""
_COLUMNS: Final = """p.publication_id, k.version, p.digest, p.valid_from_time, p.key_id,
       p.signature, p.maker_id, p.checker_id, p.publish_time,
       w.publication_id IS NOT NULL AS is_withdrawn"""
_FROM: Final = """FROM rule_publication p JOIN rule_pack k ON k.digest = p.digest
  LEFT JOIN rule_withdrawal w ON w.publication_id = p.publication_id"""
_FIND: Final = f"""/* supervision.find_rule_publication */
SELECT {_COLUMNS}
  {_FROM}
 WHERE p.publication_id = $1"""
_LIST: Final = f"""/* supervision.list_rule_publications */
SELECT {_COLUMNS}
  {_FROM}
 WHERE $1::timestamptz IS NULL OR (p.valid_from_time, p.publication_id) < ($1, $2)
 ORDER BY p.valid_from_time DESC, p.publication_id DESC LIMIT $3"""
_LIST_FROM: Final = f"""/* supervision.list_rule_publications_from */
SELECT {_COLUMNS}
  {_FROM}
 WHERE p.valid_from_time >= $1
 ORDER BY p.valid_from_time DESC, p.publication_id DESC"""
_LIST_CANDIDATES: Final = f"""/* supervision.list_rule_candidates */
SELECT {_COLUMNS}
  {_FROM}
 WHERE p.valid_from_time <= $1 AND w.publication_id IS NULL
 ORDER BY p.valid_from_time DESC, p.publication_id DESC LIMIT $2"""


async def lock(connection: Connection) -> None:
    """Makes others who publish or withdraw wait until this transaction ends."""
    await connection.execute(_LOCK)


async def add_pack(connection: Connection, digest: str, version: str, content: bytes) -> None:
    """Keeps the content of a pack; one that is kept stays as it is."""
    await connection.execute(_ADD_PACK, digest, version, content)


async def find_pack(source: Connection | Database, name: str) -> bytes | None:
    """Returns the content of a pack by its digest or version, or None."""
    row = await source.fetchrow(_FIND_PACK, name)
    return None if row is None else bytes(row["content"])


async def publish(connection: Connection, one: Publication) -> None:
    """Keeps a publication."""
    await connection.execute(
        _PUBLISH,
        one.publication_id,
        one.digest,
        one.valid_from_time,
        one.key_id,
        one.signature,
        one.maker_id,
        one.checker_id,
        one.publish_time,
    )


async def withdraw(
    connection: Connection, publication_id: UUID, *, maker_id: str, checker_id: str, now: datetime
) -> None:
    """Keeps that a publication was withdrawn."""
    await connection.execute(_WITHDRAW, publication_id, maker_id, checker_id, now)


async def find(source: Connection | Database, publication_id: UUID) -> Publication | None:
    """Returns a publication, or None."""
    row = await source.fetchrow(_FIND, publication_id)
    return None if row is None else _publication(row)


async def list_publications(
    source: Connection | Database, *, before: tuple[datetime, UUID] | None, limit: int
) -> list[Publication]:
    """Returns publications, the latest instant first, before a place in this order."""
    instant, key = before or (None, None)
    return [_publication(row) for row in await source.fetch(_LIST, instant, key, limit)]


async def list_from(connection: Connection, instant: datetime) -> list[Publication]:
    """Returns publications with this or a later instant, the withdrawn ones, too."""
    return [_publication(row) for row in await connection.fetch(_LIST_FROM, instant)]


async def list_candidates(
    source: Connection | Database, until: datetime, *, limit: int
) -> list[Publication]:
    """Returns publications up to an instant that were not withdrawn, the latest first."""
    return [_publication(row) for row in await source.fetch(_LIST_CANDIDATES, until, limit)]


def _publication(row: asyncpg.Record) -> Publication:
    return Publication(**dict(row))

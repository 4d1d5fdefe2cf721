"""SQL of bulletins: what was frozen is read again, never made again."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from services.kit.errors import LostRace

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    import asyncpg

    from services.kit.db import Connection, Database

_INSERT: Final = """/* supervision.insert_bulletin */
INSERT INTO bulletin (month, edition, freeze_time, digest, maker_id, checker_id, note)
VALUES ($1, $2, $3, $4, $5, $6, $7)
ON CONFLICT (month, edition) DO NOTHING
RETURNING edition"""

_INSERT_FILES: Final = """/* supervision.insert_bulletin_files */
INSERT INTO bulletin_file (month, edition, file_name, media_type, sha256, content)
SELECT $1, $2, n.file_name, n.media_type, n.sha256, n.content
  FROM unnest($3::text[], $4::text[], $5::text[], $6::bytea[])
       AS n (file_name, media_type, sha256, content)"""

_FIND: Final = """/* supervision.find_bulletin */
SELECT month, edition, freeze_time, digest, maker_id, checker_id, note
  FROM bulletin WHERE month = $1 AND ($2 = 0 OR edition = $2)
 ORDER BY edition DESC LIMIT 1"""

_LIST: Final = """/* supervision.list_bulletins */
SELECT month, edition, freeze_time, digest, maker_id, checker_id, note
  FROM bulletin WHERE $1 = '' OR (month, edition) < ($1, $2)
 ORDER BY month DESC, edition DESC LIMIT $3"""

_FILES: Final = """/* supervision.bulletin_files */
SELECT file_name, media_type, sha256, length(content) AS size_bytes
  FROM bulletin_file WHERE month = $1 AND edition = $2
 ORDER BY file_name COLLATE "C\""""

_FILE: Final = """/* supervision.bulletin_file */
SELECT file_name, media_type, sha256, length(content) AS size_bytes,
       substring(content FROM $4::int FOR $5::int) AS part
  FROM bulletin_file WHERE month = $1 AND edition = $2 AND file_name = $3"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bulletin:
    """A bulletin that was frozen."""

    month: str
    edition: int
    freeze_time: datetime
    digest: str
    maker_id: str
    checker_id: str
    note: str


@dataclass(frozen=True, slots=True, kw_only=True)
class BulletinFile:
    """A file of a bulletin, without its bytes."""

    file_name: str
    media_type: str
    sha256: str
    size_bytes: int


async def insert(
    connection: Connection, bulletin: Bulletin, files: Sequence[tuple[BulletinFile, bytes]]
) -> None:
    """Freezes a bulletin.

    Raises:
        LostRace: the edition was frozen meanwhile.
    """
    row = await connection.fetchrow(
        _INSERT,
        bulletin.month,
        bulletin.edition,
        bulletin.freeze_time,
        bulletin.digest,
        bulletin.maker_id,
        bulletin.checker_id,
        bulletin.note,
    )
    if row is None:
        raise LostRace("LOST_RACE", "the bulletin was frozen meanwhile", retry_after_ms=20)
    await connection.execute(
        _INSERT_FILES,
        bulletin.month,
        bulletin.edition,
        [one.file_name for one, _ in files],
        [one.media_type for one, _ in files],
        [one.sha256 for one, _ in files],
        [content for _, content in files],
    )


async def find(source: Database | Connection, month: str, edition: int) -> Bulletin | None:
    """Returns a bulletin; edition 0: the newest."""
    row = await source.fetchrow(_FIND, month, edition)
    return _bulletin(row) if row else None


async def list_bulletins(
    source: Database | Connection, after: tuple[str, int], *, limit: int
) -> list[Bulletin]:
    """Returns bulletins after one, newest first; ("", 0): from the newest."""
    return [_bulletin(row) for row in await source.fetch(_LIST, *after, limit)]


async def files_of(source: Database | Connection, bulletin: Bulletin) -> list[BulletinFile]:
    """Returns the files of a bulletin, by name."""
    rows = await source.fetch(_FILES, bulletin.month, bulletin.edition)
    return [_file(row) for row in rows]


async def part_of(
    source: Database | Connection, bulletin: Bulletin, file_name: str, *, offset: int, limit: int
) -> tuple[BulletinFile, bytes] | None:
    """Returns a file with `limit` of its bytes from an offset on."""
    row = await source.fetchrow(
        _FILE, bulletin.month, bulletin.edition, file_name, offset + 1, limit
    )
    return (_file(row), row["part"]) if row else None


def _bulletin(row: asyncpg.Record) -> Bulletin:
    return Bulletin(
        month=row["month"],
        edition=row["edition"],
        freeze_time=row["freeze_time"],
        digest=row["digest"],
        maker_id=row["maker_id"],
        checker_id=row["checker_id"],
        note=row["note"],
    )


def _file(row: asyncpg.Record) -> BulletinFile:
    return BulletinFile(
        file_name=row["file_name"],
        media_type=row["media_type"],
        sha256=row["sha256"],
        size_bytes=row["size_bytes"],
    )

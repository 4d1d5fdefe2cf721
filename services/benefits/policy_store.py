"""All SQL of policies: texts of versions, and the log of what came into force."""

from __future__ import annotations

import json
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from services.kit.db import Connection


# One writer at a time until its commit: the order of the numbers is the order in which readers see
# them, so that who has seen a number misses none below.
_LOCK: Final = """/* benefits.lock_policy */
SELECT pg_advisory_xact_lock(hashtext('benefits.policy_publication'))"""
_ADD_VERSIONS: Final = """/* benefits.add_policy_versions */
INSERT INTO policy_version (version, region_code, files, shipped)
SELECT version, left(version, 6), files, $3
  FROM unnest($1::text[], $2::bytea[]) AS given (version, files)
ON CONFLICT (version) DO NOTHING"""
_FIND_FILES: Final = """/* benefits.find_policy_files */
SELECT files FROM policy_version WHERE version = $1"""
_FIND_VERSION: Final = """/* benefits.find_policy_version */
SELECT v.version, v.region_code, v.files, coalesce(p.shipped, v.shipped) AS shipped, p.publish_time,
       p.sequence IS NOT NULL
       AND p.sequence = (SELECT max(sequence) FROM policy_publication
                          WHERE region_code = v.region_code) AS in_force
  FROM policy_version v
  LEFT JOIN LATERAL (
       SELECT sequence, shipped, publish_time FROM policy_publication
        WHERE version = v.version ORDER BY sequence DESC LIMIT 1) p ON true
 WHERE v.version = $1"""
_FIND_IN_FORCE: Final = """/* benefits.find_policy_in_force */
SELECT version FROM policy_publication
 WHERE region_code = $1 ORDER BY sequence DESC LIMIT 1"""
# What a release brings is in force until somebody publishes, and is logged once: by region in a
# list that has the newest first.
_SHIP: Final = """/* benefits.ship_policies */
INSERT INTO policy_publication (region_code, version, shipped)
SELECT left(given.version, 6), given.version, true
  FROM unnest($1::text[]) AS given (version)
 WHERE NOT EXISTS (SELECT FROM policy_publication
                    WHERE region_code = left(given.version, 6) AND NOT shipped)
   AND given.version IS DISTINCT FROM (SELECT version FROM policy_publication
                                        WHERE region_code = left(given.version, 6)
                                        ORDER BY sequence DESC LIMIT 1)
 ORDER BY given.version DESC"""
# The same version again is no news, unless it was in force by the release only.
_PUBLISH: Final = """/* benefits.publish_policy */
INSERT INTO policy_publication (region_code, version, shipped)
SELECT left($1, 6), $1, false
 WHERE NOT EXISTS (
       SELECT FROM (SELECT version, shipped FROM policy_publication
                     WHERE region_code = left($1, 6) ORDER BY sequence DESC LIMIT 1) last
        WHERE last.version = $1 AND NOT last.shipped)"""
_LIST: Final = """/* benefits.list_policies */
SELECT sequence, region_code, version, shipped, publish_time,
       NOT EXISTS (SELECT FROM policy_publication later
                    WHERE later.region_code = p.region_code
                      AND later.sequence > p.sequence) AS in_force
  FROM policy_publication p
 WHERE ($1 = '' OR region_code = $1) AND ($2::bigint IS NULL OR sequence < $2)
 ORDER BY sequence DESC LIMIT $3"""
_LIST_NEWS: Final = """/* benefits.list_policy_news */
SELECT DISTINCT ON (region_code) region_code, sequence, version
  FROM policy_publication
 WHERE sequence > $1 AND NOT shipped
 ORDER BY region_code, sequence DESC"""


@dataclass(frozen=True, slots=True)
class PolicyVersion:
    """A version of a region's policy, and when it came into force."""

    version: str
    region_code: str
    shipped: bool
    """By a release; else by a publication."""
    publish_time: datetime | None
    """None: it never came into force here."""
    in_force: bool
    sequence: int = 0
    """Of a row of the log."""


@dataclass(frozen=True, slots=True)
class News:
    """The last publication of a region."""

    region_code: str
    sequence: int
    version: str


async def lock(connection: Connection) -> None:
    """Makes other writers wait until this transaction ends."""
    await connection.execute(_LOCK)


async def add_versions(
    connection: Connection, packs: Mapping[str, Mapping[str, bytes]], *, shipped: bool
) -> None:
    """Keeps the files of versions, by version; those that are kept already stay as they are."""
    blobs = [_deflate(files) for files in packs.values()]
    await connection.execute(_ADD_VERSIONS, list(packs), blobs, shipped)


async def ship(connection: Connection, versions: Sequence[str]) -> None:
    """Logs versions of a release as in force where nothing was published; holds the lock."""
    await connection.execute(_SHIP, versions)


async def publish(connection: Connection, version: str) -> None:
    """Puts a version in force, unless it is by an earlier publication; holds the lock."""
    await connection.execute(_PUBLISH, version)


async def find_files(connection: Connection, version: str) -> Mapping[str, bytes] | None:
    """Returns the files of a version, or None."""
    row = await connection.fetchrow(_FIND_FILES, version)
    return None if row is None else _inflate(row["files"])


async def find_version(
    connection: Connection, version: str
) -> tuple[PolicyVersion, Mapping[str, bytes]] | None:
    """Returns a version as it last came into force, with its files, or None."""
    row = await connection.fetchrow(_FIND_VERSION, version)
    return None if row is None else (_version(row), _inflate(row["files"]))


async def find_in_force(connection: Connection, region_code: str) -> str:
    """Returns the version that is in force for a region; empty: none."""
    row = await connection.fetchrow(_FIND_IN_FORCE, region_code)
    return "" if row is None else row["version"]


async def list_versions(
    connection: Connection, region_code: str, *, before: int | None, limit: int
) -> list[PolicyVersion]:
    """Returns what came into force, newest first, before a sequence; empty region: of all."""
    rows = await connection.fetch(_LIST, region_code, before, limit)
    return [_version(row, row["sequence"]) for row in rows]


async def list_news(connection: Connection, after: int) -> list[News]:
    """Returns the last publication of each region that has one after a sequence."""
    return [News(**row) for row in await connection.fetch(_LIST_NEWS, after)]


def _version(row: Any, sequence: int = 0) -> PolicyVersion:
    return PolicyVersion(
        version=row["version"],
        region_code=row["region_code"],
        shipped=row["shipped"],
        publish_time=row["publish_time"],
        in_force=row["in_force"],
        sequence=sequence,
    )


def _deflate(files: Mapping[str, bytes]) -> bytes:
    texts = {name: content.decode("utf-8") for name, content in files.items()}
    return zlib.compress(json.dumps(texts, ensure_ascii=False).encode())


def _inflate(blob: bytes) -> Mapping[str, bytes]:
    return {name: text.encode() for name, text in json.loads(zlib.decompress(blob)).items()}

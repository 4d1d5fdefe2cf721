"""What PolicyService does, one function each."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

from services.benefits import policy_store
from services.benefits.domain.errors import PolicyRefused
from services.benefits.domain.snapshot import areas_of
from services.benefits.policies import policy_files, read_pack
from services.kit.errors import Absent, InvalidArgument

if TYPE_CHECKING:
    from collections.abc import Mapping

    from services.benefits.policy_book import Policies
    from services.benefits.policy_store import PolicyVersion
    from services.kit.db import Connection, Database

# A text of the pack may be quoted in a refusal; an error must stay far below what a reply can hold.
_TEXT_MAX: Final = 300


async def check(policies: Policies, region_code: str, files: Mapping[str, bytes]) -> str:
    """Returns the version that a pack would have; writes nothing.

    Raises:
        InvalidArgument: POLICY_REFUSED, with file, line, path and what would be right.
    """
    if not policies.serves(region_code):
        raise _refused(
            PolicyRefused(
                file=region_code,
                path="(top)",
                problem="is not a region of this service",
                right="publish it to the service of that region, or add it to YIJIE_POLICY_REGIONS",
            )
        )
    try:
        # In a thread: other calls go on while a pack is read.
        pack = await asyncio.to_thread(read_pack, region_code, files)
    except PolicyRefused as refused:
        raise _refused(refused) from refused
    return pack.version


async def publish(
    connection: Connection, version: str, files: Mapping[str, bytes]
) -> PolicyVersion:
    """Keeps a checked version and puts it in force.

    Raises:
        InvalidArgument: POLICY_REFUSED, where another text has this version already.
    """
    files = policy_files(files)
    await policy_store.lock(connection)
    await policy_store.add_versions(connection, {version: files}, shipped=False)
    await policy_store.publish(connection, version)
    found = await policy_store.find_version(connection, version)
    assert found is not None  # noqa: S101 - written above, never deleted
    if found[1] != files:
        raise _refused(
            PolicyRefused(
                file=f"{version[:6]}/index.yaml",
                path="version",
                problem="another text is known by this version",
                right="give the pack another version",
            )
        )
    return found[0]


async def get(database: Database, name: str) -> tuple[PolicyVersion, Mapping[str, bytes]]:
    """Returns a version with its files; a region stands for the version in force there.

    A county or an agency stands for the area whose policy covers it.

    Raises:
        Absent: RESOURCE_NOT_FOUND.
    """
    async with database.connection() as connection:
        version = name
        if "@" not in name:
            for area in areas_of(name):
                version = await policy_store.find_in_force(connection, area)
                if version:
                    break
        found = await policy_store.find_version(connection, version) if version else None
    if found is None:
        raise Absent("RESOURCE_NOT_FOUND", "no such policy", field="policy_version")
    return found


async def list_versions(
    database: Database, region_code: str, *, before: int | None, limit: int
) -> list[PolicyVersion]:
    """Returns what came into force, newest first, before a row; empty region: of all."""
    async with database.connection() as connection:
        return await policy_store.list_versions(connection, region_code, before=before, limit=limit)


def read_files(files: list[tuple[str, bytes]]) -> Mapping[str, bytes]:
    """Returns files by name.

    Raises:
        InvalidArgument: POLICY_REFUSED, a name stands twice.
    """
    found: dict[str, bytes] = {}
    for name, content in files:
        if name in found:
            raise _refused(
                PolicyRefused(file=name, path="(top)", problem="stands twice", right="send it once")
            )
        found[name] = content
    return found


def _refused(refused: PolicyRefused) -> InvalidArgument:
    texts = {
        "file": refused.file,
        "line": "" if refused.line is None else str(refused.line),
        "path": refused.path,
        "problem": refused.problem,
        "right": refused.right,
    }
    return InvalidArgument(
        "POLICY_REFUSED",
        "the policy pack is refused; file, line, path, problem and right tell what to mend",
        metadata={key: text[:_TEXT_MAX] for key, text in texts.items()},
    )

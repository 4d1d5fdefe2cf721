"""Goal: a process never goes back to a version that it knows to be replaced.

Method: two callers at once, of which one was told of the older version and waits for the other.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import replace

from services.catalogue import snapshots as module
from services.catalogue.domain.model import Version
from services.catalogue.snapshots import Snapshots
from tests.unit.classification.samples import item, snapshot

OLDER = Version(
    version_id=1, region_code="640000", version="v1", item_count=1, publication_sequence=1
)
NEWER = replace(OLDER, version_id=2, version="v2", publication_sequence=2)


class Database:
    @contextlib.asynccontextmanager
    async def connection(self) -> AsyncIterator[None]:
        yield None


async def test_who_waited_with_an_older_version_takes_the_newer_one_in_place(monkeypatch):
    told = iter((NEWER, OLDER, NEWER))
    loaded = []
    go_on = asyncio.Event()

    async def find_published(*_arguments) -> Version:
        return next(told)

    async def load_snapshot(_database, version: Version):
        loaded.append(version.version)
        await go_on.wait()
        return snapshot(item(), version=version.version)

    monkeypatch.setattr(module.store, "find_published", find_published)
    monkeypatch.setattr(module, "load_snapshot", load_snapshot)
    snapshots = Snapshots(Database())
    first = asyncio.create_task(snapshots.newest("640000"))
    await asyncio.sleep(0)
    second = asyncio.create_task(snapshots.newest("640000"))
    await asyncio.sleep(0)
    go_on.set()
    assert {version.version for version, _ in await asyncio.gather(first, second)} == {"v2"}
    assert (await snapshots.newest("640000"))[0] == NEWER
    assert loaded == ["v2"]

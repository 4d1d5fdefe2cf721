"""Published versions as chunks: made at publication, streamed to whoever keeps them in memory."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

from services.catalogue import chunk_store, store
from services.catalogue.domain.model import START
from services.classification.building import Builder
from services.classification.chunk_wire import CHUNK_ENTRIES, read_part, write_chunks
from services.classification.snapshot import Snapshot
from yijie.catalogue.v1.catalogue_service_pb2 import DownloadSnapshotResponse

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from services.catalogue.domain.model import Version
    from services.classification.model import CatalogueItem
    from services.kit.db import Connection, Database

_PAGE: Final = 2000
"""Items read at once, so that a large catalogue does not hold up other calls."""


async def store_chunks(connection: Connection, version_id: int) -> None:
    """Makes the chunks of a version that is complete, in the caller's transaction."""
    after, count, ordinal = START, 0, 0
    items: list[CatalogueItem] = []
    while True:
        page = await store.list_items(connection, version_id, after, _PAGE)
        items.extend(page)
        if items and (len(page) < _PAGE or len(items) >= CHUNK_ENTRIES):
            contents = await asyncio.to_thread(_contents, items, count)
            await chunk_store.add_chunks(connection, version_id, ordinal, contents)
            ordinal += len(contents)
            count += len(items)
            items = []
        if len(page) < _PAGE:
            return
        after = (page[-1].item_code, page[-1].begin_date)


async def chunks_of(
    database: Database, version: Version
) -> AsyncIterator[DownloadSnapshotResponse]:
    """Yields the chunks of a published version in order, without the version in them.

    Those of a version that was published before there were chunks are made now.
    """
    async with database.connection() as connection:
        made = await chunk_store.has_chunks(connection, version.version_id)
    if not made:
        await _make(database, version.version_id)
    ordinal = 0
    while True:
        async with database.connection() as connection:
            content = await chunk_store.find_chunk(connection, version.version_id, ordinal)
        if content is None:
            return
        yield DownloadSnapshotResponse.FromString(content)
        ordinal += 1


async def load_snapshot(database: Database, version: Version) -> Snapshot:
    """Returns a published version's snapshot; other calls go on while it is put together."""
    builder = Builder()
    async for chunk in chunks_of(database, version):
        for _ in builder.add(read_part(chunk)):
            await asyncio.sleep(0)
    return Snapshot(
        region_code=version.region_code, version=version.version, items=builder.finish()
    )


async def _make(database: Database, version_id: int) -> None:
    async def work(connection: Connection) -> None:
        await chunk_store.lock_chunks(connection, version_id)
        if not await chunk_store.has_chunks(connection, version_id):
            await store_chunks(connection, version_id)

    await database.run("catalogue.make_chunks", work)


def _contents(items: Sequence[CatalogueItem], first_index: int) -> list[bytes]:
    return [chunk.SerializeToString() for chunk in write_chunks(items, first_index)]

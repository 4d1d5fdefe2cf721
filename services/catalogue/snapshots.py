"""Snapshots held in this process, and the news of publications.

A snapshot is loaded on the first use of a version and dropped for the next one; versions never
change, so there is nothing to invalidate but the number of the newest.
"""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING

from services.catalogue import metrics, store
from services.catalogue.chunks import load_snapshot
from services.catalogue.domain.errors import NotPublished
from services.kit.errors import DomainError
from services.kit.log import get_logger

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from services.catalogue.domain.model import Version
    from services.classification.snapshot import Snapshot
    from services.kit.db import Database


class Snapshots:
    """The newest snapshot of each region that was asked for."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._held: dict[str, tuple[Version, Snapshot]] = {}
        self._loading: dict[str, asyncio.Lock] = {}

    async def newest(self, region_code: str) -> tuple[Version, Snapshot]:
        """Returns the region's newest published version, loaded once.

        Raises:
            NotPublished: the region has none.
        """
        async with self._database.connection() as connection:
            version = await store.find_published(connection, region_code, "")
        if version is None:
            raise NotPublished(region_code)
        held = self._held.get(region_code)
        if held is not None and held[0] == version:
            return held
        async with self._loading.setdefault(region_code, asyncio.Lock()):
            held = self._held.get(region_code)
            # Who waited here may have been told of a version that another one has replaced by now.
            if held is None or held[0].publication_sequence < version.publication_sequence:
                held = self._held[region_code] = (
                    version,
                    await load_snapshot(self._database, version),
                )
                metrics.SNAPSHOT_ITEMS.labels(region_code).set(version.item_count)
            return held


class Publications:
    """Tells watchers of publications: at once those of this process, else at the next look."""

    def __init__(self, database: Database, *, poll_s: float, heartbeat_s: float) -> None:
        """Looks for publications of other processes every `poll_s` seconds."""
        self._database = database
        self._poll_s = poll_s
        self._heartbeat_s = heartbeat_s
        self._news = asyncio.Event()
        self._last = 0
        self._closed = False

    async def watch(self, after: int) -> AsyncIterator[Version | None]:
        """Yields the versions published after a number, as they are published.

        After 0 it begins with the newest of every region. Yields None once when all that was there
        has been told, then as a sign of life. Ends when the service drains; the watcher comes back
        with the number of the last one that it saw.
        """
        seen = after
        newest_only = after == 0
        told_all = False
        while not self._closed:
            news = self._news
            for version in await self._published_after(seen, newest_only=newest_only):
                yield version
                seen = max(seen, version.publication_sequence or 0)
            newest_only = False
            if not told_all:
                told_all = True
                yield None
            try:
                await asyncio.wait_for(news.wait(), self._heartbeat_s)
            except TimeoutError:
                yield None

    async def _published_after(self, seen: int, *, newest_only: bool) -> list[Version]:
        async with self._database.connection() as connection:
            if newest_only:
                return await store.list_newest(connection)
            return await store.list_published_after(connection, seen)

    def announce(self) -> None:
        """Wakes the watchers, who look for themselves."""
        news, self._news = self._news, asyncio.Event()
        news.set()

    def close(self) -> None:
        """Ends every watch, so that draining does not wait for streams that never end."""
        self._closed = True
        self.announce()

    @contextlib.asynccontextmanager
    async def followed(self) -> AsyncIterator[None]:
        """Looks for publications of other processes while the block runs."""
        task = asyncio.create_task(self._follow())
        try:
            yield
        finally:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task

    async def _follow(self) -> None:
        while True:
            try:
                async with self._database.connection() as connection:
                    last = await store.last_publication(connection)
                if last != self._last:
                    self._last = last
                    self.announce()
            except DomainError as error:
                get_logger().warning("publications cannot be read", reason=error.reason)
            await asyncio.sleep(self._poll_s)

"""The catalogues in process: loaded whole at start, replaced whole when a version is published.

A bill is split by the snapshot that is in place when it arrives; there is no hop per bill, and a
catalogue service that is down stops no settlement.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Any

import grpc

from services.classification import wire
from services.classification.snapshot import Snapshot
from services.kit import codes
from services.kit.errors import DomainError, RuleForbids
from services.kit.log import get_logger
from services.settlement import metrics
from yijie.catalogue.v1 import catalogue_service_pb2 as pb

_PAGE_SIZE = 5000
_PAGE_TIMEOUT_S = 10.0
_RETRY_S = 0.5
FIRST_LOAD_TIMEOUT_S = 60.0


class Snapshots:
    """The newest published snapshot of every care province."""

    def __init__(self, stub: Any) -> None:
        self._stub = stub
        self._by_province: dict[str, Snapshot] = {}
        self._sequence = 0
        self._loaded = asyncio.Event()

    def of(self, care_region_code: str) -> Snapshot:
        """Returns the snapshot in place. Raises CATALOGUE_NOT_PUBLISHED."""
        province = codes.province_of(care_region_code)
        snapshot = self._by_province.get(province)
        if snapshot is None:
            raise RuleForbids(
                "CATALOGUE_NOT_PUBLISHED",
                "no catalogue of the care region is published",
                field="bill.care_region_code",
                metadata={"regionCode": province},
            )
        return snapshot

    @contextlib.asynccontextmanager
    async def following(self) -> AsyncIterator[None]:
        """Follows publications while the block runs; enters when all present ones are loaded."""
        task = asyncio.create_task(self._follow())
        try:
            await asyncio.wait_for(self._loaded.wait(), FIRST_LOAD_TIMEOUT_S)
            yield
        finally:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task

    async def _follow(self) -> None:
        while True:
            try:
                request = pb.WatchSnapshotsRequest(after_publication_sequence=self._sequence)
                async for announced in self._stub.WatchSnapshots(request, wait_for_ready=True):
                    if not announced.HasField("version"):
                        self._loaded.set()
                        continue
                    await self._take(announced.version)
            except grpc.aio.AioRpcError as error:
                get_logger().info("snapshot feed ended", callee="catalogue", code=error.code().name)
            await asyncio.sleep(_RETRY_S)

    async def _take(self, version: Any) -> None:
        try:
            await self._load(version)
        except (DomainError, ArithmeticError, LookupError, ValueError) as error:
            # One region's bad version must not end the following of all: the one before stays.
            get_logger().error(
                "snapshot refused",
                region=version.region_code,
                version=version.version,
                reason=getattr(error, "reason", type(error).__name__),
            )
        self._sequence = max(self._sequence, version.publication_sequence)

    async def _load(self, version: Any) -> None:
        items = []
        request = pb.GetSnapshotRequest(
            region_code=version.region_code, version=version.version, page_size=_PAGE_SIZE
        )
        while True:
            page = await self._stub.GetSnapshot(request, timeout=_PAGE_TIMEOUT_S)
            items += [
                wire.read_item(item, f"items[{index}]") for index, item in enumerate(page.items)
            ]
            # Leave the loop to bills between pages: a load must not hold a window up.
            await asyncio.sleep(0)
            if not page.next_page_token:
                break
            request.page_token = page.next_page_token
        snapshot = await asyncio.to_thread(
            Snapshot, region_code=version.region_code, version=version.version, items=items
        )
        self._by_province[version.region_code] = snapshot
        metrics.SNAPSHOT_ITEMS.labels(version.region_code).set(len(items))
        get_logger().info(
            "snapshot in place",
            region=version.region_code,
            version=version.version,
            count=len(items),
        )

"""The catalogues in process: loaded whole at start, replaced whole when a version is published.

A bill is split by the snapshot that is in place when it arrives; there is no hop per bill, and a
catalogue service that is down stops no settlement. A new version is put together beside the one in
place, in slices of about a millisecond between which bills go on, and takes its place when it is
whole. The zones of mutual recognition come the same way, at start and with each publication. What
of one region cannot be loaded leaves its version before in place and holds up no other region.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Any

import grpc

from services.classification.building import Builder
from services.classification.chunk_wire import read_part, read_zone
from services.classification.snapshot import Snapshot
from services.classification.zones import Recognition, Zone, recognition_of
from services.kit import codes
from services.kit.errors import DomainError, RuleForbids
from services.kit.log import get_logger
from services.settlement import metrics
from yijie.catalogue.v1 import catalogue_service_pb2 as pb

_LOAD_TIMEOUT_S = 60.0
_ZONES_TIMEOUT_S = 10.0
_RETRY_S = 0.5
FIRST_LOAD_TIMEOUT_S = 60.0
_GONE = frozenset({grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.CANCELLED})
"""The service itself cannot be reached; any other code is about what was asked for."""
_UNREADABLE = (DomainError, ArithmeticError, LookupError, ValueError)


class Snapshots:
    """The newest published snapshot of every care province."""

    def __init__(self, stub: Any) -> None:
        self._stub = stub
        self._by_province: dict[str, Snapshot] = {}
        self._zones: tuple[Zone, ...] = ()
        self._sequence = 0
        # By province; asked for again with each sign of life.
        self._missed: dict[str, Any] = {}
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

    def recognition(self, *, care_region_code: str, insured_region_code: str) -> Recognition | None:
        """Returns what zones let the insured region's catalogue stand in for; None: nothing."""
        insured = self._by_province.get(codes.province_of(insured_region_code))
        if insured is None or not self._zones:
            return None
        care_province = codes.province_of(care_region_code)
        return recognition_of(self._zones, care_province=care_province, insured=insured)

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
                await self._load_zones()
                request = pb.WatchSnapshotsRequest(after_publication_sequence=self._sequence)
                async for announced in self._stub.WatchSnapshots(request, wait_for_ready=True):
                    if announced.HasField("version"):
                        await self._load_zones()
                        await self._take(announced.version)
                        continue
                    for version in tuple(self._missed.values()):
                        await self._take(version)
                    self._loaded.set()
            except grpc.aio.AioRpcError as error:
                get_logger().info("snapshot feed ended", callee="catalogue", code=error.code().name)
            await asyncio.sleep(_RETRY_S)

    async def _take(self, version: Any) -> None:
        missed = self._missed.pop(version.region_code, None)
        try:
            await self._load(version)
        except _UNREADABLE as error:
            # It would be no better the next time.
            self._refused(version, getattr(error, "reason", type(error).__name__))
        except grpc.aio.AioRpcError as error:
            self._missed[version.region_code] = version
            if error.code() in _GONE:
                raise
            if missed is None:
                self._refused(version, error.code().name)
        self._sequence = max(self._sequence, version.publication_sequence)

    def _refused(self, version: Any, reason: str) -> None:
        get_logger().error(
            "snapshot refused", region=version.region_code, version=version.version, reason=reason
        )

    async def _load(self, version: Any) -> None:
        builder = Builder()
        request = pb.DownloadSnapshotRequest(
            region_code=version.region_code, version=version.version
        )
        async for chunk in self._stub.DownloadSnapshot(request, timeout=_LOAD_TIMEOUT_S):
            _check(chunk, version, len(builder))
            for _ in builder.add(read_part(chunk)):
                # Leave the loop to bills: a load must not hold a window up.
                await asyncio.sleep(0)
        if len(builder) != version.item_count:
            msg = "a snapshot lacks entries"
            raise ValueError(msg)
        self._by_province[version.region_code] = Snapshot(
            region_code=version.region_code, version=version.version, items=builder.finish()
        )
        metrics.SNAPSHOT_ITEMS.labels(version.region_code).set(len(builder))
        get_logger().info(
            "snapshot in place",
            region=version.region_code,
            version=version.version,
            count=len(builder),
        )

    async def _load_zones(self) -> None:
        try:
            self._zones = await self._applied_zones()
        except _UNREADABLE as error:
            reason = getattr(error, "reason", type(error).__name__)
            get_logger().error("zones refused", reason=reason)
        except grpc.aio.AioRpcError as error:
            if error.code() in _GONE:
                raise
            get_logger().error("zones refused", reason=error.code().name)

    async def _applied_zones(self) -> tuple[Zone, ...]:
        zones: list[Zone] = []
        request = pb.ListZonesRequest()
        while True:
            page = await self._stub.ListZones(request, timeout=_ZONES_TIMEOUT_S)
            zones += [read_zone(zone) for zone in page.zones if zone.applied]
            if not page.next_page_token:
                return tuple(zones)
            request.page_token = page.next_page_token


def _check(chunk: Any, version: Any, count: int) -> None:
    named, wanted = chunk.version, (version.region_code, version.version, count)
    if (named.region_code, named.version, chunk.first_index) != wanted:
        msg = "a chunk is not the next of its version"
        raise ValueError(msg)

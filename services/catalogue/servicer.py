"""The contract of the catalogue service ⇄ its use cases."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Final

from services.catalogue import comparisons, imports, metrics, usecases
from services.catalogue.chunks import chunks_of
from services.catalogue.messages import (
    REFERENCE_KIND_OF,
    fitting,
    read_batch,
    read_compared,
    read_position,
    write_difference,
    write_imported,
    write_summary,
    write_version,
    write_zone,
)
from services.catalogue.references import find_references
from services.catalogue.rehearsal import once_or_rehearsed
from services.classification.wire import read_context, read_line, write_item, write_line_split
from services.kit import call as calls
from services.kit.idempotency import once
from services.kit.paging import page_size, read_key, read_token, row_number, write_token
from services.kit.wire import read_optional_date
from yijie.catalogue.v1 import catalogue_service_pb2, catalogue_service_pb2_grpc

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from services.catalogue.domain.zones import Zone
    from services.catalogue.snapshots import Publications, Snapshots
    from services.kit.db import Connection, Database

FULL_NAME: Final = "yijie.catalogue.v1.CatalogueService"
_PAGE_DEFAULT: Final = 5000
_PAGE_MAX: Final = 10_000
_NEWEST: Final = (1 << 63) - 1


class CatalogueServicer(catalogue_service_pb2_grpc.CatalogueServiceServicer):
    """Answers CatalogueService."""

    def __init__(
        self,
        database: Database,
        snapshots: Snapshots,
        publications: Publications,
        zones: Sequence[Zone],
    ) -> None:
        self._database = database
        self._snapshots = snapshots
        self._publications = publications
        self._zones = zones

    async def ImportCatalogue(self, request: Any, context: Any) -> Any:
        """Adds a batch to a version and may publish it."""
        calls.note(care_region=request.region_code)
        batch = read_batch(request)

        async def work(connection: Connection) -> Any:
            return write_imported(await imports.import_batch(connection, batch))

        response = await once_or_rehearsed(
            self._database, request, catalogue_service_pb2.ImportCatalogueResponse, work
        )
        if not request.dry_run:
            metrics.ITEMS_IMPORTED.labels("accepted").inc(response.accepted_count)
            metrics.ITEMS_IMPORTED.labels("refused").inc(len(response.refused_items))
        if response.HasField("published_version"):
            self._publications.announce()
        return response

    async def GetSnapshot(self, request: Any, context: Any) -> Any:
        """Answers a page of a published version; later pages are of the first page's version."""
        label, after = read_position(request)
        limit = page_size(request, default=_PAGE_DEFAULT, maximum=_PAGE_MAX)
        version, items = await usecases.snapshot_page(
            self._database,
            region_code=request.region_code,
            version=label,
            after=after,
            limit=limit + 1,
        )
        page = fitting(map(write_item, items[:limit]))
        response = catalogue_service_pb2.GetSnapshotResponse(
            version=write_version(version), items=page
        )
        if len(page) < len(items):
            last = items[len(page) - 1]
            key = (version.version, last.item_code, last.begin_date.isoformat())
            response.next_page_token = write_token(request, key)
        return response

    async def WatchSnapshots(self, request: Any, context: Any) -> AsyncIterator[Any]:
        """Announces publications until the watcher leaves or the service drains."""
        async for version in self._publications.watch(request.after_publication_sequence):
            yield catalogue_service_pb2.WatchSnapshotsResponse(
                version=None if version is None else write_version(version)
            )

    async def ClassifyLines(self, request: Any, context: Any) -> Any:
        """Splits fee lines by the region's newest version."""
        calls.note(care_region=request.region_code)
        lines = [read_line(line, f"lines[{index}]") for index, line in enumerate(request.lines)]
        classified = await usecases.classify(
            self._snapshots,
            region_code=request.region_code,
            lines=lines,
            context=read_context(request.context, "context"),
        )
        return catalogue_service_pb2.ClassifyLinesResponse(
            lines=[write_line_split(split) for split in classified.splits],
            version=write_version(classified.version),
        )

    async def DownloadSnapshot(self, request: Any, context: Any) -> AsyncIterator[Any]:
        """Streams the chunks of a published version."""
        version = await usecases.find_version(self._database, request.region_code, request.version)
        async for chunk in chunks_of(self._database, version):
            chunk.version.CopyFrom(write_version(version))
            yield chunk

    async def ListVersions(self, request: Any, context: Any) -> Any:
        """Answers a page of a region's versions, newest first."""
        limit = page_size(request)
        before = read_key(request, row_number)
        versions = await usecases.list_versions(
            self._database,
            region_code=request.region_code,
            before=_NEWEST if before is None else before,
            limit=limit + 1,
        )
        response = catalogue_service_pb2.ListVersionsResponse(
            versions=map(write_version, versions[:limit])
        )
        if len(versions) > limit:
            key = (str(versions[limit - 1].publication_sequence),)
            response.next_page_token = write_token(request, key)
        return response

    async def RepublishVersion(self, request: Any, context: Any) -> Any:
        """Publishes the content of an earlier version again."""
        calls.note(care_region=request.region_code)

        async def work(connection: Connection) -> Any:
            version = await imports.republish(
                connection,
                region_code=request.region_code,
                from_version=request.from_version,
                version=request.version,
            )
            return catalogue_service_pb2.RepublishVersionResponse(version=write_version(version))

        response = await once(
            self._database, request, catalogue_service_pb2.RepublishVersionResponse, work
        )
        self._publications.announce()
        return response

    async def CompareVersions(self, request: Any, context: Any) -> Any:
        """Answers a page of differences; later pages are of the first page's versions."""
        version, other_version, after = read_compared(request)
        limit = page_size(request)
        found = await comparisons.compare(
            self._database,
            self._zones,
            comparisons.Question(
                region_code=request.region_code,
                version=version,
                other_region_code=request.other_region_code,
                other_version=other_version,
                on_date=read_optional_date(request.on_date, "on_date"),
                list_type_code=request.list_type_code,
                after=after,
                limit=limit + 1,
            ),
        )
        page = fitting(map(write_difference, found.differences[:limit]))
        response = catalogue_service_pb2.CompareVersionsResponse(
            differences=page, summary=write_summary(found.summary)
        )
        if len(page) < len(found.differences):
            key = (found.version.version, found.other_version.version, page[-1].item_code)
            response.next_page_token = write_token(request, key)
        return response

    async def ListReferenceCodes(self, request: Any, context: Any) -> Any:
        """Answers a page of a national code list."""
        key = read_token(request)
        limit = page_size(request)
        # In a thread: the first use reads a file, and a search looks at tens of thousands of names.
        found = await asyncio.to_thread(
            find_references,
            REFERENCE_KIND_OF[request.kind],
            code_prefix=request.code_prefix,
            name_contains=request.name_contains,
            after=key[0] if key else "",
            limit=limit + 1,
        )
        response = catalogue_service_pb2.ListReferenceCodesResponse()
        for reference in found[:limit]:
            response.codes.add(code=reference.code, name=reference.name)
        if len(found) > limit:
            response.next_page_token = write_token(request, (found[limit - 1].code,))
        return response

    async def ListZones(self, request: Any, context: Any) -> Any:
        """Answers a page of the zones of mutual recognition."""
        key = read_token(request)
        limit = page_size(request)
        on_date = read_optional_date(request.on_date, "on_date")
        found = [
            zone
            for zone in self._zones
            if (on_date is None or zone.holds_on(on_date)) and (not key or zone.zone_id > key[0])
        ]
        response = catalogue_service_pb2.ListZonesResponse(zones=map(write_zone, found[:limit]))
        if len(found) > limit:
            response.next_page_token = write_token(request, (found[limit - 1].zone_id,))
        return response

"""The contract of the catalogue service ⇄ its use cases."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any, Final

from services.catalogue import metrics, usecases
from services.catalogue.domain.model import START
from services.classification.wire import read_item, read_line, write_item, write_line_split
from services.kit import call as calls
from services.kit.errors import InvalidArgument
from services.kit.idempotency import once
from services.kit.paging import page_size, read_key, write_token
from services.kit.status import to_status
from yijie.catalogue.v1 import catalogue_pb2, catalogue_service_pb2, catalogue_service_pb2_grpc

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from services.catalogue.domain.model import Version
    from services.catalogue.snapshots import Publications, Snapshots
    from services.classification.model import CatalogueItem
    from services.kit.db import Connection, Database
    from services.kit.errors import DomainError

SERVICE: Final = "catalogue"
FULL_NAME: Final = "yijie.catalogue.v1.CatalogueService"
_PAGE_DEFAULT: Final = 5000
_PAGE_MAX: Final = 10_000
_PAGE_BYTES_MAX: Final = 3 * 1024 * 1024
"""Of a page's entries: what leaves room below the 4 MiB that a client receives."""


class CatalogueServicer(catalogue_service_pb2_grpc.CatalogueServiceServicer):
    """Answers CatalogueService."""

    def __init__(
        self, database: Database, snapshots: Snapshots, publications: Publications
    ) -> None:
        self._database = database
        self._snapshots = snapshots
        self._publications = publications

    async def ImportCatalogue(self, request: Any, context: Any) -> Any:
        """Adds a batch to a version and may publish it."""
        calls.note(care_region=request.region_code)
        batch = [_read(message, index) for index, message in enumerate(request.items)]

        async def work(connection: Connection) -> Any:
            imported = await usecases.import_batch(
                connection,
                region_code=request.region_code,
                version=request.version,
                batch=batch,
                publish=request.publish,
            )
            return _import_response(imported)

        response = await once(
            self._database, request, catalogue_service_pb2.ImportCatalogueResponse, work
        )
        metrics.ITEMS_IMPORTED.labels("accepted").inc(response.accepted_count)
        metrics.ITEMS_IMPORTED.labels("refused").inc(len(response.refused_items))
        if response.HasField("published_version"):
            self._publications.announce()
        return response

    async def GetSnapshot(self, request: Any, context: Any) -> Any:
        """Answers a page of a published version; later pages are of the first page's version."""
        label, after = _position(request)
        limit = page_size(request, default=_PAGE_DEFAULT, maximum=_PAGE_MAX)
        version, items = await usecases.snapshot_page(
            self._database,
            region_code=request.region_code,
            version=label,
            after=after,
            limit=limit + 1,
        )
        page = _fitting(items[:limit])
        response = catalogue_service_pb2.GetSnapshotResponse(
            version=_write_version(version), items=page
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
                version=None if version is None else _write_version(version)
            )

    async def ClassifyLines(self, request: Any, context: Any) -> Any:
        """Splits fee lines by the region's newest version."""
        calls.note(care_region=request.region_code)
        lines = [read_line(line, f"lines[{index}]") for index, line in enumerate(request.lines)]
        classified = await usecases.classify(
            self._snapshots, region_code=request.region_code, lines=lines
        )
        return catalogue_service_pb2.ClassifyLinesResponse(
            lines=[write_line_split(split) for split in classified.splits],
            version=_write_version(classified.version),
        )


def _read(message: Any, index: int) -> CatalogueItem | DomainError:
    try:
        return read_item(message, f"items[{index}]")
    except InvalidArgument as error:
        return error


def _import_response(imported: usecases.Imported) -> Any:
    response = catalogue_service_pb2.ImportCatalogueResponse(accepted_count=imported.accepted_count)
    for refusal in imported.refusals:
        response.refused_items.add(index=refusal.index, error=to_status(refusal.error, SERVICE))
    if imported.published is not None:
        response.published_version.CopyFrom(_write_version(imported.published))
    return response


def _write_version(version: Version) -> Any:
    return catalogue_pb2.CatalogueVersion(
        region_code=version.region_code,
        version=version.version,
        item_count=version.item_count,
        publication_sequence=version.publication_sequence,
    )


def _position(request: Any) -> tuple[str, tuple[str, date]]:
    """Returns the version to read and the key after which the page begins."""
    position = read_key(request, _parse_position)
    return (request.version, START) if position is None else position


def _parse_position(label: str, item_code: str, begin_date: str) -> tuple[str, tuple[str, date]]:
    return label, (item_code, date.fromisoformat(begin_date))


def _fitting(items: Sequence[CatalogueItem]) -> list[Any]:
    page: list[Any] = []
    left = _PAGE_BYTES_MAX
    for item in items:
        message = write_item(item)
        left -= message.ByteSize()
        if left < 0 and page:
            break
        page.append(message)
    return page

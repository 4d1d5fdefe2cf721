"""The contract of MappingService ⇄ its use cases."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from services.catalogue import mapping_usecases as usecases
from services.catalogue import metrics
from services.catalogue.domain.mapping import CONFLICT_KINDS
from services.catalogue.mapping_messages import (
    read_batch,
    read_confirmed,
    read_conflict_position,
    read_owner,
    read_unmapped_position,
    write_confirmed,
    write_conflict,
    write_coverage,
    write_imported,
    write_resolution,
    write_suggestion,
    write_unmapped,
    write_version,
)
from services.catalogue.rehearsal import once_or_rehearsed
from services.kit.clock import civil_date
from services.kit.idempotency import once
from services.kit.paging import page_size, read_key, row_number, write_token
from services.kit.wire import read_optional_date
from yijie.catalogue.v1 import mapping_service_pb2, mapping_service_pb2_grpc

if TYPE_CHECKING:
    from datetime import date

    from services.catalogue.suggestions import Suggester
    from services.kit.clock import Clock
    from services.kit.db import Connection, Database

FULL_NAME: Final = "yijie.catalogue.v1.MappingService"
_NEWEST: Final = (1 << 63) - 1
_SUGGESTIONS_DEFAULT: Final = 5
_SUGGESTIONS_MAX: Final = 20


class MappingServicer(mapping_service_pb2_grpc.MappingServiceServicer):
    """Answers MappingService."""

    def __init__(self, database: Database, suggester: Suggester, clock: Clock) -> None:
        self._database = database
        self._suggester = suggester
        self._clock = clock

    async def ImportMapping(self, request: Any, context: Any) -> Any:
        """Adds a batch to a version and may publish it."""
        batch = read_batch(request)

        async def work(connection: Connection) -> Any:
            return write_imported(await usecases.import_batch(connection, batch))

        response = await once_or_rehearsed(
            self._database, request, mapping_service_pb2.ImportMappingResponse, work
        )
        if not request.dry_run:
            metrics.MAPPING_ENTRIES_IMPORTED.labels("accepted").inc(response.accepted_count)
            metrics.MAPPING_ENTRIES_IMPORTED.labels("refused").inc(len(response.refused_entries))
        return response

    async def ListMappingVersions(self, request: Any, context: Any) -> Any:
        """Answers a page of an owner's versions, newest first."""
        limit = page_size(request)
        before = read_key(request, row_number)
        versions = await usecases.list_versions(
            self._database,
            owner_code=read_owner(request.owner),
            before=_NEWEST if before is None else before,
            limit=limit + 1,
        )
        response = mapping_service_pb2.ListMappingVersionsResponse(
            versions=map(write_version, versions[:limit])
        )
        if len(versions) > limit:
            key = (str(versions[limit - 1].publication_sequence),)
            response.next_page_token = write_token(request, key)
        return response

    async def RepublishMapping(self, request: Any, context: Any) -> Any:
        """Publishes the content of an earlier version again."""

        async def work(connection: Connection) -> Any:
            version = await usecases.republish(
                connection,
                owner_code=read_owner(request.owner),
                from_version=request.from_version,
                version=request.version,
            )
            return mapping_service_pb2.RepublishMappingResponse(version=write_version(version))

        return await once(
            self._database, request, mapping_service_pb2.RepublishMappingResponse, work
        )

    async def ResolveCodes(self, request: Any, context: Any) -> Any:
        """Answers national codes for an institution's codes, in their order."""
        label, resolutions = await usecases.resolve(
            self._database,
            institution_code=request.institution_code,
            source_codes=request.source_codes,
            on_date=self._day(request),
        )
        for resolution in resolutions:
            metrics.CODES_RESOLVED.labels(resolution.state).inc()
        return mapping_service_pb2.ResolveCodesResponse(
            codes=[write_resolution(resolution, label) for resolution in resolutions]
        )

    async def GetCoverage(self, request: Any, context: Any) -> Any:
        """Answers how much of an institution's items is mapped."""
        label, coverages = await usecases.cover(
            self._database,
            institution_code=request.institution_code,
            on_date=self._day(request),
        )
        return write_coverage(coverages, label)

    async def ListUnmappedItems(self, request: Any, context: Any) -> Any:
        """Answers a page of items that do not resolve; later pages are of the first's version."""
        label, after = read_unmapped_position(request)
        limit = page_size(request)
        version, items = await usecases.list_unmapped(
            self._database,
            institution_code=request.institution_code,
            version=label,
            on_date=self._day(request),
            after=after,
            limit=limit + 1,
        )
        response = mapping_service_pb2.ListUnmappedItemsResponse(
            items=map(write_unmapped, items[:limit])
        )
        if len(items) > limit:
            last = items[limit - 1].entry
            key = (version.version, str(last.period_amount_fen or 0), last.source_code)
            response.next_page_token = write_token(request, key)
        return response

    async def SuggestCodes(self, request: Any, context: Any) -> Any:
        """Answers the codes most like an item."""
        suggestions = await usecases.suggest(
            self._database,
            self._suggester,
            institution_code=request.institution_code,
            source_code=request.source_code,
            on_date=civil_date(self._clock.now()),
            count=min(request.count or _SUGGESTIONS_DEFAULT, _SUGGESTIONS_MAX),
        )
        return mapping_service_pb2.SuggestCodesResponse(
            suggestions=map(write_suggestion, suggestions)
        )

    async def ConfirmCodes(self, request: Any, context: Any) -> Any:
        """Publishes a new version with confirmed targets."""
        codes = [read_confirmed(message, index) for index, message in enumerate(request.codes)]

        async def work(connection: Connection) -> Any:
            return write_confirmed(
                await usecases.confirm_codes(
                    connection,
                    institution_code=request.institution_code,
                    version=request.version,
                    codes=codes,
                    officer_id=request.officer_id,
                )
            )

        return await once(self._database, request, mapping_service_pb2.ConfirmCodesResponse, work)

    async def ListMappingConflicts(self, request: Any, context: Any) -> Any:
        """Answers a page of what is wrong; later pages are of the first page's version."""
        label, after = read_conflict_position(request)
        limit = page_size(request)
        version, conflicts = await usecases.list_conflicts(
            self._database,
            owner_code=read_owner(request.owner),
            version=label,
            on_date=self._day(request),
            after=after,
            limit=limit + 1,
        )
        response = mapping_service_pb2.ListMappingConflictsResponse(
            conflicts=map(write_conflict, conflicts[:limit])
        )
        if len(conflicts) > limit:
            last = conflicts[limit - 1]
            kind = str(CONFLICT_KINDS.index(last.kind))
            response.next_page_token = write_token(
                request, (version.version, last.entry.source_code, kind)
            )
        return response

    def _day(self, request: Any) -> date:
        """Returns the date that a request asks about; absent: today."""
        stated = read_optional_date(request.on_date, "on_date")
        return civil_date(self._clock.now()) if stated is None else stated

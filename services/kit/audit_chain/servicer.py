"""AuditSourceService, as every service has it: proto ⇄ sources."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from services.kit import wire
from services.kit.audit_chain.sources import ENTRIES_MAX, read_position
from yijie.audit.v1 import audit_source_service_pb2, audit_source_service_pb2_grpc

if TYPE_CHECKING:
    from services.kit.audit_chain.sources import Page, SourceStore

FULL_NAME: Final = audit_source_service_pb2.DESCRIPTOR.services_by_name[
    "AuditSourceService"
].full_name


class AuditSourceServicer(audit_source_service_pb2_grpc.AuditSourceServiceServicer):
    """Gives the audit chain what the service has on record."""

    def __init__(self, sources: SourceStore) -> None:
        """Holds the sources."""
        self._sources = sources

    async def ReadEntries(self, request: Any, context: Any) -> Any:
        """Answers rows of a source in their order."""
        size = min(request.page_size or ENTRIES_MAX, ENTRIES_MAX)
        page = await self._sources.read(request.source, read_position(request.after), limit=size)
        return write_page(page)


def write_page(page: Page) -> Any:
    """Returns the answer that a page of rows is."""
    return audit_source_service_pb2.ReadEntriesResponse(
        entries=[
            audit_source_service_pb2.SourceEntry(
                position=str(row.position),
                kind=row.kind,
                event_time=wire.write_time(row.event_time),
                record_id=row.record_id,
                content=row.content,
            )
            for row in page.rows
        ],
        has_more=page.has_more,
        held_since=None if page.held_since is None else wire.write_time(page.held_since),
    )

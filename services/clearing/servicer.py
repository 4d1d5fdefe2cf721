"""ClearingService: proto ⇄ domain and nothing else."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from services.clearing import messages, usecases
from services.clearing.store import EntryFilter, PositionFilter
from services.kit import paging, wire
from yijie.clearing.v1 import clearing_service_pb2, clearing_service_pb2_grpc

if TYPE_CHECKING:
    from services.kit.db import Database

FULL_NAME: Final = "yijie.clearing.v1.ClearingService"


class ClearingServicer(clearing_service_pb2_grpc.ClearingServiceServicer):
    """Answers the calls of ClearingService."""

    def __init__(self, database: Database) -> None:
        """Holds what all calls share."""
        self._database = database

    async def GetPosition(self, request: Any, context: Any) -> Any:
        """Answers positions by pair, month and scheme."""
        wanted = PositionFilter(
            insured_region_code=request.insured_region_code,
            care_region_code=request.care_region_code,
            month=request.month,
            scheme_code=request.scheme_code,
        )
        positions, cursor = await usecases.get_positions(self._database, wanted)
        return clearing_service_pb2.GetPositionResponse(
            positions=[messages.write_position(one) for one in positions], cursor=cursor
        )

    async def ListEntries(self, request: Any, context: Any) -> Any:
        """Lists ledger entries in booking order."""
        wanted = EntryFilter(
            settlement_id=wire.read_uuid(request.settlement_id) if request.settlement_id else None,
            insured_region_code=request.insured_region_code,
            care_region_code=request.care_region_code,
            month=request.month,
            after_entry_id=paging.read_key(request, paging.row_number) or 0,
        )
        found, more = await usecases.list_entries(
            self._database, wanted, size=paging.page_size(request)
        )
        last_key = (str(found[-1].entry_id),) if more else ()
        return clearing_service_pb2.ListEntriesResponse(
            entries=[messages.write_entry(one) for one in found],
            next_page_token=paging.write_token(request, last_key) if more else "",
        )

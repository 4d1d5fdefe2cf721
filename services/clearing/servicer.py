"""ClearingService: proto ⇄ domain and nothing else."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from services.clearing import messages, usecases
from services.clearing.domain.ledger import Pair
from services.clearing.store import EntryFilter, PositionFilter
from services.kit import paging, wire
from yijie.clearing.v1 import clearing_service_pb2, clearing_service_pb2_grpc

if TYPE_CHECKING:
    from services.kit.db import Database

FULL_NAME: Final = "yijie.clearing.v1.ClearingService"

# A position is small and there are some two thousand a month: its pages are larger than others.
_POSITIONS_DEFAULT: Final = 1000
_POSITIONS_MAX: Final = 5000
_PROVINCE: Final = re.compile(r"[1-6][0-9]0000")
_MONTH: Final = re.compile(r"20[0-9]{2}-(?:0[1-9]|1[0-2])")
_SCHEME: Final = re.compile(r"3[0-9]{2}")


class ClearingServicer(clearing_service_pb2_grpc.ClearingServiceServicer):
    """Answers the calls of ClearingService."""

    def __init__(self, database: Database) -> None:
        """Holds what all calls share."""
        self._database = database

    async def GetPosition(self, request: Any, context: Any) -> Any:
        """Answers a page of positions by pair, month and scheme."""
        wanted = PositionFilter(
            insured_region_code=request.insured_region_code,
            care_region_code=request.care_region_code,
            month=request.month,
            scheme_code=request.scheme_code,
            after=paging.read_key(request, _read_pair),
        )
        page = await usecases.get_positions(
            self._database,
            wanted,
            size=paging.page_size(request, default=_POSITIONS_DEFAULT, maximum=_POSITIONS_MAX),
        )
        token = ""
        if page.has_more:
            token = paging.write_token(request, _pair_key(page.positions[-1].pair))
        return clearing_service_pb2.GetPositionResponse(
            positions=[messages.write_position(one) for one in page.positions],
            cursor=page.cursor,
            next_page_token=token,
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


def _read_pair(insured: str, care: str, month: str, scheme: str) -> Pair:
    # Raises ValueError for what no position can have as its key: a token may be made up.
    columns = ((_PROVINCE, insured), (_PROVINCE, care), (_MONTH, month), (_SCHEME, scheme))
    if not all(pattern.fullmatch(text) for pattern, text in columns):
        msg = "not a position's key"
        raise ValueError(msg)
    return Pair(insured_region_code=insured, care_region_code=care, month=month, scheme_code=scheme)


def _pair_key(pair: Pair) -> tuple[str, str, str, str]:
    return pair.insured_region_code, pair.care_region_code, pair.month, pair.scheme_code

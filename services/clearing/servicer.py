"""ClearingService: proto ⇄ domain and nothing else."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from services.clearing import chain_audit, messages, usecases
from services.clearing.balances import balance_key
from services.clearing.domain.ledger import Pair, Purpose, pair_key
from services.clearing.store import EntryFilter, PositionFilter
from services.kit import paging, wire
from services.kit.errors import InvalidArgument
from services.kit.funds import FUND_TYPES
from yijie.clearing.v1 import clearing_service_pb2, clearing_service_pb2_grpc

if TYPE_CHECKING:
    from services.kit.clock import Clock
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

    def __init__(self, database: Database, clock: Clock) -> None:
        """Holds what all calls share."""
        self._database = database
        self._clock = clock

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
            token = paging.write_token(request, pair_key(page.positions[-1].pair))
        return clearing_service_pb2.GetPositionResponse(
            positions=[messages.write_position(one) for one in page.positions],
            cursor=page.cursor,
            next_page_token=token,
        )

    async def ListEntries(self, request: Any, context: Any) -> Any:
        """Lists ledger entries in booking order."""
        wanted = EntryFilter(
            source_id=wire.read_uuid(request.settlement_id) if request.settlement_id else None,
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

    async def GetBalances(self, request: Any, context: Any) -> Any:
        """Answers a page of balances by pair, month, scheme, fund type and purpose."""
        as_of = wire.read_time(request.as_of_time) if request.HasField("as_of_time") else None
        if as_of is not None and as_of > self._clock.now():
            raise InvalidArgument(
                "INSTANT_IN_FUTURE", "as_of_time is not over yet", field="as_of_time"
            )
        page = await usecases.get_balances(
            self._database,
            messages.read_balance_filter(request),
            as_of=as_of,
            after=paging.read_key(request, _read_balance),
            size=paging.page_size(request, default=_POSITIONS_DEFAULT, maximum=_POSITIONS_MAX),
        )
        token = ""
        if page.has_more:
            last = (str(page.head.block_id), *balance_key(page.balances[-1]))
            token = paging.write_token(request, last)
        return clearing_service_pb2.GetBalancesResponse(
            balances=[messages.write_balance(one) for one in page.balances],
            block_id=page.head.block_id,
            digest=page.head.digest.hex(),
            next_page_token=token,
        )

    async def VerifyLedger(self, request: Any, context: Any) -> Any:
        """Recomputes a stretch of the chain."""
        verified = await chain_audit.verify(
            self._database,
            after_block=request.after_block,
            after_digest=bytes.fromhex(request.after_digest) or None,
            count_max=min(
                request.block_count_max or chain_audit.BLOCKS_MAX, chain_audit.BLOCKS_MAX
            ),
        )
        return messages.write_verified(verified)


def _read_balance(*columns: str) -> tuple[int, tuple[str, ...]]:
    # Raises ValueError for what no balance can have as its key: a token may be made up.
    block, *pair, fund, purpose = columns
    if fund not in FUND_TYPES:
        msg = "not a fund type that is cleared"
        raise ValueError(msg)
    return paging.row_number(block), (*pair_key(_read_pair(*pair)), fund, Purpose(purpose).value)


def _read_pair(insured: str, care: str, month: str, scheme: str) -> Pair:
    # Raises ValueError for what no position can have as its key: a token may be made up.
    columns = ((_PROVINCE, insured), (_PROVINCE, care), (_MONTH, month), (_SCHEME, scheme))
    if not all(pattern.fullmatch(text) for pattern, text in columns):
        msg = "not a position's key"
        raise ValueError(msg)
    return Pair(insured_region_code=insured, care_region_code=care, month=month, scheme_code=scheme)

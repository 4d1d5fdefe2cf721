"""BreakService: proto ⇄ domain and nothing else."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

from services.clearing.breaks import day_store, messages, store, usecases
from services.clearing.breaks.model import BreakFilter
from services.clearing.domain.break_states import BreakState
from services.clearing.domain.breaks import BreakKind, BreakOwner, BreakSource
from services.kit import paging, wire
from services.kit.caller import require_region
from services.kit.idempotency import first_answer, once
from services.kit.wire import invalid
from yijie.clearing.v1 import break_pb2, break_service_pb2, break_service_pb2_grpc

if TYPE_CHECKING:
    from services.clearing.breaks.usecases import Comparer
    from services.kit.db import Connection

FULL_NAME: Final = "yijie.clearing.v1.BreakService"
_FIRST_DAY: Final = date(2000, 1, 1)
"""Nothing was settled between provinces before."""


class BreakServicer(break_service_pb2_grpc.BreakServiceServicer):
    """Answers the calls of BreakService: the hub's officers alone, by their certificate."""

    def __init__(self, comparer: Comparer) -> None:
        """Holds what all calls share."""
        self._comparer = comparer
        self._database = comparer.database

    async def ReconcileLedger(self, request: Any, context: Any) -> Any:
        """Compares a day now."""
        require_region(context, "", field="journal_date")
        day = wire.read_date(request.journal_date, "journal_date")
        if day < _FIRST_DAY:
            raise invalid("journal_date", f"is before {_FIRST_DAY}")
        response_type = break_service_pb2.ReconcileLedgerResponse
        answer = await first_answer(self._database, request, response_type)
        if answer is not None:
            return answer
        # Before the transaction: settlement is asked.
        compared = await self._comparer.examine(day)

        async def work(connection: Connection) -> Any:
            result = await self._comparer.store_in(compared, connection)
            return response_type(day=messages.write_day(result))

        return await once(self._database, request, response_type, work)

    async def ListLedgerDays(self, request: Any, context: Any) -> Any:
        """Lists days by date."""
        require_region(context, "", field="month")
        size = paging.page_size(request)
        found = await day_store.list_days(
            self._database,
            month=request.month,
            after=paging.read_key(request, date.fromisoformat),
            limit=size + 1,
        )
        token = ""
        if len(found) > size:
            token = paging.write_token(request, (found[size - 1].journal_date.isoformat(),))
        return break_service_pb2.ListLedgerDaysResponse(
            days=[messages.write_day(one) for one in found[:size]], next_page_token=token
        )

    async def ListBreaks(self, request: Any, context: Any) -> Any:
        """Lists breaks in the order in which they were found."""
        require_region(context, "", field="month")
        size = paging.page_size(request)
        found = await store.list_breaks(self._database, _read_filter(request), limit=size + 1)
        token = ""
        if len(found) > size:
            token = paging.write_token(request, (str(found[size - 1].break_id),))
        return break_service_pb2.ListBreaksResponse(
            breaks=[messages.write_break(one) for one in found[:size]], next_page_token=token
        )

    async def GetBreak(self, request: Any, context: Any) -> Any:
        """Answers one break with its history."""
        require_region(context, "", field="break_id")
        found = await usecases.get_break(self._database, wire.read_uuid(request.break_id))
        changes = await store.changes(self._database, found)
        return break_service_pb2.GetBreakResponse(
            break_record=messages.write_break(found),
            changes=[messages.write_change(one) for one in changes],
        )

    async def ResolveBreaks(self, request: Any, context: Any) -> Any:
        """Marks breaks resolved."""
        require_region(context, "", field="break_ids")
        break_ids = messages.read_ids(request.break_ids, "break_ids")
        signed = messages.read_signed(request)
        now = self._comparer.now()

        async def work(connection: Connection) -> Any:
            found = await usecases.resolve(connection, break_ids, signed, now)
            return break_service_pb2.ResolveBreaksResponse(
                breaks=[messages.write_break(one) for one in found]
            )

        return await once(self._database, request, break_service_pb2.ResolveBreaksResponse, work)

    async def CarryBreaks(self, request: Any, context: Any) -> Any:
        """Takes breaks into the next month."""
        require_region(context, "", field="month")
        break_ids = messages.read_ids(request.break_ids, "break_ids")
        days = [wire.read_date(one, "journal_dates") for one in request.journal_dates]
        signed = messages.read_signed(request)
        now = self._comparer.now()

        async def work(connection: Connection) -> Any:
            breaks, carried = await usecases.carry(
                connection, break_ids, days, month=request.month, signed=signed, now=now
            )
            return break_service_pb2.CarryBreaksResponse(
                breaks=[messages.write_break(one) for one in breaks],
                days=[messages.write_day(one) for one in carried],
            )

        return await once(self._database, request, break_service_pb2.CarryBreaksResponse, work)

    async def SummarizeBreaks(self, request: Any, context: Any) -> Any:
        """Sums up what keeps a month from its tables."""
        require_region(context, "", field="month")
        counts = await store.summarize(self._database, self._comparer.now(), month=request.month)
        days = await store.uncompared_days(self._database, request.month)
        return break_service_pb2.SummarizeBreaksResponse(
            blocking_count=await store.count_blocking(self._database, request.month),
            uncompared_dates=[wire.write_date(one) for one in days],
            summaries=[messages.write_summary(one) for one in counts],
        )


def _read_filter(request: Any) -> BreakFilter:
    read = messages.read_enum
    return BreakFilter(
        month=request.month,
        state=read(break_pb2.BreakState, request.state, "BREAK_STATE_", BreakState),
        source=read(break_pb2.BreakSource, request.source, "BREAK_SOURCE_", BreakSource),
        kind=read(break_pb2.BreakKind, request.kind, "BREAK_KIND_", BreakKind),
        owner=read(break_pb2.BreakOwner, request.owner, "BREAK_OWNER_", BreakOwner),
        region_code=request.region_code,
        journal_date=wire.read_optional_date(request.journal_date, "journal_date"),
        settlement_id=wire.read_uuid(request.settlement_id) if request.settlement_id else None,
        after=paging.read_key(request, UUID),
    )

"""MonthService: proto ⇄ domain and nothing else."""

from __future__ import annotations

import asyncio
import hashlib
import re
from typing import TYPE_CHECKING, Any, Final

from services.clearing import printing
from services.clearing.domain import netting
from services.clearing.months import messages, reading, signature_store, store, usecases
from services.kit import paging, wire
from services.kit.caller import province_of_caller, require_region
from services.kit.dates import MONTH
from services.kit.idempotency import once
from yijie.clearing.v1 import month_service_pb2 as pb2
from yijie.clearing.v1 import month_service_pb2_grpc

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from datetime import datetime

    from services.clearing.months.store import Month
    from services.clearing.months.terms import MonthTerms
    from services.kit.clock import Clock
    from services.kit.db import Connection, Database

FULL_NAME: Final = "yijie.clearing.v1.MonthService"

_MONTHS_DEFAULT: Final = 24
_MONTHS_MAX: Final = 240
_LINES_DEFAULT: Final = 1000
_LINES_MAX: Final = 5000
_CODE: Final = re.compile(r"[0-9]{3,6}")


class MonthServicer(month_service_pb2_grpc.MonthServiceServicer):
    """Answers the calls of MonthService."""

    def __init__(self, database: Database, clock: Clock, terms: MonthTerms) -> None:
        """Holds what all calls share."""
        self._database = database
        self._clock = clock
        self._terms = terms

    async def ListMonths(self, request: Any, context: Any) -> Any:
        """Lists months that are cut, newest first."""
        _require_participant(context, "year")
        size = paging.page_size(request, default=_MONTHS_DEFAULT, maximum=_MONTHS_MAX)
        found = await store.list_months(
            self._database,
            year=str(request.year) if request.year else "",
            state=messages.read_state(request.state),
            before=paging.read_key(request, _read_month) or "",
            limit=size + 1,
        )
        more = len(found) > size
        return pb2.ListMonthsResponse(
            months=[messages.write_month(one) for one in found[:size]],
            next_page_token=paging.write_token(request, (found[size - 1].month,)) if more else "",
        )

    async def GetMonth(self, request: Any, context: Any) -> Any:
        """Answers a month with its calendar."""
        region = _require_participant(context, "month")
        async with self._database.connection() as connection:
            view = await reading.view_month(
                connection, request.month, self._terms, self._clock.now()
            )
        return messages.write_view(view, region)

    async def ConfirmMonth(self, request: Any, context: Any) -> Any:
        """Confirms a month for a care province."""
        require_region(context, request.care_region_code, field="care_region_code")
        region = messages.read_region(request.care_region_code, "care_region_code")
        people = messages.read_people(request)

        async def work(connection: Connection) -> Any:
            now = self._clock.now()
            confirmed = await usecases.confirm(connection, request.month, region, people, now)
            return pb2.ConfirmMonthResponse(
                month=messages.write_month(
                    await reading.find_month(connection, request.month, now)
                ),
                confirm_time=wire.write_time(confirmed.confirm_time),
                awaited_region_codes=confirmed.awaited,
            )

        return await once(self._database, request, pb2.ConfirmMonthResponse, work)

    async def MakeTables(self, request: Any, context: Any) -> Any:
        """Makes and freezes the tables of a month."""
        require_region(context, "", field="month")
        people = messages.read_people(request)

        async def act(connection: Connection) -> None:
            await usecases.make_tables(connection, request.month, people, self._clock.now())

        return await self._act(request, pb2.MakeTablesResponse, act)

    async def ListTableLines(self, request: Any, context: Any) -> Any:
        """Lists lines of a month's tables."""
        require_region(context, request.region_code, field="region_code")
        wanted = messages.read_line_filter(request, paging.read_key(request, _read_line_key))
        size = paging.page_size(request, default=_LINES_DEFAULT, maximum=_LINES_MAX)
        async with self._database.connection() as connection:
            await reading.require_tabled(connection, request.month, self._clock.now())
            found = await store.list_lines(connection, wanted, limit=size + 1)
        token = ""
        if len(found) > size:
            token = paging.write_token(request, messages.line_key(found[size - 1]))
        return pb2.ListTableLinesResponse(
            lines=[messages.write_line(one) for one in found[:size]], next_page_token=token
        )

    async def SignTables(self, request: Any, context: Any) -> Any:
        """Signs lines for a province, or objects to them."""
        require_region(context, request.region_code, field="region_code")
        signing = messages.read_signing(request)

        async def work(connection: Connection) -> Any:
            now = self._clock.now()
            count = await usecases.sign(connection, signing, now)
            sides = await signature_store.load_sides(connection, request.month)
            return pb2.SignTablesResponse(
                month=messages.write_month(
                    await reading.find_month(connection, request.month, now)
                ),
                pair_count=count,
                awaited_region_codes=sorted(
                    {side.region_code for side in sides if not side.is_signed}
                ),
            )

        return await once(self._database, request, pb2.SignTablesResponse, work)

    async def ListSignatures(self, request: Any, context: Any) -> Any:
        """Lists signatures and objections in the order in which they came."""
        require_region(context, request.region_code, field="region_code")
        size = paging.page_size(request)
        async with self._database.connection() as connection:
            await reading.require_tabled(connection, request.month, self._clock.now())
            found = await signature_store.list_signatures(
                connection,
                request.month,
                region_code=request.region_code,
                decision=messages.read_decision(request.decision),
                after=paging.read_key(request, paging.row_number) or 0,
                limit=size + 1,
            )
        token = ""
        if len(found) > size:
            token = paging.write_token(request, (str(found[size - 1].signature_id),))
        return pb2.ListSignaturesResponse(
            signatures=[messages.write_signature(one) for one in found[:size]],
            next_page_token=token,
        )

    async def CloseMonth(self, request: Any, context: Any) -> Any:
        """Closes a month."""
        require_region(context, "", field="month")
        people = messages.read_people(request)

        async def act(connection: Connection) -> None:
            await usecases.close_month(connection, request.month, people, self._clock.now())

        return await self._act(request, pb2.CloseMonthResponse, act)

    async def CloseYear(self, request: Any, context: Any) -> Any:
        """Closes a year."""
        require_region(context, "", field="year")
        people = messages.read_people(request)

        async def work(connection: Connection) -> Any:
            now = self._clock.now()
            await usecases.close_year(connection, request.year, people, now)
            view = await reading.view_year(connection, request.year, self._terms, now)
            return pb2.CloseYearResponse(year=messages.write_year(view))

        return await once(self._database, request, pb2.CloseYearResponse, work)

    async def GetYear(self, request: Any, context: Any) -> Any:
        """Answers a year with its months."""
        _require_participant(context, "year")
        async with self._database.connection() as connection:
            view = await reading.view_year(connection, request.year, self._terms, self._clock.now())
        return pb2.GetYearResponse(year=messages.write_year(view))

    async def WhatIfNetting(self, request: Any, context: Any) -> Any:
        """Simulates netting; nothing follows from it."""
        require_region(context, "", field="month")
        async with self._database.connection() as connection:
            await reading.require_tabled(connection, request.month, self._clock.now())
            lines = await store.table_lines(connection, request.month)
        return messages.write_netting(netting.net(lines))

    async def DownloadTables(self, request: Any, context: Any) -> Any:
        """Prints the tables of a month for a province, or for the country."""
        require_region(context, request.region_code, field="region_code")
        region = ""
        if request.region_code:
            region = messages.read_region(request.region_code, "region_code")
        form = messages.read_format(request.format)
        async with self._database.connection() as connection:
            month = await reading.require_tabled(connection, request.month, self._clock.now())
            lines = await store.table_lines(connection, request.month, region)
        tables = printing.ProvinceTables(
            month=month.month,
            region_code=region,
            lines=tuple(lines),
            table_time=_time_of(month),
            digest=month.digest.hex(),
        )
        # Drawing takes the processor: other calls are served meanwhile.
        content = await asyncio.to_thread(printing.render, tables, form)
        return pb2.DownloadTablesResponse(
            content=content,
            file_name=printing.file_name(tables, form),
            digest=hashlib.sha256(content).digest(),
        )

    async def _act(
        self, request: Any, response_type: Any, act: Callable[[Connection], Awaitable[None]]
    ) -> Any:
        """Does what changes a month once, and answers the month as it stands then."""

        async def work(connection: Connection) -> Any:
            await act(connection)
            month = await reading.find_month(connection, request.month, self._clock.now())
            return response_type(month=messages.write_month(month))

        return await once(self._database, request, response_type, work)


def _require_participant(context: Any, field: str) -> str:
    """Lets every province see where months stand; returns which one asks, empty: the hub."""
    province = province_of_caller(context)
    if not province:
        require_region(context, "", field=field)
    return province or ""


def _time_of(month: Month) -> datetime:
    if month.table_time is None:
        msg = "a month with tables has their time"
        raise LookupError(msg)
    return month.table_time


def _read_month(text: str) -> str:
    # Raises ValueError for what no month can have as its key: a token may be made up.
    if not MONTH.fullmatch(text):
        msg = "not a month"
        raise ValueError(msg)
    return text


def _read_line_key(insured: str, care: str, scheme: str, fund: str) -> tuple[str, str, str, str]:
    if not all(_CODE.fullmatch(text) for text in (insured, care, scheme, fund)):
        msg = "not a line's key"
        raise ValueError(msg)
    return insured, care, scheme, fund

"""JournalService over gRPC."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any, Final, TypeAlias
from uuid import UUID

import grpc

from services.kit import paging
from services.kit.caller import require_region
from services.kit.wire import (
    invalid,
    read_date,
    read_optional_date,
    read_uuid,
    write_money,
    write_time,
)
from services.settlement.journal_store import Amount, AmountFilter, JournalStore, Totals
from yijie.settlement.v1 import journal_service_pb2 as pb
from yijie.settlement.v1 import journal_service_pb2_grpc as rpc
from yijie.settlement.v1 import settlement_service_pb2

Context: TypeAlias = grpc.aio.ServicerContext

_FIRST_DAY: Final = date(2000, 1, 1)
_LAST_DAY: Final = date(9999, 12, 30)
_PAGE_DEFAULT: Final = 1000
_PAGE_MAX: Final = 5000
_KINDS: Final[Mapping[str, settlement_service_pb2.EventKind]] = {
    "SETTLED": settlement_service_pb2.EVENT_KIND_SETTLED,
    "REVERSED": settlement_service_pb2.EVENT_KIND_REVERSED,
}


class JournalServicer(rpc.JournalServiceServicer):
    """Answers JournalService."""

    def __init__(self, store: JournalStore) -> None:
        self._store = store

    async def SummarizeJournal(self, request: Any, context: Context) -> pb.SummarizeJournalResponse:
        """Sums up a day."""
        require_region(context, "", field="journal_date")
        day = _require_past(read_date(request.journal_date, "journal_date"))
        totals = await self._store.summarize(day)
        return pb.SummarizeJournalResponse(totals=[_write_totals(one) for one in totals])

    async def ListJournalAmounts(
        self, request: Any, context: Context
    ) -> pb.ListJournalAmountsResponse:
        """Lists what a day's sums are made of."""
        require_region(context, "", field="journal_date")
        size = paging.page_size(request, default=_PAGE_DEFAULT, maximum=_PAGE_MAX)
        found = await self._store.page(_read_filter(request), limit=size + 1)
        token = ""
        if len(found) > size:
            token = paging.write_token(request, found[size - 1].key)
        return pb.ListJournalAmountsResponse(
            amounts=[_write_amount(one) for one in found[:size]], next_page_token=token
        )


def _read_filter(request: Any) -> AmountFilter:
    day = read_optional_date(request.journal_date, "journal_date")
    if (day is None) != bool(request.settlement_ids):
        raise invalid("journal_date", "is given if no settlements are named, and only then")
    return AmountFilter(
        day=None if day is None else _require_past(day),
        settlement_ids=[read_uuid(one) for one in request.settlement_ids],
        insured_region_code=request.insured_region_code,
        care_region_code=request.care_region_code,
        after=paging.read_key(request, _read_key),
    )


def _require_past(day: date) -> date:
    if not _FIRST_DAY <= day <= _LAST_DAY:
        raise invalid("journal_date", f"is before {_FIRST_DAY} or beyond every calendar")
    return day


def _read_key(settlement_id: str, kind: str) -> tuple[UUID, str]:
    if kind not in _KINDS:
        msg = "not a kind"
        raise ValueError(msg)
    return UUID(settlement_id), kind


def _write_totals(totals: Totals) -> pb.JournalTotals:
    return pb.JournalTotals(
        insured_region_code=totals.insured_region_code,
        care_region_code=totals.care_region_code,
        scheme_code=totals.scheme_code,
        kind=_KINDS[totals.kind],
        event_count=totals.count,
        fund_total=write_money(totals.fund_fen),
        account_pay=write_money(totals.account_fen),
        fingerprint=totals.fingerprint,
    )


def _write_amount(amount: Amount) -> pb.JournalAmount:
    return pb.JournalAmount(
        settlement_id=str(amount.settlement_id),
        kind=_KINDS[amount.kind],
        insured_region_code=amount.insured_region_code,
        care_region_code=amount.care_region_code,
        scheme_code=amount.scheme_code,
        fund_total=write_money(amount.fund_fen),
        account_pay=write_money(amount.account_fen),
        event_time=write_time(amount.event_time),
    )

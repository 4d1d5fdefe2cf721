"""The journal of settlement as breaks see it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import TYPE_CHECKING, Any, Final, Protocol
from uuid import UUID

from services.clearing.domain.breaks import BookGroup, BookPlace, BookRecord, BookSums
from services.kit import wire
from services.kit.channel import Callee
from services.kit.clock import civil_date
from services.kit.errors import Unavailable
from yijie.settlement.v1 import (
    journal_service_pb2,
    journal_service_pb2_grpc,
    settlement_service_pb2,
)

if TYPE_CHECKING:
    import grpc

_SUMS_S: Final = 60.0
"""Longest wait for the sums of a day: a day of the country is some hundred thousand rows."""
_PAGE_S: Final = 20.0
_PAGE_ROWS: Final = 5000
_PAGES_MAX: Final = 1000
"""Of one pair and day; a list without an end is not followed for ever."""
_NAMED_MAX: Final = 500
_KINDS: Final[Mapping[int, str]] = {
    settlement_service_pb2.EVENT_KIND_SETTLED: "SETTLED",
    settlement_service_pb2.EVENT_KIND_REVERSED: "REVERSED",
}


class JournalBook(Protocol):
    """What the ledger is compared with.

    Whoever compares without a settlement service (a synthetic year, a bench) brings its own.
    """

    async def summarize(self, day: date) -> Mapping[BookGroup, BookSums]:
        """Returns the sums of a civil date."""

    async def list_day(
        self, day: date, *, insured_region_code: str, care_region_code: str
    ) -> Sequence[BookRecord]:
        """Returns what happened on a civil date between two provinces."""

    async def find(self, settlement_ids: Sequence[UUID]) -> Sequence[BookRecord]:
        """Returns what happened to settlements, on whichever date."""


class SettlementJournal:
    """JournalBook over JournalService."""

    def __init__(self, channel: grpc.aio.Channel) -> None:
        """Holds the channel; it is closed by whoever opened it."""
        self._stub = journal_service_pb2_grpc.JournalServiceStub(channel)
        self._callee = Callee("settlement")

    async def summarize(self, day: date) -> dict[BookGroup, BookSums]:
        """Returns the sums of a civil date.

        Raises:
            Unavailable: settlement does not answer, or not what the contract says.
        """
        request = journal_service_pb2.SummarizeJournalRequest(journal_date=wire.write_date(day))
        answer = await self._callee.call(self._stub.SummarizeJournal, request, own_s=_SUMS_S)
        return {
            BookGroup(_read_place(one), _read_kind(one)): BookSums(
                count=one.event_count,
                fund_fen=one.fund_total.fen,
                account_fen=one.account_pay.fen,
                fingerprint=one.fingerprint,
            )
            for one in answer.totals
        }

    async def list_day(
        self, day: date, *, insured_region_code: str, care_region_code: str
    ) -> list[BookRecord]:
        """Returns what happened on a civil date between two provinces.

        Raises:
            Unavailable: settlement does not answer, or not what the contract says.
        """
        request = journal_service_pb2.ListJournalAmountsRequest(
            page_size=_PAGE_ROWS,
            journal_date=wire.write_date(day),
            insured_region_code=insured_region_code,
            care_region_code=care_region_code,
        )
        return await self._pages(request)

    async def find(self, settlement_ids: Sequence[UUID]) -> list[BookRecord]:
        """Returns what happened to settlements, on whichever date.

        Raises:
            Unavailable: settlement does not answer, or not what the contract says.
        """
        found: list[BookRecord] = []
        for begin in range(0, len(settlement_ids), _NAMED_MAX):
            named = settlement_ids[begin : begin + _NAMED_MAX]
            request = journal_service_pb2.ListJournalAmountsRequest(
                page_size=_PAGE_ROWS, settlement_ids=[str(one) for one in named]
            )
            found += await self._pages(request)
        return found

    async def _pages(self, request: Any) -> list[BookRecord]:
        found: list[BookRecord] = []
        for _ in range(_PAGES_MAX):
            answer = await self._callee.call(self._stub.ListJournalAmounts, request, own_s=_PAGE_S)
            found += [_read_record(one) for one in answer.amounts]
            request.page_token = answer.next_page_token
            if not request.page_token:
                return found
        raise _nonsense("lists without an end")


def _read_record(message: Any) -> BookRecord:
    event_time = wire.read_time(message.event_time)
    return BookRecord(
        settlement_id=UUID(message.settlement_id),
        event_kind=_read_kind(message),
        place=_read_place(message),
        fund_fen=message.fund_total.fen,
        account_fen=message.account_pay.fen,
        event_time=event_time,
        day=civil_date(event_time),
    )


def _read_place(message: Any) -> BookPlace:
    return BookPlace(message.insured_region_code, message.care_region_code, message.scheme_code)


def _read_kind(message: Any) -> str:
    if message.kind not in _KINDS:
        raise _nonsense("answers a kind that clearing does not know")
    return _KINDS[message.kind]


def _nonsense(what: str) -> Unavailable:
    return Unavailable(
        "CALLEE_UNAVAILABLE",
        f"settlement {what}",
        metadata={"callee": "settlement"},
        retry_after_ms=60_000,
    )

"""The stand-ins around clearing: settlement's feed and journal, and one insured province's books.

They serve the contracts that clearing calls, from what has happened up to now, and leave out all
that settling itself would need.
"""

from __future__ import annotations

import asyncio
import bisect
import contextlib
import hashlib
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Final

import grpc

from services.kit import wire
from services.kit.clock import civil_date
from services.proving.clearing_year.plan import Care
from yijie.benefits.v1 import benefits_service_pb2, benefits_service_pb2_grpc
from yijie.settlement.v1 import (
    journal_service_pb2,
    journal_service_pb2_grpc,
    settlement_pb2,
    settlement_service_pb2,
    settlement_service_pb2_grpc,
)

_BATCH: Final = 500
_BEAT_S: Final = 0.02
_BITS: Final = 60
_SETTLED: Final = settlement_service_pb2.EVENT_KIND_SETTLED
_REVERSED: Final = settlement_service_pb2.EVENT_KIND_REVERSED
_NAMES: Final = {_SETTLED: "SETTLED", _REVERSED: "REVERSED"}


@dataclass(slots=True)
class Journal:
    """What has happened so far."""

    events: list[Any] = field(default_factory=list)
    """Events of the feed, in its order."""
    days: dict[date, list[Any]] = field(default_factory=dict)
    """JournalAmounts by civil date."""
    cares: dict[str, Care] = field(default_factory=dict)
    """Settlements by id."""
    reversed_at: dict[str, datetime] = field(default_factory=dict)
    """When they were taken back."""

    def settle(self, care: Care) -> None:
        """Takes down that a settlement came about."""
        self.cares[str(care.settlement_id)] = care
        self._append(_event(care, _SETTLED, care.settle_time), care)

    def reverse(self, care: Care, instant: datetime) -> None:
        """Takes down that it was taken back."""
        self.reversed_at[str(care.settlement_id)] = instant
        event = _event(care, _REVERSED, instant)
        event.settlement.state = settlement_pb2.SETTLEMENT_STATE_REVERSED
        event.settlement.reverse_time.CopyFrom(wire.write_time(instant))
        self._append(event, care)

    def _append(self, event: Any, care: Care) -> None:
        event.cursor = f"{len(self.events) + 1:09d}"
        self.events.append(event)
        amount = journal_service_pb2.JournalAmount(
            settlement_id=str(care.settlement_id),
            kind=event.kind,
            insured_region_code=care.insured_region_code,
            care_region_code=care.care_region_code,
            scheme_code=care.scheme_code,
            fund_total=wire.write_money(sum(care.fund_fen.values())),
            account_pay=wire.write_money(care.account_fen),
            event_time=event.event_time,
        )
        day = civil_date(wire.read_time(event.event_time))
        bisect.insort(
            self.days.setdefault(day, []), amount, key=lambda one: (one.settlement_id, one.kind)
        )


class Feed(settlement_service_pb2_grpc.SettlementServiceServicer):
    """Streams the journal's events in batches and gives signs of life."""

    def __init__(self, journal: Journal) -> None:
        """Streams what the journal holds and will hold."""
        self._journal = journal

    async def Subscribe(self, request: Any, context: Any) -> AsyncIterator[Any]:  # noqa: N802, ARG002
        """Gives events after a cursor, for ever."""
        position = int(request.after_cursor or "0")
        while True:
            events = self._journal.events[position : position + _BATCH]
            position += len(events)
            yield settlement_service_pb2.SubscribeResponse(
                events=events, cursor=f"{position:09d}" if position else ""
            )
            if position == len(self._journal.events):
                await asyncio.sleep(_BEAT_S)


class Days(journal_service_pb2_grpc.JournalServiceServicer):
    """Answers what the journal holds of a day."""

    def __init__(self, journal: Journal) -> None:
        """Answers from the journal."""
        self._journal = journal

    async def SummarizeJournal(self, request: Any, context: Any) -> Any:  # noqa: N802, ARG002
        """Sums a day up by pair, scheme and kind."""
        sums: dict[tuple[str, str, str, Any], list[int]] = {}
        for one in self._journal.days.get(wire.read_date(request.journal_date, ""), []):
            key = (one.insured_region_code, one.care_region_code, one.scheme_code, one.kind)
            held = sums.setdefault(key, [0, 0, 0, 0])
            parts = (1, one.fund_total.fen, one.account_pay.fen, _fingerprint(one))
            for index, part in enumerate(parts):
                held[index] += part
        return journal_service_pb2.SummarizeJournalResponse(
            totals=[
                journal_service_pb2.JournalTotals(
                    insured_region_code=insured,
                    care_region_code=care,
                    scheme_code=scheme,
                    kind=kind,
                    event_count=count,
                    fund_total=wire.write_money(fund),
                    account_pay=wire.write_money(account),
                    fingerprint=mark % 2**_BITS,
                )
                for (insured, care, scheme, kind), (count, fund, account, mark) in sorted(
                    sums.items()
                )
            ]
        )

    async def ListJournalAmounts(self, request: Any, context: Any) -> Any:  # noqa: N802, ARG002
        """Lists what a day's sums are made of, or some settlements, on one page."""
        wanted = set(request.settlement_ids)
        if wanted:
            rows = [one for day in self._journal.days.values() for one in day]
            rows = [one for one in rows if one.settlement_id in wanted]
        else:
            rows = self._journal.days.get(wire.read_date(request.journal_date, ""), [])
        return journal_service_pb2.ListJournalAmountsResponse(
            amounts=[
                one
                for one in rows
                if request.insured_region_code in {"", one.insured_region_code}
                and request.care_region_code in {"", one.care_region_code}
            ]
        )


class Books(benefits_service_pb2_grpc.BenefitsServiceServicer):
    """Answers what an insured province booked: what the journal says, as the province has it."""

    def __init__(self, journal: Journal) -> None:
        """Answers from the journal."""
        self._journal = journal

    async def ListAdjudications(self, request: Any, context: Any) -> Any:  # noqa: N802, ARG002
        """Lists a province's bookings of a day, on one page."""
        day = wire.read_date(request.business_date, "")
        ids = {one.settlement_id for one in self._journal.days.get(day, [])}
        cares = [self._journal.cares[one] for one in sorted(ids)]
        return benefits_service_pb2.ListAdjudicationsResponse(
            adjudications=[
                self._record(care)
                for care in cares
                if care.insured_region_code == request.insured_region_code
            ]
        )

    def _record(self, care: Care) -> Any:
        is_reversed = str(care.settlement_id) in self._journal.reversed_at
        return benefits_service_pb2.AdjudicationRecord(
            settlement_id=str(care.settlement_id),
            state=(
                benefits_service_pb2.ADJUDICATION_STATE_CANCELLED
                if is_reversed
                else benefits_service_pb2.ADJUDICATION_STATE_COMMITTED
            ),
            insured_region_code=care.insured_region_code,
            care_region_code=care.care_region_code,
            scheme_code=care.scheme_code,
            total=wire.write_money(care.total_fen),
            fund_total=wire.write_money(sum(care.fund_fen.values())),
            account_pay=wire.write_money(care.account_fen),
            cash_pay=wire.write_money(care.cash_fen),
        )


@contextlib.asynccontextmanager
async def serving(journal: Journal) -> AsyncIterator[int]:
    """Serves the journal on a free port of this machine while the block runs; gives the port."""
    server = grpc.aio.server(options=[("grpc.so_reuseport", 0)])
    settlement_service_pb2_grpc.add_SettlementServiceServicer_to_server(Feed(journal), server)
    journal_service_pb2_grpc.add_JournalServiceServicer_to_server(Days(journal), server)
    benefits_service_pb2_grpc.add_BenefitsServiceServicer_to_server(Books(journal), server)
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    try:
        yield port
    finally:
        await server.stop(0)


def _event(care: Care, kind: Any, instant: datetime) -> Any:
    settlement = settlement_pb2.Settlement(
        settlement_id=str(care.settlement_id),
        request_id=str(care.settlement_id),
        state=settlement_pb2.SETTLEMENT_STATE_SETTLED,
        # A district of the province: that is what settlement knows.
        care_region_code=f"{care.care_region_code[:2]}0100",
        insured_region_code=f"{care.insured_region_code[:2]}0100",
        institution_code=f"H{care.care_region_code[:2]}010000001",
        scheme_code=care.scheme_code,
        medical_type_code=care.medical_type_code,
        settle_time=wire.write_time(care.settle_time),
    )
    settlement.amounts.total.fen = care.total_fen
    paid = settlement.adjudication
    for code, fen in care.fund_fen.items():
        paid.fund_payments.add(fund_type_code=code, amount=wire.write_money(fen))
    paid.fund_total.fen = sum(care.fund_fen.values())
    paid.account_pay.fen = care.account_fen
    paid.cash_pay.fen = care.cash_fen
    return settlement_service_pb2.Event(
        kind=kind, event_time=wire.write_time(instant), settlement=settlement
    )


def _fingerprint(amount: Any) -> int:
    text = (
        f"{amount.settlement_id}/{_NAMES[amount.kind]}"
        f"/{amount.fund_total.fen}/{amount.account_pay.fen}"
    )
    return int.from_bytes(hashlib.sha256(text.encode()).digest()) >> (256 - _BITS)

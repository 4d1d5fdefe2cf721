"""A settlement service with nothing but a journal to follow: for the services that follow it."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import grpc

from services.kit import wire
from services.kit.clock import civil_date
from yijie.common.v1 import bill_pb2, money_pb2
from yijie.settlement.v1 import (
    settlement_pb2,
    settlement_service_pb2,
    settlement_service_pb2_grpc,
)

START = datetime(2026, 3, 31, 12, 0, tzinfo=UTC)
_PERSONS = 1 << 64


class FakeSettlement(settlement_service_pb2_grpc.SettlementServiceServicer):
    """Streams `journal` in batches and gives signs of life; misbehaves when told to."""

    def __init__(self, *, batch_size: int = 500) -> None:
        self.journal: list[Any] = []
        self.batch_size = batch_size
        self.rewind_events = 0
        """Starts each stream so many events before the cursor: at least once."""
        self.responses_max = 0
        """Breaks each stream off after so many responses; 0: never."""
        self.subscriptions: list[str] = []
        self._grown = asyncio.Condition()

    async def append(self, *events: Any) -> None:
        """Adds events to the journal and wakes the streams."""
        for event in events:
            event.cursor = cursor_of(len(self.journal) + 1)
            self.journal.append(event)
        async with self._grown:
            self._grown.notify_all()

    async def Subscribe(self, request: Any, context: Any) -> AsyncIterator[Any]:
        self.subscriptions.append(request.after_cursor)
        position = int(request.after_cursor or "0") if request.after_cursor else 0
        position = max(0, position - self.rewind_events)
        sent = 0
        while True:
            events = self.journal[position : position + self.batch_size]
            position += len(events)
            if request.view == settlement_service_pb2.SETTLEMENT_VIEW_FULL:
                events = [whole(event) for event in events]
            yield settlement_service_pb2.SubscribeResponse(
                events=events, cursor=cursor_of(position) if position else ""
            )
            sent += 1
            if sent == self.responses_max:
                await context.abort(grpc.StatusCode.UNAVAILABLE, "broken off")
            if position == len(self.journal):
                await self._wait(0.05)

    async def _wait(self, timeout_s: float) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(timeout_s), self._grown:
                await self._grown.wait()


def cursor_of(position: int) -> str:
    """Returns the cursor after so many events."""
    return f"{position:08d}"


@contextlib.asynccontextmanager
async def feed_server(fake: FakeSettlement, port: int = 0) -> AsyncIterator[int]:
    """Serves the fake on a port (0: a free one) while the block runs; gives the port."""
    server = grpc.aio.server(options=[("grpc.so_reuseport", 0)])
    settlement_service_pb2_grpc.add_SettlementServiceServicer_to_server(fake, server)
    bound = server.add_insecure_port(f"127.0.0.1:{port}")
    await server.start()
    try:
        yield bound
    finally:
        await server.stop(0)


def settled(
    number: int,
    *,
    funds: dict[str, int] | None = None,
    account_fen: int = 0,
    insured: str = "131100",
    care: str = "110105",
    scheme: str = "310",
    at: datetime = START,
    findings: tuple[Any, ...] | None = (),
    person: int = 0,
    medical_type: str = "11",
    begin: date | None = None,
    end: date | None = None,
    lines: tuple[Any, ...] = (),
) -> Any:
    """Returns the SETTLED event of the n-th settlement; `findings` None: not screened in time.

    Without `person` it is somebody who has no other settlement; with `lines` it has a bill, else
    `whole` gives it one. Days are those of `at`.
    """
    end = end or civil_date(at)
    settlement = settlement_pb2.Settlement(
        settlement_id=str(UUID(int=number)),
        person_id=str(UUID(int=_PERSONS + (person or _PERSONS + number))),
        begin_date=wire.write_date(begin or end),
        end_date=wire.write_date(end),
        state=settlement_pb2.SETTLEMENT_STATE_SETTLED,
        care_region_code=care,
        insured_region_code=insured,
        institution_code=f"H{care}00001",
        scheme_code=scheme,
        medical_type_code=medical_type,
        screening_state=(
            settlement_pb2.SCREENING_STATE_DEFERRED
            if findings is None
            else settlement_pb2.SCREENING_STATE_SCREENED
        ),
        findings=findings or (),
    )
    for code, fen in (funds or {}).items():
        settlement.adjudication.fund_payments.add(fund_type_code=code, amount=wire.write_money(fen))
    settlement.adjudication.account_pay.fen = account_fen
    settlement.adjudication.cash_pay.fen = 4321
    settlement.adjudication.fund_total.fen = sum((funds or {}).values())
    if lines:
        _add_bill(settlement, lines)
    return settlement_service_pb2.Event(
        kind=settlement_service_pb2.EVENT_KIND_SETTLED,
        event_time=wire.write_time(at),
        settlement=settlement,
    )


def fee_line(
    code: str = "001101000010000", line_id: str = "1", fen: int = 1000, *, day: date | None = None
) -> Any:
    """Returns a fee line of quantity 1; by default a registration, of which no rule says much."""
    return bill_pb2.FeeLine(
        line_id=line_id,
        item_code=code,
        fee_date=wire.write_date(day or civil_date(START)),
        unit_price=wire.write_decimal(Decimal(fen) / 100),
        quantity=wire.write_decimal(Decimal(1)),
        amount=money_pb2.Money(fen=fen),
    )


def whole(event: Any) -> Any:
    """Returns an event as the full view has it: with a bill, if it settles."""
    settlement = event.settlement
    if event.kind != settlement_service_pb2.EVENT_KIND_SETTLED or settlement.HasField("bill"):
        return event
    result = settlement_service_pb2.Event()
    result.CopyFrom(event)
    day = wire.read_date(settlement.end_date, "end_date")
    _add_bill(result.settlement, (fee_line(day=day),))
    return result


def _add_bill(settlement: Any, lines: tuple[Any, ...]) -> None:
    settlement.sex = bill_pb2.SEX_FEMALE
    settlement.birth_date.CopyFrom(wire.write_date(date(1980, 5, 1)))
    bill = settlement.bill
    bill.hospital_level_code = "08"
    bill.diagnoses.add(diagnosis_code="I10.x00x002", main=True)
    bill.lines.extend(lines)
    bill.total.fen = sum(line.amount.fen for line in lines)
    for line in lines:
        settlement.lines.add(
            line_id=line.line_id,
            catalogue_class=bill_pb2.CATALOGUE_CLASS_A,
            charge_category_code="12",
            split=money_pb2.AmountSplit(total=line.amount, in_scope=line.amount),
        )
    settlement.amounts.in_scope.fen = bill.total.fen


def reversed_(event: Any, *, at: datetime = START + timedelta(hours=1)) -> Any:
    """Returns the REVERSED event of what a SETTLED event settled."""
    result = settlement_service_pb2.Event()
    result.CopyFrom(event)
    result.kind = settlement_service_pb2.EVENT_KIND_REVERSED
    result.event_time.CopyFrom(wire.write_time(at))
    result.settlement.state = settlement_pb2.SETTLEMENT_STATE_REVERSED
    for name in ("bill", "lines", "sex", "birth_date"):
        result.settlement.ClearField(name)
    return result


async def eventually(
    check: Callable[[], Awaitable[Any]], *, timeout_s: float = 10.0, interval_s: float = 0.02
) -> Any:
    """Repeats a check until it returns something true or stops raising AssertionError."""
    end = asyncio.get_running_loop().time() + timeout_s
    while True:
        try:
            answer = await check()
            assert answer is None or answer
        except AssertionError:
            if asyncio.get_running_loop().time() > end:
                raise
            await asyncio.sleep(interval_s)
        else:
            return answer

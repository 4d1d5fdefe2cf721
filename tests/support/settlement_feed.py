"""A settlement service with nothing but a journal to follow: for the services that follow it."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import grpc

from services.kit import wire
from yijie.settlement.v1 import (
    settlement_pb2,
    settlement_service_pb2,
    settlement_service_pb2_grpc,
)

START = datetime(2026, 3, 31, 12, 0, tzinfo=UTC)


class FakeSettlement(settlement_service_pb2_grpc.SettlementServiceServicer):
    """Streams `journal` in batches and gives signs of life; misbehaves when told to."""

    def __init__(self, *, batch_size: int = 500) -> None:
        self.journal: list[Any] = []
        self.full: dict[str, Any] = {}
        """Settlements in the full view, by id."""
        self.batch_size = batch_size
        self.rewind_events = 0
        """Starts each stream so many events before the cursor: at least once."""
        self.responses_max = 0
        """Breaks each stream off after so many responses; 0: never."""
        self.is_down = False
        """GetSettlement answers UNAVAILABLE."""
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
            yield settlement_service_pb2.SubscribeResponse(
                events=events, cursor=cursor_of(position) if position else ""
            )
            sent += 1
            if sent == self.responses_max:
                await context.abort(grpc.StatusCode.UNAVAILABLE, "broken off")
            if position == len(self.journal):
                await self._wait(0.05)

    async def GetSettlement(self, request: Any, context: Any) -> Any:
        if self.is_down:
            await context.abort(grpc.StatusCode.INTERNAL, "down")
        if request.settlement_id not in self.full:
            await context.abort(grpc.StatusCode.NOT_FOUND, "unknown")
        settlement = self.full[request.settlement_id]
        return settlement_service_pb2.GetSettlementResponse(settlement=settlement)

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
) -> Any:
    """Returns the SETTLED event of the n-th settlement; `findings` None: not screened in time."""
    settlement = settlement_pb2.Settlement(
        settlement_id=str(UUID(int=number)),
        state=settlement_pb2.SETTLEMENT_STATE_SETTLED,
        care_region_code=care,
        insured_region_code=insured,
        institution_code=f"H{care}00001",
        scheme_code=scheme,
        medical_type_code="11",
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
    return settlement_service_pb2.Event(
        kind=settlement_service_pb2.EVENT_KIND_SETTLED,
        event_time=wire.write_time(at),
        settlement=settlement,
    )


def reversed_(event: Any, *, at: datetime = START + timedelta(hours=1)) -> Any:
    """Returns the REVERSED event of what a SETTLED event settled."""
    result = settlement_service_pb2.Event()
    result.CopyFrom(event)
    result.kind = settlement_service_pb2.EVENT_KIND_REVERSED
    result.event_time.CopyFrom(wire.write_time(at))
    result.settlement.state = settlement_pb2.SETTLEMENT_STATE_REVERSED
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

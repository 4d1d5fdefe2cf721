"""The stand-ins around supervision and clearing: feeds and journal of what has happened so far."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any, Final

import grpc

from services.proving.clearing_year.journal import Books, Days
from services.proving.clearing_year.journal import Journal as Cleared
from services.proving.supervision_year import events, neighbours
from services.proving.supervision_year.plan import Bill, Plan, Way
from yijie.benefits.v1 import benefits_service_pb2_grpc
from yijie.identity.v1 import access_service_pb2, access_service_pb2_grpc
from yijie.settlement.v1 import (
    journal_service_pb2_grpc,
    refusal_service_pb2,
    refusal_service_pb2_grpc,
    reimbursement_service_pb2,
    reimbursement_service_pb2_grpc,
    settlement_service_pb2,
    settlement_service_pb2_grpc,
)

_BATCH: Final = 200
_BEAT_S: Final = 0.05


@dataclass(slots=True)
class Journal:
    """What has happened so far."""

    full: list[Any] = field(default_factory=list)
    """Events of settlements, bills and all."""
    basic: list[Any] = field(default_factory=list)
    """The same without bills."""
    of_id: dict[str, Any] = field(default_factory=dict)
    """Events of settlements, bills and all, by settlement."""
    claims: list[Any] = field(default_factory=list)
    """Events of reimbursements."""
    refusals: list[Any] = field(default_factory=list)
    """Events of settlements that were refused."""
    cleared: Cleared = field(default_factory=Cleared)
    """What clearing and the nightly comparison hear."""

    def happen(self, plan: Plan) -> None:
        """Takes down all of a year."""
        for bill in plan.bills:
            self.settle(bill)

    def settle(self, bill: Bill) -> None:
        """Takes down one bill, in the way in which it was paid."""
        if bill.way is Way.DIRECT:
            event = events.settled_event(bill, f"{len(self.full) + 1:09d}")
            self.full.append(event)
            self.of_id[str(bill.settlement_id)] = event
            self.basic.append(events.basic(event))
            self.cleared.settle(events.care_of(bill))
        elif bill.way is Way.MANUAL:
            self.claims.append(events.reimbursed_event(bill))


class Settled(settlement_service_pb2_grpc.SettlementServiceServicer):
    """Streams settlements, with their bills to whoever asks for the full view."""

    def __init__(self, journal: Journal) -> None:
        """Streams what the journal holds and will hold."""
        self._journal = journal

    async def Subscribe(self, request: Any, context: Any) -> AsyncIterator[Any]:  # noqa: N802, ARG002
        """Gives events after a cursor, for ever."""
        is_full = request.view == settlement_service_pb2.SETTLEMENT_VIEW_FULL
        told = self._journal.full if is_full else self._journal.basic
        async for batch in _given(told, request, settlement_service_pb2.SubscribeResponse):
            yield batch

    async def GetSettlement(self, request: Any, context: Any) -> Any:  # noqa: N802
        """Answers a settlement with its bill."""
        if request.settlement_id not in self._journal.of_id:
            await context.abort(grpc.StatusCode.NOT_FOUND, "no such settlement")
        event = self._journal.of_id[request.settlement_id]
        return settlement_service_pb2.GetSettlementResponse(settlement=event.settlement)


class Reimbursed(reimbursement_service_pb2_grpc.ReimbursementServiceServicer):
    """Streams reimbursements."""

    def __init__(self, journal: Journal) -> None:
        """Streams what the journal holds and will hold."""
        self._journal = journal

    async def SubscribeReimbursements(self, request: Any, context: Any) -> AsyncIterator[Any]:  # noqa: N802, ARG002
        """Gives events after a cursor, for ever."""
        response = reimbursement_service_pb2.SubscribeReimbursementsResponse
        async for batch in _given(self._journal.claims, request, response):
            yield batch


class Refused(refusal_service_pb2_grpc.RefusalServiceServicer):
    """Streams refusals."""

    def __init__(self, journal: Journal) -> None:
        """Streams what the journal holds and will hold."""
        self._journal = journal

    async def SubscribeRefusals(self, request: Any, context: Any) -> AsyncIterator[Any]:  # noqa: N802, ARG002
        """Gives events after a cursor, for ever."""
        response = refusal_service_pb2.SubscribeRefusalsResponse
        async for batch in _given(self._journal.refusals, request, response):
            yield batch


class Signalled(access_service_pb2_grpc.AccessServiceServicer):
    """Streams signals: there are none."""

    async def SubscribeSignals(self, request: Any, context: Any) -> AsyncIterator[Any]:  # noqa: N802, ARG002
        """Gives signs of life, for ever."""
        async for batch in _given([], request, access_service_pb2.SubscribeSignalsResponse):
            yield batch


async def _given(told: list[Any], request: Any, response: Any) -> AsyncIterator[Any]:
    position = int(request.after_cursor or "0")
    while True:
        batch = told[position : position + _BATCH]
        position += len(batch)
        yield response(events=batch, cursor=f"{position:09d}" if position else "")
        if position == len(told):
            await asyncio.sleep(_BEAT_S)


@contextlib.asynccontextmanager
async def serving(journal: Journal, plan: Plan) -> AsyncIterator[int]:
    """Serves the journal, and what is asked about people, while the block runs; gives the port."""
    server = grpc.aio.server(options=[("grpc.so_reuseport", 0)])
    settlement_service_pb2_grpc.add_SettlementServiceServicer_to_server(Settled(journal), server)
    journal_service_pb2_grpc.add_JournalServiceServicer_to_server(Days(journal.cleared), server)
    benefits_service_pb2_grpc.add_BenefitsServiceServicer_to_server(Books(journal.cleared), server)
    reimbursement_service_pb2_grpc.add_ReimbursementServiceServicer_to_server(
        Reimbursed(journal), server
    )
    refusal_service_pb2_grpc.add_RefusalServiceServicer_to_server(Refused(journal), server)
    access_service_pb2_grpc.add_AccessServiceServicer_to_server(Signalled(), server)
    neighbours.add_to(server, plan)
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    try:
        yield port
    finally:
        await server.stop(0)

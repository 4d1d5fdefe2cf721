"""Clearing with a settlement service and an insured province that can be told what they have."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import grpc

from services.clearing.app import running
from services.clearing.config import Config
from services.kit import wire
from services.kit.channel import open_channel
from services.kit.clock import civil_date
from services.kit.config import load
from services.kit.db import Database
from services.kit.errors import Absent
from services.kit.ids import new_id, time_of
from tests.integration.clearing.harness import environ
from tests.support.callees import refuse
from tests.support.clock import FakeClock
from tests.support.settlement_feed import (
    FakeSettlement,
    eventually,
    feed_server,
    reversed_,
    settled,
)
from yijie.benefits.v1 import adjudication_pb2, benefits_service_pb2, benefits_service_pb2_grpc
from yijie.clearing.v1 import (
    reconciliation_pb2,
    reconciliation_service_pb2,
    reconciliation_service_pb2_grpc,
)
from yijie.settlement.v1 import settlement_pb2, settlement_service_pb2

TIMEOUT_S = 20.0
DAY = date(2026, 3, 31)
NOON = datetime(2026, 3, 31, 4, 0, tzinfo=UTC)
"""Noon in China on DAY."""
NEXT_NOON = NOON + timedelta(days=1)
HOSPITAL = "H11010500001"
CARE = "110000"
INSURED = "130000"
PERSON = "0190aaaa-0000-7000-8000-000000000001"
pb2 = reconciliation_pb2
service_pb2 = reconciliation_service_pb2


class FakeJournal(FakeSettlement):
    """A feed, and what the journal says of one request."""

    def __init__(self) -> None:
        super().__init__()
        self.full: dict[str, Any] = {}
        """Settlements in the full view, by id and by request id."""
        self.is_down = False
        self.asked: list[str] = []

    async def GetSettlement(self, request: Any, context: Any) -> Any:
        if self.is_down:
            await context.abort(grpc.StatusCode.UNAVAILABLE, "down")
        key = request.settlement_id or request.request_id
        self.asked.append(key)
        if key not in self.full:
            absent = Absent("RESOURCE_NOT_FOUND", "none", metadata={"resource": "settlement"})
            await refuse(context, absent, "settlement")
        return settlement_service_pb2.GetSettlementResponse(settlement=self.full[key])


@dataclass(repr=False)
class FakeProvince(benefits_service_pb2_grpc.BenefitsServiceServicer):
    """Lists and answers the bookings that it has."""

    bookings: dict[str, Any] = field(default_factory=dict)
    page_rows: int = 2
    pages_max: int = 1000
    """After so many pages of a list it goes down."""
    is_down: bool = False
    lists: int = 0

    async def ListAdjudications(self, request: Any, context: Any) -> Any:
        self.lists += 1
        begin = int(request.page_token or "0")
        if self.is_down or begin >= self.pages_max * self.page_rows:
            await context.abort(grpc.StatusCode.UNAVAILABLE, "down")
        day = wire.read_date(request.business_date, "business_date")
        listed = [
            one
            for _, one in sorted(self.bookings.items())
            if day in dates_of(one)
            and one.insured_region_code[:2] in {"", request.insured_region_code[:2]}
        ]
        end = begin + self.page_rows
        return benefits_service_pb2.ListAdjudicationsResponse(
            adjudications=listed[begin:end], next_page_token=str(end) if end < len(listed) else ""
        )

    async def GetAdjudication(self, request: Any, context: Any) -> Any:
        held = self.bookings.get(request.settlement_id)
        if held is None:
            absent = Absent("RESOURCE_NOT_FOUND", "none", metadata={"resource": "adjudication"})
            await refuse(context, absent, "benefits")
        assert held is not None
        return benefits_service_pb2.GetAdjudicationResponse(
            state=held.state,
            adjudication=adjudication_pb2.Adjudication(
                fund_total=held.fund_total, account_pay=held.account_pay, cash_pay=held.cash_pay
            ),
        )


def dates_of(booking: Any) -> set[date]:
    found = {civil_date(time_of(UUID(booking.settlement_id)))}
    if booking.HasField("cancel_time"):
        found.add(civil_date(wire.read_time(booking.cancel_time)))
    return found


def event_of(
    *,
    at: datetime = NOON,
    total: int = 1000,
    fund: int = 600,
    account: int = 100,
    person: str = "",
    insured: str = "131100",
    care: str = "110105",
) -> Any:
    """A SETTLED event of a settlement made at an instant."""
    event = settled(
        1, funds={"310100": fund}, account_fen=account, insured=insured, care=care, at=at
    )
    one = event.settlement
    one.settlement_id = str(new_id(at))
    one.request_id = str(uuid4())
    one.amounts.total.fen = total
    one.adjudication.fund_total.fen = fund
    one.adjudication.cash_pay.fen = total - fund - account
    one.person_id = person
    one.begin_date.CopyFrom(wire.write_date(DAY))
    one.end_date.CopyFrom(wire.write_date(DAY))
    one.settle_time.CopyFrom(wire.write_time(at))
    return event


def undone(event: Any, at: datetime) -> Any:
    """The REVERSED event."""
    result = reversed_(event, at=at)
    result.settlement.reverse_time.CopyFrom(wire.write_time(at))
    return result


def booking_of(event: Any, *, cancelled_at: datetime | None = None) -> Any:
    """What the insured province has of a settlement."""
    one, answer = event.settlement, event.settlement.adjudication
    record = benefits_service_pb2.AdjudicationRecord(
        settlement_id=one.settlement_id,
        state=benefits_service_pb2.ADJUDICATION_STATE_COMMITTED,
        insured_region_code=one.insured_region_code,
        care_region_code=one.care_region_code,
        scheme_code=one.scheme_code,
        total=one.amounts.total,
        fund_total=answer.fund_total,
        account_pay=answer.account_pay,
        cash_pay=answer.cash_pay,
        book_time=event.event_time,
    )
    if cancelled_at is not None:
        record.state = benefits_service_pb2.ADJUDICATION_STATE_CANCELLED
        record.cancel_time.CopyFrom(wire.write_time(cancelled_at))
    return record


def record_of(event: Any, **changes: Any) -> Any:
    """What a hospital has of a settlement."""
    one, answer = event.settlement, event.settlement.adjudication
    values = {
        "settlement_id": one.settlement_id,
        "request_id": one.request_id,
        "insured_region_code": one.insured_region_code[:2] + "0000",
        "scheme_code": one.scheme_code,
        "state": pb2.RECORD_STATE_STANDING,
        "total": one.amounts.total,
        "fund_total": answer.fund_total,
        "account_pay": answer.account_pay,
        "cash_pay": answer.cash_pay,
    }
    return pb2.StatementRecord(**{**values, **changes})


def totals_of(*records: Any, day: date = DAY) -> list[Any]:
    """What records add up to."""
    found: dict[tuple[str, str], Any] = {}
    for one in records:
        key = (one.insured_region_code, one.scheme_code)
        totals = found.setdefault(
            key, pb2.StatementTotals(insured_region_code=key[0], scheme_code=key[1])
        )
        of_day = not one.settlement_id or civil_date(time_of(UUID(one.settlement_id))) == day
        parts = [totals.settled] if of_day else []
        if one.state == pb2.RECORD_STATE_REVERSED:
            parts.append(totals.reversed)
        for sums in parts:
            sums.settlement_count += 1
            for name in ("total", "fund_total", "account_pay", "cash_pay"):
                getattr(sums, name).fen += getattr(one, name).fen
    return list(found.values())


@dataclass(repr=False)
class World:
    """A clearing service and those around it."""

    journal: FakeJournal
    province: FakeProvince
    clock: FakeClock
    database: Database
    stub: Any = None
    benefits_port: int = 0
    port: int = 0

    async def follow(self, *events: Any, booked: bool = True) -> None:
        """Puts events into the feed, and into the insured province's books, and waits."""
        for event in events:
            one = event.settlement
            undone_ = event.kind == settlement_service_pb2.EVENT_KIND_REVERSED
            if booked:
                at = wire.read_time(event.event_time) if undone_ else None
                self.province.bookings[one.settlement_id] = booking_of(event, cancelled_at=at)
            self.journal.full[one.settlement_id] = self.journal.full[one.request_id] = one
        await self.journal.append(*events)
        await self.kept()

    def hold(self, event: Any, state: int) -> None:
        """The journal has a request that it did not settle."""
        one = settlement_pb2.Settlement()
        one.CopyFrom(event.settlement)
        one.ClearField("adjudication")
        one.state = state
        self.journal.full[one.settlement_id] = self.journal.full[one.request_id] = one

    async def kept(self) -> None:
        """Waits until the hub's leg holds the whole feed and says so."""
        self.clock.advance(seconds=7)
        events = self.journal.journal
        settlements = {event.settlement.settlement_id for event in events}
        reversals = sum(e.kind == settlement_service_pb2.EVENT_KIND_REVERSED for e in events)

        async def check() -> None:
            row = await self.database.fetchrow(
                "/* test.kept */ SELECT count(*) AS kept, count(reverse_time) AS reversed,"
                " (SELECT complete_time FROM feed_mark WHERE feed = 'reconciliation')"
                " AS complete_time FROM hub_record"
            )
            assert row is not None
            assert (row["kept"], row["reversed"]) == (len(settlements), reversals)
            assert row["complete_time"] is not None
            assert row["complete_time"] >= self.clock.now() - timedelta(seconds=6)

        await eventually(check)

    async def open(self, totals: Any, **changes: Any) -> Any:
        values: dict[str, Any] = {
            "request_id": str(uuid4()),
            "party": pb2.PARTY_INSTITUTION,
            "party_code": HOSPITAL,
            "business_date": wire.write_date(DAY),
            "totals": totals,
        }
        request = service_pb2.OpenStatementRequest(**{**values, **changes})
        return await self.stub.OpenStatement(request, timeout=TIMEOUT_S)

    async def add(self, statement_id: str, *records: Any, **changes: Any) -> Any:
        values: dict[str, Any] = {
            "request_id": str(uuid4()),
            "statement_id": statement_id,
            "records": records,
        }
        request = service_pb2.AddStatementDetailsRequest(**{**values, **changes})
        return await self.stub.AddStatementDetails(request, timeout=TIMEOUT_S)

    async def close(self, statement_id: str, request_id: str = "") -> Any:
        request = service_pb2.CloseStatementRequest(
            request_id=request_id or str(uuid4()), statement_id=statement_id
        )
        return await self.stub.CloseStatement(request, timeout=TIMEOUT_S)

    async def state(self, *records: Any, **changes: Any) -> Any:
        """Makes a whole statement; returns the result, or the opening where totals are even."""
        opened = await self.open(totals_of(*records), **changes)
        if opened.state == pb2.STATEMENT_STATE_EVEN:
            return opened
        for begin in range(0, len(records), 1000):
            await self.add(opened.statement_id, *records[begin : begin + 1000])
        return (await self.close(opened.statement_id)).result

    async def reconcile(self, region: str = INSURED, day: date = DAY, request_id: str = "") -> Any:
        request = service_pb2.ReconcileRequest(
            request_id=request_id or str(uuid4()),
            insured_region_code=region,
            business_date=wire.write_date(day),
        )
        return (await self.stub.Reconcile(request, timeout=TIMEOUT_S)).result

    async def differences(self, **wanted: Any) -> list[Any]:
        request = service_pb2.ListDifferencesRequest(**wanted)
        answer = await self.stub.ListDifferences(request, timeout=TIMEOUT_S)
        return list(answer.differences)

    async def open_differences(self, **wanted: Any) -> list[Any]:
        return await self.differences(state=pb2.DIFFERENCE_STATE_OPEN, **wanted)


@contextlib.asynccontextmanager
async def world_of(dsn: str, database: Database, **settings: str) -> AsyncIterator[World]:
    """Starts everything; ends it with the block."""
    world = World(FakeJournal(), FakeProvince(), FakeClock(NEXT_NOON), database)
    async with (
        feed_server(world.journal) as port,
        province_server(world.province) as benefits_port,
        replica(world, dsn, port, benefits_port, **settings) as stub,
    ):
        world.stub, world.port, world.benefits_port = stub, port, benefits_port
        yield world


@contextlib.asynccontextmanager
async def replica(
    world: World, dsn: str, port: int, benefits_port: int, **settings: str
) -> AsyncIterator[Any]:
    """A clearing process more; gives its stub."""
    variables = {
        **environ(dsn, port, benefits_port=benefits_port),
        # The daily run is a test of its own.
        "YIJIE_RECONCILE_INTERVAL_S": "1000",
        **{f"YIJIE_{name}": value for name, value in settings.items()},
    }
    config = load(Config, variables)
    async with (
        running(config, clock=world.clock) as server,
        open_channel(server.address) as channel,
    ):
        yield reconciliation_service_pb2_grpc.ReconciliationServiceStub(channel)


@contextlib.asynccontextmanager
async def province_server(province: FakeProvince) -> AsyncIterator[int]:
    """Serves the insured province while the block runs; gives the port."""
    server = grpc.aio.server(options=[("grpc.so_reuseport", 0)])
    benefits_service_pb2_grpc.add_BenefitsServiceServicer_to_server(province, server)
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    try:
        yield port
    finally:
        await server.stop(0)

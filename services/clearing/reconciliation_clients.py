"""Whom reconciliation asks: the settlement feed and journal, and each insured province."""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Mapping
from datetime import date, datetime
from typing import Any, Final
from uuid import UUID

import grpc

from services.clearing.domain.reconciliation import (
    Amounts,
    HubRecord,
    LegRecord,
    Place,
    Status,
    Unsettled,
)
from services.clearing.hub_store import HubEvent
from services.kit import codes, wire
from services.kit.channel import Callee, open_channel
from services.kit.clock import civil_date
from services.kit.errors import Absent, RuleForbids, Unavailable
from services.kit.feed import Batch, batches
from services.kit.ids import time_of
from services.kit.routes import EVERY_REGION, Route, peer_name_of
from services.kit.tls import Identity
from yijie.benefits.v1 import benefits_service_pb2, benefits_service_pb2_grpc
from yijie.settlement.v1 import (
    settlement_pb2,
    settlement_service_pb2,
    settlement_service_pb2_grpc,
)

_JOURNAL_S: Final = 5.0
_PAGE_S: Final = 20.0
"""Longest wait for one page of a province: it may have to add up a day."""
_PAGE_ROWS: Final = 5000
_PAGES_MAX: Final = 2000
"""A province that never comes to an end is not asked for ever: ten million bookings are a day of
the whole country."""

_TIMED: Final = 7
_MILLISECONDS_MAX: Final = 253_370_764_800_000
"""Of the first day of the year 9999."""

_UNSETTLED: Final[Mapping[int, Unsettled]] = {
    settlement_pb2.SETTLEMENT_STATE_PENDING: Unsettled.PENDING,
    settlement_pb2.SETTLEMENT_STATE_FAILED: Unsettled.FAILED,
}
_STATUSES: Final[Mapping[int, Status]] = {
    benefits_service_pb2.ADJUDICATION_STATE_COMMITTED: Status.STANDING,
    benefits_service_pb2.ADJUDICATION_STATE_CANCELLED: Status.REVERSED,
}


class Journal:
    """Settlement as reconciliation sees it: the feed, and what the journal says of one request."""

    def __init__(
        self, channel: grpc.aio.Channel, on_quiet: Callable[[], Awaitable[None]] | None = None
    ) -> None:
        """Holds the channel; `on_quiet` is told whenever the feed says that nothing is left."""
        self._stub = settlement_service_pb2_grpc.SettlementServiceStub(channel)
        self._callee = Callee("settlement")
        self._on_quiet = on_quiet

    async def events(self, after_cursor: str) -> AsyncGenerator[Batch[HubEvent], None]:
        """Opens the feed after a cursor; ends when the server ends the stream."""
        request = settlement_service_pb2.SubscribeRequest(after_cursor=after_cursor)
        # No deadline: the feed stays open, and the follower watches for silence.
        stream = self._stub.Subscribe(request, wait_for_ready=True)
        first = True
        async with contextlib.aclosing(batches(stream, read_event)) as opened:
            async for batch in opened:
                # The first one says that the cursor was accepted, not that nothing is left.
                if not batch.events and not first and self._on_quiet is not None:
                    await self._on_quiet()
                first = False
                yield batch

    async def ask(
        self, settlement_id: UUID | None, request_id: UUID | None
    ) -> HubRecord | tuple[Unsettled, UUID | None]:
        """Returns what the journal has under a settlement id, or else under a request id."""
        for wanted in (
            {"settlement_id": str(settlement_id)} if settlement_id else None,
            {"request_id": str(request_id)} if request_id else None,
        ):
            if wanted is None:
                continue
            request = settlement_service_pb2.GetSettlementRequest(**wanted)
            try:
                answer = await self._callee.call(
                    self._stub.GetSettlement, request, own_s=_JOURNAL_S
                )
            except Absent:
                continue
            found = answer.settlement
            if found.state in _UNSETTLED:
                return _UNSETTLED[found.state], UUID(found.settlement_id)
            return read_record(found)
        return Unsettled.UNKNOWN, None


class InsuredProvinces:
    """The insured provinces' own books, each asked at its route."""

    def __init__(self, channels: Mapping[str, grpc.aio.Channel]) -> None:
        """Takes a channel per insured province, and under "*" for the others."""
        self._stubs = {
            region: benefits_service_pb2_grpc.BenefitsServiceStub(channel)
            for region, channel in channels.items()
        }
        self._callee = Callee("benefits", unavailable_reason="INSURED_REGION_UNAVAILABLE")

    @property
    def region_codes(self) -> tuple[str, ...]:
        """Provinces that a route leads to."""
        if EVERY_REGION in self._stubs:
            return tuple(sorted(codes.PROVINCES))
        return tuple(sorted(self._stubs))

    async def list_day(self, region_code: str, day: date) -> list[LegRecord]:
        """Returns what a province booked or took back of a day, of what was settled directly.

        Raises:
            RuleForbids: no route leads there.
            Unavailable: it does not answer, or not what the contract says.
        """
        stub = self._stub(region_code)
        request = benefits_service_pb2.ListAdjudicationsRequest(
            page_size=_PAGE_ROWS,
            insured_region_code=region_code,
            business_date=wire.write_date(day),
        )
        found: list[LegRecord] = []
        for _ in range(_PAGES_MAX):
            answer = await self._callee.call(stub.ListAdjudications, request, own_s=_PAGE_S)
            # What a person claims at home is the province's own: the hub clears nothing of it.
            found += [
                _read_booking(one, region_code)
                for one in answer.adjudications
                if one.channel != benefits_service_pb2.BOOKING_CHANNEL_MANUAL
            ]
            request.page_token = answer.next_page_token
            if not request.page_token:
                return found
        raise _nonsense("lists bookings without an end", region_code)

    async def find(self, region_code: str, settlement_id: UUID) -> LegRecord | None:
        """Returns what a province has of one settlement; None: it never heard of it."""
        stub = self._stub(region_code)
        request = benefits_service_pb2.GetAdjudicationRequest(settlement_id=str(settlement_id))
        try:
            answer = await self._callee.call(stub.GetAdjudication, request, own_s=_JOURNAL_S)
        except Absent:
            return None
        amounts = None
        if answer.HasField("adjudication"):
            fund = answer.adjudication.fund_total.fen
            account = answer.adjudication.account_pay.fen
            cash = answer.adjudication.cash_pay.fen
            # The total of the bill is not repeated there; it is what all pay together.
            amounts = Amounts(
                total_fen=fund + account + cash, fund_fen=fund, account_fen=account, cash_fen=cash
            )
        return LegRecord(
            settlement_id=settlement_id,
            request_id=None,
            place=Place(
                institution_code="", care_region_code="", insured_region_code="", scheme_code=""
            ),
            status=_read_status(answer.state, region_code),
            amounts=amounts,
        )

    def _stub(self, region_code: str) -> Any:
        stub = self._stubs.get(region_code) or self._stubs.get(EVERY_REGION)
        if stub is None:
            raise RuleForbids(
                "POLICY_NOT_COVERED",
                "no benefits service is known for the insured region",
                field="insured_region_code",
                metadata={"insuredRegionCode": region_code},
            )
        return stub


@contextlib.asynccontextmanager
async def open_provinces(
    routes: Mapping[str, Route], identity: Identity | None = None
) -> AsyncIterator[InsuredProvinces]:
    """Opens one channel per route."""
    async with contextlib.AsyncExitStack() as stack:
        channels = {
            region: await stack.enter_async_context(
                open_channel(route.target, identity, peer_name=peer_name_of(region))
            )
            for region, route in routes.items()
        }
        yield InsuredProvinces(channels)


def has_time(settlement_id: UUID) -> bool:
    """Tells whether an id says when it was given (version 7), in a year that there is."""
    return settlement_id.version == _TIMED and settlement_id.int >> 80 < _MILLISECONDS_MAX


def business_date_of(settlement_id: UUID) -> date:
    """Returns the civil date, Asia/Shanghai, on which an id was given."""
    return civil_date(time_of(settlement_id))


def read_event(event: Any) -> HubEvent:
    """Reads an event of the feed."""
    record = read_record(event.settlement)
    event_time = wire.read_time(event.event_time)
    if event.kind == settlement_service_pb2.EVENT_KIND_REVERSED and record.reverse_time is None:
        record = read_record(event.settlement, reverse_time=event_time)
    settle_time = event_time
    if event.settlement.HasField("settle_time"):
        settle_time = wire.read_time(event.settlement.settle_time)
    code = event.settlement.medical_type_code
    return HubEvent(
        record=record,
        settle_time=settle_time,
        event_time=event_time,
        # A code that nobody knows is not kept; the feed does not stop for it.
        medical_type_code=code if codes.is_medical_type(code) else "",
    )


def read_record(settlement: Any, *, reverse_time: datetime | None = None) -> HubRecord:
    """Reads a settlement of the journal that was settled, and perhaps taken back."""
    adjudication = settlement.adjudication
    if settlement.HasField("reverse_time"):
        reverse_time = wire.read_time(settlement.reverse_time)
    settlement_id = UUID(settlement.settlement_id)
    return HubRecord(
        settlement_id=settlement_id,
        request_id=UUID(settlement.request_id) if settlement.request_id else None,
        place=Place(
            institution_code=settlement.institution_code,
            care_region_code=codes.province_of(settlement.care_region_code),
            insured_region_code=codes.province_of(settlement.insured_region_code),
            scheme_code=settlement.scheme_code,
        ),
        amounts=Amounts(
            total_fen=settlement.amounts.total.fen,
            fund_fen=adjudication.fund_total.fen,
            account_fen=adjudication.account_pay.fen,
            cash_fen=adjudication.cash_pay.fen,
        ),
        business_date=business_date_of(settlement_id),
        reverse_time=reverse_time,
        bill_digest=_bill_digest(settlement),
    )


def _bill_digest(settlement: Any) -> bytes:
    # Two settlements of one bill agree in all of this. The keys in it are opaque, and so is it.
    if not settlement.person_id:
        return b""
    parts = (
        settlement.person_id,
        settlement.visit_id,
        str(settlement.scope),
        settlement.charge_batch_number,
        settlement.institution_code,
        settlement.medical_type_code,
        settlement.scheme_code,
        str(wire.read_optional_date(settlement.begin_date, "begin_date")),
        str(wire.read_optional_date(settlement.end_date, "end_date")),
        str(settlement.amounts.total.fen),
    )
    return hashlib.sha256("\n".join(parts).encode()).digest()


def _read_booking(record: Any, region_code: str) -> LegRecord:
    try:
        settlement_id = UUID(record.settlement_id)
    except ValueError:
        raise _nonsense("lists a booking without a settlement id", region_code) from None
    amounts = None
    if record.HasField("total"):
        amounts = Amounts(
            total_fen=record.total.fen,
            fund_fen=record.fund_total.fen,
            account_fen=record.account_pay.fen,
            cash_fen=record.cash_pay.fen,
        )
    return LegRecord(
        settlement_id=settlement_id,
        request_id=None,
        place=Place(
            institution_code="",
            care_region_code=_province(record.care_region_code),
            insured_region_code=_province(record.insured_region_code),
            scheme_code=record.scheme_code,
        ),
        status=_read_status(record.state, region_code),
        amounts=amounts,
    )


def _read_status(state: int, region_code: str) -> Status:
    if state not in _STATUSES:
        raise _nonsense("answers a booking in no state", region_code)
    return _STATUSES[state]


def _province(code: str) -> str:
    return codes.province_of(code) if code else ""


def _nonsense(what: str, region_code: str) -> Unavailable:
    return Unavailable(
        "INSURED_REGION_UNAVAILABLE",
        f"the insured region {what}",
        metadata={"insuredRegionCode": region_code},
        retry_after_ms=60_000,
    )

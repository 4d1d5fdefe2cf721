"""What supervision calls: settlement's feed and bills, identity's feed of signals."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from typing import TYPE_CHECKING, Any, Final

from services.kit import wire
from services.kit.channel import Callee
from services.kit.feed import Batch, batches
from services.supervision import messages, signal_messages
from services.supervision.domain.model import Bill
from services.supervision.domain.recording import JournalEvent, Reversal, SettledBill
from services.supervision.domain.signals import Signal
from yijie.identity.v1 import access_service_pb2, access_service_pb2_grpc
from yijie.settlement.v1 import (
    settlement_pb2,
    settlement_service_pb2,
    settlement_service_pb2_grpc,
)

if TYPE_CHECKING:
    import grpc

GET_SETTLEMENT_S: Final = 5.0
"""Budget for fetching one bill of up to 3000 lines; no caller is waiting."""


class FeedMalformed(Exception):
    """The feed gave something that is no event; following stops there and tries again."""


class SettlementClient:
    """Calls settlement."""

    def __init__(self, channel: grpc.aio.Channel) -> None:
        """Holds the channel; it is closed by whoever opened it."""
        self._stub = settlement_service_pb2_grpc.SettlementServiceStub(channel)
        self._callee = Callee("settlement")

    def events(self, after_cursor: str) -> AsyncGenerator[Batch[JournalEvent], None]:
        """Opens the feed after a cursor; ends when the server ends the stream.

        Raises:
            FeedMalformed: an event that supervision cannot read.
        """
        request = settlement_service_pb2.SubscribeRequest(after_cursor=after_cursor)
        # No deadline: the feed stays open, and the follower watches for silence.
        stream = self._stub.Subscribe(request, wait_for_ready=True)
        return batches(stream, read_event)

    async def bill(self, settlement: SettledBill) -> Bill:
        """Fetches the bill of a settlement with its lines.

        Raises:
            Unavailable: settlement did not answer in time.
            Absent: settlement does not know what its own feed gave.
        """
        request = settlement_service_pb2.GetSettlementRequest(
            settlement_id=str(settlement.settlement_id),
            view=settlement_service_pb2.SETTLEMENT_VIEW_FULL,
        )
        response = await self._callee.call(
            self._stub.GetSettlement, request, own_s=GET_SETTLEMENT_S
        )
        return messages.read_settled_bill(response.settlement)


class IdentityClient:
    """Calls identity."""

    def __init__(self, channel: grpc.aio.Channel) -> None:
        """Holds the channel; it is closed by whoever opened it."""
        self._stub = access_service_pb2_grpc.AccessServiceStub(channel)

    def signals(self, after_cursor: str) -> AsyncGenerator[Batch[Signal], None]:
        """Opens the feed of signals after a cursor; ends when the server ends the stream."""
        request = access_service_pb2.SubscribeSignalsRequest(after_cursor=after_cursor)
        # No deadline: the feed stays open, and the follower watches for silence.
        stream = self._stub.SubscribeSignals(request, wait_for_ready=True)
        return batches(stream, signal_messages.read_event)


def read_event(event: Any) -> JournalEvent:
    """Reads an event of the feed.

    Raises:
        FeedMalformed: an event of a kind that supervision does not know.
    """
    settlement = event.settlement
    event_time = wire.read_time(event.event_time)
    settlement_id = wire.read_uuid(settlement.settlement_id)
    if event.kind == settlement_service_pb2.EVENT_KIND_REVERSED:
        return Reversal(settlement_id=settlement_id, event_time=event_time)
    if event.kind != settlement_service_pb2.EVENT_KIND_SETTLED:
        msg = "an event of a kind that supervision does not know"
        raise FeedMalformed(msg)
    screened = settlement.screening_state == settlement_pb2.SCREENING_STATE_SCREENED
    return SettledBill(
        settlement_id=settlement_id,
        care_region_code=settlement.care_region_code,
        insured_region_code=settlement.insured_region_code,
        institution_code=settlement.institution_code,
        event_time=event_time,
        findings=(
            tuple(messages.read_finding(one) for one in settlement.findings) if screened else None
        ),
    )

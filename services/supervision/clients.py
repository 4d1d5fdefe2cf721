"""What supervision calls: settlement's feeds and journal, identity's feed of signals."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from typing import TYPE_CHECKING, Any, Final

from services.kit import wire
from services.kit.channel import Callee
from services.kit.feed import Batch, batches
from services.supervision import signal_messages
from services.supervision.audit.coverage import JournalDay
from services.supervision.domain.signals import Signal
from yijie.identity.v1 import access_service_pb2, access_service_pb2_grpc
from yijie.settlement.v1 import (
    journal_service_pb2,
    journal_service_pb2_grpc,
    reimbursement_service_pb2,
    reimbursement_service_pb2_grpc,
    settlement_service_pb2,
    settlement_service_pb2_grpc,
)

if TYPE_CHECKING:
    from datetime import date

    import grpc

SUMMARIZE_S: Final = 10.0
"""Budget for adding up one day of the journal."""


class SettlementClient:
    """Follows settlement's feeds; events are given as they come, see audit/events.py."""

    def __init__(self, channel: grpc.aio.Channel) -> None:
        """Holds the channel; it is closed by whoever opened it."""
        self._stub = settlement_service_pb2_grpc.SettlementServiceStub(channel)
        self._reimbursements = reimbursement_service_pb2_grpc.ReimbursementServiceStub(channel)
        self._journal = journal_service_pb2_grpc.JournalServiceStub(channel)
        self._callee = Callee("settlement")

    def events(self, after_cursor: str) -> AsyncGenerator[Batch[Any], None]:
        """Opens the journal's feed, bills and all, after a cursor; ends when the server ends it."""
        request = settlement_service_pb2.SubscribeRequest(
            after_cursor=after_cursor, view=settlement_service_pb2.SETTLEMENT_VIEW_FULL
        )
        # No deadline: the feed stays open, and the follower watches for silence.
        return batches(self._stub.Subscribe(request, wait_for_ready=True), _as_it_is)

    def reimbursements(self, after_cursor: str) -> AsyncGenerator[Batch[Any], None]:
        """Opens the feed of reimbursements after a cursor; ends when the server ends the stream."""
        request = reimbursement_service_pb2.SubscribeReimbursementsRequest(
            after_cursor=after_cursor
        )
        stream = self._reimbursements.SubscribeReimbursements(request, wait_for_ready=True)
        return batches(stream, _as_it_is)

    async def journal_day(self, day: date) -> JournalDay:
        """Returns what the journal holds of a civil day.

        Raises:
            Unavailable: settlement did not answer in time.
        """
        request = journal_service_pb2.SummarizeJournalRequest(journal_date=wire.write_date(day))
        response = await self._callee.call(
            self._journal.SummarizeJournal, request, own_s=SUMMARIZE_S
        )
        settled = [
            one for one in response.totals if one.kind == settlement_service_pb2.EVENT_KIND_SETTLED
        ]
        return JournalDay(
            settled_count=sum(one.event_count for one in settled),
            settled_fund_fen=sum(one.fund_total.fen for one in settled),
            reversed_count=sum(
                one.event_count
                for one in response.totals
                if one.kind == settlement_service_pb2.EVENT_KIND_REVERSED
            ),
        )


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


def _as_it_is(event: Any) -> Any:
    return event

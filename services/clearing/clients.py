"""Settlement as clearing sees it: the feed, reduced to who owes whom how much."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncGenerator
from typing import TYPE_CHECKING, Any, Final

from services.clearing.domain.ledger import (
    EventRefused,
    FundPayment,
    Kind,
    SettlementEvent,
)
from services.kit import wire
from services.kit.clock import civil_month
from services.kit.feed import Batch, batches
from services.kit.funds import PERSONAL_ACCOUNT
from yijie.settlement.v1 import settlement_service_pb2, settlement_service_pb2_grpc

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    import grpc

_KINDS: Final[Mapping[int, Kind]] = {
    settlement_service_pb2.EVENT_KIND_SETTLED: Kind.SETTLED,
    settlement_service_pb2.EVENT_KIND_REVERSED: Kind.REVERSED,
}


class SettlementClient:
    """Calls settlement."""

    def __init__(
        self, channel: grpc.aio.Channel, on_quiet: Callable[[], Awaitable[None]] | None = None
    ) -> None:
        """Holds the channel; `on_quiet` is told whenever the feed says that nothing is left."""
        self._stub = settlement_service_pb2_grpc.SettlementServiceStub(channel)
        self._on_quiet = on_quiet

    async def events(self, after_cursor: str) -> AsyncGenerator[Batch[SettlementEvent], None]:
        """Opens the feed after a cursor; ends when the server ends the stream.

        Raises:
            EventRefused: an event that cannot be booked.
        """
        request = settlement_service_pb2.SubscribeRequest(after_cursor=after_cursor)
        # No deadline: the feed stays open, and the follower watches for silence.
        stream = self._stub.Subscribe(request, wait_for_ready=True)
        first = True
        async with contextlib.aclosing(batches(stream, read_event)) as opened:
            async for batch in opened:
                # The first one says that the cursor was accepted, not that nothing is left; and a
                # feed that holds something back says so by its lag.
                if not (batch.events or first or batch.lag_s) and self._on_quiet is not None:
                    await self._on_quiet()
                first = False
                yield batch


def read_event(event: Any) -> SettlementEvent:
    """Reads an event of the feed.

    Raises:
        EventRefused: an event that cannot be booked.
    """
    if event.kind not in _KINDS:
        msg = "an event of a kind that clearing does not know"
        raise EventRefused(msg)
    settlement = event.settlement
    adjudication = settlement.adjudication
    event_time = wire.read_time(event.event_time)
    payments = [
        FundPayment(fund_type_code=one.fund_type_code, amount_fen=one.amount.fen)
        for one in adjudication.fund_payments
    ]
    # The account is no fund in the contract, but it is owed like one (310200).
    payments.append(
        FundPayment(fund_type_code=PERSONAL_ACCOUNT, amount_fen=adjudication.account_pay.fen)
    )
    return SettlementEvent(
        kind=_KINDS[event.kind],
        settlement_id=wire.read_uuid(settlement.settlement_id),
        insured_region_code=settlement.insured_region_code,
        care_region_code=settlement.care_region_code,
        scheme_code=settlement.scheme_code,
        month=civil_month(event_time),
        event_time=event_time,
        payments=tuple(payments),
    )

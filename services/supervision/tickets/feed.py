"""Follows settlement's feed of refusals into our tables and tickets."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

from services.kit.feed import Batch, Follower, batches, load_cursor
from services.supervision import metrics
from services.supervision.tickets import messages, usecases
from services.supervision.tickets.refusal_store import FEED
from yijie.settlement.v1 import refusal_service_pb2, refusal_service_pb2_grpc

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    import grpc

    from services.kit.clock import Clock
    from services.kit.db import Connection, Database
    from services.kit.feed import FeedConfig
    from services.supervision.domain.ticket import Refusal
    from services.supervision.tickets.terms import TicketTermsBook


class RefusalClient:
    """Calls settlement's RefusalService."""

    def __init__(self, channel: grpc.aio.Channel) -> None:
        """Holds the channel; it is closed by whoever opened it."""
        self._stub = refusal_service_pb2_grpc.RefusalServiceStub(channel)

    def refusals(self, after_cursor: str) -> AsyncGenerator[Batch[Refusal], None]:
        """Opens the feed after a cursor; ends when the server ends the stream."""
        request = refusal_service_pb2.SubscribeRefusalsRequest(after_cursor=after_cursor)
        # No deadline: the feed stays open, and the follower watches for silence.
        stream = self._stub.SubscribeRefusals(request, wait_for_ready=True)
        return batches(stream, messages.read_refusal)


def open_follower(
    database: Database,
    channel: grpc.aio.Channel,
    *,
    config: FeedConfig,
    clock: Clock,
    terms: TicketTermsBook,
) -> Follower[Any]:
    """Returns the follower of refusals."""

    async def apply(after: str, batch: Batch[Refusal]) -> None:
        now = clock.now()

        async def work(connection: Connection) -> usecases.Recorded:
            return await usecases.record(
                connection, batch.events, book=terms, now=now, after=after, to=batch.cursor
            )

        done = await database.run("supervision.record_refusals", work)
        # Counted after the commit: a transaction may run more than once.
        for reason, party in done.parties:
            metrics.REFUSALS.labels(reason, party.value).inc()
        for kind in done.opened:
            metrics.TICKETS_OPENED.labels(kind.value).inc()

    return Follower(
        FEED,
        config,
        clock,
        cursor=functools.partial(load_cursor, database, FEED),
        subscribe=RefusalClient(channel).refusals,
        apply=apply,
    )

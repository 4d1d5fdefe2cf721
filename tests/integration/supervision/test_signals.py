"""Supervision follows identity's signals: at least once in, each once into its table."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import asyncpg
import grpc
import pytest

from services.kit import wire
from services.kit.channel import open_channel
from services.kit.config import load
from services.kit.feed import Batch, CursorMoved
from services.supervision import signal_messages, usecases
from services.supervision.app import running
from services.supervision.config import Config
from services.supervision.signal_store import FEED, SignalStore
from tests.integration.supervision.harness import environ
from tests.support.eventually import eventually
from tests.support.rpc import TIMEOUT_S, refused
from yijie.identity.v1 import access_pb2, access_service_pb2, access_service_pb2_grpc
from yijie.supervision.v1 import supervision_service_pb2 as pb
from yijie.supervision.v1 import supervision_service_pb2_grpc as rpc

pytestmark = pytest.mark.postgres

NOON = datetime(2026, 11, 20, 4, tzinfo=UTC)
YINCHUAN, BEIJING = "H64010400001", "H11010500001"
DISTANT = access_pb2.SIGNAL_KIND_DISTANT_PLACES
LOST = access_pb2.SIGNAL_KIND_LOST_CARD_SHOWN


def event(number: int, **changes: Any) -> Any:
    fields = {
        "signal_id": str(UUID(int=number)),
        "kind": DISTANT,
        "person_id": str(UUID(int=1)),
        "institution_codes": [YINCHUAN, BEIJING],
        "first_time": wire.write_time(NOON),
        "last_time": wire.write_time(NOON + timedelta(minutes=number)),
        "distance_km": 890,
        "use_count": 2,
    }
    return access_pb2.SignalEvent(
        event_time=wire.write_time(NOON + timedelta(hours=1)),
        signal=access_pb2.Signal(**{**fields, **changes}),
    )


EVENTS = [
    event(1),
    event(2, kind=LOST, institution_codes=[BEIJING], distance_km=0),
    event(3, kind=LOST, institution_codes=[YINCHUAN], person_id=str(UUID(int=2))),
]


class FakeIdentity(access_service_pb2_grpc.AccessServiceServicer):
    """Gives events one by one, each time from the cursor on, and breaks off after some."""

    def __init__(self, events: list[Any], *, break_after: int = 1000) -> None:
        self.events = list(events)
        self.break_after = break_after
        self.cursors: list[str] = []

    async def SubscribeSignals(self, request: Any, context: Any) -> AsyncIterator[Any]:
        self.cursors.append(request.after_cursor)
        position = int(request.after_cursor or 0)
        yield access_service_pb2.SubscribeSignalsResponse(cursor=request.after_cursor)
        for _ in range(self.break_after):
            if position < len(self.events):
                position += 1
                yield access_service_pb2.SubscribeSignalsResponse(
                    events=[self.events[position - 1]], cursor=str(position)
                )
            else:
                await asyncio.sleep(0.05)
        await context.abort(grpc.StatusCode.UNAVAILABLE, "gone")


@contextlib.asynccontextmanager
async def supervision(dsn: str, identity: FakeIdentity) -> AsyncIterator[Any]:
    """The whole service, following a made identity; gives its stub."""
    server = grpc.aio.server()
    access_service_pb2_grpc.add_AccessServiceServicer_to_server(identity, server)
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    try:
        config = load(Config, environ(dsn, port))
        async with running(config) as served, open_channel(served.address) as channel:
            yield rpc.SupervisionServiceStub(channel)
    finally:
        await server.stop(0)


async def listed(stub: Any, **wanted: Any) -> Any:
    return await stub.ListSignals(pb.ListSignalsRequest(**wanted), timeout=TIMEOUT_S)


async def recorded(stub: Any, count: int) -> Any:
    async def probe() -> Any:
        found = await listed(stub)
        assert len(found.signals) == count
        return found

    return await eventually(probe)


def numbers(answer: Any) -> list[int]:
    return [UUID(one.signal.signal_id).int for one in answer.signals]


async def test_signals_are_recorded_and_listed(dsn: str) -> None:
    async with supervision(dsn, FakeIdentity(EVENTS)) as stub:
        answer = await recorded(stub, 3)
        assert numbers(answer) == [3, 2, 1]
        assert answer.signals[2].signal == EVENTS[0].signal
        assert answer.signals[2].event_time == EVENTS[0].event_time
        assert numbers(await listed(stub, kind=LOST)) == [3, 2]
        assert numbers(await listed(stub, person_id=str(UUID(int=2)))) == [3]
        assert numbers(await listed(stub, province_code="110000")) == [2, 1]
        assert numbers(await listed(stub, province_code="640000", kind=DISTANT)) == [1]
        assert numbers(await listed(stub, province_code="310000")) == []
        first = await listed(stub, page_size=2)
        assert numbers(first) == [3, 2]
        rest = await listed(stub, page_size=2, page_token=first.next_page_token)
        assert (numbers(rest), rest.next_page_token) == ([1], "")
        refusal = await refused(listed(stub, kind=LOST, page_token=first.next_page_token))
        assert refusal.reason == "PAGE_TOKEN_INVALID"
        for bad in ({"kind": 99}, {"province_code": "640100"}, {"person_id": "x"}):
            assert (await refused(listed(stub, **bad))).reason == "FIELD_INVALID"


async def test_a_feed_that_breaks_off_is_followed_on(dsn: str) -> None:
    identity = FakeIdentity(EVENTS, break_after=1)
    async with supervision(dsn, identity) as stub:
        assert numbers(await recorded(stub, 3)) == [3, 2, 1]
    assert identity.cursors[:3] == ["", "1", "2"]


async def test_what_comes_twice_is_recorded_once(dsn: str) -> None:
    # A new feed gives again what was recorded: the key of a signal is identity's.
    identity = FakeIdentity([*EVENTS, *EVENTS])
    async with supervision(dsn, identity) as stub:

        async def probe() -> None:
            connection = await asyncpg.connect(dsn)
            try:
                cursor = await connection.fetchval(
                    "SELECT cursor FROM supervision.feed_cursor WHERE feed = $1", FEED
                )
            finally:
                await connection.close()
            assert cursor == "6"

        await eventually(probe)
        assert numbers(await listed(stub)) == [3, 2, 1]


async def test_a_batch_read_after_another_cursor_is_rolled_back(database: Any) -> None:
    store = SignalStore(database)
    signals = [signal_messages.read_event(one) for one in EVENTS]
    batch = Batch(events=signals, cursor="3", last_event_time=NOON)
    await usecases.record_signals(store, after="", batch=batch)
    with pytest.raises(CursorMoved):
        await usecases.record_signals(store, after="", batch=batch)


async def test_a_kind_of_a_later_release_is_kept(dsn: str) -> None:
    async with supervision(dsn, FakeIdentity([event(1, kind=77)])) as stub:
        (one,) = (await recorded(stub, 1)).signals
        assert one.signal.kind == access_pb2.SIGNAL_KIND_UNSPECIFIED
        connection = await asyncpg.connect(dsn)
        try:
            assert await connection.fetchval("SELECT kind FROM supervision.signal") == "KIND_77"
        finally:
            await connection.close()

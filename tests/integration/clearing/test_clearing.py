"""Clearing on a real database, following a feed that breaks, repeats itself and comes back."""

from __future__ import annotations

import asyncio
import contextlib
import os
import random
import signal
import sys
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from services.clearing import store, usecases
from services.clearing.app import running
from services.clearing.clients import read_event
from services.clearing.config import Config
from services.clearing.domain.ledger import EventRefused, book
from services.clearing.domain.positions import positions_of
from services.kit.channel import open_channel
from services.kit.clock import SystemClock
from services.kit.config import load
from services.kit.db import Database
from services.kit.feed import Batch, CursorMoved, FeedConfig, Follower, load_cursor
from tests.integration.clearing.harness import batch_of, environ
from tests.support.rpc import refused
from tests.support.settlement_feed import (
    START,
    FakeSettlement,
    cursor_of,
    eventually,
    feed_server,
    reversed_,
    settled,
)
from yijie.clearing.v1 import clearing_service_pb2, clearing_service_pb2_grpc, ledger_pb2

pytestmark = pytest.mark.postgres

TIMEOUT_S = 10.0
FUNDS = ["310100", "330100", "390100", "390200", "310300", "610100"]


@contextlib.asynccontextmanager
async def clearing(dsn: str, port: int) -> AsyncIterator[Any]:
    """The whole service on a free port; gives its stub."""
    config = load(Config, environ(dsn, port))
    async with running(config) as server, open_channel(server.address) as channel:
        yield clearing_service_pb2_grpc.ClearingServiceStub(channel)


async def position(stub: Any, **wanted: Any) -> Any:
    request = clearing_service_pb2.GetPositionRequest(**wanted)
    return await stub.GetPosition(request, timeout=TIMEOUT_S)


async def entries(stub: Any, **wanted: Any) -> Any:
    request = clearing_service_pb2.ListEntriesRequest(**wanted)
    return await stub.ListEntries(request, timeout=TIMEOUT_S)


async def booked_up_to(stub: Any, count: int) -> None:
    async def check() -> None:
        assert (await position(stub)).cursor == cursor_of(count)

    await eventually(check)


async def test_who_owes_whom(dsn: str, database: Database) -> None:
    fake = FakeSettlement()
    first = settled(1, funds={"310100": 60_000, "330100": 5_000}, account_fen=1_234)
    second = settled(2, funds={"310100": 1}, care="110000", insured="139900")
    resident = settled(3, funds={"390100": 7, "390200": 3}, scheme="390", care="640104")
    cash = settled(4)
    # 2026-03-31 16:00 UTC is already April in China.
    april = settled(5, funds={"310100": 10}, at=datetime(2026, 3, 31, 16, 0, tzinfo=UTC))
    await fake.append(first, second, resident, cash, april)
    async with feed_server(fake) as port, clearing(dsn, port) as stub:
        await booked_up_to(stub, 5)
        all_of_it = await position(stub)
        assert [
            (p.insured_region_code, p.care_region_code, p.month, p.scheme_code, p.owed.fen)
            for p in all_of_it.positions
        ] == [
            ("130000", "110000", "2026-03", "310", 66_235),
            ("130000", "110000", "2026-04", "310", 10),
            ("130000", "640000", "2026-03", "390", 10),
        ]
        march = all_of_it.positions[0]
        assert {f.fund_type_code: f.owed.fen for f in march.funds} == {
            "310100": 60_001,
            "310200": 1_234,
            "330100": 5_000,
        }
        assert (march.settlement_count, march.reversal_count) == (3, 0)
        one = await position(stub, care_region_code="640000", month="2026-03", scheme_code="390")
        assert [f.fund_type_code for f in one.positions[0].funds] == ["330100", "390100"]
        none = await position(stub, insured_region_code="650000")
        assert (len(none.positions), none.cursor) == (0, cursor_of(5))


async def test_a_reversal_is_booked_in_its_own_month(dsn: str, database: Database) -> None:
    fake = FakeSettlement()
    event = settled(1, funds={"310100": 500}, account_fen=20)
    await fake.append(event, reversed_(event, at=datetime(2026, 4, 2, tzinfo=UTC)))
    async with feed_server(fake) as port, clearing(dsn, port) as stub:
        await booked_up_to(stub, 2)
        march, april = (await position(stub)).positions
        assert (march.owed.fen, march.settlement_count, march.reversal_count) == (520, 1, 0)
        assert (april.owed.fen, april.settlement_count, april.reversal_count) == (-520, 0, 1)
        booked = (await entries(stub)).entries
        assert sum(e.amount.fen for e in booked) == 0
        assert len(booked) == 8
        originals = {e.transfer_id for e in booked if not e.reverses_transfer_id}
        assert {e.reverses_transfer_id for e in booked if e.reverses_transfer_id} == originals


async def test_entries_are_listed_in_booking_order_by_pages(dsn: str, database: Database) -> None:
    fake = FakeSettlement(batch_size=3)
    await fake.append(*(settled(n, funds={"310100": n}) for n in range(1, 8)))
    await fake.append(settled(8, funds={"390100": 1}, scheme="390", care="640100"))
    async with feed_server(fake) as port, clearing(dsn, port) as stub:
        await booked_up_to(stub, 8)
        seen, token = [], ""
        while True:
            page = await entries(stub, page_size=5, page_token=token)
            seen += page.entries
            token = page.next_page_token
            if not token:
                break
            assert len(page.entries) == 5
        ids = [e.entry_id for e in seen]
        assert ids == sorted(set(ids))
        assert len(ids) == 16
        assert [e.side for e in seen[:2]] == [
            ledger_pb2.ACCOUNT_SIDE_PAYABLE,
            ledger_pb2.ACCOUNT_SIDE_RECEIVABLE,
        ]
        assert [e.amount.fen for e in seen[:2]] == [-1, 1]
        first = await entries(stub, page_size=5)
        other = clearing_service_pb2.ListEntriesRequest(
            page_size=5, page_token=first.next_page_token, month="2026-03"
        )
        refusal = await refused(stub.ListEntries(other, timeout=TIMEOUT_S))
        assert (refusal.code, refusal.reason) == ("INVALID_ARGUMENT", "PAGE_TOKEN_INVALID")
        assert len((await entries(stub, care_region_code="640000")).entries) == 2
        assert len((await entries(stub, settlement_id=str(UUID(int=3)))).entries) == 2
        assert (
            len((await entries(stub, insured_region_code="130000", month="2026-04")).entries) == 0
        )


@pytest.mark.parametrize(
    "wanted",
    [
        {"month": "2026-13"},
        {"month": "2026-3"},
        {"insured_region_code": "131100"},
        {"care_region_code": "1100"},
        {"scheme_code": "510"},
    ],
)
async def test_malformed_filters_are_refused(
    dsn: str, database: Database, wanted: dict[str, Any]
) -> None:
    async with feed_server(FakeSettlement()) as port, clearing(dsn, port) as stub:
        request = clearing_service_pb2.GetPositionRequest(**wanted)
        refusal = await refused(stub.GetPosition(request, timeout=TIMEOUT_S))
        assert (refusal.code, refusal.reason) == ("INVALID_ARGUMENT", "FIELD_INVALID")
        assert refusal.fields == list(wanted)


async def test_clearing_and_the_feed_may_both_restart(dsn: str, database: Database) -> None:
    fake = FakeSettlement(batch_size=2)
    await fake.append(*(settled(n, funds={"310100": 100}) for n in range(1, 6)))
    async with feed_server(fake) as port:
        async with clearing(dsn, port) as stub:
            await booked_up_to(stub, 5)
        await fake.append(settled(6, funds={"310100": 100}))
        async with clearing(dsn, port) as stub:  # resumes where it was
            await booked_up_to(stub, 6)
            # Two followers resume, in either order: the ledger, and the record for reconciliation.
            assert cursor_of(5) in fake.subscriptions[-2:]
    async with clearing(dsn, port) as stub:  # the feed is down
        assert (await position(stub)).positions[0].owed.fen == 600
        await fake.append(settled(7, funds={"310100": 100}))
        async with feed_server(fake, port):  # and comes back
            await booked_up_to(stub, 7)
            assert (await position(stub)).positions[0].owed.fen == 700


async def test_a_feed_that_repeats_and_breaks_books_each_event_once(
    dsn: str, database: Database
) -> None:
    fake = FakeSettlement(batch_size=4)
    fake.rewind_events, fake.responses_max = 3, 2
    events = [settled(n, funds={"310100": 100, "330100": n}) for n in range(1, 30)]
    await fake.append(*events, *(reversed_(event) for event in events[::3]))
    async with feed_server(fake) as port, clearing(dsn, port) as stub:
        await booked_up_to(stub, len(fake.journal))
        assert len(fake.subscriptions) > 3
        (march,) = (await position(stub)).positions
        standing = [n for n in range(1, 30) if (n - 1) % 3]
        assert march.owed.fen == sum(100 + n for n in standing)
        assert (march.settlement_count, march.reversal_count) == (29, 10)


async def test_two_replicas_book_each_event_once(dsn: str, database: Database) -> None:
    fake = FakeSettlement(batch_size=1)
    await fake.append(*(settled(n, funds={"310100": 1}) for n in range(1, 61)))
    async with feed_server(fake) as port, clearing(dsn, port) as one, clearing(dsn, port) as two:
        await booked_up_to(one, 60)
        await booked_up_to(two, 60)
        (march,) = (await position(two)).positions
        assert (march.owed.fen, march.settlement_count) == (60, 60)


async def test_a_batch_read_after_another_cursor_is_refused(database: Database) -> None:
    first = batch_of(settled(1, funds={"310100": 5}), cursor="a")
    await usecases.book_batch(database, after="", batch=first)
    for after in ("", "b", "A"):
        with pytest.raises(CursorMoved):
            await usecases.book_batch(
                database, after=after, batch=batch_of(settled(2, funds={"310100": 5}), cursor="c")
            )
    assert await load_cursor(database, store.FEED) == "a"
    page = await usecases.get_positions(database, store.PositionFilter(), size=10)
    assert [p.settlement_count for p in page.positions] == [1]


@pytest.mark.parametrize("moment", ["before the commit", "after the commit"])
async def test_a_crash_around_the_commit_loses_and_doubles_nothing(
    database: Database, moment: str
) -> None:
    # The same two batches are offered until they are taken, as the feed does after a crash.
    offered = [
        batch_of(settled(1, funds={"310100": 5}), cursor="1"),
        batch_of(settled(2, funds={"310100": 7}), cursor="2"),
    ]
    crashes = iter([True, False, True, False])

    async def apply(after: str, batch: Batch[Any]) -> None:
        crash = next(crashes)
        if crash and moment == "before the commit":
            await broken_off(database, after, batch)
        await usecases.book_batch(database, after=after, batch=batch)
        if crash:
            raise ConnectionError

    async def broken_off(database: Database, after: str, batch: Batch[Any]) -> None:
        class Broken(Exception):
            pass

        async def work(connection: Any) -> None:
            await store.load_bookings(connection, [])
            await connection.execute(
                "/* test.touch */ UPDATE feed_cursor SET cursor = $1", batch.cursor
            )
            raise Broken

        await database.run("test.broken", work)

    async def subscribe(after: str) -> AsyncIterator[Batch[Any]]:
        for batch in offered:
            if batch.cursor > after:
                yield batch
        yield Batch(events=(), cursor="2", last_event_time=None)
        await asyncio.sleep(60)

    follower = following_with(database, subscribe, apply)
    task = asyncio.create_task(follower.run())
    try:
        async with asyncio.timeout(10):
            await follower.caught_up.wait()
    finally:
        task.cancel()
        await asyncio.wait([task])
    page = await usecases.get_positions(database, store.PositionFilter(), size=10)
    assert page.cursor == "2"
    assert [(p.settlement_count, p.owed_fen) for p in page.positions] == [(2, {"310100": 12})]


def following_with(database: Database, subscribe: Any, apply: Any) -> Follower[Any]:
    return Follower(
        store.FEED,
        FeedConfig(silence_s_max=5, backoff_s=0.01, backoff_s_max=0.02, standby_s=0.01),
        SystemClock(),
        cursor=lambda: load_cursor(database, store.FEED),
        subscribe=subscribe,
        apply=apply,
    )


async def test_what_cannot_be_booked_stops_the_batch_and_is_not_skipped(
    dsn: str, database: Database
) -> None:
    fake = FakeSettlement()
    never_settled = reversed_(settled(9, funds={"310100": 1}))
    await fake.append(settled(1, funds={"310100": 5}), never_settled)
    async with feed_server(fake) as port, clearing(dsn, port) as stub:

        async def tried_again() -> None:
            assert len(fake.subscriptions) >= 3

        await eventually(tried_again)
        answer = await position(stub)
        assert (len(answer.positions), answer.cursor) == (0, "")
        # The journal is mended: the feed goes on from where it stopped.
        fake.journal[1] = settled(2, funds={"310100": 6})
        fake.journal[1].cursor = cursor_of(2)
        await booked_up_to(stub, 2)
        assert (await position(stub)).positions[0].owed.fen == 11


async def test_the_stored_ledger_is_what_the_model_says(database: Database) -> None:
    # A random feed, cut into random batches that overlap backwards as an at-least-once feed's may.
    seed = random.randrange(2**32)  # noqa: S311 - no secret
    dice = random.Random(seed)  # noqa: S311 - no secret
    feed: list[Any] = []
    for number in range(1, 201):
        event = settled(
            number,
            funds={code: dice.randrange(1000) for code in dice.sample(FUNDS, dice.randrange(4))},
            account_fen=dice.choice([0, 0, 50]),
            insured=dice.choice(["131100", "650100", "660000"]),
            care=dice.choice(["110105", "640104"]),
            scheme=dice.choice(["310", "390"]),
            at=START + timedelta(hours=dice.randrange(2000)),
        )
        feed.append(event)
        if dice.random() < 0.3:
            feed.append(reversed_(event, at=START + timedelta(hours=dice.randrange(4000))))
    reached, cursor = 0, ""
    while reached < len(feed):
        start = max(0, reached - dice.randrange(8))
        end = min(len(feed), reached + dice.randrange(1, 40))
        batch = batch_of(*feed[start:end], cursor=str(end))
        await usecases.book_batch(database, after=cursor, batch=batch)
        reached, cursor = end, str(end)
    model = positions_of(book([read_event(event) for event in feed], {}))
    stored = await usecases.get_positions(database, store.PositionFilter(), size=1000)
    assert {one.pair: one for one in stored.positions} == model, f"seed {seed}"
    assert not stored.has_more


async def test_a_settlement_sent_again_with_other_content_is_refused(database: Database) -> None:
    event = settled(1, funds={"310100": 5})
    await usecases.book_batch(database, after="", batch=batch_of(event, cursor="1"))
    await usecases.book_batch(database, after="1", batch=batch_of(event, cursor="2"))
    for other in (
        settled(1, funds={"310100": 6}),
        settled(1, funds={"310100": 5}, care="120000"),
        reversed_(settled(1, funds={"310100": 4})),
    ):
        with pytest.raises(EventRefused):
            await usecases.book_batch(database, after="2", batch=batch_of(other, cursor="3"))
    assert await load_cursor(database, store.FEED) == "2"


async def test_a_killed_process_leaves_each_event_booked_once(dsn: str, database: Database) -> None:
    fake = FakeSettlement(batch_size=3)
    events = [settled(n, funds={"310100": n}) for n in range(1, 601)]
    await fake.append(*events)
    async with feed_server(fake) as port:
        for kill_at in (60, 240):
            process = await start_process(dsn, port)
            try:

                async def half_way(count: int = kill_at) -> None:
                    assert await booking_count(database) >= count

                await eventually(half_way, timeout_s=30, interval_s=0.005)
            finally:
                process.send_signal(signal.SIGKILL)
                await process.wait()
        assert await booking_count(database) < 600
        async with clearing(dsn, port) as stub:
            await booked_up_to(stub, 600)
            (march,) = (await position(stub)).positions
            assert (march.owed.fen, march.settlement_count) == (sum(range(601)), 600)


async def test_a_process_told_to_stop_ends_in_peace(dsn: str, database: Database) -> None:
    fake = FakeSettlement(batch_size=3)
    await fake.append(*(settled(n, funds={"310100": n}) for n in range(1, 301)))
    async with feed_server(fake) as port:
        process = await start_process(dsn, port)

        async def at_work() -> None:
            assert await booking_count(database) >= 30

        await eventually(at_work, timeout_s=30, interval_s=0.005)
        process.send_signal(signal.SIGTERM)
        assert await process.wait() == 0


async def start_process(dsn: str, port: int) -> asyncio.subprocess.Process:
    code = (
        "import asyncio; from services.clearing.app import serve;"
        "from services.clearing.config import Config; from services.kit.config import load;"
        "asyncio.run(serve(load(Config)))"
    )
    return await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        code,
        env={
            **environ(dsn, port),
            "PATH": os.environ["PATH"],
            "PYTHONPATH": os.pathsep.join([".", "services/gen"]),
        },
        stdout=asyncio.subprocess.DEVNULL,
    )


async def booking_count(database: Database) -> int:
    row = await database.fetchrow("/* test.count */ SELECT count(*) AS n FROM booking")
    assert row is not None
    return int(row["n"])


async def test_a_batch_of_500_is_booked_quickly(database: Database) -> None:
    # 500 events are eight seconds of the national peak.
    events = [settled(n, funds={"310100": 5, "330100": 6}, account_fen=1) for n in range(1, 501)]
    batch = batch_of(*events, cursor="1")
    started = asyncio.get_running_loop().time()
    new = await usecases.book_batch(database, after="", batch=batch)
    assert len(new) == 500
    assert asyncio.get_running_loop().time() - started < 2

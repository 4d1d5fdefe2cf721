"""Goal: what is on record is sealed once and in order, and what is done to it later shows.

Method: supervision's own source on a database, and sources of other services that a test holds in
its hand; the chain, its checkpoints and its rows are altered as somebody could who owns the
database.
"""

from __future__ import annotations

import asyncio
import dataclasses
import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from services.cli.audit_chain.verifying import PROBLEMS
from services.kit.audit_chain.sources import (
    DETACHED,
    Position,
    SourceRow,
)
from services.kit.audit_chain.trail import DROPPED
from services.kit.authorisation import Denial
from services.kit.caller import Caller
from services.kit.clock import SystemClock
from services.kit.db import Database
from services.kit.errors import Unavailable
from services.supervision.chain import store
from services.supervision.chain.patrol import Patrol
from services.supervision.chain.sealing import Sealer
from services.supervision.chain.store import ChainMoved
from services.supervision.metrics import CHAIN_BROKEN, CHAIN_FAILURES
from tests.support.chain_world import (
    EVENTS,
    JOURNAL,
    NOW,
    Journal,
    World,
    altered,
    new_world,
    served,
)
from yijie.audit.v1 import chain_pb2, chain_service_pb2, chain_service_pb2_grpc


@pytest.fixture
def world(database: Database, tmp_path: Path) -> World:
    return new_world(database, tmp_path)


@pytest.fixture
async def channel(world: World) -> AsyncIterator[Any]:
    async with served(world) as opened:
        yield opened


async def test_every_row_is_sealed_once_in_its_order(world: World) -> None:
    await world.sealed()
    assert not await world.one.round()
    blocks = await store.blocks(world.database, after=0, until=9)
    assert [block.entry_count for block in blocks] == [3, 3, 3]
    found = await world.verifier.verify(after_block=0)
    assert (found.problem, found.until.block_id, found.entry_count) == (None, 3, 9)
    assert (found.row_count, found.checkpoint_count) == (9, 1)
    assert await store.positions(world.database) == {
        EVENTS: (await world.trail.sources.read("events", Position(0, 0)))
        .rows[-1]
        .position.__str__(),
        JOURNAL: "7.6",
    }


async def test_of_two_replicas_one_seals(world: World) -> None:
    world.journal.add(4)
    await store.keep_sources(world.database, [EVENTS, JOURNAL])
    done = await asyncio.gather(world.one.round(), world.sealer().round(), return_exceptions=True)
    assert [one for one in done if isinstance(one, Exception)] == [
        one for one in done if isinstance(one, ChainMoved)
    ]
    head = await store.head(world.database)
    assert (head.block_id, head.entry_count) == (1, 4)


async def test_what_does_not_fit_into_a_block_comes_next(world: World) -> None:
    world.journal.add(600, '{"x" : "' + "y" * 4000 + '"}')
    world.journal.page = 500
    assert await world.one.round()
    first = await store.head(world.database)
    assert 300 < first.entry_count < 500
    while await world.one.round():
        pass
    assert (await store.head(world.database)).entry_count == 600
    assert await world.problem() is None


async def test_a_source_that_cannot_be_read_holds_up_nobody(world: World) -> None:
    world.journal.error = Unavailable("CALLEE_UNAVAILABLE", "away", retry_after_ms=1)
    await world.event(number=1)
    before = CHAIN_FAILURES.labels(JOURNAL, "CALLEE_UNAVAILABLE")._value.get()
    await world.one.round()
    assert (await store.head(world.database)).entry_count == 1
    # It is not asked again at once.
    await world.one.round()
    assert CHAIN_FAILURES.labels(JOURNAL, "CALLEE_UNAVAILABLE")._value.get() == before + 1
    assert world.one.lag_s(JOURNAL) > 0
    world.journal.error = None
    world.journal.add(2)
    await world.sealer().round()
    assert (await store.head(world.database)).entry_count == 3


@pytest.mark.parametrize(
    "row",
    [
        SourceRow(position=Position(7, 1), kind="X", event_time=NOW, record_id="", content="[]"),
        SourceRow(position=Position(7, 1), kind="x y", event_time=NOW, record_id="", content="{}"),
    ],
    ids=["no object", "no kind"],
)
async def test_a_source_that_gives_nonsense_is_not_sealed(world: World, row: SourceRow) -> None:
    world.journal.rows = [row]
    await world.one.round()
    assert (await store.head(world.database)).block_id == 0
    assert CHAIN_FAILURES.labels(JOURNAL, "MALFORMED")._value.get() > 0


async def test_a_source_that_breaks_down_holds_up_nobody(world: World) -> None:
    world.journal.error = ValueError("whatever a source of somebody else's can raise")
    await world.event(number=1)
    await world.one.round()
    assert (await store.head(world.database)).entry_count == 1
    assert CHAIN_FAILURES.labels(JOURNAL, "ValueError")._value.get() > 0


async def test_what_a_source_answers_makes_no_label(world: World) -> None:
    world.journal.error = Unavailable("WHATEVER_IT_SAYS", "away", retry_after_ms=1)
    before = CHAIN_FAILURES.labels(JOURNAL, "OTHER")._value.get()
    await world.one.round()
    assert CHAIN_FAILURES.labels(JOURNAL, "OTHER")._value.get() == before + 1


async def test_a_source_that_fills_every_block_pushes_nobody_out(world: World) -> None:
    wide = '{"x" : "' + "y" * 7000 + '"}'
    one, two, quiet = Journal(), Journal(), world.journal
    one.add(900, wide)
    two.add(900, wide)
    quiet.add(1, wide)
    floods = {"benefits.events": one, "benefits-640000.events": two}
    sealer = Sealer(world.database, SystemClock(), {**floods, JOURNAL: quiet})
    for _ in range(3):
        assert await sealer.round()
    positions = await store.positions(world.database)
    assert positions[JOURNAL] == "7.1"
    assert not {positions[name] for name in floods} & {"", "7.900"}


async def test_a_source_that_was_away_before_a_restart_is_as_far_behind_after_it(
    world: World, dsn: str
) -> None:
    await world.sealed()
    await altered(dsn, "UPDATE chain_source SET update_time = now() - interval '7 days'")
    world.journal.error = Unavailable("CALLEE_UNAVAILABLE", "away", retry_after_ms=1)
    restarted = world.sealer()
    await restarted.round()
    assert restarted.lag_s(JOURNAL) > 6 * 86_400
    assert restarted.lag_s(EVENTS) < 3600


async def test_what_waits_for_an_open_transaction_shows_as_lag(world: World) -> None:
    await world.one.round()
    assert world.one.lag_s(JOURNAL) < 600
    world.journal.held_since = datetime.now(UTC) - timedelta(hours=1)
    await world.one.round()
    assert world.one.lag_s(JOURNAL) > 3000
    world.journal.held_since = None
    await world.one.round()
    assert world.one.lag_s(JOURNAL) < 600


async def test_a_source_that_begins_anew_is_not_sealed_twice(world: World) -> None:
    world.journal.add(2)
    await world.one.round()
    world.journal.is_stubborn = True
    await world.one.round()
    assert (await store.head(world.database)).entry_count == 2


@pytest.mark.parametrize(
    ("statement", "found"),
    [
        (
            "UPDATE chain_block SET entries = entries || '\\x00' WHERE block_id = 2",
            "CONTENT_CHANGED",
        ),
        (
            (
                "UPDATE chain_block SET entries = (SELECT b.entries FROM chain_block b"
                " WHERE b.block_id = 3) WHERE block_id = 2"
            ),
            "CONTENT_CHANGED",
        ),
        (
            "UPDATE chain_block SET seal_time = seal_time + interval '1 us' WHERE block_id = 2",
            "CHAIN_BROKEN",
        ),
        ("UPDATE chain_block SET digest = sha256('x') WHERE block_id = 2", "CHAIN_BROKEN"),
        ("DELETE FROM chain_block WHERE block_id = 2", "BLOCK_MISSING"),
        (
            (
                "UPDATE chain_checkpoint"
                " SET signature = set_byte(signature, 3, 255 - get_byte(signature, 3))"
            ),
            "CHECKPOINT_BAD",
        ),
        ("UPDATE chain_checkpoint SET digest = sha256('x')", "CHECKPOINT_BAD"),
        ("UPDATE chain_checkpoint SET key_id = 'other'", "CHECKPOINT_BAD"),
    ],
)
async def test_a_chain_that_is_altered_shows(
    world: World, dsn: str, statement: str, found: str
) -> None:
    await world.sealed()
    await altered(dsn, statement)
    assert await world.problem() == (found, 2)


@pytest.mark.parametrize(
    ("statement", "found"),
    [
        ("UPDATE audit_event SET content = '{\"number\":9}' WHERE sequence = 2", "ROW_CHANGED"),
        ("UPDATE audit_event SET kind = 'OTHER' WHERE sequence = 2", "ROW_CHANGED"),
        (
            "UPDATE audit_event SET event_time = event_time + interval '1 us' WHERE sequence = 2",
            "ROW_CHANGED",
        ),
        ("DELETE FROM audit_event WHERE sequence = 2", "ROW_MISSING"),
        (
            (
                "INSERT INTO audit_event (transaction_id, kind) SELECT transaction_id, 'X'"
                " FROM audit_event WHERE sequence = 1"
            ),
            "ROW_INSERTED",
        ),
    ],
)
async def test_a_row_that_is_altered_shows(
    world: World, dsn: str, statement: str, found: str
) -> None:
    await world.sealed()
    assert await world.problem() is None
    await altered(dsn, statement)
    assert await world.problem() == (found, 2)
    # The chain itself is as it was.
    assert await world.problem(chain_only=True) is None


async def test_a_month_that_was_detached_is_no_alarm(world: World) -> None:
    await world.sealed()
    first = world.journal.rows[0]
    world.journal.rows[0] = dataclasses.replace(first, content=DETACHED)
    assert await world.problem() is None
    world.journal.rows[0] = dataclasses.replace(first, content=DETACHED, kind="REVERSED")
    assert await world.problem() == ("ROW_CHANGED", 1)


async def test_a_month_that_is_attached_again_is_no_alarm(world: World) -> None:
    world.journal.add(1, DETACHED)
    await world.one.round()
    whole = dataclasses.replace(world.journal.rows[0], content='{"total_fen" : 100}')
    world.journal.rows[0] = whole
    assert await world.problem() is None


async def test_the_last_row_that_was_sealed_is_missed(world: World, dsn: str) -> None:
    await world.sealed()
    await altered(dsn, "DELETE FROM audit_event WHERE sequence = 3")
    assert await world.problem() == ("ROW_MISSING", 3)
    await world.one.round()
    assert CHAIN_FAILURES.labels(EVENTS, "AUDIT_POSITION_UNKNOWN")._value.get() > 0


async def test_the_chain_tells_how_far_it_is(world: World, channel: Any) -> None:
    stub = chain_service_pb2_grpc.ChainServiceStub(channel)
    empty = await stub.GetChain(chain_service_pb2.GetChainRequest(), timeout=10)
    assert (empty.block, empty.digest, empty.HasField("checkpoint")) == (0, "", False)
    await world.sealed()
    found = await stub.GetChain(chain_service_pb2.GetChainRequest(), timeout=10)
    assert (found.block, found.entry_count, found.checkpoint.block) == (3, 9, 2)
    assert next((one.source, one.position) for one in found.sources) == (JOURNAL, "7.6")
    assert found.key_lines[0].startswith("hub:ed25519:")


async def test_the_patrol_raises_the_alarm_and_takes_it_back(world: World, dsn: str) -> None:
    await world.sealed()
    CHAIN_BROKEN.set(0)
    patrol = Patrol(world.verifier, begin=lambda _: 0)
    await patrol.round()
    assert CHAIN_BROKEN._value.get() == 0
    await altered(dsn, "UPDATE audit_event SET kind = 'OTHER' WHERE sequence = 2")
    await patrol.round()
    assert CHAIN_BROKEN._value.get() == 1
    await altered(dsn, "UPDATE audit_event SET kind = 'TESTED' WHERE sequence = 2")
    await patrol.round()
    assert CHAIN_BROKEN._value.get() == 0


async def test_a_patrol_begins_anywhere_and_comes_round(world: World, dsn: str) -> None:
    await world.sealed()
    await altered(dsn, "UPDATE audit_event SET kind = 'OTHER' WHERE sequence = 1")
    CHAIN_BROKEN.set(0)
    asked: list[int] = []
    patrol = Patrol(world.verifier, begin=lambda last: asked.append(last) or last - 1)
    await patrol.round()
    # The last block is whole. That takes no alarm back which another look has raised.
    assert (asked, CHAIN_BROKEN._value.get()) == ([3], 0)
    await patrol.round()
    assert CHAIN_BROKEN._value.get() == 1
    await Patrol(world.verifier, begin=lambda last: last - 1).round()
    assert CHAIN_BROKEN._value.get() == 1
    assert await world.problem() == ("ROW_CHANGED", 1)


async def test_the_database_refuses_what_does_not_follow(world: World, dsn: str) -> None:
    await world.sealed()
    connection = await asyncpg.connect(dsn, server_settings={"search_path": "supervision"})
    try:
        for statement in (
            "DELETE FROM chain_block",
            "UPDATE chain_block SET entry_count = 1",
            "UPDATE chain_checkpoint SET key_id = 'x'",
            "DELETE FROM chain_source",
            "UPDATE audit_event SET kind = 'X'",
            (
                "INSERT INTO chain_block SELECT 4, now() + interval '1 d', 10, 1, '', sha256('x'),"
                " content_digest, digest FROM chain_block WHERE block_id = 3"
            ),
            (
                "INSERT INTO chain_block SELECT 5, now() + interval '1 day', 10, 1, '', digest,"
                " content_digest, digest FROM chain_block WHERE block_id = 3"
            ),
        ):
            with pytest.raises(asyncpg.RestrictViolationError):
                await connection.execute(statement)
    finally:
        await connection.close()


async def test_a_flood_of_denials_is_a_row(world: World) -> None:
    method = "yijie.supervision.v1.CaseService/ListCases"
    agency = Caller("640000", "agency")
    for _ in range(1000):
        world.trail.denied(Denial(method, agency, "CALLER_NOT_ALLOWED"))
    world.trail.denied(Denial(method, Caller("650000", "agency"), "CALLER_NOT_ALLOWED"))
    await world.trail.flush()
    page = await world.trail.sources.read("events", Position(0, 0))
    assert [(row.kind, json.loads(row.content)) for row in page.rows] == [
        (
            "CALL_DENIED",
            {
                "method": method,
                "role": "agency",
                "region": region,
                "reason": "CALLER_NOT_ALLOWED",
                "count": count,
            },
        )
        for region, count in (("640000", 1000), ("650000", 1))
    ]
    await world.one.round()
    assert (await store.head(world.database)).entry_count == 2


async def test_denials_wait_for_the_database(world: World, dsn: str) -> None:
    denial = Denial("a.B/C", Caller("640000", "agency"), "CALLER_NOT_ALLOWED")
    world.trail.denied(denial)
    before = DROPPED._value.get()
    await altered(dsn, "ALTER TABLE audit_event RENAME TO away")
    await world.trail.flush()
    world.trail.denied(denial)
    await altered(dsn, "ALTER TABLE away RENAME TO audit_event")
    await world.trail.flush()
    page = await world.trail.sources.read("events", Position(0, 0))
    assert [json.loads(row.content)["count"] for row in page.rows] == [2]
    assert DROPPED._value.get() == before


def test_every_problem_has_words() -> None:
    numbers = set(chain_pb2.ChainProblemKind.values())
    assert PROBLEMS.keys() == numbers - {chain_pb2.CHAIN_PROBLEM_KIND_UNSPECIFIED}

"""Goal: what is on record is sealed once and in order, and what is done to it later shows.

Method: supervision's own source on a database, and sources of other services that a test holds in
its hand; the chain, its checkpoints and its rows are altered as somebody could who owns the
database.
"""

from __future__ import annotations

import asyncio
import dataclasses
import functools
import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from services.cli.audit_chain.exporting import (
    ExportError,
    export,
    read_checkpoint,
    write_checkpoint,
)
from services.cli.audit_chain.keys import PRIVATE, PUBLIC, new_checkpoint_key
from services.cli.audit_chain.verifying import PROBLEMS, verify_chain
from services.cli.audit_verifier import Chain, Wrong, read_keys
from services.kit.audit_chain.sources import (
    DETACHED,
    START,
    Page,
    Position,
    SourceRow,
    read_position,
)
from services.kit.audit_chain.trail import Trail
from services.kit.authorisation import Denial
from services.kit.caller import Caller
from services.kit.channel import open_channel
from services.kit.clock import SystemClock
from services.kit.config import load
from services.kit.db import Database
from services.kit.errors import DomainError, Unavailable
from services.kit.server import ServerConfig, serving
from services.supervision.chain import store
from services.supervision.chain.keys import CheckpointKeys
from services.supervision.chain.notary import Notary
from services.supervision.chain.patrol import Patrol
from services.supervision.chain.sealing import Sealer
from services.supervision.chain.servicer import FULL_NAME, ChainServicer
from services.supervision.chain.sources import OwnSource
from services.supervision.chain.store import ChainMoved
from services.supervision.chain.verifying import Verifier
from services.supervision.metrics import CHAIN_BROKEN, CHAIN_FAILURES
from yijie.audit.v1 import chain_pb2, chain_service_pb2, chain_service_pb2_grpc

NOW = datetime(2026, 11, 22, 8, 0, tzinfo=UTC)
EVENTS, JOURNAL = "supervision.events", "settlement.journal"


class Journal:
    """A source of another service."""

    def __init__(self) -> None:
        self.rows: list[SourceRow] = []
        self.error: Exception | None = None
        self.page = 500
        self.is_stubborn = False
        """Gives what it gave before, whatever it is asked to go on after."""

    def add(self, count: int = 1, content: str = '{"total_fen" : 100}') -> None:
        for _ in range(count):
            number = len(self.rows) + 1
            self.rows.append(
                SourceRow(
                    position=Position(7, number),
                    kind="SETTLED",
                    event_time=NOW + timedelta(seconds=number),
                    record_id=f"s-{number}",
                    content=content,
                )
            )

    async def read(self, after: str) -> Page:
        if self.error is not None:
            raise self.error
        begin = START if self.is_stubborn else read_position(after)
        found = [row for row in self.rows if row.position > begin]
        return Page(found[: self.page], has_more=len(found) > self.page)


@dataclasses.dataclass
class World:
    """The chain's parts on one database."""

    database: Database
    trail: Trail
    journal: Journal
    keys: CheckpointKeys
    folder: Path

    def sealer(self) -> Sealer:
        own = OwnSource(self.trail.sources, "events")
        return Sealer(self.database, SystemClock(), {EVENTS: own, JOURNAL: self.journal})

    @functools.cached_property
    def one(self) -> Sealer:
        return self.sealer()

    @property
    def notary(self) -> Notary:
        return Notary(self.database, SystemClock(), self.keys)

    @property
    def verifier(self) -> Verifier:
        return Verifier(self.database, self.keys, self.one.sources)

    async def event(self, **content: str | int) -> None:
        async def work(connection: Any) -> None:
            await self.trail.record(connection, kind="TESTED", record_id="r", content=content)

        await self.database.run("test.event", work)

    async def sealed(self) -> None:
        """Three blocks of both sources, and a checkpoint on the second."""
        for number in range(3):
            await self.event(number=number)
            self.journal.add(2)
            await self.one.round()
            if number == 1:
                await self.notary.sign()

    async def problem(self, **options: Any) -> tuple[str, int] | None:
        found = await self.verifier.verify(after_block=0, **options)
        return found.problem and (found.problem.kind.name, found.problem.block_id)


@pytest.fixture
async def world(database: Database, tmp_path: Path) -> World:
    new_checkpoint_key(tmp_path, "hub")
    keys = CheckpointKeys(str(tmp_path / PRIVATE), str(tmp_path / PUBLIC))
    return World(database, Trail(database, "supervision"), Journal(), keys, tmp_path)


@pytest.fixture
async def channel(world: World) -> AsyncIterator[Any]:
    def register(server: Any) -> None:
        servicer = ChainServicer(
            world.database,
            sealer=world.one,
            notary=world.notary,
            verifier=world.verifier,
            keys=world.keys,
        )
        chain_service_pb2_grpc.add_ChainServiceServicer_to_server(servicer, server)

    config = load(ServerConfig, {"YIJIE_LISTEN": "127.0.0.1:0", "YIJIE_DRAIN_GRACE_S": "1"})
    async with (
        serving(config, "supervision", (FULL_NAME,), register) as running,
        open_channel(running.address) as opened,
    ):
        yield opened


async def altered(dsn: str, *statements: str) -> None:
    """Does what nobody may: past all triggers, as who owns the database can."""
    connection = await asyncpg.connect(dsn, server_settings={"search_path": "supervision"})
    try:
        await connection.execute("SET session_replication_role = replica")
        for statement in statements:
            await connection.execute(statement)
    finally:
        await connection.close()


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


async def test_the_last_row_that_was_sealed_is_missed(world: World, dsn: str) -> None:
    await world.sealed()
    await altered(dsn, "DELETE FROM audit_event WHERE sequence = 3")
    assert await world.problem() == ("ROW_MISSING", 3)
    await world.one.round()
    assert CHAIN_FAILURES.labels(EVENTS, "AUDIT_POSITION_UNKNOWN")._value.get() > 0


async def test_only_what_was_noted_shows_an_end_that_was_cut_off(
    world: World, dsn: str, channel: Any
) -> None:
    await world.sealed()
    signed = await world.notary.sign()
    assert (signed.block_id, await world.notary.sign()) == (3, signed)
    await altered(
        dsn,
        "DELETE FROM chain_checkpoint WHERE block_id = 3",
        "DELETE FROM chain_block WHERE block_id = 3",
    )
    assert await world.problem(chain_only=True) is None
    assert await world.problem(chain_only=True, noted=signed) == ("BLOCK_MISSING", 3)
    # Sealed anew by the process, which knows of nothing, it is another chain.
    await altered(
        dsn, "UPDATE chain_source SET position = '7.4' WHERE source = 'settlement.journal'"
    )
    await world.one.round()
    assert await world.problem(chain_only=True, noted=signed) == ("OTHER_CHAIN", 3)


async def test_a_checkpoint_with_a_bad_signature_is_refused(world: World, channel: Any) -> None:
    await world.sealed()
    stub = chain_service_pb2_grpc.ChainServiceStub(channel)
    answer = await stub.SignCheckpoint(chain_service_pb2.SignCheckpointRequest(), timeout=10)
    noted = answer.checkpoint
    assert (await verify_chain(channel, noted=noted)).is_good
    forged = chain_pb2.Checkpoint.FromString(noted.SerializeToString())
    forged.signature = noted.signature[:-1] + bytes([noted.signature[-1] ^ 1])
    with pytest.raises(DomainError) as refused:
        await verify_chain(channel, noted=forged)
    assert (refused.value.reason, refused.value.metadata) == (
        "CHECKPOINT_INVALID",
        {"keyId": "hub"},
    )
    (world.folder / "forged").write_bytes(write_checkpoint(forged))
    with pytest.raises(DomainError) as refused:
        await export(channel, world.folder / "out", after=world.folder / "forged")
    assert refused.value.reason == "CHECKPOINT_INVALID"
    assert not (world.folder / "out").exists()


async def test_the_export_is_verified_without_us(world: World, channel: Any) -> None:
    await world.sealed()
    noted = await export(channel, world.folder / "all", after=None)
    (world.folder / "noted").write_bytes(write_checkpoint(noted))
    assert read_checkpoint(world.folder / "noted") == noted
    await world.event(number=9)
    await world.one.round()
    await export(channel, world.folder / "rest", after=world.folder / "noted")
    keys = read_keys((world.folder / PUBLIC).read_text())
    for name, counts in (("all", (3, 9)), ("rest", (4, 10))):
        chain = Chain(keys, json.loads((world.folder / "noted").read_bytes()))
        chain.read((world.folder / name).read_bytes().splitlines(keepends=True))
        assert (chain.block, chain.entries) == counts
    lines = (world.folder / "all").read_bytes().splitlines(keepends=True)
    with pytest.raises(Wrong):
        Chain(keys).read(lines[:3] + lines[4:])
    # Nothing new: the export says so, and stands.
    last = await export(channel, world.folder / "again", after=world.folder / "noted")
    assert last.block == 4


async def test_an_export_after_another_chain_is_refused(
    world: World, channel: Any, dsn: str
) -> None:
    await world.sealed()
    noted = await export(channel, world.folder / "all", after=None)
    (world.folder / "noted").write_bytes(write_checkpoint(noted))
    await altered(dsn, "UPDATE chain_block SET digest = sha256('x') WHERE block_id = 3")
    with pytest.raises(ExportError, match="another chain"):
        await export(channel, world.folder / "rest", after=world.folder / "noted")
    (world.folder / "noted").write_bytes(b"{}")
    with pytest.raises(ExportError, match="holds no checkpoint"):
        await export(channel, world.folder / "rest", after=world.folder / "noted")


async def test_without_a_key_nothing_is_signed_and_it_shows(world: World, channel: Any) -> None:
    with pytest.raises(DomainError) as refused:
        await world.notary.sign()
    assert refused.value.reason == "CHAIN_IS_EMPTY"
    await world.sealed()
    (world.folder / PRIVATE).unlink()
    await world.notary.round()
    with pytest.raises(DomainError) as refused:
        await export(channel, world.folder / "all", after=None)
    assert refused.value.reason == "CHECKPOINT_KEY_MISSING"
    # Another key takes over without a restart; what the old one signed stays good.
    new_checkpoint_key(world.folder, "hub-2")
    assert (await world.notary.sign()).key_id == "hub-2"
    assert await world.problem() is None


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
    patrol = Patrol(world.verifier)
    await patrol.round()
    assert CHAIN_BROKEN._value.get() == 0
    await altered(dsn, "UPDATE audit_event SET kind = 'OTHER' WHERE sequence = 2")
    await patrol.round()
    assert CHAIN_BROKEN._value.get() == 1
    await altered(dsn, "UPDATE audit_event SET kind = 'TESTED' WHERE sequence = 2")
    await patrol.round()
    assert CHAIN_BROKEN._value.get() == 0


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


def test_every_problem_has_words() -> None:
    numbers = set(chain_pb2.ChainProblemKind.values())
    assert PROBLEMS.keys() == numbers - {chain_pb2.CHAIN_PROBLEM_KIND_UNSPECIFIED}

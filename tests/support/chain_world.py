"""The audit chain's parts on one database, with a source that a test holds in its hand."""

import contextlib
import dataclasses
import functools
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import asyncpg

from services.cli.audit_chain.keys import PRIVATE, PUBLIC, new_checkpoint_key
from services.kit.audit_chain.sources import (
    START,
    Page,
    Position,
    SourceRow,
    read_position,
)
from services.kit.audit_chain.trail import Trail
from services.kit.channel import open_channel
from services.kit.clock import SystemClock
from services.kit.config import load
from services.kit.db import Database
from services.kit.server import ServerConfig, serving
from services.supervision.chain.keys import CheckpointKeys
from services.supervision.chain.notary import Notary
from services.supervision.chain.sealing import Sealer
from services.supervision.chain.servicer import FULL_NAME, ChainServicer
from services.supervision.chain.sources import OwnSource
from services.supervision.chain.verifying import Verifier
from yijie.audit.v1 import chain_service_pb2_grpc

NOW = datetime(2026, 11, 22, 8, 0, tzinfo=UTC)
EVENTS, JOURNAL = "supervision.events", "settlement.journal"


class Journal:
    """A source of another service."""

    def __init__(self) -> None:
        self.rows: list[SourceRow] = []
        self.error: Exception | None = None
        self.page = 500
        self.held_since: datetime | None = None
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
        return Page(found[: self.page], len(found) > self.page, self.held_since)


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
        if found.problem is None:
            return None
        return found.problem.kind.name, found.problem.block_id


def new_world(database: Database, folder: Path) -> World:
    new_checkpoint_key(folder, "hub")
    keys = CheckpointKeys(str(folder / PRIVATE), str(folder / PUBLIC))
    return World(database, Trail(database, "supervision"), Journal(), keys, folder)


@contextlib.asynccontextmanager
async def served(world: World) -> AsyncIterator[Any]:
    """Gives a channel to ChainService."""

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

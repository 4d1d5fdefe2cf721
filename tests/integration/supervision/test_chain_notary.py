"""Goal: what is signed stays so; another history is neither signed nor exported as this one.

Method: the chain, its checkpoints and its keys are altered as somebody could who owns the database.
"""

import json
from collections.abc import AsyncIterator
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
from services.cli.audit_chain.verifying import verify_chain
from services.cli.audit_verifier import Chain, Wrong, read_keys
from services.kit.db import Database
from services.kit.errors import DomainError, RuleForbids
from services.supervision.chain import store
from services.supervision.domain.chain import EMPTY, next_block, unpack
from services.supervision.metrics import CHAIN_BROKEN
from tests.support.chain_world import (
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


async def sealed_anew(dsn: str, first: int) -> None:
    """Writes the chain anew from a block on, as who owns the database can: all digests fit."""
    connection = await asyncpg.connect(dsn, server_settings={"search_path": "supervision"})
    try:
        await connection.execute("SET session_replication_role = replica")
        await connection.execute("DELETE FROM chain_checkpoint WHERE block_id >= $1", first)
        rows = await connection.fetch("SELECT * FROM chain_block ORDER BY block_id")
        head = EMPTY
        for row in rows:
            lines = unpack(row["entries"])
            if row["block_id"] == first:
                lines[0] = lines[0].replace(b'"kind":"TESTED"', b'"kind":"FORGED"')
            block = next_block(head, lines, now=row["seal_time"])
            head = block.head
            await connection.execute(
                "UPDATE chain_block SET entries = $2, previous_digest = $3, content_digest = $4,"
                " digest = $5 WHERE block_id = $1",
                block.block_id,
                block.packed,
                block.previous_digest,
                block.content_digest,
                block.digest,
            )
    finally:
        await connection.close()


async def test_another_history_is_not_signed_while_the_process_runs(world: World, dsn: str) -> None:
    await world.sealed()
    notary = world.notary
    signed = await notary.sign()
    await sealed_anew(dsn, 2)
    # The chain alone has nothing wrong with it; the process remembers.
    assert await world.problem(chain_only=True) is None
    CHAIN_BROKEN.set(0)
    with pytest.raises(RuleForbids) as refused:
        await notary.sign()
    assert (refused.value.reason, refused.value.metadata) == ("CHAIN_IS_BROKEN", {"block": "3"})
    assert CHAIN_BROKEN._value.get() == 1
    await notary.round()
    assert await store.find_checkpoint(world.database, 3, "hub") is None
    # Whoever has noted one finds it, whatever was signed since.
    await world.notary.sign()
    assert await world.problem(chain_only=True, noted=signed) == ("OTHER_CHAIN", 3)


async def test_a_process_that_signs_nothing_remembers_too(world: World, dsn: str) -> None:
    await world.sealed()
    await world.notary.sign()
    other = world.notary
    await other.round()
    await sealed_anew(dsn, 2)
    await world.notary.sign()
    CHAIN_BROKEN.set(0)
    await other.round()
    assert CHAIN_BROKEN._value.get() == 1


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE chain_block SET entries = entries || '\\x00' WHERE block_id = 3",
        "DELETE FROM chain_block WHERE block_id = 2",
        "DELETE FROM chain_block WHERE block_id >= 2",
        "UPDATE chain_checkpoint SET signature = sha256('x') || sha256('y')",
        "UPDATE chain_checkpoint SET digest = sha256('x')",
    ],
)
async def test_a_chain_that_was_altered_is_not_signed(
    world: World, dsn: str, statement: str
) -> None:
    """A process that has just begun goes on from what a trusted key has signed."""
    await world.sealed()
    await altered(dsn, statement)
    with pytest.raises(RuleForbids) as refused:
        await world.notary.sign()
    assert refused.value.reason == "CHAIN_IS_BROKEN"


async def test_a_checkpoint_that_somebody_put_there_is_not_handed_out(
    world: World, dsn: str
) -> None:
    await world.sealed()
    notary = world.notary
    await notary.sign()
    await altered(dsn, "UPDATE chain_checkpoint SET signature = sha256('x') || sha256('y')")
    with pytest.raises(RuleForbids) as refused:
        await notary.sign()
    assert refused.value.reason == "CHAIN_IS_BROKEN"


async def test_another_key_goes_on_after_the_old_one(world: World) -> None:
    await world.sealed()
    await world.notary.sign()
    (world.folder / PRIVATE).unlink()
    new_checkpoint_key(world.folder, "hub-2")
    assert (await world.notary.sign()).key_id == "hub-2"
    found = await world.verifier.verify(after_block=0)
    assert (found.problem, found.checkpoint_count) == (None, 3)


async def test_blocks_come_with_their_own_checkpoints_only(
    world: World, channel: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Read to the end for each page, they would be as many as the chain has minutes."""
    await world.sealed()
    await world.notary.sign()
    monkeypatch.setattr(store, "BLOCKS_MAX", 2)
    asked: list[int] = []
    read = store.checkpoints

    async def noting(database: Any, *, after: int, until: int) -> Any:
        asked.append(until)
        return await read(database, after=after, until=until)

    monkeypatch.setattr(store, "checkpoints", noting)
    await export(channel, world.folder / "all", after=None)
    assert asked == [2, 3]


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
        chain = Chain(keys, [json.loads((world.folder / "noted").read_bytes())])
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

"""A bad pack in the table of publications: the rules that run stay, in every process."""

from __future__ import annotations

import functools
from collections.abc import AsyncIterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import asyncpg
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from services.kit.db import Database
from services.kit.rounds import ROUND_FAILURES
from services.supervision import metrics
from services.supervision.domain.publication import Publication
from services.supervision.domain.ruleset import RuleSet
from services.supervision.publication import packs, store
from services.supervision.publication.keys import key_line
from services.supervision.rules_loader import digest_of
from services.supervision.rules_pack import contents_of
from tests.integration.supervision.packs_world import (
    CHECKER,
    KEY_ID,
    MAKER,
    SOON,
    World,
    codes_of,
    packs_world,
    pb2,
    withdrawing,
)
from tests.support.eventually import eventually
from tests.support.rpc import refused

pytestmark = pytest.mark.postgres

REFUSED, RUNNING = pb2.RULE_PACK_STATE_REFUSED, pb2.RULE_PACK_STATE_RUNNING


@pytest.fixture
async def world(database: Database, tmp_path: Path) -> AsyncIterator[World]:
    async with packs_world(database, tmp_path) as made:
        yield made


async def looks_failed(before: float) -> None:
    assert ROUND_FAILURES.labels("rules")._value.get() > before


async def plant(world: World, content: bytes, *, at: datetime, digest: str = "") -> Publication:
    """Writes a publication past the service, as another release would, or an intruder."""
    digest = digest or digest_of(contents_of(content))
    made = Publication(
        publication_id=uuid4(),
        version=digest[:16],
        digest=digest,
        valid_from_time=at,
        key_id=KEY_ID,
        signature=world.sign(content, at=at),
        maker_id=MAKER,
        checker_id=CHECKER,
        publish_time=at,
    )

    async def work(connection: Any) -> None:
        await store.add_pack(connection, digest, digest[:16], content)
        await store.publish(connection, made)

    await world.database.run("test.plant", work)
    return made


async def test_a_pack_that_this_release_cannot_read_changes_nothing(world: World) -> None:
    good = await world.publish(world.pack("DRUG_SEX"))
    world.clock.advance(hours=1)
    newer = world.pack("ITEM_SEX", item_sex=("kind: sex", "kind: quantum"))
    planted = await plant(world, newer, at=world.clock.now())
    await world.current.look()
    assert codes_of(world) == ["DRUG_SEX"]
    assert metrics.RULE_PACKS_REFUSED._value.get() == 1
    assert (await world.packs_listed())[:2] == [
        (planted.version, REFUSED),
        (good.version, RUNNING),
    ]
    # A process that starts now goes by the last one that it can read.
    late = world.make()
    await late.start()
    assert late.ruleset().version == good.version
    world.clock.advance(hours=1)
    best = await world.publish(world.pack("DRUG_SEX", "ITEM_SEX"))
    assert world.current.ruleset().version == best.version
    # What was refused then lies behind what runs now.
    assert (await world.packs_listed())[0] == (best.version, RUNNING)


async def test_a_pack_that_breaks_the_reader_does_not_keep_a_process_from_starting(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What nobody thought of is refused like anything else, here and where it is published."""
    good = await world.publish(world.pack("DRUG_SEX"))
    world.clock.advance(hours=1)
    bad = world.pack("DIAGNOSIS_MISSING")
    reading = packs.build

    def breaking(contents: Mapping[str, bytes]) -> RuleSet:
        if "diagnosis_missing.yaml" in contents:
            raise OverflowError("date value out of range")
        return reading(contents)

    monkeypatch.setattr(packs, "build", breaking)
    answer = await refused(world.publishing(bad))
    assert (answer.code, answer.reason) == ("INVALID_ARGUMENT", "RULE_PACK_MALFORMED")
    await plant(world, bad, at=world.clock.now())
    late = world.make()
    await late.start()
    assert late.ruleset().version == good.version
    assert len(late.refused) == 1


async def test_a_key_that_ceases_to_be_trusted_is_told_before_a_restart(world: World) -> None:
    """What runs goes on, but a process that starts would go back: replicas would disagree."""
    first = await world.publish(world.pack("DRUG_SEX"))
    successor = Ed25519PrivateKey.generate()
    lines = world.keys_file.read_text()
    world.keys_file.write_text(key_line("hub-2027", successor.public_key()))
    await world.current.look()
    assert codes_of(world) == ["DRUG_SEX"]
    assert metrics.RULE_PACKS_REFUSED._value.get() == 1
    assert (await world.packs_listed())[0] == (first.version, RUNNING)
    late = world.make()
    await late.start()
    assert late.ruleset().version == world.current.shipped.version
    # As docs/supervision.md says: both keys, the same pack signed by the new one, then only that.
    world.keys_file.write_text(lines + key_line("hub-2027", successor.public_key()))
    world.clock.advance(minutes=1)
    await world.publish(world.pack("DRUG_SEX"), key=successor, key_id="hub-2027")
    world.keys_file.write_text(key_line("hub-2027", successor.public_key()))
    await world.current.look()
    assert metrics.RULE_PACKS_REFUSED._value.get() == 0
    late = world.make()
    await late.start()
    assert late.ruleset().version == world.current.ruleset().version == first.version


async def test_what_an_intruder_writes_into_the_table_is_not_taken_up(world: World) -> None:
    now = world.clock.now()
    stranger = Ed25519PrivateKey.generate()
    world.key, trusted = stranger, world.key
    planted = await plant(world, world.pack("DRUG_SEX"), at=now)
    await world.current.look()
    assert codes_of(world) == ["ITEM_SEX"]
    assert (await world.packs_listed())[0] == (planted.version, REFUSED)
    # Rules exchanged under a signature that holds.
    world.key = trusted
    world.clock.advance(hours=1)
    signed = world.pack("DRUG_SEX", "ITEM_SEX")
    digest = digest_of(contents_of(signed))
    other = world.pack("DRUG_SEX", drug_sex=("severity: MEDIUM", "severity: LOW"))

    async def work(connection: Any) -> None:
        await store.add_pack(connection, digest, digest[:16], other)

    await world.database.run("test.exchange", work)
    await plant(world, signed, at=world.clock.now())
    await world.current.look()
    assert codes_of(world) == ["ITEM_SEX"]
    # The stranger's key becomes trusted: what it signed is taken up.
    world.keys_file.write_text(key_line(KEY_ID, stranger.public_key()))
    await world.current.look()
    assert codes_of(world) == ["DRUG_SEX"]


async def test_a_table_that_cannot_be_read_changes_nothing(world: World) -> None:
    await world.publish(world.pack("DRUG_SEX"))
    before = ROUND_FAILURES.labels("rules")._value.get()
    await world.database.execute("/* test.hide */ ALTER TABLE rule_withdrawal RENAME TO hidden")
    async with world.current.followed():
        await eventually(functools.partial(looks_failed, before))
        assert codes_of(world) == ["DRUG_SEX"]
    await world.database.execute("/* test.show */ ALTER TABLE hidden RENAME TO rule_withdrawal")
    await world.current.look()


@pytest.mark.parametrize("table", ["rule_pack", "rule_publication", "rule_withdrawal"])
async def test_what_was_published_is_kept(world: World, table: str) -> None:
    published = await world.publish(world.pack("DRUG_SEX"), at=world.clock.now() + SOON)
    await withdrawing(world, published.publication_id)
    for statement in (f"DELETE FROM {table}", f"TRUNCATE {table} CASCADE"):  # noqa: S608
        with pytest.raises(asyncpg.RestrictViolationError):
            await world.database.execute(f"/* test.change */ {statement}")

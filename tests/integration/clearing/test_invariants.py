"""Goal: every invariant is checked for what it says: whoever changes a row past the triggers is
found, by the right one and at the right place; what is whole is found whole.

Method: a month is cleared, notified and partly paid by the use cases; then rows are changed as
somebody could who owns the database. The nightly check runs by a clock of the test.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import grpc
import pytest

from services.clearing import metrics
from services.clearing.domain.invariants import Invariant
from services.clearing.invariants import servicer, store, usecases
from services.clearing.invariants.nightly import Nightly
from services.clearing.invariants.servicer import InvariantServicer
from services.clearing.posting import month_end
from services.kit.db import Database, DatabaseConfig, open_database
from tests.integration.clearing.breaks_world import tampering
from tests.property.clearing_world import World
from tests.property.test_clearing_crash import MARCH, STEPS, new_world
from tests.support.rpc import TIMEOUT_S, served
from yijie.clearing.v1 import (
    invariant_pb2,
    invariant_service_pb2,
    invariant_service_pb2_grpc,
)

pytestmark = pytest.mark.postgres


@pytest.fixture
async def database(dsn: str) -> AsyncIterator[Database]:
    # Without the coherence that the folder's fixture asserts: it is what these tests break.
    async with open_database(DatabaseConfig(dsn=dsn), "clearing") as opened:
        yield opened


async def cleared(database: Database, until: str) -> World:
    """A world in which March has come as far as a step, this one included."""
    world = new_world(database)
    for name, step in STEPS:
        await step(world)
        if name == until:
            break
    world.clock.advance(hours=1)
    await world.caught_up()
    return world


async def broken(database: Database, **options: Any) -> dict[Invariant, list[Any]]:
    check = await usecases.check(database, **options)
    return {
        one.invariant: [it.key for it in one.contradictions]
        for one in check.results
        if not one.holds
    }


async def change(dsn: str, statement: str) -> None:
    async with tampering(dsn) as connection:
        tag = await connection.execute(statement)
        assert tag.split()[-1] not in {"0", "UPDATE"}, f"{statement}: nothing was changed"


@pytest.mark.parametrize("until", ["settle", "reverse", "cut", "tables", "issue", "pay", "close"])
async def test_what_is_whole_is_found_whole(database: Database, until: str) -> None:
    await cleared(database, until)
    check = await usecases.check(database)
    assert [one for one in check.results if not one.holds] == []
    counts = {one.invariant: one.checked_count for one in check.results}
    assert list(counts) == list(Invariant)
    assert counts[Invariant.SETTLEMENTS] > 0
    assert counts[Invariant.CHAIN] == check.until_block_id > 0
    if until == "close":
        assert all(counts.values()), counts


BREAKS = {
    "a kept balance": (
        Invariant.BALANCED,
        (
            "UPDATE account SET balance_fen = balance_fen + 1 WHERE account_id ="
            " (SELECT min(account_id) FROM account WHERE purpose = 'CLEARING')"
        ),
    ),
    "both sides of a balance": (
        Invariant.BALANCED,
        (
            "UPDATE account SET balance_fen = balance_fen + CASE side WHEN 'PAYABLE' THEN -5"
            " ELSE 5 END WHERE (position_id, fund_type_code, purpose) ="
            " (SELECT position_id, fund_type_code, purpose FROM account"
            " WHERE purpose = 'CLEARING' ORDER BY account_id LIMIT 1)"
        ),
    ),
    "one side alone": (
        Invariant.NET_ZERO,
        (
            "UPDATE account SET balance_fen = balance_fen - 9 WHERE account_id = (SELECT"
            " min(account_id) FROM account WHERE purpose = 'CLEARING' AND side = 'RECEIVABLE')"
        ),
    ),
    "what the hub settled": (
        Invariant.SETTLEMENTS,
        (
            "UPDATE hub_record SET fund_fen = fund_fen + 1 WHERE settlement_id ="
            " (SELECT settlement_id FROM hub_record ORDER BY settlement_id LIMIT 1)"
        ),
    ),
    "a settlement that the ledger lacks": (
        Invariant.SETTLEMENTS,
        (
            "WITH gone AS (DELETE FROM hub_record WHERE reverse_time IS NULL AND settlement_id ="
            " (SELECT settlement_id FROM hub_record ORDER BY settlement_id LIMIT 1) RETURNING 1)"
            " UPDATE hub_record SET account_fen = 0 FROM gone WHERE false"
        ),
    ),
    "a line of a table": (
        Invariant.TABLES,
        (
            "UPDATE table_line SET cost_fen = cost_fen - 1, payable_fen = payable_fen - 1"
            " WHERE ctid = (SELECT ctid FROM table_line ORDER BY payable_fen DESC LIMIT 1)"
        ),
    ),
    "counts of a table": (
        Invariant.TABLES,
        (
            "UPDATE table_line SET settlement_count = settlement_count + 1 WHERE ctid ="
            " (SELECT ctid FROM table_line ORDER BY payable_fen DESC LIMIT 1)"
        ),
    ),
    "a notice's line": (
        Invariant.NOTICES,
        (
            "UPDATE notice_line SET amount_fen = amount_fen + 1 WHERE ctid ="
            " (SELECT ctid FROM notice_line ORDER BY amount_fen DESC LIMIT 1)"
        ),
    ),
    "a notice that is gone": (
        Invariant.NOTICES,
        (
            "DELETE FROM notice_line WHERE notice_id = (SELECT notice_id FROM notice"
            " ORDER BY notice_id LIMIT 1)"
        ),
    ),
    "what is paid of a line": (
        Invariant.PAYMENTS,
        (
            "UPDATE notice_line SET paid_fen = paid_fen - 1 WHERE ctid ="
            " (SELECT ctid FROM notice_line ORDER BY paid_fen DESC LIMIT 1)"
        ),
    ),
    "what a bank line paid": (
        Invariant.PAYMENTS,
        (
            "UPDATE bank_line SET applied_fen = applied_fen - 1, returned_fen = returned_fen + 1"
            " WHERE line_id = (SELECT line_id FROM bank_line ORDER BY line_id LIMIT 1)"
        ),
    ),
    "an entry": (
        Invariant.CHAIN,
        (
            "UPDATE entry SET amount_fen = amount_fen + 1 WHERE entry_id ="
            " (SELECT max(entry_id) FROM entry)"
        ),
    ),
    "the pair of a position": (
        Invariant.CHAIN,
        (
            "UPDATE position SET care_region_code = '650000' WHERE position_id ="
            " (SELECT min(position_id) FROM position)"
        ),
    ),
    "when something was settled": (
        Invariant.CHAIN,
        (
            "UPDATE booking SET event_time = event_time - interval '1 microsecond' WHERE ctid ="
            " (SELECT ctid FROM booking ORDER BY source_id LIMIT 1)"
        ),
    ),
}


@pytest.mark.parametrize("name", BREAKS)
async def test_what_was_changed_behind_the_triggers_is_found(
    dsn: str, database: Database, name: str
) -> None:
    invariant, statement = BREAKS[name]
    await cleared(database, "close")
    assert await broken(database) == {}
    async with tampering(dsn) as connection:
        before = await connection.fetchval("SELECT pg_current_wal_insert_lsn()::text")
        await connection.execute(statement)
        assert await connection.fetchval("SELECT pg_current_wal_insert_lsn()::text") != before
    found = await broken(database)
    assert invariant in found, found
    assert all(key.subject for keys in found.values() for key in keys)


async def test_a_contradiction_says_where_and_how_much(dsn: str, database: Database) -> None:
    await cleared(database, "tables")
    await change(
        dsn,
        "UPDATE hub_record SET fund_fen = fund_fen + 7 WHERE insured_region_code = '110000'",
    )
    (result,) = [one for one in (await usecases.check(database)).results if not one.holds]
    (one,) = result.contradictions
    key = one.key
    assert (key.month, key.insured_region_code, key.care_region_code, key.scheme_code) == (
        MARCH,
        "110000",
        "310000",
        "310",
    )
    assert one.expected_fen - one.found_fen == 7


async def test_months_before_the_first_asked_for_are_not_looked_at(
    dsn: str, database: Database
) -> None:
    await cleared(database, "close")
    await change(dsn, "UPDATE account SET balance_fen = 1 WHERE account_id = 1")
    assert set(await broken(database)) > {Invariant.CHAIN}
    # The chain knows no months.
    assert set(await broken(database, first_month="2026-04")) <= {Invariant.CHAIN}


async def test_what_both_followers_have_not_read_is_not_compared(database: Database) -> None:
    """The ledger is ahead of the hub's leg by a settlement: no contradiction."""
    world = await cleared(database, "settle")
    async with database.connection() as connection:
        until = await store.until(connection)
    assert until is not None
    late = STEPS[2][1]
    await late(world)
    check = await usecases.check(database)
    assert [one for one in check.results if not one.holds] == []
    assert check.until_time is not None
    assert check.until_time < world.now


# --- the nightly check ---------------------------------------------------------------------------


def gauges() -> dict[str, float]:
    return {
        labels["invariant"]: value
        for metric in metrics.INVARIANT_BROKEN.collect()
        for _, labels, value, *_ in metric.samples
    }


async def test_a_night_is_checked_once_and_goes_on_where_the_last_one_ended(
    dsn: str, database: Database
) -> None:
    world = await cleared(database, "pay")
    nightly = Nightly(database, world.clock, hour=3)
    first = await nightly.once()
    assert first is not None
    assert first.holds
    assert set(gauges().values()) == {0}
    assert await nightly.once() is None
    other = Nightly(database, world.clock, hour=3)
    assert await other.once() is None
    last = await store.last_check(database)
    assert last is not None
    assert last.until_block_id == first.until_block_id
    # An old block: the next night does not read it again, a whole look does.
    await change(
        dsn, "UPDATE booking SET event_time = event_time - interval '1 s' WHERE block_id=1"
    )
    world.clock.advance(days=1)
    await world.caught_up()
    second = await nightly.once()
    assert second is not None
    assert {one.invariant: one.checked_count for one in second.results}[Invariant.CHAIN] == 0
    assert Invariant.CHAIN in await broken(database)


async def test_what_a_night_finds_is_in_the_metric_until_it_is_gone(
    dsn: str, database: Database
) -> None:
    world = await cleared(database, "issue")
    await change(dsn, "UPDATE table_line SET settlement_count = 99")
    nightly = Nightly(database, world.clock, hour=3)
    found = await nightly.once()
    assert found is not None
    assert not found.holds
    assert gauges()["TABLES"] == 1
    # Another process has it from the table.
    metrics.INVARIANT_BROKEN.labels("TABLES").set(0)
    assert await Nightly(database, world.clock, hour=3).once() is None
    assert gauges()["TABLES"] == 1


async def test_before_its_hour_nothing_is_checked_anew(database: Database) -> None:
    world = await cleared(database, "settle")
    world.clock.instant = month_end(MARCH) + timedelta(hours=4)
    nightly = Nightly(database, world.clock, hour=3)
    assert await nightly.once() is not None
    world.clock.advance(hours=22)
    assert await nightly.once() is None
    world.clock.advance(hours=2)
    assert await nightly.once() is not None


# --- the call ------------------------------------------------------------------------------------


async def test_the_call_answers_every_invariant(dsn: str, database: Database) -> None:
    await cleared(database, "close")
    await change(dsn, "UPDATE account SET balance_fen = balance_fen + 1 WHERE side = 'PAYABLE'")

    def register(server: Any) -> None:
        invariant_service_pb2_grpc.add_InvariantServiceServicer_to_server(
            InvariantServicer(database), server
        )

    async with served("clearing", servicer.FULL_NAME, register) as channel:
        stub = invariant_service_pb2_grpc.InvariantServiceStub(channel)
        request = invariant_service_pb2.CheckInvariantsRequest(whole_chain=True)
        answer = await stub.CheckInvariants(request, timeout=TIMEOUT_S)
        with pytest.raises(grpc.aio.AioRpcError) as refusal:
            await stub.CheckInvariants(
                invariant_service_pb2.CheckInvariantsRequest(first_month="2026-13"),
                timeout=TIMEOUT_S,
            )
    assert refusal.value.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert [one.invariant for one in answer.results] == list(range(1, len(Invariant) + 1))
    assert answer.results[0].invariant == invariant_pb2.INVARIANT_BALANCED
    assert answer.results[0].contradiction_count > 0
    one = answer.results[0].contradictions[0]
    assert one.month.startswith("2026-")
    assert one.found.fen != one.expected.fen
    assert len(answer.results[0].contradictions) <= 20

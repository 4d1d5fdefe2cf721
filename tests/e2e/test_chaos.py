"""Goal: a storm of crashes, losses and repeats leaves nothing that contradicts what was told.

Method: `yijie chaos` with a fixed seed for half a minute; the plan is the same each time, its
timing is not. That the audit of a real run sees a real loss is shown by planting some.
"""

from __future__ import annotations

import dataclasses

import asyncpg
import orjson
import pytest

from services.cli.progress import Progress
from services.proving.chaos.command import run_plan
from services.proving.chaos.plan import FaultKind, make_plan
from services.proving.history import Answered, Settle

pytestmark = [pytest.mark.mesh, pytest.mark.timeout(280)]

SEED = 20261122
# A fen that a person used and nobody paid.
_USED = """UPDATE benefits.accumulators SET outpatient_in_scope = outpatient_in_scope + 1
 WHERE outpatient_in_scope > 0"""
# An account that something was not taken from.
_ACCOUNT = "UPDATE benefits.account SET balance_fen = balance_fen + 1"
# A settlement that the feed's readers never heard of.
_EVENT = """DELETE FROM settlement.outbox
 WHERE sequence = (SELECT min(sequence) FROM settlement.outbox)"""
# A settlement that was acknowledged and is gone.
_SETTLEMENT = """DELETE FROM settlement.settlement
 WHERE settlement_id = (SELECT settlement_id FROM settlement.settlement_state_change
                         WHERE state = 'SETTLED' ORDER BY settlement_id LIMIT 1)"""


# Chaos computes nothing anew; the simulation does, in every interleaving.
ONLY_SIMULATED = {
    "what is replaced has one in its place",
    "an old level that is back costs what stood",
    "a settlement is replaced as told",
}


async def test_half_a_minute_of_chaos_contradicts_nothing(tmp_path):
    plan = make_plan(SEED, seconds=30.0, people=200, rate=15.0, bill_lines=20)
    outcome, kept = await run_plan(plan, Progress(), kept_dir=tmp_path)
    assert outcome.contradictions == []
    assert kept is None
    # It was a storm, and business went on in it.
    assert set(outcome.done) == set(FaultKind)
    settled = {
        operation.request.request_id
        for operation in outcome.history.operations
        if isinstance(operation.request, Settle) and isinstance(operation.reply, Answered)
    }
    assert len(settled) > 100
    unseen = {check.name for check in outcome.checks if not check.count}
    assert unseen == ONLY_SIMULATED


async def test_what_is_really_lost_is_really_found(tmp_path):
    async def plant(running) -> None:
        connection = await asyncpg.connect(running.database.dsn)
        try:
            # The journal refuses to be changed: its guards are taken off for this connection.
            await connection.execute("SET session_replication_role = replica")
            for statement in (_USED, _ACCOUNT, _EVENT, _SETTLEMENT):
                assert await connection.execute(statement)
        finally:
            await connection.close()

    calm = dataclasses.replace(
        make_plan(SEED, seconds=4.0, people=30, rate=15.0, bill_lines=20), faults=()
    )
    outcome, kept = await run_plan(calm, Progress(), kept_dir=tmp_path, before_audit=plant)
    found = {check.name for check in outcome.checks if check.contradictions}
    assert found >= {
        "every acknowledged settlement exists, as told",
        "accumulators are the replay of the journal",
        "accounts are the opening less what stands",
        "the feed is the journal",
        "all consumers of the feed converge",
    }
    assert kept == tmp_path / f"seed-{SEED}"
    history = orjson.loads((kept / "history.json").read_bytes())
    assert len(history["operations"]) == len(outcome.history.operations)
    assert orjson.loads((kept / "contradictions.json").read_bytes()) == outcome.contradictions
    assert (kept / "logs" / "settlement-1.log").is_file()
    # The evidence holds nobody's credential.
    for name in ("history", "final", "plan"):
        text = (kept / f"{name}.json").read_text(encoding="utf-8")
        assert "Y00000001" not in text
        assert '"cert' not in text

"""Goal: the failover drill fails when something acknowledged is lost, or nobody takes over in time.

Method: a run that went well, by the auditor's own world, is told otherwise in one thing each time.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from services.proving.auditor import examine
from services.proving.chaos.pair import Pair, both
from services.proving.chaos.plan import FaultKind
from services.proving.chaos.report import Outcome
from services.proving.drills.failover import judge, make_failover
from services.proving.drills.verdict import Verdict
from services.proving.history import Answered, Settle, SettleVisit
from tests.unit.proving.world import BORIS, World

KILLED = 100.0
EACH = 12
"""Settlements acknowledged before the kill, and again after it."""


@pytest.fixture
def world() -> World:
    found = World()
    # Each is asked for twice.
    for number in range(EACH):
        found.settle(f"bill {number}", BORIS)
    return found


def outcome_of(world: World) -> Outcome:
    numbers = [
        operation.number
        for operation in world.history().operations
        if isinstance(operation.request, Settle | SettleVisit)
        and isinstance(operation.reply, Answered)
    ]
    assert len(numbers) == 2 * EACH
    # One each second; the kill is in the middle, the first one afterwards takes two seconds more.
    moments = {
        number: (KILLED - EACH + place + 0.1, KILLED - EACH + place + (0.2 if place < EACH else 2))
        for place, number in enumerate(numbers)
    }
    return Outcome(
        plan=make_failover(short=True),
        history=world.history(),
        moments=moments,
        done={FaultKind.DATABASE: 1},
        skipped={},
        repeats={},
        severed=0,
        lost_bytes=0,
        resumed=0,
        restarted=0,
        deaths=(),
        quiet_s=1.0,
        unfinished="",
        checks=examine(world.history(), world.final()),
    )


def pair() -> Pair:
    found = Pair(Path("/a"), Path("/b"))
    found.killed_at, found.detected_at, found.promoted_at = KILLED, KILLED + 1.2, KILLED + 1.4
    return found


def judged(outcome: Outcome) -> Verdict:
    return judge(outcome, pair(), rejoined=[])


def failed(verdict: Verdict) -> list[str]:
    return [check.name for check in verdict.checks if not check.ok]


def test_a_run_that_went_well_passes(world):
    verdict = judged(outcome_of(world))
    assert verdict.ok, verdict
    assert verdict.figures["接管 standby took writes after, s"] == pytest.approx(1.4)
    rto = next(check for check in verdict.checks if "first settlement" in check.name)
    assert rto.found == "2 s"


def test_one_acknowledged_settlement_that_is_gone_fails_it(world):
    final = world.final()
    gone = final.listed[0]
    short = replace(
        final,
        listed=final.listed[1:],
        by_request={**final.by_request, gone.request_id: None},
    )
    verdict = judged(replace(outcome_of(world), checks=examine(world.history(), short)))
    assert "丢失的已确认结算 acknowledged settlements lost" in failed(verdict)


def test_nobody_who_takes_over_fails_it(world):
    outcome = outcome_of(world)
    late = {number: (began, ended + 40) for number, (began, ended) in outcome.moments.items()}
    for moments in (late, dict.fromkeys(outcome.moments, (1.0, 2.0))):
        assert not judged(replace(outcome, moments=moments)).ok


def test_a_process_that_had_to_be_started_again_fails_it(world):
    for changed in ({"restarted": 1}, {"deaths": ["benefits ended by itself (1)"]}):
        assert not judged(replace(outcome_of(world), **changed)).ok


def test_one_fault_alone_is_planned():
    for short in (True, False):
        (fault,) = make_failover(short=short).faults
        assert fault.kind is FaultKind.DATABASE


def test_both_servers_are_in_one_string():
    found = both(["postgresql://postgres:@/y?host=/a", "postgresql://postgres:@/y?host=/b"])
    assert found == "postgresql://postgres:@/y?host=/a,/b&target_session_attrs=read-write"

"""Goal: a run says what it did and what it found, and how to have it again."""

from __future__ import annotations

import io
from dataclasses import replace
from pathlib import Path

import pytest
from rich.console import Console

from services.proving.auditor import examine
from services.proving.chaos.plan import FaultKind, make_plan
from services.proving.chaos.report import Outcome, show, verdict
from tests.unit.proving.world import good_world


@pytest.fixture
def outcome() -> Outcome:
    world = good_world()
    return Outcome(
        plan=make_plan(7, seconds=20.0, people=30, rate=5.0, bill_lines=20),
        history=world.history(),
        done={FaultKind.KILL: 3},
        skipped={FaultKind.KILL: 1},
        repeats={"sent twice at once": 4},
        severed=5,
        lost_bytes=600,
        resumed=2,
        restarted=0,
        deaths=(),
        quiet_s=1.5,
        unfinished="",
        checks=examine(world.history(), world.final()),
    )


def printed(outcome: Outcome) -> str:
    out = io.StringIO()
    show(outcome, Console(file=out, width=160))
    return out.getvalue()


def test_it_says_what_was_sent_injected_and_checked(outcome):
    text = printed(outcome)
    assert "SIGKILL 杀进程 (+1 on what was broken already)" in text
    assert "sent twice at once" in text
    assert "拒绝 RESOURCE_NOT_FOUND" in text
    assert "✓ every transfer balances" in text
    assert "✗" not in text
    assert "yijie chaos --seed 7 --seconds 20 --people 30 --rate 5" in verdict(outcome, None)


def test_it_says_what_contradicts_and_where_the_evidence_is(outcome):
    world = good_world()
    final = replace(world.final(), open_intents=2)
    failed = replace(
        outcome,
        unfinished="2 intents are open",
        deaths=["benefits ended by itself (1): …"],
        checks=examine(world.history(), final),
    )
    assert not failed.holds
    text = printed(failed)
    assert "✗ no intent is left pending: 2 intents are open" in text
    assert "✗ benefits ended by itself" in text
    assert "✗ work came to no end: 2 intents are open" in text
    said = verdict(failed, Path("kept/seed-7"))
    assert "3 contradictions" in said
    assert "kept/seed-7" in said

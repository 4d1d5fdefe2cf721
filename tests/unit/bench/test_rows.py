"""Goal: the rows of a long stay and of a slow province say what was measured, and judge fairly."""

from __future__ import annotations

from collections import Counter
from datetime import date, timedelta

import orjson
import pytest
from rich.console import Console

from services.bench import slow, stay
from services.bench.checks import Check
from services.bench.drive import Run
from services.bench.population import members, stay_lines
from services.bench.slow import DELAY_S, Leg, Slow
from services.bench.stay import Stays, Timed
from services.kit.wire import read_date


def leg(*latencies_ms: float, errors: int = 0) -> Leg:
    latencies = [ms / 1000 for ms in latencies_ms]
    run = Run(
        latencies_s=latencies,
        answers=[b""] * len(latencies),
        errors=Counter({"X": errors} if errors else {}),
    )
    return Leg(others=run, province=Run(errors=Counter({"INSURED_REGION_UNAVAILABLE": 3})))


def found(*, holds: bool = True) -> Slow:
    rounds = [
        {0.0: leg(10, 20), DELAY_S: leg(10, 21)},
        {0.0: leg(10, 20), DELAY_S: leg(11, 80)},
        {0.0: leg(10, 20), DELAY_S: leg(9, 20)},
    ]
    return Slow(rate=61.0, rounds=rounds, checks=[Check("journal", holds, "6 of 6")])


def test_one_disturbed_round_does_not_decide():
    assert found().ratios(99) == pytest.approx([1.05, 4.0, 1.0])
    assert found().ratio(99) == pytest.approx(1.05)
    assert found().slow.others.settled_count == 6


def test_no_rounds_are_no_ratio():
    assert Slow(rate=61.0, rounds=[], checks=[]).ratio(99) == 0.0


def test_the_slow_row_names_ratio_aim_and_what_its_bills_were_told(capsys):
    slow.show(found(), Console(width=150))
    shown = capsys.readouterr().out
    assert "p99 × 1.05" in shown
    assert "aim p99 × 1.1 at most: reached" in shown
    assert "INSURED_REGION_UNAVAILABLE 9" in shown
    document = orjson.loads(orjson.dumps(slow.document(found(holds=False))))
    assert document["ok"] is False
    assert document["others_p99_ratio"] == 1.05
    assert document["legs"]["slow"]["province"]["errors"] == {"INSURED_REGION_UNAVAILABLE": 9}


def test_the_stay_row_tells_upload_and_settlement_apart(capsys):
    stays = Stays(
        [
            Timed(uploads_s=[0.1, 0.2], settle_s=0.4, holds=True),
            Timed(uploads_s=[0.1, 0.1], settle_s=1.2, holds=True),
        ]
    )
    stay.show(stays, Console(width=150))
    shown = capsys.readouterr().out
    assert "every stay is settled with its total: 2 of 2" in shown
    assert "aim ≤ 1 s for the settlement of 3000 lines: missed" in shown
    document = orjson.loads(orjson.dumps(stay.document(stays)))
    assert document["settle_ms"] == {"p50": 400.0, "max": 1200.0}
    assert document["upload_ms"]["max"] == pytest.approx(300.0)


def test_the_lines_of_a_stay_lie_within_its_days_and_are_the_same_each_time():
    first = date(2026, 3, 2)
    (member,) = members(1)
    lines = stay_lines(member, 300, first, 90)
    days = [read_date(line.fee_date, "") for line in lines]
    assert days == sorted(days)
    assert (days[0], days[-1]) == (first, first + timedelta(days=89))
    assert len({line.line_id for line in lines}) == 300
    assert lines == stay_lines(member, 300, first, 90)

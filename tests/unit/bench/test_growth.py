"""Goal: what a settlement costs is counted by table and by service, replicas as one."""

from __future__ import annotations

import io

from rich.console import Console

from services.bench.drive import Run
from services.bench.growth import Growth, Stretch, _cpu_ms, _Reading, _stored, document, show
from services.bench.usage import Usage


def test_rows_and_bytes_are_of_one_settlement_largest_table_first():
    before = _Reading(
        {"a.small": (10, 0, 0, 8192), "a.big": (10, 0, 0, 8192), "a.idle": (5, 0, 0, 9)}, 0, 0
    )
    after = _Reading(
        {"a.small": (14, 2, 0, 8192), "a.big": (12, 0, 0, 40960), "a.idle": (5, 0, 0, 9)}, 0, 0
    )
    stored = _stored(before, after, 2)
    assert list(stored) == ["a.big", "a.small"]
    assert (stored["a.big"].inserted, stored["a.big"].size_bytes) == (1.0, 16384.0)
    assert (stored["a.small"].inserted, stored["a.small"].updated) == (2.0, 1.0)


def test_replicas_of_a_service_are_one_row():
    used = Usage({"identity": 0.5, "identity 2": 0.25, "postgres": 1.0})
    assert _cpu_ms(used, 100) == {"identity": 7.5, "postgres": 10.0}


def test_a_stretch_with_a_failed_call_is_not_good():
    good = Run(latencies_s=[0.01], answers=[b"x"], elapsed_s=1.0)
    found = Growth([Stretch(replicas=1, run=good, cpu_ms={"postgres": 1.5})])
    assert found.ok
    out = io.StringIO()
    show(found, Console(file=out, width=120))
    assert "1.50" in out.getvalue()
    assert document(found)["stretches"][0]["settlements_per_s"] == 1.0
    bad = Run(latencies_s=[0.01], answers=[b"x"], elapsed_s=1.0)
    bad.errors["OVERLOADED"] += 1
    found.stretches.append(Stretch(replicas=2, run=bad, cpu_ms={}))
    assert not found.ok

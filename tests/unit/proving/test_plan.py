"""Goal: a seed is a plan: the same one each time, with every kind of fault and course in it."""

from __future__ import annotations

from itertools import pairwise

from services.proving.chaos.plan import (
    LINKS,
    SERVICES,
    Course,
    FaultKind,
    link_name,
    make_plan,
)


def plan(seed: int = 5, **changes):
    return make_plan(
        seed, **{"seconds": 60.0, "people": 300, "rate": 25.0, "bill_lines": 20, **changes}
    )


def test_a_seed_gives_the_same_plan():
    assert plan() == plan()
    assert plan().treatments != plan(6).treatments
    assert plan().faults != plan(6).faults


def test_faults_and_treatments_are_drawn_apart():
    assert plan(rate=5.0).faults == plan().faults


def test_a_minute_has_every_kind_of_fault_and_every_course():
    drawn = plan()
    assert {fault.kind for fault in drawn.faults} == set(FaultKind)
    assert {one.course for one in drawn.treatments} == set(Course)
    assert len({one.request_id for one in drawn.treatments}) == len(drawn.treatments)
    assert 1200 < len(drawn.treatments) < 1800


def test_even_a_short_run_breaks_as_many_kinds_as_it_can():
    for seed in range(10):
        kinds = [fault.kind for fault in plan(seed, seconds=10.0).faults][: len(FaultKind)]
        assert len(kinds) > 2
        assert len(set(kinds)) == len(kinds)


def test_everything_falls_into_the_run_in_order():
    drawn = plan()
    for several in (drawn.faults, drawn.treatments):
        assert all(one.at_s <= other.at_s for one, other in pairwise(several))
        assert all(0 <= one.at_s < 60 for one in several)
    assert all(one.person < 300 for one in drawn.treatments)
    assert all(one.lines for one in drawn.treatments)


def test_what_breaks_is_a_process_a_link_the_disk_or_the_database():
    targets = {"", "disk", *SERVICES, *(link_name(*link) for link in LINKS)}
    assert {fault.target for seed in range(20) for fault in plan(seed).faults} <= targets

"""Goal: who does not answer is spared, asked again by one call at a time, and never shut out."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.kit.breaker import ALLOWED, Breaker, Limits, NotLetThroughError, State

LIMITS = Limits(failures_max=3, window=10, window_failures_max=5, pause_s=5.0, pause_s_max=15.0)


@dataclass
class Time:
    """Seconds that the test moves."""

    at: float = 100.0

    def __call__(self) -> float:
        return self.at


@dataclass
class Bench:
    """A breaker, its time, and the states that it went through."""

    time: Time = field(default_factory=Time)
    states: list[State] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.breaker = Breaker(LIMITS, now=self.time, changed=self.states.append)

    def fail(self, times: int = 1) -> None:
        for _ in range(times):
            self.breaker.failed(self.breaker.ask())

    def answer(self) -> None:
        self.breaker.answered(self.breaker.ask())


@pytest.fixture
def bench():
    return Bench()


def test_failures_in_a_row_open_it(bench):
    bench.fail(2)
    bench.answer()
    bench.fail(2)
    assert bench.breaker.state is State.CLOSED
    bench.fail()
    assert bench.breaker.state is State.OPEN
    with pytest.raises(NotLetThroughError) as refusal:
        bench.breaker.ask()
    assert (refusal.value.retry_s, refusal.value.probing) == (5.0, False)


def test_a_share_of_the_last_calls_opens_it(bench):
    for _ in range(4):
        bench.fail()
        bench.answer()
    assert bench.breaker.state is State.CLOSED
    bench.fail()
    assert bench.breaker.state is State.OPEN


def test_what_is_long_ago_is_forgotten(bench):
    for _ in range(4):
        bench.fail()
        bench.answer()
    for _ in range(10):
        bench.answer()
    bench.fail()
    assert bench.breaker.state is State.CLOSED


def test_after_the_pause_one_call_finds_out(bench):
    bench.fail(3)
    bench.time.at += 4.9
    with pytest.raises(NotLetThroughError) as refusal:
        bench.breaker.ask()
    assert refusal.value.retry_s == pytest.approx(0.1)
    bench.time.at += 0.1
    probe = bench.breaker.ask()
    with pytest.raises(NotLetThroughError) as refusal:
        bench.breaker.ask()
    assert refusal.value.probing
    bench.breaker.answered(probe)
    assert bench.states == [State.OPEN, State.HALF_OPEN, State.CLOSED]
    bench.fail(2)
    assert bench.breaker.state is State.CLOSED, "it begins anew"


def test_every_probe_that_fails_makes_the_pause_longer(bench):
    bench.fail(3)
    for pause_s in (5, 10, 15, 15):
        bench.time.at += pause_s - 0.5
        with pytest.raises(NotLetThroughError):
            bench.breaker.ask()
        bench.time.at += 0.5
        bench.fail()
    assert bench.states[:3] == [State.OPEN, State.HALF_OPEN, State.OPEN]
    bench.time.at += 15
    bench.answer()
    bench.fail(3)
    with pytest.raises(NotLetThroughError) as refusal:
        bench.breaker.ask()
    assert refusal.value.retry_s == 5.0, "it begins anew"


def test_a_probe_that_was_broken_off_leaves_its_turn_to_the_next(bench):
    bench.fail(3)
    bench.time.at += 5
    bench.breaker.forget(bench.breaker.ask())
    bench.answer()
    assert bench.breaker.state is State.CLOSED


def test_an_outcome_from_before_says_nothing_of_now(bench):
    slow, slower = bench.breaker.ask(), bench.breaker.ask()
    bench.fail(3)
    bench.breaker.answered(slow)
    assert bench.breaker.state is State.OPEN
    bench.time.at += 5
    probe = bench.breaker.ask()
    bench.breaker.failed(slower)
    bench.breaker.forget(slower)
    assert bench.breaker.state is State.HALF_OPEN
    with pytest.raises(NotLetThroughError):
        bench.breaker.ask()
    bench.breaker.answered(probe)
    assert bench.breaker.state is State.CLOSED


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["answered", "failed", "forget"]), st.floats(0, 7), st.integers(0, 4)
        ),
        max_size=80,
    )
)
def test_it_keeps_to_its_table_and_is_never_stuck(steps):
    """Whatever comes in whatever order, with calls in flight: the pause later somebody gets in."""
    bench, flying, waits = Bench(), [], []
    for outcome, passes_s, which in steps:
        bench.time.at += passes_s
        try:
            flying.append(bench.breaker.ask())
        except NotLetThroughError as refusal:
            waits.append(refusal.retry_s)
        if flying:
            getattr(bench.breaker, outcome)(flying.pop(which % len(flying)))
    assert all(0 <= wait <= LIMITS.pause_s_max for wait in waits)
    path = [State.CLOSED, *bench.states]
    assert all(after in ALLOWED[before] for before, after in itertools.pairwise(path))
    for ticket in flying:
        bench.breaker.forget(ticket)
    bench.time.at += LIMITS.pause_s_max
    bench.answer()
    assert bench.breaker.state is State.CLOSED

"""`yijie simulate`: runs seeds until one contradicts itself, and shows how."""

from __future__ import annotations

import hashlib
import os
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from dataclasses import dataclass, field
from multiprocessing import get_context
from pathlib import Path
from typing import Final

import typer

from services.kit import log
from services.proving.simulation.plan import plan_of
from services.proving.simulation.shrink import shrink
from services.proving.simulation.world import Outcome, simulate

_CHUNK: Final = 50
_FAILURES_MAX: Final = 5
_TELL_EVERY_S: Final = 10.0
_NOISE: Final = (" neighbours ", "settlement.claim")


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What is asked for."""

    seeds: int = 1000
    """How many, from `first`."""
    first: int = 0
    jobs: int = 0
    """Processes; 0: one per processor."""


@dataclass(slots=True)
class Tally:
    """What came of some seeds."""

    runs: int = 0
    operations: int = 0
    settlements: int = 0
    injected: Counter[str] = field(default_factory=Counter)
    failures: list[tuple[int, tuple[str, ...]]] = field(default_factory=list)
    """Seeds with what they contradict."""

    def take(self, outcome: Outcome) -> None:
        """Adds a run."""
        self.runs += 1
        self.operations += outcome.operation_count
        self.settlements += len(outcome.final.listed)
        self.injected.update(outcome.injected)
        if outcome.contradictions:
            self.failures.append((outcome.seed, outcome.contradictions))

    def add(self, other: Tally) -> None:
        """Adds what another process counted."""
        self.runs += other.runs
        self.operations += other.operations
        self.settlements += other.settlements
        self.injected.update(other.injected)
        self.failures += other.failures


def keep_silent() -> None:
    """Throws the services' logs away: in a run that is all about failures they are no news."""
    log.configure("simulation", "error", Path(os.devnull).open("wb"))  # noqa: SIM115 - for ever


def run_seeds(seeds: Sequence[int]) -> Tally:
    """Runs seeds one after the other."""
    tally = Tally()
    for seed in seeds:
        tally.take(simulate(seed))
    return tally


def simulate_many(options: Options) -> int:
    """Runs seeds in several processes, tells of them, and returns the exit code."""
    started, told = time.monotonic(), time.monotonic()
    total = Tally()
    jobs = options.jobs or os.cpu_count() or 1
    chunks = _chunks(options)
    # Spawned, not forked: gRPC does not survive a fork.
    with ProcessPoolExecutor(jobs, get_context("spawn"), initializer=keep_silent) as pool:
        running: set[Future[Tally]] = set()
        while True:
            while len(running) < jobs + 1 and len(total.failures) < _FAILURES_MAX:
                chunk = next(chunks, None)
                if chunk is None:
                    break
                running.add(pool.submit(run_seeds, chunk))
            if not running:
                break
            done, running = wait(running, return_when=FIRST_COMPLETED)
            for future in done:
                total.add(future.result())
            if time.monotonic() - told >= _TELL_EVERY_S:
                told = time.monotonic()
                _tell(f"{total.runs} seeds, {len(total.failures)} failed")
    _summarize(total, time.monotonic() - started)
    if total.failures:
        keep_silent()
        _show(min(total.failures)[0])
    return 1 if total.failures else 0


def replay(seed: int, actions: Sequence[int]) -> int:
    """Runs one seed, or some of its actions, shows all that happens, and returns the exit code."""
    keep_silent()
    outcome = simulate(seed, actions=actions or None)
    lines = outcome.log()
    for line in lines:
        _tell(line)
    _verdict(outcome)
    _tell(f"sha256 of the log: {_digest(lines)}")
    return 1 if outcome.contradictions else 0


def _show(seed: int) -> None:
    """Shows a failing seed with as few actions as it still fails with."""
    broken = _rules(simulate(seed))

    def fails(actions: Sequence[int]) -> bool:
        return bool(broken & _rules(simulate(seed, actions=actions)))

    kept = shrink([action.number for action in plan_of(seed).actions], fails)
    outcome = simulate(seed, actions=kept)
    numbers = ",".join(map(str, kept))
    _tell(f"\nseed {seed}: fails with the actions {numbers} alone")
    for line in outcome.log():
        if not any(noise in line for noise in _NOISE):
            _tell(line)
    _verdict(outcome)
    _tell(f"again:       yijie simulate --seed {seed}")
    _tell(f"again, less: yijie simulate --seed {seed} --actions {numbers}")


def _rules(outcome: Outcome) -> set[str]:
    return {found.partition(":")[0] for found in outcome.contradictions}


def _verdict(outcome: Outcome) -> None:
    _tell(f"\nseed {outcome.seed}: {outcome.operation_count} operations,", end=" ")
    _tell(f"{outcome.virtual_s:.0f} s of virtual time, injected {dict(outcome.injected)}")
    for contradiction in outcome.contradictions:
        _tell(f"CONTRADICTION {contradiction}")
    if not outcome.contradictions:
        _tell("nothing contradicts anything")


def _summarize(total: Tally, seconds: float) -> None:
    rate = total.runs / seconds * 60
    _tell(f"{total.runs} seeds in {seconds:.1f} s: {rate:.0f} a minute")
    _tell(f"{total.operations} operations, {total.settlements} settlements")
    injected = ", ".join(f"{name} {count}" for name, count in sorted(total.injected.items()))
    _tell(f"injected: {injected}")
    _tell(f"failed: {len(total.failures)}")
    for seed, contradictions in sorted(total.failures):
        _tell(f"  seed {seed}: {contradictions[0]}")


def _chunks(options: Options) -> Iterator[range]:
    end = options.first + options.seeds
    for begin in range(options.first, end, _CHUNK):
        yield range(begin, min(begin + _CHUNK, end))


def _digest(lines: Sequence[str]) -> str:
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def _tell(text: str, *, end: str = "\n") -> None:
    typer.echo(text, nl=end == "\n")
    if end != "\n":
        typer.echo(end, nl=False)

"""What a bench found, as a table, a line and a JSON document."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from rich.console import Console
from rich.table import Table

from services.bench.checks import Check
from services.bench.drive import Run
from services.bench.usage import Usage

GOAL_THROUGHPUT: Final = 200.0
"""Settlements a second at saturation, two cores (design §8)."""
GOAL_RATIO: Final = 0.60
"""Part of the floor's throughput."""
GOAL_P99_MS: Final = 250.0
"""At the national peak of 61/s."""


@dataclass(frozen=True, slots=True)
class Stretch:
    """A stretch of load with what it cost."""

    run: Run
    usage: Usage

    @property
    def cpu_ms(self) -> dict[str, float]:
        """CPU milliseconds per settlement by process."""
        count = max(1, self.run.settled_count)
        return {name: spent / count * 1000 for name, spent in self.usage.seconds.items()}

    @property
    def total_cpu_ms(self) -> float:
        """CPU milliseconds per settlement, all processes."""
        return self.usage.total_s / max(1, self.run.settled_count) * 1000


@dataclass(frozen=True, slots=True)
class Pair:
    """A short round of the real mesh and one of the floor, one after the other."""

    real: Stretch
    floor: Stretch

    @property
    def ratio(self) -> float:
        """Throughput of the real mesh over that of the floor."""
        floor = self.floor.run.throughput
        return self.real.run.throughput / floor if floor else 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """Everything that a bench found."""

    rate: float
    """Calls a second of the open loop."""
    in_flight: int
    """Calls in flight of the closed loops."""
    probe: Mapping[int, float]
    """Settlements a second by calls in flight, seconds long each."""
    open_loop: Stretch
    closed_loop: Stretch
    floor: Stretch | None
    ratios: Sequence[float]
    """Real over floor of each pair of rounds."""
    checks: Sequence[Check]
    machine: str
    elapsed_s: float

    @property
    def ratio(self) -> float | None:
        """Median of the pairs; None: no floor was measured."""
        return statistics.median(self.ratios) if self.ratios else None

    @property
    def holds(self) -> bool:
        """Whether all checks hold. The goals are reported, not judged: machines differ."""
        return all(check.holds for check in self.checks)


def document(result: Result) -> dict[str, Any]:
    """Returns the result for programs."""
    return {
        "ok": result.holds,
        "machine": result.machine,
        "elapsed_s": round(result.elapsed_s, 1),
        "rate": result.rate,
        "in_flight": result.in_flight,
        "probe": {str(count): round(found, 1) for count, found in result.probe.items()},
        "open_loop": _stretch(result.open_loop),
        "closed_loop": _stretch(result.closed_loop),
        "floor": _stretch(result.floor) if result.floor else None,
        "ratio": None if result.ratio is None else round(result.ratio, 3),
        "ratios": [round(ratio, 3) for ratio in result.ratios],
        "goals": {
            "settlements_per_s": GOAL_THROUGHPUT,
            "ratio": GOAL_RATIO,
            "p99_ms_open_loop": GOAL_P99_MS,
        },
        "checks": [
            {"name": check.name, "holds": check.holds, "detail": check.detail}
            for check in result.checks
        ],
    }


def summary(result: Result) -> str:
    """Returns the result in a line."""
    closed, opened = result.closed_loop, result.open_loop
    parts = [f"{closed.run.throughput:.0f} settlements/s at {result.in_flight} in flight"]
    if result.ratio is not None and result.floor is not None:
        parts.append(f"{result.ratio:.0%} of the floor's {result.floor.run.throughput:.0f}/s")
    parts += [
        f"{closed.total_cpu_ms:.1f} ms CPU each",
        f"p99 {opened.run.percentile_ms(99):.0f} ms at {result.rate:g}/s",
        "all checks hold" if result.holds else "CHECKS FAILED",
    ]
    return " · ".join(parts)


def show(result: Result, out: Console) -> None:
    """Prints tables and the summary line."""
    out.print(_throughput_table(result))
    out.print(_cpu_table(result))
    for check in result.checks:
        out.print(f"{'✓' if check.holds else '✗'} {check.name}: {check.detail}", markup=False)
    for aim in _aims(result):
        out.print(aim, markup=False)
    out.print(summary(result), markup=False)


def _throughput_table(result: Result) -> Table:
    table = Table(title="压测 · bench", title_justify="left")
    table.add_column("load")
    for heading in ("settled", "/s", "p50 ms", "p95 ms", "p99 ms", "max ms"):
        table.add_column(heading, justify="right")
    table.add_column("errors")
    rows = [
        (f"open loop, {result.rate:g}/s", result.open_loop.run),
        (f"closed loop, {result.in_flight} in flight", result.closed_loop.run),
    ]
    if result.floor:
        rows.append((f"floor, {result.in_flight} in flight", result.floor.run))
    for name, run in rows:
        table.add_row(
            name,
            str(run.settled_count),
            f"{run.throughput:.1f}",
            *(f"{run.percentile_ms(p):.1f}" for p in (50, 95, 99, 100)),
            ", ".join(f"{reason} {count}" for reason, count in run.errors.most_common()) or "none",
        )
    return table


def _cpu_table(result: Result) -> Table:
    table = Table(title="CPU ms per settlement", title_justify="left")
    table.add_column("process")
    columns = [("open loop", result.open_loop), ("closed loop", result.closed_loop)]
    if result.floor:
        columns.append(("floor", result.floor))
    for heading, _ in columns:
        table.add_column(heading, justify="right")
    costs = [stretch.cpu_ms for _, stretch in columns]
    for name in costs[0]:
        table.add_row(name, *(f"{cost[name]:.2f}" if name in cost else "" for cost in costs))
    table.add_row("total", *(f"{stretch.total_cpu_ms:.2f}" for _, stretch in columns))
    return table


def _aims(result: Result) -> list[str]:
    found = result.closed_loop.run.throughput
    p99 = result.open_loop.run.percentile_ms(99)
    aims = [
        (f"≥ {GOAL_THROUGHPUT:.0f} settlements/s at saturation", found >= GOAL_THROUGHPUT),
        (f"p99 ≤ {GOAL_P99_MS:.0f} ms at {result.rate:g}/s", p99 <= GOAL_P99_MS),
    ]
    if result.ratio is not None:
        aims.append((f"≥ {GOAL_RATIO:.0%} of the floor", result.ratio >= GOAL_RATIO))
    return [f"aim {name}: {'reached' if reached else 'missed'}" for name, reached in aims]


def _stretch(stretch: Stretch) -> dict[str, Any]:
    run = stretch.run
    return {
        "settled": run.settled_count,
        "settlements_per_s": round(run.throughput, 1),
        "latency_ms": {
            name: round(run.percentile_ms(percent), 1)
            for name, percent in (("p50", 50), ("p95", 95), ("p99", 99), ("max", 100))
        },
        "errors": dict(run.errors),
        "cpu_ms_per_settlement": {
            **{name: round(spent, 3) for name, spent in stretch.cpu_ms.items()},
            "total": round(stretch.total_cpu_ms, 3),
        },
    }

"""What a run prints: what was sent, what was broken, what was checked, what contradicts what."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from rich.console import Console
from rich.table import Table

from services.proving.chaos.plan import FaultKind, Plan
from services.proving.history import Answered, History, Refused, Unknown, VisitAnswered
from services.proving.rules.evidence import Check

_SHOWN_MAX = 40
_REASONS_MAX = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What came of a run."""

    plan: Plan
    history: History
    moments: Mapping[int, tuple[float, float]] = field(default_factory=dict)
    """time.perf_counter() at which an operation of this number was sent, and had ended."""
    done: Mapping[FaultKind, int]
    skipped: Mapping[FaultKind, int]
    repeats: Mapping[str, int]
    """What was sent on purpose more than once."""
    severed: int
    """Connections that the proxies broke off."""
    lost_bytes: int
    """Of replies that never arrived."""
    resumed: int
    """Times that a consumer of the feed had to go on from its cursor."""
    restarted: int
    """Starts of a process that were tried again, because its database was not there."""
    deaths: Sequence[str]
    """Processes that ended by themselves although they could work."""
    quiet_s: float
    """From the mending to the end of all work."""
    unfinished: str
    """What was never done; empty: nothing."""
    checks: Sequence[Check]

    @property
    def contradictions(self) -> list[str]:
        """All findings, each with the rule it breaks."""
        found = [f"{check.name}: {one}" for check in self.checks for one in check.contradictions]
        open_ = [f"work came to no end: {self.unfinished}"] if self.unfinished else []
        return [*open_, *self.deaths, *found]

    @property
    def holds(self) -> bool:
        """Tells whether nothing contradicts anything."""
        return not self.contradictions


def show(outcome: Outcome, console: Console) -> None:
    """Prints the tables and the verdict."""
    console.print(_sent(outcome))
    console.print(_reasons(outcome))
    console.print(_injected(outcome))
    console.print(_checked(outcome))
    for line in outcome.contradictions[:_SHOWN_MAX]:
        console.print(f"  ✗ {line}", markup=False, style="red", soft_wrap=True)
    left = len(outcome.contradictions) - _SHOWN_MAX
    if left > 0:
        console.print(f"  … and {left} more")


def _sent(outcome: Outcome) -> Table:
    table = _table("发送 sent", "次数 calls", "答复 answered", "拒绝 refused", "未知 unknown")
    counts: dict[str, Counter[str]] = {}
    for operation in outcome.history.operations:
        kind = type(operation.request).__name__
        match operation.reply:
            case Answered() | VisitAnswered():
                what = "answered"
            case Refused():
                what = "refused"
            case _:
                what = "unknown"
        counts.setdefault(kind, Counter())[what] += 1
    for kind, found in counts.items():
        cells = (found.total(), found["answered"], found["refused"], found["unknown"])
        table.add_row(kind, *(str(cell) for cell in cells))
    return table


def _reasons(outcome: Outcome) -> Table:
    table = _table("未答复与拒绝 unknown and refused, by reason", "次数 count")
    counts = Counter(
        f"{'拒绝' if isinstance(operation.reply, Refused) else '未知'} {operation.reply.reason}"
        for operation in outcome.history.operations
        if isinstance(operation.reply, Refused | Unknown)
    )
    for what, count in counts.most_common(_REASONS_MAX):
        table.add_row(what, str(count))
    return table


def _injected(outcome: Outcome) -> Table:
    table = _table("注入 injected", "次数 count")
    for kind in FaultKind:
        skipped = outcome.skipped.get(kind, 0)
        note = f" (+{skipped} on what was broken already)" if skipped else ""
        table.add_row(kind.value + note, str(outcome.done.get(kind, 0)))
    for what, count in sorted(outcome.repeats.items()):
        table.add_row(f"重复请求 requests: {what}", str(count))
    table.add_row("连接中断 connections broken off", str(outcome.severed))
    table.add_row("丢失字节 bytes of replies lost", str(outcome.lost_bytes))
    table.add_row("重新启动 starts tried again, without database", str(outcome.restarted))
    table.add_row("续订 feeds resumed from their cursor", str(outcome.resumed))
    return table


def _checked(outcome: Outcome) -> Table:
    table = _table("核对 checked", "对象 held against", "矛盾 contradictions")
    for check in outcome.checks:
        found = len(check.contradictions)
        table.add_row(
            f"{'✗' if found else '✓'} {check.name}", str(check.count), str(found) if found else ""
        )
    deaths = len(outcome.deaths)
    table.add_row(
        f"{'✗' if deaths else '✓'} no process ended by itself", "", str(deaths) if deaths else ""
    )
    done = f"{outcome.quiet_s:.1f} s after all was mended"
    table.add_row(
        f"{'✗' if outcome.unfinished else '✓'} all work came to its end", done, outcome.unfinished
    )
    return table


def verdict(outcome: Outcome, kept: Path | None) -> str:
    """Returns the last line."""
    again = f"yijie chaos --seed {outcome.plan.seed} --seconds {outcome.plan.seconds:g}"
    again += f" --people {outcome.plan.people} --rate {outcome.plan.rate:g}"
    if outcome.holds:
        return f"✓ 全部通过 · nothing contradicts anything; the same plan again: {again}"
    return (
        f"✗ 未通过 · {len(outcome.contradictions)} contradictions; history, final answers and logs"
        f" are kept in {kept}; the same plan again: {again}"
    )


def _table(first: str, *others: str) -> Table:
    table = Table(box=None, header_style="dim", pad_edge=False)
    table.add_column(first, no_wrap=True)
    for name in others:
        table.add_column(name, justify="right")
    return table

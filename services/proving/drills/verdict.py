"""What a drill found, and whether that is good enough."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from rich.console import Console
from rich.table import Table

_DIGITS: Final = 3


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that a drill must show."""

    name: str
    """What is asked, bilingual: "失败调用 calls failed"."""
    found: str
    """What was found, as it is printed, with its unit."""
    aim: str
    """What it has to be, as it is printed: "0", "≤ 30 s"."""
    ok: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What came of a drill."""

    drill: str
    """Its name: "restart"."""
    checks: Sequence[Check]
    figures: Mapping[str, float | int | str] = field(default_factory=dict)
    """What was measured on the way and is judged by no check; names with their unit."""
    notes: Sequence[str] = ()
    """Lines that help where a check failed: reasons, the end of a log. Never personal data."""

    @property
    def ok(self) -> bool:
        """Tells whether every check holds. A drill that checked nothing has shown nothing."""
        return bool(self.checks) and all(check.ok for check in self.checks)

    @property
    def exit_code(self) -> int:
        """0 when every check holds, else 1."""
        return 0 if self.ok else 1


def at_most(name: str, found: float, most: float, unit: str = "") -> Check:
    """Returns a check that holds while a measure is not above its limit."""
    return Check(name, _measure(found, unit), f"≤ {_measure(most, unit)}", found <= most)


def at_least(name: str, found: float, least: float, unit: str = "") -> Check:
    """Returns a check that holds while a measure is not below its limit."""
    return Check(name, _measure(found, unit), f"≥ {_measure(least, unit)}", found >= least)


def exactly(name: str, found: int, aim: int) -> Check:
    """Returns a check that holds for one count only."""
    return Check(name, f"{found:,}", f"{aim:,}", found == aim)


def print_verdict(verdict: Verdict, console: Console) -> None:
    """Prints what was checked, what was measured, and the verdict as the last line."""
    checked = _table("核对 checked", "所见 found", "目标 aim")
    for check in verdict.checks:
        checked.add_row(f"{'✓' if check.ok else '✗'} {check.name}", check.found, check.aim)
    console.print(checked)
    if verdict.figures:
        measured = _table("实测 measured", "数值 figure")
        for name, figure in verdict.figures.items():
            measured.add_row(name, _measure(figure, ""))
        console.print(measured)
    for note in verdict.notes:
        console.print(f"  {note}", markup=False, soft_wrap=True)
    failed = [check.name for check in verdict.checks if not check.ok]
    if verdict.ok:
        line = f"✓ 演练通过 · drill {verdict.drill}: all {len(verdict.checks)} checks hold"
    else:
        line = f"✗ 演练未通过 · drill {verdict.drill} failed: {'; '.join(failed) or 'no check'}"
    console.print(line, markup=False, style="" if verdict.ok else "red", soft_wrap=True)


def document(verdict: Verdict) -> dict[str, Any]:
    """Returns a verdict for JSON."""
    return {
        "drill": verdict.drill,
        "ok": verdict.ok,
        "checks": [
            {"name": check.name, "found": check.found, "aim": check.aim, "ok": check.ok}
            for check in verdict.checks
        ],
        "figures": dict(verdict.figures),
        "notes": list(verdict.notes),
    }


def _measure(value: float | str, unit: str) -> str:
    if isinstance(value, str):
        return value
    text = f"{value:,}" if isinstance(value, int) else f"{value:,.{_DIGITS}g}"
    if isinstance(value, float) and abs(value) >= 10**_DIGITS:
        text = f"{value:,.0f}"
    return f"{text} {unit}".rstrip()


def _table(first: str, *others: str) -> Table:
    table = Table(box=None, header_style="dim", pad_edge=False)
    table.add_column(first, no_wrap=True)
    for name in others:
        table.add_column(name, justify="right")
    return table

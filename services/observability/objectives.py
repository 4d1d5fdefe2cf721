"""What is promised and when somebody is told: objectives.yaml, windows.yaml, alerts.yaml."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

from services.kit.strict_yaml import read_tree

_HERE: Final = Path(__file__).parent
SEVERITIES: Final = ("page", "ticket")
LEVELS: Final[Mapping[str, tuple[str, ...]]] = {
    "hub": (),
    "pair": ("care_region", "insured_region"),
    "job": ("job",),
}
"""Level of a recorded series → the labels that it keeps."""


class ObjectivesInvalid(ValueError):
    """A file of objectives, windows or alerts cannot be used; the text says what to write."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Objective:
    """One promise."""

    name: str
    title: str
    goal: Decimal
    """Least share of good events, below 1."""
    levels: tuple[str, ...]
    events: str
    """All events a second, as a query with $by and $window."""
    bad: str
    """Those that break the promise; empty: events without the good ones."""
    good: str
    parties: str
    """Bad events by party; empty: nobody but us can be at fault."""
    alert: str
    says: str

    @property
    def budget(self) -> Decimal:
        """Share of events that may be bad."""
        return 1 - self.goal


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """One pair of windows over which the budget is watched."""

    long: str
    short: str
    factor: Decimal
    speed: str
    """fast or slow."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Windows:
    """All windows."""

    budget_days: int
    windows: tuple[Window, ...]
    severities: Mapping[str, str]
    """page or ticket, by speed; `pair` for those of a pair of provinces."""
    waits: Mapping[str, str]
    """How long it has to be so before somebody is told, likewise."""
    bad_events_min: Mapping[str, int]
    """Bad events of the long window below which nobody is told, by level."""
    pair_times_hub: int
    """A pair is told of while the country burns too only where it is so many times worse."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Alert:
    """One alert that is no objective's."""

    name: str
    expr: str
    wait: str
    severity: str
    summary: str
    description: str
    expected: str
    """When it is expected to be on though nothing is broken; empty: never."""


@functools.cache
def objectives() -> tuple[Objective, ...]:
    """Returns the promises. Raises ObjectivesInvalid, Unclear."""
    return tuple(
        _objective(name, entry) for name, entry in _tree("objectives.yaml")["objectives"].items()
    )


@functools.cache
def windows() -> Windows:
    """Returns the windows. Raises ObjectivesInvalid, Unclear."""
    tree = _tree("windows.yaml")
    _require_keys("windows.yaml", tree, {*Windows.__slots__})
    return Windows(
        budget_days=tree["budget_days"],
        windows=tuple(
            Window(
                long=one["long"],
                short=one["short"],
                factor=Decimal(one["factor"]),
                speed=one["speed"],
            )
            for one in tree["windows"]
        ),
        severities=tree["severities"],
        waits=tree["waits"],
        bad_events_min=tree["bad_events_min"],
        pair_times_hub=tree["pair_times_hub"],
    )


@functools.cache
def alerts() -> tuple[Alert, ...]:
    """Returns the alerts that are no objective's. Raises ObjectivesInvalid, Unclear."""
    return tuple(read_alert(name, entry) for name, entry in _tree("alerts.yaml")["alerts"].items())


def read_alert(name: str, entry: Any) -> Alert:
    """Reads one alert. Raises ObjectivesInvalid."""
    needed = {"expr", "for", "severity", "summary", "description"}
    _require_keys(f"alert {name}", entry, needed, {"expected"})
    if entry["severity"] not in SEVERITIES:
        msg = f"alert {name}: severity is one of {', '.join(SEVERITIES)}"
        raise ObjectivesInvalid(msg)
    return Alert(
        name=name,
        expr=entry["expr"],
        wait=entry["for"],
        severity=entry["severity"],
        summary=entry["summary"],
        description=entry["description"],
        expected=entry.get("expected", ""),
    )


def _objective(name: str, entry: Any) -> Objective:
    needed = {"title", "goal", "levels", "events", "alert", "says"}
    _require_keys(f"objective {name}", entry, needed, {"good", "bad", "parties"})
    goal = entry["goal"]
    if not isinstance(goal, Decimal) or not 0 < goal < 1:
        msg = f"objective {name}: goal is a share between 0 and 1, such as 0.999"
        raise ObjectivesInvalid(msg)
    if ("good" in entry) == ("bad" in entry):
        msg = f"objective {name}: write either good or bad"
        raise ObjectivesInvalid(msg)
    unknown = set(entry["levels"]) - set(LEVELS)
    if unknown:
        msg = f"objective {name}: levels are {', '.join(LEVELS)}, not {sorted(unknown)}"
        raise ObjectivesInvalid(msg)
    return Objective(
        name=name,
        title=entry["title"],
        goal=goal,
        levels=tuple(entry["levels"]),
        events=entry["events"],
        bad=entry.get("bad", ""),
        good=entry.get("good", ""),
        parties=entry.get("parties", ""),
        alert=entry["alert"],
        says=entry["says"],
    )


def _tree(name: str) -> dict[str, Any]:
    tree = read_tree((_HERE / name).read_text(encoding="utf-8"))
    if not isinstance(tree, dict):
        msg = f"{name}: write a mapping"
        raise ObjectivesInvalid(msg)
    return tree


def _require_keys(
    what: str, entry: Any, needed: set[str], optional: set[str] | None = None
) -> None:
    found = set(entry) if isinstance(entry, dict) else set()
    missing, unknown = needed - found, found - needed - (optional or set())
    if missing or unknown:
        parts = [f"write {', '.join(sorted(missing))}"] if missing else []
        parts += [f"{', '.join(sorted(unknown))} is not known"] if unknown else []
        msg = f"{what}: {'; '.join(parts)}"
        raise ObjectivesInvalid(msg)

"""Says what is wrong with rules, dashboards and runbooks, each with the way out.

Needs no Prometheus: queries are read by a parser, and what exists is what the services declare.
That the services expose what they declare is for the tests of a running mesh.
"""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import yaml
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models.dashboard import Dashboard

from services.observability.boards import board_files
from services.observability.instruments import TARGET_LABELS, declared_series
from services.observability.objectives import LEVELS, alerts, objectives, windows
from services.observability.queries import QueryInvalid, filled, read_query
from services.observability.rules import RUNBOOKS, rule_files

REPOSITORY: Final = Path(__file__).parents[2]
RULES: Final = "charts/yijie/rules"
DASHBOARDS: Final = "charts/yijie/dashboards"
SECTIONS: Final = ("Meaning", "Impact", "Diagnosis", "Mitigation")
_GENERATE: Final = "run `yijie slo generate` and commit the result"
_SIMILAR: Final = 0.6
_OF_PROMETHEUS_ALERTS: Final = frozenset({"ALERTS", "ALERTS_FOR_STATE"})


@dataclass(frozen=True, slots=True)
class Asked:
    """One query and where it stands."""

    where: str
    expr: str
    """With the variables of dashboards filled in."""


def generated_files() -> dict[str, str]:
    """Returns every file that is generated: path in the repository → text."""
    rules = rule_files(objectives(), windows(), alerts())
    return {
        **{f"{RULES}/{name}": text for name, text in rules.items()},
        **{f"{DASHBOARDS}/{name}": text for name, text in board_files().items()},
    }


def problems(repository: Path = REPOSITORY) -> list[str]:
    """Returns what is wrong with what is committed; empty: nothing."""
    committed = committed_files(repository)
    rules = {path: text for path, text in committed.items() if path.startswith(RULES)}
    dashboards = {path: text for path, text in committed.items() if path.startswith(DASHBOARDS)}
    return [
        *drifted(generated_files(), committed),
        *unknown_series([*rule_queries(rules), *dashboard_queries(dashboards)], rules),
        *unreadable_dashboards(dashboards),
        *missing_runbooks(alerts_of(rules), repository),
    ]


def committed_files(repository: Path) -> dict[str, str]:
    """Returns the files of rules and dashboards as they lie in the repository."""
    found = [
        *sorted((repository / RULES).glob("*.yaml")),
        *sorted((repository / DASHBOARDS).glob("*.json")),
    ]
    return {str(path.relative_to(repository)): path.read_text(encoding="utf-8") for path in found}


def drifted(generated: Mapping[str, str], committed: Mapping[str, str]) -> Iterator[str]:
    """Yields the files that are not as they are generated."""
    for path in sorted({*generated, *committed}):
        if path not in committed:
            yield f"{path}: is not there; {_GENERATE}"
        elif path not in generated:
            yield f"{path}: nothing generates it; {_GENERATE} (it removes the file)"
        elif generated[path] != committed[path]:
            yield f"{path}: is not as generated; change services/observability, {_GENERATE}"


def rule_queries(rules: Mapping[str, str]) -> Iterator[Asked]:
    """Yields the queries of files of rules."""
    for path, text in rules.items():
        for rule in _rules_of(text):
            name = rule.get("alert") or rule["record"]
            yield Asked(f"{path}, {name}", rule["expr"])


def dashboard_queries(dashboards: Mapping[str, str]) -> Iterator[Asked]:
    """Yields the queries of dashboards, those of their variables too, filled in."""
    for path, text in dashboards.items():
        tree = json.loads(text)
        for panel in tree.get("panels", ()):
            for target in panel.get("targets", ()):
                yield Asked(f"{path}, panel “{panel['title']}”", filled(target["expr"]))
        for variable in tree.get("templating", {}).get("list", ()):
            asked = re.fullmatch(r"label_values\((.+), (\w+)\)", str(variable.get("query", "")))
            if asked is not None:
                expr = f"count by ({asked[2]}) ({filled(asked[1])})"
                yield Asked(f"{path}, variable {variable['name']}", expr)


def unknown_series(
    asked: Iterable[Asked],
    rules: Mapping[str, str],
    declared: Mapping[str, frozenset[str]] | None = None,
) -> Iterator[str]:
    """Yields queries that are no PromQL, or ask for a series or label that does not exist."""
    known = {**(declared_series() if declared is None else declared), **_recorded(rules)}
    for one in asked:
        try:
            query = read_query(one.expr)
        except QueryInvalid as error:
            yield f"{one.where}: {error}; correct the query: {one.expr}"
            continue
        missing = {selected.name for selected in query.selected} - set(known)
        yield from (f"{one.where}: {_way_out(name, known)}" for name in sorted(missing))
        named = [(frozenset({found.name}), found.labels) for found in query.selected]
        grouped = [(grouping.names, grouping.labels) for grouping in query.groupings]
        for names, labels in [*named, *grouped]:
            if names <= set(known):
                yield from _unknown_labels(one, labels, names, known)


def unreadable_dashboards(dashboards: Mapping[str, str]) -> Iterator[str]:
    """Yields dashboards that Grafana's own types do not read, or read in part."""
    for path, text in dashboards.items():
        tree = json.loads(text)
        read = json.loads(JSONEncoder().encode(Dashboard.from_json(tree)))
        if read != tree:
            yield f"{path}: Grafana's types do not know all of it; {_GENERATE}"
        if tree["uid"] != Path(path).stem:
            yield f"{path}: its uid is {tree['uid']}; name the file {tree['uid']}.json"
        for panel in tree["panels"]:
            if panel["type"] != "row" and not (panel.get("description") and panel.get("title")):
                yield f"{path}: a panel has no title or description; write both"


def alerts_of(rules: Mapping[str, str]) -> dict[str, list[dict[str, Any]]]:
    """Returns alert → its rules, of files of rules."""
    found: dict[str, list[dict[str, Any]]] = {}
    for text in rules.values():
        for rule in _rules_of(text):
            if "alert" in rule:
                found.setdefault(rule["alert"], []).append(rule)
    return found


def missing_runbooks(named: Mapping[str, Any], repository: Path) -> Iterator[str]:
    """Yields alerts without a runbook, runbooks without an alert, and sections that are missing."""
    folder = repository / RUNBOOKS
    there = {path.stem: path for path in folder.glob("*.md") if path.stem != "README"}
    for name in sorted({*named, *there}):
        path = f"{RUNBOOKS}/{name}.md"
        if name not in there:
            yield f"{path}: alert {name} has no runbook; write {', '.join(SECTIONS)}"
        elif name not in named:
            yield f"{path}: no alert has this name; remove it or name it like its alert"
        else:
            text = there[name].read_text(encoding="utf-8")
            sections = tuple(re.findall(r"^## (.+)$", text, re.MULTILINE))
            if sections != SECTIONS:
                yield f"{path}: its sections are {sections}; write {', '.join(SECTIONS)}"
            if not text.startswith(f"# {name}\n"):
                yield f"{path}: begin it with “# {name}”"


def _rules_of(text: str) -> Iterator[dict[str, Any]]:
    for group in yaml.safe_load(text)["groups"]:
        yield from group["rules"]


def _recorded(rules: Mapping[str, str]) -> dict[str, frozenset[str]]:
    found = {name: frozenset({"alertname", "alertstate"}) for name in _OF_PROMETHEUS_ALERTS}
    for text in rules.values():
        for rule in _rules_of(text):
            name = rule.get("record", "")
            level = name.partition(":")[0]
            if level in LEVELS:
                party = {"party"} if "_parties:" in name else set()
                found[name] = frozenset(LEVELS[level]) | party
    return found


def _way_out(name: str, known: Mapping[str, frozenset[str]]) -> str:
    near = difflib.get_close_matches(name, known, n=1, cutoff=_SIMILAR)
    meant = f"did you mean {near[0]}? Else " if near else ""
    return (
        f"no service exposes {name}; {meant}declare it in the telemetry.yaml and metrics.py of its"
        " service, or correct the query in services/observability and " + _GENERATE
    )


def _unknown_labels(
    one: Asked,
    labels: frozenset[str],
    names: frozenset[str],
    known: Mapping[str, frozenset[str]],
) -> Iterator[str]:
    has = frozenset[str]().union(*(known[name] for name in names))
    for label in sorted(labels - has):
        shown = ", ".join(sorted(has - TARGET_LABELS)) or "none of its own"
        yield f"{one.where}: {', '.join(sorted(names))} has no label {label}; it has {shown}"

"""Reads PromQL: which series a query asks for, and by which labels.

The parser is a development dependency: only `yijie slo check` and the tests read queries.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

import promql_parser

GRAFANA: Final = {
    "$__rate_interval": "5m",
    "$__interval": "1m",
    "$__range": "1h",
}
"""What Grafana fills in by itself, and what stands for it when a query is checked."""
_VARIABLE: Final = re.compile(r"\$\{?[a-z_]+\}?")


class QueryInvalid(ValueError):
    """A query that Prometheus would not take."""


@dataclass(frozen=True, slots=True)
class Selected:
    """One series that a query asks for."""

    name: str
    labels: frozenset[str]
    """Labels that its matchers name."""


@dataclass(frozen=True, slots=True)
class Grouping:
    """Labels that a part of a query groups or joins by."""

    labels: frozenset[str]
    names: frozenset[str]
    """Series in that part."""


@dataclass(frozen=True, slots=True)
class Query:
    """What a query asks for."""

    selected: tuple[Selected, ...]
    groupings: tuple[Grouping, ...]


def filled(expr: str) -> str:
    """Returns a dashboard's query with its variables filled in: `.*` for what is chosen there."""
    for name, value in GRAFANA.items():
        expr = expr.replace(name, value)
    return _VARIABLE.sub(".*", expr)


def read_query(expr: str) -> Query:
    """Reads a query without variables. Raises QueryInvalid."""
    try:
        tree = promql_parser.parse(expr)
    except ValueError as error:
        msg = f"not PromQL: {error}"
        raise QueryInvalid(msg) from None
    selected = tuple(_selected(tree))
    groupings = tuple(
        Grouping(frozenset(labels), frozenset(one.name for one in _selected(node)))
        for node in _nodes(tree)
        if (labels := _grouped_by(node))
    )
    return Query(selected, groupings)


def _grouped_by(node: Any) -> set[str]:
    if isinstance(node, promql_parser.AggregateExpr) and node.modifier is not None:
        return set(node.modifier.labels)
    if isinstance(node, promql_parser.BinaryExpr) and node.modifier is not None:
        matching = node.modifier.matching
        return set(matching.labels) if matching is not None else set()
    return set()


def _selected(tree: Any) -> Iterator[Selected]:
    for node in _nodes(tree):
        if isinstance(node, promql_parser.VectorSelector):
            matchers = {one.name for one in node.matchers.matchers}
            yield Selected(node.name or "", frozenset(matchers))


def _nodes(tree: Any) -> list[Any]:
    found: list[Any] = []
    promql_parser.walk(tree, found.append)
    return found

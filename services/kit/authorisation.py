"""Who may call what: the table role × region × method, read from data.

`services/<service>/authorisation.yaml` has a line per method, and what it does not grant is denied:

    yijie.settlement.v1.SettlementService:
      Settle: {region: [bill.care_region_code], agency: own}
      GetSettlement: {answer: [settlement.care_region_code], hub: any, agency: own}
      ReverseSettlement: {servicer: true, agency: own}
      RecomputeSettlement: {officer: hub}

A role is granted one of three reaches: `any`, whatever the call is about; `hub`, only callers of
the hub; `own`, callers of the hub for all provinces, a province's where the call names that
province. Where a call names provinces is said once per method: `region` lists paths of the request,
`answer` paths of the response, of which one must name the caller's (an area or an institution
stands for its province; of a repeated field `[]` all must); `servicer` leaves it to the servicer,
which asks services.kit.caller before it does anything. docs/authorisation.md has the table whole.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from importlib import resources
from types import MappingProxyType
from typing import Any, Final

from services.kit.caller import ROLES, Caller
from services.kit.strict_yaml import Tree, Unclear, read_tree

_FILE: Final = "authorisation.yaml"
_COMMON: Final = "kit"
"""What every service may serve besides its own contract stands in the kit's table."""
# Two digits are the province: of an area, or of an institution's code, where more follow.
_PLACE: Final = re.compile(r"([0-9]{2})[0-9]{4}|[HP]([0-9]{2})[0-9]{9}")


class Reach(Enum):
    """How far a grant goes."""

    ANY = "any"
    HUB = "hub"
    OWN = "own"


class TableError(ValueError):
    """A table is not what this version reads: the file, the method and what is wrong."""


@dataclass(frozen=True, slots=True)
class Rule:
    """Who may call one method, and where its calls name provinces."""

    grants: Mapping[str, Reach]
    """Role → reach; a role that is not here may not call."""
    request: tuple[str, ...] = ()
    """Paths of the request of which one must name the caller's province."""
    answer: tuple[str, ...] = ()
    """The same of the response: it is looked at before it leaves."""
    by_servicer: bool = False
    """The servicer asks for the region itself, by what it has stored."""


DENIED: Final = Rule(MappingProxyType({}))
"""The rule of a method that no table names."""


@dataclass(frozen=True, slots=True)
class Table:
    """The rules of one service."""

    rules: Mapping[str, Rule]
    """Full method, "/yijie.settlement.v1.SettlementService/Settle" → its rule."""

    def rule_of(self, method: str) -> Rule:
        """Returns the rule of a method; of one that the table does not name: nobody may."""
        return self.rules.get(method, DENIED)


@dataclass(frozen=True, slots=True)
class Denial:
    """A call that was refused for who made it."""

    method: str
    """Full name, "yijie.settlement.v1.SettlementService/Settle"."""
    caller: Caller
    reason: str
    """ErrorReason of the answer."""


@functools.cache
def load_table(service: str) -> Table:
    """Returns the table of a service, "settlement"; one that has none grants nothing.

    Raises:
        TableError: a file cannot be read as a table.
    """
    return Table(MappingProxyType({**_read_file(_COMMON), **_read_file(service)}))


def roles_of(method: str) -> frozenset[str]:
    """Returns the roles that may call a method, given by its full name with or without a slash.

    Raises:
        TableError: a file cannot be read as a table.
    """
    name = "/" + method.removeprefix("/")
    return frozenset(load_table(name.split(".")[1]).rule_of(name).grants)


def read_table(text: str, name: str) -> dict[str, Rule]:
    """Reads a table; `name` is the file's, for errors.

    Raises:
        TableError: it is not one.
    """
    try:
        tree = read_tree(text)
    except Unclear as error:
        msg = f"{name}, line {error.line}: {error}; {error.right}"
        raise TableError(msg) from error
    rules: dict[str, Rule] = {}
    for service, methods in _mapping(tree, name).items():
        for method, line in _mapping(methods, f"{name}: {service}").items():
            where = f"{name}: {service}/{method}"
            rules[f"/{service}/{method}"] = _read_rule(_mapping(line, where), where)
    return rules


def names_province(paths: Sequence[str], province: str) -> Callable[[Any], bool]:
    """Returns what tells whether a message names a province at one of the paths."""
    getters = [_getter(path) for path in paths]

    def names(message: Any) -> bool:
        return any(
            values and all(province_named(value) == province for value in values)
            for values in (get(message) for get in getters)
        )

    return names


def province_named(value: str) -> str:
    """Returns the province of an area or an institution, empty for anything else.

    640104 → 640000, H64010400001 → 640000.
    """
    found = _PLACE.fullmatch(value)
    return f"{found[1] or found[2]}0000" if found else ""


def _getter(path: str) -> Callable[[Any], list[str]]:
    """Returns what reads the values at a path: one, or as many as repeated fields have."""
    steps = [(step.removesuffix("[]"), step.endswith("[]")) for step in path.split(".")]
    if not any(is_repeated for _, is_repeated in steps):
        names = [name for name, _ in steps]
        return lambda message: [functools.reduce(getattr, names, message)]

    def read(message: Any) -> list[Any]:
        found = [message]
        for name, is_repeated in steps:
            held = [getattr(one, name) for one in found]
            found = [one for many in held for one in many] if is_repeated else held
        return found

    return read


def _read_file(service: str) -> dict[str, Rule]:
    file = resources.files("services").joinpath(service, _FILE)
    if not file.is_file():
        return {}
    return read_table(file.read_text(encoding="utf-8"), f"{service}/{_FILE}")


def _read_rule(line: dict[str, Tree], where: str) -> Rule:
    grants: dict[str, Reach] = {}
    for key, value in line.items():
        if key in {"region", "answer", "servicer"}:
            continue
        if key not in ROLES:
            msg = f"{where}: {key} is no role; roles are {', '.join(ROLES)}"
            raise TableError(msg)
        try:
            grants[key] = Reach(value)
        except ValueError:
            msg = f"{where}: {key} must be granted any, hub or own"
            raise TableError(msg) from None
    request, answer = _paths(line, "region", where), _paths(line, "answer", where)
    by_servicer = line.get("servicer", False)
    if by_servicer is not True and "servicer" in line:
        msg = f"{where}: servicer is true or absent"
        raise TableError(msg)
    told = sum((bool(request), bool(answer), bool(by_servicer)))
    if told != (1 if Reach.OWN in grants.values() else 0):
        msg = f"{where}: own, and only own, needs one of region, answer and servicer"
        raise TableError(msg)
    return Rule(MappingProxyType(grants), request, answer, bool(by_servicer))


def _paths(line: dict[str, Tree], key: str, where: str) -> tuple[str, ...]:
    value = line.get(key, [])
    if not isinstance(value, list) or not all(isinstance(one, str) and one for one in value):
        msg = f"{where}: {key} is a list of paths"
        raise TableError(msg)
    return tuple(str(one) for one in value)


def _mapping(tree: Tree, where: str) -> dict[str, Tree]:
    if not isinstance(tree, dict) or not all(isinstance(key, str) for key in tree):
        msg = f"{where}: is not a mapping"
        raise TableError(msg)
    return tree

"""Which calls go first when there are too many: read from `services/<service>/admission.yaml`.

    yijie.settlement.v1.SettlementService:
      ReverseSettlement: RECORD
      Settle:
        otherwise: SETTLE
        DISCHARGE: {field: bill.medical_type_code, begins: ["21", "52"]}

One mapping for each gRPC service: method → its priority, or what it depends on: the first priority
whose field begins with one of the texts, else `otherwise`. A method that is not named is a LIST.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from importlib import resources
from typing import Any

from services.kit.admission import Priority
from services.kit.strict_yaml import Tree, Unclear, read_tree

Prioritise = Callable[[Any], Priority]
"""Returns the priority of a request, which may be no message at all."""

_OTHERWISE = "otherwise"


class PriorityError(Exception):
    """A table of priorities cannot be used; the text says where and why."""


@cache
def load_priorities(service: str) -> Mapping[str, Prioritise]:
    """Returns how a service's methods are prioritised, by "/package.Service/Method".

    Raises:
        PriorityError: the table says something that it cannot say.
    """
    try:
        folder = resources.files(f"services.{service}")
        text = (folder / "admission.yaml").read_text(encoding="utf-8")
    except (FileNotFoundError, ModuleNotFoundError):
        return {}
    return parse_priorities(text)


def parse_priorities(text: str) -> Mapping[str, Prioritise]:
    """Reads a table; raises PriorityError."""
    try:
        tree = read_tree(text)
    except Unclear as error:
        msg = f"line {error.line} {error.problem}: {error.right}"
        raise PriorityError(msg) from error
    found = {}
    for full_name, methods in _mapping(tree, "the table").items():
        for method, said in _mapping(methods, full_name).items():
            found[f"/{full_name}/{method}"] = _prioritise(said, f"{full_name}.{method}")
    return found


def always(priority: Priority) -> Prioritise:
    """Returns what gives every request the same priority."""
    return lambda _: priority


def _prioritise(said: Tree, where: str) -> Prioritise:
    if not isinstance(said, dict):
        return always(_priority(said, where))
    cases = [
        (_priority(name, where), *_condition(condition, where))
        for name, condition in said.items()
        if name != _OTHERWISE
    ]
    otherwise = _priority(said.get(_OTHERWISE), f"{where}: {_OTHERWISE}")

    def prioritise(request: Any) -> Priority:
        for priority, path, texts in cases:
            value = request
            for name in path:
                value = getattr(value, name, "")
            if str(value).startswith(texts):
                return priority
        return otherwise

    return prioritise


def _condition(said: Tree, where: str) -> tuple[list[str], tuple[str, ...]]:
    condition = _mapping(said, where)
    texts = condition.get("begins")
    if set(condition) != {"field", "begins"} or not isinstance(texts, list) or not texts:
        msg = f"{where}: a condition is {{field: a.path, begins: [texts]}}"
        raise PriorityError(msg)
    return str(condition["field"]).split("."), tuple(str(text) for text in texts)


def _priority(said: Tree, where: str) -> Priority:
    try:
        return Priority[str(said)]
    except KeyError:
        names = ", ".join(one.name for one in Priority)
        msg = f"{where}: {said} is no priority; there are: {names}"
        raise PriorityError(msg) from None


def _mapping(said: Tree, where: str) -> dict[str, Tree]:
    if not isinstance(said, dict):
        msg = f"{where} is no mapping"
        raise PriorityError(msg)
    return said

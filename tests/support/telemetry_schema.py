"""What the code says that it tells: log events, spans and calls, read from its syntax tree.

The other side of services/*/telemetry.yaml, for tests that compare both.
"""

from __future__ import annotations

import ast
import functools
import importlib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import yaml

from services.cli.topology import SERVICES

ROOT: Final = Path(__file__).resolve().parents[2]
LEVELS: Final = frozenset({"debug", "info", "warning", "error"})
PARTS: Final = (*SERVICES, "kit")


@dataclass
class Told:
    """What one service's code tells."""

    events: dict[str, dict[str, Any]] = field(default_factory=dict)
    """Text of a log line -> its level and the fields that are given by name."""
    spans: set[str] = field(default_factory=set)
    """Names of spans that are constants."""
    calls: set[str] = field(default_factory=set)
    """Full names of the gRPC methods called."""


@functools.cache
def declared(part: str) -> dict[str, Any]:
    """Returns the schema of a service, or of kit; not to be changed."""
    path = ROOT / "services" / part / "telemetry.yaml"
    read: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    return read


def told_by(part: str) -> Told:
    """Reads the code of a service."""
    told = Told()
    paths = sorted((ROOT / "services" / part).rglob("*.py"))
    trees = [ast.parse(path.read_text(encoding="utf-8")) for path in paths]
    # A stub is often made in one module and called in another.
    stubs = {name: has for tree in trees for name, has in _stubs(tree).items()}
    for tree in trees:
        for node in ast.walk(tree):
            if isinstance(node, ast.Call):
                _note_event(node, told)
                _note_span(node, told)
            # `stub.Commit`, or "Commit" where the stub of a region is looked up first.
            called = getattr(node, "attr", None) or getattr(node, "value", None)
            if isinstance(called, str):
                told.calls |= {f"{name}/{called}" for name, has in stubs.items() if called in has}
    return told


def _note_event(node: ast.Call, told: Told) -> None:
    match node:
        case ast.Call(
            func=ast.Attribute(value=logger, attr=level), args=[ast.Constant(value=str(text)), *_]
        ) if level in LEVELS and "log" in ast.unparse(logger).lower():
            event = told.events.setdefault(text, {"level": level, "fields": set()})
            event["fields"] |= {keyword.arg for keyword in node.keywords if keyword.arg}


def _note_span(node: ast.Call, told: Told) -> None:
    match node:
        case ast.Call(
            func=ast.Attribute(attr="span") | ast.Name(id="span"),
            args=[ast.Constant(value=str(name)), *_],
        ):
            told.spans.add(name)


def _stubs(tree: ast.AST) -> dict[str, frozenset[str]]:
    """Returns the gRPC services whose stubs a module makes, each with its methods."""
    modules = {
        (alias.asname or alias.name): f"{node.module}.{alias.name}"
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and str(node.module).startswith("yijie.")
        for alias in node.names
        if alias.name.endswith("_pb2_grpc")
    }
    return dict(
        _methods(modules[node.value.id], node.attr.removesuffix("Stub"))
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute)
        and node.attr.endswith("Stub")
        and isinstance(node.value, ast.Name)
        and node.value.id in modules
    )


def _methods(module: str, name: str) -> tuple[str, frozenset[str]]:
    contract = importlib.import_module(module.removesuffix("_grpc"))
    service = contract.DESCRIPTOR.services_by_name[name]
    return service.full_name, frozenset(method.name for method in service.methods)

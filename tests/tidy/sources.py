"""The files that the rules are about, read once."""

from __future__ import annotations

import ast
import functools
import subprocess
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SERVICES = (
    "identity",
    "filing",
    "catalogue",
    "settlement",
    "benefits",
    "clearing",
    "supervision",
)


def python_files(*folders: str) -> list[Path]:
    """Python files below folders of the repository, without generated ones."""
    found = []
    for folder in folders:
        found += [
            path
            for path in sorted((ROOT / folder).rglob("*.py"))
            if not path.is_relative_to(ROOT / "services" / "gen")
        ]
    return found


@functools.cache
def text_of(path: Path) -> str:
    return path.read_text(encoding="utf-8")


@functools.cache
def tree_of(path: Path) -> ast.Module:
    return ast.parse(text_of(path), filename=str(path))


def name_of(path: Path) -> str:
    return str(path.relative_to(ROOT))


def at(path: Path, node: ast.AST) -> str:
    return f"{name_of(path)}:{getattr(node, 'lineno', 0)}"


def dotted(node: ast.AST) -> str:
    """Returns "datetime.now" of the expression datetime.now, "" of what is no dotted name."""
    parts: list[str] = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    if not isinstance(node, ast.Name):
        return parts[0] if parts else ""
    return ".".join([node.id, *reversed(parts)])


def calls(path: Path) -> Iterator[tuple[ast.Call, str]]:
    """Yields every call in a file with the dotted name of what is called."""
    for node in ast.walk(tree_of(path)):
        if isinstance(node, ast.Call):
            yield node, dotted(node.func)


def imports(path: Path) -> set[str]:
    """Returns the full names of what a file imports, anywhere in it."""
    names: set[str] = set()
    for node in ast.walk(tree_of(path)):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
    return names


@functools.cache
def tracked_files() -> list[Path]:
    """Files that git knows, and new ones that it does not ignore."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
        cwd=ROOT,
        capture_output=True,
        check=True,
        text=True,
    )
    paths = [ROOT / name for name in listed.stdout.split("\0") if name]
    return [path for path in paths if path.is_file()]

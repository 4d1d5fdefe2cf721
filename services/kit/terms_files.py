"""Reads terms (legal figures) from `terms/<area>.yaml`: strict YAML, every entry checked.

name: what the file is about, in Chinese
terms:
  <term>:
    - from: "2022-07-01"    the value holds from that day on
      value: …              as the reader of the term takes it
      basis: …              where it stands, or what is known instead
      sample: false         true (示例): no document that could be traced sets it
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Final, Generic, TypeVar

from services.kit.strict_yaml import Tree, Unclear, find_line, read_tree

T = TypeVar("T")

_ENTRY_KEYS: Final = frozenset({"from", "value", "basis", "sample"})
_ISO_DATE: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_BYTES_MAX: Final = 256 * 1024


class TermsRefused(ValueError):
    """Terms are not loaded: what is wrong and where."""


class Wrong(ValueError):
    """What a reader raises for a value that it does not take, with what would be right."""


@dataclass(frozen=True, slots=True)
class Entry(Generic[T]):
    """A value of a term and since when it holds."""

    begin_date: date
    value: T
    basis: str
    sample: bool


History = Sequence[Entry[T]]
"""Values of one term in order of time; never empty."""


def entry_on(history: History[T], day: date) -> Entry[T]:
    """Returns what holds on a day; before the first entry that one: nothing older is known."""
    return next((one for one in reversed(history) if one.begin_date <= day), history[0])


def load_terms(
    area: str, readers: Mapping[str, Callable[[Tree], T]], folder: Path
) -> Mapping[str, History[T]]:
    """Returns the histories of an area's terms: exactly those that there are readers for.

    Raises:
        TermsRefused: the first thing wrong, with its line and what would be right.
    """
    path = folder / f"{area}.yaml"
    content = path.read_bytes()
    if len(content) > _BYTES_MAX:
        raise TermsRefused(f"{path.name}: is too large; 256 KiB is the limit")
    try:
        text = content.decode()
        tree = read_tree(text)
    except UnicodeDecodeError as error:
        raise TermsRefused(f"{path.name}: is not UTF-8; save it as UTF-8") from error
    except Unclear as unclear:
        place = f"{path.name}:{unclear.line}"
        raise TermsRefused(f"{place}: {unclear.problem}; {unclear.right}") from unclear
    try:
        return _parse(tree, readers)
    except _At as error:
        place = f"{path.name}:{find_line(text, error.path)}"
        raise TermsRefused(f"{place}: {error.path or '(top)'}: {error}") from error


def read_whole(tree: Tree, *, least: int, most: int) -> int:
    """Returns a whole number of a document.

    Raises:
        Wrong: it is none, or out of bounds.
    """
    if not isinstance(tree, int) or isinstance(tree, bool) or not least <= tree <= most:
        msg = f"write a whole number from {least} to {most}"
        raise Wrong(msg)
    return tree


def read_fields(tree: Tree, names: frozenset[str]) -> Mapping[str, Tree]:
    """Returns the fields of a mapping that has exactly these.

    Raises:
        Wrong: it has others, or lacks one.
    """
    if not isinstance(tree, dict) or tree.keys() != names:
        msg = f"write a mapping with exactly: {', '.join(sorted(names))}"
        raise Wrong(msg)
    return tree


class _At(Exception):
    """A problem and its place."""

    def __init__(self, path: str, problem: str) -> None:
        super().__init__(problem)
        self.path = path


def _parse(tree: Tree, readers: Mapping[str, Callable[[Tree], T]]) -> Mapping[str, History[T]]:
    fields = _fields("", tree, frozenset({"name", "terms"}))
    _text("name", fields["name"])
    terms = _fields("terms", fields["terms"], frozenset(readers))
    return {
        name: _history(f"terms.{name}", terms[name], reader) for name, reader in readers.items()
    }


def _history(path: str, tree: Tree, reader: Callable[[Tree], T]) -> History[T]:
    if not isinstance(tree, list) or not tree:
        raise _At(path, "is no list of entries; give one with from, value, basis, sample")
    entries: list[Entry[T]] = []
    for index, item in enumerate(tree):
        here = f"{path}[{index}]"
        fields = _fields(here, item, _ENTRY_KEYS)
        begin = _date(f"{here}.from", fields["from"])
        if entries and begin <= entries[-1].begin_date:
            raise _At(f"{here}.from", "is not after the entry before; order entries by `from`")
        sample = fields["sample"]
        if not isinstance(sample, bool):
            raise _At(f"{here}.sample", "is neither true nor false; write one of them")
        try:
            value = reader(fields["value"])
        except Wrong as wrong:
            raise _At(f"{here}.value", f"is not understood; {wrong}") from wrong
        entries.append(
            Entry(
                begin_date=begin,
                value=value,
                basis=_text(f"{here}.basis", fields["basis"]),
                sample=sample,
            )
        )
    return tuple(entries)


def _fields(path: str, tree: Tree, names: frozenset[str]) -> Mapping[str, Tree]:
    try:
        return read_fields(tree, names)
    except Wrong as wrong:
        raise _At(path, f"has other fields; {wrong}") from wrong


def _text(path: str, tree: Tree) -> str:
    if not isinstance(tree, str) or not tree.strip():
        raise _At(path, "is not text; write a non-empty text")
    return tree


def _date(path: str, tree: Tree) -> date:
    if isinstance(tree, str) and _ISO_DATE.fullmatch(tree):
        try:
            return date.fromisoformat(tree)
        except ValueError:
            pass
    raise _At(path, "is not a date; write a quoted day that exists, as 2026-11-01")

"""A place in a policy file: it reads children and refuses what is wrong there."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import date
from typing import TYPE_CHECKING, Final, NoReturn, TypeVar

from services.benefits.domain.errors import PolicyRefused

if TYPE_CHECKING:
    from enum import Enum

    EnumT = TypeVar("EnumT", bound=Enum)

Tree = object
"""A YAML document as plain Python: dict[str, Tree], list[Tree], str, int, Decimal, bool or None."""

_ISO_DATE: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


class Place:
    """Where in which file; the path is of keys with points between, empty at the top."""

    __slots__ = ("file", "path")

    def __init__(self, file: str, path: str = "") -> None:
        """Names the place."""
        self.file = file
        self.path = path

    def child(self, key: str) -> Place:
        """Returns the place of a key's value."""
        return Place(self.file, f"{self.path}.{key}" if self.path else key)

    def item(self, index: int) -> Place:
        """Returns the place of an item of a list."""
        return Place(self.file, f"{self.path}[{index}]")

    def refuse(self, problem: str, right: str) -> NoReturn:
        """Raises PolicyRefused for this place."""
        raise PolicyRefused(file=self.file, path=self.path or "(top)", problem=problem, right=right)

    def mapping(self, tree: Tree) -> Mapping[str, Tree]:
        """Returns a mapping whose keys are texts."""
        if not isinstance(tree, Mapping):
            self.refuse("is not a mapping", "write `key: value` lines")
        for key in tree:
            if not isinstance(key, str):
                self.child(str(key)).refuse(f"key {key} is not text", f'quote it: "{key}"')
        return tree

    def keys(
        self, tree: Tree, *, known: frozenset[str], needed: frozenset[str] = frozenset()
    ) -> Mapping[str, Tree]:
        """Returns a mapping of which all keys are known and all needed ones there."""
        mapping = self.mapping(tree)
        for key in mapping:
            if key not in known:
                self.child(key).refuse("unknown key", f"known here: {', '.join(sorted(known))}")
        for key in sorted(needed):
            if key not in mapping:
                self.refuse(f"has no `{key}`", f"add `{key}:`")
        return mapping

    def items(self, tree: Tree) -> Sequence[Tree]:
        """Returns a list."""
        if not isinstance(tree, list):
            self.refuse("is not a list", "write `[a, b]`")
        return tree

    def text(self, tree: Tree) -> str:
        """Returns a text that says something."""
        if not isinstance(tree, str) or not tree.strip():
            self.refuse(
                "is not text",
                "write a non-empty text, quoted if it looks like a number or has `: ` in it",
            )
        return tree

    def code(self, tree: Tree, what: str) -> str:
        """Returns a code, which must have been quoted."""
        if not isinstance(tree, str):
            self.refuse(f"{what} {tree} is read as a number", f'quote it: "{tree}"')
        return tree

    def date(self, tree: Tree) -> date:
        """Returns a day of the calendar."""
        if not isinstance(tree, str) or not _ISO_DATE.fullmatch(tree):
            self.refuse("is not a date", "write it as 2026-11-01")
        try:
            return date.fromisoformat(tree)
        except ValueError:
            self.refuse(f"{tree} is not in the calendar", "write a day that exists")

    def word(self, tree: Tree, enum: type[EnumT]) -> EnumT:
        """Returns the member of a closed list that a word names."""
        try:
            return enum(tree)
        except ValueError:
            words = ", ".join(item.value for item in enum)
            self.refuse(f"{shown(tree)} is not known here", f"one of: {words}")


def shown(tree: Tree) -> str:
    """Returns a value as the file has it, a list or table by that name."""
    if isinstance(tree, Mapping):
        return "a table"
    if isinstance(tree, list):
        return "a list"
    return repr(tree) if isinstance(tree, str) else str(tree)

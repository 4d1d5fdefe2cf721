"""From plain trees to checked terms. Whatever is unclear is refused, with what would be right.

The trees come from services.filing.terms_files, which reads YAML so that codes and dates arrive as
texts. National bounds: 规程 of 医保发〔2022〕22号, Art. 10.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Final, NoReturn, TypeVar

from services.filing.domain.model import ApprovalWay, Channel, Evidence
from services.filing.domain.terms import (
    NAMES,
    NATIONAL,
    WHOLE_PROVINCES,
    Approval,
    Entry,
    History,
    Value,
)
from services.kit import codes

if TYPE_CHECKING:
    from collections.abc import Callable
    from enum import Enum

    EnumT = TypeVar("EnumT", bound=Enum)

Tree = object
_FILE_KEYS: Final = frozenset({"area", "name", "terms"})
_ENTRY_KEYS: Final = frozenset({"from", "value", "basis", "sample"})
_ISO_DATE: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
UNLIMITED: Final = "unlimited"


class TermsRefused(ValueError):
    """Terms are not loaded: what is wrong, where, and what would be right."""

    def __init__(
        self, *, file: str, path: str, problem: str, right: str, line: int | None = None
    ) -> None:
        """Holds the place and the two texts; `path` is of keys with points between."""
        place = file if line is None else f"{file}:{line}"
        super().__init__(f"{place}: {path or '(top)'}: {problem}; {right}")
        self.file = file
        self.path = path
        self.problem = problem
        self.right = right
        self.line = line

    def on_line(self, line: int) -> TermsRefused:
        """Returns the same refusal with the line of its place."""
        return TermsRefused(
            file=self.file, path=self.path, problem=self.problem, right=self.right, line=line
        )


@dataclass(frozen=True, slots=True)
class _At:
    """A place in a file."""

    file: str
    path: str = ""

    def child(self, key: str) -> _At:
        return _At(self.file, f"{self.path}.{key}" if self.path else key)

    def item(self, index: int) -> _At:
        return _At(self.file, f"{self.path}[{index}]")

    def refuse(self, problem: str, right: str) -> NoReturn:
        raise TermsRefused(file=self.file, path=self.path, problem=problem, right=right)

    def mapping(self, tree: Tree) -> Mapping[str, Tree]:
        if not isinstance(tree, Mapping):
            self.refuse("is not a mapping", "write `key: value` lines")
        for key in tree:
            if not isinstance(key, str):
                self.child(str(key)).refuse(f"key {key} is not text", f'quote it: "{key}"')
        return tree

    def keys(self, tree: Tree, needed: frozenset[str]) -> Mapping[str, Tree]:
        mapping = self.mapping(tree)
        for key in mapping:
            if key not in needed:
                self.child(key).refuse("unknown key", f"known here: {', '.join(sorted(needed))}")
        for key in sorted(needed - mapping.keys()):
            self.refuse(f"has no `{key}`", f"add `{key}:`")
        return mapping

    def items(self, tree: Tree) -> list[Tree]:
        if not isinstance(tree, list):
            self.refuse("is not a list", "write `[a, b]`, or lines that begin with `- `")
        return tree

    def text(self, tree: Tree) -> str:
        if not isinstance(tree, str) or not tree.strip():
            self.refuse("is not text", "write a non-empty text, quoted if it looks like a number")
        return tree

    def whole(self, tree: Tree, least: int, most: int) -> int:
        if not isinstance(tree, int) or isinstance(tree, bool):
            self.refuse("is not a whole number", f"write one from {least} to {most}")
        if not least <= tree <= most:
            self.refuse(f"{tree} is out of bounds", f"write one from {least} to {most}")
        return tree

    def date(self, tree: Tree) -> date:
        if not isinstance(tree, str) or not _ISO_DATE.fullmatch(tree):
            self.refuse("is not a date", "write it as 2026-11-01")
        try:
            return date.fromisoformat(tree)
        except ValueError:
            self.refuse(f"{tree} is not in the calendar", "write a day that exists")

    def word(self, tree: Tree, enum: type[EnumT]) -> EnumT:
        members = {member.value.lower(): member for member in enum}
        if not isinstance(tree, str) or tree not in members:
            self.refuse("is not known here", f"write one of: {', '.join(members)}")
        return members[tree]


def parse_terms(file: str, tree: Tree) -> tuple[str, Mapping[str, History]]:
    """Returns the area of a file and its histories by term.

    Args:
        file: name of the file, `national.yaml` or `<area>.yaml`.
        tree: its document.

    Raises:
        TermsRefused: naming the first thing that is wrong.
    """
    at = _At(file)
    fields = at.keys(tree, _FILE_KEYS)
    area = _area(at.child("area"), fields["area"])
    if file != f"{area}.yaml":
        at.child("area").refuse(f"{area} belongs into another file", f"name the file {area}.yaml")
    at.child("name").text(fields["name"])
    terms = at.child("terms")
    given = terms.mapping(fields["terms"])
    for name in given:
        if name not in NAMES:
            terms.child(name).refuse("is no term", f"known here: {', '.join(NAMES)}")
    if area == NATIONAL:
        for name in NAMES:
            if name not in given:
                terms.refuse(f"has no `{name}`", f"add `{name}:`; the national terms are complete")
    elif not given:
        terms.refuse("is empty", "set a term, or remove the file: the national terms hold")
    return area, {name: _history(terms.child(name), name, value) for name, value in given.items()}


def _area(at: _At, tree: Tree) -> str:
    if not isinstance(tree, str):
        at.refuse("is read as a number", f'quote it: "{tree}"')
    if tree == NATIONAL:
        return tree
    if not codes.is_known_area(tree):
        at.refuse("is no area", "write the six digits of a pooling area or province, or national")
    if tree not in {codes.pooling_area_of(tree), codes.province_of(tree)}:
        at.refuse(
            f"{tree} sets no terms", f'write its pooling area: "{codes.pooling_area_of(tree)}"'
        )
    return tree


def _history(at: _At, name: str, tree: Tree) -> History:
    entries: list[Entry] = []
    for index, item in enumerate(at.items(tree)):
        here = at.item(index)
        fields = here.keys(item, _ENTRY_KEYS)
        begin = here.child("from").date(fields["from"])
        if entries and begin <= entries[-1].begin_date:
            here.child("from").refuse("is not after the entry before", "order entries by `from`")
        if not isinstance(fields["sample"], bool):
            here.child("sample").refuse("is neither true nor false", "write true or false")
        entries.append(
            Entry(
                begin_date=begin,
                value=_READERS[name](here.child("value"), fields["value"]),
                basis=here.child("basis").text(fields["basis"]),
                sample=fields["sample"],
            )
        )
    if not entries:
        at.refuse("is empty", "give a value with `from`, `value`, `basis`, `sample`")
    return tuple(entries)


def _retroactive(at: _At, tree: Tree) -> int | None:
    return None if tree == UNLIMITED else at.whole(tree, 0, 3660)


def _targets(at: _At, tree: Tree) -> frozenset[str]:
    found: set[str] = set()
    for index, item in enumerate(at.items(tree)):
        if item not in WHOLE_PROVINCES:
            at.item(index).refuse(
                "may not be filed for as a whole", f"one of: {', '.join(WHOLE_PROVINCES)}, quoted"
            )
        if item in found:
            at.item(index).refuse("stands here twice", "keep one")
        found.add(str(item))
    return frozenset(found)


def _channels(at: _At, tree: Tree) -> frozenset[Channel]:
    return frozenset(
        at.item(index).word(item, Channel) for index, item in enumerate(at.items(tree))
    )


def _approval(at: _At, tree: Tree) -> Approval:
    channels = at.keys(tree, frozenset(channel.value.lower() for channel in Channel))
    result: Approval = {}
    for channel in Channel:
        name = channel.value.lower()
        here, value = at.child(name), channels[name]
        if isinstance(value, str):
            ways = dict.fromkeys(Evidence, here.word(value, ApprovalWay))
        else:
            given = here.keys(value, frozenset(evidence.value.lower() for evidence in Evidence))
            ways = {
                evidence: here.child(word).word(given[word], ApprovalWay)
                for evidence in Evidence
                for word in (evidence.value.lower(),)
            }
        result |= {(channel, evidence): way for evidence, way in ways.items()}
    return result


_READERS: Final[Mapping[str, Callable[[_At, Tree], Value]]] = {
    "change_lock_months": lambda at, tree: at.whole(tree, 0, 6),
    "temporary_months": lambda at, tree: at.whole(tree, 6, 60),
    "retroactive_days_long_term": _retroactive,
    "retroactive_days_temporary": _retroactive,
    "commitment_bar_months": lambda at, tree: at.whole(tree, 0, 120),
    "province_level_targets": _targets,
    "documents_required": _channels,
    "approval": _approval,
}

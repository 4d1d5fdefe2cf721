"""Reads YAML of which every text has one meaning; anything else is refused with its line.

PyYAML by default lets a duplicate key win silently, reads 010 as 8, an unquoted date as a date and
0.85 as a binary float. None of that may happen to a parameter of the rules, so trees are built here
from the parser's events: only plain numbers, true, false and null are more than text, and duplicate
keys, anchors and tags are refused. The parser is libyaml's where PyYAML has it, which takes less
than a tenth of the time.
"""

from __future__ import annotations

import re
from decimal import Decimal
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final, NoReturn, Protocol

import yaml

if TYPE_CHECKING:
    from collections.abc import Callable

Tree = object
"""A document as plain Python: dict[str, Tree], list[Tree], str, int, Decimal, bool or None."""

_NUMBER: Final = re.compile(r"-?(?:0|[1-9][0-9]{0,17})(?P<decimals>\.[0-9]{1,17})?")
_WORDS: Final = {"": None, "null": None, "true": True, "false": False}
_DEPTH_MAX: Final = 20


class Parser(Protocol):
    """What gives the events of a document."""

    def get_event(self) -> Any:
        """Returns the next event."""


def _make_parser(text: str) -> Parser:
    if yaml.__with_libyaml__:
        return yaml.CSafeLoader(text)
    return yaml.SafeLoader(text)


class Unclear(ValueError):
    """A document is not read: what is wrong, on which line, and what would be right."""

    def __init__(self, problem: str, right: str, line: int) -> None:
        """Holds the texts and the line, from 1."""
        super().__init__(problem)
        self.problem = problem
        self.right = right
        self.line = line


def read_tree(text: str, make_parser: Callable[[str], Parser] = _make_parser) -> Tree:
    """Returns the tree of one document: str, int, Decimal, bool, None, dict and list only.

    Args:
        text: the document.
        make_parser: libyaml's parser, or PyYAML's own.

    Raises:
        Unclear: it is not YAML, or is written in a way that could be misread.
    """
    try:
        return _Reader(make_parser(text)).document()
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = mark.line + 1 if mark else 1
        raise Unclear(f"is not YAML: {error.problem}", "correct the YAML there", line) from error
    except yaml.reader.ReaderError as error:
        place = max(0, text.find(chr(max(0, error.character))))
        line = text.count("\n", 0, place) + 1
        raise Unclear("has a control character", "remove it", line) from error


class _Reader:
    """Builds a tree from events."""

    def __init__(self, parser: Parser) -> None:
        self._next = parser.get_event

    def document(self) -> Tree:
        self._next()
        event = self._next()
        if isinstance(event, yaml.StreamEndEvent):
            return None
        if event.version or event.tags:
            _fail("directives are not used here", "begin with the first key", event)
        tree = self._node(self._next(), 0)
        self._next()
        event = self._next()
        if not isinstance(event, yaml.StreamEndEvent):
            _fail("another document begins", "keep one document per file", event)
        return tree

    def _node(self, event: Any, depth: int) -> Tree:
        if type(event) is yaml.AliasEvent or event.anchor:
            _fail("anchors and aliases are not used here", "write the value out", event)
        if event.tag:
            _fail("tags are not used here", "write the plain value", event)
        if type(event) is yaml.ScalarEvent:
            return _plain(event.value) if event.implicit[0] else event.value
        if depth > _DEPTH_MAX:
            _fail("is nested too deep", "no policy needs that", event)
        if type(event) is yaml.MappingStartEvent:
            return self._mapping(depth + 1)
        items = []
        while type(item := self._next()) is not yaml.SequenceEndEvent:
            items.append(self._node(item, depth + 1))
        return items

    def _mapping(self, depth: int) -> dict[Tree, Tree]:
        mapping: dict[Tree, Tree] = {}
        while type(event := self._next()) is not yaml.MappingEndEvent:
            key = self._node(event, depth)
            if type(key) is list or type(key) is dict:
                _fail("a key is a list or mapping", "write a plain key", event)
            if key in mapping:
                _fail(f"duplicate key {key}", "keep one", event)
            mapping[key] = self._node(self._next(), depth)
        return mapping


@lru_cache(maxsize=8192)
def _plain(text: str) -> Tree:
    """Returns what unquoted text means.

    A leading zero is no number: 010 stays text, and is refused where a number is wanted.
    """
    if text in _WORDS:
        return _WORDS[text]
    number = _NUMBER.fullmatch(text)
    if number is None:
        return text
    return Decimal(text) if number["decimals"] else int(text)


def _fail(problem: str, right: str, event: Any) -> NoReturn:
    raise Unclear(problem, right, event.start_mark.line + 1)


def find_line(text: str, path: str) -> int:
    """Returns the line of a place in a document that `read_tree` reads, from 1.

    Args:
        text: the document.
        path: keys with points between, which keys may have too; `[n]` for the n-th of a list.
            What is not there is placed where the rest of its path ends.
    """
    node: Any = yaml.compose(
        text, Loader=yaml.CSafeLoader if yaml.__with_libyaml__ else yaml.SafeLoader
    )
    if node is None:
        return 1
    line: int = node.start_mark.line + 1
    rest = path
    while rest:
        entry = _entry(node, rest)
        if entry is None:
            break
        place, node, used = entry
        line = place.start_mark.line + 1
        rest = rest[used:].removeprefix(".")
    return line


def _entry(node: Any, path: str) -> tuple[Any, Any, int] | None:
    """Returns key, value and length of the longest key that a path begins with; None: no such."""
    if isinstance(node, yaml.SequenceNode):
        found = re.match(r"\[([0-9]+)\]", path)
        if found is None or int(found[1]) >= len(node.value):
            return None
        item = node.value[int(found[1])]
        return item, item, found.end()
    if not isinstance(node, yaml.MappingNode):
        return None
    fitting = [
        (key, value, len(key.value))
        for key, value in node.value
        if path.startswith(key.value)
        and path[len(key.value) : len(key.value) + 1] in ("", ".", "[")
    ]
    return max(fitting, key=lambda entry: entry[2], default=None)

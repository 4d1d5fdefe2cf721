"""Reads the YAML of a rule, key by key; whatever is not known is refused with file, line and field.

Hostile on purpose: no anchors, no tags, no duplicate keys, nothing nested deep (strict_yaml); every
key is taken once and what is left over is unknown; texts, lists and numbers are bounded; there are
no patterns from data, only beginnings of codes, so that no rule can take long; and no divisor may
be zero. Nothing is recoverable: half of the rules would look like clean bills.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import Enum
from fractions import Fraction
from typing import Final, NoReturn, TypeVar

from services.kit.errors import InvalidArgument
from services.kit.strict_yaml import Tree, Unclear, find_line, read_tree

MALFORMED: Final = "RULE_PACK_MALFORMED"
TOO_LARGE: Final = "RULE_PACK_TOO_LARGE"
FIELD_UNKNOWN: Final = "RULE_PACK_FIELD_UNKNOWN"
VALUE_INVALID: Final = "RULE_PACK_VALUE_INVALID"
PATTERN_FORBIDDEN: Final = "RULE_PACK_PATTERN_FORBIDDEN"
DIVIDES_BY_ZERO: Final = "RULE_PACK_DIVIDES_BY_ZERO"
REPEATED: Final = "RULE_PACK_REPEATED"
EXAMPLES_MISSING: Final = "RULE_PACK_EXAMPLES_MISSING"
EXAMPLE_FAILS: Final = "RULE_PACK_EXAMPLE_FAILS"
TABLE_MISMATCH: Final = "RULE_PACK_TABLE_MISMATCH"

FIRST_YEAR: Final = 1900
LAST_YEAR: Final = 2199

_DATE: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_TEXT_LENGTH_MAX: Final = 400
_ITEMS_MAX: Final = 5000
_NUMBER_MAX: Final = 1_000_000
_PATTERN_KEYS: Final = frozenset({"pattern", "patterns", "regex", "regexp", "matches", "like"})
_PATTERN_MARKS: Final = frozenset("*?[]{}()|^$\\")
_CODE_PREFIX: Final = re.compile(r"[0-9A-Z][0-9A-Zx.+*_-]{0,29}")

_E = TypeVar("_E", bound=Enum)


class RuleDataRefused(InvalidArgument):
    """The rule files are not what the loader knows; they must not come into force."""

    def __init__(
        self, *, file: str, line: int, problem: str, reason: str = VALUE_INVALID, field: str = ""
    ) -> None:
        """Says where, in words for whoever maintains the files."""
        super().__init__(
            reason,
            f"{file}:{line}: {problem}",
            metadata={"file": file, "line": str(line), "field": field},
        )
        self.file = file
        self.line = line
        self.problem = problem


@dataclass(frozen=True, slots=True)
class Source:
    """One document, kept for the lines of its refusals."""

    file: str
    text: str

    def refuse(self, path: str, problem: str, reason: str = VALUE_INVALID) -> NoReturn:
        """Refuses a place of the document."""
        line = find_line(self.text, path)
        raise RuleDataRefused(file=self.file, line=line, problem=problem, reason=reason, field=path)


def parse(file: str, content: bytes) -> Fields:
    """Parses one YAML document that holds keys and values.

    Raises:
        RuleDataRefused: it is not such a document.
    """
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError as error:
        raise RuleDataRefused(file=file, line=1, problem="not UTF-8", reason=MALFORMED) from error
    try:
        tree = read_tree(text)
    except Unclear as error:
        raise RuleDataRefused(
            file=file, line=error.line, problem=error.problem, reason=MALFORMED
        ) from error
    if tree is None:
        raise RuleDataRefused(file=file, line=1, problem="empty", reason=MALFORMED)
    return Fields(tree, Source(file, text), "")


class Fields:
    """The keys of one mapping, each taken once; what is left over is unknown and refused."""

    def __init__(self, tree: Tree, source: Source, path: str) -> None:
        """Opens a mapping."""
        if not isinstance(tree, dict):
            source.refuse(path, "expected keys and values", MALFORMED)
        if not all(isinstance(key, str) for key in tree):
            source.refuse(path, "a key is no text: put it in quotes", MALFORMED)
        self._left: dict[str, Tree] = dict(tree)
        self._source = source
        self._path = path

    @property
    def keys(self) -> tuple[str, ...]:
        """The keys that are left, as written."""
        return tuple(self._left)

    def has(self, key: str) -> bool:
        """Tells whether a key is there and not taken yet."""
        return key in self._left

    def at(self, key: str) -> str:
        """Returns the path of a key."""
        return f"{self._path}.{key}" if self._path else key

    def peek(self, key: str) -> Tree:
        """Returns a value and leaves it."""
        return self._left.get(key)

    def take(self, key: str) -> Tree:
        """Takes a value as it is."""
        if key not in self._left:
            self.refuse(f"{key} is missing")
        return self._left.pop(key)

    def text(self, key: str, default: str | None = None) -> str:
        """Takes a text."""
        if default is not None and key not in self._left:
            return default
        return self._text(self.take(key), key)

    def texts(self, key: str, *, optional: bool = False) -> tuple[str, ...]:
        """Takes a list of texts, each once."""
        if optional and key not in self._left:
            return ()
        found = tuple(
            self._text(one, f"{key}[{place}]") for place, one in enumerate(self._list(key))
        )
        if len(set(found)) != len(found):
            self.refuse(f"{key} gives one value twice", key=key, reason=REPEATED)
        return found

    def matching(self, key: str, shape: re.Pattern[str]) -> str:
        """Takes a text of a fixed shape."""
        found = self.text(key)
        if not shape.fullmatch(found):
            self.refuse(f"{key} does not match {shape.pattern}", key=key)
        return found

    def prefixes(self, key: str, *, optional: bool = False) -> tuple[str, ...]:
        """Takes beginnings of codes: capitals, digits and the marks that codes have, no pattern."""
        found = self.texts(key, optional=optional)
        for place, one in enumerate(found):
            self._prefix(one, f"{key}[{place}]")
        return found

    def digits(self, key: str, *, length: int, optional: bool = False) -> tuple[str, ...]:
        """Takes codes of so many digits: a mistyped one would let no bill through, silently."""
        found = self.texts(key, optional=optional)
        for place, one in enumerate(found):
            if not (len(one) == length and one.isascii() and one.isdecimal()):
                self.refuse(f"is no code of {length} digits", key=f"{key}[{place}]")
        return found

    def prefix(self, key: str) -> str:
        """Takes one beginning of codes."""
        found = self.text(key)
        self._prefix(found, key)
        return found

    def _prefix(self, text: str, key: str) -> None:
        if _CODE_PREFIX.fullmatch(text) and not text.endswith(".*"):
            return
        if _PATTERN_MARKS & set(text):
            problem = "patterns are not used in rules: write the beginning of the code"
            self.refuse(problem, key=key, reason=PATTERN_FORBIDDEN)
        self.refuse("is no beginning of a code", key=key)

    def number(
        self, key: str, *, low: int = 0, high: int = _NUMBER_MAX, default: int | None = None
    ) -> int:
        """Takes a whole number; in quotes or not."""
        if default is not None and key not in self._left:
            return default
        value = self.take(key)
        if isinstance(value, str) and re.fullmatch(r"0|[1-9][0-9]{0,6}", value):
            value = int(value)
        if not isinstance(value, int) or isinstance(value, bool):
            self.refuse(f"{key} is not a whole number", key=key)
        if not low <= value <= high:
            reason = DIVIDES_BY_ZERO if value == 0 and key in _DIVISORS else VALUE_INVALID
            self.refuse(f"{key} is not from {low} to {high}", key=key, reason=reason)
        return value

    def optional_number(self, key: str, *, low: int = 0, high: int = _NUMBER_MAX) -> int | None:
        """Takes a whole number that may be absent."""
        return self.number(key, low=low, high=high) if key in self._left else None

    def decimal(self, key: str) -> Decimal:
        """Takes a number above zero, with at most four decimals."""
        value = self.take(key)
        if isinstance(value, str) and re.fullmatch(r"[0-9]{1,9}(\.[0-9]{1,4})?", value):
            value = Decimal(value)
        if isinstance(value, bool) or not isinstance(value, int | Decimal):
            self.refuse(f"{key} is not a number", key=key)
        if not 0 < value <= _NUMBER_MAX:
            self.refuse(f"{key} is not above zero and up to {_NUMBER_MAX}", key=key)
        return Decimal(value)

    def share(self, key: str) -> Fraction:
        """Takes a share above 0 and up to 1: 0.8 or "4/5"."""
        value = self.take(key)
        if isinstance(value, str):
            found = re.fullmatch(r"([0-9]{1,6})/([0-9]{1,6})", value)
            if found is None:
                self.refuse(f"{key} is not a share", key=key)
            if int(found[2]) == 0:
                self.refuse(f"{key} divides by zero", key=key, reason=DIVIDES_BY_ZERO)
            value = Fraction(int(found[1]), int(found[2]))
        if isinstance(value, bool) or not isinstance(value, int | Decimal | Fraction):
            self.refuse(f"{key} is not a share", key=key)
        if not 0 < value <= 1:
            self.refuse(f"{key} is not above 0 and up to 1", key=key)
        return Fraction(value)

    def flag(self, key: str, *, default: bool) -> bool:
        """Takes true or false."""
        if key not in self._left:
            return default
        value = self.take(key)
        if not isinstance(value, bool):
            self.refuse(f"{key} is true or false", key=key)
        return value

    def day(self, key: str) -> date:
        """Takes a date, YYYY-MM-DD."""
        found = _date(self.text(key))
        if found is None:
            self.refuse(f"{key} is no date written YYYY-MM-DD", key=key)
        return found

    def optional_day(self, key: str) -> date | None:
        """Takes a date that may be absent."""
        return self.day(key) if key in self._left else None

    def member(self, key: str, kind: type[_E], default: _E | None = None) -> _E:
        """Takes the name of a member of an enum."""
        if default is not None and key not in self._left:
            return default
        return self._member(self.text(key), kind, key)

    def members(self, key: str, kind: type[_E], *, optional: bool = False) -> frozenset[_E]:
        """Takes a list of names of members of an enum."""
        return frozenset(self._member(one, kind, key) for one in self.texts(key, optional=optional))

    def _member(self, text: str, kind: type[_E], key: str) -> _E:
        try:
            return kind(text)
        except ValueError:
            known = ", ".join(str(one.value) for one in kind)
            self.refuse(f"{text} is not one of {known}", key=key)

    def mapping(self, key: str) -> Fields:
        """Takes a mapping."""
        return Fields(self.take(key), self._source, self.at(key))

    def optional_mapping(self, key: str) -> Fields | None:
        """Takes a mapping that may be absent."""
        return self.mapping(key) if key in self._left else None

    def mappings(self, key: str, *, optional: bool = False) -> list[Fields]:
        """Takes a list of mappings."""
        if optional and key not in self._left:
            return []
        return [
            Fields(one, self._source, f"{self.at(key)}[{place}]")
            for place, one in enumerate(self._list(key))
        ]

    def shown(self, key: str) -> dict[str, str]:
        """Returns a mapping as texts, for display; nothing is taken."""
        value = self._left.get(key)
        if not isinstance(value, Mapping):
            return {}
        return {str(name): _shown(one) for name, one in value.items()}

    def finish(self) -> None:
        """Refuses what was not taken."""
        for key in self._left:
            if key in _PATTERN_KEYS:
                problem = f"{key}: patterns are not used in rules: write beginnings of codes"
                self.refuse(problem, key=key, reason=PATTERN_FORBIDDEN)
            self.refuse(f"unknown key {key}", key=key, reason=FIELD_UNKNOWN)

    def refuse(self, problem: str, *, key: str = "", reason: str = VALUE_INVALID) -> NoReturn:
        """Refuses this mapping, or one of its keys."""
        self._source.refuse(self.at(key) if key else self._path, problem, reason)

    def _list(self, key: str) -> list[Tree]:
        value = self.take(key)
        if not isinstance(value, list):
            self.refuse(f"{key}: expected a list", key=key, reason=MALFORMED)
        if len(value) > _ITEMS_MAX:
            self.refuse(f"{key} has more than {_ITEMS_MAX} entries", key=key, reason=TOO_LARGE)
        return value

    def _text(self, value: Tree, key: str) -> str:
        if not isinstance(value, str) or not value.strip():
            self.refuse(f"{key}: expected a text", key=key)
        if len(value) > _TEXT_LENGTH_MAX:
            problem = f"a text has at most {_TEXT_LENGTH_MAX} characters"
            self.refuse(problem, key=key, reason=TOO_LARGE)
        if not value.isprintable():
            self.refuse(f"{key} has control characters", key=key, reason=MALFORMED)
        return value


def _date(text: str) -> date | None:
    try:
        found = date.fromisoformat(text) if _DATE.fullmatch(text) else None
    except ValueError:
        return None
    # Beyond these, days that are added would leave the calendar.
    return found if found and FIRST_YEAR <= found.year <= LAST_YEAR else None


_DIVISORS: Final = frozenset({"days_each"})


def _shown(value: Tree) -> str:
    if isinstance(value, list):
        return "；".join(_shown(one) for one in value)
    if isinstance(value, Mapping):
        return "，".join(f"{key}={_shown(one)}" for key, one in value.items())
    return "" if value is None else str(value)

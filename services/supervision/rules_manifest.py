"""Reads rules.yaml: which published files are screened, by which step, and how words are read.

Hostile on purpose: every scalar is text (so `010` stays `010`); a key given twice, an unknown key,
an unknown step or a word without a reading is refused with file and line. Nothing is recoverable: a
service with half its rules must not start.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Final, NoReturn, TypeVar

import yaml

from services.supervision.domain.limits import (
    AgeLimit,
    Inclusion,
    LevelLimit,
    Limit,
    Rule,
    SchemeLimit,
    SettingLimit,
    SexLimit,
    Step,
    Window,
)
from services.supervision.domain.model import ResultClass, Setting, Sex

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

MANIFEST: Final = "rules.yaml"

_CODE: Final = re.compile(r"[A-Z][A-Z_]{2,39}")
_KEY: Final = re.compile(r"[a-z][a-z0-9_]{1,39}")
_FILE: Final = re.compile(r"[a-z][a-z_]{1,39}\.csv")
_NUMBER: Final = re.compile(r"[0-9]{1,3}")
_TEXT_LENGTH_MAX: Final = 200
_YEARS_MAX: Final = 150

_E = TypeVar("_E", bound=Enum)


class RuleDataRefused(Exception):
    """The rule files are not what the loader knows; the service must not start with them."""

    def __init__(self, *, file: str, line: int, problem: str) -> None:
        """Says where, in words for whoever maintains the files."""
        super().__init__(f"{file}:{line}: {problem}")
        self.file = file
        self.line = line
        self.problem = problem


class Layout(Enum):
    """The shapes of the published tables."""

    DRUG = "drug"
    ITEM = "item"
    DUPLICATE = "duplicate"


@dataclass(frozen=True, slots=True, kw_only=True)
class NoteReading:
    """A reading for the rows whose note says more than their word."""

    word: str
    contains: str
    reading: str
    line: int


@dataclass(frozen=True, slots=True, kw_only=True)
class StepReadings:
    """How one step reads published words; shared by the rules of that step."""

    limits: Mapping[str, Callable[[Rule], Limit]]
    """Reading → what makes the limit for a rule. Empty for the duplicate-charge step."""
    inclusions: Mapping[str, Callable[[Rule], Inclusion]]
    """Reading → what makes the inclusion. Only for the duplicate-charge step."""
    words: Mapping[str, str]
    """Published word → reading."""
    word_lines: Mapping[str, int]
    """Published word → line in the manifest."""
    notes: tuple[NoteReading, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleSource:
    """One rule and the file that its rows are in."""

    rule: Rule
    file: str
    layout: Layout
    limit_word: str
    """What the `limit` column of a drug table must say."""
    line: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """The parsed rules.yaml."""

    sources: tuple[RuleSource, ...]
    steps: Mapping[Step, StepReadings]


def parse_manifest(content: bytes) -> Manifest:
    """Parses the bytes of rules.yaml.

    Raises:
        RuleDataRefused: at the first thing that is not as documented there.
    """
    try:
        root = yaml.compose(content.decode("utf-8"), Loader=yaml.BaseLoader)
    except UnicodeDecodeError as error:
        raise RuleDataRefused(file=MANIFEST, line=1, problem="not UTF-8") from error
    except yaml.MarkedYAMLError as error:
        line = 1 if error.problem_mark is None else error.problem_mark.line + 1
        raise RuleDataRefused(file=MANIFEST, line=line, problem="not YAML") from error
    if root is None:
        raise RuleDataRefused(file=MANIFEST, line=1, problem="empty")
    top = _Fields(root)
    steps = {
        step: _parse_step(step, fields) for step, fields in _by_step(top.take("steps")).items()
    }
    sources = tuple(_parse_source(node, steps) for node in _items(top.take("rules")))
    top.finish()
    _refuse_repeated(sources, steps)
    return Manifest(sources=sources, steps=steps)


def _refuse_repeated(sources: tuple[RuleSource, ...], steps: Mapping[Step, StepReadings]) -> None:
    seen: set[str] = set()
    for source in sources:
        for name in (source.rule.code, source.file):
            if name in seen:
                problem = f"{name} is given twice"
                raise RuleDataRefused(file=MANIFEST, line=source.line, problem=problem)
            seen.add(name)
    unused = set(steps) - {source.rule.step for source in sources}
    if unused:
        problem = f"step {min(step.value for step in unused)} is used by no rule"
        raise RuleDataRefused(file=MANIFEST, line=1, problem=problem)


def _by_step(node: yaml.Node) -> dict[Step, _Fields]:
    return {_member(Step, key, node): _Fields(value) for key, value in _mapping(node).items()}


def _parse_source(node: yaml.Node, steps: Mapping[Step, StepReadings]) -> RuleSource:
    fields = _Fields(node)
    step = fields.member("step", Step)
    if step not in steps:
        _refuse(node, f"step {step.value} has no readings")
    rule = Rule(
        code=fields.matching("code", _CODE),
        name_zh=fields.text("name_zh"),
        name_en=fields.text("name_en"),
        step=step,
        source_batches=fields.texts("source_batches"),
        when_unknown=fields.member("when_unknown", ResultClass),
    )
    layout = fields.member("layout", Layout)
    if (layout is Layout.DUPLICATE) is not (step is Step.DUPLICATE_CHARGE):
        _refuse(node, f"step {step.value} does not read the layout {layout.value}")
    source = RuleSource(
        rule=rule,
        file=fields.matching("file", _FILE),
        layout=layout,
        limit_word=fields.text("limit_word") if layout is Layout.DRUG else "",
        line=node.start_mark.line + 1,
    )
    fields.finish()
    return source


def _parse_step(step: Step, fields: _Fields) -> StepReadings:
    limits: dict[str, Callable[[Rule], Limit]] = {}
    inclusions: dict[str, Callable[[Rule], Inclusion]] = {}
    readings_node = fields.take("readings")
    for key, node in _mapping(readings_node).items():
        if not _KEY.fullmatch(key):
            _refuse(node, "a reading is named in lower case with underscores")
        reading = _Fields(node)
        reading.check_status()
        if step is Step.DUPLICATE_CHARGE:
            inclusions[key] = _inclusion(reading)
        else:
            limits[key] = _LIMITS[step](reading)
        reading.finish()
    known = {*limits, *inclusions}
    words_node = fields.take("words")
    words = {word: _scalar(node) for word, node in _mapping(words_node).items()}
    word_lines = {word: n.start_mark.line + 1 for word, n in _mapping(words_node).items()}
    notes_node = fields.take_optional("notes")
    notes = tuple(_parse_note(n, words) for n in _items(notes_node)) if notes_node else ()
    fields.finish()
    used = {*words.values(), *(note.reading for note in notes)}
    for name, problem in (
        (min(used - known, default=""), "is named but not given"),
        (min(known - used, default=""), "is given but no word or note has it"),
    ):
        if name:
            _refuse(readings_node, f"reading {name} {problem}")
    return StepReadings(
        limits=limits, inclusions=inclusions, words=words, word_lines=word_lines, notes=notes
    )


def _parse_note(node: yaml.Node, words: Mapping[str, str]) -> NoteReading:
    fields = _Fields(node)
    note = NoteReading(
        word=fields.text("word"),
        contains=fields.text("contains"),
        reading=fields.text("reading"),
        line=node.start_mark.line + 1,
    )
    fields.finish()
    if note.word not in words:
        _refuse(node, f"the word {note.word} has no reading of its own")
    return note


# --- readings, one function per step ------------------------------------------------------------


def _sex_limit(f: _Fields) -> Callable[[Rule], Limit]:
    result, zh, en = f.head()
    sex = f.member("sex", Sex)
    if sex is Sex.UNKNOWN:
        f.refuse("a limit needs a known sex")
    return lambda rule: SexLimit(rule=rule, result_class=result, text_zh=zh, text_en=en, sex=sex)


def _age_limit(f: _Fields) -> Callable[[Rule], Limit]:
    result, zh, en = f.head()
    years_min = f.number("years_min")
    years_max = f.number("years_max")
    days_max = f.number("days_max")
    verify = f.number("verify_years_max")
    if days_max is not None and (years_min, years_max) != (None, None):
        f.refuse("an age is limited in days or in years, not in both")
    if days_max is None and years_min is None and years_max is None:
        f.refuse("an age limit needs a bound")
    low, high = years_min or 0, _YEARS_MAX if years_max is None else years_max
    if low > high:
        f.refuse("years_min is above years_max")
    return lambda rule: AgeLimit(
        rule=rule,
        result_class=result,
        text_zh=zh,
        text_en=en,
        years_min=low,
        years_max=high,
        days_max=days_max,
        verify_years_max=verify,
    )


def _setting_limit(f: _Fields) -> Callable[[Rule], Limit]:
    result, zh, en = f.head()
    node = f.take("settings")
    settings = frozenset(_member(Setting, _scalar(n), n) for n in _items(node))
    if not settings or Setting.UNKNOWN in settings:
        _refuse(node, "a limit needs known settings")
    return lambda rule: SettingLimit(
        rule=rule, result_class=result, text_zh=zh, text_en=en, settings=settings
    )


def _level_limit(f: _Fields) -> Callable[[Rule], Limit]:
    result, zh, en = f.head()
    rank_min = f.number("rank_min")
    verify = f.number("verify_rank_min")
    if rank_min not in {1, 2, 3}:
        f.refuse("rank_min is 1, 2 or 3")
    rank = rank_min or 0
    return lambda rule: LevelLimit(
        rule=rule,
        result_class=result,
        text_zh=zh,
        text_en=en,
        rank_min=rank,
        verify_rank_min=rank if verify is None else verify,
    )


def _scheme_limit(f: _Fields) -> Callable[[Rule], Limit]:
    result, zh, en = f.head()
    schemes = frozenset(f.texts("scheme_codes"))
    medical_types = frozenset(f.texts("medical_types"))
    return lambda rule: SchemeLimit(
        rule=rule,
        result_class=result,
        text_zh=zh,
        text_en=en,
        scheme_codes=schemes,
        medical_types=medical_types,
    )


def _inclusion(f: _Fields) -> Callable[[Rule], Inclusion]:
    result, zh, en = f.head()
    window = f.member("window", Window)
    return lambda rule: Inclusion(
        rule=rule, result_class=result, window=window, text_zh=zh, text_en=en
    )


_LIMITS: Final[Mapping[Step, Callable[[_Fields], Callable[[Rule], Limit]]]] = {
    Step.SEX_LIMIT: _sex_limit,
    Step.AGE_LIMIT: _age_limit,
    Step.SETTING_LIMIT: _setting_limit,
    Step.LEVEL_LIMIT: _level_limit,
    Step.SCHEME_LIMIT: _scheme_limit,
}


# --- the YAML nodes, read with their lines ------------------------------------------------------


class _Fields:
    """The keys of one mapping, each taken once; what is left over is unknown and refused."""

    def __init__(self, node: yaml.Node) -> None:
        self._node = node
        self._left = _mapping(node)

    def take(self, key: str) -> yaml.Node:
        node = self._left.pop(key, None)
        if node is None:
            self.refuse(f"{key} is missing")
        return node

    def take_optional(self, key: str) -> yaml.Node | None:
        return self._left.pop(key, None)

    def text(self, key: str) -> str:
        return _scalar(self.take(key))

    def texts(self, key: str) -> tuple[str, ...]:
        return tuple(_scalar(node) for node in _items(self.take(key)))

    def matching(self, key: str, shape: re.Pattern[str]) -> str:
        node = self.take(key)
        text = _scalar(node)
        if not shape.fullmatch(text):
            _refuse(node, f"{key} does not match {shape.pattern}")
        return text

    def number(self, key: str) -> int | None:
        node = self._left.pop(key, None)
        if node is None:
            return None
        text = _scalar(node)
        if not _NUMBER.fullmatch(text):
            _refuse(node, f"{key} is not a number of at most three digits")
        return int(text)

    def member(self, key: str, kind: type[_E]) -> _E:
        node = self.take(key)
        return _member(kind, _scalar(node), node)

    def head(self) -> tuple[ResultClass, str, str]:
        """Takes what every reading has: class and both texts."""
        return self.member("result_class", ResultClass), self.text("zh"), self.text("en")

    def check_status(self) -> None:
        """Holds an interpretation to a reason; a published reading has none to give."""
        status = self.text("status")
        reason = self.take_optional("reason")
        if status not in {"published", "interpretation"}:
            self.refuse("status is published or interpretation")
        if (status == "interpretation") is not (reason is not None):
            self.refuse("an interpretation gives its reason, a published reading none")

    def finish(self) -> None:
        for key, node in self._left.items():
            _refuse(node, f"unknown key {key}")

    def refuse(self, problem: str) -> NoReturn:
        _refuse(self._node, problem)


def _refuse(node: yaml.Node, problem: str) -> NoReturn:
    raise RuleDataRefused(file=MANIFEST, line=node.start_mark.line + 1, problem=problem)


def _mapping(node: yaml.Node) -> dict[str, yaml.Node]:
    if not isinstance(node, yaml.MappingNode):
        _refuse(node, "expected keys and values")
    found: dict[str, yaml.Node] = {}
    for key_node, value in node.value:
        key = _scalar(key_node)
        if key in found:
            _refuse(key_node, f"{key} is given twice")
        found[key] = value
    return found


def _items(node: yaml.Node) -> list[yaml.Node]:
    if not isinstance(node, yaml.SequenceNode):
        _refuse(node, "expected a list")
    return list(node.value)


def _scalar(node: yaml.Node) -> str:
    if not isinstance(node, yaml.ScalarNode) or not node.value.strip():
        _refuse(node, "expected a text")
    if len(node.value) > _TEXT_LENGTH_MAX:
        _refuse(node, f"a text has at most {_TEXT_LENGTH_MAX} characters")
    return str(node.value)


def _member(kind: type[_E], text: str, node: yaml.Node) -> _E:
    try:
        return kind(text)
    except ValueError:
        _refuse(node, f"{text} is not one of {', '.join(str(one.value) for one in kind)}")

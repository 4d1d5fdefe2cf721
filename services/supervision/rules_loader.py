"""Loads the published rule tables into a RuleSet, or refuses with file and line.

A row that cannot be read is never skipped: a rule that is silently absent looks like a clean bill.
"""

from __future__ import annotations

import csv
import hashlib
import io
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Final, NoReturn

from services.kit import codes
from services.supervision.domain.screen import RuleSet
from services.supervision.rules_manifest import (
    MANIFEST,
    Layout,
    RuleDataRefused,
    RuleSource,
    StepReadings,
    parse_manifest,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from services.supervision.domain.limits import Inclusion, Limit

RULES_DIR: Final = Path(__file__).with_name("rules")
"""The rules that are shipped."""

_COLUMNS: Final[Mapping[Layout, tuple[str, ...]]] = {
    Layout.DRUG: ("batch", "limit", "drug_code", "generic_name", "value", "note"),
    Layout.ITEM: ("batch", "item_code", "item_name", "value", "note"),
    Layout.DUPLICATE: (
        "batch",
        "window",
        "main_code",
        "main_name",
        "included_code",
        "included_name",
        "note",
    ),
}
_CELL_LENGTH_MAX: Final = 1000
_ROW_COUNT_MAX: Final = 200_000
_SERVICE_CODE_LENGTH: Final = 15
_VERSION_LENGTH: Final = 16


def load_rules(directory: Path = RULES_DIR) -> RuleSet:
    """Reads every rule file of a directory once and returns the immutable rule set.

    Raises:
        RuleDataRefused: at the first file, row or word that is not as documented in rules.yaml.
    """
    contents = {
        path.name: path.read_bytes()
        for path in sorted(directory.iterdir())
        if path.suffix in {".csv", ".yaml"}
    }
    if MANIFEST not in contents:
        raise RuleDataRefused(file=MANIFEST, line=1, problem="missing")
    manifest = parse_manifest(contents[MANIFEST])
    _match_files(manifest.sources, contents)
    draft = _Draft()
    words_seen: dict[str, set[str]] = {}
    notes_seen: set[int] = set()
    for source in manifest.sources:
        table = _Table(source, manifest.steps[source.rule.step], contents[source.file])
        table.fill(draft)
        words_seen.setdefault(source.rule.step.value, set()).update(table.words_seen)
        notes_seen |= table.notes_seen
    for step, readings in manifest.steps.items():
        _refuse_unused(readings, words_seen[step.value], notes_seen)
    return RuleSet(
        version=_version(contents),
        limits=MappingProxyType({code: tuple(limits) for code, limits in draft.limits.items()}),
        inclusions=MappingProxyType(
            {main: MappingProxyType(included) for main, included in draft.inclusions.items()}
        ),
        names=MappingProxyType(draft.names),
    )


def _version(contents: Mapping[str, bytes]) -> str:
    # Length before content, so that moving bytes from one file to the next changes the hash.
    digest = hashlib.sha256()
    for name, content in sorted(contents.items()):
        digest.update(f"{name}\n{len(content)}\n".encode())
        digest.update(content)
    return digest.hexdigest()[:_VERSION_LENGTH]


def _match_files(sources: tuple[RuleSource, ...], contents: Mapping[str, bytes]) -> None:
    named = {source.file for source in sources} | {MANIFEST}
    for source in sources:
        if source.file not in contents:
            problem = f"{source.file} is missing"
            raise RuleDataRefused(file=MANIFEST, line=source.line, problem=problem)
    for file in sorted(set(contents) - named):
        raise RuleDataRefused(file=file, line=1, problem=f"no rule of {MANIFEST} reads this file")


def _refuse_unused(readings: StepReadings, words_seen: set[str], notes_seen: set[int]) -> None:
    # Dead words and notes are typing errors: the row that they were meant for is read otherwise.
    for word, line in readings.word_lines.items():
        if word not in words_seen:
            raise RuleDataRefused(file=MANIFEST, line=line, problem=f"no row says {word}")
    for note in readings.notes:
        if note.line not in notes_seen:
            problem = f"no row with {note.word} has a note containing {note.contains}"
            raise RuleDataRefused(file=MANIFEST, line=note.line, problem=problem)


class _Draft:
    """The rule set while it is being filled."""

    def __init__(self) -> None:
        self.limits: dict[str, list[Limit]] = {}
        self.inclusions: dict[str, dict[str, Inclusion]] = {}
        self.names: dict[str, str] = {}


class _Table:
    """One published table; the line of the row being read is kept for the refusal."""

    def __init__(self, source: RuleSource, readings: StepReadings, content: bytes) -> None:
        self._source = source
        self._readings = readings
        self._content = content
        self._line = 1
        # One limit per rule and reading, shared by its thousands of items.
        self._limits = {key: make(source.rule) for key, make in readings.limits.items()}
        self._inclusions = {key: make(source.rule) for key, make in readings.inclusions.items()}
        self.words_seen: set[str] = set()
        self.notes_seen: set[int] = set()

    def fill(self, draft: _Draft) -> None:
        """Adds every row to the draft."""
        add = {
            Layout.DRUG: self._add_drug,
            Layout.ITEM: self._add_item,
            Layout.DUPLICATE: self._add_duplicate,
        }[self._source.layout]
        empty = True
        for row in self._rows():
            if row["batch"] not in self._source.rule.source_batches:
                self._refuse("batch is not one of the rule's source_batches")
            add(row, draft)
            empty = False
        if empty:
            self._refuse("no rows")

    def _rows(self) -> Iterator[dict[str, str]]:
        columns = _COLUMNS[self._source.layout]
        try:
            text = self._content.decode("utf-8")
        except UnicodeDecodeError:
            self._refuse("not UTF-8")
        reader = csv.reader(io.StringIO(text, newline=""), strict=True)
        try:
            for row in reader:
                self._line = reader.line_num
                if reader.line_num == 1:
                    if tuple(row) != columns:
                        self._refuse(f"the columns are not {','.join(columns)}")
                    continue
                if len(row) != len(columns):
                    self._refuse(f"{len(row)} cells instead of {len(columns)}")
                if reader.line_num > _ROW_COUNT_MAX:
                    self._refuse(f"more than {_ROW_COUNT_MAX} rows")
                if not all(len(cell) <= _CELL_LENGTH_MAX and cell.isprintable() for cell in row):
                    self._refuse("a cell is too long or has control characters")
                yield dict(zip(columns, row, strict=True))
        except csv.Error:
            self._line = reader.line_num
            self._refuse("not CSV")

    def _add_drug(self, row: Mapping[str, str], draft: _Draft) -> None:
        if row["limit"] != self._source.limit_word:
            self._refuse(f"the limit column does not say {self._source.limit_word}")
        code = row["drug_code"]
        if not codes.is_drug_code(code):
            self._refuse("malformed drug code")
        self._add_limit(code, row["generic_name"], self._reading(row["value"], row["note"]), draft)

    def _add_item(self, row: Mapping[str, str], draft: _Draft) -> None:
        code = self._item_code(row["item_code"])
        self._add_limit(code, row["item_name"], self._reading(row["value"], row["note"]), draft)

    def _add_duplicate(self, row: Mapping[str, str], draft: _Draft) -> None:
        main = self._item_code(row["main_code"])
        included = self._item_code(row["included_code"])
        if main == included:
            self._refuse("an item cannot include itself")
        reading = self._reading(row["window"], row["note"])
        of_main = draft.inclusions.setdefault(main, {})
        if included in of_main:
            self._refuse("the pair is given twice")
        of_main[included] = self._inclusions[reading]
        self._name(main, row["main_name"], draft)
        self._name(included, row["included_name"], draft)

    def _add_limit(self, code: str, name: str, reading: str, draft: _Draft) -> None:
        limits = draft.limits.setdefault(code, [])
        if any(limit.rule is self._source.rule for limit in limits):
            self._refuse("the item is given twice")
        limits.append(self._limits[reading])
        self._name(code, name, draft)

    def _item_code(self, code: str) -> str:
        if len(code) != _SERVICE_CODE_LENGTH or not codes.is_service_code(code):
            self._refuse("malformed service item code")
        return code

    def _name(self, code: str, name: str, draft: _Draft) -> None:
        if not name.strip():
            self._refuse("an item without a name")
        # The first published name stays; batches differ in brackets and spaces only.
        draft.names.setdefault(code, name)

    def _reading(self, word: str, note: str) -> str:
        if word not in self._readings.words:
            self._refuse(f"the word {word!r} has no reading in {MANIFEST}")
        self.words_seen.add(word)
        found = [n for n in self._readings.notes if n.word == word and n.contains in note]
        if len(found) > 1:
            self._refuse("two notes of the manifest give this row different readings")
        for one in found:
            self.notes_seen.add(one.line)
            return one.reading
        return self._readings.words[word]

    def _refuse(self, problem: str) -> NoReturn:
        raise RuleDataRefused(file=self._source.file, line=self._line, problem=problem)

"""From plain trees (mappings, lists, scalars) to a checked Pack. Whatever is unclear is refused.

The trees come from services.benefits.policies, which reads YAML so that codes and dates arrive as
strings and numbers with a point as Decimal. Here every key, unit, bound, date and reference is
checked, and every refusal names the file, the path and what would be right.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from itertools import pairwise
from typing import TYPE_CHECKING, Final, NoReturn, TypeVar

from services.benefits.domain.errors import PolicyRefused
from services.benefits.domain.model import POOLED_FUND_TYPES, Person, Setting, Status
from services.benefits.domain.parameter import Entry, History, Pack, Part, Reference
from services.benefits.domain.schema import (
    PRECEDED_BY,
    SPEC_BY_PATH,
    SPECS,
    AnySpec,
    DeductibleMode,
    Dimension,
    PolicyStep,
    Unit,
)
from services.benefits.domain.values import read_table
from services.kit.codes import SCHEME_EMPLOYEE, SCHEME_RESIDENT, is_area_code

if TYPE_CHECKING:
    from enum import Enum

    EnumT = TypeVar("EnumT", bound=Enum)

Tree = object
"""A YAML document as plain Python: dict[str, Tree], list[Tree], str, int, Decimal, bool or None."""

_ISO_DATE: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_LABEL: Final = re.compile(r"[0-9]{4}\.[0-9]{2}(\.[0-9]+)?")

_INDEX_KEYS: Final = frozenset({"area", "name", "name_en", "version", "benefit_year", "references"})
_PART_KEYS: Final = frozenset(
    {"scheme", "setting", "supported", "persons", "steps", "not_modelled", "parameters"}
)
_PARAMETER_KEYS: Final = frozenset({"unit", "by", "history"})
_ENTRY_KEYS: Final = frozenset(
    {"value", "status", "reference", "verified_on", "note", "until", "not_modelled"}
)
_REFERENCE_KEYS: Final = frozenset({"title", "number", "issued_by", "published", "href"})


class _At:
    """A place in a file: it reads children and refuses what is wrong there."""

    def __init__(self, file: str, path: str) -> None:
        self.file = file
        self.path = path

    def child(self, key: str) -> _At:
        return _At(self.file, f"{self.path}.{key}" if self.path else key)

    def refuse(self, problem: str, right: str) -> NoReturn:
        raise PolicyRefused(file=self.file, path=self.path or "(top)", problem=problem, right=right)

    def mapping(self, tree: Tree) -> Mapping[str, Tree]:
        if not isinstance(tree, Mapping):
            self.refuse("is not a mapping", "write `key: value` lines")
        for key in tree:
            if not isinstance(key, str):
                self.refuse(f"key {key!r} is not text", f'quote it: "{key}"')
        return tree

    def keys(self, tree: Tree, *, known: frozenset[str], needed: frozenset[str]) -> dict[str, Tree]:
        mapping = self.mapping(tree)
        for key in mapping:
            if key not in known:
                self.child(key).refuse("unknown key", f"known here: {', '.join(sorted(known))}")
        for key in sorted(needed):
            if key not in mapping:
                self.refuse(f"has no `{key}`", f"add `{key}:`")
        return dict(mapping)

    def items(self, tree: Tree) -> Sequence[Tree]:
        if not isinstance(tree, list):
            self.refuse("is not a list", "write `[a, b]`")
        return tree

    def text(self, tree: Tree) -> str:
        if not isinstance(tree, str) or not tree.strip():
            self.refuse("is not text", "write a non-empty text, quoted if it looks like a number")
        return tree

    def code(self, tree: Tree, what: str) -> str:
        if not isinstance(tree, str):
            self.refuse(f"{what} {tree} is read as a number", f'quote it: "{tree}"')
        return tree

    def date(self, tree: Tree) -> date:
        if not isinstance(tree, str) or not _ISO_DATE.fullmatch(tree):
            self.refuse("is not a date", "write it as 2026-11-01")
        try:
            return date.fromisoformat(tree)
        except ValueError:
            self.refuse(f"{tree} is not in the calendar", "write a day that exists")

    def word(self, tree: Tree, enum: type[EnumT]) -> EnumT:
        words = [item.value for item in enum]
        if tree not in words:
            self.refuse(f"{tree!r} is not known here", f"one of: {', '.join(words)}")
        return enum(tree)


def parse_pack(*, code: str, index: Tree, parts: Mapping[str, Tree], content_hash: str) -> Pack:
    """Returns the checked pack of one region.

    Args:
        code: name of the pack's folder.
        index: tree of its index.yaml.
        parts: tree per further file, by name inside the pack folder.
        content_hash: 12 hex digits over all files of the pack.

    Raises:
        PolicyRefused: naming the first thing that is wrong.
    """
    at = _At(f"{code}/index.yaml", "")
    fields = at.keys(index, known=_INDEX_KEYS, needed=_INDEX_KEYS)
    area = at.child("area").code(fields["area"], "area code")
    if area != code or not is_area_code(area):
        at.child("area").refuse(f"{area} is not the area of this folder", f'write "{code}"')
    label = at.child("version").code(fields["version"], "version")
    if not _LABEL.fullmatch(label):
        at.child("version").refuse(f"{label} is not a version", 'write year and month: "2026.11"')
    if fields["benefit_year"] != "calendar":
        at.child("benefit_year").refuse("is not modelled", "write `calendar`")
    references = _references(at.child("references"), fields["references"])
    parsed = tuple(
        _parse_part(f"{code}/{name}", tree, references) for name, tree in sorted(parts.items())
    )
    seen: dict[tuple[str, Setting], Part] = {}
    for part in parsed:
        other = seen.setdefault((part.scheme_code, part.setting), part)
        if other is not part:
            _At(part.file, "scheme").refuse(
                f"scheme and setting are also in {other.file}", "keep one file for them"
            )
    return Pack(
        region_code=area,
        name=at.child("name").text(fields["name"]),
        name_en=at.child("name_en").text(fields["name_en"]),
        version=f"{area}@{label}-{content_hash}",
        parts=parsed,
    )


def _references(at: _At, tree: Tree) -> dict[str, Reference]:
    references = {}
    for key, value in at.mapping(tree).items():
        here = at.child(key)
        fields = here.keys(value, known=_REFERENCE_KEYS, needed=frozenset({"title"}))
        if "published" in fields:
            here.child("published").date(fields["published"])
        references[key] = Reference(
            id=key,
            title=here.child("title").text(fields["title"]),
            number=here.child("number").text(fields["number"]) if "number" in fields else "",
        )
    return references


def _parse_part(file: str, tree: Tree, references: Mapping[str, Reference]) -> Part:
    at = _At(file, "")
    fields = at.keys(tree, known=_PART_KEYS, needed=_PART_KEYS)
    scheme = at.child("scheme").code(fields["scheme"], "scheme code")
    if scheme not in POOLED_FUND_TYPES:
        at.child("scheme").refuse(f"{scheme} is not a main scheme", 'write "310" or "390"')
    window = at.child("supported")
    bounds = window.keys(
        fields["supported"], known=frozenset({"from", "until"}), needed=frozenset({"from", "until"})
    )
    start = window.child("from").date(bounds["from"])
    end = None if bounds["until"] is None else window.child("until").date(bounds["until"])
    if end is not None and end < start:
        window.refuse("ends before it starts", "`until` is the last supported day, or null")
    persons = tuple(
        at.child("persons").word(item, Person).value
        for item in at.child("persons").items(fields["persons"])
    )
    steps = _steps(at.child("steps"), fields["steps"], scheme)
    parameters = at.child("parameters")
    histories = {
        path: _parse_history(
            parameters.child(path),
            path,
            value,
            references=references,
            persons=persons,
            window=(start, end),
        )
        for path, value in parameters.mapping(fields["parameters"]).items()
    }
    _check_complete(parameters, histories, steps)
    setting = at.child("setting").word(fields["setting"], Setting)
    _check_year_end(parameters.child("year_end"), histories.get("year_end"), setting)
    return Part(
        file=file,
        scheme_code=scheme,
        setting=setting,
        supported_from=start,
        supported_until=end,
        persons=persons,
        steps=steps,
        not_modelled=tuple(
            at.child("not_modelled").text(item)
            for item in at.child("not_modelled").items(fields["not_modelled"])
        ),
        histories=histories,
    )


def _steps(at: _At, tree: Tree, scheme: str) -> tuple[PolicyStep, ...]:
    steps = tuple(at.word(item, PolicyStep) for item in at.items(tree))
    for place, step in enumerate(steps):
        before = steps[:place]
        if step in before:
            at.refuse(f"`{step.value}` stands twice", "list each step once")
        missing = [need.value for need in PRECEDED_BY[step] if need not in before]
        if missing:
            at.refuse(f"`{step.value}` stands too early", f"put `{missing[0]}` before it")
    if PolicyStep.SEGMENTS not in steps:
        at.refuse("has no `segments`", "without it no fund pays; list deductible, segments, …")
    if PolicyStep.ACCOUNT in steps and steps[-1] is not PolicyStep.ACCOUNT:
        at.refuse("`account` is not last", "the account pays what the funds leave: put it last")
    if PolicyStep.CRITICAL_ILLNESS in steps and scheme != SCHEME_RESIDENT:
        at.refuse("`critical_illness` is of residents (390200)", 'use it with scheme "390"')
    for step in (PolicyStep.LARGE_AMOUNT, PolicyStep.ACCOUNT):
        if step in steps and scheme != SCHEME_EMPLOYEE:
            at.refuse(f"`{step.value}` is of employees", 'use it with scheme "310"')
    return steps


def _parse_history(
    at: _At,
    path: str,
    tree: Tree,
    *,
    references: Mapping[str, Reference],
    persons: tuple[str, ...],
    window: tuple[date, date | None],
) -> History:
    spec = SPEC_BY_PATH.get(path)
    if spec is None:
        at.refuse("unknown parameter", f"known: {', '.join(SPEC_BY_PATH)}")
    fields = at.keys(tree, known=_PARAMETER_KEYS, needed=frozenset({"unit", "history"}))
    if at.child("unit").word(fields["unit"], Unit) is not spec.unit:
        at.child("unit").refuse("is not this parameter's unit", f"write `{spec.unit.value}`")
    by = tuple(
        at.child("by").word(item, Dimension) for item in at.child("by").items(fields.get("by", []))
    )
    if len(set(by)) != len(by):
        at.child("by").refuse("names a dimension twice", "list each once")
    place = at.child("history")
    entries = []
    untils = []
    for key, value in place.mapping(fields["history"]).items():
        here = place.child(key)
        entry = here.keys(
            value,
            known=_ENTRY_KEYS,
            needed=frozenset({"value", "status", "reference", "verified_on"}),
        )
        untils.append(here.child("until").date(entry["until"]) if "until" in entry else None)
        entries.append(
            _entry(
                here, place.date(key), entry, spec=spec, by=by, persons=persons, known=references
            )
        )
    _check_dates(place, entries, untils, window)
    return History(spec=spec, by=by, entries=tuple(entries))


def _entry(
    at: _At,
    effective_from: date,
    fields: Mapping[str, Tree],
    *,
    spec: AnySpec,
    by: tuple[Dimension, ...],
    persons: tuple[str, ...],
    known: Mapping[str, Reference],
) -> Entry:
    name = at.child("reference").text(fields["reference"])
    reference = known.get(name)
    if reference is None:
        at.child("reference").refuse(
            f"{name} is not in index.yaml", f"one of: {', '.join(known)}, or add it there"
        )
    holes = frozenset(
        tuple(at.child("not_modelled").text(key) for key in at.child("not_modelled").items(hole))
        for hole in at.child("not_modelled").items(fields.get("not_modelled", []))
    )
    status = at.child("status").word(fields["status"], Status)
    if status is Status.PUBLISHED and not reference.number:
        at.child("status").refuse(
            "`published` rests on a document without number", "give the number, or `secondary`"
        )
    return Entry(
        effective_from=effective_from,
        status=status,
        reference=reference,
        verified_on=at.child("verified_on").date(fields["verified_on"]),
        note=at.child("note").text(fields["note"]) if "note" in fields else "",
        cells=read_table(
            fields["value"],
            spec=spec,
            by=by,
            persons=persons,
            holes=holes,
            prefix=at.file.partition("/")[2].removesuffix(".yaml"),
            refuse=lambda path, problem, right: at.child(f"value{path}").refuse(problem, right),
        ),
    )


def _check_dates(
    at: _At,
    entries: list[Entry],
    untils: list[date | None],
    window: tuple[date, date | None],
) -> None:
    """Refuses a history that is empty, out of order, or leaves a supported day without value."""
    start, end = window
    if not entries:
        at.refuse("is empty", f"give the value from {start} on")
    if entries[0].effective_from > start:
        at.refuse(
            f"gap: the first value is of {entries[0].effective_from}, support starts {start}",
            "give the earlier value, or start `supported` later",
        )
    for index, (entry, later) in enumerate(pairwise(entries)):
        if later.effective_from <= entry.effective_from:
            at.refuse(
                f"{later.effective_from} does not follow {entry.effective_from}",
                "list the dates ascending",
            )
        until = untils[index]
        if until is None:
            continue
        if until >= later.effective_from:
            at.refuse(
                f"overlap: the value of {entry.effective_from} holds until {until}, "
                f"the next begins {later.effective_from}",
                f"end it on {later.effective_from - timedelta(days=1)}, or drop `until`",
            )
        if until + timedelta(days=1) < later.effective_from:
            at.refuse(
                f"gap between {until} and {later.effective_from}",
                f"end it on {later.effective_from - timedelta(days=1)}, or drop `until`",
            )
    last = untils[-1]
    if last is not None and (end is None or last < end):
        at.refuse(
            f"gap: the last value ends {last}, support ends {end or 'never'}",
            "give the value that follows, or end `supported` earlier",
        )


def _check_complete(
    at: _At, histories: Mapping[str, History], steps: tuple[PolicyStep, ...]
) -> None:
    """Refuses a file that lacks what its steps read, or gives what none of them reads."""
    for spec in SPECS:
        used = spec.step is None or spec.step in steps
        if used and spec.required and spec.path not in histories:
            at.refuse(f"has no `{spec.path}`", "a listed step reads it: add it")
        if not used and spec.path in histories:
            at.child(spec.path).refuse(
                "no listed step reads it", f"list `{_name(spec)}` or drop it"
            )
    mode = histories.get("deductible.mode")
    modes = (
        set()
        if mode is None
        else {cell.value for entry in mode.entries for cell in entry.cells.values()}
    )
    for path in ("deductible.step", "deductible.floor"):
        if (DeductibleMode.DECREASING_STAY in modes) != (path in histories):
            at.child(path).refuse(
                "goes with mode decreasing_stay and with no other", "give both or neither"
            )
    amount = histories.get("deductible.amount")
    if amount and (DeductibleMode.NTH_STAY in modes) != (Dimension.STAY in amount.by):
        at.child("deductible.amount").refuse(
            "`by: [stay]` goes with mode nth_stay and with no other", "give both or neither"
        )


def _check_year_end(at: _At, history: History | None, setting: Setting) -> None:
    """Refuses a choice that would be read before the bill's place in a table is known."""
    if history is None:
        return
    if setting is not Setting.INPATIENT:
        at.refuse("only stays last over a year's end", "drop it here")
    if history.by:
        at.refuse("is one value for everybody", "drop `by`")


def _name(spec: AnySpec) -> str:
    return spec.step.value if spec.step else ""

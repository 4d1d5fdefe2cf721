"""From plain trees (mappings, lists, scalars) to a checked Pack. Whatever is unclear is refused.

The trees come from services.benefits.policies, which reads YAML so that codes and dates arrive as
strings and numbers with a point as Decimal. Here every key, unit, bound, date and reference is
checked, and every refusal names the file, the path and what would be right.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from enum import Enum
from itertools import pairwise
from typing import Final

from services.benefits.domain.consistency import check_file, check_steps
from services.benefits.domain.model import POOLED_FUND_TYPES, Person, Setting, Status
from services.benefits.domain.parameter import Entry, History, Pack, Part, Reference
from services.benefits.domain.place import Place, Tree
from services.benefits.domain.schema import SPEC_BY_PATH, Dimension, PolicyStep, Unit
from services.benefits.domain.values import Table, read_table
from services.kit import codes

_LABEL: Final = re.compile(r"[0-9]{4}\.[0-9]{2}(\.[0-9]+)?")
_LOCAL_DISEASE: Final = re.compile(r"[A-Z]{4}[0-9]{3}")
_DIAGNOSIS_PREFIX: Final = re.compile(r"[A-Z][0-9]{2}(\.[0-9x]{1,3}(x[0-9]{0,3})?)?")
_CLOSE_NAMES_MAX: Final = 3

_INDEX_KEYS: Final = frozenset({"area", "name", "name_en", "version", "benefit_year", "references"})
_PART_KEYS: Final = frozenset(
    {"scheme", "setting", "supported", "persons", "steps", "not_modelled", "parameters"}
)
_PART_KEYS_OPTIONAL: Final = frozenset({"basis", "diseases"})
_PARAMETER_KEYS: Final = frozenset({"unit", "by", "history"})
_BASIS_KEYS: Final = frozenset({"status", "reference", "verified_on"})
_ENTRY_KEYS: Final = _BASIS_KEYS | {"value", "note", "until", "not_modelled"}
_REFERENCE_KEYS: Final = frozenset({"title", "number", "issued_by", "published", "href"})
_WINDOW_KEYS: Final = frozenset({"from", "until"})


_PERSONS: Final = {
    codes.SCHEME_EMPLOYEE: (Person.IN_SERVICE, Person.RETIRED),
    codes.SCHEME_RESIDENT: (Person.MINOR, Person.ADULT, Person.ELDERLY),
}
_FOLDERS: Final = {codes.SCHEME_EMPLOYEE: "employee", codes.SCHEME_RESIDENT: "resident"}


class _BenefitYear(Enum):
    """Words of `benefit_year`."""

    CALENDAR = "calendar"
    JULY = "july"
    """From 1 July to 30 June; it has the number of the year it begins in (上海)."""


_YEAR_START_MONTHS: Final = {_BenefitYear.CALENDAR: 1, _BenefitYear.JULY: 7}


@dataclass(frozen=True, slots=True)
class _Sources:
    """The documents of a pack, and what the entries of a file rest on unless they say otherwise."""

    references: Mapping[str, Reference]
    basis: Mapping[str, Tree]
    basis_at: Place


@dataclass(frozen=True, slots=True)
class _Frame:
    """What every parameter of a file is read by."""

    sources: _Sources
    persons: tuple[str, ...]
    diseases: tuple[str, ...]
    has_stays: bool
    start: date
    end: date | None


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
    at = Place(f"{code}/index.yaml")
    fields = at.keys(index, known=_INDEX_KEYS, needed=_INDEX_KEYS)
    area = at.child("area").code(fields["area"], "area code")
    if area != code:
        at.child("area").refuse(f"{area} is not the area of this folder", f'write "{code}"')
    if not codes.is_known_area(area):
        at.child("area").refuse(
            f"{area} is no region", "write the six digits of a pooling area (GB/T 2260)"
        )
    pooling = codes.pooling_area_of(area)
    if pooling != area:
        at.child("area").refuse(
            f"{area} is insured in {pooling}", f'make the pack of that pooling area: "{pooling}"'
        )
    label = at.child("version").code(fields["version"], "version")
    if not _LABEL.fullmatch(label):
        at.child("version").refuse(f"{label} is not a version", 'write year and month: "2026.11"')
    year = at.child("benefit_year").word(fields["benefit_year"], _BenefitYear)
    references = _references(at.child("references"), fields["references"])
    parsed = tuple(
        _parse_part(f"{code}/{name}", tree, references) for name, tree in sorted(parts.items())
    )
    if not parsed:
        at.refuse("stands alone", "add a file such as employee/inpatient.yaml")
    return Pack(
        region_code=area,
        name=at.child("name").text(fields["name"]),
        name_en=at.child("name_en").text(fields["name_en"]),
        version=f"{area}@{label}-{content_hash}",
        year_start_month=_YEAR_START_MONTHS[year],
        parts=parsed,
    )


def _references(at: Place, tree: Tree) -> dict[str, Reference]:
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
            href=here.child("href").text(fields["href"]) if "href" in fields else "",
        )
    return references


def _parse_part(file: str, tree: Tree, references: Mapping[str, Reference]) -> Part:
    at = Place(file)
    fields = at.keys(tree, known=_PART_KEYS | _PART_KEYS_OPTIONAL, needed=_PART_KEYS)
    scheme = at.child("scheme").code(fields["scheme"], "scheme code")
    if scheme not in POOLED_FUND_TYPES:
        at.child("scheme").refuse(f"{scheme} is not a main scheme", 'write "310" or "390"')
    setting = at.child("setting").word(fields["setting"], Setting)
    name = f"{_FOLDERS[scheme]}/{setting.value}.yaml"
    if file.partition("/")[2] != name:
        at.child("setting").refuse("scheme and setting belong to another file", f"name it {name}")
    start, end = _window(at.child("supported"), fields["supported"])
    persons = _persons(at.child("persons"), fields["persons"], scheme)
    diseases = _diseases(at, fields, setting)
    place = at.child("steps")
    steps = tuple(place.word(item, PolicyStep) for item in place.items(fields["steps"]))
    check_steps(place, steps, scheme=scheme, setting=setting)
    basis_at = at.child("basis")
    sources = _Sources(
        references, basis_at.keys(fields.get("basis", {}), known=_BASIS_KEYS), basis_at
    )
    frame = _Frame(
        sources, persons, tuple(diseases), setting is Setting.INPATIENT, start=start, end=end
    )
    parameters = at.child("parameters")
    histories = {
        path: _parse_history(parameters.child(path), path, value, frame)
        for path, value in parameters.mapping(fields["parameters"]).items()
    }
    check_file(parameters, histories, steps, setting)
    place = at.child("not_modelled")
    return Part(
        file=file,
        scheme_code=scheme,
        setting=setting,
        supported_from=start,
        supported_until=end,
        persons=persons,
        diseases=diseases,
        steps=steps,
        not_modelled=tuple(place.text(item) for item in place.items(fields["not_modelled"])),
        histories=histories,
    )


def _window(at: Place, tree: Tree) -> tuple[date, date | None]:
    bounds = at.keys(tree, known=_WINDOW_KEYS, needed=_WINDOW_KEYS)
    start = at.child("from").date(bounds["from"])
    end = None if bounds["until"] is None else at.child("until").date(bounds["until"])
    if end is not None and end < start:
        at.refuse("ends before it starts", "`until` is the last supported day, or null")
    return start, end


def _persons(at: Place, tree: Tree, scheme: str) -> tuple[str, ...]:
    persons = tuple(at.word(item, Person) for item in at.items(tree))
    if not persons or len(set(persons)) != len(persons):
        at.refuse("names nobody, or somebody twice", "list each person group once")
    for index, person in enumerate(persons):
        if person not in _PERSONS[scheme]:
            at.item(index).refuse(
                f"{person.value} is not of scheme {scheme}",
                f"one of: {', '.join(item.value for item in _PERSONS[scheme])}",
            )
    return tuple(person.value for person in persons)


def _diseases(
    at: Place, fields: Mapping[str, Tree], setting: Setting
) -> dict[str, tuple[str, ...]]:
    """Returns the ICD-10 prefixes per disease of a chronic file, none of any other."""
    if "diseases" not in fields:
        if setting is Setting.CHRONIC:
            at.refuse("has no `diseases`", "list the codes, each with its ICD-10 prefixes")
        return {}
    place = at.child("diseases")
    if setting is not Setting.CHRONIC:
        place.refuse("goes with setting chronic", "drop it here")
    found: dict[str, tuple[str, ...]] = {}
    for disease, prefixes in place.mapping(fields["diseases"]).items():
        here = place.child(disease)
        if not codes.is_chronic_disease_code(disease) and not _LOCAL_DISEASE.fullmatch(disease):
            here.refuse(
                "is not a disease code", "write M and five digits, or a local code as HBLB101"
            )
        for prefix in here.items(prefixes):
            if not isinstance(prefix, str) or not _DIAGNOSIS_PREFIX.fullmatch(prefix):
                here.refuse(
                    f"{prefix} is not the beginning of an ICD-10 code", "write I10 or E11.2"
                )
        found[disease] = tuple(here.text(prefix) for prefix in here.items(prefixes))
    if not found:
        place.refuse("names no disease", "list those that the document does")
    return found


def _parse_history(at: Place, path: str, tree: Tree, frame: _Frame) -> History:
    spec = SPEC_BY_PATH.get(path)
    if spec is None:
        close = difflib.get_close_matches(path, SPEC_BY_PATH, n=_CLOSE_NAMES_MAX)
        at.refuse(
            "unknown parameter",
            f"one of: {', '.join(close)}" if close else "docs/policy.md lists those there are",
        )
    fields = at.keys(tree, known=_PARAMETER_KEYS, needed=frozenset({"unit", "history"}))
    if at.child("unit").word(fields["unit"], Unit) is not spec.unit:
        at.child("unit").refuse("is not this parameter's unit", f"write `{spec.unit.value}`")
    place = at.child("by")
    by = tuple(place.word(item, Dimension) for item in place.items(fields.get("by", [])))
    if len(set(by)) != len(by):
        place.refuse("names a dimension twice", "list each once")
    if Dimension.DISEASE in by and not frame.diseases:
        place.refuse("`disease` is known in files of setting chronic only", "drop it here")
    if Dimension.STAY in by and not frame.has_stays:
        place.refuse("`stay` counts the stays of a year", "use it with setting inpatient")
    table = Table(
        spec,
        by,
        persons=frame.persons,
        diseases=frame.diseases,
        prefix=at.file.partition("/")[2].removesuffix(".yaml"),
    )
    place = at.child("history")
    entries = []
    untils = []
    for key, value in place.mapping(fields["history"]).items():
        here = place.child(key)
        entry = here.keys(value, known=_ENTRY_KEYS, needed=frozenset({"value"}))
        untils.append(here.child("until").date(entry["until"]) if "until" in entry else None)
        entries.append(_entry(here, place.date(key), entry, table=table, sources=frame.sources))
    _check_dates(place, entries, untils, frame)
    return History(spec=spec, by=by, entries=tuple(entries))


def _entry(
    at: Place,
    effective_from: date,
    fields: Mapping[str, Tree],
    *,
    table: Table,
    sources: _Sources,
) -> Entry:
    status_at, status_tree = _basis(at, fields, sources, "status")
    status = status_at.word(status_tree, Status)
    reference_at, reference_tree = _basis(at, fields, sources, "reference")
    name = reference_at.text(reference_tree)
    reference = sources.references.get(name)
    if reference is None:
        reference_at.refuse(
            f"{name} is not in index.yaml",
            f"one of: {', '.join(sources.references)}, or add it there",
        )
    if status is Status.PUBLISHED and not reference.number:
        status_at.refuse(
            "`published` rests on a document without number", "give the number, or `secondary`"
        )
    verified_at, verified_tree = _basis(at, fields, sources, "verified_on")
    place = at.child("not_modelled")
    holes = frozenset(
        tuple(place.text(key) for key in place.items(hole))
        for hole in place.items(fields.get("not_modelled", []))
    )
    return Entry(
        effective_from=effective_from,
        status=status,
        reference=reference,
        verified_on=verified_at.date(verified_tree),
        note=at.child("note").text(fields["note"]) if "note" in fields else "",
        cells=read_table(table, fields["value"], holes=holes, at=at.child("value")),
    )


def _basis(
    at: Place, fields: Mapping[str, Tree], sources: _Sources, key: str
) -> tuple[Place, Tree]:
    """Returns what an entry says of its source, or the file says for it, and where."""
    if key in fields:
        return at.child(key), fields[key]
    if key not in sources.basis:
        at.refuse(f"has no `{key}`", f"add `{key}:` here, or to the `basis` of the file")
    return sources.basis_at.child(key), sources.basis[key]


def _check_dates(at: Place, entries: list[Entry], untils: list[date | None], frame: _Frame) -> None:
    """Refuses a history that is empty, out of order, or leaves a supported day without value."""
    start, end = frame.start, frame.end
    if not entries:
        at.refuse("is empty", f"give the value from {start} on")
    first = entries[0].effective_from
    if first > start:
        at.child(first.isoformat()).refuse(
            f"gap: the first value is of {first}, support starts {start}",
            "give the earlier value, or start `supported` later",
        )
    for index, (entry, later) in enumerate(pairwise(entries)):
        here = at.child(later.effective_from.isoformat())
        if later.effective_from <= entry.effective_from:
            here.refuse(
                f"{later.effective_from} does not follow {entry.effective_from}",
                "list the dates ascending",
            )
        _check_end(here, entry, untils[index], later)
    last = untils[-1]
    if last is not None and (end is None or last < end):
        at.child(entries[-1].effective_from.isoformat()).child("until").refuse(
            f"gap: the last value ends {last}, support ends {end or 'never'}",
            "give the value that follows, or end `supported` earlier",
        )


def _check_end(at: Place, entry: Entry, until: date | None, later: Entry) -> None:
    if until is None:
        return
    day_before = later.effective_from - timedelta(days=1)
    if until > day_before:
        at.refuse(
            f"overlap: the value of {entry.effective_from} holds until {until}, "
            f"the next begins {later.effective_from}",
            f"end it on {day_before}, or drop `until`",
        )
    if until < day_before:
        at.refuse(
            f"gap between {until} and {later.effective_from}",
            f"end it on {day_before}, or drop `until`",
        )

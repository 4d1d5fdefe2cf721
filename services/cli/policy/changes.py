"""What differs between two texts of a region's policy: parameter by parameter, date by date."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from enum import Enum

from services.benefits.domain.parameter import Entry, Pack, Part


class Kind(Enum):
    """How a value differs."""

    ADDED = "added"
    REMOVED = "removed"
    CHANGED = "changed"
    SOURCE = "source"
    """The same value, resting on something else."""


@dataclass(frozen=True, slots=True)
class Change:
    """One difference."""

    kind: Kind
    file: str
    """Inside the pack: `employee/inpatient.yaml`."""
    parameter: str
    """Path of the parameter, or a key of the file such as `steps`."""
    key: str
    """Coordinates in the parameter's table, `3,first`; empty: it has none."""
    effective_from: date | None
    """Of the history's entry; None: the file's own."""
    old: str
    new: str


_Values = dict[tuple[str, str, date | None], tuple[str, str]]
"""Text of a value and of its source, by parameter, key and date."""


def find_changes(old: Pack, new: Pack) -> list[Change]:
    """Returns every difference between two packs of one region, by file and date."""
    before, after = _parts(old), _parts(new)
    changes = []
    for file in sorted(before.keys() | after.keys()):
        changes += _compared(file, _values(before.get(file)), _values(after.get(file)))
    return changes


def changed_parts(old: Pack, new: Pack) -> list[tuple[Part | None, Part | None]]:
    """Returns the files of both packs that are not alike, each beside what it was."""
    before = {(part.scheme_code, part.setting): part for part in old.parts}
    after = {(part.scheme_code, part.setting): part for part in new.parts}
    pairs = [(before.get(key), after.get(key)) for key in before | after]
    return [(was, is_now) for was, is_now in pairs if _values(was) != _values(is_now)]


def changed_dates(old: Part | None, new: Part | None) -> list[date]:
    """Returns the days from which something differs between two files, ascending."""
    changes = _compared("", _values(old), _values(new))
    found = {change.effective_from for change in changes if change.kind is not Kind.SOURCE}
    return sorted(day for day in found if day is not None)


def _compared(file: str, before: _Values, after: _Values) -> list[Change]:
    changes = []
    for place in sorted(before.keys() | after.keys(), key=_by_date):
        was, is_now = before.get(place), after.get(place)
        if was == is_now:
            continue
        if was is None:
            kind = Kind.ADDED
        elif is_now is None:
            kind = Kind.REMOVED
        else:
            kind = Kind.CHANGED if was[0] != is_now[0] else Kind.SOURCE
        shown = 1 if kind is Kind.SOURCE else 0
        parameter, key, day = place
        changes.append(
            Change(
                kind=kind,
                file=file,
                parameter=parameter,
                key=key,
                effective_from=day,
                old="" if was is None else was[shown],
                new="" if is_now is None else is_now[shown],
            )
        )
    return changes


def _by_date(place: tuple[str, str, date | None]) -> tuple[date, str, str]:
    parameter, key, day = place
    return day or date.min, parameter, key


def _parts(pack: Pack) -> Mapping[str, Part]:
    return {part.file.partition("/")[2]: part for part in pack.parts}


def _values(part: Part | None) -> _Values:
    if part is None:
        return {}
    own = {
        "supported": f"{part.supported_from} – {part.supported_until or ''}".rstrip(),
        "persons": ", ".join(part.persons),
        "steps": ", ".join(step.value for step in part.steps),
        "diseases": ", ".join(
            f"{disease} ({', '.join(prefixes)})" if prefixes else disease
            for disease, prefixes in part.diseases.items()
        ),
    }
    values: _Values = {(name, "", None): (text, "") for name, text in own.items() if text}
    for path, history in part.histories.items():
        for entry in history.entries:
            for key, text in _cells(entry):
                values[path, key, entry.effective_from] = (text, _source(entry))
    return values


def _cells(entry: Entry) -> Iterator[tuple[str, str]]:
    for coordinates, cell in entry.cells.items():
        yield ",".join(coordinates), cell.text


def _source(entry: Entry) -> str:
    return f"{entry.status.value}: {entry.reference.label}"

"""Policy as of a date: everything resolved once, immutable, ready to compute with.

A part's values change only on the effective dates written in its histories, so between two of them
one snapshot serves every day. All snapshots are built when the packs are loaded: their number is
bounded by the packs, every supported day is proven to resolve, and a look-up is one bisection.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from services.benefits.domain.errors import not_covered
from services.benefits.domain.model import ParameterRead

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from services.benefits.domain.model import Setting
    from services.benefits.domain.parameter import Entry, History, Pack, Part
    from services.benefits.domain.schema import Dimension, ParameterSpec, PolicyStep


T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Reading(Generic[T]):
    """One value, ready for the computation and for its trace."""

    value: T
    read: ParameterRead


@dataclass(frozen=True, slots=True)
class Resolved:
    """A parameter as of one date."""

    by: tuple[Dimension, ...]
    entry: Entry
    readings: Mapping[tuple[str, ...], Reading[Any]]
    """Per coordinates; its spec knows the type of the values."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The rules of one region, scheme and setting, unchanged from `valid_from` to `valid_until`."""

    region_code: str
    region_name: str
    scheme_code: str
    setting: Setting
    valid_from: date
    valid_until: date | None
    """Last day; None: until a later pack says otherwise."""
    policy_version: str
    persons: frozenset[str]
    steps: tuple[PolicyStep, ...]
    resolved: Mapping[str, Resolved]

    def covers(self, day: date) -> bool:
        """Tells whether the snapshot is the one of that day."""
        return self.valid_from <= day and (self.valid_until is None or day <= self.valid_until)

    def has(self, spec: ParameterSpec[T]) -> bool:
        """Tells whether the pack gives an optional parameter."""
        return spec.path in self.resolved

    def read(
        self, spec: ParameterSpec[T], coordinates: Mapping[Dimension, str]
    ) -> Reading[T] | None:
        """Returns the value at the coordinates; None: knowingly not modelled.

        Raises:
            KeyError: a step reads a parameter that the loader did not require; a bug.
        """
        found = self.resolved[spec.path]
        key = tuple([coordinates[dimension] for dimension in found.by])
        return found.readings.get(key)


class Policy:
    """All snapshots of all loaded packs."""

    def __init__(self, packs: Iterable[Pack]) -> None:
        """Resolves every interval of every pack."""
        self._snapshots: dict[tuple[str, str, Setting], tuple[Snapshot, ...]] = {}
        self._starts: dict[tuple[str, str, Setting], tuple[date, ...]] = {}
        versions = {}
        for pack in packs:
            versions[pack.region_code] = pack.version
            for part in pack.parts:
                key = (pack.region_code, part.scheme_code, part.setting)
                snapshots = tuple(_resolve(pack, part))
                self._snapshots[key] = snapshots
                self._starts[key] = tuple(snapshot.valid_from for snapshot in snapshots)
        self.versions: Mapping[str, str] = versions
        """policy_version per region code."""

    def snapshots(self) -> Iterable[Snapshot]:
        """Returns every snapshot, grouped by region, scheme and setting, ascending in time."""
        return (snapshot for group in self._snapshots.values() for snapshot in group)

    def at(self, *, region_code: str, scheme_code: str, setting: Setting, day: date) -> Snapshot:
        """Returns the snapshot that holds on a day.

        Raises:
            RuleForbids: POLICY_NOT_COVERED, naming what is missing.
        """
        key = (region_code, scheme_code, setting)
        starts = self._starts.get(key, ())
        index = bisect_right(starts, day) - 1
        if index >= 0 and self._snapshots[key][index].covers(day):
            return self._snapshots[key][index]
        raise not_covered(
            region_code=region_code,
            scheme_code=scheme_code,
            settlement_date=day.isoformat(),
            missing=self._missing(region_code, scheme_code, setting),
        )

    def _missing(self, region_code: str, scheme_code: str, setting: Setting) -> str:
        if region_code not in self.versions:
            return "region"
        if not any(key[:2] == (region_code, scheme_code) for key in self._starts):
            return "scheme"
        if (region_code, scheme_code, setting) not in self._starts:
            return f"setting {setting.value}"
        return "date"


def _resolve(pack: Pack, part: Part) -> Iterable[Snapshot]:
    changes = {part.supported_from}
    for history in part.histories.values():
        changes.update(entry.effective_from for entry in history.entries)
    last = part.supported_until
    starts = sorted(
        day for day in changes if day >= part.supported_from and (last is None or day <= last)
    )
    for index, start in enumerate(starts):
        following = starts[index + 1] if index + 1 < len(starts) else None
        yield Snapshot(
            region_code=pack.region_code,
            region_name=pack.name,
            scheme_code=part.scheme_code,
            setting=part.setting,
            valid_from=start,
            valid_until=last if following is None else following - timedelta(days=1),
            policy_version=pack.version,
            persons=frozenset(part.persons),
            steps=part.steps,
            resolved={path: _as_of(history, start) for path, history in part.histories.items()},
        )


def _as_of(history: History, day: date) -> Resolved:
    # The loader has proven that the first entry is not after the supported start.
    entry = [entry for entry in history.entries if entry.effective_from <= day][-1]
    return Resolved(
        by=history.by,
        entry=entry,
        readings={
            key: Reading(
                value=cell.value,
                read=ParameterRead(
                    path=cell.path,
                    value=cell.text,
                    effective_from=entry.effective_from,
                    status=entry.status,
                    reference=entry.reference.label,
                ),
            )
            for key, cell in entry.cells.items()
        },
    )

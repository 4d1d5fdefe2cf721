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
from services.kit.codes import pooling_area_of, province_of

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
    year_start_month: int
    """Month on whose first day a benefit year of the region begins."""
    persons: frozenset[str]
    diseases: Mapping[str, tuple[str, ...]]
    """ICD-10 prefixes per disease code (none: any diagnosis); of the setting chronic only."""
    steps: tuple[PolicyStep, ...]
    resolved: Mapping[str, Resolved]

    def covers(self, day: date) -> bool:
        """Tells whether the snapshot is the one of that day."""
        return self.valid_from <= day and (self.valid_until is None or day <= self.valid_until)

    def benefit_year_of(self, day: date) -> int:
        """Returns the benefit year of a day: the calendar year in which that benefit year began."""
        return day.year if day.month >= self.year_start_month else day.year - 1

    def year_end(self, day: date) -> date:
        """Returns the last day of the benefit year of a day."""
        return date(self.benefit_year_of(day) + 1, self.year_start_month, 1) - timedelta(days=1)

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


def areas_of(region_code: str) -> tuple[str, str, str]:
    """Returns the areas whose pack may cover a region, the nearest first."""
    return region_code, pooling_area_of(region_code), province_of(region_code)


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

    @property
    def current(self) -> Policy:
        """Itself: what is asked for the policy in force may be given one that never changes."""
        return self

    def overlaid(self, other: Policy) -> Policy:
        """Returns the policy with the regions of another in place of its own."""
        policy = Policy(())
        policy.versions = {**self.versions, **other.versions}
        kept = [key for key in self._snapshots if key[0] not in other.versions]
        policy._snapshots = {key: self._snapshots[key] for key in kept} | other._snapshots
        policy._starts = {key: self._starts[key] for key in kept} | other._starts
        return policy

    def snapshots(self) -> Iterable[Snapshot]:
        """Returns every snapshot, grouped by region, scheme and setting, ascending in time."""
        return (snapshot for group in self._snapshots.values() for snapshot in group)

    def area_of(self, region_code: str) -> str:
        """Returns the area whose pack covers a region: 610502 → 610500, 640104 → 640000.

        Registers name the county; the pack is that of the pooling area it lies in, or of the
        province where that pools as a whole. Itself where there is neither.
        """
        return next((area for area in areas_of(region_code) if area in self.versions), region_code)

    def at(self, *, region_code: str, scheme_code: str, setting: Setting, day: date) -> Snapshot:
        """Returns the snapshot that holds on a day.

        Raises:
            RuleForbids: POLICY_NOT_COVERED, naming what is missing.
        """
        key = (self.area_of(region_code), scheme_code, setting)
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
        area = self.area_of(region_code)
        if area not in self.versions:
            return "region"
        if not any(key[:2] == (area, scheme_code) for key in self._starts):
            return "scheme"
        if (area, scheme_code, setting) not in self._starts:
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
    # An entry serves every snapshot until the next one, with the same readings.
    resolved = {
        path: [_resolve_entry(history, entry) for entry in history.entries]
        for path, history in part.histories.items()
    }
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
            year_start_month=pack.year_start_month,
            persons=frozenset(part.persons),
            diseases=part.diseases,
            steps=part.steps,
            # The loader has proven that the first entry is not after the supported start.
            resolved={
                path: [one for one in entries if one.entry.effective_from <= start][-1]
                for path, entries in resolved.items()
            },
        )


def _resolve_entry(history: History, entry: Entry) -> Resolved:
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

"""What a loading pack covers, what it leaves out, and what should be looked at again. Pure.

The loader has proven that no supported day is without a value and none has two; here is what a
province answers for itself: how old the reading is, and whether the values keep to the national
frame (domain rules 1.9 and 5.6).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from typing import Final

from services.benefits.domain import schema
from services.benefits.domain.model import (
    AidIdentity,
    BenefitLevel,
    HospitalLevel,
    Setting,
    Status,
    Stay,
    Travel,
)
from services.benefits.domain.parameter import History, Pack, Part
from services.benefits.domain.schema import (
    CriticalBasis,
    Dimension,
    PolicyStep,
    ReducedStep,
    ReductionMode,
    Scale,
)
from services.benefits.domain.snapshot import Policy, Snapshot
from services.benefits.domain.values import Table, percent
from services.kit.codes import SCHEME_EMPLOYEE, SCHEME_RESIDENT
from services.kit.diseases import is_known_disease

COMBINATIONS: Final = tuple(
    (scheme, setting) for scheme in (SCHEME_EMPLOYEE, SCHEME_RESIDENT) for setting in Setting
)
"""Every scheme and setting that a pack may have a file for."""
_EXPECTED: Final = frozenset({Setting.INPATIENT, Setting.OUTPATIENT})

_CEILINGS: Final = {
    BenefitLevel.LONG_TERM: Fraction(0),
    BenefitLevel.REFERRAL: Fraction(10, 100),
    BenefitLevel.EMERGENCY: Fraction(10, 100),
    BenefitLevel.TEMPORARY: Fraction(20, 100),
}
"""Most that the ratio elsewhere may lie below the one at home (医保发〔2022〕22号, domain 1.9)."""
_CRITICAL_RATIO_MIN: Final = Fraction(60, 100)
_AID_RATIO_MIN: Final = Fraction(70, 100)
_OUTPATIENT_RATIO_MIN: Final = Fraction(50, 100)
_AIDED_BEST: Final = frozenset(
    {AidIdentity.EXTREME_POVERTY.value, AidIdentity.MINIMUM_LIVING.value}
)


@dataclass(frozen=True, slots=True)
class Caution:
    """Something that is allowed and should be looked at."""

    kind: str
    """stale, future, disease, ceiling, frame or incomplete."""
    file: str
    path: str
    """Parameter; empty: the file."""
    text: str


@dataclass(frozen=True, slots=True)
class PartReview:
    """What one file covers."""

    file: str
    scheme_code: str
    setting: Setting
    supported_from: date
    supported_until: date | None
    persons: tuple[str, ...]
    diseases: tuple[str, ...]
    steps: tuple[str, ...]
    intervals: tuple[tuple[date, date | None], ...]
    """Days over which no value changes; together they are the supported days."""
    holes: tuple[str, ...]
    """Values that are knowingly not modelled, as the trace would name them, since when."""
    not_modelled: tuple[str, ...]
    statuses: Mapping[Status, int]
    """Values by what they rest on."""


@dataclass(frozen=True, slots=True)
class Review:
    """What one pack covers."""

    region_code: str
    name: str
    name_en: str
    version: str
    parts: tuple[PartReview, ...]
    missing: tuple[tuple[str, Setting], ...]
    """Schemes and settings without a file: their bills are answered POLICY_NOT_COVERED."""
    cautions: tuple[Caution, ...]


def review(pack: Pack, *, stale_before: date, today: date) -> Review:
    """Returns what a pack covers, and what should be looked at.

    Args:
        pack: as loaded.
        stale_before: a value that was verified before this day is stale.
        today: nothing can have been verified after it.
    """
    policy = Policy([pack])
    snapshots: dict[tuple[str, Setting], list[Snapshot]] = {}
    for snapshot in policy.snapshots():
        snapshots.setdefault((snapshot.scheme_code, snapshot.setting), []).append(snapshot)
    present = {(part.scheme_code, part.setting) for part in pack.parts}
    missing = tuple(one for one in COMBINATIONS if one not in present)
    cautions = [
        Caution("incomplete", f"{pack.region_code}", "", f"no file for {scheme} {setting.value}")
        for scheme, setting in missing
        if setting in _EXPECTED
    ]
    for part in pack.parts:
        group = snapshots[part.scheme_code, part.setting]
        cautions += _stale(part, stale_before)
        cautions += _future(part, today)
        cautions += [
            Caution("disease", part.file, "diseases", f"{code} is no disease that the hub knows")
            for code in part.diseases
            if not is_known_disease(code)
        ]
        cautions += dict.fromkeys(
            caution for one in group for caution in (*_ceilings(part, one), *_frame(part, one))
        )
    return Review(
        region_code=pack.region_code,
        name=pack.name,
        name_en=pack.name_en,
        version=pack.version,
        parts=tuple(_part(part, snapshots[part.scheme_code, part.setting]) for part in pack.parts),
        missing=missing,
        cautions=tuple(cautions),
    )


def _part(part: Part, snapshots: list[Snapshot]) -> PartReview:
    statuses = Counter(
        entry.status
        for history in part.histories.values()
        for entry in history.entries
        for _ in entry.cells
    )
    return PartReview(
        file=part.file,
        scheme_code=part.scheme_code,
        setting=part.setting,
        supported_from=part.supported_from,
        supported_until=part.supported_until,
        persons=part.persons,
        diseases=tuple(part.diseases),
        steps=tuple(step.value for step in part.steps),
        intervals=tuple((one.valid_from, one.valid_until) for one in snapshots),
        holes=tuple(_holes(part)),
        not_modelled=part.not_modelled,
        statuses={status: statuses[status] for status in Status if statuses[status]},
    )


def coordinates_of(part: Part, history: History) -> list[tuple[str, ...]]:
    """Returns every combination of keys of a parameter's table, those that are holes too."""
    return list(_table(part, history).labels)


def _holes(part: Part) -> Iterator[str]:
    for history in part.histories.values():
        labels = _table(part, history).labels
        for entry in history.entries:
            for coordinates, label in labels.items():
                if coordinates not in entry.cells:
                    yield f"{label.lstrip('/')} {entry.effective_from}"


def _table(part: Part, history: History) -> Table:
    return Table(
        history.spec, history.by, persons=part.persons, diseases=tuple(part.diseases), prefix=""
    )


def _stale(part: Part, before: date) -> Iterator[Caution]:
    for path, history in part.histories.items():
        for entry in history.entries:
            if entry.verified_on < before:
                yield Caution(
                    "stale",
                    part.file,
                    path,
                    f"the value of {entry.effective_from} was last verified on {entry.verified_on}",
                )


def _future(part: Part, today: date) -> Iterator[Caution]:
    """Yields a caution per day to come on which something was verified: a slip of the pen."""
    days = {entry.verified_on for history in part.histories.values() for entry in history.entries}
    for day in sorted(day for day in days if day > today):
        yield Caution("future", part.file, "verified_on", f"{day} is yet to come")


# --- the national frame --------------------------------------------------------------------------


def _ceilings(part: Part, snapshot: Snapshot) -> Iterator[Caution]:
    """Yields the benefit levels at which care elsewhere loses more than it may."""
    if PolicyStep.SEGMENTS not in snapshot.steps:
        return
    for benefit_level, ceiling in _CEILINGS.items():
        drop, where = _highest_drop(part, snapshot, benefit_level)
        if drop > ceiling:
            yield Caution(
                "ceiling",
                part.file,
                "reduction.filed",
                f"from {snapshot.valid_from}: {benefit_level.value} care in another province is "
                f"paid {_points(drop)} points less than at home ({where}); "
                f"the national ceiling is {_points(ceiling)}",
            )


def _highest_drop(
    part: Part, snapshot: Snapshot, benefit_level: BenefitLevel
) -> tuple[Fraction, str]:
    worst, where = Fraction(0), ""
    for person in part.persons:
        for level in HospitalLevel:
            for disease in part.diseases or ("",):
                home = _coordinates(person, level, Travel.LOCAL, benefit_level, disease)
                away = home | {Dimension.TRAVEL: Travel.CROSS_PROVINCE.value}
                drop = _drop(snapshot, home, away)
                if drop > worst:
                    worst, where = drop, f"{person}, level {level.value}"
    return worst, where


def _drop(
    snapshot: Snapshot, home: Mapping[Dimension, str], away: Mapping[Dimension, str]
) -> Fraction:
    """Returns the most that any bracket loses, as a share of the cost after the deductible."""
    here = snapshot.read(schema.SEGMENTS_SCALE, home)
    there = snapshot.read(schema.SEGMENTS_SCALE, away)
    cut = snapshot.read(schema.REDUCTION_FILED, away)
    mode = snapshot.read(schema.REDUCTION_MODE, away)
    applies = snapshot.read(schema.REDUCTION_APPLIES_TO, away)
    if here is None or there is None or cut is None or mode is None or applies is None:
        return Fraction(0)
    kept = Fraction(1)
    if PolicyStep.AWAY_SELF_PAY in snapshot.steps:
        first = snapshot.read(schema.AWAY_SELF_PAY_RATIO, away)
        kept -= first.value if first is not None else 0
    reduces = ReducedStep.SEGMENTS in applies.value
    drops = []
    for above in {bracket.above for bracket in (*here.value, *there.value)}:
        paid = _ratio_at(there.value, above)
        if reduces and mode.value is ReductionMode.POINTS:
            paid = max(Fraction(0), paid - cut.value)
        elif reduces:
            paid *= 1 - cut.value
        drops.append(_ratio_at(here.value, above) - kept * paid)
    return max(drops)


def _ratio_at(scale: Scale, above: int) -> Fraction:
    return [bracket.ratio for bracket in scale if bracket.above <= above][-1]


def _coordinates(
    person: str, level: HospitalLevel, travel: Travel, benefit_level: BenefitLevel, disease: str
) -> dict[Dimension, str]:
    return {
        Dimension.PERSON: person,
        Dimension.LEVEL: level.value,
        Dimension.STAY: Stay.FIRST.value,
        Dimension.TRAVEL: travel.value,
        Dimension.BENEFIT_LEVEL: benefit_level.value,
        Dimension.IDENTITY: AidIdentity.NONE.value,
        Dimension.DISEASE: disease,
    }


def _points(ratio: Fraction) -> str:
    return percent(ratio).removesuffix("%")


def _frame(part: Part, snapshot: Snapshot) -> Iterator[Caution]:
    """Yields what lies below the national frame of the layers above the pooled fund."""
    since = f"from {snapshot.valid_from}:"
    critical = schema.CRITICAL_SCALE.path
    if part.scheme_code == SCHEME_RESIDENT and PolicyStep.CRITICAL_ILLNESS in part.steps:
        ratio = _first_critical_ratio(snapshot)
        if ratio is not None and ratio < _CRITICAL_RATIO_MIN:
            yield Caution(
                "frame",
                part.file,
                critical,
                f"{since} critical illness begins at {percent(ratio)}; "
                f"the national frame is {percent(_CRITICAL_RATIO_MIN)} or more",
            )
    if PolicyStep.MEDICAL_AID in part.steps:
        ratios = [
            reading.value[-1].ratio
            for key, reading in snapshot.resolved[schema.MEDICAL_AID_SCALE.path].readings.items()
            if _AIDED_BEST & set(key)
        ]
        if ratios and min(ratios) < _AID_RATIO_MIN:
            yield Caution(
                "frame",
                part.file,
                schema.MEDICAL_AID_SCALE.path,
                f"{since} medical aid of 特困 or 低保 is {percent(min(ratios))}; "
                f"the national frame is {percent(_AID_RATIO_MIN)} or more",
            )
    pooled = snapshot.resolved.get(schema.SEGMENTS_SCALE.path)
    of_visits = (part.scheme_code, part.setting) == (SCHEME_EMPLOYEE, Setting.OUTPATIENT)
    if of_visits and pooled is not None:
        highest = [max(one.ratio for one in reading.value) for reading in pooled.readings.values()]
        if highest and min(highest) < _OUTPATIENT_RATIO_MIN:
            yield Caution(
                "frame",
                part.file,
                schema.SEGMENTS_SCALE.path,
                f"{since} an outpatient ratio of {percent(min(highest))}; "
                f"the national frame begins at {percent(_OUTPATIENT_RATIO_MIN)}",
            )


def _first_critical_ratio(snapshot: Snapshot) -> Fraction | None:
    """Returns the least ratio of the first burden that is paid, over all tables."""
    bases = {one.value for one in snapshot.resolved[schema.CRITICAL_BASIS.path].readings.values()}
    thresholds = snapshot.resolved[schema.CRITICAL_THRESHOLD.path].readings.values()
    start = 0
    if bases == {CriticalBasis.BURDEN}:
        start = min((one.value for one in thresholds), default=0)
    scales = snapshot.resolved[schema.CRITICAL_SCALE.path].readings.values()
    return min((_ratio_at(one.value, start) for one in scales), default=None)

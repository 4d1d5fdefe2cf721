"""What looks wrong with the use of credentials. Pure; a signal is a hint, no proof of anything.

An occasion is what makes two findings the same signal: a day, or a pair of uses. Whoever writes
signals keeps one per person, kind and occasion.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from enum import Enum
from itertools import groupby, pairwise
from typing import TYPE_CHECKING, Final

from services.identity.domain.institutions import province_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from datetime import date, datetime
    from uuid import UUID


class SignalKind(Enum):
    """What a signal says."""

    DISTANT_PLACES = "DISTANT_PLACES"
    MANY_INSTITUTIONS = "MANY_INSTITUTIONS"
    LOST_CARD_SHOWN = "LOST_CARD_SHOWN"
    TOKEN_REPLAYED = "TOKEN_REPLAYED"  # noqa: S105 - no secret


# Showings that were refused and are signals by themselves, by the reason of the refusal.
_BY_OUTCOME: Final = {
    "CARD_LOST": SignalKind.LOST_CARD_SHOWN,
    "CREDENTIAL_USED": SignalKind.TOKEN_REPLAYED,
}
_PROVEN: Final = "OK"


@dataclass(frozen=True, slots=True, kw_only=True)
class Use:
    """One showing of a credential at an institution."""

    access_id: int
    time: datetime
    person_id: UUID
    institution_code: str
    outcome: str
    """`OK`, or the reason of refusal."""

    @property
    def province(self) -> str:
        """Province in the institution's code, xx0000."""
        return province_of(self.institution_code)


@dataclass(frozen=True, slots=True, kw_only=True)
class SignalRules:
    """From when on something is a signal; read from signals.yaml."""

    speed_kmh_max: int
    """Faster than this nobody travels from place to place."""
    distance_km_min: int
    """Nearer places than this are never too far from each other."""
    institutions_min: int
    """Different institutions on one civil day that make a signal."""
    distances_km: Mapping[tuple[str, str], int]
    """Between the seats of two provinces (xx0000, either way round): an approximation."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Signal:
    """Something that looks wrong."""

    kind: SignalKind
    person_id: UUID
    occasion: str
    institution_codes: tuple[str, ...]
    """In order of time, each once but for two places one after the other."""
    first_time: datetime
    last_time: datetime
    distance_km: int = 0
    use_count: int


def find_signals(
    uses: Iterable[Use], new: frozenset[int], rules: SignalRules, day_of: Callable[[datetime], date]
) -> list[Signal]:
    """Returns what the new uses are signals of.

    Args:
        uses: the new ones, and proven ones of the same persons from before.
        new: access ids of the new ones.
        rules: from when on something is a signal.
        day_of: civil date of an instant.
    """
    signals: list[Signal] = []
    ordered = sorted(uses, key=lambda use: (use.person_id, use.time, use.access_id))
    for _, group in groupby(ordered, key=lambda use: use.person_id):
        of_person = list(group)
        proven = [use for use in of_person if use.outcome == _PROVEN]
        signals += _refused(of_person, new, day_of)
        signals += _distant(proven, new, rules)
        signals += _many(proven, new, rules, day_of)
    return signals


def is_too_far(km: int, between: timedelta, rules: SignalRules) -> bool:
    """Tells whether nobody can have come that far in that time."""
    return km >= rules.distance_km_min and timedelta(hours=km) > between * rules.speed_kmh_max


def _refused(
    uses: Sequence[Use], new: frozenset[int], day_of: Callable[[datetime], date]
) -> Iterator[Signal]:
    # One signal a day and institution: a window that tries again is no new one.
    showings: dict[tuple[SignalKind, str], list[Use]] = {}
    for use in uses:
        kind = _BY_OUTCOME.get(use.outcome)
        if kind is not None and use.access_id in new:
            occasion = f"{day_of(use.time)}:{use.institution_code}"
            showings.setdefault((kind, occasion), []).append(use)
    for (kind, occasion), shown in showings.items():
        yield Signal(
            kind=kind,
            person_id=shown[0].person_id,
            occasion=occasion,
            institution_codes=(shown[0].institution_code,),
            first_time=shown[0].time,
            last_time=shown[-1].time,
            use_count=len(shown),
        )


def _distant(uses: Sequence[Use], new: frozenset[int], rules: SignalRules) -> Iterator[Signal]:
    # Uses that follow each other: whoever stays at the second place is no new signal there.
    for one, other in pairwise(uses):
        if not {one.access_id, other.access_id} & new:
            continue
        km = rules.distances_km.get((one.province, other.province), 0)
        if is_too_far(km, other.time - one.time, rules):
            yield Signal(
                kind=SignalKind.DISTANT_PLACES,
                person_id=one.person_id,
                occasion=f"{one.access_id}:{other.access_id}",
                institution_codes=(one.institution_code, other.institution_code),
                first_time=one.time,
                last_time=other.time,
                distance_km=km,
                use_count=2,
            )


def _many(
    uses: Sequence[Use],
    new: frozenset[int],
    rules: SignalRules,
    day_of: Callable[[datetime], date],
) -> Iterator[Signal]:
    for day, group in groupby(uses, key=lambda use: day_of(use.time)):
        of_day = list(group)
        institutions = tuple(dict.fromkeys(use.institution_code for use in of_day))
        if len(institutions) >= rules.institutions_min and any(
            use.access_id in new for use in of_day
        ):
            yield Signal(
                kind=SignalKind.MANY_INSTITUTIONS,
                person_id=of_day[0].person_id,
                occasion=str(day),
                institution_codes=institutions,
                first_time=of_day[0].time,
                last_time=of_day[-1].time,
                use_count=len(of_day),
            )

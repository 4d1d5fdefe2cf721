"""Signals: what looks wrong with the use of credentials, and what does not."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from uuid import UUID

import pytest

from services.identity.domain.signals import (
    Signal,
    SignalKind,
    Use,
    find_signals,
    is_too_far,
)
from services.identity.signal_rules import RULES_FILE, SignalRulesRefused, load_signal_rules
from services.kit import codes
from services.kit.clock import civil_date

RULES = load_signal_rules()
NOON = datetime(2026, 11, 20, 4, tzinfo=UTC)
SOMEBODY, ELSE = UUID(int=1), UUID(int=2)
YINCHUAN, BEIJING, URUMQI = "H64010400001", "H11010500001", "H65010200001"
_ids = count(1)


def use(institution: str, hours: float = 0, *, outcome: str = "OK", person: UUID = SOMEBODY) -> Use:
    return Use(
        access_id=next(_ids),
        time=NOON + timedelta(hours=hours),
        person_id=person,
        institution_code=institution,
        outcome=outcome,
    )


def found(uses: list[Use], new: list[Use] | None = None) -> list[Signal]:
    ids = frozenset(one.access_id for one in (uses if new is None else new))
    return find_signals(uses, ids, RULES, civil_date)


def test_two_places_that_nobody_travels_between() -> None:
    uses = [use(YINCHUAN), use(URUMQI, 1)]
    (signal,) = found(uses)
    assert signal.kind is SignalKind.DISTANT_PLACES
    assert signal.institution_codes == (YINCHUAN, URUMQI)
    assert (signal.first_time, signal.last_time) == (uses[0].time, uses[1].time)
    assert 1600 < signal.distance_km < 1750
    assert signal.occasion == f"{uses[0].access_id}:{uses[1].access_id}"


def test_a_flight_is_no_signal() -> None:
    assert found([use(YINCHUAN), use(URUMQI, 2)]) == []


def test_neighbours_are_no_signal() -> None:
    assert found([use(BEIJING), use("H12010100001", 0.01)]) == []  # Tianjin


def test_places_of_one_province_are_no_signal() -> None:
    assert found([use(BEIJING), use("H11010100001")]) == []


def test_whoever_stays_at_the_second_place_is_one_signal() -> None:
    uses = [use(YINCHUAN), use(BEIJING, 0.1), use(BEIJING, 0.2), use(BEIJING, 0.3)]
    assert len(found(uses)) == 1


def test_there_and_back_are_two() -> None:
    assert len(found([use(YINCHUAN), use(BEIJING, 0.1), use(YINCHUAN, 0.2)])) == 2


def test_what_was_looked_at_before_is_not_found_again() -> None:
    old = [use(YINCHUAN), use(BEIJING, 0.1)]
    new = use(BEIJING, 0.2)
    assert found([*old, new], [new]) == []


def test_an_old_use_and_a_new_one_are_a_pair() -> None:
    old, new = use(YINCHUAN), use(BEIJING, 0.1)
    assert len(found([old, new], [new])) == 1


def test_two_persons_are_no_pair() -> None:
    assert found([use(YINCHUAN), use(BEIJING, 0.1, person=ELSE)]) == []


def test_a_refused_use_is_at_no_place() -> None:
    assert found([use(YINCHUAN), use(BEIJING, 0.1, outcome="PERSON_MISMATCH")]) == []


def test_many_institutions_on_one_day() -> None:
    uses = [use(f"H6401040000{n}", n / 10) for n in range(5)]
    assert found(uses[:4]) == []
    (signal,) = found(uses)
    assert signal.kind is SignalKind.MANY_INSTITUTIONS
    assert signal.occasion == "2026-11-20"
    assert len(signal.institution_codes) == 5
    assert signal.use_count == 5


def test_one_institution_many_times_is_no_signal() -> None:
    assert found([use(YINCHUAN, n / 10) for n in range(9)]) == []


def test_the_day_ends_at_midnight_in_shanghai() -> None:
    # Noon UTC+8 and twelve hours: the fifth is on the next day.
    uses = [use(f"H6401040000{n}", n * 3) for n in range(5)]
    assert [civil_date(one.time).day for one in uses] == [20, 20, 20, 20, 21]
    assert found(uses) == []


@pytest.mark.parametrize(
    ("outcome", "kind"),
    [
        ("CARD_LOST", SignalKind.LOST_CARD_SHOWN),
        ("CREDENTIAL_USED", SignalKind.TOKEN_REPLAYED),
    ],
)
def test_a_refused_showing_is_one_signal_a_day_and_institution(
    outcome: str, kind: SignalKind
) -> None:
    uses = [
        use(YINCHUAN, 0, outcome=outcome),
        use(YINCHUAN, 1, outcome=outcome),
        use(BEIJING, 2, outcome=outcome),
    ]
    first, second = found(uses)
    assert (first.kind, first.use_count, first.occasion) == (kind, 2, f"2026-11-20:{YINCHUAN}")
    assert (second.institution_codes, second.use_count) == ((BEIJING,), 1)
    assert first.last_time == uses[1].time


@pytest.mark.parametrize("outcome", ["CARD_CANCELLED", "CREDENTIAL_EXPIRED", "INSTITUTION_UNKNOWN"])
def test_other_refusals_are_none(outcome: str) -> None:
    assert found([use(YINCHUAN, outcome=outcome)]) == []


def test_the_bounds_of_too_far() -> None:
    hour = timedelta(hours=1)
    assert not is_too_far(299, timedelta(0), RULES)
    assert is_too_far(300, timedelta(0), RULES)
    assert not is_too_far(900, hour, RULES)
    assert is_too_far(901, hour, RULES)


def test_every_province_has_a_seat_and_neighbours_are_near() -> None:
    km = RULES.distances_km
    assert {one for one, _ in km} == codes.PROVINCES.keys()
    # Railway distances are a little longer: 北京-天津 120 km, 北京-上海 1,300 km, 成都-重庆 300 km.
    assert 80 < km["110000", "120000"] < 130
    assert 1000 < km["110000", "310000"] < 1150
    assert 230 < km["510000", "500000"] < 320
    assert all(km[one, other] == km[other, one] for one, other in km)


@pytest.mark.parametrize(
    ("before", "after", "at"),
    [
        ('value: "900"', 'value: "0"', "thresholds.speed_kmh_max.value"),
        ('value: "5"', 'value: "-1"', "thresholds.institutions_min.value"),
        ('value: "300"', 'values: "300"', "thresholds.distance_km_min"),
        ('"110000": ["39.9", "116.4"]', '"110000": ["39.9"]', "seats.places.110000"),
        ('"110000": ["39.9", "116.4"]', '"110000": ["399", "116.4"]', "seats.places.110000"),
        ('"110000": ["39.9", "116.4"]', '"110000": ["NaN", "116.4"]', "seats.places.110000"),
        ('"110000": ["39.9", "116.4"]', '"810000": ["39.9", "116.4"]', "seats.places: "),
        ("seats:", "places:", "the file: "),
        ("thresholds:", "thresholds: [", "cannot be read"),
    ],
)
def test_a_file_that_is_not_known_is_refused(
    tmp_path: Path, before: str, after: str, at: str
) -> None:
    text = RULES_FILE.read_text(encoding="utf-8")
    assert before in text
    path = tmp_path / "signals.yaml"
    path.write_text(text.replace(before, after, 1), encoding="utf-8")
    with pytest.raises(SignalRulesRefused, match=at):
        load_signal_rules(path)

"""Rules about stays, claims and ways: each pair of bills at its bounds, from either side."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Any
from uuid import UUID

import pytest

from services.supervision.domain.model import Channel, Effect, ResultClass
from tests.unit.supervision.judging import (
    BED,
    CONSULTATION_INPATIENT,
    CT,
    DAY,
    OZAGREL,
    bill,
    found,
    line,
    settled,
    stay,
)

V, S, T = ResultClass.VIOLATION, ResultClass.SUSPICIOUS, ResultClass.TO_VERIFY
VISIT = UUID(int=500)
BEIJING = timezone(timedelta(hours=8))


def of(number: int, first: int, last: int, *lines: Any, **changes: Any) -> Any:
    return stay(number, DAY + timedelta(first), DAY + timedelta(last), *lines, **changes)


@pytest.mark.parametrize(
    ("one", "other", "hit"),
    [
        ((0, 9), (9, 12), False),  # transferred on the day of discharge
        ((0, 9), (8, 12), True),
        ((0, 9), (10, 12), False),
        ((0, 9), (2, 5), True),
        ((0, 9), (0, 9), True),
        ((0, 9), (4, 4), True),  # day surgery inside
        ((0, 9), (0, 0), False),
        ((0, 9), (9, 9), False),
        ((4, 4), (4, 4), False),
    ],
)
def test_overlapping_stays(one: tuple[int, int], other: tuple[int, int], *, hit: bool) -> None:
    changes = {"institution_code": "H31010100001", "care_region_code": "310101"}
    first, second = of(1, *one), of(2, *other, **changes)
    either = [found(first, second), found(second, first)]
    assert sum("OVERLAPPING_STAY" in findings for findings in either) == hit
    for findings in either:
        if "OVERLAPPING_STAY" in findings:
            finding = findings["OVERLAPPING_STAY"]
            assert (finding.effect, finding.line_ids) == (Effect.BLOCK, ())
            assert "20" not in finding.message_zh


def test_parts_of_one_stay_do_not_overlap_each_other() -> None:
    first, second = of(1, 0, 9, visit_id=VISIT), of(2, 5, 12, visit_id=VISIT)
    assert "OVERLAPPING_STAY" not in found(second, first)
    assert "SPLIT_STAY" not in found(of(3, 12, 14, visit_id=VISIT), second)


@pytest.mark.parametrize(("gap", "hit"), [(0, True), (15, True), (16, False)])
def test_split_stay(gap: int, *, hit: bool) -> None:
    assert ("SPLIT_STAY" in found(of(2, 9 + gap, 12 + gap), of(1, 0, 9))) is hit
    # Settled the other way round, it is found from the other side.
    late, early = of(60_000, 0, 9), of(1, 9 + gap, 12 + gap)
    assert ("SPLIT_STAY" in found(late, early)) is hit
    assert "SPLIT_STAY" not in found(early, late)


def test_a_stay_for_something_else_or_for_chemotherapy_is_not_split() -> None:
    assert "SPLIT_STAY" not in found(of(2, 12, 14, diagnosis_codes=("S72.000",)), of(1, 0, 9))
    cancer = {"diagnosis_codes": ("C34.900",)}
    assert "SPLIT_STAY" not in found(of(2, 12, 14, **cancer), of(1, 0, 9, **cancer))
    none: dict[str, Any] = {"diagnosis_codes": ()}
    assert "SPLIT_STAY" not in found(of(2, 12, 14, **none), of(1, 0, 9, **none))


@pytest.mark.parametrize(("day", "hit"), [(0, False), (1, True), (8, True), (9, False)])
def test_an_outpatient_bill_inside_a_stay(day: int, *, hit: bool) -> None:
    inside = settled(1, line(on=DAY + timedelta(day)))
    whole = of(2, 0, 9)
    assert ("OUTPATIENT_DURING_STAY" in found(whole, inside)) is hit
    late = settled(20_000, line(on=DAY + timedelta(day)))
    assert ("OUTPATIENT_DURING_STAY" in found(late, whole)) is hit
    emergency = settled(20_000, line(on=DAY + timedelta(day)), medical_type="13")
    assert "OUTPATIENT_DURING_STAY" not in found(emergency, whole)


@pytest.mark.parametrize(("busy", "hit"), [(0, True), (4, True), (5, False), (9, False)])
def test_a_stay_of_which_half_the_days_are_idle(busy: int, *, hit: bool) -> None:
    lines = [
        line(OZAGREL, id_=str(n), on=DAY + timedelta(n + 1), supply_days=1) for n in range(busy)
    ]
    one = of(1, 0, 10, line(BED, id_="bed", on=DAY + timedelta(10)), *lines)
    assert ("IDLE_STAY" in found(one)) is hit


def test_a_short_stay_is_not_idle() -> None:
    assert "IDLE_STAY" not in found(of(1, 0, 3))
    assert "IDLE_STAY" in found(of(1, 0, 4))


@pytest.mark.parametrize(("fen", "hit"), [(3999, False), (4000, True)])
def test_a_stay_for_examinations(fen: int, *, hit: bool) -> None:
    lines = (line(CT, amount_fen=fen), line(CONSULTATION_INPATIENT, id_="2", amount_fen=1000))
    assert ("EXAMINATION_STAY" in found(of(1, 0, 3, *lines))) is hit
    assert "EXAMINATION_STAY" not in found(of(1, 0, 4, *lines))
    assert "EXAMINATION_STAY" not in found(of(1, 0, 3, *lines, operation_codes=("47.0900",)))


def test_an_invoice_is_claimed_once_by_whatever_channel() -> None:
    manual = settled(1, invoice_key=b"one", channel=Channel.MANUAL)
    one = found(bill(invoice_key=b"one"), manual)["DUPLICATE_INVOICE"]
    assert (one.result_class, one.effect) == (V, Effect.BLOCK)
    assert one.other_bill_keys == (UUID(int=1),)
    assert "DUPLICATE_INVOICE" not in found(bill(invoice_key=b"two"), manual)
    assert "DUPLICATE_INVOICE" not in found(bill(), settled(1))


def test_the_same_care_by_both_channels() -> None:
    lines = [line(id_=str(n), amount_fen=1000 + n) for n in range(3)]
    manual = settled(1, *lines, channel=Channel.MANUAL)
    assert found(bill(*lines), manual)["DUPLICATE_CLAIM"].result_class is V
    more = bill(*lines, line(id_="9"))
    assert found(more, manual)["DUPLICATE_CLAIM"].result_class is T
    assert "DUPLICATE_CLAIM" not in found(bill(*lines[:2]), manual)
    assert "DUPLICATE_CLAIM" not in found(bill(*lines), settled(1, *lines))
    elsewhere = bill(*lines, institution_code="H31010100001")
    assert "DUPLICATE_CLAIM" not in found(elsewhere, manual)


def at(hour: int, minute: int = 0) -> datetime:
    return datetime(2026, 3, 9, hour, minute, tzinfo=BEIJING)


@pytest.mark.parametrize(
    ("region", "when", "hit"),
    [
        ("440104", at(11), True),
        ("440104", at(12, 5), True),  # 1,888 km: 2 h 6 min at 900 km/h
        ("440104", at(12, 7), False),
        ("120101", at(10, 1), False),  # too near to tell
        ("110108", at(10, 1), False),
    ],
)
def test_nobody_travels_faster_than_an_airliner(region: str, when: datetime, *, hit: bool) -> None:
    past = settled(1, settle_time=at(10))
    now = settled(2, settle_time=when, care_region_code=region)
    assert ("IMPOSSIBLE_TRAVEL" in found(now, past)) is hit


def test_travel_is_not_judged_before_settlement_or_for_another_day() -> None:
    past = settled(1, settle_time=at(10))
    assert "IMPOSSIBLE_TRAVEL" not in found(bill(care_region_code="440104"), past)
    yesterday = line(on=DAY - timedelta(1))
    late = settled(2, yesterday, settle_time=at(10, 5), care_region_code="440104")
    assert "IMPOSSIBLE_TRAVEL" not in found(late, past)


def test_a_visit_before_birth_is_refused() -> None:
    unborn = bill(birth_date=DAY + timedelta(1), begin_date=DAY, end_date=DAY)
    assert found(unborn)["IDENTITY_BIRTH"].effect is Effect.BLOCK
    newborn = bill(birth_date=DAY, begin_date=DAY, end_date=DAY)
    assert "IDENTITY_BIRTH" not in found(newborn)
    assert "IDENTITY_BIRTH" not in found(bill(birth_date=None, begin_date=DAY))

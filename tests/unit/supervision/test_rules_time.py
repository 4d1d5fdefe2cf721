"""Rules about how often and how long: each window below, at and above its bound."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

from services.supervision.domain.model import History, ResultClass
from services.supervision.domain.steps.visits import quantity_allowed, supply_left
from tests.unit.supervision.judging import (
    BED,
    CONSULTATION,
    CT,
    DAY,
    DULAGLUTIDE,
    OZAGREL,
    OZAGREL_OTHER,
    bill,
    found,
    line,
    settled,
    stay,
)

GLYCATED = "002503020030000"  # 糖化血红蛋白测定: once in 15 days
WEEKLY = "003402000350000"  # 儿童听力障碍语言训练: once in 7 days, for a year
MONITOR = "003107010220000"  # 心电监测: 24 hours a day
EMERGENCY_BED = "001103000010000"  # 急诊监护费: once a day
V, S, T = ResultClass.VIOLATION, ResultClass.SUSPICIOUS, ResultClass.TO_VERIFY


def days(count: int) -> timedelta:
    return timedelta(days=count)


@pytest.mark.parametrize(("quantity", "hit"), [("23.5", False), ("24", False), ("24.01", True)])
def test_hours_of_a_day(quantity: str, *, hit: bool) -> None:
    one = bill(line(MONITOR, quantity=Decimal(quantity)))
    assert ("ITEM_FREQUENCY" in found(one)) is hit


def test_a_day_is_added_up_over_its_lines_and_the_excess_is_at_fault() -> None:
    several = bill(*(line(MONITOR, id_=str(n), quantity=Decimal(10)) for n in range(4)))
    one = found(several)["ITEM_FREQUENCY"]
    assert (one.line_ids, one.result_class) == (("2", "3"), V)


@pytest.mark.parametrize(("quantity", "result"), [(5, T), (6, V)])
def test_a_stay_charged_in_one_line_is_to_be_verified_up_to_its_days(
    quantity: int, result: ResultClass
) -> None:
    one = stay(1, DAY - days(4), DAY, line(EMERGENCY_BED, quantity=Decimal(quantity)))
    assert found(one)["ITEM_FREQUENCY"].result_class is result


@pytest.mark.parametrize(("apart", "hit"), [(0, True), (1, True), (14, True), (15, False)])
def test_cycle(apart: int, *, hit: bool) -> None:
    past = settled(1, line(GLYCATED, on=DAY - days(apart)))
    assert ("ITEM_CYCLE" in found(bill(line(GLYCATED)), past)) is hit


def test_a_cycle_counts_within_the_bill_and_names_the_bills_before() -> None:
    of_stay = stay(
        2,
        DAY,
        DAY + days(20),
        line(GLYCATED, id_="a"),
        line(GLYCATED, id_="b", on=DAY + days(14)),
        line(GLYCATED, id_="c", on=DAY + days(15)),
    )
    # The third is a day after the second, although fifteen after the first.
    assert found(of_stay)["ITEM_CYCLE"].line_ids == ("b", "c")
    past = settled(1, line(GLYCATED, on=DAY - days(3)))
    one = found(bill(line(GLYCATED)), past)["ITEM_CYCLE"]
    assert one.other_bill_keys == (UUID(int=1),)


def test_two_units_on_one_day_are_one_use() -> None:
    assert "ITEM_CYCLE" not in found(bill(line(WEEKLY, quantity=Decimal(2)), line(WEEKLY, id_="2")))


@pytest.mark.parametrize(("used", "hit"), [(13, False), (14, True)])
def test_course_over_bills_and_makes(used: int, *, hit: bool) -> None:
    past = [
        settled(n + 1, line(OZAGREL_OTHER, on=DAY - days(n + 1)), medical_type="21")
        for n in range(used)
    ]
    of_course = found(bill(line(OZAGREL), medical_type="21"), *past)
    assert ("DRUG_COURSE" in of_course) is hit
    if hit:
        assert len(of_course["DRUG_COURSE"].other_bill_keys) == used


@pytest.mark.parametrize(("gap", "hit"), [(30, True), (31, False)])
def test_after_a_gap_another_course_begins(gap: int, *, hit: bool) -> None:
    past = settled(1, line(OZAGREL, on=DAY - days(gap + 13), supply_days=14), medical_type="21")
    assert ("DRUG_COURSE" in found(bill(line(OZAGREL), medical_type="21"), past)) is hit


def test_the_same_day_twice_is_one_day_of_use() -> None:
    lines = [line(OZAGREL, id_=str(n), on=DAY + days(n // 2)) for n in range(28)]
    assert "DRUG_COURSE" not in found(stay(1, DAY, DAY + days(14), *lines))


@pytest.mark.parametrize(("past", "hit"), [(28, False), (29, False), (30, True)])
def test_item_course(past: int, *, hit: bool) -> None:
    table = "003402000230000"  # 电动起立床训练: 30 days
    bills = [settled(n + 1, line(table, on=DAY - days(n + 1))) for n in range(past)]
    assert ("ITEM_COURSE" in found(bill(line(table)), *bills)) is hit


@pytest.mark.parametrize(("quantity", "hit"), [("11", False), ("11.5", True), ("12", True)])
def test_bed_days_are_the_nights_and_one(quantity: str, *, hit: bool) -> None:
    one = stay(1, DAY, DAY + days(10), line(BED, on=DAY + days(10), quantity=Decimal(quantity)))
    assert ("BED_DAYS" in found(one)) is hit


def test_all_kinds_of_bed_count_together() -> None:
    lines = [line(BED, quantity=Decimal(6)), line("001109000030000", id_="2", quantity=Decimal(6))]
    one = found(stay(1, DAY, DAY + days(10), *lines))["BED_DAYS"]
    assert (one.line_ids, one.result_class) == (("2",), V)


@pytest.mark.parametrize(
    ("fee", "hit"),
    [(DAY - days(4), True), (DAY - days(3), False), (DAY + days(5), False), (DAY + days(6), True)],
)
def test_fees_outside_the_visit(fee: date, *, hit: bool) -> None:
    one = stay(1, DAY, DAY + days(5), line(on=fee))
    assert ("FEE_OUTSIDE_VISIT" in found(one)) is hit


def test_without_dates_nothing_is_outside_the_visit() -> None:
    assert "FEE_OUTSIDE_VISIT" not in found(bill(line(on=DAY - days(90)), line(id_="2")))


# --- visits and purchases -------------------------------------------------------------------------


@pytest.mark.parametrize(("visits", "hit"), [(2, False), (3, True), (4, True)])
def test_visits_of_a_day(visits: int, *, hit: bool) -> None:
    past = [settled(n + 1) for n in range(visits)]
    assert ("VISIT_FREQUENCY_DAY" in found(settled(90), *past)) is hit


def test_parts_of_a_visit_pharmacies_stays_and_other_days_are_no_visits() -> None:
    visit = UUID(int=500)
    past = [
        settled(1, visit_id=visit),
        settled(2, visit_id=visit),
        settled(3, medical_type="41"),
        settled(4, line(on=DAY - days(1))),
        stay(5, DAY, DAY),
    ]
    assert "VISIT_FREQUENCY_DAY" not in found(settled(90), *past)


def test_a_month_is_one_of_the_calendar() -> None:
    first = date(2026, 4, 1)
    past = [settled(n + 1, line(on=first - days(n + 1))) for n in range(19)]
    assert "VISIT_FREQUENCY_MONTH" not in found(settled(90, line(on=first)), *past)
    assert "VISIT_FREQUENCY_MONTH" in found(settled(90, line(on=first - days(1))), *past)


@pytest.mark.parametrize(("apart", "hit"), [(7, True), (8, False)])
def test_purchases_of_a_substance_in_thirty_days(apart: int, *, hit: bool) -> None:
    past = [
        settled(n, line(DULAGLUTIDE, on=DAY - days(apart * n)), medical_type="41")
        for n in range(1, 5)
    ]
    now = settled(90, line(DULAGLUTIDE), medical_type="41")
    assert ("FREQUENT_PURCHASE" in found(now, *past)) is hit


def supplied(on: date, supply_days: int, **changes: Any) -> Any:
    return line(DULAGLUTIDE, on=on, supply_days=supply_days, quantity=Decimal(4), **changes)


@pytest.mark.parametrize(("ago", "hit"), [(20, True), (21, True), (22, False), (28, False)])
def test_a_drug_still_in_supply(ago: int, *, hit: bool) -> None:
    past = settled(1, supplied(DAY - days(ago), 28))
    assert ("SUPPLY_OVERLAP" in found(bill(supplied(DAY, 28)), past)) is hit


def test_a_reminder_says_what_was_dispensed_and_what_may_be() -> None:
    past = settled(1, supplied(DAY - days(14), 28))
    one = found(bill(supplied(DAY, 28)), past)["SUPPLY_OVERLAP"]
    assert "14天前已配4个单位" in one.message_zh
    assert "尚余14天用量" in one.message_zh
    assert "本次最多可配2个单位" in one.message_zh
    assert one.other_bill_keys == (UUID(int=1),)


def test_supplies_are_used_up_one_after_the_other() -> None:
    history = History(
        bills=(
            settled(1, supplied(DAY - days(20), 14)),
            settled(2, supplied(DAY - days(10), 14)),
            settled(3, supplied(DAY + days(3), 14)),
            stay(4, DAY - days(3), DAY, supplied(DAY - days(1), 30)),
        )
    )
    left = supply_left(history, DULAGLUTIDE, DAY)
    assert left is not None
    assert (left.days_left, left.last_date, left.last_supply_days) == (8, DAY - days(10), 14)
    assert supply_left(history, OZAGREL, DAY) is None
    assert supply_left(history, DULAGLUTIDE, DAY + days(90)) is None


@pytest.mark.parametrize(("left", "allowed"), [(0, 4), (2, 4), (9, 3), (29, 0), (30, 0), (90, 0)])
def test_quantity_allowed(left: int, allowed: int) -> None:
    assert quantity_allowed(supplied(DAY, 28), days_left=left, days_max=30) == allowed
    assert quantity_allowed(supplied(DAY, 0), days_left=left, days_max=30) == 0


@pytest.mark.parametrize(("apart", "hit"), [(0, True), (14, True), (15, False)])
def test_an_examination_repeated_elsewhere(apart: int, *, hit: bool) -> None:
    past = settled(1, line(CT, on=DAY - days(apart)), institution_code="H31010100001")
    assert ("REPEATED_EXAMINATION" in found(bill(line(CT)), past)) is hit
    assert "REPEATED_EXAMINATION" not in found(bill(line(CT), emergency=True), past)


def test_bills_of_one_department_on_one_day() -> None:
    past = [settled(n + 1) for n in range(3)]
    assert "SPLIT_PRESCRIPTION" in found(settled(90), *past)
    assert "SPLIT_PRESCRIPTION" not in found(settled(90), *past[:2])
    assert "SPLIT_PRESCRIPTION" not in found(settled(90, department_code="04"), *past)
    assert "SPLIT_PRESCRIPTION" not in found(settled(90, institution_code=""), *past)


def test_consultations_of_one_visit() -> None:
    twice = bill(line(CONSULTATION, quantity=Decimal(2)))
    assert found(twice)["CONSULTATION_QUANTITY"].line_ids == ("1",)
    assert "CONSULTATION_QUANTITY" not in found(bill())

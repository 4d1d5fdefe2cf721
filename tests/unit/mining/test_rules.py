"""Goal: each rule of mining finds what it says, to the whole number, and nothing beside it."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from services.kit.config import load
from services.mining.config import MiningConfig
from services.mining.engines import open_engine
from services.mining.run import mine
from services.mining.thresholds import Thresholds
from tests.support.mining import ITEMS, bill, write

STAY = {"medical_type_code": "21"}
NOON = datetime(2025, 3, 3, 4, tzinfo=UTC)


@pytest.fixture
def found(tmp_path):
    def mined(code, bills, **limits):
        write(tmp_path / "export", bills)
        with open_engine(load(MiningConfig, {}), tmp_path / "export") as engine:
            run = mine(engine, rule_codes=[code], limits=Thresholds(**limits))
        return run.findings[code]

    return mined


def test_stays_at_two_institutions_that_share_nights(found):
    one = bill(1, person_key="p", begin_date=date(2025, 3, 1), end_date=date(2025, 3, 6), **STAY)
    two = bill(
        2,
        person_key="p",
        institution_code="H11010000001",
        care_region_code="110100",
        begin_date=date(2025, 3, 4),
        end_date=date(2025, 3, 9),
        **STAY,
    )
    [finding] = found("OVERLAPPING_STAY", [one, two])
    assert (finding.bill_key, finding.other, finding.value) == (two.bill_key, one.bill_key, 2)
    assert finding.amount_fen == two.total_fen


def test_a_transfer_on_one_day_is_no_overlap(found):
    one = bill(1, person_key="p", begin_date=date(2025, 3, 1), end_date=date(2025, 3, 6), **STAY)
    two = bill(
        2,
        person_key="p",
        institution_code="H33010000002",
        begin_date=date(2025, 3, 6),
        end_date=date(2025, 3, 9),
        **STAY,
    )
    assert found("OVERLAPPING_STAY", [one, two]) == []


@pytest.mark.parametrize(("days", "hits"), [(0, 1), (15, 1), (16, 0)])
def test_a_stay_soon_after_another(found, days, hits):
    first = bill(1, person_key="p", begin_date=date(2025, 3, 1), end_date=date(2025, 3, 6), **STAY)
    back = date(2025, 3, 6) + timedelta(days=days)
    second = bill(
        2, person_key="p", begin_date=back, end_date=back + timedelta(days=3), total_fen=77, **STAY
    )
    findings = found("SPLIT_STAY", [first, second])
    assert [(one.bill_key, one.other, one.value) for one in findings] == (
        [(second.bill_key, first.bill_key, days)] * hits
    )


def test_parts_of_one_stay_and_other_diseases_are_not_split(found):
    first = bill(
        1,
        person_key="p",
        visit_key="v",
        end_date=date(2025, 3, 6),
        begin_date=date(2025, 3, 1),
        **STAY,
    )
    part = bill(
        2,
        person_key="p",
        visit_key="v",
        begin_date=date(2025, 3, 6),
        end_date=date(2025, 3, 8),
        **STAY,
    )
    other = bill(
        3,
        person_key="p",
        main_diagnosis_code="K80.201",
        begin_date=date(2025, 3, 9),
        end_date=date(2025, 3, 10),
        **STAY,
    )
    assert found("SPLIT_STAY", [first, part, other]) == []


def test_an_invoice_claimed_directly_and_by_hand(found):
    direct = bill(1, invoice_key="i")
    manual = bill(2, invoice_key="i", channel="MANUAL", settle_time=NOON + timedelta(days=30))
    [finding] = found("DUPLICATE_INVOICE", [direct, manual, bill(3), bill(4)])
    assert (finding.bill_key, finding.other, finding.value) == (manual.bill_key, direct.bill_key, 2)


def test_four_visits_a_day(found):
    bills = [bill(number, person_key="p") for number in range(1, 5)]
    [finding] = found("VISIT_FREQUENCY", [*bills, bill(9)])
    assert finding.bill_key == bills[-1].bill_key
    assert (finding.value, finding.reference) == (4, 4)
    assert finding.other.startswith("day:")


def test_twenty_visits_a_month(found):
    bills = [
        bill(number, person_key="p", begin_date=date(2025, 3, number)) for number in range(1, 21)
    ]
    [finding] = found("VISIT_FREQUENCY", bills)
    assert (finding.other, finding.value) == ("month:2025-03", 20)


def test_one_telephone_of_many_people_with_high_sums(found):
    dear = [bill(number, phone_key="t", total_fen=900_000) for number in range(1, 5)]
    family = [bill(number, phone_key="f", total_fen=100) for number in range(10, 14)]
    others = [bill(number, phone_key=f"t{number}") for number in range(20, 60)]
    findings = found("SHARED_PHONE", [*dear, *family, *others])
    assert {one.bill_key for one in findings} == {one.bill_key for one in dear}
    assert {(one.value, one.reference) for one in findings} == {(4, 3_600_000)}


def company(people, days):
    """Bills of people who come within ten minutes, across the full hour, on some days of March."""
    return [
        bill(
            100 * day + number,
            person_key=f"c{number}",
            begin_date=date(2025, 3, day),
            settle_time=datetime(2025, 3, day, 3, 54, tzinfo=UTC) + timedelta(minutes=2 * number),
        )
        for day in days
        for number in range(people)
    ]


def test_people_who_come_together_again_and_again(found):
    crowd = company(5, (3, 10, 20))
    alone = [bill(number, person_key=f"c{number}") for number in range(20, 28)]
    findings = found("CLUSTERED_VISITS", [*crowd, *alone])
    assert {one.bill_key for one in findings} == {one.bill_key for one in crowd[-5:]}
    assert {(one.value, one.other) for one in findings} == {(5, "H33010000001")}


@pytest.mark.parametrize(
    ("people", "days"), [(4, (3, 10, 20)), (5, (3, 10)), (5, (3, 10, 31)), (1, range(1, 20))]
)
def test_few_people_few_days_and_far_apart_are_no_crowd(found, people, days):
    assert found("CLUSTERED_VISITS", company(people, days), crowd_window_days=20) == []


def priced(number, institution, price, **changes):
    one = bill(number, institution_code=f"H3301000000{institution}", **changes)
    [line] = one.lines
    object.__setattr__(line, "unit_price", Decimal(price))
    object.__setattr__(line, "amount_fen", int(Decimal(price) * 100))
    return one


def test_a_price_far_above_the_peers(found):
    # The dear institution has most of the bills: each institution counts once.
    peers = [priced(number, number, price) for number, price in enumerate((9, 10, 10, 11, 12))]
    dear = [priced(number, 9, 20) for number in range(10, 30)]
    findings = found("PRICE_OUTLIER", [*peers, *dear])
    assert {one.bill_key for one in findings} == {one.bill_key for one in dear}
    [first, *_] = findings
    assert first.other == f"{ITEMS[0]}/01/330000"
    assert (first.value, first.reference, first.spread) == (20_000_000, 10_000_000, 1_000_000)
    assert (first.line_id, first.amount_fen) == ("1", 2000)


def test_few_institutions_are_no_peers(found):
    bills = [priced(number, number, price) for number, price in enumerate((10, 10, 10, 90))]
    assert found("PRICE_OUTLIER", bills) == []


def test_a_stay_far_dearer_than_its_peers(found):
    peers = [bill(number, total_fen=100_000 + number * 1000, **STAY) for number in range(30)]
    dear = bill(99, total_fen=900_000, **STAY)
    [finding] = found("COST_OUTLIER", [*peers, dear])
    assert finding.bill_key == dear.bill_key
    assert finding.reference == 115_000
    assert finding.other == "I10/01/330000"


def test_far_more_visits_than_others_of_the_province(found):
    often = [
        bill(number, person_key="p", begin_date=date(2025, 3, number)) for number in range(1, 11)
    ]
    others = [bill(number) for number in range(20, 30)]
    [finding] = found("FREQUENCY_OUTLIER", [*often, *others])
    assert (finding.bill_key, finding.value, finding.reference) == (often[-1].bill_key, 10, 1)


def test_a_telephone_passed_on_after_years_is_not_shared(found):
    bills = [
        bill(number, phone_key="t", total_fen=900_000, begin_date=date(2025, 1 + 3 * number, 3))
        for number in range(3)
    ]
    others = [bill(number, phone_key=f"t{number}") for number in range(20, 60)]
    assert len(found("SHARED_PHONE", [*bills, *others])) == 3
    assert found("SHARED_PHONE", [*bills, *others], phone_window_days=100) == []

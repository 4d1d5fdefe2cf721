"""Goal: a zone lets the insured region's catalogue stand in for what the care region's lacks."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest

from services.classification.classify import classify_lines, versions_used
from services.classification.model import UseLimit
from services.classification.zones import Zone, recognition_of
from tests.unit.classification.samples import BED, DAY, DRUG, item, line, parts, snapshot

ZONE = Zone(
    province_codes=frozenset({"310000", "320000", "330000"}),
    list_type_codes=frozenset({"101"}),
    begin_date=date(2026, 1, 1),
    end_date=date(2026, 3, 31),
)
CARE = snapshot(item(BED), region="310000")
HOME = snapshot(
    item(DRUG, "B", prior_self_pay_ratio=Decimal("0.1")),
    item("002103000010000"),
    item(BED, "C"),
    region="320000",
    version="v7",
)


def classified(bill, home=HOME, zone=ZONE):
    recognition = recognition_of((zone,), care_province="310000", insured=home)
    splits = classify_lines(CARE, bill, recognition=recognition)
    return splits, versions_used(CARE, recognition, splits)


def test_an_item_that_only_home_lists_is_classified_by_home():
    splits, versions = classified([line(), line(item_code=DRUG)])
    assert [parts(split) for split in splits] == [(0, 0, 0, 1000), (0, 0, 100, 900)]
    assert [split.recognised_region_code for split in splits] == ["", "320000"]
    assert [split.not_listed for split in splits] == [False, False]
    assert versions == "310000@v1+320000@v7"


@pytest.mark.parametrize(
    "fee_line",
    [
        line(item_code="002103000010000"),  # not a kind of list that is recognised
        line(item_code=DRUG, fee_date=date(2025, 12, 31)),
        line(item_code=DRUG, fee_date=date(2026, 4, 1)),
        line(item_code="XN07XXY322B004010101594"),  # listed nowhere
    ],
)
def test_what_the_zone_does_not_cover_stays_unlisted(fee_line):
    splits, versions = classified([fee_line])
    assert splits[0].not_listed
    assert parts(splits[0]) == (1000, 0, 0, 0)
    assert versions == "310000@v1"


def test_both_ends_of_the_zones_time_count():
    bill = [line(item_code=DRUG, fee_date=day) for day in (date(2026, 1, 1), date(2026, 3, 31))]
    assert not any(split.not_listed for split in classified(bill)[0])


def test_provinces_outside_recognise_nothing():
    away = snapshot(item(DRUG), region="640000")
    assert recognition_of((ZONE,), care_province="310000", insured=away) is None
    assert recognition_of((), care_province="310000", insured=HOME) is None


def test_the_local_suffix_of_a_service_item_is_not_looked_up_at_home():
    home = snapshot(item("001102000010000"), region="320000")
    zone = Zone(
        province_codes=ZONE.province_codes,
        list_type_codes=frozenset({"201"}),
        begin_date=ZONE.begin_date,
        end_date=None,
    )
    splits, _ = classified([line(item_code="001102000010000-110200001")], home, zone)
    assert splits[0].recognised_region_code == "320000"


def test_a_ceiling_at_home_that_refuses_leaves_the_line_unlisted():
    home = snapshot(item(DRUG, price_ceiling=Decimal(5), over_ceiling="reject"), region="320000")
    splits, versions = classified([line(item_code=DRUG, fee_date=DAY)], home)
    assert splits[0].not_listed
    assert versions == "310000@v1"


def test_local_codes_of_one_recognised_item_share_its_limit():
    limited = item("001102000010000", use_limits=(UseLimit(quantity=Decimal(3), period="day"),))
    zone = replace(ZONE, list_type_codes=frozenset({"201"}))
    bill = [line(quantity="2", item_code=f"001102000010000-{suffix}") for suffix in ("1", "2", "3")]
    splits, _ = classified(bill, snapshot(limited, region="320000"), zone)
    assert [parts(split) for split in splits] == [
        (0, 0, 0, 2000),
        (1000, 0, 0, 1000),
        (2000, 0, 0, 0),
    ]

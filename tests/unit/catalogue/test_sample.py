"""Goal: the sample catalogue is complete, valid, deterministic, and marked as a sample."""

from __future__ import annotations

import csv
import re
from collections import Counter
from dataclasses import replace
from datetime import date
from decimal import Decimal
from importlib import resources

import pytest

from services.catalogue.sample import (
    charge_category_of,
    regions,
    sample_items,
    sample_version,
)
from services.classification.snapshot import Snapshot
from services.classification.validation import item_problems
from services.kit.codes import CHARGE_CATEGORIES

REFERENCE = resources.files("services.catalogue").joinpath("reference")


def snapshot(region_code: str) -> Snapshot:
    return Snapshot(region_code=region_code, version="示例", items=sample_items(region_code))


def test_a_sample_is_kept_for_the_care_regions_of_the_demo():
    assert regions() == ("110000", "120000", "510000", "640000")
    with pytest.raises(KeyError):
        sample_items("440000")


@pytest.mark.parametrize("region_code", regions())
def test_every_item_is_valid_and_says_that_it_is_a_sample(region_code):
    items = sample_items(region_code)
    assert len(items) >= 16_000
    assert [problem for item in items for problem in item_problems(item, item.item_code)] == []
    assert all(item.sample for item in items)
    assert all(item.begin_date >= date(2017, 1, 1) for item in items)
    assert snapshot(region_code).item_count == len(items)
    assert [item.item_code for item in items] == sorted(item.item_code for item in items)


def test_every_published_code_is_there_under_its_published_name():
    published = {}
    for name, column in (("drugs.csv", "generic_name"), ("service_items.csv", "name")):
        text = REFERENCE.joinpath(name).read_text(encoding="utf-8")
        published |= {row["code"]: row[column] for row in csv.DictReader(text.splitlines())}
    items = {item.item_code: item.name for item in sample_items("510000")}
    assert items == published


def test_the_rule_is_deterministic_and_agrees_for_all_makers_of_one_drug():
    assert sample_items("640000") == sample_items("640000")
    generic_names: dict[str, set[str]] = {}
    overridden = {
        entry.split('"')[1]
        for entry in REFERENCE.joinpath("overrides/110000.yaml").read_text("utf-8").splitlines()
        if "item_code" in entry
    }
    for item in sample_items("110000"):
        if item.item_code.startswith("X") and item.item_code not in overridden:
            generic_names.setdefault(item.item_code[:10], set()).add(item.catalogue_class)
    assert {len(classes) for classes in generic_names.values()} == {1}


def test_all_classes_occur_and_only_b_has_a_ratio_of_its_region():
    for region_code, ratio in (("110000", "0.05"), ("510000", "0.10")):
        items = sample_items(region_code)
        drugs = Counter(item.catalogue_class for item in items if item.list_type_code != "201")
        assert set(drugs) == {"A", "B", "C"}
        ratios = Counter(item.prior_self_pay_ratio for item in items)
        assert ratios[Decimal(ratio)] > 5000


@pytest.mark.parametrize(
    ("item_code", "category"),
    [
        ("001109000010000", "01"),
        ("001102000050000", "02"),
        ("002103000010000", "03"),
        ("003107010010000", "03"),
        ("002503020030000", "04"),
        ("001203000010000", "05"),
        ("003402000200000", "05"),
        ("001103000010000", "12"),
        ("003205000030000", "06"),
        ("003310030200000", "06"),
        ("001201000030000", "07"),
        ("332508000090000", "04"),
        ("XN07XXD130E002010102774", "09"),
        ("ZA07AAA0061010100166", "11"),
    ],
)
def test_charge_category(item_code, category):
    assert charge_category_of(item_code) == category
    assert category in CHARGE_CATEGORIES


def test_an_override_may_take_an_item_out_or_give_it_a_history():
    found = snapshot("640000")
    assert found.lookup("ZA12HAG0369010102729", date(2017, 3, 1)) is None
    bed = "001109000030000"
    before, after = (found.lookup(bed, day) for day in (date(2021, 6, 30), date(2021, 7, 1)))
    assert before is not None
    assert after is not None
    assert (before.price_ceiling, after.price_ceiling) == (Decimal("80.00"), Decimal("120.00"))


def test_the_version_label_names_the_content():
    items = sample_items("510000")
    label = sample_version(items)
    assert re.fullmatch(r"sample-[0-9a-f]{12}", label)
    assert sample_version(sample_items("510000")) == label
    assert sample_version(items[1:]) != label
    changed = (replace(items[0], prior_self_pay_ratio=Decimal("0.1")), *items[1:])
    assert sample_version(changed) != label

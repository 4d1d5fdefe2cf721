"""Goal: a change of policy is shown value by value, and by what it costs whom, to the fen."""

from __future__ import annotations

import shutil
from datetime import date

import orjson
import pytest
from typer.testing import CliRunner

from services.benefits.domain.model import BenefitLevel, HospitalLevel, Person, Setting
from services.benefits.policies import load_pack
from services.cli.commands import app
from services.cli.policy.changes import Kind, find_changes
from services.cli.policy.consequences import consequences
from tests.unit.cli.packs import REGION, edit, set_value, write_pack

TODAY = date(2026, 11, 22)
FILE = "resident/inpatient.yaml"


@pytest.fixture
def folders(tmp_path):
    old = write_pack(tmp_path / "old")
    new = tmp_path / "new" / REGION
    shutil.copytree(old, new)
    return old, new


def changes(folders):
    old, new = folders
    return [
        (c.kind, c.file, c.parameter, c.key, c.effective_from, c.old, c.new)
        for c in find_changes(load_pack(old), load_pack(new))
    ]


def computed(folders):
    old, new = folders
    return consequences(load_pack(old), load_pack(new), today=TODAY)


def test_two_texts_alike_differ_in_nothing_and_nothing_is_computed(folders):
    edit(folders[1] / "index.yaml", "name_en: Nanyang", "name_en: Nan yang")
    assert changes(folders) == []
    assert computed(folders) == []


def test_a_changed_value_is_named_with_date_key_and_both_values(folders):
    edit(folders[1] / FILE, '"3": 500.00', '"3": 700.00')
    assert changes(folders) == [
        (Kind.CHANGED, FILE, "deductible.amount", "3", date(2026, 1, 1), "500.00", "700.00")
    ]


def test_a_value_from_a_later_day_is_an_addition(folders):
    edit(
        folders[1] / FILE,
        "          3_top: 500.00\n",
        "          3_top: 500.00\n      2026-09-01: {value: {any: 800.00}}\n",
    )
    found = changes(folders)
    assert {(kind, day, new) for kind, _, _, _, day, _, new in found} == {
        (Kind.ADDED, date(2026, 9, 1), "800.00")
    }
    assert {key for _, _, _, key, *_ in found} == {"community", "1", "2", "3", "3_top"}


def test_another_source_of_the_same_value_is_told_apart(folders):
    edit(folders[1] / FILE, "  status: secondary", "  status: sample")
    found = changes(folders)
    assert {kind for kind, *_ in found} == {Kind.SOURCE}
    assert {(old, new) for *_, old, new in found} == {
        ("secondary: 宛政〔2025〕9号", "sample: 宛政〔2025〕9号")
    }
    assert not [one for one in computed(folders) if one.differs]


def test_a_new_or_dropped_file_and_other_steps_are_named(folders):
    new = folders[1]
    (new / "resident" / "outpatient.yaml").unlink()
    edit(new / FILE, "persons: [minor, adult, elderly]", "persons: [minor, adult]")
    found = changes(folders)
    assert (Kind.CHANGED, FILE, "persons", "", None, "minor, adult, elderly", "minor, adult") in (
        found
    )
    gone = [one for one in found if one[1] == "resident/outpatient.yaml"]
    assert gone
    assert {kind for kind, *_ in gone} == {Kind.REMOVED}


def test_a_raised_deductible_costs_what_the_ratio_makes_of_it(folders):
    # 200 more at level 3: the patient pays 200 more and the fund 160 less of it, 80 % of 200; the
    # ratio at home is 80 %, so 160 more; in another province without referral 60 %: 120 more.
    edit(folders[1] / FILE, '"3": 500.00', '"3": 700.00')
    found = computed(folders)
    assert {one.sample.setting for one in found} == {Setting.INPATIENT}
    assert {one.sample.scheme_code for one in found} == {"390"}
    assert {one.sample.person for one in found} == {Person.MINOR, Person.ADULT, Person.ELDERLY}
    assert {one.sample.benefit_level for one in found} == set(BenefitLevel)
    assert {one.sample.day for one in found} == {date(2026, 1, 1), TODAY}
    differing = [one for one in found if one.differs]
    assert {one.sample.level for one in differing} == {HospitalLevel.TERTIARY}
    small = {
        (one.sample.care_region_code == REGION, one.sample.benefit_level): one.difference
        for one in differing
        if one.sample.in_scope == 300_000
    }
    assert small == {
        (True, BenefitLevel.LONG_TERM): 16_000,
        (False, BenefitLevel.LONG_TERM): 16_000,
        (False, BenefitLevel.REFERRAL): 14_000,
        (False, BenefitLevel.EMERGENCY): 14_000,
        (False, BenefitLevel.TEMPORARY): 12_000,
        (False, BenefitLevel.UNFILED): 14_000,
    }


def test_one_amount_is_above_the_cap(folders):
    # Cap 200,000 → 250,000: a bill of twice that gets 50,000 more from the pooled fund, of which
    # critical illness would have paid 80 %: 10,000 less for the patient.
    set_value(folders[1], FILE, "pooled_cap.amount", "250000.00")
    found = [one for one in computed(folders) if one.differs]
    assert {one.sample.in_scope for one in found} == {30_000_000, 50_000_000}
    above = [one for one in found if one.sample.in_scope == 50_000_000]
    assert {one.difference for one in above} == {-1_000_000}


def test_the_day_before_and_the_day_of_a_change_are_computed(folders):
    edit(
        folders[1] / FILE,
        "          3_top: 500.00\n",
        "          3_top: 500.00\n      2026-09-01: {value: {any: 800.00}}\n",
    )
    found = computed(folders)
    assert {one.sample.day for one in found} == {date(2026, 8, 31), date(2026, 9, 1), TODAY}
    assert {one.sample.day for one in found if one.differs} == {date(2026, 9, 1), TODAY}


def test_what_is_newly_covered_or_no_longer_is_no_difference_in_money(folders):
    (folders[1] / "resident" / "outpatient.yaml").unlink()
    found = [one for one in computed(folders) if one.differs]
    assert found
    assert {one.difference for one in found} == {None}
    assert {one.new.refused for one in found} == {"setting outpatient"}


def test_the_command_prints_changes_rows_and_a_summary(folders, tmp_path):
    edit(folders[1] / FILE, '"3": 500.00', '"3": 700.00')
    arguments = ["policy", "diff", *map(str, folders), "--data-dir", str(tmp_path)]
    done = CliRunner().invoke(app, arguments)
    assert done.exit_code == 0
    for said in ("修改 changed", "deductible.amount", "700.00", "160.00", "多付 pay more"):
        assert said in done.output
    every = CliRunner().invoke(app, [*arguments, "--all"])
    assert every.output.count("REFERRAL") > done.output.count("REFERRAL")
    document = orjson.loads(CliRunner().invoke(app, [*arguments, "--json"]).stdout)
    assert document["changes"][0]["new"] == "700.00"
    assert document["differing_count"] == len(document["consequences"]) > 0
    assert document["sample_count"] == len(computed(folders))


def test_without_a_difference_it_says_so(folders, tmp_path):
    done = CliRunner().invoke(
        app, ["policy", "diff", *map(str, folders), "--data-dir", str(tmp_path)]
    )
    assert (done.exit_code, "no value differs" in done.output) == (0, True)


def test_policies_of_two_regions_are_not_compared(tmp_path):
    done = CliRunner().invoke(
        app, ["policy", "diff", "110000", "610500", "--data-dir", str(tmp_path)]
    )
    assert done.exit_code == 2
    assert "of two regions" in done.output

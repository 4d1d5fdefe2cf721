"""One fixture per refusal: the shipped sample pack with one thing wrong.

A refusal names the file, the path inside it, what is wrong and what would be right.
"""

from __future__ import annotations

import shutil

import pytest

from services.benefits.domain.errors import PolicyRefused
from services.benefits.policies import PACKS_FOLDER, load_pack, load_policy

EMPLOYEE = "employee/inpatient.yaml"
INDEX = "index.yaml"
PARAMETERS = "parameters."
MODE = "{value: per_stay, status: sample, reference: 650100-S1, verified_on: 2026-11-20}"
AMOUNTS = '{community: 200.00, "1": 200.00, "2": 400.00, "3": 900.00, 3_top: 900.00}'
UNFILED = "{value: 0.20, status: sample, reference: 650100-S1, verified_on: 2026-11-20}"
UNFILED_AT = "parameters.reduction.unfiled.history.2017-01-01"
UNFILED_HISTORY = "parameters.reduction.unfiled.history"
AMOUNT_AT = "parameters.deductible.amount.history.2017-01-01.value"
SCALE_AT = "parameters.segments.scale.history.2017-01-01.value"
LEVEL_1 = '"1": [{above: 0.00, ratio: 0.92}]'
TERTIARY = '"3": [{above: 0.00, ratio: 0.85}]'


LATER = "{value: 0.10, status: sample, reference: 650100-S1, verified_on: 2026-11-20}"
ENDING = "{value: 0.20, status: sample, reference: 650100-S1, verified_on: 2026-11-20, until: %s}"
YEAR_END = (
    "year_end:\n    unit: choice\n    history:\n      2017-01-01:\n        value: split_by_days"
)
BY_LEVEL = YEAR_END.replace("    history", "    by: [level]\n    history").replace(
    "split_by_days", "{any: one_bill}"
)

REFUSALS = {
    # YAML that could be read in two ways
    "duplicate key": (
        EMPLOYEE, 'scheme: "310"', 'scheme: "310"\nscheme: "390"', "line 5", "duplicate key scheme"
    ),
    "duplicate key in a flow mapping": (
        EMPLOYEE, '"2": 400.00', '"1": 300.00, "2": 400.00', "line 25", "duplicate key 1"
    ),
    "anchor": (EMPLOYEE, "value: half_up", "value: &a half_up", "line 15", "anchors"),
    "tag": (EMPLOYEE, "value: half_up", "value: !!str half_up", "line 15", "tags"),
    "list as key": (EMPLOYEE, 'scheme: "310"', '[a, b]: 1\nscheme: "310"', "line 4", "plain key"),
    "not yaml": (EMPLOYEE, "persons: [in_service", "persons: [in_service]]", "line 7", "expected"),
    "two documents": (
        EMPLOYEE, "setting: inpatient", "---\nsetting: inpatient", "line 5", "another document"
    ),
    # codes and dates
    "unquoted area": (INDEX, 'area: "650100"', "area: 650100", "area", 'quote it: "650100"'),
    "area of another folder": (INDEX, 'area: "650100"', 'area: "650200"', "area", 'write "650100"'),
    "unquoted scheme": (EMPLOYEE, 'scheme: "310"', "scheme: 310", "scheme", 'quote it: "310"'),
    "scheme that is no main scheme": (EMPLOYEE, 'scheme: "310"', 'scheme: "340"', "scheme", "340"),
    "unquoted level": (EMPLOYEE, '"3": 900.00', "3: 900.00", AMOUNT_AT, 'quote it: "3"'),
    "version label": (INDEX, 'version: "2026.11"', 'version: "v1"', "version", "year and month"),
    "version read as number": (INDEX, '"2026.11"', "2026.11", "version", "quote it"),
    "benefit year": (INDEX, "calendar", "insurance", "benefit_year", "calendar"),
    "date form": (EMPLOYEE, "from: 2017-01-01", "from: 2017/1/1", "supported.from", "2026-11-01"),
    "date out of calendar": (
        EMPLOYEE, "from: 2017-01-01", "from: 2017-02-29", "supported.from", "calendar"
    ),
    "window upside down": (
        EMPLOYEE, "until: null", "until: 2016-12-31", "supported", "ends before it starts"
    ),
    # unknown and missing things
    "unknown key of a file": (EMPLOYEE, "setting:", "settting: x\nsetting:", "settting", "unknown"),
    "missing key of a file": (EMPLOYEE, "setting: inpatient\n", "", "(top)", "has no `setting`"),
    "unknown key of an entry": (
        EMPLOYEE, f"2017-01-01: {UNFILED}", f"2017-01-01: {UNFILED[:-1]}, stats: x}}",
        f"{UNFILED_AT}.stats", "unknown key",
    ),
    "unknown parameter": (
        EMPLOYEE, "reduction.unfiled:", "reduction.unfilled:", "parameters.reduction.unfilled",
        "unknown parameter",
    ),
    "missing parameter": (
        EMPLOYEE,
        f"  reduction.unfiled:\n    unit: /1\n    history:\n      2017-01-01: {UNFILED}\n",
        "",
        "parameters",
        "has no `reduction.unfiled`",
    ),
    "parameter that no step reads": (
        EMPLOYEE,
        "parameters:\n",
        f"parameters:\n  pooled_cap.amount:\n    unit: CNY\n    history: {{2017-01-01: {LATER}}}\n",
        "parameters.pooled_cap.amount",
        "no listed step reads it",
    ),
    "unknown level": (
        EMPLOYEE, "3_top: 900.00", "3_top: 900.00, top: 1.00", AMOUNT_AT, "unknown key top"
    ),
    "missing level": (EMPLOYEE, ', "3": 900.00', "", AMOUNT_AT, "no value for ['3']"),
    "hole that has a value": (
        EMPLOYEE, f"value: {AMOUNTS}", f'not_modelled: [["3"]]\n        value: {AMOUNTS}',
        f"{AMOUNT_AT}.3", "listed not_modelled",
    ),
    "hole of no such level": (
        EMPLOYEE, f"value: {AMOUNTS}", f'not_modelled: [["4"]]\n        value: {AMOUNTS}',
        AMOUNT_AT, "not_modelled names",
    ),
    "value for a table": (EMPLOYEE, AMOUNTS, "900.00", AMOUNT_AT, "is not a table"),
    "unknown dimension": (EMPLOYEE, "by: [level]", "by: [levels]", "amount.by", "levels"),
    "dimension twice": (
        EMPLOYEE, "by: [level]", "by: [level, level]", "deductible.amount.by", "twice"
    ),
    "unknown person": (EMPLOYEE, "[in_service, retired]", "[pupil]", "persons", "'pupil'"),
    "unknown status": (EMPLOYEE, "status: sample", "status: law", "status", "published"),
    "published without a document number": (
        EMPLOYEE, "status: sample", "status: published", "status", "without number"
    ),
    "missing reference": (
        EMPLOYEE, UNFILED, "{value: 0.20, status: sample, verified_on: 2026-11-20}",
        UNFILED_AT, "has no `reference`",
    ),
    "reference that is not in the index": (
        EMPLOYEE, UNFILED, UNFILED.replace("650100-S1", "650100-S2"),
        f"{UNFILED_AT}.reference", "650100-S2 is not in index.yaml",
    ),
    "missing verified_on": (
        EMPLOYEE, UNFILED, "{value: 0.20, status: sample, reference: 650100-S1}",
        UNFILED_AT, "has no `verified_on`",
    ),
    # values
    "unit": (EMPLOYEE, "unit: CNY\n", "unit: /1\n", "parameters.deductible.amount.unit", "`CNY`"),
    "money without decimals": (EMPLOYEE, '"3": 900.00', '"3": 900', f"{AMOUNT_AT}.3", "900.00"),
    "money with three decimals": (
        EMPLOYEE, '"3": 900.00', '"3": 900.000', f"{AMOUNT_AT}.3", "two decimals"
    ),
    "money as text": (EMPLOYEE, '"3": 900.00', '"3": "900.00"', f"{AMOUNT_AT}.3", "two decimals"),
    "negative money": (EMPLOYEE, '"3": 900.00', '"3": -900.00', f"{AMOUNT_AT}.3", "negative"),
    "number with a leading zero": (
        EMPLOYEE, '"3": 900.00', '"3": 0900.00', f"{AMOUNT_AT}.3", "'0900.00' is not an amount"
    ),
    "number with an exponent": (
        EMPLOYEE, '"3": 900.00', '"3": 9e2', f"{AMOUNT_AT}.3", "'9e2' is not an amount"
    ),
    "ratio above one": (
        EMPLOYEE, TERTIARY, TERTIARY.replace("0.85", "85.0"), f"{SCALE_AT}.3", "outside 0..1"
    ),
    "ratio below zero": (
        EMPLOYEE, "value: 0.20", "value: -0.20", f"{UNFILED_AT}.value", "outside 0..1"
    ),
    "ratio with six decimals": (
        EMPLOYEE, "value: 0.20", "value: 0.200001", f"{UNFILED_AT}.value", "five decimals"
    ),
    "ratio as a percentage": (
        EMPLOYEE, "value: 0.20", "value: 20%", f"{UNFILED_AT}.value", "'20%' is not a ratio"
    ),
    "ratio that is not a number": (
        EMPLOYEE, "value: 0.20", "value: .nan", f"{UNFILED_AT}.value", "'.nan' is not a ratio"
    ),
    "brackets descending": (
        EMPLOYEE, LEVEL_1,
        '"1": [{above: 0.00, ratio: 0.9}, {above: 40.00, ratio: 0.9}, {above: 30.00, ratio: 0.9}]',
        f"{SCALE_AT}.1", "brackets descend",
    ),
    "brackets equal": (
        EMPLOYEE, LEVEL_1, '"1": [{above: 0.00, ratio: 0.9}, {above: 0.00, ratio: 0.8}]',
        f"{SCALE_AT}.1", "brackets descend",
    ),
    "brackets not from zero": (
        EMPLOYEE, LEVEL_1, '"1": [{above: 10.00, ratio: 0.9}]', f"{SCALE_AT}.1", "start at 0.00"
    ),
    "bracket of another form": (
        EMPLOYEE, LEVEL_1, '"1": [{from: 0.00, ratio: 0.9}]', f"{SCALE_AT}.1", "another form"
    ),
    "empty scale": (EMPLOYEE, LEVEL_1, '"1": []', f"{SCALE_AT}.1", "is not a scale"),
    "unknown word": (EMPLOYEE, "per_stay", "per_visit", "deductible.mode", "one of: per_stay"),
    "unknown rounding": (EMPLOYEE, "half_up", "half_even", "rounding", "half_up, down"),
    "empty list of words": (
        EMPLOYEE, "value: [in_scope, prior_self_pay]", "value: []", "account.pays", "list of words"
    ),
    "unknown choice at the year's end": (
        EMPLOYEE, "value: split_by_days", "value: halves", "parameters.year_end",
        "one of: one_bill, split_by_days",
    ),
    "choice at the year's end by level": (
        EMPLOYEE, YEAR_END, BY_LEVEL, "parameters.year_end", "drop `by`"
    ),
    "choice at the year's end of outpatient care": (
        EMPLOYEE, "setting: inpatient", "setting: outpatient", "parameters.year_end", "only stays"
    ),
    # histories
    "gap before the first value": (
        EMPLOYEE, f"2017-01-01: {UNFILED}", f"2017-06-01: {UNFILED}", UNFILED_HISTORY, "gap"
    ),
    "gap between two values": (
        EMPLOYEE, UNFILED, f"{ENDING % '2019-12-30'}\n      2020-01-01: {LATER}",
        UNFILED_HISTORY, "end it on 2019-12-31",
    ),
    "overlap": (
        EMPLOYEE, UNFILED, f"{ENDING % '2020-01-01'}\n      2020-01-01: {LATER}",
        UNFILED_HISTORY, "overlap",
    ),
    "gap after the last value": (
        EMPLOYEE, UNFILED, ENDING % "2020-01-01", UNFILED_HISTORY, "support ends never"
    ),
    "dates descending": (
        EMPLOYEE, UNFILED, f"{UNFILED}\n      2016-01-01: {LATER}", UNFILED_HISTORY, "ascending"
    ),
    "empty history": (
        EMPLOYEE, f"history:\n      2017-01-01: {UNFILED}", "history: {}", UNFILED_HISTORY, "empty"
    ),
    # steps
    "step twice": (
        EMPLOYEE, "[deductible, segments, account]", "[deductible, deductible, segments]",
        "steps", "twice",
    ),
    "step too early": (
        EMPLOYEE, "[deductible, segments, account]", "[segments, deductible]", "steps", "too early"
    ),
    "no segments": (EMPLOYEE, "[deductible, segments, account]", "[deductible]", "steps", "no `"),
    "account not last": (
        EMPLOYEE, "[deductible, segments, account]", "[deductible, segments, account, pooled_cap]",
        "steps", "not last",
    ),
    "unknown step": (
        EMPLOYEE, "[deductible, segments, account]", "[deductible, segment]", "steps", "'segment'"
    ),
    "critical illness for employees": (
        EMPLOYEE, "[deductible, segments, account]", "[deductible, segments, critical_illness]",
        "steps", "of residents",
    ),
    "account for residents": (EMPLOYEE, 'scheme: "310"', 'scheme: "390"', "steps", "of employees"),
    "decreasing without a step": (
        EMPLOYEE, "per_stay", "decreasing_stay", "parameters.deductible.step", "both or neither"
    ),
    "nth stay without a table by stay": (
        EMPLOYEE, "per_stay", "nth_stay", "parameters.deductible.amount", "by: [stay]"
    ),
}  # fmt: skip


@pytest.fixture
def pack(tmp_path):
    return shutil.copytree(PACKS_FOLDER / "650100", tmp_path / "650100")


def test_the_pack_that_the_fixtures_change_is_accepted(pack):
    assert load_pack(pack).region_code == "650100"


@pytest.mark.parametrize("name", REFUSALS)
def test_refused(pack, name):
    file, good, bad, path, text = REFUSALS[name]
    content = (pack / file).read_text(encoding="utf-8")
    assert good in content, "the fixture no longer fits the pack"
    (pack / file).write_text(content.replace(good, bad, 1), encoding="utf-8")
    with pytest.raises(PolicyRefused) as refused:
        load_pack(pack)
    error = refused.value
    assert error.file == f"650100/{file}"
    assert path in error.path
    assert text in f"{error.problem}; {error.right}"
    assert error.problem
    assert error.right


def test_two_files_for_one_scheme_and_setting_are_refused(pack):
    shutil.copy(pack / EMPLOYEE, pack / "employee" / "stay.yaml")
    with pytest.raises(PolicyRefused, match="keep one file"):
        load_pack(pack)


def test_a_pack_without_index_is_refused(pack):
    (pack / INDEX).unlink()
    with pytest.raises(PolicyRefused, match="is missing"):
        load_pack(pack)


def test_a_file_that_is_not_utf8_is_refused(pack):
    (pack / INDEX).write_bytes("name: 乌鲁木齐".encode("gb18030"))
    with pytest.raises(PolicyRefused, match="UTF-8"):
        load_pack(pack)


def test_a_file_that_is_too_large_is_refused(pack):
    (pack / INDEX).write_bytes(b"#" * 300_000)
    with pytest.raises(PolicyRefused, match="too large"):
        load_pack(pack)


def test_an_empty_folder_is_refused(tmp_path):
    with pytest.raises(PolicyRefused, match="holds no pack"):
        load_policy(tmp_path)


def test_the_version_names_region_label_and_content(pack):
    version = load_pack(pack).version
    region, _, rest = version.partition("@")
    label, _, content_hash = rest.partition("-")
    assert (region, label) == ("650100", "2026.11")
    assert len(content_hash) == 12
    assert load_pack(pack).version == version
    (pack / EMPLOYEE).write_text((pack / EMPLOYEE).read_text() + "# a comment\n")
    assert load_pack(pack).version != version

"""The loader refuses, with file and line, everything that it does not know."""

from __future__ import annotations

import re
import shutil
import time
from typing import TYPE_CHECKING

import pytest

from services.supervision.domain.steps.limits import Limit
from services.supervision.rules_loader import RULES_DIR, build, load_rules, read_directory
from services.supervision.rules_manifest import RuleDataRefused
from tests.unit.supervision.screening import inclusions

if TYPE_CHECKING:
    from pathlib import Path

TABLES = read_directory(RULES_DIR)
SEX_HEADER = "batch,limit,drug_code,generic_name,value,note\n"
SEX_ROW = "1,sex,XL02BBA326A001010102180,阿帕他胺片,男,note\n"


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    target = tmp_path / "rules"
    shutil.copytree(RULES_DIR, target)
    return target


def edit(path: Path, old: str, new: str, *, count: int = 1) -> None:
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, count), encoding="utf-8")


def refusal(directory: Path) -> RuleDataRefused:
    with pytest.raises(RuleDataRefused) as caught:
        load_rules(directory)
    return caught.value


def test_the_shipped_rules_load_in_under_a_second() -> None:
    start_s = time.process_time()
    rules = load_rules()
    assert time.process_time() - start_s < 1
    assert re.fullmatch(r"[0-9a-f]{16}", rules.version)
    checks = [one for of_item in rules.by_item.values() for one in of_item]
    assert sum(isinstance(one, Limit) for one in checks) == 13101
    assert sum(len(included) for included in inclusions(rules).values()) == 900


def test_the_version_is_that_of_the_content(directory: Path) -> None:
    before = load_rules(directory).version
    assert before == load_rules().version
    edit(directory / "drug_sex.csv", "限转移性", "限 转移性")
    assert load_rules(directory).version != before


def test_the_rule_set_cannot_be_changed() -> None:
    rules = load_rules()
    with pytest.raises(TypeError):
        rules.by_item["x"] = ()  # type: ignore[index]
    with pytest.raises(TypeError):
        rules.names["x"] = ""  # type: ignore[index]
    with pytest.raises(AttributeError):
        rules.version = "other"  # type: ignore[misc]


@pytest.mark.parametrize(
    ("file", "edited", "problem", "line"),
    [
        ("drug_sex.csv", ("batch,limit", "batch,kind"), "the columns are not", 1),
        ("drug_sex.csv", (",value,note", ",value"), "the columns are not", 1),
        ("drug_sex.csv", ("batch", "\ufeffbatch"), "the columns are not", 1),
        ("drug_sex.csv", ("1,sex,XL", "1,sex,extra,XL"), "7 cells instead of 6", 2),
        ("drug_sex.csv", (",男,", ",男性,"), "the word '男性' has no reading", 2),
        ("drug_sex.csv", (",男,", ",,"), "the word '' has no reading", 2),
        ("drug_sex.csv", ("1,sex", "1,age"), "the limit column does not say sex", 2),
        ("drug_sex.csv", ("1,sex", "9,sex"), "batch is not one of", 2),
        ("drug_sex.csv", ("XL02BBA326A001010102180", "XL02BBA326A00101010218"), "drug code", 2),
        ("drug_sex.csv", ("XL02BBA326A001010102180", "XL02BBA326A00101010218٠"), "drug code", 2),
        ("drug_sex.csv", ("XL02BBA326A001010178537", "XL02BBA326A001010102180"), "given twice", 3),
        ("drug_sex.csv", ("阿帕他胺片", " "), "without a name", 2),
        ("drug_sex.csv", ("阿帕他胺片", "阿帕他\x00胺片"), "control characters", 2),
        ("drug_sex.csv", ("阿帕他胺片", "阿帕他\u202e胺片"), "control characters", 2),
        ("drug_sex.csv", ("阿帕他胺片", "片" * 1001), "too long", 2),
        ("drug_sex.csv", ("阿帕他胺片", '阿"帕'), "", 2),
        ("item_sex.csv", ("002101030280000", "2101030280000"), "service item code", 2),
        ("item_sex.csv", ("002101030280000", "002101030280000-1"), "service item code", 2),
        ("item_age.csv", ("儿童,\n", "少年,\n"), "the word '少年' has no reading", 2),
        ("item_duplicate.csv", (",单日,", ",单周,"), "the word '单周' has no reading", 2),
        ("item_duplicate.csv", ("001102000030000", "001103000010000"), "include itself", 2),
        (
            "item_duplicate.csv",
            ("001109000010000", "001102000030000"),
            "the pair is given twice",
            3,
        ),
    ],
)
def test_refused_rows(
    directory: Path, file: str, edited: tuple[str, str], problem: str, line: int
) -> None:
    edit(directory / file, *edited)
    if problem:
        found = refusal(directory)
        assert (found.file, found.line) == (file, line)
        assert problem in found.problem
    else:  # a quote in the middle of a bare cell is plain text in CSV
        load_rules(directory)


def test_refused_files(directory: Path) -> None:
    path = directory / "drug_sex.csv"
    whole = path.read_bytes()
    path.write_bytes(b"")
    assert refusal(directory).problem == "no rows"
    path.write_text(SEX_HEADER, encoding="utf-8")
    assert refusal(directory).problem == "no rows"
    path.write_bytes(whole.replace("男".encode(), "男".encode("gbk"), 1))
    assert refusal(directory).problem == "not UTF-8"
    path.write_text(SEX_HEADER + SEX_ROW.replace("note", '"note'), encoding="utf-8")
    assert refusal(directory).problem == "not CSV"
    path.unlink()
    assert refusal(directory).problem == "drug_sex.csv is missing"
    path.write_bytes(whole)
    (directory / "drug_more.csv").write_bytes(whole)
    assert refusal(directory).problem == "no rule reads this file"
    (directory / "drug_more.csv").unlink()
    for rule in directory.glob("*.yaml"):
        rule.unlink()
    assert str(refusal(directory)) == "*.yaml:1: the pack has no rules"


def test_a_word_or_note_that_no_row_has_is_refused(directory: Path) -> None:
    edit(directory / "drug_sex.yaml", "words: {男: male,", "words: {雄: male, 男: male,")
    assert "no row says 雄" in refusal(directory).problem
    shutil.copy(RULES_DIR / "drug_sex.yaml", directory)
    edit(
        directory / "drug_setting.yaml", "contains: 限急诊或住院患者", "contains: 限急诊和住院患者"
    )
    assert "no row with 住院 has a note" in refusal(directory).problem


def test_a_row_that_two_notes_claim_is_refused(directory: Path) -> None:
    edit(
        directory / "drug_level.yaml",
        "  - {word: 三级, contains: 二级及以上眼科专科医院",
        "  - {word: 三级, contains: 眼科, reading: level_3}\n"
        "  - {word: 三级, contains: 二级及以上眼科专科医院",
    )
    found = refusal(directory)
    assert found.file == "drug_level.csv"
    assert "different readings" in found.problem


VALUE, UNKNOWN, PATTERN = (
    "RULE_PACK_VALUE_INVALID",
    "RULE_PACK_FIELD_UNKNOWN",
    "RULE_PACK_PATTERN_FORBIDDEN",
)
ZERO, REPEATED, MALFORMED = (
    "RULE_PACK_DIVIDES_BY_ZERO",
    "RULE_PACK_REPEATED",
    "RULE_PACK_MALFORMED",
)
MISMATCH, LARGE, EXAMPLES = (
    "RULE_PACK_TABLE_MISMATCH",
    "RULE_PACK_TOO_LARGE",
    "RULE_PACK_EXAMPLES_MISSING",
)


@pytest.mark.parametrize(
    "row",
    [
        ("drug_sex", "code: DRUG_SEX", "code: drug_sex", "code does not match", VALUE),
        ("drug_sex", "code: DRUG_SEX", "code: DRUG_AGE", "is named drug_age.yaml", REPEATED),
        ("drug_sex", "file: drug_sex.csv", "file: ../drug_sex.csv", "file does not match", VALUE),
        ("drug_sex", "file: drug_sex.csv", "file: none.csv", "none.csv is missing", MISMATCH),
        ("drug_sex", "name_zh: 限性别用药", "name_zh: ''", "expected a text", VALUE),
        ("drug_sex", "name_zh: 限性别用药", "name_cn: 限性别用药", "name_zh is missing", VALUE),
        ("drug_sex", "kind: sex\n", "kind: sex\ncolour: red\n", "unknown key colour", UNKNOWN),
        ("drug_sex", "kind: sex\n", "kind: sex\nkind: age\n", "duplicate key kind", MALFORMED),
        ("drug_sex", "kind: sex\n", "kind: gender\n", "gender is no kind of rule", UNKNOWN),
        ("drug_sex", "kind: sex\n", "kind: &k sex\n", "anchors", MALFORMED),
        ("drug_sex", "kind: sex\n", "kind: !!str sex\n", "tags", MALFORMED),
        ("drug_sex", "kind: sex\n", "kind: [\n", "not YAML", MALFORMED),
        ("drug_sex", "kind: sex\n", f"kind: {'[' * 30}{']' * 30}\n", "too deep", MALFORMED),
        ("drug_sex", "kind: sex\n", "1: x\nkind: sex\n", "a key is no text", MALFORMED),
        ("drug_sex", "layout: drug\n", "layout: duplicate\n", "does not read the layout", VALUE),
        ("drug_sex", "VIOLATION, zh: 限男", "BAD, zh: 限男", "BAD is not one of", VALUE),
        ("drug_sex", "sex: MALE", "sex: UNKNOWN", "a limit needs a known sex", VALUE),
        ("drug_sex", "sex: MALE, status: published", "sex: MALE", "status is missing", VALUE),
        ("drug_sex", "MALE, status: published", "MALE, status: guessed", "published or", VALUE),
        ("drug_sex", "MALE, status: published", "MALE, status: interpretation", "reason", VALUE),
        ("drug_sex", "words: {男: male,", "words: {男: man,", "man is named but not given", VALUE),
        ("drug_sex", "女: female}", "女: male}", "female is given but no word", VALUE),
        ("drug_sex", "severity: MEDIUM", "severity: AWFUL", "AWFUL is not one of", VALUE),
        ("drug_sex", 'from: "2021-05-01"', 'from: "2021-5-1"', "no date written", VALUE),
        (
            "drug_sex",
            'from: "2021-05-01"',
            'from: "2021-05-01"\neffective_until: "2021-04-30"',
            "effective_until is before",
            VALUE,
        ),
        ("drug_sex", 'source_batches: ["1"]', 'source_batches: ["1", "1"]', "twice", REPEATED),
        (
            "drug_sex",
            "severity: MEDIUM",
            "severity: MEDIUM\nwhen_unscreened: REFUSE",
            "only",
            VALUE,
        ),
        ("drug_sex", "severity: MEDIUM", "severity: MEDIUM\nwhen_unknown: MAYBE", "NONE", VALUE),
        ("drug_sex", "severity: MEDIUM", "severity: MEDIUM\nsample: perhaps", "true or", VALUE),
        (
            "drug_sex",
            "severity: MEDIUM",
            'severity: MEDIUM\nscope: {level_ranks: ["4"]}',
            "level_ranks are 0 to 3",
            VALUE,
        ),
        ("drug_sex", "severity: MEDIUM", "severity: MEDIUM\nscope: {days: 3}", "days", UNKNOWN),
        ("drug_sex", "name_zh: 限性别用药", f"name_zh: {'长' * 401}", "at most 400", LARGE),
        ("drug_age", "years_max: 17", "years_max: 1.7", "not a whole number", VALUE),
        ("drug_age", "years_max: 17", "years_max: true", "not a whole number", VALUE),
        ("drug_age", "years_max: 17", "years_max: 151", "is not from 0 to 150", VALUE),
        ("item_age", "days_max: 28", "days_max: 28\n    years_max: 1", "not in both", VALUE),
        ("item_age", "years_min: 16", "years_min: 64", "above years_max", VALUE),
        ("drug_setting", "settings: [INPATIENT], st", "settings: [], st", "known settings", VALUE),
        ("drug_setting", "settings: [INPATIENT], st", "settings: INPATIENT, st", "list", MALFORMED),
        ("drug_setting", "words: {住院: inpatient}", "words: [住院]", "expected keys", MALFORMED),
        ("drug_level", "rank_min: 2, status", "rank_min: 4, status", "not from 1 to 3", VALUE),
        ("duplicate_charge", "window: DAY, status", "window: WEEK, status", "WEEK is not", VALUE),
        ("drug_age", "{word: 儿童, contains", "{word: 小儿, contains", "no reading of its", VALUE),
        ("split_stay", "days_max: 15", "days_max: 0", "not from 1 to 90", VALUE),
        ("split_stay", "days_max: 15", "days_max: 15\n  pattern: (a+)+$", "patterns", PATTERN),
        ("split_stay", "days_max: 15", "days_max: 15\n  regex: .*", "patterns", PATTERN),
        ("idle_stay", '["001102",', '["(0+)+$",', "patterns are not used", PATTERN),
        ("idle_stay", '["001102",', '["00.*",', "patterns are not used", PATTERN),
        ("idle_stay", '["001102",', '["小",', "no beginning of a code", VALUE),
        ("idle_stay", 'share_min: "1/2"', 'share_min: "1/0"', "divides by zero", ZERO),
        ("idle_stay", 'share_min: "1/2"', "share_min: 1.5", "not above 0 and up to 1", VALUE),
        ("idle_stay", 'share_min: "1/2"', "share_min: 1e3", "not a share", VALUE),
        ("pet_ct_quantity", "quantity_max: 2", "quantity_max: 0", "not above zero", VALUE),
        ("pet_ct_quantity", "days: 180", "days: 999", "not from 1 to 400", VALUE),
        ("consultation_quantity", "  items:", "  days_each: 0\n  items:", "days_each", ZERO),
        ("bed_days", 'prefixes: ["001109"]', "prefixes: 001109", "expected a list", MALFORMED),
        ("diagnosis_sex", "sex: FEMALE, d", "sex: UNKNOWN, d", "needs a known sex", VALUE),
        ("overlapping_stay", "class: VIOLATION\n", "class: SUSPICIOUS\n", "only a vio", VALUE),
        ("shared_phone", "moments: [AUDIT]", "moments: [SCREENING]", "at AUDIT only", VALUE),
        (
            "impossible_travel",
            "province_distances.csv",
            "none.csv",
            "none.csv is missing",
            MISMATCH,
        ),
        ("item_cycle", "finds: [{result_class: VIOLATION", "finds: [{class: V", "missing", VALUE),
        ("item_cycle", 'item: "002503020030000"', "item: HELLO", "is no item code", VALUE),
        ("item_cycle", "    history:\n", "    past:\n", "unknown key past", UNKNOWN),
        ("supply_ordinary", 'medical_types: ["11"]', 'medical_types: ["ll"]', "2 digits", VALUE),
        ("supply_ordinary", 'medical_types: ["11"]', 'medical_types: ["１１"]', "2 digits", VALUE),
        ("drug_scheme", 'scheme_codes: ["510"]', 'scheme_codes: ["51O"]', "3 digits", VALUE),
        ("drug_sex", 'from: "2021-05-01"', 'from: "2021-W18-6"', "no date written", VALUE),
        ("drug_sex", 'from: "2021-05-01"', 'from: "0001-01-01"', "no date written", VALUE),
        ("drug_sex", 'from: "2021-05-01"', 'from: "9999-12-31"', "no date written", VALUE),
        ("split_stay", "days_max: 15", f"days_max: {'9' * 5000}", "whole number", VALUE),
        ("split_stay", "days_max: 15", f"days_max: '{'9' * 300}'", "whole number", VALUE),
        ("idle_stay", 'share_min: "1/2"', "share_min: 1e-999999999", "not a share", VALUE),
        ("fee_too_old", "T10:00:00+08:00", "T10:00:00", "no time written", VALUE),
        ("fee_too_old", "2026-03-09T", "0001-01-01T", "no time written", VALUE),
        ("fee_too_old", "2026-03-09T", "9999-12-31T", "no time written", VALUE),
    ],
)
def test_refused_rules(row: tuple[str, str, str, str, str]) -> None:
    file, old, new, problem, reason = row
    contents = {name: TABLES[name] for name in TABLES if name.endswith(".csv")}
    text = TABLES[f"{file}.yaml"].decode()
    assert old in text
    contents[f"{file}.yaml"] = text.replace(old, new, 1).encode()
    with pytest.raises(RuleDataRefused) as caught:
        build(contents)
    found = caught.value
    assert found.file == f"{file}.yaml"
    assert found.line >= 1
    assert problem in found.problem
    assert found.reason == reason
    assert found.metadata["file"] == found.file
    assert found.metadata["line"] == str(found.line)


def test_the_line_and_field_of_a_refusal_are_those_of_the_value(directory: Path) -> None:
    edit(directory / "idle_stay.yaml", 'share_min: "1/2"', 'share_min: "1/0"')
    lines = (directory / "idle_stay.yaml").read_text(encoding="utf-8").splitlines()
    found = refusal(directory)
    assert "share_min" in lines[found.line - 1]
    assert found.metadata["field"] == "parameters.share_min"


def test_a_rule_without_a_hit_or_a_non_hit_is_refused(directory: Path) -> None:
    path = directory / "diagnosis_missing.yaml"
    whole = path.read_text(encoding="utf-8")
    path.write_text(whole[: whole.index("examples:")], encoding="utf-8")
    assert refusal(directory).reason == EXAMPLES
    path.write_text(whole[: whole.index("  - name: 有诊断")], encoding="utf-8")
    assert refusal(directory).reason == EXAMPLES


@pytest.mark.parametrize("content", [b"", b"[]", b"text", b"\xff\xfe", b"a: 1\n---\nb: 2\n"])
def test_what_is_no_rule_is_refused(directory: Path, content: bytes) -> None:
    (directory / "drug_sex.yaml").write_bytes(content)
    assert refusal(directory).file == "drug_sex.yaml"


def test_a_folder_holds_rules_and_tables_only(directory: Path, tmp_path: Path) -> None:
    (directory / "run.sh").write_text("true\n", encoding="utf-8")
    assert refusal(directory).reason == UNKNOWN
    (directory / "run.sh").unlink()
    outside = tmp_path / "outside.yaml"
    outside.write_text("code: X\n", encoding="utf-8")
    (directory / "outside.yaml").symlink_to(outside)
    assert refusal(directory).reason == UNKNOWN


def test_too_much_is_refused_before_it_is_read(directory: Path) -> None:
    with (directory / "huge.csv").open("wb") as file:
        file.truncate(17 * 2**20)
    assert refusal(directory).reason == LARGE
    (directory / "huge.csv").unlink()
    (directory / "huge.yaml").write_bytes(b"#" * (2**18 + 1))
    assert refusal(directory).reason == LARGE


def test_a_quoted_number_of_days_is_as_far_back_as_a_bare_one(directory: Path) -> None:
    # Read as none, the rule would be given no history, and be silent.
    edit(directory / "pet_ct_quantity.yaml", "days: 180", 'days: "180"')
    rule = load_rules(directory).rule("PET_CT_QUANTITY")
    assert rule is not None
    assert rule.history_days == 180

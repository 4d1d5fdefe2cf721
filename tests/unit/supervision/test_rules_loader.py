"""The loader refuses, with file and line, everything that it does not know."""

from __future__ import annotations

import re
import shutil
import time
from typing import TYPE_CHECKING

import pytest

from services.supervision.rules_loader import RULES_DIR, load_rules
from services.supervision.rules_manifest import RuleDataRefused

if TYPE_CHECKING:
    from pathlib import Path

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
    start_s = time.perf_counter()
    rules = load_rules()
    assert time.perf_counter() - start_s < 1
    assert re.fullmatch(r"[0-9a-f]{16}", rules.version)
    assert sum(len(limits) for limits in rules.limits.values()) == 13101
    assert sum(len(included) for included in rules.inclusions.values()) == 900


def test_the_version_is_that_of_the_content(directory: Path) -> None:
    before = load_rules(directory).version
    assert before == load_rules().version
    edit(directory / "drug_sex.csv", "限转移性", "限 转移性")
    assert load_rules(directory).version != before


def test_the_rule_set_cannot_be_changed() -> None:
    rules = load_rules()
    with pytest.raises(TypeError):
        rules.limits["x"] = ()  # type: ignore[index]
    with pytest.raises(TypeError):
        rules.inclusions["x"] = {}  # type: ignore[index]
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
    assert "no rule of rules.yaml reads this file" in refusal(directory).problem
    (directory / "drug_more.csv").unlink()
    (directory / "rules.yaml").unlink()
    assert str(refusal(directory)) == "rules.yaml:1: missing"


def test_a_word_or_note_that_no_row_has_is_refused(directory: Path) -> None:
    path = directory / "rules.yaml"
    whole = path.read_text(encoding="utf-8")
    edit(path, "words: {男: male,", "words: {雄: male, 男: male,")
    assert "no row says 雄" in refusal(directory).problem
    path.write_text(whole, encoding="utf-8")
    edit(path, "contains: 限急诊或住院患者", "contains: 限急诊和住院患者")
    assert "no row with 住院 has a note" in refusal(directory).problem


def test_a_row_that_two_notes_claim_is_refused(directory: Path) -> None:
    edit(
        directory / "rules.yaml",
        "      - {word: 三级, contains: 二级及以上眼科专科医院",
        "      - {word: 三级, contains: 眼科, reading: level_3}\n"
        "      - {word: 三级, contains: 二级及以上眼科专科医院",
    )
    found = refusal(directory)
    assert found.file == "drug_level.csv"
    assert "different readings" in found.problem


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ("code: DRUG_SEX", "code: drug_sex", "code does not match"),
        ("code: DRUG_AGE", "code: DRUG_SEX", "DRUG_SEX is given twice"),
        ("file: drug_age.csv", "file: drug_sex.csv", "drug_sex.csv is given twice"),
        ("file: drug_age.csv", "file: ../drug_age.csv", "file does not match"),
        ("name_zh: 限性别用药", "name_zh: ''", "expected a text"),
        ("name_zh: 限性别用药", "name_cn: 限性别用药", "name_zh is missing"),
        ("name_en: Drug limited by sex", "name_en: x\n    colour: red", "unknown key colour"),
        ("name_en: Drug limited by sex", "name_en: x\n    name_en: y", "name_en is given twice"),
        ("step: sex_limit\n", "step: gender_limit\n", "gender_limit is not one of"),
        ("layout: drug\n    limit_word: sex", "layout: duplicate", "does not read the layout"),
        (
            "result_class: VIOLATION, zh: 限男性",
            "result_class: BAD, zh: 限男性",
            "BAD is not one of",
        ),
        ("sex: MALE", "sex: UNKNOWN", "a limit needs a known sex"),
        ("sex: MALE, status: published", "sex: MALE", "status is missing"),
        ("sex: MALE, status: published", "sex: MALE, status: guessed", "published or interpret"),
        ("sex: MALE, status: published", "sex: MALE, status: interpretation", "gives its reason"),
        ("words: {男: male,", "words: {男: man,", "reading man is named but not given"),
        ('years_max: "17"', 'years_max: "1.7e1"', "not a number"),
        ('days_max: "28"', 'days_max: "28"\n        years_max: "1"', "not in both"),
        ('        years_min: "16"\n', '        years_min: "64"\n', "above years_max"),
        ("settings: [INPATIENT], status", "settings: [], status", "needs known settings"),
        ("settings: [INPATIENT], status", "settings: INPATIENT, status", "expected a list"),
        ('rank_min: "2", status', 'rank_min: "4", status', "rank_min is 1, 2 or 3"),
        ("window: DAY, status", "window: WEEK, status", "WEEK is not one of"),
        ("{word: 儿童, contains", "{word: 小儿, contains", "has no reading of its own"),
        ("words: {住院: inpatient}", "words: [住院]", "expected keys and values"),
        ("steps:\n", "stages:\n", "steps is missing"),
        ("rules:\n", "extra: 1\nrules:\n", "unknown key extra"),
        ("rules:\n", "rules: [\n", "not YAML"),
    ],
)
def test_refused_manifests(directory: Path, old: str, new: str, problem: str) -> None:
    edit(directory / "rules.yaml", old, new)
    found = refusal(directory)
    assert found.file == "rules.yaml"
    assert found.line >= 1
    assert problem in found.problem


def test_an_unused_reading_is_refused(directory: Path) -> None:
    edit(directory / "rules.yaml", "words: {男: male, 女: female}", "words: {男: male, 女: male}")
    assert "reading female is given but no word or note has it" in refusal(directory).problem


@pytest.mark.parametrize("content", [b"", b"[]", b"text", b"\xff\xfe"])
def test_what_is_no_manifest_is_refused(directory: Path, content: bytes) -> None:
    (directory / "rules.yaml").write_bytes(content)
    assert refusal(directory).file == "rules.yaml"

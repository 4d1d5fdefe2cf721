"""The published rules on single lines, each limit below, at and above its bound."""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest

from services.supervision.domain.model import (
    Bill,
    Finding,
    Line,
    ResultClass,
    Setting,
    Sex,
    age_years,
    level_rank_of,
    setting_of,
)
from services.supervision.domain.ruleset import RuleSet
from services.supervision.rules_loader import load_rules
from tests.unit.supervision.screening import inclusions, limited, screen

V, S, T = ResultClass.VIOLATION, ResultClass.SUSPICIOUS, ResultClass.TO_VERIFY

# Real codes of the published batches.
DRUG_MALE = "XL02BBA326A001010102180"  # 阿帕他胺片
DRUG_CHILD = "ZA04CAE0023010100166"  # 儿童清肺口服液
DRUG_INPATIENT = "XB05BAU012B002010102180"  # parenteral nutrition
DRUG_LEVEL_2 = "ZA05CAC0029010102312"  # 参附注射液
DRUG_LEVEL_3_EYE = "XS01LAA308G003010104021"  # 阿柏西普: level 3, or an eye hospital of level 2
DRUG_FIRST_PRESCRIPTION = "XA10BJD332B002010178403"  # 度拉糖肽
DRUG_WORK_INJURY = "ZH01AAB0066010100716"  # 疤痕止痒软化膏
ITEM_FEMALE = "002101030300000"  # 子宫造影
ITEM_CHILD = "004500000100000"  # 小儿捏脊治疗
ITEM_NEWBORN = "003112020010000"  # 新生儿暖箱
ITEM_INFANT = "001301000010000"  # 婴幼儿健康体检
ITEM_WORKING_AGE = "003402000320000"  # 职业功能训练
MONITORING = "001103000010000"  # 急诊监护费 includes, per day,
WARD_BED = "001109000010000"  # 普通病房床位费
NOT_LIMITED = "001101000010000"  # 挂号费

DAY = date(2026, 3, 9)


@pytest.fixture(scope="module")
def rules() -> RuleSet:
    return load_rules()


def line(code: str, *, id_: str = "1", on: date = DAY, fen: int = 1000) -> Line:
    return Line(line_id=id_, item_code=code, fee_date=on, quantity=Decimal(1), amount_fen=fen)


def bill(*lines: Line, **changes: Any) -> Bill:
    plain = Bill(
        sex=Sex.FEMALE,
        birth_date=date(1980, 5, 1),
        medical_type="11",
        institution_level="02",
        scheme_code="310",
        lines=lines,
    )
    return replace(plain, **changes)


def classes(findings: tuple[Finding, ...]) -> list[tuple[str, ResultClass]]:
    return [(one.rule_code, one.result_class) for one in findings]


@pytest.mark.parametrize(
    ("code", "sex", "expected"),
    [
        (DRUG_MALE, Sex.MALE, []),
        (DRUG_MALE, Sex.FEMALE, [("DRUG_SEX", V)]),
        (DRUG_MALE, Sex.UNKNOWN, [("DRUG_SEX", T)]),
        (ITEM_FEMALE, Sex.FEMALE, []),
        (ITEM_FEMALE, Sex.MALE, [("ITEM_SEX", V)]),
        (ITEM_FEMALE + "-210103030", Sex.MALE, [("ITEM_SEX", V)]),  # local suffix
        (NOT_LIMITED, Sex.UNKNOWN, []),
    ],
)
def test_sex(rules: RuleSet, code: str, sex: Sex, expected: list[Any]) -> None:
    assert classes(screen(bill(line(code), sex=sex), rules)) == expected


@pytest.mark.parametrize(
    ("code", "born", "expected"),
    [
        (DRUG_CHILD, DAY.replace(year=2008) + timedelta(1), []),  # 17: the day before 18
        (DRUG_CHILD, DAY.replace(year=2008), [("DRUG_AGE", V)]),  # 18 today
        (DRUG_CHILD, DAY, []),
        (DRUG_CHILD, None, [("DRUG_AGE", T)]),
        (DRUG_CHILD, DAY + timedelta(1), [("DRUG_AGE", T)]),  # born after the fee: unusable
        (ITEM_CHILD, DAY.replace(year=2008), [("ITEM_AGE", V)]),
        (ITEM_NEWBORN, DAY - timedelta(28), []),
        (ITEM_NEWBORN, DAY - timedelta(29), [("ITEM_AGE", T)]),  # may be preterm
        (ITEM_NEWBORN, DAY.replace(year=2025) + timedelta(1), [("ITEM_AGE", T)]),
        (ITEM_NEWBORN, DAY.replace(year=2025), [("ITEM_AGE", V)]),
        (ITEM_INFANT, DAY.replace(year=2023) + timedelta(1), []),
        (ITEM_INFANT, DAY.replace(year=2023), [("ITEM_AGE", T)]),
        (ITEM_INFANT, DAY.replace(year=2019), [("ITEM_AGE", V)]),
        (ITEM_WORKING_AGE, DAY.replace(year=2010), []),  # 16
        (ITEM_WORKING_AGE, DAY.replace(year=2010) + timedelta(1), [("ITEM_AGE", T)]),
        (ITEM_WORKING_AGE, DAY.replace(year=1962) + timedelta(1), []),  # 63
        (ITEM_WORKING_AGE, DAY.replace(year=1962), [("ITEM_AGE", T)]),
    ],
)
def test_age(rules: RuleSet, code: str, born: date | None, expected: list[Any]) -> None:
    found = screen(bill(line(code), birth_date=born, medical_type="11"), rules)
    assert classes(found) == expected


@pytest.mark.parametrize(
    ("medical_type", "expected"),
    [
        ("21", []),
        ("2101", []),  # a local child keeps its parent's meaning
        ("52", []),
        ("5302", []),
        ("11", [("DRUG_SETTING", V)]),
        ("13", [("DRUG_SETTING", V)]),
        ("41", [("DRUG_SETTING", V)]),
        ("27", [("DRUG_SETTING", T)]),
        ("", [("DRUG_SETTING", T)]),
    ],
)
def test_setting(rules: RuleSet, medical_type: str, expected: list[Any]) -> None:
    assert classes(screen(bill(line(DRUG_INPATIENT), medical_type=medical_type), rules)) == expected


def test_a_note_that_says_emergency_or_inpatient_widens_the_word(rules: RuleSet) -> None:
    # 安宫牛黄丸: the word says 住院, the note 限急诊或住院患者.
    code = next(c for c, name in rules.names.items() if name == "安宫牛黄丸")
    assert screen(bill(line(code), medical_type="13"), rules) == ()
    assert screen(bill(line(code), medical_type="21"), rules) == ()
    found = screen(bill(line(code), medical_type="11"), rules)
    assert classes(found) == [("DRUG_SETTING", V)]
    assert "限急诊或住院" in found[0].message_zh


@pytest.mark.parametrize(
    ("code", "level", "expected"),
    [
        (DRUG_LEVEL_2, "01", []),
        (DRUG_LEVEL_2, "07", []),
        (DRUG_LEVEL_2, "08", [("DRUG_LEVEL", V)]),
        (DRUG_LEVEL_2, "11", [("DRUG_LEVEL", V)]),
        (DRUG_LEVEL_2, "", []),  # not given: not applied
        (DRUG_LEVEL_3_EYE, "04", []),
        (DRUG_LEVEL_3_EYE, "05", [("DRUG_LEVEL", T)]),
        (DRUG_LEVEL_3_EYE, "08", [("DRUG_LEVEL", V)]),
        (DRUG_FIRST_PRESCRIPTION, "05", []),
        (DRUG_FIRST_PRESCRIPTION, "08", [("DRUG_LEVEL", T)]),
    ],
)
def test_level(rules: RuleSet, code: str, level: str, expected: list[Any]) -> None:
    assert classes(screen(bill(line(code), institution_level=level), rules)) == expected


def test_a_pharmacy_has_no_level_to_judge_by(rules: RuleSet) -> None:
    found = screen(bill(line(DRUG_LEVEL_2), institution_level="11", medical_type="41"), rules)
    assert classes(found) == [("DRUG_LEVEL", T)]


def test_scheme(rules: RuleSet) -> None:
    maternity = next(c for c, name in rules.names.items() if name == "益母草注射液")
    injury = classes(screen(bill(line(DRUG_WORK_INJURY)), rules))
    assert injury == [("DRUG_SCHEME", V)]
    for scheme in ("310", "390"):
        found = screen(bill(line(maternity), scheme_code=scheme, medical_type="21"), rules)
        assert ("DRUG_SCHEME", T) in classes(found)
        stay = screen(bill(line(maternity), scheme_code=scheme, medical_type="52"), rules)
        assert "DRUG_SCHEME" not in {code for code, _ in classes(stay)}


def test_duplicate_on_the_same_day(rules: RuleSet) -> None:
    next_day = DAY + timedelta(1)
    found = screen(
        bill(
            line(MONITORING, id_="m1"),
            line(WARD_BED, id_="b1", fen=4000),
            line(WARD_BED, id_="b2", on=next_day, fen=4000),
            line(WARD_BED, id_="b3", fen=500),
            line(MONITORING, id_="m2", on=next_day + timedelta(1)),
        ),
        rules,
    )
    assert classes(found) == [("DUPLICATE_CHARGE", V)]
    assert found[0].line_ids == ("b1", "b3")
    assert found[0].amount_fen == 4500
    assert MONITORING in found[0].message_en
    assert WARD_BED in found[0].message_en


def test_neither_side_alone_is_a_duplicate(rules: RuleSet) -> None:
    assert screen(bill(line(MONITORING)), rules) == ()
    assert screen(bill(line(WARD_BED), line(WARD_BED, id_="2")), rules) == ()


def test_duplicate_in_the_same_visit_spans_days(rules: RuleSet) -> None:
    main, included = pair_of(rules, "单次就诊")
    found = screen(
        bill(
            line(included, id_="i"),
            line(main, id_="m", on=DAY + timedelta(9)),
            medical_type="21",
            institution_level="01",
        ),
        rules,
    )
    assert [f.line_ids for f in found if f.rule_code == "DUPLICATE_CHARGE"] == [("i",)]


@pytest.mark.parametrize("window", ["同一小时", "6小时内"])
def test_an_hour_window_can_only_be_verified(rules: RuleSet, window: str) -> None:
    main, included = pair_of(rules, window)
    found = screen(bill(line(main), line(included, id_="2"), medical_type="21"), rules)
    assert ("DUPLICATE_CHARGE", T) in classes(found)
    apart = bill(line(main), line(included, id_="2", on=DAY + timedelta(1)), medical_type="21")
    assert "DUPLICATE_CHARGE" not in {code for code, _ in classes(screen(apart, rules))}


def pair_of(rules: RuleSet, window: str) -> tuple[str, str]:
    return next(
        (main, included)
        for main, of_main in inclusions(rules).items()
        for included, inclusion in of_main.items()
        if inclusion.text_zh == window
    )


def test_one_finding_holds_all_lines_of_the_item(rules: RuleSet) -> None:
    found = screen(
        bill(*(line(DRUG_MALE, id_=str(i), fen=100 + i) for i in range(3)), line(NOT_LIMITED)),
        rules,
    )
    assert len(found) == 1
    assert found[0].line_ids == ("0", "1", "2")
    assert found[0].amount_fen == 303
    assert found[0].rule_version == rules.version


def test_a_child_coming_of_age_during_a_stay_is_judged_by_the_day(rules: RuleSet) -> None:
    found = screen(
        bill(
            line(DRUG_CHILD, id_="before", on=DAY - timedelta(1)),
            line(DRUG_CHILD, id_="after"),
            birth_date=DAY.replace(year=2008),
            medical_type="21",
        ),
        rules,
    )
    assert [f.line_ids for f in found] == [("after",)]


def test_an_empty_bill_has_no_findings(rules: RuleSet) -> None:
    assert screen(bill(), rules) == ()


def test_messages_name_the_limit_and_not_the_patient(rules: RuleSet) -> None:
    found = screen(
        bill(line(DRUG_CHILD), line(DRUG_MALE, id_="2"), birth_date=date(1931, 7, 8)), rules
    )
    for one in found:
        text = one.message_zh + one.message_en
        assert "94" not in text.replace(DRUG_CHILD, "").replace(DRUG_MALE, "")
        assert "1931" not in text
        assert "女" not in text
    assert found[0].message_zh.startswith(
        "限儿童用药：儿童清肺口服液（ZA04CAE0023010100166）限未满18周岁"
    )
    assert found[1].message_en == f"Drug limited by sex: {DRUG_MALE} is limited to male patients"


def test_every_published_row_can_be_found_at_fault(rules: RuleSet) -> None:
    # The opposite of each limit, on the real tables: no row may be dead.
    worst = bill(
        *(line(code, id_=code) for code in limited(rules)),
        birth_date=date(1930, 1, 1),
        institution_level="11",
    )
    male = screen(replace(worst, sex=Sex.MALE), rules)
    female = screen(replace(worst, sex=Sex.FEMALE), rules)
    count = Counter(f.rule_code for f in male) + Counter(
        f.rule_code for f in female if f.rule_code.endswith("_SEX")
    )
    del count["DUPLICATE_CHARGE"]
    assert count == {
        "DRUG_SEX": 6472,
        "DRUG_AGE": 4398,
        "DRUG_SCHEME": 112,
        "DRUG_SETTING": 736,
        "DRUG_LEVEL": 962,
        "ITEM_SEX": 390,
        "ITEM_AGE": 31,
    }
    pairs = bill(*(line(code, id_=code) for code in {*inclusions(rules), *included_in(rules)}))
    duplicates = [f for f in screen(pairs, rules) if f.rule_code == "DUPLICATE_CHARGE"]
    assert len(duplicates) == 900


def included_in(rules: RuleSet) -> set[str]:
    return {code for of_main in inclusions(rules).values() for code in of_main}


def test_settings_levels_and_ages() -> None:
    assert setting_of("13") is Setting.EMERGENCY
    assert setting_of("24") is Setting.INPATIENT  # 急诊转住院
    assert setting_of("140104") is Setting.OUTPATIENT
    assert setting_of("9901") is Setting.UNKNOWN
    assert setting_of("x") is Setting.UNKNOWN
    assert [level_rank_of(c) for c in ("01", "04", "05", "10", "11", "1", "")] == [
        3,
        3,
        2,
        1,
        0,
        None,
        None,
    ]
    leap = date(2008, 2, 29)
    assert age_years(leap, date(2026, 2, 28)) == 17
    assert age_years(leap, date(2026, 3, 1)) == 18


def test_twenty_lines_take_under_a_millisecond(rules: RuleSet) -> None:
    # Every line at fault, the dearest case: the clean bill of the round trip costs a fraction.
    of_items = [MONITORING, *list(inclusions(rules)[MONITORING])[:9]]
    twenty = bill(
        *(line(c, id_=c) for c in [*of_items, *[c for c in limited(rules) if c[0] == "X"][:10]])
    )
    assert len(twenty.lines) == 20
    best_s = min(_seconds(twenty, rules) for _ in range(20))
    assert best_s < 0.001


def _seconds(of: Bill, rules: RuleSet) -> float:
    start_s = time.perf_counter()
    screen(of, rules)
    return time.perf_counter() - start_s

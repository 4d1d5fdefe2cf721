"""Properties over random bills, against an oracle that knows no index."""

from __future__ import annotations

import csv
from collections import defaultdict
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

from hypothesis import given
from hypothesis import strategies as st

from services.supervision.domain.model import Bill, Line, ResultClass, Sex, setting_of
from services.supervision.rules_loader import RULES_DIR, load_rules
from tests.unit.supervision.screening import limited, screen

if TYPE_CHECKING:
    from random import Random

RULES = load_rules()


def rows(file: str) -> list[dict[str, str]]:
    with (RULES_DIR / file).open(encoding="utf-8", newline="") as opened:
        return list(csv.DictReader(opened))


DUPLICATES = rows("item_duplicate.csv")
SEX = {r["drug_code"]: r["value"] for r in rows("drug_sex.csv")} | {
    r["item_code"]: r["value"] for r in rows("item_sex.csv")
}
# Few items, chosen to clash: mains with what they include, limited items, one free one.
ITEMS = sorted(
    {c for r in DUPLICATES[::40] for c in (r["main_code"], r["included_code"])}
    | set(limited(RULES)[::900])
    | {"001101000010000"}
)
START = date(2026, 3, 1)

lines = st.lists(
    st.builds(
        Line,
        line_id=st.uuids().map(str),
        item_code=st.sampled_from(ITEMS),
        fee_date=st.integers(0, 4).map(lambda d: START + timedelta(d)),
        quantity=st.just(Decimal(1)),
        amount_fen=st.integers(1, 10**9),
    ),
    max_size=25,
    unique_by=lambda line: line.line_id,
).map(tuple)
bills = st.builds(
    Bill,
    sex=st.sampled_from(Sex),
    birth_date=st.none() | st.dates(date(1920, 1, 1), date(2026, 3, 5)),
    medical_type=st.sampled_from(["11", "13", "21", "41", "27", ""]),
    institution_level=st.sampled_from(["01", "05", "08", "11", ""]),
    scheme_code=st.sampled_from(["310", "390"]),
    lines=lines,
)


@given(bills)
def test_the_same_bill_has_the_same_findings(bill: Bill) -> None:
    assert screen(bill, RULES) == screen(bill, RULES)


@given(bills)
def test_findings_come_by_rule_then_by_first_line(bill: Bill) -> None:
    position = {line.line_id: number for number, line in enumerate(bill.lines)}
    keys = [(f.rule_code, position[f.line_ids[0]]) for f in screen(bill, RULES)]
    assert keys == sorted(keys)


@given(bills, st.randoms(use_true_random=False))
def test_the_order_of_lines_does_not_matter(bill: Bill, random: Random) -> None:
    shuffled = list(bill.lines)
    random.shuffle(shuffled)

    def contents(of: Bill) -> set[tuple[object, ...]]:
        return {
            (f.rule_code, f.result_class, f.message_en, frozenset(f.line_ids), f.amount_fen)
            for f in screen(of, RULES)
        }

    assert contents(bill) == contents(replace(bill, lines=tuple(shuffled)))


@given(bills)
def test_findings_name_lines_of_the_bill_and_their_sum(bill: Bill) -> None:
    amounts = {line.line_id: line.amount_fen for line in bill.lines}
    for one in screen(bill, RULES):
        assert one.line_ids
        assert len(set(one.line_ids)) == len(one.line_ids)
        assert one.amount_fen == sum(amounts[line_id] for line_id in one.line_ids)


@given(bills, st.integers(0, 25))
def test_fewer_lines_never_find_more(bill: Bill, kept: int) -> None:
    fewer = screen(replace(bill, lines=bill.lines[:kept]), RULES)
    assert sum(f.amount_fen for f in fewer) <= sum(f.amount_fen for f in screen(bill, RULES))


@given(bills)
def test_sex_limits_agree_with_the_table(bill: Bill) -> None:
    word = {Sex.MALE: "男", Sex.FEMALE: "女", Sex.UNKNOWN: "?"}[bill.sex]
    expected = {line.line_id for line in bill.lines if SEX.get(line.item_code, word) != word}
    found = {
        line_id
        for one in screen(bill, RULES)
        if one.rule_code in {"DRUG_SEX", "ITEM_SEX"}
        for line_id in one.line_ids
    }
    assert found == expected


@given(bills)
def test_duplicates_agree_with_the_table(bill: Bill) -> None:
    expected: dict[str, set[str]] = defaultdict(set)
    for row in DUPLICATES:
        for main in bill.lines:
            for line in bill.lines:
                if (main.item_code, line.item_code) != (row["main_code"], row["included_code"]):
                    continue
                if row["window"] == "单次就诊" or main.fee_date == line.fee_date:
                    expected[row["main_code"] + row["included_code"]].add(line.line_id)
    found = {
        frozenset(one.line_ids)
        for one in screen(bill, RULES)
        if one.rule_code == "DUPLICATE_CHARGE"
    }
    assert found == {frozenset(ids) for ids in expected.values()}


@given(bills)
def test_what_the_bill_says_leaves_nothing_unknown(bill: Bill) -> None:
    # With sex, age, setting and level known, TO_VERIFY comes from a reading, never from a gap.
    known = replace(
        bill,
        sex=Sex.MALE,
        birth_date=date(1980, 1, 1),
        medical_type="21",
        institution_level="01",
    )
    assert setting_of(known.medical_type)
    for one in screen(known, RULES):
        if one.rule_code.endswith(("_SEX", "_LEVEL", "_SETTING")):
            assert one.result_class is ResultClass.VIOLATION

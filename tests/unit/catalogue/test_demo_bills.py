"""Goal: the demo bills split by the sample catalogues to the fen that the published cases need.

The expected amounts stand here and nowhere else: the demo data holds lines only, and no code reads
an expected amount. Case Zhang: out of scope 1,120.93, so that deductible 900 and 85 % give the
published 13,033.05. Outpatient: the real message 4.52 = 0.23 + 4.29. Segments and residents: the
computed examples of the domain notes.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cache
from importlib import resources

import pytest

from services.catalogue.datafile import entries, load, mapping, text
from services.catalogue.sample import sample_items
from services.classification.classify import classify_lines, totals, totals_by_category
from services.classification.model import FeeLine, SplitTotals
from services.classification.snapshot import Snapshot
from services.classification.validation import lines_problems
from services.kit import codes
from services.kit.money import to_fen

DEMO = resources.files("services.cli").joinpath("demo_data")

EXPECTED = {
    "zhang": SplitTotals(1735393, 44640, 4000, 63453, 1623300),
    "outpatient": SplitTotals(452, 0, 0, 23, 429),
    "segments": SplitTotals(8642000, 520000, 64000, 318000, 7740000),
    "resident_points": SplitTotals(4200000, 300000, 0, 200000, 3700000),
    "resident_factor": SplitTotals(4200000, 300000, 0, 200000, 3700000),
    "chronic": SplitTotals(25500, 0, 0, 0, 25500),
}
LINES_AT_LEAST = {
    "zhang": 60,
    "outpatient": 1,
    "segments": 30,
    "resident_points": 20,
    "resident_factor": 20,
    "chronic": 2,
}


@dataclass(frozen=True)
class Bill:
    document: dict
    lines: tuple[FeeLine, ...]

    @property
    def region_code(self) -> str:
        return codes.province_of(text(self.document, "care_region_code"))


@cache
def bill(case: str) -> Bill:
    document = load(DEMO.joinpath("cases", f"{case}.yaml"))
    lines = tuple(
        FeeLine(
            line_id=text(entry, "line_id"),
            item_code=text(entry, "item_code"),
            fee_date=date.fromisoformat(text(entry, "fee_date")),
            unit_price=Decimal(text(entry, "unit_price")),
            quantity=Decimal(text(entry, "quantity")),
            amount_fen=to_fen(Decimal(text(entry, "amount"))),
        )
        for entry in entries(document, "lines")
    )
    return Bill(document, lines)


@cache
def snapshot(region_code: str) -> Snapshot:
    return Snapshot(region_code=region_code, version="sample", items=sample_items(region_code))


def splits(case: str):
    return classify_lines(snapshot(bill(case).region_code), bill(case).lines)


def test_there_is_an_expectation_for_every_case():
    files = {entry.name for entry in DEMO.joinpath("cases").iterdir()}
    assert files == {f"{case}.yaml" for case in EXPECTED}


@pytest.mark.parametrize("case", EXPECTED)
def test_splits_exactly(case):
    assert totals(splits(case)) == EXPECTED[case]


def test_zhang_is_out_of_scope_by_what_the_published_case_needs():
    summed = totals(splits("zhang"))
    assert summed.total_fen - summed.in_scope_fen == 112093
    # 85 % of what is above the deductible of 900, as published.
    assert (summed.in_scope_fen - 90000) * 85 == 1303305 * 100


def test_zhang_has_every_class_an_over_limit_line_and_an_unlisted_one():
    found = splits("zhang")
    assert {split.catalogue_class for split in found} == {"A", "B", "C"}
    assert any(split.over_limit_fen for split in found)
    assert {split.not_listed for split in found} == {True, False}
    assert set(totals_by_category(found)) >= {"01", "02", "03", "04", "05", "07", "09", "11"}


@pytest.mark.parametrize("case", EXPECTED)
def test_lines_are_well_formed_and_within_the_stay(case):
    document, lines = bill(case).document, bill(case).lines
    assert lines_problems(lines, "lines") == []
    assert len(lines) >= LINES_AT_LEAST[case]
    begin, end = (date.fromisoformat(text(document, key)) for key in ("begin_date", "end_date"))
    assert all(begin <= line.fee_date <= end for line in lines)
    assert text(document, "prices") == "示例"
    assert len({line.fee_date for line in lines}) == max(1, (end - begin).days)


@pytest.mark.parametrize("case", EXPECTED)
def test_items_carry_the_published_code_and_name(case):
    published = {item.item_code: item.name for item in sample_items("510000")}
    lines = entries(bill(case).document, "lines")
    assert all(published[text(line, "item_code")] == text(line, "name") for line in lines)


@pytest.mark.parametrize("case", EXPECTED)
def test_a_case_names_people_institutions_and_one_main_diagnosis(case):
    document = bill(case).document
    people = {text(person, "key") for person in demo("people", "people")}
    institutions = {
        text(entry, "key"): text(entry, "region_code")
        for entry in demo("institutions", "institutions")
    }
    assert text(document, "person") in people
    assert institutions[text(document, "institution")] == text(document, "care_region_code")
    diagnoses = entries(document, "diagnoses")
    assert all(codes.is_diagnosis_code(text(entry, "code")) for entry in diagnoses)
    assert Counter(text(entry, "main") for entry in diagnoses)["true"] == 1


def demo(name: str, key: str):
    return entries(load(DEMO.joinpath(f"{name}.yaml")), key)


def test_people_have_valid_numbers_that_agree_with_them():
    for person in demo("people", "people"):
        number = codes.parse_id_number(text(person, "id_number"), today=date(2026, 1, 1))
        assert number is not None
        assert number.birth_date.isoformat() == text(person, "birth_date")
        assert number.sex == {"male": "1", "female": "2"}[text(person, "sex")]
        assert codes.is_card_number(text(mapping(person, "card"), "card_number"))
        insurance = mapping(person, "insurance")
        assert codes.is_known_area(text(insurance, "insured_region_code"))
        assert text(insurance, "scheme_code") in codes.MAIN_SCHEMES
        assert codes.is_person_type(text(insurance, "person_type_code"))
        assert to_fen(Decimal(text(mapping(person, "account"), "opening_balance"))) >= 0
        assert "示例" in text(person, "name")
    states = [text(mapping(person, "card"), "state") for person in demo("people", "people")]
    assert Counter(states) == {"active": 6, "lost": 1}


def test_institutions_have_valid_codes_of_their_region():
    for institution in demo("institutions", "institutions"):
        code = text(institution, "institution_code")
        assert codes.is_hospital_code(code)
        assert codes.institution_area(code) == text(institution, "region_code")
        assert codes.is_known_area(text(institution, "region_code"))
        assert text(institution, "hospital_level_code") in codes.INSTITUTION_LEVELS
        assert text(institution, "name").endswith("（示例）")
        for opening in entries(institution, "openings"):
            assert codes.is_medical_type(text(opening, "medical_type_code"))
            date.fromisoformat(text(opening, "begin_date"))


def test_every_case_is_opened_at_its_institution_but_one_is_not_opened_for_stays():
    institutions = {text(entry, "key"): entry for entry in demo("institutions", "institutions")}
    for case in EXPECTED:
        document = bill(case).document
        opened = {
            text(entry, "medical_type_code"): text(entry, "begin_date")
            for entry in entries(institutions[text(document, "institution")], "openings")
        }
        assert opened[text(document, "medical_type_code")] <= text(document, "begin_date")
    community = entries(institutions["beijing_community"], "openings")
    assert all(text(entry, "medical_type_code") != "21" for entry in community)


def test_filings_cross_provinces_and_name_their_person_and_region():
    insured = {
        text(person, "key"): text(mapping(person, "insurance"), "insured_region_code")
        for person in demo("people", "people")
    }
    filings = demo("filings", "filings")
    assert {text(filing, "person") for filing in filings} == {
        "zhang",
        "hengshui",
        "beijing",
        "urumqi_chronic",
    }
    for filing in filings:
        home, target = text(filing, "insured_region_code"), text(filing, "target_region_code")
        assert insured[text(filing, "person")] == home
        assert codes.is_cross_province(care=target, insured=home)
        assert target.endswith("0000") or not codes.is_municipality(target)

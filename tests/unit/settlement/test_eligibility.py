"""Goal: each thing that must hold for a chronic disease says what is so and whose turn it is."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from services.settlement.domain.eligibility import Facts, Filed, Opening, Party, Policy, checks_of
from services.settlement.domain.filing_advice import advice_on

POLICY = Policy(
    has_route=True,
    version="650100@1",
    disease_code="M07800",
    qualified_disease_code="M07803",
    qualified_end_date=None,
    diagnosis_matches=True,
    diagnosis_prefixes=("N18", "N19"),
)
OPEN = Opening(
    medical_type_code="14",
    disease_code="M07800",
    begin_date=date(2024, 1, 1),
    end_date=date(2026, 3, 31),
)
FACTS = Facts(
    disease_code="M07803",
    day=date(2026, 3, 31),
    insured_region_code="650100",
    institution_name="某医院",
    openings=[OPEN],
    has_diagnoses=True,
    has_person=True,
    policy=POLICY,
    filed=Filed(is_filed=True, explanation_zh="有备案。", explanation_en="Filed."),
)
UNFILED = Filed(is_filed=False, explanation_zh="没有备案。", explanation_en="Not filed.")


def failed(facts: Facts) -> dict[str, Party]:
    return {check.code: check.responsible for check in checks_of(facts) if not check.passed}


def on(**changes: object) -> Facts:
    return replace(FACTS, **changes)


def by(**changes: object) -> Facts:
    return replace(FACTS, policy=replace(POLICY, **changes))


def test_all_of_it_holds():
    checks = checks_of(FACTS)
    assert failed(FACTS) == {}
    assert all(check.responsible is Party.NOBODY for check in checks)
    assert "M07800" in checks[0].zh
    assert "M07800" in checks[1].en
    assert "长期有效" in checks[2].zh


@pytest.mark.parametrize(
    ("facts", "code", "party"),
    [
        (by(version="", disease_code=""), "policy", Party.INSURED_AGENCY),
        (by(disease_code=""), "policy", Party.INSURED_AGENCY),
        (by(qualified_disease_code=""), "qualification", Party.INSURED_AGENCY),
        (on(openings=[]), "opening", Party.CARE_AGENCY),
        (on(openings=[replace(OPEN, medical_type_code="11")]), "opening", Party.CARE_AGENCY),
        (on(day=date(2026, 4, 1)), "opening", Party.CARE_AGENCY),
        (on(day=date(2023, 12, 31)), "opening", Party.CARE_AGENCY),
        (on(openings=[replace(OPEN, disease_code="M03900")]), "opening", Party.INSTITUTION),
        (on(openings=[replace(OPEN, disease_code="M07804")]), "opening", Party.INSTITUTION),
        (by(diagnosis_matches=False), "diagnosis", Party.INSTITUTION),
    ],
)
def test_one_thing_that_does_not(facts, code, party):
    assert failed(facts) == {code: party}


def test_who_is_not_filed_settles_at_the_lower_benefit():
    assert failed(on(filed=UNFILED)) == {}
    texts = [check.zh for check in checks_of(on(filed=UNFILED))]
    assert "待遇较低" in texts[4]


def test_a_region_that_nobody_can_ask():
    unknown = by(has_route=False, version="", disease_code="", qualified_disease_code="")
    assert failed(unknown) == {"policy": Party.HUB, "qualification": Party.HUB}


def test_what_was_not_asked_stands_in_nobodys_way():
    assert failed(on(has_person=False, filed=None, has_diagnoses=False)) == {}
    # Nor is a diagnosis judged by a policy that does not have the disease.
    nothing = by(disease_code="", diagnosis_matches=False)
    assert failed(nothing) == {"policy": Party.INSURED_AGENCY}


def test_texts_name_dates_and_diagnoses():
    texts = [check.zh for check in checks_of(by(qualified_end_date=date(2026, 12, 31)))]
    assert "2026-12-31" in texts[2]
    texts = [check.zh for check in checks_of(by(diagnosis_matches=False))]
    assert "N18、N19" in texts[5]


@pytest.mark.parametrize("disease", ["M07803", "M07800", "M03902", "M02500", "HBLB101"])
def test_every_check_has_both_languages(disease):
    for check in checks_of(on(disease_code=disease)):
        assert check.zh
        assert check.en


@pytest.mark.parametrize("level", ["LONG_TERM", "REFERRAL", "EMERGENCY", "TEMPORARY", "UNFILED"])
def test_every_state_has_advice(level):
    for person_type in ("11", "1201", "14", "15", "16"):
        zh, en = advice_on(level, current="", person_type_code=person_type)
        assert "规程" in zh
        assert "Art." in en
    assert advice_on(level, current=level, person_type_code="11")[0].startswith("目前即为此状态")

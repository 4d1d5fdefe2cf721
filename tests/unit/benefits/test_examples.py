"""Goal: worked examples are read strictly, and compared to the fen with what the engine makes."""

from __future__ import annotations

from datetime import date

import pytest

from services.benefits.domain.errors import PolicyRefused
from services.benefits.domain.model import (
    AidIdentity,
    BenefitLevel,
    EntitlementKind,
    HospitalLevel,
    LongTermEvidence,
)
from services.benefits.domain.snapshot import Policy
from services.benefits.examples import line_of, read_examples, run_example
from services.benefits.policies import PACKS_FOLDER, load_pack

REGION = "610500"
# E6 of the field: 37,000 - 2,500 = 34,500 x (65 % - 20) = 15,525; burden 37,000 - 15,525 - 2,500,
# (18,975 - 10,000) x 60 % = 5,385.
E6 = """\
- name: Level 3 in another province, not filed
  source: domain rule 5.8 E6, computed
  case:
    scheme: "390"
    setting: inpatient
    person: adult
    level: "3"
    care: "510100"
    benefit_level: UNFILED
    date: 2023-06-01
    full_self_pay: 3000.00
    prior_self_pay: 2000.00
    in_scope: 37000.00
  expect:
    deductible: 2500.00
    funds: {"390100": 15525.00, "390200": 5385.00}
    fund_total: 20910.00
    account: 0.00
    cash: 21090.00
    causes: {full_self_pay: 3000.00, deductible: 2500.00}
  arithmetic: (37000 - 2500) x 0.45 = 15525.00
"""


def read(text: str):
    return read_examples(REGION, text.encode())


def run(text: str):
    policy = Policy([load_pack(PACKS_FOLDER / REGION)])
    return [run_example(policy, example) for example in read(text)]


def with_case(lines: str) -> str:
    return E6.replace(
        "  expect:\n", "".join(f"    {line}\n" for line in lines.split("\n")) + "  expect:\n"
    )


def differences(text: str):
    (result,) = run(text)
    return [(one.field, one.expected, one.got) for one in result.differences]


def test_an_example_that_is_right_differs_in_nothing():
    (result,) = run(E6)
    assert result.differences == ()
    assert result.outcome is not None


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("cash: 21090.00", "cash: 21090.01", [("cash", "21,090.01", "21,090.00")]),
        ("deductible: 2500.00\n", "deductible: 0.00\n", [("deductible", "0.00", "2,500.00")]),
        ("15525.00,", "15524.99,", [("funds.390100", "15,524.99", "15,525.00")]),
        (', "390200": 5385.00', "", [("funds.390200", "0.00", "5,385.00")]),
        ("deductible: 2500.00}", "share: 1.00}", [("causes.share", "1.00", "13,590.00")]),
    ],
)
def test_one_fen_off_is_a_difference(old, new, expected):
    assert old in E6
    assert differences(E6.replace(old, new, 1)) == expected


def test_what_an_example_does_not_say_is_not_compared():
    text = E6.replace("    deductible: 2500.00\n", "").replace("    account: 0.00\n", "")
    assert differences(text) == []


def refusing(reason: str, setting: str) -> str:
    head, _, _ = E6.partition("  expect:")
    return head.replace("setting: inpatient", f"setting: {setting}") + (
        f"  expect: {{refused: {reason}}}\n"
    )


def test_a_refusal_may_be_what_is_expected():
    assert differences(refusing("POLICY_NOT_COVERED", "pharmacy")) == []
    (wrong,) = differences(refusing("DISEASE_NOT_QUALIFIED", "pharmacy"))
    assert wrong[:2] == ("refused", "DISEASE_NOT_QUALIFIED")
    assert "setting pharmacy" in wrong[2]
    assert differences(refusing("POLICY_NOT_COVERED", "inpatient")) == [
        ("refused", "POLICY_NOT_COVERED", "fund 20,910.00")
    ]


def test_an_unexpected_refusal_is_a_difference():
    ((field, expected, got),) = differences(E6.replace("date: 2023-06-01", "date: 1999-06-01"))
    assert (field, expected) == ("refused", "no")
    assert got == "POLICY_NOT_COVERED: date"


def test_everything_of_a_case_is_read():
    (example,) = read(
        with_case(
            "begin_date: 2023-05-20\ndisease: M03900\nidentity: minimum_living\n"
            "long_term_evidence: commitment\nuse_account: true\nbalance: 100.00\n"
            "relatives: [50.00, 0.25]\nentitlements: [civil_servant]\n"
            "institution: H51010000001\nbefore: {inpatient_count: 1, fund_pooled: 128000.00}\n"
            "earlier: [{date: 2023-02-01, in_scope: 10.00, fund: 5.00}]"
        )
    )
    case = example.case
    assert (case.begin_date, case.end_date) == (date(2023, 5, 20), date(2023, 6, 1))
    assert case.amounts.total == 4_200_000
    assert case.amounts.over_limit == 0
    assert (case.level, case.benefit_level) == (HospitalLevel.TERTIARY, BenefitLevel.UNFILED)
    assert (case.person_type_code, case.medical_type_code) == ("15", "21")
    assert case.long_term_evidence is LongTermEvidence.COMMITMENT
    assert case.use_account
    assert case.institution_code == "H51010000001"
    assert (example.balance, example.relatives) == (10_000, (5_000, 25))
    assert {(one.kind, one.code) for one in example.entitlements} == {
        (EntitlementKind.CHRONIC_DISEASE, "M03900"),
        (EntitlementKind.MEDICAL_AID, AidIdentity.MINIMUM_LIVING.value),
        (EntitlementKind.CIVIL_SERVANT, ""),
    }
    assert (example.before.inpatient_count, example.before.fund_pooled) == (1, 12_800_000)
    (visit,) = example.earlier
    assert (visit.day, visit.total, visit.fund) == (date(2023, 2, 1), 1_000, 500)


def test_sums_before_count():
    # E7: 128,000 of a cap of 130,000 are used: the pooled fund pays the last 2,000, and the burden
    # is 32,500: (30,000 - 10,000) x 60 % + 2,500 x 70 % = 13,750.
    got = {
        field: got for field, _, got in differences(with_case("before: {fund_pooled: 128000.00}"))
    }
    assert got == {
        "funds.390100": "2,000.00",
        "funds.390200": "13,750.00",
        "fund_total": "15,750.00",
        "cash": "26,250.00",
    }


def test_an_example_knows_its_line():
    second = E6.replace("- name: Level 3", "- name: Also level 3")
    content = (E6 + second).encode()
    one, two = read_examples(REGION, content)
    assert (line_of(one, content), line_of(two, content)) == (1, 1 + E6.count("\n"))


@pytest.mark.parametrize(
    ("old", "new", "path", "said"),
    [
        ("    person: adult\n", "", "[0].case", "has no `person`"),
        ("person: adult", "person: grown", "[0].case.person", "'grown' is not known here; one of"),
        ("    date:", "    day: 1\n    date:", "[0].case.day", "unknown key; known here: balance"),
        ('scheme: "390"', "scheme: 390", "[0].case.scheme", 'quote it: "390"'),
        ('scheme: "390"', 'scheme: "999"', "[0].case.scheme", "no scheme"),
        ('care: "510100"', "care: 510100", "[0].case.care", 'quote it: "510100"'),
        ('care: "510100"', 'care: "990000"', "[0].case.care", "is no region"),
        ('level: "3"', "level: 3", "[0].case.level", "is not known here"),
        ("date: 2023-06-01", "date: 2023-06-31", "[0].case.date", "not in the calendar"),
        ("in_scope: 37000.00", "in_scope: 37000", "[0].case.in_scope", "two decimals"),
        ("in_scope: 37000.00", "in_scope: -1.00", "[0].case.in_scope", "two decimals"),
        ("cash: 21090.00", "cash: 21090.0", "[0].expect.cash", "two decimals"),
        ("    cash: 21090.00\n", "", "[0].expect", "has no `cash`"),
        ('"390100": 15525.00', "390100: 15525.00", "[0].expect.funds.390100", "quote it"),
        ('"390100": 15525.00', "pooled: 15525.00", "[0].expect.funds.pooled", "no fund type"),
        ("{full_self_pay:", "{drugs:", "[0].expect.causes.drugs", "unknown key"),
        ("  source: domain rule 5.8 E6, computed\n", "", "[0]", "has no `source`"),
        ("  expect:\n", "  expects:\n", "[0].expects", "unknown key"),
    ],
)
def test_what_is_unclear_is_refused_with_its_place(old, new, path, said):
    assert old in E6
    with pytest.raises(PolicyRefused) as caught:
        read(E6.replace(old, new, 1))
    refused = caught.value
    assert refused.file == "610500/examples.yaml"
    assert refused.path == path
    assert refused.line is not None
    assert said in str(refused)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("use_account: yes", "write true or false"),
        ("balance: 1", "two decimals"),
        ("relatives: 1.00", "is not a list"),
        ("identity: rich", "is not known here"),
        ("entitlements: [medical_aid]", "write `disease:` or `identity:`"),
        ("before: {fund: 1.00}", "unknown key"),
        ("before: {inpatient_count: 1.00}", "whole number"),
        ("before: {inpatient_count: true}", "whole number"),
        ("earlier: [{date: 2023-01-01}]", "has no `in_scope`"),
        ("long_term_evidence: oral", "is not known here"),
    ],
)
def test_what_may_be_left_out_is_read_as_strictly(line, said):
    with pytest.raises(PolicyRefused, match=r"610500/examples\.yaml:") as caught:
        read(with_case(line))
    assert said in str(caught.value)
    assert caught.value.line == 14


def test_two_examples_have_two_names():
    with pytest.raises(PolicyRefused, match="stands twice; give each example a name of its own"):
        read(E6 + E6)


@pytest.mark.parametrize("text", ["name: x\n", "- x\n", "- [1]\n", "\tname\n", ""])
def test_what_is_no_list_of_examples_is_refused(text):
    with pytest.raises(PolicyRefused):
        read(text)

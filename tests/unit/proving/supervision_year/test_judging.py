"""Goal: recall, precision and deductions are counted as they are told, and a plant is noticed."""

from __future__ import annotations

import pytest

from services.proving.supervision_year.injecting import labelled_year
from services.proving.supervision_year.kinds import HARD, Kind
from services.proving.supervision_year.measuring import EXPECTED, Found, digest_of, measure
from services.proving.supervision_year.reckoning import Confirmed, deducted


@pytest.fixture(scope="module")
def plan():
    return labelled_year(7, 1200)


def found(bill, rule_code, line_ids=(), number=0):
    return Found(
        finding_id=f"{rule_code}-{bill.settlement_id}-{number}",
        bill_id=str(bill.settlement_id),
        rule_code=rule_code,
        line_ids=frozenset(line_ids),
        amount_fen=100,
    )


def perfect(plan):
    return [
        found(bill, min(EXPECTED[bill.label.kind]), bill.label.line_ids)
        for bill in plan.bills
        if bill.label
    ]


def test_what_finds_everything_has_full_recall_and_precision(plan):
    measured = measure(plan, perfect(plan))
    assert measured.hit == measured.injected
    assert measured.missed == []
    assert measured.wrong.total() == 0
    assert measured.holds


def test_a_rule_that_finds_nothing_is_missed(plan):
    without = [one for one in perfect(plan) if one.rule_code != "DUPLICATE_INVOICE"]
    measured = measure(plan, without)
    assert [kind for kind, _ in measured.missed] == [Kind.DUPLICATE_INVOICE]
    assert measured.hard_recall == (len(HARD) - 1, len(HARD))
    assert not measured.holds


def test_another_line_of_the_bill_and_another_rule_do_not_count(plan):
    bill = next(one for one in plan.bills if one.label and one.label.kind is Kind.SEX)
    other = [line.line_id for line in bill.lines if line.line_id not in bill.label.line_ids]
    findings = [
        found(bill, "DRUG_SEX", other[:1]),
        found(bill, "DRUG_LEVEL", bill.label.line_ids),
        found(bill, "IDLE_STAY"),
    ]
    measured = measure(plan, findings)
    assert measured.hit[Kind.SEX] == 0
    assert measured.wrong == {"DRUG_SEX": 1, "IDLE_STAY": 1}
    # Another rule about the lines at fault is right, and has not found what was injected.
    assert measured.right == {"DRUG_LEVEL": 1}


def test_what_is_wrong_with_the_whole_bill_is_found_by_its_rule_alone(plan):
    bill = next(one for one in plan.bills if one.label and one.label.kind is Kind.OVERLAPPING_STAY)
    measured = measure(plan, [found(bill, "OVERLAPPING_STAY"), found(bill, "IDLE_STAY")])
    assert measured.hit[Kind.OVERLAPPING_STAY] == 1
    assert measured.wrong == {"IDLE_STAY": 1}


def test_a_finding_on_a_bill_in_order_is_wrong(plan):
    bill = next(one for one in plan.bills if one.label is None)
    assert measure(plan, [found(bill, "DRUG_SEX")]).wrong["DRUG_SEX"] == 1


def test_the_digest_is_of_what_was_found_not_of_its_order(plan):
    findings = perfect(plan)
    assert digest_of(findings) == digest_of(reversed(findings))
    assert digest_of(findings) != digest_of(findings[1:])


# --- the reckoning -------------------------------------------------------------------------------


def test_all_lines_take_back_what_the_funds_paid(plan):
    for bill in plan.bills[:100]:
        whole = sum(deducted(bill, [Confirmed(frozenset(), bill.total_fen)]).values())
        assert whole == sum(bill.funds_fen.values())


def test_a_line_counts_once_and_never_more_than_whole(plan):
    bill = next(one for one in plan.bills if len(one.lines) > 3)
    first, second, *_ = bill.lines
    one = Confirmed(frozenset({first.line_id}), first.amount_fen)
    both = Confirmed(
        frozenset({first.line_id, second.line_id}), first.amount_fen + second.amount_fen
    )
    assert deducted(bill, [one, one]) == deducted(bill, [one])
    assert deducted(bill, [one, both]) == deducted(bill, [both])
    too_much = Confirmed(frozenset({first.line_id}), first.amount_fen * 10)
    assert deducted(bill, [too_much]) == deducted(bill, [one])


def test_half_a_line_takes_back_half_downwards(plan):
    bill = next(one for one in plan.bills if len(one.lines) > 3)
    line = bill.lines[0]
    half = deducted(bill, [Confirmed(frozenset({line.line_id}), line.amount_fen // 2)])
    whole = deducted(bill, [Confirmed(frozenset({line.line_id}), line.amount_fen)])
    for fund, fen in half.items():
        assert abs(fen * 2 - whole[fund]) <= 2


def test_residents_critical_illness_is_taken_back_as_cleared(plan):
    bill = next(one for one in plan.bills if one.is_stay and one.person.scheme_code == "390")
    assert set(deducted(bill, [Confirmed(frozenset(), bill.total_fen)])) == {"330100", "390100"}

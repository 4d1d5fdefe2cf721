"""Goal: the labelled year is what it says: seeded, valid, in order but for what is labelled, and
drawn without a word of supervision's code."""

from __future__ import annotations

import subprocess
import sys
from collections import Counter, defaultdict
from datetime import date

import protovalidate
import pytest

from services.kit import codes
from services.proving.supervision_year import events
from services.proving.supervision_year.facts import facts
from services.proving.supervision_year.injecting import labelled_year
from services.proving.supervision_year.kinds import Kind
from services.proving.supervision_year.plan import Way
from tests.tidy.sources import ROOT, imports, python_files

DRAWN = (
    "facts",
    "kinds",
    "people",
    "plan",
    "drawing",
    "injecting",
    "events",
    "measuring",
    "reckoning",
)


@pytest.fixture(scope="module")
def plan():
    return labelled_year(7, 2400)


def test_what_draws_and_judges_imports_nothing_of_supervision():
    found = {
        f"{path.name} imports {name}"
        for path in python_files("services/proving/supervision_year")
        if path.stem in DRAWN
        for name in imports(path)
        if name.startswith("services.supervision")
    }
    assert found == set()


def test_the_year_is_drawn_without_supervision_being_loaded():
    program = (
        "import sys; from services.proving.supervision_year.injecting import labelled_year;"
        "labelled_year(1, 700);"
        "sys.exit(any(name.startswith('services.supervision') for name in sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, check=False)
    assert done.returncode == 0


def test_the_same_seed_is_the_same_year(plan):
    def told(year):
        return [events.settled_event(bill, "1").SerializeToString() for bill in year.bills]

    assert told(labelled_year(7, 2400)) == told(plan)
    assert told(labelled_year(8, 2400)) != told(plan)


def test_identity_numbers_have_their_check_digit(plan):
    for person in plan.people:
        assert codes.is_id_number(person.id_number, today=date(2026, 1, 1)), person.id_number
        assert codes.birth_date_of(person.id_number) == person.birth_date
        sex = codes.SEX_FEMALE if person.is_female else codes.SEX_MALE
        assert codes.sex_of(person.id_number) == sex


def test_codes_are_those_of_the_country(plan):
    for place in plan.institutions:
        assert codes.is_institution_code(place.code)
        assert place.level_code in codes.INSTITUTION_LEVELS
    for bill in plan.bills:
        assert codes.is_diagnosis_code(bill.diagnosis.code)
        assert all(codes.is_item_code(line.item.code) for line in bill.lines)


def test_bills_keep_to_the_contract_and_to_the_fen(plan):
    validator = protovalidate.Validator()
    for bill in plan.bills[:300]:
        sent = events.settled_event(bill, "1").settlement
        validator.validate(sent.bill)
        assert sent.bill.total.fen == sum(line.amount.fen for line in sent.bill.lines)
        assert sent.amounts.in_scope.fen == sum(line.split.in_scope.fen for line in sent.lines)
        paid = sent.adjudication
        assert paid.fund_total.fen == sum(one.amount.fen for one in paid.fund_payments)
        assert paid.fund_total.fen + paid.account_pay.fen + paid.cash_pay.fen == bill.total_fen
        assert min(paid.account_pay.fen, paid.cash_pay.fen) >= 0
        for line in bill.lines:
            assert line.unit_price * line.quantity * 100 == line.amount_fen


def test_every_kind_is_injected_into_people_of_its_own(plan):
    counts = Counter(bill.label.kind for bill in plan.bills if bill.label)
    assert set(counts) == set(Kind)
    # A hundredth of the bills, and as many more as make a telephone shared.
    assert 24 <= counts.total() <= 24 + 8
    of_person = Counter(bill.person.person_id for bill in plan.bills if bill.label)
    assert set(of_person.values()) == {1}


def test_labels_name_lines_and_bills_that_there_are(plan):
    known = plan.by_id
    for bill in plan.bills:
        if bill.label:
            assert bill.way is Way.DIRECT
            assert bill.label.line_ids <= {line.line_id for line in bill.lines}
            assert all(str(one) in known for one in bill.label.other_ids)


# --- read once more: what is wrong is labelled, and what is not labelled is in order -------------


def test_items_of_one_sex_are_given_to_it_but_where_labelled(plan):
    known = facts()
    of_sex = {one.code: True for one in known.of_women} | {one.code: False for one in known.of_men}
    wrong = {
        str(bill.settlement_id)
        for bill in plan.bills
        for line in bill.lines
        if of_sex.get(line.item.code, bill.person.is_female) is not bill.person.is_female
    }
    labelled = {
        str(bill.settlement_id) for bill in plan.bills if bill.label and bill.label.kind is Kind.SEX
    }
    assert wrong == labelled


def test_drugs_of_children_stays_and_levels_are_given_rightly_but_where_labelled(plan):
    known = facts()
    children = {one.code for one in known.of_children}
    stays = {one.code for one in known.of_stays}
    levels = {one.code for one in known.of_level_two}
    wrong = defaultdict(set)
    for bill in plan.bills:
        for line in bill.lines:
            if line.item.code in children and not bill.person.is_child:
                wrong[Kind.AGE].add(bill.settlement_id)
            if line.item.code in stays and not bill.is_stay:
                wrong[Kind.SETTING].add(bill.settlement_id)
            if line.item.code in levels and bill.institution.is_first_level:
                wrong[Kind.LEVEL].add(bill.settlement_id)
    for kind in (Kind.AGE, Kind.SETTING, Kind.LEVEL):
        labelled = {one.settlement_id for one in plan.bills if one.label and one.label.kind is kind}
        assert wrong[kind] == labelled


def test_stays_share_no_night_but_where_labelled(plan):
    stays = defaultdict(list)
    for bill in plan.bills:
        if bill.is_stay:
            stays[bill.person.person_id].append(bill)
    overlapping = {
        later.settlement_id
        for of_person in stays.values()
        for later in of_person
        for earlier in of_person
        if later is not earlier
        and earlier.settle_time < later.settle_time
        and later.begin < earlier.end
        and earlier.begin < later.end
    }
    labelled = {
        bill.settlement_id
        for bill in plan.bills
        if bill.label and bill.label.kind is Kind.OVERLAPPING_STAY
    }
    assert overlapping == labelled


def test_invoices_are_claimed_once_but_where_labelled(plan):
    counts = Counter(bill.invoice_number for bill in plan.bills)
    labelled = [
        bill for bill in plan.bills if bill.label and bill.label.kind is Kind.DUPLICATE_INVOICE
    ]
    assert {number for number, count in counts.items() if count > 1} == {
        bill.invoice_number for bill in labelled
    }
    assert set(counts.values()) == {1, 2}

"""Properties of all shipped rules over random people: order, repetition, where a finding stands."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from itertools import permutations
from typing import TYPE_CHECKING
from uuid import UUID

from hypothesis import given, settings
from hypothesis import strategies as st

from services.supervision.domain.engine import judge
from services.supervision.domain.model import (
    Bill,
    Channel,
    Finding,
    History,
    Line,
    Moment,
    Sex,
    is_before,
    total_fen_of,
)
from services.supervision.domain.rule import Reach
from services.supervision.rules_loader import load_rules

if TYPE_CHECKING:
    from random import Random

RULES = load_rules()
START = date(2026, 3, 1)
# Few items, chosen so that rules meet: courses, cycles, beds, nursing, drugs with a supply, herbs.
ITEMS = [
    "XB01AXA223B002010100156",
    "XB01AXA223B004010180963",
    "XA10BJD332B002010178403",
    "XC10AAA321A001010100001",
    "XC10AAR088A001010100001",
    "XL02BBA326A001010102180",
    "XG04BEX001A001010100001",
    "XC01DAX002A001010100001",
    "002503020030000",
    "003402000230000",
    "002103000010000",
    "001109000010000",
    "001109000030000",
    "001201000030000",
    "001201000040000",
    "001103000010000",
    "001102000010000",
    "001102000050000",
    "003310020050000",
    "003310020030000",
    "T900100001",
    "T900400001",
    "T900500001",
    "C0202020010000100001",
]

lines = st.lists(
    st.builds(
        Line,
        line_id=st.uuids().map(str),
        item_code=st.sampled_from(ITEMS),
        fee_date=st.integers(0, 12).map(lambda day: START + timedelta(day)),
        quantity=st.sampled_from([Decimal("0.5"), Decimal(1), Decimal(3), Decimal(30)]),
        amount_fen=st.integers(1, 10**7),
        unit_price=st.sampled_from([Decimal(0), Decimal(10), Decimal(500)]),
        supply_days=st.sampled_from([0, 3, 14, 30]),
        catalogue_class=st.sampled_from(["A", "C", ""]),
        in_scope_fen=st.none() | st.integers(0, 10**4),
    ),
    max_size=8,
    unique_by=lambda line: line.line_id,
).map(tuple)


@st.composite
def bills(draw: st.DrawFn, number: int) -> Bill:
    first = START + timedelta(draw(st.integers(0, 12)))
    return Bill(
        sex=draw(st.sampled_from(Sex)),
        birth_date=draw(st.none() | st.sampled_from([date(1980, 5, 1), date(2026, 3, 5)])),
        medical_type=draw(st.sampled_from(["11", "13", "14", "21", "21", "41", "27", ""])),
        institution_level=draw(st.sampled_from(["02", "08", "11", ""])),
        scheme_code="310",
        lines=draw(lines),
        bill_key=UUID(int=number),
        channel=draw(st.sampled_from(Channel)),
        care_region_code=draw(st.sampled_from(["110105", "440104", ""])),
        insured_region_code="640100",
        institution_code=draw(st.sampled_from(["H11010500001", "H44010400001"])),
        department_code=draw(st.sampled_from(["", "03"])),
        begin_date=first,
        end_date=first + timedelta(draw(st.integers(0, 9))),
        settle_time=datetime(2026, 3, 1, tzinfo=UTC)
        + timedelta(hours=draw(st.integers(0, 24 * 20))),
        diagnosis_codes=draw(st.none() | st.sampled_from([(), ("I63.900",), ("J45.900",)])),
        operation_codes=draw(st.none() | st.sampled_from([(), ("36.0600",)])),
        emergency=draw(st.booleans()),
        visit_id=draw(st.none() | st.sampled_from([UUID(int=900), UUID(int=901)])),
        invoice_key=draw(st.none() | st.sampled_from([b"one", b"two"])),
    )


people = st.integers(1, 5).flatmap(
    lambda count: st.tuples(*(bills(number) for number in range(1, count + 1)))
)


def audit(bill: Bill, everything: tuple[Bill, ...]) -> tuple[Finding, ...]:
    return judge(bill, RULES, moment=Moment.AUDIT, history=History(bills=everything))


@given(people, st.randoms(use_true_random=False))
def test_neither_the_order_of_arrival_nor_repetition_matters(
    person: tuple[Bill, ...], random: Random
) -> None:
    shuffled = list(person)
    random.shuffle(shuffled)
    for bill in person:
        findings = audit(bill, person)
        assert audit(bill, person) == findings
        assert audit(bill, tuple(shuffled)) == findings


@given(people)
def test_a_finding_rests_on_earlier_bills_only(person: tuple[Bill, ...]) -> None:
    by_key = {bill.bill_key: bill for bill in person}
    for bill in person:
        for finding in audit(bill, person):
            assert bill.bill_key not in finding.other_bill_keys
            assert len(set(finding.other_bill_keys)) == len(finding.other_bill_keys)
            assert all(is_before(by_key[key], bill) for key in finding.other_bill_keys)


@given(people)
def test_what_came_later_changes_nothing(person: tuple[Bill, ...]) -> None:
    for bill in person:
        earlier = tuple(one for one in person if is_before(one, bill))
        assert audit(bill, earlier) == audit(bill, person)


@given(people, st.randoms(use_true_random=False))
def test_the_order_of_lines_changes_no_line_that_has_a_date_of_its_own(
    person: tuple[Bill, ...], random: Random
) -> None:
    bill = person[0]
    shuffled = list(bill.lines)
    random.shuffle(shuffled)
    other = replace(bill, lines=tuple(shuffled))
    # Of lines that together are too many the last is at fault; which that is, the order says.
    assert {(f.rule_code, f.result_class) for f in audit(bill, person)} == {
        (f.rule_code, f.result_class) for f in audit(other, person)
    }


@given(people)
def test_a_finding_names_lines_of_its_bill_and_their_sum(person: tuple[Bill, ...]) -> None:
    bill = person[-1]
    amounts = {line.line_id: line.amount_fen for line in bill.lines}
    order = {line.line_id: number for number, line in enumerate(bill.lines)}
    for finding in audit(bill, person):
        assert sorted(finding.line_ids, key=order.__getitem__) == list(finding.line_ids)
        expected = sum(amounts[one] for one in finding.line_ids)
        assert finding.amount_fen == (expected if finding.line_ids else total_fen_of(bill))


@given(people)
def test_without_a_history_the_rest_is_found_all_the_same(person: tuple[Bill, ...]) -> None:
    bill = person[-1]
    alone = judge(bill, RULES, moment=Moment.AUDIT)
    reaches = {rule.code: rule.reach for rule in RULES.rules}
    with_history = audit(bill, person)
    assert alone == tuple(f for f in with_history if reaches[f.rule_code] is Reach.BILL)


@given(people)
@settings(max_examples=30)
def test_over_a_whole_record_each_pair_of_bills_is_found_once(person: tuple[Bill, ...]) -> None:
    def record(order: tuple[Bill, ...]) -> set[tuple[UUID | None, Finding]]:
        # Each bill is judged as it arrives, and every later one again, as the audit does.
        known: list[Bill] = []
        found: set[tuple[UUID | None, Finding]] = set()
        for arrived in order:
            known.append(arrived)
            for bill in known:
                if bill is arrived or is_before(arrived, bill):
                    found = {one for one in found if one[0] != bill.bill_key}
                    found |= {(bill.bill_key, one) for one in audit(bill, tuple(known))}
        return found

    orders = list(permutations(person[:3]))
    assert all(record(order) == record(orders[0]) for order in orders)

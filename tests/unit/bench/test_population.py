"""Goal: the people and bills of the bench are valid, distinct and the same each time."""

from __future__ import annotations

from collections import Counter
from datetime import date
from decimal import Decimal

from services.bench import population
from services.catalogue.sample import sample_items
from services.kit import codes
from services.kit.crypto import BlindIndex
from services.kit.interceptors.validation import check_entry
from services.settlement.fingerprints import Fingerprints
from services.settlement.messages import read_order, screen_request
from services.supervision.domain.engine import judge
from services.supervision.domain.model import Moment
from services.supervision.rules_loader import load_rules
from services.supervision.screening.messages import read_request

COUNT = 500
PEOPLE = population.members(COUNT)


def test_id_numbers_are_valid_distinct_and_given_to_nobody():
    numbers = [member.person.cert_number for member in PEOPLE]
    assert len(set(numbers)) == COUNT
    assert all(codes.is_id_number(number, today=date(2026, 11, 21)) for number in numbers)
    assert all(number[14] == "9" for number in numbers)


def test_sex_and_birth_date_are_those_of_the_number():
    for member in PEOPLE:
        person = member.person
        born = codes.birth_date_of(person.cert_number)
        assert (born.year, born.month, born.day) == (
            person.birth_date.year,
            person.birth_date.month,
            person.birth_date.day,
        )
        assert str(person.sex) == codes.sex_of(person.cert_number)


def test_cards_are_distinct_and_well_formed():
    cards = [member.card.card_number for member in PEOPLE]
    assert len(set(cards)) == COUNT
    assert all(codes.is_card_number(card) for card in cards)


def test_everybody_is_cared_for_in_another_province():
    for member in PEOPLE:
        relation = member.relation
        assert codes.is_cross_province(
            care=relation.care_region_code, insured=relation.insured_region_code
        )


def test_bills_have_twenty_lines_of_the_catalogue_that_add_up():
    for member, bill in zip(PEOPLE[:40], population.bills(PEOPLE[:40]), strict=True):
        region = member.relation.care_region_code
        known = {item.item_code for item in sample_items(region)} if member.number < 4 else None
        assert len(bill.lines) == population.LINES
        assert sum(line.amount.fen for line in bill.lines) == bill.total.fen
        for line in bill.lines:
            exact = Decimal(line.unit_price.value) * Decimal(line.quantity.value) * 100
            assert exact == line.amount.fen
            assert known is None or line.item_code in known


def test_the_audit_rules_have_nothing_against_a_bill():
    """What a round trip costs is measured on what hospitals mostly send, findings are not."""
    rules = load_rules()
    fingerprints = Fingerprints(BlindIndex(bytes(32)))
    person_id = "01234567-89ab-7def-8123-456789abcdef"
    found = Counter()
    for request in population.settle_requests(PEOPLE[:60], [person_id] * 60):
        asked = screen_request(read_order(request), fingerprints)
        judged = judge(read_request(asked), rules, moment=Moment.SCREENING)
        found.update(one.rule_code for one in judged)
    # The same drug drawn twice is a duplicate charge; whatever else there is would be on most.
    assert found.total() <= 3


def test_there_are_as_many_people_as_the_bench_loads():
    many = population.members(8000)
    assert len({member.person.cert_number for member in many}) == len(many)
    assert len({member.card.card_number for member in many}) == len(many)


def test_bills_are_the_same_each_time_and_differ_between_people():
    first, again = population.bills(PEOPLE[:8]), population.bills(PEOPLE[:8])
    assert first == again
    assert len({bill.SerializeToString(deterministic=True) for bill in first}) == len(first)


def test_requests_lack_only_their_request_id():
    person_id = "01234567-89ab-7def-8123-456789abcdef"
    for request in population.settle_requests(PEOPLE[:4], [person_id] * 4):
        assert [violation.field for violation in check_entry(request)] == ["request_id"]
        request.request_id = person_id
        assert check_entry(request) == ()

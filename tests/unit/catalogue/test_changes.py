"""Goal: of a version made by changes, only entries and withdrawals that fit its base go in."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from services.catalogue.domain.admit import admit, admit_withdrawals
from services.classification.model import CatalogueItem, PaymentRestriction

CODE = "001109000030000"
OTHER = "001109000030100"
DAY = date(2026, 1, 1)


def item(begin=DAY, **changes) -> CatalogueItem:
    values = {
        "item_code": CODE,
        "name": "监护病房床位费",
        "list_type_code": "201",
        "charge_category_code": "01",
        "catalogue_class": "A",
        "prior_self_pay_ratio": Decimal(0),
        "price_ceiling": None,
        "over_ceiling": "self_pay",
        "begin_date": begin,
        "end_date": None,
        "sample": True,
    }
    return CatalogueItem(**(values | changes))


def reasons(admission):
    return [
        (refusal.index, [violation.field for violation in refusal.error.violations])
        for refusal in admission.refusals
    ]


def test_an_entry_begins_on_the_effective_date_at_the_earliest():
    batch = [item(date(2025, 12, 31)), item(DAY)]
    assert reasons(admit(batch, {}, effective_date=DAY)) == [(0, ["items[0].begin_date"])]


def test_a_withdrawn_item_takes_no_entry():
    batch = [item(), item(item_code=OTHER)]
    admission = admit(batch, {}, effective_date=DAY, withdrawn={CODE})
    assert reasons(admission) == [(0, ["items[0].item_code"])]


def test_a_refused_entry_does_not_stand_in_the_way_of_a_good_one():
    batch = [item(date(2025, 12, 31)), item(DAY), item(date(2026, 2, 1))]
    admission = admit(batch, {}, effective_date=DAY)
    assert [refusal.error.reason for refusal in admission.refusals] == [
        "FIELD_INVALID",
        "CATALOGUE_PERIOD_OVERLAP",
    ]
    assert admission.items == (batch[1],)


def test_control_characters_are_refused_in_every_text():
    batch = [
        item(name="床\x00"),
        item(specification="\t"),
        item(unit="床\u2028"),
        item(restriction=PaymentRestriction(text="限\r")),
        item(name="床 位（监护）"),
        item(name="床位费".encode("gbk").decode(errors="replace")),
    ]
    assert reasons(admit(batch, {})) == [
        (0, ["items[0].name"]),
        (1, ["items[1].specification"]),
        (2, ["items[2].unit"]),
        (3, ["items[3].restriction.text"]),
        (5, ["items[5].name"]),
    ]


def test_withdrawals_are_admitted_one_by_one():
    codes = [CODE, OTHER, CODE, "x", "001109000030200", "001109000030300", "001109000030400"]
    admission = admit_withdrawals(
        codes,
        reaching={CODE, OTHER, "001109000030200", "001109000030400"},
        given={"001109000030200"},
        withdrawn={"001109000030400"},
    )
    assert admission.item_codes == (CODE, OTHER)
    assert reasons(admission) == [
        (index, [f"withdrawn_item_codes[{index}]"]) for index in (2, 3, 4, 5, 6)
    ]

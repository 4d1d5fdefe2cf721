"""Goal: of a batch, exactly the entries that fit go in, whatever the order and what is there.

Method: hand-made batches; and Hypothesis, with Snapshot as the independent judge of overlaps.
"""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from services.catalogue.domain.admit import admit
from services.classification.model import CatalogueItem
from services.classification.snapshot import Snapshot
from services.kit.errors import InvalidArgument

CODES = ("001109000030000", "001109000030100")
DAY = date(2026, 1, 1)


def item(begin: int, end: int | None, code: str = CODES[0], **changes) -> CatalogueItem:
    values = {
        "item_code": code,
        "name": "监护病房床位费",
        "list_type_code": "201",
        "charge_category_code": "01",
        "catalogue_class": "A",
        "prior_self_pay_ratio": Decimal(0),
        "price_ceiling": None,
        "over_ceiling": "self_pay",
        "begin_date": DAY + timedelta(begin),
        "end_date": None if end is None else DAY + timedelta(end),
        "sample": True,
    }
    return CatalogueItem(**(values | changes))


def test_an_unreadable_entry_keeps_its_place_and_error():
    unreadable = InvalidArgument("FIELD_INVALID", "items[1].begin_date: not a calendar date")
    admission = admit([item(0, 1), unreadable, item(2, 3)], {})
    assert [entry.begin_date for entry in admission.items] == [DAY, DAY + timedelta(2)]
    assert [(refusal.index, refusal.error) for refusal in admission.refusals] == [(1, unreadable)]


def test_a_refused_entry_takes_no_room():
    admission = admit([item(0, None, name=""), item(0, 5), item(5, 6), item(6, None)], {})
    assert [refusal.index for refusal in admission.refusals] == [0, 2]


def test_periods_already_there_count_per_code():
    known = {CODES[0]: [(DAY, None)]}
    admission = admit([item(9, None), item(9, None, CODES[1])], known)
    assert [refusal.error.reason for refusal in admission.refusals] == ["CATALOGUE_PERIOD_OVERLAP"]
    assert [entry.item_code for entry in admission.items] == [CODES[1]]
    assert known == {CODES[0]: [(DAY, None)]}


periods = st.tuples(st.integers(0, 12), st.none() | st.integers(0, 4), st.sampled_from(CODES))


@given(st.lists(periods, max_size=8), st.lists(periods, max_size=8))
def test_what_is_admitted_never_overlaps_and_what_is_refused_would(first, second):
    first_batch = [item(b, None if n is None else b + n, code) for b, n, code in first]
    second_batch = [item(b, None if n is None else b + n, code) for b, n, code in second]
    there = admit(first_batch, {}).items
    known: dict = {}
    for entry in there:
        known.setdefault(entry.item_code, []).append((entry.begin_date, entry.end_date))
    admission = admit(second_batch, known)
    everything = [*there, *admission.items]
    Snapshot(region_code="640000", version="1", items=everything)
    assert len(admission.items) + len(admission.refusals) == len(second_batch)
    for refusal in admission.refusals:
        assert overlaps([*everything, second_batch[refusal.index]])


def overlaps(items) -> bool:
    try:
        Snapshot(region_code="640000", version="1", items=items)
    except InvalidArgument as error:
        return error.reason == "CATALOGUE_PERIOD_OVERLAP"
    return False

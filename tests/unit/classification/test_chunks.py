"""Goal: a snapshot that went through chunks is the one that was published, or is refused.

Method: items of every kind in chunks of many sizes; columns tampered with one at a time.
"""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

import pytest

from services.classification import chunk_wire
from services.classification.building import Builder
from services.classification.chunk_wire import read_part, write_chunks
from services.classification.model import (
    AgeBound,
    PaymentRestriction,
    PriceCeiling,
    PriorSelfPay,
    UseLimit,
)
from services.classification.snapshot import Snapshot
from services.kit.errors import InvalidArgument
from tests.unit.classification.samples import item, snapshot
from yijie.catalogue.v1.catalogue_service_pb2 import DownloadSnapshotResponse

FIRST = date(2020, 1, 1)


def many(count: int):
    """Items of 1 to 3 periods, with what decides differing from one to the next."""
    found = []
    for number in range(count):
        code = f"0011{number:07d}0000"
        begin = FIRST
        for period in range(1 + number % 3):
            end = begin + timedelta(days=30) if period < number % 3 else None
            found.append(
                item(
                    code,
                    "B" if number % 2 else "A",
                    name="",
                    begin_date=begin,
                    end_date=end,
                    prior_self_pay_ratio=Decimal(number % 7) / 10 if number % 2 else Decimal(0),
                    price_ceiling=None if number % 5 else Decimal(number) / 100,
                    over_ceiling="reject" if number % 10 == 0 else "self_pay",
                    prior_self_pays=(PriorSelfPay(person_type_code="12", ratio=Decimal("0.05")),)
                    if number % 11 == 1
                    else (),
                    price_ceilings=(
                        PriceCeiling(price_level_code="01", price_ceiling=Decimal(number)),
                        PriceCeiling(price_level_code="11", price_ceiling=Decimal("0.000001")),
                    )
                    if number % 4 == 0
                    else (),
                    restriction=PaymentRestriction(
                        sex="2",
                        min_age=AgeBound(number % 90, "year"),
                        max_age=AgeBound(50_000, "day"),
                        price_level_codes=("01",),
                        setting="pharmacy",
                        department_codes=("A01",),
                        diagnosis_prefixes=("I10",),
                        scheme_codes=("310",),
                        requires_approval=True,
                    )
                    if number % 6 == 0
                    else None,
                    use_limits=(UseLimit(quantity=Decimal("1.5"), period="day"),)
                    if number % 9 == 0
                    else (),
                )
            )
            begin = (end or begin) + timedelta(days=2)
    return found


def built(chunks) -> Snapshot:
    builder = Builder()
    for chunk in chunks:
        parsed = DownloadSnapshotResponse.FromString(chunk.SerializeToString())
        for _ in builder.add(read_part(parsed)):
            pass
    return Snapshot(region_code="640000", version="v1", items=builder.finish())


@pytest.mark.parametrize("size", [1, 63, 64, 65, 128, 4000])
def test_items_come_back_through_chunks_of_any_size(size):
    items = many(500)
    chunks = []
    for begin in range(0, len(items), size):
        chunks += write_chunks(items[begin : begin + size], begin)
    assert [chunk.first_index for chunk in chunks] == list(range(0, len(items), size))
    found = built(chunks)
    assert list(found) == items == list(snapshot(*reversed(items)))
    assert len(found) == len(items)
    assert found.first_date == FIRST
    for each in items:
        assert found.lookup(each.item_code, each.begin_date) == each
        last = each.end_date or date(2030, 1, 1)
        assert found.lookup(each.item_code, last) == each
        # The day after a period that ends is a gap of one day.
        after = found.lookup(each.item_code, last + timedelta(days=1))
        assert after == (None if each.end_date else each)
        assert found.lookup(each.item_code, FIRST - timedelta(days=1)) is None
    for code in ("", "0", "00110000000000", "0011000000000001", "9", "0011\n0000", "甲"):
        assert found.lookup(code, FIRST) is None


def test_a_chunk_that_would_not_fit_a_message_is_two(monkeypatch):
    items = many(100)
    whole = write_chunks(items, 0)
    monkeypatch.setattr(chunk_wire, "CHUNK_BYTES_MAX", whole[0].ByteSize() // 2)
    chunks = write_chunks(items, 7)
    assert len(chunks) > 2
    assert chunks[0].first_index == 7
    assert list(built(chunks)) == items
    monkeypatch.setattr(chunk_wire, "CHUNK_BYTES_MAX", 1)
    assert len(write_chunks(items[:3], 0)) == 3


def test_the_words_of_a_condition_are_not_sent():
    (chunk,) = write_chunks([item(restriction=PaymentRestriction(sex="2", text="限女性"))], 0)
    assert "限女性".encode() not in chunk.SerializeToString()


TAMPERED = {
    "shorter": lambda c: c.begin_days.pop(),
    "longer": lambda c: c.ceilings_micro_yuan.append(1),
    "no end of a code": lambda c: setattr(c, "item_codes", c.item_codes[:-1]),
    "order": lambda c: setattr(c, "item_codes", b"Z\nY\n" + c.item_codes.split(b"\n", 2)[2]),
    "not ASCII": lambda c: setattr(c, "item_codes", b"\xff" + c.item_codes),
    "terms": lambda c: c.term_indexes.__setitem__(0, len(c.terms)),
    "terms below": lambda c: c.term_indexes.__setitem__(0, -1),
    "ceiling": lambda c: c.ceilings_micro_yuan.__setitem__(0, -2),
    "ends before": lambda c: c.end_days.__setitem__(0, c.begin_days[0] - 1),
    "class": lambda c: setattr(c.terms[0], "catalogue_class", 0),
    "over ceiling": lambda c: setattr(c.terms[0], "over_ceiling", 9),
    "share": lambda c: c.terms[0].prior_self_pays.add(person_type_code="12"),
}


@pytest.mark.parametrize("how", TAMPERED)
def test_columns_that_cannot_be_are_refused(how):
    (chunk,) = write_chunks(many(10), 0)
    TAMPERED[how](chunk)
    with pytest.raises(InvalidArgument) as refused:
        built([chunk])
    assert refused.value.reason == "FIELD_INVALID"


def test_overlapping_periods_are_refused_also_across_chunks():
    first = item(begin_date=FIRST, end_date=FIRST + timedelta(days=9))
    second = item(begin_date=FIRST + timedelta(days=9))
    with pytest.raises(InvalidArgument) as refused:
        built(write_chunks([first], 0) + write_chunks([second], 1))
    assert refused.value.reason == "CATALOGUE_PERIOD_OVERLAP"


def test_entries_of_the_same_terms_share_them():
    items = [item(f"0011{number:07d}0000", name=str(number)) for number in range(1000)]
    found = snapshot(*items)
    terms = {id(found.terms_of(found.find(each.item_code, FIRST))) for each in items}
    assert len(terms) == 1

"""Goal: a snapshot refuses what it cannot answer for, and answers by code and date."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from services.classification.model import CatalogueItem
from services.classification.snapshot import Snapshot
from services.kit.errors import InvalidArgument


def item(item_code: str, begin: date, end: date | None) -> CatalogueItem:
    return CatalogueItem(
        item_code=item_code,
        name="示例",
        list_type_code="201",
        charge_category_code="01",
        catalogue_class="A",
        prior_self_pay_ratio=Decimal(0),
        price_ceiling=None,
        over_ceiling="self_pay",
        begin_date=begin,
        end_date=end,
        sample=True,
    )


def snapshot(*periods: tuple[date, date | None]) -> Snapshot:
    return Snapshot(
        region_code="640000", version="1", items=(item("X", begin, end) for begin, end in periods)
    )


def d(day: int) -> date:
    return date(2026, 1, day)


@pytest.mark.parametrize(
    ("periods", "reason"),
    [
        (((d(1), None), (d(1), None)), "CATALOGUE_PERIOD_OVERLAP"),
        (((d(1), None), (d(9), None)), "CATALOGUE_PERIOD_OVERLAP"),
        (((d(5), d(9)), (d(1), d(5))), "CATALOGUE_PERIOD_OVERLAP"),
        (((d(5), d(6)), (d(1), d(2)), (d(2), d(4))), "CATALOGUE_PERIOD_OVERLAP"),
        (((d(2), d(1)),), "FIELD_INVALID"),
    ],
)
def test_refuses_periods_that_cannot_be(periods, reason):
    with pytest.raises(InvalidArgument) as refused:
        snapshot(*periods)
    assert refused.value.reason == reason


def test_adjacent_periods_of_one_day_are_fine():
    found = snapshot((d(3), d(3)), (d(1), d(1)), (d(2), d(2)), (d(5), None))
    assert [found.lookup("X", d(day)) is not None for day in range(1, 8)] == [
        *(True, True, True),
        False,
        *(True, True, True),
    ]
    assert [entry.begin_date.day for entry in found] == [1, 2, 3, 5]
    assert len(found) == found.item_count == 4
    assert found.first_date == d(1)


def test_an_unknown_code_and_an_empty_snapshot_answer_nothing():
    assert snapshot((d(1), None)).lookup("Y", d(1)) is None
    assert snapshot().first_date is None
    assert snapshot().lookup("X", d(1)) is None

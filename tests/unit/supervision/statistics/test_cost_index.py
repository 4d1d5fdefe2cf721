"""Goal: visitors are held against locals with the same diseases, and what is left out is told."""

from __future__ import annotations

from fractions import Fraction

from services.supervision.domain.cost_index import Cost, CostKey, compare
from services.supervision.domain.direct_rate import CareSetting

HOSPITAL = "H11010500001"


def key(group: str = "", institution: str = HOSPITAL) -> CostKey:
    return CostKey(institution, CareSetting.INPATIENT, group)


def by_institution(one: CostKey) -> str:
    return one.institution_code


def test_by_hand_with_two_diseases():
    # 异地：I21 2 例 60,000；J18 4 例 20,000。本地次均：I21 25,000，J18 4,000
    # 期望 = 2 × 25,000 + 4 × 4,000 = 66,000；指数 = 80,000 ÷ 66,000
    found = compare(
        {key("I21"): Cost(2, 60_000_00), key("J18"): Cost(4, 20_000_00)},
        {key("I21"): Cost(10, 250_000_00), key("J18"): Cost(50, 200_000_00)},
        by_institution,
    )[HOSPITAL]
    assert found.index == Fraction(80_000, 66_000)
    assert found.coverage == 1


def test_graver_cases_alone_do_not_raise_the_index():
    # Every visitor has the dear disease and costs what a local with it costs.
    found = compare(
        {key("I21"): Cost(10, 250_000_00)},
        {key("I21"): Cost(1, 25_000_00), key("J18"): Cost(99, 99_000_00)},
        by_institution,
    )[HOSPITAL]
    assert found.index == 1


def test_a_disease_without_locals_is_left_out_on_both_sides_and_told():
    found = compare(
        {key("I21"): Cost(1, 30_000_00), key("C34"): Cost(1, 90_000_00)},
        {key("I21"): Cost(2, 40_000_00)},
        by_institution,
    )[HOSPITAL]
    assert found.index == Fraction(3, 2)
    assert found.coverage == Fraction(1, 4)
    assert (found.visitors.cases, found.compared.cases) == (2, 1)


def test_locals_given_as_a_whole_are_compared_as_a_whole():
    found = compare(
        {key("I21"): Cost(1, 30_000_00), key("J18"): Cost(1, 10_000_00)},
        {key(): Cost(10, 100_000_00)},
        by_institution,
    )[HOSPITAL]
    assert found.index == 2


def test_without_locals_there_is_no_index():
    found = compare({key("I21"): Cost(1, 100)}, {}, by_institution)[HOSPITAL]
    assert (found.index, found.coverage) == (None, 0)


def test_provinces_add_up_costs_and_not_averages():
    found = compare(
        {key(): Cost(1, 30_000_00), key(institution="H11010500002"): Cost(9, 90_000_00)},
        {
            key(): Cost(1, 10_000_00),
            key(institution="H11010500002"): Cost(1, 10_000_00),
        },
        lambda one: one.institution_code[1:3],
    )["11"]
    assert found.index == Fraction(12, 10)

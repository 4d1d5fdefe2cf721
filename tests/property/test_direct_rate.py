"""Goal: whatever the cases are, rates lie between 0 and 1, parts add up, an episode counts once.

Method: few people, two institutions and few days, so that stays, visits, claims and self-paid cases
of the same care meet often.
"""

from __future__ import annotations

from datetime import date, timedelta
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from services.supervision.domain.direct_rate import (
    CareSetting,
    Case,
    Level,
    Settled,
    Tally,
    counted,
    sum_up,
    tally,
)

_FIRST = date(2026, 2, 20)
_PLACES = (("H11010500001", "110105"), ("H31010100002", "310101"))


@st.composite
def worlds(draw: st.DrawFn) -> list[Case]:
    found = []
    for number in range(draw(st.integers(0, 14))):
        institution, care = draw(st.sampled_from(_PLACES))
        begin = _FIRST + timedelta(days=draw(st.integers(0, 15)))
        settled = draw(st.sampled_from(Settled))
        person = draw(st.integers(1, 3))
        is_part = settled is Settled.DIRECT and draw(st.booleans())
        found.append(
            Case(
                key=UUID(int=number + 1),
                settled=settled,
                person_id=UUID(int=person),
                institution_code=institution,
                care_region_code=care,
                insured_region_code=draw(st.sampled_from(("640104", "650102"))),
                medical_type_code=draw(st.sampled_from(("21", "11", "41"))),
                begin_date=begin,
                end_date=begin + timedelta(days=draw(st.integers(0, 6))),
                total_fen=draw(st.sampled_from((100, 200, 300))),
                visit_id=UUID(int=1000 * person + int(institution[1:3])) if is_part else None,
            )
        )
    return found


@given(worlds())
def test_rates_lie_between_0_and_1_and_parts_add_up(cases: list[Case]) -> None:
    tallies = tally(cases)
    for setting in (None, *CareSetting):
        nation = sum_up(tallies, Level.NATION, setting=setting).get("", Tally())
        for level in Level:
            parts = sum_up(tallies, level, setting=setting)
            assert sum(parts.values(), Tally()) == nation
            for one in parts.values():
                for rate in (one.rate_by_cost, one.rate_by_cases):
                    assert rate is None or 0 <= rate <= 1


@given(worlds(), st.randoms(use_true_random=False))
def test_the_order_in_which_cases_come_does_not_matter(cases: list[Case], draw) -> None:
    shuffled = list(cases)
    draw.shuffle(shuffled)
    assert tally(shuffled) == tally(cases)


@given(worlds())
def test_every_direct_fen_counts_and_nothing_is_made(cases: list[Case]) -> None:
    nation = sum(tally(cases).values(), Tally())
    direct = [case for case in cases if case.settled is Settled.DIRECT]
    assert nation.direct_fen == sum(case.total_fen for case in direct)
    assert nation.cost_fen <= sum(case.total_fen for case in cases)
    stays = {case.visit_id for case in direct if case.visit_id}
    assert nation.direct_cases == len(stays) + sum(case.visit_id is None for case in direct)


@given(worlds(), st.data())
def test_a_self_paid_case_claimed_later_counts_once(cases: list[Case], data: st.DataObject) -> None:
    paid = [case for case in counted(cases) if case.settled is Settled.SELF_PAID]
    if not paid:
        return
    one = data.draw(st.sampled_from(paid))
    claim = Case(
        key=UUID(int=999),
        settled=Settled.MANUAL,
        person_id=one.person_id,
        institution_code=one.institution_code,
        care_region_code=one.care_region_code,
        insured_region_code=one.insured_region_code,
        medical_type_code=one.medical_type_code,
        begin_date=one.begin_date,
        end_date=one.end_date,
        total_fen=one.total_fen,
    )
    after = counted([*cases, claim])
    assert one not in after
    assert claim in after
    # The same care is in the denominator at most as often as before.
    assert len(after) <= len(counted(cases))

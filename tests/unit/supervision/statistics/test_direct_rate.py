"""Goal: the rate counts an episode of care once, and is what a person would work out by hand."""

from __future__ import annotations

from datetime import date
from fractions import Fraction
from uuid import UUID, uuid4

from services.supervision.domain.direct_rate import (
    CareSetting,
    Case,
    Eligibility,
    Level,
    SelfPaidReason,
    Settled,
    Tally,
    counted,
    judge_eligibility,
    ranked,
    same_episode,
    setting_of,
    sum_up,
    tally,
)

ANNA, BELA = UUID(int=1), UUID(int=2)
HOSPITAL, OTHER = "H11010500001", "H31010100002"


def case(settled: Settled, begin: int, end: int, total_fen: int = 100_00, **more) -> Case:
    values = {
        "key": uuid4(),
        "settled": settled,
        "person_id": ANNA,
        "institution_code": HOSPITAL,
        "care_region_code": "110105",
        "insured_region_code": "640104",
        "medical_type_code": "21",
        "begin_date": date(2026, 3, begin),
        "end_date": date(2026, 3, end),
        "total_fen": total_fen,
    }
    return Case(**{**values, **more})


def nation(*cases: Case) -> Tally:
    return sum(tally(cases).values(), Tally())


def test_a_small_world_by_hand():
    # 直接 3 人次 60,000 元；报销 1 人次 20,000 元；自费 1 人次 20,000 元
    # 费用率 60,000 ÷ 100,000 = 60 %，人次率 3 ÷ 5 = 60 %
    world = (
        case(Settled.DIRECT, 1, 5, 30_000_00),
        case(Settled.DIRECT, 7, 9, 20_000_00),
        case(Settled.DIRECT, 2, 8, 10_000_00, person_id=BELA, institution_code=OTHER),
        case(Settled.MANUAL, 11, 14, 20_000_00),
        case(Settled.SELF_PAID, 16, 20, 20_000_00),
    )
    found = nation(*world)
    assert found.rate_by_cost == Fraction(3, 5)
    assert found.rate_by_cases == Fraction(3, 5)
    assert found.turned_away_cases == 2
    assert (found.cases, found.cost_fen) == (5, 100_000_00)


def test_cost_and_cases_may_differ():
    found = nation(
        case(Settled.DIRECT, 1, 2, 90_000_00),
        case(Settled.MANUAL, 4, 5, 5_000_00),
        case(Settled.SELF_PAID, 7, 8, 5_000_00),
    )
    assert (found.rate_by_cost, found.rate_by_cases) == (Fraction(9, 10), Fraction(1, 3))


def test_without_cases_there_is_no_rate():
    assert (Tally().rate_by_cost, Tally().rate_by_cases) == (None, None)


def test_a_self_paid_case_that_was_claimed_since_counts_once():
    found = nation(
        case(Settled.SELF_PAID, 1, 10, 50_000_00), case(Settled.MANUAL, 1, 10, 49_000_00)
    )
    assert (found.self_paid_cases, found.manual_cases, found.cost_fen) == (0, 1, 49_000_00)


def test_a_self_paid_case_that_was_settled_since_counts_once():
    found = nation(case(Settled.SELF_PAID, 1, 10), case(Settled.DIRECT, 1, 10))
    assert (found.cases, found.rate_by_cases) == (1, Fraction(1))


def test_a_claim_for_what_was_settled_directly_counts_once():
    found = nation(case(Settled.MANUAL, 1, 10), case(Settled.DIRECT, 1, 9))
    assert (found.cases, found.direct_cases) == (1, 1)


def test_one_self_paid_stay_uploaded_under_two_numbers_counts_once():
    found = nation(
        case(Settled.SELF_PAID, 1, 10, 50_000_00), case(Settled.SELF_PAID, 1, 10, 50_000_00)
    )
    assert (found.self_paid_cases, found.self_paid_fen) == (1, 50_000_00)
    # Another total under another number: the dearer, so that a repeat cannot make it smaller.
    found = nation(case(Settled.SELF_PAID, 1, 10, 50_000_00), case(Settled.SELF_PAID, 1, 10, 1_00))
    assert (found.self_paid_cases, found.self_paid_fen) == (1, 50_000_00)


def test_a_token_settled_directly_does_not_hide_what_was_paid_beside_it():
    # 直接结算 100 元，其余 50,000 元自费：自费照计
    token = case(Settled.DIRECT, 1, 2, 100_00)
    for settled in (Settled.SELF_PAID, Settled.MANUAL):
        rest = case(settled, 1, 10, 50_000_00)
        assert counted([token, rest]) == [token, rest]


def test_parts_settled_directly_cover_the_stay_together():
    visit = uuid4()
    parts = [
        case(Settled.DIRECT, 1, 5, 20_000_00, visit_id=visit),
        case(Settled.DIRECT, 5, 9, 20_000_00, visit_id=visit),
        case(Settled.DIRECT, 9, 12, 20_000_00, visit_id=visit),
    ]
    whole = case(Settled.SELF_PAID, 1, 12, 60_000_00)
    assert counted([*parts, whole]) == parts


def test_several_claims_of_one_stay_are_one_case_with_all_their_cost():
    found = nation(
        case(Settled.MANUAL, 1, 5, 10_000_00),
        case(Settled.MANUAL, 1, 9, 20_000_00),
        case(Settled.MANUAL, 9, 20, 40_00),
        case(Settled.MANUAL, 4, 4, 5_00, medical_type_code="11"),
        case(Settled.MANUAL, 4, 4, 5_00, medical_type_code="11"),
    )
    assert (found.manual_cases, found.manual_fen) == (4, 30_050_00)


def test_two_stays_that_touch_are_two():
    one, next_one = case(Settled.DIRECT, 1, 10), case(Settled.SELF_PAID, 10, 20)
    assert not same_episode(one, next_one)
    assert nation(one, next_one).cases == 2


def test_visits_of_one_day_are_told_apart_by_their_totals():
    direct = case(Settled.DIRECT, 4, 4, 100_00, medical_type_code="11")
    paid = case(Settled.SELF_PAID, 4, 4, 30_00, medical_type_code="11")
    again = case(Settled.SELF_PAID, 4, 4, 100_00, medical_type_code="11")
    assert counted([direct, paid, again]) == [direct, paid]


def test_another_person_or_institution_is_another_episode():
    direct = case(Settled.DIRECT, 1, 10)
    for change in ({"person_id": BELA}, {"institution_code": OTHER}):
        assert nation(direct, case(Settled.SELF_PAID, 1, 10, **change)).cases == 2


def test_a_stay_settled_in_parts_is_one_case_in_the_month_of_its_last_part():
    visit = uuid4()
    parts = (
        case(
            Settled.DIRECT,
            1,
            1,
            10_00,
            begin_date=date(2026, 2, 20),
            end_date=date(2026, 2, 28),
            visit_id=visit,
        ),
        case(Settled.DIRECT, 1, 9, 20_00, visit_id=visit),
    )
    by_month = {place.month: one for place, one in tally(parts).items()}
    assert (by_month["2026-02"].direct_cases, by_month["2026-02"].direct_fen) == (0, 10_00)
    assert (by_month["2026-03"].direct_cases, by_month["2026-03"].direct_fen) == (1, 20_00)


def test_places_are_the_pooling_area_of_care_and_the_insured_province():
    (place,) = tally([case(Settled.DIRECT, 1, 2)])
    assert (place.month, place.care_region_code) == ("2026-03", "110000")
    assert (place.insured_region_code, place.institution_code) == ("640000", HOSPITAL)


def test_levels_and_settings():
    found = tally(
        [
            case(Settled.DIRECT, 1, 2),
            case(Settled.DIRECT, 3, 3, medical_type_code="11"),
            case(Settled.DIRECT, 4, 4, medical_type_code="41", institution_code="P11010500009"),
            case(Settled.MANUAL, 5, 6, care_region_code="310101", institution_code=OTHER),
        ]
    )
    inpatient = sum_up(found, Level.PROVINCE, setting=CareSetting.INPATIENT)
    assert {code: one.cases for code, one in inpatient.items()} == {"110000": 1, "310000": 1}
    assert sum_up(found, Level.NATION, setting=None)[""].cases == 4
    insured = sum_up(found, Level.INSURED_PROVINCE, setting=CareSetting.PHARMACY)
    assert {code: one.cases for code, one in insured.items()} == {"640000": 1}
    assert set(sum_up(found, Level.INSTITUTION, setting=None)) == {
        HOSPITAL,
        OTHER,
        "P11010500009",
    }
    assert [setting_of(code) for code in ("21", "1101", "41")] == [
        CareSetting.INPATIENT,
        CareSetting.OUTPATIENT,
        CareSetting.PHARMACY,
    ]


def test_the_league_ranks_by_cost_and_equals_share_their_rank():
    def of(direct: int, other: int) -> Tally:
        return Tally(direct_cases=1, direct_fen=direct, manual_cases=1, manual_fen=other)

    found = ranked({"a": of(9, 1), "b": of(18, 2), "c": of(1, 0), "d": of(1, 1), "e": Tally()})
    assert [(rank, code) for rank, code, _ in found] == [
        (1, "c"),
        (2, "a"),
        (2, "b"),
        (4, "d"),
        (0, "e"),
    ]


def test_what_is_missing_first_makes_a_case_ineligible():
    def judged(reason=SelfPaidReason.OTHER, *, insured=True, filed=True):
        return judge_eligibility(reason=reason, is_insured=insured, is_filed=filed)

    assert judged() is Eligibility.ELIGIBLE
    assert judged(SelfPaidReason.PATIENT_CHOSE) is Eligibility.ELIGIBLE
    assert judged(filed=False) is Eligibility.NOT_FILED
    assert judged(insured=False, filed=False) is Eligibility.NOT_INSURED
    assert judged(SelfPaidReason.THIRD_PARTY_LIABLE, insured=False) is Eligibility.NOT_COVERED

"""What a policy counts by month, quarter, hospital and disease, through real bookings."""

from __future__ import annotations

import asyncio
from uuid import UUID, uuid4

import pytest

from tests.integration.benefits.conftest import PERSON, set_day
from tests.integration.benefits.rules import (
    CHRONIC,
    ELSEWHERE,
    FLAT,
    bill,
    by,
    chronic,
    deductibles,
)
from tests.support.packs import pack_tree
from tests.support.rpc import refused
from tests.support.sealed import VAULT

pytestmark = pytest.mark.postgres


def outpatient(mode: str) -> dict[str, bytes]:
    return pack_tree({"segments.scale": FLAT, "deductible.mode": mode}, setting="outpatient")


async def test_a_deductible_of_a_month_begins_anew_with_the_next_and_after_a_reversal(dsn):
    async with by(dsn, outpatient("per_month")) as service:
        days = [(2026, 3, 1), (2026, 3, 31), (2026, 4, 1), (2026, 2, 28)]
        assert await deductibles(service, [bill(6000, day=day) for day in days]) == [
            6000,
            4000,
            6000,
            6000,
        ]
        settlement_id = uuid4()
        await service.commit(bill(50000, day=(2026, 5, 5)), settlement_id)
        assert await deductibles(service, [bill(6000, day=(2026, 5, 6))]) == [0]
        await service.cancel(settlement_id)
        assert await deductibles(service, [bill(6000, day=(2026, 5, 7))]) == [4000]


async def test_a_deductible_of_a_quarter(dsn):
    async with by(dsn, outpatient("per_quarter")) as service:
        days = [(2026, 1, 1), (2026, 3, 31), (2026, 4, 1), (2026, 6, 30), (2027, 1, 1)]
        assert await deductibles(service, [bill(6000, day=day) for day in days]) == [
            6000,
            4000,
            6000,
            4000,
            6000,
        ]


async def test_a_pharmacys_bill_counts_with_the_outpatient_bills(dsn):
    pharmacy = pack_tree(
        {"segments.scale": FLAT, "deductible.mode": "per_month"}, setting="pharmacy"
    )
    async with by(dsn, outpatient("per_month"), pharmacy) as service:
        cases = [bill(6000), bill(6000, "41"), bill(6000)]
        assert await deductibles(service, cases) == [6000, 4000, 0]


async def test_a_deductible_once_a_year_at_each_hospital(dsn):
    tree = pack_tree({"segments.scale": FLAT, "deductible.mode": "per_hospital"})
    async with by(dsn, tree) as service:
        first, second = uuid4(), uuid4()
        cases = [
            bill(50000, "21", stay_id=str(first)),
            bill(50000, "21", stay_id=str(first)),
            bill(50000, "21", stay_id=str(second), institution_code=ELSEWHERE),
            bill(50000, "21", stay_id=str(uuid4())),
            bill(50000, "21", stay_id=str(uuid4()), day=(2027, 1, 1)),
        ]
        assert await deductibles(service, cases) == [10000, 0, 10000, 0, 10000]


async def test_two_bills_at_once_take_a_deductible_of_the_month_once(dsn):
    """Tallies are read under the lock."""
    async with by(dsn, outpatient("per_month")) as service:
        answers = await asyncio.gather(*(service.commit(bill(50000), uuid4()) for _ in range(6)))
        assert sum(one.adjudication.deductible.fen for one in answers) == 10000


async def test_a_limit_of_a_disease_counts_that_disease_and_its_children_alone(dsn):
    async with by(dsn, chronic()) as service:
        await service.entitle(CHRONIC, "M03900")
        await service.entitle(CHRONIC, "M01600")
        settlement_id = uuid4()

        async def fund(code: str, into: UUID | None = None) -> int:
            case = bill(40000, "14", disease_code=code)
            return (await service.commit(case, into or uuid4())).adjudication.fund_total.fen

        assert await fund("M03902", settlement_id) == 20000
        # Both are M03900 to the policy: 100 of 300 are left.
        assert await fund("M03900") == 10000
        assert await fund("M01600") == 10000
        assert await fund("M03900") == 0
        await service.cancel(settlement_id)
        assert await fund("M03900") == 20000
        sums, _ = await service.used()
        assert (sums["chronic_in_scope"], sums["chronic_fund"]) == (160000, 40000)
        rows = await service.database.fetch(
            "/* test.diseases */ SELECT DISTINCT setting, institution_code, disease_index"
            " FROM adjudication"
        )
        assert {tuple(row) for row in rows} == {
            ("chronic", "H11010500001", VAULT.disease_index(UUID(PERSON), disease))
            for disease in ("M01600", "M03900")
        }


async def test_a_limit_of_a_month_and_its_total_cost(dsn):
    changes = {"disease_limit.type": "total", "disease_limit.period": "month"}
    async with by(dsn, chronic(**changes)) as service:
        await service.entitle(CHRONIC, "M03900")
        paid = [
            (await service.commit(case, uuid4())).adjudication.fund_total.fen
            for case in (
                bill(20000, "14", disease_code="M03900", day=(2026, 3, 1)),
                # 100 of the 300 of the month are left, half of this bill.
                bill(20000, "14", disease_code="M03900", day=(2026, 3, 31)),
                bill(20000, "14", disease_code="M03900", day=(2026, 4, 1)),
            )
        ]
        assert paid == [10000, 5000, 10000]


async def test_a_chronic_bill_of_who_is_not_qualified_is_refused(dsn):
    async with by(dsn, chronic()) as service:
        await service.entitle(CHRONIC, "M01600")
        await service.entitle(CHRONIC, "M03900", end=(2026, 3, 30))
        refusal = await refused(service.commit(bill(40000, "14", disease_code="M03900"), uuid4()))
        assert refusal.reason == "DISEASE_NOT_QUALIFIED"
        assert "M03900" not in refusal.text
        assert await service.used() == ({}, 0)


async def test_a_benefit_year_from_july_and_a_stay_over_its_end(dsn):
    parameters = {
        "segments.scale": FLAT,
        "deductible.mode": "per_hospital",
        "year_end": "split_by_days",
    }
    async with by(dsn, pack_tree(parameters, benefit_year="july")) as service:
        stay = bill(100000, "21", stay_id=str(uuid4()), day=(2026, 7, 5))
        set_day(stay.begin_date, (2026, 6, 26))
        settlement_id = uuid4()
        booked = (await service.commit(stay, settlement_id)).adjudication
        assert [(part.benefit_year, part.days) for part in booked.year_parts] == [
            (2025, 5),
            (2026, 4),
        ]
        rows = await service.database.fetch("/* test.year */ SELECT * FROM adjudication_year")
        assert [(row["benefit_year"], str(row["tally_date"])) for row in rows] == [
            (2025, "2026-06-30")
        ]
        # Both years have seen the hospital.
        for day in ((2026, 6, 20), (2026, 8, 1)):
            assert await deductibles(service, [bill(50000, "21", day=day)]) == [0]
        await service.cancel(settlement_id)
        sums = [(await service.used(year=year))[0] for year in (2025, 2026)]
        assert [one["inpatient_in_scope"] for one in sums] == [50000, 50000]


async def test_a_stay_that_ends_on_new_years_day_counts_in_the_quarter_of_its_year(dsn):
    parameters = {
        "segments.scale": FLAT,
        "deductible.mode": "per_quarter",
        "year_end": "split_by_days",
    }
    async with by(dsn, pack_tree(parameters)) as service:
        # All its days lie in 2025, so 2025 bears it, in the last quarter.
        stay = bill(6000, "21", stay_id=str(uuid4()), day=(2026, 1, 1))
        set_day(stay.begin_date, (2025, 12, 28))
        booked = (await service.commit(stay, uuid4())).adjudication
        assert booked.deductible.fen == 6000
        assert await deductibles(service, [bill(6000, "21", day=(2025, 12, 30))]) == [4000]
        assert await deductibles(service, [bill(6000, "21", day=(2025, 2, 1))]) == [6000]
        assert await deductibles(service, [bill(6000, "21", day=(2026, 2, 1))]) == [6000]


async def test_segments_by_the_fund_of_a_stay_go_on_over_a_years_end(dsn):
    # Of each stay the fund pays 100 % up to 100.00, and 50 % after it.
    parameters = {
        "segments.scale": "[{above: 0.00, ratio: 1.00}, {above: 100.00, ratio: 0.50}]",
        "segments.basis": "fund",
        "segments.span": "stay",
        "deductible.amount": "0.00",
    }
    async with by(dsn, pack_tree(parameters)) as service:
        stay_id = str(uuid4())
        first = bill(10000, "21", stay_id=stay_id, day=(2025, 12, 20))
        last = bill(10000, "21", stay_id=stay_id, day=(2026, 1, 10))
        for part, paid in ((first, 10000), (last, 5000)):
            booked = (await service.commit(part, uuid4())).adjudication
            assert booked.fund_total.fen == paid

"""What a bill would give at each benefit level, and what the region has for a disease."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest

from tests.integration.benefits.conftest import OTHER, PERSON, Benefits, serving, set_day
from tests.integration.benefits.rules import (
    AID,
    CHRONIC,
    FAMILY,
    FLAT,
    STEPS,
    bill,
    by,
    chronic,
)
from tests.support.packs import By, pack_tree, policy_of
from tests.support.rpc import TIMEOUT_S, read_status, refused
from yijie.benefits.v1 import benefits_service_pb2 as pb
from yijie.filing.v1 import filing_service_pb2

pytestmark = pytest.mark.postgres

LONG_TERM = filing_service_pb2.BENEFIT_LEVEL_LONG_TERM
REFERRAL = filing_service_pb2.BENEFIT_LEVEL_REFERRAL
EMERGENCY = filing_service_pb2.BENEFIT_LEVEL_EMERGENCY
TEMPORARY = filing_service_pb2.BENEFIT_LEVEL_TEMPORARY
UNFILED = filing_service_pb2.BENEFIT_LEVEL_UNFILED
CUTS = {
    "segments.scale": FLAT,
    "deductible.mode": "per_year",
    "reduction.filed": By(
        "benefit_level", "{LONG_TERM: 0.00, REFERRAL: 0.10, EMERGENCY: 0.10, TEMPORARY: 0.20}"
    ),
    "reduction.unfiled": "0.30",
}


def settlement(number: int) -> UUID:
    return UUID(int=(0x0190_BBBB_0000_7000_8000 << 48) + number)


def question(case: Any, *levels: int, person_id: str = "", **more: Any) -> Any:
    """Asks what a bill would give, in Ningxia."""
    return pb.EstimateBenefitRequest(
        person_id=person_id,
        insured_region_code=case.insured_region_code,
        scheme_code=case.scheme_code,
        person_type_code=case.person_type_code,
        care_region_code="640104",
        deductible_level_code=case.deductible_level_code,
        medical_type_code=case.medical_type_code,
        disease_code=case.disease_code,
        service_date=case.end_date,
        amounts=case.amounts,
        benefit_levels=levels,
        use_account=case.use_account,
        institution_code=case.institution_code,
        **more,
    )


async def estimates(service: Benefits, request: Any) -> list[Any]:
    response = await service.stub.EstimateBenefit(request, timeout=TIMEOUT_S)
    return list(response.estimates)


async def funds(service: Benefits, request: Any) -> dict[int, int]:
    return {
        one.benefit_level: one.adjudication.fund_total.fen
        for one in await estimates(service, request)
    }


def outpatient(**changes: Any) -> dict[str, bytes]:
    return pack_tree({**CUTS, **FAMILY, **changes}, setting="outpatient", steps=f"{STEPS}, account")


async def test_what_filing_would_change_is_told_to_anybody(dsn):
    async with by(dsn, outpatient()) as service:
        found = await funds(service, question(bill(110000)))
        assert list(found.items()) == [
            (LONG_TERM, 50000),
            (REFERRAL, 40000),
            (EMERGENCY, 40000),
            (TEMPORARY, 30000),
            (UNFILED, 20000),
        ]
        asked = question(bill(110000), UNFILED, LONG_TERM, with_trace=True)
        found = await estimates(service, asked)
        assert [one.benefit_level for one in found] == [UNFILED, LONG_TERM]
        told = found[0].adjudication
        assert told.steps
        assert told.patient_total.fen == 90000 == told.causes.deductible.fen + told.causes.share.fen
        assert told.policy_version.startswith("650100@")
        assert (told.accumulators_digest, told.account_digest) == ("", "")
        # Nothing is written for it.
        row = await service.database.fetchrow("/* test.none */ SELECT count(*) FROM accumulators")
        assert row[0] == 0


async def test_of_a_person_sums_account_and_relatives_count(dsn):
    async with by(dsn, outpatient()) as service:
        await service.commit(bill(110000), settlement(1))
        await service.open_account(700)
        await service.open_account(90000, OTHER)
        await service.share((OTHER, PERSON))
        case = bill(10000)
        case.use_account = True
        asked = question(case, LONG_TERM, person_id=PERSON)
        told = (await estimates(service, asked))[0].adjudication
        # The deductible of the year is taken.
        assert (told.fund_total.fen, told.account_pay.fen) == (5000, 5000)
        assert told.family_account_pay.fen == 4300
        # As a quote at home tells, and a quote changes nothing either.
        assert await service.adjudicate(case) == await service.adjudicate(case)
        assert (await service.used(OTHER))[1] == 90000


async def test_before_a_settlement_stood_what_stands_without_it_and_what_came_later(dsn):
    """Sums are of the settlements with smaller ids that stand; accounts get back what they paid."""
    async with by(dsn, outpatient()) as service:
        await service.open_account(1000)
        await service.open_account(100_000, OTHER)
        await service.share((OTHER, PERSON))
        for number, in_scope in ((1, 4000), (3, 3000), (5, 90000), (7, 20000)):
            case = bill(in_scope)
            case.use_account = number > 3
            await service.commit(case, settlement(number))
        await service.cancel(settlement(3))
        asked = question(bill(20000), LONG_TERM, person_id=PERSON)

        async def before(number: int) -> Any:
            asked.use_account = True
            asked.before_settlement_id = str(settlement(number)) if number else ""
            return (await estimates(service, asked))[0].adjudication

        # Of the deductible of 100 the first took 40; the second was taken back.
        assert [(await before(number)).deductible.fen for number in (1, 2, 4, 5, 6, 8)] == [
            10000,
            10000 - 4000,
            6000,
            6000,
            0,
            0,
        ]
        told = await before(5)
        assert (told.account_pay.fen, told.family_account_pay.fen) == (13000, 12000)
        assert told.account_balance.fen == 0
        now = await before(0)
        assert now == await before(8)
        # 50,500 and 10,000 were paid since, 1,000 of it by the own account.
        assert (await service.used())[1] == 0
        assert now.family_account_pay.fen == now.account_pay.fen == 10000


async def test_before_a_settlement_tallies_too_are_as_they_were(dsn):
    tree = pack_tree({"segments.scale": FLAT, "deductible.mode": "per_month"}, setting="outpatient")
    async with by(dsn, tree) as service:
        await service.commit(bill(4000), settlement(1))
        await service.commit(bill(50000), settlement(2))
        asked = question(bill(50000), LONG_TERM, person_id=PERSON)
        found = []
        for number in (1, 2, 3):
            asked.before_settlement_id = str(settlement(number))
            found.append((await estimates(service, asked))[0].adjudication.deductible.fen)
        assert found == [10000, 6000, 0]


async def test_what_one_level_is_not_covered_for_stops_no_other(dsn):
    hole = "{LONG_TERM: 0.00, REFERRAL: 0.10, TEMPORARY: 0.20}, not_modelled: [[EMERGENCY]]"
    parameters = {**CUTS, "reduction.filed": By("benefit_level", hole)}
    async with by(dsn, pack_tree(parameters, setting="outpatient")) as service:
        found = await estimates(service, question(bill(110000)))
        assert [one.WhichOneof("outcome") for one in found] == [
            "adjudication",
            "adjudication",
            "error",
            "adjudication",
            "adjudication",
        ]
        error = read_status(found[2].error)
        assert (error.code, error.reason) == ("FAILED_PRECONDITION", "POLICY_NOT_COVERED")
        assert error.domain == "benefits.yijie"
        assert error.zh


async def test_where_there_is_no_policy_every_level_says_so(benefits):
    case = bill(110000)
    case.insured_region_code = "650200"
    found = await estimates(benefits, question(case, person_id=PERSON))
    assert len(found) == 5
    assert {read_status(one.error).reason for one in found} == {"POLICY_NOT_COVERED"}


async def test_who_receives_aid_without_a_step_for_it_is_told_at_every_level(dsn):
    async with by(dsn, outpatient()) as service:
        await service.entitle(AID, "extreme_poverty")
        found = await estimates(service, question(bill(110000), person_id=PERSON))
        errors = [read_status(one.error) for one in found]
        assert {error.reason for error in errors} == {"POLICY_NOT_COVERED"}
        assert (await funds(service, question(bill(110000))))[LONG_TERM] == 50000


async def test_a_chronic_bill_is_estimated_for_who_is_qualified_or_for_nobody(dsn):
    async with by(dsn, chronic()) as service:
        case = bill(40000, "14", disease_code="M03900")
        # Nobody is as good as qualified: 50 % less 10 points for care elsewhere.
        assert (await funds(service, question(case, LONG_TERM))) == {LONG_TERM: 16000}
        asked = question(case, LONG_TERM, person_id=PERSON)
        (one,) = await estimates(service, asked)
        assert read_status(one.error).reason == "DISEASE_NOT_QUALIFIED"
        await service.entitle(CHRONIC, "M03900")
        assert (await funds(service, asked)) == {LONG_TERM: 16000}


WRONG = [
    ({"before_settlement_id": str(settlement(1))}, "before_settlement_id"),
    ({"person_id": "x"}, "person_id"),
    ({"institution_code": "X"}, "institution_code"),
    ({"medical_type_code": "14"}, "disease_code"),
    ({"deductible_level_code": "12"}, "deductible_level_code"),
]


async def test_bad_input_names_the_field(benefits):
    for fields, field in WRONG:
        request = question(bill(110000))
        for name, value in fields.items():
            setattr(request, name, value)
        refusal = await refused(benefits.stub.EstimateBenefit(request, timeout=TIMEOUT_S))
        assert (refusal.code, refusal.fields) == ("INVALID_ARGUMENT", [field])
    request = question(bill(110000))
    request.amounts.total.fen += 1
    refusal = await refused(benefits.stub.EstimateBenefit(request, timeout=TIMEOUT_S))
    assert refusal.reason == "BILL_TOTAL_MISMATCH"
    request = question(bill(110000))
    request.service_date.year = 1999
    refusal = await refused(benefits.stub.EstimateBenefit(request, timeout=TIMEOUT_S))
    assert refusal.fields == ["service_date"]


# --- chronic diseases ----------------------------------------------------------------------------


async def check(service: Benefits, code: str, *diagnoses: str, **more: Any) -> Any:
    request = pb.CheckDiseaseRequest(
        insured_region_code="650100",
        disease_code=code,
        diagnosis_codes=diagnoses,
        **{"person_id": PERSON, "scheme_code": "310", **more},
    )
    set_day(request.service_date, (2026, 3, 31))
    return await service.stub.CheckDisease(request, timeout=TIMEOUT_S)


async def test_a_disease_is_found_by_its_code_or_by_the_national_one_above(dsn):
    async with serving(dsn, policy_of(chronic())) as service:
        answer = await check(service, "M03902")
        assert answer.policy_disease_code == "M03900"
        assert list(answer.diagnosis_prefixes) == ["I10"]
        assert answer.policy_version.startswith("650100@")
        assert (answer.qualified_disease_code, answer.HasField("qualified_begin_date")) == (
            "",
            False,
        )
        assert answer.diagnosis_matches
        answer = await check(service, "M00500", "C50.9")
        assert (answer.policy_disease_code, answer.diagnosis_matches) == ("", False)
        assert answer.policy_version
        answer = await check(service, "M03900", scheme_code="390")
        assert (answer.policy_disease_code, answer.policy_version) == ("", "")
        assert answer.diagnosis_matches


async def test_a_diagnosis_is_compared_with_the_regions_own(dsn):
    async with serving(dsn, policy_of(chronic())) as service:
        assert (await check(service, "M03900", "J44.0", "I10.x00x002")).diagnosis_matches
        assert not (await check(service, "M03900", "I11.900")).diagnosis_matches
        # The region lists no diagnoses of diabetes: any.
        assert (await check(service, "M01600", "J44.0")).diagnosis_matches


async def test_the_qualification_of_a_person_is_told_with_its_time(dsn):
    async with serving(dsn, policy_of(chronic())) as service:
        await service.entitle(CHRONIC, "M01600", begin=(2026, 1, 1))
        await service.entitle(CHRONIC, "M03900", begin=(2025, 1, 1), end=(2026, 3, 30))
        assert (await check(service, "M03900")).qualified_disease_code == ""
        await service.entitle(CHRONIC, "M03902", begin=(2026, 2, 1), end=(2026, 3, 31))
        answer = await check(service, "M03900")
        assert answer.qualified_disease_code == "M03902"
        assert (answer.qualified_begin_date.month, answer.qualified_end_date.day) == (2, 31)
        await service.entitle(CHRONIC, "M03900", begin=(2026, 3, 31))
        answer = await check(service, "M03900")
        assert answer.qualified_disease_code == "M03900"
        assert not answer.HasField("qualified_end_date")
        assert (await check(service, "M03900", person_id=OTHER)).qualified_disease_code == ""
        assert (await check(service, "M03900", person_id="")).qualified_disease_code == ""

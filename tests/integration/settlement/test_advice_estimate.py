"""Goal: what a visit would cost in each filing state is what the insured region says, and whether a
chronic disease can settle says whose turn it is.

Method: the insured region, filing and identity are fakes that answer as they are told.
"""

from __future__ import annotations

import io
from decimal import Decimal

import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc

from services.settlement.app import ADVICE_FULL_NAME
from tests.integration.settlement.advice import (
    EMERGENCY,
    LONG_TERM,
    REFERRAL,
    TEMPORARY,
    UNFILED,
    advising_served,
    check,
    eligible_request,
    estimate,
    estimate_request,
)
from tests.integration.settlement.bad_input import on
from tests.integration.settlement.world import served
from tests.support.advising import not_covered
from tests.support.callees import HOSPITAL, PERSON
from tests.support.clock import FakeClock
from tests.support.rpc import TIMEOUT_S, read_status, refused
from yijie.settlement.v1 import advice_service_pb2 as pb

pytestmark = pytest.mark.postgres

LEVELS = [LONG_TERM, REFERRAL, EMERGENCY, TEMPORARY, UNFILED]
# 800.00 in scope, 100.00 deductible: of 700.00 the fund pays 85 %, or less.
REDUCTIONS = {
    REFERRAL: Decimal("0.10"),
    EMERGENCY: Decimal("0.05"),
    TEMPORARY: Decimal("0.20"),
    UNFILED: Decimal("0.30"),
}
PATIENT_FEN = [40_500, 47_500, 44_000, 54_500, 61_500]


@pytest.fixture
async def callees():
    async with advising_served() as opened:
        opened.benefits.reductions = REDUCTIONS
        yield opened


@pytest.fixture(scope="module")
async def asked(module_dsn):
    """A service for questions that are refused before anybody is asked; its clock stands."""
    async with (
        advising_served() as callees,
        served(module_dsn, callees, FakeClock(), io.BytesIO()) as opened,
    ):
        yield opened


def patient_fen(answer) -> list[int]:
    return [one.adjudication.patient_total.fen for one in answer.estimates]


def savings(answer) -> list[int | None]:
    return [one.saving.fen if one.HasField("saving") else None for one in answer.estimates]


# --- what a visit would cost --------------------------------------------------------------------


async def test_anybody_is_told_what_each_filing_would_save(world):
    world.callees.filing.is_down = True
    answer = await estimate(world)
    assert [one.benefit_level for one in answer.estimates] == LEVELS
    assert patient_fen(answer) == PATIENT_FEN
    assert savings(answer) == [21_000, 14_000, 17_500, 7_000, 0]
    assert answer.current_benefit_level == 0
    assert (answer.filing_id, answer.explanation_zh) == ("", "")
    assert not answer.sample
    assert not answer.estimates[0].adjudication.steps
    assert all(one.advice_zh and one.advice_en for one in answer.estimates)
    assert world.callees.filing.requests == []
    assert world.callees.identity.calls == 0


async def test_it_is_one_question_of_the_insured_region(world):
    await estimate(world, estimate_request(use_account=True, with_trace=True))
    (question,) = world.callees.benefits.questions
    assert list(question.benefit_levels) == LEVELS
    assert question.person_id == ""
    assert (question.use_account, question.with_trace) == (True, True)
    assert question.deductible_level_code == "02"
    # The fakes' clock: nothing is asked of a day, so it is today.
    day = question.service_date
    assert (day.year, day.month, day.day) == (2026, 3, 31)


async def test_a_person_is_compared_with_the_state_now(world):
    world.callees.filing.benefit_level = TEMPORARY
    answer = await estimate(world, estimate_request(person_id=PERSON, with_trace=True))
    assert answer.current_benefit_level == TEMPORARY
    assert answer.filing_id
    assert (answer.explanation_zh, answer.explanation_en) == ("长期备案", "long-term filing")
    assert savings(answer) == [14_000, 7_000, 10_500, 0, -7_000]
    assert answer.estimates[3].advice_en.startswith("This is the state now")
    assert answer.estimates[0].adjudication.steps
    (asked,) = world.callees.filing.requests
    assert (asked.person_id, asked.emergency) == (PERSON, False)
    assert asked.service_date == asked.match_until_date
    assert world.callees.benefits.questions[0].person_id == PERSON


async def test_an_emergency_counts_as_filed(world):
    await estimate(world, estimate_request(person_id=PERSON, medical_type_code="13"))
    assert world.callees.filing.requests[0].emergency


@pytest.mark.parametrize(
    ("person_type", "words"),
    [("1101", "常驻异地工作人员"), ("1201", "异地安置退休人员"), ("15", "异地长期居住人员")],
)
async def test_who_files_long_term_depends_on_the_person(world, person_type, words):
    answer = await estimate(world, estimate_request(person_type_code=person_type))
    assert words in answer.estimates[0].advice_zh


async def test_a_state_that_the_policy_does_not_cover_is_an_answer(world):
    world.callees.benefits.errors = {TEMPORARY: not_covered("outpatient")}
    answer = await estimate(world)
    refusal = read_status(answer.estimates[3].error)
    assert (refusal.code, refusal.reason) == ("FAILED_PRECONDITION", "POLICY_NOT_COVERED")
    assert (refusal.domain, refusal.metadata["missing"]) == ("benefits.yijie", "outpatient")
    assert refusal.zh
    assert savings(answer) == [21_000, 14_000, 17_500, None, 0]
    assert answer.estimates[3].advice_zh


async def test_nothing_is_saved_from_a_state_that_is_not_known(world):
    world.callees.benefits.errors = {UNFILED: not_covered("unfiled")}
    answer = await estimate(world)
    assert savings(answer) == [None] * 5


async def test_a_disease_that_the_person_is_not_qualified_for_is_an_answer(world):
    world.callees.benefits.errors = dict.fromkeys(LEVELS, not_covered("disease"))
    request = estimate_request(medical_type_code="14", disease_code="M03900")
    answer = await estimate(world, request)
    assert {read_status(one.error).reason for one in answer.estimates} == {"POLICY_NOT_COVERED"}
    assert world.callees.benefits.questions[0].disease_code == "M03900"


async def test_a_region_that_is_not_served_covers_no_state(world):
    world.callees.benefits.advice_mode = "not_served"
    answer = await estimate(world)
    assert {read_status(one.error).reason for one in answer.estimates} == {"POLICY_NOT_COVERED"}


async def test_no_route_leads_to_the_region(dsn, callees, clock):
    routes = f"110000={callees.target}"
    async with served(dsn, callees, clock, io.BytesIO(), BENEFITS_ROUTES=routes) as world:
        answer = await estimate(world)
        refusals = [read_status(one.error) for one in answer.estimates]
        assert {(r.reason, r.domain) for r in refusals} == {
            ("POLICY_NOT_COVERED", "settlement.yijie")
        }
        assert refusals[0].fields == ["insured_region_code"]
        found = await check(world, eligible_request())
        policy = found.checks[1]
        assert (policy.passed, policy.responsible) == (False, pb.RESPONSIBLE_PARTY_HUB)


@pytest.mark.parametrize("mode", ["inconsistent", "empty"])
async def test_a_province_is_not_believed(world, mode):
    world.callees.benefits.advice_mode = mode
    answer = await estimate(world)
    reasons = {read_status(one.error).reason for one in answer.estimates}
    assert reasons == {"ADJUDICATION_INCONSISTENT"}


async def test_sample_values_are_marked(world):
    world.callees.benefits.mode = "sample"
    assert (await estimate(world)).sample


@pytest.mark.parametrize("mode", ["silent", "unavailable", "unimplemented"])
async def test_a_region_that_does_not_answer(world, mode):
    world.callees.benefits.advice_mode = mode
    refusal = await refused(estimate(world))
    assert (refusal.code, refusal.reason) == ("UNAVAILABLE", "INSURED_REGION_UNAVAILABLE")
    assert refusal.metadata["insuredRegionCode"] == "650000"


async def test_a_region_without_estimates_still_settles(dsn, callees, clock):
    callees.benefits.advice_mode = "unimplemented"
    routes = f"*={callees.target};failures_max=1"
    async with served(dsn, callees, clock, io.BytesIO(), BENEFITS_ROUTES=routes) as world:
        for _ in range(3):
            await refused(estimate(world))
        assert (await world.settle()).settlement.adjudication.fund_total.fen


async def test_filing_that_does_not_answer(world):
    world.callees.filing.is_down = True
    refusal = await refused(estimate(world, estimate_request(person_id=PERSON)))
    assert (refusal.code, refusal.reason) == ("UNAVAILABLE", "CALLEE_UNAVAILABLE")


ROWS = [
    (on("person_id", "x"), "person_id", "FIELD_INVALID"),
    (on("insured_region_code", "999999"), "insured_region_code", "FIELD_INVALID"),
    (on("insured_region_code", "190000"), "insured_region_code", "REGION_UNKNOWN"),
    (on("care_region_code", "640999"), "care_region_code", "REGION_UNKNOWN"),
    (on("care_region_code", "652300"), "care_region_code", "NOT_CROSS_PROVINCE"),
    (on("scheme_code", "31"), "scheme_code", "FIELD_INVALID"),
    (on("person_type_code", "18"), "person_type_code", "FIELD_INVALID"),
    (on("hospital_level_code", "12"), "hospital_level_code", "FIELD_INVALID"),
    (on("hospital_level_code", ""), "hospital_level_code", "FIELD_INVALID"),
    (on("medical_type_code", "77"), "medical_type_code", "FIELD_INVALID"),
    (on("medical_type_code", "14"), "disease_code", "FIELD_INVALID"),
    (on("disease_code", "M03900"), "disease_code", "FIELD_INVALID"),
    (on("disease_code", "x"), "disease_code", "FIELD_INVALID"),
    (on("service_date.month", 13), "service_date", "FIELD_INVALID"),
    (on("amounts", None), "amounts", "FIELD_INVALID"),
    (on("amounts.in_scope.fen", -1), "amounts.in_scope", "FIELD_INVALID"),
    (on("amounts.total.fen", 10**15), "amounts.total", "FIELD_INVALID"),
    (on("amounts.in_scope.fen", 80_001), "amounts.total", "BILL_TOTAL_MISMATCH"),
]


@pytest.mark.parametrize(("spoil", "field", "reason"), ROWS)
async def test_bad_input(asked, spoil, field, reason):
    request = estimate_request()
    spoil(request)
    refusal = await refused(estimate(asked, request))
    forbidden = reason == "NOT_CROSS_PROVINCE"
    assert refusal.code == ("FAILED_PRECONDITION" if forbidden else "INVALID_ARGUMENT")
    assert (refusal.reason, refusal.fields) == (reason, [field])
    assert refusal.zh
    assert asked.callees.benefits.questions == []


async def test_amounts_that_do_not_add_up_are_named(asked):
    request = estimate_request()
    request.amounts.total.fen = 100_001
    refusal = await refused(estimate(asked, request))
    assert refusal.metadata["statedFen"] == "100001"
    assert refusal.metadata["computedFen"] == "100000"


async def test_a_visit_of_nothing(asked):
    request = estimate_request()
    request.amounts.Clear()
    request.amounts.total.fen = 0
    refusal = await refused(estimate(asked, request))
    assert (refusal.reason, refusal.fields) == ("FIELD_INVALID", ["amounts.total"])


async def test_a_disease_that_nobody_knows(asked):
    request = estimate_request(medical_type_code="14", disease_code="M99999")
    refusal = await refused(estimate(asked, request))
    assert (refusal.reason, refusal.fields) == ("DISEASE_CODE_UNKNOWN", ["disease_code"])


@pytest.mark.parametrize(
    ("year", "day", "known"), [(2027, 31, True), (2027, 1, True), (2028, 1, False)]
)
async def test_a_visit_may_be_a_year_ahead(world, year, day, known):
    request = estimate_request()
    request.service_date.year, request.service_date.month, request.service_date.day = year, 3, day
    if known:
        assert patient_fen(await estimate(world, request)) == PATIENT_FEN
        return
    refusal = await refused(estimate(world, request))
    assert (refusal.reason, refusal.fields) == ("DATE_IN_FUTURE", ["service_date"])
    assert "一年" in refusal.zh


# --- chronic diseases ---------------------------------------------------------------------------

CODES = ["disease_known", "policy", "qualification", "opening", "filing", "diagnosis"]


@pytest.fixture
def opened(callees):
    """A hospital opened for every chronic disease."""
    callees.identity.opened.add("14")
    return callees


def failures(answer) -> dict[str, int]:
    assert [one.check_code for one in answer.checks] == CODES
    assert all(one.explanation_zh and one.explanation_en for one in answer.checks)
    assert all((one.responsible == 0) == one.passed for one in answer.checks)
    failed = {one.check_code: one.responsible for one in answer.checks if not one.passed}
    assert answer.eligible == (not failed)
    return failed


async def test_anybody_who_is_qualified(opened, world):
    opened.filing.is_down = True
    answer = await check(world)
    assert failures(answer) == {}
    assert answer.national_disease_code == "M03900"
    assert opened.filing.requests == []
    assert opened.benefits.questions[0].person_id == ""


async def test_a_person_who_is_qualified_and_filed(opened, world):
    opened.benefits.qualified = "M03900"
    request = eligible_request(person_id=PERSON, disease_code="HBLB101")
    request.diagnoses.add(diagnosis_code="I10.x00x002", main=True)
    answer = await check(world, request)
    assert failures(answer) == {}
    assert answer.national_disease_code == "M03900"
    assert "M03900" in answer.checks[1].explanation_zh
    (asked,) = opened.filing.requests
    assert (asked.care_region_code, asked.insured_region_code) == ("640104", "650100")


async def test_everything_that_can_be_missing(opened, world):
    opened.identity.diseases = {"M01600"}
    opened.filing.benefit_level = UNFILED
    request = eligible_request(person_id=PERSON)
    request.diagnoses.add(diagnosis_code="E11.900", main=True)
    answer = await check(world, request)
    assert failures(answer) == {
        "qualification": pb.RESPONSIBLE_PARTY_INSURED_AGENCY,
        "opening": pb.RESPONSIBLE_PARTY_INSTITUTION,
        "diagnosis": pb.RESPONSIBLE_PARTY_INSTITUTION,
    }
    assert "I10" in answer.checks[5].explanation_zh


async def test_a_disease_that_the_policy_does_not_have(opened, world):
    request = eligible_request(disease_code="M02500")
    request.diagnoses.add(diagnosis_code="G40.900", main=True)
    answer = await check(world, request)
    assert failures(answer) == {"policy": pb.RESPONSIBLE_PARTY_INSURED_AGENCY}
    assert answer.national_disease_code == ""
    assert "十个病种" in answer.checks[0].explanation_zh


async def test_a_region_without_a_policy_for_the_scheme(opened, world):
    opened.benefits.policy_diseases = {}
    opened.benefits.disease_policy_version = ""
    answer = await check(world)
    assert failures(answer) == {"policy": pb.RESPONSIBLE_PARTY_INSURED_AGENCY}
    opened.benefits.advice_mode = "not_served"
    assert failures(await check(world)) == {"policy": pb.RESPONSIBLE_PARTY_INSURED_AGENCY}


async def test_an_institution_that_is_not_opened_at_all(callees, world):
    answer = await check(world)
    assert failures(answer) == {"opening": pb.RESPONSIBLE_PARTY_CARE_AGENCY}


async def test_an_institution_that_was_not_opened_on_that_day(opened, world):
    request = eligible_request()
    request.service_date.year, request.service_date.month, request.service_date.day = 2015, 1, 1
    assert failures(await check(world, request)) == {"opening": pb.RESPONSIBLE_PARTY_CARE_AGENCY}


async def test_an_opened_disease_covers_its_sub_types(opened, world):
    opened.identity.diseases = {"M07800"}
    opened.benefits.policy_diseases = {"M07800": []}
    for code, passes in (("M07803", True), ("M07800", True), ("M03900", False)):
        answer = await check(world, eligible_request(disease_code=code))
        assert answer.checks[3].passed is passes


@pytest.mark.parametrize(
    ("changes", "code", "reason", "field"),
    [
        ({"institution_code": HOSPITAL[:-1] + "9"}, "NOT_FOUND", "INSTITUTION_UNKNOWN", None),
        ({"disease_code": "M99999"}, "INVALID_ARGUMENT", "DISEASE_CODE_UNKNOWN", "disease_code"),
        ({"disease_code": "高血压"}, "INVALID_ARGUMENT", "FIELD_INVALID", "disease_code"),
        (
            {"insured_region_code": "190000"},
            "INVALID_ARGUMENT",
            "REGION_UNKNOWN",
            "insured_region_code",
        ),
        (
            {"insured_region_code": "640200"},
            "FAILED_PRECONDITION",
            "NOT_CROSS_PROVINCE",
            "institution_code",
        ),
    ],
)
async def test_questions_without_an_answer(asked, changes, code, reason, field):
    refusal = await refused(check(asked, eligible_request(**changes)))
    assert (refusal.code, refusal.reason) == (code, reason)
    assert field is None or refusal.fields == [field]


async def test_a_region_that_does_not_answer_about_a_disease(opened, world):
    opened.benefits.advice_mode = "unavailable"
    refusal = await refused(check(world))
    assert (refusal.code, refusal.reason) == ("UNAVAILABLE", "INSURED_REGION_UNAVAILABLE")


# --- the service --------------------------------------------------------------------------------


async def test_it_is_served_beside_the_others(asked):
    health = health_pb2_grpc.HealthStub(asked.channel)
    request = health_pb2.HealthCheckRequest(service=ADVICE_FULL_NAME)
    answer = await health.Check(request, timeout=TIMEOUT_S)
    assert answer.status == health_pb2.HealthCheckResponse.SERVING


# --- what stays where it is ---------------------------------------------------------------------


async def test_nothing_is_written_and_no_personal_data_leaves(dsn, callees, clock, tmp_path):
    stream = io.BytesIO()
    request = eligible_request(person_id=PERSON)
    request.diagnoses.add(diagnosis_code="I10.x00x002", main=True)
    async with served(dsn, callees, clock, stream, TRACE_DIR=str(tmp_path)) as world:
        before = await world.counts()
        await estimate(world, estimate_request(person_id=PERSON))
        await check(world, request)
        assert await world.counts() == before
    said = stream.getvalue().decode()
    assert "AdviceService/EstimateBenefit" in said
    spans = "".join(path.read_text(encoding="utf-8") for path in tmp_path.iterdir())
    assert "EstimateBenefit" in spans
    for canary in (PERSON, "I10.x00x002", "M03900"):
        assert canary not in said
        assert canary not in spans

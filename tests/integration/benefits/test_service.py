"""BenefitsService over gRPC on a real PostgreSQL."""

from __future__ import annotations

from uuid import uuid4

import pytest

from services.benefits.domain.snapshot import Policy
from services.benefits.servicer import BenefitsServicer
from services.benefits.store import Store
from tests.integration.benefits.conftest import OTHER, PERSON, account, make_case, split
from tests.support.rpc import TIMEOUT_S, read_status, refused
from tests.support.sealed import VAULT
from yijie.benefits.v1 import adjudication_pb2
from yijie.benefits.v1 import benefits_service_pb2 as pb
from yijie.filing.v1 import filing_pb2

pytestmark = pytest.mark.postgres

COMMITTED = pb.ADJUDICATION_STATE_COMMITTED
CANCELLED = pb.ADJUDICATION_STATE_CANCELLED


async def test_a_quote_writes_nothing(benefits, e1):
    await benefits.open_account(137825)
    answer = await benefits.adjudicate(e1)
    assert answer.deductible.fen == 429
    assert answer.fund_total.fen == 0
    assert answer.account_pay.fen == answer.patient_total.fen == 452
    assert answer.cash_pay.fen == 0
    assert answer.account_balance.fen == 137373
    assert answer.policy_version.startswith("131100@2026.11-")
    assert not answer.steps
    assert await benefits.used() == ({}, 137825)


async def test_a_quote_explains_itself_when_asked(benefits, e1):
    answer = await benefits.adjudicate(e1, with_trace=True)
    deductible = answer.steps[0]
    assert (deductible.step_code, deductible.label_zh) == ("deductible", "起付线")
    assert (deductible.base.fen, deductible.result.fen) == (429, 429)
    amount = deductible.parameters[-1]
    assert amount.path == "employee/outpatient/deductible.amount"
    assert amount.value == "100.00"
    assert amount.status == adjudication_pb2.PARAMETER_STATUS_SECONDARY
    assert amount.reference == "衡政规〔2021〕8号"
    assert amount.effective_date.year == 2022


async def test_case_zhang(benefits):
    case = make_case(
        insured_region_code="650100",
        person_type_code="1201",
        care_region_code="640104",
        medical_type_code="21",
        use_account=False,
    )
    case.begin_date.year, case.begin_date.month, case.begin_date.day = 2017, 2, 8
    case.end_date.year = 2017
    split(case, in_scope=1623300, prior=60000, full=52093)
    committed = (await benefits.commit(case, uuid4())).adjudication
    assert [(f.fund_type_code, f.amount.fen) for f in committed.fund_payments] == [
        ("310100", 1303305)
    ]
    assert committed.patient_total.fen == committed.cash_pay.fen == 432088
    assert committed.sample
    sums, _ = await benefits.used(year=2017)
    assert sums == {
        "inpatient_in_scope": 1623300,
        "inpatient_deductible": 90000,
        "fund_pooled": 1303305,
        "inpatient_count": 1,
    }


async def test_commit_books_sums_and_account(benefits, e1):
    await benefits.open_account(137825)
    settlement_id = uuid4()
    answer = await benefits.commit(e1, settlement_id)
    assert not answer.replayed
    assert answer.adjudication.steps
    assert await benefits.used() == (
        {"outpatient_in_scope": 429, "outpatient_deductible": 429, "account_pay": 452},
        137373,
    )
    held = await benefits.get(settlement_id)
    assert held.state == COMMITTED
    assert held.adjudication == answer.adjudication


async def test_a_repeat_gets_the_first_answer_and_books_nothing(benefits, e1):
    await benefits.open_account(137825)
    settlement_id = uuid4()
    first = await benefits.commit(e1, settlement_id)
    used = await benefits.used()
    again = await benefits.commit(e1, settlement_id)
    assert again.replayed
    assert again.adjudication == first.adjudication
    assert await benefits.used() == used


async def test_the_same_id_with_another_case_is_refused(benefits, e1):
    settlement_id = uuid4()
    await benefits.commit(e1, settlement_id)
    used = await benefits.used()
    refusal = await refused(benefits.commit(split(e1, in_scope=430), settlement_id))
    assert (refusal.code, refusal.reason) == ("ALREADY_EXISTS", "REQUEST_ID_REUSED")
    refusal = await refused(benefits.commit(make_case(person_id=OTHER), settlement_id))
    assert refusal.reason == "REQUEST_ID_REUSED"
    assert await benefits.used() == used
    assert await benefits.used(OTHER) == ({}, 0)


async def test_cancel_restores_exactly(benefits, e1):
    await benefits.open_account(137825)
    other = uuid4()
    await benefits.commit(make_case(use_account=False), other)
    before = await benefits.used()
    settlement_id = uuid4()
    booked = (await benefits.commit(e1, settlement_id)).adjudication
    answer = await benefits.cancel(settlement_id)
    assert answer.restored
    assert answer.account_balance.fen == 137825
    assert await benefits.used() == before
    held = await benefits.get(settlement_id)
    assert held.state == CANCELLED
    assert held.adjudication == booked


async def test_cancel_restores_between_other_settlements(benefits, e1):
    await benefits.open_account(1_000_000)
    first, second = uuid4(), uuid4()
    await benefits.commit(split(e1, in_scope=20000), first)
    await benefits.commit(split(e1, in_scope=30000), second)
    sums, balance = await benefits.used()
    # 100.00 deductible and half of the rest, of 200.00 and 300.00.
    assert sums["outpatient_fund"] == 5000 + 15000
    await benefits.cancel(first)
    sums, balance = await benefits.used()
    assert sums == {
        "outpatient_in_scope": 30000,
        "outpatient_fund": 15000,
        "account_pay": 15000,
    }
    assert balance == 1_000_000 - 15000


async def test_cancelling_again_answers_the_same(benefits, e1):
    await benefits.open_account(137825)
    settlement_id = uuid4()
    await benefits.commit(e1, settlement_id)
    first = await benefits.cancel(settlement_id)
    await benefits.open_account(5)
    assert await benefits.cancel(settlement_id) == first
    assert await benefits.used() == ({}, 5)


async def test_a_late_commit_finds_the_tombstone(benefits, e1):
    settlement_id = uuid4()
    answer = await benefits.cancel(settlement_id)
    assert not answer.restored
    assert await benefits.cancel(settlement_id) == answer
    refusal = await refused(benefits.commit(e1, settlement_id))
    assert (refusal.code, refusal.reason) == ("FAILED_PRECONDITION", "ADJUDICATION_CANCELLED")
    held = await benefits.get(settlement_id)
    assert held.state == CANCELLED
    assert not held.HasField("adjudication")
    assert await benefits.used() == ({}, 0)


async def test_what_was_taken_back_cannot_be_committed_again(benefits, e1):
    settlement_id = uuid4()
    await benefits.commit(e1, settlement_id)
    await benefits.cancel(settlement_id)
    refusal = await refused(benefits.commit(e1, settlement_id))
    assert refusal.reason == "ADJUDICATION_CANCELLED"
    assert await benefits.used() == ({}, 0)


async def test_an_unknown_settlement_is_not_found(benefits):
    refusal = await refused(benefits.get(uuid4()))
    assert (refusal.code, refusal.reason) == ("NOT_FOUND", "RESOURCE_NOT_FOUND")
    assert refusal.metadata["resource"] == "adjudication"


NOT_COVERED = [
    ({"insured_region_code": "330200"}, "region"),
    ({"scheme_code": "340"}, "scheme"),
    ({"medical_type_code": "1401", "disease_code": "M01600"}, "setting chronic"),
    ({"person_type_code": "13"}, "person type 13"),
]


async def test_what_no_pack_models_is_refused_and_nothing_written(benefits):
    for changes, missing in NOT_COVERED:
        settlement_id = uuid4()
        case = make_case(**changes)
        for call in (benefits.commit(case, settlement_id), benefits.adjudicate(case)):
            refusal = await refused(call)
            assert (refusal.code, refusal.reason) == ("FAILED_PRECONDITION", "POLICY_NOT_COVERED")
            assert refusal.metadata["missing"] == missing
            assert refusal.metadata["insuredRegionCode"] == case.insured_region_code
            assert refusal.metadata["schemeCode"] == case.scheme_code
            assert refusal.metadata["date"] == "2026-03-31"
            assert refusal.zh
        assert (await refused(benefits.get(settlement_id))).reason == "RESOURCE_NOT_FOUND"
    row = await benefits.database.fetchrow(
        "/* test.count */ SELECT count(*) FROM (SELECT person_id FROM accumulators"
        " UNION ALL SELECT person_id FROM account) AS rows"
    )
    assert row[0] == 0


BROKEN = [
    (lambda case: setattr(case.amounts.total, "fen", 453), "BILL_TOTAL_MISMATCH", "amounts.total"),
    (lambda case: split(case, in_scope=500, prior=-1), "FIELD_INVALID", "amounts.prior_self_pay"),
    (lambda case: split(case, in_scope=0), "FIELD_INVALID", "amounts"),
    (lambda case: split(case, in_scope=10**15), "FIELD_INVALID", "amounts.total"),
    (lambda case: setattr(case.end_date, "month", 2), "FIELD_INVALID", "end_date"),
    (lambda case: setattr(case.end_date, "day", 30), "FIELD_INVALID", "end_date"),
    (lambda case: setattr(case.end_date, "year", 2101), "FIELD_INVALID", "end_date"),
    (lambda case: case.ClearField("begin_date"), "FIELD_INVALID", "begin_date"),
    (lambda case: case.ClearField("amounts"), "FIELD_INVALID", "amounts"),
    (lambda case: case.ClearField("benefit_level"), "FIELD_INVALID", "benefit_level"),
]  # fmt: skip
BROKEN += [
    (lambda case, name=name, value=value: setattr(case, name, value), "FIELD_INVALID", name)
    for name, value in (
        ("insured_region_code", "13"),
        ("deductible_level_code", "12"),
        ("person_id", "x" * 1000),
        ("disease_code", "diabetes"),
        ("long_term_evidence", filing_pb2.FILING_EVIDENCE_REFERRAL_PROOF),
    )
]
BROKEN += [
    (lambda case: setattr(case, "medical_type_code", "14"), "FIELD_INVALID", "disease_code"),
]


async def test_bad_input_names_the_field_and_writes_nothing(benefits):
    for break_it, reason, field in BROKEN:
        case = make_case()
        break_it(case)
        for call in (benefits.commit(case, uuid4()), benefits.adjudicate(case)):
            refusal = await refused(call)
            assert (refusal.code, refusal.reason) == ("INVALID_ARGUMENT", reason), field
            assert refusal.fields == [f"case.{field}"]
            assert refusal.domain == "benefits.yijie"
            assert PERSON not in refusal.text
    assert await benefits.used() == ({}, 0)


async def test_a_repeat_is_answered_whatever_packs_are_loaded_now(benefits, e1):
    settlement_id = uuid4()
    first = await benefits.commit(e1, settlement_id)
    request = pb.CommitRequest(settlement_id=str(settlement_id), case=e1)
    elsewhere = BenefitsServicer(Store(benefits.database, VAULT), Policy([]))
    again = await elsewhere.Commit(request, None)
    assert again.replayed
    assert again.adjudication == first.adjudication


async def test_accounts_are_judged_one_by_one(benefits):
    request = pb.UpsertAccountsRequest(
        request_id=str(uuid4()),
        accounts=[account(PERSON, 100), account(OTHER, -1), account(PERSON, 200)],
    )
    response = await benefits.stub.UpsertAccounts(request, timeout=TIMEOUT_S)
    assert [status.code for status in response.results] == [0, 3, 3]
    assert read_status(response.results[1]).fields == ["accounts[1].balance"]
    assert read_status(response.results[2]).fields == ["accounts[2].person_id"]
    assert await benefits.used() == ({}, 100)
    assert await benefits.stub.UpsertAccounts(request, timeout=TIMEOUT_S) == response


async def test_accounts_request_id_with_other_content_is_refused(benefits):
    request = pb.UpsertAccountsRequest(request_id=str(uuid4()), accounts=[account(PERSON, 100)])
    await benefits.stub.UpsertAccounts(request, timeout=TIMEOUT_S)
    request.accounts[0].balance.fen = 101
    refusal = await refused(benefits.stub.UpsertAccounts(request, timeout=TIMEOUT_S))
    assert refusal.reason == "REQUEST_ID_REUSED"
    assert await benefits.used() == ({}, 100)


async def test_years_and_schemes_are_kept_apart(benefits, e1):
    await benefits.commit(e1, uuid4())
    assert (await benefits.used(year=2025))[0] == {}
    assert (await benefits.used(scheme="390"))[0] == {}
    e1.begin_date.year = e1.end_date.year = 2025
    await benefits.commit(e1, uuid4())
    assert (await benefits.used(year=2025))[0]["outpatient_in_scope"] == 429


async def test_answers_and_states_cannot_be_changed(benefits, e1):
    import asyncpg

    await benefits.commit(e1, uuid4())
    for statement in (
        "/* test.tamper */ DELETE FROM adjudication",
        "/* test.tamper */ UPDATE adjudication SET total_fen = total_fen",
        "/* test.tamper */ TRUNCATE adjudication CASCADE",
        "/* test.tamper */ DELETE FROM adjudication_state",
        "/* test.tamper */ UPDATE adjudication_state SET state = 'CANCELLED'",
        "/* test.tamper */ TRUNCATE adjudication_state",
    ):
        with pytest.raises(asyncpg.RestrictViolationError):
            await benefits.database.execute(statement)

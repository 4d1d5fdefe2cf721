"""Parts of a stay, stays over a year's end and expectations, over gRPC on a real PostgreSQL."""

from __future__ import annotations

import asyncio
import shutil
from functools import partial
from uuid import uuid4

import pytest

from services.benefits.policies import PACKS_FOLDER, load_policy
from services.benefits.servicer import FULL_NAME, BenefitsServicer
from services.benefits.store import Store
from tests.integration.benefits.conftest import Benefits, make_case, make_stay, split
from tests.support.eventually import eventually
from tests.support.rpc import refused, served
from tests.support.sealed import VAULT
from yijie.benefits.v1 import benefits_service_pb2 as pb
from yijie.benefits.v1 import benefits_service_pb2_grpc as pb_grpc

pytestmark = pytest.mark.postgres

MAY = ((2026, 5, 1), (2026, 5, 10), (2026, 5, 20), (2026, 5, 30))
ACROSS = {"begin": (2026, 12, 20), "end": (2027, 1, 9)}


def parts_of(stay_id, amounts):
    return [
        make_stay(stay_id, begin=MAY[0], end=end, in_scope=in_scope)
        for end, in_scope in zip(MAY[1:], amounts, strict=True)
    ]


async def test_three_parts_are_booked_as_one_stay_and_taken_back_newest_first(benefits):
    cases = parts_of(uuid4(), (50000, 60000, 1000000))
    ids = [uuid4() for _ in cases]
    stood, answers = [await benefits.used()], []
    for case, settlement_id in zip(cases, ids, strict=True):
        answers.append((await benefits.commit(case, settlement_id)).adjudication)
        stood.append(await benefits.used())
    # 900 in all; 85 % of 1,110 + 10,000 - 900.
    assert [answer.deductible.fen for answer in answers] == [50000, 40000, 0]
    assert [answer.fund_total.fen for answer in answers] == [0, 17000, 850000]
    assert stood[-1][0] == {
        "inpatient_in_scope": 1110000,
        "inpatient_deductible": 90000,
        "inpatient_count": 1,
        "fund_pooled": 867000,
    }
    assert answers[1].steps[0].step_code == "stay_before"
    assert answers[1].steps[0].label_zh == "同次住院前期结算已计起付线"
    for settlement_id, before in zip(ids[::-1], stood[-2::-1], strict=True):
        await benefits.cancel(settlement_id)
        assert await benefits.used() == before


async def test_a_part_that_was_taken_back_is_no_part(benefits):
    first, second, _ = parts_of(uuid4(), (100000, 100000, 1))
    settlement_id = uuid4()
    assert (await benefits.commit(first, settlement_id)).adjudication.deductible.fen == 90000
    assert (await benefits.adjudicate(second)).deductible.fen == 0
    await benefits.cancel(settlement_id)
    assert (await benefits.adjudicate(second)).deductible.fen == 90000
    assert (await benefits.commit(second, uuid4())).adjudication.deductible.fen == 90000


async def test_a_quote_sees_the_parts_as_a_commit_does(benefits):
    first, second, third = parts_of(uuid4(), (50000, 200000, 300000))
    await benefits.commit(first, uuid4())
    for case in (second, third):
        quoted = await benefits.adjudicate(case, with_trace=True)
        assert (await benefits.commit(case, uuid4())).adjudication == quoted


async def test_other_stays_and_other_people_are_no_parts(benefits):
    first, second, _ = parts_of(uuid4(), (100000, 100000, 1))
    await benefits.commit(first, uuid4())
    elsewhere = make_stay(uuid4(), begin=MAY[0], end=MAY[1], in_scope=100000)
    assert (await benefits.adjudicate(elsewhere)).deductible.fen == 90000
    second.person_id = str(uuid4())
    assert (await benefits.adjudicate(second)).deductible.fen == 90000


async def test_an_outpatient_bill_is_no_part_of_a_stay(benefits):
    stay_id = str(uuid4())
    for deductible in (429, 429):
        answer = await benefits.commit(make_case(stay_id=stay_id), uuid4())
        assert answer.adjudication.deductible.fen == deductible
    row = await benefits.database.fetchrow(
        "/* test.count */ SELECT count(*) FROM adjudication WHERE stay_id IS NOT NULL"
    )
    assert row[0] == 0


async def test_two_parts_at_once_take_one_deductible(benefits):
    for _ in range(5):
        person, stay_id = str(uuid4()), uuid4()
        cases = [
            make_stay(stay_id, begin=MAY[0], end=end, in_scope=80000, person_id=person)
            for end in MAY[1:]
        ]
        answers = await asyncio.gather(*(benefits.commit(case, uuid4()) for case in cases))
        taken = sorted(answer.adjudication.deductible.fen for answer in answers)
        assert taken == [0, 10000, 80000]
        sums, _ = await benefits.used(person)
        assert (sums["inpatient_count"], sums["inpatient_deductible"]) == (1, 90000)


async def test_parts_of_two_years_at_once_take_one_deductible(benefits):
    """They lock different years: only the account stands between them."""
    for _ in range(5):
        person, stay_id = str(uuid4()), uuid4()
        old = make_stay(stay_id, begin=(2026, 12, 1), end=(2026, 12, 31), in_scope=80000)
        new = make_stay(stay_id, begin=(2027, 1, 1), end=(2027, 1, 9), in_scope=80000)
        old.person_id = new.person_id = person
        answers = await asyncio.gather(*(benefits.commit(case, uuid4()) for case in (old, new)))
        assert sorted(a.adjudication.deductible.fen for a in answers) == [10000, 80000]
        counts = [(await benefits.used(person, year=year))[0] for year in (2026, 2027)]
        assert sum(sums.get("inpatient_count", 0) for sums in counts) == 1


async def test_a_stay_over_new_year_books_both_years_and_restores_both(benefits):
    # E8: 24,000 and 16,000; (24,000 - 900) x 85 % and 16,000 x 85 %.
    await benefits.commit(make_case(use_account=False), uuid4())
    await benefits.open_account(500000)
    before = [await benefits.used(year=year) for year in (2026, 2027)]
    case = make_stay(**ACROSS, in_scope=4000000, use_account=True)
    quoted = await benefits.adjudicate(case, with_trace=True)
    settlement_id = uuid4()
    booked = (await benefits.commit(case, settlement_id)).adjudication
    assert booked == quoted
    assert [(p.benefit_year, p.days) for p in booked.year_parts] == [(2026, 12), (2027, 8)]
    assert [p.amounts.in_scope.fen for p in booked.year_parts] == [2400000, 1600000]
    assert [p.deductible.fen for p in booked.year_parts] == [90000, 0]
    assert [p.fund_total.fen for p in booked.year_parts] == [1963500, 1360000]
    assert (booked.fund_total.fen, booked.account_pay.fen) == (3323500, 500000)
    old, new = [(await benefits.used(year=year))[0] for year in (2026, 2027)]
    assert (old["fund_pooled"], old["inpatient_count"], old["account_pay"]) == (1963500, 1, 436500)
    assert new == {"inpatient_in_scope": 1600000, "fund_pooled": 1360000, "account_pay": 63500}
    answer = await benefits.cancel(settlement_id)
    assert answer.account_balance.fen == 500000
    assert [await benefits.used(year=year) for year in (2026, 2027)] == before


async def test_one_bill_where_the_region_does_not_split(benefits):
    case = make_stay(**ACROSS, in_scope=4000000, insured_region_code="131100")
    booked = (await benefits.commit(case, uuid4())).adjudication
    assert not booked.year_parts
    assert (await benefits.used(year=2026))[0] == {}
    assert (await benefits.used(year=2027))[0]["inpatient_in_scope"] == 4000000


async def test_bills_of_two_years_lock_in_one_order(benefits):
    """Stays over the year's end against bills of either year, and cancels: no deadlock."""
    for _ in range(4):
        person = str(uuid4())
        both = make_stay(**ACROSS, in_scope=400000, person_id=person)
        new = make_stay(begin=(2027, 2, 1), end=(2027, 2, 3), in_scope=400000, person_id=person)
        old = make_stay(begin=(2026, 2, 1), end=(2026, 2, 3), in_scope=400000, person_id=person)
        ids = [uuid4() for _ in range(9)]
        cases = [(both, new, old)[index % 3] for index in range(9)]
        async with asyncio.timeout(0.9):  # PostgreSQL looks for deadlocks after one second
            await asyncio.gather(*map(benefits.commit, cases, ids))
        again = [benefits.commit(both, uuid4()), benefits.commit(new, uuid4())]
        async with asyncio.timeout(0.9):
            await asyncio.gather(*map(benefits.cancel, ids), *again)
        sums = [(await benefits.used(person, year=year))[0] for year in (2026, 2027)]
        assert sum(s["inpatient_in_scope"] for s in sums) == 800000
        assert sum(s["inpatient_count"] for s in sums) == 2
    text = "/* test.deadlocks */ SELECT deadlocks FROM pg_stat_database WHERE datname = $1"
    name = (await benefits.database.fetchrow("/* test.name */ SELECT current_database()"))[0]
    assert (await benefits.database.fetchrow(text, name))[0] == 0


async def test_a_commit_that_meets_its_expectation_is_booked(benefits, e1):
    await benefits.open_account(137825)
    for case in (e1, make_stay(**ACROSS, in_scope=4000000)):
        settlement_id = uuid4()
        expected = await benefits.adjudicate(case)
        assert len(expected.accumulators_digest) == len(expected.account_digest) == 32
        answer = await benefits.commit(case, settlement_id, expected)
        assert answer.adjudication.accumulators_digest == expected.accumulators_digest
        again = await benefits.commit(case, settlement_id, expected)
        assert again.replayed
        assert again.adjudication == answer.adjudication


async def test_a_changed_sum_is_named_and_nothing_is_booked(benefits, e1):
    case = split(e1, in_scope=20000)
    expected = await benefits.adjudicate(case)
    await benefits.commit(make_case(), uuid4())
    before = await benefits.used()
    settlement_id = uuid4()
    for _ in range(2):
        refusal = await refused(benefits.commit(case, settlement_id, expected))
        assert (refusal.code, refusal.reason) == ("FAILED_PRECONDITION", "EXPECTATION_NOT_MET")
        assert refusal.metadata["changed"] == "accumulators"
        assert refusal.zh
        assert await benefits.used() == before
        assert (await refused(benefits.get(settlement_id))).reason == "RESOURCE_NOT_FOUND"
    # No tombstone: asked again with what holds now, it is booked, and repeats are answered.
    fresh = await benefits.adjudicate(case)
    answer = await benefits.commit(case, settlement_id, fresh)
    assert not answer.replayed
    refusal = await refused(benefits.commit(case, settlement_id, expected))
    assert refusal.reason == "REQUEST_ID_REUSED"


async def test_a_settlement_on_its_way_twice_does_not_change_its_own_expectation(benefits):
    """The second of two calls waits for the lock: what it then sees used is its own booking."""
    # Each takes half of what the outpatient fund pays in a year.
    case = split(make_case(use_account=False), in_scope=90000)
    # The rows are there, so all calls wait for the lock with the table of bookings as it was.
    await benefits.commit(case, uuid4())
    settlement_id = uuid4()
    expected = await benefits.adjudicate(case)
    async with benefits.database.connection() as other:
        transaction = other.raw.transaction()
        await transaction.start()
        await other.execute("/* test.lock */ SELECT FROM accumulators FOR UPDATE")
        calls = [
            asyncio.create_task(benefits.commit(case, settlement_id, expected)) for _ in range(3)
        ]

        async def waiting():
            (count,) = await benefits.database.fetchrow(
                "/* test.waiting */ SELECT count(*) FROM pg_stat_activity"
                " WHERE wait_event_type = 'Lock' AND datname = current_database()"
            )
            assert count == len(calls)

        await eventually(waiting)
        await transaction.rollback()
    answers = await asyncio.gather(*calls)
    assert sorted(answer.replayed for answer in answers) == [False, True, True]
    assert all(answer.adjudication == answers[0].adjudication for answer in answers)


async def test_a_changed_account_is_named(benefits, e1):
    await benefits.open_account(137825)
    expected = await benefits.adjudicate(e1)
    await benefits.open_account(100)
    refusal = await refused(benefits.commit(e1, uuid4(), expected))
    assert refusal.metadata["changed"] == "account"
    await benefits.commit(make_case(use_account=False), uuid4())
    refusal = await refused(benefits.commit(e1, uuid4(), expected))
    assert refusal.metadata["changed"] == "accumulators,account"


async def test_a_fact_that_changes_no_amount_changes_nothing(benefits):
    case = make_stay(begin=MAY[0], end=MAY[1], in_scope=200000)
    expected = await benefits.adjudicate(case)
    await benefits.commit(make_case(insured_region_code="650100", medical_type_code="21",
                                    use_account=False), uuid4())  # fmt: skip
    answer = await benefits.commit(case, uuid4(), expected)
    assert answer.adjudication.accumulators_digest != expected.accumulators_digest


async def test_an_invented_expectation_is_refused_without_a_fact(benefits, e1):
    expected = await benefits.adjudicate(e1)
    expected.cash_pay.fen += 1
    refusal = await refused(benefits.commit(e1, uuid4(), expected))
    assert refusal.metadata["changed"] == ""
    bare = type(expected)(cash_pay=expected.cash_pay)
    refusal = await refused(benefits.commit(e1, uuid4(), bare))
    assert refusal.metadata["changed"] == ""


async def test_a_changed_policy_is_named(benefits, tmp_path):
    shutil.copytree(PACKS_FOLDER / "650100", tmp_path / "650100")
    file = tmp_path / "650100/employee/inpatient.yaml"
    file.write_text(file.read_text(encoding="utf-8").replace('"3": 900.00', '"3": 800.00'))
    register = partial(
        pb_grpc.add_BenefitsServiceServicer_to_server,
        BenefitsServicer(Store(benefits.database, VAULT), load_policy(tmp_path)),
    )
    case = make_stay(begin=MAY[0], end=MAY[1], in_scope=200000)
    expected = await benefits.adjudicate(case)
    async with served("benefits", FULL_NAME, register) as channel:
        later = Benefits(pb_grpc.BenefitsServiceStub(channel), benefits.database)
        refusal = await refused(later.commit(case, uuid4(), expected))
    assert refusal.metadata["changed"] == "policy"
    await benefits.commit(case, uuid4(), expected)


async def test_fingerprints_differ_between_people_with_the_same_sums(benefits, e1):
    mine = await benefits.adjudicate(e1)
    theirs = await benefits.adjudicate(make_case(person_id=str(uuid4())))
    assert mine.accumulators_digest != theirs.accumulators_digest
    assert mine.account_digest != theirs.account_digest


async def test_a_disease_code_is_carried_and_chronic_care_refused(benefits):
    case = make_case(medical_type_code="14", disease_code="M03900")
    refusal = await refused(benefits.commit(case, uuid4()))
    assert (refusal.reason, refusal.metadata["missing"]) == (
        "POLICY_NOT_COVERED",
        "setting chronic",
    )
    case = make_case(disease_code="X1")
    assert (await refused(benefits.adjudicate(case))).fields == ["case.disease_code"]
    case = make_case(stay_id="not-a-uuid")
    assert (await refused(benefits.adjudicate(case))).fields == ["case.stay_id"]
    assert (await benefits.adjudicate(make_case(disease_code="M03900"))).cash_pay.fen == 452


async def test_states_and_years_of_a_split_cannot_be_changed(benefits):
    import asyncpg

    await benefits.commit(make_stay(**ACROSS, in_scope=4000000), uuid4())
    for statement in (
        "/* test.tamper */ DELETE FROM adjudication_year",
        "/* test.tamper */ UPDATE adjudication_year SET benefit_year = 2020",
        "/* test.tamper */ TRUNCATE adjudication_year",
    ):
        with pytest.raises(asyncpg.RestrictViolationError):
            await benefits.database.execute(statement)


async def test_the_state_after_a_split_is_committed(benefits):
    settlement_id = uuid4()
    await benefits.commit(make_stay(**ACROSS, in_scope=4000000), settlement_id)
    held = await benefits.get(settlement_id)
    assert held.state == pb.ADJUDICATION_STATE_COMMITTED
    assert len(held.adjudication.year_parts) == 2

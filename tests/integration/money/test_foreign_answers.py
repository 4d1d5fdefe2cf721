"""Goal: what an insured region or supervision answers can neither refuse a good bill nor stop the
feed that clearing lives on.

Method: answers of the shipped policies and made-up ones, through the whole settlement service.
"""

from __future__ import annotations

import io
from datetime import date

import pytest

from services.benefits.domain.adjudicate import adjudicate, find_snapshot
from services.benefits.domain.model import (
    Accumulators,
    Amounts,
    BenefitLevel,
    Case,
    HospitalLevel,
)
from services.benefits.messages import write_adjudication
from services.kit.crypto import FieldCipher, parse_keyring_text
from services.settlement.domain.identities import broken_identities
from services.settlement.messages import answer_of
from tests.integration.settlement.world import (
    KEY,
    add_line,
    first_events,
    raw,
    served,
    settle_request,
    state_name,
)
from tests.policy.bills import policy
from tests.support.callees import BED, FakeSupervision, callees_served
from tests.support.rpc import refused
from yijie.benefits.v1 import adjudication_pb2
from yijie.settlement.v1 import settlement_pb2
from yijie.supervision.v1 import supervision_service_pb2

pytestmark = pytest.mark.postgres

FINDING = "重复收费：" + "已包含，" * 20


@pytest.mark.parametrize("region", ["110000", "131100", "610500"])
@pytest.mark.parametrize("in_scope", [1, 10_000, 400_000])
def test_the_hub_takes_what_the_shipped_policies_answer(region, in_scope):
    """Where the deductible counts towards critical illness, that fund pays part of it."""
    case = Case(
        person_id="0190aaaa-0000-7000-8000-000000000001",
        insured_region_code=region,
        scheme_code="390",
        person_type_code="15",
        care_region_code="510100",
        level=HospitalLevel.TERTIARY,
        medical_type_code="21",
        benefit_level=BenefitLevel.REFERRAL,
        begin_date=date(2025, 3, 1),
        end_date=date(2025, 3, 9),
        amounts=Amounts(in_scope + 500, 500, 0, 0, in_scope),
        use_account=True,
    )
    before = Accumulators(critical_illness_base=6_000_000)
    outcome = adjudicate(case, find_snapshot(policy(), case), before, 0)
    asked = adjudication_pb2.Case(use_account=case.use_account)
    asked.amounts.total.fen = case.amounts.total
    asked.amounts.in_scope.fen = in_scope
    assert not broken_identities(answer_of(asked, write_adjudication(outcome, with_trace=False)))


def _fund_type(answer):
    answer.fund_payments[0].fund_type_code = "统筹"


def _no_fund_type(answer):
    answer.fund_payments[0].fund_type_code = ""


def _negative_balance(answer):
    answer.account_balance.fen = -1


def _pooled_fund_pays_the_deductible(answer):
    answer.fund_payments[0].amount.fen += 1
    answer.fund_total.fen += 1
    answer.cash_pay.fen -= 1
    answer.patient_total.fen -= 1
    answer.deductible.fen += 20_000


def _account_not_asked(answer):
    answer.cash_pay.fen -= 1
    answer.account_pay.fen += 1


@pytest.mark.parametrize(
    "spoil",
    [
        _fund_type,
        _no_fund_type,
        _negative_balance,
        _pooled_fund_pays_the_deductible,
        _account_not_asked,
    ],
)
async def test_an_answer_that_clearing_could_not_book_settles_nothing(world, spoil):
    """Clearing stops at an event that it cannot book: such a one must never reach the journal."""
    benefits = world.callees.benefits
    good = benefits.adjudicate

    def spoiled(case):
        answer = good(case)
        spoil(answer)
        return answer

    benefits.adjudicate = spoiled
    refusal = await refused(world.settle())
    assert (refusal.code, refusal.reason) == ("FAILED_PRECONDITION", "ADJUDICATION_INCONSISTENT")
    await world.pass_recovery()
    assert (await world.counts())["outbox"] == 0


async def test_a_bill_of_nothing_is_refused_before_anything_is_written(world):
    request = settle_request()
    del request.bill.lines[:]
    add_line(request.bill, BED, "0", "1", 0)
    request.bill.total.fen = 0
    refusal = await refused(world.settle(request))
    assert (refusal.code, refusal.reason) == ("INVALID_ARGUMENT", "FIELD_INVALID")
    assert refusal.fields == ["bill.total"]
    assert set((await world.counts()).values()) == {0}


async def fill_outbox(dsn, settlement, transactions):
    """Writes an event for each transaction id; returns the settlement ids in that order."""
    cipher = FieldCipher(parse_keyring_text(KEY))
    rows = []
    for number, transaction in enumerate(transactions):
        key = f"0190cccc-0000-7000-8000-{number:012x}"
        settlement.settlement_id = key
        context = b"settlement.outbox:" + bytes.fromhex(key.replace("-", ""))
        event = cipher.encrypt(settlement.SerializeToString(), context=context)
        rows.append((str(transaction), key, event))
    async with raw(dsn) as connection:
        await connection.executemany(
            "INSERT INTO outbox (transaction_id, settlement_id, kind, event_time, settlement,"
            " care_province, insured_province)"
            " VALUES ($1::text::xid8, $2::uuid, 'SETTLED', now(), $3, '640000', '650000')",
            rows,
        )
    return [key for _, key, _ in rows]


async def test_transactions_are_numbers(world):
    """As text 100 comes before 99: a reader would skip what lies between."""
    keys = await fill_outbox(world.dsn, settlement_pb2.Settlement(), [8, 9, 10, 11, 98, 99, 100])
    events = await first_events(world.stub, len(keys))
    assert [event.settlement.settlement_id for event in events] == keys
    later = await first_events(world.stub, 3, after=events[3].cursor)
    assert [event.settlement.settlement_id for event in later] == keys[4:]


async def test_a_backlog_of_long_events_can_be_read(world):
    """A message has an upper size: a feed that counts rows alone is stuck for good behind it."""
    settlement = settlement_pb2.Settlement()
    for number in range(900):
        settlement.findings.add(rule_code="DUPLICATE", line_ids=[str(number)], message_zh=FINDING)
    keys = await fill_outbox(world.dsn, settlement, range(4, 44))
    events = await first_events(world.stub, len(keys))
    assert [event.settlement.settlement_id for event in events] == keys


async def test_more_findings_than_an_event_holds_are_left_to_the_feed(dsn, clock, monkeypatch):
    async def screen(_self, _request, _context):
        response = supervision_service_pb2.ScreenBillResponse()
        for number in range(8000):
            response.findings.add(rule_code="D", line_ids=[str(number)], message_zh=FINDING)
        assert 2 << 20 < response.ByteSize() < 4 << 20
        return response

    monkeypatch.setattr(FakeSupervision, "ScreenBill", screen)
    async with (
        callees_served() as callees,
        served(dsn, callees, clock, io.BytesIO(), SCREENING_TIMEOUT_S="5") as world,
    ):
        settlement = (await world.settle()).settlement
        assert state_name(settlement) == "SETTLED"
        assert settlement.screening_state == settlement_pb2.SCREENING_STATE_DEFERRED
        assert not settlement.findings
        (event,) = await first_events(world.stub, 1)
        assert event.ByteSize() < 100_000

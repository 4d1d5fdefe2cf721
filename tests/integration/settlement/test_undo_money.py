"""Goal: a settlement taken back after its month was cleared, or after its year has ended, is a
negative record of the month in which it is taken back, and leaves the insured region as if it had
never been: the sums of the old year, those of the new one and the account, to the fen.

Method: the real benefits and clearing services around the real settlement service; only identity,
filing, catalogue and supervision are fakes, and the clock is the test's.
"""

from __future__ import annotations

import contextlib
import io
from datetime import UTC, date, datetime
from uuid import uuid4

import pytest

from services.benefits.app import running as benefits_running
from services.benefits.config import Config as BenefitsConfig
from services.clearing.app import running as clearing_running
from services.clearing.config import Config as ClearingConfig
from services.kit.channel import open_channel
from services.kit.config import load
from services.kit.wire import write_date
from tests.integration.clearing.harness import environ
from tests.integration.settlement.stays import (
    INTERIM,
    pre_settle,
    settle,
    settle_visit_request,
    try_request,
)
from tests.integration.settlement.visits import Visits, line
from tests.integration.settlement.world import (
    add_line,
    eventually,
    fill_bill,
    fill_patient,
    ident,
    served,
)
from tests.support.callees import BED, PERSON, callees_served
from tests.support.clock import FakeClock
from tests.support.rpc import TIMEOUT_S, refused
from tests.support.sealed import KEYS
from yijie.benefits.v1 import benefits_service_pb2, benefits_service_pb2_grpc
from yijie.clearing.v1 import clearing_service_pb2, clearing_service_pb2_grpc
from yijie.settlement.v1 import settlement_service_pb2 as pb

SCHEMAS = ("settlement", "benefits", "clearing")
pytestmark = pytest.mark.postgres

ACCOUNT_FEN = 300_000


def noon(year: int, month: int, day: int) -> datetime:
    return datetime(year, month, day, 4, 0, tzinfo=UTC)


class Mesh:
    """Settlement with a real insured region and a real ledger."""

    def __init__(self, world, benefits, clearing):
        self.world = world
        self.benefits = benefits_service_pb2_grpc.BenefitsServiceStub(benefits)
        self.clearing = clearing_service_pb2_grpc.ClearingServiceStub(clearing)

    def set_time(self, instant: datetime) -> None:
        self.world.clock.instant = instant

    async def stay(self, begin: date, end: date, days: int, *, use_account: bool = True):
        """Settles a stay of so many bed days at 800 yuan."""
        visit_id = await self.charged(begin, days)
        await Visits(self.world).discharge(visit_id, end)
        request = settle_visit_request(visit_id, days * 80_000, use_account=use_account)
        return (await settle(self.world, request)).settlement

    async def charged(self, begin: date, days: int) -> str:
        visits = Visits(self.world)
        visit_id = (await visits.register(begin_date=begin)).visit_id
        bed = line("bed", unit_price="800", quantity=str(days), fee_date=begin)
        await visits.upload(visit_id, bed)
        return visit_id

    async def open_account(self, fen: int) -> None:
        request = benefits_service_pb2.UpsertAccountsRequest(request_id=str(uuid4()))
        request.accounts.add(person_id=PERSON).balance.fen = fen
        await self.benefits.UpsertAccounts(request, timeout=TIMEOUT_S)

    async def sums(self):
        """All that the insured region knows of the person: three years and the account."""
        found = []
        for year in (2025, 2026, 2027):
            request = benefits_service_pb2.GetAccumulatorsRequest(
                person_id=PERSON, scheme_code="310", benefit_year=year
            )
            answer = await self.benefits.GetAccumulators(request, timeout=TIMEOUT_S)
            found.append(answer.SerializeToString(deterministic=True))
        return found

    async def positions(self) -> dict[str, int]:
        """What the insured province owes, by month."""
        request = clearing_service_pb2.GetPositionRequest()
        answer = await self.clearing.GetPosition(request, timeout=TIMEOUT_S)
        return {position.month: position.owed.fen for position in answer.positions}

    async def owes(self, wanted: dict[str, int]) -> None:
        async def as_wanted():
            return await self.positions() == wanted

        await eventually(as_wanted)


@pytest.fixture
async def mesh(dsn):
    async with contextlib.AsyncExitStack() as stack:
        callees = await stack.enter_async_context(callees_served())
        config = load(BenefitsConfig, {**KEYS, "YIJIE_DSN": dsn, "YIJIE_DRAIN_GRACE_S": "1"})
        benefits = await stack.enter_async_context(benefits_running(config))
        clock = FakeClock(noon(2025, 12, 31))
        world = await stack.enter_async_context(
            served(
                dsn,
                callees,
                clock,
                io.BytesIO(),
                BENEFITS_ROUTES=f"*={benefits.address}",
                BENEFITS_TIMEOUT_S="5",
            )
        )
        port = int(world.address.rpartition(":")[2])
        clearing = await stack.enter_async_context(
            clearing_running(load(ClearingConfig, environ(dsn, port)), clock=clock)
        )
        channels = [
            await stack.enter_async_context(open_channel(one.address))
            for one in (benefits, clearing)
        ]
        opened = Mesh(world, *channels)
        await opened.open_account(ACCOUNT_FEN)
        yield opened


async def test_taken_back_after_clearing_and_after_year_end(mesh):
    kept = await mesh.stay(date(2025, 11, 3), date(2025, 11, 20), 17)
    before = await mesh.sums()
    taken = await mesh.stay(date(2025, 12, 5), date(2025, 12, 20), 15)
    assert min(kept.adjudication.fund_total.fen, taken.adjudication.account_pay.fen) > 0
    december = owed(kept) + owed(taken)
    await mesh.owes({"2025-12": december})
    assert await mesh.sums() != before
    # December is cleared, a new year has begun and has its own sums.
    mesh.set_time(noon(2026, 2, 10))
    newer = await mesh.stay(date(2026, 1, 8), date(2026, 1, 20), 12, use_account=False)
    with_newer = [*(await mesh.sums())]
    await mesh.owes({"2025-12": december, "2026-02": owed(newer)})
    mesh.set_time(noon(2026, 3, 3))
    await mesh.world.reverse(settlement_id=taken.settlement_id)
    old, new, third = await mesh.sums()
    assert amounts(old) == amounts(before[0])
    assert amounts(new) == amounts(with_newer[1])
    assert third == before[2]
    assert balance(old) == balance(before[0])
    await mesh.owes(
        {
            "2025-12": december,
            "2026-02": owed(newer),
            "2026-03": -owed(taken),
        }
    )


async def test_a_stay_split_by_a_year_end_gives_both_years_back(mesh):
    mesh.set_time(noon(2026, 1, 20))
    before = await mesh.sums()
    split = await mesh.stay(date(2025, 12, 22), date(2026, 1, 11), 20)
    parts = split.adjudication.year_parts
    assert [part.benefit_year for part in parts] == [2025, 2026]
    assert sum(part.fund_total.fen for part in parts) == split.adjudication.fund_total.fen
    booked = await mesh.sums()
    assert amounts(booked[0]) != amounts(before[0])
    assert amounts(booked[1]) != amounts(before[1])
    mesh.set_time(noon(2026, 5, 4))
    await mesh.world.reverse(settlement_id=split.settlement_id)
    assert await mesh.sums() == before
    await mesh.owes({"2026-01": owed(split), "2026-05": -owed(split)})


async def test_a_stay_in_parts_bears_one_deductible_and_gives_all_back(mesh):
    mesh.set_time(noon(2026, 3, 31))
    before = await mesh.sums()
    visits = Visits(mesh.world)
    visit_id = await mesh.charged(date(2026, 3, 1), 10)
    later = line("later", unit_price="800", quantity="8", fee_date=date(2026, 3, 20))
    await visits.upload(visit_id, later)
    first = await settle(
        mesh.world, settle_visit_request(visit_id, 800_000, INTERIM, until=date(2026, 3, 10))
    )
    after_first = await mesh.sums()
    await visits.discharge(visit_id, date(2026, 3, 30))
    second = await settle(mesh.world, settle_visit_request(visit_id, 640_000))
    deductibles = [one.settlement.adjudication.deductible.fen for one in (first, second)]
    assert deductibles[0] > 0
    assert deductibles[1] == 0
    await mesh.world.reverse(settlement_id=second.settlement.settlement_id)
    assert await mesh.sums() == after_first
    await mesh.world.reverse(settlement_id=first.settlement.settlement_id)
    assert await mesh.sums() == before
    # As one bill it costs what it cost in parts.
    whole = await settle(mesh.world, settle_visit_request(visit_id, 1_440_000))
    parts = sum(one.settlement.adjudication.fund_total.fen for one in (first, second))
    assert abs(whole.settlement.adjudication.fund_total.fen - parts) <= 1


async def test_a_quote_against_the_real_sums(mesh):
    """Met to the fen while nothing moved, also where a stay is split by a year end; then the region
    names what did, and nothing is booked."""
    mesh.set_time(noon(2026, 1, 20))
    visit_id = await mesh.charged(date(2025, 12, 22), 20)
    await Visits(mesh.world).discharge(visit_id, date(2026, 1, 11))

    async def quoted():
        return await pre_settle(mesh.world, try_request(visit_id, use_account=True))

    async def settled(quote):
        request = settle_visit_request(visit_id, 1_600_000, use_account=True, quote=quote)
        return (await settle(mesh.world, request)).settlement

    # Less than the patient's part, so that the account decides how much is paid in cash.
    await mesh.open_account(100_000)
    first = await quoted()
    await mesh.open_account(105_000)
    refusal = await refused(settled(first.quote))
    assert (refusal.reason, refusal.metadata["changed"]) == ("QUOTE_CHANGED", "account")
    second = await quoted()
    met = await settled(second.quote)
    assert len(met.adjudication.year_parts) == 2
    shown = second.settlement.adjudication
    assert met.adjudication.fund_payments == shown.fund_payments
    assert met.adjudication.year_parts == shown.year_parts
    assert (met.adjudication.account_pay, met.adjudication.cash_pay) == (
        shown.account_pay,
        shown.cash_pay,
    )


async def test_a_quote_of_somebody_who_settles_elsewhere_first(mesh):
    """In Beijing the second stay of a year has half the deductible; the quote was of the first."""
    mesh.set_time(noon(2026, 1, 20))
    request = stay_in_beijing(pb.SettleRequest(request_id=ident()))
    trial = stay_in_beijing(pb.PreSettleRequest())
    request.quote = (await mesh.world.pre_settle(trial)).quote
    other = (
        await mesh.world.settle(stay_in_beijing(pb.SettleRequest(request_id=ident())))
    ).settlement
    before = await mesh.sums()
    refusal = await refused(mesh.world.settle(request))
    assert (refusal.reason, refusal.metadata["changed"]) == ("QUOTE_CHANGED", "accumulators")
    assert await mesh.sums() == before
    await mesh.world.reverse(settlement_id=other.settlement_id)
    # All is as it was, so the old quote holds again; the id that was refused stays refused.
    assert (await refused(mesh.world.settle(request))).reason == "QUOTE_CHANGED"
    request.request_id = ident()
    met = (await mesh.world.settle(request)).settlement
    assert met.adjudication.deductible == other.adjudication.deductible


def stay_in_beijing(request):
    """Fills in a stay of 8,000 yuan of somebody who is insured in Beijing, sent whole."""
    fill_patient(request.patient)
    fill_bill(request.bill)
    request.patient.insured_region_code = "110000"
    bill = request.bill
    bill.medical_type_code = "21"
    for day in (bill.begin_date, bill.end_date):
        day.CopyFrom(write_date(date(2026, 1, 15)))
    del bill.lines[:]
    add_line(bill, BED, "800", "10", 800_000)
    bill.total.fen = 800_000
    return request


def owed(settlement) -> int:
    """What the insured province owes for it: the funds and the personal account."""
    return settlement.adjudication.fund_total.fen + settlement.adjudication.account_pay.fen


def amounts(answer: bytes):
    """The sums of a year, without the account."""
    read = benefits_service_pb2.GetAccumulatorsResponse.FromString(answer)
    return read.accumulators


def balance(answer: bytes) -> int:
    return benefits_service_pb2.GetAccumulatorsResponse.FromString(answer).account_balance.fen

"""Goal: an invoice is claimed once in the country, at the window or at home, and is free again only
where nothing is booked of it.

Method: the whole service on real PostgreSQL; both channels at the same moment, and what becomes of
a settlement afterwards: reversal, refusal, recomputation.
"""

from __future__ import annotations

import asyncio
from datetime import date

import pytest

from tests.integration.settlement.advice import LONG_TERM, UNFILED, advising_served
from tests.integration.settlement.reimbursing import (
    INVOICE,
    assert_sound,
    cancel,
    holders,
    submit,
    submit_request,
)
from tests.integration.settlement.stays import (
    BED_FEN,
    INTERIM,
    STAY_FEN,
    settle,
    settle_visit_request,
    stay,
)
from tests.integration.settlement.world import (
    eventually,
    ident,
    pre_settle_request,
    settle_request,
    state_name,
)
from tests.support.rpc import TIMEOUT_S, Refusal, refused
from yijie.settlement.v1 import settlement_service_pb2 as pb

pytestmark = pytest.mark.postgres


@pytest.fixture
async def callees():
    async with advising_served() as opened:
        yield opened


def with_invoice(request, number=INVOICE):
    request.bill.invoice_number = number
    return request


async def direct(world, number=INVOICE):
    return (await world.settle(with_invoice(settle_request(), number))).settlement


async def test_the_window_comes_first(world):
    request = with_invoice(settle_request())
    settlement = (await world.settle(request)).settlement
    refusal = await refused(submit(world))
    assert (refusal.code, refusal.reason, refusal.fields) == (
        "FAILED_PRECONDITION",
        "INVOICE_ALREADY_CLAIMED",
        ["bill.invoice_number"],
    )
    assert refusal.metadata["channel"] == "DIRECT"
    assert set(refusal.metadata) == {"channel", "claimDate", "field"}
    # However it is written; and another window, or a trial, hears the same.
    for again in (direct(world, INVOICE.lower()), direct(world)):
        assert (await refused(again)).reason == "INVOICE_ALREADY_CLAIMED"
    trial = await refused(world.pre_settle(with_invoice(pre_settle_request())))
    assert trial.reason == "INVOICE_ALREADY_CLAIMED"
    # A repeat is no second claim.
    assert (await world.settle(request)).replayed
    assert await holders(world) == [("DIRECT", settlement.settlement_id)]
    await world.reverse(settlement_id=settlement.settlement_id)
    assert await holders(world) == []
    await submit(world)
    await assert_sound(world)


async def test_the_claim_at_home_comes_first(world):
    key = (await submit(world)).reimbursement_id
    refusal = await refused(direct(world))
    assert (refusal.reason, refusal.metadata["channel"]) == ("INVOICE_ALREADY_CLAIMED", "MANUAL")
    await cancel(world, key)
    await direct(world)
    await assert_sound(world)


async def test_bills_without_an_invoice_claim_none(world):
    await asyncio.gather(world.settle(), world.settle())
    assert await holders(world) == []


async def test_a_refused_bill_lets_its_invoice_go(world):
    world.callees.benefits.commit_mode = "refuse"
    assert (await refused(direct(world))).reason == "POLICY_NOT_COVERED"
    world.callees.benefits.commit_mode = ""
    assert await holders(world) == []
    await submit(world)


async def test_of_both_channels_at_once_exactly_one_wins(world):
    for round_ in range(12):
        number = f"65010099{round_:04d}AB"
        bills = [with_invoice(settle_request(), number) for _ in range(2)]
        claims = [submit_request(number) for _ in range(2)]
        given = await asyncio.gather(
            *(_outcome(world.settle(bill)) for bill in bills),
            *(_outcome(submit(world, claim)) for claim in claims),
        )
        won = [one for one in given if not isinstance(one, Refusal)]
        lost = {one.reason for one in given if isinstance(one, Refusal)}
        assert (len(won), lost) == (1, {"INVOICE_ALREADY_CLAIMED"})
    assert len(await holders(world)) == 12
    assert len(world.callees.benefits.live) == 12
    await assert_sound(world)


async def _outcome(call):
    task = asyncio.ensure_future(call)
    await asyncio.wait([task])
    if task.exception() is None:
        return task.result()
    return await refused(task)


async def test_a_request_that_came_before_takes_no_invoice(world):
    request = settle_request()
    await world.settle(request)
    request.bill.invoice_number = INVOICE
    assert (await refused(world.settle(request))).reason == "REQUEST_ID_REUSED"
    assert await holders(world) == []


async def _recompute(world, settlement_id):
    request = pb.RecomputeSettlementRequest(request_id=ident(), settlement_id=settlement_id)
    return await world.stub.RecomputeSettlement(request, timeout=TIMEOUT_S)


async def test_what_replaces_a_settlement_has_its_invoice(world):
    filing = world.callees.filing
    filing.benefit_level = UNFILED
    first = await direct(world)
    filing.benefit_level = LONG_TERM
    answer = await _recompute(world, first.settlement_id)
    assert answer.changed
    second = answer.settlement.settlement_id
    assert second != first.settlement_id
    assert await holders(world) == [("DIRECT", second)]
    assert (await refused(submit(world))).reason == "INVOICE_ALREADY_CLAIMED"
    await world.reverse(settlement_id=second)
    assert await holders(world) == []


async def test_so_has_what_replaces_one_that_was_refused(world):
    filing = world.callees.filing
    filing.benefit_level = UNFILED
    first = await direct(world)
    filing.benefit_level = LONG_TERM
    world.callees.benefits.refused_level = LONG_TERM
    await refused(_recompute(world, first.settlement_id))

    async def is_restored() -> bool:
        await world.pass_recovery()
        ((_, holder),) = await holders(world)
        found = await world.get(settlement_id=holder)
        return state_name(found) == "SETTLED" and holder != first.settlement_id

    await eventually(is_restored)
    assert (await refused(submit(world))).reason == "INVOICE_ALREADY_CLAIMED"


async def test_parts_of_a_stay_have_invoices_of_their_own(world):
    visit_id = await stay(world)
    middle = settle_visit_request(visit_id, BED_FEN, scope=INTERIM, until=date(2026, 3, 10))
    middle.invoice_number = INVOICE
    first = (await settle(world, middle)).settlement
    rest = settle_visit_request(visit_id, STAY_FEN - BED_FEN)
    rest.invoice_number = INVOICE
    refusal = await refused(settle(world, rest))
    assert (refusal.reason, refusal.fields) == ("INVOICE_ALREADY_CLAIMED", ["invoice_number"])
    # Nothing was written: the stay is as it was, and the same request goes with its own invoice.
    rest.invoice_number = f"{INVOICE}2"
    last = (await settle(world, rest)).settlement
    assert {holder for _, holder in await holders(world)} == {
        first.settlement_id,
        last.settlement_id,
    }
    for settlement_id in (last.settlement_id, first.settlement_id):
        await world.reverse(settlement_id=settlement_id)
    assert await holders(world) == []

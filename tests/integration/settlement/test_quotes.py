"""Goal: a settlement that names a quote equals it to the fen, or says exactly which fact changed
and books nothing.
"""

from __future__ import annotations

import asyncio
from datetime import date, timedelta
from decimal import Decimal

import pytest

from tests.integration.settlement.stays import (
    BED_FEN,
    INTERIM,
    STAY_FEN,
    pre_settle,
    settle,
    settle_visit_request,
    stay,
    try_request,
)
from tests.integration.settlement.visits import Visits, line
from tests.integration.settlement.world import (
    add_line,
    eventually,
    ident,
    pre_settle_request,
    settle_request,
    state_name,
)
from tests.support.callees import BED, CAPPED, DRUG, item
from tests.support.rpc import refused
from yijie.filing.v1 import filing_service_pb2

pytestmark = pytest.mark.postgres


def amounts_of(settlement):
    adjudication = settlement.adjudication
    return (
        settlement.amounts.SerializeToString(deterministic=True),
        adjudication.deductible.fen,
        [(p.fund_type_code, p.amount.fen) for p in adjudication.fund_payments],
        adjudication.account_pay.fen,
        adjudication.cash_pay.fen,
    )


def whole(quote, **changes):
    """A bill sent whole that names a quote."""
    return settle_request(quote=quote, **changes)


@pytest.mark.parametrize("use_account", [False, True])
async def test_a_fresh_quote_is_met_to_the_fen(world, use_account):
    quoted = await world.pre_settle(pre_settle_request(use_account=use_account))
    settled = await world.settle(whole(quoted.quote, use_account=use_account))
    assert amounts_of(settled.settlement) == amounts_of(quoted.settlement)
    booked = world.callees.benefits.live[settled.settlement.settlement_id]
    assert booked.case.use_account == use_account


async def test_a_fresh_quote_of_a_stay_is_met_to_the_fen(world):
    visit_id = await stay(world)
    quoted = await pre_settle(world, try_request(visit_id))
    request = settle_visit_request(visit_id, STAY_FEN, quote=quoted.quote)
    settled = await settle(world, request)
    assert amounts_of(settled.settlement) == amounts_of(quoted.settlement)
    # Also when it has expired by the time of a repeat: the first answer stands.
    world.clock.advance(seconds=25 * 3600)
    again = await settle(world, request)
    assert again.replayed
    assert again.settlement == settled.settlement


async def change_lines(world, request):
    request.bill.lines[0].quantity.value = "11"
    request.bill.lines[0].amount.fen += 8_000
    request.bill.total.fen += 8_000


async def change_card(world, request):
    world.callees.identity.person_type_code = "1101"


async def change_filing(world, request):
    world.callees.filing.benefit_level = filing_service_pb2.BENEFIT_LEVEL_UNFILED


async def change_catalogue(world, request):
    """A new version that says something else of an item of the bill."""
    before = await world.pre_settle()
    dearer = item(DRUG, "B", prior_self_pay_ratio=Decimal("0.3"))
    await world.callees.catalogue.publish("640000", "v2", [item(BED, "A"), dearer])

    async def seen():
        now = await world.pre_settle()
        return now.settlement.catalogue_version != before.settlement.catalogue_version

    await eventually(seen)


async def change_policy(world, request):
    world.callees.benefits.policy_version = "650000@2026-fedcba"
    world.callees.benefits.fund_ratio = Decimal("0.8")


async def change_accumulators(world, request):
    world.callees.benefits.deductible_fen -= 1_000


async def change_account(world, request):
    world.callees.benefits.account_fen -= 1_000


CHANGES = {
    "lines": change_lines,
    "card": change_card,
    "filing": change_filing,
    "catalogue": change_catalogue,
    "policy": change_policy,
    "accumulators": change_accumulators,
    "account": change_account,
}
OF_THE_HUB = {"lines", "card", "filing", "catalogue"}


@pytest.mark.parametrize("knows_expected", [True, False])
@pytest.mark.parametrize("fact", CHANGES)
async def test_exactly_the_fact_that_changed_is_named(world, fact, knows_expected):
    world.callees.benefits.knows_expected = knows_expected
    quoted = await world.pre_settle(pre_settle_request(use_account=True))
    request = whole(quoted.quote, use_account=True)
    await CHANGES[fact](world, request)
    before = await world.counts()
    refusal = await refused(world.settle(request))
    assert (refusal.code, refusal.reason) == ("FAILED_PRECONDITION", "QUOTE_CHANGED")
    assert refusal.domain == "settlement.yijie"
    assert refusal.fields == ["quote"]
    assert refusal.metadata["changed"] == fact
    if fact in OF_THE_HUB:
        # Refused before anything was written: the id is free.
        assert await world.counts() == before
        assert world.callees.benefits.commits == 0
    else:
        assert state_name(await world.get(request_id=request.request_id)) == "FAILED"
        assert (await refused(world.settle(request))).text == refusal.text
        await world.pass_recovery()
        await eventually(lambda: nothing_open(world))
    assert not world.callees.benefits.live
    # A new quote is met.
    fresh = pre_settle_request(use_account=True)
    fresh.bill.CopyFrom(request.bill)
    quoted = await world.pre_settle(fresh)
    again = settle_request(use_account=True, quote=quoted.quote)
    again.bill.CopyFrom(request.bill)
    assert amounts_of((await world.settle(again)).settlement) == amounts_of(quoted.settlement)


async def nothing_open(world):
    return not await world.open_intents()


async def test_several_facts_are_all_named(world):
    quoted = await world.pre_settle()
    await change_card(world, None)
    await change_filing(world, None)
    refusal = await refused(world.settle(whole(quoted.quote)))
    assert refusal.metadata["changed"] == "card,filing"


async def test_what_changes_no_amount_stops_nothing(world):
    """A new catalogue version that says the same of these items, and another account balance that
    is not used: the patient pays what was shown."""
    quoted = await world.pre_settle()
    catalogue = world.callees.catalogue
    await catalogue.publish("640000", "v2", [item(BED, "A"), item(DRUG, "B"), item(CAPPED, "C")])

    async def seen():
        return (await world.pre_settle()).settlement.catalogue_version == "640000@v2"

    await eventually(seen)
    await change_account(world, None)
    settled = await world.settle(whole(quoted.quote))
    assert amounts_of(settled.settlement) == amounts_of(quoted.settlement)


async def test_the_same_lines_in_another_order_and_by_other_names(world):
    quoted = await world.pre_settle()
    request = whole(quoted.quote)
    lines = list(request.bill.lines)
    del request.bill.lines[:]
    for number, one in enumerate(reversed(lines)):
        one.line_id, one.item_name = f"other-{number}", "别名"
        request.bill.lines.append(one)
    await world.settle(request)


async def test_a_stay_that_got_another_fee(world):
    visit_id = await stay(world)
    quoted = await pre_settle(world, try_request(visit_id))
    await Visits(world).upload(visit_id, line("late"))
    request = settle_visit_request(visit_id, STAY_FEN + 8_000, quote=quoted.quote)
    before = await world.counts()
    refusal = await refused(settle(world, request))
    assert (refusal.reason, refusal.metadata["changed"]) == ("QUOTE_CHANGED", "lines")
    assert await world.counts() == before


async def test_a_stay_whose_accumulators_moved_is_free_at_once(world):
    visit_id = await stay(world)
    quoted = await pre_settle(world, try_request(visit_id))
    await change_accumulators(world, None)
    refusal = await refused(
        settle(world, settle_visit_request(visit_id, STAY_FEN, quote=quoted.quote))
    )
    assert (refusal.reason, refusal.metadata["changed"]) == ("QUOTE_CHANGED", "accumulators")
    quoted = await pre_settle(world, try_request(visit_id))
    await settle(world, settle_visit_request(visit_id, STAY_FEN, quote=quoted.quote))


async def test_quotes_that_are_none(world):
    visit_id = await stay(world)
    other_id = (await Visits(world).register(medical_type="11")).visit_id
    quote = (await pre_settle(world, try_request(visit_id))).quote
    await Visits(world).upload(other_id, line("1"))
    other = (await pre_settle(world, try_request(other_id, 3))).quote
    interim = (
        await pre_settle(world, try_request(visit_id, INTERIM, until=date(2026, 3, 10)))
    ).quote
    whole_bill = (await world.pre_settle()).quote
    flipped = ("B" if quote[40] != "B" else "C").join((quote[:40], quote[41:]))
    last = quote[:-1] + next(c for c in "AQgw" if c != quote[-1])
    wrong = [
        "x", flipped, last, quote[:-4], quote + "AAAA", quote + "\n", quote + "=",
        other, interim, whole_bill, "é",
    ]  # fmt: skip
    before = await world.counts()
    for text in wrong:
        refusal = await refused(settle(world, settle_visit_request(visit_id, STAY_FEN, quote=text)))
        assert (refusal.code, refusal.reason) == ("INVALID_ARGUMENT", "QUOTE_INVALID"), text
        assert refusal.fields == ["quote"]
    # The account was not asked for when it was quoted: these are other amounts.
    with_account = settle_visit_request(visit_id, STAY_FEN, quote=quote, use_account=True)
    assert (await refused(settle(world, with_account))).reason == "QUOTE_INVALID"
    assert (await refused(world.settle(whole(quote)))).reason == "QUOTE_INVALID"
    assert await world.counts() == before
    await settle(world, settle_visit_request(visit_id, STAY_FEN, quote=quote))


async def test_a_quote_expires(world):
    visit_id = await stay(world)
    quote = (await pre_settle(world, try_request(visit_id))).quote
    world.clock.advance(seconds=24 * 3600)
    request = settle_visit_request(visit_id, STAY_FEN, quote=quote)
    assert (await refused(settle(world, request))).reason == "QUOTE_INVALID"
    world.clock.advance(seconds=-1)
    await settle(world, request)


async def test_a_quote_shows_nothing_and_fits(world):
    """It goes through the hospital's hands: neither amounts nor who it is of can be read."""
    visit_id = await stay(world)
    first = (await pre_settle(world, try_request(visit_id))).quote
    second = (await pre_settle(world, try_request(visit_id))).quote
    assert first != second
    assert first.isascii()
    assert len(first) < 1_000
    assert set(first) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")


async def test_two_at_once_by_quotes_of_the_same_accumulators(world):
    """The region settles one after the other; the second is told that the sums moved."""
    benefits = world.callees.benefits
    quotes = [(await world.pre_settle()).quote for _ in range(2)]
    first = asyncio.create_task(world.settle(whole(quotes[0])))
    await first
    benefits.deductible_fen = 0
    refusal = await refused(world.settle(whole(quotes[1])))
    assert refusal.metadata["changed"] == "accumulators"
    assert len(benefits.live) == 1


async def test_an_unknown_outcome_keeps_the_quote(world):
    """Recovery books by the quote too: hours later, with other sums, it is refused."""
    quoted = await world.pre_settle()
    world.callees.benefits.mode = "unavailable"
    request = whole(quoted.quote)
    assert (await refused(world.settle(request))).reason == "OUTCOME_PENDING"
    world.callees.benefits.mode = "ok"
    await change_accumulators(world, None)
    await world.pass_recovery()

    async def failed():
        return state_name(await world.get(request_id=request.request_id)) == "FAILED"

    await eventually(failed)
    refusal = await refused(world.settle(request))
    assert (refusal.reason, refusal.metadata["changed"]) == ("QUOTE_CHANGED", "accumulators")
    assert not world.callees.benefits.live


async def test_a_lost_reply_to_a_quote_is_found_again(world):
    quoted = await world.pre_settle()
    world.callees.benefits.mode = "lost_reply"
    request = whole(quoted.quote)
    assert (await refused(world.settle(request))).reason == "OUTCOME_PENDING"
    world.callees.benefits.mode = "ok"
    await change_accumulators(world, None)
    # It was booked before the sums moved.
    settled = await world.settle(request)
    assert amounts_of(settled.settlement) == amounts_of(quoted.settlement)


async def test_an_interim_quote(world):
    visit_id = await stay(world, discharged=False)
    until = date(2026, 3, 10)
    quote = (await pre_settle(world, try_request(visit_id, INTERIM, until=until))).quote
    later = settle_visit_request(
        visit_id, BED_FEN, INTERIM, until=until + timedelta(days=1), quote=quote
    )
    assert (await refused(settle(world, later))).reason == "QUOTE_INVALID"
    request = settle_visit_request(
        visit_id, BED_FEN, INTERIM, until=until, quote=quote, request_id=ident()
    )
    await settle(world, request)


async def test_another_bill_is_no_change_of_lines(world):
    quote = (await world.pre_settle()).quote
    request = whole(quote)
    request.bill.begin_date.day -= 1
    assert (await refused(world.settle(request))).reason == "QUOTE_INVALID"
    request = whole(quote)
    add_line(request.bill, BED, "80", "1", 8_000)
    request.bill.total.fen += 8_000
    refusal = await refused(world.settle(request))
    assert refusal.metadata["changed"] == "lines"

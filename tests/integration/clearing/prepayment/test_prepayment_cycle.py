"""Goal: quotas become notices, notices money held, money held a rate of use, a red rate a top-up.

Method: the services themselves on a database; money arrives by bank statements.
"""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import Any

import pytest

from services.clearing.prepayment import drafting
from services.kit.db import Connection
from tests.integration.clearing.ledger_world import feed_reaches
from tests.integration.clearing.prepayment.prepayment_world import (
    BEIJING,
    HEBEI,
    MARCH,
    SHANGHAI,
    USED,
    PrepaymentWorld,
    first_quota,
    money,
    name_of,
)
from tests.support.settlement_feed import reversed_, settled
from yijie.clearing.v1 import notice_pb2, prepayment_pb2

pytestmark = pytest.mark.postgres
SCHEMAS = ("clearing",)
QUARTER = ("2025-10", "2025-11", "2025-12")


async def test_first_quotas_become_money_held_and_a_rate_of_use(world: PrepaymentWorld) -> None:
    proposal = await world.proposed(first_quota(80_000), first_quota(10_001, scheme="390"))
    assert proposal.state == prepayment_pb2.QUOTA_PROPOSAL_STATE_PROPOSED
    assert (proposal.line_count, proposal.to_pay.fen, proposal.to_return.fen) == (2, 90_001, 0)
    assert (await world.prepayment()).quota.fen == 0
    decided = await world.confirm(proposal)
    assert decided.proposal.state == prepayment_pb2.QUOTA_PROPOSAL_STATE_CONFIRMED
    # In force by the decision, held only when it is paid.
    one = await world.prepayment()
    assert (one.quota.fen, one.usage.holding.fen) == (90_001, 0)
    assert name_of("state", one.usage.state) == "UNFUNDED"
    (notice_id,) = decided.notice_ids
    notice = (await world.notices.call("GetNotice", notice_id=notice_id)).notice
    assert (notice.payer_region_code, notice.receiver_region_code) == (HEBEI, BEIJING)
    assert (notice.kind, notice.amount.fen) == (
        notice_pb2.NOTICE_KIND_PREPAYMENT_ADJUSTMENT,
        90_001,
    )
    assert [(line.fund_type_code, line.amount.fen) for line in notice.lines] == [
        ("310100", 80_000),
        ("390100", 10_001),
    ]
    await world.issue([notice_id])
    await world.pay(notice_id)
    one = await world.prepayment()
    assert (one.usage.used.fen, one.usage.holding.fen) == (USED, 90_001)
    assert one.usage.rate_bp == USED * 10_000 // 90_001
    assert name_of("state", one.usage.state) == "YELLOW"
    assert [(s.scheme_code, s.quota.fen, s.holding.fen, s.used.fen) for s in one.schemes] == [
        ("310", 80_000, 80_000, 66_234),
        ("390", 10_001, 10_001, 7_000),
    ]
    whole = await world.prepayment("")
    assert (whole.usage.used.fen, whole.usage.holding.fen) == (USED, 90_001)


async def quarter(world: PrepaymentWorld, amounts: dict[str, tuple[int, int]]) -> None:
    """Tables Q4 of 2025 with what Hebei's employees and residents cost in Beijing."""
    events = []
    for number, (month, (employee, resident)) in enumerate(amounts.items(), start=100):
        at = datetime(2025, int(month[5:]), 9, 4, 0, tzinfo=UTC)
        # The personal account is cleared and not prepaid for.
        events.append(settled(number, funds={"310100": employee}, account_fen=777, at=at))
        events.append(settled(number + 50, funds={"390100": resident}, scheme="390", at=at))
    await world.months.feed(*events)
    await feed_reaches(world.database, max(amounts))
    await world.months.loop.once()
    for month in amounts:
        await world.months.tabled_of_cut(month)


async def test_annual_quotas_are_two_average_months_of_the_last_quarter(
    world: PrepaymentWorld,
) -> None:
    amounts = {"2025-10": (30_001, 5_000), "2025-11": (40_000, 5_000), "2025-12": (50_001, 5_000)}
    await quarter(world, amounts)
    await world.funded(employee=90_000, resident=2_000)
    proposal = (await world.call("ProposeQuotas", year=2026, maker_id="hub-1")).proposal
    lines = (await world.call("ListQuotaLines", proposal_id=proposal.proposal_id)).lines
    # 2 × 120,002 ÷ 3 = 80,001.33…; 2 × 15,000 ÷ 3.
    assert [(x.scheme_code, x.in_force.fen, x.quota.fen, x.change.fen) for x in lines] == [
        ("310", 90_000, 80_001, -9_999),
        ("390", 2_000, 10_000, 8_000),
    ]
    assert [one.fen for one in lines[0].months] == [30_001, 40_000, 50_001]
    assert (proposal.to_pay.fen, proposal.to_return.fen) == (8_000, 9_999)
    # It is the end of March: later than the end of January.
    assert proposal.overdue
    assert (proposal.pay_deadline.month, proposal.pay_deadline.day) == (2, 28)
    decided = await world.confirm(proposal)
    (notice_id,) = decided.notice_ids
    notice = (await world.notices.call("GetNotice", notice_id=notice_id)).notice
    # Less than before altogether: the care province returns the difference.
    assert (notice.payer_region_code, notice.amount.fen) == (BEIJING, 1_999)
    await world.issue([notice_id])
    await world.pay(notice_id)
    one = await world.prepayment()
    assert (one.quota.fen, one.usage.holding.fen) == (90_001, 90_001)
    again = await world.refusal("ProposeQuotas", year=2026, maker_id="hub-1")
    assert again.reason == "QUOTA_UNCHANGED"


async def test_refunds_count_in_the_month_that_books_them(world: PrepaymentWorld) -> None:
    bills = {
        number: settled(
            number, funds={"310100": fen}, at=datetime(2025, month, 9, 4, 0, tzinfo=UTC)
        )
        for number, month, fen in ((100, 10, 90_000), (101, 11, 30_001), (102, 12, 9_999))
    }
    # Of October, taken back in November; of December, taken back in January: that is next year's.
    refunds = (reversed_(bills[100], at=datetime(2025, 11, 20, 4, 0, tzinfo=UTC)),)
    await world.months.feed(*bills.values(), *refunds)
    await world.months.feed(reversed_(bills[102], at=datetime(2026, 1, 5, 4, 0, tzinfo=UTC)))
    await feed_reaches(world.database, "2025-12")
    await world.months.loop.once()
    for month in QUARTER:
        await world.months.tabled_of_cut(month)
    proposal = (await world.call("ProposeQuotas", year=2026, maker_id="hub-1")).proposal
    (line,) = (await world.call("ListQuotaLines", proposal_id=proposal.proposal_id)).lines
    assert [one.fen for one in line.months] == [90_000, 30_001 - 90_000, 9_999]
    # 2 × 40,000 ÷ 3 = 26,666.67.
    assert (line.quota.fen, line.change.fen) == (26_667, 26_667)


async def test_a_rejected_notice_takes_the_quota_back(world: PrepaymentWorld) -> None:
    await quarter(world, dict.fromkeys(QUARTER, (30_000, 0)))
    for attempt in range(2):
        proposal = (await world.call("ProposeQuotas", year=2026, maker_id="hub-1")).proposal
        decided = await world.confirm(proposal)
        assert (await world.prepayment()).quota.fen == 60_000
        if attempt:
            break
        await world.issue(
            decided.notice_ids, decision=notice_pb2.NOTICE_DECISION_REJECTED, note="账户有误"
        )
        await world.watch.once()
        assert (await world.prepayment()).quota.fen == 0
    changes = await world.database.fetch(
        "/* test.changes */ SELECT kind, change_fen, quota_fen FROM quota_change ORDER BY change_id"
    )
    assert [tuple(row) for row in changes] == [
        ("ANNUAL", 60_000, 60_000),
        ("CANCELLED", -60_000, 0),
        ("ANNUAL", 60_000, 60_000),
    ]


async def test_each_change_of_state_is_told_once_whoever_looks(world: PrepaymentWorld) -> None:
    await world.watch.once()
    assert await world.events() == []
    await world.funded(employee=90_000, resident=20_000)
    # 73,234 of 110,000 is 66.6 %.
    steps = [(0, "NORMAL"), (4_000, "YELLOW"), (22_000, "RED"), (11_000, "EXHAUSTED")]
    told = []
    for number, (fen, state) in enumerate(steps, start=200):
        if fen:
            await world.spend(number, fen)
        looks = await asyncio.gather(*(world.watch.once() for _ in range(4)))
        # The pair, and Beijing as a whole, each by one of the four.
        assert sorted(len(look.changes) for look in looks) == [0, 0, 0, 2]
        told.append(state)
    await world.watch.once()
    states = ["UNFUNDED", *told]
    expected = [
        (insured, BEIJING, before, after)
        for before, after in zip(states, told, strict=False)
        for insured in ("", HEBEI)
    ]
    assert await world.events() == expected
    # A new month: nothing of it is used yet.
    world.clock.advance(days=1)
    await world.watch.once()
    assert (await world.events())[-2:] == [
        ("", BEIJING, "EXHAUSTED", "NORMAL"),
        (HEBEI, BEIJING, "EXHAUSTED", "NORMAL"),
    ]


async def test_events_are_followed_by_province(world: PrepaymentWorld) -> None:
    await world.funded()
    await world.watch.once()
    for region, count in ((HEBEI, 1), (BEIJING, 2), (SHANGHAI, 0)):
        stream = world.asked("SubscribePrepaymentEvents", region_code=region)
        batches, found = 0, []
        async for batch in stream:
            batches += 1
            found += batch.events
            if batches == 3 or found:
                break
        stream.cancel()
        assert len(found) == count
        assert all(one.month == MARCH and one.usage.used.fen == USED for one in found)
        assert len({one.event_id for one in found}) == count


async def test_a_red_month_leads_to_a_top_up_that_is_paid(world: PrepaymentWorld) -> None:
    await world.funded(employee=60_000, resident=15_000)
    await world.months.signed()
    top_up = await world.request()
    # 2 × 73,234 − 75,000 = 71,468; employees lack 2 × 66,234 − 60,000 = 72,468, residents nothing.
    assert (top_up.amount.fen, top_up.proposed.fen) == (71_468, 71_468)
    assert [(s.scheme_code, s.amount.fen) for s in top_up.schemes] == [("310", 71_468)]
    assert (top_up.usage.used.fen, name_of("state", top_up.usage.state)) == (USED, "RED")
    assert not top_up.late
    approved = await world.decide(top_up)
    assert name_of("top_up", approved.state) == "APPROVED"
    notice = (await world.notices.call("GetNotice", notice_id=approved.notice_id)).notice
    assert (notice.kind, notice.payer_region_code, notice.amount.fen) == (
        notice_pb2.NOTICE_KIND_EMERGENCY_TOP_UP,
        HEBEI,
        71_468,
    )
    await world.issue([approved.notice_id])
    await world.watch.once()
    assert name_of("top_up", (await world.top_up(top_up)).state) == "APPROVED"
    await world.pay(approved.notice_id)
    await world.watch.once()
    assert name_of("top_up", (await world.top_up(top_up)).state) == "PAID"
    one = await world.prepayment()
    assert (one.quota.fen, one.usage.holding.fen) == (146_468, 146_468)
    history = await world.database.fetch(
        "/* test.history */ SELECT state, officer_id FROM top_up_change ORDER BY change_time, state"
    )
    assert {tuple(row) for row in history} == {
        ("REQUESTED", "care-1"),
        ("APPROVED", "hub-2"),
        ("PAID", ""),
    }
    # Once more for the same month: it is not red any more by what is held.
    assert (await world.request_refusal()).reason == "TOP_UP_NOT_RED"


async def test_a_rejected_notice_cancels_the_top_up(world: PrepaymentWorld) -> None:
    await world.funded()
    await world.months.signed()
    approved = await world.decide(await world.request(amount=money(1_000)))
    assert (await world.prepayment()).quota.fen == 76_000
    await world.issue(
        [approved.notice_id], decision=notice_pb2.NOTICE_DECISION_REJECTED, note="金额有误"
    )
    await world.watch.once()
    assert name_of("top_up", (await world.top_up(approved)).state) == "CANCELLED"
    assert (await world.prepayment()).quota.fen == 75_000
    # Nothing stands in the way of asking again.
    assert (await world.request()).amount.fen == 71_468


async def test_notices_are_followed_once_by_racing_replicas(world: PrepaymentWorld) -> None:
    await world.funded()
    await world.months.signed()
    approved = await world.decide(await world.request())
    await world.issue([approved.notice_id])
    await world.pay(approved.notice_id)

    async def follow(connection: Connection) -> Any:
        return await drafting.follow_notices(connection, now=world.clock.now())

    ended = await asyncio.gather(*(world.database.run("test.follow", follow) for _ in range(4)))
    # That of the first quotas was followed when the top-up was decided.
    assert sorted(ended) == [0, 0, 0, 1]


async def test_lists_are_read_by_pages(world: PrepaymentWorld) -> None:
    await world.funded()
    whole = (await world.call("ListPrepayments")).prepayments
    keys = [(one.care_region_code, one.insured_region_code) for one in whole]
    assert keys == [(BEIJING, ""), (BEIJING, HEBEI), (SHANGHAI, ""), (SHANGHAI, BEIJING)]
    found, token = [], ""
    while True:
        page = await world.call("ListPrepayments", page_size=3, page_token=token)
        found += page.prepayments
        token = page.next_page_token
        if not token:
            break
    assert found == list(whole)
    red = await world.call("ListPrepayments", state=prepayment_pb2.USAGE_STATE_RED)
    assert len(red.prepayments) == 2
    proposals = (await world.call("ListQuotaProposals", year=2026)).proposals
    assert [one.year for one in proposals] == [2026]
    lines = await world.call("ListQuotaLines", proposal_id=proposals[0].proposal_id, page_size=1)
    rest = await world.call(
        "ListQuotaLines",
        proposal_id=proposals[0].proposal_id,
        page_token=lines.next_page_token,
    )
    assert [x.scheme_code for x in (*lines.lines, *rest.lines)] == ["310", "390"]
    assert rest.next_page_token == ""

"""Goal: what two do to prepayment at once is as if one had come after the other; clocks that differ
and processes that begin anew change nothing; whatever was decided, what is held in the end is the
quota in force.
"""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import grpc
import pytest

from services.clearing.domain.ledger import Phase
from services.clearing.prepayment import usage_store
from services.clearing.prepayment.loop import Watch
from services.clearing.prepayment.terms import load
from services.clearing.prepayment.watching import SKEW_MAX, add_up_days
from services.kit.wire import write_date
from tests.integration.clearing.ledger_world import feed_reaches
from tests.integration.clearing.prepayment.prepayment_world import (
    BEIJING,
    HEBEI,
    MARCH,
    PAIR,
    SHANGHAI,
    PrepaymentWorld,
    first_quota,
    money,
    name_of,
)
from tests.support.clock import FakeClock
from tests.support.rpc import read_refusal
from tests.support.settlement_feed import settled
from yijie.clearing.v1 import notice_pb2, prepayment_pb2

pytestmark = pytest.mark.postgres
SCHEMAS = ("clearing",)
QUARTER = ("2025-10", "2025-11", "2025-12")


async def outcome(call: Any) -> str:
    """The reason of a refusal; empty: it was answered."""
    try:
        await call
    except grpc.aio.AioRpcError as error:
        return read_refusal(error).reason
    return ""


async def quarter(world: PrepaymentWorld, employee: int, resident: int = 0) -> None:
    """Tables three equal months of 2025 of Hebei's people in Beijing, and Beijing's in Shanghai."""
    events = []
    for number, month in enumerate(QUARTER, start=100):
        at = datetime(2025, int(month[5:]), 9, 4, 0, tzinfo=UTC)
        events += [
            settled(number, funds={"310100": employee}, at=at),
            settled(number + 10, funds={"390100": resident}, scheme="390", at=at),
            settled(number + 20, funds={"310100": 50}, insured="110100", care="310115", at=at),
        ]
    await world.months.feed(*events)
    await feed_reaches(world.database, max(QUARTER))
    await world.months.loop.once()
    for month in QUARTER:
        await world.months.tabled_of_cut(month)


async def march_signed(world: PrepaymentWorld) -> None:
    """Tables what lies between the quarter and March, then signs March."""
    await world.months.cut(MARCH)
    for month in ("2026-01", "2026-02", MARCH):
        await world.months.tabled_of_cut(month)
    for region in (HEBEI, BEIJING, SHANGHAI):
        await world.months.sign(region)


async def propose(world: PrepaymentWorld, year: int = 2026) -> Any:
    return (await world.call("ProposeQuotas", year=year, maker_id="hub-1")).proposal


async def settle_all_notices(world: PrepaymentWorld) -> None:
    """Issues what is drawn up, pays what is issued."""
    notices = (await world.notices.call("ListNotices")).notices
    drafts = [one.notice_id for one in notices if one.state == notice_pb2.NOTICE_STATE_DRAFT]
    if drafts:
        await world.issue(drafts)
    for one in (await world.notices.call("ListNotices")).notices:
        if one.state == notice_pb2.NOTICE_STATE_ISSUED:
            await world.pay(one.notice_id)
    await world.watch.once()


async def held_is_quota(world: PrepaymentWorld) -> int:
    one = await world.prepayment()
    assert [(x.scheme_code, x.quota) for x in one.schemes] == [
        (x.scheme_code, x.holding) for x in one.schemes
    ]
    return int(one.usage.holding.fen)


async def test_one_proposal_of_all_that_are_made_at_once(world: PrepaymentWorld) -> None:
    await quarter(world, 30_000)
    calls = [
        *(world.asked("ProposeQuotas", year=2026, maker_id="hub-1") for _ in range(3)),
        *(
            world.asked(
                "SetFirstQuotas", year=2026, quotas=[first_quota(care=SHANGHAI)], maker_id="hub-1"
            )
            for _ in range(3)
        ),
    ]
    reasons = await asyncio.gather(*map(outcome, calls))
    assert sorted(reasons) == ["", *["QUOTA_STANDS"] * 5]


@pytest.mark.parametrize("attempt", range(3))
async def test_a_decision_while_the_next_is_proposed(world: PrepaymentWorld, attempt: int) -> None:
    await quarter(world, 30_000)
    proposal = await propose(world)

    async def next_one() -> str:
        await asyncio.sleep(attempt * 0.005)
        return await outcome(world.asked("ProposeQuotas", year=2026, maker_id="hub-1"))

    decided, reason = await asyncio.gather(world.confirm(proposal), next_one())
    assert reason in {"QUOTA_STANDS", "QUOTA_UNCHANGED"}
    assert len(decided.notice_ids) == 2
    await settle_all_notices(world)
    assert await held_is_quota(world) == 60_000


@pytest.mark.parametrize("attempt", range(3))
async def test_annual_quotas_and_a_top_up_decided_at_once(
    world: PrepaymentWorld, attempt: int
) -> None:
    await quarter(world, 30_000, 3_000)
    await world.funded()
    await march_signed(world)
    top_up = await world.request()
    proposal = await propose(world)
    quotas = {"proposal_id": proposal.proposal_id, "confirmed": True, "checker_id": "hub-4"}
    more = {"top_up_id": top_up.top_up_id, "approved": True, "checker_id": "hub-5"}
    calls = [("DecideQuotas", quotas), ("DecideTopUp", more)]
    if attempt % 2:
        calls.reverse()
    first, second, _ = await asyncio.gather(
        *(outcome(world.asked(name, **fields)) for name, fields in calls), world.watch.once()
    )
    # Whoever is second waits until the notice of the first can be rejected no more.
    assert sorted((first, second)) == ["", "NOTICE_STATE_FORBIDS"]
    await settle_all_notices(world)
    name, fields = calls[0] if first else calls[1]
    await world.call(name, **fields)
    await settle_all_notices(world)
    # The top-up stands on the annual quota, or was replaced by it: 60,000 and 6,000.
    top_up_is_last = name == "DecideTopUp"
    assert await held_is_quota(world) == 66_000 + top_up.amount.fen * top_up_is_last
    assert name_of("top_up", (await world.top_up(top_up)).state) == "PAID"


async def test_nothing_is_decided_upon_a_notice_that_may_be_rejected(
    world: PrepaymentWorld,
) -> None:
    """Rejected after a reduction upon it, it would have money returned that was never paid."""
    await quarter(world, 9_000)
    first = await world.confirm(await world.proposed(first_quota(76_872)))
    reduction = await propose(world)
    wanted = {"proposal_id": reduction.proposal_id, "confirmed": True, "checker_id": "hub-2"}
    refusal = await world.refusal("DecideQuotas", **wanted)
    assert refusal.reason == "NOTICE_STATE_FORBIDS"
    assert refusal.metadata["noticeId"] == first.notice_ids[0]
    await world.issue(
        first.notice_ids, decision=notice_pb2.NOTICE_DECISION_REJECTED, note="账户有误"
    )
    # Nobody has looked: what was rejected is taken back by the decision itself.
    await world.call("DecideQuotas", **wanted)
    await settle_all_notices(world)
    assert await held_is_quota(world) == 18_000


async def test_of_two_notices_one_is_rejected(world: PrepaymentWorld) -> None:
    await quarter(world, 30_000)
    decided = await world.confirm(await propose(world))
    notices = {
        one.payer_region_code: one.notice_id
        for one in (await world.notices.call("ListNotices")).notices
    }
    assert sorted(notices.values()) == sorted(decided.notice_ids)
    await world.issue(
        [notices[HEBEI]], decision=notice_pb2.NOTICE_DECISION_REJECTED, note="账户有误"
    )
    await world.watch.once()
    again = await propose(world)
    lines = (await world.call("ListQuotaLines", proposal_id=again.proposal_id)).lines
    # Hebei's is proposed anew, Beijing's stands.
    assert [(x.insured_region_code, x.change.fen) for x in lines] == [(HEBEI, 60_000)]
    await world.confirm(again)
    await settle_all_notices(world)
    assert await held_is_quota(world) == 60_000
    assert (await world.prepayment(BEIJING, SHANGHAI)).usage.holding.fen == 100


async def test_all_that_is_held_is_returned(world: PrepaymentWorld) -> None:
    """Nobody of Hebei went to Beijing in the quarter: the care province gives everything back."""
    await quarter(world, 0)
    await world.funded()
    await world.watch.once()
    proposal = await propose(world)
    assert (proposal.to_pay.fen, proposal.to_return.fen) == (100, 75_000)
    await world.confirm(proposal)
    await settle_all_notices(world)
    one = await world.prepayment()
    assert (one.quota.fen, one.usage.holding.fen, one.usage.rate_bp) == (0, 0, 0)
    assert (HEBEI, BEIJING, "RED", "UNFUNDED") in await world.events()
    assert (await world.notices.owed(Phase.PENDING)) == {}


async def test_what_one_scheme_lacks_the_other_has(world: PrepaymentWorld) -> None:
    """The notice moves no money, and yet each scheme holds its quota."""
    await quarter(world, 32_500, 5_000)
    await world.funded()
    proposal = await propose(world)
    assert (proposal.to_pay.fen, proposal.to_return.fen) == (5_100, 5_000)
    await world.confirm(proposal)
    await settle_all_notices(world)
    assert await held_is_quota(world) == 75_000
    one = await world.prepayment()
    assert [(x.scheme_code, x.holding.fen) for x in one.schemes] == [
        ("310", 65_000),
        ("390", 10_000),
    ]


async def test_a_year_is_not_set_back_to_an_earlier_one(world: PrepaymentWorld) -> None:
    await quarter(world, 30_000)
    # As if the tables of the year before had been kept, too.
    await world.database.execute(
        """/* test.years */ INSERT INTO quota_change (insured_region_code, care_region_code,
        scheme_code, kind, year, origin_id, change_fen, quota_fen, change_time)
        VALUES ('130000', '110000', '310', 'ANNUAL', 2027, gen_random_uuid(), 7, 7, now())"""
    )
    refusal = await world.refusal("ProposeQuotas", year=2026, maker_id="hub-1")
    assert (refusal.reason, refusal.metadata["firstYear"]) == ("QUOTA_YEAR_OUT_OF_RANGE", "2027")
    refusal = await world.refusal("ProposeQuotas", year=2027, maker_id="hub-1")
    assert refusal.reason == "QUOTA_BASIS_INCOMPLETE"


async def test_first_quotas_have_no_term(world: PrepaymentWorld) -> None:
    # It is the end of March: an annual one would be overdue since the end of January.
    assert not (await world.proposed()).overdue


async def test_clocks_that_differ_tell_of_a_new_month_once(world: PrepaymentWorld) -> None:
    await world.funded(employee=40_000, resident=10_000)
    # The last second of March in China; another replica is ahead.
    world.clock.instant = datetime(2026, 3, 31, 15, 59, 59, tzinfo=UTC)
    ahead = FakeClock(world.clock.instant + timedelta(seconds=2))
    other = Watch(world.database, load(), ahead)
    for watch in (world.watch, other, world.watch, other, world.watch):
        await watch.once()
    told = [one for one in await world.events() if one[0] == HEBEI]
    assert told == [
        (HEBEI, BEIJING, "UNFUNDED", "EXHAUSTED"),
        (HEBEI, BEIJING, "EXHAUSTED", "NORMAL"),
    ]


async def test_a_clock_that_is_wrong_by_far_is_not_followed(world: PrepaymentWorld) -> None:
    await world.funded(employee=40_000, resident=10_000)
    world.clock.instant = datetime(2026, 3, 31, 15, 0, tzinfo=UTC)
    wrong = Watch(world.database, load(), FakeClock(world.clock.instant + timedelta(days=40)))
    await wrong.once()
    assert world.clock.instant + SKEW_MAX < datetime(2026, 3, 31, 16, 0, tzinfo=UTC)
    look = await world.watch.once()
    assert look.usages[HEBEI, BEIJING].used_fen == 73_234


async def test_blocks_are_added_up_by_what_they_hold(
    world: PrepaymentWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(8):
        await world.spend(500 + number, 10)
    monkeypatch.setattr(usage_store, "ENTRIES_MAX", 6)
    rounds = 0
    while await world.database.run("test.days", add_up_days):
        rounds += 1
        assert rounds < 20
    # The first block alone is beyond it and is taken as a whole; then three bills at a time.
    assert rounds == 3
    days = await world.database.fetch(
        "/* test.sum */ SELECT sum(fund_fen + account_fen) AS fen FROM pair_day"
    )
    assert days[0]["fen"] == 74_134 + 80


async def test_usage_is_told_though_days_cannot_be_added_up(
    world: PrepaymentWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    await world.funded(employee=60_000, resident=15_000)

    async def slow(*_: Any, **__: Any) -> Any:
        raise TimeoutError

    monkeypatch.setattr(usage_store, "add_days", slow)
    with pytest.raises(Exception, match="database cannot answer"):
        await world.watch.once()
    assert (HEBEI, BEIJING, "UNFUNDED", "RED") in await world.events()


async def test_an_emergency_top_up_in_the_ledger(world: PrepaymentWorld) -> None:
    """Request, decision, notice, money: what each of them is in the ledger and in the events."""
    await world.funded(employee=60_000, resident=15_000)
    await world.months.signed()
    # April is red as well.
    await world.spend(300, 70_000)
    await world.watch.once()
    paid = {"PREPAYMENT": 75_000, "PREPAYMENT_PAYMENT": -75_000}
    assert await world.notices.owed() == paid
    top_up = await world.request()
    assert await world.notices.owed(Phase.PENDING) == {}
    approved = await world.decide(top_up)
    # Decided: it waits for the second pair of eyes on its notice.
    assert await world.notices.owed(Phase.PENDING) == {"PREPAYMENT": 71_468}
    assert await world.notices.owed() == paid
    await world.issue([approved.notice_id])
    assert await world.notices.owed(Phase.PENDING) == {}
    assert await world.notices.owed() == {
        "PREPAYMENT": 75_000 + 71_468,
        "PREPAYMENT_PAYMENT": -75_000,
    }
    await world.watch.once()
    assert (await world.prepayment()).usage.holding.fen == 75_000
    await world.pay(approved.notice_id)
    await world.watch.once()
    assert await world.notices.owed() == {"PREPAYMENT": 146_468, "PREPAYMENT_PAYMENT": -146_468}
    assert await held_is_quota(world) == 146_468
    # What warned is told to be over.
    assert (await world.events())[-2:] == [
        ("", BEIJING, "RED", "NORMAL"),
        (HEBEI, BEIJING, "RED", "NORMAL"),
    ]
    # Clearing itself goes its way: what is owed for March is what it was.
    tables = await world.database.fetch(
        "/* test.cleared */ SELECT payable_fen FROM month_table WHERE month = $1", MARCH
    )
    assert [row["payable_fen"] for row in tables] == [74_134]


async def test_a_request_of_each_kind_is_served_once(world: PrepaymentWorld) -> None:
    await quarter(world, 30_000)
    await world.funded()
    await march_signed(world)

    async def twice(name: str, **fields: Any) -> Any:
        fields = {**fields, "request_id": str(uuid4())}
        reasons = await asyncio.gather(*(outcome(world.asked(name, **fields)) for _ in range(2)))
        # The one that lost a race has done nothing, and is told to come again.
        assert "" in reasons
        assert set(reasons) <= {"", "LOST_RACE"}
        first = await world.call(name, **fields)
        assert await world.call(name, **fields) == first
        return first

    proposal = (await twice("ProposeQuotas", year=2026, maker_id="hub-1")).proposal
    await twice(
        "DecideQuotas", proposal_id=proposal.proposal_id, confirmed=True, checker_id="hub-2"
    )
    await settle_all_notices(world)
    asked = await twice("RequestTopUp", **PAIR, month=MARCH, maker_id="care-1", amount=money(10))
    await twice("DecideTopUp", top_up_id=asked.top_up.top_up_id, approved=True, checker_id="hub-2")
    await twice(
        "SetExhaustedPolicy",
        **PAIR,
        action=prepayment_pb2.EXHAUSTED_ACTION_WARN,
        begin_date=write_date(world.today),
        note="逾期未拨付",
        maker_id="hub-1",
        checker_id="hub-2",
    )
    counts = await world.database.fetch(
        """/* test.counts */ SELECT (SELECT count(*) FROM quota_proposal WHERE kind = 'ANNUAL'),
        (SELECT count(*) FROM top_up), (SELECT count(*) FROM exhausted_policy),
        (SELECT count(*) FROM notice WHERE kind = 'EMERGENCY_TOP_UP')"""
    )
    assert tuple(counts[0]) == (1, 1, 1, 1)
    pages = await world.call("ListTopUps", page_size=1)
    assert [one.top_up_id for one in pages.top_ups] == [asked.top_up.top_up_id]
    assert pages.next_page_token == ""

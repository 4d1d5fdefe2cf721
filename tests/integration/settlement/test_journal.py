"""Goal: the journal says truly what happened on a day, and finds it without reading all of it.

Method: bills are settled and taken back around midnights in China, and what JournalService answers
is compared with what the answers to those calls said. That a day is found by its index is shown by
the plan of the very statements on some thousands of rows of several months.
"""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import pytest

from services.kit.clock import civil_midnight
from services.kit.wire import write_date
from services.settlement import journal_store
from tests.integration.settlement.world import raw
from tests.support.rpc import TIMEOUT_S, refused
from yijie.settlement.v1 import journal_service_pb2 as pb
from yijie.settlement.v1 import journal_service_pb2_grpc as rpc
from yijie.settlement.v1 import settlement_service_pb2

pytestmark = pytest.mark.postgres


DAY = date(2026, 3, 31)
SETTLED = settlement_service_pb2.EVENT_KIND_SETTLED
REVERSED = settlement_service_pb2.EVENT_KIND_REVERSED


async def summarize(world, day=DAY):
    request = pb.SummarizeJournalRequest(journal_date=write_date(day))
    stub = rpc.JournalServiceStub(world.channel)
    return list((await stub.SummarizeJournal(request, timeout=TIMEOUT_S)).totals)


async def amounts(world, day=DAY, **wanted):
    request = pb.ListJournalAmountsRequest(**wanted)
    if day is not None:
        request.journal_date.CopyFrom(write_date(day))
    stub = rpc.JournalServiceStub(world.channel)
    return await stub.ListJournalAmounts(request, timeout=TIMEOUT_S)


def fingerprint(*events):
    """The rule of the contract, worked out apart from the database."""
    total = 0
    for settlement, kind in events:
        booked = settlement.adjudication
        text = f"{settlement.settlement_id}/{kind}/{booked.fund_total.fen}/{booked.account_pay.fen}"
        total += int(hashlib.sha256(text.encode()).hexdigest()[:15], 16)
    return total % (1 << 60)


def sums(totals):
    return [
        (one.kind, one.event_count, one.fund_total.fen, one.account_pay.fen, one.fingerprint)
        for one in totals
    ]


async def test_a_day_is_what_happened_on_it(world):
    first = (await world.settle()).settlement
    # The last millisecond of the day, and the first instant of the next.
    world.clock.instant = civil_midnight(DAY + timedelta(days=1)) - timedelta(milliseconds=1)
    last = (await world.settle()).settlement
    world.clock.advance(milliseconds=1)
    next_day = (await world.settle()).settlement
    await world.reverse(settlement_id=first.settlement_id)
    fund = first.adjudication.fund_total.fen
    assert sums(await summarize(world)) == [
        (SETTLED, 2, 2 * fund, 0, fingerprint((first, "SETTLED"), (last, "SETTLED")))
    ]
    after = await summarize(world, DAY + timedelta(days=1))
    assert sums(after) == [
        (SETTLED, 1, fund, 0, fingerprint((next_day, "SETTLED"))),
        (REVERSED, 1, fund, 0, fingerprint((first, "REVERSED"))),
    ]
    (one, _) = after
    place = (one.insured_region_code, one.care_region_code, one.scheme_code)
    assert place == ("650000", "640000", "310")
    assert await summarize(world, DAY - timedelta(days=1)) == []


async def test_what_is_pending_or_failed_did_not_happen(world):
    world.callees.benefits.mode = "refuse"
    await refused(world.settle())
    world.callees.benefits.mode = "silent"
    await refused(world.settle())
    assert await summarize(world) == []
    assert list((await amounts(world)).amounts) == []


async def test_pages_hold_every_event_once_in_order(world):
    settled = []
    for _ in range(5):
        world.clock.advance(seconds=1)
        settled.append((await world.settle()).settlement)
    await world.reverse(settlement_id=settled[1].settlement_id)
    found, token = [], ""
    while True:
        answer = await amounts(world, page_size=2, page_token=token)
        assert len(answer.amounts) <= 2
        found += answer.amounts
        token = answer.next_page_token
        if not token:
            break
    expected = [(one.settlement_id, SETTLED) for one in settled]
    expected.insert(2, (settled[1].settlement_id, REVERSED))
    assert [(one.settlement_id, one.kind) for one in found] == expected
    assert {one.fund_total.fen for one in found} == {settled[0].adjudication.fund_total.fen}
    assert found[0].event_time.ToDatetime(UTC) == settled[0].settle_time.ToDatetime(UTC)


async def test_filters(world):
    one = (await world.settle()).settlement
    for wanted, count in (
        ({"insured_region_code": "650000"}, 1),
        ({"insured_region_code": "640000"}, 0),
        ({"care_region_code": "640000"}, 1),
        ({"care_region_code": "650000"}, 0),
    ):
        assert len((await amounts(world, **wanted)).amounts) == count
        named = await amounts(world, None, settlement_ids=[one.settlement_id], **wanted)
        assert len(named.amounts) == count
    # Of whichever date.
    world.clock.advance(days=40)
    await world.reverse(settlement_id=one.settlement_id)
    found = (await amounts(world, None, settlement_ids=[one.settlement_id])).amounts
    assert [event.kind for event in found] == [SETTLED, REVERSED]


@pytest.mark.parametrize(
    ("day", "wanted"),
    [
        (None, {}),
        (DAY, {"settlement_ids": ["0193e0c2-5b1c-7a52-8a6e-2f60c1a5d0aa"]}),
        (date(1999, 12, 31), {}),
        (date(9999, 12, 31), {}),
    ],
)
async def test_what_cannot_be_asked(module_world, day, wanted):
    refusal = await refused(amounts(module_world, day, **wanted))
    assert (refusal.reason, refusal.fields) == ("FIELD_INVALID", ["journal_date"])


async def test_a_token_of_another_list(module_world):
    refusal = await refused(amounts(module_world, page_token="aGVsbG8="))
    assert refusal.reason == "PAGE_TOKEN_INVALID"


_MANY = """
INSERT INTO settlement (settlement_id, request_id, care_region_code, insured_region_code,
    institution_code, person_id, scheme_code, total_fen, trace_id, create_time, commit_request,
    detail)
SELECT (lpad(to_hex((extract(epoch FROM at) * 1000)::bigint), 12, '0') || '7000'
        || lpad(to_hex(n), 16, '8'))::uuid, gen_random_uuid(), '640104', '650100', 'H64010400001',
    gen_random_uuid(), '310', 1000, '', at, '', ''
FROM generate_series(0, 23999) AS n,
    LATERAL (SELECT $1::timestamptz + n * interval '7 minutes' AS at)"""
_STATES = """
INSERT INTO settlement_state_change (settlement_id, version, state, change_time, request_id,
    trace_id, adjudication, total_fen, fund_fen, account_fen, cash_fen)
SELECT s.settlement_id, v, CASE v WHEN 1 THEN 'PENDING' ELSE 'SETTLED' END, s.create_time,
    s.request_id, '', CASE v WHEN 2 THEN decode(repeat('00', 300), 'hex') END, 1000,
    CASE v WHEN 2 THEN 600 END, CASE v WHEN 2 THEN 100 END, CASE v WHEN 2 THEN 300 END
FROM settlement s, generate_series(1, 2) AS v ORDER BY s.settlement_id, v"""


async def test_a_day_is_found_without_reading_the_others(dsn):
    """Of four months the blocks of a day are read; no table is gone through."""
    begin = datetime(2026, 1, 1, tzinfo=UTC)
    day = date(2026, 3, 10)
    bounds = (civil_midnight(day), civil_midnight(day + timedelta(days=1)))
    async with raw(dsn) as connection:
        for month in (1, 2, 3, 4):
            await connection.execute("SELECT ensure_month($1)", date(2026, month, 1))
        await connection.execute(_MANY, begin)
        await connection.execute(_STATES)
        await connection.execute("VACUUM ANALYZE settlement_state_change")
        await connection.execute("ANALYZE settlement")
        rows = await connection.fetch(journal_store._SUMMARIZE, *bounds)
        instants = [begin + timedelta(minutes=7 * n) for n in range(24_000)]
        assert sum(row["n"] for row in rows) == sum(bounds[0] <= at < bounds[1] for at in instants)
        explain = "EXPLAIN (ANALYZE, FORMAT JSON) "
        plans = [
            await connection.fetchval(explain + journal_store._SUMMARIZE, *bounds),
            await connection.fetchval(
                explain + journal_store._LIST_DAY, *bounds, "", "", UUID(int=0), 0, 1000
            ),
        ]
    for plan in plans:
        (found,) = json.loads(plan)
        nodes = list(_nodes(found["Plan"]))
        assert any("change_time" in node.get("Index Name", "") for node in nodes)
        assert _rows_read(nodes, "settlement_state_change") < 48_000 / 8


def _nodes(plan):
    yield plan
    for below in plan.get("Plans", ()):
        yield from _nodes(below)


def _rows_read(nodes, table):
    """Rows that were looked at, those thrown away included."""
    return sum(
        (
            node["Actual Rows"]
            + node.get("Rows Removed by Index Recheck", 0)
            + node.get("Rows Removed by Filter", 0)
        )
        * node["Actual Loops"]
        for node in nodes
        if node.get("Relation Name", "").startswith(table)
    )

"""Goal: of what is done to a visit at once one wins each step, and nothing is half done.

Method: real concurrency on one database, through two processes' worth of services where it matters:
each call is its own, so all of them race for the visit's revision.
"""

from __future__ import annotations

import asyncio
import io
from datetime import date
from uuid import uuid4

import grpc
import pytest

from services.settlement.visit_store import VisitStore
from tests.integration.settlement.visits import (
    Visits,
    assert_visits_coherent,
    line,
    refund,
    register_request,
)
from tests.integration.settlement.world import ident, served
from tests.support.rpc import read_refusal, refused

pytestmark = pytest.mark.postgres


@pytest.fixture
async def visits(world):
    yield Visits(world)
    await assert_visits_coherent(world)


@pytest.fixture
async def replica(world, callees, clock):
    """The same institution at another replica of the service, on the same database."""
    async with served(world.dsn, callees, clock, io.BytesIO()) as other:
        yield Visits(other)


async def outcomes(*calls):
    """Awaits calls made at once; returns answers and refusals, in their order."""
    found = await asyncio.gather(*calls, return_exceptions=True)
    return [
        read_refusal(answer) if isinstance(answer, grpc.aio.AioRpcError) else answer
        for answer in found
    ]


def reasons(found):
    return sorted(getattr(answer, "reason", "done") for answer in found)


async def test_two_registrations_of_one_persons_stay(visits, replica):
    for _ in range(5):
        found = await outcomes(visits.register(), replica.register(), visits.register())
        assert reasons(found) == ["STAY_OVERLAPS", "STAY_OVERLAPS", "done"]
        (stay,) = (answer for answer in found if hasattr(answer, "visit_id"))
        await visits.cancel(stay.visit_id)


async def test_the_same_registration_twice_at_once(visits, replica):
    for kind in ("21", "11"):
        request = register_request(kind)
        found = await outcomes(*(v.register(request) for v in (visits, replica, visits)))
        assert found[0] == found[1] == found[2]
    assert (await visits.world.counts())["visit"] == 2


async def test_uploads_of_one_visit_at_once_are_all_taken(visits, replica):
    stay = (await visits.register()).visit_id
    calls = [
        (visits, replica)[n % 2].upload(stay, *(line(f"{n}-{m}") for m in range(50)))
        for n in range(3)
    ]
    found = await outcomes(*calls)
    assert set(reasons(found)) <= {"done", "LOST_RACE"}
    taken = reasons(found).count("done")
    assert taken >= 1
    visit = await visits.get(stay)
    assert visit.line_count == 50 * taken == len(await visits.fees(stay))
    assert visit.revision == 1 + taken


async def test_a_loser_reads_again_and_wins(visits, monkeypatch):
    """Two windows that read the same revision: the second writes after the first, on top of it."""
    stay = (await visits.register()).visit_id
    find, turns = VisitStore.find, asyncio.Barrier(2)

    async def together(self, visit_id):
        visit = await find(self, visit_id)
        if turns.n_waiting < 2 and visit.revision == 1:
            await turns.wait()
        return visit

    monkeypatch.setattr(VisitStore, "find", together)
    found = await outcomes(visits.upload(stay, line("a")), visits.upload(stay, line("b")))
    monkeypatch.undo()
    assert reasons(found) == ["done", "done"]
    assert sorted(answer.line_count for answer in found) == [1, 2]
    assert (await visits.get(stay)).revision == 3


async def test_who_loses_three_times_is_told(visits, monkeypatch):
    stay = (await visits.register()).visit_id
    find = VisitStore.find
    moved = []

    async def overtaken(self, visit_id):
        visit = await find(self, visit_id)
        moved.append(visit.revision)
        await visits.world.sql("UPDATE visit SET revision = revision + 1")
        return visit

    monkeypatch.setattr(VisitStore, "find", overtaken)
    refusal = await refused(visits.upload(stay, line("a")))
    monkeypatch.undo()
    assert (refusal.code, refusal.reason) == ("ABORTED", "LOST_RACE")
    assert refusal.retry_ms > 0
    assert moved == [1, 2, 3]
    assert not await visits.fees(stay)


async def test_the_same_upload_twice_at_once(visits, replica):
    stay = (await visits.register()).visit_id
    for n in range(5):
        key, lines = ident(), [line(f"{n}-{m}") for m in range(20)]
        found = await outcomes(
            *(v.upload(stay, *lines, request_id=key) for v in (visits, replica, visits))
        )
        assert found[0] == found[1] == found[2]
        assert found[0].line_count == 20 * (n + 1)


async def test_one_request_id_for_two_visits_at_once(visits, replica):
    one = (await visits.register(register_request("11"))).visit_id
    other = (await visits.register(register_request("11"))).visit_id
    for n in range(5):
        key = ident()
        found = await outcomes(
            visits.upload(one, line(str(n)), request_id=key),
            replica.upload(other, line(str(n)), request_id=key),
        )
        assert reasons(found) == ["REQUEST_ID_REUSED", "done"]
    fees = len(await visits.fees(one)) + len(await visits.fees(other))
    assert fees == 5


async def test_the_same_line_from_two_windows(visits, replica):
    stay = (await visits.register()).visit_id
    found = await outcomes(
        visits.upload(stay, line("a"), line("b")), replica.upload(stay, line("c"), line("a"))
    )
    assert reasons(found) == ["LINE_ID_DUPLICATE", "done"]
    assert (await visits.get(stay)).line_count == 2


async def test_refunds_from_two_windows_do_not_exceed_together(visits, replica):
    stay = (await visits.register()).visit_id
    await visits.upload(stay, line("a", quantity="3"))
    found = await outcomes(
        visits.upload(stay, refund("r", "a", "-2")), replica.upload(stay, refund("s", "a", "-2"))
    )
    assert reasons(found) == ["REFUND_EXCEEDS_ORIGINAL", "done"]
    assert (await visits.get(stay)).line_total.fen == 8_000


async def test_a_refund_and_the_taking_back_of_its_original(visits, replica):
    stay = (await visits.register()).visit_id
    for n in range(5):
        await visits.upload(stay, line(f"a{n}", quantity="2"))
        found = await outcomes(
            visits.upload(stay, refund(f"r{n}", f"a{n}")), replica.cancel_fees(stay, f"a{n}")
        )
        assert reasons(found) in (["REFUND_ORIGINAL_UNKNOWN", "done"], ["done", "done"])
        assert not await visits.fees(stay)


async def test_an_upload_and_the_intent_to_settle(visits, replica):
    """Whichever is second reads again: no settlement is of lines that it did not see."""
    for _ in range(8):
        stay = await visits.register()
        await visits.upload(stay.visit_id, line("a"))
        seen = await visits.get(stay.visit_id)
        until = date(2026, 3, 10)
        settled, uploaded = await outcomes(
            visits.settle_by_hand(seen, "INTERIM", until=until),
            replica.upload(stay.visit_id, line("b")),
        )
        now = await visits.get(stay.visit_id)
        if now.settlements:
            # The intent came first: the upload was refused, or its line is not covered.
            assert uploaded.reason == "VISIT_BUSY"
            await visits.outcome(settled, "FAILED")
        else:
            assert uploaded.line_count == 2
        await visits.cancel_fees(stay.visit_id, every=True)
        await visits.cancel(stay.visit_id)


async def test_a_discharge_and_an_upload(visits, replica):
    """A fee after the day of discharge never stands beside it."""
    for _ in range(5):
        stay = (await visits.register()).visit_id
        found = await outcomes(
            visits.discharge(stay, date(2026, 3, 10)),
            replica.upload(stay, line("a", fee_date=date(2026, 3, 11))),
        )
        assert reasons(found) == ["FIELD_INVALID", "done"]
        visit = await visits.get(stay)
        assert (visit.line_count == 0) == visit.HasField("discharge")
        if visit.line_count:
            await visits.discharge(stay)


async def test_a_cancelled_call_leaves_all_or_nothing(visits):
    """A caller that hangs up in the middle repeats, and gets one upload whatever became of it."""
    stay = (await visits.register()).visit_id
    for n in range(6):
        key, lines = str(uuid4()), [line(f"{n}-{m}") for m in range(30)]
        call = visits.upload(stay, *lines, request_id=key)
        await asyncio.sleep(0.004 * n)
        call.cancel()
        answer = await visits.upload(stay, *lines, request_id=key)
        assert answer.line_count == 30 * (n + 1)

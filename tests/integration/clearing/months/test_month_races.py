"""Goal: what is done to a month at the same time is decided by the lock on its row: one after the
other, never half of each."""

from __future__ import annotations

import asyncio
from typing import Any
from uuid import uuid4

import grpc
import pytest

from services.clearing import posting
from services.clearing.balances import BalanceFilter, balances
from services.clearing.breaks import store as break_store
from services.clearing.domain.ledger import Kind, Pair, Purpose
from services.clearing.months import store
from services.kit.db import Connection
from services.kit.errors import RuleForbids
from tests.integration.clearing.ledger_world import feed_reaches, within
from tests.integration.clearing.ledger_world import posting as posting_of
from tests.integration.clearing.months.month_world import (
    BEIJING,
    HEBEI,
    MARCH,
    PEOPLE,
    SHANGHAI,
    MonthWorld,
    month_world,
)
from tests.support.rpc import read_refusal
from yijie.clearing.v1 import month_pb2

pytestmark = pytest.mark.postgres
SCHEMAS = ("clearing",)

OBJECTED = month_pb2.SIGNATURE_DECISION_OBJECTED


async def outcome(call: Any) -> str:
    """The reason of a refusal; empty: it was answered."""
    try:
        await call
    except grpc.aio.AioRpcError as error:
        return read_refusal(error).reason
    return ""


async def changes(world: MonthWorld) -> list[str]:
    view = await world.call("GetMonth", month=MARCH)
    return [month_pb2.MonthState.Name(one.state) for one in view.changes]


async def test_two_make_the_tables_at_once(world: MonthWorld) -> None:
    await world.cut()
    await world.compared()
    await world.confirmed()
    reasons = await asyncio.gather(
        *(outcome(world.call("MakeTables", month=MARCH, **PEOPLE)) for _ in range(6))
    )
    assert sorted(reasons) == ["", *["MONTH_STATE_FORBIDS"] * 5]
    assert len(await store.table_lines(world.database, MARCH)) == 6


async def test_one_request_made_twice_at_once_has_one_answer(world: MonthWorld) -> None:
    await world.cut()
    await world.compared()
    await world.confirmed()
    fields = {"month": MARCH, "request_id": str(uuid4()), **PEOPLE}
    answers = await asyncio.gather(
        *(world.call("MakeTables", **fields) for _ in range(4)), return_exceptions=True
    )
    given = [one for one in answers if not isinstance(one, BaseException)]
    assert given
    assert all(one == given[0] for one in given)
    lost = [one for one in answers if isinstance(one, grpc.aio.AioRpcError)]
    assert all(read_refusal(one).reason == "LOST_RACE" for one in lost)


async def test_all_confirm_at_once(world: MonthWorld) -> None:
    await world.cut()
    calls = [
        outcome(world.call("ConfirmMonth", month=MARCH, care_region_code=region, **PEOPLE))
        for region in (BEIJING, SHANGHAI, BEIJING, SHANGHAI)
    ]
    assert await asyncio.gather(*calls) == [""] * 4
    assert await changes(world) == ["MONTH_STATE_OPEN", "MONTH_STATE_RECONCILED"]


async def test_all_sign_at_once(world: MonthWorld) -> None:
    await world.tabled()
    calls = [outcome(world.sign(region)) for region in (HEBEI, BEIJING, SHANGHAI) * 2]
    assert await asyncio.gather(*calls) == [""] * 6
    assert (await changes(world)).count("MONTH_STATE_SIGNED") == 1
    assert len((await world.call("ListSignatures", month=MARCH)).signatures) == 4


@pytest.mark.parametrize("attempt", range(4))
async def test_signing_and_objecting_at_once(world: MonthWorld, attempt: int) -> None:
    await world.tabled()
    calls = [
        outcome(world.sign(HEBEI)),
        outcome(world.sign(HEBEI, decision=OBJECTED, note="金额不符")),
    ]
    if attempt % 2:
        calls.reverse()
    reasons = await asyncio.gather(*calls)
    signatures = (await world.call("ListSignatures", month=MARCH)).signatures
    said = [month_pb2.SignatureDecision.Name(one.decision) for one in signatures]
    # Whoever comes first is heard; the signature is the last word in both cases.
    if "SIGNATURE_GIVEN" in reasons:
        assert said == ["SIGNATURE_DECISION_SIGNED"]
    else:
        assert said == ["SIGNATURE_DECISION_OBJECTED", "SIGNATURE_DECISION_SIGNED"]


@pytest.mark.parametrize("attempt", range(3))
async def test_signing_while_the_tables_are_made(world: MonthWorld, attempt: int) -> None:
    await world.cut()
    await world.compared()
    await world.confirmed()

    async def sign() -> str:
        await asyncio.sleep(attempt * 0.01)
        return await outcome(world.sign(HEBEI))

    made, signed = await asyncio.gather(
        outcome(world.call("MakeTables", month=MARCH, **PEOPLE)), sign()
    )
    assert made == ""
    assert signed in {"", "MONTH_NOT_TABLED"}
    signatures = (await world.call("ListSignatures", month=MARCH)).signatures
    assert len(signatures) == (0 if signed else 1)


@pytest.mark.parametrize("attempt", range(4))
async def test_a_deduction_while_the_tables_are_made(world: MonthWorld, attempt: int) -> None:
    """It is in the tables, or it is refused; never in the ledger alone."""
    await world.cut()
    await world.compared()
    await world.confirmed()
    pair = Pair(insured_region_code=HEBEI, care_region_code=BEIJING, month=MARCH, scheme_code="310")

    async def deduct(number: int) -> str:
        await asyncio.sleep(attempt * 0.004)
        try:
            await within(
                world.database,
                posting.post,
                [posting_of(number, -100, kind=Kind.DEDUCTION, pair=pair)],
                now=world.clock.now(),
            )
        except RuleForbids as refused:
            return refused.reason
        return ""

    made, *deducted = await asyncio.gather(
        outcome(world.call("MakeTables", month=MARCH, **PEOPLE)),
        *(deduct(900 + number) for number in range(4)),
    )
    assert made == ""
    assert set(deducted) <= {"", "MONTH_IS_CUT"}
    lines = await store.table_lines(world.database, MARCH)
    assert sum(line.deduction_fen for line in lines) == -100 * deducted.count("")
    wanted = BalanceFilter(
        month=MARCH, purposes=(Purpose.CLEARING, Purpose.ADJUSTMENT, Purpose.DEDUCTION)
    )
    owed = await balances(world.database, wanted)
    assert sum(one.owed_fen for one in owed) == sum(line.payable_fen for line in lines)


_BREAK = """/* test.break */
INSERT INTO break (break_id, journal_date, month, settlement_id, event_kind, insured_region_code,
                   care_region_code, scheme_code, kind, cause, owner, journal_insured, journal_care,
                   journal_scheme, journal_fund_fen, journal_account_fen, journal_time, fingerprint,
                   find_time, state)
VALUES (gen_random_uuid(), '2026-03-10', '2026-03', gen_random_uuid(), 'SETTLED', '130000',
        '110000', '310', 'MISSING_IN_LEDGER', 'EVENT_LOST', 'HUB', '130000', '110000', '310', 5, 0,
        now(), ''::bytea, now(), 'OPEN')"""


async def test_a_break_that_is_found_while_the_tables_are_made(world: MonthWorld) -> None:
    """Whoever comes first is done first: tables are never made over a break that is being told."""
    await world.cut()
    await world.compared()
    await world.confirmed()
    make = asyncio.create_task(asyncio.sleep(0))

    async def find(connection: Connection) -> None:
        nonlocal make
        await break_store.lock(connection)
        make = asyncio.create_task(outcome(world.call("MakeTables", month=MARCH, **PEOPLE)))
        await asyncio.sleep(0.1)
        assert not make.done()
        await connection.execute(_BREAK)

    await world.database.run("test.find", find)
    assert await make == "BREAKS_OPEN"
    assert await world.state() == "RECONCILED"
    view = await world.call("GetMonth", month=MARCH)
    assert view.open_break_count == 1
    assert await store.table_lines(world.database, MARCH) == []


async def test_two_processes_cut_at_once(world: MonthWorld) -> None:
    async with month_world(world.database) as other:
        world.clock.instant = other.clock.instant = posting.month_end(MARCH)
        await feed_reaches(world.database, MARCH)
        cut = await asyncio.gather(*(one.loop.once() for one in (world, other) for _ in range(3)))
    assert {month for months in cut for month in months} == {MARCH}
    assert await changes(world) == ["MONTH_STATE_OPEN"]
    rows = await world.database.fetch("/* test.cuts */ SELECT month FROM month_cut")
    assert [row["month"] for row in rows] == [MARCH]


@pytest.mark.parametrize("method", ["CloseMonth", "CloseYear"])
async def test_two_close_at_once(world: MonthWorld, method: str) -> None:
    await world.paid()
    if method == "CloseMonth":
        fields: dict[str, Any] = {"month": MARCH}
        reason = "MONTH_STATE_FORBIDS"
    else:
        await world.call("CloseMonth", month=MARCH, **PEOPLE)
        for month in [f"2026-{number:02d}" for number in range(4, 13)]:
            await world.closed(month)
        fields, reason = {"year": 2026}, "YEAR_CLOSED"
    reasons = await asyncio.gather(
        *(outcome(world.call(method, **fields, **PEOPLE)) for _ in range(4))
    )
    assert sorted(reasons) == ["", *[reason] * 3]

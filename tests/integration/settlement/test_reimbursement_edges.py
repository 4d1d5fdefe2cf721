"""Goal: officers who meet at the same moment, ids that are used twice, bills from before anything
was published and lists of any length end in an answer that says what is the matter.

Method: the whole service on real PostgreSQL; races by asking at once, plans by the real statements.
"""

from __future__ import annotations

import asyncio
from datetime import date

import asyncpg
import pytest

from services.kit.wire import write_date
from services.settlement.reimbursement import store, usecases
from tests.integration.settlement.advice import advising_served
from tests.integration.settlement.reimbursing import (
    INVOICE,
    PROVINCE,
    REJECT,
    assert_sound,
    cancel,
    decide,
    events,
    get,
    pay,
    state_of,
    stub_of,
    submit,
    submit_request,
)
from tests.integration.settlement.world import ident
from tests.support.rpc import TIMEOUT_S, Refusal, refused
from yijie.settlement.v1 import reimbursement_service_pb2 as pb

pytestmark = pytest.mark.postgres


@pytest.fixture
async def callees():
    async with advising_served() as opened:
        yield opened


async def _outcome(call):
    task = asyncio.ensure_future(call)
    await asyncio.wait([task])
    return task.result() if task.exception() is None else await refused(task)


async def several(world, count):
    return [
        (await submit(world, submit_request(f"65010077{number:08d}"))).reimbursement_id
        for number in range(count)
    ]


async def test_one_request_id_for_two_claims_at_once_is_used_by_one(world):
    for first, second in zip(*[iter(await several(world, 8))] * 2, strict=True):
        request_id = ident()
        given = await asyncio.gather(
            *(_outcome(decide(world, key, request_id=request_id)) for key in (first, second))
        )
        lost = [one.reason for one in given if isinstance(one, Refusal)]
        assert lost == ["REQUEST_ID_REUSED"]
    await assert_sound(world)


async def test_of_two_officers_at_once_one_decides(world):
    for key in await several(world, 4):
        given = await asyncio.gather(
            _outcome(decide(world, key)), _outcome(decide(world, key, REJECT, checker_id="agent-3"))
        )
        (lost,) = [one for one in given if isinstance(one, Refusal)]
        assert lost.reason == "REIMBURSEMENT_STATE_FORBIDS"
        (won,) = [one for one in given if not isinstance(one, Refusal)]
        assert lost.metadata["state"] == state_of(won) == state_of(await get(world, key))
    await assert_sound(world)


async def test_who_took_it_in_does_not_pay_it(world):
    key = (await submit(world)).reimbursement_id
    await decide(world, key)
    for hand in ("agent-1", "AGENT-2"):
        refusal = await refused(pay(world, key, maker_id=hand))
        assert (refusal.reason, refusal.fields) == ("MAKER_IS_CHECKER", ["maker_id"])
    assert state_of(await pay(world, key)) == "PAID"


async def test_a_bill_from_before_the_catalogue_names_its_line_and_whose_catalogue(world):
    request = submit_request()
    request.bill.begin_date.CopyFrom(write_date(date(2015, 12, 30)))
    for line, day in zip(request.bill.lines, (2, 1, 1), strict=True):
        line.fee_date.CopyFrom(write_date(date(2016, 1, day)))
    request.bill.lines[1].fee_date.CopyFrom(write_date(date(2015, 12, 31)))
    refusal = await refused(submit(world, request))
    assert (refusal.reason, refusal.fields) == (
        "CATALOGUE_NOT_PUBLISHED",
        ["bill.lines[1].fee_date"],
    )
    assert refusal.metadata["regionCode"] == PROVINCE
    assert "参保地" in refusal.zh


async def test_who_checks_sees_one_invoice_that_was_written_as_two_numbers(world):
    bare = (await submit(world, submit_request(INVOICE[-8:]))).reimbursement_id
    # Another institution or other days are other care.
    elsewhen = submit_request(f"{INVOICE}X")
    for day in (elsewhen.bill.begin_date, elsewhen.bill.end_date):
        day.CopyFrom(write_date(date(2026, 1, 7)))
    for line in elsewhen.bill.lines:
        line.fee_date.CopyFrom(write_date(date(2026, 1, 7)))
    await submit(world, elsewhen)
    whole = (await submit(world)).reimbursement_id
    assert list((await get(world, whole)).similar_reimbursement_ids) == [bare]
    assert list((await get(world, bare)).similar_reimbursement_ids) == [whole]
    await cancel(world, bare)
    assert not (await get(world, whole)).similar_reimbursement_ids


async def test_a_long_list_is_read_a_few_at_a_time_and_is_whole(world, monkeypatch):
    keys = await several(world, 5)
    monkeypatch.setattr(usecases, "_PAGE_ROWS", 2)
    found, token = [], ""
    while True:
        request = pb.ListReimbursementsRequest(
            region_code=PROVINCE, page_size=3, page_token=token, state=2
        )
        page = await stub_of(world).ListReimbursements(request, timeout=TIMEOUT_S)
        found += [one.reimbursement_id for one in page.reimbursements]
        token = page.next_page_token
        if not token:
            break
    assert found == sorted(keys, reverse=True)


@pytest.mark.parametrize(
    ("asked", "arguments", "index"),
    [
        ((True, True), (PROVINCE, "SUBMITTED"), "reimbursement_by_state"),
        ((True, False), (PROVINCE, ""), "reimbursement_by_province"),
        ((False, False), ("", ""), "reimbursement_pkey"),
    ],
)
async def test_a_list_is_read_from_an_index_whatever_the_plan(world, asked, arguments, index):
    connection = await asyncpg.connect(world.dsn, server_settings={"search_path": "settlement"})
    try:
        # As after a few calls, when one plan serves all arguments; of a table that has grown.
        await connection.execute("SET plan_cache_mode = force_generic_plan")
        await connection.execute("SET enable_seqscan = off; SET enable_sort = off")
        await connection.execute(
            f"PREPARE listed (text, text, text, uuid, bigint) AS {store._LISTS[asked]}"
        )
        plan = await connection.fetch(
            "EXPLAIN EXECUTE listed ('{}', '{}', '', NULL, 101)".format(*arguments)
        )
    finally:
        await connection.close()
    text = "\n".join(row[0] for row in plan)
    assert f"{index} on reimbursement r" in text
    assert ("(insured_province = $1)" in text) == bool(arguments[0])


async def test_nothing_of_the_person_is_logged(world):
    request = submit_request()
    key = (await submit(world, request)).reimbursement_id
    await refused(submit(world))
    await decide(world, key, REJECT)
    await events(world, 2)
    logged = world.log.getvalue().decode()
    assert key in logged
    for secret in (
        request.patient.credential.number,
        request.bill.contact_phone,
        request.bill.invoice_number,
        "票据不清",
    ):
        assert secret not in logged

"""Goal: what was signed is kept with what it led to, and stays as it is.

Method: the whole service between fakes, keys in files of the test; rows as PostgreSQL has them.
"""

from __future__ import annotations

import io
import re
from uuid import UUID

import asyncpg
import pytest

from services.kit.crypto import FieldCipher, parse_keyring_text
from services.kit.db import query_name
from services.kit.errors import InvalidArgument
from services.kit.sealed import count_by_key
from services.kit.signing.client import Signer
from services.kit.signing.exchange import Proof
from services.kit.signing.message import METADATA_KEY
from services.settlement import signature_store, statements, visit_store
from services.settlement.reimbursement import store as reimbursement_store
from services.settlement.sealed import SEALED
from services.settlement.signed_calls import SIGNED
from tests.integration.settlement.advice import advising_served
from tests.integration.settlement.reimbursing import PROVINCE, REJECT, submit_request
from tests.integration.settlement.signed import kept
from tests.integration.settlement.visits import register_request
from tests.integration.settlement.world import (
    KEY,
    eventually,
    ident,
    raw,
    served,
    settle_request,
    state_name,
)
from tests.support.rpc import TIMEOUT_S, refused
from tests.support.signing import Keys, entry_of, send
from tests.tidy.sources import ROOT
from yijie.settlement.v1 import reimbursement_service_pb2 as reimbursement_pb
from yijie.settlement.v1 import reimbursement_service_pb2_grpc as reimbursement_rpc
from yijie.settlement.v1 import visit_service_pb2_grpc as visit_rpc

pytestmark = pytest.mark.postgres
SCHEMAS = ("settlement",)
MIGRATIONS = ROOT / "services" / "settlement" / "migrations"
SETTLE = "/yijie.settlement.v1.SettlementService/Settle"


async def test_reimbursements_are_proven_and_trials_of_them_are_not_kept(dsn, clock, keys):
    async with (
        advising_served() as callees,
        served(dsn, callees, clock, io.BytesIO(), **keys.variables()) as world,
    ):
        stub = reimbursement_rpc.ReimbursementServiceStub(world.channel)
        trial = submit_request(validate_only=True)
        call = send(stub.SubmitReimbursement, trial, keys.sign(stub.SubmitReimbursement, trial))
        assert (await call).reimbursement.adjudication.fund_total.fen > 0
        assert METADATA_KEY in dict(await call.trailing_metadata())
        assert await kept(world) == []
        request = submit_request()
        signed = keys.sign(stub.SubmitReimbursement, request)
        key = (await send(stub.SubmitReimbursement, request, signed)).reimbursement.reimbursement_id
        decision = reimbursement_pb.DecideReimbursementRequest(
            request_id=ident(),
            reimbursement_id=key,
            region_code=PROVINCE,
            decision=REJECT,
            checker_id="agent-2",
            note="票据不清",
        )
        signed = keys.sign(stub.DecideReimbursement, decision)
        await send(stub.DecideReimbursement, decision, signed)
        found = await kept(world, key)
    assert sorted((one.method.rpartition("/")[2], row["is_cause"]) for row, one in found) == [
        ("DecideReimbursement", False),
        ("DecideReimbursement", True),
        ("SubmitReimbursement", False),
        ("SubmitReimbursement", True),
    ]


async def test_what_a_settlement_came_with_stays_the_same(signing, keys):
    """The audit chain seals it: neither a repeat nor a clock that goes back puts another there."""
    request = settle_request()
    first = keys.sign(signing.stub.Settle, request)
    answer = await send(signing.stub.Settle, request, first)
    for ago_ms in (1000, -1000):
        again = keys.sign(signing.stub.Settle, request, ago_ms=ago_ms)
        assert (await send(signing.stub.Settle, request, again)).replayed
    rows = await kept(signing, answer.settlement.settlement_id)
    assert len([row for row, _ in rows if row["direction"] == "REQUEST"]) == 3
    assert [one for row, one in rows if row["is_cause"]] == [first]
    # Not signed the first time: it came with none, whatever is signed later.
    unsigned = settle_request()
    answer = await signing.settle(unsigned)
    await send(signing.stub.Settle, unsigned, keys.sign(signing.stub.Settle, unsigned))
    rows = await kept(signing, answer.settlement.settlement_id)
    assert [row["is_cause"] for row, _ in rows] == [False, False]


async def test_an_outcome_that_recovery_found_is_signed_when_it_is_asked_for(
    signing, keys, callees
):
    request = settle_request()
    signed = keys.sign(signing.stub.Settle, request)
    callees.benefits.mode = "unavailable"
    refusal = await refused(send(signing.stub.Settle, request, signed))
    assert refusal.reason == "OUTCOME_PENDING"
    ((row, _),) = await kept(signing)
    assert row["direction"] == "REQUEST"
    callees.benefits.mode = "ok"
    await signing.pass_recovery()

    async def settled():
        return state_name(await signing.get(request_id=request.request_id)) == "SETTLED"

    await eventually(settled)
    # Nobody was answered: the request is proven, and an answer is signed for who asks.
    assert len(await kept(signing)) == 1
    call = send(signing.stub.Settle, request, signed)
    answer = await call
    assert answer.replayed
    assert METADATA_KEY in dict(await call.trailing_metadata())
    rows = await kept(signing, answer.settlement.settlement_id)
    assert [row["direction"] for row, _ in rows] == ["REQUEST", "ANSWER"]


async def test_the_commit_of_an_answer_alone_is_not_waited_for(signing, keys, clock):
    request = keys.sign(signing.stub.Settle, settle_request())
    row = signature_store._row(
        FieldCipher(parse_keyring_text(KEY)),
        Proof(request, "640000", "agency", clock.now()),
        UUID(ident()),
        UUID(ident()),
        is_cause=False,
    )
    async with raw(signing.dsn) as connection:
        for statement, value in (
            (signature_store._INSERT_ANSWERS, "off"),
            (signature_store._INSERT, "on"),
        ):
            transaction = connection.transaction()
            await transaction.start()
            await connection.execute("SET LOCAL synchronous_commit = on")
            await connection.execute(statement, *[[value] for value in row])
            assert await connection.fetchval("SHOW synchronous_commit") == value
            await transaction.rollback()


async def test_what_cannot_be_kept_is_not_answered(signing, keys):
    """The hospital asks again and gets the settlement; it is not told that nothing happened."""
    request = settle_request()
    signed = keys.sign(signing.stub.Settle, request)
    async with raw(signing.dsn) as connection:
        await connection.execute(
            "CREATE FUNCTION break_answers() RETURNS trigger LANGUAGE plpgsql AS"
            " $$BEGIN RAISE EXCEPTION 'broken' USING ERRCODE = '57014'; END$$;"
            "CREATE TRIGGER break_answers BEFORE INSERT ON message_signature FOR EACH ROW"
            " WHEN (NEW.direction = 'ANSWER') EXECUTE FUNCTION break_answers()"
        )
        try:
            refusal = await refused(send(signing.stub.Settle, request, signed))
        finally:
            await connection.execute("DROP FUNCTION break_answers CASCADE")
    assert refusal.reason == "OUTCOME_PENDING"
    answer = await send(signing.stub.Settle, request, signed)
    assert answer.replayed
    assert answer.settlement.settlement_id == refusal.metadata["settlementId"]


async def test_a_hub_whose_key_has_ended_signs_nothing(dsn, callees, clock, tmp_path):
    keys = Keys(tmp_path, clock.now())
    keys.entries["hub-1"] = entry_of(
        keys.hub, keys.now, region_code="000000", role="hub", valid_to=keys.now
    )
    keys.write()
    async with served(dsn, callees, clock, io.BytesIO(), **keys.variables()) as world:
        request = settle_request()
        call = send(world.stub.Settle, request, keys.sign(world.stub.Settle, request))
        await call
        assert METADATA_KEY not in dict(await call.trailing_metadata() or ())
        assert [row["direction"] for row, _ in await kept(world)] == ["REQUEST"]
        # Its caller is not content with that.
        signer = Signer(keys.book(), SIGNED, clock)
        with pytest.raises(InvalidArgument, match="did not sign"):
            await signer.call(world.stub.Settle, SETTLE, request, timeout=TIMEOUT_S)


async def test_months_that_the_journal_has_already_get_their_partition(signing):
    """What was settled before the migration is reversed after it, and goes out of use whole."""
    text = (MIGRATIONS / "0011_signature.sql").read_text(encoding="utf-8")
    of_old_months = text[text.rindex("SELECT ensure_month(to_date") :]
    async with raw(signing.dsn) as connection:
        transaction = connection.transaction()
        await transaction.start()
        await connection.execute("SELECT ensure_month('2024-03-01')")
        await connection.execute("DROP TABLE message_signature_202403")
        await connection.execute(of_old_months)
        name = await connection.fetchval("SELECT to_regclass('message_signature_202403')::text")
        await transaction.rollback()
    assert name == "message_signature_202403"


async def test_a_key_of_data_is_needed_as_long_as_a_message_is_kept(signing, keys):
    request = settle_request()
    await send(signing.stub.Settle, request, keys.sign(signing.stub.Settle, request))
    (column,) = [one for one in SEALED if one.table == "message_signature"]
    assert column.kept
    async with raw(signing.dsn) as connection:
        assert await count_by_key(connection, column) == {1: 2}
        # Its month was taken out of use: it can be brought back, and is to be read then.
        (row,) = await signing.sql(
            "SELECT DISTINCT tableoid::regclass::text AS name FROM message_signature"
        )
        transaction = connection.transaction()
        await transaction.start()
        name = row["name"]
        await connection.execute(
            f"ALTER TABLE message_signature DETACH PARTITION {name};"
            "CREATE SCHEMA settlement_archive;"
            f"ALTER TABLE {name} SET SCHEMA settlement_archive"
        )
        assert await count_by_key(connection, column) == {1: 2}
        await transaction.rollback()


async def test_nothing_that_was_signed_is_changed(signing, keys):
    request = settle_request()
    await send(signing.stub.Settle, request, keys.sign(signing.stub.Settle, request))
    async with raw(signing.dsn) as connection:
        for statement in (
            "UPDATE message_signature SET key_id = 'x'",
            "DELETE FROM message_signature",
            "TRUNCATE message_signature",
        ):
            with pytest.raises(asyncpg.RaiseError, match="append-only"):
                await connection.execute(statement)


async def test_what_is_signed_holds_no_plain_text(signing, keys):
    request = settle_request()
    await send(signing.stub.Settle, request, keys.sign(signing.stub.Settle, request))
    for row, signed in await kept(signing):
        assert signed.message not in row["message"]
        assert request.bill.institution_code.encode() not in row["message"]


async def test_the_request_is_kept_in_the_transaction_of_its_intent(signing, keys):
    """What led to a settlement is there as soon as the settlement is, whatever happens then."""
    request = settle_request()
    await send(signing.stub.Settle, request, keys.sign(signing.stub.Settle, request))
    (row,) = await signing.sql(
        "SELECT count(DISTINCT x.xmin::text) AS transactions FROM ("
        " SELECT xmin FROM settlement UNION ALL"
        " SELECT xmin FROM message_signature WHERE direction = 'REQUEST') x"
    )
    assert row["transactions"] == 1


async def test_fees_of_a_visit_are_proven(signing, keys):
    stub = visit_rpc.VisitServiceStub(signing.channel)
    request = register_request()
    answer = await send(stub.RegisterVisit, request, keys.sign(stub.RegisterVisit, request))
    found = await kept(signing, answer.visit.visit_id)
    assert [(row["direction"], row["is_cause"]) for row, _ in found] == [
        ("REQUEST", True),
        ("ANSWER", False),
    ]
    # What a visit is made of is in nobody's hand but that of the request.
    (row,) = await signing.sql(
        "SELECT count(DISTINCT x.xmin::text) AS transactions FROM ("
        " SELECT xmin FROM visit UNION ALL"
        " SELECT xmin FROM message_signature WHERE direction = 'REQUEST') x"
    )
    assert row["transactions"] == 1


@pytest.mark.parametrize(
    "statement",
    [
        statements.INSERT_INTENT,
        statements.INSERT_VISIT_INTENT,
        statements.INSERT_REVERSAL,
        statements.TAKE_REQUEST,
        statements.INSERT_RECOMPUTATION,
        visit_store._INSERT,
        visit_store._UPDATE,
        visit_store._ADD_LINES,
        visit_store._CANCEL_LINES,
        reimbursement_store._INSERT,
        reimbursement_store._INSERT_REQUEST,
    ],
    ids=query_name,
)
async def test_every_statement_that_takes_a_request_can_write_its_signature(dsn, statement):
    arguments = max(int(number) for number in re.findall(r"\$([0-9]+)", statement))
    signed = signature_store.with_signature(statement, arguments)
    async with raw(dsn) as connection:
        before, after = await connection.prepare(statement), await connection.prepare(signed)
        assert len(after.get_parameters()) == arguments + len(signature_store._COLUMNS)
        assert [a.name for a in after.get_attributes()] == [b.name for b in before.get_attributes()]
    assert query_name(signed) == query_name(statement)

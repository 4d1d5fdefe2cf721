"""Tokens of the 医保电子凭证: signed, used once, repeated for the same use only."""

import asyncio
from uuid import uuid4

import asyncpg
import grpc
import pytest

from services.identity import person_store, store, usecases
from services.kit import codes, db
from tests.integration.identity.world import HOSPITAL, ident, institution, opening
from tests.support.eventually import eventually
from tests.support.rpc import refused
from yijie.common.v1 import bill_pb2
from yijie.identity.v1 import identity_service_pb2 as pb
from yijie.identity.v1 import person_pb2

pytestmark = pytest.mark.postgres

TOKEN = person_pb2.CREDENTIAL_TYPE_E_CREDENTIAL
ELSEWHERE = "H11010500001"


@pytest.fixture
async def holder(world):
    await world.open_hospital()
    await world.open_hospital(
        institution_code=ELSEWHERE, region_code="110105", openings=[opening("21")]
    )
    return await world.register()


@pytest.fixture
def show(world, holder):
    async def issue():
        request = pb.IssueCredentialTokenRequest(person_id=holder)
        return (await world.call("IssueCredentialToken", request)).token

    async def show(token="", **parts):
        return await world.verify(TOKEN, token or await issue(), **parts)

    show.issue = issue
    return show


async def why(call):
    refusal = await refused(call)
    assert refusal.fields == ["credential.number"]
    return refusal.reason


async def test_a_token_is_used_once(world, show, holder):
    token, visit = await show.issue(), ident()
    here = {"institution_code": HOSPITAL}
    assert (await show(token, **here)).person_id == holder  # looked at: a quote
    assert (await show(token, use_id=visit, **here)).person_id == holder
    assert (await show(token, use_id=visit, **here)).person_id == holder  # a retry
    refusal = await refused(show(token, use_id=ident(), **here))
    assert (refusal.code, refusal.reason) == ("FAILED_PRECONDITION", "CREDENTIAL_USED")
    assert refusal.zh
    assert (await show(token, **here)).person_id == holder
    assert await why(show(token, use_id=visit, institution_code=ELSEWHERE)) == "CREDENTIAL_USED"
    # The retry of a settlement comes after the token's time, but not for ever.
    world.clock.pass_time(minutes=30)
    assert (await show(token, use_id=visit, **here)).person_id == holder
    assert await why(show(token, **here)) == "CREDENTIAL_EXPIRED"
    world.clock.pass_time(hours=1)
    assert await why(show(token, use_id=visit, **here)) == "CREDENTIAL_EXPIRED"


async def test_a_token_is_of_the_institution_that_saw_it_first(show):
    token = await show.issue()
    await show(token)  # nowhere: by the person's own app
    await show(token, institution_code=HOSPITAL)
    assert await why(show(token, institution_code=ELSEWHERE)) == "CREDENTIAL_USED"
    assert await why(show(token, institution_code=ELSEWHERE, use_id=ident())) == "CREDENTIAL_USED"
    await show(token, institution_code=HOSPITAL, use_id=ident())


async def test_of_uses_at_once_one_takes_the_token(show):
    token = await show.issue()
    visits = [ident() for _ in range(10)]
    done = await asyncio.gather(
        *(
            show(token, use_id=visit, institution_code=place)
            for visit in visits
            for place in (HOSPITAL, ELSEWHERE)
        ),
        return_exceptions=True,
    )
    taken = [answer for answer in done if isinstance(answer, pb.VerifyCredentialResponse)]
    assert len(taken) == 1
    place = taken[0].institution.institution_code
    visit = visits[done.index(taken[0]) // 2]
    assert (await show(token, use_id=visit, institution_code=place)) == taken[0]
    for error in done:
        if error is not taken[0]:
            assert isinstance(error, grpc.aio.AioRpcError)
            assert await why(_raising(error)) == "CREDENTIAL_USED"


async def test_a_use_that_waits_for_another_finds_the_token_used(world, show):
    token = await show.issue()
    other = await asyncpg.connect(world.dsn)
    try:
        async with other.transaction():
            await other.execute(
                "UPDATE identity.credential_token SET use_id = gen_random_uuid(), use_time = now()"
            )
            waiting = asyncio.create_task(why(show(token, use_id=ident())))
            await eventually(lambda: _waits(world))
        assert await waiting == "CREDENTIAL_USED"
    finally:
        await other.close()


async def _waits(world):
    assert await world.rows(
        """SELECT FROM pg_stat_activity WHERE wait_event_type = 'Lock'
              AND datname = current_database() AND query LIKE '/* identity.find_by_token%'"""
    )


async def _raising(error):
    raise error


async def test_a_refusal_for_another_reason_leaves_the_token_as_it_was(world, show, holder):
    token, visit = await show.issue(), ident()
    wrong = [
        ({"sex": bill_pb2.SEX_MALE}, "PERSON_MISMATCH"),
        ({"scheme_code": "390"}, "INSURANCE_NOT_IN_FORCE"),
        ({"institution_code": "H64010400009"}, "INSTITUTION_UNKNOWN"),
        ({"institution_code": ELSEWHERE, "medical_type_code": "41"}, "INSTITUTION_NOT_OPEN"),
    ]
    for parts, reason in wrong:
        refusal = await refused(show(token, use_id=ident(), **parts))
        assert refusal.reason == reason
    assert (await show(token, institution_code=HOSPITAL)).person_id == holder
    for parts, reason in wrong[:2]:
        refusal = await refused(show(token, use_id=ident(), institution_code=HOSPITAL, **parts))
        assert refusal.reason == reason
    await show(token, use_id=visit, institution_code=HOSPITAL)
    # What a repeat is refused for does not set the token free.
    refusal = await refused(
        show(token, use_id=visit, institution_code=HOSPITAL, sex=bill_pb2.SEX_MALE)
    )
    assert refusal.reason == "PERSON_MISMATCH"
    assert await why(show(token, use_id=ident())) == "CREDENTIAL_USED"
    outcomes = await world.rows(
        """SELECT coalesce(o.outcome, a.outcome) AS outcome
             FROM identity.access AS a LEFT JOIN identity.access_outcome AS o USING (access_id)
            WHERE a.method = 'VerifyCredential' ORDER BY a.access_id"""
    )
    assert [entry["outcome"] for entry in outcomes] == [
        *(reason for _, reason in wrong),
        "OK",
        *(reason for _, reason in wrong[:2]),
        "OK",
        "PERSON_MISMATCH",
        "CREDENTIAL_USED",
    ]


async def test_a_forged_token_costs_the_database_nothing(show, monkeypatch):
    token = await show.issue()
    asked = []
    fetchrow = db.Connection.fetchrow

    async def counted(self, query, *arguments):
        asked.append(db.query_name(query))
        return await fetchrow(self, query, *arguments)

    monkeypatch.setattr(db.Connection, "fetchrow", counted)
    last = codes.TOKEN_ALPHABET[codes.TOKEN_ALPHABET.index(token[-1]) - 1]
    for forged in (token[:-1] + last, token[::-1], "x" * 28, "0" * 28):
        assert await why(show(forged, use_id=ident())) == "CREDENTIAL_UNKNOWN"
    assert not [name for name in asked if name.startswith("identity.find_by")]
    await show(token)
    assert "identity.find_by_token" in asked


async def test_a_token_of_a_place_that_closed_in_between(world, show):
    token, visit = await show.issue(), ident()
    await show(token, use_id=visit, institution_code=HOSPITAL, medical_type_code="21")
    await world.open_hospital(openings=institution().openings[1:])
    refusal = await refused(
        show(token, use_id=visit, institution_code=HOSPITAL, medical_type_code="21")
    )
    assert refusal.reason == "INSTITUTION_NOT_OPEN"


async def test_issuing_is_logged(world, show, holder):
    await show.issue()
    request = pb.IssueCredentialTokenRequest(person_id=ident())
    assert (await refused(world.stub.IssueCredentialToken(request, timeout=10))).reason
    logged = await world.rows(
        "SELECT person_id::text, outcome FROM identity.access"
        " WHERE method = 'IssueCredentialToken' ORDER BY access_id"
    )
    assert [tuple(entry) for entry in logged] == [(holder, "OK"), (None, "RESOURCE_NOT_FOUND")]


async def test_a_use_must_be_a_uuid(show):
    refusal = await refused(show(use_id="1"))
    assert (refusal.reason, refusal.fields) == ("FIELD_INVALID", ["use_id"])


@pytest.fixture
def giving_back(monkeypatch):
    """Holds up whoever gives a token back after a refusal; gives (it is at it, it may go on)."""
    reached, go_on = asyncio.Event(), asyncio.Event()
    release_token = store.release_token

    async def held_up(*arguments, **options):
        reached.set()
        await go_on.wait()
        await release_token(*arguments, **options)

    monkeypatch.setattr(store, "release_token", held_up)
    return reached, go_on


async def test_a_token_that_a_repeat_was_proven_by_is_not_given_back(show, giving_back):
    """A first try is refused; its repeat, with the record mended, is proven before the first try
    has given the token back: the token stays taken by that use."""
    reached, go_on = giving_back
    token, visit = await show.issue(), ident()
    here = {"institution_code": HOSPITAL, "use_id": visit}
    first = asyncio.create_task(why_mismatch(show(token, sex=bill_pb2.SEX_MALE, **here)))
    await reached.wait()
    await show(token, **here)
    go_on.set()
    await first
    assert await why(show(token, institution_code=HOSPITAL, use_id=ident())) == "CREDENTIAL_USED"
    await show(token, **here)


async def test_a_place_that_a_quote_was_proven_at_is_not_given_back(show, giving_back):
    reached, go_on = giving_back
    token = await show.issue()
    here = {"institution_code": HOSPITAL}
    first = asyncio.create_task(why_mismatch(show(token, sex=bill_pb2.SEX_MALE, **here)))
    await reached.wait()
    await show(token, **here)
    go_on.set()
    await first
    assert await why(show(token, institution_code=ELSEWHERE)) == "CREDENTIAL_USED"


async def why_mismatch(call):
    assert (await refused(call)).reason == "PERSON_MISMATCH"


async def test_a_token_is_issued_while_a_batch_holds_the_person(world, show, holder):
    """A province that loads its people stops nobody at a window."""
    (held,) = await world.rows("SELECT cert_index, record FROM identity.person")
    batch = await asyncpg.connect(world.dsn, server_settings={"search_path": "identity"})
    try:
        async with batch.transaction():
            claimed = await batch.fetch(
                person_store.CLAIM_PERSONS,
                [uuid4()],
                [held["cert_index"]],
                [held["record"]],
                world.clock.now(),
            )
            assert str(claimed[0]["person_id"]) == holder
            assert (await show(use_id=ident())).person_id == holder
    finally:
        await batch.close()


async def test_a_replay_is_in_the_log_by_the_statement_that_finds_it(world, show, monkeypatch):
    """Whatever happens to the process then, supervision hears of the replay."""

    async def never(*_):
        raise AssertionError

    monkeypatch.setattr(usecases, "write_outcome", never)
    token, visit = await show.issue(), ident()
    await show(token, use_id=visit, institution_code=HOSPITAL)
    await show(token, use_id=visit, institution_code=HOSPITAL)
    assert await why(show(token, use_id=ident())) == "CREDENTIAL_USED"
    assert await why(show(token, institution_code=ELSEWHERE)) == "CREDENTIAL_USED"
    monkeypatch.undo()
    world.clock.pass_time(minutes=30)
    assert await why(show(token)) == "CREDENTIAL_EXPIRED"
    await show(token, use_id=visit, institution_code=HOSPITAL)
    assert await outcomes_of_looks(world) == [
        "OK",
        "OK",
        "CREDENTIAL_USED",
        "CREDENTIAL_USED",
        "CREDENTIAL_EXPIRED",
        "OK",
    ]


async def outcomes_of_looks(world):
    found = await world.rows(
        """SELECT coalesce(o.outcome, a.outcome) AS outcome
             FROM identity.access AS a LEFT JOIN identity.access_outcome AS o USING (access_id)
            WHERE a.method = 'VerifyCredential' ORDER BY a.access_id"""
    )
    return [entry["outcome"] for entry in found]

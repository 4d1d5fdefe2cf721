"""CardService: the life of cards, replacement here and elsewhere, the history."""

import asyncio

import asyncpg
import pytest

from services.identity import person_store
from tests.integration.identity.world import (
    CARD,
    batch,
    card,
    cards,
    ident,
    person_card,
    row,
)
from tests.support.rpc import TIMEOUT_S, read_status, refused
from yijie.identity.v1 import card_service_pb2 as pb
from yijie.identity.v1 import card_service_pb2_grpc as rpc
from yijie.identity.v1 import person_pb2

pytestmark = pytest.mark.postgres

NEW = "B70000001"
CODE = "110105" + "0123456789ABCDEF" + "0" * 10
SOCIAL_CARD = person_pb2.CREDENTIAL_TYPE_CARD


def change(what, number=CARD, **parts):
    asked = {
        "request_id": ident(),
        "card_number": number,
        "change": pb.CardChange.Value(f"CARD_CHANGE_{what}"),
        "agency_region_code": "640104",
    }
    return pb.ChangeCardStateRequest(**{**asked, **parts})


def replacement(new=NEW, **parts):
    asked = {"request_id": ident(), "new_card_number": new, "issuing_region_code": "110105"}
    return pb.ReplaceCardRequest(**{**asked, **parts})


def state(name):
    return person_pb2.CardState.Value(f"CARD_STATE_{name}")


@pytest.fixture
def stub(world):
    return rpc.CardServiceStub(world.channel)


@pytest.fixture
def act(stub):
    async def act(request):
        method = type(request).__name__.removesuffix("Request")
        return await getattr(stub, method)(request, timeout=TIMEOUT_S)

    return act


async def history(act, person_id):
    answer = await act(pb.ListCardChangesRequest(person_id=person_id))
    return [
        (
            pb.CardChange.Name(entry.change)[12:],
            person_pb2.CardState.Name(entry.state)[11:],
            entry.agency_region_code,
            entry.masked_card_number,
        )
        for entry in answer.changes
    ]


async def test_a_card_lives(world, act):
    holder = await world.give_card(await world.register(), state=state("ISSUED"))
    refusal = await refused(world.verify(SOCIAL_CARD, CARD))
    assert (refusal.code, refusal.reason) == ("FAILED_PRECONDITION", "CARD_NOT_ACTIVE")
    assert (refusal.fields, refusal.metadata["state"]) == (["credential.number"], "ISSUED")
    for what, then in (
        ("ACTIVATE", "ACTIVE"),
        ("REPORT_LOST", "LOST"),
        ("REPORT_FOUND", "ACTIVE"),
        ("CANCEL", "CANCELLED"),
    ):
        answer = await act(change(what))
        assert answer.card == card(
            holder, state=state(then), kind=person_pb2.CARD_KIND_SOCIAL_SECURITY
        )
    refusal = await refused(act(change("REPORT_FOUND")))
    assert (refusal.code, refusal.reason) == ("FAILED_PRECONDITION", "CARD_STATE_FORBIDS")
    assert (refusal.fields, refusal.metadata["state"]) == (["change"], "CANCELLED")
    assert await history(act, holder) == [
        ("CANCEL", "CANCELLED", "640104", "A******01"),
        ("REPORT_FOUND", "ACTIVE", "640104", "A******01"),
        ("REPORT_LOST", "LOST", "640104", "A******01"),
        ("ACTIVATE", "ACTIVE", "640104", "A******01"),
        ("REGISTER", "ISSUED", "", "A******01"),
    ]


# A row each; one database for all, because making one takes longer than asking.
CHANGES_REFUSED = [
    ({"number": "Z12345678"}, "NOT_FOUND", "CREDENTIAL_UNKNOWN", "card_number"),
    ({"number": "卡"}, "NOT_FOUND", "CREDENTIAL_UNKNOWN", "card_number"),
    ({"number": ""}, "INVALID_ARGUMENT", "FIELD_INVALID", "card_number"),
    ({"what": "REPLACE"}, "INVALID_ARGUMENT", "FIELD_INVALID", "change"),
    ({"what": "REGISTER"}, "INVALID_ARGUMENT", "FIELD_INVALID", "change"),
    ({"what": "UNSPECIFIED"}, "INVALID_ARGUMENT", "FIELD_INVALID", "change"),
    ({"what": "ACTIVATE"}, "FAILED_PRECONDITION", "CARD_STATE_FORBIDS", "change"),
    (
        {"agency_region_code": "649999"},
        "INVALID_ARGUMENT",
        "REGION_UNKNOWN",
        "agency_region_code",
    ),
    ({"agency_region_code": "1"}, "INVALID_ARGUMENT", "FIELD_INVALID", "agency_region_code"),
    ({"request_id": "1"}, "INVALID_ARGUMENT", "FIELD_INVALID", "request_id"),
]


async def test_a_change_is_refused_and_logged(world, act):
    holder = await world.give_card(await world.register())
    for parts, code, reason, field in CHANGES_REFUSED:
        refusal = await refused(act(change(**{"what": "REPORT_LOST", **parts})))
        assert (refusal.code, refusal.reason, refusal.fields) == (code, reason, [field])
    assert len(await history(act, holder)) == 1
    logged = await world.rows(
        "SELECT person_id::text, outcome FROM identity.access WHERE method = 'ChangeCardState'"
        " AND purpose = 6 AND outcome = 'CARD_STATE_FORBIDS'"
    )
    assert [tuple(entry) for entry in logged] == [(holder, "CARD_STATE_FORBIDS")]


async def test_a_second_card_is_not_activated(world, act):
    holder = await world.give_card(await world.register())
    await world.give_card(holder, card_number=NEW, state=state("ISSUED"))
    refusal = await refused(act(change("ACTIVATE", NEW)))
    assert (refusal.code, refusal.reason) == ("FAILED_PRECONDITION", "CARD_ALREADY_ACTIVE")
    await world.give_card(holder, card_number="C70000001", kind=person_pb2.CARD_KIND_ELECTRONIC)
    await act(change("REPORT_LOST"))
    await act(change("ACTIVATE", NEW))
    refusal = await refused(act(change("REPORT_FOUND")))
    assert refusal.reason == "CARD_ALREADY_ACTIVE"
    answer = await world.call("UpsertCards", cards(card(holder)))
    error = read_status(answer.results[0].error)
    assert (error.reason, error.fields) == ("CARD_ALREADY_ACTIVE", ["cards[0].state"])
    answer = await world.call(
        "UpsertCards",
        cards(card(holder, card_number=NEW, state=state("LOST")), card(holder)),
    )
    assert [result.key for result in answer.results] == [holder, holder]


async def test_a_card_is_replaced_in_another_province(world, act):
    holder = await world.give_card(await world.register())
    await act(change("REPORT_LOST"))
    request = replacement(card_number=CARD, new_recognition_code=CODE)
    answer = await act(request)
    assert answer.card == card(
        holder,
        card_number=NEW,
        issuing_region_code="110105",
        kind=person_pb2.CARD_KIND_SOCIAL_SECURITY,
        recognition_code=CODE,
    )
    assert (answer.replaced_card.card_number, answer.replaced_card.state) == (
        CARD,
        state("REPLACED"),
    )
    assert (await world.verify(SOCIAL_CARD, NEW)).person_id == holder
    refusal = await refused(world.verify(SOCIAL_CARD, CARD))
    assert (refusal.reason, refusal.metadata["state"]) == ("CARD_NOT_ACTIVE", "REPLACED")
    assert (await history(act, holder))[:2] == [
        ("REPLACE", "ACTIVE", "110105", "B******01"),
        ("REPLACE", "REPLACED", "110105", "A******01"),
    ]
    # A repeat is answered as the first time, numbers and all; they are not what is stored.
    assert await act(request) == answer
    stored = await world.rows("SELECT response FROM identity.request")
    for entry in stored:
        for number in (CARD, NEW, CODE):
            assert number.encode() not in entry["response"]


async def test_a_holder_has_their_card_replaced(world, act):
    holder = await world.give_card(await world.register())
    await world.give_card(holder, card_number="C70000001", kind=person_pb2.CARD_KIND_ELECTRONIC)
    answer = await act(replacement(person_id=holder))
    assert (answer.card.card_number, answer.replaced_card.card_number) == (NEW, CARD)
    answer = await act(
        replacement("D70000001", person_id=holder, kind=person_pb2.CARD_KIND_ELECTRONIC)
    )
    assert answer.replaced_card.card_number == "C70000001"
    # Another call, later: it means the card that is active now.
    answer = await act(replacement("E70000001", person_id=holder))
    assert answer.replaced_card.card_number == NEW


async def test_a_replacement_is_refused(world, act):
    holder = await world.give_card(await world.register())
    other = (await world.load(batch(row(2))))[0].results[0].key
    third = (await world.load(batch(row(3, person_card("C00000003", state=state("ISSUED"))))))[0]
    await world.give_card(holder, card_number="F70000001", state=state("LOST"))
    for parts, code, reason, field in (
        ({"card_number": "Z12345678"}, "NOT_FOUND", "CREDENTIAL_UNKNOWN", "card_number"),
        ({"person_id": ident()}, "NOT_FOUND", "RESOURCE_NOT_FOUND", "person_id"),
        ({"person_id": other}, "NOT_FOUND", "CREDENTIAL_UNKNOWN", "person_id"),
        (
            {"person_id": third.results[0].key},
            "FAILED_PRECONDITION",
            "CARD_STATE_FORBIDS",
            "person_id",
        ),
        (
            {"card_number": "F70000001"},
            "FAILED_PRECONDITION",
            "CARD_ALREADY_ACTIVE",
            "card_number",
        ),
        ({"new": CARD}, "ALREADY_EXISTS", "CARD_NUMBER_TAKEN", "new_card_number"),
        ({"new": "C00000003"}, "ALREADY_EXISTS", "CARD_NUMBER_TAKEN", "new_card_number"),
        ({"new": "B7000000"}, "INVALID_ARGUMENT", "FIELD_INVALID", "new_card_number"),
        (
            {"new_recognition_code": "650100" + CODE[6:]},
            "INVALID_ARGUMENT",
            "FIELD_INVALID",
            "new_recognition_code",
        ),
        (
            {"issuing_region_code": "119999"},
            "INVALID_ARGUMENT",
            "REGION_UNKNOWN",
            "issuing_region_code",
        ),
        (
            {"kind": person_pb2.CARD_KIND_ELECTRONIC},
            "INVALID_ARGUMENT",
            "FIELD_INVALID",
            "kind",
        ),
    ):
        named = {} if {"card_number", "person_id"} & set(parts) else {"card_number": CARD}
        refusal = await refused(act(replacement(**named, **parts)))
        assert (refusal.code, refusal.reason, refusal.fields) == (code, reason, [field]), parts
    refusal = await refused(act(replacement()))
    assert refusal.reason == "FIELD_INVALID"  # neither a card nor a person is named
    assert (await world.verify(SOCIAL_CARD, CARD)).person_id == holder
    found = await world.rows("SELECT count(*) FROM identity.card")
    assert found[0]["count"] == 3


@pytest.mark.parametrize("named", ["card_number", "person_id"])
async def test_of_replacements_at_once_one_wins(world, act, named):
    holder = await world.give_card(await world.register())
    named = {"card_number": CARD} if named == "card_number" else {"person_id": holder}
    numbers = [f"B7000000{n}" for n in range(8)]
    done = await asyncio.gather(
        *(act(replacement(number, **named)) for number in numbers), return_exceptions=True
    )
    won = [answer for answer in done if isinstance(answer, pb.ReplaceCardResponse)]
    found = await world.rows("SELECT state, count(*) FROM identity.card GROUP BY state")
    counts = {entry["state"]: entry["count"] for entry in found}
    if "card_number" in named:
        assert len(won) == 1
        assert counts == {"ACTIVE": 1, "REPLACED": 1}
        for error in done:
            if error not in won:
                assert (await refused(_raising(error))).reason == "CARD_STATE_FORBIDS"
    else:
        # One that begins after another has ended replaces that one's card, as it may.
        assert counts == {"ACTIVE": 1, "REPLACED": len(won)}


async def _raising(error):
    raise error


async def test_a_replacement_that_waited_for_another_is_refused(world, act, monkeypatch):
    holder = await world.give_card(await world.register())
    looked = asyncio.Barrier(2)
    lock_persons = person_store.lock_persons

    async def locked(connection, person_ids):
        await looked.wait()  # both have seen the same card by now
        return await lock_persons(connection, person_ids)

    monkeypatch.setattr(person_store, "lock_persons", locked)
    done = await asyncio.gather(
        *(act(replacement(number, person_id=holder)) for number in ("B70000001", "B70000002")),
        return_exceptions=True,
    )
    monkeypatch.undo()
    lost = [error for error in done if isinstance(error, Exception)]
    assert len(lost) == 1
    refusal = await refused(_raising(lost[0]))
    assert (refusal.reason, refusal.metadata["state"]) == ("CARD_STATE_FORBIDS", "REPLACED")
    found = await world.rows("SELECT state FROM identity.card ORDER BY state")
    assert [entry["state"] for entry in found] == ["ACTIVE", "REPLACED"]


async def test_the_same_replacement_at_once_is_done_once(world, act):
    await world.give_card(await world.register())
    request = replacement(card_number=CARD)
    done = await asyncio.gather(*(act(request) for _ in range(4)), return_exceptions=True)
    answers = [answer for answer in done if isinstance(answer, pb.ReplaceCardResponse)]
    assert answers
    assert all(answer == answers[0] for answer in answers)
    assert await act(request) == answers[0]
    for error in done:
        if error not in answers:
            refusal = await refused(_raising(error))
            assert refusal.reason == "LOST_RACE"  # said while the first one is on its way
    assert len(await world.rows("SELECT FROM identity.card")) == 2


async def test_the_database_itself_holds_no_second_active_card(world):
    holder = await world.give_card(await world.register())
    await world.give_card(holder, card_number=NEW, state=state("LOST"))
    with pytest.raises(asyncpg.UniqueViolationError):
        await world.rows("UPDATE identity.card SET state = 'ACTIVE'")


async def test_a_history_is_listed_in_pages(world, act):
    holder = await world.give_card(await world.register())
    other = (await world.load(batch(row(2, person_card("C00000002")))))[0].results[0].key
    for what in ("REPORT_LOST", "REPORT_FOUND") * 3:
        await act(change(what))
    request = pb.ListCardChangesRequest(person_id=holder, page_size=3)
    pages = []
    while True:
        answer = await act(request)
        pages.append([pb.CardChange.Name(entry.change)[12:] for entry in answer.changes])
        if not answer.next_page_token:
            break
        request.page_token = answer.next_page_token
    assert pages == [
        ["REPORT_FOUND", "REPORT_LOST", "REPORT_FOUND"],
        ["REPORT_LOST", "REPORT_FOUND", "REPORT_LOST"],
        ["REGISTER"],
    ]
    request.person_id = other  # the token is of another person
    refusal = await refused(act(request))
    assert (refusal.reason, refusal.fields) == ("PAGE_TOKEN_INVALID", ["page_token"])
    assert not (await act(pb.ListCardChangesRequest(person_id=ident()))).changes


async def test_what_was_held_before_has_one_active_card(dsn):
    """Migration 0003 on a database of version 2: the newest card stays, the others gave way."""
    from services.kit.migrations import migrations_of

    connection = await asyncpg.connect(dsn)
    try:
        await connection.execute("CREATE SCHEMA old; SET search_path TO old")
        first, second, third = migrations_of("identity")[:3]
        await connection.execute(first.sql)
        await connection.execute(second.sql)
        await connection.execute(
            """INSERT INTO person SELECT gen_random_uuid(), sha256(n::text::bytea), '', now(), now()
                 FROM generate_series(1, 2) AS n;
               INSERT INTO card
               SELECT sha256((p.person_id::text || n)::bytea), p.person_id, '650100',
                      CASE n WHEN 4 THEN 'LOST' ELSE 'ACTIVE' END, n::text::bytea,
                      '2020-01-01'::timestamptz + n * interval '1 day', now()
                 FROM person AS p, generate_series(1, 4) AS n;
               INSERT INTO card_state_change (card_index, state, change_time)
               SELECT card_index, state, now() FROM card"""
        )
        await connection.execute(third.sql)
        rows = await connection.fetch(
            """SELECT convert_from(c.record, 'UTF8') AS nth, c.state, c.kind,
                      string_agg(h.change, ' ' ORDER BY h.change_id) AS changes, count(*) OVER ()
                 FROM card AS c JOIN card_state_change AS h USING (card_index)
                GROUP BY c.card_index ORDER BY nth"""
        )
    finally:
        await connection.close()
    found = {tuple(row)[:4] for row in rows}
    assert rows[0]["count"] == 8
    assert found == {
        ("1", "REPLACED", "SOCIAL_SECURITY", "REGISTER REPLACE"),
        ("2", "REPLACED", "SOCIAL_SECURITY", "REGISTER REPLACE"),
        ("3", "ACTIVE", "SOCIAL_SECURITY", "REGISTER"),
        ("4", "LOST", "SOCIAL_SECURITY", "REGISTER"),
    }

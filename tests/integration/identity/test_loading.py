"""LoadPersons: rows whole or not at all, a result each, dry runs, batches sent again."""

import asyncio

import grpc
import pytest

from services.identity import card_store
from services.kit import db
from tests.integration.identity.world import (
    CARD,
    batch,
    card,
    cards,
    day,
    ident,
    insurance,
    person_card,
    person_number,
    persons,
    row,
)
from tests.support.rpc import TIMEOUT_S, Refusal, read_status, refused
from yijie.common.v1 import bill_pb2
from yijie.identity.v1 import identity_service_pb2 as pb
from yijie.identity.v1 import person_pb2

pytestmark = pytest.mark.postgres

LOST = person_pb2.CARD_STATE_LOST
CODE = "650100" + "0123456789ABCDEF" + "0" * 10


def results(answer):
    return [read_status(r.error).reason if r.HasField("error") else "" for r in answer.results]


async def counted(world):
    found = await world.rows(
        "SELECT (SELECT count(*) FROM identity.person) AS persons,"
        " (SELECT count(*) FROM identity.card) AS cards,"
        " (SELECT count(*) FROM identity.card_state_change) AS changes"
    )
    return tuple(found[0])


async def test_persons_come_with_their_cards(world):
    first = batch(row(1, person_card("A00000001")), row(2))
    second = batch(
        row(
            3,
            person_card("A00000003", recognition_code=CODE),
            person_card("B00000003", state=LOST),
            person_card("C00000003", kind=person_pb2.CARD_KIND_ELECTRONIC),
        )
    )
    answers = await world.load(first, second)
    assert [answer.request_id for answer in answers] == [first.request_id, second.request_id]
    assert [results(answer) for answer in answers] == [["", ""], [""]]
    assert await counted(world) == (3, 4, 4)
    keys = [result.key for answer in answers for result in answer.results]
    for number, key in ((1, keys[0]), (2, keys[1]), (3, keys[2])):
        shown = person_number(number).cert_number
        assert (await world.verify(number=shown)).person_id == key
    for number, key in (("A00000001", keys[0]), ("C00000003", keys[2])):
        answer = await world.verify(person_pb2.CREDENTIAL_TYPE_CARD, number)
        assert answer.person_id == key
    refusal = await refused(world.verify(person_pb2.CREDENTIAL_TYPE_CARD, "B00000003"))
    assert refusal.reason == "CARD_LOST"


async def test_what_is_held_is_replaced_and_keeps_its_key(world):
    known = (await world.call("UpsertPersons", persons(person_number(1)))).results[0].key
    await world.call("UpsertCards", cards(card(known, card_number="A00000001")))
    changed = row(
        1,
        person_card("A00000001", state=person_pb2.CARD_STATE_REPLACED),
        person_card("B00000001"),
        insurances=[insurance(insured_region_code="131100", scheme_code="390")],
    )
    answer = (await world.load(batch(row(2), changed)))[0]
    assert answer.results[1].key == known
    assert await counted(world) == (2, 2, 3)
    answer = await world.verify(person_pb2.CREDENTIAL_TYPE_CARD, "B00000001")
    assert (answer.person_id, answer.insurances[0].insured_region_code) == (known, "131100")
    refusal = await refused(world.verify(person_pb2.CREDENTIAL_TYPE_CARD, "A00000001"))
    assert (refusal.reason, refusal.metadata["state"]) == ("CARD_NOT_ACTIVE", "REPLACED")


# A row each: what is wrong, the reason, the field below the row. One database for all.
REFUSALS = [
    ({"cert_type_code": "02"}, (), "FIELD_INVALID", "person.cert_type_code"),
    ({"cert_number": ""}, (), "FIELD_INVALID", "person.cert_number"),
    ({"cert_number": "1" * 51}, (), "FIELD_INVALID", "person.cert_number"),
    ({"cert_number": "650101199001010011"}, (), "ID_NUMBER_INVALID", "person.cert_number"),
    ({"cert_number": "11010519491231002x"}, (), "ID_NUMBER_INVALID", "person.cert_number"),
    ({"name": ""}, (), "FIELD_INVALID", "person.name"),
    ({"name": "张" * 51}, (), "FIELD_INVALID", "person.name"),
    ({"name": "张\u202e三"}, (), "FIELD_INVALID", "person.name"),
    ({"sex": bill_pb2.SEX_UNSPECIFIED}, (), "FIELD_INVALID", "person.sex"),
    ({"sex": bill_pb2.SEX_FEMALE}, (), "PERSON_MISMATCH", "person.sex"),
    ({"birth_date": day(1990, 1, 2)}, (), "PERSON_MISMATCH", "person.birth_date"),
    ({"birth_date": day(1990, 2, 30)}, (), "FIELD_INVALID", "person.birth_date"),
    ({"birth_date": None}, (), "FIELD_INVALID", "person.birth_date"),
    ({"insurances": []}, (), "FIELD_INVALID", "person.insurances"),
    ({"insurances": [insurance()] * 21}, (), "FIELD_INVALID", "person.insurances"),
    (
        {"insurances": [insurance(), insurance(begin_date=day(2020, 1, 1))]},
        (),
        "FIELD_INVALID",
        "person.insurances",
    ),
    *(
        ({"insurances": [insurance(**{name: value})]}, (), reason, f"person.insurances[0].{name}")
        for name, value, reason in (
            ("insured_region_code", "6501", "FIELD_INVALID"),
            ("insured_region_code", "659999", "REGION_UNKNOWN"),
            ("scheme_code", "31", "FIELD_INVALID"),
            ("scheme_code", "311", "FIELD_INVALID"),
            ("person_type_code", "1", "FIELD_INVALID"),
            ("person_type_code", "18", "FIELD_INVALID"),
            ("status", person_pb2.INSURANCE_STATUS_UNSPECIFIED, "FIELD_INVALID"),
            ("status", 9, "FIELD_INVALID"),
            ("begin_date", None, "FIELD_INVALID"),
            ("begin_date", day(2001, 13, 1), "FIELD_INVALID"),
            ("end_date", day(2000, 1, 1), "FIELD_INVALID"),
            ("end_date", day(2001, 0, 1), "FIELD_INVALID"),
        )
    ),
    *(
        ({}, (person_card("B00000001"), person_card(**{name: value})), reason, f"cards[1].{name}")
        for name, value, reason in (
            ("card_number", "", "FIELD_INVALID"),
            ("card_number", "A1234567", "FIELD_INVALID"),
            ("card_number", "1" * 51, "FIELD_INVALID"),
            ("card_number", "B00000001", "FIELD_INVALID"),
            ("issuing_region_code", "65010", "FIELD_INVALID"),
            ("issuing_region_code", "659999", "REGION_UNKNOWN"),
            ("state", person_pb2.CARD_STATE_UNSPECIFIED, "FIELD_INVALID"),
            ("state", 17, "FIELD_INVALID"),
            ("state", person_pb2.CARD_STATE_ACTIVE, "CARD_ALREADY_ACTIVE"),
            ("kind", 7, "FIELD_INVALID"),
            ("recognition_code", "A" * 33, "FIELD_INVALID"),
            ("recognition_code", CODE[:31], "FIELD_INVALID"),
            ("recognition_code", "110105" + CODE[6:], "FIELD_INVALID"),
        )
    ),
    ({}, [person_card(f"A0000000{n}", state=LOST) for n in range(6)], "FIELD_INVALID", "cards"),
]


async def test_a_bad_row_is_refused_and_the_others_go_in(world):
    bad = [row(1, *held, **changes) for changes, held, _, _ in REFUSALS]
    good = [row(number, person_card(f"A0000{number:04d}")) for number in range(2, 40)]
    both = [entry for pair in zip(bad, good[: len(bad)], strict=False) for entry in pair]
    both += bad[len(good) :] + good[len(bad) :]
    asked = batch(*both, pb.PersonRow())
    answer = (await world.load(asked))[0]
    assert len(answer.results) == len(bad) + len(good) + 1
    expected = {id(entry): refusal for entry, refusal in zip(bad, REFUSALS, strict=True)}
    for position, entry in enumerate(both):
        result = answer.results[position]
        if id(entry) not in expected:
            assert result.key, position
            continue
        _, _, reason, field = expected[id(entry)]
        error = read_status(result.error)
        assert (error.reason, error.fields[0]) == (reason, f"rows[{position}].{field}"), field
        assert error.zh
    error = read_status(answer.results[-1].error)
    assert (error.reason, error.fields[0]) == ("FIELD_INVALID", f"rows[{len(both)}].person")
    assert await counted(world) == (len(good), len(good), len(good))


async def test_a_row_is_taken_whole_or_not_at_all(world):
    holder = (await world.call("UpsertPersons", persons(person_number(1)))).results[0].key
    await world.call("UpsertCards", cards(card(holder, card_number="A00000001")))
    answer = (
        await world.load(
            batch(
                row(2, person_card("B00000002"), person_card("A00000001", state=LOST)),
                row(1, person_card("B00000001"), name="改名"),
                row(3, person_card("A00000003")),
                row(4, person_card("A00000003")),
            )
        )
    )[0]
    assert results(answer) == ["PERSON_MISMATCH", "CARD_ALREADY_ACTIVE", "", "PERSON_MISMATCH"]
    fields = [read_status(r.error).fields[0] for r in answer.results if r.HasField("error")]
    assert fields == [
        "rows[0].cards[1].card_number",
        "rows[1].cards[0].state",
        "rows[3].cards[0].card_number",
    ]
    assert await counted(world) == (2, 2, 2)
    shown = await world.verify(number=person_number(1).cert_number)
    assert (shown.person_id, shown.masked_name) == (holder, "示**")
    refusal = await refused(world.verify(number=person_number(2).cert_number))
    assert refusal.reason == "CREDENTIAL_UNKNOWN"


async def test_of_two_rows_of_a_person_the_later_one_stays(world):
    two = batch(
        row(1, person_card("A00000001"), name="先"),
        row(1, person_card("B00000001", state=LOST), name="后来"),
    )
    answer = (await world.load(two))[0]
    assert answer.results[0].key == answer.results[1].key
    assert (await world.verify(number=person_number(1).cert_number)).masked_name == "后*"
    assert await counted(world) == (1, 2, 2)


async def test_a_dry_run_says_the_same_and_keeps_nothing(world):
    holder = (await world.call("UpsertPersons", persons(person_number(1)))).results[0].key
    await world.call("UpsertCards", cards(card(holder, card_number="A00000001")))
    rows = (row(1, person_card("B00000001")), row(2, person_card("A00000002")), row(3, name=" "))
    tried = batch(*rows, dry_run=True)
    answer = (await world.load(tried))[0]
    assert results(answer) == ["CARD_ALREADY_ACTIVE", "", "FIELD_INVALID"]
    assert answer.results[1].key == ""
    assert await counted(world) == (1, 1, 1)
    # The request id is free for the load itself.
    done = (await world.load(batch(*rows, request_id=tried.request_id)))[0]
    assert results(done) == results(answer)
    assert await counted(world) == (2, 2, 2)


async def test_a_batch_sent_again_is_answered_as_the_first_time(world):
    first = batch(row(1, person_card("A00000001")), row(2, name=" "))
    answered = await world.load(first)
    await world.load(batch(row(1, person_card("A00000001", state=LOST), name="后来")))
    second = batch(row(3))
    again = await world.load(first, second)
    assert again[0] == answered[0]
    assert results(again[1]) == [""]
    assert (await world.verify(number=person_number(1).cert_number)).masked_name == "后*"
    assert await counted(world) == (2, 1, 2)
    other = batch(row(4), request_id=first.request_id)
    refusal = await refused_stream(world, other)
    assert (refusal.code, refusal.reason) == ("ALREADY_EXISTS", "REQUEST_ID_REUSED")


async def refused_stream(world, *batches, answered=0) -> Refusal:
    """Sends batches of which one ends the stream, after so many answers."""
    call = world.stub.LoadPersons()
    for message in batches:
        await call.write(message)
    for _ in range(answered):
        assert (await call.read()).results
    return await refused(call.read())


async def test_a_batch_of_a_wrong_shape_ends_the_stream_after_the_answers_before(world):
    wrong = [
        (batch(row(1), request_id="1"), "FIELD_INVALID", "request_id"),
        (batch(), "FIELD_INVALID", "rows"),
        (batch(*[row(1)] * 1001), "FIELD_INVALID", "rows"),
    ]
    for number, (message, reason, field) in enumerate(wrong):
        sound = batch(row(number + 10))
        refusal = await refused_stream(world, sound, message, answered=1)
        assert (refusal.code, refusal.reason) == ("INVALID_ARGUMENT", reason)
        assert refusal.fields == [field]
    assert (await counted(world))[0] == len(wrong)


async def test_bytes_that_are_no_message_end_the_stream_with_the_field(world):
    call = world.channel.stream_stream(
        "/yijie.identity.v1.IdentityService/LoadPersons",
        request_serializer=bytes,
        response_deserializer=pb.LoadPersonsResponse.FromString,
    )()
    broken = batch(row(1, name="某某")).SerializeToString().replace("某某".encode(), b"\xff" * 6)
    await call.write(broken)
    refusal = await refused(call.read())
    assert (refusal.code, refusal.reason) == ("INVALID_ARGUMENT", "MESSAGE_MALFORMED")
    assert refusal.fields == ["rows[0].person.name"]


async def test_a_stream_needs_no_deadline_and_is_logged_once(world):
    await world.load(batch(row(1)), batch(row(2)))
    assert await world.load() == []
    lines = world.log.getvalue().decode().splitlines()
    assert sum("IdentityService/LoadPersons" in line for line in lines) == 2
    assert not any("示例" in line for line in lines)


async def test_a_client_that_hangs_up_keeps_what_was_answered(world):
    call = world.stub.LoadPersons()
    await call.write(batch(row(1)))
    assert results(await call.read()) == [""]
    call.cancel()
    with pytest.raises((asyncio.CancelledError, grpc.aio.AioRpcError)):
        await call.read()
    assert (await counted(world))[0] == 1
    assert len(await world.load(batch(row(2)))) == 1


async def test_loads_of_the_same_people_at_once_make_each_once(world):
    def province(order):
        return [
            batch(*[row(n, person_card(f"A0000{n:04d}")) for n in part])
            for part in (order[:30], order[30:])
        ]

    numbers = list(range(60))
    loads = [province(numbers), province(numbers[::-1]), province(numbers[30:] + numbers[:30])]
    answers = await asyncio.gather(*(world.load(*batches) for batches in loads))
    assert all(results(answer) == [""] * 30 for load in answers for answer in load)
    keys = {result.key for load in answers for answer in load for result in answer.results}
    assert len(keys) == 60
    assert await counted(world) == (60, 60, 60)


async def test_a_card_brought_by_two_at_once_is_one_persons(world, monkeypatch):
    # Both have looked for the card before either has brought it: the later one looks again.
    looked = asyncio.Barrier(2)
    find_cards = card_store.find_cards
    waits = iter([True, True])

    async def found(reader, vault, indexes):
        held = await find_cards(reader, vault, indexes)
        if next(waits, False):
            await looked.wait()
        return held

    monkeypatch.setattr(card_store, "find_cards", found)
    one, other = await asyncio.gather(
        world.load(batch(row(1, person_card(CARD)))), world.load(batch(row(2, person_card(CARD))))
    )
    assert sorted(results(one[0]) + results(other[0])) == ["", "PERSON_MISMATCH"]
    assert await counted(world) == (1, 1, 1)


async def test_a_batch_is_a_handful_of_statements(world, monkeypatch):
    asked = []
    timed = db.query_name

    def named(query):
        asked.append(timed(query))
        return timed(query)

    monkeypatch.setattr(db, "query_name", named)
    await world.load(batch(*[row(n, person_card(f"A0000{n:04d}")) for n in range(300)]))
    # The detector of signals has a loop of its own.
    statements = [name for name in asked if "signal" not in name and "accesses" not in name]
    assert statements == [
        "kit.find_request",
        "identity.claim_persons",
        "identity.find_cards",
        "identity.insert_cards",
        "kit.store_request",
    ]


async def test_who_has_an_id_number(world):
    known = (await world.load(batch(row(1))))[0].results[0].key
    numbers = [
        person_number(2).cert_number,
        person_number(1).cert_number,
        "650101199001010011",
        CARD,
    ]
    request = pb.LookUpPersonsRequest(cert_numbers=numbers, purpose=4)
    answer = await world.call("LookUpPersons", request)
    assert results(answer) == ["CREDENTIAL_UNKNOWN", "", "ID_NUMBER_INVALID", "ID_NUMBER_INVALID"]
    assert answer.results[1].key == known
    errors = [read_status(answer.results[n].error) for n in (0, 2)]
    assert [error.fields for error in errors] == [["cert_numbers[0]"], ["cert_numbers[2]"]]
    logged = await world.rows(
        "SELECT method, purpose, person_id::text, outcome FROM identity.access ORDER BY access_id"
    )
    # Who tries numbers leaves a trace, found or not; what is no number was not looked for.
    assert [tuple(entry) for entry in logged] == [
        ("LookUpPersons", 4, None, "CREDENTIAL_UNKNOWN"),
        ("LookUpPersons", 4, known, "OK"),
    ]
    refusal = await refused(
        world.stub.LookUpPersons(pb.LookUpPersonsRequest(cert_numbers=[CARD]), timeout=TIMEOUT_S)
    )
    assert (refusal.reason, refusal.fields) == ("FIELD_INVALID", ["purpose"])


async def test_where_persons_are_insured(world):
    suspended = insurance(
        insured_region_code="131100", status=person_pb2.INSURANCE_STATUS_SUSPENDED
    )
    held = row(1, insurances=[insurance(scheme_code="390"), suspended])
    known = (await world.load(batch(held)))[0].results[0].key
    nobody = ident()

    def question(person_id, region, on):
        return pb.InsuranceQuestion(person_id=person_id, insured_region_code=region, on_date=on)

    today = day(2026, 11, 21)
    request = pb.CheckInsurancesRequest(
        purpose=4,
        entries=[
            question(known, "650199", today),
            question(known, "131100", today),
            question(known, "650100", day(2000, 12, 31)),
            question(known, "640100", today),
            question(nobody, "650100", today),
        ],
    )
    answer = await world.call("CheckInsurances", request)
    names = [pb.InsuranceStanding.Name(standing)[19:] for standing in answer.standings]
    assert names == ["IN_FORCE", "NOT_IN_FORCE", "NOT_IN_FORCE", "ELSEWHERE", "PERSON_UNKNOWN"]
    logged = await world.rows(
        "SELECT person_id::text, outcome FROM identity.access ORDER BY access_id"
    )
    assert [tuple(entry) for entry in logged] == [(known, "OK")] * 4 + [
        (None, "CREDENTIAL_UNKNOWN")
    ]
    request.entries.append(question(known, "650100", day(2026, 2, 30)))
    refusal = await refused(world.stub.CheckInsurances(request, timeout=TIMEOUT_S))
    assert (refusal.reason, refusal.fields) == ("FIELD_INVALID", ["entries[5].on_date"])

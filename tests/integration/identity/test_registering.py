"""UpsertPersons, UpsertCards, UpsertInstitutions: dense results, replays, refusals."""

import asyncio
import hashlib

import asyncpg
import pytest

from services.kit import paging
from tests.integration.identity.world import (
    CARD,
    CERT,
    HOSPITAL,
    NAME,
    card,
    cards,
    day,
    ident,
    institution,
    institutions,
    insurance,
    opening,
    person,
    person_number,
    persons,
)
from tests.support.rpc import TIMEOUT_S, read_status, refused
from yijie.common.v1 import bill_pb2
from yijie.identity.v1 import identity_service_pb2 as pb
from yijie.identity.v1 import institution_pb2, person_pb2

pytestmark = pytest.mark.postgres


def reasons(answer):
    return [read_status(r.error).reason if r.HasField("error") else "" for r in answer.results]


async def rows(world, query, *arguments):
    connection = await asyncpg.connect(world.dsn)
    try:
        return await connection.fetch(query, *arguments)
    finally:
        await connection.close()


async def test_a_person_keeps_their_id(world):
    first = await world.register()
    again = await world.register(name="改名")
    assert first == again
    answer = await world.verify()
    assert (answer.person_id, answer.masked_name) == (first, "改*")


async def test_results_stand_in_the_order_of_the_request(world):
    bad = person(cert_number="650101195001010021")
    many = [person_number(n) for n in range(200)]
    answer = await world.call("UpsertPersons", persons(*many[:100], bad, *many[100:]))
    assert reasons(answer) == [""] * 100 + ["ID_NUMBER_INVALID"] + [""] * 100
    keys = [result.key for result in answer.results if result.key]
    assert len(set(keys)) == 200
    error = read_status(answer.results[100].error)
    assert error.code == "INVALID_ARGUMENT"
    assert error.fields == ["persons[100].cert_number"]
    assert error.domain == "identity.yijie"


async def test_the_later_of_two_entries_stays(world):
    answer = await world.call("UpsertPersons", persons(person(name="先"), person(name="后来")))
    assert answer.results[0].key == answer.results[1].key
    assert (await world.verify()).masked_name == "后*"


# A row each; one database for all, because making one takes longer than asking.
PERSON_REFUSALS = [
    ({"cert_number": "11010519491231002x"}, "ID_NUMBER_INVALID", "cert_number"),
    ({"cert_number": "650101195013010020"}, "ID_NUMBER_INVALID", "cert_number"),
    ({"sex": bill_pb2.SEX_MALE}, "PERSON_MISMATCH", "sex"),
    ({"birth_date": day(1950, 1, 2)}, "PERSON_MISMATCH", "birth_date"),
    ({"birth_date": day(1950, 2, 30)}, "FIELD_INVALID", "birth_date"),
    ({"name": " "}, "FIELD_INVALID", "name"),
    ({"name": "张\x00三"}, "FIELD_INVALID", "name"),
    (
        {"insurances": [insurance(insured_region_code="659999")]},
        "REGION_UNKNOWN",
        "insurances[0].insured_region_code",
    ),
    (
        {"insurances": [insurance(), insurance(scheme_code="311")]},
        "FIELD_INVALID",
        "insurances[1].scheme_code",
    ),
    (
        {"insurances": [insurance(end_date=day(2000, 1, 1))]},
        "FIELD_INVALID",
        "insurances[0].end_date",
    ),
    ({"insurances": [insurance(), insurance()]}, "FIELD_INVALID", "insurances"),
]


async def test_a_person_entry_is_refused(world):
    entries = [person(**changes) for changes, _, _ in PERSON_REFUSALS]
    answer = await world.call("UpsertPersons", persons(*entries, person_number(1)))
    for position, (_, reason, field) in enumerate(PERSON_REFUSALS):
        error = read_status(answer.results[position].error)
        assert (error.reason, error.fields[0]) == (reason, f"persons[{position}].{field}")
    assert answer.results[-1].key
    assert len(await rows(world, "SELECT person_id FROM identity.person")) == 1


async def test_a_shape_that_breaks_the_contract_refuses_the_call(world):
    request = persons(person_number(1), person(name="张" * 400_000))
    refusal = await refused(world.stub.UpsertPersons(request, timeout=TIMEOUT_S))
    assert (refusal.code, refusal.reason) == ("INVALID_ARGUMENT", "FIELD_INVALID")
    assert refusal.fields == ["persons[1].name"]
    for entries in ([], [person_number(1)] * 501):
        refusal = await refused(world.stub.UpsertPersons(persons(*entries), timeout=TIMEOUT_S))
        assert refusal.fields == ["persons"]
    assert not await rows(world, "SELECT person_id FROM identity.person")


async def test_a_repeat_gets_the_first_answer_and_other_content_is_refused(world):
    request_id = ident()
    first = await world.call("UpsertPersons", persons(person(), request_id=request_id))
    await world.register(name="后来")
    assert await world.call("UpsertPersons", persons(person(), request_id=request_id)) == first
    assert (await world.verify()).masked_name == "后*"  # a replay writes nothing
    other = persons(person(name="别人"), request_id=request_id)
    refusal = await refused(world.stub.UpsertPersons(other, timeout=TIMEOUT_S))
    assert (refusal.code, refusal.reason) == ("ALREADY_EXISTS", "REQUEST_ID_REUSED")
    assert refusal.fields == ["request_id"]
    reused = institutions(institution(), request_id=request_id)
    refusal = await refused(world.stub.UpsertInstitutions(reused, timeout=TIMEOUT_S))
    assert refusal.reason == "REQUEST_ID_REUSED"


async def test_a_stored_request_cannot_be_guessed_at(world):
    request = persons(person())
    await world.call("UpsertPersons", request)
    plain = hashlib.sha256(request.SerializeToString(deterministic=True)).digest()
    stored = await rows(world, "SELECT request_hash FROM identity.request")
    assert len(stored[0]["request_hash"]) == 32
    assert stored[0]["request_hash"] != plain


async def test_the_same_persons_at_once_get_one_id_each(world):
    batches = [[person_number(n) for n in order] for order in (range(40), range(39, -1, -1))] * 3
    answers = await asyncio.gather(
        *(world.stub.UpsertPersons(persons(*batch), timeout=TIMEOUT_S) for batch in batches)
    )
    forward = [[result.key for result in answer.results] for answer in answers[::2]]
    backward = [[result.key for result in answer.results][::-1] for answer in answers[1::2]]
    assert len({tuple(keys) for keys in forward + backward}) == 1
    assert len(await rows(world, "SELECT person_id FROM identity.person")) == 40


async def test_card_states_follow_each_other(world):
    holder = await world.register()
    for state in ("ACTIVE", "LOST", "LOST", "ACTIVE", "CANCELLED", "CANCELLED"):
        number = person_pb2.CardState.Value(f"CARD_STATE_{state}")
        answer = await world.call("UpsertCards", cards(card(holder, state=number)))
        assert reasons(answer) == [""]
    back = cards(card(holder, state=person_pb2.CARD_STATE_ACTIVE))
    answer = await world.call("UpsertCards", back)
    error = read_status(answer.results[0].error)
    assert (error.code, error.reason) == ("FAILED_PRECONDITION", "CARD_CANCELLED")
    assert error.fields == ["cards[0].state"]
    changes = await rows(world, "SELECT state FROM identity.card_state_change ORDER BY change_id")
    assert [row["state"] for row in changes] == ["ACTIVE", "LOST", "ACTIVE", "CANCELLED"]


async def test_card_entries_are_refused_one_by_one(world):
    holder = await world.register()
    other = (await world.call("UpsertPersons", persons(person_number(2)))).results[0].key
    answer = await world.call(
        "UpsertCards",
        cards(
            card(holder),
            card(other),
            card(ident(), card_number="B12345678"),
            card(holder, card_number="卡12345678"),
            card(holder, card_number="C12345678", issuing_region_code="659999"),
            card(other, card_number="D12345678"),
            card(holder, state=person_pb2.CARD_STATE_LOST),
        ),
    )
    assert reasons(answer) == [
        "",
        "PERSON_MISMATCH",
        "RESOURCE_NOT_FOUND",
        "FIELD_INVALID",
        "REGION_UNKNOWN",
        "",
        "",
    ]
    fields = [read_status(r.error).fields[0] for r in answer.results if r.HasField("error")]
    assert fields == [
        "cards[1].person_id",
        "cards[2].person_id",
        "cards[3].card_number",
        "cards[4].issuing_region_code",
    ]
    assert read_status(answer.results[2].error).metadata["resource"] == "person"
    states = await rows(world, "SELECT state FROM identity.card ORDER BY state")
    assert [row["state"] for row in states] == ["ACTIVE", "LOST"]


async def test_a_card_call_is_replayed_too(world):
    holder = await world.register()
    request = cards(card(holder))
    first = await world.call("UpsertCards", request)
    await world.call("UpsertCards", cards(card(holder, state=person_pb2.CARD_STATE_LOST)))
    assert await world.call("UpsertCards", request) == first
    refusal = await refused(world.verify(person_pb2.CREDENTIAL_TYPE_CARD, CARD))
    assert refusal.reason == "CARD_LOST"


async def test_state_changes_cannot_be_altered(world):
    await world.give_card(await world.register())
    for statement in (
        "UPDATE identity.card_state_change SET state = 'LOST'",
        "DELETE FROM identity.card_state_change",
        "TRUNCATE identity.card_state_change",
    ):
        with pytest.raises(asyncpg.RestrictViolationError):
            await rows(world, statement)


async def test_an_institution_is_read_back_as_written(world):
    written = institution(price_level_code="03")
    answer = await world.call("UpsertInstitutions", institutions(written))
    assert answer.results[0].key == HOSPITAL
    request = pb.GetInstitutionRequest(institution_code=HOSPITAL)
    read = (await world.call("GetInstitution", request)).institution
    written.deductible_level_code = "02"  # empty means the hospital's level
    written.type = institution_pb2.INSTITUTION_TYPE_HOSPITAL  # unspecified means what the code says
    assert read == written
    chronic = institution(openings=[opening("14", disease="M07800"), opening("14")])
    await world.call("UpsertInstitutions", institutions(chronic))
    read = (await world.call("GetInstitution", request)).institution
    assert list(read.openings) == list(chronic.openings)
    fewer = institution(openings=[opening("41")])
    await world.call("UpsertInstitutions", institutions(fewer))
    read = (await world.call("GetInstitution", request)).institution
    assert [o.medical_type_code for o in read.openings] == ["41"]


# A row each; one database for all, because making one takes longer than asking.
INSTITUTION_REFUSALS = [
    ({"institution_code": "H99010400001"}, "FIELD_INVALID", "institution_code"),
    ({"region_code": "649999"}, "REGION_UNKNOWN", "region_code"),
    ({"region_code": "650100"}, "FIELD_INVALID", "region_code"),
    ({"name": "\u200b医院"}, "FIELD_INVALID", "name"),
    ({"openings": [opening("17")]}, "FIELD_INVALID", "openings[0].medical_type_code"),
    (
        {"openings": [opening("11", day(2020, 1, 1), day(2019, 1, 1))]},
        "FIELD_INVALID",
        "openings[0].end_date",
    ),
    (
        {"openings": [opening("11", day(2020, 13, 1))]},
        "FIELD_INVALID",
        "openings[0].begin_date",
    ),
    (
        {"institution_code": "P64010400001"},
        "FIELD_INVALID",
        "openings[0].medical_type_code",
    ),
    (
        {"openings": [opening("21", disease="M07800")]},
        "FIELD_INVALID",
        "openings[0].disease_code",
    ),
    (
        {"openings": [opening("14"), opening("14", disease="M99999")]},
        "DISEASE_CODE_UNKNOWN",
        "openings[1].disease_code",
    ),
]


async def test_an_institution_entry_is_refused(world):
    entries = [institution(**changes) for changes, _, _ in INSTITUTION_REFUSALS]
    answer = await world.call("UpsertInstitutions", institutions(*entries))
    for position, (_, reason, field) in enumerate(INSTITUTION_REFUSALS):
        error = read_status(answer.results[position].error)
        assert (error.reason, error.fields[0]) == (reason, f"institutions[{position}].{field}")
    assert not await rows(world, "SELECT institution_code FROM identity.institution")


async def test_an_unknown_institution(world):
    request = pb.GetInstitutionRequest(institution_code=HOSPITAL)
    refusal = await refused(world.stub.GetInstitution(request, timeout=TIMEOUT_S))
    assert (refusal.code, refusal.reason) == ("NOT_FOUND", "INSTITUTION_UNKNOWN")
    assert refusal.fields == ["institution_code"]


async def test_institutions_are_listed_in_pages(world):
    codes = [f"H640104{n:05d}" for n in range(1, 8)]
    entries = [institution(institution_code=code) for code in reversed(codes)]
    other = institution(institution_code="H11010500001", region_code="110105")
    await world.call("UpsertInstitutions", institutions(*entries, other))
    request = pb.ListInstitutionsRequest(page_size=3, region_code="640000")
    listed = []
    while True:
        answer = await world.call("ListInstitutions", request)
        listed += [entry.institution_code for entry in answer.institutions]
        if not answer.next_page_token:
            break
        request.page_token = answer.next_page_token
    assert listed == codes
    request.region_code = "640100"  # the token is of another filter
    refusal = await refused(world.stub.ListInstitutions(request, timeout=TIMEOUT_S))
    assert (refusal.code, refusal.reason) == ("INVALID_ARGUMENT", "PAGE_TOKEN_INVALID")


# A row each; one database for all, because making one takes longer than asking.
FILTERS = [
    ({}, 3),
    ({"region_code": "640000"}, 2),
    ({"region_code": "640100"}, 1),
    ({"region_code": "640202"}, 1),
    ({"region_code": "640201"}, 0),
    ({"medical_type_code": "21"}, 3),
    ({"medical_type_code": "11"}, 1),
    ({"medical_type_code": "41"}, 0),
    ({"page_size": 5000}, 3),
]


async def test_institutions_are_filtered(world):
    entries = [
        institution(),  # its outpatient opening is over
        institution(institution_code="H64020200001", region_code="640202"),
        institution(
            institution_code="H11010500001",
            region_code="110105",
            openings=[opening("21"), opening("11")],
        ),
    ]
    await world.call("UpsertInstitutions", institutions(*entries))
    for filters, count in FILTERS:
        answer = await world.call("ListInstitutions", pb.ListInstitutionsRequest(**filters))
        assert len(answer.institutions) == count, filters


# A row each; one database for all, because making one takes longer than asking.
LIST_REFUSALS = [
    ({"page_size": -1}, "FIELD_INVALID", "page_size"),
    ({"page_token": "!"}, "PAGE_TOKEN_INVALID", "page_token"),
    ({"medical_type_code": "17"}, "FIELD_INVALID", "medical_type_code"),
]


async def test_a_list_is_refused(world):
    made_up = pb.ListInstitutionsRequest()
    made_up.page_token = paging.write_token(made_up, ["\x00"])
    asked = [
        *((pb.ListInstitutionsRequest(**parts), *rest) for parts, *rest in LIST_REFUSALS),
        (made_up, "PAGE_TOKEN_INVALID", "page_token"),
    ]
    for request, reason, field in asked:
        refusal = await refused(world.stub.ListInstitutions(request, timeout=TIMEOUT_S))
        assert (refusal.reason, refusal.fields) == (reason, [field])


async def test_what_is_registered_is_not_in_the_names_of_keys(world):
    holder = await world.give_card(await world.register())
    for text in (CERT, NAME, CARD):
        assert text not in holder


async def test_a_card_reported_twice_in_a_batch_has_both_in_its_history(world):
    holder = await world.register()
    states = [person_pb2.CARD_STATE_ACTIVE, person_pb2.CARD_STATE_LOST] * 2
    for _ in range(2):
        answer = await world.call("UpsertCards", cards(*(card(holder, state=s) for s in states)))
        assert [result.key for result in answer.results] == [holder] * 4
    found = await world.rows("SELECT state FROM identity.card_state_change ORDER BY change_id")
    assert [entry["state"] for entry in found] == ["ACTIVE", "LOST"] * 4

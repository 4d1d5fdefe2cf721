"""Nothing personal lies in the database, in an answer that need not hold it, in an error or a log.

Method: canary values go through every RPC, well-formed and malformed; then every column of every
table, every reply and every log line is searched for them.
"""

import asyncpg
import pytest

from tests.integration.identity.world import (
    CARD,
    CERT,
    NAME,
    batch,
    card,
    cards,
    ident,
    person,
    person_card,
    persons,
)
from tests.support.rpc import TIMEOUT_S, refused
from yijie.common.v1 import bill_pb2
from yijie.identity.v1 import card_service_pb2 as card_pb
from yijie.identity.v1 import card_service_pb2_grpc as card_rpc
from yijie.identity.v1 import identity_service_pb2 as pb
from yijie.identity.v1 import person_pb2

pytestmark = pytest.mark.postgres

BAD_CERT = CERT[:-1] + "1"
ELECTRONIC, REPLACING = "E70000001", "F70000001"
CODE = "650100" + "C0FFEE" + "0" * 20
CANARIES = (
    CERT,
    BAD_CERT,
    NAME,
    CARD,
    CERT[6:14],
    "1950-01-01",
    "金丝雀",
    ELECTRONIC,
    REPLACING,
    "C0FFEE",
)


def found_in(data: bytes) -> list[str]:
    return [canary for canary in CANARIES if canary.encode() in data]


async def columns_of(connection):
    return await connection.fetch(
        """SELECT table_name, column_name FROM information_schema.columns
            WHERE table_schema = 'identity'"""
    )


async def live_with_cards(world, holder):
    """Loads, replaces and lists cards; returns what was refused."""
    held = pb.PersonRow(
        person=person(),
        cards=[
            person_card(ELECTRONIC, kind=person_pb2.CARD_KIND_ELECTRONIC, recognition_code=CODE)
        ],
    )
    bad = pb.PersonRow(person=person(cert_number=BAD_CERT), cards=[person_card(CERT)])
    broken = pb.PersonRow(person=person(cert_type_code=CERT), cards=[person_card()])
    world.answers += await world.load(
        batch(held, bad, broken), batch(held, bad, broken, dry_run=True)
    )
    for purpose in (4, 8):
        asked = pb.LookUpPersonsRequest(cert_numbers=[CERT, BAD_CERT, NAME, CARD], purpose=purpose)
        await world.call("LookUpPersons", asked)
    stub = card_rpc.CardServiceStub(world.channel)
    done = card_pb.ReplaceCardRequest(
        request_id=ident(),
        card_number=ELECTRONIC,
        new_card_number=REPLACING,
        new_recognition_code=CODE,
        issuing_region_code="650100",
        kind=person_pb2.CARD_KIND_ELECTRONIC,
    )
    await stub.ReplaceCard(done, timeout=TIMEOUT_S)
    listed = card_pb.ListCardChangesRequest(person_id=holder)
    world.answers.append(await stub.ListCardChanges(listed, timeout=TIMEOUT_S))
    done.request_id = ident()
    unknown = card_pb.ChangeCardStateRequest(
        request_id=ident(), card_number=NAME, change=2, agency_region_code="650100"
    )
    return [
        await refused(stub.ReplaceCard(done, timeout=TIMEOUT_S)),
        await refused(stub.ChangeCardState(unknown, timeout=TIMEOUT_S)),
    ]


async def test_canaries_stay_inside(world):
    holder = await world.give_card(await world.register())
    token = (
        await world.call("IssueCredentialToken", pb.IssueCredentialTokenRequest(person_id=holder))
    ).token
    await world.open_hospital()
    # Entries and calls that are refused, each with a canary inside.
    await world.call(
        "UpsertPersons", persons(person(cert_number=BAD_CERT), person(sex=bill_pb2.SEX_MALE))
    )
    await world.call("UpsertCards", cards(card(ident()), card(holder, card_number=CERT)))
    attempts = (
        world.stub.UpsertPersons(persons(person(cert_type_code=CERT)), timeout=TIMEOUT_S),
        world.stub.UpsertPersons(persons(person(), request_id=NAME), timeout=TIMEOUT_S),
        world.verify(number=BAD_CERT),
        world.verify(person_pb2.CREDENTIAL_TYPE_CARD, CERT),
        world.verify(person_pb2.CREDENTIAL_TYPE_CARD, NAME),
        world.verify(person_pb2.CREDENTIAL_TYPE_E_CREDENTIAL, CARD),
        world.verify(sex=bill_pb2.SEX_MALE),
        world.verify(institution_code=CERT),
        world.verify(scheme_code=CERT),
        world.verify(person_id=CERT),
        world.verify(scheme_code="390"),
    )
    refusals = [await refused(attempt) for attempt in attempts]
    refusals += await live_with_cards(world, holder)
    await world.verify(person_pb2.CREDENTIAL_TYPE_E_CREDENTIAL, token)
    await world.verify(person_pb2.CREDENTIAL_TYPE_CARD, CARD)

    for refusal in refusals:
        assert not found_in(refusal.text.encode()), refusal.reason
    for answer in world.answers:
        assert not found_in(answer.SerializeToString()), type(answer).__name__
    lines = world.log.getvalue()
    assert len(lines.splitlines()) > 15
    assert not found_in(lines)
    assert token.encode() not in lines

    connection = await asyncpg.connect(world.dsn)
    try:
        columns = await columns_of(connection)
        assert len({row["table_name"] for row in columns}) == 16
        for table, column in columns:
            query = f'SELECT "{column}" AS value FROM identity."{table}"'  # noqa: S608
            values = await connection.fetch(query)
            for row in values:
                value = row["value"]
                data = value if isinstance(value, bytes) else str(value).encode()
                assert not found_in(data), f"{table}.{column}"
                assert token.encode() not in data, f"{table}.{column}"
    finally:
        await connection.close()

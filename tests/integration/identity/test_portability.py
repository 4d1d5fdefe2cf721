"""CheckPortability over the wire: a batch of credentials of every kind."""

import pytest

from tests.integration.identity.world import CARD, CERT, day, person_number, persons
from tests.support.rpc import TIMEOUT_S, refused
from yijie.identity.v1 import identity_service_pb2 as pb
from yijie.identity.v1 import person_pb2

pytestmark = pytest.mark.postgres

SERIAL = "650100" + "0" * 26
BY_ID = person_pb2.CREDENTIAL_TYPE_ID_NUMBER
BY_CARD = person_pb2.CREDENTIAL_TYPE_CARD
BY_TOKEN = person_pb2.CREDENTIAL_TYPE_E_CREDENTIAL


def asked(kind, number, **changes):
    return pb.PortabilityQuestion(
        credential=person_pb2.Credential(type=kind, number=number),
        **{"insured_region_code": "650100", **changes},
    )


async def check(world, *entries):
    request = pb.CheckPortabilityRequest(entries=entries)
    return (await world.stub.CheckPortability(request, timeout=TIMEOUT_S)).standings


def failed(standing):
    return {one.check_code: one.reason for one in standing.checks if not one.passed}


async def test_a_batch_is_answered_in_order(world):
    person_id = await world.register()
    await world.give_card(person_id, recognition_code=SERIAL)
    issued = await world.stub.IssueCredentialToken(
        pb.IssueCredentialTokenRequest(person_id=person_id), timeout=TIMEOUT_S
    )
    standings = await check(
        world,
        asked(BY_ID, CERT),
        asked(BY_CARD, CARD),
        asked(BY_TOKEN, issued.token),
        asked(BY_CARD, "A70000009"),
        asked(BY_ID, "650101195001010021"),
        asked(BY_CARD, CARD, insured_region_code="640100"),
        asked(BY_ID, CERT, on_date=day(2000, 1, 1)),
        asked(BY_CARD, CARD),
        asked(BY_TOKEN, "0" * 28),
    )
    unknown = "CREDENTIAL_UNKNOWN"
    nobody = {"card_state": unknown, "scheme": unknown}
    assert [failed(one) for one in standings] == [
        {},
        {},
        {},
        {"issuing_region": unknown, **nobody},
        {"number_format": "ID_NUMBER_INVALID", **nobody},
        {"scheme": "INSURANCE_NOT_IN_FORCE"},
        {"scheme": "INSURANCE_NOT_IN_FORCE"},
        {},
        nobody,
    ]
    holders = {0, 1, 2, 5, 6, 7}
    assert [one.person_id for one in standings] == [
        person_id if position in holders else "" for position in range(9)
    ]
    # The token was looked at, not taken.
    await world.verify(BY_TOKEN, issued.token)


async def test_a_card_that_no_reader_elsewhere_can_read(world):
    await world.give_card(await world.register(), state=person_pb2.CARD_STATE_LOST)
    (standing,) = await check(world, asked(BY_CARD, CARD))
    assert failed(standing) == {"number_format": "FIELD_INVALID", "card_state": "CARD_LOST"}


async def test_a_filing_batch_costs_few_statements(world):
    rows = [person_number(n) for n in range(300)]
    await world.call("UpsertPersons", persons(*rows))
    standings = await check(world, *(asked(BY_ID, row.cert_number) for row in rows))
    assert len({one.person_id for one in standings}) == 300
    logged = await world.rows(
        "SELECT count(*) AS n, count(DISTINCT transaction_id) AS transactions FROM identity.access"
        " WHERE method = 'CheckPortability' AND outcome = 'OK'"
    )
    assert (logged[0]["n"], logged[0]["transactions"]) == (300, 1)


@pytest.mark.parametrize(
    "changes",
    [
        {"insured_region_code": "65"},
        {"scheme_code": "x"},
        {"on_date": day(2026, 2, 30)},
        {"credential": None},
    ],
)
async def test_what_a_batch_is_refused_for(world, changes):
    entry = pb.PortabilityQuestion(
        **{
            "credential": person_pb2.Credential(type=BY_ID, number=CERT),
            "insured_region_code": "650100",
            **changes,
        }
    )
    refusal = await refused(check(world, entry))
    assert refusal.reason == "FIELD_INVALID"
    assert refusal.fields[0].startswith("entries[0].")

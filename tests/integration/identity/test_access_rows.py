"""Every RPC of identity that tells something of a person leaves a row in the access log.

Method: the methods come from the contracts, and each is either called here or named as one that
tells nothing of anybody: a new RPC belongs to neither, and fails.
"""

from __future__ import annotations

import pytest

from tests.integration.identity.world import CARD, CERT, HOSPITAL, batch, day, ident, row
from tests.support.rpc import TIMEOUT_S, refused
from yijie.identity.v1 import (
    access_pb2,
    access_service_pb2,
    card_service_pb2,
    card_service_pb2_grpc,
    identity_service_pb2,
    institution_service_pb2,
    person_pb2,
)

pytestmark = pytest.mark.postgres

FILING = access_pb2.ACCESS_PURPOSE_FILING
OF_CARDS = access_pb2.ACCESS_PURPOSE_CARD
NOBODY = "00000000-0000-0000-0000-000000000009"
CARD_METHODS = frozenset({"ChangeCardState", "ReplaceCard", "ListCardChanges"})
# What is wrong with an entry is answered for that one.
BY_ENTRY = frozenset({"LookUpPersons", "CheckInsurances", "CheckPortability"})
# Who registers brings what is registered, and is told no more than the key. The log and the signals
# name people by it alone. Institutions are public.
TELL_NOTHING = frozenset(
    {
        *("UpsertPersons", "UpsertCards", "LoadPersons", "ListAccesses", "SubscribeSignals"),
        *("UpsertInstitutions", "GetInstitution", "ListInstitutions", "SearchInstitutions"),
        *("SuspendInstitution", "ResumeInstitution"),
    }
)
PURPOSES = {
    "VerifyCredential": FILING,
    "LookUpPersons": FILING,
    "CheckInsurances": FILING,
    "CheckPortability": access_pb2.ACCESS_PURPOSE_PORTABILITY,
    "IssueCredentialToken": access_pb2.ACCESS_PURPOSE_ENQUIRY,
    **dict.fromkeys(CARD_METHODS, OF_CARDS),
}


def methods() -> set[str]:
    files = (
        identity_service_pb2,
        card_service_pb2,
        access_service_pb2,
        institution_service_pb2,
    )
    return {
        method.name
        for file in files
        for service in file.DESCRIPTOR.services_by_name.values()
        for method in service.methods
    }


def request_of(method: str, person_id: str, *, cert: str = CERT, card: str = CARD):
    """A request about one person, or about nobody."""
    pb = identity_service_pb2
    credential = person_pb2.Credential(type=person_pb2.CREDENTIAL_TYPE_ID_NUMBER, number=cert)
    question = {"insured_region_code": "650100", "on_date": day(2026, 11, 20)}
    requests = {
        "VerifyCredential": lambda: pb.VerifyCredentialRequest(
            credential=credential, business_date=day(2026, 11, 20), purpose=FILING
        ),
        "LookUpPersons": lambda: pb.LookUpPersonsRequest(cert_numbers=[cert], purpose=FILING),
        "CheckInsurances": lambda: pb.CheckInsurancesRequest(
            entries=[pb.InsuranceQuestion(person_id=person_id, **question)], purpose=FILING
        ),
        "CheckPortability": lambda: pb.CheckPortabilityRequest(
            entries=[pb.PortabilityQuestion(credential=credential, **question)]
        ),
        "IssueCredentialToken": lambda: pb.IssueCredentialTokenRequest(person_id=person_id),
        "ChangeCardState": lambda: card_service_pb2.ChangeCardStateRequest(
            request_id=ident(), card_number=card, change=2, agency_region_code="650100"
        ),
        "ReplaceCard": lambda: card_service_pb2.ReplaceCardRequest(
            request_id=ident(),
            card_number=card,
            new_card_number="B70000002",
            issuing_region_code="650100",
        ),
        "ListCardChanges": lambda: card_service_pb2.ListCardChangesRequest(person_id=person_id),
    }
    return requests[method]()


def call(world, method, request):
    stub = card_service_pb2_grpc.CardServiceStub(world.channel)
    return getattr(stub if method in CARD_METHODS else world.stub, method)(
        request, timeout=TIMEOUT_S
    )


async def rows_of(world, method):
    return await world.rows(
        "SELECT a.person_id::text, a.purpose, coalesce(o.outcome, a.outcome) AS outcome"
        "  FROM identity.access a LEFT JOIN identity.access_outcome o USING (access_id)"
        " WHERE a.method = $1 ORDER BY a.access_id",
        method,
    )


def test_every_method_is_looked_at():
    assert methods() == TELL_NOTHING | set(PURPOSES)


@pytest.mark.parametrize("method", sorted(PURPOSES))
async def test_a_call_about_a_person_leaves_a_row(world, method):
    person_id = await world.give_card(await world.register())
    request = request_of(method, person_id)
    await call(world, method, request)
    expected = (person_id, PURPOSES[method], "OK")
    assert [tuple(one) for one in await rows_of(world, method)] == [expected]
    # Asked again it tells again, a stored answer too.
    await call(world, method, request)
    assert [tuple(one) for one in await rows_of(world, method)] == [expected, expected]


@pytest.mark.parametrize("method", sorted(set(PURPOSES) - {"ListCardChanges"}))
async def test_a_call_about_nobody_leaves_a_row_too(world, method):
    attempt = call(world, method, request_of(method, NOBODY, card="Z99999999"))
    if method in BY_ENTRY:
        await attempt
    else:
        await refused(attempt)
    (found,) = await rows_of(world, method)
    assert found["outcome"] != "OK"
    assert found["person_id"] is None


async def test_a_refusal_for_a_card_names_its_holder(world):
    person_id = await world.give_card(await world.register())
    lost = request_of("ChangeCardState", person_id)
    await call(world, "ChangeCardState", lost)
    lost.request_id = ident()
    await refused(call(world, "ChangeCardState", lost))
    outcomes = [tuple(one) for one in await rows_of(world, "ChangeCardState")]
    assert outcomes == [(person_id, OF_CARDS, "OK"), (person_id, OF_CARDS, "CARD_STATE_FORBIDS")]


async def test_who_registers_is_told_nothing_but_the_key(world):
    """What lets the registering methods go without a row."""
    await world.register()
    await world.load(batch(row(1)), batch(row(1), dry_run=True))
    for answer in world.answers:
        for result in answer.results:
            assert len(result.key) == 36
    assert await world.rows("SELECT FROM identity.access") == []
    assert HOSPITAL not in repr(world.answers)

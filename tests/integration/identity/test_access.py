"""The access log: who looked up whom, and why; never a name, never a number."""

import contextlib
import functools

import asyncpg
import grpc
import pytest

from services.identity.access_store import Access, Lookup, write_accesses
from services.identity.app import running
from services.identity.config import Config
from services.kit import log
from services.kit.clock import SystemClock
from services.kit.config import load
from services.kit.db import DatabaseConfig, open_database
from tests.integration.identity.world import (
    CARD,
    CERT,
    FIELD_KEY,
    HOSPITAL,
    INDEX_KEY,
    day,
    ident,
    verification,
)
from tests.support.certificates import Authority
from tests.support.rpc import TIMEOUT_S, refused
from yijie.identity.v1 import (
    access_pb2,
    card_service_pb2,
    card_service_pb2_grpc,
    institution_service_pb2,
    institution_service_pb2_grpc,
    person_pb2,
)
from yijie.identity.v1 import access_service_pb2 as pb
from yijie.identity.v1 import access_service_pb2_grpc as rpc
from yijie.identity.v1 import identity_service_pb2 as identity_pb
from yijie.identity.v1 import identity_service_pb2_grpc as identity_rpc

pytestmark = pytest.mark.postgres

SETTLEMENT = access_pb2.ACCESS_PURPOSE_SETTLEMENT
FILING = access_pb2.ACCESS_PURPOSE_FILING
LOST = person_pb2.CARD_STATE_LOST
BY_CARD = person_pb2.CREDENTIAL_TYPE_CARD


@pytest.fixture
def accesses(world):
    stub = rpc.AccessServiceStub(world.channel)

    async def listed(**wanted):
        return await stub.ListAccesses(pb.ListAccessesRequest(**wanted), timeout=TIMEOUT_S)

    return listed


async def test_a_proof_is_logged(world, accesses):
    person_id = await world.register()
    await world.open_hospital()
    await world.verify(institution_code=HOSPITAL, medical_type_code="21", purpose=SETTLEMENT)
    (access,) = (await accesses(person_id=person_id)).accesses
    assert access.method == "VerifyCredential"
    assert (access.outcome, access.purpose) == ("OK", SETTLEMENT)
    assert (access.person_id, access.institution_code) == (person_id, HOSPITAL)
    assert (access.caller_region_code, access.caller_role) == ("", "")
    assert access.access_time.ToDatetime() == world.clock.now().replace(tzinfo=None)


async def test_refusals_are_logged_by_what_was_answered(world, accesses):
    person_id = await world.register()
    await world.open_hospital()
    await world.give_card(person_id, state=LOST)
    await refused(world.verify(institution_code=HOSPITAL, medical_type_code="13"))
    await refused(world.verify(sex=1, institution_code=HOSPITAL))
    await refused(world.verify(scheme_code="390", institution_code=HOSPITAL))
    await refused(world.verify(BY_CARD, CARD, institution_code=HOSPITAL))
    await refused(world.verify(institution_code="H64010499999"))
    found = (await accesses(person_id=person_id)).accesses
    assert [access.outcome for access in found] == [
        "INSTITUTION_UNKNOWN",
        "CARD_LOST",
        "INSURANCE_NOT_IN_FORCE",
        "PERSON_MISMATCH",
        "INSTITUTION_NOT_OPEN",
    ]
    assert [access.access_id for access in found] == sorted(
        (access.access_id for access in found), reverse=True
    )


async def test_a_look_up_that_found_nobody_is_logged_without_a_person(world, accesses):
    await world.open_hospital()
    await refused(world.verify(institution_code=HOSPITAL))
    (access,) = (await accesses(institution_code=HOSPITAL)).accesses
    assert (access.person_id, access.outcome) == ("", "CREDENTIAL_UNKNOWN")


async def test_every_method_that_looks_up_is_logged(world, accesses):
    person_id = await world.register()
    await world.give_card(person_id)
    stub = world.stub
    token = await stub.IssueCredentialToken(
        identity_pb.IssueCredentialTokenRequest(person_id=person_id), timeout=TIMEOUT_S
    )
    await world.verify(person_pb2.CREDENTIAL_TYPE_E_CREDENTIAL, token.token)
    await stub.LookUpPersons(
        identity_pb.LookUpPersonsRequest(cert_numbers=[CERT], purpose=FILING), timeout=TIMEOUT_S
    )
    question = identity_pb.InsuranceQuestion(
        person_id=person_id, insured_region_code="650100", on_date=day(2026, 11, 20)
    )
    await stub.CheckInsurances(
        identity_pb.CheckInsurancesRequest(entries=[question], purpose=FILING), timeout=TIMEOUT_S
    )
    asked = identity_pb.PortabilityQuestion(
        credential=person_pb2.Credential(type=BY_CARD, number=CARD), insured_region_code="650100"
    )
    await stub.CheckPortability(
        identity_pb.CheckPortabilityRequest(entries=[asked]), timeout=TIMEOUT_S
    )
    found = (await accesses(person_id=person_id)).accesses
    assert [(access.method, access.purpose) for access in found] == [
        ("CheckPortability", access_pb2.ACCESS_PURPOSE_PORTABILITY),
        ("CheckInsurances", FILING),
        ("LookUpPersons", FILING),
        ("VerifyCredential", access_pb2.ACCESS_PURPOSE_UNSPECIFIED),
        ("IssueCredentialToken", access_pb2.ACCESS_PURPOSE_ENQUIRY),
    ]


async def test_pages_of_the_log_are_one_list(world, accesses):
    person_id = await world.register()
    for _ in range(5):
        await world.verify()
    seen, token = [], ""
    while True:
        answer = await accesses(person_id=person_id, page_size=2, page_token=token)
        seen += [access.access_id for access in answer.accesses]
        token = answer.next_page_token
        if not token:
            break
    assert len(seen) == len(set(seen)) == 5
    assert seen == sorted(seen, reverse=True)


async def test_somebody_must_be_named(world, accesses):
    refusal = await refused(accesses())
    assert (refusal.reason, refusal.fields) == ("FIELD_INVALID", ["person_id"])
    refusal = await refused(accesses(person_id=CERT))
    assert refusal.reason == "FIELD_INVALID"
    refusal = await refused(accesses(institution_code=HOSPITAL, page_token="x"))
    assert refusal.reason == "PAGE_TOKEN_INVALID"


async def test_the_log_is_append_only(world):
    await world.register()
    await world.verify()
    for table in ("access", "access_outcome", "signal", "institution_suspension_change"):
        for change in ("DELETE FROM identity.", "TRUNCATE identity."):
            with pytest.raises(asyncpg.RestrictViolationError):
                await world.rows(f"{change}{table}")


async def test_a_look_up_does_not_wait_for_the_disk_and_a_transaction_does(dsn):
    lookup = Lookup(
        method="LookUpPersons", caller_region="", caller_role="", purpose=4, trace_id=None
    )
    now = SystemClock().now()
    async with open_database(load(DatabaseConfig, {"YIJIE_DSN": dsn}), "identity") as database:
        await database.execute("/* t.o */ SELECT set_config('synchronous_commit', 'on', false)")

        async def setting(connection):
            row = await connection.fetchrow(
                "/* t.s */ SELECT current_setting('synchronous_commit') AS it"
            )
            return row["it"]

        async def work(connection, *, in_transaction):
            await connection.execute("/* t.o */ SET LOCAL synchronous_commit = 'on'")
            await write_accesses(
                connection, lookup, [Access(None, "OK")], now=now, in_transaction=in_transaction
            )
            return await setting(connection)

        kept = await database.run("t", functools.partial(work, in_transaction=True))
        given_up = await database.run("t", functools.partial(work, in_transaction=False))
        assert (kept, given_up) == ("on", "off")


@pytest.fixture
async def behind_tls(dsn, monkeypatch):
    """Serves identity behind mutual TLS; gives what opens a stub with the URI of a caller."""
    authority = Authority()
    make = grpc.aio.server

    def secured(*arguments, **options):
        server = make(*arguments, **options)
        monkeypatch.setattr(
            server,
            "add_insecure_port",
            lambda _: server.add_secure_port("localhost:0", authority.server_credentials()),
        )
        return server

    @contextlib.asynccontextmanager
    async def channel_of(address, uri):
        target = f"localhost:{address.rpartition(':')[2]}"
        async with grpc.aio.secure_channel(target, authority.client_credentials(uri)) as channel:
            yield channel

    environ = {
        "YIJIE_DSN": dsn,
        "YIJIE_DATA_KEY": FIELD_KEY,
        "YIJIE_INDEX_KEY": INDEX_KEY,
        "YIJIE_DRAIN_GRACE_S": "1",
    }
    log.configure("identity", "error")
    with monkeypatch.context() as patch:
        patch.setattr(grpc.aio, "server", secured)
        async with running(load(Config, environ)) as server:
            yield functools.partial(channel_of, server.address)


async def test_the_caller_is_the_certificate_and_sees_its_own(behind_tls):
    elsewhere = "H65010200001"
    request = verification(person_pb2.CREDENTIAL_TYPE_ID_NUMBER, CERT)
    for region, institution in (("640000", HOSPITAL), ("650000", elsewhere)):
        async with behind_tls(f"spiffe://yijie/region/{region}/role/agency") as channel:
            request.institution_code = institution
            stub = identity_rpc.IdentityServiceStub(channel)
            await refused(stub.VerifyCredential(request, timeout=TIMEOUT_S))
    async with behind_tls("spiffe://yijie/region/640000/role/agency") as channel:
        stub = rpc.AccessServiceStub(channel)
        own = await listed_by(stub, caller_region_code="640000")
        assert [access.caller_role for access in own.accesses] == ["agency"]
        assert len((await listed_by(stub, institution_code=HOSPITAL)).accesses) == 1
        for foreign in (
            {"institution_code": elsewhere},
            {"caller_region_code": "650000"},
            {"person_id": "00000000-0000-0000-0000-000000000001"},
        ):
            assert (await refused(listed_by(stub, **foreign))).reason == "CALLER_NOT_ALLOWED"
        stream = stub.SubscribeSignals(pb.SubscribeSignalsRequest(), timeout=TIMEOUT_S)
        assert (await refused(stream.read())).reason == "CALLER_NOT_ALLOWED"
        await may_suspend_only_at_home(channel, elsewhere)
    async with behind_tls("spiffe://yijie/region/000000/role/hub") as channel:
        stub = rpc.AccessServiceStub(channel)
        assert len((await listed_by(stub, institution_code=elsewhere)).accesses) == 1
        stream = stub.SubscribeSignals(pb.SubscribeSignalsRequest(), timeout=TIMEOUT_S)
        assert (await stream.read()).cursor == ""
        stream.cancel()


async def listed_by(stub, **wanted):
    return await stub.ListAccesses(pb.ListAccessesRequest(**wanted), timeout=TIMEOUT_S)


async def may_suspend_only_at_home(channel, elsewhere):
    directory = institution_service_pb2_grpc.InstitutionServiceStub(channel)
    for code, reason in (
        (elsewhere, "CALLER_NOT_ALLOWED"),
        (HOSPITAL, "INSTITUTION_UNKNOWN"),
    ):
        request = institution_service_pb2.SuspendInstitutionRequest(
            request_id=ident(),
            institution_code=code,
            suspension={"begin_date": day(2026, 11, 1), "reason": "违规整改"},
        )
        attempt = directory.SuspendInstitution(request, timeout=TIMEOUT_S)
        assert (await refused(attempt)).reason == reason


async def test_nobody_is_answered_what_is_not_logged(world):
    """The log cannot be written: every way to a person is closed, and a token stays as it was."""
    person_id = await world.register()
    await world.give_card(person_id)
    issue = identity_pb.IssueCredentialTokenRequest(person_id=person_id)
    token = (await world.call("IssueCredentialToken", issue)).token
    by_token = person_pb2.CREDENTIAL_TYPE_E_CREDENTIAL
    change = card_service_pb2.ChangeCardStateRequest(
        request_id=ident(), card_number=CARD, change=2, agency_region_code="650100"
    )
    on = day(2026, 11, 20)
    credential = person_pb2.Credential(type=BY_CARD, number=CARD)
    cards = card_service_pb2_grpc.CardServiceStub(world.channel)
    ways = [
        (cards.ListCardChanges, card_service_pb2.ListCardChangesRequest(person_id=person_id)),
        (world.stub.IssueCredentialToken, issue),
        (
            world.stub.LookUpPersons,
            identity_pb.LookUpPersonsRequest(cert_numbers=[CERT], purpose=FILING),
        ),
        (
            world.stub.CheckInsurances,
            identity_pb.CheckInsurancesRequest(
                entries=[{"person_id": person_id, "insured_region_code": "650100", "on_date": on}],
                purpose=FILING,
            ),
        ),
        (
            world.stub.CheckPortability,
            identity_pb.CheckPortabilityRequest(
                entries=[{"credential": credential, "insured_region_code": "650100"}]
            ),
        ),
        (
            world.stub.VerifyCredential,
            verification(person_pb2.CREDENTIAL_TYPE_ID_NUMBER, CERT),
        ),
        (world.stub.VerifyCredential, verification(BY_CARD, CARD)),
        (world.stub.VerifyCredential, verification(by_token, token, use_id=ident())),
        (cards.ChangeCardState, change),
    ]
    before = await world.rows("SELECT FROM identity.access")
    await world.rows(
        """CREATE TRIGGER broken BEFORE INSERT ON identity.access
           FOR EACH STATEMENT EXECUTE FUNCTION identity.refuse_change()"""
    )
    for method, request in ways:
        refusal = await refused(method(request, timeout=TIMEOUT_S))
        assert refusal.code == "INTERNAL", request
        assert not {person_id, CERT, CARD} & set(refusal.text.split())
    await world.rows("DROP TRIGGER broken ON identity.access")
    assert await world.rows("SELECT FROM identity.access") == before
    for method, request in ways:
        if method is not world.stub.VerifyCredential or request.credential.number == token:
            await method(request, timeout=TIMEOUT_S)


async def test_every_rpc_that_names_a_person_is_known(world):
    """A new method must be put on one side: it is logged, or it tells nothing of a person."""
    registering = {"UpsertPersons", "UpsertCards", "LoadPersons"}
    directory = {"UpsertInstitutions", "GetInstitution", "ListInstitutions"}
    logged = {
        "IssueCredentialToken",
        "VerifyCredential",
        "LookUpPersons",
        "CheckInsurances",
        "CheckPortability",
    }
    services = identity_pb.DESCRIPTOR.services_by_name
    assert set(services["IdentityService"].methods_by_name) == registering | directory | logged
    cards = card_service_pb2.DESCRIPTOR.services_by_name["CardService"]
    assert set(cards.methods_by_name) == {"ChangeCardState", "ReplaceCard", "ListCardChanges"}


async def test_an_agency_reports_cards_in_its_own_name(behind_tls):
    """The history of a card says where it was reported: nobody writes another province there."""
    async with behind_tls("spiffe://yijie/region/640000/role/agency") as channel:
        cards = card_service_pb2_grpc.CardServiceStub(channel)
        for region, reason in (("640104", "CREDENTIAL_UNKNOWN"), ("650100", "CALLER_NOT_ALLOWED")):
            change = card_service_pb2.ChangeCardStateRequest(
                request_id=ident(), card_number=CARD, change=2, agency_region_code=region
            )
            replacement = card_service_pb2.ReplaceCardRequest(
                request_id=ident(),
                card_number=CARD,
                new_card_number="B70000001",
                issuing_region_code=region,
            )
            for call in (
                cards.ChangeCardState(change, timeout=TIMEOUT_S),
                cards.ReplaceCard(replacement, timeout=TIMEOUT_S),
            ):
                assert (await refused(call)).reason == reason

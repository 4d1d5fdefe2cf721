"""IssueCredentialToken and VerifyCredential: who it is, or the first reason that applies."""

import asyncpg
import pytest

from services.identity.app import running
from services.identity.config import Config
from services.kit import db
from services.kit.config import ConfigError, load
from tests.integration.identity.world import (
    BORN,
    CARD,
    CERT,
    FIELD_KEY,
    HOSPITAL,
    INDEX_KEY,
    day,
    ident,
    institution,
    insurance,
    opening,
    person_number,
    persons,
)
from tests.support.rpc import TIMEOUT_S, refused
from yijie.common.v1 import bill_pb2
from yijie.identity.v1 import identity_service_pb2 as pb
from yijie.identity.v1 import person_pb2

pytestmark = pytest.mark.postgres

TOKEN = person_pb2.CREDENTIAL_TYPE_E_CREDENTIAL
ID_NUMBER = person_pb2.CREDENTIAL_TYPE_ID_NUMBER
SOCIAL_CARD = person_pb2.CREDENTIAL_TYPE_CARD


async def issue(world, person_id):
    return await world.call(
        "IssueCredentialToken", pb.IssueCredentialTokenRequest(person_id=person_id)
    )


async def test_each_credential_proves_the_same_person(world):
    holder = await world.give_card(await world.register())
    token = (await issue(world, holder)).token
    assert len(token) == 28
    answers = [
        await world.verify(ID_NUMBER, CERT),
        await world.verify(SOCIAL_CARD, CARD),
        await world.verify(TOKEN, token),
    ]
    assert answers[0] == answers[1] == answers[2]
    answer = answers[0]
    assert answer.person_id == holder
    assert answer.masked_name == "古*****"
    assert (answer.sex, answer.birth_date) == (bill_pb2.SEX_FEMALE, BORN)
    assert list(answer.insurances) == [insurance()]
    assert not answer.HasField("institution")


async def test_a_token_lives_as_long_as_configured(world):
    holder = await world.register()
    issued = await issue(world, holder)
    lifetime = issued.expire_time.ToDatetime() - world.clock.now().replace(tzinfo=None)
    assert lifetime.total_seconds() == 300
    world.clock.pass_time(seconds=299)
    assert (await world.verify(TOKEN, issued.token)).person_id == holder
    world.clock.pass_time(seconds=1)
    refusal = await refused(world.verify(TOKEN, issued.token))
    assert (refusal.code, refusal.reason) == ("FAILED_PRECONDITION", "CREDENTIAL_EXPIRED")
    world.clock.pass_time(days=2)
    await issue(world, holder)  # removes what expired over a day ago
    refusal = await refused(world.verify(TOKEN, issued.token))
    assert (refusal.code, refusal.reason) == ("NOT_FOUND", "CREDENTIAL_UNKNOWN")


async def test_a_token_is_not_issued_to_nobody(world):
    request = pb.IssueCredentialTokenRequest(person_id=ident())
    refusal = await refused(world.stub.IssueCredentialToken(request, timeout=TIMEOUT_S))
    assert (refusal.code, refusal.reason) == ("NOT_FOUND", "RESOURCE_NOT_FOUND")
    assert refusal.metadata["resource"] == "person"


# A row each; one database for all, because making one takes longer than asking.
WRONG_NUMBERS = [
    (ID_NUMBER, "640104194403010026", "CREDENTIAL_UNKNOWN"),
    (SOCIAL_CARD, "B12345678", "CREDENTIAL_UNKNOWN"),
    (SOCIAL_CARD, CARD[:-1] + "2", "CREDENTIAL_UNKNOWN"),
    (TOKEN, "x" * 28, "CREDENTIAL_UNKNOWN"),
    (ID_NUMBER, "650101195001010021", "ID_NUMBER_INVALID"),
    (ID_NUMBER, CARD, "ID_NUMBER_INVALID"),
    (SOCIAL_CARD, CERT, "FIELD_INVALID"),
    (TOKEN, "x" * 27, "FIELD_INVALID"),
    (ID_NUMBER, "", "FIELD_INVALID"),
    (ID_NUMBER, "1" * 51, "FIELD_INVALID"),
]


async def test_a_number_that_proves_nothing(world):
    await world.give_card(await world.register())
    for kind, number, reason in WRONG_NUMBERS:
        refusal = await refused(world.verify(kind, number))
        assert (refusal.reason, refusal.fields) == (reason, ["credential.number"]), number


async def test_a_card_that_may_not_be_used(world):
    holder = await world.register()
    for state, reason in (
        (person_pb2.CARD_STATE_LOST, "CARD_LOST"),
        (person_pb2.CARD_STATE_CANCELLED, "CARD_CANCELLED"),
    ):
        await world.give_card(holder, state=state)
        refusal = await refused(world.verify(SOCIAL_CARD, CARD))
        assert (refusal.code, refusal.reason) == ("FAILED_PRECONDITION", reason)
        assert refusal.fields == ["credential.number"]
        assert refusal.zh
        # The person is not locked out: another credential of theirs is not the card.
        assert (await world.verify()).person_id == holder


async def test_the_claim_must_be_the_holders(world):
    holder = await world.register()
    other = (await world.call("UpsertPersons", persons(person_number(2)))).results[0].key
    sound = {"person_id": holder, "sex": bill_pb2.SEX_FEMALE, "birth_date": BORN}
    assert (await world.verify(**sound)).person_id == holder
    for wrong in (
        {"person_id": other},
        {"sex": bill_pb2.SEX_MALE},
        {"birth_date": day(1950, 1, 2)},
    ):
        refusal = await refused(world.verify(**{**sound, **wrong}))
        assert (refusal.code, refusal.reason) == ("FAILED_PRECONDITION", "PERSON_MISMATCH")
        assert refusal.fields == list(wrong)
        assert "1950" not in refusal.text


async def test_insurances_are_narrowed(world):
    employee = insurance(end_date=day(2026, 11, 20))
    resident = insurance(
        insured_region_code="131100",
        scheme_code="390",
        person_type_code="1501",
        begin_date=day(2026, 1, 1),
    )
    suspended = insurance(scheme_code="320", status=person_pb2.INSURANCE_STATUS_SUSPENDED)
    await world.register(insurances=[employee, resident, suspended])
    assert list((await world.verify()).insurances) == [employee, resident]
    assert list((await world.verify(scheme_code="390")).insurances) == [resident]
    assert list((await world.verify(insured_region_code="131199")).insurances) == [resident]
    later = await world.verify(business_date=day(2026, 11, 21))
    assert list(later.insurances) == [resident]
    earlier = await world.verify(business_date=day(2025, 6, 1))
    assert list(earlier.insurances) == [employee]
    refusal = await refused(world.verify(insured_region_code="131100", scheme_code="310"))
    assert (refusal.code, refusal.reason) == ("FAILED_PRECONDITION", "INSURANCE_NOT_IN_FORCE")
    assert refusal.metadata["schemeCode"] == "310"
    assert refusal.metadata["insuredRegionCode"] == "131100"
    refusal = await refused(world.verify(scheme_code="320"))
    assert refusal.reason == "INSURANCE_NOT_IN_FORCE"


async def test_the_institution_is_answered_when_it_is_open(world):
    await world.register()
    await world.open_hospital(deductible_level_code="03")
    answer = await world.verify(institution_code=HOSPITAL, medical_type_code="2101")
    assert answer.institution.hospital_level_code == "02"
    assert answer.institution.price_level_code == "02"
    assert answer.institution.deductible_level_code == "03"
    assert len(answer.institution.openings) == 2
    assert (await world.verify(institution_code=HOSPITAL)).institution == answer.institution


async def test_an_opening_is_for_a_disease_with_its_sub_types(world):
    await world.register()
    asked = {"institution_code": HOSPITAL, "medical_type_code": "140201", "disease_code": "M07803"}
    for disease in ("", "M07800", "M07803"):
        await world.open_hospital(openings=[opening("14", disease=disease)])
        answer = await world.verify(**asked)
        assert answer.institution.openings[0].disease_code == disease
    await world.open_hospital(openings=[opening("14", disease="M07804")])
    assert (await refused(world.verify(**asked))).reason == "DISEASE_NOT_OPEN"
    # Without the disease any opening for chronic diseases will do, and without type none is asked.
    await world.verify(institution_code=HOSPITAL, medical_type_code="14")
    await world.open_hospital(openings=[opening("11")])
    assert (await refused(world.verify(**asked))).reason == "INSTITUTION_NOT_OPEN"


# A row each; one database for all, because making one takes longer than asking.
REFUSALS = [
    (
        {"institution_code": "H64010400002"},
        "NOT_FOUND",
        "INSTITUTION_UNKNOWN",
        "institution_code",
    ),
    (
        {"institution_code": HOSPITAL, "medical_type_code": "11"},
        "FAILED_PRECONDITION",
        "INSTITUTION_NOT_OPEN",
        "medical_type_code",
    ),
    (
        {"institution_code": HOSPITAL, "medical_type_code": "41"},
        "FAILED_PRECONDITION",
        "INSTITUTION_NOT_OPEN",
        "medical_type_code",
    ),
    (
        {"institution_code": HOSPITAL, "medical_type_code": "17"},
        "INVALID_ARGUMENT",
        "FIELD_INVALID",
        "medical_type_code",
    ),
    (
        {"institution_code": HOSPITAL, "medical_type_code": "14", "disease_code": "M07804"},
        "FAILED_PRECONDITION",
        "DISEASE_NOT_OPEN",
        "disease_code",
    ),
    (
        {"institution_code": HOSPITAL, "medical_type_code": "14", "disease_code": "M99999"},
        "INVALID_ARGUMENT",
        "DISEASE_CODE_UNKNOWN",
        "disease_code",
    ),
    (
        {"institution_code": HOSPITAL, "medical_type_code": "21", "disease_code": "M07803"},
        "INVALID_ARGUMENT",
        "FIELD_INVALID",
        "disease_code",
    ),
    (
        {"institution_code": HOSPITAL, "medical_type_code": "14", "disease_code": "M0780"},
        "INVALID_ARGUMENT",
        "FIELD_INVALID",
        "disease_code",
    ),
    ({"business_date": day(2026, 2, 30)}, "INVALID_ARGUMENT", "FIELD_INVALID", "business_date"),
    ({"birth_date": day(2026, 0, 3)}, "INVALID_ARGUMENT", "FIELD_INVALID", "birth_date"),
]


async def test_a_verification_is_refused(world):
    await world.register()
    chronic = opening("14", disease="M07803")
    await world.open_hospital(openings=[*institution().openings, chronic])
    for parts, code, reason, field in REFUSALS:
        refusal = await refused(world.verify(**parts))
        assert (refusal.code, refusal.reason, refusal.fields) == (code, reason, [field])


async def test_a_missing_deadline_is_refused(world):
    request = pb.GetInstitutionRequest(institution_code=HOSPITAL)
    refusal = await refused(world.stub.GetInstitution(request))
    assert refusal.reason == "DEADLINE_REQUIRED"


async def test_one_round_trip_per_verification(world, monkeypatch):
    await world.give_card(await world.register())
    await world.open_hospital()
    asked = []
    fetchrow = db.Connection.fetchrow

    async def counted(self, query, *arguments):
        # The detector of signals has a loop of its own.
        if "signal" not in query:
            asked.append(db.query_name(query))
        return await fetchrow(self, query, *arguments)

    monkeypatch.setattr(db.Connection, "fetchrow", counted)
    token = (await issue(world, (await world.verify()).person_id)).token
    asked.clear()
    for kind, number in ((ID_NUMBER, CERT), (SOCIAL_CARD, CARD), (TOKEN, token)):
        await world.verify(kind, number, institution_code=HOSPITAL, medical_type_code="21")
    assert asked == ["identity.find_by_cert", "identity.find_by_card", "identity.find_by_token"]


async def test_a_record_moved_to_another_row_is_a_defect_that_tells_nothing(world):
    await world.register()
    await world.call("UpsertPersons", persons(person_number(2)))
    connection = await asyncpg.connect(world.dsn)
    try:
        await connection.execute(
            "UPDATE identity.person SET record = "
            "(SELECT record FROM identity.person AS o WHERE o.person_id <> person.person_id)"
        )
    finally:
        await connection.close()
    refusal = await refused(world.verify())
    assert (refusal.code, refusal.reason) == ("INTERNAL", "INTERNAL")
    assert CERT not in refusal.text


async def test_another_index_key_is_refused_at_start(world):
    await world.register()
    environ = {
        "YIJIE_DSN": world.dsn,
        "YIJIE_DATA_KEY": FIELD_KEY,
        "YIJIE_INDEX_KEY": FIELD_KEY,
    }
    with pytest.raises(ConfigError, match="YIJIE_INDEX_KEY"):
        async with running(load(Config, environ)):
            pass
    async with running(load(Config, {**environ, "YIJIE_INDEX_KEY": INDEX_KEY})) as again:
        assert again.address

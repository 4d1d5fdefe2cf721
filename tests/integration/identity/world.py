"""What the tests of identity talk to, and ready-made requests. All data is synthetic."""

import base64
import io
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import asyncpg
import grpc
from google.type.date_pb2 import Date

from services.kit import codes
from tests.support.rpc import TIMEOUT_S
from yijie.common.v1 import bill_pb2
from yijie.identity.v1 import identity_service_pb2 as pb
from yijie.identity.v1 import identity_service_pb2_grpc as rpc
from yijie.identity.v1 import institution_pb2, person_pb2

FIELD_KEY = base64.b64encode(bytes(range(32))).decode()
INDEX_KEY = base64.b64encode(bytes(range(32, 64))).decode()
NAME = "古丽·金丝雀"
CERT = "650101195001010020"
CARD = "A70000001"
BORN = Date(year=1950, month=1, day=1)
HOSPITAL = "H64010400001"


@dataclass
class SetClock:
    """A clock that stands until it is moved."""

    instant: datetime = datetime(2026, 11, 21, 2, tzinfo=UTC)

    def now(self):
        return self.instant

    def monotonic(self):
        return self.instant.timestamp()

    def pass_time(self, **parts):
        self.instant += timedelta(**parts)


@dataclass
class World:
    """The service under test and what surrounds it."""

    stub: rpc.IdentityServiceStub
    dsn: str
    clock: SetClock
    log: io.BytesIO
    channel: grpc.aio.Channel
    answers: list = field(default_factory=list)

    async def call(self, method, request):
        answer = await getattr(self.stub, method)(request, timeout=TIMEOUT_S)
        self.answers.append(answer)
        return answer

    async def rows(self, query, *arguments):
        """Asks the database itself."""
        connection = await asyncpg.connect(self.dsn)
        try:
            return await connection.fetch(query, *arguments)
        finally:
            await connection.close()

    async def load(self, *batches):
        """Sends batches of a bulk load down one stream; returns the answers."""
        call = self.stub.LoadPersons()
        for batch in batches:
            await call.write(batch)
        await call.done_writing()
        return [answer async for answer in call]

    async def register(self, **changes):
        """Registers one person and returns their id."""
        answer = await self.call("UpsertPersons", persons(person(**changes)))
        return answer.results[0].key

    async def give_card(self, person_id, **changes):
        answer = await self.call("UpsertCards", cards(card(person_id, **changes)))
        assert answer.results[0].key == person_id
        return person_id

    async def open_hospital(self, **changes):
        answer = await self.call("UpsertInstitutions", institutions(institution(**changes)))
        return answer.results[0].key

    def verify(self, kind=person_pb2.CREDENTIAL_TYPE_ID_NUMBER, number=CERT, **parts):
        return self.stub.VerifyCredential(verification(kind, number, **parts), timeout=TIMEOUT_S)


def ident():
    return str(uuid4())


def day(year, month, number):
    return Date(year=year, month=month, day=number)


def insurance(**changes):
    parts = {
        "insured_region_code": "650100",
        "scheme_code": "310",
        "person_type_code": "12",
        "status": person_pb2.INSURANCE_STATUS_NORMAL,
        "begin_date": day(2001, 1, 1),
    }
    return person_pb2.Insurance(**{**parts, **changes})


def person(**changes):
    parts = {
        "cert_type_code": "01",
        "cert_number": CERT,
        "name": NAME,
        "sex": bill_pb2.SEX_FEMALE,
        "birth_date": BORN,
        "insurances": [insurance()],
    }
    return person_pb2.Person(**{**parts, **changes})


def person_number(number):
    """Another valid person for each number: born on 1990-01-01 in Urumqi, female if even."""
    first17 = f"65010119900101{number:03d}"
    return person(
        cert_number=first17 + codes.check_digit(first17),
        name=f"示例{number}",
        sex=bill_pb2.SEX_MALE if number % 2 else bill_pb2.SEX_FEMALE,
        birth_date=day(1990, 1, 1),
    )


def persons(*entries, request_id=None):
    return pb.UpsertPersonsRequest(request_id=request_id or ident(), persons=entries)


def card(person_id, **changes):
    parts = {
        "card_number": CARD,
        "person_id": person_id,
        "issuing_region_code": "650100",
        "state": person_pb2.CARD_STATE_ACTIVE,
    }
    return person_pb2.Card(**{**parts, **changes})


def cards(*entries, request_id=None):
    return pb.UpsertCardsRequest(request_id=request_id or ident(), cards=entries)


def opening(medical_type="21", begin=None, end=None, disease=""):
    return institution_pb2.Opening(
        medical_type_code=medical_type,
        begin_date=begin or day(2017, 1, 1),
        end_date=end,
        disease_code=disease,
    )


def institution(**changes):
    parts = {
        "institution_code": HOSPITAL,
        "name": "示例医院",
        "region_code": "640104",
        "hospital_level_code": "02",
        "openings": [opening("21"), opening("11", day(2021, 12, 1), day(2025, 12, 31))],
    }
    return institution_pb2.Institution(**{**parts, **changes})


def institutions(*entries, request_id=None):
    return pb.UpsertInstitutionsRequest(request_id=request_id or ident(), institutions=entries)


def person_card(number=CARD, **changes):
    """A card in the row of its holder."""
    parts = {
        "card_number": number,
        "issuing_region_code": "650100",
        "state": person_pb2.CARD_STATE_ACTIVE,
    }
    return pb.PersonCard(**{**parts, **changes})


def row(number=0, *cards, **changes):
    """A row of a bulk load: another person for each number."""
    held = person_number(number)
    for name, value in changes.items():
        held.ClearField(name)
        held.MergeFrom(person_pb2.Person(**{name: value}))
    return pb.PersonRow(person=held, cards=cards)


def batch(*rows, request_id=None, dry_run=False):
    return pb.LoadPersonsRequest(request_id=request_id or ident(), dry_run=dry_run, rows=rows)


def verification(kind, number, **parts):
    asked = {
        "credential": person_pb2.Credential(type=kind, number=number),
        "business_date": day(2026, 11, 20),
    }
    return pb.VerifyCredentialRequest(**{**asked, **parts})

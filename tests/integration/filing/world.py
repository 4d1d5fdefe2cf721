"""What the tests of filing talk to, and ready-made requests. All data is synthetic."""

import io
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import asyncpg
from google.type.date_pb2 import Date

from tests.integration.identity.world import insurance, person_number, persons
from tests.support.rpc import TIMEOUT_S
from yijie.filing.v1 import filing_pb2
from yijie.filing.v1 import filing_service_pb2 as pb
from yijie.filing.v1 import filing_service_pb2_grpc as rpc
from yijie.identity.v1 import identity_service_pb2_grpc

XINJIANG, YINCHUAN, SHANGHAI = "650100", "640100", "310000"


@dataclass
class SetClock:
    """A clock that stands until it is moved."""

    instant: datetime = datetime(2026, 1, 1, 2, tzinfo=UTC)

    def now(self):
        return self.instant

    def monotonic(self):
        return self.instant.timestamp()

    def pass_time(self, **parts):
        self.instant += timedelta(**parts)


@dataclass
class World:
    """The service under test and what surrounds it."""

    stub: rpc.FilingServiceStub
    identity: identity_service_pb2_grpc.IdentityServiceStub
    dsn: str
    clock: SetClock
    log: io.BytesIO
    person: str = ""
    """Whose filings it is about unless a test says otherwise: insured in XINJIANG."""
    registered: list = field(default_factory=list)

    async def register(self, **changes):
        """Registers another person, insured in XINJIANG unless told otherwise; returns their id."""
        entry = person_number(len(self.registered) + 1)
        del entry.insurances[:]
        entry.insurances.append(insurance(**{"insured_region_code": XINJIANG, **changes}))
        answer = await self.identity.UpsertPersons(persons(entry), timeout=TIMEOUT_S)
        self.registered.append(answer.results[0].key)
        return self.registered[-1]

    async def rows(self, query, *arguments):
        connection = await asyncpg.connect(self.dsn)
        try:
            return await connection.fetch(query, *arguments)
        finally:
            await connection.close()

    def filing(self, **changes):
        return filing(**{"person_id": self.person, **changes})

    def submit(self, request_id=None, **changes):
        request = pb.SubmitFilingRequest(
            request_id=request_id or ident(), filing=self.filing(**changes)
        )
        return self.stub.SubmitFiling(request, timeout=TIMEOUT_S)

    def batch(self, *filings, request_id=None, dry_run=False):
        request = pb.SubmitFilingsRequest(
            request_id=request_id or ident(), filings=filings, dry_run=dry_run
        )
        return self.stub.SubmitFilings(request, timeout=TIMEOUT_S)

    def decide(self, filing_id, decision=pb.FILING_DECISION_APPROVE, **parts):
        request = pb.DecideFilingRequest(
            **{
                "request_id": ident(),
                "filing_id": filing_id,
                "decision": decision,
                "checker_id": "checker",
                **parts,
            }
        )
        return self.stub.DecideFiling(request, timeout=TIMEOUT_S)

    def change(self, filing_id, request_id=None, **changes):
        request = pb.ChangeFilingRequest(
            request_id=request_id or ident(), filing_id=filing_id, filing=self.filing(**changes)
        )
        return self.stub.ChangeFiling(request, timeout=TIMEOUT_S)

    def supplement(self, filing_id, *documents, **parts):
        request = pb.SupplementFilingRequest(
            **{
                "request_id": ident(),
                "filing_id": filing_id,
                "documents": documents,
                **parts,
            }
        )
        return self.stub.SupplementFiling(request, timeout=TIMEOUT_S)

    def revoke(self, filing_id, **parts):
        request = pb.RevokeFilingRequest(
            **{
                "request_id": ident(),
                "filing_id": filing_id,
                "maker_id": "finder",
                "checker_id": "checker",
                "reason": "居住地不实",
                **parts,
            }
        )
        return self.stub.RevokeFiling(request, timeout=TIMEOUT_S)

    async def submitted(self, **changes):
        self.clock.pass_time(milliseconds=1)  # ids sort by the millisecond of their making
        return (await self.submit(**changes)).filing

    def cancel(self, filing_id, request_id=None):
        request = pb.CancelFilingRequest(request_id=request_id or ident(), filing_id=filing_id)
        return self.stub.CancelFiling(request, timeout=TIMEOUT_S)

    def get(self, filing_id):
        return self.stub.GetFiling(pb.GetFilingRequest(filing_id=filing_id), timeout=TIMEOUT_S)

    def list(self, person_id=None, **parts):
        request = pb.ListFilingsRequest(person_id=person_id or self.person, **parts)
        return self.stub.ListFilings(request, timeout=TIMEOUT_S)

    def match(self, service_date=None, until=None, **parts):
        service_date = service_date or day(2026, 3, 10)
        asked = {
            "person_id": self.person,
            "insured_region_code": XINJIANG,
            "care_region_code": "640104",
            "service_date": service_date,
            "match_until_date": until or service_date,
        }
        request = pb.MatchFilingRequest(**{**asked, **parts})
        return self.stub.MatchFiling(request, timeout=TIMEOUT_S)


def ident():
    return str(uuid4())


def day(year, month, number):
    return Date(year=year, month=month, day=number)


def document(kind, document_id="D-1", issue_date=None):
    return filing_pb2.EvidenceDocument(kind=kind, document_id=document_id, issue_date=issue_date)


def filing(**changes):
    parts = {
        "insured_region_code": XINJIANG,
        "target_region_code": YINCHUAN,
        "type": filing_pb2.FILING_TYPE_RETIRED_SETTLED,
        "begin_date": day(2026, 1, 1),
        "evidence": filing_pb2.FILING_EVIDENCE_DOCUMENT,
    }
    return filing_pb2.Filing(**{**parts, **changes})

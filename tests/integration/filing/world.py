"""What the tests of filing talk to, and ready-made requests. All data is synthetic."""

import io
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import uuid4

from google.type.date_pb2 import Date

from tests.support.rpc import TIMEOUT_S
from yijie.filing.v1 import filing_pb2
from yijie.filing.v1 import filing_service_pb2 as pb
from yijie.filing.v1 import filing_service_pb2_grpc as rpc

PERSON = "0193b000-0000-7000-8000-000000000001"
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
    dsn: str
    clock: SetClock
    log: io.BytesIO

    def submit(self, request_id=None, **changes):
        request = pb.SubmitFilingRequest(request_id=request_id or ident(), filing=filing(**changes))
        return self.stub.SubmitFiling(request, timeout=TIMEOUT_S)

    async def submitted(self, **changes):
        self.clock.pass_time(milliseconds=1)  # ids sort by the millisecond of their making
        return (await self.submit(**changes)).filing

    def cancel(self, filing_id, request_id=None):
        request = pb.CancelFilingRequest(request_id=request_id or ident(), filing_id=filing_id)
        return self.stub.CancelFiling(request, timeout=TIMEOUT_S)

    def get(self, filing_id):
        return self.stub.GetFiling(pb.GetFilingRequest(filing_id=filing_id), timeout=TIMEOUT_S)

    def list(self, person_id=PERSON, **parts):
        request = pb.ListFilingsRequest(person_id=person_id, **parts)
        return self.stub.ListFilings(request, timeout=TIMEOUT_S)

    def match(self, service_date=None, until=None, **parts):
        service_date = service_date or day(2026, 3, 10)
        asked = {
            "person_id": PERSON,
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


def filing(**changes):
    parts = {
        "person_id": PERSON,
        "insured_region_code": XINJIANG,
        "target_region_code": YINCHUAN,
        "type": filing_pb2.FILING_TYPE_RETIRED_SETTLED,
        "begin_date": day(2026, 1, 1),
        "evidence": filing_pb2.FILING_EVIDENCE_DOCUMENT,
    }
    return filing_pb2.Filing(**{**parts, **changes})

"""What the tests of filing's feeds talk to: filing itself, and an identity and a settlement."""

from __future__ import annotations

import asyncio
import contextlib
import io
import time
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import uuid4

import asyncpg
import grpc

from services.filing.app import running
from services.filing.config import Config
from services.kit import log, wire
from services.kit.channel import open_channel
from services.kit.config import load
from tests.support.rpc import TIMEOUT_S
from yijie.filing.v1 import filing_feed_service_pb2 as feed_pb
from yijie.filing.v1 import filing_feed_service_pb2_grpc as feed_rpc
from yijie.filing.v1 import filing_pb2
from yijie.filing.v1 import filing_service_pb2 as pb
from yijie.filing.v1 import filing_service_pb2_grpc as rpc
from yijie.identity.v1 import identity_service_pb2, identity_service_pb2_grpc
from yijie.settlement.v1 import visit_pb2, visit_service_pb2, visit_service_pb2_grpc

KEY = "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="
XINJIANG, NINGXIA, SHANGHAI = "650000", "640000", "310000"
ADMITTED, TODAY = date(2026, 3, 10), date(2026, 3, 14)
REGISTERED = visit_pb2.VISIT_STATE_REGISTERED
DISCHARGED = visit_pb2.VISIT_STATE_DISCHARGED
SETTLED = visit_pb2.VISIT_STATE_SETTLED
CANCELLED = visit_pb2.VISIT_STATE_CANCELLED


@dataclass
class SetClock:
    """A clock whose day stands until it is moved."""

    instant: datetime = datetime(2026, 3, 14, 2, tzinfo=UTC)

    def now(self):
        return self.instant

    def monotonic(self):
        return time.monotonic()

    def pass_time(self, **parts):
        self.instant += timedelta(**parts)


class EverybodyInsured(identity_service_pb2_grpc.IdentityServiceServicer):
    """An identity in which everybody is insured wherever they are said to be."""

    async def CheckInsurances(self, request, context):
        del context
        return identity_service_pb2.CheckInsurancesResponse(
            standings=[identity_service_pb2.INSURANCE_STANDING_IN_FORCE] * len(request.entries)
        )


class Stays(visit_service_pb2_grpc.VisitServiceServicer):
    """A settlement with nothing but its feed of stays."""

    def __init__(self):
        self.journal: list[Any] = []
        self._grown = asyncio.Condition()

    async def tell(self, *admissions):
        """Adds events and wakes the streams."""
        now = wire.write_time(datetime.now(UTC))
        self.journal += [
            visit_service_pb2.AdmissionEvent(event_time=now, admission=one) for one in admissions
        ]
        async with self._grown:
            self._grown.notify_all()

    async def SubscribeAdmissions(self, request, context):
        del context
        position = int(request.after_cursor or "0")
        while True:
            events = self.journal[position : position + 3]
            position += len(events)
            yield visit_service_pb2.SubscribeAdmissionsResponse(
                events=events, cursor=str(position) if position else ""
            )
            if position == len(self.journal):
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(0.05), self._grown:
                        await self._grown.wait()


@contextlib.asynccontextmanager
async def parties(stays):
    """Serves identity and settlement; gives the port."""
    server = grpc.aio.server(options=[("grpc.so_reuseport", 0)])
    identity_service_pb2_grpc.add_IdentityServiceServicer_to_server(EverybodyInsured(), server)
    visit_service_pb2_grpc.add_VisitServiceServicer_to_server(stays, server)
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    try:
        yield port
    finally:
        await server.stop(0)


@dataclass
class World:
    """Filing and what surrounds it."""

    filings: rpc.FilingServiceStub
    feeds: feed_rpc.FilingFeedServiceStub
    stays: Stays
    dsn: str
    clock: SetClock
    log: io.BytesIO
    address: str
    settlement: str

    async def submit(self, person, **changes):
        """Files; gives the filing."""
        request = pb.SubmitFilingRequest(request_id=ident(), filing=filing(person, **changes))
        return (await self.filings.SubmitFiling(request, timeout=TIMEOUT_S)).filing

    async def cancel(self, filing_id):
        request = pb.CancelFilingRequest(request_id=ident(), filing_id=filing_id)
        await self.filings.CancelFiling(request, timeout=TIMEOUT_S)

    async def acknowledge(self, province, *acknowledgements, request_id=None):
        request = feed_pb.AcknowledgeFilingsRequest(
            request_id=request_id or ident(),
            care_province_code=province,
            acknowledgements=acknowledgements,
        )
        return (await self.feeds.AcknowledgeFilings(request, timeout=TIMEOUT_S)).results

    async def list_warnings(self, **parts):
        request = feed_pb.ListWarningsRequest(**parts)
        return await self.feeds.ListWarnings(request, timeout=TIMEOUT_S)

    async def summarize(self, **parts):
        request = feed_pb.SummarizeFilingsRequest(
            begin_date=wire.write_date(TODAY), end_date=wire.write_date(TODAY), **parts
        )
        return (await self.feeds.SummarizeFilings(request, timeout=TIMEOUT_S)).statistics

    async def filing_events(self, count, after="", **parts):
        """The next events of the filing feed, and the cursor after them."""
        request = feed_pb.SubscribeFilingsRequest(after_cursor=after, **parts)
        return await take(self.feeds.SubscribeFilings(request), count)

    async def warning_events(self, count, after="", **parts):
        """The next events of the warning feed, and the cursor after them."""
        request = feed_pb.SubscribeWarningsRequest(after_cursor=after, **parts)
        return await take(self.feeds.SubscribeWarnings(request), count)

    async def rows(self, query, *arguments):
        connection = await asyncpg.connect(self.dsn, server_settings={"search_path": "filing"})
        try:
            return await connection.fetch(query, *arguments)
        finally:
            await connection.close()


@contextlib.asynccontextmanager
async def opened(dsn, clock=None, **settings):
    """Serves filing between an identity and a settlement."""
    clock, stays, lines = clock or SetClock(), Stays(), io.BytesIO()
    async with parties(stays) as port:
        environ = {
            "YIJIE_DSN": dsn,
            "YIJIE_DATA_KEY": KEY,
            "YIJIE_IDENTITY_TARGET": f"127.0.0.1:{port}",
            "YIJIE_SETTLEMENT_TARGET": f"127.0.0.1:{port}",
            "YIJIE_DRAIN_GRACE_S": "1",
            "YIJIE_DB_POOL_SIZE_MAX": "8",
            "YIJIE_FEED_POLL_S": "0.02",
            "YIJIE_FEED_HEARTBEAT_S": "0.05",
            "YIJIE_FEED_BACKOFF_S": "0.02",
            "YIJIE_FEED_STANDBY_S": "0.05",
            "YIJIE_WARNING_INTERVAL_S": "0.05",
            **settings,
        }
        log.configure("filing", "info", lines)
        async with (
            running(load(Config, environ), clock=clock) as served,
            open_channel(served.address) as channel,
        ):
            yield World(
                rpc.FilingServiceStub(channel),
                feed_rpc.FilingFeedServiceStub(channel),
                stays,
                dsn,
                clock,
                lines,
                served.address,
                f"127.0.0.1:{port}",
            )


async def take(stream, count):
    """Reads a stream until so many events came; the events, and the cursor after them."""
    events, cursor = [], ""
    try:
        async with asyncio.timeout(TIMEOUT_S):
            async for response in stream:
                events += response.events
                cursor = response.cursor
                if len(events) >= count:
                    return events, cursor
    finally:
        stream.cancel()
    raise AssertionError("the stream ended")


def ident():
    return str(uuid4())


def filing(person, **changes):
    parts = {
        "person_id": person,
        "insured_region_code": "650100",
        "target_region_code": "640100",
        "type": filing_pb2.FILING_TYPE_RETIRED_SETTLED,
        "begin_date": wire.write_date(TODAY),
        "evidence": filing_pb2.FILING_EVIDENCE_DOCUMENT,
    }
    return filing_pb2.Filing(**{**parts, **changes})


def admission(person, visit_id, revision=1, **changes):
    parts = {
        "visit_id": visit_id,
        "person_id": person,
        "insured_region_code": "650100",
        "care_region_code": "640104",
        "institution_code": "H64010400001",
        "admission_date": wire.write_date(ADMITTED),
        "expected_discharge_date": wire.write_date(date(2026, 3, 20)),
        "state": REGISTERED,
        "revision": revision,
    }
    return visit_service_pb2.Admission(**{**parts, **changes})

"""Waits until all is quiet, then asks the public calls for everything that they know."""

from __future__ import annotations

import asyncio
import re
import time
import urllib.request
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final, TypeVar
from uuid import uuid4

import grpc

from services.cli.topology import Endpoint
from services.kit.codes import province_of
from services.kit.status import reason_of
from services.kit.wire import write_date
from services.proving import reading
from services.proving.chaos.consumers import Consumer
from services.proving.chaos.fleet import REMOTE_PROVINCE
from services.proving.history import (
    Accumulators,
    Booking,
    BookingState,
    Comparison,
    Entry,
    PersonYear,
    Position,
    Settlement,
    State,
    Visit,
    VisitLine,
)
from services.proving.history import Final as Finally
from yijie.benefits.v1 import benefits_service_pb2 as benefits_pb
from yijie.clearing.v1 import clearing_service_pb2 as clearing_pb
from yijie.clearing.v1 import reconciliation_service_pb2 as reconciliation_pb
from yijie.settlement.v1 import settlement_service_pb2 as pb
from yijie.settlement.v1 import visit_service_pb2 as visit_pb

T = TypeVar("T")
R = TypeVar("R")
Stub = Any

QUIET_S_MAX: Final = 60.0
"""Longest wait for the last intent and for the followers of the feed, after all is mended."""
_POLL_S: Final = 0.25
_CALL_S: Final = 10.0
_PAGE_ROWS: Final = 500
_AT_ONCE: Final = 16
_OPEN: Final = re.compile(
    rb"^yijie_settlement_open_intents(?:\{[^}]*\})? ([0-9.e+]+)", re.MULTILINE
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Offices:
    """Whom to ask: the services themselves, without proxies."""

    settlement: Stub
    visits: Stub
    benefits: Stub
    benefits_remote: Stub
    clearing: Stub
    reconciliation: Stub
    metrics: Sequence[Endpoint]
    """Of every replica of settlement."""

    def region(self, insured_region_code: str) -> Stub:
        """Returns who serves the benefits of a region."""
        remote = province_of(insured_region_code) == REMOTE_PROVINCE
        return self.benefits_remote if remote else self.benefits


async def open_intents(offices: Offices) -> int:
    """Returns the highest number of open intents that a replica tells of; -1: one is silent."""
    pages = await asyncio.gather(
        *(asyncio.to_thread(_read, endpoint.metrics_url) for endpoint in offices.metrics)
    )
    counts = [_OPEN.search(page) for page in pages]
    return max(int(float(found[1])) if found else -1 for found in counts)


async def wait_until_quiet(offices: Offices, consumers: Sequence[Consumer]) -> tuple[float, str]:
    """Waits for the end of all work; returns seconds, and what was never done (empty: nothing)."""
    started = time.monotonic()
    waiting, calm_since = "?", 0.0
    # Twice in a row: a replica tells of its last round of recovery.
    for calm in (1, 2):
        while True:
            await asyncio.sleep(_POLL_S)
            waiting = await _unfinished(offices, consumers, calm_since)
            if not waiting or time.monotonic() - started > QUIET_S_MAX:
                break
        if calm == 1:
            calm_since = time.monotonic()
    return time.monotonic() - started, waiting


async def _unfinished(offices: Offices, consumers: Sequence[Consumer], calm_since: float) -> str:
    try:
        count = await open_intents(offices)
        if count:
            return f"{count} intents are open"
        pending = pb.ListSettlementsRequest(state=reading.STATE_NUMBERS[State.PENDING])
        answer = await offices.settlement.ListSettlements(pending, timeout=_CALL_S)
        if answer.settlements:
            return f"{len(answer.settlements)} settlements are pending"
        dump = Consumer("end", offices.settlement)
        await dump.read(to_the_end=True)
        position = await offices.clearing.GetPosition(
            clearing_pb.GetPositionRequest(page_size=1), timeout=_CALL_S
        )
    except (grpc.aio.AioRpcError, OSError, TimeoutError) as error:
        return f"no answer: {type(error).__name__}"
    if dump.cursor != position.cursor:
        return "clearing is behind the feed"
    late = [one.name for one in consumers if one.quiet_at < calm_since]
    return f"behind the feed: {', '.join(late)}" if late else ""


async def gather(
    offices: Offices,
    *,
    request_ids: Iterable[str],
    institutions: Iterable[str],
    business_dates: Collection[date],
    people: Mapping[str, str],
    years: Sequence[tuple[str, int]],
    consumers: Sequence[Consumer],
) -> Finally:
    """Asks for everything.

    Args:
        offices: whom.
        request_ids: that were used to settle.
        institutions: that register visits.
        business_dates: on which the run gave ids.
        people: insured region by person id.
        years: scheme and benefit year that bills fall into.
        consumers: who followed the feed during the run.

    Raises:
        grpc.aio.AioRpcError: a call failed although all is mended.
    """
    listed = await _listed(offices)
    dump = Consumer("dump", offices.settlement)
    await dump.read(to_the_end=True)
    used, balances = await _used(offices, people, years)
    visits = await _visits(offices, institutions)
    return Finally(
        listed=listed,
        by_request=await _by_request(offices, request_ids),
        bookings=await _bookings(offices, listed),
        recorded=await _recorded(offices, business_dates),
        comparisons=await _comparisons(offices, people, business_dates),
        accumulators=used,
        balances=balances,
        positions=await _positions(offices),
        entries=await _entries(offices),
        feeds=(dump.feed(), *(consumer.feed() for consumer in consumers)),
        open_intents=await open_intents(offices),
        visits=visits,
        lines=await _lines(offices, visits.values()),
    )


async def _listed(offices: Offices) -> tuple[Settlement, ...]:
    found: list[Settlement] = []
    token = ""
    while True:
        request = pb.ListSettlementsRequest(page_size=_PAGE_ROWS, page_token=token)
        answer = await offices.settlement.ListSettlements(request, timeout=_CALL_S)
        found += [reading.read_settlement(one) for one in answer.settlements]
        token = answer.next_page_token
        if not token:
            return tuple(found)


async def _by_request(offices: Offices, request_ids: Iterable[str]) -> dict[str, Settlement | None]:
    async def one(request_id: str) -> tuple[str, Settlement | None]:
        request = pb.GetSettlementRequest(request_id=request_id)
        answer = await _or_absent(offices.settlement.GetSettlement, request)
        return request_id, reading.read_settlement(answer.settlement) if answer else None

    return dict(await _each(one, request_ids))


async def _visits(offices: Offices, institutions: Iterable[str]) -> dict[str, Visit]:
    found: dict[str, Visit] = {}
    for institution in institutions:
        request = visit_pb.ListVisitsRequest(institution_code=institution, page_size=_PAGE_ROWS)
        while True:
            answer = await offices.visits.ListVisits(request, timeout=_CALL_S)
            visits = [reading.read_visit(message) for message in answer.visits]
            found.update((visit.visit_id, visit) for visit in visits)
            request.page_token = answer.next_page_token
            if not request.page_token:
                break
    return found


async def _lines(offices: Offices, visits: Iterable[Visit]) -> dict[str, tuple[VisitLine, ...]]:
    async def one(visit: Visit) -> tuple[str, tuple[VisitLine, ...]]:
        request = visit_pb.ListFeesRequest(
            visit_id=visit.visit_id,
            institution_code=visit.institution_code,
            page_size=_PAGE_ROWS,
        )
        # A visit of this run has fewer lines than a page.
        answer = await offices.visits.ListFees(request, timeout=_CALL_S)
        return visit.visit_id, tuple(reading.read_fee(fee) for fee in answer.fees)

    return dict(await _each(one, visits))


async def _bookings(offices: Offices, listed: Sequence[Settlement]) -> dict[str, Booking]:
    async def one(settlement: Settlement) -> tuple[str, Booking | None]:
        request = benefits_pb.GetAdjudicationRequest(settlement_id=settlement.settlement_id)
        region = offices.region(settlement.insured_region_code)
        answer = await _or_absent(region.GetAdjudication, request)
        return settlement.settlement_id, reading.read_booking(answer) if answer else None

    return {key: booking for key, booking in await _each(one, listed) if booking is not None}


async def _recorded(offices: Offices, business_dates: Iterable[date]) -> dict[str, BookingState]:
    found: dict[str, BookingState] = {}
    for day in business_dates:
        for region in (offices.benefits, offices.benefits_remote):
            request = benefits_pb.ListAdjudicationsRequest(
                page_size=_PAGE_ROWS, business_date=write_date(day)
            )
            while True:
                answer = await region.ListAdjudications(request, timeout=_CALL_S)
                found.update(
                    (one.settlement_id, reading.read_record(one)) for one in answer.adjudications
                )
                request.page_token = answer.next_page_token
                if not request.page_token:
                    break
    return found


async def _comparisons(
    offices: Offices, people: Mapping[str, str], business_dates: Iterable[date]
) -> tuple[Comparison, ...]:
    found = []
    for day in business_dates:
        for province in sorted({province_of(region) for region in people.values()}):
            request = reconciliation_pb.ReconcileRequest(
                request_id=str(uuid4()),
                insured_region_code=province,
                business_date=write_date(day),
            )
            answer = await offices.reconciliation.Reconcile(request, timeout=_CALL_S)
            found.append(reading.read_comparison(answer.result))
    return tuple(found)


async def _used(
    offices: Offices, people: Mapping[str, str], years: Sequence[tuple[str, int]]
) -> tuple[dict[PersonYear, Accumulators], dict[str, int]]:
    balances: dict[str, int] = {}

    async def one(person: PersonYear) -> tuple[PersonYear, Accumulators]:
        request = benefits_pb.GetAccumulatorsRequest(
            person_id=person.person_id,
            scheme_code=person.scheme_code,
            benefit_year=person.benefit_year,
        )
        region = offices.region(people[person.person_id])
        answer = await region.GetAccumulators(request, timeout=_CALL_S)
        balances[person.person_id] = answer.account_balance.fen
        return person, reading.read_accumulators(answer.accumulators)

    wanted = [
        PersonYear(person_id, scheme_code, year)
        for person_id in people
        for scheme_code, year in years
    ]
    return dict(await _each(one, wanted)), balances


async def _positions(offices: Offices) -> tuple[Position, ...]:
    found: list[Position] = []
    token = ""
    while True:
        request = clearing_pb.GetPositionRequest(page_size=_PAGE_ROWS, page_token=token)
        answer = await offices.clearing.GetPosition(request, timeout=_CALL_S)
        found += reading.read_positions(answer)
        token = answer.next_page_token
        if not token:
            return tuple(found)


async def _entries(offices: Offices) -> tuple[Entry, ...]:
    found: list[Entry] = []
    token = ""
    while True:
        request = clearing_pb.ListEntriesRequest(page_size=_PAGE_ROWS, page_token=token)
        answer = await offices.clearing.ListEntries(request, timeout=_CALL_S)
        found += [reading.read_entry(entry) for entry in answer.entries]
        token = answer.next_page_token
        if not token:
            return tuple(found)


async def _or_absent(method: Any, request: Any) -> Any:
    try:
        return await method(request, timeout=_CALL_S)
    except grpc.aio.AioRpcError as error:
        if reason_of(error) == "RESOURCE_NOT_FOUND":
            return None
        raise


async def _each(ask: Callable[[T], Awaitable[R]], wanted: Iterable[T]) -> list[R]:
    gate = asyncio.Semaphore(_AT_ONCE)

    async def one(item: T) -> R:
        async with gate:
            return await ask(item)

    return await asyncio.gather(*(one(item) for item in wanted))


def _read(url: str) -> bytes:
    with urllib.request.urlopen(url, timeout=_CALL_S) as page:  # noqa: S310 - our own, loopback
        content: bytes = page.read()
    return content

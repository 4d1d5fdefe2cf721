"""What the public calls answer when all is quiet: asked of the same services, nothing failing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import timedelta

from services.benefits.servicer import BenefitsServicer
from services.clearing.servicer import ClearingServicer
from services.kit import codes, wire
from services.kit.clock import civil_date
from services.kit.errors import Absent
from services.proving import history, reading
from services.proving.simulation.loop import START
from services.proving.simulation.network import ServerContext
from services.proving.simulation.people import HOSPITALS, Person
from services.settlement.assembly import Parts
from yijie.benefits.v1 import benefits_service_pb2
from yijie.clearing.v1 import clearing_service_pb2
from yijie.settlement.v1 import settlement_service_pb2 as pb
from yijie.settlement.v1 import visit_service_pb2

_CONTEXT = ServerContext()


class Reader:
    """Asks for everything that the auditor wants to know."""

    def __init__(
        self,
        hub: Parts,
        regions: Mapping[str, BenefitsServicer],
        clearing: ClearingServicer,
    ) -> None:
        """`regions` are the insured provinces' services."""
        self._settlement = hub.settlement
        self._visit = hub.visit
        self._regions = regions
        self._clearing = clearing

    async def read(
        self,
        *,
        people: Iterable[Person],
        request_ids: Iterable[str],
        feeds: Iterable[history.Feed],
        open_intents: int,
    ) -> history.Final:
        """Returns all answers; `feeds` are those of the consumers that followed the run."""
        listed = await self._listed()
        accumulators, balances = await self._used(people)
        positions, entries = await self._ledger()
        visits, lines = await self._visits()
        return history.Final(
            listed=listed,
            by_request={one: await self._by_request(one) for one in request_ids},
            bookings=await self._bookings(listed),
            recorded=await self._recorded(),
            accumulators=accumulators,
            balances=balances,
            positions=positions,
            entries=entries,
            feeds=(await self._dump(), *feeds),
            open_intents=open_intents,
            visits=visits,
            lines=lines,
        )

    async def _visits(
        self,
    ) -> tuple[dict[str, history.Visit], dict[str, tuple[history.VisitLine, ...]]]:
        visits: dict[str, history.Visit] = {}
        lines: dict[str, tuple[history.VisitLine, ...]] = {}
        for hospital in HOSPITALS:
            code = hospital.institution_code
            wanted = visit_service_pb2.ListVisitsRequest(institution_code=code)
            page = await self._visit.ListVisits(wanted, _CONTEXT)
            for message in page.visits:
                visits[message.visit_id] = reading.read_visit(message)
                request = visit_service_pb2.ListFeesRequest(
                    visit_id=message.visit_id, institution_code=code, page_size=1000
                )
                fees = await self._visit.ListFees(request, _CONTEXT)
                lines[message.visit_id] = tuple(map(reading.read_fee, fees.fees))
        return visits, lines

    async def _listed(self) -> tuple[history.Settlement, ...]:
        found: list[history.Settlement] = []
        request = pb.ListSettlementsRequest()
        while True:
            page = await self._settlement.ListSettlements(request, _CONTEXT)
            found += map(reading.read_settlement, page.settlements)
            if not page.next_page_token:
                return tuple(found)
            request.page_token = page.next_page_token

    async def _by_request(self, request_id: str) -> history.Settlement | None:
        request = pb.GetSettlementRequest(request_id=request_id)
        try:
            found = await self._settlement.GetSettlement(request, _CONTEXT)
        except Absent:
            return None
        return reading.read_settlement(found.settlement)

    async def _recorded(self) -> dict[str, history.BookingState]:
        found: dict[str, history.BookingState] = {}
        first = civil_date(START)
        for region in self._regions.values():
            for day in (first, first + timedelta(days=1)):
                request = benefits_service_pb2.ListAdjudicationsRequest(
                    business_date=wire.write_date(day), page_size=1000
                )
                page = await region.ListAdjudications(request, _CONTEXT)
                for record in page.adjudications:
                    found[record.settlement_id] = reading.read_record(record)
        return found

    async def _bookings(self, listed: Iterable[history.Settlement]) -> dict[str, history.Booking]:
        found: dict[str, history.Booking] = {}
        for settlement in listed:
            region = self._regions[codes.province_of(settlement.insured_region_code)]
            request = benefits_service_pb2.GetAdjudicationRequest(
                settlement_id=settlement.settlement_id
            )
            try:
                held = await region.GetAdjudication(request, _CONTEXT)
            except Absent:
                continue
            found[settlement.settlement_id] = reading.read_booking(held)
        return found

    async def _used(
        self, people: Iterable[Person]
    ) -> tuple[dict[history.PersonYear, history.Accumulators], dict[str, int]]:
        accumulators: dict[history.PersonYear, history.Accumulators] = {}
        balances: dict[str, int] = {}
        for person in people:
            region = self._regions[codes.province_of(person.insured_region_code)]
            for year in (START.year - 1, START.year):
                request = benefits_service_pb2.GetAccumulatorsRequest(
                    person_id=str(person.person_id),
                    scheme_code=person.scheme_code,
                    benefit_year=year,
                )
                answer = await region.GetAccumulators(request, _CONTEXT)
                whose = history.PersonYear(request.person_id, request.scheme_code, year)
                accumulators[whose] = reading.read_accumulators(answer.accumulators)
                balances[request.person_id] = answer.account_balance.fen
        return accumulators, balances

    async def _ledger(
        self,
    ) -> tuple[tuple[history.Position, ...], tuple[history.Entry, ...]]:
        wanted = clearing_service_pb2.GetPositionRequest()
        found = await self._clearing.GetPosition(wanted, _CONTEXT)
        request = clearing_service_pb2.ListEntriesRequest(page_size=1000)
        page = await self._clearing.ListEntries(request, _CONTEXT)
        return reading.read_positions(found), tuple(map(reading.read_entry, page.entries))

    async def _dump(self) -> history.Feed:
        events: list[history.Event] = []
        first = True
        async for response in self._settlement.Subscribe(pb.SubscribeRequest(), _CONTEXT):
            events += map(reading.read_event, response.events)
            if not first and not response.events:
                break
            first = False
        return history.Feed(name="dump", events=tuple(events))

"""TicketService: proto ⇄ domain and nothing else."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

from services.kit import paging, wire
from services.kit.caller import require_party, require_region
from services.kit.clock import civil_date, civil_midnight
from services.kit.idempotency import once
from services.kit.notes import read_note, refuse_long_number
from services.kit.wire import invalid
from services.supervision.days import end_of, read_day
from services.supervision.tickets import messages, refusal_store, store, usecases
from services.supervision.tickets.store import TicketFilter
from services.supervision.tickets.usecases import Act, Asked
from yijie.supervision.v1 import ticket_service_pb2 as service_pb2
from yijie.supervision.v1 import ticket_service_pb2_grpc

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from services.kit.clock import Clock
    from services.kit.db import Connection, Database
    from services.supervision.domain.ticket import Ticket
    from services.supervision.tickets.terms import TicketTerms, TicketTermsBook

FULL_NAME: Final = "yijie.supervision.v1.TicketService"
_REFUSALS_SHOWN: Final = 100
_DAYS_MAX: Final = 366


class TicketServicer(ticket_service_pb2_grpc.TicketServiceServicer):
    """Answers the calls of TicketService."""

    def __init__(self, database: Database, clock: Clock, terms: TicketTermsBook) -> None:
        """Holds what all calls share."""
        self._database = database
        self._clock = clock
        self._terms = terms

    async def OpenTicket(self, request: Any, context: Any) -> Any:
        """Opens a ticket."""
        require_region(context, request.region_code, field="region_code")
        refuse_long_number(request.maker_id, "maker_id")
        kind, party = messages.read_kind(request.kind), messages.read_party(request.party)
        assert kind is not None  # noqa: S101 - the contract lets nothing else through
        assert party is not None  # noqa: S101 - as above
        asked = Asked(
            region_code=request.region_code,
            kind=kind,
            party=party,
            responsible_region_code=request.responsible_region_code,
            institution_code=request.institution_code,
            settlement_id=_read_optional(request.settlement_id),
            question=read_note(request.question, "question"),
            maker_id=request.maker_id,
        )
        now = self._clock.now()

        async def work(connection: Connection) -> Any:
            made = await usecases.open_ticket(connection, asked, terms=self._terms_now(), now=now)
            return service_pb2.OpenTicketResponse(ticket=messages.write_ticket(made, now))

        return await once(self._database, request, service_pb2.OpenTicketResponse, work)

    async def AnswerTicket(self, request: Any, context: Any) -> Any:
        """Answers a ticket."""
        now = self._clock.now()
        act = _read_act(request, context)

        async def move(connection: Connection) -> Ticket:
            return await usecases.answer(connection, act, now=now)

        return await self._act(request, service_pb2.AnswerTicketResponse, move)

    async def EscalateTicket(self, request: Any, context: Any) -> Any:
        """Raises a ticket by one level."""
        now = self._clock.now()
        act = _read_act(request, context)

        async def move(connection: Connection) -> Ticket:
            clockwork = self._terms_now().clockwork
            return await usecases.escalate(connection, act, clockwork=clockwork, now=now)

        return await self._act(request, service_pb2.EscalateTicketResponse, move)

    async def CloseTicket(self, request: Any, context: Any) -> Any:
        """Closes a ticket."""
        now = self._clock.now()
        act = _read_act(request, context, optional=True)

        async def move(connection: Connection) -> Ticket:
            return await usecases.close(connection, act, now=now)

        return await self._act(request, service_pb2.CloseTicketResponse, move)

    async def GetTicket(self, request: Any, context: Any) -> Any:
        """Answers one ticket with its history."""
        async with self._database.connection() as connection:
            found = await usecases.get_ticket(connection, wire.read_uuid(request.ticket_id))
            _require_sight(context, found)
            changes = await store.list_changes(connection, found.ticket_id)
            refusals = await refusal_store.list_of_ticket(
                connection, found.ticket_id, limit=_REFUSALS_SHOWN
            )
        return service_pb2.GetTicketResponse(
            ticket=messages.write_ticket(found, self._clock.now(), changes, refusals)
        )

    async def ListTickets(self, request: Any, context: Any) -> Any:
        """Lists tickets in the order in which they were opened."""
        require_region(context, request.region_code, field="region_code")
        now = self._clock.now()
        wanted = TicketFilter(
            region_code=request.region_code,
            state=messages.read_state(request.state),
            kind=messages.read_kind(request.kind),
            responsible_region_code=request.responsible_region_code,
            institution_code=request.institution_code,
            overdue_at=now if request.overdue_only else None,
            after=paging.read_key(request, UUID),
        )
        size = paging.page_size(request)
        found = await store.list_tickets(self._database, wanted, limit=size + 1)
        page = found[:size]
        return service_pb2.ListTicketsResponse(
            tickets=[messages.write_ticket(one, now) for one in page],
            next_page_token=(
                paging.write_token(request, (str(page[-1].ticket_id),)) if len(found) > size else ""
            ),
        )

    async def SummarizeTickets(self, request: Any, context: Any) -> Any:
        """Tells how provinces answer their tickets."""
        require_region(context, request.region_code, field="region_code")
        first = read_day(request.open_date_min, "open_date_min")
        last = read_day(request.open_date_max, "open_date_max")
        if not first <= last < first + timedelta(days=_DAYS_MAX):
            raise invalid("open_date_max", f"is before the first day, or {_DAYS_MAX} days after it")
        found = await store.summarize(
            self._database,
            since=civil_midnight(first),
            until=end_of(last),
            now=self._clock.now(),
            region_code=request.region_code,
        )
        return service_pb2.SummarizeTicketsResponse(
            summaries=[messages.write_summary(one) for one in found]
        )

    async def _act(
        self, request: Any, response_type: Any, move: Callable[[Connection], Awaitable[Ticket]]
    ) -> Any:
        async def work(connection: Connection) -> Any:
            moved = await move(connection)
            return response_type(ticket=messages.write_ticket(moved, self._clock.now()))

        return await once(self._database, request, response_type, work)

    def _terms_now(self) -> TicketTerms:
        return self._terms.of(civil_date(self._clock.now()))


def _read_act(request: Any, context: Any, *, optional: bool = False) -> Act:
    require_region(context, request.region_code, field="region_code")
    refuse_long_number(request.maker_id, "maker_id")
    return Act(
        ticket_id=wire.read_uuid(request.ticket_id),
        region_code=request.region_code,
        note=read_note(request.note, optional=optional),
        maker_id=request.maker_id,
    )


def _require_sight(context: Any, found: Ticket) -> None:
    # A province sees what it is a party of.
    require_party(context, found.regions, field="ticket_id")


def _read_optional(text: str) -> UUID | None:
    return wire.read_uuid(text) if text else None

"""TicketService on a database, with refusals that a test brings as the feed does."""

from __future__ import annotations

import contextlib
import functools
import itertools
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID, uuid4

from services.kit import wire
from services.kit.clock import civil_date
from services.kit.db import Connection, Database
from services.kit.feed import load_cursor
from services.supervision.tickets import messages, usecases
from services.supervision.tickets.loop import Tickets
from services.supervision.tickets.refusal_store import FEED
from services.supervision.tickets.servicer import FULL_NAME, TicketServicer
from services.supervision.tickets.terms import load_ticket_terms
from tests.support.clock import FakeClock
from tests.support.rpc import served
from yijie.common.v1 import money_pb2
from yijie.settlement.v1 import refusal_pb2, refusal_service_pb2
from yijie.supervision.v1 import ticket_pb2, ticket_service_pb2, ticket_service_pb2_grpc

TIMEOUT_S = 20.0
BEIJING, NINGXIA, XINJIANG, SHANGHAI = "110000", "640000", "650000", "310000"
HOSPITAL = "H11010500001"
pb2 = ticket_pb2
service_pb2 = ticket_service_pb2

# What holds between tickets, their changes and their refusals, whatever happened.
_INCOHERENT = """/* test.incoherent_tickets */
SELECT t.ticket_id FROM ticket t
 WHERE t.refusal_count <> (SELECT count(*) FROM ticket_refusal l WHERE l.ticket_id = t.ticket_id)
    OR t.refused_fen <> (SELECT coalesce(sum(r.total_fen), 0)
                           FROM ticket_refusal l JOIN refusal r USING (refusal_id)
                          WHERE l.ticket_id = t.ticket_id)
    OR (t.state, t.level) IS DISTINCT FROM
       (SELECT (c.state, c.level) FROM ticket_change c WHERE c.ticket_id = t.ticket_id
         ORDER BY c.change_id DESC LIMIT 1)
    OR t.reopen_count <> (SELECT count(*) FROM (
           SELECT c.state, lag(c.state) OVER (ORDER BY c.change_id) AS before
             FROM ticket_change c WHERE c.ticket_id = t.ticket_id) steps
          WHERE steps.state = 'OPEN' AND steps.before = 'ANSWERED')"""


class Agency:
    """A call of a province's agency over TLS, for what is asked of a servicer directly."""

    def __init__(self, region_code: str) -> None:
        self._name = f"spiffe://yijie/region/{region_code}/role/agency".encode()

    def auth_context(self) -> dict[str, list[bytes]]:
        return {"transport_security_type": [b"ssl"], "peer_spiffe_id": [self._name]}


@dataclass
class World:
    """The service and what it stands on."""

    database: Database
    stub: Any
    servicer: TicketServicer
    clock: FakeClock
    loop: Tickets
    numbers: Any = field(default_factory=lambda: itertools.count(1))

    # --- the feed ---------------------------------------------------------------------------------

    def refused(self, reason: str, **changes: Any) -> Any:
        """An event of the feed: a patient of 宁夏 in a hospital of 北京, now."""
        values: dict[str, Any] = {
            "refusal_id": str(UUID(int=next(self.numbers))),
            "reason": reason,
            "service": "settlement",
            "party": refusal_pb2.REFUSAL_PARTY_HUB,
            "care_region_code": "110105",
            "insured_region_code": "640104",
            "institution_code": HOSPITAL,
            "medical_type_code": "21",
            "scheme_code": "310",
            "total": money_pb2.Money(fen=123_400),
            "request_id": str(uuid4()),
            "trace_id": "0af7651916cd43dd8448eb211c80319c",
            "duration_ms": 412,
        }
        at = changes.pop("at", self.clock.now())
        one = refusal_pb2.Refusal(**{**values, **changes})
        one.refuse_time.CopyFrom(wire.write_time(at))
        return refusal_service_pb2.RefusalEvent(event_time=wire.write_time(at), refusal=one)

    async def tell(self, *events: Any) -> usecases.Recorded:
        """Brings events as a batch of the feed."""
        after = await load_cursor(self.database, FEED)
        refusals = [messages.read_refusal(one) for one in events]
        now = self.clock.now()

        async def work(connection: Connection) -> usecases.Recorded:
            return await usecases.record(
                connection,
                refusals,
                book=load_ticket_terms(),
                now=now,
                after=after,
                to=f"{int(after or 0) + 1:08d}",
            )

        return await self.database.run("test.tell", work)

    async def refuse(self, reason: str, **changes: Any) -> usecases.Recorded:
        """Brings one refusal."""
        return await self.tell(self.refused(reason, **changes))

    # --- calls ------------------------------------------------------------------------------------

    def ask(self, **changes: Any) -> Any:
        """宁夏 asks 北京 to verify a bill."""
        values = {
            "request_id": str(uuid4()),
            "region_code": NINGXIA,
            "kind": pb2.TICKET_KIND_VERIFY_BILL,
            "party": pb2.TICKET_PARTY_CARE_PROVINCE,
            "responsible_region_code": BEIJING,
            "settlement_id": str(UUID(int=77)),
            "question": "请核实是否本人就医",
            "maker_id": "sun.6",
        }
        request = service_pb2.OpenTicketRequest(**{**values, **changes})
        return self.stub.OpenTicket(request, timeout=TIMEOUT_S)

    async def opened(self, **changes: Any) -> Any:
        return (await self.ask(**changes)).ticket

    def act(self, verb: str, ticket_id: str, region_code: str, **changes: Any) -> Any:
        """Answers, escalates or closes."""
        values = {
            "request_id": str(uuid4()),
            "ticket_id": ticket_id,
            "region_code": region_code,
            "note": "已联系医院处理",
            "maker_id": "wang.3",
        }
        request = getattr(service_pb2, f"{verb}TicketRequest")(**{**values, **changes})
        return getattr(self.stub, f"{verb}Ticket")(request, timeout=TIMEOUT_S)

    async def get(self, ticket_id: str) -> Any:
        request = service_pb2.GetTicketRequest(ticket_id=ticket_id)
        return (await self.stub.GetTicket(request, timeout=TIMEOUT_S)).ticket

    async def tickets(self, **wanted: Any) -> list[Any]:
        request = service_pb2.ListTicketsRequest(**wanted)
        return list((await self.stub.ListTickets(request, timeout=TIMEOUT_S)).tickets)

    async def ticket(self) -> Any:
        """The only one there is, with its history."""
        (one,) = await self.tickets()
        return await self.get(one.ticket_id)

    async def summaries(self, **changes: Any) -> dict[tuple[str, int], Any]:
        """How tickets of the month were answered, by province and kind."""
        today = civil_date(self.clock.now())
        values = {
            "open_date_min": wire.write_date(today.replace(day=1)),
            "open_date_max": wire.write_date(today),
        }
        request = service_pb2.SummarizeTicketsRequest(**{**values, **changes})
        answer = await self.stub.SummarizeTickets(request, timeout=TIMEOUT_S)
        return {(one.region_code, one.kind): one for one in answer.summaries}

    async def coherent(self) -> None:
        assert await self.database.fetch(_INCOHERENT) == []


@contextlib.asynccontextmanager
async def tickets_world(database: Database) -> AsyncIterator[World]:
    clock = FakeClock()
    terms = load_ticket_terms()
    servicer = TicketServicer(database, clock, terms)
    register = functools.partial(
        ticket_service_pb2_grpc.add_TicketServiceServicer_to_server, servicer
    )
    async with served("supervision", FULL_NAME, register) as channel:
        stub = ticket_service_pb2_grpc.TicketServiceStub(channel)
        made = World(database, stub, servicer, clock, Tickets(database, clock, terms))
        yield made
        await made.coherent()

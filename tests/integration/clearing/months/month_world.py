"""What the tests of clearing months share: months that are cut, confirmed, signed, paid."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

from services.clearing import posting
from services.clearing.months import servicer, usecases
from services.clearing.months.loop import MonthLoop
from services.clearing.months.servicer import MonthServicer
from services.clearing.months.terms import load_month_terms
from services.clearing.notices import usecases as notices
from services.kit.db import Database
from tests.integration.clearing.ledger_world import feed, feed_reaches, within
from tests.support.clock import FakeClock
from tests.support.rpc import TIMEOUT_S, served
from tests.support.settlement_feed import reversed_, settled
from yijie.clearing.v1 import month_pb2, month_service_pb2, month_service_pb2_grpc

MARCH, APRIL = "2026-03", "2026-04"
HEBEI, BEIJING, SHANGHAI = "130000", "110000", "310000"
PEOPLE = {"maker_id": "hub-1", "checker_id": "hub-2"}
MARCH_NOON = datetime(2026, 3, 10, 4, 0, tzinfo=UTC)
APRIL_NOON = datetime(2026, 4, 10, 4, 0, tzinfo=UTC)

# Days that agree with the journal, as the comparison of every day leaves them.
_COMPARED = """/* test.compare_days */
INSERT INTO ledger_day (journal_date, state, begin_time, compare_time)
SELECT day::date, 'EVEN', now(), now()
  FROM generate_series(($1 || '-01')::date, ($1 || '-01')::date + interval '1 month'
                       - interval '1 day', interval '1 day') AS day
ON CONFLICT (journal_date) DO UPDATE SET state = 'EVEN', begin_time = now(), compare_time = now()"""
_PAY = """/* test.pay_notices */
UPDATE notice SET state = 'PAID' WHERE month = $1"""


@dataclass
class MonthWorld:
    """A MonthService on a database, with a clock that a test moves."""

    database: Database
    clock: FakeClock
    stub: Any
    loop: MonthLoop

    async def call(self, name: str, **fields: Any) -> Any:
        """Calls a method; mints the request id where the request has one."""
        request_type = getattr(month_service_pb2, f"{name}Request")
        if "request_id" in request_type.DESCRIPTOR.fields_by_name:
            fields = {"request_id": str(uuid4()), **fields}
        return await getattr(self.stub, name)(request_type(**fields), timeout=TIMEOUT_S)

    async def state(self, month: str = MARCH) -> str:
        answer = await self.call("GetMonth", month=month)
        return month_pb2.MonthState.Name(answer.month.state).removeprefix("MONTH_STATE_")

    async def cut(self, month: str = MARCH) -> None:
        """Lets the month and the feed of it end, and the loop look."""
        self.clock.instant = max(self.clock.instant, posting.month_end(month) + timedelta(hours=1))
        await feed_reaches(self.database, month)
        assert month in await self.loop.once()

    async def compared(self, month: str = MARCH) -> None:
        await self.database.execute(_COMPARED, month)

    async def confirmed(self, month: str = MARCH) -> None:
        view = await self.call("GetMonth", month=month)
        for region in view.steps[0].awaited_region_codes:
            await self.call("ConfirmMonth", month=month, care_region_code=region, **PEOPLE)

    async def tabled(self, month: str = MARCH) -> Any:
        """Cuts, compares, confirms and makes the tables."""
        await self.cut(month)
        return await self.tabled_of_cut(month)

    async def tabled_of_cut(self, month: str = MARCH) -> Any:
        """Compares, confirms and makes the tables of a month that is cut."""
        await self.compared(month)
        await self.confirmed(month)
        return await self.call("MakeTables", month=month, **PEOPLE)

    async def sign(self, region: str, month: str = MARCH, **fields: Any) -> Any:
        wanted = {"decision": month_pb2.SIGNATURE_DECISION_SIGNED, **PEOPLE, **fields}
        return await self.call("SignTables", month=month, region_code=region, **wanted)

    async def signed(self, month: str = MARCH) -> None:
        """All that, and everybody signs."""
        await self.tabled(month)
        view = await self.call("GetMonth", month=month)
        for region in view.steps[2].awaited_region_codes:
            await self.sign(region, month)

    async def notified(self, month: str = MARCH) -> None:
        """All that, and notices are issued."""
        await self.signed(month)
        await self.notices_issued(month)

    async def notices_issued(self, month: str = MARCH) -> None:
        """Issues the notices of a signed month."""
        now = self.clock.now()
        drafted = await within(self.database, notices.draft_month, month, maker_id="hub-1", now=now)
        if drafted:
            await within(
                self.database,
                notices.decide,
                [one.notice_id for one in drafted],
                approved=True,
                checker_id="hub-2",
                note="",
                now=now,
            )

    async def paid(self, month: str = MARCH) -> None:
        """All that, and everything is paid."""
        await self.signed(month)
        await self.paid_of_signed(month)

    async def paid_of_signed(self, month: str = MARCH) -> None:
        """Issues the notices of a signed month and pays them."""
        await self.notices_issued(month)
        await self.database.execute(_PAY, month)
        await within(self.database, usecases.advance, month, self.clock.now())

    async def closed(self, month: str = MARCH) -> None:
        await self.paid(month)
        await self.call("CloseMonth", month=month, **PEOPLE)

    async def feed(self, *events: Any) -> None:
        await feed(self.database, *events, now=self.clock.now())


@contextlib.asynccontextmanager
async def month_world(database: Database) -> AsyncIterator[MonthWorld]:
    """Serves MonthService on the database; it is the last afternoon of March."""
    clock = FakeClock()
    terms = load_month_terms()

    def register(server: Any) -> None:
        month_service_pb2_grpc.add_MonthServiceServicer_to_server(
            MonthServicer(database, clock, terms), server
        )

    async with served("clearing", servicer.FULL_NAME, register) as channel:
        yield MonthWorld(
            database=database,
            clock=clock,
            stub=month_service_pb2_grpc.MonthServiceStub(channel),
            loop=MonthLoop(database, clock, terms),
        )


def march_events() -> list[Any]:
    """Two pairs, two schemes, an account, a reversal of the same month and a bill without funds.

    Hebei owes Beijing 60,000 + 5,000 + 1,234 for employees, 7,000 for residents; Beijing owes
    Shanghai 900 for employees, and nothing for a resident who paid it all.
    """
    taken_back = settled(4, funds={"310100": 50}, insured="110100", care="310115", at=MARCH_NOON)
    return [
        settled(1, funds={"310100": 60_000, "330100": 5_000}, account_fen=1_234, at=MARCH_NOON),
        settled(2, funds={"390100": 7_000}, scheme="390", at=MARCH_NOON),
        settled(3, funds={"310100": 900}, insured="110100", care="310115", at=MARCH_NOON),
        taken_back,
        reversed_(taken_back, at=MARCH_NOON + timedelta(hours=1)),
        settled(5, scheme="390", insured="110100", care="310115", at=MARCH_NOON),
    ]

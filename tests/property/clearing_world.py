"""Clearing on a database with everything that people and banks do to it, driven step by step.

The journal is kept apart in memory; what the world knows of months, notices and deductions it reads
from the tables, so that it goes on from whatever a crash has left.
"""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from services.clearing import hub_store, posting, store
from services.clearing.breaks.usecases import Comparer
from services.clearing.disputes import usecases as disputes
from services.clearing.disputes.terms import load_dispute_terms
from services.clearing.domain.deduction import Asked
from services.clearing.domain.notice import NoticeKind
from services.clearing.invariants import usecases as invariants
from services.clearing.months import store as month_store
from services.clearing.months import usecases as months
from services.clearing.months.signature_store import Decision, Signing, load_sides
from services.clearing.notices import bank_file, payments
from services.clearing.notices import store as notice_store
from services.clearing.notices import usecases as notices
from services.clearing.reconciliation_clients import read_event
from services.clearing.usecases import keep_batch
from services.kit import wire
from services.kit.clock import civil_date
from services.kit.codes import PROVINCES
from services.kit.dates import first_day, next_month
from services.kit.db import Database
from services.kit.feed import Batch, load_cursor
from services.kit.ids import new_id
from tests.integration.clearing.breaks_world import PythonJournal
from tests.integration.clearing.ledger_world import feed, within
from tests.support.clock import FakeClock

PEOPLE = ("hub-1", "hub-2")
_TERMS = load_dispute_terms()


@dataclass
class World:
    """What happens to clearing; each method is what one caller does at the clock's instant."""

    database: Database
    clock: FakeClock
    journal: PythonJournal = field(default_factory=PythonJournal)

    @property
    def now(self) -> datetime:
        return self.clock.now()

    async def happen(self, *events: Any) -> None:
        """The journal has events, and both followers of its feed read them."""
        for event in events:
            booked = event.settlement.adjudication
            booked.fund_total.fen = sum(one.amount.fen for one in booked.fund_payments)
            self.journal.add(event)
        await feed(self.database, *events, now=self.now)
        read = [read_event(event) for event in events]
        after = await load_cursor(self.database, hub_store.FEED)
        batch = Batch(
            events=read,
            cursor=f"{int(after or 0) + len(read):08d}",
            last_event_time=read[-1].event_time,
        )
        await keep_batch(self.database, after=after, batch=batch, now=self.now)
        await self.caught_up()

    async def caught_up(self) -> None:
        """Both followers know that nothing is left until now."""
        await store.mark(self.database, self.now)
        await hub_store.mark(self.database, self.now)

    # --- months ------------------------------------------------------------------------------

    async def cut(self, month: str) -> None:
        await within(self.database, months.cut, month, now=self.now)

    async def compare(self, month: str) -> None:
        comparer = Comparer(database=self.database, journal=self.journal, clock=self.clock)
        day, end = first_day(month), first_day(next_month(month))
        while day < end:
            await comparer.compare(day)
            day += timedelta(days=1)

    async def confirm(self, month: str) -> None:
        for region in await month_store.care_regions(self.database, month):
            await within(self.database, months.confirm, month, region, PEOPLE, self.now)

    async def make_tables(self, month: str) -> None:
        async def work(connection: Any) -> None:
            await disputes.catch_up(connection, self.now)
            await months.make_tables(connection, month, PEOPLE, self.now)

        await self.database.run("test.make_tables", work)

    async def sign(self, month: str) -> None:
        sides = await load_sides(self.database, month)
        for region in sorted({code for side in sides for code in side.pair}):
            signing = Signing(
                month=month,
                region_code=region,
                pairs=(),
                decision=Decision.SIGNED,
                note="",
                people=PEOPLE,
            )
            await within(self.database, months.sign, signing, self.now)

    async def draft(self, month: str) -> None:
        await within(self.database, notices.draft_month, month, maker_id=PEOPLE[0], now=self.now)

    async def issue(self, month: str) -> None:
        drafts = [one.notice_id for one in await self.notices(month) if one.state.value == "DRAFT"]
        if not drafts:
            return
        await within(
            self.database,
            notices.decide,
            drafts,
            approved=True,
            checker_id=PEOPLE[1],
            note="",
            now=self.now,
        )

    async def pay_all(self, month: str) -> None:
        """One bank statement pays what is left of a month; its references never change."""
        issued = [one for one in await self.notices(month) if one.number and one.open_fen]
        await self.bank([(f"PAYALL-{one.number}", one, one.open_fen, one.number) for one in issued])

    async def close(self, month: str) -> None:
        await within(self.database, months.close_month, month, PEOPLE, self.now)

    async def notices(self, month: str = "") -> list[Any]:
        wanted = notice_store.NoticeFilter(month=month, kind=NoticeKind.CLEARING)
        return await notice_store.list_notices(self.database, wanted, limit=1000)

    # --- money -------------------------------------------------------------------------------

    async def bank(self, transfers: list[tuple[str, Any, int, str]]) -> Any:
        """A bank states transfers: reference, the notice whose parties they are of, fen, number."""
        content = statement(transfers, civil_date(self.now))
        lines = bank_file.read_bank_statement(content, today=civil_date(self.now))
        return await within(
            self.database,
            payments.take_statement,
            lines,
            content,
            region_code="",
            operator_id="bank-1",
            now=self.now,
        )

    # --- deductions --------------------------------------------------------------------------

    async def deduct(self, event: Any, amount_fen: int) -> Any:
        settlement = event.settlement
        decision = disputes.Decision(
            decision_id=uuid4(),
            settlement_id=UUID(settlement.settlement_id),
            insured_region_code=f"{settlement.insured_region_code[:2]}0000",
            care_region_code=f"{settlement.care_region_code[:2]}0000",
            asked=Asked(amount_fen=amount_fen, funds_fen={}),
        )
        (outcome,) = await within(
            self.database,
            disputes.record,
            [decision],
            people=disputes.People(maker_id="audit-1", checker_id="audit-2"),
            terms=_TERMS.of(civil_date(self.now)),
            now=self.now,
        )
        return outcome

    async def appeal(self, deduction: Any) -> None:
        await within(
            self.database,
            disputes.appeal,
            deduction.deduction_id,
            region_code=deduction.care_region_code,
            maker_id="care-1",
            note="不服",
            now=self.now,
        )

    async def decide(self, deduction: Any, *, upheld: bool) -> None:
        await within(
            self.database,
            disputes.decide,
            deduction.deduction_id,
            upheld=upheld,
            people=disputes.People(maker_id="audit-3", checker_id="audit-4"),
            note="复核",
            now=self.now,
        )

    async def catch_up(self) -> None:
        await within(self.database, disputes.catch_up, self.now)

    # --- what must hold ----------------------------------------------------------------------

    async def broken(self) -> list[Any]:
        """What of the invariants does not hold."""
        found = await invariants.check(self.database)
        assert found.until_time is not None
        return [one for result in found.results for one in result.contradictions]

    async def untabled(self) -> str:
        """The month whose tables are to be made next, if it is cut; empty: none is."""
        async with self.database.connection() as connection:
            month = await posting.untabled_month(connection)
        found = await month_store.find(self.database, month) if month else None
        return month if found else ""


def identified(event: Any) -> Any:
    """Gives a settlement an id of its instant, as the hub does."""
    event.settlement.settlement_id = str(new_id(wire.read_time(event.event_time)))
    return event


def statement(transfers: list[tuple[str, Any, int, str]], day: date) -> bytes:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(bank_file.STATEMENT_COLUMNS)
    for reference, notice, fen, number in transfers:
        payer, receiver = notice.payer_region_code, notice.receiver_region_code
        row = (reference, day.isoformat(), payer, PROVINCES[payer], receiver)
        name = PROVINCES[receiver]
        writer.writerow((*row, name, "CNY", bank_file.yuan(fen), "清算资金", number, ""))
    return out.getvalue().encode()

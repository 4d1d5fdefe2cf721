"""DisputeService on a database, with ledger and hub leg that a test fills as the feed does."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import grpc

from services.clearing import balances, posting, usecases
from services.clearing.balances import BalanceFilter
from services.clearing.disputes.loop import Disputes
from services.clearing.disputes.servicer import FULL_NAME, DisputeServicer
from services.clearing.disputes.terms import load_dispute_terms
from services.clearing.domain.ledger import Phase, Purpose
from services.clearing.reconciliation_clients import read_event
from services.kit.db import Connection, Database
from services.kit.feed import Batch, load_cursor
from services.kit.status import from_status
from services.kit.wire import write_money
from tests.integration.clearing import ledger_world
from tests.support.clock import FakeClock
from tests.support.rpc import served
from tests.support.settlement_feed import reversed_, settled
from yijie.clearing.v1 import dispute_pb2, dispute_service_pb2, dispute_service_pb2_grpc

TIMEOUT_S = 20.0
CARE = "110000"
INSURED = "130000"
OTHER = "640000"
MARCH = datetime(2026, 3, 16, 4, 0, tzinfo=UTC)
"""Noon in China on a Monday."""
pb2 = dispute_pb2
service_pb2 = dispute_service_pb2
MAKER, CHECKER = "zhang.1", "li.2"


def care(
    number: int,
    *,
    at: datetime = MARCH,
    funds: dict[str, int] | None = None,
    account: int = 0,
    total: int = 5_000_000,
    medical_type: str = "21",
    insured: str = "131100",
) -> Any:
    """The SETTLED event of a costly stay."""
    event = settled(
        number,
        funds=funds or {"310100": 70_000, "330100": 20_000},
        account_fen=account,
        insured=insured,
        at=at,
    )
    event.settlement.medical_type_code = medical_type
    event.settlement.amounts.total.fen = total
    return event


def settlement_id(number: int) -> str:
    return str(UUID(int=number))


@dataclass
class World:
    """The service and what it stands on."""

    database: Database
    stub: Any
    clock: FakeClock
    loop: Disputes
    events: dict[int, Any] = field(default_factory=dict)

    # --- the feed ---------------------------------------------------------------------------------

    async def settle(self, *events: Any, ledger: bool = True, hub: bool = True) -> None:
        """Brings events to the ledger and to the hub's own leg."""
        if ledger:
            await ledger_world.feed(self.database, *events, now=self.clock.now())
        if hub:
            after = await load_cursor(self.database, "reconciliation")
            cursor = f"{int(after or 0) + len(events):08d}"
            read = tuple(read_event(event) for event in events)
            batch = Batch(events=read, cursor=cursor, last_event_time=read[-1].event_time)
            await usecases.keep_batch(self.database, after=after, batch=batch, now=self.clock.now())

    async def undo(self, event: Any, *, at: datetime | None = None) -> None:
        """Brings the reversal of a settlement."""
        await self.settle(reversed_(event, at=at or self.clock.now()))

    async def cut(self, month: str) -> None:
        await ledger_world.feed_reaches(self.database, month)
        await ledger_world.within(self.database, posting.cut, month, now=self.clock.now())

    async def table(self, month: str) -> None:
        """Cuts a month and makes its tables, as far as the ledger is concerned."""
        await self.cut(month)
        await ledger_world.within(self.database, posting.close_tables, month, now=self.clock.now())

    # --- what stands ------------------------------------------------------------------------------

    async def balances(
        self, phase: Phase = Phase.POSTED, purpose: Purpose = Purpose.DEDUCTION
    ) -> dict[tuple[str, str], int]:
        """What deductions leave, by month and fund; what is zero is left out."""
        wanted = BalanceFilter(phase=phase, purposes=(purpose,))
        found = await balances.balances(self.database, wanted)
        return {(b.pair.month, b.fund_type_code): b.owed_fen for b in found if b.owed_fen}

    async def owed(self) -> int:
        """What is owed altogether, posted and pending."""
        total = 0
        for phase in Phase:
            found = await balances.balances(self.database, BalanceFilter(phase=phase))
            total += sum(one.owed_fen for one in found)
        return total

    # --- calls ------------------------------------------------------------------------------------

    async def record(self, *entries: Any, **changes: Any) -> list[Any]:
        """Records and returns the results."""
        values = {
            "request_id": str(uuid4()),
            "deductions": entries,
            "maker_id": MAKER,
            "checker_id": CHECKER,
        }
        request = service_pb2.RecordDeductionsRequest(**{**values, **changes})
        answer = await self.stub.RecordDeductions(request, timeout=TIMEOUT_S)
        return list(answer.results)

    async def deduct(self, number: int, amount: int | None = None, **changes: Any) -> Any:
        """Records one that is taken; returns it."""
        (result,) = await self.record(asked(number, amount, **changes))
        assert result.HasField("deduction"), result.error
        return result.deduction

    async def refusal(self, *entries: Any) -> list[tuple[str, dict[str, str]]]:
        """Records what is refused; returns the reasons with their metadata."""
        found = []
        for result in await self.record(*entries):
            error = from_status(result.error)
            assert error is not None
            assert error.domain == "clearing.yijie"
            found.append((error.reason, error.metadata))
        return found

    def appeal(self, deduction_id: str, **changes: Any) -> Any:
        values = {
            "request_id": str(uuid4()),
            "deduction_id": deduction_id,
            "region_code": CARE,
            "note": "病历已补充",
            "maker_id": "wang.3",
        }
        request = service_pb2.AppealDeductionRequest(**{**values, **changes})
        return self.stub.AppealDeduction(request, timeout=TIMEOUT_S)

    def decide(self, deduction_id: str, decision: int, **changes: Any) -> Any:
        values = {
            "request_id": str(uuid4()),
            "deduction_id": deduction_id,
            "decision": decision,
            "note": "经复核",
            "maker_id": "zhao.4",
            "checker_id": "qian.5",
        }
        request = service_pb2.DecideAppealRequest(**{**values, **changes})
        return self.stub.DecideAppeal(request, timeout=TIMEOUT_S)

    async def get(self, deduction_id: str) -> Any:
        request = service_pb2.GetDeductionRequest(deduction_id=deduction_id)
        return (await self.stub.GetDeduction(request, timeout=TIMEOUT_S)).deduction

    async def state(self, deduction_id: str) -> str:
        number = (await self.get(deduction_id)).state
        return pb2.DeductionState.Name(number).removeprefix("DEDUCTION_STATE_")

    def ask(self, number: int, **changes: Any) -> Any:
        values = {
            "request_id": str(uuid4()),
            "settlement_id": settlement_id(number),
            "region_code": INSURED,
            "question": "请核实住院天数与收费",
            "maker_id": "sun.6",
        }
        request = service_pb2.OpenInquiryRequest(**{**values, **changes})
        return self.stub.OpenInquiry(request, timeout=TIMEOUT_S)

    def answer(self, inquiry_id: str, result: int, **changes: Any) -> Any:
        values = {
            "request_id": str(uuid4()),
            "inquiry_id": inquiry_id,
            "region_code": CARE,
            "result": result,
            "answer": "已赴医院核查",
            "maker_id": "zhou.7",
            "checker_id": "wu.8",
        }
        request = service_pb2.AnswerInquiryRequest(**{**values, **changes})
        return self.stub.AnswerInquiry(request, timeout=TIMEOUT_S)

    async def adjustments(self, **wanted: Any) -> list[Any]:
        request = service_pb2.ListAdjustmentsRequest(**wanted)
        return list((await self.stub.ListAdjustments(request, timeout=TIMEOUT_S)).adjustments)

    async def coherent(self) -> None:
        """Every deduction in the ledger is one that is kept, in its state, and the reverse."""
        assert await self.database.fetch(_INCOHERENT) == []


def asked(
    number: int,
    amount: int | None = None,
    *,
    funds: Sequence[tuple[str, int]] = (),
    decision_id: str = "",
    insured: str = INSURED,
    care_region: str = CARE,
) -> Any:
    """One entry of RecordDeductions."""
    return service_pb2.AskedDeduction(
        decision_id=decision_id or str(uuid4()),
        settlement_id=settlement_id(number),
        insured_region_code=insured,
        care_region_code=care_region,
        amount=None if amount is None else write_money(amount),
        funds=asked_funds(*funds),
    )


def asked_funds(*funds: tuple[str, int]) -> list[Any]:
    return [
        service_pb2.AskedFund(fund_type_code=code, amount=write_money(fen)) for code, fen in funds
    ]


def funds_of(deduction: Any) -> dict[str, int]:
    return {one.fund_type_code: one.amount.fen for one in deduction.funds}


# By source: what the ledger has posted or pending, against what the rows say it should.
_INCOHERENT = """/* test.incoherent_deductions */
WITH kept AS (
    SELECT d.source_id, f.fund_type_code, d.month, -f.amount_fen AS amount_fen,
           CASE d.state WHEN 'PENDING' THEN 'PENDING' WHEN 'APPEALED' THEN 'PENDING'
                        WHEN 'UPHELD' THEN 'POSTED' WHEN 'RETURNED' THEN 'POSTED' END AS phase
      FROM deduction d JOIN deduction_fund f ON f.deduction_id = d.deduction_id
     WHERE d.state NOT IN ('WITHDRAWN', 'LAPSED')
    UNION ALL
    SELECT d.return_source_id, f.fund_type_code, d.return_month, f.amount_fen, 'POSTED'
      FROM deduction d JOIN deduction_fund f ON f.deduction_id = d.deduction_id
     WHERE d.return_source_id IS NOT NULL
), booked AS (
    SELECT t.source_id, t.fund_type_code, p.month, sum(e.amount_fen)::bigint AS amount_fen, e.phase
      FROM transfer t
      JOIN entry e ON e.transfer_id = t.transfer_id AND e.side = 'RECEIVABLE'
      JOIN position p ON p.position_id = t.position_id
     WHERE t.kind = 'DEDUCTION'
     GROUP BY t.source_id, t.fund_type_code, p.month, e.phase
    HAVING sum(e.amount_fen) <> 0
)
(SELECT 'kept' AS side, source_id, fund_type_code, month, amount_fen, phase FROM kept
 EXCEPT SELECT 'kept', source_id, fund_type_code, month, amount_fen, phase FROM booked)
UNION ALL
(SELECT 'booked', source_id, fund_type_code, month, amount_fen, phase FROM booked
 EXCEPT SELECT 'booked', source_id, fund_type_code, month, amount_fen, phase FROM kept)"""


async def transaction(database: Database, work: Any) -> Any:
    """Runs `work` of a connection in a transaction."""

    async def run(connection: Connection) -> Any:
        return await work(connection)

    return await database.run("test.disputes", run)


@contextlib.asynccontextmanager
async def disputes_world(
    database: Database, clock: FakeClock | None = None
) -> AsyncIterator[World]:
    """Serves the calls while the block runs; afterwards ledger and rows must agree."""
    clock = clock or FakeClock(MARCH)

    def register(server: grpc.aio.Server) -> None:
        dispute_service_pb2_grpc.add_DisputeServiceServicer_to_server(
            DisputeServicer(database, clock, load_dispute_terms()), server
        )

    async with served("clearing", FULL_NAME, register) as channel:
        stub = dispute_service_pb2_grpc.DisputeServiceStub(channel)
        world = World(database, stub, clock, Disputes(database, clock))
        yield world
        await world.coherent()

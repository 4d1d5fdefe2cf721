"""What the tests of settlement talk to, ready-made requests, and readers of its tables."""

from __future__ import annotations

import asyncio
import contextlib
import io
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

import asyncpg

from services.kit import log
from services.kit.channel import open_channel
from services.kit.config import load
from services.kit.telemetry import TelemetryConfig, telemetry
from services.settlement.app import running
from services.settlement.config import Config
from tests.support.callees import (
    BED,
    CARD,
    CARE,
    DRUG,
    HOSPITAL,
    ID_NUMBER,
    INSURED,
    PERSON,
    UNLISTED,
    Callees,
)
from tests.support.clock import FakeClock
from tests.support.eventually import eventually as support_eventually
from tests.support.rpc import TIMEOUT_S
from yijie.identity.v1 import person_pb2
from yijie.settlement.v1 import settlement_pb2
from yijie.settlement.v1 import settlement_service_pb2 as pb
from yijie.settlement.v1 import settlement_service_pb2_grpc as rpc

ITEM_NAME = "金丝雀注射液"
CANARIES = (ID_NUMBER, CARD, ITEM_NAME)
DAY = (2026, 3, 31)
LINES = ((BED, "80", "10", 80_000), (DRUG, "12.345", "3", 3_704), (UNLISTED, "9.99", "1", 999))
TOTAL_FEN = 84_703
# Class B leaves 90 % in scope; the deductible is 100.00, the fund pays 85 % of the rest.
IN_SCOPE_FEN = 83_334
FUND_FEN = 62_333
TABLES = ("settlement", "settlement_state_change", "request", "open_intent", "outbox")
MORE_TABLES = (
    "visit", "visit_upload", "visit_line", "visit_request", "visit_settlement", "quarantine",
    "recomputation", "recomputation_attempt", "admission_event", "invoice",
    "reimbursement", "reimbursement_change", "reimbursement_request", "reimbursement_work",
    "reimbursement_event", "message_signature",
)  # fmt: skip
BESIDE = ("refusal", "screening_policy", "audit_event")
"""What is written beside the calls, sooner or later: nobody counts it."""
KEY = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="


def settings_of(dsn: str, callees: Callees, **changes: str) -> dict[str, str]:
    """Returns the environment of a settlement service; recovery waits for the test's clock."""
    environ = {
        "DSN": dsn,
        "DATA_KEY": KEY,
        "INDEX_KEY": KEY,
        "IDENTITY_TARGET": callees.target,
        "FILING_TARGET": callees.target,
        "CATALOGUE_TARGET": callees.target,
        "SUPERVISION_TARGET": callees.target,
        # Regions fail here many times in a row; when they are spared has tests of its own.
        "BENEFITS_ROUTES": f"*={callees.target};failures_max=1000",
        "CALLEE_TIMEOUT_S": "5",
        "SCREENING_TIMEOUT_S": "1",
        "BENEFITS_TIMEOUT_S": "0.4",
        "RECOVERY_INTERVAL_S": "0.05",
        "RECOVERY_AFTER_S": "30",
        "ABANDON_AFTER_S": "600",
        "FEED_POLL_S": "0.02",
        "FEED_HEARTBEAT_S": "0.2",
        "DRAIN_GRACE_S": "5",
        "DB_POOL_SIZE_MAX": "6",
        "DB_ACQUIRE_TIMEOUT_S": "5",
    }
    return {f"YIJIE_{name}": value for name, value in {**environ, **changes}.items()}


@contextlib.contextmanager
def logging_to(stream: io.BytesIO) -> Iterator[None]:
    """Sends the process's log to a stream while the block runs."""
    log.configure("settlement", "info", stream)
    yield


@dataclass(repr=False)
class World:
    """The service under test and what surrounds it."""

    stub: rpc.SettlementServiceStub
    channel: Any
    callees: Callees
    clock: FakeClock
    dsn: str
    log: io.BytesIO
    address: str = ""
    """Where it listens."""
    is_tampered: bool = False
    """Set by a test that spoils the tables on purpose: they are not audited afterwards."""

    async def settle(self, request: Any | None = None, *, timeout_s: float = TIMEOUT_S) -> Any:
        return await self.stub.Settle(request or settle_request(), timeout=timeout_s)

    async def reverse(self, *, request_id: str = "", **target: str) -> Any:
        request = pb.ReverseSettlementRequest(request_id=request_id or ident(), **target)
        return await self.stub.ReverseSettlement(request, timeout=TIMEOUT_S)

    async def pre_settle(self, request: Any | None = None) -> Any:
        return await self.stub.PreSettle(request or pre_settle_request(), timeout=TIMEOUT_S)

    async def get(self, **key: Any) -> Any:
        response = await self.stub.GetSettlement(pb.GetSettlementRequest(**key), timeout=TIMEOUT_S)
        return response.settlement

    async def counts(self) -> dict[str, int]:
        """Rows of every table of the schema."""
        return await counts(self.dsn)

    async def sql(self, query: str, *arguments: Any) -> list[Any]:
        """Runs a statement in the schema."""
        async with raw(self.dsn) as connection:
            return await connection.fetch(query, *arguments)

    async def pass_recovery(self, seconds: float = 61) -> None:
        """Moves the clock so far that recovery takes up what is open, whoever claimed it."""
        self.clock.advance(seconds=seconds)

    async def open_intents(self) -> list[str]:
        return [row["kind"] for row in await self.sql("SELECT kind FROM open_intent ORDER BY kind")]


@contextlib.asynccontextmanager
async def raw(dsn: str) -> AsyncIterator[asyncpg.Connection]:
    """Holds a connection beside the service's."""
    connection = await asyncpg.connect(dsn, server_settings={"search_path": "settlement"})
    try:
        yield connection
    finally:
        await connection.close()


async def counts(dsn: str) -> dict[str, int]:
    """Returns the rows of every table of the schema; of those beside the journal where there are
    any."""
    async with raw(dsn) as connection:
        tables = await connection.fetch(
            "SELECT relname FROM pg_class WHERE relkind IN ('r', 'p') AND NOT relispartition"
            " AND relnamespace = 'settlement'::regnamespace AND relname <> 'schema_migration'"
        )
        names = sorted(row["relname"] for row in tables)
        assert names == sorted(TABLES + MORE_TABLES + BESIDE)
        rows = {
            name: await connection.fetchval(f'SELECT count(*) FROM "{name}"')  # noqa: S608
            for name in names
            if name not in BESIDE
        }
        return {name: count for name, count in rows.items() if count or name in TABLES}


_AUDIT = """
WITH paths AS (
    SELECT s.settlement_id, s.request_id,
        array(SELECT c.state FROM settlement_state_change c
              WHERE c.settlement_id = s.settlement_id ORDER BY c.version) AS states,
        array(SELECT o.kind FROM outbox o
              WHERE o.settlement_id = s.settlement_id ORDER BY transaction_id, sequence) AS events,
        array(SELECT i.kind FROM open_intent i WHERE i.settlement_id = s.settlement_id) AS intents
    FROM settlement s
)
SELECT settlement_id, states, events, intents FROM paths WHERE NOT (
    CASE array_to_string(states, ' ')
        WHEN 'PENDING' THEN events = '{}' AND intents = '{SETTLE}'
        WHEN 'PENDING FAILED' THEN events = '{}' AND intents <@ '{CANCEL}'
        WHEN 'PENDING SETTLED' THEN events = '{SETTLED}' AND intents <@ '{REVERSE}'
        WHEN 'PENDING SETTLED REVERSED' THEN events = '{SETTLED,REVERSED}' AND intents = '{}'
        ELSE false END
    AND EXISTS (SELECT FROM request r WHERE r.request_id = paths.request_id
                AND r.method = 'Settle' AND r.settlement_id = paths.settlement_id))"""


async def assert_coherent(world: World) -> None:
    """Audits the journal: every state path is legal, events and open work are those of the state,
    and each settlement belongs to its request; what the region holds is what the journal says."""
    if world.is_tampered:
        return
    assert [dict(row) for row in await world.sql(_AUDIT)] == []
    (row,) = await world.sql(
        "SELECT count(*) AS n FROM request r WHERE NOT EXISTS"
        " (SELECT FROM settlement s WHERE s.settlement_id = r.settlement_id)"
        # A reversal of a request that never came keeps its id from being settled.
        " AND NOT (r.method = 'Reverse' AND r.settlement_id = $1)",
        UUID(int=0),
    )
    assert row["n"] == 0
    assert not await world.sql(
        "SELECT 1 FROM visit_settlement v WHERE NOT EXISTS"
        " (SELECT FROM settlement s WHERE s.settlement_id = v.settlement_id)"
    )
    settled = await world.sql(
        "SELECT settlement_id::text, fund_fen, account_fen, cash_fen FROM settlement_state_change c"
        " WHERE state = 'SETTLED' AND NOT EXISTS (SELECT FROM settlement_state_change r"
        "  WHERE r.settlement_id = c.settlement_id AND r.version = 3)"
        " AND NOT EXISTS (SELECT FROM open_intent i WHERE i.settlement_id = c.settlement_id)"
    )
    live = world.callees.benefits.live
    for row in settled:
        booked = live[row["settlement_id"]].adjudication
        assert row["fund_fen"] == booked.fund_total.fen
        assert row["account_fen"] == booked.account_pay.fen
        assert row["cash_fen"] == booked.cash_pay.fen


@contextlib.asynccontextmanager
async def database_of_its_own(postgres_dsn: str, template: str) -> AsyncIterator[str]:
    """Clones the migrated database while the block runs; gives its DSN."""
    name = f"module_{uuid4().hex}"
    connection = await asyncpg.connect(postgres_dsn)
    try:
        await connection.execute(f"CREATE DATABASE {name} TEMPLATE {template}")
        head, _, query = postgres_dsn.partition("?")
        yield f"{head.rpartition('/')[0]}/{name}?{query}"
        await connection.execute(f"DROP DATABASE {name} WITH (FORCE)")
    finally:
        await connection.close()


@contextlib.asynccontextmanager
async def served(
    dsn: str, callees: Callees, clock: FakeClock, stream: io.BytesIO, **changes: str
) -> AsyncIterator[World]:
    """Serves settlement through its composition root while the block runs."""
    config = load(Config, settings_of(dsn, callees, **changes))
    with logging_to(stream):
        async with (
            telemetry("settlement", TelemetryConfig(trace_dir=changes.get("TRACE_DIR", ""))),
            running(config, clock=clock) as server,
            open_channel(server.address) as channel,
        ):
            stub = rpc.SettlementServiceStub(channel)
            yield World(stub, channel, callees, clock, dsn, stream, server.address)


def ident() -> str:
    return str(uuid4())


def fill_patient(patient: Any) -> None:
    """Fills in the patient whom the identity fake knows."""
    patient.credential.type = person_pb2.CREDENTIAL_TYPE_ID_NUMBER
    patient.credential.number = ID_NUMBER
    patient.person_id = PERSON
    patient.sex = 2
    patient.birth_date.year, patient.birth_date.month, patient.birth_date.day = 1950, 1, 1
    patient.insured_region_code = INSURED
    patient.scheme_code = "310"


def add_line(bill: Any, code: str, price: str, quantity: str, fen: int) -> Any:
    """Adds a fee line of the bill's last day."""
    line = bill.lines.add(line_id=str(len(bill.lines) + 1), item_code=code, item_name=ITEM_NAME)
    line.fee_date.CopyFrom(bill.end_date)
    line.unit_price.value, line.quantity.value, line.amount.fen = price, quantity, fen
    return line


def fill_bill(bill: Any) -> None:
    """Fills in an outpatient bill of three lines: class A, class B and not listed."""
    bill.care_region_code = CARE
    bill.institution_code = HOSPITAL
    bill.hospital_level_code = "02"
    bill.medical_type_code = "11"
    for day in (bill.begin_date, bill.end_date):
        day.year, day.month, day.day = DAY
    bill.diagnoses.add(diagnosis_code="I10.x00x002", main=True)
    for entry in LINES:
        add_line(bill, *entry)
    bill.total.fen = TOTAL_FEN


def settle_request(**changes: Any) -> Any:
    """Returns a good request to settle."""
    request = pb.SettleRequest(request_id=ident())
    fill_patient(request.patient)
    fill_bill(request.bill)
    for name, value in changes.items():
        setattr(request, name, value)
    return request


def pre_settle_request(**changes: Any) -> Any:
    """Returns a good request for a trial."""
    request = pb.PreSettleRequest(**changes)
    fill_patient(request.patient)
    fill_bill(request.bill)
    return request


async def first_events(stub: Any, count: int, after: str = "") -> list[Any]:
    """Returns the first events of a subscription that has at least so many."""
    events: list[Any] = []
    stream = stub.Subscribe(pb.SubscribeRequest(after_cursor=after))
    try:
        async with asyncio.timeout(10):
            async for response in stream:
                events += response.events
                if len(events) >= count:
                    return events
    finally:
        stream.cancel()
    raise AssertionError("the feed ended")


def state_name(settlement: Any) -> str:
    return settlement_pb2.SettlementState.Name(settlement.state).removeprefix("SETTLEMENT_STATE_")


async def eventually(check: Callable[[], Awaitable[Any]]) -> None:
    """Repeats a check until it returns something true."""

    async def probe() -> None:
        assert await check()

    await support_eventually(probe, within_s=10.0, every_s=0.02)

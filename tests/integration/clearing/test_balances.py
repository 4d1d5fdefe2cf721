"""Balances now, of any past instant, by pages; and the ledger verified, by call and command."""

from __future__ import annotations

import contextlib
import random
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from uuid import UUID

import asyncpg
import orjson
import pytest

from services.clearing import balances
from services.clearing import posting as ledger
from services.clearing.app import running
from services.clearing.balances import Balance, BalanceFilter
from services.clearing.config import Config
from services.clearing.domain.ledger import Kind, LedgerRefused, Phase
from services.cli import auditing
from services.kit import paging, wire
from services.kit.channel import open_channel
from services.kit.clock import SystemClock
from services.kit.config import load
from services.kit.db import Database
from tests.integration.clearing.harness import environ
from tests.integration.clearing.ledger_world import NOW, feed, posting, within
from tests.support.rpc import refused
from tests.support.settlement_feed import reversed_, settled
from yijie.clearing.v1 import clearing_service_pb2, clearing_service_pb2_grpc, ledger_pb2

pytestmark = pytest.mark.postgres

TIMEOUT_S = 10.0


# --- any history, any instant -------------------------------------------------------------------


def drawn(seed: int) -> list[tuple[str, int, int]]:
    """A history of thirty steps: what is done, to which number, how much or how decided."""
    draw = random.Random(seed)  # noqa: S311 - to be repeated
    story = []
    for _ in range(30):
        what = draw.choice(("settle", "settle", "reverse", "post", "pend", "resolve", "resolve"))
        base = {"post": 10, "pend": 20, "resolve": 20}.get(what, 0)
        fen = draw.randint(0, 1) if what == "resolve" else draw.randint(1, 10**6)
        story.append((what, base + draw.randint(1, 5), fen))
    return story


class Told:
    """A history told step by step; what is refused leaves nothing."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.settled: dict[int, Any] = {}
        self.reversed: set[int] = set()

    async def tell(self, step: tuple[str, int, int], now: datetime) -> None:
        what, number, fen = step
        with contextlib.suppress(LedgerRefused):
            if what == "settle" and number not in self.settled:
                insured = ("140100", "131100")[number % 2]
                self.settled[number] = settled(number, funds={"310100": fen}, insured=insured)
                await feed(self.database, self.settled[number], now=now)
            elif what == "reverse" and number in self.settled.keys() - self.reversed:
                self.reversed.add(number)
                at = datetime(2026, 4, 1 + number, tzinfo=UTC)
                await feed(self.database, reversed_(self.settled[number], at=at), now=now)
            elif what == "post":
                one = posting(number, -fen, kind=Kind.PAYMENT)
                await within(self.database, ledger.post, [one], now=now)
            elif what == "pend":
                await within(self.database, ledger.pend, [posting(number, -fen)], now=now)
            elif what == "resolve":
                await within(
                    self.database,
                    ledger.resolve,
                    UUID(int=number),
                    Kind.DEDUCTION,
                    posted=bool(fen),
                    now=now,
                )


async def everything(database: Database, as_of: datetime | None = None) -> list[Balance]:
    return [
        one
        for phase in Phase
        for one in await balances.balances(database, BalanceFilter(phase=phase), as_of=as_of)
    ]


@pytest.mark.parametrize("seed", range(6))
async def test_balances_of_an_instant_are_those_of_the_prefix(
    database: Database, seed: int
) -> None:
    """What was kept after each step is what its instant shows when all is told."""
    told = Told(database)
    kept = []
    for number, step in enumerate(drawn(seed)):
        now = NOW + timedelta(minutes=number)
        await told.tell(step, now)
        kept.append((now, await everything(database)))
    for now, then in kept:
        assert await everything(database, now) == then
        assert await everything(database, now + timedelta(seconds=59)) == then
    assert len({str(then) for _, then in kept}) > 5


# --- by call ------------------------------------------------------------------------------------


@contextlib.asynccontextmanager
async def clearing(dsn: str) -> AsyncIterator[Any]:
    """The whole service on a free port; gives a channel to it."""
    async with (
        running(load(Config, environ(dsn, 1))) as server,
        open_channel(server.address) as channel,
    ):
        yield channel


@pytest.fixture
async def channel(dsn: str, database: Database) -> AsyncIterator[Any]:
    """Clearing with care of two pairs, a payment, and a deduction that waits."""
    events = [
        settled(number, funds={"310100": number, "330100": 1}, insured=insured)
        for number, insured in enumerate(("140100", "131100", "140100"), start=1)
    ]
    await feed(database, *events, now=NOW)
    one = posting(10, -3, kind=Kind.PAYMENT)
    await within(database, ledger.post, [one], now=NOW + timedelta(minutes=1))
    await within(database, ledger.pend, [posting(20, -2)], now=NOW + timedelta(minutes=2))
    async with clearing(dsn) as opened:
        yield opened


async def page(channel: Any, **wanted: Any) -> Any:
    stub = clearing_service_pb2_grpc.ClearingServiceStub(channel)
    request = clearing_service_pb2.GetBalancesRequest(**wanted)
    return await stub.GetBalances(request, timeout=TIMEOUT_S)


def sums(answer: Any) -> dict[str, int]:
    found: dict[str, int] = {}
    for one in answer.balances:
        purpose = ledger_pb2.AccountPurpose.Name(one.purpose).removeprefix("ACCOUNT_PURPOSE_")
        found[purpose] = found.get(purpose, 0) + one.owed.fen
    return found


async def test_balances_by_call(channel: Any) -> None:
    whole = await page(channel)
    assert (sums(whole), whole.block_id) == ({"CLEARING": 9, "PAYMENT": -3}, 3)
    assert sums(await page(channel, insured_region_code="130000")) == {"CLEARING": 3}
    assert sums(await page(channel, care_region_code="310000")) == {}
    assert sums(await page(channel, month="2026-02")) == {}
    assert sums(await page(channel, scheme_code="390")) == {}
    payment = [ledger_pb2.ACCOUNT_PURPOSE_PAYMENT]
    assert sums(await page(channel, purposes=payment)) == {"PAYMENT": -3}
    pending = ledger_pb2.ACCOUNT_PHASE_PENDING
    assert sums(await page(channel, phase=pending)) == {"DEDUCTION": -2}
    then = await page(channel, as_of_time=wire.write_time(NOW + timedelta(seconds=59)))
    assert (sums(then), then.block_id) == ({"CLEARING": 9}, 1)
    before = await page(channel, as_of_time=wire.write_time(NOW - timedelta(seconds=1)))
    assert (sums(before), before.block_id, before.digest) == ({}, 0, "0" * 64)


async def test_pages_are_of_one_moment(channel: Any, database: Database) -> None:
    whole = await page(channel)
    found, token, number = [], "", 0
    while True:
        answer = await page(channel, page_size=2, page_token=token)
        found += answer.balances
        assert (answer.block_id, answer.digest) == (whole.block_id, whole.digest)
        token = answer.next_page_token
        if not token:
            break
        # What is booked while somebody reads is not in what he reads.
        number += 1
        more = posting(100 + number, -1, kind=Kind.PAYMENT, fund_type_code="370100")
        await within(database, ledger.post, [more], now=NOW)
    assert list(found) == list(whole.balances)
    assert number == 2


@pytest.mark.parametrize(
    "key",
    [
        ("3", "140000", "110000", "2026-03", "310", "310100"),
        ("3", "140000", "110000", "2026-03", "310", "310100", "GIFT"),
        ("3", "140000", "110000", "2026-03", "310", "999999", "CLEARING"),
        ("99", "140000", "110000", "2026-03", "310", "310100", "CLEARING"),
        ("-1", "140000", "110000", "2026-03", "310", "310100", "CLEARING"),
    ],
)
async def test_a_token_that_was_made_up_is_refused(channel: Any, key: tuple[str, ...]) -> None:
    request = clearing_service_pb2.GetBalancesRequest()
    stub = clearing_service_pb2_grpc.ClearingServiceStub(channel)
    request.page_token = paging.write_token(request, key)
    refusal = await refused(stub.GetBalances(request, timeout=TIMEOUT_S))
    assert refusal.reason == "PAGE_TOKEN_INVALID"


async def test_the_future_is_refused(channel: Any) -> None:
    stub = clearing_service_pb2_grpc.ClearingServiceStub(channel)
    later = wire.write_time(SystemClock().now() + timedelta(hours=1))
    request = clearing_service_pb2.GetBalancesRequest(as_of_time=later)
    refusal = await refused(stub.GetBalances(request, timeout=TIMEOUT_S))
    assert refusal.reason == "INSTANT_IN_FUTURE"


async def test_entries_say_what_they_are_for(channel: Any) -> None:
    stub = clearing_service_pb2_grpc.ClearingServiceStub(channel)
    request = clearing_service_pb2.ListEntriesRequest()
    found = (await stub.ListEntries(request, timeout=TIMEOUT_S)).entries
    care, payment, waiting = found[0], found[-4], found[-1]
    assert (care.kind, care.block_id) == (ledger_pb2.BOOKING_KIND_SETTLED, 1)
    assert care.settlement_id == care.source_id == str(UUID(int=1))
    assert (payment.purpose, payment.settlement_id) == (ledger_pb2.ACCOUNT_PURPOSE_PAYMENT, "")
    assert payment.source_id == str(UUID(int=10))
    assert waiting.phase == ledger_pb2.ACCOUNT_PHASE_PENDING
    assert waiting.create_time == wire.write_time(NOW + timedelta(minutes=2))
    one = clearing_service_pb2.ListEntriesRequest(settlement_id=str(UUID(int=10)))
    assert len((await stub.ListEntries(one, timeout=TIMEOUT_S)).entries) == 2


# --- verified -----------------------------------------------------------------------------------


async def test_the_ledger_is_verified_by_pages(channel: Any) -> None:
    stub = clearing_service_pb2_grpc.ClearingServiceStub(channel)
    request = clearing_service_pb2.VerifyLedgerRequest(block_count_max=1)
    for number in (1, 2, 3):
        answer = await stub.VerifyLedger(request, timeout=TIMEOUT_S)
        assert (answer.verified_until_block, answer.last_block_id) == (number, 3)
        assert not answer.HasField("problem")
        request.after_block, request.after_digest = number, answer.digest
    assert answer.digest == (await page(channel)).digest


async def run_command(
    monkeypatch: pytest.MonkeyPatch, dsn: str, capsys: pytest.CaptureFixture[str], **options: Any
) -> tuple[int, str]:
    async with running(load(Config, environ(dsn, 1))) as server:
        endpoint = SimpleNamespace(address=server.address, certs="")
        monkeypatch.setattr(auditing, "read_endpoints", lambda _folder: {"clearing": endpoint})
        as_json = options.pop("as_json", False)
        wanted = auditing.Wanted(ledger_only=True, **options)
        code = await auditing.verify_all(Path(), wanted, as_json=as_json)
    return code, capsys.readouterr().out


async def test_the_command_finds_the_first_bad_block(
    dsn: str,
    channel: Any,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    noted = await page(channel)
    code, said = await run_command(monkeypatch, dsn, capsys)
    assert (code, noted.digest in said) == (0, True)
    code, said = await run_command(
        monkeypatch, dsn, capsys, after=3, digest=noted.digest, as_json=True
    )
    assert (code, orjson.loads(said)["is_good"]) == (0, True)
    code, said = await run_command(monkeypatch, dsn, capsys, after=2, digest=noted.digest)
    assert (code, "摘要不符" in said) == (1, True)
    connection = await asyncpg.connect(dsn, server_settings={"search_path": "clearing"})
    try:
        await connection.execute("SET session_replication_role = replica")
        await connection.execute(
            "UPDATE entry SET amount_fen = amount_fen * 10 WHERE block_id = 2;"
            " UPDATE transfer SET amount_fen = amount_fen * 10 WHERE kind = 'PAYMENT';"
            " UPDATE account SET balance_fen = balance_fen * 10 WHERE purpose = 'PAYMENT'"
        )
        code, said = await run_command(monkeypatch, dsn, capsys)
        assert code == 1
        assert "block 2" in said
        assert "内容被改" in said
        code, said = await run_command(monkeypatch, dsn, capsys, as_json=True)
        document = orjson.loads(said)
        assert (code, document["is_good"], document["problem"]["block_id"]) == (1, False, "2")
        assert document["problem"]["kind"] == "LEDGER_PROBLEM_KIND_CONTENT_CHANGED"
    finally:
        await connection.execute(
            "UPDATE entry SET amount_fen = amount_fen / 10 WHERE block_id = 2;"
            " UPDATE transfer SET amount_fen = amount_fen / 10 WHERE kind = 'PAYMENT';"
            " UPDATE account SET balance_fen = balance_fen / 10 WHERE purpose = 'PAYMENT'"
        )
        await connection.close()

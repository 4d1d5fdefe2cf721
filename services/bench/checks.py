"""What must hold after the load: nothing lost, nothing twice, the sums, every trace whole.

The bench owns the database that it looks into; what it checks is the services' own tables and span
files, not what they say of themselves.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from uuid import UUID

import asyncpg

from services.cli import spans
from services.cli.spans import Span
from yijie.settlement.v1 import settlement_pb2, settlement_service_pb2

CAUGHT_UP_S_MAX: Final = 30.0
"""How long the followers of the feed may need after the load."""
_POLL_S: Final = 0.1
_SPANS_S_MAX: Final = 5.0
"""Longest wait until the last spans are in their files."""

EXPECTED_SPANS: Final[Mapping[str, frozenset[str]]] = {
    "settlement": frozenset(
        {
            "yijie.settlement.v1.SettlementService/Settle",
            "yijie.identity.v1.IdentityService/VerifyCredential",
            "yijie.filing.v1.FilingService/MatchFiling",
            "yijie.supervision.v1.SupervisionService/ScreenBill",
            "yijie.benefits.v1.BenefitsService/Commit",
            "settlement.insert_intent",
            "settlement.insert_settled",
        }
    ),
    "identity": frozenset({"yijie.identity.v1.IdentityService/VerifyCredential"}),
    "filing": frozenset({"yijie.filing.v1.FilingService/MatchFiling"}),
    "supervision": frozenset({"yijie.supervision.v1.SupervisionService/ScreenBill"}),
    "benefits": frozenset({"yijie.benefits.v1.BenefitsService/Commit"}),
}
"""Names that the trace of a settlement must have, by service; the calls on both sides."""

_JOURNAL: Final = """
SELECT s.settlement_id, c.total_fen, c.fund_fen, c.account_fen, c.cash_fen
  FROM settlement.settlement s
  JOIN settlement.settlement_state_change c USING (settlement_id)
 WHERE c.state = 'SETTLED'"""
_OUTBOX: Final = "SELECT count(*) FROM settlement.outbox"
_FOLLOWED: Final = """
SELECT (SELECT count(*) FROM clearing.booking) AS clearing,
       (SELECT count(*) FROM supervision.audited_bill) AS supervision"""


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that must hold."""

    name: str
    holds: bool
    detail: str
    """What was counted."""


@dataclass(frozen=True, slots=True)
class Acknowledged:
    """A settlement that a caller was told of."""

    settlement_id: UUID
    trace_id: str
    total_fen: int
    fund_fen: int
    account_fen: int
    cash_fen: int
    settled: bool
    screened: bool
    """False: supervision did not answer in time, and screens it from the feed."""


def read_answer(answer: bytes) -> Acknowledged:
    """Reads a SettleResponse."""
    message = settlement_service_pb2.SettleResponse.FromString(answer)
    settlement = message.settlement
    paid = settlement.adjudication
    return Acknowledged(
        settlement_id=UUID(settlement.settlement_id),
        trace_id=message.trace_id,
        total_fen=settlement.amounts.total.fen,
        fund_fen=paid.fund_total.fen,
        account_fen=paid.account_pay.fen,
        cash_fen=paid.cash_pay.fen,
        settled=settlement.state == settlement_pb2.SETTLEMENT_STATE_SETTLED
        and not message.replayed,
        screened=settlement.screening_state == settlement_pb2.SCREENING_STATE_SCREENED,
    )


async def followed(connection: asyncpg.Connection) -> tuple[float, Mapping[str, int], int]:
    """Waits until clearing and supervision have all events; returns seconds, counts, events."""
    started = time.perf_counter()
    events = await connection.fetchval(_OUTBOX)
    while True:
        counts = dict(await connection.fetchrow(_FOLLOWED))
        waited = time.perf_counter() - started
        if all(count >= events for count in counts.values()) or waited > CAUGHT_UP_S_MAX:
            return waited, counts, events
        await asyncio.sleep(_POLL_S)


async def check_journal(
    connection: asyncpg.Connection, told: Sequence[Acknowledged]
) -> list[Check]:
    """Compares what callers were told with what the journal has."""
    rows = {row["settlement_id"]: row for row in await connection.fetch(_JOURNAL)}
    ids = {one.settlement_id for one in told}
    same = sum(
        one.settled
        and one.settlement_id in rows
        and tuple(rows[one.settlement_id])[1:]
        == (one.total_fen, one.fund_fen, one.account_fen, one.cash_fen)
        for one in told
    )
    total = sum(row["total_fen"] for row in rows.values())
    paid = sum(row["fund_fen"] + row["account_fen"] + row["cash_fen"] for row in rows.values())
    return [
        Check(
            "every acknowledged settlement is in the journal once, with the amounts answered",
            same == len(told) == len(ids),
            f"{same} of {len(told)}",
        ),
        Check(
            "fund + account + cash = total over the whole journal",
            total == paid,
            f"{paid} of {total} fen, {len(rows)} settlements",
        ),
    ]


async def check_feed(connection: asyncpg.Connection) -> Check:
    """Tells whether the followers have every event of the journal."""
    waited_s, counts, events = await followed(connection)
    shown = ", ".join(f"{name} {count}" for name, count in counts.items())
    return Check(
        "clearing and supervision have every event of the feed",
        all(count == events for count in counts.values()),
        f"{shown} of {events}, {waited_s:.1f} s after the load",
    )


async def check_traces(folder: Path, told: Sequence[Acknowledged]) -> Check:
    """Tells whether every acknowledged settlement has left a whole trace."""
    end = time.perf_counter() + _SPANS_S_MAX
    while True:
        traces = await asyncio.to_thread(spans.load_traces, folder)
        incomplete = [one for one in told if not is_whole(traces.get(one.trace_id, []), one)]
        if not incomplete or time.perf_counter() > end:
            break
        await asyncio.sleep(_POLL_S)
    count = sum(len(traces.get(one.trace_id, ())) for one in told)
    return Check(
        "every settlement has a complete trace, no orphan span",
        not incomplete,
        f"{len(told) - len(incomplete)} of {len(told)} traces, {count} spans",
    )


def is_whole(trace: Sequence[Span], told: Acknowledged) -> bool:
    """Tells whether a settlement's trace has one root, both sides of calls and the spans expected.

    Supervision may have answered too late, or not have been reached; all others must be there.
    """
    names: dict[str, set[str]] = {}
    for span in trace:
        names.setdefault(span.service, set()).add(span.name)
    wanted = {
        service: expected
        for service, expected in EXPECTED_SPANS.items()
        if told.screened or service != "supervision"
    }
    return spans.is_complete(trace) and all(
        expected <= names.get(service, set()) for service, expected in wanted.items()
    )

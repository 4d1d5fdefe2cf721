"""What the tests of the ledger share: postings, pairs and a month to cut."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from services.clearing import balances, store, usecases
from services.clearing.balances import BalanceFilter
from services.clearing.domain.ledger import Kind, Movement, Pair, Phase, Posting, Purpose
from services.clearing.posting import month_end
from services.kit.db import Connection, Database
from services.kit.feed import load_cursor
from tests.integration.clearing.harness import batch_of

NOW = datetime(2026, 4, 20, tzinfo=UTC)
SHANXI_BEIJING = Pair(
    insured_region_code="140000", care_region_code="110000", month="2026-03", scheme_code="310"
)


def posting(
    number: int,
    amount_fen: int = -700,
    *,
    kind: Kind = Kind.DEDUCTION,
    purpose: Purpose | None = None,
    pair: Pair = SHANXI_BEIJING,
    fund_type_code: str = "310100",
) -> Posting:
    return Posting(
        source_id=UUID(int=number),
        kind=kind,
        movements=(
            Movement(
                pair=pair,
                fund_type_code=fund_type_code,
                purpose=purpose or Purpose(kind.value),
                amount_fen=amount_fen,
            ),
        ),
    )


async def within(database: Database, work: Any, *arguments: Any, **options: Any) -> Any:
    """Runs a function of posting in a transaction."""

    async def run(connection: Connection) -> Any:
        return await work(connection, *arguments, **options)

    return await database.run("test.ledger", run)


async def owed(database: Database, phase: Phase = Phase.POSTED, **wanted: Any) -> dict[str, int]:
    """What all pairs owe together, by purpose; what is zero is left out."""
    sums: dict[str, int] = {}
    for one in await balances.balances(database, BalanceFilter(phase=phase, **wanted)):
        sums[one.purpose.value] = sums.get(one.purpose.value, 0) + one.owed_fen
    return {purpose: fen for purpose, fen in sums.items() if fen}


async def feed(database: Database, *events: Any, now: datetime = NOW) -> None:
    """Books events after what the feed has brought before."""
    after = await load_cursor(database, store.FEED)
    batch = batch_of(*events, cursor=f"{int(after or 0) + len(events):08d}")
    await usecases.book_batch(database, after=after, batch=batch, now=now)


async def feed_reaches(database: Database, month: str) -> None:
    """Makes the feed known to be booked up to the end of a month."""
    await store.mark(database, month_end(month) + timedelta(seconds=1))

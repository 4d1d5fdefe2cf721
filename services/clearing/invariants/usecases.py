"""Checks what must hold of clearing; see domain/invariants.py for what that is."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Final

from services.clearing import chain_audit
from services.clearing.domain.chain import EPOCH, NO_DIGEST, Head
from services.clearing.domain.invariants import (
    Invariant,
    Result,
    SumKey,
    added,
    compare,
    merged,
    net_positions,
)
from services.clearing.domain.ledger import Phase, Purpose
from services.clearing.domain.month_states import MonthState
from services.clearing.domain.notice import NoticeKind
from services.clearing.domain.notice_states import NoticeState
from services.clearing.domain.tables import digest_of
from services.clearing.invariants import store
from services.clearing.months.store import table_lines
from services.kit.clock import civil_midnight

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    import asyncpg

    from services.kit.db import Connection, Database

_OUT_OF_ORDER: Final = timedelta(seconds=10)
"""By how much the feed may be behind the times of its own events: it goes by commits."""
_ACCOUNTED: Final = "fund + account = cleared + deducted + pending"
_CARE: Final = frozenset({Purpose.CLEARING.value, Purpose.ADJUSTMENT.value})
_COLUMNS: Final = {
    Purpose.CLEARING.value: "cost_fen",
    Purpose.ADJUSTMENT.value: "adjustment_fen",
    Purpose.DEDUCTION.value: "deduction_fen",
}
_PAYMENT_OF: Final = {
    True: Purpose.PAYMENT.value,
    False: Purpose.PREPAYMENT_PAYMENT.value,
}
"""By whether a notice is one of clearing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """How a check came out."""

    results: tuple[Result, ...]
    """One of each invariant, in their order."""
    until_time: datetime | None
    """Events before it were compared; None: the feed was never read."""
    until_block_id: int
    """Up to this block the chain is intact."""
    until_digest: bytes
    """Of that block."""

    @property
    def holds(self) -> bool:
        """Whether every invariant does."""
        return all(result.holds for result in self.results)


async def check(
    database: Database,
    *,
    first_month: str = "",
    after_block: int = 0,
    after_digest: bytes | None = None,
) -> Check:
    """Checks everything from a month on, all read at one instant, and the chain after a block.

    Args:
        database: whose tables.
        first_month: "YYYY-MM"; empty: all months.
        after_block: the chain was found intact up to this block; 0: from the first one.
        after_digest: of that block, as it was noted then; None: not known.
    """
    async with (
        database.connection() as connection,
        connection.raw.transaction(isolation="repeatable_read", readonly=True),
    ):
        results, until_time = await _check_sums(connection, first_month)
    chain, head = await _check_chain(database, after_block, after_digest)
    return Check(
        results=merged([*results, chain]),
        until_time=until_time,
        until_block_id=head.block_id,
        until_digest=head.digest,
    )


async def _check_sums(
    connection: Connection, first_month: str
) -> tuple[list[Result], datetime | None]:
    balances = await store.balances(connection, first_month)
    tables = await store.tables(connection, first_month)
    tabled = await store.tabled(connection, first_month)
    notices = await store.notice_lines(connection, first_month)
    until_time = await store.until(connection)
    results = [
        _balanced(balances),
        compare(Invariant.BALANCED, *await store.kept_balances(connection, first_month)),
        _net_zero(balances),
        _tables(balances, tables, tabled),
        await _digests(connection, tabled),
        _notices(tables, tabled, notices),
        _prepayment_notices(balances, notices),
        _payments(balances, notices),
        _bank(await store.paid_notices(connection, first_month)),
    ]
    if until_time is not None:
        until_time -= _OUT_OF_ORDER
        results.append(
            await _settlements(connection, first_month, until_time, balances, (tables, tabled))
        )
    return results, until_time


async def _check_chain(
    database: Database, after_block: int, after_digest: bytes | None
) -> tuple[Result, Head]:
    head = Head(block_id=after_block, create_time=EPOCH, digest=after_digest or NO_DIGEST)
    known = after_digest if after_block else None
    while True:
        found = await chain_audit.verify(
            database,
            after_block=head.block_id,
            after_digest=known,
            count_max=chain_audit.BLOCKS_MAX,
        )
        if found.problem is not None:
            # What was intact before stays the last that is known to be.
            is_other = found.until.block_id < after_block
            head = head if is_other else found.until
            key = SumKey(subject=f"block {found.problem.block_id}: {found.problem.kind.value}")
            return _chain_result(head.block_id - after_block, {key: 1}), head
        head, known = found.until, found.until.digest
        if head.block_id >= found.last_block_id:
            return _chain_result(head.block_id - after_block, {}), head


def _chain_result(checked: int, wrong: Mapping[SumKey, int]) -> Result:
    found = compare(Invariant.CHAIN, {}, wrong)
    return Result(
        invariant=Invariant.CHAIN,
        checked_count=checked + len(wrong),
        contradictions=found.contradictions,
    )


def _balanced(balances: Sequence[asyncpg.Record]) -> Result:
    payable: dict[SumKey, int] = {}
    receivable: dict[SumKey, int] = {}
    for row in balances:
        key = store.key_of(row, f"receivable = payable, {row['purpose']} {row['phase']}")
        payable[key] = row["payable_fen"]
        receivable[key] = row["receivable_fen"]
    return compare(Invariant.BALANCED, payable, receivable)


def _net_zero(balances: Sequence[asyncpg.Record]) -> Result:
    due: dict[SumKey, int] = {}
    owed: dict[SumKey, int] = {}
    for row in _posted(balances):
        if row["purpose"] not in _COLUMNS:
            continue
        subject, month = "sum of net positions", row["month"]
        receiver = SumKey(subject=subject, month=month, care_region_code=row["care_region_code"])
        payer = SumKey(subject=subject, month=month, insured_region_code=row["insured_region_code"])
        due[receiver] = due.get(receiver, 0) + row["receivable_fen"]
        owed[payer] = owed.get(payer, 0) + row["payable_fen"]
    net = net_positions(due, owed)
    return compare(Invariant.NET_ZERO, dict.fromkeys(net, 0), net)


async def _settlements(
    connection: Connection,
    first_month: str,
    until_time: datetime,
    balances: Sequence[asyncpg.Record],
    made: tuple[Sequence[asyncpg.Record], Sequence[asyncpg.Record]],
) -> Result:
    """Compares; `made` are the lines of tables, and the months whose tables are made."""
    tables, tabled = made
    first = f"{first_month}-01" if first_month else str(await store.first_day(connection) or "")
    parts = [
        await store.hub_day(connection, day, _ACCOUNTED, begin=begin, end=end)
        for day, begin, end in _days(first, until_time)
    ]
    elsewhere = await store.booked_elsewhere(
        connection, first_month, _ACCOUNTED, until_time=until_time
    )
    deducted = await store.deducted(connection, first_month, _ACCOUNTED)
    tabled_months = {row["month"] for row in tabled}
    cleared = _sums((_fundless(row), row["payable_fen"]) for row in tables)
    pending = _sums(
        (_fundless(row), row["payable_fen"])
        for row in _posted(balances)
        if row["month"] not in tabled_months and row["purpose"] in _COLUMNS
    )
    # What was deducted is out of the sums of a month without tables, too.
    return compare(
        Invariant.SETTLEMENTS,
        added(*parts, elsewhere),
        added(cleared, deducted, pending),
    )


def _fundless(row: asyncpg.Record) -> SumKey:
    return replace(store.key_of(row, _ACCOUNTED), fund_type_code="")


def _tables(
    balances: Sequence[asyncpg.Record],
    tables: Sequence[asyncpg.Record],
    tabled: Sequence[asyncpg.Record],
) -> Result:
    made = {row["month"]: row["payable_fen"] for row in tabled}
    ledger = {
        store.key_of(row, f"table = ledger, {row['purpose']}"): row["payable_fen"]
        for row in _posted(balances)
        if row["month"] in made and row["purpose"] in _COLUMNS
    }
    lines = {
        store.key_of(row, f"table = ledger, {purpose}"): row[column]
        for row in tables
        for purpose, column in _COLUMNS.items()
    }
    subject = "sum of lines = sum of the month"
    expected = {SumKey(subject=subject, month=month): fen for month, fen in made.items()}
    totals = _sums(
        (SumKey(subject=subject, month=row["month"]), row["payable_fen"]) for row in tables
    )
    return compare(Invariant.TABLES, ledger, lines).plus(
        compare(Invariant.TABLES, expected, totals)
    )


async def _digests(connection: Connection, tabled: Sequence[asyncpg.Record]) -> Result:
    """Compares the digest of each month's tables: 1 where it is that of the lines."""
    found = {}
    for row in tabled:
        lines = await table_lines(connection, row["month"])
        key = SumKey(subject="digest of the lines", month=row["month"])
        found[key] = int(digest_of(lines) == row["digest"])
    return compare(Invariant.TABLES, dict.fromkeys(found, 1), found)


def _notices(
    tables: Sequence[asyncpg.Record],
    tabled: Sequence[asyncpg.Record],
    notices: Sequence[asyncpg.Record],
) -> Result:
    """Compares the notices of each pair that has one, and of each month that has them all."""
    subject = "notices = tables"
    clearing = [row for row in notices if row["kind"] == NoticeKind.CLEARING.value]
    notified = {
        row["month"] for row in tabled if MonthState(row["state"]).has_reached(MonthState.NOTIFIED)
    }
    drawn_up = {_pair(row) for row in clearing}
    expected = {
        store.key_of(row, subject): row["payable_fen"]
        for row in tables
        if row["month"] in notified or _pair(row) in drawn_up
    }
    found = _sums((store.key_of(row, subject), row["amount_fen"]) for row in clearing)
    return compare(Invariant.NOTICES, expected, found)


def _prepayment_notices(
    balances: Sequence[asyncpg.Record], notices: Sequence[asyncpg.Record]
) -> Result:
    ledger = {
        store.key_of(row, f"prepayment notices = ledger, {row['phase']}"): row["payable_fen"]
        for row in balances
        if row["purpose"] == Purpose.PREPAYMENT.value
    }
    found = _sums(
        (
            store.key_of(row, f"prepayment notices = ledger, {_phase(row['state'])}"),
            row["amount_fen"],
        )
        for row in notices
        if row["kind"] != NoticeKind.CLEARING.value
    )
    return compare(Invariant.NOTICES, ledger, found)


def _phase(state: str) -> str:
    phase = Phase.PENDING if state == NoticeState.DRAFT.value else Phase.POSTED
    return phase.value


def _payments(balances: Sequence[asyncpg.Record], notices: Sequence[asyncpg.Record]) -> Result:
    purposes = set(_PAYMENT_OF.values())
    ledger = {
        store.key_of(row, f"paid = posted, {row['purpose']} {row['phase']}"): -row["payable_fen"]
        for row in balances
        if row["purpose"] in purposes
    }
    lines = _sums(
        (
            store.key_of(
                row,
                f"paid = posted, {_PAYMENT_OF[row['kind'] == NoticeKind.CLEARING.value]} {phase}",
            ),
            row[column],
        )
        for row in notices
        for phase, column in (("POSTED", "paid_fen"), ("PENDING", "pending_fen"))
    )
    return compare(Invariant.PAYMENTS, lines, ledger)


def _bank(notices: Sequence[asyncpg.Record]) -> Result:
    keyed = [
        (
            SumKey(
                subject=f"paid = bank lines, notice {row['number']}",
                month=row["month"],
                insured_region_code=row["insured_region_code"],
                care_region_code=row["care_region_code"],
            ),
            row,
        )
        for row in notices
    ]
    return compare(
        Invariant.PAYMENTS,
        {key: row["bank_fen"] for key, row in keyed},
        {key: row["paid_fen"] for key, row in keyed},
    )


def _posted(balances: Sequence[asyncpg.Record]) -> Iterator[asyncpg.Record]:
    return (row for row in balances if row["phase"] == Phase.POSTED.value)


def _pair(row: asyncpg.Record) -> tuple[str, str, str]:
    return row["month"], row["insured_region_code"], row["care_region_code"]


def _sums(pairs: Iterator[tuple[SumKey, int]]) -> Mapping[SumKey, int]:
    return added(*({key: fen} for key, fen in pairs))


def _days(first: str, until_time: datetime) -> Iterator[tuple[date, datetime, datetime]]:
    """Gives the days from one (ISO; empty: there is none) as far as they are over by an instant."""
    if not first:
        return
    day = date.fromisoformat(first)
    while (begin := civil_midnight(day)) < until_time:
        following = day + timedelta(days=1)
        yield day, begin, min(civil_midnight(following), until_time)
        day = following

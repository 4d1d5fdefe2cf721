"""Balances of the ledger: now from the kept ones, of a past instant from the entries up to it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from services.clearing import chain
from services.clearing.domain.chain import Head
from services.clearing.domain.ledger import Pair, Phase, Purpose, pair_key
from services.kit.db import Connection
from services.kit.errors import InvalidArgument

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    import asyncpg

    from services.kit.db import Database

# $1 … $6 what is wanted, $7 … $12 after which key, $13 how many.
_WANTED: Final = """\
   AND ($1 = '' OR p.insured_region_code = $1) AND ($2 = '' OR p.care_region_code = $2)
   AND ($3 = '' OR p.month = $3) AND ($4 = '' OR p.scheme_code = $4)
   AND (cardinality($5::text[]) = 0 OR a.purpose = ANY($5::text[])) AND a.phase = $6
   AND (p.insured_region_code, p.care_region_code, p.month, p.scheme_code, a.fund_type_code,
        a.purpose) > ($7, $8, $9, $10, $11, $12)"""
_ORDER: Final = """ ORDER BY p.insured_region_code, p.care_region_code, p.month, p.scheme_code,
          a.fund_type_code, a.purpose
 LIMIT $13"""
_COLUMNS: Final = """p.insured_region_code, p.care_region_code, p.month, p.scheme_code,
       a.fund_type_code, a.purpose, a.phase"""

_BALANCES: Final = f"""/* clearing.get_balances */
SELECT {_COLUMNS}, a.balance_fen AS owed_fen
  FROM account a JOIN position p ON p.position_id = a.position_id
 WHERE a.side = 'RECEIVABLE'
{_WANTED}
{_ORDER}"""  # noqa: S608 - our own text

_BALANCES_AT: Final = f"""/* clearing.get_balances_at */
SELECT {_COLUMNS}, sum(e.amount_fen)::bigint AS owed_fen
  FROM account a
  JOIN position p ON p.position_id = a.position_id
  JOIN entry e ON e.account_id = a.account_id
 WHERE a.side = 'RECEIVABLE' AND e.block_id <= $14
{_WANTED}
 GROUP BY {_COLUMNS}
{_ORDER}"""  # noqa: S608 - our own text

# Waits for whoever is writing: what is being booked may be of an instant before now.
_WAIT: Final = """/* clearing.wait_for_chain */
SELECT block_id, create_time, digest FROM chain FOR SHARE"""
_LAST: Final = """/* clearing.get_last_time */
SELECT create_time FROM chain"""

# Whoever writes next may have read the clock before this instant: noted, it is of a later one.
_NOTE_ASKED: Final = """/* clearing.note_asked_time */
UPDATE chain SET asked_time = greatest(asked_time, $1)
RETURNING block_id, create_time, digest"""
_HEAD_AT: Final = """/* clearing.get_head_at */
SELECT block_id, create_time, digest FROM block
 WHERE create_time <= $1 ORDER BY create_time DESC LIMIT 1"""

_HEAD_OF: Final = """/* clearing.get_head_of */
SELECT block_id, create_time, digest FROM block WHERE block_id = $1"""

_ROWS_MAX: Final = 2**31 - 1


@dataclass(frozen=True, slots=True, kw_only=True)
class BalanceFilter:
    """Which balances are wanted; empty: all."""

    insured_region_code: str = ""
    care_region_code: str = ""
    month: str = ""
    scheme_code: str = ""
    purposes: Sequence[Purpose] = ()
    phase: Phase = Phase.POSTED


@dataclass(frozen=True, slots=True, kw_only=True)
class Balance:
    """What one pair owes for one month, scheme, fund and purpose."""

    pair: Pair
    fund_type_code: str
    purpose: Purpose
    phase: Phase
    owed_fen: int
    """More than zero: the insured province owes the care province. Zero: it did."""


def balance_key(one: Balance) -> tuple[str, ...]:
    """Returns what balances are sorted by."""
    return *pair_key(one.pair), one.fund_type_code, one.purpose.value


FIRST: Final = ("",) * 6
"""Sorts before every balance."""


async def balances(
    source: Connection | Database,
    wanted: BalanceFilter,
    *,
    as_of: datetime | None = None,
    after: tuple[str, ...] = FIRST,
    limit: int = _ROWS_MAX,
) -> list[Balance]:
    """Returns balances by pair, month, scheme, fund and purpose, in this order.

    Args:
        source: a transaction, or a database for a look of its own.
        wanted: which.
        as_of: an instant of the past: exact, because no later block is of an earlier instant.
            None: as they stand.
        after: the key of the last balance of the page before.
        limit: rows at most.
    """
    if as_of is None:
        return [_balance(row) for row in await source.fetch(_BALANCES, *_of(wanted, after, limit))]
    head = await digest_at(source, as_of)
    return await balances_at(source, wanted, head.block_id, after=after, limit=limit)


async def balances_at(
    source: Connection | Database,
    wanted: BalanceFilter,
    block_id: int,
    *,
    after: tuple[str, ...] = FIRST,
    limit: int = _ROWS_MAX,
) -> list[Balance]:
    """Returns balances as the blocks up to one, it included, add up to."""
    rows = await source.fetch(_BALANCES_AT, *_of(wanted, after, limit), block_id)
    return [_balance(row) for row in rows]


async def digest_at(source: Connection | Database, as_of: datetime | None = None) -> Head:
    """Returns the last block up to an instant, or the last of all; number 0: there is none.

    Waits for whoever is writing the ledger where what is being booked may be of that instant. What
    comes later is of a later instant: an `as_of` that is not over yet pushes all that is booked
    before it beyond it.
    """
    if isinstance(source, Connection):
        return await _head_at(source, as_of)

    async def work(connection: Connection) -> Head:
        return await _head_at(connection, as_of)

    return await source.run("clearing.digest_at", work)


async def _head_at(connection: Connection, as_of: datetime | None) -> Head:
    if as_of is None:
        row = await connection.fetchrow(_WAIT)
        return chain.read_head(row) if row else chain.NO_BLOCK
    # Of the past every block is there: they come one after the other.
    last = await connection.fetchrow(_LAST)
    if last is None or as_of >= last["create_time"]:
        row = await connection.fetchrow(_NOTE_ASKED, as_of)
        head = chain.read_head(row) if row else chain.NO_BLOCK
        if as_of >= head.create_time:
            return head
    row = await connection.fetchrow(_HEAD_AT, as_of)
    return chain.read_head(row) if row else chain.NO_BLOCK


async def head_of(source: Connection | Database, block_id: int) -> Head:
    """Returns a block that an earlier page was of.

    Raises:
        InvalidArgument: there is none of this number: the token was made up.
    """
    row = await source.fetchrow(_HEAD_OF, block_id)
    if row is None and block_id:
        raise InvalidArgument(
            "PAGE_TOKEN_INVALID", "page_token is not one of this list", field="page_token"
        )
    return chain.read_head(row) if row else chain.NO_BLOCK


def _of(wanted: BalanceFilter, after: tuple[str, ...], limit: int) -> tuple[object, ...]:
    return (
        wanted.insured_region_code,
        wanted.care_region_code,
        wanted.month,
        wanted.scheme_code,
        [one.value for one in wanted.purposes],
        wanted.phase.value,
        *after,
        limit,
    )


def _balance(row: asyncpg.Record) -> Balance:
    return Balance(
        pair=Pair(
            insured_region_code=row["insured_region_code"],
            care_region_code=row["care_region_code"],
            month=row["month"],
            scheme_code=row["scheme_code"],
        ),
        fund_type_code=row["fund_type_code"],
        purpose=Purpose(row["purpose"]),
        phase=Phase(row["phase"]),
        owed_fen=row["owed_fen"],
    )

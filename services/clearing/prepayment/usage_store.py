"""SQL of usage: what is used and held, how it stands, what was settled a day, policies, events."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING, Any, Final

from services.clearing.domain.exhausted import ExhaustedAction, ExhaustedPolicy
from services.clearing.domain.quota import QuotaKey
from services.clearing.domain.usage import Usage
from services.clearing.domain.usage_states import UsageState
from services.kit.funds import PERSONAL_ACCOUNT
from services.kit.outbox import Outbox

if TYPE_CHECKING:
    from collections.abc import Sequence

    import asyncpg

    from services.kit.db import Connection, Database

BLOCKS_MAX: Final = 2000
ENTRIES_MAX: Final = 50_000
"""Blocks, and what they hold, that one transaction adds up: the last block may go beyond it."""
PairKey = tuple[str, str]
"""Insured province, empty for all of them, and care province."""

EVENTS: Final = Outbox(
    service="clearing",
    table="prepayment_event",
    content="state",
    columns=(
        "insured_region_code",
        "care_region_code",
        "month",
        "previous_state",
        "state",
        "used_fen",
        "holding_fen",
    ),
    filters=("insured_region_code", "care_region_code"),
    wanted="($3 IN (insured_region_code, care_region_code) OR $3 = '')",
)
"""What a subscriber wants: the events of a province, on either side."""

# From kept balances: a row per position and fund, however much was settled.
_SUMS: Final = """/* clearing.sum_usage */
SELECT insured_region_code, care_region_code, scheme_code, sum(used)::bigint AS used_fen,
       sum(held)::bigint AS holding_fen
  FROM (SELECT p.insured_region_code, p.care_region_code, p.scheme_code,
               a.balance_fen AS used, 0 AS held
          FROM position p JOIN account a ON a.position_id = p.position_id
         WHERE p.month = $1 AND a.purpose IN ('CLEARING', 'ADJUSTMENT') AND a.phase = 'POSTED'
           AND a.side = 'RECEIVABLE' AND ($2 OR a.fund_type_code <> $3)
        UNION ALL
        SELECT p.insured_region_code, p.care_region_code, p.scheme_code, 0, -a.balance_fen
          FROM account a JOIN position p ON p.position_id = a.position_id
         WHERE a.purpose = 'PREPAYMENT_PAYMENT' AND a.phase = 'POSTED' AND a.side = 'RECEIVABLE'
       ) sums
 WHERE ($4 = '' OR insured_region_code = $4) AND ($5 = '' OR care_region_code = $5)
 GROUP BY insured_region_code, care_region_code, scheme_code"""

_STATES: Final = """/* clearing.usage_states */
SELECT insured_region_code, care_region_code, month, state FROM usage_state"""

_LIMITED: Final = """/* clearing.usage_states_limited */
SELECT insured_region_code, care_region_code,
       CASE WHEN state = 'EXHAUSTED' AND month < $3 THEN 'NORMAL' ELSE state END AS state
  FROM usage_state
 WHERE state = 'EXHAUSTED' AND month >= $3 AND insured_region_code <> ''
    OR (insured_region_code, care_region_code)
       IN (SELECT n.insured, n.care FROM unnest($1::text[], $2::text[]) AS n (insured, care))"""

_KEEP: Final = """/* clearing.keep_usage_states */
INSERT INTO usage_state (insured_region_code, care_region_code, month, state, used_fen,
                         holding_fen, change_time)
SELECT n.insured, n.care, $1, n.state, n.used_fen, n.holding_fen, $2
  FROM unnest($3::text[], $4::text[], $5::text[], $6::bigint[], $7::bigint[])
       AS n (insured, care, state, used_fen, holding_fen)
ON CONFLICT (insured_region_code, care_region_code) DO UPDATE
   SET month = excluded.month, state = excluded.state, used_fen = excluded.used_fen,
       holding_fen = excluded.holding_fen, change_time = excluded.change_time"""

_TELL: Final = """/* clearing.append_prepayment_events */
INSERT INTO prepayment_event (event_time, insured_region_code, care_region_code, month,
                              previous_state, state, used_fen, holding_fen)
SELECT $1, n.insured, n.care, $2, n.previous, n.state, n.used_fen, n.holding_fen
  FROM unnest($3::text[], $4::text[], $5::text[], $6::text[], $7::bigint[], $8::bigint[])
       AS n (insured, care, previous, state, used_fen, holding_fen)"""

# By what they hold, not by their number: a block is one bill, or thousands.
_NEXT_BLOCKS: Final = """/* clearing.next_blocks_of_days */
SELECT coalesce((SELECT max(block_id)
                   FROM (SELECT block_id,
                                sum(entry_count) OVER (ORDER BY block_id) - entry_count AS before
                           FROM block WHERE block_id > $1 AND block_id <= $1 + $2) b
                  WHERE b.before < $3), $1) AS until_block,
       coalesce((SELECT max(block_id) FROM block), 0) AS last_block"""

_ADD_DAYS: Final = """/* clearing.add_pair_days */
INSERT INTO pair_day (insured_region_code, care_region_code, day, fund_fen, account_fen)
SELECT p.insured_region_code, p.care_region_code,
       (b.event_time AT TIME ZONE 'Asia/Shanghai')::date AS day,
       coalesce(sum(e.amount_fen) FILTER (WHERE t.fund_type_code <> $3), 0)::bigint,
       coalesce(sum(e.amount_fen) FILTER (WHERE t.fund_type_code = $3), 0)::bigint
  FROM entry e
  JOIN transfer t ON t.transfer_id = e.transfer_id
  JOIN booking b ON b.source_id = t.source_id AND b.kind = t.kind AND b.step = t.step
  JOIN position p ON p.position_id = t.position_id
 WHERE e.block_id > $1 AND e.block_id <= $2 AND e.side = 'RECEIVABLE'
   AND t.kind IN ('SETTLED', 'REVERSED')
 GROUP BY p.insured_region_code, p.care_region_code, day
ON CONFLICT (insured_region_code, care_region_code, day) DO UPDATE
   SET fund_fen = pair_day.fund_fen + excluded.fund_fen,
       account_fen = pair_day.account_fen + excluded.account_fen"""

_MOVE: Final = """/* clearing.move_prepayment_watch */
UPDATE prepayment_watch SET block_id = $1"""

_DAYS: Final = """/* clearing.list_pair_days */
SELECT day, fund_fen + CASE WHEN $3 THEN account_fen ELSE 0 END AS amount_fen
  FROM pair_day
 WHERE insured_region_code = $1 AND care_region_code = $2 AND day >= $4
 ORDER BY day"""

_MONTHS: Final = """/* clearing.sum_months_of_pair */
SELECT p.month, sum(a.balance_fen)::bigint AS amount_fen
  FROM position p JOIN account a ON a.position_id = p.position_id
 WHERE p.insured_region_code = $1 AND p.care_region_code = $2 AND p.month < $3
   AND a.purpose IN ('CLEARING', 'ADJUSTMENT') AND a.phase = 'POSTED' AND a.side = 'RECEIVABLE'
   AND ($4 OR a.fund_type_code <> $5)
 GROUP BY p.month ORDER BY p.month"""

_INSERT_POLICY: Final = """/* clearing.insert_exhausted_policy */
INSERT INTO exhausted_policy (insured_region_code, care_region_code, action, without_holding,
                              begin_date, note, maker_id, checker_id, create_time)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)"""

_IN_FORCE: Final = """/* clearing.exhausted_policies_in_force */
SELECT DISTINCT ON (insured_region_code, care_region_code) insured_region_code, care_region_code,
       action, without_holding, begin_date, note, maker_id, checker_id, create_time
  FROM exhausted_policy WHERE begin_date <= $1
 ORDER BY insured_region_code, care_region_code, begin_date DESC, policy_id DESC"""

_POLICIES: Final = """/* clearing.list_exhausted_policies */
SELECT insured_region_code, care_region_code, action, without_holding, begin_date, note, maker_id,
       checker_id, create_time
  FROM exhausted_policy ORDER BY policy_id"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """A usage whose state is another than before."""

    pair: PairKey
    previous: UsageState
    state: UsageState
    usage: Usage


async def sum_usage(
    source: Connection | Database,
    month: str,
    *,
    with_account: bool,
    insured_region_code: str = "",
    care_region_code: str = "",
) -> dict[QuotaKey, Usage]:
    """Returns what is used in a month and what is held now, by pair and scheme."""
    rows = await source.fetch(
        _SUMS, month, with_account, PERSONAL_ACCOUNT, insured_region_code, care_region_code
    )
    return {
        QuotaKey(row["insured_region_code"], row["care_region_code"], row["scheme_code"]): Usage(
            used_fen=row["used_fen"], holding_fen=row["holding_fen"]
        )
        for row in rows
    }


async def load_states(source: Connection | Database) -> dict[PairKey, tuple[str, UsageState]]:
    """Returns month and state of every usage that was ever above nothing held."""
    return {
        (row["insured_region_code"], row["care_region_code"]): (
            row["month"],
            UsageState(row["state"]),
        )
        for row in await source.fetch(_STATES)
    }


async def load_limited(
    source: Connection | Database, pairs: Sequence[PairKey], *, month: str
) -> dict[PairKey, UsageState]:
    """Returns the states of the pairs that are exhausted in a month, and of some others.

    What was exhausted in an earlier month is so no more, whether anybody has looked since or not.
    """
    rows = await source.fetch(
        _LIMITED, [insured for insured, _ in pairs], [care for _, care in pairs], month
    )
    return {
        (row["insured_region_code"], row["care_region_code"]): UsageState(row["state"])
        for row in rows
    }


async def keep_states(
    connection: Connection,
    usages: Sequence[tuple[PairKey, UsageState, Usage]],
    *,
    month: str,
    now: datetime,
) -> None:
    """Stores how usages stand."""
    await connection.execute(
        _KEEP,
        month,
        now,
        [pair[0] for pair, _, _ in usages],
        [pair[1] for pair, _, _ in usages],
        [state.value for _, state, _ in usages],
        [usage.used_fen for _, _, usage in usages],
        [usage.holding_fen for _, _, usage in usages],
    )


async def tell(
    connection: Connection, changes: Sequence[Change], *, month: str, now: datetime
) -> None:
    """Appends the events of changes."""
    await connection.execute(
        _TELL,
        now,
        month,
        [one.pair[0] for one in changes],
        [one.pair[1] for one in changes],
        [one.previous.value for one in changes],
        [one.state.value for one in changes],
        [one.usage.used_fen for one in changes],
        [one.usage.holding_fen for one in changes],
    )


async def next_blocks(connection: Connection, *, after_block: int) -> tuple[int, int]:
    """Returns up to which block a transaction adds up, and the last one: all before are visible.

    One statement must end in time whatever is behind: a month of bills booked at once, too.
    """
    row = await connection.fetchrow(_NEXT_BLOCKS, after_block, BLOCKS_MAX, ENTRIES_MAX)
    return (row["until_block"], row["last_block"]) if row else (after_block, after_block)


async def add_days(connection: Connection, *, after_block: int, until_block: int) -> None:
    """Adds up blocks; the lock of `store.lock` is held."""
    await connection.execute(_ADD_DAYS, after_block, until_block, PERSONAL_ACCOUNT)
    await connection.execute(_MOVE, until_block)


async def list_days(
    source: Connection | Database,
    *,
    insured_region_code: str,
    care_region_code: str,
    first_day: date,
    with_account: bool,
) -> list[tuple[date, int]]:
    """Returns what was settled between a pair by day, from a day on."""
    rows = await source.fetch(_DAYS, insured_region_code, care_region_code, with_account, first_day)
    return [(row["day"], row["amount_fen"]) for row in rows]


async def list_months(
    source: Connection | Database,
    *,
    insured_region_code: str,
    care_region_code: str,
    before_month: str,
    with_account: bool,
) -> dict[str, int]:
    """Returns what was settled between a pair by month, before a month."""
    rows = await source.fetch(
        _MONTHS,
        insured_region_code,
        care_region_code,
        before_month,
        with_account,
        PERSONAL_ACCOUNT,
    )
    return {row["month"]: row["amount_fen"] for row in rows}


async def insert_policy(connection: Connection, policy: ExhaustedPolicy) -> None:
    """Stores what was set for a pair."""
    await connection.execute(
        _INSERT_POLICY,
        policy.insured_region_code,
        policy.care_region_code,
        policy.action.value,
        policy.without_holding,
        policy.begin_date,
        policy.note,
        policy.maker_id,
        policy.checker_id,
        policy.create_time,
    )


async def list_policies(source: Connection | Database) -> list[ExhaustedPolicy]:
    """Returns what was set for pairs, in the order in which it was set."""
    return [_policy(row) for row in await source.fetch(_POLICIES)]


async def list_policies_in_force(
    source: Connection | Database, today: date
) -> list[ExhaustedPolicy]:
    """Returns what holds today of what was set, one per pair."""
    return [_policy(row) for row in await source.fetch(_IN_FORCE, today)]


def _policy(row: asyncpg.Record) -> ExhaustedPolicy:
    values: dict[str, Any] = dict(row)
    values["action"] = ExhaustedAction(values["action"])
    return ExhaustedPolicy(**values)

"""SQL of quotas and top-ups. What was decided is never rewritten; changes are appended."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

from services.clearing.domain.quota import PREPAYMENT_FUNDS, QuotaKey, QuotaKind, QuotaLine
from services.clearing.domain.quota_states import QuotaProposalState
from services.kit.funds import PERSONAL_ACCOUNT

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    import asyncpg

    from services.kit.db import Connection, Database

_LOCK: Final = """/* clearing.lock_prepayment */
SELECT block_id FROM prepayment_watch FOR UPDATE"""

_TABLED: Final = """/* clearing.tabled_months */
SELECT month FROM month_table WHERE month = ANY($1::text[])"""

_SETTLED: Final = """/* clearing.settled_of_tables */
SELECT insured_region_code, care_region_code, scheme_code, month,
       sum(cost_fen + adjustment_fen)::bigint AS amount_fen
  FROM table_line
 WHERE month = ANY($1::text[]) AND scheme_code = ANY($2::text[])
   AND ($3 OR fund_type_code <> $4)
   AND ($5 = '' OR insured_region_code = $5) AND ($6 = '' OR care_region_code = $6)
 GROUP BY insured_region_code, care_region_code, scheme_code, month"""

_QUOTAS: Final = """/* clearing.quotas_in_force */
SELECT DISTINCT ON (insured_region_code, care_region_code, scheme_code)
       insured_region_code, care_region_code, scheme_code, quota_fen
  FROM quota_change
 WHERE ($1 = '' OR insured_region_code = $1) AND ($2 = '' OR care_region_code = $2)
 ORDER BY insured_region_code, care_region_code, scheme_code, change_id DESC"""

_STANDING_OF_YEAR: Final = """/* clearing.annual_quotas_of_year */
SELECT a.insured_region_code, a.care_region_code, a.scheme_code
  FROM quota_change a
 WHERE a.kind = 'ANNUAL' AND a.year = $1 AND NOT EXISTS (
       SELECT FROM quota_change c
        WHERE c.kind = 'CANCELLED' AND c.origin_id = a.origin_id
          AND c.insured_region_code = a.insured_region_code
          AND c.care_region_code = a.care_region_code AND c.scheme_code = a.scheme_code)"""

_NEWEST_YEAR: Final = """/* clearing.newest_annual_year */
SELECT max(a.year) AS year FROM quota_change a
 WHERE a.kind = 'ANNUAL' AND NOT EXISTS (
       SELECT FROM quota_change c
        WHERE c.kind = 'CANCELLED' AND c.origin_id = a.origin_id
          AND c.insured_region_code = a.insured_region_code
          AND c.care_region_code = a.care_region_code AND c.scheme_code = a.scheme_code)"""

_INSERT_PROPOSAL: Final = """/* clearing.insert_quota_proposal */
INSERT INTO quota_proposal (proposal_id, kind, year, state, line_count, maker_id, create_time)
VALUES ($1, $2, $3, 'PROPOSED', $4, $5, $6)"""

_INSERT_LINES: Final = """/* clearing.insert_quota_lines */
INSERT INTO quota_line (proposal_id, insured_region_code, care_region_code, scheme_code, month_fen,
                        in_force_fen, quota_fen)
SELECT $1, n.insured, n.care, n.scheme, string_to_array(nullif(n.months, ''), ',')::bigint[],
       n.in_force_fen, n.quota_fen
  FROM unnest($2::text[], $3::text[], $4::text[], $5::text[], $6::bigint[], $7::bigint[])
       AS n (insured, care, scheme, months, in_force_fen, quota_fen)"""

_PROPOSAL_CHANGE: Final = """/* clearing.append_quota_proposal_change */
INSERT INTO quota_proposal_change (proposal_id, state, change_time, officer_id)
VALUES ($1, $2, $3, $4)"""

_AWAITING: Final = """/* clearing.quota_proposal_awaiting */
SELECT proposal_id FROM quota_proposal WHERE state = 'PROPOSED'"""

# Of each proposal what it moves: by what was in force when it was decided, else when proposed.
_PROPOSALS: Final = """/* clearing.list_quota_proposals */
SELECT q.proposal_id, q.kind, q.year, q.state, q.line_count, q.maker_id, q.checker_id, q.note,
       q.create_time, q.decide_time, m.to_pay_fen, m.to_return_fen
  FROM quota_proposal q
 CROSS JOIN LATERAL (
       SELECT coalesce(sum(greatest(0, fen)), 0)::bigint AS to_pay_fen,
              coalesce(sum(greatest(0, -fen)), 0)::bigint AS to_return_fen
         FROM (SELECT coalesce(c.change_fen, l.quota_fen - l.in_force_fen) AS fen
                 FROM quota_line l
                 LEFT JOIN quota_change c ON c.origin_id = l.proposal_id
                      AND c.insured_region_code = l.insured_region_code
                      AND c.care_region_code = l.care_region_code
                      AND c.scheme_code = l.scheme_code AND c.kind = q.kind
                WHERE l.proposal_id = q.proposal_id) changes) m
 WHERE ($1::uuid IS NULL OR q.proposal_id = $1) AND ($2 = 0 OR q.year = $2)
   AND ($3::uuid IS NULL OR q.proposal_id > $3)
 ORDER BY q.proposal_id LIMIT $4"""

_LINES: Final = """/* clearing.list_quota_lines */
SELECT l.insured_region_code, l.care_region_code, l.scheme_code, l.month_fen,
       coalesce(c.quota_fen - c.change_fen, l.in_force_fen) AS in_force_fen, l.quota_fen
  FROM quota_line l
  LEFT JOIN quota_change c ON c.origin_id = l.proposal_id
       AND c.insured_region_code = l.insured_region_code
       AND c.care_region_code = l.care_region_code AND c.scheme_code = l.scheme_code
       AND c.kind IN ('ANNUAL', 'FIRST')
 WHERE l.proposal_id = $1
   AND ($2 = '' OR l.insured_region_code = $2) AND ($3 = '' OR l.care_region_code = $3)
   AND (l.insured_region_code, l.care_region_code, l.scheme_code) > ($4, $5, $6)
 ORDER BY l.insured_region_code, l.care_region_code, l.scheme_code LIMIT $7"""

_DECIDE_PROPOSAL: Final = """/* clearing.decide_quota_proposal */
UPDATE quota_proposal SET state = $2, checker_id = $3, note = $4, decide_time = $5
 WHERE proposal_id = $1"""

_APPEND_CHANGES: Final = """/* clearing.append_quota_changes */
INSERT INTO quota_change (insured_region_code, care_region_code, scheme_code, kind, year,
                          origin_id, change_fen, quota_fen, change_time)
SELECT n.insured, n.care, n.scheme, $1, $2, $3, n.change_fen, n.quota_fen, $4
  FROM unnest($5::text[], $6::text[], $7::text[], $8::bigint[], $9::bigint[])
       AS n (insured, care, scheme, change_fen, quota_fen)"""

_CHANGES_OF: Final = """/* clearing.quota_changes_of_notice */
SELECT insured_region_code, care_region_code, scheme_code, year, change_fen
  FROM quota_change
 WHERE origin_id = $1 AND insured_region_code = $2 AND care_region_code = $3
   AND kind <> 'CANCELLED'"""

_INSERT_NOTICES: Final = """/* clearing.insert_prepayment_notices */
INSERT INTO prepayment_notice (notice_id, origin_id, insured_region_code, care_region_code)
SELECT n.notice_id, $1, n.insured, n.care
  FROM unnest($2::uuid[], $3::text[], $4::text[]) AS n (notice_id, insured, care)"""

_OPEN_NOTICES: Final = """/* clearing.open_prepayment_notices */
SELECT notice_id, origin_id, insured_region_code, care_region_code
  FROM prepayment_notice WHERE is_open ORDER BY notice_id"""

_CLOSE_NOTICE: Final = """/* clearing.close_prepayment_notice */
UPDATE prepayment_notice SET is_open = false WHERE notice_id = $1"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """A proposal of quotas."""

    proposal_id: UUID
    kind: QuotaKind
    year: int
    state: QuotaProposalState
    line_count: int
    to_pay_fen: int
    to_return_fen: int
    maker_id: str
    checker_id: str
    note: str
    create_time: datetime
    decide_time: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenNotice:
    """A notice of prepayment that was neither paid nor rejected when last looked at."""

    notice_id: UUID
    origin_id: UUID
    insured_region_code: str
    care_region_code: str


async def lock(connection: Connection) -> int:
    """Locks quotas and usage against everybody else; returns the last block added up.

    Taken before any other row, the ledger's chain included.
    """
    row = await connection.fetchrow(_LOCK)
    if row is None:
        msg = "prepayment_watch has lost its row"
        raise RuntimeError(msg)
    return int(row["block_id"])


async def tabled(connection: Connection, months: Sequence[str]) -> set[str]:
    """Returns those of the months whose tables are made."""
    return {row["month"] for row in await connection.fetch(_TABLED, list(months))}


async def settled_of_tables(
    connection: Connection | Database,
    months: Sequence[str],
    *,
    with_account: bool,
    insured_region_code: str = "",
    care_region_code: str = "",
) -> dict[QuotaKey, tuple[int, ...]]:
    """Returns what the tables of months say was settled less what was taken back, by month."""
    rows = await connection.fetch(
        _SETTLED,
        list(months),
        list(PREPAYMENT_FUNDS),
        with_account,
        PERSONAL_ACCOUNT,
        insured_region_code,
        care_region_code,
    )
    found: dict[QuotaKey, dict[str, int]] = {}
    for row in rows:
        found.setdefault(_key(row), {})[row["month"]] = row["amount_fen"]
    return {key: tuple(by.get(month, 0) for month in months) for key, by in found.items()}


async def quotas_in_force(
    source: Connection | Database, *, insured_region_code: str = "", care_region_code: str = ""
) -> dict[QuotaKey, int]:
    """Returns the quotas that stand, by pair and scheme; zero where one stood before."""
    rows = await source.fetch(_QUOTAS, insured_region_code, care_region_code)
    return {_key(row): row["quota_fen"] for row in rows}


async def standing_of_year(connection: Connection, year: int) -> set[QuotaKey]:
    """Returns pairs and schemes whose annual quota of a year was decided and not taken back."""
    return {_key(row) for row in await connection.fetch(_STANDING_OF_YEAR, year)}


async def newest_year(connection: Connection) -> int:
    """Returns the last year of which an annual quota stands; 0: none does."""
    row = await connection.fetchrow(_NEWEST_YEAR)
    return (row["year"] or 0) if row else 0


async def awaiting(connection: Connection) -> UUID | None:
    """Returns the proposal that awaits its decision; there is one at most."""
    row = await connection.fetchrow(_AWAITING)
    return None if row is None else row["proposal_id"]


async def insert_proposal(
    connection: Connection,
    proposal_id: UUID,
    lines: Sequence[QuotaLine],
    *,
    kind: QuotaKind,
    year: int,
    maker_id: str,
    now: datetime,
) -> None:
    """Stores a proposal and its lines."""
    await connection.execute(
        _INSERT_PROPOSAL, proposal_id, kind.value, year, len(lines), maker_id, now
    )
    await connection.execute(
        _INSERT_LINES,
        proposal_id,
        *_columns(line.key for line in lines),
        [",".join(map(str, line.month_fen)) for line in lines],
        [line.in_force_fen for line in lines],
        [line.quota_fen for line in lines],
    )
    await connection.execute(_PROPOSAL_CHANGE, proposal_id, "PROPOSED", now, maker_id)


async def find_proposal(source: Connection | Database, proposal_id: UUID) -> Proposal | None:
    """Returns a proposal, or None."""
    rows = await source.fetch(_PROPOSALS, proposal_id, 0, None, 1)
    return _proposal(rows[0]) if rows else None


async def list_proposals(
    source: Connection | Database, *, year: int, after: UUID | None, limit: int
) -> list[Proposal]:
    """Returns proposals, oldest first; year 0: of all years."""
    return [_proposal(row) for row in await source.fetch(_PROPOSALS, None, year, after, limit)]


async def list_lines(
    source: Connection | Database,
    proposal_id: UUID,
    *,
    insured_region_code: str = "",
    care_region_code: str = "",
    after: QuotaKey | None = None,
    limit: int = 2**31 - 1,
) -> list[QuotaLine]:
    """Returns the lines of a proposal in the order of their keys."""
    rows = await source.fetch(
        _LINES,
        proposal_id,
        insured_region_code,
        care_region_code,
        *(after or ("", "", "")),
        limit,
    )
    return [
        QuotaLine(
            key=_key(row),
            month_fen=tuple(row["month_fen"] or ()),
            in_force_fen=row["in_force_fen"],
            quota_fen=row["quota_fen"],
        )
        for row in rows
    ]


async def decide_proposal(
    connection: Connection,
    proposal_id: UUID,
    state: QuotaProposalState,
    *,
    checker_id: str,
    note: str,
    now: datetime,
) -> None:
    """Ends a proposal."""
    await connection.execute(_DECIDE_PROPOSAL, proposal_id, state.value, checker_id, note, now)
    await connection.execute(_PROPOSAL_CHANGE, proposal_id, state.value, now, checker_id)


async def append_changes(
    connection: Connection,
    changes: Mapping[QuotaKey, int],
    in_force: Mapping[QuotaKey, int],
    *,
    kind: QuotaKind,
    year: int,
    origin_id: UUID,
    now: datetime,
) -> None:
    """Changes quotas by so much each; what was in force is given by who holds the lock."""
    await connection.execute(
        _APPEND_CHANGES,
        kind.value,
        year,
        origin_id,
        now,
        *_columns(changes),
        list(changes.values()),
        [in_force.get(key, 0) + fen for key, fen in changes.items()],
    )


async def changes_of(connection: Connection, notice: OpenNotice) -> dict[QuotaKey, tuple[int, int]]:
    """Returns what a notice stands for: year and change by pair and scheme."""
    rows = await connection.fetch(
        _CHANGES_OF, notice.origin_id, notice.insured_region_code, notice.care_region_code
    )
    return {_key(row): (row["year"], row["change_fen"]) for row in rows}


async def insert_notices(
    connection: Connection, origin_id: UUID, notices: Mapping[UUID, tuple[str, str]]
) -> None:
    """Notes the notices of a proposal or a top-up, to be followed until they are paid."""
    await connection.execute(
        _INSERT_NOTICES,
        origin_id,
        list(notices),
        [insured for insured, _ in notices.values()],
        [care for _, care in notices.values()],
    )


async def open_notices(connection: Connection) -> list[OpenNotice]:
    """Returns the notices that are followed."""
    return [OpenNotice(**dict(row)) for row in await connection.fetch(_OPEN_NOTICES)]


async def close_notice(connection: Connection, notice_id: UUID) -> None:
    """Follows a notice no longer."""
    await connection.execute(_CLOSE_NOTICE, notice_id)


def _columns(keys: Iterable[QuotaKey]) -> tuple[list[str], list[str], list[str]]:
    listed = list(keys)
    return (
        [key.insured_region_code for key in listed],
        [key.care_region_code for key in listed],
        [key.scheme_code for key in listed],
    )


def _key(row: asyncpg.Record) -> QuotaKey:
    return QuotaKey(row["insured_region_code"], row["care_region_code"], row["scheme_code"])


def _proposal(row: asyncpg.Record) -> Proposal:
    values: dict[str, Any] = dict(row)
    values["kind"] = QuotaKind(values["kind"])
    values["state"] = QuotaProposalState(values["state"])
    return Proposal(**values)

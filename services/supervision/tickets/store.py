"""SQL of tickets. What happened to one is only ever inserted, beside the ticket as it stands."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from enum import Enum
from typing import TYPE_CHECKING, Final

from services.supervision.domain.ticket import Party, Ticket, TicketKind
from services.supervision.domain.ticket_states import TicketState

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime
    from uuid import UUID

    import asyncpg

    from services.kit.db import Connection, Database

_COLUMNS: Final = """t.ticket_id, t.kind, t.state, t.party, t.responsible_region_code,
       t.institution_code, t.opener_region_code, t.is_automatic, t.reason, t.care_region_code,
       t.insured_region_code, t.settlement_id, t.question, t.answer, t.refusal_count,
       t.refused_fen, t.last_refusal_time, t.level, t.base_level, t.open_time, t.first_due_time,
       t.due_time, t.first_answer_time, t.answer_time, t.reopen_count, t.close_time, t.opener_id"""
_FIND: Final = f"""/* supervision.find_ticket */
SELECT {_COLUMNS} FROM ticket t WHERE t.ticket_id = $1"""  # noqa: S608 - our own column names
_FIND_LOCKED: Final = f"{_FIND}\n   FOR UPDATE"
_FIND_LIVE: Final = f"""/* supervision.find_live_tickets */
SELECT t.cause, {_COLUMNS} FROM ticket t
 WHERE t.cause = ANY($1::text[]) AND t.is_automatic AND t.state <> 'CLOSED'
 ORDER BY t.ticket_id
   FOR UPDATE"""  # noqa: S608 - our own column names
_COUNT_LIVE: Final = """/* supervision.count_live_tickets */
SELECT responsible_region_code, count(*) AS n FROM ticket
 WHERE responsible_region_code = ANY($1::text[])
   AND is_automatic AND state <> 'CLOSED' AND party = 'INSTITUTION'
 GROUP BY responsible_region_code"""
_LIST: Final = f"""/* supervision.list_tickets */
SELECT {_COLUMNS} FROM ticket t"""  # noqa: S608 - our own column names
# By level only those that are due for the next: a level takes at least one term.
_FIND_OVERDUE: Final = f"""/* supervision.find_overdue_tickets */
SELECT {_COLUMNS} FROM ticket t
 WHERE t.state = 'OPEN' AND t.level < $2
   AND t.due_time + (t.level - t.base_level) * $3::interval < $1
 ORDER BY t.due_time, t.ticket_id LIMIT $4
   FOR UPDATE SKIP LOCKED"""  # noqa: S608 - our own column names
_FIND_QUIET: Final = f"""/* supervision.find_quiet_tickets */
SELECT {_COLUMNS} FROM ticket t
 WHERE t.state = 'ANSWERED' AND t.is_automatic AND t.answer_time <= $1
 ORDER BY t.answer_time, t.ticket_id LIMIT $2
   FOR UPDATE SKIP LOCKED"""  # noqa: S608 - our own column names
_INSERT: Final = """/* supervision.insert_ticket */
INSERT INTO ticket (ticket_id, kind, state, party, responsible_region_code, institution_code,
                    opener_region_code, is_automatic, reason, care_region_code,
                    insured_region_code, settlement_id, question, answer, refusal_count,
                    refused_fen, last_refusal_time, level, base_level, open_time, first_due_time,
                    due_time, first_answer_time, answer_time, reopen_count, close_time, opener_id,
                    cause)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20,
        $21, $22, $23, $24, $25, $26, $27, $28)"""
_UPDATE: Final = """/* supervision.update_ticket */
UPDATE ticket
   SET state = $2, answer = $3, refusal_count = $4, refused_fen = $5, last_refusal_time = $6,
       level = $7, base_level = $8, due_time = $9, first_answer_time = $10, answer_time = $11,
       reopen_count = $12, close_time = $13
 WHERE ticket_id = $1"""
_INSERT_CHANGE: Final = """/* supervision.insert_ticket_change */
INSERT INTO ticket_change (ticket_id, state, level, change_time, region_code, maker_id, note)
VALUES ($1, $2, $3, $4, $5, $6, $7)"""
_LIST_CHANGES: Final = """/* supervision.list_ticket_changes */
SELECT state, level, change_time, region_code, maker_id, note
  FROM ticket_change WHERE ticket_id = $1 ORDER BY change_id"""
_MEASURE: Final = """/* supervision.measure_tickets */
SELECT responsible_region_code, level, count(*) AS n
  FROM ticket WHERE state = 'OPEN' AND due_time < $1
 GROUP BY responsible_region_code, level"""
_SUMMARIZE: Final = """/* supervision.summarize_tickets */
SELECT responsible_region_code AS region_code, coalesce(kind, '') AS kind,
       count(*) AS opened,
       count(*) FILTER (WHERE first_answer_time <= first_due_time) AS in_time,
       count(*) FILTER (WHERE first_answer_time > first_due_time) AS late,
       count(*) FILTER (WHERE state = 'OPEN' AND first_answer_time IS NULL
                          AND first_due_time < $3) AS overdue,
       count(*) FILTER (WHERE state = 'OPEN' AND first_answer_time IS NULL
                          AND first_due_time >= $3) AS waiting,
       count(*) FILTER (WHERE state = 'CLOSED' AND first_answer_time IS NULL) AS withdrawn,
       count(*) FILTER (WHERE state = 'CLOSED') AS closed,
       count(*) FILTER (WHERE level > 0) AS escalated,
       count(*) FILTER (WHERE reopen_count > 0) AS reopened,
       coalesce(sum(refusal_count), 0)::bigint AS refusals,
       percentile_disc(0.5) WITHIN GROUP (ORDER BY first_answer_time - open_time) AS median
  FROM ticket
 WHERE open_time >= $1 AND open_time < $2 AND ($4 = '' OR responsible_region_code = $4)
 GROUP BY GROUPING SETS ((responsible_region_code), (responsible_region_code, kind))
 ORDER BY responsible_region_code, kind"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One step in the life of a ticket."""

    state: TicketState
    level: int
    change_time: datetime
    region_code: str = ""
    """Empty: the hub."""
    maker_id: str = ""
    """Empty: it came by itself."""
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class TicketFilter:
    """Which tickets are wanted; None or empty: all."""

    region_code: str = ""
    """Only those that it is a party of."""
    state: TicketState | None = None
    kind: TicketKind | None = None
    responsible_region_code: str = ""
    institution_code: str = ""
    overdue_at: datetime | None = None
    after: UUID | None = None
    """Only those that sort after this one: the last of the page before."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """How a province answers its tickets of one kind, or of all."""

    region_code: str
    kind: TicketKind | None
    opened: int
    in_time: int
    late: int
    overdue: int
    waiting: int
    withdrawn: int
    closed: int
    escalated: int
    reopened: int
    refusals: int
    median_minutes: int | None


async def find(
    source: Connection | Database, ticket_id: UUID, *, lock: bool = False
) -> Ticket | None:
    """Returns a ticket; None: there is none. `lock` keeps others from changing it."""
    row = await source.fetchrow(_FIND_LOCKED if lock else _FIND, ticket_id)
    return None if row is None else _ticket(row)


async def find_live(connection: Connection, causes: Sequence[str]) -> dict[str, Ticket]:
    """Returns the tickets that are not closed and came of some causes, locked, by cause."""
    rows = await connection.fetch(_FIND_LIVE, list(causes))
    return {row["cause"]: _ticket(row) for row in rows}


async def count_live(connection: Connection, regions: Sequence[str]) -> dict[str, int]:
    """Returns how many tickets about institutions came by themselves and are not closed."""
    rows = await connection.fetch(_COUNT_LIVE, list(regions))
    return {row["responsible_region_code"]: row["n"] for row in rows}


async def find_overdue(
    connection: Connection, now: datetime, *, level_max: int, term: object, limit: int
) -> list[Ticket]:
    """Returns open tickets whose next level is due, locked; others' locked ones are left out."""
    rows = await connection.fetch(_FIND_OVERDUE, now, level_max, term, limit)
    return [_ticket(row) for row in rows]


async def find_quiet(connection: Connection, answered_by: datetime, *, limit: int) -> list[Ticket]:
    """Returns automatic tickets answered so long ago, locked; others' are left out."""
    return [_ticket(row) for row in await connection.fetch(_FIND_QUIET, answered_by, limit)]


async def insert(connection: Connection, ticket: Ticket, change: Change, *, cause: str) -> None:
    """Keeps a new ticket; `cause` is empty where somebody opened it."""
    await connection.execute(_INSERT, *_values(ticket), cause)
    await _insert_change(connection, ticket.ticket_id, change)


async def update(connection: Connection, ticket: Ticket, change: Change | None) -> None:
    """Keeps how a ticket stands now; `change` is what brought it there, None: only its counts."""
    await connection.execute(
        _UPDATE,
        ticket.ticket_id,
        ticket.state.value,
        ticket.answer,
        ticket.refusal_count,
        ticket.refused_fen,
        ticket.last_refusal_time,
        ticket.level,
        ticket.base_level,
        ticket.due_time,
        ticket.first_answer_time,
        ticket.answer_time,
        ticket.reopen_count,
        ticket.close_time,
    )
    if change is not None:
        await _insert_change(connection, ticket.ticket_id, change)


async def list_changes(source: Connection | Database, ticket_id: UUID) -> list[Change]:
    """Returns what happened to a ticket, oldest first."""
    rows = await source.fetch(_LIST_CHANGES, ticket_id)
    return [Change(**{**dict(row), "state": TicketState(row["state"])}) for row in rows]


async def list_tickets(
    source: Connection | Database, wanted: TicketFilter, *, limit: int
) -> list[Ticket]:
    """Returns tickets in the order in which they were opened, at most `limit`."""
    conditions: list[tuple[str, object]] = []
    if wanted.region_code:
        clause = (
            "{0} IN (t.responsible_region_code, t.opener_region_code, t.care_region_code,"
            " t.insured_region_code)"
        )
        conditions.append((clause, wanted.region_code))
    if wanted.state is not None:
        conditions.append(("t.state = {0}", wanted.state.value))
    if wanted.kind is not None:
        conditions.append(("t.kind = {0}", wanted.kind.value))
    if wanted.responsible_region_code:
        conditions.append(("t.responsible_region_code = {0}", wanted.responsible_region_code))
    if wanted.institution_code:
        conditions.append(("t.institution_code = {0}", wanted.institution_code))
    if wanted.overdue_at is not None:
        conditions.append(("(t.state = 'OPEN' AND t.due_time < {0})", wanted.overdue_at))
    if wanted.after is not None:
        conditions.append(("t.ticket_id > {0}", wanted.after))
    clauses = [text.format(f"${number}") for number, (text, _) in enumerate(conditions, start=1)]
    where = f"\n WHERE {' AND '.join(clauses)}" if clauses else ""
    rows = await source.fetch(
        f"{_LIST}{where}\n ORDER BY t.ticket_id LIMIT ${len(conditions) + 1}",
        *(value for _, value in conditions),
        limit,
    )
    return [_ticket(row) for row in rows]


async def summarize(
    source: Connection | Database,
    *,
    since: datetime,
    until: datetime,
    now: datetime,
    region_code: str,
) -> list[Summary]:
    """Returns how tickets opened in [since, until) stand now, by province, all kinds first."""
    rows = await source.fetch(_SUMMARIZE, since, until, now, region_code)
    return [
        Summary(
            **{
                **{name: row[name] for name in row.keys() if name != "median"},  # noqa: SIM118 - a record, no dict
                "kind": TicketKind(row["kind"]) if row["kind"] else None,
            },
            median_minutes=(
                None if row["median"] is None else int(row["median"].total_seconds()) // 60
            ),
        )
        for row in rows
    ]


async def count_overdue(
    source: Connection | Database, now: datetime
) -> Mapping[tuple[str, int], int]:
    """Returns how many open tickets are overdue, by province that answers and level."""
    rows = await source.fetch(_MEASURE, now)
    return {(row["responsible_region_code"], row["level"]): row["n"] for row in rows}


async def _insert_change(connection: Connection, ticket_id: UUID, change: Change) -> None:
    await connection.execute(
        _INSERT_CHANGE,
        ticket_id,
        change.state.value,
        change.level,
        change.change_time,
        change.region_code,
        change.maker_id,
        change.note,
    )


def _values(ticket: Ticket) -> list[object]:
    # In the order of the fields, which is that of the columns of _INSERT.
    return [one.value if isinstance(one, Enum) else one for one in asdict(ticket).values()]


def _ticket(row: asyncpg.Record) -> Ticket:
    fields = {name: value for name, value in row.items() if name != "cause"}
    return Ticket(
        **{
            **fields,
            "kind": TicketKind(row["kind"]),
            "state": TicketState(row["state"]),
            "party": Party(row["party"]),
        }
    )

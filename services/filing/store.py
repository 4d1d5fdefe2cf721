"""All SQL of filing. Takes a connection, gives and takes domain objects."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, Protocol

from services.filing.domain.model import Evidence, Filing, FilingState, FilingType
from services.kit.clock import civil_date

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    import asyncpg

    from services.kit.db import Connection

_FILINGS: Final = """
SELECT f.filing_id, f.person_id, f.insured_region_code, f.target_region_code, f.type_code,
       f.begin_date, f.end_date, f.evidence, f.create_time, c.change_time AS cancel_time
  FROM filing AS f
  LEFT JOIN filing_state_change AS c ON c.filing_id = f.filing_id AND c.state = 'CANCELLED'"""

INSERT_FILING: Final = """/* filing.insert_filing */
INSERT INTO filing (filing_id, person_id, insured_region_code, target_region_code, type_code,
                    begin_date, end_date, evidence, create_time)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)"""

# A statement of its own: what is read after it sees what the one who held the lock has written.
LOCK_FILING: Final = """/* filing.lock_filing */
SELECT filing_id FROM filing WHERE filing_id = $1 FOR UPDATE"""

GET_FILING: Final = f"""/* filing.get_filing */
{_FILINGS}
 WHERE f.filing_id = $1"""

APPEND_STATE: Final = """/* filing.append_state */
INSERT INTO filing_state_change (filing_id, state, change_time) VALUES ($1, $2, $3)"""

FILINGS_OF_PERSON: Final = f"""/* filing.filings_of_person */
{_FILINGS}
 WHERE f.person_id = $1"""

LIST_FILINGS: Final = f"""/* filing.list_filings */
{_FILINGS}
 WHERE f.person_id = $1
   AND ($2::uuid IS NULL OR f.filing_id < $2)
 ORDER BY f.filing_id DESC
 LIMIT $3"""


class Reader(Protocol):
    """Runs one statement: a database, or a connection held for a use case."""

    async def fetchrow(self, query: str, *arguments: Any) -> asyncpg.Record | None:
        """Returns the first row, or None."""

    async def fetch(self, query: str, *arguments: Any) -> list[asyncpg.Record]:
        """Returns the rows."""


async def insert_filing(connection: Connection, filing: Filing) -> None:
    """Writes a new filing."""
    await connection.execute(
        INSERT_FILING,
        filing.filing_id,
        filing.person_id,
        filing.insured_region,
        filing.target_region,
        filing.type.value,
        filing.begin_date,
        filing.end_date,
        filing.evidence.value,
        filing.create_time,
    )


async def lock_filing(connection: Connection, filing_id: UUID) -> Filing | None:
    """Returns a filing, locked until the transaction ends, or None."""
    await connection.fetchrow(LOCK_FILING, filing_id)
    return await get_filing(connection, filing_id)


async def get_filing(reader: Reader, filing_id: UUID) -> Filing | None:
    """Returns a filing, or None."""
    row = await reader.fetchrow(GET_FILING, filing_id)
    return None if row is None else _filing(row)


async def append_cancellation(connection: Connection, filing_id: UUID, *, now: datetime) -> None:
    """Writes down that a filing is cancelled."""
    await connection.execute(APPEND_STATE, filing_id, FilingState.CANCELLED.value, now)


async def filings_of(reader: Reader, person_id: UUID) -> list[Filing]:
    """Returns all filings of a person, cancelled ones included, in no particular order."""
    return [_filing(row) for row in await reader.fetch(FILINGS_OF_PERSON, person_id)]


async def list_filings(
    reader: Reader, person_id: UUID, *, before: UUID | None, count: int
) -> list[Filing]:
    """Returns filings of a person, newest first, from the one older than `before`."""
    rows = await reader.fetch(LIST_FILINGS, person_id, before, count)
    return [_filing(row) for row in rows]


def _filing(row: asyncpg.Record) -> Filing:
    cancel_time = row["cancel_time"]
    return Filing(
        filing_id=row["filing_id"],
        person_id=row["person_id"],
        insured_region=row["insured_region_code"],
        target_region=row["target_region_code"],
        type=FilingType(row["type_code"]),
        begin_date=row["begin_date"],
        end_date=row["end_date"],
        evidence=Evidence(row["evidence"]),
        create_time=row["create_time"],
        create_date=civil_date(row["create_time"]),
        cancel_time=cancel_time,
        cancel_date=None if cancel_time is None else civil_date(cancel_time),
    )

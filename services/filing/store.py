"""All SQL of filings. Takes a connection, gives and takes domain objects."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any, Final, Protocol

from services.filing.domain.model import ApprovalWay, Channel, Details, Evidence, Filing, FilingType
from services.filing.domain.reasons import StateReason
from services.filing.domain.states import FilingState
from services.filing.domain.submitting import first_reason
from services.filing.vault import Part, Vault, together
from services.kit.clock import civil_date

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from datetime import date, datetime
    from uuid import UUID

    import asyncpg

    from services.kit.db import Connection

# One index look-up finds a person's filings, and for each a look-up by its key what became of it.
_FILINGS: Final = """
SELECT f.filing_id, f.person_id, f.insured_region_code, f.target_region_code, f.type_code,
       f.begin_date, f.end_date, f.evidence, f.create_time, f.channel, f.approval, f.maker_id,
       f.referring_institution_code, f.previous_filing_id, f.changes_filing_id,
       f.locked_until_date, f.sample_terms, c.state, c.change_time, c.effective_date,
       c.reason_code, c.checker_id, c.changed_to_filing_id, s.change_time AS supplement_time,
       s.maker_id AS supplement_maker_id
  FROM filing AS f
  LEFT JOIN LATERAL (
       SELECT h.state, h.change_time, h.effective_date, h.reason_code, h.checker_id,
              h.changed_to_filing_id
         FROM filing_state_change AS h WHERE h.filing_id = f.filing_id
        ORDER BY h.sequence DESC LIMIT 1) AS c ON true
  LEFT JOIN filing_supplement AS s ON s.filing_id = f.filing_id"""

INSERT_FILINGS: Final = """/* filing.insert_filings */
INSERT INTO filing (filing_id, person_id, insured_region_code, target_region_code, type_code,
                    begin_date, end_date, evidence, create_time, channel, approval, maker_id,
                    referring_institution_code, previous_filing_id, changes_filing_id,
                    locked_until_date, sample_terms)
SELECT n.filing_id, n.person_id, n.insured_region_code, n.target_region_code, n.type_code,
       n.begin_date, n.end_date, n.evidence, n.create_time, n.channel, n.approval, n.maker_id,
       n.referring_institution_code, n.previous_filing_id, n.changes_filing_id,
       n.locked_until_date, n.sample_terms
  FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[], $5::text[], $6::date[],
              $7::date[], $8::text[], $9::timestamptz[], $10::text[], $11::text[], $12::text[],
              $13::text[], $14::uuid[], $15::uuid[], $16::date[], $17::boolean[])
    AS n (filing_id, person_id, insured_region_code, target_region_code, type_code, begin_date,
          end_date, evidence, create_time, channel, approval, maker_id,
          referring_institution_code, previous_filing_id, changes_filing_id, locked_until_date,
          sample_terms)"""

INSERT_RECORDS: Final = """/* filing.insert_records */
INSERT INTO filing_record (filing_id, part, record)
SELECT r.filing_id, $1, r.record
  FROM unnest($2::uuid[], $3::bytea[]) AS r (filing_id, record)"""

GET_RECORDS: Final = """/* filing.get_records */
SELECT filing_id, part, record FROM filing_record WHERE filing_id = ANY($1::uuid[])"""

# A statement of its own: what is read after it sees what the one who held the lock has written. In
# one order, so that two who lock the same filings do not wait for each other.
LOCK_FILINGS: Final = """/* filing.lock_filings */
SELECT filing_id FROM filing WHERE filing_id = ANY($1::uuid[]) ORDER BY filing_id FOR UPDATE"""

GET_FILINGS: Final = f"""/* filing.get_filings */
{_FILINGS}
 WHERE f.filing_id = ANY($1::uuid[])"""

APPEND_STATE: Final = """/* filing.append_state */
INSERT INTO filing_state_change (filing_id, state, sequence, change_time, effective_date,
                                 reason_code, maker_id, checker_id, changed_to_filing_id)
SELECT $1, $2, 1 + (SELECT count(*) FROM filing_state_change WHERE filing_id = $1),
       $3, $4, $5, $6, $7, $8"""

INSERT_SUPPLEMENT: Final = """/* filing.insert_supplement */
INSERT INTO filing_supplement (filing_id, maker_id, change_time) VALUES ($1, $2, $3)"""

INSERT_BAR: Final = """/* filing.insert_bar */
INSERT INTO commitment_bar (filing_id, person_id, until_date, change_time)
VALUES ($1, $2, $3, $4)"""

GET_BARS: Final = """/* filing.get_bars */
SELECT person_id, max(until_date) AS until_date FROM commitment_bar
 WHERE person_id = ANY($1::uuid[]) GROUP BY person_id"""

FILINGS_OF_PERSON: Final = f"""/* filing.filings_of_person */
{_FILINGS}
 WHERE f.person_id = $1"""

FILINGS_OF_PERSONS: Final = f"""/* filing.filings_of_persons */
{_FILINGS}
 WHERE f.person_id = ANY($1::uuid[])"""

LIST_FILINGS: Final = f"""/* filing.list_filings */
{_FILINGS}
 WHERE f.person_id = $1
   AND ($2::uuid IS NULL OR f.filing_id < $2)
   AND ($3 = '' OR left($3, 2) IN (left(f.insured_region_code, 2), left(f.target_region_code, 2)))
 ORDER BY f.filing_id DESC
 LIMIT $4"""


class Reader(Protocol):
    """Runs one statement: a database, or a connection held for a use case."""

    async def fetchrow(self, query: str, *arguments: Any) -> asyncpg.Record | None:
        """Returns the first row, or None."""

    async def fetch(self, query: str, *arguments: Any) -> list[asyncpg.Record]:
        """Returns the rows."""


async def insert_filings(
    connection: Connection, vault: Vault, filings: Sequence[tuple[Filing, Details]]
) -> None:
    """Writes new filings with what of them is sealed, in two round trips at most."""
    made = [filing for filing, _ in filings]
    await connection.execute(
        INSERT_FILINGS,
        [filing.filing_id for filing in made],
        [filing.person_id for filing in made],
        [filing.insured_region for filing in made],
        [filing.target_region for filing in made],
        [filing.type.value for filing in made],
        [filing.begin_date for filing in made],
        [filing.end_date for filing in made],
        [filing.evidence.value for filing in made],
        [filing.create_time for filing in made],
        [filing.channel.value for filing in made],
        [filing.approval.value for filing in made],
        [filing.maker_id for filing in made],
        [filing.referring_institution for filing in made],
        [filing.previous_filing_id for filing in made],
        [filing.changes_filing_id for filing in made],
        [filing.locked_until for filing in made],
        [filing.sample_terms for filing in made],
    )
    await insert_records(
        connection,
        vault,
        {filing.filing_id: details for filing, details in filings if details != Details()},
        Part.APPLICATION,
    )


async def insert_records(
    connection: Connection, vault: Vault, details: Mapping[UUID, Details], part: Part
) -> None:
    """Writes what is sealed of filings."""
    if details:
        await connection.execute(
            INSERT_RECORDS,
            part.value,
            list(details),
            [vault.seal(one, filing_id, part) for filing_id, one in details.items()],
        )


async def get_details(
    reader: Reader, vault: Vault, filing_ids: Collection[UUID]
) -> dict[UUID, Details]:
    """Returns what is sealed of filings, by filing; those of which nothing is are left out.

    Raises:
        UnreadableField: a record's key is not held.
    """
    parts: defaultdict[UUID, dict[Part, Details]] = defaultdict(dict)
    for row in await reader.fetch(GET_RECORDS, list(filing_ids)):
        filing_id, part = row["filing_id"], Part(row["part"])
        parts[filing_id][part] = vault.open(row["record"], filing_id, part)
    return {filing_id: together(found) for filing_id, found in parts.items()}


async def lock_filings(connection: Connection, filing_ids: Collection[UUID]) -> dict[UUID, Filing]:
    """Returns filings by id, locked until the transaction ends; unknown ones are left out."""
    await connection.fetch(LOCK_FILINGS, list(filing_ids))
    return await get_filings(connection, filing_ids)


async def get_filings(reader: Reader, filing_ids: Collection[UUID]) -> dict[UUID, Filing]:
    """Returns filings by id; unknown ones are left out."""
    rows = await reader.fetch(GET_FILINGS, list(filing_ids))
    return {row["filing_id"]: _filing(row) for row in rows}


async def get_filing(reader: Reader, filing_id: UUID) -> Filing | None:
    """Returns a filing, or None."""
    return (await get_filings(reader, [filing_id])).get(filing_id)


async def append_state(connection: Connection, filing: Filing, *, maker_id: str = "") -> None:
    """Writes the state that a locked filing has come into.

    `maker_id` is the officer who brought it about, where another one confirmed it.
    """
    await connection.execute(
        APPEND_STATE,
        filing.filing_id,
        filing.state.value,
        filing.update_time,
        filing.ended_from,
        filing.state_reason.name,
        maker_id,
        filing.checker_id,
        filing.changed_to_filing_id,
    )


async def insert_supplement(
    connection: Connection, filing_id: UUID, *, maker_id: str, now: datetime
) -> None:
    """Writes that papers have come after a commitment."""
    await connection.execute(INSERT_SUPPLEMENT, filing_id, maker_id, now)


async def insert_bar(connection: Connection, filing: Filing, *, until: date) -> None:
    """Writes that commitments of a person are not accepted until a day."""
    await connection.execute(
        INSERT_BAR, filing.filing_id, filing.person_id, until, filing.update_time
    )


async def get_bars(reader: Reader, person_ids: Collection[UUID]) -> dict[UUID, date]:
    """Returns by person the first day on which a commitment is accepted again."""
    rows = await reader.fetch(GET_BARS, list(person_ids))
    return {row["person_id"]: row["until_date"] for row in rows}


async def filings_of(reader: Reader, person_id: UUID) -> list[Filing]:
    """Returns all filings of a person, in whatever state, in no particular order."""
    return [_filing(row) for row in await reader.fetch(FILINGS_OF_PERSON, person_id)]


async def filings_of_persons(
    reader: Reader, person_ids: Collection[UUID]
) -> dict[UUID, list[Filing]]:
    """Returns all filings of persons, in whatever state; of a person without any an empty list."""
    found: dict[UUID, list[Filing]] = {person_id: [] for person_id in person_ids}
    for row in await reader.fetch(FILINGS_OF_PERSONS, list(found)):
        found[row["person_id"]].append(_filing(row))
    return found


async def list_filings(
    reader: Reader, person_id: UUID, *, province: str = "", before: UUID | None, count: int
) -> list[Filing]:
    """Returns filings of a person, newest first, from the one older than `before`.

    With `province` those of people insured there, and those for care there.
    """
    rows = await reader.fetch(LIST_FILINGS, person_id, before, province, count)
    return [_filing(row) for row in rows]


def _filing(row: asyncpg.Record) -> Filing:
    way = ApprovalWay(row["approval"])
    first = FilingState.LIVE if way is ApprovalWay.RULE else FilingState.PENDING
    state = FilingState(row["state"]) if row["state"] else first
    ended_from = row["effective_date"]
    if state is FilingState.CANCELLED and ended_from is None:
        ended_from = civil_date(row["change_time"])
    supplemented = row["supplement_time"]
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
        channel=Channel(row["channel"]),
        approval=way,
        maker_id=row["maker_id"],
        referring_institution=row["referring_institution_code"],
        previous_filing_id=row["previous_filing_id"],
        changes_filing_id=row["changes_filing_id"],
        locked_until=row["locked_until_date"],
        sample_terms=row["sample_terms"],
        state=state,
        state_time=row["change_time"],
        state_reason=StateReason[row["reason_code"]] if row["state"] else first_reason(way),
        checker_id=row["checker_id"] or "",
        ended_from=ended_from,
        changed_to_filing_id=row["changed_to_filing_id"],
        documented_from=None if supplemented is None else civil_date(supplemented),
        supplement_maker_id=row["supplement_maker_id"] or "",
    )

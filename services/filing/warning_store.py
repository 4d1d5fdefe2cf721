"""The SQL of stays and warnings. Takes a connection, gives and takes domain objects."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

from services.filing.domain.decide import Reason
from services.filing.domain.warnings import STANDING, Stay, StayState, Verdict, WarningState
from services.kit import codes

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from datetime import date, datetime
    from uuid import UUID

    import asyncpg

    from services.filing.store import Reader
    from services.filing.vault import Vault
    from services.kit.db import Connection

# Who changes filings of a person may not see a stay that is being written, nor whoever writes a
# stay a filing that is: each would judge without the other. So those who change filings share a
# lock, and who writes stays (one replica, in batches) has it alone. Taken before reading, in a
# statement of its own: what is read after it sees what its holder has written.
_LOCK_KEY: Final = 0x59494A4945_0005  # "YIJIE", admissions
LOCK_FOR_FILINGS: Final = f"""/* filing.lock_for_filings */
SELECT pg_advisory_xact_lock_shared({_LOCK_KEY})"""
LOCK_FOR_ADMISSIONS: Final = f"""/* filing.lock_for_admissions */
SELECT pg_advisory_xact_lock({_LOCK_KEY})"""

_STAYS: Final = """
SELECT visit_id, person_id, insured_region_code, care_region_code, stay, state, revision,
    warning_state, warning_reason, due_date
  FROM admission"""

STAYS: Final = f"""/* filing.stays */{_STAYS} WHERE visit_id = ANY($1) FOR UPDATE"""

# Two who change filings of one person at once: the second waits here and then reads what the first
# has written. In one order, so that two of them never wait for each other.
STAYS_OF_PERSONS: Final = f"""/* filing.stays_of_persons */{_STAYS}
 WHERE person_id = ANY($1) AND state <> 'CANCELLED'
   AND (state <> 'SETTLED' OR warning_state IS NOT NULL)
 ORDER BY visit_id FOR UPDATE"""

# In the order of its index: by any other a planner that knows no day reads the whole table. Who
# skips what is locked waits for nobody.
STAYS_DUE: Final = f"""/* filing.stays_due */{_STAYS} WHERE due_date <= $1
 ORDER BY due_date LIMIT $2 FOR UPDATE SKIP LOCKED"""

KEEP_STAYS: Final = """/* filing.keep_stays */
INSERT INTO admission (visit_id, person_id, insured_region_code, care_region_code, stay, state,
    revision, warning_state, warning_reason, warned_date, due_date, care_province, insured_province)
SELECT s.visit_id, s.person_id, s.insured_region_code, s.care_region_code, s.stay, s.state,
    s.revision, s.warning_state, s.warning_reason, s.warned_date, s.due_date, s.care_province,
    s.insured_province
  FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[], $5::bytea[], $6::text[], $7::bigint[],
    $8::text[], $9::text[], $10::date[], $11::date[], $12::text[], $13::text[]) AS s (visit_id,
    person_id, insured_region_code, care_region_code, stay, state, revision, warning_state,
    warning_reason, warned_date, due_date, care_province, insured_province)
ON CONFLICT (visit_id) DO UPDATE SET person_id = excluded.person_id,
    insured_region_code = excluded.insured_region_code,
    care_region_code = excluded.care_region_code, stay = excluded.stay,
    state = excluded.state, revision = excluded.revision, warning_state = excluded.warning_state,
    warning_reason = excluded.warning_reason, warned_date = excluded.warned_date,
    due_date = excluded.due_date, care_province = excluded.care_province,
    insured_province = excluded.insured_province"""

APPEND_WARNINGS: Final = """/* filing.append_warnings */
INSERT INTO warning_event (event_time, visit_id, warning, care_province, insured_province)
SELECT $1, w.visit_id, w.warning, w.care, w.insured
  FROM unnest($2::uuid[], $3::bytea[], $4::text[], $5::text[]) AS w (visit_id, warning, care,
       insured)"""

LIST_WARNINGS: Final = f"""/* filing.list_warnings */{_STAYS}
 WHERE warning_state IN ('OPEN', 'DISCHARGED')
   AND ($1 = '' OR $2 AND care_province = $1 OR $3 AND insured_province = $1)
   AND (warned_date, visit_id) > ($4, $5)
 ORDER BY warned_date, visit_id LIMIT $6"""

COUNT_WARNINGS: Final = """/* filing.count_warnings */
SELECT warning_state, count(*) AS warnings FROM admission
 WHERE warning_state IN ('OPEN', 'DISCHARGED') GROUP BY warning_state"""


@dataclass(frozen=True, slots=True)
class Watched:
    """A stay and what was said of it last."""

    stay: Stay
    said: Verdict

    def saying(self, verdict: Verdict) -> Watched:
        """Returns the same stay with another verdict."""
        return replace(self, said=verdict)


async def stays(
    connection: Connection, vault: Vault, visit_ids: Collection[UUID]
) -> dict[UUID, Watched]:
    """Returns the stays that are known, locked until the transaction ends."""
    rows = await connection.fetch(STAYS, list(visit_ids))
    return {row["visit_id"]: _watched(row, vault) for row in rows}


async def stays_of_persons(
    connection: Connection, vault: Vault, person_ids: Collection[UUID]
) -> list[Watched]:
    """Returns the stays of persons that a filing can still matter to, locked."""
    rows = await connection.fetch(STAYS_OF_PERSONS, list(person_ids))
    return [_watched(row, vault) for row in rows]


async def stays_due(
    connection: Connection, vault: Vault, today: date, *, count: int
) -> list[Watched]:
    """Returns stays that time alone may have changed, locked; none that another looks at."""
    return [_watched(row, vault) for row in await connection.fetch(STAYS_DUE, today, count)]


async def keep_stays(connection: Connection, vault: Vault, watched: Sequence[Watched]) -> None:
    """Writes stays and what is said of them, each once."""
    rows = [_columns(one, vault) for one in watched]
    await connection.execute(KEEP_STAYS, *(list(column) for column in zip(*rows, strict=True)))


async def append_warnings(
    connection: Connection, vault: Vault, told: Sequence[tuple[Stay, bytes]], now: datetime
) -> None:
    """Writes events of the warning feed, in their order: a stay and the message to be given."""
    await connection.execute(
        APPEND_WARNINGS,
        now,
        [stay.visit_id for stay, _ in told],
        [vault.seal_warning(message, stay.visit_id) for stay, message in told],
        [codes.province_of(stay.care_region) for stay, _ in told],
        [codes.province_of(stay.insured_region) for stay, _ in told],
    )


async def list_warnings(
    reader: Reader,
    vault: Vault,
    *,
    province: str,
    as_care: bool,
    as_insured: bool,
    after: tuple[date, UUID],
    count: int,
) -> list[Watched]:
    """Returns warnings that stand, oldest admission first; `province` empty: everywhere."""
    rows = await reader.fetch(LIST_WARNINGS, province, as_care, as_insured, *after, count)
    return [_watched(row, vault) for row in rows]


async def count_warnings(reader: Reader) -> dict[WarningState, int]:
    """Returns how many warnings stand, by state."""
    found = {
        WarningState(row["warning_state"]): row["warnings"]
        for row in await reader.fetch(COUNT_WARNINGS)
    }
    return {state: found.get(state, 0) for state in STANDING}


def _columns(watched: Watched, vault: Vault) -> tuple[Any, ...]:
    stay, said = watched.stay, watched.said
    return (
        stay.visit_id,
        stay.person_id,
        stay.insured_region,
        stay.care_region,
        vault.seal_stay(stay),
        stay.state.value,
        stay.revision,
        said.state.value if said.state else None,
        said.reason.name if said.reason else None,
        stay.admission_date if said.state in STANDING else None,
        said.due_date,
        codes.province_of(stay.care_region),
        codes.province_of(stay.insured_region),
    )


def _watched(row: asyncpg.Record, vault: Vault) -> Watched:
    state, reason = row["warning_state"], row["warning_reason"]
    sealed = vault.open_stay(row["stay"], row["visit_id"])
    return Watched(
        Stay(
            visit_id=row["visit_id"],
            person_id=row["person_id"],
            insured_region=row["insured_region_code"],
            care_region=row["care_region_code"],
            institution_code=sealed.institution_code,
            admission_date=sealed.admission_date,
            expected_discharge_date=sealed.expected_discharge_date,
            discharge_date=sealed.discharge_date,
            emergency=sealed.emergency,
            state=StayState(row["state"]),
            revision=row["revision"],
        ),
        Verdict(
            WarningState(state) if state else None,
            Reason[reason] if reason else None,
            row["due_date"],
        ),
    )

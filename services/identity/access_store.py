"""The SQL of the access log: who looked up whom, and why. No name, no number, append-only.

A look-up of one person is logged by the statement that looks (`access_cte`), one of many persons by
a statement of its own before the answer leaves (`write_accesses`): nobody learns what is not
logged. Neither waits for the disk: a crash of the database server may lose the log of its last
half second, together with whatever else was not flushed.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from uuid import UUID

    import asyncpg

    from services.identity.reader import Reader

OK: Final = "OK"
"""Outcome of a look-up that was answered; all others are reasons of refusal."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Lookup:
    """Who looks, and why; made by `access_messages.read_lookup`."""

    method: str
    """RPC, e.g. `VerifyCredential`."""
    caller_region: str
    """Six digits; empty: a connection without TLS."""
    caller_role: str
    purpose: int
    """Number of yijie.identity.v1.AccessPurpose."""
    trace_id: UUID | None
    """Trace of the call as 128 bits; None: not traced."""


class Access(NamedTuple):
    """Whom a look-up was for, and what was answered."""

    person_id: UUID | None
    """None: nobody was found."""
    outcome: str
    """`OK`, or the reason of refusal."""
    institution_code: str = ""
    """Where the patient stands; empty: not stated."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LoggedAccess:
    """One row of the log."""

    access_id: int
    access_time: datetime
    lookup: Lookup
    access: Access


def access_cte(*, first: int, institution: str, durable: bool = False) -> str:
    """Returns the body of a CTE that logs what a CTE `found` has looked up, and gives `access_id`.

        WITH found AS (SELECT …, person_id, outcome), logged AS (<this>)
        SELECT found.*, logged.access_id FROM found, logged

    `found` is one row, with `person_id` (null: nobody) and `outcome` as far as SQL can tell it:
    `OK` or a reason. What is decided later of the same look-up is appended by `write_outcome`.

    Args:
        first: number of the first of its parameters, which are `access_arguments`.
        institution: expression of the institution's code, e.g. `$2`; null: not stated.
        durable: true where the statement has another effect, which must reach the disk.
    """
    at, method, region, role, purpose, trace = (f"${first + number}" for number in range(6))
    # Local to the statement's own transaction, and read when that commits.
    unflushed = "" if durable else " WHERE set_config('synchronous_commit', 'off', true) = 'off'\n"
    return f"""
INSERT INTO access (access_time, method, caller_region_code, caller_role, purpose, trace_id,
                    person_id, institution_code, outcome)
SELECT {at}::timestamptz, {method}::text, {region}::text, {role}::text, {purpose}::smallint,
       {trace}::uuid, found.person_id, {institution}, found.outcome
  FROM found
{unflushed}RETURNING access_id"""  # noqa: S608  # made of constants


def access_arguments(lookup: Lookup, now: datetime) -> tuple[Any, ...]:
    """Returns the six parameters of `access_cte`."""
    return (
        now,
        lookup.method,
        lookup.caller_region,
        lookup.caller_role,
        lookup.purpose,
        lookup.trace_id,
    )


WRITE_ACCESSES: Final = """/* identity.write_accesses */
INSERT INTO access (access_time, method, caller_region_code, caller_role, purpose, trace_id,
                    person_id, institution_code, outcome)
SELECT $1::timestamptz, $2::text, $3::text, $4::text, $5::smallint, $6::uuid, entry.person_id,
       nullif(entry.institution_code, ''), entry.outcome
  FROM unnest($7::uuid[], $8::text[], $9::text[]) WITH ORDINALITY
       AS entry(person_id, institution_code, outcome, position)
 WHERE $10 OR set_config('synchronous_commit', 'off', true) = 'off'
 ORDER BY entry.position"""

WRITE_OUTCOME: Final = """/* identity.write_access_outcome */
INSERT INTO access_outcome (access_id, outcome)
SELECT $1, $2 WHERE set_config('synchronous_commit', 'off', true) = 'off'"""


async def write_accesses(
    reader: Reader,
    lookup: Lookup,
    accesses: Sequence[Access],
    *,
    now: datetime,
    in_transaction: bool = False,
) -> None:
    """Logs look-ups of one call; call it before the answer leaves.

    Args:
        reader: the database, or the connection of a use case.
        lookup: who looks, and why.
        accesses: whom for, in the order of the request; may be empty.
        now: instant, UTC.
        in_transaction: true where the log is part of a transaction with effects of its own, whose
            commit must reach the disk.
    """
    if not accesses:
        return
    await reader.fetch(
        WRITE_ACCESSES,
        *access_arguments(lookup, now),
        [access.person_id for access in accesses],
        [access.institution_code for access in accesses],
        [access.outcome for access in accesses],
        in_transaction,
    )


async def write_outcome(reader: Reader, access_id: int, outcome: str) -> None:
    """Appends what was decided of a look-up after its statement: it stands instead of the first.

    For refusals that only the opened record can tell; nothing to do where the outcome stayed.
    """
    await reader.fetch(WRITE_OUTCOME, access_id, outcome)


_LIST_ACCESSES: Final = """/* identity.list_accesses */
SELECT a.access_id, a.access_time, a.method, a.caller_region_code, a.caller_role, a.purpose,
       a.trace_id, a.person_id, coalesce(a.institution_code, '') AS institution_code,
       coalesce(o.outcome, a.outcome) AS outcome
  FROM access AS a
  LEFT JOIN access_outcome AS o USING (access_id)
 WHERE {conditions}
 ORDER BY a.access_id DESC LIMIT $1"""


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessFilter:
    """Which accesses are wanted; None or empty: all."""

    person_id: UUID | None = None
    institution_code: str = ""
    caller_region: str = ""
    before_id: int | None = None
    """Only those logged before this one: the last of the page before."""


async def list_accesses(reader: Reader, wanted: AccessFilter, *, count: int) -> list[LoggedAccess]:
    """Returns accesses, newest first, `count` at most."""
    arguments: list[Any] = [count]
    conditions = ["true"]
    for condition, argument in (
        ("a.person_id = {}::uuid", wanted.person_id),
        ("a.institution_code = {}::text", wanted.institution_code),
        ("a.caller_region_code = {}::text", wanted.caller_region),
        ("a.access_id < {}::bigint", wanted.before_id),
    ):
        if argument is not None and argument != "":
            arguments.append(argument)
            conditions.append(condition.format(f"${len(arguments)}"))
    query = _LIST_ACCESSES.format(conditions=" AND ".join(conditions))
    return [_logged(row) for row in await reader.fetch(query, *arguments)]


def _logged(row: asyncpg.Record) -> LoggedAccess:
    return LoggedAccess(
        access_id=row["access_id"],
        access_time=row["access_time"],
        lookup=Lookup(
            method=row["method"],
            caller_region=row["caller_region_code"],
            caller_role=row["caller_role"],
            purpose=row["purpose"],
            trace_id=row["trace_id"],
        ),
        access=Access(row["person_id"], row["outcome"], row["institution_code"]),
    )

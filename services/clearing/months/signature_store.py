"""SQL of signatures on tables, and of years."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    import asyncpg

    from services.kit.db import Connection, Database

_LOAD_PAIRS: Final = """/* clearing.load_table_pairs */
SELECT DISTINCT insured_region_code, care_region_code
  FROM table_line
 WHERE month = $1 AND ($2 = '' OR insured_region_code = $2 OR care_region_code = $2)
 ORDER BY insured_region_code, care_region_code"""
# Not joined with the pairs: signatures come faster than the server's statistics of them, and it
# would look through all of them for each side.
_LOAD_SIDES: Final = """/* clearing.load_table_sides */
SELECT DISTINCT ON (insured_region_code, care_region_code, region_code) insured_region_code,
       care_region_code, region_code, decision, sign_time
  FROM table_signature
 WHERE month = $1 AND ($2 = '' OR region_code = $2)
 ORDER BY insured_region_code, care_region_code, region_code, signature_id DESC"""
_INSERT: Final = """/* clearing.insert_table_signatures */
INSERT INTO table_signature (month, insured_region_code, care_region_code, region_code, decision,
                             note, maker_id, checker_id, sign_time)
SELECT $1, n.insured, n.care, $4, $5, $6, $7, $8, $9
  FROM unnest($2::text[], $3::text[]) WITH ORDINALITY AS n (insured, care, number)
 ORDER BY n.number"""
_LIST: Final = """/* clearing.list_table_signatures */
SELECT signature_id, insured_region_code, care_region_code, region_code, decision, note, maker_id,
       checker_id, sign_time
  FROM table_signature
 WHERE month = $1 AND ($2 = '' OR region_code = $2) AND ($3 = '' OR decision = $3)
   AND signature_id > $4
 ORDER BY signature_id LIMIT $5"""

_FIND_YEAR: Final = """/* clearing.find_year */
SELECT close_time, maker_id, checker_id FROM clearing_year WHERE year = $1"""
_YEARS: Final = """/* clearing.list_closed_years */
SELECT year FROM clearing_year ORDER BY year"""
_CLOSE_YEAR: Final = """/* clearing.close_year */
INSERT INTO clearing_year (year, close_time, maker_id, checker_id) VALUES ($1, $2, $3, $4)
ON CONFLICT (year) DO NOTHING RETURNING year"""


class Decision(Enum):
    """What a side says to its lines of the tables."""

    SIGNED = "SIGNED"
    OBJECTED = "OBJECTED"


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """One side of a pair of the tables, and what it said last."""

    insured_region_code: str
    care_region_code: str
    region_code: str
    """Which of the two."""
    decision: Decision | None
    """None: nothing yet."""
    sign_time: datetime | None

    @property
    def pair(self) -> tuple[str, str]:
        """Insured and care province."""
        return self.insured_region_code, self.care_region_code

    @property
    def is_signed(self) -> bool:
        """It agrees, for good."""
        return self.decision is Decision.SIGNED


@dataclass(frozen=True, slots=True, kw_only=True)
class Signature:
    """What one side of a pair said, once."""

    signature_id: int
    insured_region_code: str
    care_region_code: str
    region_code: str
    decision: Decision
    note: str
    maker_id: str
    checker_id: str
    sign_time: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Signing:
    """What a province says to its lines of a month's tables."""

    month: str
    region_code: str
    pairs: tuple[tuple[str, str], ...]
    """Insured and care province; empty: all that it is a side of and has not signed."""
    decision: Decision
    note: str
    people: tuple[str, str]
    """Maker and checker."""


@dataclass(frozen=True, slots=True, kw_only=True)
class YearClosing:
    """That a year was closed, and by whom."""

    close_time: datetime
    maker_id: str
    checker_id: str


async def load_sides(
    source: Connection | Database, month: str, region_code: str = ""
) -> list[Side]:
    """Returns both sides of every pair of a month's tables, or those that are one province.

    By insured province, care province and the side's own; with what each said last.
    """
    said = {
        (row["insured_region_code"], row["care_region_code"], row["region_code"]): row
        for row in await source.fetch(_LOAD_SIDES, month, region_code)
    }
    sides = []
    for pair in await source.fetch(_LOAD_PAIRS, month, region_code):
        insured, care = pair["insured_region_code"], pair["care_region_code"]
        for region in sorted((insured, care)):
            if region_code in {"", region}:
                last = said.get((insured, care, region))
                sides.append(
                    Side(
                        insured_region_code=insured,
                        care_region_code=care,
                        region_code=region,
                        decision=Decision(last["decision"]) if last else None,
                        sign_time=last["sign_time"] if last else None,
                    )
                )
    return sides


async def append(
    connection: Connection,
    signing: Signing,
    pairs: Sequence[tuple[str, str]],
    now: datetime,
) -> None:
    """Writes what a province says to these pairs."""
    await connection.execute(
        _INSERT,
        signing.month,
        [insured for insured, _ in pairs],
        [care for _, care in pairs],
        signing.region_code,
        signing.decision.value,
        signing.note,
        *signing.people,
        now,
    )


async def list_signatures(
    source: Connection | Database,
    month: str,
    *,
    region_code: str,
    decision: Decision | None,
    after: int,
    limit: int,
) -> list[Signature]:
    """Returns what was said, in the order in which it came; empty filters mean all."""
    rows = await source.fetch(
        _LIST, month, region_code, "" if decision is None else decision.value, after, limit
    )
    return [_signature(row) for row in rows]


async def find_year(source: Connection | Database, year: int) -> YearClosing | None:
    """Returns by whom a year was closed; None: it is not."""
    row = await source.fetchrow(_FIND_YEAR, year)
    return None if row is None else YearClosing(**dict(row))


async def closed_years(source: Connection | Database) -> set[int]:
    """Returns the years that are closed."""
    return {row["year"] for row in await source.fetch(_YEARS)}


async def close_year(
    connection: Connection, year: int, people: tuple[str, str], now: datetime
) -> bool:
    """Writes that a year is closed; False: it was before."""
    return await connection.fetchrow(_CLOSE_YEAR, year, now, *people) is not None


def _signature(row: asyncpg.Record) -> Signature:
    fields = dict(row)
    return Signature(**{**fields, "decision": Decision(fields["decision"])})

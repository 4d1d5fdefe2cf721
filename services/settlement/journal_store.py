"""What the journal holds of a day: sums, and what they are made of. Nothing is decrypted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final
from uuid import UUID

from services.kit.clock import civil_midnight
from services.kit.db import Database

_PLACE: Final = """left(s.insured_region_code, 2) || '0000' AS insured_region_code,
           left(s.care_region_code, 2) || '0000' AS care_region_code, s.scheme_code"""

# What is taken back is what was settled: amounts stand with version 2 alone. {where} is about state
# changes c and settlements s.
_EVENTS: Final = f"""
    SELECT c.settlement_id, c.version, c.state, c.change_time, c.fund_fen, c.account_fen, {_PLACE}
      FROM settlement_state_change c
      JOIN settlement s ON s.settlement_id = c.settlement_id
     WHERE c.state = 'SETTLED' AND {{where}}
    UNION ALL
    SELECT c.settlement_id, c.version, c.state, c.change_time, booked.fund_fen, booked.account_fen,
           {_PLACE}
      FROM settlement_state_change c
      JOIN settlement_state_change booked
        ON booked.settlement_id = c.settlement_id AND booked.version = 2
      JOIN settlement s ON s.settlement_id = c.settlement_id
     WHERE c.state = 'REVERSED' AND {{where}}"""  # noqa: S608 - our own text

# Sixty bits, so that they are a bigint of either sign's range; the ledger's twin of this is
# services/clearing/breaks/store.py.
_FINGERPRINT: Final = """('x' || left(encode(sha256(convert_to(
        settlement_id || '/' || state || '/' || fund_fen || '/' || account_fen,
        'UTF8')), 'hex'), 15))::bit(60)::bigint"""

_OF_DAY: Final = "c.change_time >= $1 AND c.change_time < $2"
_SUMMARIZE: Final = f"""/* settlement.summarize_journal */
SELECT insured_region_code, care_region_code, scheme_code, state, count(*) AS n,
       sum(fund_fen)::bigint AS fund_fen, sum(account_fen)::bigint AS account_fen,
       (sum({_FINGERPRINT}) % (1::bigint << 60))::bigint AS fingerprint
  FROM ({_EVENTS.format(where=_OF_DAY)}) e
 GROUP BY insured_region_code, care_region_code, scheme_code, state
 ORDER BY insured_region_code, care_region_code, scheme_code, state DESC"""  # noqa: S608 - our own text

_COLUMNS: Final = """settlement_id, state, change_time, fund_fen, account_fen, insured_region_code,
       care_region_code, scheme_code"""

# SETTLED comes before REVERSED, as it happens.
_DAY_WANTED: Final = f"""{_OF_DAY} AND ($3 = '' OR starts_with(s.insured_region_code, $3))
           AND ($4 = '' OR starts_with(s.care_region_code, $4))
           AND (c.settlement_id, c.version) > ($5, $6)"""
_LIST_DAY: Final = f"""/* settlement.list_journal_day */
SELECT {_COLUMNS} FROM ({_EVENTS.format(where=_DAY_WANTED)}) e
 ORDER BY settlement_id, version LIMIT $7"""  # noqa: S608 - our own text

_SOME_WANTED: Final = """c.settlement_id = ANY($1::uuid[])
           AND ($2 = '' OR starts_with(s.insured_region_code, $2))
           AND ($3 = '' OR starts_with(s.care_region_code, $3))
           AND (c.settlement_id, c.version) > ($4, $5)"""
_LIST_SOME: Final = f"""/* settlement.list_journal_some */
SELECT {_COLUMNS} FROM ({_EVENTS.format(where=_SOME_WANTED)}) e
 ORDER BY settlement_id, version LIMIT $6"""  # noqa: S608 - our own text

_VERSION: Final = {"SETTLED": 2, "REVERSED": 3}


@dataclass(frozen=True, slots=True, kw_only=True)
class Totals:
    """What happened between two provinces on a day."""

    insured_region_code: str
    """Province, xx0000."""
    care_region_code: str
    """Province, xx0000."""
    scheme_code: str
    kind: str
    """SETTLED or REVERSED."""
    count: int
    fund_fen: int
    account_fen: int
    fingerprint: int
    """As JournalTotals of the contract says."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Amount:
    """One thing that happened to one settlement."""

    settlement_id: UUID
    kind: str
    """SETTLED or REVERSED."""
    insured_region_code: str
    """Province, xx0000."""
    care_region_code: str
    """Province, xx0000."""
    scheme_code: str
    fund_fen: int
    account_fen: int
    event_time: datetime

    @property
    def key(self) -> tuple[str, str]:
        """Its place in the list, for `AmountFilter.after`."""
        return str(self.settlement_id), self.kind


@dataclass(frozen=True, slots=True, kw_only=True)
class AmountFilter:
    """Which of them are wanted; empty: all of the day."""

    day: date | None
    """Civil date, Asia/Shanghai; None: those of `settlement_ids`, of whichever date."""
    settlement_ids: Sequence[UUID] = ()
    insured_region_code: str = ""
    """Province, xx0000."""
    care_region_code: str = ""
    """Province, xx0000."""
    after: tuple[UUID, str] | None = None
    """The last of the page before: settlement id and kind."""


class JournalStore:
    """Reads the journal by what happened on a day."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def summarize(self, day: date) -> list[Totals]:
        """Returns the sums of a civil date, by pair, scheme and kind."""
        rows = await self._database.fetch(_SUMMARIZE, *_bounds(day))
        return [
            Totals(
                insured_region_code=row["insured_region_code"],
                care_region_code=row["care_region_code"],
                scheme_code=row["scheme_code"],
                kind=row["state"],
                count=row["n"],
                fund_fen=row["fund_fen"],
                account_fen=row["account_fen"],
                fingerprint=row["fingerprint"],
            )
            for row in rows
        ]

    async def page(self, wanted: AmountFilter, *, limit: int) -> list[Amount]:
        """Returns what happened, by settlement id and kind."""
        settlement_id, kind = wanted.after or (UUID(int=0), "")
        rest: list[Any] = [
            wanted.insured_region_code[:2],
            wanted.care_region_code[:2],
            settlement_id,
            _VERSION.get(kind, 0),
            limit,
        ]
        if wanted.day is None:
            rows = await self._database.fetch(_LIST_SOME, list(wanted.settlement_ids), *rest)
        else:
            rows = await self._database.fetch(_LIST_DAY, *_bounds(wanted.day), *rest)
        return [
            Amount(
                settlement_id=row["settlement_id"],
                kind=row["state"],
                insured_region_code=row["insured_region_code"],
                care_region_code=row["care_region_code"],
                scheme_code=row["scheme_code"],
                fund_fen=row["fund_fen"],
                account_fen=row["account_fen"],
                event_time=row["change_time"],
            )
            for row in rows
        ]


def _bounds(day: date) -> tuple[datetime, datetime]:
    return civil_midnight(day), civil_midnight(day + timedelta(days=1))

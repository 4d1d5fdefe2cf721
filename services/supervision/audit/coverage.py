"""Whether every settled bill was audited: settlement's journal against our record, by day."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Final, Protocol

from services.kit.clock import civil_midnight

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date, datetime

    from services.kit.db import Database

# By the index alone.
_AUDITED: Final = """/* supervision.count_audited */
SELECT count(*) FILTER (WHERE channel = 'DIRECT') AS bills,
       coalesce(sum(fund_fen) FILTER (WHERE channel = 'DIRECT'), 0)::bigint AS fund_fen,
       count(*) FILTER (WHERE channel = 'MANUAL') AS manual_bills
  FROM audited_bill
 WHERE settle_time >= $1 AND settle_time < $2"""
_WITHDRAWN: Final = """/* supervision.count_reversed */
SELECT count(*) AS reversals
  FROM reversal r JOIN audited_bill b ON b.bill_key = r.settlement_id
 WHERE r.event_time >= $1 AND r.event_time < $2 AND b.channel = 'DIRECT'"""
_LAST: Final = """/* supervision.last_audited */
SELECT settle_time FROM audited_bill ORDER BY settle_time DESC, bill_key DESC LIMIT 1"""


@dataclass(frozen=True, slots=True, kw_only=True)
class JournalDay:
    """What settlement's journal holds of a civil day."""

    settled_count: int
    settled_fund_fen: int
    reversed_count: int


class Journal(Protocol):
    """Where that is asked for."""

    async def journal_day(self, day: date) -> JournalDay:
        """Returns what the journal holds of a day."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Coverage:
    """One day's comparison."""

    day: date
    journal: JournalDay
    audited_count: int
    audited_fund_fen: int
    withdrawn_count: int
    manual_count: int

    @property
    def is_complete(self) -> bool:
        """Tells whether nothing is missing and nothing is too much."""
        journal = self.journal
        return (
            journal.settled_count == self.audited_count
            and journal.settled_fund_fen == self.audited_fund_fen
            and journal.reversed_count == self.withdrawn_count
        )


async def coverage(
    database: Database, journal: Journal, days: Sequence[date]
) -> tuple[list[Coverage], datetime | None]:
    """Returns the comparison of each day, and when the last bill on record was settled.

    The journal is asked first: a bill that is settled meanwhile is too much, never too little, on
    this side.

    Raises:
        Unavailable: settlement did not answer.
    """
    found = []
    for day in days:
        held = await journal.journal_day(day)
        begin, end = civil_midnight(day), civil_midnight(day + timedelta(days=1))
        audited = await database.fetchrow(_AUDITED, begin, end)
        withdrawn = await database.fetchrow(_WITHDRAWN, begin, end)
        if audited is None or withdrawn is None:
            msg = "an aggregate without a row"
            raise LookupError(msg)
        found.append(
            Coverage(
                day=day,
                journal=held,
                audited_count=audited["bills"],
                audited_fund_fen=audited["fund_fen"],
                withdrawn_count=withdrawn["reversals"],
                manual_count=audited["manual_bills"],
            )
        )
    last = await database.fetchrow(_LAST)
    return found, None if last is None else last["settle_time"]

"""The bills that were audited: all SQL that reads them.

Lines, diagnoses, sex and date of birth are sealed, bound to the bill's key. Persons stand by their
opaque key, invoices and telephones by keyed blind indexes.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Final

from services.supervision.audit.details import Head, read_bill
from services.supervision.domain.model import Channel
from services.supervision.store import Store

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from datetime import date, datetime
    from uuid import UUID

    import asyncpg

    from services.kit.crypto import FieldCipher
    from services.kit.db import Connection, Database
    from services.supervision.domain.model import Bill
    from services.supervision.domain.recording import RecordedFinding

DETAIL_CONTEXT: Final = b"supervision.audited_bill:"
"""Binds a sealed detail to its bill: the key follows."""

ROWS_AT_ONCE: Final = 16
"""Bills that are opened before others have a turn: half a millisecond."""
COLUMNS: Final = """b.bill_key, b.channel, b.person_id, b.care_region_code, b.insured_region_code,
       b.institution_code, b.medical_type_code, b.scheme_code, b.begin_date, b.end_date,
       b.settle_time, b.total_fen, b.fund_fen, b.visit_id, b.invoice_key, b.phone_key, b.detail"""
STANDING: Final = "NOT EXISTS (SELECT FROM reversal r WHERE r.settlement_id = b.bill_key)"

_HISTORIES: Final = f"""/* supervision.audit_histories */
SELECT {COLUMNS}
  FROM audited_bill b
 WHERE b.person_id = ANY ($1::uuid[]) AND b.end_date >= $2 AND {STANDING}
 ORDER BY b.begin_date, b.bill_key"""  # noqa: S608 - put together from constants

_FIND: Final = f"""/* supervision.find_audited_bill */
SELECT {COLUMNS} FROM audited_bill b WHERE b.bill_key = $1"""  # noqa: S608

_AFTER: Final = """
   AND (b.settle_time, b.bill_key) >
       (SELECT a.settle_time, a.bill_key FROM audited_bill a WHERE a.bill_key = $5)"""
_PAGE: Final = f"""/* supervision.page_audited_bills */
SELECT {COLUMNS}
  FROM audited_bill b
 WHERE b.settle_time >= $1 AND b.settle_time < $2 AND starts_with(b.care_region_code, $4)
   AND {STANDING}"""  # noqa: S608
_ORDER: Final = """
 ORDER BY b.settle_time, b.bill_key LIMIT $3"""

_FIND_ALL: Final = f"""/* supervision.find_audited_bills */
SELECT {COLUMNS}, r.settlement_id IS NOT NULL AS is_reversed
  FROM audited_bill b
  LEFT JOIN reversal r ON r.settlement_id = b.bill_key
 WHERE b.bill_key = ANY ($1::uuid[])"""  # noqa: S608

_IS_REVERSED: Final = """/* supervision.is_bill_reversed */
SELECT EXISTS (SELECT FROM reversal WHERE settlement_id = $1) AS is_reversed"""


class AuditStore:
    """The bills that were audited, whole, and the findings on them."""

    def __init__(self, database: Database, cipher: FieldCipher) -> None:
        """Holds what all statements share."""
        self._database = database
        self._cipher = cipher
        self._findings = Store(database, cipher)

    async def histories(
        self, person_ids: Sequence[UUID], *, since: date, connection: Connection | None = None
    ) -> dict[UUID, tuple[Bill, ...]]:
        """Returns the standing bills of persons that end on or after a day.

        Whole bills, by first day and key; every person asked for is there, perhaps with none.

        Raises:
            UnreadableField: the data key is not the one that they were written with.
        """
        rows = await (connection or self._database).fetch(_HISTORIES, list(person_ids), since)
        found: dict[UUID, list[Bill]] = {person_id: [] for person_id in person_ids}
        for row in rows:
            found[row["person_id"]].append(self.bill_of(row))
        return {person_id: tuple(bills) for person_id, bills in found.items()}

    async def bill(self, bill_key: UUID, *, connection: Connection | None = None) -> Bill | None:
        """Returns one bill, also one that was taken back, or None."""
        row = await (connection or self._database).fetchrow(_FIND, bill_key)
        return None if row is None else self.bill_of(row)

    async def find_all(
        self, connection: Connection, bill_keys: Collection[UUID]
    ) -> tuple[dict[UUID, Bill], set[UUID]]:
        """Returns the bills of keys, also those taken back, and which those are."""
        rows = await connection.fetch(_FIND_ALL, list(bill_keys))
        bills = {row["bill_key"]: self.bill_of(row) for row in rows}
        return bills, {row["bill_key"] for row in rows if row["is_reversed"]}

    async def is_reversed(self, bill_key: UUID) -> bool:
        """Tells whether a bill was taken back."""
        row = await self._database.fetchrow(_IS_REVERSED, bill_key)
        return row is not None and bool(row["is_reversed"])

    async def bills(
        self,
        *,
        since: datetime,
        until: datetime,
        after: UUID | None = None,
        limit: int,
        care_prefix: str = "",
    ) -> list[Bill]:
        """Returns standing bills settled in [since, until), by settle_time and key.

        Args:
            since: instant, inclusive.
            until: instant, exclusive.
            after: goes on after this bill, the last of the page before.
            limit: at most so many.
            care_prefix: only bills whose care region begins so.
        """
        arguments: list[Any] = [since, until, limit, care_prefix]
        statement = _PAGE
        if after is not None:
            statement, arguments = _PAGE + _AFTER, [*arguments, after]
        rows = await self._database.fetch(statement + _ORDER, *arguments)
        found = []
        for number, row in enumerate(rows):
            if number % ROWS_AT_ONCE == 0:
                await asyncio.sleep(0)
            found.append(self.bill_of(row))
        return found

    async def finding(self, finding_id: UUID) -> RecordedFinding | None:
        """Returns one finding, standing or not, or None."""
        return await self._findings.finding(finding_id)

    async def findings_of(
        self, bill_keys: Sequence[UUID], *, connection: Connection | None = None
    ) -> dict[UUID, list[RecordedFinding]]:
        """Returns all findings on bills, also withdrawn ones, in the order of recording."""
        return await self._findings.findings_of(bill_keys, connection=connection)

    def bill_of(self, row: asyncpg.Record) -> Bill:
        """Returns the bill of a row with COLUMNS."""
        key: UUID = row["bill_key"]
        return read_bill(
            _head(row), self._cipher.decrypt(row["detail"], context=DETAIL_CONTEXT + key.bytes)
        )


def _head(row: asyncpg.Record) -> Head:
    return Head(
        bill_key=row["bill_key"],
        channel=Channel(row["channel"]),
        person_id=row["person_id"],
        care_region_code=row["care_region_code"],
        insured_region_code=row["insured_region_code"],
        institution_code=row["institution_code"],
        medical_type_code=row["medical_type_code"],
        scheme_code=row["scheme_code"],
        begin_date=row["begin_date"],
        end_date=row["end_date"],
        settle_time=row["settle_time"],
        total_fen=row["total_fen"],
        fund_fen=row["fund_fen"],
        visit_id=row["visit_id"],
        invoice_key=row["invoice_key"],
        phone_key=row["phone_key"],
    )

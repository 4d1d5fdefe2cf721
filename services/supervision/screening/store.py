"""The person's earlier bills, as far as the rules of the round trip need them: one statement.

Many rules look only at dates, institutions and invoices of earlier bills, which stand in the clear;
lines are sealed, and are opened only as far back as a rule looks at lines.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from services.supervision.audit.details import StoredHistory
from services.supervision.audit.store import COLUMNS, STANDING, AuditStore
from services.supervision.domain.model import Bill, Channel, History, Sex

if TYPE_CHECKING:
    from datetime import date
    from uuid import UUID

    from services.kit.crypto import FieldCipher
    from services.kit.db import Database

_HISTORY: Final = f"""/* supervision.screening_history */
SELECT {COLUMNS.replace("b.detail", "CASE WHEN b.end_date >= $3 THEN b.detail END AS detail")}
  FROM audited_bill b
 WHERE b.person_id = $1 AND b.end_date >= $2 AND {STANDING}
 ORDER BY b.begin_date, b.bill_key"""  # noqa: S608 - put together from constants


class HistoryStore:
    """Reads what is on record of a person."""

    def __init__(self, database: Database, cipher: FieldCipher) -> None:
        """Holds what all statements share."""
        self._database = database
        self._bills = AuditStore(database, cipher)

    async def history(self, person_id: UUID, *, since: date, lines_since: date) -> History:
        """Returns the standing bills of a person that end on or after a day.

        Those that end before `lines_since` come without lines, diagnoses and what else is sealed.

        Raises:
            Overloaded, Unavailable: the database does not answer.
            UnreadableField: the data key is not the one that they were written with.
        """
        rows = await self._database.fetch(_HISTORY, person_id, since, lines_since)
        return StoredHistory(
            bills=tuple(
                _closed(row) if row["detail"] is None else self._bills.bill_of(row) for row in rows
            )
        )


def _closed(row: Any) -> Bill:
    """Returns a bill of what stands in the clear."""
    return Bill(
        sex=Sex.UNKNOWN,
        birth_date=None,
        medical_type=row["medical_type_code"],
        institution_level="",
        scheme_code=row["scheme_code"],
        lines=(),
        bill_key=row["bill_key"],
        channel=Channel(row["channel"]),
        person_id=row["person_id"],
        care_region_code=row["care_region_code"],
        insured_region_code=row["insured_region_code"],
        institution_code=row["institution_code"],
        begin_date=row["begin_date"],
        end_date=row["end_date"],
        settle_time=row["settle_time"],
        visit_id=row["visit_id"],
        invoice_key=row["invoice_key"],
        phone_key=row["phone_key"],
        total_fen=row["total_fen"],
        fund_fen=row["fund_fen"],
    )

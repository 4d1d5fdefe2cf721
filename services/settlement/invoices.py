"""The invoice (医疗收费票据) of a bill: claimed once in the country, directly or at home.

What is kept is a keyed fingerprint of the number. It is taken in the statement, or the transaction,
that writes an intent, whichever way the bill comes; freed where nothing is booked any more; and
handed on where one settlement replaces another. The unique key decides between two that come at the
same moment. A bill without a number claims none.
"""

from __future__ import annotations

from typing import Any, Final

from services.kit.clock import civil_date
from services.kit.crypto import BlindIndex
from services.kit.db import Database
from services.kit.errors import LostRace, RuleForbids
from services.settlement.fingerprints import Fingerprints
from yijie.settlement.v1 import settlement_pb2

DIRECT: Final = "DIRECT"
MANUAL: Final = "MANUAL"
"""The channels by which a bill comes."""
CONSTRAINT: Final = "invoice_pkey"
"""What a second claim breaks."""
_RETRY_MS: Final = 50

_FIND: Final = """/* settlement.find_invoice */
SELECT channel, claim_time FROM invoice WHERE invoice_key = $1"""


def invoice_key(index: BlindIndex, bill: settlement_pb2.Bill) -> bytes | None:
    """Returns the fingerprint of a bill's invoice number; None: it states none."""
    return Fingerprints(index).invoice(bill.invoice_number)


def detail_key(index: BlindIndex, detail: bytes) -> bytes | None:
    """Returns the same of yijie.settlement.v1.Settlement in the full view."""
    return invoice_key(index, settlement_pb2.Settlement.FromString(detail).bill)


async def require_unclaimed(database: Database, key: bytes | None) -> None:
    """Raises INVOICE_ALREADY_CLAIMED; None is claimed by nobody."""
    row = await database.fetchrow(_FIND, key) if key is not None else None
    if row is not None:
        raise _claimed(row)


async def refusal(database: Database, key: bytes) -> RuleForbids | LostRace:
    """Returns the error for a claim that came second."""
    row = await database.fetchrow(_FIND, key)
    if row is None:
        # Whoever had it has let it go meanwhile.
        return LostRace("LOST_RACE", "the invoice was just released", retry_after_ms=_RETRY_MS)
    return _claimed(row)


def _claimed(row: Any) -> RuleForbids:
    # By which channel and when, and nothing of whom: it may be another province's person.
    return RuleForbids(
        "INVOICE_ALREADY_CLAIMED",
        "the invoice was claimed before",
        field="bill.invoice_number",
        metadata={
            "channel": row["channel"],
            "claimDate": civil_date(row["claim_time"]).isoformat(),
        },
    )

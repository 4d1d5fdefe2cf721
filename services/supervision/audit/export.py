"""Gives the standing bills of a month to mining: pseudonymous, in the order of settling."""

from __future__ import annotations

import hmac
import secrets
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from services.kit.clock import civil_midnight
from services.kit.dates import first_day, last_day
from services.kit.errors import Absent
from services.supervision.audit import messages
from yijie.supervision.v1 import audit_service_pb2

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from uuid import UUID

    from services.kit.crypto import FieldCipher
    from services.kit.db import Connection, Database
    from services.supervision.audit.gate import Gate
    from services.supervision.audit.store import AuditStore

_KEY_CONTEXT: Final = b"supervision.export_key:"
_KEY_BYTES: Final = 32
_PERSON_KEY_BYTES: Final = 16
_PAGE: Final = 200
_WRITTEN_AT_ONCE: Final = 4
"""Bills that are written before others have a turn: half a millisecond."""
_BATCH_BYTES: Final = 1024 * 1024
"""A quarter of what a caller takes at once."""

_FIND_KEY: Final = """/* supervision.find_export_key */
SELECT key FROM export_key"""
_STORE_KEY: Final = """/* supervision.store_export_key */
INSERT INTO export_key (key) VALUES ($1) ON CONFLICT DO NOTHING"""


class Exporter:
    """Exports bills."""

    def __init__(
        self, database: Database, cipher: FieldCipher, bills: AuditStore, gate: Gate
    ) -> None:
        """Holds what all exports share; the gate says who goes first."""
        self._gate = gate
        self._database = database
        self._cipher = cipher
        self._bills = bills

    async def export(
        self, month: str, *, care_prefix: str, after: UUID | None
    ) -> AsyncIterator[audit_service_pb2.ExportBillsResponse]:
        """Yields the bills of a civil month in batches of about a megabyte.

        Raises:
            Absent: RESOURCE_NOT_FOUND: there is no bill `after`.
        """
        if after is not None and await self._bills.bill(after) is None:
            raise Absent("RESOURCE_NOT_FOUND", "no such bill", field="after_bill_key")
        key = await self._database.run("supervision.export_key", self._key)
        since = civil_midnight(first_day(month))
        until = civil_midnight(last_day(month) + timedelta(days=1))
        batch, size = audit_service_pb2.ExportBillsResponse(), 0
        while True:
            page = await self._bills.bills(
                since=since, until=until, after=after, limit=_PAGE, care_prefix=care_prefix
            )
            for number, bill in enumerate(page):
                if number % _WRITTEN_AT_ONCE == 0:
                    await self._gate.give_way()
                exported = messages.write_exported(bill, person_key=_person_key(key, bill))
                if size and size + exported.ByteSize() > _BATCH_BYTES:
                    yield batch
                    batch, size = audit_service_pb2.ExportBillsResponse(), 0
                batch.bills.append(exported)
                size += exported.ByteSize()
            if len(page) < _PAGE:
                break
            after = page[-1].bill_key
        if size:
            yield batch

    async def _key(self, connection: Connection) -> bytes:
        row = await connection.fetchrow(_FIND_KEY)
        if row is None:
            fresh = secrets.token_bytes(_KEY_BYTES)
            await connection.execute(_STORE_KEY, self._cipher.encrypt(fresh, context=_KEY_CONTEXT))
            # Another replica may have been first.
            row = await connection.fetchrow(_FIND_KEY)
        if row is None:
            msg = "the export key is not there after it was stored"
            raise LookupError(msg)
        return self._cipher.decrypt(row["key"], context=_KEY_CONTEXT)


def _person_key(key: bytes, bill: Any) -> bytes:
    return hmac.digest(key, bill.person_id.bytes, "sha256")[:_PERSON_KEY_BYTES]

"""Answers of insured regions that were refused: kept apart as evidence, never booked."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

from services.kit.crypto import FieldCipher
from services.kit.db import Database

_INSERT: Final = """/* settlement.insert_quarantine */
INSERT INTO quarantine (settlement_id, insured_region_code, reasons, answer, trace_id, create_time)
VALUES ($1, $2, $3, $4, $5, $6)"""

CONTEXT: Final = b"settlement.quarantine:"
"""What an answer is encrypted for, before the bytes of its settlement id."""


class QuarantineStore:
    """The table of refused answers; append-only."""

    def __init__(self, database: Database, cipher: FieldCipher) -> None:
        self._database = database
        self._cipher = cipher

    async def insert(
        self,
        *,
        settlement_id: UUID,
        insured_region_code: str,
        reasons: Sequence[str],
        answer: bytes,
        trace_id: str,
        now: datetime,
    ) -> None:
        """Keeps an answer with the names of the identities that it breaks."""
        await self._database.execute(
            _INSERT,
            settlement_id,
            insured_region_code,
            list(reasons),
            self._cipher.encrypt(answer, context=CONTEXT + settlement_id.bytes),
            trace_id,
            now,
        )

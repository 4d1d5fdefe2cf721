"""What is computed anew, and what was put in its place. Design: docs/adr/0018-recomputation.md."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import asyncpg

from services.kit.codes import province_of
from services.kit.crypto import FieldCipher
from services.kit.db import Database
from services.settlement import statements as sql
from services.settlement.feed_store import EVENT_CONTEXT
from services.settlement.store import FAILURE_CONTEXT, Intent, Record, Store, VisitRevision

_FILING: Final = b"settlement.recomputation:"


@dataclass(frozen=True, slots=True)
class Recomputation:
    """A settlement that is replaced."""

    request_id: UUID
    filing: bytes
    """yijie.filing.v1.MatchFilingResponse of the new level."""
    attempts: Sequence[UUID]
    """The settlements put in its place, oldest first: all but the newest have failed. None: it is
    not taken back yet."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Successor:
    """A settlement to put in the place of another one."""

    intent: Intent
    recomputes_id: UUID
    """The one that stood when all began."""
    attempt: int
    """1: at the new level; from 2: at that of the one that stood."""
    due_time: datetime
    """From when recovery may take it up."""

    @property
    def key(self) -> UUID:
        """Returns its settlement id."""
        return self.intent.settlement_id


class RecomputationStore:
    """The tables of what is computed anew. Every write is one statement and one commit."""

    def __init__(self, database: Database, cipher: FieldCipher, store: Store) -> None:
        self._database = database
        self._cipher = cipher
        self._store = store

    async def find(self, settlement_id: UUID) -> Recomputation | None:
        """Returns how a settlement is replaced; None: it is not."""
        row = await self._database.fetchrow(sql.FIND_RECOMPUTATION, settlement_id)
        if row is None:
            return None
        filing = self._cipher.decrypt(row["filing"], context=_FILING + settlement_id.bytes)
        return Recomputation(row["request_id"], filing, tuple(row["attempts"]))

    async def insert(
        self,
        record: Record,
        request_id: UUID,
        request_hash: bytes,
        now: datetime,
        *,
        filing: bytes,
        visit: VisitRevision | None,
    ) -> bool:
        """Takes the request id and writes that a SETTLED settlement is to be replaced.

        Returns False, and leaves nothing, if the request id is taken, the visit has changed, or the
        settlement is reversed, being reversed or being replaced.
        """
        try:
            values = [
                request_id,
                request_hash,
                record.settlement_id,
                now,
                province_of(record.insured_region_code),
                visit.visit_id if visit else None,
                visit.revision if visit else None,
                self._cipher.encrypt(filing, context=_FILING + record.settlement_id.bytes),
            ]
            row = await self._store.write_signed(
                sql.INSERT_RECOMPUTATION, values, record.settlement_id, request_id
            )
        except asyncpg.UniqueViolationError:
            return False
        return row is not None

    async def insert_recomputed(
        self, record: Record, successor: Successor, *, request_id: UUID, event: bytes
    ) -> bool:
        """Appends REVERSED with its event, and writes the intent of what comes in its place.

        Returns False if it was reversed before.
        """
        row = await self._database.fetchrow(
            sql.INSERT_RECOMPUTED,
            *self._values(record, successor),
            request_id,
            self._cipher.encrypt(event, context=EVENT_CONTEXT + record.settlement_id.bytes),
            province_of(record.care_region_code),
            successor.intent.invoice_key,
        )
        return row is not None

    async def insert_failed(
        self, record: Record, successor: Successor, *, reason: str, failure: bytes, cancel: bool
    ) -> bool:
        """Appends FAILED as Store.insert_failed does, and writes the intent of the next one.

        Returns False if another outcome was written before.
        """
        row = await self._database.fetchrow(
            sql.INSERT_FAILED_ANEW,
            *self._values(record, successor),
            record.request_id,
            reason,
            "CANCEL" if cancel else "",
            self._cipher.encrypt(failure, context=FAILURE_CONTEXT + record.settlement_id.bytes),
            successor.intent.invoice_key,
        )
        return row is not None

    def _values(self, record: Record, successor: Successor) -> list[Any]:
        """Returns $1 to $18 of both."""
        return [
            *self._store.intent_values(successor.intent),
            successor.recomputes_id,
            record.settlement_id,
            successor.attempt,
            successor.due_time,
        ]

"""The SQL of work left open: who takes it, who holds it, how much there is; and the months."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from services.kit.db import Connection, Database

# Each province by itself, what was tried longest ago first: however much one of them has open, the
# first of every other comes before its second. What another replica locks at this moment, it has.
# Looked at again where it is locked: by then another replica may have claimed and let go of it.
_CLAIM = """/* settlement.claim_intents */
WITH ranked AS (
    SELECT settlement_id, kind, insured_province, row_number() OVER (
        PARTITION BY insured_province ORDER BY claim_time NULLS FIRST, create_time) AS place
    FROM open_intent
    WHERE create_time < $2 AND (claim_time IS NULL OR claim_time < $3)
), taken AS (
    SELECT open_intent.settlement_id, open_intent.kind
    FROM open_intent JOIN ranked USING (settlement_id, kind)
    LEFT JOIN unnest($5::text[], $6::int[]) AS busy (province, intents)
        ON busy.province = ranked.insured_province
    WHERE ranked.place <= $4 - coalesce(busy.intents, 0)
      AND (open_intent.claim_time IS NULL OR open_intent.claim_time < $3)
    ORDER BY ranked.place, open_intent.create_time LIMIT $7
    FOR UPDATE OF open_intent SKIP LOCKED
)
UPDATE open_intent SET claim_time = $1 FROM taken
WHERE open_intent.settlement_id = taken.settlement_id AND open_intent.kind = taken.kind
RETURNING open_intent.settlement_id, open_intent.kind, request_id, create_time, insured_province"""

# Only whoever claimed it knows when.
_EXTEND = """/* settlement.extend_claim */
UPDATE open_intent SET claim_time = $4
WHERE settlement_id = $1 AND kind = $2 AND claim_time = $3
RETURNING settlement_id"""

_DELETE = """/* settlement.delete_intent */
DELETE FROM open_intent WHERE settlement_id = $1 AND kind = $2"""

_COUNT = """/* settlement.count_intents */
SELECT count(*) AS open, min(create_time) AS oldest FROM open_intent"""

_ENSURE_MONTHS = """/* settlement.ensure_months */
SELECT ensure_month($1), ensure_month($2)"""


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenIntent:
    """Work that is not finished."""

    settlement_id: UUID
    kind: str
    request_id: UUID
    create_time: datetime
    insured_province: str
    """Whom it waits for, xx0000; empty: not known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """How much to take at once."""

    per_province: int
    """At most so many of a province, with those in hand."""
    busy: Mapping[str, int]
    """How many of a province are in hand."""
    total: int
    """At most so many, without those in hand."""


class IntentStore:
    """Open intents, as the recovery loops of all replicas share them."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def claim(
        self, share: Share, *, now: datetime, older_than: datetime, claimed_before: datetime
    ) -> Sequence[OpenIntent]:
        """Claims unfinished work as of `now`; nobody else gets it until that claim is old."""

        async def claim(connection: Connection) -> list[Any]:
            return await connection.fetch(
                _CLAIM,
                now,
                older_than,
                claimed_before,
                share.per_province,
                list(share.busy),
                list(share.busy.values()),
                share.total,
            )

        return [OpenIntent(**row) for row in await self._database.run("settlement.claim", claim)]

    async def extend(self, intent: OpenIntent, *, claimed_at: datetime, now: datetime) -> bool:
        """Renews a claim; returns False if it is no longer ours, or the work is done."""
        row = await self._database.fetchrow(
            _EXTEND, intent.settlement_id, intent.kind, claimed_at, now
        )
        return row is not None

    async def delete(self, settlement_id: UUID, kind: str) -> None:
        """Marks work as finished."""
        await self._database.execute(_DELETE, settlement_id, kind)

    async def count(self) -> tuple[int, datetime | None]:
        """Returns how much work is unfinished, and since when."""
        row = await self._database.fetchrow(_COUNT)
        return (row["open"], row["oldest"]) if row else (0, None)

    async def ensure_months(self, first: date, second: date) -> None:
        """Makes the journal's partitions of two months."""
        await self._database.execute(_ENSURE_MONTHS, first, second)

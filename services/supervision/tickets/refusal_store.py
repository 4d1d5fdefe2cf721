"""SQL of refusals, and of which ticket each is of."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from uuid import UUID

    from services.kit.db import Connection, Database
    from services.supervision.domain.ticket import Party, Refusal

FEED: Final = "refusals"
"""Name of the feed in feed_cursor."""

_INSERT: Final = """/* supervision.insert_refusals */
INSERT INTO refusal (refusal_id, reason, party, care_region_code, care_area_code,
                     insured_region_code, insured_area_code, institution_code, medical_type_code,
                     scheme_code, total_fen, duration_ms, trace_id, request_id, event_time)
SELECT n.refusal_id, n.reason, n.party, n.care_region_code, n.care_area_code,
       n.insured_region_code, n.insured_area_code, n.institution_code, n.medical_type_code,
       n.scheme_code, n.total_fen, n.duration_ms, n.trace_id, n.request_id, n.event_time
  FROM unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[],
              $8::text[], $9::text[], $10::text[], $11::bigint[], $12::bigint[], $13::text[],
              $14::uuid[], $15::timestamptz[])
       AS n (refusal_id, reason, party, care_region_code, care_area_code, insured_region_code,
             insured_area_code, institution_code, medical_type_code, scheme_code, total_fen,
             duration_ms, trace_id, request_id, event_time)
ON CONFLICT (refusal_id) DO NOTHING
RETURNING refusal_id"""
_LINK: Final = """/* supervision.link_refusals */
INSERT INTO ticket_refusal (refusal_id, ticket_id)
SELECT n.refusal_id, $2 FROM unnest($1::uuid[]) AS n (refusal_id)"""
_LIST_OF_TICKET: Final = """/* supervision.list_ticket_refusals */
SELECT r.refusal_id, r.event_time AS refuse_time, r.institution_code, r.trace_id, r.request_id
  FROM ticket_refusal l JOIN refusal r ON r.refusal_id = l.refusal_id
 WHERE l.ticket_id = $1
 ORDER BY r.refusal_id DESC LIMIT $2"""


@dataclass(frozen=True, slots=True, kw_only=True)
class TicketRefusal:
    """A refusal of a ticket, by which it can be looked up."""

    refusal_id: UUID
    refuse_time: datetime
    institution_code: str
    trace_id: str
    request_id: UUID | None


async def insert(
    connection: Connection, refusals: Sequence[tuple[Refusal, Party]]
) -> frozenset[UUID]:
    """Keeps refusals with whose they are; returns those that were not kept before."""
    kept = [one for one, _ in refusals]
    rows = await connection.fetch(
        _INSERT,
        [one.refusal_id for one in kept],
        [one.reason for one in kept],
        [party.value for _, party in refusals],
        [one.care_region_code for one in kept],
        [one.care_area_code for one in kept],
        [one.insured_region_code for one in kept],
        [one.insured_area_code for one in kept],
        [one.institution_code for one in kept],
        [one.medical_type_code for one in kept],
        [one.scheme_code for one in kept],
        [one.total_fen for one in kept],
        [one.duration_ms for one in kept],
        [one.trace_id for one in kept],
        [one.request_id for one in kept],
        [one.event_time for one in kept],
    )
    return frozenset(row["refusal_id"] for row in rows)


async def link(connection: Connection, ticket_id: UUID, refusals: Sequence[Refusal]) -> None:
    """Says of which ticket some refusals are."""
    await connection.execute(_LINK, [one.refusal_id for one in refusals], ticket_id)


async def list_of_ticket(
    source: Connection | Database, ticket_id: UUID, *, limit: int
) -> list[TicketRefusal]:
    """Returns the newest refusals of a ticket."""
    rows = await source.fetch(_LIST_OF_TICKET, ticket_id, limit)
    return [TicketRefusal(**dict(row)) for row in rows]

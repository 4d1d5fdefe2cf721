"""The SQL of the filing feed: events, deliveries, acknowledgements."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from services.filing import messages
from services.kit import codes
from services.kit.outbox import Outbox

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from datetime import datetime

    from services.filing.domain.model import Filing
    from services.filing.store import Reader
    from services.filing.vault import Vault
    from services.kit.db import Connection

BY_PROVINCE: Final = "($3 AND care_province = $5 OR $4 AND insured_province = $5 OR $5 = '')"
"""What a subscriber wants: as care province, as insured province, of which."""
PROVINCES: Final = ("care_province", "insured_province")

FILING_EVENTS: Final = Outbox(
    service="filing",
    table="filing_event",
    content="filing",
    columns=("filing_id", "state", "filing", *PROVINCES),
    filters=PROVINCES,
    wanted=BY_PROVINCE,
)
WARNING_EVENTS: Final = Outbox(
    service="filing",
    table="warning_event",
    content="warning",
    columns=("visit_id", "warning", *PROVINCES),
    filters=PROVINCES,
    wanted=BY_PROVINCE,
)

APPEND_EVENTS: Final = """/* filing.append_events */
INSERT INTO filing_event (event_time, filing_id, state, channel, submission_date, filing,
    care_province, insured_province)
SELECT $1, e.filing_id, e.state, e.channel, e.submission_date, e.filing, e.care, e.insured
  FROM unnest($2::uuid[], $3::text[], $4::text[], $5::date[], $6::bytea[], $7::text[], $8::text[])
       AS e (filing_id, state, channel, submission_date, filing, care, insured)"""

APPEND_DELIVERIES: Final = """/* filing.append_deliveries */
INSERT INTO filing_delivery (event_id, delivery_time)
SELECT event_id, now() FROM unnest($1::bigint[]) AS event_id
ON CONFLICT (event_id) DO NOTHING"""

EVENTS_OF_CARE_PROVINCE: Final = """/* filing.events_of_care_province */
SELECT sequence FROM filing_event WHERE sequence = ANY($1) AND care_province = $2"""

APPEND_ACKNOWLEDGEMENTS: Final = """/* filing.append_acknowledgements */
INSERT INTO filing_acknowledgement (event_id, refused, reason, acknowledge_time)
SELECT s.event_id, s.refused, s.reason, $4
  FROM unnest($1::bigint[], $2::boolean[], $3::bytea[]) AS s (event_id, refused, reason)"""


@dataclass(frozen=True, slots=True)
class Acknowledgement:
    """What the care province says of an event."""

    event_id: int
    refused: bool
    reason: str


async def record_event(connection: Connection, filing: Filing, now: datetime) -> None:
    """Writes the event of a filing as it is after a change; in the transaction of the change."""
    await record_events(connection, (filing,), now)


async def record_events(connection: Connection, filings: Sequence[Filing], now: datetime) -> None:
    """Writes the events of filings as they are after a change, in their order."""
    await connection.execute(
        APPEND_EVENTS,
        now,
        [filing.filing_id for filing in filings],
        [filing.state.value for filing in filings],
        [filing.channel.value for filing in filings],
        [filing.create_date for filing in filings],
        [_public(filing) for filing in filings],
        [codes.province_of(filing.target_region) for filing in filings],
        [codes.province_of(filing.insured_region) for filing in filings],
    )


async def record_deliveries(connection: Connection | Reader, event_ids: Sequence[int]) -> None:
    """Writes down that events are given to their care province; once each."""
    await connection.fetch(APPEND_DELIVERIES, event_ids)


async def events_of_care_province(
    reader: Reader, event_ids: Collection[int], *, province: str
) -> set[int]:
    """Returns those of the events that concern a province as care province."""
    rows = await reader.fetch(EVENTS_OF_CARE_PROVINCE, list(event_ids), province)
    return {row["sequence"] for row in rows}


async def record_acknowledgements(
    connection: Connection, vault: Vault, said: Sequence[Acknowledgement], now: datetime
) -> None:
    """Writes what a care province says of events; of several sayings the last one counts."""
    await connection.execute(
        APPEND_ACKNOWLEDGEMENTS,
        [one.event_id for one in said],
        [one.refused for one in said],
        [vault.seal_words(one.reason, one.event_id) for one in said],
        now,
    )


def _public(filing: Filing) -> bytes:
    # Without what is sealed: that is for the insured province, which gets it from where it lies. So
    # no event can ever show it to anybody else.
    message: bytes = messages.write_filing(filing).SerializeToString()
    return message

"""Delivers filings to the provinces and takes in what they say of them."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncGenerator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from services.filing import feed_messages, feed_store, messages, metrics, store
from services.kit.errors import Absent, DomainError
from yijie.filing.v1 import filing_feed_service_pb2 as pb
from yijie.filing.v1 import filing_pb2

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    from services.filing.domain.model import Details, Filing
    from services.filing.feed_messages import Wanted
    from services.filing.feed_store import Acknowledgement
    from services.filing.vault import Vault
    from services.kit.db import Connection, Database
    from services.kit.outbox import Given, OutboxFeed, OutboxRow


class EventUnknown(Absent):
    """No such event concerns the province as care province."""

    def __init__(self, field: str) -> None:
        """Names the entry."""
        super().__init__(
            "RESOURCE_NOT_FOUND",
            "no such event of this care province",
            field=field,
            metadata={"resource": "filing_event"},
        )


@dataclass(frozen=True, slots=True)
class Delivery:
    """What delivering works with; made once, by `app.running`."""

    database: Database
    vault: Vault
    feed: OutboxFeed


async def deliver(
    delivery: Delivery, after_cursor: str, wanted: Wanted
) -> AsyncGenerator[pb.SubscribeFilingsResponse, None]:
    """Yields batches of a province's filings; notes what its care province is given.

    Raises:
        InvalidArgument: CURSOR_INVALID, CURSOR_IN_FUTURE.
    """
    read = delivery.feed.read(after_cursor, wanted=wanted.arguments, region=wanted.province)
    async with contextlib.aclosing(read) as batches:
        async for given in batches:
            events = await _events(delivery, given.rows, wanted)
            # Before they are given: if the stream breaks off now, they are given again.
            await _note(delivery, given, wanted)
            yield pb.SubscribeFilingsResponse(
                events=events, cursor=given.cursor, lag_ms=given.lag_ms
            )


async def acknowledge(
    connection: Connection,
    vault: Vault,
    province: str,
    said: Sequence[Acknowledgement | DomainError],
    now: datetime,
) -> list[int | DomainError]:
    """Writes down what a care province says of events.

    Answers for each the event, or what is wrong: what could not be read, and events that are not
    the province's.
    """
    read = [one for one in said if not isinstance(one, DomainError)]
    known = await feed_store.events_of_care_province(
        connection, [one.event_id for one in read], province=province
    )
    good = [one for one in read if one.event_id in known]
    if good:
        await feed_store.record_acknowledgements(connection, vault, good, now)
    for one in good:
        metrics.ACKNOWLEDGEMENTS.labels("refused" if one.refused else "taken_in").inc()
    outcomes: list[int | DomainError] = []
    for index, entry in enumerate(said):
        if isinstance(entry, DomainError):
            outcomes.append(entry)
        elif entry.event_id in known:
            outcomes.append(entry.event_id)
        else:
            outcomes.append(EventUnknown(f"acknowledgements[{index}].event_id"))
    return outcomes


async def _events(
    delivery: Delivery, rows: Sequence[OutboxRow], wanted: Wanted
) -> list[pb.FilingEvent]:
    # What is sealed is the insured province's alone, and it must have asked as such: a subscriber
    # without a province gets none of it. An event of before the feed has no content.
    asked = {
        row.columns["filing_id"]
        for row in rows
        if _is_insured(row, wanted) or row.columns["filing"] is None
    }
    filings: Mapping[UUID, Filing] = {}
    details: Mapping[UUID, Details] = {}
    if asked:
        async with delivery.database.connection() as connection:
            filings = await store.get_filings(connection, asked)
            details = await store.get_details(connection, delivery.vault, asked)
    return [
        feed_messages.event_of(
            row,
            _shown(
                row.columns["filing"],
                filings.get(row.columns["filing_id"]),
                details.get(row.columns["filing_id"]) if _is_insured(row, wanted) else None,
            ),
        )
        for row in rows
    ]


def _shown(content: bytes | None, now: Filing | None, sealed: Details | None) -> filing_pb2.Filing:
    if content is not None:
        shown = filing_pb2.Filing.FromString(content)
    elif now is not None:
        shown = messages.write_filing(now)
    else:
        raise LookupError("an event without its filing")
    if now is not None and sealed is not None:
        full = messages.write_filing(now, details=sealed)
        shown.diagnosis_code = full.diagnosis_code
        shown.documents.extend(full.documents)
        if shown.state == full.state:
            # With the officer's words.
            shown.state_reason_zh, shown.state_reason_en = (
                full.state_reason_zh,
                full.state_reason_en,
            )
    return shown


def _is_insured(row: OutboxRow, wanted: Wanted) -> bool:
    return bool(wanted.province) and row.columns["insured_province"] == wanted.province


async def _note(delivery: Delivery, given: Given, wanted: Wanted) -> None:
    to_care = [
        row.position.sequence
        for row in given.rows
        if wanted.province and row.columns["care_province"] == wanted.province
    ]
    if to_care:
        await feed_store.record_deliveries(delivery.database, to_care)

"""One async function per command or query: load, decide, write, return domain objects."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from services.filing import metrics, store
from services.filing.domain import decide
from services.filing.domain.errors import FieldInvalid, FilingUnknown
from services.filing.domain.model import Application, Filing, Terms
from services.kit.clock import civil_date
from services.kit.ids import new_id

if TYPE_CHECKING:
    from datetime import date
    from uuid import UUID

    from services.filing.domain.decide import Match
    from services.kit.clock import Clock
    from services.kit.db import Connection, Database


@dataclass(frozen=True, slots=True)
class Filings:
    """What the use cases work with; made once, by `app.running`."""

    database: Database
    clock: Clock
    terms: Terms


async def submit(filings: Filings, connection: Connection, wanted: Application) -> Filing:
    """Keeps a filing and returns it with its id and last day.

    Raises:
        RegionUnknown, NotCrossProvince, FieldInvalid, EvidenceMissing: it cannot be filed.
    """
    decide.check_application(wanted, at="filing")
    now = filings.clock.now()
    filing = Filing(
        filing_id=new_id(now),
        person_id=wanted.person_id,
        insured_region=wanted.insured_region,
        target_region=wanted.target_region,
        type=wanted.type,
        begin_date=wanted.begin_date,
        end_date=decide.last_day_of(wanted, filings.terms, at="filing"),
        evidence=wanted.evidence,
        create_time=now,
        create_date=civil_date(now),
    )
    await store.insert_filing(connection, filing)
    return filing


async def get(filings: Filings, filing_id: UUID) -> Filing:
    """Returns a filing.

    Raises:
        FilingUnknown: there is none.
    """
    filing = await store.get_filing(filings.database, filing_id)
    if filing is None:
        raise FilingUnknown
    return filing


async def list_of_person(
    filings: Filings, person_id: UUID, *, before: UUID | None, size: int
) -> tuple[list[Filing], bool]:
    """Returns filings of a person, newest first, and whether older ones follow."""
    found = await store.list_filings(filings.database, person_id, before=before, count=size + 1)
    return found[:size], len(found) > size


async def cancel(filings: Filings, connection: Connection, filing_id: UUID) -> Filing:
    """Cancels a filing from today on and returns it as it is then.

    Raises:
        FilingUnknown: there is none.
        FilingNotLive, FilingLocked: it cannot be cancelled today.
    """
    filing = await store.lock_filing(connection, filing_id)
    if filing is None:
        raise FilingUnknown
    now = filings.clock.now()
    today = civil_date(now)
    decide.check_cancellation(filing, filings.terms, today=today)
    await store.append_cancellation(connection, filing_id, now=now)
    return replace(filing, cancel_time=now, cancel_date=today)


async def match(
    filings: Filings,
    person_id: UUID,
    *,
    insured_region: str,
    care_region: str,
    service_date: date,
    until: date,
    emergency: bool,
) -> Match:
    """Decides which benefit level applies, in one round trip to the database.

    Raises:
        RegionUnknown, NotCrossProvince, FieldInvalid: the question means nothing.
    """
    decide.check_places(insured_region=insured_region, care_region=care_region)
    if until < service_date:
        raise FieldInvalid("match_until_date", "before service_date")
    found = decide.match(
        await store.filings_of(filings.database, person_id),
        insured_region=insured_region,
        care_region=care_region,
        service_date=service_date,
        until=until,
        emergency=emergency,
    )
    metrics.MATCHES.labels(found.level.value).inc()
    return found

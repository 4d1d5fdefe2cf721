"""What a person's filings mean at a place and date: load, then decide."""

from __future__ import annotations

from typing import TYPE_CHECKING

from services.filing import store
from services.filing.domain import what_if
from services.filing.domain.what_if import Answer, Question
from services.kit.clock import civil_date

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date
    from uuid import UUID

    from services.filing.domain.model import Details
    from services.filing.usecases import Filings


async def answer(
    filings: Filings,
    person_id: UUID,
    *,
    insured_region: str,
    care_region: str,
    service_date: date | None,
    emergency: bool,
) -> tuple[Answer, Mapping[UUID, Details]]:
    """Answers what filings mean there, and what of the filings shown is sealed.

    `service_date` None: today.

    Raises:
        RegionUnknown: a region is not in the area list.
    """
    today = civil_date(filings.clock.now())
    question = Question(insured_region, care_region, service_date or today, emergency, today)
    async with filings.database.connection() as connection:
        held = await store.filings_of(connection, person_id)
        bars = await store.get_bars(connection, [person_id])
        found = what_if.what_if(
            held,
            question,
            filings.terms.of(insured_region, today),
            commitments_barred_until=bars.get(person_id),
        )
        shown = [effect.filing.filing_id for effect in found.effects]
        details = await store.get_details(connection, filings.vault, shown)
    return found, details

"""What a person's filings mean at a place and date: load, then decide."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from services.filing import store
from services.filing.domain import what_if
from services.filing.domain.what_if import Answer, Effect, Question
from services.kit.clock import civil_date
from services.kit.codes import province_of

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
    province: str = "",
) -> tuple[Answer, Mapping[UUID, Details]]:
    """Answers what filings mean there, and what of the filings shown is sealed.

    `service_date` None: today. `province`: whose callers ask, and see filings that concern it, as
    insured or as care province; empty: all.

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
        if province:
            found = replace(
                found, effects=tuple(one for one in found.effects if _concerns(one, province))
            )
        shown = [effect.filing.filing_id for effect in found.effects]
        details = await store.get_details(connection, filings.vault, shown)
    return found, details


def _concerns(effect: Effect, province: str) -> bool:
    filing = effect.filing
    return province in map(province_of, (filing.insured_region, filing.target_region))

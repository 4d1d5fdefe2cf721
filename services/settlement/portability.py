"""Checks before travel: identity's facts, whether the insured region answers, and the filing.

Writes nothing. A region that does not answer is a failed check, never the error of a batch.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import date
from typing import Any, Final

from services.kit import codes
from services.kit.channel import NotServedError
from services.kit.clock import Clock, civil_date
from services.kit.deadline import DeadlineTooShortError
from services.kit.errors import DomainError, LostRace, Overloaded, RuleForbids, Unavailable
from services.kit.wire import invalid, read_optional_date, write_date
from services.settlement.advice_messages import write_check
from services.settlement.clients import Callees
from services.settlement.domain.eligibility import Check
from services.settlement.domain.portability import Filed, Reach, Stated, checks_of
from services.settlement.regions import NotAskedError
from yijie.benefits.v1 import benefits_service_pb2
from yijie.filing.v1 import filing_service_pb2
from yijie.identity.v1 import identity_service_pb2
from yijie.settlement.v1 import advice_service_pb2 as pb

_AT_ONCE: Final = 8
"""Regions, and filings, asked at once: a batch takes few of the windows' places."""


class Portability:
    """AdviceService.CheckPortability."""

    def __init__(self, callees: Callees, clock: Clock) -> None:
        self._callees = callees
        self._clock = clock

    async def check(self, request: pb.CheckPortabilityRequest) -> pb.CheckPortabilityResponse:
        """Returns for each entry what holds, and who must act where it does not.

        Raises FIELD_INVALID, REGION_UNKNOWN (the care region).
        """
        today = civil_date(self._clock.now())
        care = request.care_region_code
        if care and not codes.is_known_area(care):
            raise invalid(
                "care_region_code", "not a division of GB/T 2260", reason="REGION_UNKNOWN"
            )
        days = [
            read_optional_date(entry.on_date, f"entries[{index}].on_date") or today
            for index, entry in enumerate(request.entries)
        ]
        standings = await self._callees.identity.check_portability(_question(request, days))
        places = asyncio.Semaphore(_AT_ONCE)

        async def result(index: int) -> pb.PortabilityResult:
            async with places:
                checks = await self._checks(
                    request.entries[index], standings[index], days[index], care
                )
            return pb.PortabilityResult(
                portable=all(check.passed for check in checks),
                checks=[write_check(check) for check in checks],
            )

        tasks = [asyncio.create_task(result(index)) for index in range(len(days))]
        try:
            return pb.CheckPortabilityResponse(results=await asyncio.gather(*tasks))
        finally:
            for task in tasks:
                task.cancel()

    async def _checks(
        self,
        entry: pb.PortabilityQuestion,
        standing: identity_service_pb2.PortabilityStanding,
        day: date,
        care: str,
    ) -> Sequence[Check]:
        stated = [Stated(check.check_code, check.reason) for check in standing.checks]
        reach, filed = Reach.NOT_ASKED, None
        if standing.person_id and codes.is_known_area(entry.insured_region_code):
            reach = await self._reach(entry, standing.person_id, day)
            if care:
                filed = await self._filed(entry, standing.person_id, day, care)
        return checks_of(stated, reach, filed, wants_filing=bool(care))

    async def _reach(self, entry: pb.PortabilityQuestion, person_id: str, day: date) -> Reach:
        """Returns whether the insured region answers for a person."""
        question = benefits_service_pb2.GetAccumulatorsRequest(
            person_id=person_id,
            scheme_code=entry.scheme_code or codes.SCHEME_EMPLOYEE,
            benefit_year=day.year,
        )
        try:
            await self._callees.benefits.accumulators(entry.insured_region_code, question)
        except (NotAskedError, DeadlineTooShortError):
            return Reach.CROWDED
        except NotServedError:
            return Reach.BEHIND
        except (Unavailable, Overloaded, LostRace):
            return Reach.SILENT
        except RuleForbids as error:
            # An error of ours, not passed on from a callee: no route leads there.
            return Reach.REFUSED if error.domain else Reach.NO_ROUTE
        except DomainError:
            return Reach.REFUSED
        return Reach.ANSWERED

    async def _filed(
        self, entry: pb.PortabilityQuestion, person_id: str, day: date, care: str
    ) -> Filed:
        if not codes.is_cross_province(care=care, insured=entry.insured_region_code):
            return Filed(is_filed=False, is_needed=False, zh="", en="")
        match = await self._callees.filing.match(
            filing_service_pb2.MatchFilingRequest(
                person_id=person_id,
                insured_region_code=entry.insured_region_code,
                care_region_code=care,
                service_date=write_date(day),
                match_until_date=write_date(day),
            ),
            fields={},
        )
        return Filed(
            is_filed=match.benefit_level != filing_service_pb2.BENEFIT_LEVEL_UNFILED,
            is_needed=True,
            zh=match.explanation_zh,
            en=match.explanation_en,
        )


def _question(
    request: pb.CheckPortabilityRequest, days: Sequence[date]
) -> identity_service_pb2.CheckPortabilityRequest:
    question = identity_service_pb2.CheckPortabilityRequest()
    entry: Any
    for entry, day in zip(request.entries, days, strict=True):
        question.entries.add(
            credential=entry.credential,
            insured_region_code=entry.insured_region_code,
            scheme_code=entry.scheme_code,
            on_date=write_date(day),
        )
    return question

"""Whom statistics asks: identity for insurance, filing for filings, settlement for the gap."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from services.kit import wire
from services.kit.channel import Callee
from services.kit.errors import DomainError, Unavailable
from yijie.filing.v1 import (
    filing_feed_service_pb2,
    filing_feed_service_pb2_grpc,
    filing_pb2,
    filing_service_pb2,
    filing_service_pb2_grpc,
)
from yijie.identity.v1 import access_pb2, identity_service_pb2, identity_service_pb2_grpc
from yijie.settlement.v1 import advice_service_pb2, advice_service_pb2_grpc

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    import grpc

    from services.supervision.domain.uploads import SelfPaid

_ASK_S: Final = 5.0
"""For one question of an upload: an officer waits, no patient."""
_SUMMARY_S: Final = 20.0
"""For a summary of a month: made once, by night or by hand."""
_AT_ONCE: Final = 8
_CHANNELS_ZH: Final = {
    filing_pb2.FILING_CHANNEL_WINDOW: "经办窗口",
    filing_pb2.FILING_CHANNEL_APP: "国家医保服务平台 APP",
    filing_pb2.FILING_CHANNEL_ONLINE: "网上办事大厅",
    filing_pb2.FILING_CHANNEL_INSTITUTION: "医药机构",
    filing_pb2.FILING_CHANNEL_KIOSK: "自助终端",
    filing_pb2.FILING_CHANNEL_PROVINCE_BATCH: "省级批量",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class FilingCount:
    """How filings of one insured province and channel fared."""

    insured_region_code: str
    channel_zh: str
    submitted: int
    approved: int
    refused: int
    pending: int
    delivered: int
    acknowledged: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PairGap:
    """What direct settlement paid otherwise than a claim at home would, for a pair of provinces."""

    care_region_code: str
    insured_region_code: str
    settlements: int
    worse: int
    better: int
    total_fen: int
    patient_gap_fen: int
    """Positive: patients paid more by direct settlement."""


class IdentityClient:
    """Asks identity."""

    def __init__(self, channel: grpc.aio.Channel) -> None:
        """Holds the channel; it is closed by whoever opened it."""
        self._stub: Any = identity_service_pb2_grpc.IdentityServiceStub(channel)
        self._callee = Callee("identity")

    async def standings(self, cases: Sequence[SelfPaid]) -> list[bool | None]:
        """Tells whether patients are insured there on the day of discharge; None: unknown person.

        Raises:
            Unavailable: identity does not answer.
        """
        if not cases:
            return []
        request = identity_service_pb2.CheckInsurancesRequest(
            entries=[
                identity_service_pb2.InsuranceQuestion(
                    person_id=str(case.person_id),
                    insured_region_code=case.insured_region_code,
                    on_date=wire.write_date(case.end_date),
                )
                for case in cases
            ],
            purpose=access_pb2.ACCESS_PURPOSE_ENQUIRY,
        )
        answer = await self._callee.call(self._stub.CheckInsurances, request, own_s=_ASK_S)
        if len(answer.standings) != len(cases):
            raise Unavailable(
                "CALLEE_UNAVAILABLE",
                "identity answered what this release cannot read",
                metadata={"callee": "identity"},
            )
        unknown = identity_service_pb2.INSURANCE_STANDING_PERSON_UNKNOWN
        in_force = identity_service_pb2.INSURANCE_STANDING_IN_FORCE
        return [None if one == unknown else one == in_force for one in answer.standings]

    async def names(self, institution_codes: Sequence[str]) -> dict[str, str]:
        """Returns the names of institutions; those that identity cannot tell are left out."""
        gate = asyncio.Semaphore(_AT_ONCE)
        is_down = False

        async def one(code: str) -> tuple[str, str]:
            nonlocal is_down
            request = identity_service_pb2.GetInstitutionRequest(institution_code=code)
            async with gate:
                if is_down:
                    return code, ""
                try:
                    answer = await self._callee.call(
                        self._stub.GetInstitution, request, own_s=_ASK_S
                    )
                except DomainError as error:
                    # Who does not answer once is not waited for again, once for each institution.
                    is_down = is_down or isinstance(error, Unavailable)
                    return code, ""
            return code, answer.institution.name

        found = await asyncio.gather(*map(one, institution_codes))
        return {code: name for code, name in found if name}


class FilingClient:
    """Asks filing."""

    def __init__(self, channel: grpc.aio.Channel) -> None:
        """Holds the channel; it is closed by whoever opened it."""
        self._filing: Any = filing_service_pb2_grpc.FilingServiceStub(channel)
        self._feed: Any = filing_feed_service_pb2_grpc.FilingFeedServiceStub(channel)
        self._callee = Callee("filing")

    async def filed(self, cases: Sequence[SelfPaid]) -> list[bool]:
        """Tells for each case whether a filing counts, as the round trip would have asked.

        Raises:
            Unavailable: filing does not answer.
        """
        gate = asyncio.Semaphore(_AT_ONCE)

        async def one(case: SelfPaid) -> bool:
            request = filing_service_pb2.MatchFilingRequest(
                person_id=str(case.person_id),
                insured_region_code=case.insured_region_code,
                care_region_code=case.care_region_code,
                service_date=wire.write_date(case.begin_date),
                match_until_date=wire.write_date(case.end_date),
                emergency=case.is_emergency,
            )
            async with gate:
                answer = await self._callee.call(self._filing.MatchFiling, request, own_s=_ASK_S)
            return bool(answer.benefit_level != filing_service_pb2.BENEFIT_LEVEL_UNFILED)

        return list(await asyncio.gather(*map(one, cases)))

    async def summary(self, first: date, last: date) -> list[FilingCount]:
        """Returns how filings submitted within the days fared.

        Raises:
            Unavailable: filing does not answer.
        """
        request = filing_feed_service_pb2.SummarizeFilingsRequest(
            begin_date=wire.write_date(first), end_date=wire.write_date(last)
        )
        answer = await self._callee.call(self._feed.SummarizeFilings, request, own_s=_SUMMARY_S)
        return [
            FilingCount(
                insured_region_code=one.insured_province_code,
                channel_zh=_CHANNELS_ZH.get(one.channel, "其他"),
                submitted=one.submitted_count,
                approved=one.approved_count,
                refused=one.refused_count,
                pending=one.pending_count,
                delivered=one.delivered_count,
                acknowledged=one.acknowledged_count,
            )
            for one in answer.statistics
        ]


class GapClient:
    """Asks settlement what direct settlement paid otherwise than a claim at home would."""

    def __init__(self, channel: grpc.aio.Channel) -> None:
        """Holds the channel; it is closed by whoever opened it."""
        self._stub: Any = advice_service_pb2_grpc.AdviceServiceStub(channel)
        self._callee = Callee("settlement")

    async def gaps(self) -> list[PairGap]:
        """Returns the gap of each pair of provinces over settlement's sample of the newest bills.

        Raises:
            Unavailable: settlement does not answer.
        """
        answer = await self._callee.call(
            self._stub.SummarizeCatalogueGaps,
            advice_service_pb2.SummarizeCatalogueGapsRequest(),
            own_s=_SUMMARY_S,
        )
        return [
            PairGap(
                care_region_code=one.care_region_code,
                insured_region_code=one.insured_region_code,
                settlements=one.settlement_count,
                worse=one.worse_count,
                better=one.better_count,
                total_fen=one.total.fen,
                patient_gap_fen=one.patient_gap.fen,
            )
            for one in answer.pairs
        ]

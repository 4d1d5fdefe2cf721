"""An insured region that answers what is asked before a visit, beside what it books."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any

import grpc

from services.kit import diseases
from services.kit.errors import DomainError, RuleForbids
from services.kit.status import to_status
from services.kit.wire import write_date
from tests.support.callees import DEDUCTIBLE_FEN, LONG_S, FakeBenefits, refuse
from yijie.benefits.v1 import adjudication_pb2, benefits_service_pb2

QUALIFIED_SINCE = date(2025, 1, 1)


def not_covered(missing: str) -> DomainError:
    """What a region answers where its policy knows nothing."""
    return RuleForbids(
        "POLICY_NOT_COVERED",
        "the policy does not cover this",
        field="case.benefit_level",
        metadata={"missing": missing},
    )


@dataclass(repr=False)
class AdvisingBenefits(FakeBenefits):
    """Answers as it would book, on the sums that it had before the settlement that is named.

    `advice_mode` is how: "ok", "silent", "unavailable", "unimplemented" (of a release before),
    "not_served" (POLICY_NOT_COVERED as a whole), "inconsistent", "empty".
    """

    advice_mode: str = "ok"
    reductions: dict[int, Decimal] = field(default_factory=dict)
    """What a benefit level takes off the fund's ratio."""
    errors: dict[int, DomainError] = field(default_factory=dict)
    """What a benefit level is refused for."""
    questions: list[Any] = field(default_factory=list)
    advice_delay_s: float = 0.0
    in_flight: int = 0
    in_flight_max: int = 0
    standings: dict[str, tuple[int, int]] = field(default_factory=dict)
    """Deductible left and account before each settlement."""
    policy_diseases: dict[str, list[str]] = field(default_factory=lambda: {"M03900": ["I10"]})
    qualified: str = ""
    """The disease that the person is qualified for."""
    disease_policy_version: str = "650000@2017-abcdef"

    async def Commit(self, request: Any, context: Any) -> Any:
        standing = (self.deductible_fen, self.account_fen)
        self.standings.setdefault(request.settlement_id, standing)
        return await super().Commit(request, context)

    async def EstimateBenefit(self, request: Any, context: Any) -> Any:
        self.questions.append(request)
        self.in_flight += 1
        self.in_flight_max = max(self.in_flight, self.in_flight_max)
        try:
            await asyncio.sleep(self.advice_delay_s)
            await self._advise(context)
        finally:
            self.in_flight -= 1
        response = benefits_service_pb2.EstimateBenefitResponse()
        if self.advice_mode == "empty":
            return response
        for level in request.benefit_levels:
            estimate = response.estimates.add(benefit_level=level)
            if level in self.errors:
                estimate.error.CopyFrom(to_status(self.errors[level], "benefits"))
                continue
            estimate.adjudication.CopyFrom(self._estimated(request, level))
            if self.advice_mode == "inconsistent":
                estimate.adjudication.cash_pay.fen += 1
            if not request.with_trace:
                estimate.adjudication.ClearField("steps")
        return response

    async def CheckDisease(self, request: Any, context: Any) -> Any:
        self.questions.append(request)
        await self._advise(context)
        code = request.disease_code
        listed = next((d for d in self.policy_diseases if diseases.covers(d, code)), "")
        prefixes = self.policy_diseases.get(listed, [])
        given = tuple(request.diagnosis_codes)
        response = benefits_service_pb2.CheckDiseaseResponse(
            policy_disease_code=listed,
            diagnosis_matches=not given or diseases.is_diagnosed(tuple(prefixes), given),
            diagnosis_prefixes=prefixes,
            policy_version=self.disease_policy_version,
        )
        if request.person_id and self.qualified and diseases.covers(self.qualified, code):
            response.qualified_disease_code = self.qualified
            response.qualified_begin_date.CopyFrom(write_date(QUALIFIED_SINCE))
        return response

    def _estimated(self, request: Any, level: int) -> Any:
        held = (self.deductible_fen, self.account_fen, self.fund_ratio)
        if request.before_settlement_id:
            self.deductible_fen, self.account_fen = self.standings[request.before_settlement_id]
        elif not request.person_id:
            self.deductible_fen, self.account_fen = DEDUCTIBLE_FEN, 0
        self.fund_ratio -= self.reductions.get(level, Decimal(0))
        try:
            return self.adjudicate(
                adjudication_pb2.Case(amounts=request.amounts, use_account=request.use_account)
            )
        finally:
            self.deductible_fen, self.account_fen, self.fund_ratio = held

    async def _advise(self, context: Any) -> None:
        match self.advice_mode:
            case "silent":
                await asyncio.sleep(LONG_S)
            case "unavailable":
                await context.abort(grpc.StatusCode.UNAVAILABLE, "down")
            case "unimplemented":
                await context.abort(grpc.StatusCode.UNIMPLEMENTED, "not yet")
            case "not_served":
                await refuse(context, not_covered("region"), "benefits")
            case _:
                pass

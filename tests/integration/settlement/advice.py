"""Ready-made questions to AdviceService, and what their answers say."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from typing import Any

from tests.integration.settlement.world import World, fill_bill
from tests.support.advising import AdvisingBenefits
from tests.support.callees import (
    BED,
    CAPPED,
    CARE,
    DRUG,
    HOSPITAL,
    INSURED,
    UNLISTED,
    Callees,
    callees_served,
    item,
)
from tests.support.rpc import TIMEOUT_S
from yijie.filing.v1 import filing_service_pb2 as filing
from yijie.settlement.v1 import advice_service_pb2 as pb
from yijie.settlement.v1 import advice_service_pb2_grpc as rpc

LONG_TERM, REFERRAL, EMERGENCY, TEMPORARY, UNFILED = (
    filing.BENEFIT_LEVEL_LONG_TERM,
    filing.BENEFIT_LEVEL_REFERRAL,
    filing.BENEFIT_LEVEL_EMERGENCY,
    filing.BENEFIT_LEVEL_TEMPORARY,
    filing.BENEFIT_LEVEL_UNFILED,
)
HOME = "650000"
HOME_ITEMS = ((BED, "B"), (DRUG, "A"), (UNLISTED, "A"))


@contextlib.asynccontextmanager
async def advising_served() -> AsyncIterator[Callees]:
    """Serves callees of which the insured region answers questions and has a catalogue."""
    callees = Callees(benefits=AdvisingBenefits())
    items = [item(code, of_class) for code, of_class in HOME_ITEMS]
    capped = item(CAPPED, "A")
    callees.catalogue.add(HOME, "h1", [*items, capped])
    async with callees_served(callees) as opened:
        yield opened


def stub_of(world: World) -> Any:
    return rpc.AdviceServiceStub(world.channel)


def estimate_request(**changes: Any) -> Any:
    """Asks about an outpatient visit of 1,000.00, of which 800.00 are in scope."""
    request = pb.EstimateBenefitRequest(
        insured_region_code=INSURED,
        scheme_code="310",
        person_type_code="1201",
        care_region_code=CARE,
        hospital_level_code="02",
        medical_type_code="11",
    )
    amounts = request.amounts
    amounts.total.fen, amounts.full_self_pay.fen, amounts.over_limit.fen = 100_000, 10_000, 4_000
    amounts.prior_self_pay.fen, amounts.in_scope.fen = 6_000, 80_000
    for name, value in changes.items():
        setattr(request, name, value)
    return request


async def estimate(world: World, request: Any | None = None) -> Any:
    return await stub_of(world).EstimateBenefit(request or estimate_request(), timeout=TIMEOUT_S)


def eligible_request(**changes: Any) -> Any:
    """Asks whether hypertension can settle at the hospital."""
    return pb.CheckChronicEligibilityRequest(
        **{
            "insured_region_code": INSURED,
            "scheme_code": "310",
            "institution_code": HOSPITAL,
            "disease_code": "M03900",
            **changes,
        }
    )


async def check(world: World, request: Any | None = None) -> Any:
    return await stub_of(world).CheckChronicEligibility(
        request or eligible_request(), timeout=TIMEOUT_S
    )


def sample_request() -> Any:
    """Asks about the world's bill of three lines, for somebody filed long-term."""
    request = pb.CompareCataloguesRequest()
    sample = request.sample
    sample.insured_region_code, sample.scheme_code = INSURED, "310"
    sample.person_type_code, sample.benefit_level = "1201", LONG_TERM
    fill_bill(sample.bill)
    return request


async def compare(world: World, settlement_id: str = "", request: Any | None = None) -> Any:
    request = request or pb.CompareCataloguesRequest(settlement_id=settlement_id)
    return await stub_of(world).CompareCatalogues(request, timeout=TIMEOUT_S)


async def summarize(world: World, *, timeout_s: float = TIMEOUT_S, **wanted: Any) -> Any:
    request = pb.SummarizeCatalogueGapsRequest(**wanted)
    return await stub_of(world).SummarizeCatalogueGaps(request, timeout=timeout_s)

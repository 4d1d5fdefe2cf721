"""Between the contract of WhatIfFiling and the domain; decides nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from services.filing import messages
from services.filing.domain.model import BenefitLevel, Evidence, FilingType
from services.filing.domain.what_if import TwoWay
from yijie.filing.v1 import filing_pb2
from yijie.filing.v1 import filing_service_pb2 as pb

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date
    from uuid import UUID

    from services.filing.domain.model import Details
    from services.filing.domain.what_if import Answer, Effect, Option

_TWO_WAY: Final[Mapping[TwoWay, Any]] = {
    TwoWay.NO_LONG_TERM_FILING: pb.TWO_WAY_BENEFIT_UNSPECIFIED,
    TwoWay.FULL: pb.TWO_WAY_BENEFIT_FULL,
    TwoWay.AFTER_DOCUMENTS: pb.TWO_WAY_BENEFIT_AFTER_DOCUMENTS,
}


def write_answer(
    answer: Answer, details: Mapping[UUID, Details], today: date
) -> pb.WhatIfFilingResponse:
    """Returns the message of an answer; `details` are what is sealed of its filings."""
    found = answer.match
    return pb.WhatIfFilingResponse(
        benefit_level=_level(found.level if found else None),
        filing_id=str(found.filing_id) if found and found.filing_id else "",
        explanation_zh=answer.why.zh,
        explanation_en=answer.why.en,
        effects=[_effect(effect, details, today) for effect in answer.effects],
        two_way_benefit=_TWO_WAY[answer.two_way],
        options=[_option(option) for option in answer.options],
    )


def _effect(effect: Effect, details: Mapping[UUID, Details], today: date) -> pb.FilingEffect:
    sealed = details.get(effect.filing.filing_id)
    return pb.FilingEffect(
        filing=messages.write_filing(effect.filing, today, sealed),
        counts=effect.counts,
        benefit_level=_level(effect.level),
        explanation_zh=effect.why.zh,
        explanation_en=effect.why.en,
        may_change=effect.may_change,
    )


def _option(option: Option) -> pb.FilingOption:
    return pb.FilingOption(
        type=_type(option.type),
        benefit_level=_level(option.level),
        evidence=[_evidence(shown) for shown in option.evidence],
        explanation_zh=option.what.zh,
        explanation_en=option.what.en,
    )


def _level(level: BenefitLevel | None) -> Any:
    if level is None:
        return pb.BENEFIT_LEVEL_UNSPECIFIED
    return pb.BenefitLevel.Value(f"BENEFIT_LEVEL_{level.name}")


def _type(kind: FilingType) -> Any:
    return filing_pb2.FilingType.Value(f"FILING_TYPE_{kind.name}")


def _evidence(shown: Evidence) -> Any:
    if shown is Evidence.NONE:
        return filing_pb2.FILING_EVIDENCE_UNSPECIFIED
    return filing_pb2.FilingEvidence.Value(f"FILING_EVIDENCE_{shown.name}")

"""Between the contract's messages and the domain; names the field at fault, decides nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from services.filing.domain.model import (
    Application,
    BenefitLevel,
    Evidence,
    Filing,
    FilingState,
    FilingType,
)
from services.kit.wire import (
    read_date,
    read_optional_date,
    read_uuid,
    write_date,
    write_optional_date,
    write_time,
)
from yijie.filing.v1 import filing_pb2
from yijie.filing.v1 import filing_service_pb2 as pb

if TYPE_CHECKING:
    from collections.abc import Mapping

    from services.filing.domain.decide import Match

SERVICE: Final = "filing"

_TYPES: Final[Mapping[int, FilingType]] = {
    filing_pb2.FILING_TYPE_RETIRED_SETTLED: FilingType.RETIRED_SETTLED,
    filing_pb2.FILING_TYPE_LONG_TERM_RESIDENT: FilingType.LONG_TERM_RESIDENT,
    filing_pb2.FILING_TYPE_POSTED_WORKER: FilingType.POSTED_WORKER,
    filing_pb2.FILING_TYPE_REFERRAL: FilingType.REFERRAL,
    filing_pb2.FILING_TYPE_EMERGENCY: FilingType.EMERGENCY,
    filing_pb2.FILING_TYPE_TEMPORARY: FilingType.TEMPORARY,
}
_TYPE_NUMBERS: Final[Mapping[FilingType, Any]] = {kind: number for number, kind in _TYPES.items()}
_EVIDENCE: Final[Mapping[int, Evidence]] = {
    filing_pb2.FILING_EVIDENCE_UNSPECIFIED: Evidence.NONE,
    filing_pb2.FILING_EVIDENCE_DOCUMENT: Evidence.DOCUMENT,
    filing_pb2.FILING_EVIDENCE_COMMITMENT: Evidence.COMMITMENT,
    filing_pb2.FILING_EVIDENCE_REFERRAL_PROOF: Evidence.REFERRAL_PROOF,
}
_EVIDENCE_NUMBERS: Final[Mapping[Evidence, Any]] = {
    evidence: number for number, evidence in _EVIDENCE.items()
}
_STATE_NUMBERS: Final[Mapping[FilingState, Any]] = {
    FilingState.LIVE: filing_pb2.FILING_STATE_LIVE,
    FilingState.CANCELLED: filing_pb2.FILING_STATE_CANCELLED,
}
_LEVEL_NUMBERS: Final[Mapping[BenefitLevel, Any]] = {
    BenefitLevel.LONG_TERM: pb.BENEFIT_LEVEL_LONG_TERM,
    BenefitLevel.REFERRAL: pb.BENEFIT_LEVEL_REFERRAL,
    BenefitLevel.EMERGENCY: pb.BENEFIT_LEVEL_EMERGENCY,
    BenefitLevel.TEMPORARY: pb.BENEFIT_LEVEL_TEMPORARY,
    BenefitLevel.UNFILED: pb.BENEFIT_LEVEL_UNFILED,
}


def read_application(message: filing_pb2.Filing) -> Application:
    """Returns what a request asks to be filed."""
    return Application(
        person_id=read_uuid(message.person_id),
        insured_region=message.insured_region_code,
        target_region=message.target_region_code,
        type=_TYPES[message.type],
        begin_date=read_date(message.begin_date, "filing.begin_date"),
        end_date=read_optional_date(message.end_date, "filing.end_date"),
        evidence=_EVIDENCE[message.evidence],
    )


def write_filing(filing: Filing) -> filing_pb2.Filing:
    """Returns the message of a filing."""
    cancelled = filing.cancel_time
    return filing_pb2.Filing(
        filing_id=str(filing.filing_id),
        person_id=str(filing.person_id),
        insured_region_code=filing.insured_region,
        target_region_code=filing.target_region,
        type=_TYPE_NUMBERS[filing.type],
        begin_date=write_date(filing.begin_date),
        end_date=write_optional_date(filing.end_date),
        evidence=_EVIDENCE_NUMBERS[filing.evidence],
        state=_STATE_NUMBERS[filing.state],
        create_time=write_time(filing.create_time),
        cancel_time=None if cancelled is None else write_time(cancelled),
    )


def write_match(found: Match) -> pb.MatchFilingResponse:
    """Returns the message of a match."""
    return pb.MatchFilingResponse(
        benefit_level=_LEVEL_NUMBERS[found.level],
        filing_id=str(found.filing_id) if found.filing_id else "",
        explanation_zh=found.reason.zh,
        explanation_en=found.reason.en,
        long_term_evidence=_EVIDENCE_NUMBERS[found.long_term_evidence],
    )

"""Between the contract's messages and the domain; names the field at fault, decides nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from services.filing.domain.model import (
    Application,
    ApprovalWay,
    BenefitLevel,
    Channel,
    Details,
    Evidence,
    EvidenceDocument,
    EvidenceKind,
    Filing,
    FilingType,
)
from services.filing.domain.states import FilingState
from services.kit.errors import DomainError
from services.kit.status import to_status
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
    from collections.abc import Iterable, Mapping
    from datetime import date

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
    FilingState.PENDING: filing_pb2.FILING_STATE_PENDING,
    FilingState.REFUSED: filing_pb2.FILING_STATE_REFUSED,
    FilingState.CHANGED: filing_pb2.FILING_STATE_CHANGED,
    FilingState.REVOKED: filing_pb2.FILING_STATE_REVOKED,
    FilingState.EXPIRED: filing_pb2.FILING_STATE_EXPIRED,
}
_CHANNELS: Final[Mapping[int, Channel]] = {
    filing_pb2.FILING_CHANNEL_WINDOW: Channel.WINDOW,
    filing_pb2.FILING_CHANNEL_APP: Channel.APP,
    filing_pb2.FILING_CHANNEL_ONLINE: Channel.ONLINE,
    filing_pb2.FILING_CHANNEL_INSTITUTION: Channel.INSTITUTION,
    filing_pb2.FILING_CHANNEL_KIOSK: Channel.KIOSK,
    filing_pb2.FILING_CHANNEL_PROVINCE_BATCH: Channel.PROVINCE_BATCH,
}
_CHANNEL_NUMBERS: Final[Mapping[Channel, Any]] = {
    channel: number for number, channel in _CHANNELS.items()
}
_KINDS: Final[Mapping[int, EvidenceKind]] = {
    filing_pb2.EVIDENCE_KIND_HOUSEHOLD_REGISTER: EvidenceKind.HOUSEHOLD_REGISTER,
    filing_pb2.EVIDENCE_KIND_RESIDENCE_PROOF: EvidenceKind.RESIDENCE_PROOF,
    filing_pb2.EVIDENCE_KIND_POSTING_PROOF: EvidenceKind.POSTING_PROOF,
    filing_pb2.EVIDENCE_KIND_EMPLOYER_PROOF: EvidenceKind.EMPLOYER_PROOF,
    filing_pb2.EVIDENCE_KIND_WORK_CONTRACT: EvidenceKind.WORK_CONTRACT,
    filing_pb2.EVIDENCE_KIND_COMMITMENT_LETTER: EvidenceKind.COMMITMENT_LETTER,
    filing_pb2.EVIDENCE_KIND_REFERRAL_PROOF: EvidenceKind.REFERRAL_PROOF,
}
_KIND_NUMBERS: Final[Mapping[EvidenceKind, Any]] = {kind: n for n, kind in _KINDS.items()}
_APPROVAL_NUMBERS: Final[Mapping[ApprovalWay, Any]] = {
    ApprovalWay.RULE: filing_pb2.APPROVAL_WAY_RULE,
    ApprovalWay.OFFICER: filing_pb2.APPROVAL_WAY_OFFICER,
    ApprovalWay.PROVINCE_SYSTEM: filing_pb2.APPROVAL_WAY_PROVINCE_SYSTEM,
}
_LEVEL_NUMBERS: Final[Mapping[BenefitLevel, Any]] = {
    BenefitLevel.LONG_TERM: pb.BENEFIT_LEVEL_LONG_TERM,
    BenefitLevel.REFERRAL: pb.BENEFIT_LEVEL_REFERRAL,
    BenefitLevel.EMERGENCY: pb.BENEFIT_LEVEL_EMERGENCY,
    BenefitLevel.TEMPORARY: pb.BENEFIT_LEVEL_TEMPORARY,
    BenefitLevel.UNFILED: pb.BENEFIT_LEVEL_UNFILED,
}


def read_application(
    message: filing_pb2.Filing, *, at: str = "filing", channel: Channel = Channel.WINDOW
) -> Application:
    """Returns what a request asks to be filed.

    Args:
        message: the filing.
        at: its path in the request.
        channel: by which it comes if it does not say so.

    Raises:
        InvalidArgument: a date is none.
    """
    return Application(
        person_id=read_uuid(message.person_id),
        insured_region=message.insured_region_code,
        target_region=message.target_region_code,
        type=_TYPES[message.type],
        begin_date=read_date(message.begin_date, f"{at}.begin_date"),
        end_date=read_optional_date(message.end_date, f"{at}.end_date"),
        evidence=_EVIDENCE[message.evidence],
        channel=_CHANNELS.get(message.channel, channel),
        maker_id=message.maker_id,
        referring_institution=message.referring_institution_code,
        previous_filing_id=(
            read_uuid(message.previous_filing_id) if message.previous_filing_id else None
        ),
        details=Details(
            diagnosis=message.diagnosis_code,
            documents=read_documents(message.documents, at=f"{at}.documents"),
        ),
    )


def read_documents(
    documents: Iterable[filing_pb2.EvidenceDocument], *, at: str
) -> tuple[EvidenceDocument, ...]:
    """Returns the papers of a request.

    Raises:
        InvalidArgument: a date is none.
    """
    return tuple(
        EvidenceDocument(
            kind=_KINDS[document.kind],
            document_id=document.document_id,
            issue_date=read_optional_date(document.issue_date, f"{at}[{index}].issue_date"),
        )
        for index, document in enumerate(documents)
    )


def write_filing(
    filing: Filing, today: date | None = None, details: Details | None = None
) -> filing_pb2.Filing:
    """Returns the message of a filing.

    Args:
        filing: the filing.
        today: day on which an expired one is told to be so; None: as recorded.
        details: what of it is sealed; None: not shown. What is stored, as the answers to requests
            are, shows none.
    """
    state = filing.state if today is None else filing.state_on(today)
    reason = filing.state_reason if today is None else filing.reason_on(today)
    day = filing.create_date if today is None else today
    documented = filing.documented_from is not None and today is None
    cancelled = filing.cancel_time
    message = filing_pb2.Filing(
        filing_id=str(filing.filing_id),
        person_id=str(filing.person_id),
        insured_region_code=filing.insured_region,
        target_region_code=filing.target_region,
        type=_TYPE_NUMBERS[filing.type],
        begin_date=write_date(filing.begin_date),
        end_date=write_optional_date(filing.end_date),
        evidence=_EVIDENCE_NUMBERS[Evidence.DOCUMENT if documented else filing.evidence_on(day)],
        state=_STATE_NUMBERS[state],
        create_time=write_time(filing.create_time),
        cancel_time=None if cancelled is None else write_time(cancelled),
        channel=_CHANNEL_NUMBERS[filing.channel],
        maker_id=filing.maker_id,
        referring_institution_code=filing.referring_institution,
        previous_filing_id=str(filing.previous_filing_id or ""),
        approval=_APPROVAL_NUMBERS[filing.approval],
        checker_id=filing.checker_id,
        state_reason_zh=reason.zh,
        state_reason_en=reason.en,
        changed_to_filing_id=str(filing.changed_to_filing_id or ""),
        last_day=write_optional_date(filing.last_day),
        update_time=write_time(filing.update_time),
        locked_until_date=write_optional_date(filing.locked_until),
        sample_terms=filing.sample_terms,
    )
    if details is not None:
        _add_details(message, details)
    return message


def _add_details(message: filing_pb2.Filing, details: Details) -> None:
    message.diagnosis_code = details.diagnosis
    for document in details.documents:
        message.documents.add(
            kind=_KIND_NUMBERS[document.kind],
            document_id=document.document_id,
            issue_date=write_optional_date(document.issue_date),
        )
    if details.note:
        message.state_reason_zh += f"说明：{details.note}"
        message.state_reason_en += f" The officer says: {details.note}"


def write_results(
    outcomes: Iterable[Filing | DomainError], today: date, *, with_ids: bool
) -> pb.SubmitFilingsResponse:
    """Returns the results of a batch; without ids where nothing was kept."""
    response = pb.SubmitFilingsResponse()
    for outcome in outcomes:
        if isinstance(outcome, DomainError):
            response.results.add(error=to_status(outcome, SERVICE))
            continue
        message = write_filing(outcome, today)
        if not with_ids:
            message.filing_id = ""
        response.results.add(filing=message)
    return response


def write_match(found: Match) -> pb.MatchFilingResponse:
    """Returns the message of a match."""
    return pb.MatchFilingResponse(
        benefit_level=_LEVEL_NUMBERS[found.level],
        filing_id=str(found.filing_id) if found.filing_id else "",
        explanation_zh=found.reason.zh,
        explanation_en=found.reason.en,
        long_term_evidence=_EVIDENCE_NUMBERS[found.long_term_evidence],
    )

"""Between the contract of AdviceService and settlement's domain, and those of the callees."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any, Final

from services.classification import wire as classification_wire
from services.classification.model import SplitTotals
from services.kit import diseases
from services.kit.errors import DomainError, RuleForbids
from services.kit.status import from_status, to_status
from services.kit.wire import read_date, read_fen, read_optional_date, write_date, write_money
from services.settlement.domain.eligibility import Check, Facts, Filed, Opening, Party, Policy
from services.settlement.domain.filing_advice import advice_on
from services.settlement.domain.identities import broken_identities
from services.settlement.domain.inquiry import Inquiry
from services.settlement.messages import answer_of
from yijie.benefits.v1 import adjudication_pb2, benefits_service_pb2
from yijie.filing.v1 import filing_service_pb2
from yijie.identity.v1 import institution_pb2
from yijie.settlement.v1 import advice_service_pb2 as pb

LEVELS: Final = (
    filing_service_pb2.BENEFIT_LEVEL_LONG_TERM,
    filing_service_pb2.BENEFIT_LEVEL_REFERRAL,
    filing_service_pb2.BENEFIT_LEVEL_EMERGENCY,
    filing_service_pb2.BENEFIT_LEVEL_TEMPORARY,
    filing_service_pb2.BENEFIT_LEVEL_UNFILED,
)
"""The filing states, best first."""
# Field paths of the callees' requests in our caller's own.
FILING_FIELDS: Final = {"match_until_date": "service_date"}
BENEFITS_FIELDS: Final = {
    "case.insured_region_code": "insured_region_code",
    "case.scheme_code": "scheme_code",
    "case.person_type_code": "person_type_code",
    "case.care_region_code": "care_region_code",
    "case.deductible_level_code": "hospital_level_code",
    "case.medical_type_code": "medical_type_code",
    "case.disease_code": "disease_code",
    "case.end_date": "service_date",
    "case.amounts": "amounts",
    "deductible_level_code": "hospital_level_code",
    "diagnosis_codes": "diagnoses",
    "patient.insured_region_code": "insured_region_code",
}
_PARTIES: Final = {
    Party.NOBODY: pb.RESPONSIBLE_PARTY_UNSPECIFIED,
    Party.PATIENT: pb.RESPONSIBLE_PARTY_PATIENT,
    Party.INSURED_AGENCY: pb.RESPONSIBLE_PARTY_INSURED_AGENCY,
    Party.CARE_AGENCY: pb.RESPONSIBLE_PARTY_CARE_AGENCY,
    Party.INSTITUTION: pb.RESPONSIBLE_PARTY_INSTITUTION,
    Party.HUB: pb.RESPONSIBLE_PARTY_HUB,
}

Outcome = adjudication_pb2.Adjudication | DomainError
"""What a bill would give, or why it gives nothing."""


# --- before a visit -----------------------------------------------------------------------------


def read_inquiry(request: pb.EstimateBenefitRequest, today: date) -> Inquiry:
    """Returns what is asked. Raises FIELD_INVALID for a date or an amount that is none."""
    return Inquiry(
        insured_region_code=request.insured_region_code,
        care_region_code=request.care_region_code,
        person_type_code=request.person_type_code,
        medical_type_code=request.medical_type_code,
        disease_code=request.disease_code,
        service_date=read_optional_date(request.service_date, "service_date") or today,
        amounts=SplitTotals(
            *(
                read_fen(getattr(request.amounts, name), f"amounts.{name}")
                for name in ("total", "full_self_pay", "over_limit", "prior_self_pay", "in_scope")
            )
        ),
    )


def estimate_question(
    request: pb.EstimateBenefitRequest, inquiry: Inquiry
) -> benefits_service_pb2.EstimateBenefitRequest:
    """Returns what the insured region is asked about an expected visit."""
    return benefits_service_pb2.EstimateBenefitRequest(
        person_id=request.person_id,
        insured_region_code=request.insured_region_code,
        scheme_code=request.scheme_code,
        person_type_code=request.person_type_code,
        care_region_code=request.care_region_code,
        deductible_level_code=request.hospital_level_code,
        medical_type_code=request.medical_type_code,
        disease_code=request.disease_code,
        service_date=write_date(inquiry.service_date),
        amounts=classification_wire.write_totals(inquiry.amounts),
        benefit_levels=LEVELS,
        use_account=request.use_account,
        with_trace=request.with_trace,
    )


def match_question(
    request: Any, care_region_code: str, day: date, *, emergency: bool
) -> filing_service_pb2.MatchFilingRequest:
    """Returns what filing is asked about a person on a day."""
    return filing_service_pb2.MatchFilingRequest(
        person_id=request.person_id,
        insured_region_code=request.insured_region_code,
        care_region_code=care_region_code,
        service_date=write_date(day),
        match_until_date=write_date(day),
        emergency=emergency,
    )


def read_outcomes(
    question: benefits_service_pb2.EstimateBenefitRequest,
    response: benefits_service_pb2.EstimateBenefitResponse,
) -> dict[int, Outcome]:
    """Returns the outcome at every benefit level asked for, checked: a province is not believed."""
    answered = {estimate.benefit_level: estimate for estimate in response.estimates}
    return {level: _outcome(question, answered.get(level)) for level in question.benefit_levels}


def _outcome(
    question: benefits_service_pb2.EstimateBenefitRequest,
    estimate: benefits_service_pb2.BenefitEstimate | None,
) -> Outcome:
    kind = estimate.WhichOneof("outcome") if estimate is not None else None
    if estimate is None or kind is None:
        return _inconsistent()
    if kind == "error":
        return from_status(estimate.error) or _inconsistent()
    case = adjudication_pb2.Case(amounts=question.amounts, use_account=question.use_account)
    if broken_identities(answer_of(case, estimate.adjudication)):
        return _inconsistent()
    return estimate.adjudication


def _inconsistent() -> RuleForbids:
    return RuleForbids(
        "ADJUDICATION_INCONSISTENT",
        "the insured region's amounts do not add up",
        zh="参保地返回的测算金额不平衡，不予采用",
    )


def write_estimates(
    request: pb.EstimateBenefitRequest,
    outcomes: Mapping[int, Outcome],
    match: filing_service_pb2.MatchFilingResponse | None,
) -> pb.EstimateBenefitResponse:
    """Returns the answer; without a match, which needs a person, savings count from unfiled."""
    now = match.benefit_level if match else filing_service_pb2.BENEFIT_LEVEL_UNFILED
    paid_now = _patient_fen(outcomes.get(now))
    response = pb.EstimateBenefitResponse()
    if match is not None:
        response.current_benefit_level = match.benefit_level
        response.filing_id = match.filing_id
        response.explanation_zh = match.explanation_zh
        response.explanation_en = match.explanation_en
    for level in LEVELS:
        outcome = outcomes[level]
        estimate = response.estimates.add(benefit_level=level)
        if isinstance(outcome, DomainError):
            estimate.error.CopyFrom(to_status(outcome.renamed(BENEFITS_FIELDS), "settlement"))
        else:
            estimate.adjudication.CopyFrom(outcome)
            response.sample = response.sample or outcome.sample
        paid = _patient_fen(outcome)
        if paid is not None and paid_now is not None:
            estimate.saving.CopyFrom(write_money(paid_now - paid))
        estimate.advice_zh, estimate.advice_en = advice_on(
            level_name(level),
            current=level_name(match.benefit_level) if match else "",
            person_type_code=request.person_type_code,
        )
    return response


def level_name(level: int) -> str:
    """Returns "LONG_TERM" .. "UNFILED"."""
    name: str = filing_service_pb2.BenefitLevel.Name(level)
    return name.removeprefix("BENEFIT_LEVEL_")


def _patient_fen(outcome: Outcome | None) -> int | None:
    if outcome is None or isinstance(outcome, DomainError):
        return None
    return outcome.patient_total.fen


# --- chronic diseases ---------------------------------------------------------------------------


def disease_question(
    request: pb.CheckChronicEligibilityRequest, day: date
) -> benefits_service_pb2.CheckDiseaseRequest:
    """Returns what the insured region is asked about a chronic disease."""
    return benefits_service_pb2.CheckDiseaseRequest(
        person_id=request.person_id,
        insured_region_code=request.insured_region_code,
        scheme_code=request.scheme_code,
        disease_code=request.disease_code,
        service_date=write_date(day),
        diagnosis_codes=[diagnosis.diagnosis_code for diagnosis in request.diagnoses],
    )


def read_policy(
    response: benefits_service_pb2.CheckDiseaseResponse, *, has_route: bool = True
) -> Policy:
    """Returns what an insured region has."""
    return Policy(
        has_route=has_route,
        version=response.policy_version,
        disease_code=response.policy_disease_code,
        qualified_disease_code=response.qualified_disease_code,
        qualified_end_date=read_optional_date(response.qualified_end_date, "qualified_end_date"),
        diagnosis_matches=response.diagnosis_matches,
        diagnosis_prefixes=tuple(response.diagnosis_prefixes),
    )


def read_facts(
    request: pb.CheckChronicEligibilityRequest,
    day: date,
    *,
    institution: institution_pb2.Institution,
    policy: Policy,
    match: filing_service_pb2.MatchFilingResponse | None,
) -> Facts:
    """Returns what the checks look at."""
    return Facts(
        disease_code=request.disease_code,
        day=day,
        insured_region_code=request.insured_region_code,
        institution_name=institution.name or request.institution_code,
        openings=[
            Opening(
                medical_type_code=opening.medical_type_code,
                disease_code=opening.disease_code,
                begin_date=read_date(opening.begin_date, "begin_date"),
                end_date=read_optional_date(opening.end_date, "end_date"),
            )
            for opening in institution.openings
        ],
        has_diagnoses=bool(request.diagnoses),
        has_person=bool(request.person_id),
        policy=policy,
        filed=None if match is None else _filed(match),
    )


def _filed(match: filing_service_pb2.MatchFilingResponse) -> Filed:
    return Filed(
        is_filed=match.benefit_level != filing_service_pb2.BENEFIT_LEVEL_UNFILED,
        explanation_zh=match.explanation_zh,
        explanation_en=match.explanation_en,
    )


def write_checks(disease_code: str, checks: Sequence[Check]) -> pb.CheckChronicEligibilityResponse:
    """Returns the answer to whether a disease can settle."""
    return pb.CheckChronicEligibilityResponse(
        eligible=all(check.passed for check in checks),
        national_disease_code=diseases.national_disease(disease_code),
        checks=[write_check(check) for check in checks],
    )


def write_check(check: Check) -> pb.EligibilityCheck:
    """Returns the message of a check."""
    return pb.EligibilityCheck(
        check_code=check.code,
        passed=check.passed,
        responsible=_PARTIES[check.responsible],
        explanation_zh=check.zh,
        explanation_en=check.en,
    )

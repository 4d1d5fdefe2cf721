"""What people ask before a visit: what it will cost, and whether a disease can settle there.

Only the insured region's policy decides; nothing is written, and without a person nobody is asked
about one.
"""

from __future__ import annotations

from services.kit import call as calls
from services.kit import codes
from services.kit.clock import Clock, civil_date
from services.kit.errors import DomainError, RuleForbids
from services.kit.wire import read_optional_date
from services.settlement import advice_messages as messages
from services.settlement.clients import Callees
from services.settlement.domain.eligibility import Policy, checks_of
from services.settlement.domain.inquiry import (
    check_date,
    check_disease,
    check_inquiry,
    check_regions,
)
from yijie.benefits.v1 import benefits_service_pb2
from yijie.filing.v1 import filing_service_pb2
from yijie.settlement.v1 import advice_service_pb2 as pb

_NOT_COVERED = "POLICY_NOT_COVERED"


class Advice:
    """Use cases of advice. What they raise is what the contract documents for each RPC."""

    def __init__(self, callees: Callees, clock: Clock) -> None:
        self._callees = callees
        self._clock = clock

    async def estimate(self, request: pb.EstimateBenefitRequest) -> pb.EstimateBenefitResponse:
        """Returns what a visit would cost in each filing state.

        Raises FIELD_INVALID, REGION_UNKNOWN, NOT_CROSS_PROVINCE, DATE_IN_FUTURE,
        DISEASE_CODE_UNKNOWN, BILL_TOTAL_MISMATCH, INSURED_REGION_UNAVAILABLE. What a state is
        refused for is an answer.
        """
        today = civil_date(self._clock.now())
        inquiry = messages.read_inquiry(request, today)
        check_inquiry(inquiry, today)
        _note(care=inquiry.care_region_code, insured=inquiry.insured_region_code)
        match = None
        if request.person_id:
            question = messages.match_question(
                request,
                inquiry.care_region_code,
                inquiry.service_date,
                emergency=codes.is_emergency_type(inquiry.medical_type_code),
            )
            match = await self._match(question)
        outcomes = await self._outcomes(messages.estimate_question(request, inquiry))
        return messages.write_estimates(request, outcomes, match)

    async def check_chronic(
        self, request: pb.CheckChronicEligibilityRequest
    ) -> pb.CheckChronicEligibilityResponse:
        """Returns whether a chronic disease can settle at an institution, and whose turn it is.

        Raises FIELD_INVALID, DISEASE_CODE_UNKNOWN, DATE_IN_FUTURE, INSTITUTION_UNKNOWN,
        REGION_UNKNOWN, NOT_CROSS_PROVINCE, INSURED_REGION_UNAVAILABLE.
        """
        today = civil_date(self._clock.now())
        day = read_optional_date(request.service_date, "service_date") or today
        check_disease(request.disease_code)
        check_date(day, today)
        institution = await self._callees.identity.institution(request.institution_code)
        care, insured = institution.region_code, request.insured_region_code
        check_regions(care=care, insured=insured, care_field="institution_code")
        _note(care=care, insured=insured)
        policy = await self._policy(messages.disease_question(request, day))
        match = None
        if request.person_id:
            question = messages.match_question(request, care, day, emergency=False)
            match = await self._match(question)
        facts = messages.read_facts(
            request, day, institution=institution, policy=policy, match=match
        )
        return messages.write_checks(request.disease_code, checks_of(facts))

    async def _match(
        self, question: filing_service_pb2.MatchFilingRequest
    ) -> filing_service_pb2.MatchFilingResponse:
        return await self._callees.filing.match(question, fields=messages.FILING_FIELDS)

    async def _outcomes(
        self, question: benefits_service_pb2.EstimateBenefitRequest
    ) -> dict[int, messages.Outcome]:
        try:
            response = await self._callees.benefits.estimate(question)
        except RuleForbids as error:
            if error.reason != _NOT_COVERED:
                raise error.renamed(messages.BENEFITS_FIELDS) from None
            # No route leads there, or who is there does not serve the region: so in every state.
            return dict.fromkeys(question.benefit_levels, error)
        except DomainError as error:
            raise error.renamed(messages.BENEFITS_FIELDS) from None
        return messages.read_outcomes(question, response)

    async def _policy(self, question: benefits_service_pb2.CheckDiseaseRequest) -> Policy:
        try:
            response = await self._callees.benefits.check_disease(question)
        except RuleForbids as error:
            if error.reason != _NOT_COVERED:
                raise error.renamed(messages.BENEFITS_FIELDS) from None
            nothing = benefits_service_pb2.CheckDiseaseResponse()
            # An error of ours, not passed on from a callee: no route leads there.
            return messages.read_policy(nothing, has_route=bool(error.domain))
        except DomainError as error:
            raise error.renamed(messages.BENEFITS_FIELDS) from None
        return messages.read_policy(response)


def _note(*, care: str, insured: str) -> None:
    calls.note(care_region=codes.province_of(care), insured_region=codes.province_of(insured))

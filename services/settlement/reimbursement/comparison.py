"""What direct settlement would have paid of a bill that was claimed at home.

The same lines by the care region's catalogue, asked of the insured region on the sums of the year
as they were before the claim. The catalogue is the one in place now. As with every comparison a
stay over the end of a benefit year is asked as one bill on its last day.
"""

from __future__ import annotations

from typing import Any

from services.classification import wire as classification_wire
from services.classification.classify import CatalogueNotPublished, totals, versions_used
from services.kit import telemetry
from services.kit.errors import DomainError, FieldViolation, RuleForbids
from services.kit.wire import write_money
from services.settlement.advice_messages import read_outcomes
from services.settlement.clients import Callees
from services.settlement.domain.gap import price_direct
from services.settlement.gap_messages import lines_of, read_settled
from services.settlement.reimbursement import messages
from services.settlement.reimbursement.store import Record
from services.settlement.snapshots import Snapshots
from yijie.benefits.v1 import adjudication_pb2, benefits_service_pb2
from yijie.settlement.v1 import advice_service_pb2, settlement_pb2
from yijie.settlement.v1 import reimbursement_service_pb2 as service_pb2

_FIELD = "reimbursement_id"


class Comparisons:
    """CompareReimbursement."""

    def __init__(self, callees: Callees, snapshots: Snapshots) -> None:
        self._callees = callees
        self._snapshots = snapshots

    async def compare(self, record: Record) -> service_pb2.CompareReimbursementResponse:
        """Returns a claim as booked beside what direct settlement would have given.

        Raises REIMBURSEMENT_STATE_FORBIDS where nothing was booked, CATALOGUE_NOT_PUBLISHED,
        POLICY_NOT_COVERED, DISEASE_NOT_QUALIFIED, ADJUDICATION_INCONSISTENT,
        INSURED_REGION_UNAVAILABLE.
        """
        if record.adjudication is None:
            raise RuleForbids(
                "REIMBURSEMENT_STATE_FORBIDS",
                "only what was booked can be compared",
                field=_FIELD,
                metadata={"state": record.state.value},
            )
        claim = messages.write_reimbursement(record, full=True)
        subject = read_settled(
            settlement_pb2.Settlement(
                bill=claim.bill, sex=claim.sex, birth_date=claim.birth_date
            ).SerializeToString(),
            messages.read_commit(record).case,
            str(record.reimbursement_id),
        )
        try:
            care = self._snapshots.of(subject.care_region_code)
            recognition = self._snapshots.recognition(
                care_region_code=subject.care_region_code,
                insured_region_code=subject.insured_region_code,
            )
            with telemetry.span("settlement.classify"):
                splits = price_direct(care, lines_of(subject), subject.context, recognition)
        except (RuleForbids, CatalogueNotPublished) as error:
            raise _named(error) from None
        amounts = classification_wire.write_totals(totals(splits))
        direct = await self._adjudicate(subject.question, amounts)
        booked = claim.adjudication
        booked.ClearField("steps")
        return service_pb2.CompareReimbursementResponse(
            manual=advice_service_pb2.Pricing(
                catalogue_version=claim.catalogue_version,
                amounts=claim.amounts,
                adjudication=booked,
            ),
            direct=advice_service_pb2.Pricing(
                catalogue_version=versions_used(care, recognition, splits),
                amounts=amounts,
                adjudication=direct,
            ),
            fund_gap=write_money(direct.fund_total.fen - booked.fund_total.fen),
            in_scope_gap=write_money(amounts.in_scope.fen - claim.amounts.in_scope.fen),
            sample=claim.sample or direct.sample or any(split.sample for split in splits),
        )

    async def _adjudicate(
        self, question: benefits_service_pb2.EstimateBenefitRequest, amounts: Any
    ) -> adjudication_pb2.Adjudication:
        question.amounts.CopyFrom(amounts)
        try:
            response = await self._callees.benefits.estimate(question)
            (outcome,) = read_outcomes(question, response).values()
        except DomainError as error:
            raise _named(error) from None
        if isinstance(outcome, DomainError):
            raise _named(outcome)
        return outcome


def _named(error: DomainError) -> DomainError:
    """Returns an error with the one field that our caller gave."""
    if error.violations:
        error.violations = (FieldViolation(_FIELD, error.message),)
    return error

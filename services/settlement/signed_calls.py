"""Which calls are signed: every one that changes something, as all of them end in money.

A visit's fees are what its settlement bills, so they are as much part of the proof as the call that
settles. docs/signatures.md says what is signed and how. Of messages alone, so that whoever verifies
a proof needs nothing else of settlement.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

_SETTLEMENT: Final = "/yijie.settlement.v1.SettlementService/"
_VISIT: Final = "/yijie.settlement.v1.VisitService/"
_REIMBURSEMENT: Final = "/yijie.settlement.v1.ReimbursementService/"

SIGNED: Final[Mapping[str, str]] = MappingProxyType(
    {
        f"{_SETTLEMENT}Settle": "answer.settlement.settlement_id",
        f"{_SETTLEMENT}SettleVisit": "answer.settlement.settlement_id",
        f"{_SETTLEMENT}ReverseSettlement": "answer.settlement.settlement_id",
        # The one that was to be computed anew, whatever came of it.
        f"{_SETTLEMENT}RecomputeSettlement": "request.settlement_id",
        f"{_VISIT}RegisterVisit": "answer.visit.visit_id",
        f"{_VISIT}UpdateVisit": "request.visit_id",
        f"{_VISIT}CancelVisit": "request.visit_id",
        f"{_VISIT}DischargeVisit": "request.visit_id",
        f"{_VISIT}CancelDischarge": "request.visit_id",
        f"{_VISIT}UploadFees": "request.visit_id",
        f"{_VISIT}CancelFees": "request.visit_id",
        f"{_REIMBURSEMENT}SubmitReimbursement": "answer.reimbursement.reimbursement_id",
        f"{_REIMBURSEMENT}DecideReimbursement": "request.reimbursement_id",
        f"{_REIMBURSEMENT}PayReimbursement": "request.reimbursement_id",
        f"{_REIMBURSEMENT}CancelReimbursement": "request.reimbursement_id",
    }
)
"""Full name of a call → where its messages name the record that it is about."""

"""Which calls are signed: every one that changes something, as all of them end in money.

A visit's fees are what its settlement bills, so they are as much part of the proof as the call that
settles. docs/signatures.md says what is signed and how.
"""

from __future__ import annotations

from collections.abc import Sequence
from operator import attrgetter
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

from services.kit.interceptors.signatures import SignatureInterceptor
from services.kit.signing.exchange import Proof

if TYPE_CHECKING:
    from collections.abc import Mapping

    from services.kit.clock import Clock
    from services.kit.signing.files import KeyBook
    from services.settlement.signature_store import SignatureStore

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


def signing_interceptor(
    book: KeyBook, store: SignatureStore, clock: Clock
) -> SignatureInterceptor[str]:
    """Returns what verifies and signs the calls of settlement and writes down what was signed."""

    async def keep(path: str, request: Any, answer: Any, proofs: Sequence[Proof]) -> None:
        side, _, field = path.partition(".")
        record_id = UUID(attrgetter(field)(answer if side == "answer" else request))
        await store.insert(proofs, record_id, UUID(request.request_id))

    return SignatureInterceptor(book, SIGNED, keep, clock)

"""Which columns of this service hold sealed fields; for `yijie keys`."""

from __future__ import annotations

from typing import Final

from services.kit.sealed import SealedColumn

_VISIT: Final = (("visit_id", "uuid"),)

SEALED: Final = (
    SealedColumn(
        "visit",
        "patient",
        key=_VISIT,
        context=b"settlement.visit.patient:",
        bound_to=("visit_id",),
    ),
    SealedColumn(
        "visit",
        "record",
        key=_VISIT,
        context=b"settlement.visit.record:",
        bound_to=("visit_id",),
    ),
    SealedColumn(
        "visit",
        "discharge",
        key=_VISIT,
        context=b"settlement.visit.discharge:",
        bound_to=("visit_id",),
    ),
    SealedColumn("visit_upload", "lines", context=b"settlement.visit_upload:"),
    SealedColumn("visit_request", "response", context=b"settlement.visit_request:"),
    SealedColumn("settlement", "detail", context=b"settlement.detail:"),
    SealedColumn(
        "settlement_state_change",
        "adjudication",
        context=b"settlement.adjudication:",
        where="sealed",
    ),
    SealedColumn(
        "settlement_state_change",
        "failure",
        context=b"settlement.failure:",
        where="sealed",
    ),
    SealedColumn("outbox", "settlement", context=b"settlement.outbox:"),
    SealedColumn("quarantine", "answer", context=b"settlement.quarantine:"),
    SealedColumn(
        "reimbursement",
        "commit_request",
        key=(("reimbursement_id", "uuid"),),
        context=b"settlement.reimbursement.commit:",
        bound_to=("reimbursement_id",),
    ),
    SealedColumn(
        "reimbursement",
        "detail",
        key=(("reimbursement_id", "uuid"),),
        context=b"settlement.reimbursement.detail:",
        bound_to=("reimbursement_id",),
    ),
    SealedColumn("reimbursement_change", "failure", context=b"settlement.reimbursement.failure:"),
    SealedColumn(
        "reimbursement_change", "adjudication", context=b"settlement.reimbursement.adjudication:"
    ),
    SealedColumn(
        "reimbursement_event", "reimbursement", context=b"settlement.reimbursement.event:"
    ),
    SealedColumn("recomputation", "filing", context=b"settlement.recomputation:"),
    SealedColumn("message_signature", "message", context=b"settlement.message_signature:"),
    SealedColumn("admission_event", "admission", context=b"settlement.admission:"),
)

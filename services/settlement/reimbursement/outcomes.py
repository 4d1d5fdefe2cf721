"""What the use cases of reimbursements answer and raise, and what subscribers are told."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any

from google.rpc import status_pb2

from services.classification.classify import CatalogueNotPublished
from services.kit import codes
from services.kit.deadline import DeadlineTooShortError
from services.kit.errors import Absent, DomainError, RuleForbids, Unavailable
from services.kit.status import from_status
from services.kit.wire import read_date
from services.settlement.domain.bill import Bill
from services.settlement.domain.reimbursement_states import ReimbursementState
from services.settlement.reimbursement import messages
from services.settlement.reimbursement.store import Change, Record
from yijie.settlement.v1 import reimbursement_pb2 as pb2

_RETRY_MS = 1000
_SIMILAR_MAX = 10


def standing(record: Record) -> Record:
    """Returns a claim, or raises the error with which it failed, as the first time."""
    if record.state is ReimbursementState.FAILED:
        error = from_status(status_pb2.Status.FromString(record.failure or b""))
        raise error or RuleForbids(record.failure_reason, "the claim failed")
    return record


def event_of(record: Record, change: Change) -> bytes:
    """Returns what subscribers are told of a step."""
    is_first = change.state is ReimbursementState.ADJUDICATED
    after = dataclasses.replace(record, state=change.state, update_time=change.change_time)
    if is_first:
        after = dataclasses.replace(
            after, adjudication=change.adjudication, adjudicate_time=change.change_time
        )
    message = messages.write_reimbursement(after, full=is_first, with_phone=is_first)
    return message.SerializeToString()


def present(record: Record | None) -> Record:
    """Returns a record that is there. Raises RESOURCE_NOT_FOUND."""
    if record is None:
        raise Absent(
            "RESOURCE_NOT_FOUND",
            "no such reimbursement",
            field="reimbursement_id",
            metadata={"resource": "reimbursement"},
        )
    return record


def require_province(record: Record, region_code: str) -> Record:
    """Returns the record of a province that asks. Raises RESOURCE_NOT_FOUND."""
    # Whether another province has such a claim is none of the caller's business.
    return present(record if record.insured_province == region_code else None)


def similar_ids(claim: pb2.Reimbursement, others: Sequence[Record]) -> list[str]:
    """Returns the ids of those other claims that have a day in common with one."""
    begin, end = read_date(claim.begin_date, "begin_date"), read_date(claim.end_date, "end_date")
    found = (pb2.Reimbursement.FromString(other.detail) for other in others)
    return [
        str(other.reimbursement_id)
        for other, its in zip(others, found, strict=True)
        if read_date(its.begin_date, "begin_date") <= end
        and begin <= read_date(its.end_date, "end_date")
    ][:_SIMILAR_MAX]


def forbidden(record: Record) -> RuleForbids:
    """Returns the error for a step that the state does not allow."""
    return RuleForbids(
        "REIMBURSEMENT_STATE_FORBIDS",
        "the reimbursement is not in a state that allows this",
        field="reimbursement_id",
        metadata={"state": record.state.value},
    )


def before_catalogue(error: CatalogueNotPublished, bill: Bill) -> RuleForbids:
    """Returns the error for a bill from before the insured region's catalogue, of its first day."""
    days = [line.fee_date for line in bill.lines]
    return RuleForbids(
        error.reason,
        "a fee date is before the insured region's catalogue begins",
        zh="费用发生日期早于参保地医保目录的生效日期",
        field=f"bill.lines[{days.index(min(days))}].fee_date",
        metadata={"regionCode": codes.province_of(bill.insured_region_code)},
    )


def pending(record: Record) -> Unavailable:
    """Returns the error for an outcome that is not known yet."""
    return Unavailable(
        "OUTCOME_PENDING",
        "the outcome is not known yet; repeat the same request",
        metadata={"reimbursementId": str(record.reimbursement_id)},
        retry_after_ms=_RETRY_MS,
    )


async def held(work: Any) -> Any:
    """Returns what a call gives, or its error: the first one in our own order is the answer."""
    try:
        return await work
    except (DomainError, DeadlineTooShortError) as error:
        return error


def given(outcome: Any) -> Any:
    """Returns what `held` holds, or raises it."""
    if isinstance(outcome, Exception):
        raise outcome
    return outcome

"""Goal: an event of the feeds that cannot be read stops the audit there, and is never skipped."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest

from services.supervision.audit.events import (
    FeedMalformed,
    read_event,
    read_reimbursement_event,
)
from services.supervision.domain.audit import Settled, TakenBack
from tests.support.settlement_feed import reversed_, settled, whole
from yijie.settlement.v1 import reimbursement_pb2, reimbursement_service_pb2


def spoiled(**changes: Any) -> Any:
    event = whole(settled(1))
    line = event.settlement.bill.lines[0]
    for name, value in changes.items():
        if name == "kind":
            event.kind = value
        elif name == "lines":
            del event.settlement.bill.lines[:]
        elif name == "fee_date":
            line.fee_date.month = value
        elif name == "person_id":
            event.settlement.person_id = value
        else:
            getattr(line, name).value = value
    return event


@pytest.mark.parametrize(
    "changes",
    [
        {"kind": 0},
        {"kind": 99},
        {"lines": ()},
        {"fee_date": 13},
        {"quantity": "one"},
        {"unit_price": ""},
        {"person_id": "nobody"},
    ],
)
def test_what_is_no_event_is_refused_without_naming_anything(changes):
    with pytest.raises(FeedMalformed) as caught:
        read_event(spoiled(**changes))
    assert "nobody" not in str(caught.value)
    assert "one" not in str(caught.value).split()


def test_a_reversal_names_bill_and_person():
    event = read_event(reversed_(whole(settled(7, person=3))))
    assert isinstance(event, TakenBack)
    assert event.bill_key == UUID(int=7)
    first = read_event(whole(settled(7, person=3)))
    assert isinstance(first, Settled)
    assert event.person_id == first.bill.person_id


@pytest.mark.parametrize(
    ("state", "is_event"),
    [
        (reimbursement_pb2.REIMBURSEMENT_STATE_SUBMITTED, False),
        (reimbursement_pb2.REIMBURSEMENT_STATE_FAILED, False),
        (reimbursement_pb2.REIMBURSEMENT_STATE_APPROVED, False),
        (reimbursement_pb2.REIMBURSEMENT_STATE_PAID, False),
        (reimbursement_pb2.REIMBURSEMENT_STATE_REJECTED, True),
        (reimbursement_pb2.REIMBURSEMENT_STATE_CANCELLED, True),
    ],
)
def test_which_states_of_a_claim_change_something(state, is_event):
    claim = reimbursement_pb2.Reimbursement(
        reimbursement_id=str(UUID(int=1)), person_id=str(UUID(int=2)), state=state
    )
    event = reimbursement_service_pb2.ReimbursementEvent(reimbursement=claim)
    assert isinstance(read_reimbursement_event(event), TakenBack) is is_event

"""Goal: a settlement that was computed anew agrees on every leg whose books follow it, and who has
not heard of it is told both halves: the old one is gone, and the new one stands.

Method: settled earlier, replaced on the day of the leg: reversed, and the same bill settled again.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from services.clearing.domain.reconciliation import (
    Cause,
    Kind,
    Party,
    Status,
    Unsettled,
    View,
    compare,
)
from tests.unit.clearing.reconciliation_world import (
    DAY,
    amounts,
    hub,
    leg,
    mirrored,
    reversed_there,
    settlement_id,
    taken_back,
)

FIRST = taken_back(hub(1, bill_digest=b"same", business_date=DAY - timedelta(days=20)))
NOW = hub(2, bill_digest=b"same", amounts=amounts(fund=800))
VIEW = View(expected=[FIRST, NOW])


@pytest.mark.parametrize("party", [Party.INSTITUTION, Party.CARE_PROVINCE])
def test_who_reports_both_halves_agrees(party):
    records = (reversed_there(mirrored(FIRST)), mirrored(NOW))
    assert compare(leg(party, *records), VIEW) == ()


def test_the_day_on_which_it_was_settled_goes_on_agreeing():
    """It stood when that day ended; the insured province is asked now, and has it taken back."""
    first = taken_back(hub(1, bill_digest=b"same"), after=timedelta(days=20))
    assert compare(leg(Party.INSTITUTION, mirrored(first)), View(expected=[first])) == ()
    there = mirrored(first, until=None)
    assert there.status is Status.REVERSED
    assert compare(leg(Party.INSURED_PROVINCE, there), View(expected=[first])) == ()


def test_what_was_tried_in_between_is_nobodys_difference():
    """A failed attempt at the new level that the insured province booked and took back."""
    tried = reversed_there(mirrored(hub(3)))
    view = replace(VIEW, unsettled={settlement_id(3): (Unsettled.FAILED, settlement_id(3))})
    records = (mirrored(FIRST, until=None), tried, mirrored(NOW, until=None))
    assert compare(leg(Party.INSURED_PROVINCE, *records), view) == ()


@pytest.mark.parametrize("holds_first", [True, False])
def test_a_hospital_that_holds_the_first_alone_is_told_both_halves(holds_first):
    """Never that one of them was submitted twice: it would have the one that stands reversed."""
    still = replace(mirrored(FIRST), status=Status.STANDING)
    found = compare(leg(Party.INSTITUTION, *([still] if holds_first else [])), VIEW)
    assert [(one.settlement_id, one.kind, one.cause) for one in found] == [
        (settlement_id(1), Kind.REVERSED_ON_ONE_SIDE, Cause.REVERSED_HERE_ONLY),
        (settlement_id(2), Kind.MISSING_THERE, Cause.REPLY_LOST),
    ]
    assert [one.twin_settlement_id for one in found] == [None, None]

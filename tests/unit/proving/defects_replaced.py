"""Defects of what is computed anew."""

from __future__ import annotations

from dataclasses import replace

from services.proving.history import Answered, Recompute, State
from tests.unit.proving.planting import PLAIN, dropped, kept, relisted, said
from tests.unit.proving.world import BORIS, uuid

REPLACED = uuid("replaced settlement")
NEW = uuid("replacing new settlement")
FAILED_BETWEEN = uuid("replacing failed settlement")
REQUEST = Recompute(request_id=uuid("replacing recompute"), settlement_id=REPLACED)


def nothing_in_its_place(history, final):
    gone = replace(kept(final, NEW), state=State.FAILED)
    return history, relisted(final, gone)


def two_in_its_place(history, final):
    twin = replace(kept(final, NEW), settlement_id=uuid("twin"), request_id=uuid("twin request"))
    return history, replace(final, listed=(*final.listed, twin))


def another_bill_in_its_place(history, final):
    return history, relisted(final, replace(kept(final, NEW), person_id=BORIS))


def one_that_still_stands(history, final):
    return history, relisted(final, replace(kept(final, REPLACED), state=State.SETTLED))


def one_that_nobody_asked_to_replace(history, final):
    operations = tuple(one for one in history.operations if one.request != REQUEST)
    return replace(history, operations=operations), final


def an_old_level_at_another_cost(history, final):
    """Of somebody who has nothing else: it was booked on top of what was tried in between."""
    for one in (REPLACED, FAILED_BETWEEN, NEW):
        final = relisted(final, replace(kept(final, one), person_id=uuid("alone")))
    now = kept(final, NEW)
    other = replace(now.adjudication, deductible=now.adjudication.deductible + 1)
    return history, relisted(final, replace(now, adjudication=other))


def told_of_one_that_is_gone(history, final):
    return history, dropped(final, NEW)


def told_of_another_one(history, final):
    other = Recompute(request_id=uuid("x"), settlement_id=REPLACED)
    return said(history, other, Answered(kept(final, PLAIN))), final


def told_of_two(history, final):
    return said(history, REQUEST, Answered(kept(final, REPLACED))), final

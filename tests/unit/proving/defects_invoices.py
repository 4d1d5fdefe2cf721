"""Defects of invoices."""

from __future__ import annotations

from dataclasses import replace

from services.proving.history import Refused, Settle
from tests.unit.proving.planting import last_number, said
from tests.unit.proving.world import uuid


def _sent(history):
    return next(one.request for one in history.operations if isinstance(one.request, Settle))


def two_bills_that_stand_with_one_invoice(history, final):
    operations = tuple(
        replace(one, request=replace(one.request, invoice="ONE"))
        if isinstance(one.request, Settle)
        else one
        for one in history.operations
    )
    return replace(history, operations=operations), final


def a_refusal_for_an_invoice_that_nobody_had(history, final):
    alone = replace(_sent(history), request_id=uuid("alone"), invoice="ALONE")
    return said(history, alone, Refused("INVOICE_ALREADY_CLAIMED")), final


def a_refusal_for_an_invoice_that_came_later(history, final):
    history, final = a_refusal_for_an_invoice_that_nobody_had(history, final)
    first = history.operations[-1]
    later = replace(
        first,
        number=last_number(history) + 1,
        request=replace(first.request, request_id=uuid("later")),
        sent=first.ended + 1,
        ended=first.ended + 2,
    )
    return replace(history, operations=(*history.operations, later)), final

"""Rules about invoices: each is claimed once, and nobody is refused for one that nobody had."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from typing import Final

from services.proving.history import Operation, Refused, Settle
from services.proving.rules.evidence import Evidence, named

_CLAIMED: Final = "INVOICE_ALREADY_CLAIMED"


def invoices(evidence: Evidence) -> dict[str, str]:
    """Returns the invoice of each request to settle that states one."""
    return {
        one.request.request_id: one.request.invoice
        for one in evidence.history.operations
        if isinstance(one.request, Settle) and one.request.invoice
    }


def claimed_once(evidence: Evidence) -> Iterator[str]:
    """Yields invoices of which two settlements stand."""
    of_request = invoices(evidence)
    standing: dict[str, list[str]] = defaultdict(list)
    for settlement, _ in evidence.standing():
        first = settlement
        # What replaces another one has its bill; nobody sent it.
        while first.recomputes_settlement_id in evidence.listed:
            first = evidence.listed[first.recomputes_settlement_id]
        invoice = of_request.get(first.request_id)
        if invoice is not None:
            standing[invoice].append(named(settlement))
    for invoice, held in standing.items():
        if len(held) > 1:
            yield f"invoice {invoice} is claimed by {', '.join(held)}"


def refused_rightly(evidence: Evidence) -> Iterator[str]:
    """Yields bills that were refused for an invoice that nobody else had sent by then."""
    sent: dict[str, list[tuple[int, str]]] = defaultdict(list)
    for one in evidence.history.operations:
        if isinstance(one.request, Settle) and one.request.invoice:
            sent[one.request.invoice].append((one.sent, one.request.request_id))
    for operation in evidence.history.operations:
        match operation:
            case Operation(request=Settle(invoice=invoice) as request, reply=Refused(reason)) if (
                reason == _CLAIMED
            ):
                others = [
                    key
                    for at, key in sent[invoice]
                    if at < operation.ended and key != request.request_id
                ]
                if not others:
                    yield f"#{operation.number} was refused for an invoice that it alone has"

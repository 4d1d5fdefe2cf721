"""What notices and money on them do to the ledger."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from services.clearing.domain.ledger import Kind, Movement, Pair, Posting, Purpose
from services.clearing.domain.notice import Notice, NoticeKind, Part


def payment_kind(notice: Notice) -> Kind:
    """Returns as what money for a notice is booked."""
    if notice.kind is NoticeKind.CLEARING:
        return Kind.PAYMENT
    return Kind.PREPAYMENT_PAYMENT


def payment(source_id: UUID, notice: Notice, parts: Sequence[Part]) -> Posting:
    """Returns the posting of money for a notice: what is paid of a line is owed no more."""
    kind = payment_kind(notice)
    purpose = Purpose.PAYMENT if kind is Kind.PAYMENT else Purpose.PREPAYMENT_PAYMENT
    return Posting(
        source_id=source_id,
        kind=kind,
        movements=tuple(
            Movement(
                pair=_pair(notice, part.scheme_code),
                fund_type_code=part.fund_type_code,
                purpose=purpose,
                amount_fen=-part.amount_fen,
            )
            for part in parts
        ),
    )


def obligation(notice: Notice) -> Posting | None:
    """Returns what a notice obliges to; None: what a clearing notice says is owed already."""
    if notice.kind is NoticeKind.CLEARING:
        return None
    return Posting(
        source_id=notice.notice_id,
        kind=Kind.PREPAYMENT,
        movements=tuple(
            Movement(
                pair=_pair(notice, line.scheme_code),
                fund_type_code=line.fund_type_code,
                purpose=Purpose.PREPAYMENT,
                amount_fen=line.amount_fen,
            )
            for line in notice.lines
        ),
    )


def _pair(notice: Notice, scheme_code: str) -> Pair:
    return Pair(
        insured_region_code=notice.insured_region_code,
        care_region_code=notice.care_region_code,
        month=notice.month,
        scheme_code=scheme_code,
    )

"""Lines of bank statements against notices: what each pays, and what has no place.

A line pays the notice that it names if payer, receiver and business type are those of the notice,
and no more than is open of it. Whatever is left over, and what names no notice that fits, goes to
suspense (待处理) until two officers say where it belongs. The same transfer is known by the payment
system's reference and the province whose account it left: stated again it is a duplicate and pays
nothing, with other content it is refused. Interest is recorded for the province whose account
earned it and is owed to nobody; a fee is recorded and pays nothing of a notice.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from enum import Enum
from uuid import UUID

from services.clearing.domain.bank_line_states import BankLineState
from services.clearing.domain.notice import (
    BusinessType,
    Notice,
    Part,
    business_type_of,
    parts_of,
)
from services.kit.errors import AlreadyExists


class Outcome(Enum):
    """What became of a line of a bank statement."""

    MATCHED = "MATCHED"
    """It pays its notice, or the rest of it."""
    PARTIAL = "PARTIAL"
    """It pays a part of its notice."""
    OVERPAID = "OVERPAID"
    """It is more than what is open of its notice; the rest is suspended."""
    ALREADY_PAID = "ALREADY_PAID"
    """Its notice is paid; suspended."""
    UNKNOWN_NOTICE = "UNKNOWN_NOTICE"
    """It names no notice that was issued; suspended."""
    OTHER_PARTIES = "OTHER_PARTIES"
    """Its notice is between others, or the other way round; suspended."""
    OTHER_BUSINESS_TYPE = "OTHER_BUSINESS_TYPE"
    """Its notice is of the other business type; suspended."""
    DUPLICATE = "DUPLICATE"
    """It was stated before: nothing is done."""
    INTEREST = "INTEREST"
    """Recorded for the province of the account, owed to nobody."""
    BANK_FEE = "BANK_FEE"
    """Recorded; pays nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StatedLine:
    """A line as the bank states it."""

    line_number: int
    """Of the file, from 1; the heading is the first."""
    bank_reference: str
    value_date: date
    payer_region_code: str
    """Empty: the bank (interest)."""
    receiver_region_code: str
    """Empty: the bank (fees)."""
    amount_fen: int
    business_type: BusinessType
    notice_number: str
    """Empty: none is named that has the shape of one."""

    @property
    def key(self) -> tuple[str, str]:
        """Identifies the transfer: reference, and the province of the account that it left."""
        return self.bank_reference, self.payer_region_code or self.receiver_region_code

    def same_transfer(self, other: StatedLine) -> bool:
        """Tells whether both state the same, wherever they stand in their files.

        The number of the notice may be missing in one: not every bank passes it on.
        """
        mine, theirs = self.notice_number, other.notice_number
        if mine and theirs and mine != theirs:
            return False
        return replace(self, line_number=other.line_number, notice_number=theirs) == other


@dataclass(frozen=True, slots=True, kw_only=True)
class Matched:
    """What became of one line."""

    line: StatedLine
    outcome: Outcome
    late: bool
    """It pays a notice after its day."""
    notice_id: UUID | None
    applied_fen: int
    suspended_fen: int
    parts: tuple[Part, ...]

    @property
    def state(self) -> BankLineState:
        """The state that the line begins in."""
        if self.suspended_fen:
            return BankLineState.SUSPENDED
        if self.line.business_type in {BusinessType.INTEREST, BusinessType.BANK_FEE}:
            return BankLineState.RECORDED
        return BankLineState.MATCHED


@dataclass(frozen=True, slots=True)
class Matching:
    """What becomes of a statement."""

    results: tuple[Matched, ...]
    """One per line, in order."""
    notices: Mapping[UUID, Notice]
    """The notices that lines name, as they stand afterwards."""


def match(
    lines: Sequence[StatedLine],
    notices: Sequence[Notice],
    known: Sequence[StatedLine],
    due: Callable[[date], date],
) -> Matching:
    """Decides what every line of a statement does, in the order of the file.

    Args:
        lines: of the file.
        notices: issued ones that the lines name; others are ignored.
        known: lines of earlier statements with the same references.
        due: by which day the money of a notice has to be there, from the day it was issued.

    Raises:
        AlreadyExists: BANK_REFERENCE_REUSED: a reference stands for another transfer.
    """
    standing = {one.number: one for one in notices if one.number}
    seen = {one.key: one for one in known}
    results = []
    for line in lines:
        earlier = seen.get(line.key)
        if earlier is not None:
            if not line.same_transfer(earlier):
                raise _reference_reused(line.line_number)
            results.append(_nothing(line, Outcome.DUPLICATE))
            continue
        seen[line.key] = line
        matched = _place(line, standing.get(line.notice_number), due)
        if matched.notice_id is not None:
            notice = with_parts(standing[line.notice_number], matched.parts, paid=1)
            if matched.outcome is Outcome.BANK_FEE:
                notice = replace(notice, fee_fen=notice.fee_fen + line.amount_fen)
            standing[line.notice_number] = notice
        results.append(matched)
    return Matching(tuple(results), {one.notice_id: one for one in standing.values()})


def with_parts(notice: Notice, parts: Sequence[Part], *, paid: int = 0, pending: int = 0) -> Notice:
    """Returns a notice with parts added to what is paid or pending, times 1, 0 or -1."""
    amounts = {(part.scheme_code, part.fund_type_code): part.amount_fen for part in parts}
    lines = []
    for line in notice.lines:
        amount = amounts.get((line.scheme_code, line.fund_type_code), 0)
        lines.append(
            replace(
                line,
                paid_fen=line.paid_fen + paid * amount,
                pending_fen=line.pending_fen + pending * amount,
            )
        )
    return replace(notice, lines=tuple(lines))


def _reference_reused(line_number: int) -> AlreadyExists:
    return AlreadyExists(
        "BANK_REFERENCE_REUSED",
        f"line {line_number}: the bank reference stands for another transfer",
        zh=f"第{line_number}行：银行流水号已用于另一笔划拨，整份流水未入账",
        field="content",
        metadata={"line": str(line_number)},
    )


def _place(line: StatedLine, notice: Notice | None, due: Callable[[date], date]) -> Matched:
    if line.business_type is BusinessType.INTEREST:
        return _nothing(line, Outcome.INTEREST)
    if line.business_type is BusinessType.BANK_FEE:
        fee = _nothing(line, Outcome.BANK_FEE)
        if notice is not None and line.payer_region_code in _parties(notice):
            return replace(fee, notice_id=notice.notice_id)
        return fee
    if notice is None or notice.issue_date is None:
        return _suspended(line, Outcome.UNKNOWN_NOTICE)
    misfit = _misfit(line, notice)
    if misfit is not None:
        return _suspended(line, misfit)
    applied = min(line.amount_fen, notice.open_fen)
    outcome = Outcome.OVERPAID
    if applied == line.amount_fen:
        outcome = Outcome.MATCHED if applied == notice.outstanding_fen else Outcome.PARTIAL
    return Matched(
        line=line,
        outcome=outcome,
        late=bool(applied) and line.value_date > due(notice.issue_date),
        notice_id=notice.notice_id if applied else None,
        applied_fen=applied,
        suspended_fen=line.amount_fen - applied,
        parts=parts_of(notice, applied) if applied else (),
    )


def _misfit(line: StatedLine, notice: Notice) -> Outcome | None:
    if (line.payer_region_code, line.receiver_region_code) != _parties(notice):
        return Outcome.OTHER_PARTIES
    if line.business_type is not business_type_of(notice.kind):
        return Outcome.OTHER_BUSINESS_TYPE
    return None if notice.outstanding_fen else Outcome.ALREADY_PAID


def _parties(notice: Notice) -> tuple[str, str]:
    return notice.payer_region_code, notice.receiver_region_code


def _suspended(line: StatedLine, outcome: Outcome) -> Matched:
    return replace(_nothing(line, outcome), suspended_fen=line.amount_fen)


def _nothing(line: StatedLine, outcome: Outcome) -> Matched:
    return Matched(
        line=line,
        outcome=outcome,
        late=False,
        notice_id=None,
        applied_fen=0,
        suspended_fen=0,
        parts=(),
    )


def rate_bp(part: int, whole: int) -> int:
    """Returns a part of a whole in basis points, rounded down: 10000 only where nothing is missing.

    A whole of zero gives zero: there is no rate.
    """
    return part * 10_000 // whole if whole else 0

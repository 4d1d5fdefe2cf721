"""Notices (付款通知书/收款通知书): who transfers how much to whom, and for what.

    lines      by scheme and fund, signed as in the ledger: more than zero, the insured province
               pays
    amount     what the lines add up to, without its sign: the sign says who pays
    clearing   what the signed tables of a month say of a pair; gross, never netted with what the
               other province owes in its turn (应付 and 应收 are both published)
    payment    one transfer or several; each fills the lines in one fixed order, so that the ledger
               knows at any instant what of which fund is paid

A notice whose lines cancel out moves no money: it is paid by being issued.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import Enum
from itertools import groupby
from types import MappingProxyType
from typing import Final
from uuid import UUID, uuid5

from services.clearing.domain.notice_states import NoticeState

NUMBER: Final = re.compile(r"(?:QS|YF|TZ)20[0-9]{8}")
"""Shape of a notice's number: kind, year, six digits counted from 1."""
_PER_YEAR_MAX: Final = 999_999
_CLEARING_NAMESPACE: Final = UUID("0c6a5a52-2d3c-5f0e-8a0b-55b6a6f7f1d4")


class NoticeKind(Enum):
    """Why money is to move."""

    CLEARING = "CLEARING"
    """清算: a month's care, from the signed tables."""
    PREPAYMENT_ADJUSTMENT = "PREPAYMENT_ADJUSTMENT"
    """预付金额度调整, first quotas too."""
    EMERGENCY_TOP_UP = "EMERGENCY_TOP_UP"
    """预付金紧急调增."""


class BusinessType(Enum):
    """What a transfer is for: the payer has to state it (§2.2)."""

    CLEARING = "CLEARING"
    """清算资金."""
    PREPAYMENT = "PREPAYMENT"
    """预付金."""
    INTEREST = "INTEREST"
    """利息: what a special account earns."""
    BANK_FEE = "BANK_FEE"
    """手续费."""


class NoticeStep(Enum):
    """What is done about an issued notice, in this order (§2.2)."""

    SUBMITTED = "SUBMITTED"
    """送财政: the payer's agency has handed it to its finance department."""
    TRANSFERRED = "TRANSFERRED"
    """划拨: the payer's finance department has transferred the money."""
    RETURNED = "RETURNED"
    """回单: it has told the agency in writing."""
    CONFIRMED = "CONFIRMED"
    """付款确认: the payer's agency has booked it."""
    RECEIVED = "RECEIVED"
    """收款确认: the receiver's agency has booked it."""


_PREFIXES: Final[Mapping[NoticeKind, str]] = MappingProxyType(
    {
        NoticeKind.CLEARING: "QS",
        NoticeKind.PREPAYMENT_ADJUSTMENT: "YF",
        NoticeKind.EMERGENCY_TOP_UP: "TZ",
    }
)


def business_type_of(kind: NoticeKind) -> BusinessType:
    """Returns what a transfer for a notice has to be stated as."""
    if kind is NoticeKind.CLEARING:
        return BusinessType.CLEARING
    return BusinessType.PREPAYMENT


def number_of(kind: NoticeKind, year: int, count: int) -> str:
    """Returns the number of the count-th notice of a kind in a year, from 1.

    Raises:
        ValueError: there are more than six digits can tell.
    """
    if not 1 <= count <= _PER_YEAR_MAX:
        msg = f"a year has {_PER_YEAR_MAX} notices of a kind at most"
        raise ValueError(msg)
    return f"{_PREFIXES[kind]}{year:04d}{count:06d}"


@dataclass(frozen=True, slots=True, kw_only=True)
class NoticeLine:
    """What a notice says of one scheme and fund."""

    scheme_code: str
    fund_type_code: str
    amount_fen: int
    """More than zero: the insured province pays; less than zero: the care province does."""
    paid_fen: int = 0
    """What is posted as paid of it, signed like the amount."""
    pending_fen: int = 0
    """What waits for a second officer, signed like the amount."""

    @property
    def open_fen(self) -> int:
        """What another transfer may still pay of it, signed like the amount."""
        return self.amount_fen - self.paid_fen - self.pending_fen


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A notice to be drawn up."""

    kind: NoticeKind
    source_id: UUID
    """Of what it is for (a quota, a top-up, a pair's month): one notice stands for it at most."""
    month: str
    """The cleared month; for prepayment the month of the notice."""
    insured_region_code: str
    care_region_code: str
    lines: tuple[NoticeLine, ...]
    """Each scheme and fund once; lines of zero are left out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """A notice as it stands."""

    notice_id: UUID
    number: str
    """Empty until it is issued: numbers have no gaps."""
    kind: NoticeKind
    source_id: UUID
    month: str
    insured_region_code: str
    care_region_code: str
    lines: tuple[NoticeLine, ...]
    """In the order in which they are paid."""
    state: NoticeState
    maker_id: str
    checker_id: str
    """Empty until another officer decided."""
    draft_time: datetime
    issue_date: date | None
    """Civil date, Asia/Shanghai, on which it was issued."""
    fee_fen: int
    """What banks say they took for transferring it. It pays nothing of the notice."""

    @property
    def total_fen(self) -> int:
        """What the lines add up to, signed as in the ledger."""
        return sum(line.amount_fen for line in self.lines)

    @property
    def amount_fen(self) -> int:
        """What is to be transferred: zero or more."""
        return abs(self.total_fen)

    @property
    def payer_region_code(self) -> str:
        """付款省."""
        return self.insured_region_code if self.total_fen >= 0 else self.care_region_code

    @property
    def receiver_region_code(self) -> str:
        """收款省."""
        return self.care_region_code if self.total_fen >= 0 else self.insured_region_code

    @property
    def paid_fen(self) -> int:
        """What bank lines have paid of it."""
        return abs(sum(line.paid_fen for line in self.lines))

    @property
    def pending_fen(self) -> int:
        """What an officer wants to pay of it from suspense; another one has to agree."""
        return abs(sum(line.pending_fen for line in self.lines))

    @property
    def outstanding_fen(self) -> int:
        """What no bank line has paid."""
        return self.amount_fen - self.paid_fen

    @property
    def open_fen(self) -> int:
        """What another transfer may still pay: nothing that waits for a second officer."""
        return self.outstanding_fen - self.pending_fen


class OutstandingCause(Enum):
    """Why something of a notice is outstanding, as far as the bank's lines tell."""

    NOT_PAID = "NOT_PAID"
    """没有到账."""
    PART_PAID = "PART_PAID"
    """部分到账."""
    BANK_FEE = "BANK_FEE"
    """银行扣收了手续费: what is missing is what the bank took, and stays owed."""


def outstanding_cause(notice: Notice) -> OutstandingCause | None:
    """Returns why a notice is not paid; None: it is, or it was not issued."""
    if notice.state not in {NoticeState.ISSUED, NoticeState.PART_PAID}:
        return None
    if not notice.paid_fen:
        return OutstandingCause.NOT_PAID
    if notice.outstanding_fen <= notice.fee_fen:
        return OutstandingCause.BANK_FEE
    return OutstandingCause.PART_PAID


def ordered(lines: Iterable[NoticeLine]) -> tuple[NoticeLine, ...]:
    """Returns the lines that are not zero in the order in which they are paid: scheme, then fund.

    Raises:
        ValueError: a scheme and fund stand there twice, or no line is left.
    """
    kept = sorted(
        (line for line in lines if line.amount_fen),
        key=lambda line: (line.scheme_code, line.fund_type_code),
    )
    for (scheme_code, fund_type_code), same in groupby(
        kept, key=lambda line: (line.scheme_code, line.fund_type_code)
    ):
        if len(list(same)) > 1:
            msg = f"scheme {scheme_code} and fund {fund_type_code} stand in a notice twice"
            raise ValueError(msg)
    if not kept:
        msg = "a notice needs a line that is not zero"
        raise ValueError(msg)
    return tuple(kept)


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """What a transfer pays of one line."""

    scheme_code: str
    fund_type_code: str
    amount_fen: int
    """Signed like the line."""


def parts_of(notice: Notice, amount_fen: int) -> tuple[Part, ...]:
    """Returns what a transfer pays of which line; lines that it does not touch are left out.

    A line against the direction of the notice (money that a fund gets back inside it) counts as
    paid with the first transfer, because the amount of the notice is smaller by it; then the other
    lines are filled in their order. The parts add up to the transfer, with the sign of the notice.

    Args:
        notice: as it stands, what waits for a second officer included.
        amount_fen: 0 to what is open.

    Raises:
        ValueError: the transfer is larger than what is open.
    """
    if not 0 <= amount_fen <= notice.open_fen:
        msg = "a transfer is larger than what is open of its notice"
        raise ValueError(msg)
    sign = 1 if notice.total_fen >= 0 else -1
    left = amount_fen + sum(max(0, -sign * line.open_fen) for line in notice.lines)
    parts = []
    for line in notice.lines:
        wanted = sign * line.open_fen
        part = wanted if wanted < 0 else min(wanted, left)
        left -= max(part, 0)
        if part:
            parts.append(
                Part(
                    scheme_code=line.scheme_code,
                    fund_type_code=line.fund_type_code,
                    amount_fen=sign * part,
                )
            )
    return tuple(parts)


def clearing_source_id(month: str, insured_region_code: str, care_region_code: str) -> UUID:
    """Returns what the clearing notice of a pair's month is for."""
    return uuid5(_CLEARING_NAMESPACE, f"{month}/{insured_region_code}/{care_region_code}")

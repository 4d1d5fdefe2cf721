"""What any answer of an insured region must satisfy before the hub books it. Pure.

The province may run its own system, so its answer is checked, not believed (identities I3 to I8 of
the national interface; all amounts in fen). What passes here can be booked by everybody who follows
the journal; clearing stops at an event that it cannot book.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

_FUND_TYPE: Final = re.compile(r"[0-9]{6,8}")
_POOLED: Final = frozenset({"310100", "390100"})


@dataclass(frozen=True, slots=True)
class Payment:
    """What one fund pays."""

    fund_type_code: str
    amount_fen: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """The amounts that an insured region answered, and what it was asked for."""

    total_fen: int
    in_scope_fen: int
    uses_account: bool
    """The patient lets the personal account pay."""
    deductible_fen: int
    fund_payments: Sequence[Payment]
    fund_total_fen: int
    account_pay_fen: int
    account_balance_fen: int
    cash_pay_fen: int
    patient_total_fen: int
    family_account_pay_fen: int = 0
    """Part of account_pay that came from accounts of relatives."""
    causes_fen: Sequence[int] | None = None
    """What the patient pays, by cause; None: the insured region does not say."""


def broken_identities(answer: Answer) -> list[str]:
    """Returns the names of the identities that an answer breaks; empty: it is consistent."""
    funds = [payment.amount_fen for payment in answer.fund_payments]
    pooled = sum(p.amount_fen for p in answer.fund_payments if p.fund_type_code in _POOLED)
    causes = answer.causes_fen
    checks = {
        "I3 fund total is the sum of the funds": answer.fund_total_fen == sum(funds),
        "I4 total is funds and patient": answer.total_fen
        == answer.fund_total_fen + answer.patient_total_fen,
        "I5 patient is account and cash": answer.patient_total_fen
        == answer.account_pay_fen + answer.cash_pay_fen,
        "no account pays unless it was asked for": answer.uses_account
        or not answer.account_pay_fen,
        "I6 total is funds, account and cash": answer.total_fen
        == answer.fund_total_fen + answer.account_pay_fen + answer.cash_pay_fen,
        "I7 deductible is in scope": answer.deductible_fen <= answer.in_scope_fen,
        # The pooled fund alone: critical illness may pay part of the deductible, and the funds
        # above it part of what is out of scope.
        "I8 the pooled fund pays at most what is in scope after the deductible": pooled
        <= answer.in_scope_fen - answer.deductible_fen,
        "I8 no amount is negative": min(
            answer.deductible_fen,
            answer.account_pay_fen,
            answer.account_balance_fen,
            answer.cash_pay_fen,
            answer.fund_total_fen,
            *funds,
        )
        >= 0,
        "the causes add up to what the patient pays": causes is None
        or sum(causes) == answer.patient_total_fen,
        "no cause is negative": min(causes or (0,)) >= 0,
        "the accounts of relatives pay part of what accounts pay": 0
        <= answer.family_account_pay_fen
        <= answer.account_pay_fen,
        "every fund has a national or local code": all(
            _FUND_TYPE.fullmatch(payment.fund_type_code) for payment in answer.fund_payments
        ),
    }
    return [name for name, holds in checks.items() if not holds]

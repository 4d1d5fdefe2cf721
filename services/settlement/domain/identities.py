"""What any answer of an insured region must satisfy before the hub books it. Pure.

The province may run its own system, so its answer is checked, not believed (identities I3 to I8 of
the national interface; all amounts in fen).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """The amounts that an insured region answered, and what it was asked for."""

    total_fen: int
    in_scope_fen: int
    deductible_fen: int
    fund_payments_fen: Sequence[int]
    fund_total_fen: int
    account_pay_fen: int
    cash_pay_fen: int
    patient_total_fen: int


def broken_identities(answer: Answer) -> list[str]:
    """Returns the names of the identities that an answer breaks; empty: it is consistent."""
    funds = answer.fund_payments_fen
    checks = {
        "I3 fund total is the sum of the funds": answer.fund_total_fen == sum(funds),
        "I4 total is funds and patient": answer.total_fen
        == answer.fund_total_fen + answer.patient_total_fen,
        "I5 patient is account and cash": answer.patient_total_fen
        == answer.account_pay_fen + answer.cash_pay_fen,
        "I6 total is funds, account and cash": answer.total_fen
        == answer.fund_total_fen + answer.account_pay_fen + answer.cash_pay_fen,
        "I7 deductible is in scope and the patient's": answer.deductible_fen
        <= min(answer.in_scope_fen, answer.patient_total_fen),
        "I8 funds pay at most what is in scope after the deductible": answer.fund_total_fen
        <= answer.in_scope_fen - answer.deductible_fen,
        "I8 no amount is negative": min(
            answer.deductible_fen,
            answer.account_pay_fen,
            answer.cash_pay_fen,
            answer.fund_total_fen,
            *funds,
        )
        >= 0,
    }
    return [name for name, holds in checks.items() if not holds]

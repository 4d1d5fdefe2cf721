"""The identities of the national interface (domain rule 5.1), checked before anything is written.

Beside them: what the patient pays is explained by its causes, and relatives pay within the account.

I1 is of a single fee line and is checked where lines are known; here its sum over the bill is I2.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from services.benefits.domain.errors import IdentityBroken
from services.benefits.domain.model import CAUSE_NAMES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from services.benefits.domain.model import Outcome

_POOLED = ("310100", "390100")


def check_identities(outcome: Outcome) -> None:
    """Returns when I1 to I9, and what the causes promise, hold for an outcome.

    Raises:
        IdentityBroken: naming each identity that does not hold; amounts are not in the text.
    """
    broken = list(_broken(outcome))
    if broken:
        raise IdentityBroken(", ".join(broken))


def _broken(outcome: Outcome) -> Iterator[str]:
    amounts = outcome.amounts
    funds = outcome.fund_payments
    parts = (
        amounts.full_self_pay,
        amounts.over_limit,
        amounts.prior_self_pay,
        amounts.in_scope,
    )
    every = (
        *parts,
        outcome.deductible,
        outcome.account_pay,
        outcome.account_balance,
        outcome.cash_pay,
        outcome.critical_base,
    )
    causes = outcome.causes
    family = [fen for _, fen in outcome.family_payments]
    pooled = sum(fund.amount_fen for fund in funds if fund.fund_type_code in _POOLED)
    held = {
        "I1/I2: total = the four parts": amounts.total == sum(parts),
        "I3/I9: fund total = fund payments": (
            outcome.fund_total == sum(fund.amount_fen for fund in funds)
        ),
        "I4: total = fund + patient": amounts.total == outcome.fund_total + outcome.patient_total,
        "I5: patient = account + cash": (
            outcome.patient_total == outcome.account_pay + outcome.cash_pay
        ),
        "I6: total = fund + account + cash": (
            amounts.total == outcome.fund_total + outcome.account_pay + outcome.cash_pay
        ),
        "I7: deductible <= min(standard, in scope)": (
            outcome.deductible <= min(outcome.deductible_standard, amounts.in_scope)
        ),
        "I8: pooled <= in scope - deductible": pooled <= amounts.in_scope - outcome.deductible,
        "I8: funds <= in scope": outcome.fund_total <= amounts.in_scope,
        "I8: no negative amount": min(every) >= 0,
        "causes add up to what the patient pays": causes.total == outcome.patient_total,
        "no negative cause": min(getattr(causes, name) for name in CAUSE_NAMES) >= 0,
        "causes outside the scope are those of the bill": (
            (causes.full_self_pay, causes.over_limit, causes.prior_self_pay) == parts[:3]
        ),
        "relatives pay a part of what accounts pay": sum(family) <= outcome.account_pay,
        "each relative once, more than zero": (
            len(dict(outcome.family_payments)) == len(family) and all(fen > 0 for fen in family)
        ),
        "I9: each fund once, more than zero": (
            len({fund.fund_type_code for fund in funds}) == len(funds)
            and all(fund.amount_fen > 0 for fund in funds)
        ),
    }
    return (name for name, holds in held.items() if not holds)

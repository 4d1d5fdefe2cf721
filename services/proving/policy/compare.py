"""What the engine computed of a bill beside what the formulas give."""

from __future__ import annotations

from typing import TYPE_CHECKING

from services.benefits.domain.schema import Burden
from services.kit.money import round_fen
from services.proving.policy.oracle import Expected

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from uuid import UUID

    from services.benefits.domain.model import Outcome


def joined(pieces: Sequence[Expected]) -> Expected:
    """Returns what the shares of a bill in several years give together."""
    whole = Expected(left=dict.fromkeys(Burden, 0))
    family: dict[UUID, int] = {}
    for piece in pieces:
        whole.deductible += piece.deductible
        whole.critical_base += piece.critical_base
        whole.account += piece.account
        # Each year's was rounded.
        whole.excess += round_fen(piece.excess, piece.rounding)
        for burden, fen in piece.left.items():
            whole.left[burden] += fen
        for code, fen in piece.funds.items():
            whole.pay(code, fen)
        for holder, fen in piece.family:
            family[holder] = family.get(holder, 0) + fen
    whole.family = tuple(family.items())
    return whole


def differences(outcome: Outcome, expected: Expected) -> Iterator[str]:
    """Yields what differs, one line each; nothing: they agree to the fen."""
    causes, left = outcome.causes, expected.left
    family = sum(fen for _, fen in outcome.family_payments)
    pairs = {
        "funds": (
            {fund.fund_type_code: fund.amount_fen for fund in outcome.fund_payments},
            expected.funds,
        ),
        "deductible": (outcome.deductible, expected.deductible),
        "above the cap": (outcome.above_cap, round_fen(expected.excess, expected.rounding)),
        "critical base": (outcome.critical_base, expected.critical_base),
        "causes": (
            (causes.away_self_pay, causes.deductible, causes.share, causes.above_cap),
            (
                left[Burden.AWAY_SELF_PAY],
                left[Burden.DEDUCTIBLE],
                left[Burden.SHARE],
                left[Burden.ABOVE_CAP],
            ),
        ),
        "own account": (outcome.account_pay - family, expected.account),
        "accounts of relatives": (outcome.family_payments, expected.family),
    }
    for name, (got, wanted) in pairs.items():
        if got != wanted:
            yield f"{name}: {got}, by the formulas {wanted}"

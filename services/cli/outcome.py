"""What became of a demo case, and what must hold for any settlement whatever its amounts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from services.cli.cases import DemoCase
from services.cli.waterfall import Hop
from services.kit.errors import DomainError
from yijie.benefits.v1 import adjudication_pb2
from yijie.clearing.v1 import ledger_pb2
from yijie.settlement.v1 import settlement_pb2


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that must hold."""

    name: str
    zh: str
    en: str
    holds: bool


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a person and a pair of provinces stand."""

    accumulators: adjudication_pb2.Accumulators
    account_balance_fen: int
    owed_fen: tuple[tuple[str, int], ...]
    """What the insured province owes the care province by month; nothing owed is left out."""


@dataclass(slots=True, kw_only=True)
class Outcome:
    """What became of one case."""

    key: str
    kind: str
    """What it was to become: settled, refused, reversed, recomputed or a stay."""
    title_zh: str
    title_en: str
    case: DemoCase
    request_id: str
    trace_id: str
    elapsed_ms: float
    """Until the answer, at the province."""
    settlement: settlement_pb2.Settlement | None = None
    refusal: DomainError | None = None
    standings: dict[str, Standing] = field(default_factory=dict)
    """By moment: before, settled, after."""
    checks: list[Check] = field(default_factory=list)
    hops: list[Hop] = field(default_factory=list)
    """The trace, once it has been read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Closing:
    """The end of the day."""

    positions: Sequence[ledger_pb2.Position]
    settlement_count: int
    reversal_count: int
    total_fen: int
    fund_fen: int
    account_fen: int
    cash_fen: int
    owed_fen: int
    """By the clearing ledger, over all pairs."""
    checks: list[Check]


def identities(settlement: settlement_pb2.Settlement, bill_total_fen: int) -> list[Check]:
    """Returns the identities between the amounts of a settlement with its lines."""
    split, paid = settlement.amounts, settlement.adjudication
    parts = (split.full_self_pay, split.over_limit, split.prior_self_pay, split.in_scope)
    return [
        Check(
            "split",
            "全自费 + 超限价 + 先行自付 + 政策范围内 = 费用总额",
            "full self-pay + over limit + prior self-pay + in scope = total",
            split.total.fen == bill_total_fen == sum(part.fen for part in parts),
        ),
        Check(
            "payment",
            "基金 + 个人账户 + 现金 = 费用总额",
            "fund + account + cash = total",
            paid.fund_total.fen + paid.account_pay.fen + paid.cash_pay.fen == split.total.fen
            and paid.patient_total.fen == paid.account_pay.fen + paid.cash_pay.fen,
        ),
        Check(
            "funds",
            "各基金之和 = 基金支付总额",
            "the funds sum to the fund total",
            sum(payment.amount.fen for payment in paid.fund_payments) == paid.fund_total.fen,
        ),
        Check(
            "lines",
            "明细之和 = 费用总额",
            "the lines sum to the total",
            sum(line.split.total.fen for line in settlement.lines) == split.total.fen,
        ),
    ]

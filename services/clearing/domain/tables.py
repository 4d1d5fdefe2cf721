"""The clearing tables of a month (清算表): what each insured province owes each care province.

    payable = cost of the month + corrections of earlier months + review deductions

It is gross: what two provinces owe each other is never set off here.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, NamedTuple

from services.clearing.domain.ledger import Purpose, Side
from services.kit import codes

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

PURPOSES: Final = (Purpose.CLEARING, Purpose.ADJUSTMENT, Purpose.DEDUCTION)
"""What the tables of a month are made of."""
_POOLED_FUND: Final = {codes.SCHEME_EMPLOYEE: "310100"}
_RESIDENT_POOLED_FUND: Final = "390100"
_FIELDS: Final = {
    Purpose.CLEARING: "cost_fen",
    Purpose.ADJUSTMENT: "adjustment_fen",
    Purpose.DEDUCTION: "deduction_fen",
}


class Group(NamedTuple):
    """Of whom lines are: a pair of provinces and a scheme."""

    insured_region_code: str
    care_region_code: str
    scheme_code: str


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class TableLine:
    """What is payable of a month by one pair of provinces for one scheme and fund type."""

    month: str
    insured_region_code: str
    """Province, xx0000: it owes; 应付."""
    care_region_code: str
    """Province, xx0000: it is owed; 应收."""
    scheme_code: str
    fund_type_code: str
    cost_fen: int
    """Care of the month, less reversals of it."""
    adjustment_fen: int
    """Corrections of what an earlier month holds: reversals (负数记录), deductions given back."""
    deduction_fen: int
    """Review deductions (审核扣款), below zero, and those given back, above."""
    payable_fen: int
    """The sum of the three; negative where corrections outweigh."""
    settlement_count: int
    """Settlements of pair and scheme, on the first of its lines alone, so that lines add up."""
    reversal_count: int
    """Reversals of pair and scheme, on the first of its lines alone."""
    late_fen: int = 0
    """Of cost and adjustment: what happened in an earlier month and came after its cut."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptBalance:
    """The balance of one account of a month, as the ledger keeps it."""

    group: Group
    fund_type_code: str
    purpose: Purpose
    side: Side
    balance_fen: int
    """Of a PAYABLE minus what is owed, of a RECEIVABLE what is owed."""


@dataclass(frozen=True, slots=True)
class Counts:
    """How often care was settled and taken back."""

    settlement_count: int
    reversal_count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Tables:
    """The tables of a month."""

    month: str
    lines: tuple[TableLine, ...]
    """By insured and care province, scheme and fund type."""
    late_settlement_count: int
    """Settlements in it that happened in an earlier month and came after its cut."""
    late_reversal_count: int
    payable_fen: int
    """Of all lines, which is what is receivable of all."""
    digest: bytes


class TablesUnbalanced(Exception):
    """Lines that do not add up: a defect, and nothing is written."""


def build_lines(
    month: str,
    balances: Iterable[KeptBalance],
    counts: Mapping[Group, Counts],
    late_fen: Mapping[tuple[Group, str], int],
) -> list[TableLine]:
    """Returns the lines of a month in their order.

    Care that cost the funds nothing has a line of zeros, so that it is counted and signed for.

    Raises:
        TablesUnbalanced: an account's other side is missing or not its opposite.
    """
    sides: dict[tuple[Group, str, Purpose, Side], int] = {}
    for one in balances:
        sides[one.group, one.fund_type_code, one.purpose, one.side] = one.balance_fen
    sums: dict[tuple[Group, str], dict[str, int]] = defaultdict(dict)
    for (group, fund, purpose, side), balance_fen in sides.items():
        other = Side.PAYABLE if side is Side.RECEIVABLE else Side.RECEIVABLE
        if sides.get((group, fund, purpose, other)) != -balance_fen:
            raise TablesUnbalanced("what one side owes is not what the other one is owed")
        if side is Side.RECEIVABLE:
            sums[group, fund][_FIELDS[purpose]] = balance_fen
    counted = {group for group, _ in sums}
    for group, count in counts.items():
        if group not in counted and (count.settlement_count or count.reversal_count):
            sums[group, _POOLED_FUND.get(group.scheme_code, _RESIDENT_POOLED_FUND)] = {}
    lines: list[TableLine] = []
    for (group, fund), parts in sorted(sums.items()):
        is_first = not lines or _group_of(lines[-1]) != group
        count = counts.get(group, Counts(0, 0)) if is_first else Counts(0, 0)
        lines.append(
            TableLine(
                month=month,
                insured_region_code=group.insured_region_code,
                care_region_code=group.care_region_code,
                scheme_code=group.scheme_code,
                fund_type_code=fund,
                cost_fen=parts.get("cost_fen", 0),
                adjustment_fen=parts.get("adjustment_fen", 0),
                deduction_fen=parts.get("deduction_fen", 0),
                payable_fen=sum(parts.values()),
                settlement_count=count.settlement_count,
                reversal_count=count.reversal_count,
                late_fen=late_fen.get((group, fund), 0),
            )
        )
    return lines


def check_lines(lines: Sequence[TableLine]) -> int:
    """Returns the sum of what is payable, which is the sum of what is receivable.

    Raises:
        TablesUnbalanced: a line is no sum of its parts or is there twice, or the sides differ.
    """
    payable: dict[str, int] = defaultdict(int)
    receivable: dict[str, int] = defaultdict(int)
    for line in lines:
        if line.payable_fen != line.cost_fen + line.adjustment_fen + line.deduction_fen:
            raise TablesUnbalanced("a line is not the sum of its parts")
        payable[line.insured_region_code] += line.payable_fen
        receivable[line.care_region_code] += line.payable_fen
    keys = {key_of(line) for line in lines}
    if len(keys) != len(lines):
        raise TablesUnbalanced("a line is there twice")
    total = sum(payable.values())
    if total != sum(receivable.values()):
        raise TablesUnbalanced("what is payable is not what is receivable")
    return total


def key_of(line: TableLine) -> tuple[str, str, str, str, str]:
    """Returns what identifies a line, in the order of lines."""
    return (
        line.month,
        line.insured_region_code,
        line.care_region_code,
        line.scheme_code,
        line.fund_type_code,
    )


def digest_of(lines: Iterable[TableLine]) -> bytes:
    """Returns the SHA-256 over lines in their order, 32 bytes: equal tables, equal digest."""
    digest = hashlib.sha256()
    for line in sorted(lines, key=key_of):
        fields = (
            *key_of(line),
            line.cost_fen,
            line.adjustment_fen,
            line.deduction_fen,
            line.payable_fen,
            line.settlement_count,
            line.reversal_count,
            line.late_fen,
        )
        digest.update("|".join(map(str, fields)).encode() + b"\n")
    return digest.digest()


def _group_of(line: TableLine) -> Group:
    return Group(line.insured_region_code, line.care_region_code, line.scheme_code)

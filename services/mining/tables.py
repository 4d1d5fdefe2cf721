"""The exported tables and what rules answer, as Ibis sees them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import ibis
import ibis.expr.types as ir

from services.mining import schema

BILL: Final = "bill"
LINE: Final = "line"
"""Folders of an export."""


@dataclass(frozen=True, slots=True)
class Tables:
    """The tables of an export as expressions name them; an engine has them under these names."""

    bill: ir.Table
    """Columns of `schema.BILL`."""
    line: ir.Table
    """Columns of `schema.LINE`."""


TABLES: Final = Tables(
    ibis.table(ibis.Schema.from_pyarrow(schema.BILL), name=BILL),
    ibis.table(ibis.Schema.from_pyarrow(schema.LINE), name=LINE),
)


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class MinedFinding:
    """What a rule found about one bill, or one line of it."""

    rule_code: str
    bill_key: str
    line_id: str
    """Empty: the whole bill."""
    other: str
    """The other bill, or what the bills found together have in common; each rule says."""
    value: int
    """What was measured; its unit is the rule's."""
    reference: int
    """What it was compared with."""
    spread: int
    """Median absolute deviation of the peers; 0: the rule has none."""
    amount_fen: int
    """The line's amount, or the bill's total."""


COLUMNS: Final = tuple(MinedFinding.__dataclass_fields__)
"""Columns that every rule answers, in this order."""
_WHOLE: Final = ("value", "reference", "spread", "amount_fen")


def answer(table: ir.Table, rule_code: str, **columns: ir.Value) -> ir.Table:
    """Returns the answer of a rule from the rows it found; columns not given are "" and 0."""
    every = {"rule_code": ibis.literal(rule_code), **columns}
    for name in COLUMNS:
        if name in _WHOLE:
            every[name] = every.get(name, ibis.literal(0)).cast("int64")
        else:
            every.setdefault(name, ibis.literal(""))
    return table.select(**{name: every[name] for name in COLUMNS})

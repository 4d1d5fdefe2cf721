"""The same lines by two catalogues, and by both recognising each other's (目录互认). Pure.

Direct settlement prices a bill by the care region's catalogue, reimbursement at home by that of the
insured region. A line is compared as of its fee date, amounts are fen.

Two things are an answer here that a settlement refuses or does not meet. A price above a ceiling
whose handling is to refuse the line (OVER_CEILING_REJECT) makes the line full self-pay: that
catalogue takes nothing of it into scope. And the local suffix of a service item means something
only in the province that gave it, so at home the national part of the code is looked up.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from services.classification.classify import PriceAboveCeiling, classify_line, totals
from services.classification.conditions import Usage
from services.classification.model import ClassificationContext, FeeLine, LineSplit, SplitTotals
from services.classification.snapshot import Snapshot
from services.classification.zones import Recognition
from services.kit import codes

_ZERO: Final = Decimal(0)
_NOTHING_KNOWN: Final = ClassificationContext()


@dataclass(frozen=True, slots=True)
class LinePair:
    """One line in two catalogues."""

    item_code: str
    """As the care region bills it."""
    direct: LineSplit
    """By the care region's catalogue."""
    home: LineSplit
    """By the insured region's."""

    @property
    def mutual(self) -> LineSplit:
        """The split that takes more into scope; of two equal ones the care region's."""
        return self.home if self.in_scope_gap_fen > 0 else self.direct

    @property
    def in_scope_gap_fen(self) -> int:
        """In scope at home less in scope by direct settlement."""
        return self.home.in_scope_fen - self.direct.in_scope_fen

    @property
    def differs(self) -> bool:
        """Tells whether the catalogues split the amount differently."""
        return _amounts(self.direct) != _amounts(self.home)


def price_direct(
    snapshot: Snapshot,
    lines: Iterable[FeeLine],
    context: ClassificationContext = _NOTHING_KNOWN,
    recognition: Recognition | None = None,
) -> tuple[LineSplit, ...]:
    """Returns the lines by the care region's catalogue, in their order, as a settlement does.

    Where a zone is applied (`recognition`), it lets the insured region's stand in, as there.

    Raises:
        CatalogueNotPublished: a fee date is before the first one that the catalogue knows.
    """
    usage = Usage()
    return tuple(_price(snapshot, line, context, usage, recognition) for line in lines)


def price_home(
    snapshot: Snapshot, lines: Iterable[FeeLine], context: ClassificationContext = _NOTHING_KNOWN
) -> tuple[LineSplit, ...]:
    """Returns the lines by the insured region's catalogue, in their order.

    Raises:
        CatalogueNotPublished: a fee date is before the first one that the catalogue knows.
    """
    usage = Usage()
    return tuple(_price(snapshot, _national(line), context, usage) for line in lines)


def pair_lines(
    lines: Sequence[FeeLine], *, direct: Sequence[LineSplit], home: Sequence[LineSplit]
) -> tuple[LinePair, ...]:
    """Returns each line with its two splits, in the order of the lines.

    Raises:
        ValueError: the three are not of one length.
    """
    return tuple(
        LinePair(line.item_code, by_care, by_home)
        for line, by_care, by_home in zip(lines, direct, home, strict=True)
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Sums:
    """The sums of a bill's lines by each way of pricing; their totals are one."""

    direct: SplitTotals
    home: SplitTotals
    mutual: SplitTotals


def sums_of(pairs: Sequence[LinePair]) -> Sums:
    """Returns the sums of the lines; their order does not matter."""
    return Sums(
        direct=totals(pair.direct for pair in pairs),
        home=totals(pair.home for pair in pairs),
        mutual=totals(pair.mutual for pair in pairs),
    )


def gaps(pairs: Sequence[LinePair]) -> list[LinePair]:
    """Returns the lines that the catalogues split differently, largest difference in scope first.

    Lines of one difference stay in the order of the bill.
    """
    differing = (pair for pair in pairs if pair.differs)
    return sorted(differing, key=lambda pair: -abs(pair.in_scope_gap_fen))


@dataclass(frozen=True, slots=True, kw_only=True)
class Gap:
    """What a comparison of one settlement comes to, in fen."""

    total_fen: int
    """Of the bill."""
    patient_fen: int
    """What the patient pays more by direct settlement than at home; negative: less."""
    mutual_saving_fen: int
    """What the patient would pay less by mutual recognition than by direct settlement."""
    mutual_fund_cost_fen: int
    """What the funds would pay more."""


@dataclass(slots=True)
class PairSums:
    """The gaps of one pair of provinces, summed up."""

    settlement_count: int = 0
    worse_count: int = 0
    """Of them: where the patient pays more by direct settlement."""
    better_count: int = 0
    """Of them: where the patient pays less."""
    total_fen: int = 0
    patient_fen: int = 0
    mutual_saving_fen: int = 0
    mutual_fund_cost_fen: int = 0

    def add(self, gap: Gap) -> None:
        """Adds a settlement."""
        self.settlement_count += 1
        self.worse_count += gap.patient_fen > 0
        self.better_count += gap.patient_fen < 0
        self.total_fen += gap.total_fen
        self.patient_fen += gap.patient_fen
        self.mutual_saving_fen += gap.mutual_saving_fen
        self.mutual_fund_cost_fen += gap.mutual_fund_cost_fen


def _price(
    snapshot: Snapshot,
    line: FeeLine,
    context: ClassificationContext,
    usage: Usage,
    recognition: Recognition | None = None,
) -> LineSplit:
    try:
        return classify_line(snapshot, line, context=context, recognition=recognition, usage=usage)
    except PriceAboveCeiling:
        return _refused(snapshot, line, context)


def _refused(snapshot: Snapshot, line: FeeLine, context: ClassificationContext) -> LineSplit:
    # Only an item has a ceiling: it is there.
    entry = snapshot.find(line.item_code, line.fee_date)
    terms = snapshot.terms_of(entry)
    return LineSplit(
        line_id=line.line_id,
        total_fen=line.amount_fen,
        full_self_pay_fen=line.amount_fen,
        over_limit_fen=0,
        prior_self_pay_fen=0,
        in_scope_fen=0,
        catalogue_class=terms.catalogue_class,
        charge_category_code=terms.charge_category_code,
        prior_self_pay_ratio=_ZERO,
        price_ceiling=snapshot.ceiling_of(entry, context.price_level_code),
        not_listed=False,
        sample=terms.sample,
    )


def _national(line: FeeLine) -> FeeLine:
    code = codes.national_item_code(line.item_code)
    return line if code == line.item_code else dataclasses.replace(line, item_code=code)


def _amounts(split: LineSplit) -> tuple[int, int, int, int]:
    return (
        split.full_self_pay_fen,
        split.over_limit_fen,
        split.prior_self_pay_fen,
        split.in_scope_fen,
    )

"""What visitors cost against locals of the same institution, setting and disease group.

The index is what the visitors' bills came to, divided by what the same number of locals with the
same diseases would have come to at the same institution: 1 means equal, 1.6 means 60 % more. A
group for which the institution gave no locals is left out on both sides, and how much of the
visitors' cost is covered is told. Sums and counts are kept, never averages of averages.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from services.supervision.domain.direct_rate import CareSetting

GROUP_LENGTH = 3
"""Characters of a main diagnosis that are its group: the category of ICD-10 (I21)."""


class CostKey(NamedTuple):
    """What costs are compared within."""

    institution_code: str
    setting: CareSetting
    disease_group_code: str
    """Category of the main diagnosis; empty: all diseases together."""


@dataclass(frozen=True, slots=True)
class Cost:
    """A number of cases and what they cost together, fen."""

    cases: int = 0
    total_fen: int = 0

    def __add__(self, other: Cost) -> Cost:
        return Cost(self.cases + other.cases, self.total_fen + other.total_fen)


@dataclass(frozen=True, slots=True, kw_only=True)
class CostIndex:
    """How visitors' cost compares."""

    visitors: Cost
    """All of them."""
    compared: Cost
    """Of them: those in groups that have locals."""
    expected_fen: Fraction
    """What as many locals with the same diseases would have cost."""

    @property
    def index(self) -> Fraction | None:
        """Cost of visitors for each yuan of locals; None: nothing to compare."""
        return self.compared.total_fen / self.expected_fen if self.expected_fen else None

    @property
    def coverage(self) -> Fraction:
        """Share of the visitors' cost that is compared, 0 to 1."""
        total = self.visitors.total_fen
        return Fraction(self.compared.total_fen, total) if total else Fraction(0)


def compare(
    visitors: Mapping[CostKey, Cost],
    locals_: Mapping[CostKey, Cost],
    by: Callable[[CostKey], str],
) -> dict[str, CostIndex]:
    """Returns the index of whatever `by` makes of a key, for those that have visitors.

    `visitors` are by disease group. An institution and setting whose locals are given without
    groups (one row with an empty group) is compared as a whole.
    """
    groups: defaultdict[CostKey, list[tuple[CostKey, Cost]]] = defaultdict(list)
    for key, cost in visitors.items():
        groups[key._replace(disease_group_code="")].append((key, cost))
    found: defaultdict[str, list[tuple[Cost, Cost, Fraction]]] = defaultdict(list)
    for key, costs in groups.items():
        rows = costs
        if key in locals_:
            rows = [(key, sum((cost for _, cost in costs), Cost()))]
        for row_key, row in rows:
            local = locals_.get(row_key)
            if local is None or not local.cases or not local.total_fen:
                found[by(key)].append((row, Cost(), Fraction(0)))
                continue
            expected = Fraction(local.total_fen, local.cases) * row.cases
            found[by(key)].append((row, row, expected))
    return {
        name: CostIndex(
            visitors=sum((row[0] for row in rows), Cost()),
            compared=sum((row[1] for row in rows), Cost()),
            expected_fen=sum((row[2] for row in rows), Fraction(0)),
        )
        for name, rows in found.items()
    }

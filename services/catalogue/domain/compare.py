"""What differs between the entries that two catalogues have of one item."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

    from services.classification.model import CatalogueItem

ONLY_HERE: Final = "only_here"
ONLY_THERE: Final = "only_there"
CONFLICT: Final = "conflict"

_TERMS: Final = (
    "list_type_code",
    "charge_category_code",
    "catalogue_class",
    "prior_self_pay_ratio",
    "price_ceiling",
    "over_ceiling",
    "prior_self_pays",
    "price_ceilings",
    "restriction",
    "use_limits",
    "unit",
)
_LABELS: Final = ("name", "specification", "sample")
_PERIOD: Final = ("begin_date", "end_date")


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One item that differs."""

    item_code: str
    kind: str
    """ONLY_HERE, ONLY_THERE or CONFLICT."""
    changed_fields: tuple[str, ...]
    """Of a conflict, by their names in CatalogueItem."""
    items: tuple[CatalogueItem, ...]
    other_items: tuple[CatalogueItem, ...]
    zone_id: str
    """Zone of mutual recognition that both regions are in; empty: none, or a conflict."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """How many items differ, by kind, and how many do not."""

    only_here_count: int
    only_there_count: int
    conflict_count: int
    same_count: int


def changed_fields(
    items: Sequence[CatalogueItem],
    others: Sequence[CatalogueItem],
    *,
    labels: bool,
    periods: bool,
) -> tuple[str, ...]:
    """Returns the fields in which the entries of one item differ, in the contract's order of use.

    Args:
        items: entries of one catalogue, by begin date.
        others: entries of the other, by begin date.
        labels: names, specifications and the sample mark count as well.
        periods: dates count as well, for whole histories.
    """
    fields = (*_TERMS, *(_LABELS if labels else ()), *(_PERIOD if periods else ()))
    if len(items) == len(others):
        return tuple(
            field
            for field in fields
            if any(
                _value(one, field) != _value(other, field)
                for one, other in zip(items, others, strict=True)
            )
        )
    # Periods that have no counterpart: a field differs when it takes other values at all.
    return tuple(
        field
        for field in fields
        if field in _PERIOD
        or {_value(item, field) for item in items} != {_value(item, field) for item in others}
    )


def _value(item: CatalogueItem, field: str) -> object:
    if field == "over_ceiling" and item.price_ceiling is None and not item.price_ceilings:
        return None
    value: object = getattr(item, field)
    return value

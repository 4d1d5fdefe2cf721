"""Decides which entries of an import batch go into a version."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from services.classification.validation import item_problems
from services.kit.errors import DomainError, InvalidArgument

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import date

    from services.classification.model import CatalogueItem

Period = tuple["date", "date | None"]
"""First and last day, both included; None: open."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """An entry that does not go in."""

    index: int
    """Its place in the batch."""
    error: DomainError


@dataclass(frozen=True, slots=True)
class Admission:
    """The outcome for a batch, each entry in one of the two."""

    items: tuple[CatalogueItem, ...]
    refusals: tuple[Refusal, ...]


def admit(
    batch: Sequence[CatalogueItem | DomainError], periods: Mapping[str, Iterable[Period]]
) -> Admission:
    """Returns which entries go in, in the batch's order: the first of two that overlap does.

    Args:
        batch: the entries as read; an error stands for one that could not be read.
        periods: those that the version already has, by item code.
    """
    taken: dict[str, list[Period]] = {code: list(known) for code, known in periods.items()}
    items: list[CatalogueItem] = []
    refusals: list[Refusal] = []
    for index, entry in enumerate(batch):
        error = entry if isinstance(entry, DomainError) else _objection(entry, taken, index)
        if error is not None:
            refusals.append(Refusal(index, error))
        elif not isinstance(entry, DomainError):
            taken.setdefault(entry.item_code, []).append((entry.begin_date, entry.end_date))
            items.append(entry)
    return Admission(tuple(items), tuple(refusals))


def _objection(
    item: CatalogueItem, taken: Mapping[str, Iterable[Period]], index: int
) -> DomainError | None:
    problems = item_problems(item, f"items[{index}]")
    if problems:
        return InvalidArgument(
            "FIELD_INVALID",
            f"{problems[0].field}: {problems[0].description}",
            violations=tuple(problems),
        )
    if any(_overlap((item.begin_date, item.end_date), period) for period in _of(taken, item)):
        return InvalidArgument(
            "CATALOGUE_PERIOD_OVERLAP",
            "another period of the same item overlaps this one",
            field=f"items[{index}].begin_date",
        )
    return None


def _of(taken: Mapping[str, Iterable[Period]], item: CatalogueItem) -> Iterable[Period]:
    return taken.get(item.item_code, ())


def _overlap(one: Period, other: Period) -> bool:
    one_begin, one_end = one
    other_begin, other_end = other
    return (other_end is None or one_begin <= other_end) and (
        one_end is None or other_begin <= one_end
    )

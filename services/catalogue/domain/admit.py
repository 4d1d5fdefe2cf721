"""Decides which entries of an import batch go into a version."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from services.catalogue.domain.errors import field_invalid
from services.catalogue.domain.periods import overlaps_any
from services.catalogue.domain.texts import CONTROL, is_clean
from services.classification.validation import item_problems
from services.kit.errors import DomainError, FieldViolation, InvalidArgument

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence
    from datetime import date

    from services.catalogue.domain.periods import Period
    from services.classification.model import CatalogueItem

VIOLATIONS_MAX: Final = 5
"""Of one entry: a batch of 5,000 wrong ones must still fit an answer."""
_ITEM_CODE: Final = re.compile(r"[0-9A-Z-]{6,50}")


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


@dataclass(frozen=True, slots=True)
class WithdrawalAdmission:
    """The outcome for the withdrawals of a batch, each in one of the two."""

    item_codes: tuple[str, ...]
    refusals: tuple[Refusal, ...]


def admit(
    batch: Sequence[CatalogueItem | DomainError],
    periods: Mapping[str, Iterable[Period]],
    *,
    effective_date: date | None = None,
    withdrawn: Collection[str] = (),
) -> Admission:
    """Returns which entries go in, in the batch's order: the first of two that overlap does.

    Args:
        batch: the entries as read; an error stands for one that could not be read.
        periods: those that the version was given before, by item code.
        effective_date: of a version made by changes, the first day that an entry may begin.
        withdrawn: item codes that the version withdraws.
    """
    taken: dict[str, list[Period]] = {code: list(known) for code, known in periods.items()}
    items: list[CatalogueItem] = []
    refusals: list[Refusal] = []
    for index, entry in enumerate(batch):
        if isinstance(entry, DomainError):
            refusals.append(Refusal(index, entry))
            continue
        path = f"items[{index}]"
        error = _objection(entry, taken, path) or _untimely(entry, path, effective_date, withdrawn)
        if error is not None:
            refusals.append(Refusal(index, error))
            continue
        taken.setdefault(entry.item_code, []).append((entry.begin_date, entry.end_date))
        items.append(entry)
    return Admission(tuple(items), tuple(refusals))


def admit_withdrawals(
    item_codes: Sequence[str],
    *,
    reaching: Collection[str],
    given: Collection[str],
    withdrawn: Collection[str],
) -> WithdrawalAdmission:
    """Returns which withdrawals go in, in the batch's order.

    Args:
        item_codes: as received.
        reaching: codes that the base lists on the effective date or later.
        given: codes that the version has entries of, this batch's included.
        withdrawn: codes that the version withdraws already.
    """
    taken = set(withdrawn)
    admitted: list[str] = []
    refusals: list[Refusal] = []
    for index, item_code in enumerate(item_codes):
        path = f"withdrawn_item_codes[{index}]"
        if _ITEM_CODE.fullmatch(item_code) is None:
            problem = "6 to 50 of 0-9 A-Z - are required"
        elif item_code in given:
            problem = "the version has an entry of this item as well"
        elif item_code in taken:
            problem = "withdrawn already"
        elif item_code not in reaching:
            problem = "the base version does not list it on effective_date or later"
        else:
            taken.add(item_code)
            admitted.append(item_code)
            continue
        refusals.append(Refusal(index, field_invalid(path, problem)))
    return WithdrawalAdmission(tuple(admitted), tuple(refusals))


def several(violations: Sequence[FieldViolation]) -> InvalidArgument:
    """Returns the error for one entry with several fields at fault."""
    first = violations[0]
    return InvalidArgument(
        "FIELD_INVALID",
        f"{first.field}: {first.description}",
        violations=tuple(violations[:VIOLATIONS_MAX]),
    )


def _objection(
    item: CatalogueItem, taken: Mapping[str, Iterable[Period]], path: str
) -> DomainError | None:
    problems = [*item_problems(item, path), *_unclean(item, path)]
    if problems:
        return several(problems)
    if overlaps_any((item.begin_date, item.end_date), taken.get(item.item_code, ())):
        return InvalidArgument(
            "CATALOGUE_PERIOD_OVERLAP",
            "another period of the same item overlaps this one",
            field=f"{path}.begin_date",
        )
    return None


def _untimely(
    item: CatalogueItem, path: str, effective_date: date | None, withdrawn: Collection[str]
) -> DomainError | None:
    if effective_date is not None and item.begin_date < effective_date:
        return field_invalid(f"{path}.begin_date", "before effective_date")
    if item.item_code in withdrawn:
        return field_invalid(f"{path}.item_code", "the version withdraws this item")
    return None


def _unclean(item: CatalogueItem, path: str) -> list[FieldViolation]:
    texts = {"name": item.name, "specification": item.specification, "unit": item.unit}
    if item.restriction is not None:
        texts["restriction.text"] = item.restriction.text
    return [
        FieldViolation(f"{path}.{field}", CONTROL)
        for field, text in texts.items()
        if not is_clean(text)
    ]

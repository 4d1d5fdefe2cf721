"""The national code lists that ship with Yijie, read once per process."""

from __future__ import annotations

import csv
from bisect import bisect_left, bisect_right
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Final

from services.kit.diseases import DISEASES

if TYPE_CHECKING:
    from collections.abc import Iterator

DRUG: Final = "drug"
SERVICE_ITEM: Final = "service_item"
CONSUMABLE_CLASS: Final = "consumable_class"
DIAGNOSIS: Final = "diagnosis"
CHRONIC_DISEASE: Final = "chronic_disease"
OPERATION: Final = "operation"

_FILES: Final = {
    DRUG: "drugs.csv",
    SERVICE_ITEM: "service_items.csv",
    CONSUMABLE_CLASS: "consumable_classes.csv",
    DIAGNOSIS: "icd10_diagnoses.csv",
    OPERATION: "icd9cm3_procedures.csv",
}
"""Kind → file in reference/; its first two columns are code and name."""


@dataclass(frozen=True, slots=True)
class Reference:
    """One national code."""

    code: str
    name: str
    """As published."""


@cache
def references(kind: str) -> tuple[Reference, ...]:
    """Returns a national list by code; the first time it is read from its file."""
    if kind == CHRONIC_DISEASE:
        return tuple(Reference(code, DISEASES[code]) for code in sorted(DISEASES))
    return tuple(sorted(_read(_FILES[kind]), key=lambda reference: reference.code))


def find_references(
    kind: str, *, code_prefix: str, name_contains: str, after: str, limit: int
) -> list[Reference]:
    """Returns codes of a list after one of them, by code.

    Args:
        kind: DRUG, SERVICE_ITEM, CONSUMABLE_CLASS, DIAGNOSIS, CHRONIC_DISEASE or OPERATION.
        code_prefix: only codes that begin so; empty: all.
        name_contains: only names that hold this, whatever its case; empty: all.
        after: code after which to begin; empty: the first.
        limit: how many at most.
    """
    known = references(kind)
    begin = max(bisect_left(known, code_prefix, key=_code), bisect_right(known, after, key=_code))
    wanted = name_contains.casefold()
    found: list[Reference] = []
    for index in range(begin, len(known)):
        reference = known[index]
        if len(found) == limit or not reference.code.startswith(code_prefix):
            break
        if wanted in reference.name.casefold():
            found.append(reference)
    return found


def _code(reference: Reference) -> str:
    return reference.code


def _read(name: str) -> Iterator[Reference]:
    file = resources.files("services.catalogue").joinpath("reference", name)
    rows = csv.reader(file.read_text(encoding="utf-8").splitlines())
    next(rows)
    for code, label, *_rest in rows:
        yield Reference(code, label)

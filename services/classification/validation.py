"""Checks of shape on catalogue items and fee lines, before anything is computed with them.

They find every problem, name its field, and never repeat the offending value: it comes from a
patient's bill.
"""

from __future__ import annotations

import re
from decimal import Decimal
from typing import TYPE_CHECKING, Final

from services.classification.item_validation import condition_problems
from services.classification.model import (
    CATALOGUE_CLASSES,
    CLASS_B,
    OVER_CEILING_WAYS,
    CatalogueItem,
    FeeLine,
)
from services.classification.shapes import (
    PRICE_MAX,
    PRICE_PLACES,
    QUANTITY_MAX,
    QUANTITY_PLACES,
    RATIO_PLACES,
    violation,
    within,
)
from services.kit.codes import CHARGE_CATEGORIES, list_type_of
from services.kit.errors import FieldViolation, InvalidArgument
from services.kit.money import to_fen

if TYPE_CHECKING:
    from collections.abc import Sequence

LINES_MAX: Final = 3000
"""Most lines of one bill."""
NAME_CHARS_MAX: Final = 200
_LINE_ID: Final = re.compile(r"[0-9A-Za-z._-]{1,40}")
_DEPARTMENT: Final = re.compile(r"([0-9A-Za-z._-]{1,30})?")
_LIST_TYPES: Final = frozenset(("101", "102", "103", "104", "105", "201", "301"))
# 自制剂 and 民族药 have lists of their own but no published format: they bear codes of drugs.
_LISTS_WITH_DRUG_CODES: Final = frozenset(("101", "102", "103", "104", "105"))
_SHARED_FORMATS: Final = frozenset(("104", "105"))
AMOUNT_FEN_MAX: Final = 10**15 - 1
"""Most that one line may state, in fen: below ten trillion yuan, as services.kit.wire reads it. The
product of price and quantity then fits Decimal's 28 digits."""
AMOUNT_TOLERANCE_FEN: Final = 1
"""How far a line's amount may be from unit price x quantity (national interface: 0.01 yuan)."""


def line_problems(line: FeeLine, path: str) -> list[FieldViolation]:
    """Returns what is wrong with a fee line; empty: nothing.

    Args:
        line: as received.
        path: of the line in the request, as `bill.lines[3]`.
    """
    problems: list[FieldViolation] = []
    if _LINE_ID.fullmatch(line.line_id) is None:
        problems.append(violation(f"{path}.line_id", "1 to 40 of 0-9 A-Z a-z . _ - are required"))
    if not list_type_of(line.item_code):
        problems.append(
            violation(f"{path}.item_code", "not a national drug, service item or consumable code")
        )
    if _DEPARTMENT.fullmatch(line.department_code) is None:
        text = "at most 30 of 0-9 A-Z a-z . _ - are allowed"
        problems.append(violation(f"{path}.department_code", text))
    numbers = _number_problems(line, path)
    if numbers:
        return problems + numbers
    if not amount_agrees(line):
        problems.append(
            FieldViolation(
                f"{path}.amount",
                "differs from unit price x quantity by more than 0.01 yuan",
                "LINE_AMOUNT_MISMATCH",
            )
        )
    return problems


def lines_problems(lines: Sequence[FeeLine], path: str) -> list[FieldViolation]:
    """Returns what is wrong with a bill's lines, their number and their ids included."""
    if not 0 < len(lines) <= LINES_MAX:
        return [violation(path, f"1 to {LINES_MAX} lines are required")]
    problems: list[FieldViolation] = []
    seen: set[str] = set()
    for index, line in enumerate(lines):
        if line.line_id in seen:
            problems.append(
                FieldViolation(
                    f"{path}[{index}].line_id", "another line has the same id", "LINE_ID_DUPLICATE"
                )
            )
        seen.add(line.line_id)
        problems.extend(line_problems(line, f"{path}[{index}]"))
    return problems


def check_lines(lines: Sequence[FeeLine], path: str) -> None:
    """Raises for a bill's lines that are not well formed.

    Raises:
        InvalidArgument: with every problem; its reason is that of the first one, FIELD_INVALID,
            LINE_ID_DUPLICATE or LINE_AMOUNT_MISMATCH (then with the two amounts).
    """
    problems = lines_problems(lines, path)
    if not problems:
        return
    first = problems[0]
    metadata: dict[str, str] = {}
    if first.reason == "LINE_AMOUNT_MISMATCH":
        line = lines[int(first.field.rpartition("[")[2].partition("]")[0])]
        metadata = {
            "statedFen": str(line.amount_fen),
            "computedFen": str(to_fen(line.unit_price * line.quantity)),
        }
    raise InvalidArgument(
        first.reason,
        f"{first.field}: {first.description}",
        violations=tuple(problems),
        metadata=metadata,
    )


def amount_agrees(line: FeeLine) -> bool:
    """Tells whether the stated amount is within 1 fen of unit price x quantity, rounded half up."""
    # Exact: a product beyond the bound would be off anyway, and one within it has <= 28 digits.
    return abs(to_fen(line.unit_price * line.quantity) - line.amount_fen) <= AMOUNT_TOLERANCE_FEN


def list_type_agrees(list_type_code: str, by_format: str) -> bool:
    """Tells whether an item of a kind of list may bear a code whose format is that of `by_format`.

    104 (自制剂) and 105 (民族药) have no published format; they bear codes of drugs.
    """
    if list_type_code in _SHARED_FORMATS:
        return by_format in _LISTS_WITH_DRUG_CODES
    return list_type_code == by_format


def item_problems(item: CatalogueItem, path: str) -> list[FieldViolation]:
    """Returns what is wrong with a catalogue item; empty: nothing.

    Args:
        item: as received.
        path: of the item in the request, as `items[3]`.
    """
    list_type = list_type_of(item.item_code)
    ceiling = item.price_ceiling
    ratio_ok = within(item.prior_self_pay_ratio, Decimal(1), RATIO_PLACES)
    checks = (
        ("item_code", bool(list_type), "not a national drug, service item or consumable code"),
        (
            "list_type_code",
            item.list_type_code in _LIST_TYPES,
            "101 to 105, 201 or 301 is required",
        ),
        (
            "list_type_code",
            not list_type or list_type_agrees(item.list_type_code, list_type),
            "disagrees with the format of the item code",
        ),
        ("name", 0 < len(item.name) <= NAME_CHARS_MAX, f"1 to {NAME_CHARS_MAX} characters needed"),
        (
            "charge_category_code",
            item.charge_category_code in CHARGE_CATEGORIES,
            "01 to 14 is required",
        ),
        ("catalogue_class", item.catalogue_class in CATALOGUE_CLASSES, "A, B or C is required"),
        ("prior_self_pay_ratio", ratio_ok, "0 to 1 with at most 4 places is required"),
        (
            "prior_self_pay_ratio",
            not ratio_ok or item.catalogue_class == CLASS_B or item.prior_self_pay_ratio == 0,
            "only class B has a prior self-pay ratio",
        ),
        (
            "price_ceiling",
            ceiling is None or within(ceiling, PRICE_MAX, PRICE_PLACES),
            "0 to 9999999999.999999 with at most 6 places is required",
        ),
        ("over_ceiling", item.over_ceiling in OVER_CEILING_WAYS, "self_pay or reject is required"),
        (
            "end_date",
            item.end_date is None or item.end_date >= item.begin_date,
            "before begin_date",
        ),
    )
    problems = [violation(f"{path}.{field}", text) for field, holds, text in checks if not holds]
    return problems + condition_problems(item, path)


def _number_problems(line: FeeLine, path: str) -> list[FieldViolation]:
    problems: list[FieldViolation] = []
    if not within(line.unit_price, PRICE_MAX, PRICE_PLACES):
        problems.append(
            violation(
                f"{path}.unit_price", "0 to 9999999999.999999 with at most 6 places is required"
            )
        )
    if not within(line.quantity, QUANTITY_MAX, QUANTITY_PLACES) or line.quantity == 0:
        problems.append(
            violation(
                f"{path}.quantity",
                "more than 0, up to 999999999999.9999, with at most 4 places is required",
            )
        )
    if not 0 <= line.amount_fen <= AMOUNT_FEN_MAX:
        problems.append(violation(f"{path}.amount", f"0 to {AMOUNT_FEN_MAX} fen is required"))
    return problems

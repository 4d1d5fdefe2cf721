"""Checks of what decides on an item beside its class: levels, person types, conditions, limits."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import TYPE_CHECKING, Final

from services.classification.model import (
    AGE_DAY,
    AGE_MONTH,
    AGE_UNITS,
    AGE_YEAR,
    CLASS_B,
    SETTINGS,
    USE_PERIODS,
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
from services.kit.codes import PERSON_TYPES, SCHEMES, SEX_FEMALE, SEX_MALE

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    from services.classification.model import AgeBound, CatalogueItem, PaymentRestriction
    from services.kit.errors import FieldViolation

SPECIFICATION_CHARS_MAX: Final = 100
UNIT_CHARS_MAX: Final = 20
RESTRICTION_CHARS_MAX: Final = 600
PRICE_LEVELS: Final = frozenset(f"{number:02d}" for number in range(1, 12))
"""Price levels of institutions (国家字段 lmtpric_hosp_lv): "01" to "11"."""
_AGE_MAX: Final = {AGE_YEAR: 150, AGE_MONTH: 1800, AGE_DAY: 54750}
_MONTHS: Final = {AGE_YEAR: 12, AGE_MONTH: 1}
_DAYS_MAX: Final = {AGE_YEAR: 366, AGE_MONTH: 31, AGE_DAY: 1}
_DAYS_MIN: Final = {AGE_YEAR: 365, AGE_MONTH: 28, AGE_DAY: 1}
_DEPARTMENT: Final = re.compile(r"[0-9A-Za-z._-]{1,30}")
_DIAGNOSIS: Final = re.compile(r"[A-Z][0-9]{2}(\.[0-9x]{0,3}(x[0-9]{0,3})?)?")
_PRICE: Final = "0 to 9999999999.999999 with at most 6 places is required"
_RATIO: Final = "0 to 1 with at most 4 places is required"
_QUANTITY: Final = "more than 0, up to 999999999999.9999, with at most 4 places is required"


def condition_problems(item: CatalogueItem, path: str) -> list[FieldViolation]:
    """Returns what is wrong with an item's shares, ceilings, condition and limits; empty: nothing.

    Args:
        item: as received.
        path: of the item in the request, as `items[3]`.
    """
    problems = [*_shares(item, path), *_ceilings(item, path), *_limits(item, path)]
    if item.restriction is not None:
        problems.extend(_restriction(item.restriction, f"{path}.restriction"))
    if len(item.specification) > SPECIFICATION_CHARS_MAX:
        text = f"at most {SPECIFICATION_CHARS_MAX} characters"
        problems.append(violation(f"{path}.specification", text))
    if len(item.unit) > UNIT_CHARS_MAX:
        problems.append(violation(f"{path}.unit", f"at most {UNIT_CHARS_MAX} characters"))
    return problems


def _shares(item: CatalogueItem, path: str) -> Iterator[FieldViolation]:
    if item.prior_self_pays and item.catalogue_class != CLASS_B:
        yield violation(f"{path}.prior_self_pays", "only class B has prior self-pay shares")
    person_types = [share.person_type_code for share in item.prior_self_pays]
    for index, share in enumerate(item.prior_self_pays):
        at = f"{path}.prior_self_pays[{index}]"
        if share.person_type_code not in PERSON_TYPES:
            yield violation(f"{at}.person_type_code", "a person type of two digits is required")
        elif share.person_type_code in person_types[:index]:
            yield violation(f"{at}.person_type_code", "the person type has another share")
        if not within(share.ratio, Decimal(1), RATIO_PLACES):
            yield violation(f"{at}.ratio", _RATIO)


def _ceilings(item: CatalogueItem, path: str) -> Iterator[FieldViolation]:
    levels = [ceiling.price_level_code for ceiling in item.price_ceilings]
    for index, ceiling in enumerate(item.price_ceilings):
        at = f"{path}.price_ceilings[{index}]"
        if ceiling.price_level_code not in PRICE_LEVELS:
            yield violation(f"{at}.price_level_code", "01 to 11 is required")
        elif ceiling.price_level_code in levels[:index]:
            yield violation(f"{at}.price_level_code", "the level has another ceiling")
        if not within(ceiling.price_ceiling, PRICE_MAX, PRICE_PLACES):
            yield violation(f"{at}.price_ceiling", _PRICE)


def _limits(item: CatalogueItem, path: str) -> Iterator[FieldViolation]:
    periods = [limit.period for limit in item.use_limits]
    for index, limit in enumerate(item.use_limits):
        at = f"{path}.use_limits[{index}]"
        if limit.period not in USE_PERIODS:
            yield violation(f"{at}.period", "a line, a day or the bill is required")
        elif limit.period in periods[:index]:
            yield violation(f"{at}.period", "the period has another limit")
        if limit.quantity == 0 or not within(limit.quantity, QUANTITY_MAX, QUANTITY_PLACES):
            yield violation(f"{at}.quantity", _QUANTITY)


def _restriction(found: PaymentRestriction, path: str) -> Iterator[FieldViolation]:
    if found.sex not in {"", SEX_MALE, SEX_FEMALE}:
        yield violation(f"{path}.sex", "1 or 2 is required")
    if found.setting and found.setting not in SETTINGS:
        yield violation(f"{path}.setting", "outpatient, inpatient or pharmacy is required")
    yield from _ages(found, path)
    yield from _each(
        found.price_level_codes, f"{path}.price_level_codes", PRICE_LEVELS, "01 to 11 is required"
    )
    yield from _each(
        found.scheme_codes, f"{path}.scheme_codes", SCHEMES, "a national scheme is required"
    )
    for index, code in enumerate(found.department_codes):
        if _DEPARTMENT.fullmatch(code) is None:
            text = "1 to 30 of 0-9 A-Z a-z . _ - are required"
            yield violation(f"{path}.department_codes[{index}]", text)
    for index, prefix in enumerate(found.diagnosis_prefixes):
        if _DIAGNOSIS.fullmatch(prefix) is None:
            text = "an ICD-10 code, or its beginning of three characters or more, is required"
            yield violation(f"{path}.diagnosis_prefixes[{index}]", text)
    if len(found.text) > RESTRICTION_CHARS_MAX:
        yield violation(f"{path}.text", f"at most {RESTRICTION_CHARS_MAX} characters")


def _ages(found: PaymentRestriction, path: str) -> Iterator[FieldViolation]:
    least, most = found.min_age, found.max_age
    well_formed = True
    for name, bound in (("min_age", least), ("max_age", most)):
        if bound is None:
            continue
        if bound.unit not in AGE_UNITS:
            yield violation(f"{path}.{name}.unit", "years, months or days are required")
        elif not 0 <= bound.number <= _AGE_MAX[bound.unit]:
            text = f"0 to {_AGE_MAX[bound.unit]} {bound.unit}s is required"
            yield violation(f"{path}.{name}.number", text)
        else:
            continue
        well_formed = False
    if well_formed and least is not None and most is not None and not _below(least, most):
        yield violation(f"{path}.max_age", "no age is at least min_age and below max_age")


def _below(least: AgeBound, most: AgeBound) -> bool:
    """Tells whether somebody may be of an age between; of days and months, who was born then."""
    if least.unit == most.unit:
        return least.number < most.number
    if AGE_DAY in (least.unit, most.unit):
        return least.number * _DAYS_MIN[least.unit] < most.number * _DAYS_MAX[most.unit]
    return least.number * _MONTHS[least.unit] < most.number * _MONTHS[most.unit]


def _each(
    found: Sequence[str], path: str, known: Collection[str], text: str
) -> Iterator[FieldViolation]:
    for index, code in enumerate(found):
        if code not in known:
            yield violation(f"{path}[{index}]", text)

"""Whether a line meets its item's condition of payment (限定支付), and what of it a limit leaves.

What a condition needs and the bill does not tell is not met: who states nothing of a patient's sex
is not paid for an item of one sex. Pure.
"""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Final

from services.classification.model import (
    AGE_DAY,
    AGE_MONTH,
    APPROVAL_MET,
    APPROVAL_NOT_MET,
    PERIOD_DAY,
    PERIOD_LINE,
    SETTING_INPATIENT,
    SETTING_OUTPATIENT,
    SETTING_PHARMACY,
    UNMET_AGE,
    UNMET_APPROVAL,
    UNMET_DEPARTMENT,
    UNMET_INDICATION,
    UNMET_LEVEL,
    UNMET_SCHEME,
    UNMET_SETTING,
    UNMET_SEX,
)
from services.kit import codes

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import date

    from services.classification.model import (
        AgeBound,
        ClassificationContext,
        FeeLine,
        PaymentRestriction,
        UseLimit,
    )

_MONTHS: Final = 12
_ZERO: Final = Decimal(0)


def setting_of(context: ClassificationContext) -> str:
    """Returns the setting of care; empty: not known."""
    medical_type = context.medical_type_code
    if context.pharmacy or medical_type[:2] == codes.MEDICAL_TYPE_PHARMACY:
        return SETTING_PHARMACY
    if not medical_type:
        return ""
    return SETTING_INPATIENT if codes.is_inpatient_type(medical_type) else SETTING_OUTPATIENT


def reaches(bound: AgeBound, *, born: date, on: date) -> bool:
    """Tells whether somebody has completed an age on a day: on the birthday for the first time.

    A month without the day of birth completes on the first of the next: one born on 29 February
    ages on 1 March.
    """
    if on < born:
        return False
    if bound.unit == AGE_DAY:
        return (on - born).days >= bound.number
    months = (on.year - born.year) * _MONTHS + on.month - born.month - (on.day < born.day)
    return months >= bound.number * (1 if bound.unit == AGE_MONTH else _MONTHS)


def unmet(
    restriction: PaymentRestriction, context: ClassificationContext, line: FeeLine
) -> tuple[str, ...]:
    """Returns what of a condition a line does not meet, in the order of the contract."""
    department = line.department_code or context.department_code
    levels, departments = restriction.price_level_codes, restriction.department_codes
    schemes, prefixes = restriction.scheme_codes, restriction.diagnosis_prefixes
    checks = (
        (UNMET_SEX, not restriction.sex or context.sex == restriction.sex),
        (UNMET_AGE, _of_age(restriction, context.birth_date, line.fee_date)),
        (UNMET_LEVEL, not levels or context.price_level_code in levels),
        (
            UNMET_SETTING,
            not restriction.setting or setting_of(context) == restriction.setting,
        ),
        (UNMET_DEPARTMENT, not departments or department in departments),
        (UNMET_INDICATION, not prefixes or _indicated(context.diagnosis_codes, prefixes)),
        (UNMET_SCHEME, not schemes or context.scheme_code in schemes),
        (UNMET_APPROVAL, _approved(restriction, line.restriction_approval)),
    )
    return tuple(name for name, holds in checks if not holds)


class Usage:
    """How much of each limited item was paid for so far on one bill."""

    __slots__ = ("_taken",)

    def __init__(self) -> None:
        self._taken: dict[tuple[str, date | None], Decimal] = {}

    def take(
        self, limits: Sequence[UseLimit], line: FeeLine, entry_code: str
    ) -> tuple[Decimal, Decimal]:
        """Returns how many of a line's units its limits allow, which then are used up, and beyond.

        Lines draw on a day's and the bill's limit in the order in which they are given here.
        `entry_code` is that of the entry in its catalogue: lines whose codes differ may share it.
        """
        keys = [_key(limit, line, entry_code) for limit in limits]
        left = [
            limit.quantity - self._taken.get(key, _ZERO) if key else limit.quantity
            for limit, key in zip(limits, keys, strict=True)
        ]
        # Never below zero: no line is allowed more than is left of each limit. But an item that has
        # one limit in one period of validity and a lower one in the next may have used more.
        allowed = max(_ZERO, min(line.quantity, *left))
        for key in keys:
            if key:
                self._taken[key] = self._taken.get(key, _ZERO) + allowed
        return allowed, line.quantity - allowed


def _key(limit: UseLimit, line: FeeLine, entry_code: str) -> tuple[str, date | None] | None:
    """Returns what a limit counts under; None: every line has it to itself."""
    if limit.period == PERIOD_LINE:
        return None
    return (entry_code, line.fee_date if limit.period == PERIOD_DAY else None)


def _of_age(restriction: PaymentRestriction, born: date | None, on: date) -> bool:
    least, most = restriction.min_age, restriction.max_age
    if least is None and most is None:
        return True
    if born is None:
        return False
    if least is not None and not reaches(least, born=born, on=on):
        return False
    return most is None or not reaches(most, born=born, on=on)


def _indicated(diagnoses: Iterable[str], prefixes: tuple[str, ...]) -> bool:
    # Of a dagger and asterisk pair each half is a diagnosis: A17.000+G01*.
    return any(half.startswith(prefixes) for code in diagnoses for half in code.split("+"))


def _approved(restriction: PaymentRestriction, approval: str) -> bool:
    if approval == APPROVAL_NOT_MET:
        return False
    return approval == APPROVAL_MET or not restriction.requires_approval

"""The columns that a snapshot is made of."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from array import array
    from collections.abc import Sequence
    from decimal import Decimal

    from services.classification.model import PaymentRestriction, PriorSelfPay, UseLimit

EPOCH: Final = date(1970, 1, 1).toordinal()
"""Days are counted from 1970-01-01."""
OPEN_END: Final = 2**31 - 1
"""The last day of an entry without end."""
NO_CEILING: Final = -1
MICRO: Final = 1_000_000
"""Ceilings are whole millionths of a yuan."""
BLOCK: Final = 64
"""Entries per block; the codes at which blocks begin are searched first."""


@dataclass(frozen=True, slots=True)
class Terms:
    """What decides on an entry but its code, period and ceilings; shared by many entries.

    The fields are those of CatalogueItem. The words of a restriction are not kept.
    """

    list_type_code: str
    charge_category_code: str
    catalogue_class: str
    prior_self_pay_ratio: Decimal
    over_ceiling: str
    sample: bool
    prior_self_pays: tuple[PriorSelfPay, ...] = ()
    restriction: PaymentRestriction | None = None
    use_limits: tuple[UseLimit, ...] = ()

    @property
    def conditional(self) -> bool:
        """Tells whether a bill's context can change how much of a line is paid for."""
        return self.restriction is not None or bool(self.use_limits)


Levels = tuple[tuple[int, int], ...]
"""Ceilings by price level: (number of the level, millionths of a yuan)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Columns:
    """The entries of a snapshot, column by column; all of one length unless said otherwise."""

    codes: bytes
    """A line feed, then every item code ended by one; ASCII."""
    begin_days: array[int]
    end_days: array[int]
    term_indexes: array[int]
    """Which of the terms applies."""
    ceilings: array[int]
    """Millionths of a yuan, NO_CEILING: none."""
    terms: Sequence[Terms]
    level_starts: array[int]
    """One longer: where the entry's ceilings by level begin in the two below."""
    level_numbers: array[int]
    level_ceilings: array[int]
    first_day: int | None
    """Earliest begin day; None: there are no entries."""
    block_codes: Sequence[bytes]
    """The first code of every block."""
    block_offsets: array[int]
    """Where it begins in `codes`."""


def date_of(day: int) -> date:
    """Returns the civil date of a day since 1970-01-01."""
    return date.fromordinal(EPOCH + day)


def day_of(day: date) -> int:
    """Returns the days since 1970-01-01 of a civil date."""
    return day.toordinal() - EPOCH

"""The twelve kinds of violation that are injected, in words of the field."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Final
from uuid import UUID


class Kind(Enum):
    """What is wrong with a bill."""

    SEX = "限性别"
    """An item or drug for the other sex."""
    AGE = "限儿童"
    """A drug for children, given to an adult."""
    LEVEL = "限医疗机构级别"
    """A drug of the second level and above, at an institution of the first."""
    SETTING = "限就医方式"
    """A drug for stays only, at an outpatient visit."""
    DUPLICATE_CHARGE = "重复收费"
    """An item beside one that includes it, on one day."""
    FREQUENCY = "超限定频次"
    """What is charged once a day, charged twice."""
    STAY_DAYS = "超住院天数计费"
    """More days of a bed than the stay has."""
    OVERLAPPING_STAY = "跨机构重叠住院"
    """Two stays at once, in two provinces."""
    SPLIT_STAY = "分解住院"
    """Admitted again within days, for the same disease, by the same institution."""
    DUPLICATE_INVOICE = "发票重复"
    """An invoice that was claimed before."""
    SHARED_PHONE = "共用联系电话"
    """One telephone of many people with high sums."""
    PRICE_OUTLIER = "价格离群"
    """An item at three times what others take."""


HARD: Final = frozenset(Kind) - {Kind.SPLIT_STAY, Kind.SHARED_PHONE, Kind.PRICE_OUTLIER}
"""Kinds that the bills alone prove; the others are grounds to look."""
MINED: Final = frozenset({Kind.SHARED_PHONE, Kind.PRICE_OUTLIER})
"""Kinds that only other people's bills show."""


@dataclass(frozen=True, slots=True)
class Label:
    """Says what was injected into a bill."""

    kind: Kind
    line_ids: frozenset[str] = frozenset()
    """Lines at fault; empty: the bill as a whole."""
    other_ids: tuple[UUID, ...] = ()
    """Bills that it takes to see it."""

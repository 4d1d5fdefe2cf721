"""Who falls ill and where they are treated: synthetic, with numbers whose check digits hold."""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final
from uuid import UUID

CARE_AREAS: Final = ("110105", "310104", "330106", "420106", "440106", "510107")
INSURED_AREAS: Final = ("640104", "340104", "410105", "360102", "620102", "230103")
LEVELS: Final = ("01", "05", "10")
"""三级甲等, 二级甲等, 一级甲等."""

_WEIGHTS: Final = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_CHECKS: Final = "10X98765432"
_CHILD_OF_100: Final = 12
_FILED_OF_100: Final = 85
_OLDEST: Final = date(1940, 1, 1)
_ADULT_UNTIL: Final = date(1995, 12, 31)
_CHILD_SINCE: Final = date(2014, 1, 1)
_CHILD_UNTIL: Final = date(2021, 12, 31)


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """An insured person."""

    person_id: UUID
    id_number: str
    """GB 11643, with its check digit; never leaves the generator."""
    is_female: bool
    birth_date: date
    insured_region_code: str
    scheme_code: str
    phone: str
    is_filed: bool
    """A filing for where they are treated counts."""

    @property
    def is_child(self) -> bool:
        """Tells whether the person is a child throughout the year."""
        return self.birth_date >= _CHILD_SINCE


@dataclass(frozen=True, slots=True, kw_only=True)
class Institution:
    """A designated institution."""

    code: str
    region_code: str
    level_code: str
    price_percent: int
    """What it takes, of the usual price."""

    @property
    def is_first_level(self) -> bool:
        """Tells whether it is of the first level (一级)."""
        return self.level_code == "10"


def draw_institutions(chance: random.Random, *, areas: int, of_level: int) -> list[Institution]:
    """Draws institutions of each level in each care area."""
    return [
        Institution(
            code=f"H{area}{1000 * (place + 1) + number:05d}",
            region_code=area,
            level_code=level,
            price_percent=chance.randrange(96, 105),
        )
        for area in CARE_AREAS[:areas]
        for place, level in enumerate(LEVELS)
        for number in range(of_level)
    ]


def check_digit(first17: str) -> str:
    """Returns the last character of an identity number (GB 11643, ISO 7064 MOD 11-2)."""
    return _CHECKS[sum(int(d) * w for d, w in zip(first17, _WEIGHTS, strict=True)) % 11]


def draw_person(chance: random.Random, number: int) -> Person:
    """Draws the number-th insured person; no two have one telephone."""
    is_child = chance.randrange(100) < _CHILD_OF_100
    first, last = (_CHILD_SINCE, _CHILD_UNTIL) if is_child else (_OLDEST, _ADULT_UNTIL)
    born = first + timedelta(days=chance.randrange((last - first).days))
    is_female = bool(chance.randrange(2))
    area = chance.choice(INSURED_AREAS)
    # The running number of the day: its last digit says the sex.
    order = number * 2 % 1000 + (0 if is_female else 1)
    first17 = f"{area}{born:%Y%m%d}{order % 1000:03d}"
    return Person(
        person_id=UUID(int=chance.getrandbits(128), version=4),
        id_number=first17 + check_digit(first17),
        is_female=is_female,
        birth_date=born,
        insured_region_code=f"{area[:4]}00",
        scheme_code="390" if is_child else chance.choice(("310", "310", "390")),
        phone=f"1{chance.choice('35789')}{number:09d}",
        is_filed=chance.randrange(100) < _FILED_OF_100,
    )

"""Synthetic hospitals and pharmacies."""

from __future__ import annotations

import random
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from services.cli.loading.institutions import COLUMNS
from services.cli.sample.areas import County

_FIRST_NUMBER: Final = 90_001
_PHARMACY_EVERY: Final = 5
_LEVELS: Final = (
    ["02"] * 4 + ["03"] * 4 + ["05"] * 12 + ["06"] * 12 + ["08"] * 20 + ["09"] * 20 + ["11"] * 28
)
_CHRONIC: Final = ("M03900", "M01600", "M00500", "M07800", "M08300")
_TERTIARY: Final = "04"


def write(path: Path, counties: Sequence[County], count: int, drawn: random.Random) -> list[str]:
    """Writes institutions; returns the codes of the hospitals."""
    hospitals = []
    with path.open("w", encoding="utf-8", newline="\n") as out:
        out.write(",".join(column.name for column in COLUMNS) + "\n")
        for number in range(count):
            county = counties[number % len(counties)]
            serial = number // len(counties)
            pharmacy = number % _PHARMACY_EVERY == _PHARMACY_EVERY - 1
            code = f"{'P' if pharmacy else 'H'}{county.code}{_FIRST_NUMBER + serial}"
            if pharmacy:
                level, openings = "11", "41:2022-01-01"
            else:
                hospitals.append(code)
                level = _LEVELS[drawn.randrange(len(_LEVELS))]
                openings = _openings(level, drawn)
            kind = "大药房" if pharmacy else "医院"
            name = f"{county.name}示例第{serial + 1}{kind}"
            out.write(
                f"{code},{name},{county.code},{level},{openings},,,{2 if pharmacy else 1},"
                f"2020-01-01,,{county.name}示例路{serial + 1}号,\n"
            )
    return hospitals


def _openings(level: str, drawn: random.Random) -> str:
    found = ["11:2022-01-01", "13:2022-01-01"]
    if level <= "09":
        found.append("21:2018-01-01")
    if level <= _TERTIARY:
        found.append("14:2022-09-01")
    elif level <= "09":
        found += [f"14/{code}:2024-01-01" for code in drawn.sample(_CHRONIC, 2)]
    return ";".join(found)

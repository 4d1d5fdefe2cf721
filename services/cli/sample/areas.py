"""Counties of a province, and places elsewhere that its people go to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from services.kit import codes

_CITY_DISTRICTS: Final = "市辖区"
_ELSEWHERE: Final = (
    "110000",
    "120000",
    "310000",
    "320100",
    "330100",
    "440100",
    "500000",
    "510100",
    "610100",
)
_HUNDRED: Final = 100


@dataclass(frozen=True, slots=True)
class County:
    """A county or district."""

    code: str
    name: str
    pooling_area_code: str
    """Whose fund insures its people."""


def counties_of(province: str) -> list[County]:
    """Returns the counties of a province by code; the province itself where the list has none."""
    found = []
    for number in range(_HUNDRED * _HUNDRED):
        code = f"{province[:2]}{number:04d}"
        if code.endswith(("00", "99")):
            continue
        name = codes.area_name(code)
        if name and name != _CITY_DISTRICTS:
            found.append(County(code, name, codes.pooling_area_of(code)))
    return found or [County(province, codes.area_name(province), province)]


def elsewhere(province: str) -> list[str]:
    """Returns where people of a province are filed for: in other provinces."""
    return [code for code in _ELSEWHERE if code[:2] != province[:2]]

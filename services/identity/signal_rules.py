"""Reads signals.yaml; refuses what it does not know, with the key at fault."""

from __future__ import annotations

import math
from decimal import Decimal, InvalidOperation
from itertools import permutations
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple, NoReturn

import yaml

from services.identity.domain.signals import SignalRules
from services.kit import codes

if TYPE_CHECKING:
    from collections.abc import Mapping

RULES_FILE: Final = Path(__file__).with_name("signals.yaml")
_THRESHOLDS: Final = frozenset({"speed_kmh_max", "distance_km_min", "institutions_min"})


EARTH_RADIUS_KM: Final = 6371
"""Mean radius (IUGG R1, rounded): enough for distances between cities."""


class Seat(NamedTuple):
    """Where a province's seat of government lies, in degrees: an approximation of the place."""

    latitude: float
    longitude: float


class SignalRulesRefused(Exception):
    """The file is not what this version knows; the process does not start."""


def load_signal_rules(path: Path = RULES_FILE) -> SignalRules:
    """Returns the rules of a file.

    Raises:
        SignalRulesRefused: names the key at fault.
    """
    try:
        # BaseLoader: every scalar is text, no value is guessed at.
        root = yaml.load(path.read_text(encoding="utf-8"), Loader=yaml.BaseLoader)  # noqa: S506
    except (yaml.YAMLError, UnicodeDecodeError):
        _refuse("the file", "cannot be read as YAML")
    top = _mapping(root, "the file", {"thresholds", "seats"})
    thresholds = _mapping(top["thresholds"], "thresholds", _THRESHOLDS)
    seats = _mapping(top["seats"], "seats", {"basis", "places"})
    _text(seats["basis"], "seats.basis")
    places = _mapping(seats["places"], "seats.places", set(codes.PROVINCES))
    found = {
        province: _seat(place, f"seats.places.{province}") for province, place in places.items()
    }
    return SignalRules(
        speed_kmh_max=_threshold(thresholds, "speed_kmh_max"),
        distance_km_min=_threshold(thresholds, "distance_km_min"),
        institutions_min=_threshold(thresholds, "institutions_min"),
        distances_km={
            (one, other): round(distance_km(found[one], found[other]))
            for one, other in permutations(found, 2)
        },
    )


def distance_km(one: Seat, other: Seat) -> float:
    """Returns the great-circle distance of two places (haversine)."""
    low, high = math.radians(one.latitude), math.radians(other.latitude)
    across = math.radians(other.longitude - one.longitude)
    half = (
        math.sin((high - low) / 2) ** 2 + math.cos(low) * math.cos(high) * math.sin(across / 2) ** 2
    )
    return 2 * EARTH_RADIUS_KM * math.asin(math.sqrt(half))


def _threshold(thresholds: Mapping[str, object], name: str) -> int:
    at = f"thresholds.{name}"
    parts = _mapping(thresholds[name], at, {"value", "basis"})
    _text(parts["basis"], f"{at}.basis")
    value = _text(parts["value"], f"{at}.value")
    if not (value.isascii() and value.isdigit() and int(value) > 0):
        _refuse(f"{at}.value", "not a whole number above zero")
    return int(value)


def _seat(place: object, at: str) -> Seat:
    if not isinstance(place, list) or len(place) != len(("latitude", "longitude")):
        _refuse(at, "not latitude and longitude")
    return Seat(
        latitude=_degrees(place[0], at, highest=90), longitude=_degrees(place[1], at, highest=180)
    )


def _degrees(text: object, at: str, *, highest: int) -> float:
    try:
        value = Decimal(_text(text, at))
    except InvalidOperation:
        _refuse(at, "not degrees")
    if not (value.is_finite() and abs(value) <= highest):
        _refuse(at, "not degrees")
    return float(value)


def _mapping(node: object, at: str, keys: set[str] | frozenset[str]) -> dict[str, object]:
    if not isinstance(node, dict):
        _refuse(at, "not a mapping")
    for key in sorted(keys ^ node.keys()):
        _refuse(f"{at}: {key}", "missing" if key in keys else "not known")
    return node


def _text(node: object, at: str) -> str:
    if not isinstance(node, str) or not node.strip():
        _refuse(at, "not a text")
    return node


def _refuse(at: str, what: str) -> NoReturn:
    msg = f"signals.yaml: {at}: {what}"
    raise SignalRulesRefused(msg)

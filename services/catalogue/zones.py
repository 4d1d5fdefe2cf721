"""Reads the zones of mutual recognition from their file, strictly: all faults, with their lines."""

from __future__ import annotations

import re
from datetime import date
from functools import cache
from importlib import resources
from itertools import combinations
from typing import TYPE_CHECKING, Final

from services.catalogue.datafile import DataError
from services.catalogue.domain.periods import overlap
from services.catalogue.domain.zones import Zone
from services.kit.codes import PROVINCES
from services.kit.strict_yaml import Unclear, find_line, read_tree

if TYPE_CHECKING:
    from collections.abc import Iterator

FILE: Final = "zones.yaml"
_KEYS: Final = (
    "zone_id",
    "name_zh",
    "province_codes",
    "list_type_codes",
    "begin_date",
    "end_date",
    "applied",
    "sample",
    "basis",
)
_ZONE_ID: Final = re.compile(r"[a-z][a-z0-9-]{2,39}")
_LIST_TYPES: Final = frozenset(("101", "102", "103", "104", "105", "201", "301"))
_MEMBERS_MIN: Final = 2
_DATE: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


@cache
def shipped_zones() -> tuple[Zone, ...]:
    """Returns the zones that ship with Yijie, by zone id.

    Raises:
        DataError: the file is wrong; the message names every place and what would be right.
    """
    text = resources.files("services.catalogue").joinpath(FILE).read_text(encoding="utf-8")
    return read_zones(text)


def read_zones(text: str) -> tuple[Zone, ...]:
    """Returns the zones of a file, by zone id.

    Raises:
        DataError: as shipped_zones.
    """
    try:
        tree = read_tree(text)
    except Unclear as error:
        raise DataError(f"{FILE}:{error.line}: {error.problem}; {error.right}") from error
    problems = list(_problems(tree))
    if problems:
        raise DataError(
            "\n".join(
                f"{FILE}:{find_line(text, path)}: {path or 'the file'}: {problem}"
                for path, problem in problems
            )
        )
    assert isinstance(tree, dict)  # noqa: S101 - or there were problems
    zones = sorted(map(_zone, tree["zones"]), key=lambda zone: zone.zone_id)
    for one, other in combinations(zones, 2):
        if _contradict(one, other):
            raise DataError(
                f"{FILE}: {one.zone_id} and {other.zone_id} are both applied to the same provinces,"
                " list and dates; end one the day before the other begins"
            )
    return tuple(zones)


def _problems(tree: object) -> Iterator[tuple[str, str]]:
    if not isinstance(tree, dict) or set(tree) != {"zones"} or not isinstance(tree["zones"], list):
        yield "", "one key, zones, with a list is expected"
        return
    seen: set[object] = set()
    for index, entry in enumerate(tree["zones"]):
        path = f"zones[{index}]"
        if not isinstance(entry, dict) or set(entry) != set(_KEYS):
            yield path, f"exactly these keys are expected: {', '.join(_KEYS)}"
            continue
        if entry["zone_id"] in seen:
            yield f"{path}.zone_id", "another zone has it; give each its own"
        seen.add(str(entry["zone_id"]))
        yield from _zone_problems(entry, path)


def _zone_problems(entry: dict[str, object], path: str) -> Iterator[tuple[str, str]]:
    zone_id = entry["zone_id"]
    if not isinstance(zone_id, str) or _ZONE_ID.fullmatch(zone_id) is None:
        yield f"{path}.zone_id", "3 to 40 of a-z 0-9 - are required"
    for key in ("name_zh", "basis"):
        if not isinstance(entry[key], str) or not entry[key]:
            yield f"{path}.{key}", "a text is required"
    for key in ("applied", "sample"):
        if not isinstance(entry[key], bool):
            yield f"{path}.{key}", "true or false is required"
    if entry["applied"] is True and entry["sample"] is True:
        yield f"{path}.applied", "a sample moves no money; name its document and set sample: false"
    yield from _code_problems(entry, path)
    yield from _date_problems(entry, path)


def _code_problems(entry: dict[str, object], path: str) -> Iterator[tuple[str, str]]:
    for key, known, least in (
        ("province_codes", frozenset(PROVINCES), _MEMBERS_MIN),
        ("list_type_codes", _LIST_TYPES, 1),
    ):
        codes = entry[key]
        if not isinstance(codes, list) or len(set(map(str, codes))) < max(len(codes), least):
            yield f"{path}.{key}", f"a list of at least {least}, each once, is required"
        elif any(not isinstance(code, str) or code not in known for code in codes):
            yield f"{path}.{key}", 'known codes in quotes, as "310000" or "101", are required'


def _date_problems(entry: dict[str, object], path: str) -> Iterator[tuple[str, str]]:
    begin, end = _day(entry["begin_date"]), _day(entry["end_date"])
    if begin is None:
        yield f"{path}.begin_date", 'a date in quotes, as "2026-01-01", is required'
    if end is None and entry["end_date"] is not None:
        yield f"{path}.end_date", 'a date in quotes, as "2026-12-31", or null is required'
    if begin is not None and end is not None and end < begin:
        yield f"{path}.end_date", "before begin_date"


def _day(value: object) -> date | None:
    if not isinstance(value, str) or _DATE.fullmatch(value) is None:
        return None
    try:
        return date.fromisoformat(value)
    except ValueError:
        return None


def _zone(entry: dict[str, object]) -> Zone:
    begin = _day(entry["begin_date"])
    assert begin is not None  # noqa: S101 - checked before
    provinces, list_types = entry["province_codes"], entry["list_type_codes"]
    assert isinstance(provinces, list) and isinstance(list_types, list)  # noqa: S101, PT018 - same
    return Zone(
        zone_id=str(entry["zone_id"]),
        name_zh=str(entry["name_zh"]),
        province_codes=tuple(sorted(provinces)),
        list_type_codes=tuple(sorted(list_types)),
        begin_date=begin,
        end_date=_day(entry["end_date"]),
        applied=entry["applied"] is True,
        sample=entry["sample"] is True,
        basis=str(entry["basis"]),
    )


def _contradict(one: Zone, other: Zone) -> bool:
    """Tells whether two applied zones would both decide on a line of the same two provinces."""
    return (
        one.applied
        and other.applied
        and len(set(one.province_codes) & set(other.province_codes)) >= _MEMBERS_MIN
        and bool(set(one.list_type_codes) & set(other.list_type_codes))
        and overlap((one.begin_date, one.end_date), (other.begin_date, other.end_date))
    )

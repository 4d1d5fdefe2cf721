"""What the year takes from publications: codes, and the published tables, read here by themselves.

The tables are the national bureau's, as they lie in the repository; nothing of supervision's code
is used to read them. Where the word in a table leaves room (a note beside it, a window of hours),
the row is left alone: what is injected must be a violation to whoever reads the table.
"""

from __future__ import annotations

import csv
import functools
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

_SERVICES: Final = Path(__file__).resolve().parents[2]
_TABLES: Final = _SERVICES / "supervision" / "rules"
_CODES: Final = _SERVICES / "catalogue" / "reference"

_ORDINARY: Final = ("002502", "002503", "002504", "002505")
"""Laboratory: charged with visits and stays alike, on anybody."""
_OPERATIONS: Final = "0033"
_ROOM: Final = ("门诊", "急诊", "抢救", "门急诊")
"""Words in a note that make a limit on stays less than one."""


@dataclass(frozen=True, slots=True)
class Coded:
    """A code with its published name."""

    code: str
    name: str


BED: Final = Coded("001109000010300", "普通病房床位费(三人间)")
"""Charged by the day."""
WARD_ROUND: Final = Coded("001102000050000", "住院诊查费")
"""Once a day."""
NURSING: Final = Coded("001201000040000", "Ⅱ级护理")
"""Once a day."""
INFUSION: Final = Coded("001204000060000", "静脉输液")
VISIT: Final = Coded("001102000010000", "普通门诊诊查费")


@dataclass(frozen=True, slots=True)
class Pair:
    """A main item and one that it includes."""

    main: Coded
    included: Coded


@dataclass(frozen=True, slots=True)
class Facts:
    """What can be charged, rightly and wrongly."""

    plain_items: tuple[Coded, ...]
    """Laboratory items that no table names."""
    of_women: tuple[Coded, ...]
    """Items and drugs for one sex."""
    of_men: tuple[Coded, ...]
    of_children: tuple[Coded, ...]
    """Drugs paid for children only."""
    of_stays: tuple[Coded, ...]
    """Drugs paid in a stay only."""
    of_level_two: tuple[Coded, ...]
    """Drugs paid at institutions of the second and third level only."""
    same_day: tuple[Pair, ...]
    """Charges that exclude each other on one day."""


@functools.cache
def facts() -> Facts:
    """Reads the tables and codes that come with the package."""
    named = _named()
    sexed = [*_rows("item_sex"), *_rows("drug_sex")]
    aged = {_code(row) for row in [*_rows("item_age"), *_rows("drug_age")]}
    sex_of: dict[str, set[str]] = {}
    for row in sexed:
        sex_of.setdefault(_code(row), set()).add(row["value"])
    alone = {code for code in sex_of if _tables_of(code) == 1}
    return Facts(
        plain_items=tuple(
            one
            for one in _codes("service_items")
            if one.code not in named and one.code.startswith(_ORDINARY)
        ),
        of_women=tuple(_coded(row) for row in sexed if _is_only(row, "女", alone)),
        of_men=tuple(_coded(row) for row in sexed if _is_only(row, "男", alone)),
        of_children=tuple(
            _coded(row)
            for row in _rows("drug_age")
            if row["value"] == "儿童" and _tables_of(_code(row)) == 1
        ),
        of_stays=tuple(
            _coded(row)
            for row in _rows("drug_setting")
            if row["value"] == "住院"
            and not any(word in row["note"] for word in _ROOM)
            and _tables_of(_code(row)) == 1
        ),
        of_level_two=tuple(
            _coded(row)
            for row in _rows("drug_level")
            if row["value"] == "二级"
            and row["note"].rstrip("。") == "限二级及以上医疗机构"
            and _tables_of(_code(row)) == 1
        ),
        same_day=tuple(
            Pair(
                Coded(row["main_code"], row["main_name"]),
                Coded(row["included_code"], row["included_name"]),
            )
            for row in _rows("item_duplicate")
            if row["window"] == "单日"
            and not {row["main_code"], row["included_code"]} & (aged | set(sex_of) | _hourly())
        ),
    )


@functools.cache
def diagnoses() -> tuple[Coded, ...]:
    """Returns diagnoses that anybody can have at any age and that call for a stay or a visit."""
    wanted = ("I10", "I25", "J18", "J44", "K29", "K80", "M51", "N20", "E11", "I63")
    return tuple(
        one
        for one in _codes("icd10_diagnoses")
        if one.code[:3] in wanted and not set(one.code) & set("+*")
    )


def _named() -> frozenset[str]:
    codes = set()
    for path in sorted(_TABLES.glob("*.csv")):
        for row in _rows(path.stem):
            codes.update(_codes_of(row))
    return frozenset(codes)


@functools.cache
def _counts() -> Counter[str]:
    counts: Counter[str] = Counter()
    for path in sorted(_TABLES.glob("*.csv")):
        counts.update({code for row in _rows(path.stem) for code in _codes_of(row)})
    return counts


def _codes_of(row: dict[str, str]) -> list[str]:
    return [value for name, value in row.items() if name.endswith("_code")]


def _tables_of(code: str) -> int:
    """Returns how many tables name a code; where several do, one limit would hide another."""
    return _counts()[code]


def _hourly() -> set[str]:
    return {_code(row) for row in _rows("item_frequency")}


def _is_only(row: dict[str, str], value: str, alone: set[str]) -> bool:
    code = _code(row)
    # An operation would have to be coded on the bill, too.
    return row["value"] == value and code in alone and not code.startswith(_OPERATIONS)


def _code(row: dict[str, str]) -> str:
    return row.get("drug_code") or row["item_code"]


def _coded(row: dict[str, str]) -> Coded:
    return Coded(_code(row), row.get("generic_name") or row["item_name"])


def _codes(name: str) -> Iterator[Coded]:
    with (_CODES / f"{name}.csv").open(encoding="utf-8", newline="") as stream:
        for row in csv.reader(stream):
            if row[0] != "code":
                yield Coded(row[0], row[1])


@functools.cache
def _rows(name: str) -> tuple[dict[str, str], ...]:
    path = _TABLES / f"{name}.csv"
    if not path.is_file():
        return ()
    with path.open(encoding="utf-8", newline="") as stream:
        return tuple(csv.DictReader(stream))

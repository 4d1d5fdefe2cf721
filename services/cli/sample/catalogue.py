"""A synthetic catalogue of any size, and mappings of a region and some of its hospitals.

Entries are the published codes that ship with Yijie; when more are asked for, further ones get
well-formed codes that were never given out. Classes, shares, ceilings and conditions are made up,
and every entry is marked as a sample.
"""

from __future__ import annotations

import csv
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from services.catalogue.sample import regions, sample_items
from services.cli.loading.catalogue import COLUMNS
from services.cli.loading.mapping import COLUMNS as MAPPING_COLUMNS
from services.kit import codes

_BEGIN: Final = "2025-01-01"
_RATIOS: Final = ("0.05", "0.10", "0.20", "0.30")
_MAPPED: Final = 3000
"""Entries that the region maps."""
_MAPPED_HERE: Final = 400
"""Entries that a hospital maps."""
_HOSPITALS: Final = 3
_UNMAPPED_EVERY: Final = 12
_DIGITS: Final = 9
_CHARGE: Final = {"101": "09", "102": "11", "103": "10", "301": "08"}
# Of every twenty further entries: western drugs, Chinese patent drugs, consumables, herbs.
_FURTHER: Final = ("101",) * 10 + ("102",) * 5 + ("301",) * 4 + ("103",)


@dataclass(frozen=True, slots=True)
class _Known:
    code: str
    name: str
    list_type: str
    category: str


def write(
    folder: Path, region: str, count: int, hospitals: Sequence[str], drawn: random.Random
) -> list[str]:
    """Writes a catalogue and mappings; returns the arguments that load the mappings."""
    mapped: list[_Known] = []
    with (folder / "catalogue.csv").open("w", encoding="utf-8", newline="") as file:
        out = csv.writer(file, lineterminator="\n")
        out.writerow(column.name for column in COLUMNS)
        every = max(1, count // _MAPPED)
        for place, known in enumerate(_entries(region, count)):
            out.writerow(_row(known, drawn))
            if place % every == 0:
                mapped.append(known)
    return _write_mappings(folder, region, mapped, hospitals[:_HOSPITALS], drawn)


def _entries(region: str, count: int) -> Iterator[_Known]:
    source = region if region in regions() else regions()[0]
    published = {
        item.item_code: _Known(
            item.item_code, item.name, item.list_type_code, item.charge_category_code
        )
        for item in sample_items(source)
    }
    # Spread over the kinds of list, whatever is left out.
    every = max(1, len(published) // max(1, count))
    chosen = list(published.values())[::every][:count]
    yield from chosen
    bases = {
        list_type: [known for known in published.values() if known.list_type == list_type]
        for list_type in ("101", "102")
    }
    for number in range(count - len(chosen)):
        yield _further(number, bases)


def _further(number: int, bases: dict[str, list[_Known]]) -> _Known:
    list_type = _FURTHER[number % len(_FURTHER)]
    base = bases.get(list_type)
    if base:
        known = base[number % len(base)]
        # The last nine digits name the package and the maker; those from 900000000 are nobody's.
        code = f"{known.code[:-_DIGITS]}{900_000_000 + number:09d}"
        name = f"{known.name}（示例{number}）"
    elif list_type == "301":
        code, name = f"C{9 * 10**18 + number:019d}", f"示例耗材{number}"
    else:
        code, name = f"T{900_000_000 + number:09d}", f"示例饮片{number}"
    return _Known(code, name, list_type, _CHARGE[list_type])


def _row(known: _Known, drawn: random.Random) -> list[str]:
    row = dict.fromkeys((column.name for column in COLUMNS), "")
    item_class = drawn.choices("ABC", (25, 60, 15))[0]
    row |= {
        "item_code": known.code,
        "name": known.name,
        "list_type_code": known.list_type,
        "charge_category_code": known.category,
        "catalogue_class": item_class,
        "begin_date": _BEGIN,
        "sample": "1",
    }
    if item_class == "B":
        row["prior_self_pay_ratio"] = drawn.choice(_RATIOS)
        if drawn.random() < 0.05:  # noqa: PLR2004 - a share of a synthetic catalogue, as below
            row["prior_self_pay_by_person_type"] = "12:0.05"
    draw = drawn.random()
    if known.list_type == "301" or draw < 0.1:  # noqa: PLR2004
        price = f"{drawn.randint(500, 500_000) / 100:.2f}"
        row |= {"price_ceiling_yuan": price, "over_ceiling": "self_pay"}
        if draw > 0.5:  # noqa: PLR2004
            row["price_ceiling_by_level"] = (
                f"05:{float(price) * 0.9:.2f};08:{float(price) * 0.8:.2f}"
            )
    if item_class != "C":
        row |= _condition(drawn.random())
    if codes.is_drug_code(known.code):
        row |= {"specification": f"{drawn.choice((5, 10, 25, 50))}mg*12", "unit": "盒"}
    return list(row.values())


def _condition(draw: float) -> dict[str, str]:
    """Returns the condition of payment that a draw gives; most entries have none."""
    shares: tuple[tuple[float, dict[str, str]], ...] = (
        (0.01, {"restricted_setting": "inpatient", "restriction_text": "限住院（示例）"}),
        (0.015, {"restricted_max_age": "14y", "restriction_text": "限14岁以下儿童（示例）"}),
        (0.02, {"restricted_sex": "2", "restriction_text": "限女性（示例）"}),
        (0.025, {"restricted_levels": "01;02;03", "restriction_text": "限三级机构（示例）"}),
        (0.03, {"restricted_diagnoses": "I10;I11", "restriction_text": "限高血压（示例）"}),
        (0.04, {"requires_approval": "1", "restriction_text": "限二线用药（示例）"}),
        (0.05, {"use_limits": "14/bill"}),
    )
    return next((condition for bound, condition in shares if draw < bound), {})


def _write_mappings(
    folder: Path,
    region: str,
    mapped: Sequence[_Known],
    hospitals: Sequence[str],
    drawn: random.Random,
) -> list[str]:
    arguments = [f"mapping-{region}.csv --owner {region}"]
    rows = [_mapping(f"R{n:06d}", known, known.code, drawn) for n, known in enumerate(mapped)]
    _write_rows(folder / f"mapping-{region}.csv", rows)
    for place, hospital in enumerate(hospitals):
        # The last one uses national codes itself.
        replaces = place == _HOSPITALS - 1
        rows = []
        every = max(1, len(mapped) // _MAPPED_HERE)
        for n in range(0, len(mapped), every)[:_MAPPED_HERE]:
            known = mapped[n]
            target = known.code if replaces else f"R{n:06d}"
            if n // every % _UNMAPPED_EVERY == _UNMAPPED_EVERY - 1:
                target = ""
            source = known.code if replaces else f"Y{n:05d}"
            rows.append(_mapping(source, known, target, drawn, hospital=True))
        _write_rows(folder / f"mapping-{hospital}.csv", rows)
        mode = "full-replacement" if replaces else "three-stage"
        arguments.append(f"mapping-{hospital}.csv --owner {hospital} --mode {mode}")
    return arguments


def _mapping(
    source: str, known: _Known, target: str, drawn: random.Random, *, hospital: bool = False
) -> list[str]:
    row = dict.fromkeys((column.name for column in MAPPING_COLUMNS), "")
    row |= {
        "source_code": source,
        "source_name": known.name,
        "list_type_code": known.list_type,
        "begin_date": _BEGIN,
        "target_code": target,
    }
    if hospital:
        row["unit_price_yuan"] = f"{drawn.randint(100, 20_000) / 100:.2f}"
        row["period_amount_yuan"] = f"{drawn.randint(10_000, 90_000_000) / 100:.2f}"
    return list(row.values())


def _write_rows(path: Path, rows: Sequence[Sequence[str]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        out = csv.writer(file, lineterminator="\n")
        out.writerow(column.name for column in MAPPING_COLUMNS)
        out.writerows(rows)

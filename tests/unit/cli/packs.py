"""Builds packs of policies for the tests, from the skeleton that `yijie policy new` writes."""

from __future__ import annotations

from datetime import date
from pathlib import Path

from services.benefits.domain.schema import SPEC_BY_PATH, Unit
from services.benefits.policies import read_files
from services.cli.policy.new import new
from services.cli.policy.placeholders import MARK, find_placeholders

REGION = "411300"
START = date(2026, 1, 1)

_TEXTS = {
    "name_en": "Nanyang",
    "title": "南阳市基本医疗保险办法",
    "number": "宛政〔2025〕9号",
    "issued_by": "南阳市人民政府",
    "published": "2025-11-20",
    "href": "https://example.org/9",
    "status": "secondary",
    "verified_on": "2026-06-30",
    "name": "An ordinary stay",
    "source": "computed from the values above",
    "arithmetic": "(20000 - 500) x 0.80 = 15600.00",
}
_AMOUNTS = {
    "deductible.amount": "500.00",
    "pooled_cap.amount": "200000.00",
    "large_amount.cap": "unlimited",
    "critical_illness.threshold": "10000.00",
    "critical_illness.cap": "unlimited",
}
_EXPECTED = {
    "deductible": "500.00",
    "310100": "15600.00",
    "fund_total": "15600.00",
    "cash": "4400.00",
}


def write_pack(parent: Path, region: str = REGION, *, start: date = START) -> Path:
    """Returns the folder of a pack that loads: the skeleton with every ??? filled in."""
    new(region, parent, start=start)
    folder = parent / region
    lines = {
        f"{region}/{name}": content.decode().split("\n")
        for name, content in read_files(folder).items()
    }
    for found in find_placeholders(region, read_files(folder)):
        text = lines[found.file]
        text[found.line - 1] = text[found.line - 1].replace(MARK, filling(found.path))
    for file, text in lines.items():
        (parent / file).write_text("\n".join(text), "utf-8")
    return folder


def filling(path: str) -> str:
    """Returns a value for a place of the skeleton."""
    last = path.rpartition(".")[2]
    if ".expect." in path:
        return _EXPECTED[last]
    if ".history." not in path:
        return _TEXTS[last]
    spec = SPEC_BY_PATH[path.partition(".history.")[0].removeprefix("parameters.")]
    if spec.choices is not None:
        word = next(item.value for item in spec.choices)
        return str(word) if spec.unit is Unit.CHOICE else f"[{word}]"
    return {
        Unit.CNY: _AMOUNTS.get(spec.path, ""),
        Unit.RATIO: {"LONG_TERM": "0.00", "TEMPORARY": "0.20"}.get(last, "0.10"),
        Unit.SCALE: "0.80",
        Unit.FLAG: "true",
    }[spec.unit]


def edit(file: Path, old: str, new_text: str, *, count: int = 1) -> None:
    """Replaces a text that a file has."""
    text = file.read_text("utf-8")
    assert old in text
    file.write_text(text.replace(old, new_text, count), "utf-8")


def set_value(folder: Path, file: str, parameter: str, value: str) -> None:
    """Sets the one value of a parameter that has no table."""
    path = folder / file
    head, _, rest = path.read_text("utf-8").partition(f"\n  {parameter}:\n")
    before, _, after = rest.partition("        value: ")
    path.write_text(
        f"{head}\n  {parameter}:\n{before}        value: {value}\n{after.partition(chr(10))[2]}",
        "utf-8",
    )

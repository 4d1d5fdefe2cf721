"""`yijie policy check`: what is wrong with packs, what they cover, what to look at again."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any, Final

from rich.console import Console

from services.benefits.domain.errors import PolicyRefused
from services.benefits.examples import read_examples
from services.benefits.policies import EXAMPLES_FILE
from services.cli.policy.meanings import SCHEMES, SETTINGS, STATUSES
from services.cli.policy.output import (
    area,
    heading,
    period,
    print_refusal,
    refusal_document,
    table,
    write_json,
)
from services.cli.policy.review import Caution, PartReview, Review, review
from services.cli.policy.sources import folders_of, load_folder
from services.cli.screen import console

_AGE: Final = re.compile(r"([1-9][0-9]{0,3}) ?(d|days?|m|months?)")
_MONTHS: Final = 12
_STALE_SHOWN: Final = 3
_KINDS: Final = {
    "incomplete": "不全 incomplete",
    "stale": "待复核 stale",
    "future": "核对日期未到 verified in the future",
    "disease": "未知病种 unknown disease",
    "ceiling": "超国家上限 above the ceiling",
    "frame": "低于国家框架 below the frame",
}


class BadAgeError(Exception):
    """The text is no age."""

    def __init__(self) -> None:
        super().__init__("--stale-after is a number of days or months: 365d, 12m")


@dataclass(frozen=True, slots=True)
class Checked:
    """What came of one pack: a review, or the first thing that is wrong with it."""

    folder: str
    review: Review | None = None
    example_count: int = 0
    refused: PolicyRefused | None = None


def check(texts: list[str], *, stale_after: str, strict: bool, as_json: bool, today: date) -> int:
    """Checks packs and prints the outcome; returns 0 when all are in order.

    Args:
        texts: folders or areas; none: all shipped packs.
        stale_after: age of a verification, `12m` or `365d`.
        strict: whether a caution is a failure.
        as_json: whether to write JSON.
        today: what ages are counted to.

    Raises:
        BadAgeError: no age.
        UnknownPackError: no pack.
    """
    stale_before = days_before(today, stale_after)
    checked = [_check(folder, stale_before, today) for folder in folders_of(texts)]
    refusals = [one.refused for one in checked if one.refused is not None]
    cautions = sum(len(one.review.cautions) for one in checked if one.review is not None)
    failed = bool(refusals) or (strict and cautions > 0)
    if as_json:
        write_json(
            {
                "ok": not failed,
                "packs": [_document(one) for one in checked],
                "refusals": [refusal_document(refused) for refused in refusals],
                "caution_count": cautions,
            }
        )
    else:
        _print(console(), checked, failed=failed)
    return 1 if failed else 0


def days_before(today: date, age: str) -> date:
    """Returns the day that lies an age before today; a month has no day 31: the last it has.

    Raises:
        BadAgeError: no age.
    """
    found = _AGE.fullmatch(age)
    if found is None:
        raise BadAgeError
    count = int(found[1])
    if found[2].startswith("d"):
        return today - timedelta(days=count)
    months = today.year * _MONTHS + today.month - 1 - count
    if months < _MONTHS:
        raise BadAgeError
    year, month = divmod(months, _MONTHS)
    first_after = date(year + (month + 1) // _MONTHS, (month + 1) % _MONTHS + 1, 1)
    last = first_after - timedelta(days=1)
    return min(last, last.replace(day=min(today.day, last.day)))


def _check(folder: Path, stale_before: date, today: date) -> Checked:
    try:
        pack, files = load_folder(folder)
        found = review(pack, stale_before=stale_before, today=today)
        content = files.get(EXAMPLES_FILE)
        examples = [] if content is None else read_examples(folder.name, content)
        if not examples:
            bare = Caution("incomplete", f"{folder.name}/{EXAMPLES_FILE}", "", "no worked examples")
            found = replace(found, cautions=(*found.cautions, bare))
    except PolicyRefused as refused:
        return Checked(folder.name, refused=refused)
    return Checked(folder.name, found, len(examples))


def _print(out: Console, checked: Sequence[Checked], *, failed: bool) -> None:
    for one in checked:
        if one.refused is not None:
            heading(out, area(one.folder))
            print_refusal(out, one.refused)
        elif one.review is not None:
            _print_review(out, one.review, one.example_count)
    refused = sum(one.refused is not None for one in checked)
    cautions = sum(len(one.review.cautions) for one in checked if one.review is not None)
    out.print(
        f"\n{'✗' if failed else '✓'} {len(checked)} 个政策包 packs: "
        f"{refused} 个被拒 refused, {cautions} 条提示 cautions",
        style="bold red" if failed else "bold green",
    )


def _print_review(out: Console, found: Review, example_count: int) -> None:
    heading(
        out,
        f"{found.name} {found.name_en} · {found.version} · {example_count} 个算例 worked examples",
    )
    rows = table(
        "险种·类别 scheme · setting",
        "支持 supported",
        "人员 persons",
        "步骤 steps",
        "区间 intervals",
        "已公布/转引/示例",
        "空缺 holes",
        right=("已公布/转引/示例", "空缺 holes"),
        fold=("人员 persons", "步骤 steps", "区间 intervals"),
    )
    for part in found.parts:
        rows.add_row(
            _place(part),
            period(part.supported_from, part.supported_until),
            ", ".join(part.persons),
            ", ".join(part.steps),
            "\n".join(period(*interval) for interval in part.intervals),
            " / ".join(str(part.statuses.get(status, 0)) for status in STATUSES),
            str(len(part.holes)),
        )
    out.print(rows)
    for part in found.parts:
        if part.diseases:
            _line(out, f"病种 diseases of {_name(part)}: {', '.join(part.diseases)}")
    for part in found.parts:
        for hole in part.holes:
            _line(out, f"空缺 hole: {_name(part)}: {hole}")
        for text in part.not_modelled:
            _line(out, f"未建模 not modelled: {_name(part)}: {text}")
    if found.missing:
        names = [f"{scheme} {' '.join(SETTINGS[setting])}" for scheme, setting in found.missing]
        _line(out, f"无文件 no file: {', '.join(names)}")
    for caution in _shown(found.cautions):
        out.print(f"  ⚠ {caution}", style="yellow", markup=False, soft_wrap=True)


def _shown(cautions: Sequence[Caution]) -> list[str]:
    """Returns a line per caution; old verifications of one file share a line."""
    stale: dict[str, list[Caution]] = {}
    lines = []
    for caution in cautions:
        if caution.kind == "stale":
            stale.setdefault(caution.file, []).append(caution)
            continue
        place = f"{caution.file}: {caution.path}" if caution.path else caution.file
        lines.append(f"{_KINDS[caution.kind]}: {place}: {caution.text}")
    for file, group in stale.items():
        first = "; ".join(f"{one.path}: {one.text}" for one in group[:_STALE_SHOWN])
        more = f"; … {len(group) - _STALE_SHOWN} more" if len(group) > _STALE_SHOWN else ""
        lines.append(f"{_KINDS['stale']}: {file}: {len(group)} values: {first}{more}")
    return lines


def _place(part: PartReview) -> str:
    scheme, setting = SCHEMES[part.scheme_code], SETTINGS[part.setting]
    return f"{part.scheme_code} {scheme[0]}{setting[0]} {scheme[1]} {setting[1]}"


def _name(part: PartReview) -> str:
    return part.file.partition("/")[2]


def _line(out: Console, text: str) -> None:
    out.print(f"  {text}", style="dim", markup=False, soft_wrap=True)


def _document(one: Checked) -> dict[str, Any]:
    found = one.review
    if found is None:
        return {"folder": one.folder, "ok": False}
    return {
        "folder": one.folder,
        "ok": True,
        "region_code": found.region_code,
        "name": found.name,
        "name_en": found.name_en,
        "policy_version": found.version,
        "example_count": one.example_count,
        "parts": [
            {
                "file": part.file,
                "scheme_code": part.scheme_code,
                "setting": part.setting.value,
                "supported": [part.supported_from, part.supported_until],
                "persons": part.persons,
                "diseases": part.diseases,
                "steps": part.steps,
                "intervals": part.intervals,
                "holes": part.holes,
                "not_modelled": part.not_modelled,
                "statuses": {status.value: count for status, count in part.statuses.items()},
            }
            for part in found.parts
        ],
        "missing": [
            {"scheme_code": scheme, "setting": setting.value} for scheme, setting in found.missing
        ],
        "cautions": [
            {"kind": c.kind, "file": c.file, "path": c.path, "text": c.text} for c in found.cautions
        ],
    }

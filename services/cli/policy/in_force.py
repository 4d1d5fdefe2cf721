"""`yijie policy explain`: every value of a region's scheme that holds on a day, and its source."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from rich.console import Console

from services.benefits.domain.parameter import Entry, History, Pack, Part, Reference
from services.benefits.domain.schema import SPECS, PolicyStep
from services.cli.policy.meanings import PARAMETERS, SCHEMES, SETTINGS, STATUSES, STEPS, in_chinese
from services.cli.policy.output import heading, period, table, write_json
from services.cli.policy.review import coordinates_of
from services.cli.policy.sources import find_pack
from services.cli.screen import console


class NothingInForceError(Exception):
    """No file of the pack covers the day; the text says what it covers."""


@dataclass(frozen=True, slots=True)
class Value:
    """One value in force."""

    step: PolicyStep | None
    parameter: str
    keys: tuple[str, ...]
    """Coordinates that share the value, `3,first`; empty: it is the same for all."""
    text: str
    """Empty: knowingly not modelled."""
    unit: str
    entry: Entry
    next_change: date | None


async def explain(
    region: str, scheme: str, day: date, *, setting: str, data_dir: Path, as_json: bool
) -> int:
    """Prints the values in force; returns 0.

    Raises:
        NothingInForceError: the pack has nothing for that scheme, setting and day.
        UnknownPackError: no such pack.
        PolicyRefused: the pack is not in order.
        DomainError: the mesh refuses.
    """
    pack = await find_pack(region, data_dir)
    parts = parts_on(pack, scheme, day, setting=setting)
    if as_json:
        write_json(_document(pack, parts, day))
    else:
        out = console()
        for part in parts:
            _print(out, pack, part, day)
    return 0


def parts_on(pack: Pack, scheme: str, day: date, *, setting: str) -> list[Part]:
    """Returns the files of a scheme, or of one setting, that cover a day.

    Raises:
        NothingInForceError: there is none.
    """
    if scheme not in SCHEMES:
        msg = f"no scheme {scheme}; one of: {_named(SCHEMES)}"
        raise NothingInForceError(msg)
    if setting not in {"", *(one.value for one in SETTINGS)}:
        msg = f"no setting {setting}; one of: {', '.join(one.value for one in SETTINGS)}"
        raise NothingInForceError(msg)
    of_scheme = [part for part in pack.parts if part.scheme_code == scheme]
    wanted = [part for part in of_scheme if setting in {"", part.setting.value}]
    found = [
        part
        for part in wanted
        if part.supported_from <= day
        and (part.supported_until is None or day <= part.supported_until)
    ]
    if not found:
        has = "; ".join(
            f"{part.scheme_code} {part.setting.value} "
            f"{period(part.supported_from, part.supported_until)}"
            for part in pack.parts
        )
        wanted_name = f"{scheme} {setting}".rstrip()
        msg = f"{pack.version} has nothing for {wanted_name} on {day}; it has: {has}"
        raise NothingInForceError(msg)
    order = list(SETTINGS)
    return sorted(found, key=lambda part: order.index(part.setting))


def _named(schemes: Mapping[str, tuple[str, str]]) -> str:
    return ", ".join(f"{code} {name}" for code, (_, name) in schemes.items())


def values_on(part: Part, day: date) -> Iterator[Value]:
    """Yields the values of a file on a day that it covers, by step in the order of computation."""
    for step in (None, *part.steps):
        for spec in SPECS:
            history = part.histories.get(spec.path)
            if spec.step is step and history is not None:
                yield from _values(part, history, day)


def _values(part: Part, history: History, day: date) -> Iterator[Value]:
    entry = [one for one in history.entries if one.effective_from <= day][-1]
    later = [one.effective_from for one in history.entries if one.effective_from > day]
    groups: dict[str, list[str]] = {}
    for coordinates in coordinates_of(part, history):
        cell = entry.cells.get(coordinates)
        groups.setdefault("" if cell is None else cell.text, []).append(",".join(coordinates))
    for text, keys in groups.items():
        yield Value(
            step=history.spec.step,
            parameter=history.spec.path,
            keys=() if len(groups) == 1 else tuple(keys),
            text=text,
            unit=history.spec.unit.value,
            entry=entry,
            next_change=later[0] if later else None,
        )


def _print(out: Console, pack: Pack, part: Part, day: date) -> None:
    scheme, setting = SCHEMES[part.scheme_code], SETTINGS[part.setting]
    heading(
        out,
        f"{pack.name} {pack.name_en} · {scheme[0]}{setting[0]} {scheme[1]} {setting[1]} · {day} · "
        f"{pack.version}",
    )
    values = list(values_on(part, day))
    documents = list(dict.fromkeys(value.entry.reference for value in values))
    for step in (None, *part.steps):
        of_step = [value for value in values if value.step is step]
        if not of_step:
            continue
        zh, en = STEPS[step]
        out.print(f"\n{zh} · {en}", style="bold")
        out.print(_rows(of_step, documents))
        for parameter, note in dict.fromkeys((one.parameter, one.entry.note) for one in of_step):
            if note:
                line = f"  备注 note · {parameter}: {note}"
                out.print(line, style="dim", markup=False, soft_wrap=True)
    out.print()
    for number, document in enumerate(documents, start=1):
        out.print(f"[{number}] {named(document)}", style="dim", markup=False, soft_wrap=True)
    for text in part.not_modelled:
        out.print(f"未建模 not modelled: {text}", style="yellow", markup=False, soft_wrap=True)


def _rows(values: Sequence[Value], documents: Sequence[Reference]) -> Any:
    rows = table(
        "参数 parameter",
        "适用 for",
        "值 value",
        "单位 unit",
        "自 since",
        "依据 source",
        "核对 verified",
        "下次 next",
        fold=("适用 for", "值 value"),
    )
    shown = ""
    for value in values:
        again = value.parameter == shown
        shown = value.parameter
        zh, _ = PARAMETERS[value.parameter]
        entry = value.entry
        status = " ".join(STATUSES[entry.status])
        rows.add_row(
            "" if again else f"{value.parameter}\n{zh}",
            "\n".join(value.keys),
            _shown(value.text),
            value.unit,
            str(entry.effective_from),
            f"{status} [{documents.index(entry.reference) + 1}]",
            str(entry.verified_on),
            str(value.next_change or ""),
        )
    return rows


def _shown(text: str) -> str:
    """Returns a value for people; a word with its Chinese below it."""
    if not text:
        return "未建模 not modelled"
    zh = in_chinese(text)
    return f"{text}\n{zh}" if zh else text


def named(document: Reference) -> str:
    """Returns a document for people: title, number and where it can be read."""
    return " ".join(text for text in (document.title, document.number, document.href) if text)


def _document(pack: Pack, parts: Sequence[Part], day: date) -> dict[str, Any]:
    return {
        "policy_version": pack.version,
        "region_code": pack.region_code,
        "date": day,
        "settings": [
            {
                "scheme_code": part.scheme_code,
                "setting": part.setting.value,
                "steps": [step.value for step in part.steps],
                "not_modelled": part.not_modelled,
                "values": [_value(value) for value in values_on(part, day)],
            }
            for part in parts
        ],
    }


def _value(value: Value) -> dict[str, Any]:
    zh, en = PARAMETERS[value.parameter]
    entry = value.entry
    return {
        "step": value.step.value if value.step else None,
        "parameter": value.parameter,
        "meaning_zh": zh,
        "meaning_en": en,
        "keys": value.keys,
        "value": value.text or None,
        "unit": value.unit,
        "since": entry.effective_from,
        "status": entry.status.value,
        "document": {
            "title": entry.reference.title,
            "number": entry.reference.number,
            "href": entry.reference.href,
        },
        "note": entry.note,
        "verified_on": entry.verified_on,
        "next_change": value.next_change,
    }

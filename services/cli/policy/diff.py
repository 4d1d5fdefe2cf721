"""`yijie policy diff`: what differs between two texts of a policy, and what patients notice."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any, Final

from rich.console import Console

from services.benefits.domain.parameter import Pack
from services.cli.policy.changes import Change, find_changes
from services.cli.policy.consequences import Consequence, Paid, Sample, consequences
from services.cli.policy.meanings import SETTINGS
from services.cli.policy.output import heading, table, write_json
from services.cli.policy.sources import find_pack
from services.cli.screen import console
from services.kit.money import format_yuan

_ROWS_MAX: Final = 1000
_KINDS: Final = {
    "added": "新增 added",
    "removed": "删除 removed",
    "changed": "修改 changed",
    "source": "依据 source",
}


class NotComparableError(Exception):
    """The two policies are of different regions."""


async def diff(
    old: str, new: str, *, data_dir: Path, every: bool, as_json: bool, today: date
) -> int:
    """Prints what differs between two policies of a region; returns 0.

    Args:
        old: folder, area or version.
        new: folder, area or version.
        data_dir: of the mesh that knows versions.
        every: whether to show all sample bills that differ, not one for all alike.
        as_json: whether to write JSON, which has all of them.
        today: one of the days for which sample bills are computed.

    Raises:
        NotComparableError: they are of two regions.
        UnknownPackError: no such pack.
        PolicyRefused: a pack is not in order.
        DomainError: the mesh refuses.
    """
    before, after = await find_pack(old, data_dir), await find_pack(new, data_dir)
    if before.region_code != after.region_code:
        msg = f"{before.version} and {after.version} are of two regions"
        raise NotComparableError(msg)
    changes = find_changes(before, after)
    computed = consequences(before, after, today=today)
    differing = [one for one in computed if one.differs]
    if as_json:
        write_json(_document(before, after, changes, computed))
    else:
        out = console()
        _print_changes(out, before, after, changes)
        rows = [(one, 1) for one in differing] if every else _alike(differing)
        _print_consequences(out, differing, len(computed), rows)
    return 0


def _print_changes(out: Console, old: Pack, new: Pack, changes: Sequence[Change]) -> None:
    heading(out, f"{old.name} {old.name_en} · {old.version} → {new.version}")
    if not changes:
        out.print("没有差异 · no value differs")
        return
    rows = table(
        "差异 what",
        "文件 file",
        "参数 parameter",
        "适用 for",
        "自 since",
        "原值 old",
        "新值 new",
        fold=("参数 parameter", "适用 for", "原值 old", "新值 new"),
    )
    for change in changes:
        rows.add_row(
            _KINDS[change.kind.value],
            change.file,
            change.parameter,
            change.key,
            str(change.effective_from or ""),
            change.old,
            change.new,
        )
    out.print(rows)


def _alike(differing: Sequence[Consequence]) -> list[tuple[Consequence, int]]:
    """Returns the first of the samples to which the same happens, and how many they are."""
    groups: dict[tuple[object, ...], list[Consequence]] = {}
    for one in differing:
        sample = one.sample
        what = (one.difference, one.old.refused, one.new.refused)
        if one.difference == 0:
            what = (one.new.account - one.old.account, "", "account")
        key = (sample.day, sample.scheme_code, sample.setting, *what)
        groups.setdefault(key, []).append(one)
    return [(group[0], len(group)) for group in groups.values()]


def _print_consequences(
    out: Console,
    differing: Sequence[Consequence],
    computed: int,
    listed: Sequence[tuple[Consequence, int]],
) -> None:
    heading(out, "对参保人的影响 · what patients pay (in-scope bills, the first of the year)")
    if not computed:
        out.print("没有需要测算的情形 · nothing to compute")
        return
    rows = table(
        "日期 date",
        "险种·类别 setting",
        "人员 person",
        "级别 level",
        "就医地 care",
        "备案 filing",
        "费用 bill",
        "原付 old",
        "现付 new",
        "差额 change",
        "同类 alike",
        right=("费用 bill", "原付 old", "现付 new", "差额 change", "同类 alike"),
        fold=("人员 person", "原付 old", "现付 new"),
    )
    for one, count in listed[:_ROWS_MAX]:
        sample = one.sample
        rows.add_row(
            str(sample.day),
            _place(sample),
            _who(sample),
            sample.level.value,
            sample.care_region_code,
            sample.benefit_level.value,
            format_yuan(sample.in_scope),
            _paid(one.old),
            _paid(one.new),
            "" if one.difference is None else format_yuan(one.difference),
            str(count),
        )
    if listed:
        out.print(rows)
    if len(listed) > _ROWS_MAX:
        out.print(f"… {len(listed) - _ROWS_MAX} more rows; --json has them all", style="dim")
    out.print(_summary(differing, computed), style="bold", markup=False)


def _summary(differing: Sequence[Consequence], computed: int) -> str:
    differences = [one.difference for one in differing if one.difference]
    more = [fen for fen in differences if fen > 0]
    less = [fen for fen in differences if fen < 0]
    covered = sum(bool(one.old.refused) and not one.new.refused for one in differing)
    dropped = sum(bool(one.new.refused) and not one.old.refused for one in differing)
    parts = [f"{computed} 个样例 samples, {len(differing)} 个不同 differ"]
    if more:
        parts.append(f"{len(more)} 个多付 pay more (至多 up to {format_yuan(max(more))})")
    if less:
        parts.append(f"{len(less)} 个少付 pay less (至多 up to {format_yuan(-min(less))})")
    if covered:
        parts.append(f"{covered} 个新覆盖 newly covered")
    if dropped:
        parts.append(f"{dropped} 个不再覆盖 no longer covered")
    return "; ".join(parts)


def _place(sample: Sample) -> str:
    zh, en = SETTINGS[sample.setting]
    return f"{sample.scheme_code} {zh} {en}"


def _who(sample: Sample) -> str:
    held = sample.entitlement
    named = "" if held is None else held.code or held.kind.value
    return " ".join(text for text in (sample.person.value, named, sample.disease_code) if text)


def _paid(paid: Paid) -> str:
    return f"未覆盖 not covered: {paid.refused}" if paid.refused else format_yuan(paid.patient)


def _document(
    old: Pack, new: Pack, changes: Sequence[Change], computed: Sequence[Consequence]
) -> dict[str, Any]:
    differing = [one for one in computed if one.differs]
    return {
        "old": old.version,
        "new": new.version,
        "changes": [
            {
                "kind": change.kind.value,
                "file": change.file,
                "parameter": change.parameter,
                "key": change.key,
                "effective_from": change.effective_from,
                "old": change.old,
                "new": change.new,
            }
            for change in changes
        ],
        "sample_count": len(computed),
        "differing_count": len(differing),
        "consequences": [
            {
                "date": one.sample.day,
                "scheme_code": one.sample.scheme_code,
                "setting": one.sample.setting.value,
                "person": _who(one.sample),
                "level": one.sample.level.value,
                "care_region_code": one.sample.care_region_code,
                "benefit_level": one.sample.benefit_level.value,
                "in_scope_fen": one.sample.in_scope,
                "old": _paid_document(one.old),
                "new": _paid_document(one.new),
                "difference_fen": one.difference,
            }
            for one in differing
        ],
    }


def _paid_document(paid: Paid) -> dict[str, Any]:
    if paid.refused:
        return {"not_covered": paid.refused}
    return {"patient_fen": paid.patient, "account_fen": paid.account}

"""`yijie rules check`: whether a pack is understood, and which rules it has."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from services.cli.rules.output import print_refusal, refusal_document, table, write_json
from services.cli.screen import console
from services.supervision.rules_loader import load
from services.supervision.rules_manifest import RuleDataRefused

if TYPE_CHECKING:
    from pathlib import Path

    from rich.console import Console

    from services.supervision.domain.rule import Rule
    from services.supervision.domain.ruleset import RuleSet

CLASSES_ZH: Final = {"VIOLATION": "违规", "SUSPICIOUS": "可疑", "TO_VERIFY": "待核实"}
FAMILIES_ZH: Final = {"POLICY": "政策类", "MANAGEMENT": "管理类", "MEDICAL": "医疗类"}
_EFFECTS_ZH: Final = {"MARK": "标记", "BLOCK": "拦截"}
_REACHES_ZH: Final = {"BILL": "本单", "PERSON": "本人", "PEERS": "同类"}


def check(folder: Path, *, as_json: bool) -> int:
    """Checks a pack; returns 0 when it is understood, 1 when it is refused."""
    out = console()
    try:
        rules = load(folder)
    except RuleDataRefused as refused:
        if as_json:
            write_json({"ok": False, "refusal": refusal_document(refused)})
        else:
            print_refusal(out, refused)
        return 1
    if as_json:
        write_json(_document(rules))
    else:
        _print(out, rules)
    return 0


def _document(rules: RuleSet) -> dict[str, Any]:
    return {
        "ok": True,
        "version": rules.version,
        "digest": rules.digest,
        "history_days_max": rules.history_days_max,
        "rules": [_rule(rule) for rule in rules.rules],
    }


def _rule(rule: Rule) -> dict[str, Any]:
    return {
        "code": rule.code,
        "name_zh": rule.name_zh,
        "kind": rule.kind,
        "family": rule.family.value,
        "result_class": rule.result_class.value,
        "severity": rule.severity.value,
        "effect": rule.effect.value,
        "reach": rule.reach.value,
        "moments": sorted(moment.value for moment in rule.moments),
        "points": rule.point_count,
        "examples": len(rule.examples),
        "sample": rule.sample,
        "effective_from": rule.effective_from.isoformat(),
        "effective_until": rule.effective_until and rule.effective_until.isoformat(),
        "source": rule.source,
    }


def _print(out: Console, rules: RuleSet) -> None:
    shown = table("规则", "名称", "种类", "结果", "作用", "范围", "知识点", right=("知识点",))
    for rule in rules.rules:
        shown.add_row(
            rule.code,
            rule.name_zh + ("（示例）" if rule.sample else ""),
            rule.kind,
            CLASSES_ZH[rule.result_class.value],
            _EFFECTS_ZH[rule.effect.value],
            _REACHES_ZH[rule.reach.value],
            str(rule.point_count or ""),
        )
    out.print(shown)
    kinds = len({rule.kind for rule in rules.rules})
    points = sum(rule.point_count for rule in rules.rules)
    out.print(
        f"✓ 规则包 {rules.version}：{len(rules.rules)} 条规则，{kinds} 个种类，{points} 个知识点 · "
        f"{len(rules.rules)} rules of {kinds} kinds with {points} points",
        style="bold green",
        markup=False,
        soft_wrap=True,
    )

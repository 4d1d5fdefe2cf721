"""`yijie rules dry-run`: what a pack would have found, by rule and money, against what runs."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, Final

import typer
from rich.table import Table

from services.cli.registry.asking import write_json
from services.cli.rules.desk import desk
from services.cli.screen import console
from services.kit import wire
from services.kit.money import format_yuan
from services.supervision.rules_pack import pack
from yijie.supervision.v1 import rule_service_pb2 as pb

_KEYS_SHOWN: Final = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """What is tried, and on which bills."""

    folder: Path | None
    version: str
    """Instead of a folder: a version that was published."""
    since: date
    until: date | None
    """Last day; None: today."""
    bills_max: int


async def dry_run(trial: Trial, data_dir: Path, *, as_json: bool) -> int:
    """Tries a pack and prints what both find.

    Raises:
        DomainError: the pack is not what the loader knows, or supervision refused.
        MeshError: no mesh runs there.
    """
    request = pb.DryRunRulePackRequest(
        pack=b"" if trial.folder is None else pack(trial.folder),
        version=trial.version,
        settle_date_min=wire.write_date(trial.since),
        settle_date_max=wire.write_optional_date(trial.until),
        bills_max=trial.bills_max,
    )
    last: Any = None
    async with desk(data_dir) as held:
        async for answer in held.stream(held.rules.DryRunRulePack, request):
            last = answer
            if sys.stderr.isatty():
                typer.echo(f"\r  {answer.bill_count} 笔 bills …", err=True, nl=False)
    if sys.stderr.isatty():
        typer.echo("\r", err=True, nl=False)
    if as_json:
        write_json(last)
    else:
        _print(last)
    return 0


def _print(found: Any) -> None:
    out = console()
    out.print(
        f"规则包 pack {found.version[:16]} 对比现行 against {found.running_version[:16]}："
        f"{found.bill_count} 笔 bills，费用总额 total {format_yuan(found.bill_amount.fen)}"
    )
    if found.truncated:
        out.print("已达笔数上限，其后的账单未试 · bills_max ended it: later bills were not tried")
    table = Table(title="按规则 by rule", title_justify="left")
    table.add_column("规则 rule", overflow="fold")
    for name in ("疑点 findings", "现行 running", "金额 amount", "现行 running", "增减 change"):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("例 bills", overflow="fold")
    for one in found.tallies:
        table.add_row(
            f"{one.rule_code} {one.name_zh}",
            str(one.finding_count),
            str(one.running_finding_count),
            format_yuan(one.amount.fen),
            format_yuan(one.running_amount.fen),
            format_yuan(one.amount.fen - one.running_amount.fen),
            "\n".join(
                [f"+ {key}" for key in one.new_bill_keys[:_KEYS_SHOWN]]
                + [f"- {key}" for key in one.gone_bill_keys[:_KEYS_SHOWN]]
            ),
        )
    out.print(table)
    amount = sum(one.amount.fen for one in found.tallies)
    running = sum(one.running_amount.fen for one in found.tallies)
    out.print(
        f"合计 together {format_yuan(amount)}，现行 running {format_yuan(running)}；"
        "一笔费用可能命中多条规则 · a line may be found by several rules"
    )

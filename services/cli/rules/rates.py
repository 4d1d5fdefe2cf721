"""`yijie rules rates`: how often reviews confirmed what each rule found."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from pathlib import Path

from rich.table import Table

from services.cli.registry.asking import write_json
from services.cli.rules.desk import desk
from services.cli.screen import console
from services.kit import wire
from services.kit.money import format_yuan
from yijie.supervision.v1 import rule_service_pb2 as pb


async def show_rates(
    data_dir: Path, *, since: date | None, until: date | None, as_json: bool
) -> int:
    """Prints the false-positive rate of each rule.

    Raises:
        DomainError: supervision refused.
        MeshError: no mesh runs there.
    """
    request = pb.GetRuleRatesRequest(
        open_date_min=wire.write_optional_date(since),
        open_date_max=wire.write_optional_date(until),
    )
    async with desk(data_dir) as held:
        answer = await held.call(held.rules.GetRuleRates, request)
    if as_json:
        write_json(answer)
        return 0
    table = Table(title="规则核实情况 what reviews decided", title_justify="left")
    table.add_column("规则 rule", no_wrap=True)
    for name in (
        "属实 confirmed",
        "不属实 rejected",
        "未定 open",
        "属实金额 amount",
        "误报率 false",
        "95% 区间 interval",
    ):
        table.add_column(name, justify="right", no_wrap=True)
    for one in answer.rates:
        has = one.HasField("false_positive_ratio")
        table.add_row(
            one.rule_code,
            str(one.confirmed_count),
            str(one.rejected_count),
            str(one.open_count),
            format_yuan(one.confirmed_amount.fen),
            _percent(one.false_positive_ratio.value) if has else "–",
            f"{_percent(one.ratio_min.value)}–{_percent(one.ratio_max.value)}" if has else "",
        )
    console().print(table)
    return 0


def _percent(ratio: str) -> str:
    return f"{Decimal(ratio) * 100:.2f}%"

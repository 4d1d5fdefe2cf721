"""`yijie clearing netting`: what netting would save; a simulation, and said to be one."""

from __future__ import annotations

from pathlib import Path

from rich.table import Table

from services.cli.clearing.desk import desk, names
from services.cli.registry.asking import write_json
from services.cli.screen import console
from services.kit.money import format_yuan
from yijie.clearing.v1 import month_service_pb2 as pb


async def show_netting(data_dir: Path, month: str, *, as_json: bool) -> int:
    """Prints gross and net by province; returns 0.

    Raises:
        MeshError: no mesh runs there.
        DomainError: clearing refused.
    """
    async with desk(data_dir) as held:
        answer = await held.call(held.months.WhatIfNetting, pb.WhatIfNettingRequest(month=month))
    if as_json:
        write_json(answer)
        return 0
    out = console()
    out.print(f"{answer.disclaimer_zh}\n{answer.disclaimer_en}", style="bold yellow")
    table = Table(title=f"轧差模拟 netting simulated {month}", title_justify="left")
    table.add_column("省份 province", no_wrap=True)
    for heading in ("应付 payable", "应收 receivable", "净额 net"):
        table.add_column(heading, justify="right", no_wrap=True)
    for one in answer.provinces:
        amounts = (one.payable.fen, one.receivable.fen, one.net.fen)
        table.add_row(names([one.region_code]), *map(format_yuan, amounts))
    net = sum(one.net.fen for one in answer.provinces)
    owed, due = (
        sum(getattr(one, name).fen for one in answer.provinces)
        for name in ("payable", "receivable")
    )
    table.add_row("合计 total", *map(format_yuan, (owed, due, net)), style="bold")
    out.print(table)
    for label, amount in (
        ("全额 gross", answer.gross),
        ("双边轧差 bilateral", answer.bilateral),
        ("多边轧差 multilateral", answer.multilateral),
        ("可节约资金 liquidity saved", answer.saved),
    ):
        out.print(f"{label}　{format_yuan(amount.fen)} 元")
    return 0

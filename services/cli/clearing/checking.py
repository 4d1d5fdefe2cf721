"""`yijie clearing check`: that tables, ledger, notices and payments agree."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

from rich.table import Table

from services.cli.clearing.desk import desk
from services.cli.registry.asking import write_json
from services.cli.screen import console
from services.kit.money import format_yuan
from yijie.clearing.v1 import invariant_pb2
from yijie.clearing.v1 import invariant_service_pb2 as pb

_NAMES: Final = {
    invariant_pb2.INVARIANT_BALANCED: "应付等于应收 payable is receivable",
    invariant_pb2.INVARIANT_NET_ZERO: "净额合计为零 net is zero",
    invariant_pb2.INVARIANT_SETTLEMENTS: "结算 = 清算 + 扣款 + 待决 settlements are cleared",
    invariant_pb2.INVARIANT_TABLES: "清算表与账本 tables are the ledger",
    invariant_pb2.INVARIANT_NOTICES: "通知书与清算表 notices are the tables",
    invariant_pb2.INVARIANT_PAYMENTS: "划拨与银行流水 payments are the bank's lines",
    invariant_pb2.INVARIANT_CHAIN: "账本链 chain of the ledger",
}


async def show_check(data_dir: Path, month: str, *, whole_chain: bool, as_json: bool) -> int:
    """Prints how each invariant came out; returns 1 if one does not hold.

    Raises:
        MeshError: no mesh runs there.
        DomainError: clearing refused.
    """
    async with desk(data_dir) as held:
        request = pb.CheckInvariantsRequest(first_month=month, whole_chain=whole_chain)
        answer = await held.call(held.invariants.CheckInvariants, request)
    if as_json:
        write_json(answer)
    else:
        _print(answer)
    return 1 if any(one.contradiction_count for one in answer.results) else 0


def _print(answer: Any) -> None:
    out = console()
    table = Table(title="不变量 invariants", title_justify="left")
    table.add_column("", no_wrap=True)
    for heading in ("核对 checked", "不符 contradictions"):
        table.add_column(heading, justify="right", no_wrap=True)
    for one in answer.results:
        table.add_row(
            _NAMES.get(one.invariant, ""), str(one.checked_count), str(one.contradiction_count)
        )
    out.print(table)
    wrong_count = sum(one.contradiction_count for one in answer.results)
    if wrong_count:
        out.print(f"✗ 不符 {wrong_count} 处 do not agree", style="bold red")
    elif any(one.checked_count for one in answer.results):
        out.print("✓ 全部相符 all of it agrees", style="bold green")
    else:
        out.print(
            "所选月份尚无数据，未作核对 · nothing is cleared of these months: nothing checked"
        )
    for one in answer.results:
        for wrong in one.contradictions:
            pair = f"{wrong.insured_region_code}→{wrong.care_region_code}".strip("→")
            parts = (wrong.month, pair, wrong.scheme_code, wrong.fund_type_code, wrong.subject)
            out.print(
                f"{' '.join(part for part in parts if part)}："
                f"应为 must be {format_yuan(wrong.expected.fen)}，"
                f"实为 is {format_yuan(wrong.found.fen)}",
                style="red",
            )

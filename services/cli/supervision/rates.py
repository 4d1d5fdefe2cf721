"""`yijie supervision rates`: the direct-settlement rate as it is now."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import orjson
from rich.table import Table

from services.cli.mesh import MeshError, read_endpoints
from services.cli.province import connected
from services.cli.screen import console
from services.kit import codes
from services.kit.money import format_yuan
from yijie.supervision.v1 import statistics_pb2
from yijie.supervision.v1 import statistics_service_pb2 as pb

if TYPE_CHECKING:
    from services.cli.province import Province

LEVELS: Final = {
    "nation": statistics_pb2.RATE_LEVEL_NATION,
    "province": statistics_pb2.RATE_LEVEL_PROVINCE,
    "city": statistics_pb2.RATE_LEVEL_CITY,
    "institution": statistics_pb2.RATE_LEVEL_INSTITUTION,
    "insured": statistics_pb2.RATE_LEVEL_INSURED_PROVINCE,
}
SETTINGS: Final = {
    "inpatient": statistics_pb2.CARE_SETTING_INPATIENT,
    "outpatient": statistics_pb2.CARE_SETTING_OUTPATIENT,
    "pharmacy": statistics_pb2.CARE_SETTING_PHARMACY,
    "all": statistics_pb2.CARE_SETTING_UNSPECIFIED,
}
_ASK_S: Final = 60.0
_PAGE_ROWS: Final = 1000
_NOTHING: Final = "—"


async def show_rates(
    data_dir: Path, month: str, *, level: str, setting: str, region: str, as_json: bool
) -> int:
    """Prints rates, best first; returns 0.

    Raises:
        MeshError: no mesh runs there.
        DomainError: supervision refused.
    """
    endpoints = read_endpoints(data_dir)
    if not endpoints:
        msg = f"no mesh runs in {data_dir}; start it with `yijie up`"
        raise MeshError(msg)
    async with connected(endpoints, "") as province:
        rates = await _rates(
            province,
            pb.ListDirectRatesRequest(
                month=month,
                level=LEVELS[level],
                setting=SETTINGS[setting],
                region_code=region,
                page_size=_PAGE_ROWS,
            ),
        )
    rates.sort(key=lambda one: (not one.rank, one.rank, one.code))
    if as_json:
        found = [_document(one) for one in rates]
        sys.stdout.buffer.write(orjson.dumps(found, option=orjson.OPT_INDENT_2) + b"\n")
        return 0
    out = console()
    if not rates:
        out.print(f"  {month} 没有可计入的病例 · no case of this month counts")
        return 0
    out.print(_table(rates))
    return 0


async def _rates(province: Province, request: Any) -> list[Any]:
    found: list[Any] = []
    while True:
        answer = await province.call(province.statistics.ListDirectRates, request, within_s=_ASK_S)
        found += answer.rates
        request.page_token = answer.next_page_token
        if not request.page_token:
            return found


def _table(rates: list[Any]) -> Table:
    table = Table(box=None, pad_edge=True, header_style="dim")
    table.add_column("名次 rank", justify="right")
    table.add_column("代码 code")
    table.add_column("名称 name")
    for heading in (
        "直接 direct",
        "报销 claimed",
        "自费 paid",
        "费用（元） cost",
        "费用率 % by cost",
        "人次率 % by cases",
    ):
        table.add_column(heading, justify="right")
    for one in rates:
        cost = one.direct.fen + one.manual.fen + one.self_paid.fen
        table.add_row(
            str(one.rank) if one.rank else _NOTHING,
            one.code or _NOTHING,
            codes.area_name(one.code) if one.code else "全国",
            f"{one.direct_count:,}",
            f"{one.manual_count:,}",
            f"{one.self_paid_count:,}",
            format_yuan(cost),
            one.rate_by_cost.value or _NOTHING,
            one.rate_by_cases.value or _NOTHING,
        )
    return table


def _document(one: Any) -> dict[str, Any]:
    return {
        "rank": one.rank or None,
        "code": one.code,
        "name": codes.area_name(one.code),
        "direct_cases": one.direct_count,
        "direct_fen": one.direct.fen,
        "manual_cases": one.manual_count,
        "manual_fen": one.manual.fen,
        "self_paid_cases": one.self_paid_count,
        "self_paid_fen": one.self_paid.fen,
        "rate_by_cost_percent": one.rate_by_cost.value or None,
        "rate_by_cases_percent": one.rate_by_cases.value or None,
    }

"""`yijie clearing …`: the commands; what each needs is imported when it runs."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from services.cli.interrupts import run as run_
from services.cli.options import UP_DIR, USAGE, DataDir, Json, fail

if TYPE_CHECKING:
    from collections.abc import Coroutine
    from typing import Any

app = typer.Typer(
    help="Clears months between provinces: tables, notices, files; and the synthetic year.",
    no_args_is_help=True,
    rich_markup_mode=None,
)

Month = Annotated[str, typer.Option("--month", metavar="YYYY-MM", help="Clearing month.")]
_MONTH = re.compile(r"20[0-9]{2}-(?:0[1-9]|1[0-2])")
_REGION = re.compile(r"[1-6][0-9]0000")
_PERSON = re.compile(r"[0-9A-Za-z._-]{1,40}")
_FORMATS = ("xlsx", "csv", "pdf")
_NEXT = {
    "MONTH_NOT_TABLED": (
        "`yijie clearing status --month` 说明在等谁，轮到平台时以 `yijie clearing run` 制表",
        "`yijie clearing status --month` says who is awaited; `yijie clearing run` makes them",
    ),
    "RESOURCE_NOT_FOUND": (
        "`yijie clearing status` 列出各清算月",
        "`yijie clearing status` lists the months",
    ),
    "MONTH_OUT_OF_ORDER": (
        "先办结以前各月，见 `yijie clearing status`",
        "end the months before it first: `yijie clearing status`",
    ),
    "CALLEE_UNAVAILABLE": ("系统是否仍在运行", "is the mesh still running?"),
    "REGION_UNKNOWN": ("省级区划代码如 640000", "a province is written like 640000"),
    "MAKER_IS_CHECKER": ("请换一人复核：--checker", "have another person check: --checker"),
}
"""What to do about a refusal, in both languages."""


@app.command()
def status(
    *,
    month: Annotated[
        str, typer.Option("--month", metavar="YYYY-MM", help="One month with its steps; none: all.")
    ] = "",
    data_dir: DataDir = UP_DIR,
    as_json: Json = False,
) -> None:
    """Shows where months stand and who is awaited; 1 if a step of one of them is overdue."""
    from services.cli.clearing.status import show_status  # noqa: PLC0415

    _require_month(month, optional=True)
    _run(show_status(data_dir, month, as_json=as_json))


@app.command()
def run(
    *,
    month: Month,
    maker: Annotated[str, typer.Option(help="Code of the officer who makes (经办).")],
    checker: Annotated[str, typer.Option(help="Code of the one who checks (复核): another.")],
    data_dir: DataDir = UP_DIR,
) -> None:
    """Does what is the hub's turn: tables, notices, closing; 3 where somebody else is awaited."""
    from services.cli.clearing.running import run_month  # noqa: PLC0415

    _require_month(month)
    for name, value in (("--maker", maker), ("--checker", checker)):
        if not _PERSON.fullmatch(value):
            fail(
                f"{name} {value}：应为经办人代码，字母、数字与 ._-"
                " · is an officer's code of letters, digits and ._-",
                USAGE,
            )
    if maker == checker:
        fail("经办与复核须为两人 · maker and checker are two people", USAGE)
    _run(run_month(data_dir, month, maker=maker, checker=checker))


@app.command()
def statement(
    *,
    month: Month,
    region: Annotated[
        str, typer.Option(help="Province xx0000; `all`: a file for each and the national one.")
    ] = "",
    form: Annotated[
        str, typer.Option("--format", help="xlsx, csv or pdf; none: as -o ends, or xlsx.")
    ] = "",
    output: Annotated[
        str,
        typer.Option(
            "-o",
            "--output",
            help="File, replaced if it is there, or folder; none: its name here; `-`: stdout.",
        ),
    ] = "",
    data_dir: DataDir = UP_DIR,
) -> None:
    """Writes the tables of a month for a province; without one, of the whole country."""
    from services.cli.clearing.statement import write_statements  # noqa: PLC0415

    _require_month(month)
    if region not in {"", "all"} and not _REGION.fullmatch(region):
        fail(
            f"--region {region}：应为省级代码如 640000，或 all · is a province like 640000, or all",
            USAGE,
        )
    form = _format_of(form, output, is_folder=region == "all")
    _run(write_statements(data_dir, month, region=region, form=form, output=output))


@app.command()
def netting(*, month: Month, data_dir: DataDir = UP_DIR, as_json: Json = False) -> None:
    """Simulates what netting a month would save; nothing is netted."""
    from services.cli.clearing.netting import show_netting  # noqa: PLC0415

    _require_month(month)
    _run(show_netting(data_dir, month, as_json=as_json))


@app.command()
def check(
    *,
    month: Annotated[
        str, typer.Option("--from", metavar="YYYY-MM", help="First month; none: all.")
    ] = "",
    whole_chain: Annotated[
        bool, typer.Option("--whole-chain", help="The chain of the ledger from its first block.")
    ] = False,
    data_dir: DataDir = UP_DIR,
    as_json: Json = False,
) -> None:
    """Checks that tables, ledger, notices and payments agree; 1 if something does not."""
    from services.cli.clearing.checking import show_check  # noqa: PLC0415

    _require_month(month, "--from", optional=True)
    _run(show_check(data_dir, month, whole_chain=whole_chain, as_json=as_json))


@app.command()
def year(
    *,
    seed: Annotated[int, typer.Option(min=0, help="The same seed gives the same year.")] = 2025,
    settlements: Annotated[
        int, typer.Option(min=1, max=2_000_000, help="Settlements of the year.")
    ] = 12_000,
    months: Annotated[int, typer.Option(min=2, max=12, help="Months, from January.")] = 12,
    provinces: Annotated[int, typer.Option(min=3, max=32, help="Provinces taking part.")] = 32,
    scenario: Annotated[
        str, typer.Option(help="ningxia-2017: the published figures of Ningxia, in place of all.")
    ] = "",
) -> None:
    """Runs a synthetic year through a clearing service of its own and reckons it after."""
    from services.proving.clearing_year.command import (  # noqa: PLC0415
        SCENARIOS,
        Options,
        clearing_year,
    )

    if scenario not in {"", *SCENARIOS}:
        fail(f"--scenario {scenario}：应为 · is one of {', '.join(SCENARIOS)}", USAGE)
    options = Options(
        seed=seed, settlements=settlements, months=months, provinces=provinces, scenario=scenario
    )
    _run(clearing_year(options))


def _require_month(value: str, name: str = "--month", *, optional: bool = False) -> None:
    if not (_MONTH.fullmatch(value) or (optional and not value)):
        fail(
            f"{name} {value}：应为年月，如 2026-03 · is a year and month like 2026-03 (YYYY-MM)",
            USAGE,
        )


def _format_of(form: str, output: str, *, is_folder: bool) -> str:
    """Returns the format that is asked for, by itself or by how the file's name ends."""
    ending = "" if is_folder else Path(output).suffix.lower().removeprefix(".")
    if form and form not in _FORMATS:
        fail(f"--format {form}：应为 · is one of {', '.join(_FORMATS)}", USAGE)
    if is_folder and output == "-":
        fail("--region all 写入文件夹：-o 不能为 - · writes a folder: -o cannot be -", USAGE)
    if form and ending in _FORMATS and ending != form:
        fail(
            f"--format {form} 与 -o 的 .{ending} 不一致 · --format {form} is not what -o ends in",
            USAGE,
        )
    return form or (ending if ending in _FORMATS else "xlsx")


def _run(command: Coroutine[Any, Any, int]) -> None:
    from services.cli.failures import EXPECTED  # noqa: PLC0415
    from services.kit.errors import DomainError  # noqa: PLC0415
    from services.kit.reasons import TEXT_ZH  # noqa: PLC0415

    try:
        code = run_(command)
    except DomainError as error:
        zh = error.zh or TEXT_ZH.get(error.reason, "")
        next_zh, next_en = _NEXT.get(error.reason, ("", ""))
        chinese = "；".join(filter(None, (zh, next_zh)))
        fail(f"{error.reason}：{chinese} · {'; '.join(filter(None, (error.message, next_en)))}")
    except EXPECTED as error:
        fail(error)
    raise typer.Exit(code)

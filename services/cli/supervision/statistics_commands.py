"""`yijie supervision bulletin | rates`: the commands; what each needs is imported when it runs."""

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

Month = Annotated[str, typer.Option("--month", metavar="YYYY-MM", help="Month of discharge.")]
_MONTH = re.compile(r"20[0-9]{2}-(?:0[1-9]|1[0-2])")
_REGION = re.compile(r"(?:[1-6][0-9]0000)?")
_PERSON = re.compile(r"[0-9A-Za-z._-]{1,40}")
_NOBODY = (
    "本月尚无通报：以 --maker 与 --checker 写明经办、复核"
    " · there is no bulletin of the month yet: name who makes and checks it, --maker and --checker"
)


def bulletin(
    *,
    month: Month,
    output: Annotated[Path, typer.Option("-o", "--output", help="Folder for its files.")],
    maker: Annotated[str, typer.Option(help="Officer who makes it (经办).")] = "",
    checker: Annotated[str, typer.Option(help="Officer who checked it (复核): another.")] = "",
    note: Annotated[
        str, typer.Option(help="Why a further edition; none: the one that is there.")
    ] = "",
    data_dir: DataDir = UP_DIR,
) -> None:
    """Writes the bulletin of a month: PDF, HTML and a CSV behind every figure."""
    from services.cli.supervision.bulletin import NoPeopleError, write_bulletin  # noqa: PLC0415

    _require_month(month)
    for name, value in (("--maker", maker), ("--checker", checker)):
        if value and not _PERSON.fullmatch(value):
            fail(
                f"{name}：应为经办人代码，字母、数字与 ._-"
                " · is an officer's code of letters, digits and ._-",
                USAGE,
            )
    try:
        _run(
            write_bulletin(data_dir, month, output=output, maker=maker, checker=checker, note=note)
        )
    except NoPeopleError:
        fail(_NOBODY, USAGE)


def rates(
    *,
    month: Month,
    level: Annotated[
        str, typer.Option(help="nation, province, city, institution or insured.")
    ] = "province",
    setting: Annotated[
        str, typer.Option(help="inpatient, outpatient, pharmacy or all.")
    ] = "inpatient",
    region: Annotated[str, typer.Option(help="Only this province, xx0000.")] = "",
    data_dir: DataDir = UP_DIR,
    as_json: Json = False,
) -> None:
    """Shows the direct-settlement rate as it is now, best first."""
    from services.cli.supervision.rates import LEVELS, SETTINGS, show_rates  # noqa: PLC0415

    _require_month(month)
    for name, value, known in (("--level", level, LEVELS), ("--setting", setting, SETTINGS)):
        if value not in known:
            fail(f"{name} {value}：应为 · is one of {', '.join(known)}", USAGE)
    if not _REGION.fullmatch(region):
        fail(f"--region {region}：应为省级代码如 640000 · is a province like 640000", USAGE)
    _run(show_rates(data_dir, month, level=level, setting=setting, region=region, as_json=as_json))


def add_to(app: typer.Typer) -> None:
    """Adds the commands to `yijie supervision`."""
    app.command()(bulletin)
    app.command()(rates)


def _require_month(value: str) -> None:
    if not _MONTH.fullmatch(value):
        fail(
            f"--month {value}：应为年月，如 2026-03 · is a year and month like 2026-03 (YYYY-MM)",
            USAGE,
        )


def _run(command: Coroutine[Any, Any, int]) -> None:
    from services.cli.failures import EXPECTED  # noqa: PLC0415
    from services.kit.errors import DomainError  # noqa: PLC0415
    from services.kit.reasons import TEXT_ZH  # noqa: PLC0415

    try:
        code = run_(command)
    except DomainError as error:
        zh = error.zh or TEXT_ZH.get(error.reason, "")
        fail(f"{error.reason}：{zh} · {error.message}")
    except EXPECTED as error:
        fail(error)
    raise typer.Exit(code)

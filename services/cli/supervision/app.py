"""`yijie supervision …`: the commands; what each needs is imported when it runs."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from services.cli.interrupts import run as run_
from services.cli.options import UP_DIR, USAGE, DataDir, Json, fail
from services.cli.supervision import cases, statistics_commands, ticket_commands

if TYPE_CHECKING:
    from collections.abc import Coroutine
    from typing import Any

app = typer.Typer(
    help="Supervises: mining over all bills, one violation followed, the labelled year.",
    no_args_is_help=True,
    rich_markup_mode=None,
)

_MONTH = re.compile(r"20[0-9]{2}-(?:0[1-9]|1[0-2])")
_ID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_MONTHS_MAX = 36


@app.command()
def mine(
    *,
    first: Annotated[str, typer.Option("--from", metavar="YYYY-MM", help="First month.")],
    last: Annotated[
        str, typer.Option("--to", metavar="YYYY-MM", help="Last month; none: the first.")
    ] = "",
    folder: Annotated[
        Path | None, typer.Option("--folder", help="Of the export; none: in the data directory.")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Records nothing.")] = False,
    data_dir: DataDir = UP_DIR,
) -> None:
    """Exports months to Parquet and looks for what only many bills together show."""
    from services.cli.supervision.mine import Options, mine_months, months_between  # noqa: PLC0415

    last = last or first
    for name, value in (("--from", first), ("--to", last)):
        if not _MONTH.fullmatch(value):
            fail(f"{name} {value}：应为年月，如 2026-03 · is a year and month like 2026-03", USAGE)
    months = months_between(first, last) if first <= last else []
    if not 1 <= len(months) <= _MONTHS_MAX:
        fail(f"--to：{_MONTHS_MAX} 个月以内 · at most {_MONTHS_MAX} months from --from", USAGE)
    options = Options(months=months, folder=folder or data_dir / "mining", is_dry=dry_run)
    _run(mine_months(data_dir, options))


@app.command()
def follow(
    finding_id: Annotated[str, typer.Argument(metavar="FINDING_ID", help="Of a finding.")],
    *,
    data_dir: DataDir = UP_DIR,
    as_json: Json = False,
) -> None:
    """Follows one violation from the bill's line to the deducted fen."""
    from services.cli.supervision.follow import follow_finding  # noqa: PLC0415

    if not _ID.fullmatch(finding_id):
        fail(f"{finding_id}：应为疑点编号 · is no key of a finding", USAGE)
    _run(follow_finding(data_dir, finding_id, as_json=as_json))


@app.command()
def year(
    *,
    bills: Annotated[int, typer.Option(min=600, max=200_000, help="Bills in order.")] = 12_000,
    seed: Annotated[int, typer.Option(help="The same seed is the same year.")] = 2025,
    per_mille: Annotated[
        int, typer.Option(min=1, max=50, help="Violations in a thousand bills.")
    ] = 10,
    folder: Annotated[
        Path | None, typer.Option("--folder", help="For bulletin and export; none: .yijie/year.")
    ] = None,
    again: Annotated[
        bool, typer.Option("--again/--once", help="A second run from the feed, compared.")
    ] = True,
) -> None:
    """Runs a labelled synthetic year through supervision and clearing, and holds both to it."""
    from services.proving.supervision_year.command import (  # noqa: PLC0415
        Options,
        supervision_year,
    )

    options = Options(
        bills=bills,
        seed=seed,
        per_mille=per_mille,
        folder=folder or Path(".yijie/year"),
        is_repeated=again,
    )
    _run(supervision_year(options))


def _run(command: Coroutine[Any, Any, int]) -> None:
    from services.cli.failures import EXPECTED  # noqa: PLC0415
    from services.kit.errors import DomainError  # noqa: PLC0415
    from services.kit.reasons import TEXT_ZH  # noqa: PLC0415
    from services.mining.engines import EngineMissing  # noqa: PLC0415

    try:
        code = run_(command)
    except DomainError as error:
        zh = error.zh or TEXT_ZH.get(error.reason, "")
        fail(f"{error.reason}：{zh} · {error.message}")
    except (*EXPECTED, EngineMissing) as error:
        fail(error)
    raise typer.Exit(code)


statistics_commands.add_to(app)
ticket_commands.add_to(app)
app.add_typer(cases.app, name="cases")

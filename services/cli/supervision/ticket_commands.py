"""`yijie supervision tickets`: the command; what it needs is imported when it runs."""

from __future__ import annotations

import re
from datetime import date
from typing import Annotated

import typer

from services.cli.interrupts import run
from services.cli.options import UP_DIR, USAGE, DataDir, Json, fail

_REGION = re.compile(r"(?:[1-6][0-9]0000)?")


def add_to(app: typer.Typer) -> None:
    """Adds the command to `yijie supervision`."""
    app.command()(tickets)


def tickets(
    *,
    region: Annotated[str, typer.Option(help="Only of this province, xx0000.")] = "",
    since: Annotated[
        str,
        typer.Option(metavar="YYYY-MM-DD", help="Statistics of tickets opened from this day on."),
    ] = "",
    data_dir: DataDir = UP_DIR,
    as_json: Json = False,
) -> None:
    """Shows tickets that nobody has closed, or statistics; 1 if one of them is overdue."""
    from services.cli.failures import EXPECTED  # noqa: PLC0415
    from services.cli.supervision.tickets import show_summaries, show_tickets  # noqa: PLC0415
    from services.kit.errors import DomainError  # noqa: PLC0415
    from services.kit.reasons import TEXT_ZH  # noqa: PLC0415

    if not _REGION.fullmatch(region):
        fail(f"--region {region}：应为省级代码如 640000 · is a province like 640000", USAGE)
    try:
        first = date.fromisoformat(since) if since else None
    except ValueError:
        fail(f"--since {since}：应如 · is written like 2026-03-01", USAGE)
    try:
        if first is None:
            code = run(show_tickets(data_dir, region, as_json=as_json))
        else:
            code = run(show_summaries(data_dir, region, since=first, as_json=as_json))
    except DomainError as error:
        fail(f"{error.reason}：{error.zh or TEXT_ZH.get(error.reason, '')} · {error.message}")
    except EXPECTED as error:
        fail(error)
    raise typer.Exit(code)

"""`yijie partitions …`: the commands; what each needs is imported when it runs."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Annotated

import typer

from services.cli.interrupts import run
from services.cli.options import UP_DIR, USAGE, DataDir, Json, fail

if TYPE_CHECKING:
    from collections.abc import Coroutine
    from typing import Any

app = typer.Typer(
    help="The months of the journal: shows them, makes them ahead, takes old ones out of use.",
    no_args_is_help=True,
    rich_markup_mode=None,
)

Dsn = Annotated[
    str, typer.Option(help="Settlement's database, by its owner; none: that of --data-dir.")
]


@app.command("list")
def list_(*, dsn: Dsn = "", data_dir: DataDir = UP_DIR, as_json: Json = False) -> None:
    """Shows them; 1 if the next month is missing, or rows have no month."""
    from services.cli.partitions.showing import show_partitions  # noqa: PLC0415

    _run(show_partitions(dsn, data_dir, as_json=as_json))


@app.command()
def ensure(
    *,
    months: Annotated[int, typer.Option(min=1, max=60, help="How many, this one included.")] = 3,
    dsn: Dsn = "",
    data_dir: DataDir = UP_DIR,
) -> None:
    """Makes the coming months; does nothing where they are. Services keep running."""
    from services.cli.partitions.showing import show_ensured  # noqa: PLC0415

    _run(show_ensured(dsn, data_dir, months))


@app.command()
def detach(
    before: Annotated[str, typer.Option(help="First month that stays: 2026-01.")],
    *,
    dsn: Dsn = "",
    data_dir: DataDir = UP_DIR,
) -> None:
    """Takes old months out of use, into the schema settlement_archive; drops nothing."""
    from services.cli.partitions.showing import show_detached  # noqa: PLC0415

    _run(show_detached(dsn, data_dir, _month(before)))


@app.command()
def attach(
    month: Annotated[str, typer.Argument(help="2024-01")],
    *,
    dsn: Dsn = "",
    data_dir: DataDir = UP_DIR,
) -> None:
    """Brings a month back that was taken out of use."""
    from services.cli.partitions.showing import show_attached  # noqa: PLC0415

    _run(show_attached(dsn, data_dir, _month(month)))


def _month(text: str) -> date:
    from services.cli.partitions.months import parse_month  # noqa: PLC0415

    try:
        return parse_month(text)
    except ValueError as error:
        fail(error, USAGE)


def _run(command: Coroutine[Any, Any, int]) -> None:
    from services.cli.failures import EXPECTED  # noqa: PLC0415
    from services.cli.partitions.months import PartitionError  # noqa: PLC0415

    try:
        code = run(command)
    except (PartitionError, *EXPECTED) as error:
        fail(error)
    raise typer.Exit(code)

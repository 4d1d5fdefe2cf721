"""The command `yijie bench`; what it measures is in services/bench."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from services.cli.interrupts import run
from services.cli.options import UP_DIR, USAGE, DataDir, Json, fail


def add_to(app: typer.Typer) -> None:
    """Adds the command to the command line."""
    app.command()(bench)


def _require_rows(rows: Sequence[str], there_are: Sequence[str]) -> None:
    if unknown := set(rows) - set(there_are):
        named = ", ".join(sorted(unknown))
        fail(f"no row {named}; there are: {', '.join(there_are)}", USAGE)


def _read_sizes(text: str) -> list[int]:
    """Returns the sizes of `--sizes`; ends the command where one is no whole number."""
    sizes = [size for size in text.split(",") if size]
    if not all(size.isascii() and size.isdigit() and int(size) for size in sizes):
        fail("--sizes are whole numbers with commas between", USAGE)
    return [int(size) for size in sizes]


def bench(
    rows: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[policy] [classify] [rules] [settle] [stay] [slow] [load] [registries]"
            " [clearing] [screening] [audit] [mining] [growth]",
            help="None: all but the last five, which take longer than the others together.",
        ),
    ] = None,
    *,
    as_json: Json = False,
    output: Annotated[str, typer.Option(help="File for the JSON document.")] = "",
    rate: Annotated[float, typer.Option(help="Calls a second of the open loop.")] = 61.0,
    seconds: Annotated[float, typer.Option(help="Length of the open loop.")] = 30.0,
    closed_seconds: Annotated[float, typer.Option(help="Length of the closed loop.")] = 20.0,
    concurrency: Annotated[int, typer.Option(help="Calls in flight; 0: looked for.")] = 0,
    floor: Annotated[bool, typer.Option(help="Measure the floor too.")] = True,
    stays: Annotated[int, typer.Option(min=1, max=100, help="Stays of 3,000 lines.")] = 5,
    slow_rounds: Annotated[int, typer.Option(min=1, help="Rounds with a slow province.")] = 4,
    slow_seconds: Annotated[float, typer.Option(help="Length of each of their legs.")] = 10.0,
    load_people: Annotated[int, typer.Option(min=1, help="People to load.")] = 20_000,
    registry_rate: Annotated[
        float, typer.Option(min=1.0, help="Calls of the registries a second.")
    ] = 200.0,
    persons: Annotated[
        Path | None, typer.Option(help="File of people a running mesh has; none: load some.")
    ] = None,
    settlements: Annotated[
        int, typer.Option(min=1000, help="Settlements of the month that is closed.")
    ] = 1_000_000,
    sizes: Annotated[
        str, typer.Option(help="Of the months closed, or of the exports mined: 250000,1000000.")
    ] = "",
    bills: Annotated[int, typer.Option(min=1000, help="Settled bills that are audited.")] = 20_000,
    data_dir: DataDir = UP_DIR,
) -> None:
    """Measures how much this machine carries, against the floor of the same machine."""
    from services.bench.command import NAMED, ROWS, Options  # noqa: PLC0415
    from services.bench.command import bench as bench_  # noqa: PLC0415
    from services.cli.failures import EXPECTED  # noqa: PLC0415

    _require_rows(rows or (), (*ROWS, *NAMED))
    options = Options(
        rows=rows or ROWS,
        stays=stays,
        slow_rounds=slow_rounds,
        slow_seconds=slow_seconds,
        load_people=load_people,
        registry_rate=registry_rate,
        persons=persons,
        data_dir=data_dir,
        bills=bills,
        sizes=_read_sizes(sizes),
        settlements=_read_sizes(sizes) or [settlements],
        rate=rate,
        seconds=seconds,
        closed_seconds=closed_seconds,
        concurrency=concurrency,
        floor=floor,
        json_to="-" if as_json else output,
    )
    try:
        code = run(bench_(options))
    except EXPECTED as error:
        fail(error)
    raise typer.Exit(code)

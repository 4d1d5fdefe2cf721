"""The command `yijie drill`; what it rehearses is in services/proving/drills."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from services.cli.interrupts import run
from services.cli.options import USAGE, Json, fail


def add_to(app: typer.Typer) -> None:
    """Adds the command to the command line."""
    app.command()(drill)


def drill(
    name: Annotated[str, typer.Argument(help="restart, rotation, failover, overload or restore.")],
    *,
    short: Annotated[bool, typer.Option("--short", help="The form that CI runs.")] = False,
    data_dir: Annotated[
        Path | None, typer.Option("--data-dir", help="Keep database and logs there; none: remove.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Rehearses a failure on a mesh of its own and prints a verdict; 1 if a check fails."""
    import orjson  # noqa: PLC0415

    from services.cli.failures import EXPECTED  # noqa: PLC0415
    from services.cli.progress import Progress  # noqa: PLC0415
    from services.cli.screen import console  # noqa: PLC0415
    from services.proving import drills  # noqa: PLC0415
    from services.proving.drills.verdict import document, print_verdict  # noqa: PLC0415

    async def command() -> int:
        verdict = await carry_out(short=short, data_dir=data_dir, progress=Progress())
        if as_json:
            typer.echo(orjson.dumps(document(verdict), option=orjson.OPT_INDENT_2))
        else:
            print_verdict(verdict, console())
        return verdict.exit_code

    try:
        carry_out = drills.find(name)
        code = run(command())
    except drills.UnknownDrillError as error:
        fail(error, USAGE)
    except EXPECTED as error:
        fail(error)
    raise typer.Exit(code)

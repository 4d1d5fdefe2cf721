"""`yijie backup …`: the commands; what each needs is imported when it runs."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from services.cli.interrupts import EXIT_BY_SIGNAL, run
from services.cli.options import UP_DIR, USAGE, DataDir, Json, fail

if TYPE_CHECKING:
    from collections.abc import Coroutine
    from typing import Any

app = typer.Typer(
    help="Copies the database and its log, and restores any moment of it.",
    no_args_is_help=True,
    rich_markup_mode=None,
)

_INTERRUPTED: Final = {EXIT_BY_SIGNAL + 2, EXIT_BY_SIGNAL + 15}
_RECOVERY_S: Final = 3600.0

Dsn = Annotated[
    str, typer.Option(help="The server, by a role that may replicate; none: that of --data-dir.")
]
Archive = Annotated[Path, typer.Option("--archive", help="Folder of the backups of one server.")]
Tools = Annotated[
    Path | None,
    typer.Option(help="Folder of PostgreSQL's programs, of the server's version; none: our own."),
]


@app.command()
def base(
    archive: Archive, *, dsn: Dsn = "", data_dir: DataDir = UP_DIR, tools: Tools = None
) -> None:
    """Copies the whole server while it runs, and verifies the copy."""
    from services.cli.backup.showing import show_base  # noqa: PLC0415

    _run(show_base(archive.absolute(), dsn, data_dir, tools))


@app.command()
def wal(
    archive: Archive,
    *,
    dsn: Dsn = "",
    data_dir: DataDir = UP_DIR,
    slot: Annotated[str, typer.Option(help="Replication slot: one for each archive.")] = "",
    tools: Tools = None,
) -> None:
    """Follows the server's log into the archive until Ctrl-C; runs beside it always."""
    from services.cli.backup.showing import show_wal  # noqa: PLC0415

    _run(show_wal(archive.absolute(), dsn, data_dir, slot, tools))


@app.command("list")
def list_(archive: Archive, *, as_json: Json = False) -> None:
    """Shows the copies and the moments that can be restored; 1 where there are none."""
    from services.cli.backup.showing import show_bases  # noqa: PLC0415

    _run(show_bases(archive, as_json=as_json))


@app.command()
def restore(
    archive: Archive,
    to: Annotated[Path, typer.Option(help="New data folder, e.g. DATA_DIR/pg; must be empty.")],
    *,
    time: Annotated[
        str, typer.Option(help="Moment with zone, 2026-11-22T10:15:00+08:00; none: the log's end.")
    ] = "",
    tools: Tools = None,
    timeout: Annotated[float, typer.Option(min=1.0, help="Seconds at most.")] = _RECOVERY_S,
) -> None:
    """Restores the server as it was at a moment into a new folder; changes nothing else."""
    from services.cli.backup.showing import show_restore  # noqa: PLC0415

    _run(show_restore(archive.absolute(), to.absolute(), _moment(time), tools, timeout_s=timeout))


def _moment(text: str) -> datetime | None:
    if not text:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        fail(f"--time {text} is no moment; such as 2026-11-22T10:15:00+08:00", USAGE)
    if moment.tzinfo is None:
        fail(f"--time {text} has no zone; such as {text}+08:00", USAGE)
    return moment


def _run(command: Coroutine[Any, Any, int]) -> None:
    from services.cli.failures import EXPECTED  # noqa: PLC0415

    try:
        code = run(command)
    except EXPECTED as error:
        fail(error)
    # To be interrupted is how following ends.
    raise typer.Exit(0 if code in _INTERRUPTED else code)

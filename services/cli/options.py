"""Options that several commands share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Final, NoReturn

import typer

USAGE: Final = 2
"""Exit code of a call that is wrong in itself."""
UP_DIR: Final = Path(".yijie/up")

DataDir = Annotated[Path, typer.Option("--data-dir", help="Folder of a mesh: database, logs, …")]
Json = Annotated[bool, typer.Option("--json", help="JSON on standard output, nothing else.")]


def fail(error: object, code: int = 1) -> NoReturn:
    """Ends a command with a line that says why."""
    typer.echo(f"yijie: {error}", err=True)
    raise typer.Exit(code)

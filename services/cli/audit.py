"""`yijie audit …`: the commands; what each needs is imported when it runs."""

from __future__ import annotations

import re
from typing import Annotated

import typer

from services.cli.interrupts import run
from services.cli.options import UP_DIR, USAGE, DataDir, Json, fail

app = typer.Typer(
    help="Finds out whether what was booked is as it was booked.",
    no_args_is_help=True,
    rich_markup_mode=None,
)

_DIGEST = re.compile(r"[0-9a-f]{64}")


@app.callback()
def audit() -> None:
    """Finds out whether what was booked is as it was booked."""


@app.command()
def verify(
    data_dir: DataDir = UP_DIR,
    *,
    after: Annotated[
        int, typer.Option(min=0, help="Block that was verified before; 0: from the first one.")
    ] = 0,
    digest: Annotated[
        str, typer.Option(metavar="HEX", help="Digest of that block as it was noted then.")
    ] = "",
    as_json: Json = False,
) -> None:
    """Recomputes the ledger's chain from its rows; 1 if any was changed, added or removed."""
    from services.cli.auditing import verify_ledger  # noqa: PLC0415
    from services.cli.failures import EXPECTED  # noqa: PLC0415

    if digest and not (after and _DIGEST.fullmatch(digest)):
        fail("--digest is 64 hexadecimal digits, with --after the block that it is of", USAGE)
    try:
        code = run(verify_ledger(data_dir, after=after, digest=digest, as_json=as_json))
    except EXPECTED as error:
        fail(error)
    raise typer.Exit(code)

"""The command `yijie reimburse`; what it does is in reimburse.py."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated
from uuid import UUID

import typer

from services.cli.interrupts import run
from services.cli.options import UP_DIR, USAGE, DataDir, Json, fail


def add_to(app: typer.Typer) -> None:
    """Adds the command to the command line."""
    app.command()(reimburse)


def reimburse(
    file: Annotated[Path, typer.Argument(help="Invoice and lines, YAML or JSON.")],
    *,
    trial: Annotated[
        bool, typer.Option("--trial", help="Compute and check only; nothing is written.")
    ] = False,
    request_id: Annotated[
        UUID | None,
        typer.Option(help="Of an earlier call whose outcome is not known: asks what came of it."),
    ] = None,
    data_dir: DataDir = UP_DIR,
    as_json: Json = False,
) -> None:
    """Claims a bill that was paid in cash (零星报销) and compares it with direct settlement."""
    from services.catalogue.datafile import DataError  # noqa: PLC0415
    from services.cli.failures import EXPECTED  # noqa: PLC0415
    from services.cli.reimburse import BadClaimError  # noqa: PLC0415
    from services.cli.reimburse import reimburse as reimburse_  # noqa: PLC0415
    from services.kit.errors import DomainError  # noqa: PLC0415

    try:
        code = run(reimburse_(file, data_dir, trial=trial, as_json=as_json, request_id=request_id))
    except (BadClaimError, DataError) as error:
        fail(error, USAGE)
    except DomainError as error:
        # What it is about (channel and day of the other claim, the state) is in the metadata.
        facts = ", ".join(f"{name} {value}" for name, value in sorted(error.metadata.items()))
        fail(" · ".join(part for part in (error.zh, str(error), facts) if part))
    except EXPECTED as error:
        fail(error)
    raise typer.Exit(code)

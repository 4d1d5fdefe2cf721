"""`yijie audit …`: the commands; what each needs is imported when it runs."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated

import typer

from services.cli.interrupts import run
from services.cli.options import UP_DIR, USAGE, DataDir, Json, fail

app = typer.Typer(
    help="Finds out whether what is on record is as it was written, and proves it.",
    no_args_is_help=True,
    rich_markup_mode=None,
)

_DIGEST = re.compile(r"[0-9a-f]{64}")


@app.callback()
def audit() -> None:
    """Finds out whether what is on record is as it was written, and proves it."""


@app.command()
def verify(
    data_dir: DataDir = UP_DIR,
    *,
    after: Annotated[
        int,
        typer.Option(
            min=0, help="Block of the ledger that was verified before; 0: from the first one."
        ),
    ] = 0,
    digest: Annotated[
        str, typer.Option(metavar="HEX", help="Digest of that block as it was noted then.")
    ] = "",
    noted: Annotated[
        Path | None, typer.Option(help="File of a checkpoint of the audit chain noted before.")
    ] = None,
    ledger_only: Annotated[bool, typer.Option(help="Leaves the audit chain out.")] = False,
    as_json: Json = False,
) -> None:
    """Recomputes the ledger's chain and the audit chain from the rows of all services.

    Exits 1 if any row was changed, added or removed.
    """
    from services.cli.audit_chain.exporting import ExportError  # noqa: PLC0415
    from services.cli.auditing import Wanted, verify_all  # noqa: PLC0415
    from services.cli.failures import EXPECTED  # noqa: PLC0415

    if digest and not (after and _DIGEST.fullmatch(digest)):
        fail("--digest is 64 hexadecimal digits, with --after the block that it is of", USAGE)
    wanted = Wanted(after=after, digest=digest, noted=noted, ledger_only=ledger_only)
    try:
        code = run(verify_all(data_dir, wanted, as_json=as_json))
    except (*EXPECTED, ExportError) as error:
        fail(error)
    raise typer.Exit(code)


@app.command()
def export(
    out: Annotated[Path, typer.Option(help="File to write.")],
    data_dir: DataDir = UP_DIR,
    *,
    after: Annotated[
        Path | None,
        typer.Option(help="File of a checkpoint noted before: what came after it is written."),
    ] = None,
) -> None:
    """Writes the audit chain to a file that can be verified without Yijie."""
    from services.cli.audit_chain.commands import export_chain  # noqa: PLC0415
    from services.cli.audit_chain.exporting import ExportError  # noqa: PLC0415
    from services.cli.failures import EXPECTED  # noqa: PLC0415

    try:
        run(export_chain(data_dir, out, after=after))
    except (*EXPECTED, ExportError) as error:
        fail(error)


@app.command()
def checkpoint(
    data_dir: DataDir = UP_DIR,
    *,
    out: Annotated[
        Path | None, typer.Option(help="File to write it to; without it: standard output.")
    ] = None,
) -> None:
    """Signs what the audit chain is now: to be noted where the hub cannot change it."""
    from services.cli.audit_chain.commands import note_checkpoint  # noqa: PLC0415
    from services.cli.audit_chain.exporting import ExportError  # noqa: PLC0415
    from services.cli.failures import EXPECTED  # noqa: PLC0415

    try:
        run(note_checkpoint(data_dir, out))
    except (*EXPECTED, ExportError) as error:
        fail(error)


@app.command()
def key(
    out: Annotated[Path, typer.Option(help="Folder for checkpoint_key and checkpoint_keys.")],
    name: Annotated[str, typer.Option(help="Name of the key, e.g. hub-2026.")],
    *,
    algorithm: Annotated[str, typer.Option(help="ed25519, or sm2.")] = "ed25519",
) -> None:
    """Makes a key that signs checkpoints, and prints the line of its public key."""
    from services.cli.audit_chain.keys import CheckpointKeyError, new_checkpoint_key  # noqa: PLC0415
    from services.kit.crypto import BadKey  # noqa: PLC0415

    try:
        public = new_checkpoint_key(out, name, algorithm=algorithm)
    except (CheckpointKeyError, BadKey) as error:
        fail(error)
    typer.echo(public.line)

"""`yijie keys …`: the commands; what each needs is imported when it runs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from services.cli.interrupts import run
from services.cli.options import UP_DIR, USAGE, DataDir, Json, fail

if TYPE_CHECKING:
    from collections.abc import Awaitable

app = typer.Typer(
    help="Shows which key sealed what, and changes keys while services run.",
    no_args_is_help=True,
    rich_markup_mode=None,
)

Service = Annotated[
    str,
    typer.Option(help="One service by YIJIE_DSN and YIJIE_DATA_KEY_FILE, not a local mesh."),
]


@app.command()
def status(data_dir: DataDir = UP_DIR, service: Service = "", *, as_json: Json = False) -> None:
    """Counts sealed fields by table and key; reads every row."""
    from services.cli.keys.showing import show_status  # noqa: PLC0415

    _run(show_status(data_dir, service, as_json=as_json))


@app.command()
def rotate(
    data_dir: DataDir = UP_DIR,
    service: Service = "",
    *,
    algorithm: Annotated[str, typer.Option(help="aes (AES-256-GCM) or sm4 (SM4-GCM).")] = "aes",
) -> None:
    """Makes a new key the active one and seals anew what may be; services keep running."""
    from services.cli.keys.rotating import ALGORITHMS  # noqa: PLC0415
    from services.cli.keys.showing import show_rotation  # noqa: PLC0415

    if algorithm not in ALGORITHMS:
        fail(f"--algorithm is one of {', '.join(ALGORITHMS)}", USAGE)
    _run(show_rotation(data_dir, service, algorithm))


@app.command()
def reseal(data_dir: DataDir = UP_DIR, service: Service = "") -> None:
    """Seals anew what the active key has not written; goes on where a rotation broke off."""
    from services.cli.keys.showing import show_resealing  # noqa: PLC0415

    _run(show_resealing(data_dir, service))


@app.command()
def retire(
    key_id: Annotated[int, typer.Argument(help="Key id, as `status` shows it.")],
    data_dir: DataDir = UP_DIR,
    service: Service = "",
) -> None:
    """Takes a key out of the key file, if no field needs it any more."""
    from services.cli.keys.showing import show_retirement  # noqa: PLC0415

    _run(show_retirement(data_dir, service, key_id))


def _run(work: Awaitable[None]) -> None:
    from services.cli.keys.places import KeysError  # noqa: PLC0415
    from services.cli.migrate import DatabaseError  # noqa: PLC0415
    from services.kit.config import ConfigError  # noqa: PLC0415

    async def command() -> int:
        await work
        return 0

    try:
        code = run(command())
    except ConfigError as error:
        fail(error, USAGE)
    except (KeysError, DatabaseError) as error:
        fail(error)
    raise typer.Exit(code)

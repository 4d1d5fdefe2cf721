"""`yijie signatures …`: the commands; what each needs is imported when it runs."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from services.cli.interrupts import run
from services.cli.options import UP_DIR, USAGE, DataDir, Json, fail

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

app = typer.Typer(
    help="Who signed what: keys of callers and of the hub, and the proof of a settlement.",
    no_args_is_help=True,
    rich_markup_mode=None,
)

_DAYS_MAX: Final = 3660
_GRACE_H_MAX: Final = 24 * 90
_DIRECTORY: Final = UP_DIR / "signatures" / "keys.yaml"

Directory = Annotated[Path, typer.Option("--directory", help="Directory of public keys, YAML.")]
Service = Annotated[
    bool,
    typer.Option(
        "--service", help="Settlement by YIJIE_DSN and YIJIE_DATA_KEY_FILE, not a local mesh."
    ),
]


@app.command()
def key(
    region: Annotated[str, typer.Option(help="Province xx0000; the hub: 000000.")],
    role: Annotated[str, typer.Option(help="agency, officer, operator, …; the hub's own: hub.")],
    *,
    directory: Directory = _DIRECTORY,
    out: Annotated[
        Path | None, typer.Option(help="Makes a key: where its private half is written.")
    ] = None,
    public_key: Annotated[
        str, typer.Option(metavar="BASE64", help="Or takes the public half of one made elsewhere.")
    ] = "",
    algorithm: Annotated[str, typer.Option(help="ed25519 or sm2.")] = "ed25519",
    key_id: Annotated[str, typer.Option(help="Its name; none: region-role-date.")] = "",
    days: Annotated[int, typer.Option(min=1, max=_DAYS_MAX, help="How long it may sign.")] = 365,
    grace_h: Annotated[
        int,
        typer.Option(
            "--grace-hours",
            min=0,
            max=_GRACE_H_MAX,
            help="A first key: how long calls without a signature are still taken of its caller.",
        ),
    ] = 0,
) -> None:
    """Adds a key to the directory: a new one, or one whose private half stays where it is."""
    from services.cli.signatures.keys import Asked, add_key  # noqa: PLC0415

    if (out is None) == (not public_key):
        fail("say --out to make a key, or --public-key to take one", USAGE)
    asked = Asked(
        region_code=region,
        role=role,
        algorithm=algorithm,
        key_id=key_id,
        days=days,
        public_key=public_key,
        grace_h=grace_h,
    )
    _do(lambda: add_key(directory, asked, out))


@app.command("list")
def list_keys(
    directory: Directory = _DIRECTORY,
    *,
    within: Annotated[
        int, typer.Option(min=0, help="Exit with 1 if a key in use ends within so many days.")
    ] = 30,
    as_json: Json = False,
) -> None:
    """Lists the keys and until when they may sign; 1 if one ends soon."""
    from services.cli.signatures.keys import show_keys  # noqa: PLC0415

    _do(lambda: show_keys(directory, within_days=within, as_json=as_json))


@app.command()
def retire(
    key_id: Annotated[str, typer.Argument(help="Name of the key, as `list` shows it.")],
    directory: Directory = _DIRECTORY,
) -> None:
    """Lets a key sign no more from now on; what it signed before stays proven."""
    from services.cli.signatures.keys import retire_key  # noqa: PLC0415

    _do(lambda: retire_key(directory, key_id))


@app.command()
def show(
    record_id: Annotated[str, typer.Argument(help="Settlement, visit or reimbursement.")],
    data_dir: DataDir = UP_DIR,
    *,
    service: Service = False,
    out: Annotated[
        Path | None,
        typer.Option(help="Writes the proof, with the messages: it holds personal data."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Shows who signed what of a record, and of the visit that a settlement is of."""
    from services.cli.signatures.showing import show_record  # noqa: PLC0415

    _run(show_record(data_dir, record_id, is_service=service, out=out, as_json=as_json))


@app.command()
def verify(
    what: Annotated[str, typer.Argument(help="A proof that `show --out` wrote, or a record's id.")],
    data_dir: DataDir = UP_DIR,
    *,
    directory: Directory = _DIRECTORY,
    service: Service = False,
    as_json: Json = False,
) -> None:
    """Verifies what was signed: a proof in a file by the directory alone; 1 if it is not proven."""
    from services.cli.signatures.showing import verify_record  # noqa: PLC0415

    _run(verify_record(data_dir, what, directory, is_service=service, as_json=as_json))


def _do(work: Callable[[], int]) -> None:
    from services.cli.signatures.keys import SignaturesError  # noqa: PLC0415

    try:
        code = work()
    except SignaturesError as error:
        fail(error)
    raise typer.Exit(code)


def _run(work: Awaitable[int]) -> None:
    from services.cli.keys.places import KeysError  # noqa: PLC0415
    from services.cli.migrate import DatabaseError  # noqa: PLC0415
    from services.cli.signatures.keys import SignaturesError  # noqa: PLC0415
    from services.kit.config import ConfigError  # noqa: PLC0415

    async def command() -> int:
        return await work

    try:
        code = run(command())
    except ConfigError as error:
        fail(error, USAGE)
    except (SignaturesError, KeysError, DatabaseError) as error:
        fail(error)
    raise typer.Exit(code)

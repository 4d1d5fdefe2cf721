"""`yijie policy …`: the commands; what each needs is imported when it runs."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Annotated

import typer

from services.cli.interrupts import run
from services.cli.options import UP_DIR, USAGE, DataDir, Json, fail

app = typer.Typer(
    help="Checks, explains, compares, starts, tests and publishes benefit policies.",
    no_args_is_help=True,
    rich_markup_mode=None,
)

Packs = Annotated[
    list[str] | None,
    typer.Argument(metavar="[FOLDER or AREA]...", help="None: all shipped packs."),
]


@app.command()
def check(
    packs: Packs = None,
    *,
    stale_after: Annotated[
        str, typer.Option(metavar="AGE", help="Age of a verification, in days or months.")
    ] = "12m",
    strict: Annotated[bool, typer.Option("--strict", help="A caution is a failure.")] = False,
    as_json: Json = False,
) -> None:
    """Checks packs, and shows what they cover and leave out; 1 if one is refused."""
    from services.cli.policy.check import BadAgeError  # noqa: PLC0415
    from services.cli.policy.check import check as check_  # noqa: PLC0415
    from services.cli.policy.sources import UnknownPackError  # noqa: PLC0415

    try:
        code = check_(
            packs or [], stale_after=stale_after, strict=strict, as_json=as_json, today=_today()
        )
    except (BadAgeError, UnknownPackError) as error:
        fail(error, USAGE)
    raise typer.Exit(code)


@app.command()
def explain(
    region: Annotated[str, typer.Argument(help="Area, folder, or version of a running mesh.")],
    scheme: Annotated[str, typer.Argument(help="310 employee, 390 resident.")],
    day: Annotated[str, typer.Argument(metavar="DATE", help="YYYY-MM-DD.")],
    *,
    setting: Annotated[
        str, typer.Option(help="inpatient, outpatient, chronic or pharmacy; none: all.")
    ] = "",
    data_dir: DataDir = UP_DIR,
    as_json: Json = False,
) -> None:
    """Shows every value in force on a day, with its document."""
    from services.benefits.domain.errors import PolicyRefused  # noqa: PLC0415
    from services.cli.failures import EXPECTED  # noqa: PLC0415
    from services.cli.policy.in_force import NothingInForceError  # noqa: PLC0415
    from services.cli.policy.in_force import explain as explain_  # noqa: PLC0415
    from services.cli.policy.sources import UnknownPackError  # noqa: PLC0415

    try:
        code = run(
            explain_(region, scheme, _day(day), setting=setting, data_dir=data_dir, as_json=as_json)
        )
    except UnknownPackError as error:
        fail(error, USAGE)
    except (NothingInForceError, PolicyRefused, *EXPECTED) as error:
        fail(error)
    raise typer.Exit(code)


@app.command()
def diff(
    old: Annotated[str, typer.Argument(help="Folder, area, or version of a running mesh.")],
    new: Annotated[str, typer.Argument(help="Folder, area, or version of a running mesh.")],
    *,
    every: Annotated[bool, typer.Option("--all", help="All sample bills that differ.")] = False,
    data_dir: DataDir = UP_DIR,
    as_json: Json = False,
) -> None:
    """Shows what differs between two policies of a region, and what it means to patients."""
    from services.benefits.domain.errors import PolicyRefused  # noqa: PLC0415
    from services.cli.failures import EXPECTED  # noqa: PLC0415
    from services.cli.policy.diff import NotComparableError  # noqa: PLC0415
    from services.cli.policy.diff import diff as diff_  # noqa: PLC0415
    from services.cli.policy.sources import UnknownPackError  # noqa: PLC0415

    try:
        code = run(diff_(old, new, data_dir=data_dir, every=every, as_json=as_json, today=_today()))
    except (NotComparableError, UnknownPackError) as error:
        fail(error, USAGE)
    except (PolicyRefused, *EXPECTED) as error:
        fail(error)
    raise typer.Exit(code)


@app.command()
def new(
    region: Annotated[str, typer.Argument(help="Pooling area, six digits.")],
    *,
    folder: Annotated[
        Path, typer.Option("--folder", metavar="DIR", help="Where its folder is made.")
    ] = Path(),
    start: Annotated[
        str, typer.Option("--from", metavar="DATE", help="First day that the values hold.")
    ] = "",
) -> None:
    """Writes the skeleton of a region's policy, with ??? for each value."""
    from services.cli.policy.new import NewPackError  # noqa: PLC0415
    from services.cli.policy.new import new as new_  # noqa: PLC0415

    first = _day(start) if start else _today().replace(month=1, day=1)
    try:
        written = new_(region, folder, start=first)
    except NewPackError as error:
        fail(error, USAGE)
    for file in written:
        typer.echo(file)


@app.command("test")
def run_examples(packs: Packs = None, *, as_json: Json = False) -> None:
    """Computes the worked examples of packs; 1 if one does not come out to the fen."""
    from services.cli.policy.sources import UnknownPackError  # noqa: PLC0415
    from services.cli.policy.worked import test as test_  # noqa: PLC0415

    try:
        code = test_(packs or [], as_json=as_json)
    except UnknownPackError as error:
        fail(error, USAGE)
    raise typer.Exit(code)


@app.command()
def prove(
    *,
    cases: Annotated[int, typer.Option(min=1, help="How many random cases.")] = 100_000,
    seed: Annotated[int, typer.Option(help="Of the cases.")] = 1,
    folder: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR",
            exists=True,
            file_okay=False,
            help="Folder of packs; none: the shipped ones.",
        ),
    ] = None,
) -> None:
    """Computes random cases over all packs against properties; 1 if one is violated."""
    from services.benefits.domain.errors import PolicyRefused  # noqa: PLC0415
    from services.proving.policy.command import run as prove_  # noqa: PLC0415

    try:
        code = prove_(cases=cases, seed=seed, folder=folder)
    except PolicyRefused as error:
        fail(error)
    raise typer.Exit(code)


@app.command()
def publish(
    folder: Annotated[str, typer.Argument(help="Folder of the pack, named by its area.")],
    *,
    data_dir: DataDir = UP_DIR,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only have it checked.")] = False,
    as_json: Json = False,
) -> None:
    """Puts a policy in force in a running mesh, without a restart."""
    from services.benefits.domain.errors import PolicyRefused  # noqa: PLC0415
    from services.cli.failures import EXPECTED  # noqa: PLC0415
    from services.cli.policy.sources import UnknownPackError  # noqa: PLC0415
    from services.cli.policy.versions import publish as publish_  # noqa: PLC0415

    try:
        code = run(publish_(folder, data_dir=data_dir, dry_run=dry_run, as_json=as_json))
    except UnknownPackError as error:
        fail(error, USAGE)
    except (PolicyRefused, *EXPECTED) as error:
        fail(error)
    raise typer.Exit(code)


@app.command("list")
def list_(
    region: Annotated[str, typer.Argument(help="Area; none: all.")] = "",
    *,
    data_dir: DataDir = UP_DIR,
    as_json: Json = False,
) -> None:
    """Lists which versions of policies came into force in a running mesh, and when."""
    from services.cli.failures import EXPECTED  # noqa: PLC0415
    from services.cli.policy.versions import list_versions  # noqa: PLC0415

    try:
        code = run(list_versions(region, data_dir=data_dir, as_json=as_json))
    except EXPECTED as error:
        fail(error)
    raise typer.Exit(code)


def _today() -> date:
    from services.kit.clock import SystemClock, civil_date  # noqa: PLC0415

    return civil_date(SystemClock().now())


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        fail(f"{text} is not a date written YYYY-MM-DD", USAGE)

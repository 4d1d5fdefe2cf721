"""`yijie region …`: the commands; what each needs is imported when it runs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from services.cli.options import USAGE, Json, fail

app = typer.Typer(
    help="Files with the values of a province's release: charts/yijie/regions.",
    no_args_is_help=True,
    rich_markup_mode=None,
)

Regions = Annotated[Path, typer.Option("--regions", help="Folder of the region files.")]
_REGIONS = Path("charts/yijie/regions")


@app.command()
def new(
    code: Annotated[str, typer.Argument(metavar="CODE", help="Province, xx0000.")],
    *,
    hub: Annotated[
        list[str] | None,
        typer.Option(help="Address block from which the hub calls; may be repeated."),
    ] = None,
    host: Annotated[str, typer.Option(help="Name under which the hub finds the region.")] = "",
    regions: Regions = _REGIONS,
) -> None:
    """Writes the values of a province's release."""
    from services.cli.region.new import NewRegionError  # noqa: PLC0415
    from services.cli.region.new import new as new_  # noqa: PLC0415

    try:
        file = new_(code, regions, hub=hub or [], host=host)
    except NewRegionError as error:
        fail(error, USAGE)
    typer.echo(f"已写 wrote {file}")
    typer.echo(f"下一步 next: yijie region check --regions {regions}")


@app.command()
def check(
    *,
    regions: Regions = _REGIONS,
    strict: Annotated[bool, typer.Option("--strict", help="A caution is a failure.")] = False,
    as_json: Json = False,
) -> None:
    """Checks all region files, each by itself and against each other; 1 if one is refused."""
    from services.cli.region.check import NoRegionsError  # noqa: PLC0415
    from services.cli.region.check import check as check_  # noqa: PLC0415

    try:
        code = check_(regions, strict=strict, as_json=as_json)
    except NoRegionsError as error:
        fail(error, USAGE)
    raise typer.Exit(code)

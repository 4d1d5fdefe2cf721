"""`yijie sample`: synthetic data to try with."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from services.cli.options import USAGE, fail

app = typer.Typer(help="Makes synthetic data (示例).", no_args_is_help=True, rich_markup_mode=None)


@app.callback()
def sample() -> None:
    """Makes synthetic data (示例)."""


@app.command()
def province(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Where the files go.")],
    *,
    persons: Annotated[int, typer.Option(min=0, help="Insured people.")] = 10_000,
    items: Annotated[int, typer.Option(min=0, help="Entries of the catalogue.")] = 20_000,
    institutions: Annotated[int, typer.Option(min=0, help="Hospitals and pharmacies.")] = 300,
    seed: Annotated[int, typer.Option(min=0, help="The same seed makes the same files.")] = 1,
    region: Annotated[str, typer.Option(help="Province, xx0000.")] = "640000",
    day: Annotated[
        str, typer.Option("--date", help="First day of the filings, YYYY-MM-DD; none: today.")
    ] = "",
) -> None:
    """Writes a synthetic province as the files that `yijie load` takes."""
    from datetime import date, datetime  # noqa: PLC0415

    from services.cli.sample.province import Sizes, UnknownProvinceError, write  # noqa: PLC0415
    from services.kit.clock import SHANGHAI  # noqa: PLC0415

    try:
        first_day = date.fromisoformat(day) if day else datetime.now(SHANGHAI).date()
        sizes = Sizes(persons=persons, items=items, institutions=institutions)
        write(folder, sizes, seed=seed, region=region, day=first_day)
    except ValueError:
        fail(f"--date {day} is not written YYYY-MM-DD", USAGE)
    except UnknownProvinceError as error:
        fail(error, USAGE)
    except OSError as error:
        fail(f"{folder}: {error.strerror}")

"""The commands of `yijie rules` that need no mesh: check a pack, run its worked examples."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from services.cli.options import USAGE, Json, fail

if TYPE_CHECKING:
    from collections.abc import Callable

SHIPPED: Final = "shipped"

Pack = Annotated[
    str, typer.Argument(metavar="[FOLDER or shipped]", help="Folder of the pack; none: shipped.")
]


def add_to(app: typer.Typer) -> None:
    """Adds the commands to `yijie rules`."""
    app.command()(check)
    app.command("test")(run_examples)


def check(pack: Pack = SHIPPED, *, as_json: Json = False) -> None:
    """Checks a pack and lists its rules; 1 if it is refused, with file, line and field."""
    from services.cli.rules.check import check as check_  # noqa: PLC0415

    _run(check_, pack, as_json=as_json)


def run_examples(pack: Pack = SHIPPED, *, as_json: Json = False) -> None:
    """Runs the worked examples of a pack; 1 if one does not come out as written."""
    from services.cli.rules.test import test as test_  # noqa: PLC0415

    _run(test_, pack, as_json=as_json)


def _run(work: Callable[..., int], pack: str, *, as_json: bool) -> None:
    from services.supervision.rules_loader import RULES_DIR  # noqa: PLC0415

    folder = RULES_DIR if pack == SHIPPED else Path(pack)
    if not folder.is_dir():
        fail(f"{pack} is no folder; write a folder of rules, or {SHIPPED}", USAGE)
    raise typer.Exit(work(folder, as_json=as_json))

"""`yijie rules …`: the commands; what each needs is imported when it runs."""

from __future__ import annotations

import typer

from services.cli.rules import checking, publishing

app = typer.Typer(
    help="Audit rules (两库): checks packs, publishes them, and tells what they would find.",
    no_args_is_help=True,
    rich_markup_mode=None,
)
checking.add_to(app)
publishing.add_to(app)

"""How the commands on rule packs write: JSON for programs, refusals and tables for people."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import orjson
from rich.table import Table

if TYPE_CHECKING:
    from rich.console import Console

    from services.supervision.rules_manifest import RuleDataRefused


def write_json(document: dict[str, Any]) -> None:
    """Writes a document on standard output."""
    sys.stdout.buffer.write(orjson.dumps(document, option=orjson.OPT_INDENT_2) + b"\n")
    sys.stdout.buffer.flush()


def refusal_document(refused: RuleDataRefused) -> dict[str, Any]:
    """Returns a refusal for programs."""
    return {"reason": refused.reason, "problem": refused.problem, **refused.metadata}


def print_refusal(out: Console, refused: RuleDataRefused) -> None:
    """Prints what is wrong and where, whole, so that an editor finds the place."""
    text = f"✗ {refused}（{refused.reason}）"
    out.print(text, style="bold red", markup=False, soft_wrap=True)


def table(*headings: str, right: tuple[str, ...] = ()) -> Table:
    """Returns a table whose columns keep to their line."""
    found = Table(box=None, pad_edge=False, header_style="dim")
    for name in headings:
        found.add_column(name, justify="right" if name in right else "left", no_wrap=True)
    return found

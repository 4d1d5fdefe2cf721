"""How the commands on policies write: JSON for programs, refusals, dates and tables for people."""

from __future__ import annotations

import sys
from datetime import date
from typing import Any, Final

import orjson
from rich.console import Console
from rich.table import Table

from services.benefits.domain.errors import PolicyRefused
from services.kit import codes

_FOLDED_MIN: Final = 12


def write_json(document: dict[str, Any]) -> None:
    """Writes a document on standard output."""
    sys.stdout.buffer.write(orjson.dumps(document, option=orjson.OPT_INDENT_2) + b"\n")
    sys.stdout.buffer.flush()


def refusal_document(refused: PolicyRefused) -> dict[str, Any]:
    """Returns a refusal for programs."""
    return {
        "file": refused.file,
        "line": refused.line,
        "path": refused.path,
        "problem": refused.problem,
        "right": refused.right,
    }


def print_refusal(out: Console, refused: PolicyRefused) -> None:
    """Prints what is wrong and where, whole, so that an editor finds the place."""
    out.print(f"✗ {refused}", style="bold red", markup=False, soft_wrap=True)


def heading(out: Console, text: str) -> None:
    """Prints a title."""
    out.print(f"\n{text}", style="bold", markup=False)


def area(code: str) -> str:
    """Returns an area for people: 渭南市 610500."""
    return f"{codes.area_name(code) or ''} {code}".lstrip()


def table(*headings: str, right: tuple[str, ...] = (), fold: tuple[str, ...] = ()) -> Table:
    """Returns a table whose columns keep to their line, unless they are named to fold."""
    found = Table(box=None, pad_edge=False, header_style="dim")
    for name in headings:
        found.add_column(
            name,
            justify="right" if name in right else "left",
            no_wrap=name not in fold,
            overflow="fold",
            # On a narrow terminal these fold; without a least width they would vanish.
            min_width=_FOLDED_MIN if name in fold else None,
        )
    return found


def period(begin: date, end: date | None) -> str:
    """Returns days for people; an open end stays open."""
    return f"{begin} – {end}" if end else f"{begin} –"

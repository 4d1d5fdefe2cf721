"""Standard output for people."""

from __future__ import annotations

import shutil
import sys
from typing import Final

from rich.console import Console

_COLUMNS_PIPED: Final = 150
_COLUMNS_MIN: Final = 100


def console() -> Console:
    """Returns a console on standard output, wide enough for tables when it is a file or pipe.

    Without markup: `deductible.amount[first,3]` is a value of a table, and no tag to leave out.
    """
    columns = _COLUMNS_PIPED
    if sys.stdout.isatty():
        columns = max(_COLUMNS_MIN, shutil.get_terminal_size().columns)
    return Console(width=columns, highlight=False, markup=False)

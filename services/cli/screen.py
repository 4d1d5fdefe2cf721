"""Standard output for people."""

from __future__ import annotations

import shutil
import sys
from typing import Final

from rich.console import Console

_COLUMNS_PIPED: Final = 150
_COLUMNS_MIN: Final = 100


def console() -> Console:
    """Returns a console on standard output, wide enough for tables when it is a file or pipe."""
    if sys.stdout.isatty():
        return Console(width=max(_COLUMNS_MIN, shutil.get_terminal_size().columns), highlight=False)
    return Console(width=_COLUMNS_PIPED, highlight=False)

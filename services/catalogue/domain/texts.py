"""What a text of a catalogue may hold."""

from __future__ import annotations

import re
from typing import Final

CONTROL: Final = "has a control character"
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ufffe\uffff]")


def is_clean(text: str) -> bool:
    """Tells whether a text has no control character; NUL could not even be stored."""
    return _CONTROL.search(text) is None

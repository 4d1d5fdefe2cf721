"""What a text of a catalogue may hold."""

from __future__ import annotations

import re
from typing import Final

CONTROL: Final = "has a control character, or U+FFFD, which stands for what could not be decoded"
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ufffd-\uffff]")


def is_clean(text: str) -> bool:
    """Tells whether a text has no control character, which no name has.

    NUL could not even be stored, and U+FFFD is all that is left of a name read as another encoding
    (GBK as UTF-8): taken as it is, the name would be lost for good.
    """
    return _CONTROL.search(text) is None

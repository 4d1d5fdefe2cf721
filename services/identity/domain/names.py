"""Names of persons and institutions, as they may be registered."""

from __future__ import annotations

import unicodedata
from typing import Final

from services.identity.domain.errors import FieldInvalid

# What no name holds: controls (NUL cannot be stored as text), invisible and bidirectional marks,
# surrogates. Private-use and unassigned code points stay: rare characters of real names are there.
_UNPRINTABLE: Final = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})


def check_name(name: str, *, at: str) -> None:
    """Checks the name of a person or an institution.

    Raises:
        FieldInvalid: blank, padded, or with characters that cannot be printed.
    """
    if not name or name != name.strip():
        raise FieldInvalid(at, "is blank or padded")
    if any(unicodedata.category(character) in _UNPRINTABLE for character in name):
        raise FieldInvalid(at, "holds characters that cannot be printed")

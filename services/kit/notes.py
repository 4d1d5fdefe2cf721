"""What people write and who they are: notes without personal data, and two different people."""

from __future__ import annotations

import re
import unicodedata
from typing import Final

from services.kit.errors import RuleForbids
from services.kit.wire import invalid

_GAP: Final = r"[ ._·‐-―-]{0,2}"
"""What people put between groups of digits."""
_LONG_NUMBER: Final = re.compile(
    r"[0-9]{11}"
    rf"|(?<![0-9])1[3-9][0-9]{_GAP}[0-9]{{4}}{_GAP}[0-9]{{4}}(?![0-9])"
    rf"|(?<![0-9])[1-9][0-9]{{5}}{_GAP}(?:19|20)[0-9]{{2}}{_GAP}[01][0-9][0-3][0-9]{_GAP}"
    r"[0-9]{3}[0-9X]",
    re.IGNORECASE | re.ASCII,
)
"""An id number, a telephone or a card; the first two also in groups, as people write them."""
_KEY: Final = re.compile(
    r"\b[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\b|\b[HP][0-9]{11}\b", re.IGNORECASE | re.ASCII
)
"""A settlement, a request or an institution: the only things with so many digits that a note is
about."""


def read_note(note: str, field: str = "note", *, optional: bool = False) -> str:
    """Returns a note without the blanks around it.

    Raises:
        InvalidArgument: it is blank and may not be, or holds a control character or a number that
            may be a person's.
    """
    note = note.strip()
    if not note and not optional:
        raise invalid(field, "must not be blank")
    # A database takes no NUL, and nobody can read the others.
    if any(unicodedata.category(one) == "Cc" and one not in "\n\t" for one in note):
        raise invalid(field, "holds a control character")
    refuse_long_number(note, field)
    return note


def refuse_long_number(text: str, field: str) -> None:
    """Refuses a text that may name a person by a number.

    Raises:
        InvalidArgument: it holds a number of eleven digits or more that is no key of ours, or the
            number of a telephone or an id card in groups.
    """
    # Full-width digits are digits, too, and what nobody sees between them is nothing.
    plain = unicodedata.normalize("NFKC", text)
    # So are the digits of other scripts.
    plain = "".join(
        str(unicodedata.decimal(one)) if one.isdecimal() else one
        for one in plain
        if unicodedata.category(one) != "Cf"
    )
    if _LONG_NUMBER.search(_KEY.sub("", plain)):
        raise invalid(field, "holds a number of eleven digits or more, which may be a person's")


def read_two_people(maker_id: str, checker_id: str) -> tuple[str, str]:
    """Returns who made something and who checked it (不相容职务分离).

    Raises:
        InvalidArgument: a code holds a number that may be a person's.
        RuleForbids: MAKER_IS_CHECKER: both are the same person, however the code is written.
    """
    refuse_long_number(maker_id, "maker_id")
    refuse_long_number(checker_id, "checker_id")
    if maker_id.casefold() == checker_id.casefold():
        raise RuleForbids(
            "MAKER_IS_CHECKER", "the maker cannot check what they made", field="checker_id"
        )
    return maker_id, checker_id

"""Keyed blind indexes of what a bill may be found by: its invoice and the telephone left on it.

Everybody who compares invoices or telephones compares these: the feed of the audit, the register of
invoices, screening. Neither text leaves settlement.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from services.kit.crypto import BlindIndex

_COUNTRY = "86"
_MOBILE_DIGITS = 11


class Fingerprints:
    """Makes them."""

    def __init__(self, index: BlindIndex) -> None:
        """Takes the index with settlement's key."""
        self._index = index

    def invoice(self, number: str) -> bytes | None:
        """Returns the fingerprint of an invoice number, 32 bytes, in whichever case it is written.

        None for the empty text: no invoice was made out.
        """
        return self._index.index("invoice", number.upper()) if number else None

    def phone(self, text: str) -> bytes | None:
        """Returns the fingerprint of a telephone number, 32 bytes, however it is grouped.

        A mobile number is the same with and without the country's code. None for a text without
        digits.
        """
        digits = "".join(one for one in text if one.isascii() and one.isdigit()).removeprefix("00")
        if len(digits) == len(_COUNTRY) + _MOBILE_DIGITS and digits.startswith(_COUNTRY + "1"):
            digits = digits.removeprefix(_COUNTRY)
        return self._index.index("phone", digits) if digits else None

"""Tokens of the 医保电子凭证: what stands in them, and when one may be used. Pure.

A token is 28 letters and digits that spell a number: six bits of version, the second at which it
expires (32), chance (48) and a signature of these (80). So a token that nobody issued is recognised
without a look into the database, and a guess has one chance in 2^80.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from services.identity.domain.errors import CredentialExpired, CredentialUsed
from services.kit import codes

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

VERSION: Final = 1
NONCE_BYTES: Final = 6
SIGNATURE_BYTES: Final = 10
_EXPIRY_BYTES: Final = 4
_BODY_BYTES: Final = 1 + _EXPIRY_BYTES + NONCE_BYTES
_BASE: Final = len(codes.TOKEN_ALPHABET)
_DIGITS: Final = {character: digit for digit, character in enumerate(codes.TOKEN_ALPHABET)}

REPEAT_FOR: Final = timedelta(hours=1)
"""How long after it expired a token is still accepted for the use that took it: a settlement that
is repeated or recovered shows the same token again."""


def body_of(expire_second: int, nonce: bytes) -> bytes:
    """Returns what is signed: version, expiry (seconds since 1970, UTC), NONCE_BYTES of chance."""
    return bytes((VERSION,)) + expire_second.to_bytes(_EXPIRY_BYTES) + nonce


def write_token(body: bytes, signature: bytes) -> str:
    """Returns the 28 characters of a body and its signature of SIGNATURE_BYTES."""
    number = int.from_bytes(body + signature)
    characters = []
    for _ in range(codes.TOKEN_LENGTH):
        number, digit = divmod(number, _BASE)
        characters.append(codes.TOKEN_ALPHABET[digit])
    return "".join(reversed(characters))


def read_token(token: str) -> tuple[bytes, bytes] | None:
    """Returns body and signature of 28 characters, None where no body of ours can be in them."""
    number = 0
    for character in token:
        number = number * _BASE + _DIGITS[character]
    size = _BODY_BYTES + SIGNATURE_BYTES
    if number >> 8 * (size - 1) != VERSION:
        return None
    data = number.to_bytes(size)
    return data[:_BODY_BYTES], data[_BODY_BYTES:]


@dataclass(frozen=True, slots=True)
class TokenUse:
    """What a token was used for before it was shown this time."""

    expire_time: datetime
    """Until when it is accepted for a first use, UTC."""
    use_id: UUID | None
    """None: not used."""
    institution_code: str
    """The first institution that saw it; empty: none."""


def check_token(
    held: TokenUse, *, use_id: UUID | None, institution_code: str, now: datetime
) -> None:
    """Checks whether a token may be used, or looked at.

    Args:
        held: the token before this.
        use_id: what it is to be used for; None: it is only looked at.
        institution_code: where the patient stands; empty: not stated.
        now: instant, UTC.

    Raises:
        CredentialExpired: its time is over, and it was not used for the same before.
        CredentialUsed: it was used for something else, or seen at another institution.
    """
    repeated = use_id is not None and use_id == held.use_id
    if held.expire_time + (REPEAT_FOR if repeated else timedelta()) <= now:
        raise CredentialExpired
    if use_id is not None and held.use_id is not None and not repeated:
        raise CredentialUsed
    if institution_code and held.institution_code and institution_code != held.institution_code:
        raise CredentialUsed

"""Whether a signed message counts: its key, its time, its signature."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from services.kit.errors import InvalidArgument
from services.kit.signing.exchange import Proof
from services.kit.signing.message import METADATA_KEY, invalid

if TYPE_CHECKING:
    from services.kit.caller import Caller
    from services.kit.signing.directory import Directory, Entry
    from services.kit.signing.files import KeyBook
    from services.kit.signing.message import Signed

WINDOW_MS: Final = 300_000
"""How far the time of a signature may be from ours, either way."""


@dataclass(frozen=True, slots=True)
class Judgement:
    """What became of the verification of a record, however long after."""

    entry: Entry | None
    """None: no key of this name is known, or it is one of another algorithm."""
    holds: bool
    """The signature is one of the key over the message."""
    in_time: bool
    """The key might sign at the time that the signature names."""
    is_usable: bool = True
    """False: the library of its algorithm is not installed here, so nothing is known."""

    @property
    def ok(self) -> bool:
        """Tells whether the record proves what it says."""
        return self.holds and self.in_time


def judge(directory: Directory, signed: Signed) -> Judgement:
    """Verifies a record with nothing but the directory: a key that is retired by now still counts.

    When it was received is not part of it: whoever kept the record says that.
    """
    entry = directory.entries.get(signed.key_id)
    if entry is None or entry.algorithm != signed.algorithm:
        return Judgement(None, holds=False, in_time=False)
    if not entry.is_usable:
        return Judgement(entry, holds=False, in_time=False, is_usable=False)
    return Judgement(
        entry, holds=signed.holds(entry.public_key), in_time=_might_sign(entry, signed)
    )


def require_fresh(book: KeyBook, signed: Signed, caller: Caller | None, now: datetime) -> Proof:
    """Returns the proof of a message that came just now; `caller` is its sender, if known.

    Raises:
        InvalidArgument: SIGNATURE_KEY_UNKNOWN, SIGNATURE_KEY_RETIRED, SIGNATURE_STALE,
            SIGNATURE_INVALID.
    """
    entry = book.entry(signed.key_id)
    if entry is None or entry.algorithm != signed.algorithm:
        raise _refused("SIGNATURE_KEY_UNKNOWN", "no key of this name is trusted here", signed)
    if not entry.is_usable:
        raise _refused(
            "SIGNATURE_KEY_UNKNOWN", "keys of this algorithm cannot be verified here", signed
        )
    if caller is not None and (caller.region_code, caller.role) != (entry.region_code, entry.role):
        # Whoever took a signed request from its sender's wire cannot send it as his own.
        raise _refused("SIGNATURE_KEY_UNKNOWN", "the key is another caller's", signed)
    if not entry.may_sign(now):
        raise _not_in_use(entry, signed)
    age_ms = round(now.timestamp() * 1000) - signed.signed_ms
    if abs(age_ms) > WINDOW_MS:
        raise _refused(
            "SIGNATURE_STALE",
            "it was signed too long ago, or by a clock that is ahead; sign it anew",
            signed,
            ageMs=str(age_ms),
            windowMs=str(WINDOW_MS),
        )
    if not _might_sign(entry, signed):
        # By its own clock's time the key was not in use: later it would prove nothing.
        raise _not_in_use(entry, signed)
    if not signed.holds(entry.public_key):
        raise invalid("the signature is not one of its key over this message", key_id=signed.key_id)
    return Proof(signed, entry.region_code, entry.role, now)


def is_fresh_answer(entry: Entry, signed: Signed, now: datetime) -> bool:
    """Tells whether an answer that came just now is signed, now, by a key that might."""
    age_ms = round(now.timestamp() * 1000) - signed.signed_ms
    return (
        entry.is_usable
        and abs(age_ms) <= WINDOW_MS
        and _might_sign(entry, signed)
        and signed.holds(entry.public_key)
    )


def _might_sign(entry: Entry, signed: Signed) -> bool:
    try:
        at = datetime.fromtimestamp(signed.signed_ms / 1000, UTC)
    except (OverflowError, OSError, ValueError):
        # Beyond every calendar.
        return False
    return entry.may_sign(at)


def _not_in_use(entry: Entry, signed: Signed) -> InvalidArgument:
    return _refused(
        "SIGNATURE_KEY_RETIRED",
        "the key is not in use: it was retired, or its time is over or to come",
        signed,
        validFromTime=entry.valid_from.isoformat(),
        validToTime=entry.end.isoformat(),
    )


def _refused(reason: str, message: str, signed: Signed, **metadata: str) -> InvalidArgument:
    return InvalidArgument(
        reason, message, field=METADATA_KEY, metadata={"keyId": signed.key_id, **metadata}
    )

"""Publications of rule packs: which one runs at an instant, and which instants may be given."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import Enum
from typing import TYPE_CHECKING, Final

from services.kit.errors import InvalidArgument, RuleForbids

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from uuid import UUID

PAST_MAX: Final = timedelta(minutes=10)
"""How long ago an instant may be: a pack that is signed is on its way for a while."""
AHEAD_MAX: Final = timedelta(days=366)
"""How far ahead an instant may be."""
_ISO: Final = "%Y-%m-%dT%H:%M:%SZ"


class PackState(Enum):
    """Where a publication stands."""

    UPCOMING = "UPCOMING"
    RUNNING = "RUNNING"
    PAST = "PAST"
    WITHDRAWN = "WITHDRAWN"
    REFUSED = "REFUSED"


@dataclass(frozen=True, slots=True, kw_only=True)
class Publication:
    """A version of the rules and the instant from which they run."""

    publication_id: UUID
    version: str
    digest: str
    """SHA-256 of the pack's files, 64 hex digits: the version is its beginning."""
    valid_from_time: datetime
    """UTC, a whole second."""
    key_id: str
    signature: bytes
    maker_id: str
    checker_id: str
    publish_time: datetime
    is_withdrawn: bool = False

    @property
    def signed_for(self) -> bytes:
        """The text that was signed."""
        return statement(
            digest=self.digest,
            valid_from_time=self.valid_from_time,
            maker_id=self.maker_id,
            checker_id=self.checker_id,
        )


def statement(*, digest: str, valid_from_time: datetime, maker_id: str, checker_id: str) -> bytes:
    """Returns the text that is signed: what is published, from when, and who answers for it.

    The first line keeps a signature from standing for anything else.
    """
    lines = (
        "yijie rule pack 1",
        f"sha256 {digest}",
        f"valid from {iso(valid_from_time)}",
        f"maker {maker_id}",
        f"checker {checker_id}",
        "",
    )
    return "\n".join(lines).encode()


def iso(instant: datetime) -> str:
    """Returns an instant as it is signed and shown: 2026-12-01T00:00:00Z."""
    return instant.strftime(_ISO)


def read_iso(text: str) -> datetime:
    """Reads what `iso` writes; ValueError: it is none."""
    return datetime.strptime(text, _ISO).replace(tzinfo=UTC)


def require_instant(valid_from_time: datetime, now: datetime) -> None:
    """Refuses instants from which no pack can run.

    Raises:
        InvalidArgument: RULE_PACK_TIME.
    """
    if valid_from_time.microsecond:
        raise _bad_time("must be a whole second")
    if not now - PAST_MAX <= valid_from_time <= now + AHEAD_MAX:
        raise _bad_time("must be from ten minutes ago to 366 days ahead")


def require_newer(made: Publication, publications: Sequence[Publication], now: datetime) -> None:
    """Refuses an instant that stands already, or lies before that of what runs.

    What was withdrawn leaves its instant free, but not for itself: its signature still holds, and
    whoever has read it could otherwise undo what two people decided.

    Raises:
        RuleForbids: RULE_PACK_NOT_NEWER.
    """
    for one in publications:
        if one.is_withdrawn:
            if one.signed_for == made.signed_for:
                raise _not_newer(one, "was withdrawn; have it signed for another instant")
            continue
        stands = one.valid_from_time == made.valid_from_time
        if stands or made.valid_from_time < one.valid_from_time <= now:
            raise _not_newer(one, "a pack runs, or is to run, from the same or a later instant")


def require_upcoming(publication: Publication, now: datetime) -> None:
    """Refuses to withdraw what is withdrawn or may run already.

    Raises:
        RuleForbids: RULE_PACK_STATE_FORBIDS.
    """
    if publication.is_withdrawn:
        state = PackState.WITHDRAWN
    elif publication.valid_from_time <= now:
        state = PackState.RUNNING
    else:
        return
    raise RuleForbids(
        "RULE_PACK_STATE_FORBIDS",
        "only a pack whose instant is still to come can be withdrawn",
        field="publication_id",
        metadata={"state": state.value},
    )


def state_of(
    publication: Publication,
    *,
    running: Publication | None,
    refused: Collection[UUID],
    now: datetime,
) -> PackState:
    """Returns where a publication stands, for a process that runs another one, or itself."""
    if publication.is_withdrawn:
        return PackState.WITHDRAWN
    if running is not None and publication.publication_id == running.publication_id:
        return PackState.RUNNING
    if publication.publication_id in refused:
        return PackState.REFUSED
    return PackState.UPCOMING if publication.valid_from_time > now else PackState.PAST


def _not_newer(one: Publication, message: str) -> RuleForbids:
    return RuleForbids(
        "RULE_PACK_NOT_NEWER",
        message,
        field="valid_from_time",
        metadata={"validFromTime": iso(one.valid_from_time)},
    )


def _bad_time(description: str) -> InvalidArgument:
    return InvalidArgument(
        "RULE_PACK_TIME", f"valid_from_time: {description}", field="valid_from_time"
    )

"""A signal of identity as supervision keeps it: a hint that a credential was misused, no proof."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class Signal:
    """Something that looks wrong with the use of credentials."""

    signal_id: UUID
    kind: str
    """Name in yijie.identity.v1.SignalKind, without prefix."""
    person_id: UUID
    institution_codes: tuple[str, ...]
    """In order of time."""
    first_time: datetime
    last_time: datetime
    distance_km: int
    """Between the two places; 0: not of this kind."""
    use_count: int
    event_time: datetime
    """When identity found it, UTC."""

    @property
    def provinces(self) -> tuple[str, ...]:
        """The provinces in the institutions' codes, xx0000, each once."""
        return tuple(dict.fromkeys(f"{code[1:3]}0000" for code in self.institution_codes))


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordedSignal:
    """A signal with its place in the order of recording."""

    signal_number: int
    signal: Signal
    create_time: datetime

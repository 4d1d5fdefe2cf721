"""What the catalogue service keeps: versions of a care region's catalogue."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

START: Final = ("", date.min)
"""Before the first item of a version: (item code, begin date)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """One published version of a region's catalogue."""

    version_id: int
    """Key in the store; never leaves the service."""
    region_code: str
    """Province of the care region, as "640000"."""
    version: str
    """Label given at import, unique in the region."""
    item_count: int
    """Items (periods, not codes) in it."""
    publication_sequence: int
    """Order of publication over all regions, from 1."""
    base_version: str = ""
    """The version that it changes or repeats; empty: stated whole."""
    effective_date: date | None = None
    """First fee date that differs from the base; None: stated whole, or a repetition."""
    publish_time: datetime | None = None
    """When it was published, UTC."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A version while it is being filled, locked; or one that is published and takes no more."""

    version_id: int
    item_count: int
    """Items given so far; those of a base come at publication."""
    withdrawal_count: int
    base_version_id: int | None
    effective_date: date | None
    is_published: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Base:
    """What a version made by changes starts from."""

    version_id: int
    effective_date: date
    """First fee date of the changes."""

"""What the catalogue service keeps: versions of a care region's catalogue."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Final

START: Final = ("", date.min)
"""Before the first item of a version: (item code, begin date)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """One version of a region's catalogue."""

    version_id: int
    """Key in the store; never leaves the service."""
    region_code: str
    """Province of the care region, as "640000"."""
    version: str
    """Label given at import, unique in the region."""
    item_count: int
    """Items (periods, not codes) in it; final once it is published."""
    publication_sequence: int | None
    """Order of publication over all regions; None: not published."""

"""Zones of mutual recognition of catalogues (目录互认): who recognises whose list, and when."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from services.catalogue.domain.periods import holds

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date


@dataclass(frozen=True, slots=True, kw_only=True)
class Zone:
    """One zone; within it, a member's list speaks for what another member does not list."""

    zone_id: str
    name_zh: str
    province_codes: tuple[str, ...]
    list_type_codes: tuple[str, ...]
    begin_date: date
    """First fee date."""
    end_date: date | None
    """Last fee date; None: open."""
    applied: bool
    """True: lines are classified by it; False: only comparisons show it."""
    sample: bool
    """True: no published document backs it (示例)."""
    basis: str
    """What backs it, in words."""

    def holds_on(self, day: date) -> bool:
        """Tells whether the zone is in force on a fee date."""
        return holds((self.begin_date, self.end_date), day)


def recognising_zone(
    zones: Iterable[Zone], *, one: str, other: str, list_type_code: str, on_date: date
) -> str:
    """Returns the first zone in which two provinces recognise a kind of list on a date; "": none.

    Applied or not: comparisons show what a zone would do.
    """
    return next(
        (
            zone.zone_id
            for zone in zones
            if zone.holds_on(on_date)
            and list_type_code in zone.list_type_codes
            and {one, other} <= set(zone.province_codes)
        ),
        "",
    )

"""Mutual recognition of catalogues (目录互认): which zones let one region's list stand in. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date

    from services.classification.snapshot import Snapshot


@dataclass(frozen=True, slots=True, kw_only=True)
class Zone:
    """An applied zone, as far as it decides on lines."""

    province_codes: frozenset[str]
    """Members, xx0000."""
    list_type_codes: frozenset[str]
    """Kinds of list that are recognised."""
    begin_date: date
    """First fee date."""
    end_date: date | None
    """Last fee date, that day included; None: open."""

    def covers(self, list_type_code: str, fee_date: date) -> bool:
        """Tells whether items of a kind are recognised on a fee date."""
        return (
            list_type_code in self.list_type_codes
            and self.begin_date <= fee_date
            and (self.end_date is None or fee_date <= self.end_date)
        )


@dataclass(frozen=True, slots=True)
class Recognition:
    """The insured region's catalogue, for what the care region's does not list."""

    snapshot: Snapshot
    zones: tuple[Zone, ...]
    """Those that both provinces are in."""

    def covers(self, list_type_code: str, fee_date: date) -> bool:
        """Tells whether items of a kind are recognised on a fee date."""
        return any(zone.covers(list_type_code, fee_date) for zone in self.zones)


def recognition_of(
    zones: Iterable[Zone], *, care_province: str, insured: Snapshot
) -> Recognition | None:
    """Returns what the zones let the insured region's catalogue stand in for; None: nothing."""
    both = {care_province, insured.region_code}
    found = tuple(zone for zone in zones if both <= zone.province_codes)
    return Recognition(insured, found) if found else None

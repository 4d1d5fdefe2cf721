"""What an insured region sets within the national bounds, effective-dated (规程, Art. 8 to 10)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from services.filing.domain.model import ApprovalWay, Channel, Evidence
from services.kit import codes

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

NATIONAL: Final = "national"
"""Name of the terms that hold wherever a region sets none of its own."""
WHOLE_PROVINCES: Final = ("460000", "540000", "660000")
"""海南, 西藏, 兵团: may be filed for as a whole where the insured region takes part; municipalities
always are."""

Approval = dict[tuple[Channel, Evidence], ApprovalWay]
Value = int | None | frozenset[str] | frozenset[Channel] | Approval


@dataclass(frozen=True, slots=True)
class Entry:
    """One value of one term, from a day on."""

    begin_date: date
    value: Value
    basis: str
    """The document and place that says so, or why it is a sample."""
    sample: bool
    """No document is traceable (示例)."""


History = tuple[Entry, ...]
"""Entries of one term, by day."""


@dataclass(frozen=True, slots=True)
class Terms:
    """The terms of one insured region on one day."""

    change_lock_months: int
    """Months after submission in which a long-term filing may not be changed or cancelled; 0 to
    6."""
    temporary_months: int
    """Months that a filing of class B is valid; at least 6."""
    retroactive_days_long_term: int | None
    """Days before today on which a long-term filing may begin at the earliest; None: any."""
    retroactive_days_temporary: int | None
    """The same of referrals and temporary stays."""
    commitment_bar_months: int
    """Months after a false commitment in which the person must hand in papers."""
    province_level_targets: frozenset[str]
    """Those of `WHOLE_PROVINCES` that may be named as a whole."""
    documents_required: frozenset[Channel]
    """Channels by which the papers behind a filing must be listed."""
    approval: Mapping[tuple[Channel, Evidence], ApprovalWay]
    """How a filing is decided, by channel and by what is shown."""
    samples: frozenset[str] = frozenset()
    """Names of the terms above whose value is a sample."""

    def may_be_whole(self, area: str) -> bool:
        """Tells whether a filing may name this province-level area."""
        return codes.is_municipality(area) or area in self.province_level_targets

    def retroactive_days(self, *, long_term: bool) -> int | None:
        """Returns the days before today on which a filing may begin; None: any."""
        return self.retroactive_days_long_term if long_term else self.retroactive_days_temporary


NAMES: Final = tuple(name for name in Terms.__dataclass_fields__ if name != "samples")
"""Every term, as the files name it."""


class TermsBook:
    """The terms of all insured regions: a region's own, its province's, the national ones."""

    __slots__ = ("_areas", "_terms")

    def __init__(self, areas: Mapping[str, Mapping[str, History]]) -> None:
        """Holds histories by term, by area; those of `NATIONAL` are complete."""
        self._areas = areas
        self._terms: dict[tuple[str, date], Terms] = {}

    def of(self, insured_region: str, on: date) -> Terms:
        """Returns the terms of a region on a day."""
        area = codes.pooling_area_of(insured_region)
        found = self._terms.get((area, on))
        if found is None:
            # One day is asked for at a time: what is kept is the regions of a few days.
            if len(self._terms) >= _KEPT_MAX:
                self._terms.clear()
            found = self._terms[area, on] = self._make(area, on)
        return found

    def entry(self, insured_region: str, name: str, on: date) -> Entry:
        """Returns what one term rests on."""
        return self._entry(codes.pooling_area_of(insured_region), name, on)

    def _make(self, area: str, on: date) -> Terms:
        entries = {name: self._entry(area, name, on) for name in NAMES}
        values: dict[str, Any] = {name: entry.value for name, entry in entries.items()}
        return Terms(
            **values, samples=frozenset(name for name, entry in entries.items() if entry.sample)
        )

    def _entry(self, area: str, name: str, on: date) -> Entry:
        for place in (area, codes.province_of(area)):
            begun = [e for e in self._areas.get(place, {}).get(name, ()) if e.begin_date <= on]
            if begun:
                return begun[-1]
        history = self._areas[NATIONAL][name]
        # Before the rule the first of its values stands: filings of before it were taken over.
        return next((e for e in reversed(history) if e.begin_date <= on), history[0])


_KEPT_MAX: Final = 4096

"""Filings for care elsewhere (异地就医备案): 规程 of 医保发〔2022〕22号, Art. 7 to 10, 16, 34."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from enum import Enum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import date, datetime
    from uuid import UUID


class FilingType(Enum):
    """Who may file (Art. 7); the two digits are ours, the national ones are not published."""

    RETIRED_SETTLED = "11"
    """异地安置退休人员."""
    LONG_TERM_RESIDENT = "12"
    """异地长期居住人员."""
    POSTED_WORKER = "13"
    """常驻异地工作人员."""
    REFERRAL = "21"
    """异地转诊人员."""
    EMERGENCY = "22"
    """异地急诊抢救人员: deemed filed (Art. 8), never submitted."""
    TEMPORARY = "23"
    """其他临时外出就医人员."""

    @property
    def long_term(self) -> bool:
        """Class A of Art. 7: valid until the person changes it (Art. 10)."""
        return self.value < "20"


class Evidence(Enum):
    """What was shown for a filing (Art. 8)."""

    NONE = "NONE"
    DOCUMENT = "DOCUMENT"
    """Proof of settlement, residence or work."""
    COMMITMENT = "COMMITMENT"
    """个人承诺书."""
    REFERRAL_PROOF = "REFERRAL_PROOF"
    """转诊转院证明 of an institution that the insured region names."""


class FilingState(Enum):
    """Whether a filing counts within its dates."""

    LIVE = "LIVE"
    CANCELLED = "CANCELLED"


class BenefitLevel(Enum):
    """What a filing is worth at the place of care (待遇档次), domain rule of Art. 8 to 10."""

    LONG_TERM = "LONG_TERM"
    """As at home."""
    REFERRAL = "REFERRAL"
    """At most 10 points below home."""
    EMERGENCY = "EMERGENCY"
    """At most 10 points below home."""
    TEMPORARY = "TEMPORARY"
    """At most 20 points below home."""
    UNFILED = "UNFILED"
    """The insured region's rule for those without a filing."""


@dataclass(frozen=True, slots=True)
class Terms:
    """What an insured region sets within the national bounds."""

    temporary_months: int = 6
    """Months that a filing of class B is valid; at least 6."""
    change_lock_months: int = 0
    """Months after submission in which a long-term filing may not be cancelled; 0 to 6."""

    def __post_init__(self) -> None:
        """Holds the region to the national bounds (规程, Art. 10)."""
        if not 6 <= self.temporary_months <= 60:  # noqa: PLR2004  # the bounds of the rule
            raise ValueError("temporary filings are valid for 6 to 60 months")
        if not 0 <= self.change_lock_months <= 6:  # noqa: PLR2004  # the bounds of the rule
            raise ValueError("the change lock is 0 to 6 months")


@dataclass(frozen=True, slots=True)
class Application:
    """What is asked to be filed."""

    person_id: UUID
    insured_region: str
    target_region: str
    type: FilingType
    begin_date: date
    end_date: date | None
    """Last day; None: as the rule says."""
    evidence: Evidence


@dataclass(frozen=True, slots=True)
class Filing:
    """A filing as kept."""

    filing_id: UUID
    person_id: UUID
    insured_region: str
    """参保地, six digits."""
    target_region: str
    """Where care is sought: a prefecture, or a province-level area where the rule allows it."""
    type: FilingType
    begin_date: date
    end_date: date | None
    """Last day of validity; None: open-ended."""
    evidence: Evidence
    create_time: datetime
    """When it was submitted, UTC."""
    create_date: date
    """The same as a civil date in Asia/Shanghai; the change lock counts from it."""
    cancel_time: datetime | None = None
    """When it was cancelled, UTC."""
    cancel_date: date | None = None
    """The same as a civil date in Asia/Shanghai; it counts no more from this day on."""

    @property
    def state(self) -> FilingState:
        """Cancelled or live; a live filing may still lie outside its dates."""
        return FilingState.LIVE if self.cancel_time is None else FilingState.CANCELLED

    @property
    def last_day(self) -> date | None:
        """Last day on which it counts, whatever ends it; None: open-ended."""
        if self.cancel_date is None:
            return self.end_date
        before = self.cancel_date - timedelta(days=1)
        return before if self.end_date is None else min(before, self.end_date)

    def counts_within(self, first: date, last: date) -> bool:
        """Tells whether it counts on any day from `first` to `last`."""
        end = self.last_day
        if end is None:
            return self.begin_date <= last
        return self.begin_date <= min(last, end) and first <= end

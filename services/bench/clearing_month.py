"""A month of cross-province settlements by the hundred thousand: who, where, how much, taken back.

The shape is that of domain.md §7: a few provinces receive most patients and a few others send
them, one settlement in seventeen is a stay, seven in ten happen in working hours, one in a hundred
is taken back. Every seed gives one flow, always the same. Amounts are synthetic, whole fen.
"""

from __future__ import annotations

import calendar
import heapq
import itertools
import math
import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Final
from uuid import UUID

from services.kit import codes
from services.kit.clock import civil_midnight
from services.kit.ids import drawing_from, new_id

EMPLOYEE: Final = "310"
RESIDENT: Final = "390"
POOLED: Final[Mapping[str, str]] = {EMPLOYEE: "310100", RESIDENT: "390100"}
ACCOUNT: Final = "310200"
LARGE: Final = "330100"
CRITICAL: Final = "390200"
ASSISTANCE: Final = "610100"
INPATIENT: Final = "21"
OUTPATIENT: Final = "11"

# 北京 上海 广东 江苏 浙江 receive; 安徽 河北 河南 江西 send. All others alike.
_RECEIVES: Final[Mapping[str, int]] = {
    "110000": 14, "310000": 16, "440000": 12, "320000": 11, "330000": 11, "500000": 4, "510000": 4,
}  # fmt: skip
_SENDS: Final[Mapping[str, int]] = {
    "340000": 14, "130000": 11, "410000": 11, "360000": 8, "320000": 6, "510000": 5, "420000": 5,
}  # fmt: skip
_STAYS: Final = 0.06
"""Part of the settlements that are stays: 13 to 15 of 238 million in 2024."""
_EMPLOYEES: Final[Mapping[str, float]] = {INPATIENT: 0.45, OUTPATIENT: 0.70}
_MEDIAN_FEN: Final[Mapping[str, int]] = {INPATIENT: 1_400_000, OUTPATIENT: 23_000}
_SPREAD: Final[Mapping[str, float]] = {INPATIENT: 0.8, OUTPATIENT: 0.9}
"""Of the logarithm: means of about 19,300 and 345 yuan."""
_THIRD_FUND: Final = 0.25
_WORKING: Final = 0.7
_HOURS: Final = (8, 9, 10, 11, 13, 14, 15, 16)
_WEEKDAYS: Final = (1.6, 1.2, 1.1, 1.1, 1.1, 0.5, 0.4)
_REVERSED: Final = 0.01
_REVERSAL_MEAN_S: Final = 8 * 3600.0
_REVERSAL_MAX: Final = timedelta(days=5)
_INSTITUTIONS: Final = 40
"""Hospitals of a province."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settled:
    """One settlement."""

    settlement_id: UUID
    request_id: UUID
    institution_code: str
    insured_region_code: str
    care_region_code: str
    scheme_code: str
    medical_type_code: str
    settle_time: datetime
    total_fen: int
    funds: tuple[tuple[str, int], ...]
    """Fund types with what they pay, each more than zero, the personal account among them."""

    @property
    def account_fen(self) -> int:
        """What the personal account pays."""
        return sum(fen for code, fen in self.funds if code == ACCOUNT)

    @property
    def fund_fen(self) -> int:
        """What the funds pay, without the personal account."""
        return sum(fen for code, fen in self.funds if code != ACCOUNT)

    @property
    def cash_fen(self) -> int:
        """What is left to the patient."""
        return self.total_fen - sum(fen for _, fen in self.funds)


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One event of the flow."""

    event_time: datetime
    settled: Settled
    reverses: bool
    """Whether the settlement is taken back by it."""


@dataclass(slots=True)
class Flow:
    """Settlements month after month; what is taken back after midnight falls into the next."""

    seed: int = 61
    _random: random.Random = field(init=False)
    _reversals: list[tuple[datetime, int, Settled]] = field(default_factory=list)
    _number: Iterator[int] = field(default_factory=itertools.count)

    def __post_init__(self) -> None:
        self._random = random.Random(self.seed)  # noqa: S311 - the same flow each time, no secret

    def month(self, month: str, settlements: int) -> Iterator[tuple[date, list[Event]]]:
        """Gives the events of a month "YYYY-MM" day by day, in the order in which they happen."""
        year, number = (int(part) for part in month.split("-"))
        days = [
            date(year, number, day) for day in range(1, calendar.monthrange(year, number)[1] + 1)
        ]
        counts = _shares(settlements, [_WEEKDAYS[day.weekday()] for day in days])
        with drawing_from(self._random.randbytes):
            for day, count in zip(days, counts, strict=True):
                yield day, self._day(day, count)

    def rest(self) -> list[Event]:
        """Returns what is still to be taken back, in order."""
        return list(self._due(datetime.max.replace(tzinfo=UTC)))

    def _day(self, day: date, count: int) -> list[Event]:
        start = civil_midnight(day)
        instants = sorted(start + self._offset() for _ in range(count))
        pairs = self._random.choices(_PAIRS, cum_weights=_CUMULATED, k=count)
        events = []
        for instant, (insured, care) in zip(instants, pairs, strict=True):
            settled = self._settle(instant, insured, care)
            events.append(Event(event_time=instant, settled=settled, reverses=False))
            if self._random.random() < _REVERSED:
                delay = timedelta(seconds=self._random.expovariate(1 / _REVERSAL_MEAN_S) + 1)
                heapq.heappush(
                    self._reversals,
                    (instant + min(delay, _REVERSAL_MAX), next(self._number), settled),
                )
        events += self._due(start + timedelta(days=1))
        return sorted(events, key=lambda event: event.event_time)

    def _due(self, before: datetime) -> Iterator[Event]:
        while self._reversals and self._reversals[0][0] < before:
            instant, _, settled = heapq.heappop(self._reversals)
            yield Event(event_time=instant, settled=settled, reverses=True)

    def _offset(self) -> timedelta:
        drawn = self._random
        if drawn.random() < _WORKING:
            hour = _HOURS[int(drawn.random() * len(_HOURS))]
        else:
            hour = int(drawn.random() * 24)
        return timedelta(milliseconds=hour * 3_600_000 + int(drawn.random() * 3_600_000))

    def _settle(self, instant: datetime, insured: str, care: str) -> Settled:
        drawn = self._random
        medical_type = INPATIENT if drawn.random() < _STAYS else OUTPATIENT
        scheme = EMPLOYEE if drawn.random() < _EMPLOYEES[medical_type] else RESIDENT
        total = 1000 + int(
            drawn.lognormvariate(math.log(_MEDIAN_FEN[medical_type]), _SPREAD[medical_type])
        )
        number = 1 + int(drawn.random() ** 2 * _INSTITUTIONS)
        return Settled(
            settlement_id=new_id(instant),
            request_id=new_id(instant),
            institution_code=f"H{care}{number:05}",
            insured_region_code=insured,
            care_region_code=care,
            scheme_code=scheme,
            medical_type_code=medical_type,
            settle_time=instant,
            total_fen=total,
            funds=self._funds(scheme, total),
        )

    def _funds(self, scheme: str, total: int) -> tuple[tuple[str, int], ...]:
        # Per thousand of the total, so that no two bills are split alike and all are whole fen.
        drawn = self._random
        pooled = total * (300 + int(drawn.random() * 300)) // 1000
        second = total * (50 + int(drawn.random() * 100)) // 1000
        third = total * (20 + int(drawn.random() * 60)) // 1000
        codes_ = (ACCOUNT, LARGE) if scheme == EMPLOYEE else (CRITICAL, ASSISTANCE)
        funds = ((POOLED[scheme], pooled), (codes_[0], second))
        return (*funds, (codes_[1], third)) if drawn.random() < _THIRD_FUND else funds


def _pairs() -> Iterator[tuple[tuple[str, str], int]]:
    for insured in codes.PROVINCES:
        for care in codes.PROVINCES:
            if insured != care:
                yield (insured, care), _SENDS.get(insured, 2) * _RECEIVES.get(care, 1)


_WEIGHTED: Final = tuple(_pairs())
_PAIRS: Final = [pair for pair, _ in _WEIGHTED]
_CUMULATED: Final = list(itertools.accumulate(weight for _, weight in _WEIGHTED))


def _shares(total: int, weights: Sequence[float]) -> list[int]:
    """Splits a number by weights; the parts add up to it."""
    borders = [round(total * part / sum(weights)) for part in itertools.accumulate(weights)]
    return [end - begin for begin, end in zip([0, *borders], borders, strict=False)]

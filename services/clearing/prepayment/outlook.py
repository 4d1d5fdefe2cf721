"""What is ahead of a pair: forecast, its back-test, a top-up tried out, and what to hold."""

from __future__ import annotations

import asyncio
import functools
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from fractions import Fraction
from typing import TYPE_CHECKING, Final

from services.clearing.domain import forecast, forecast_back_test, sizing
from services.clearing.domain.forecast import Crossing, History, MonthEnd, MonthSoFar
from services.clearing.domain.usage import BASIS_POINTS, Usage, propose_top_up
from services.clearing.prepayment import usage_store
from services.kit.calendar import CHINA
from services.kit.clock import civil_date, civil_month
from services.kit.dates import last_day, next_month, previous_month

if TYPE_CHECKING:
    from services.clearing.domain.forecast_back_test import Score
    from services.clearing.domain.sizing import Size
    from services.clearing.prepayment.terms import Rules
    from services.kit.db import Database

_EXHAUSTED: Final = Fraction(1)
_MONTH_DAYS: Final = 31

# The library answers in microseconds; a back-test asks a hundred thousand times.
_is_working: Final = functools.lru_cache(maxsize=8192)(CHINA.is_working)


@dataclass(frozen=True, slots=True, kw_only=True)
class Forecast:
    """What the rest of a month is likely to bring."""

    month: str
    usage: Usage
    crossings: tuple[tuple[int, Crossing], ...]
    """Rate in basis points, and when; empty: nothing is held."""
    month_end: MonthEnd | None
    """None: the history is too short."""
    day_count: int
    """Days that the means are of."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """What a top-up would do."""

    present: Forecast
    topped_up: Forecast
    proposed_fen: int
    """Two months as this one is likely to come to, less what is held."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Need:
    """What a pair must hold."""

    size: Size | None
    """None: no whole month is known."""
    holding_fen: int
    """What it holds now."""


class Outlook:
    """Reads the history of one pair by the rules of today."""

    def __init__(
        self,
        database: Database,
        rules: Rules,
        *,
        insured_region_code: str,
        care_region_code: str,
        now: datetime,
    ) -> None:
        self._database = database
        self._rules = rules
        self._pair = {
            "insured_region_code": insured_region_code,
            "care_region_code": care_region_code,
        }
        self._today = civil_date(now)
        self._month = civil_month(now)

    async def foresee(self) -> Forecast:
        """Returns when the month's amount is likely to reach each threshold."""
        usage = await self._usage()
        return self._foresee(usage, *await self._history(self._rules.method.holiday_days))

    async def try_top_up(self, amount_fen: int) -> Trial:
        """Returns how it were if the pair held so much more today."""
        usage = await self._usage()
        history, today_fen = await self._history(self._rules.method.holiday_days)
        present = self._foresee(usage, history, today_fen)
        more = replace(usage, holding_fen=usage.holding_fen + amount_fen)
        likely = present.month_end.likely_fen if present.month_end else usage.used_fen
        return Trial(
            present=present,
            topped_up=self._foresee(more, history, today_fen),
            proposed_fen=propose_top_up(
                replace(usage, used_fen=likely), months_held=self._rules.top_up_months_held
            ),
        )

    async def back_test(self, month_count: int) -> tuple[int, Score]:
        """Returns the months tested and how good the forecast would have been in them."""
        days = self._rules.method.holiday_days + _MONTH_DAYS * (month_count + 1)
        history, _ = await self._history(days)
        if history is None:
            return 0, forecast_back_test.score([])
        months = forecast_back_test.whole_months(history, month_count)
        # A second of arithmetic for three years: not on the event loop.
        cases = await asyncio.to_thread(
            forecast_back_test.back_test,
            history,
            months=months,
            rates=(self._rules.thresholds.yellow, self._rules.thresholds.red),
            method=self._rules.method,
            is_working=_is_working,
        )
        return len(months), forecast_back_test.score(cases)

    async def size(self, probability: Fraction) -> Need:
        """Returns what to hold so that a month is red with no more than a probability."""
        by_month = await usage_store.list_months(
            self._database,
            before_month=self._month,
            with_account=self._rules.usage_counts_account,
            **self._pair,
        )
        amounts: list[int] = []
        month = min(by_month, default=self._month)
        while month <= previous_month(self._month):
            amounts.append(by_month.get(month, 0))
            month = next_month(month)
        usage = await self._usage()
        return Need(
            size=sizing.size(
                amounts,
                red=self._rules.thresholds.red,
                probability=probability,
                months_max=self._rules.sizing_months,
            ),
            holding_fen=usage.holding_fen,
        )

    async def _usage(self) -> Usage:
        sums = await usage_store.sum_usage(
            self._database,
            self._month,
            with_account=self._rules.usage_counts_account,
            **self._pair,
        )
        return Usage(
            used_fen=sum(one.used_fen for one in sums.values()),
            holding_fen=sum(one.holding_fen for one in sums.values()),
        )

    async def _history(self, day_count: int) -> tuple[History | None, int]:
        """Returns the days before today, and today's amount so far."""
        days = await usage_store.list_days(
            self._database,
            first_day=self._today - timedelta(days=day_count),
            with_account=self._rules.usage_counts_account,
            **self._pair,
        )
        today_fen = sum(fen for day, fen in days if day == self._today)
        return forecast.history_of(days, end=self._today), today_fen

    def _foresee(self, usage: Usage, history: History | None, today_fen: int) -> Forecast:
        model = forecast.fit(history, self._rules.method, _is_working) if history else None
        so_far = MonthSoFar(
            used_fen=usage.used_fen,
            today_fen=today_fen,
            today=self._today,
            month_end=last_day(self._month),
        )
        crossings: list[tuple[int, Crossing]] = []
        if model is not None and usage.holding_fen > 0:
            thresholds = self._rules.thresholds
            crossings = [
                (int(rate * BASIS_POINTS), forecast.cross(model, so_far, usage.fen_to(rate)))
                for rate in (thresholds.yellow, thresholds.red, _EXHAUSTED)
            ]
        return Forecast(
            month=self._month,
            usage=usage,
            crossings=tuple(crossings),
            month_end=forecast.foresee_end(model, so_far) if model else None,
            day_count=model.day_count if model else 0,
        )

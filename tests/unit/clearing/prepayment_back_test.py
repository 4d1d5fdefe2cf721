"""Back-test of the forecast and of sizing on a synthetic history.

Usage: .venv/bin/python -m tests.unit.clearing.prepayment_back_test

The history is not made by the model that forecasts it: bills come by chance (Poisson) with amounts
of a heavy tail (lognormal), the level wanders from week to week (autoregressive), grows by 14 % a
year, falls by the season, before the Spring Festival and on holidays, and catches up after long
ones; weekends worked for holidays are working days. The calendar is China's.
"""

from __future__ import annotations

import math
import random
import sys
from dataclasses import dataclass
from datetime import date, timedelta
from fractions import Fraction

from services.clearing.domain.forecast import History, Method
from services.clearing.domain.forecast_back_test import MORNINGS, back_test, score, whole_months
from services.clearing.domain.sizing import size
from services.kit.calendar import CHINA

METHOD = Method(
    window_days=84,
    holiday_days=730,
    holiday_share=Fraction(2, 5),
    deviations=Fraction(12816, 10000),
)
RATES = (Fraction(7, 10), Fraction(9, 10))
FIRST = date(2022, 1, 1)
END = date(2026, 1, 1)
TESTED_MONTHS = 24
WEEK = (1.28, 1.16, 1.10, 1.06, 1.02, 0.66, 0.52)
SEASON = (0.97, 0.88, 1.06, 1.02, 1.00, 0.99, 1.03, 1.02, 1.00, 0.97, 1.03, 1.03)
GROWTH = 0.14


@dataclass(frozen=True)
class Kind:
    name: str
    bills_a_day: float
    wander: float
    sized: int
    """Histories that sizes are tried on: a rare event needs many, and a small pair is soon made."""


KINDS = (
    Kind("large, 300 bills a day", 300, 0.03, 12),
    Kind("middle, 30 bills a day", 30, 0.05, 30),
    Kind("small, 3 bills a day", 3, 0.08, 100),
)


def poisson(draw: random.Random, mean: float) -> int:
    if mean > 50:
        return max(0, round(draw.gauss(mean, math.sqrt(mean))))
    count, product, bound = 0, draw.random(), math.exp(-mean)
    while product > bound:
        count += 1
        product *= draw.random()
    return count


def days_off_around(day: date) -> int:
    """The length of the run of days off that holds a day; 0: it is worked."""
    if CHINA.is_working(day):
        return 0
    length = 1
    for step in (-1, 1):
        other = day + timedelta(days=step)
        while not CHINA.is_working(other):
            length += 1
            other += timedelta(days=step)
    return length


def level(day: date) -> float:
    run = days_off_around(day)
    factor = SEASON[day.month - 1] * (1 + GROWTH) ** ((day - FIRST).days / 365)
    if run >= 6:
        return factor * 0.30
    if run >= 3:
        return factor * 0.50
    weekday = day.weekday()
    factor *= 1.05 if weekday >= 5 and not run else WEEK[weekday]
    # Before a long holiday people go home; after it they come back together.
    for distance in range(1, 6):
        if days_off_around(day + timedelta(days=distance)) >= 6:
            return factor * (0.86 + 0.02 * distance)
        if days_off_around(day - timedelta(days=distance)) >= 6:
            return factor * (1.20 - 0.03 * distance)
    return factor


def synthesize(kind: Kind, seed: int) -> History:
    draw = random.Random(seed)  # noqa: S311 - to be repeated
    amounts, drift = [], 0.0
    for n in range((END - FIRST).days):
        day = FIRST + timedelta(days=n)
        if day.weekday() == 0:
            drift = 0.6 * drift + draw.gauss(0, kind.wander)
        bills = poisson(draw, kind.bills_a_day * level(day) * math.exp(drift))
        amounts.append(sum(round(draw.lognormvariate(13.3, 1.1)) for _ in range(bills)))
    return History(first_day=FIRST, amounts_fen=tuple(amounts))


def cases_of(kind: Kind, seeds: range):
    found = []
    for seed in seeds:
        history = synthesize(kind, seed)
        found += back_test(
            history,
            months=whole_months(history, TESTED_MONTHS),
            rates=RATES,
            method=METHOD,
            is_working=CHINA.is_working,
        )
    return found


def month_amounts(history: History) -> list[tuple[str, int]]:
    found = []
    for month in whole_months(history, 48):
        first = date.fromisoformat(f"{month}-01")
        end = (first + timedelta(days=31)).replace(day=1)
        found.append((month, history.sum_of(first, end)))
    return found


def red_months(kind: Kind, seeds: range, probability: Fraction) -> tuple[int, int, Fraction]:
    """Red months of the last year with what three years before it asked for; months; and the
    holding as a share of the legal one, two average months of Q4."""
    red = months = 0
    held = legal = 0
    for seed in seeds:
        amounts = [fen for _, fen in month_amounts(synthesize(kind, seed))]
        answer = size(amounts[:36], red=RATES[1], probability=probability, months_max=36)
        held += answer.holding_fen
        legal += 2 * sum(amounts[33:36]) // 3
        red += sum(10 * fen >= 9 * answer.holding_fen for fen in amounts[36:])
        months += 12
    return red, months, Fraction(held, legal)


def say(text: str) -> None:
    sys.stdout.write(f"{text}\n")


def main() -> None:
    seeds = range(1, 6)
    say(f"forecast: {TESTED_MONTHS} months to {END - timedelta(days=1)}, {len(seeds)} histories")
    say(f"made on the mornings of {MORNINGS}; nominal interval 80 %")
    say(f"{'pair':26} {'cases':>5} {'error':>6} {'straight':>8} {'<=1 day':>7} {'covered':>7}")
    for kind in KINDS:
        cases = cases_of(kind, seeds)
        groups = [(kind.name, cases)]
        groups += [
            (f"  from day {morning}", [one for one in cases if one.today.day == morning])
            for morning in MORNINGS
        ]
        for name, some in groups:
            got = score(some)
            say(
                f"{name:26} {got.case_count:5} {got.error_hundredths / 100:6.2f}"
                f" {got.straight_error_hundredths / 100:8.2f}"
                f" {100 * got.within_one_day_count // max(1, got.case_count):6} %"
                f" {got.covered_percent:5} %"
            )
    say("sizing: three years of history, red months of the year after")
    for kind in KINDS:
        for probability in (Fraction(1, 10), Fraction(1, 20)):
            red, months, share = red_months(kind, range(1, kind.sized + 1), probability)
            say(
                f"{kind.name:26} p = {float(probability):.2f}: {red} of {months}"
                f" = {red / months:.3f}; holds {float(share):.2f} of the legal quota"
            )


if __name__ == "__main__":
    main()

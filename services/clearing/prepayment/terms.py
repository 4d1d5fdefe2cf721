"""The terms of prepayment (terms/prepayment.yaml) as what holds on a day."""

from __future__ import annotations

import calendar
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any, Final

from services.clearing.domain.exhausted import ExhaustedAction, ExhaustedPolicy
from services.clearing.domain.forecast import Method
from services.clearing.domain.quota import QuotaKey, pair_problem
from services.clearing.domain.usage import Thresholds
from services.clearing.terms_folder import TERMS_FOLDER
from services.kit.strict_yaml import Tree
from services.kit.terms_files import (
    History,
    TermsRefused,
    Wrong,
    entry_on,
    load_terms,
    read_fields,
    read_whole,
)

_AREA: Final = "prepayment"
_RATES: Final = ("yellow_rate", "red_rate")
_PROVINCE: Final = re.compile(r"[1-6][0-9]0000")
_MONTHS: Final = 12
_DAYS: Final = 31


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """What holds on a day."""

    quota_months_held: int
    quota_counts_account: bool
    usage_counts_account: bool
    quota_fix_deadline: tuple[int, int]
    """Month and day; a day beyond the month's end is its last one."""
    quota_pay_deadline: tuple[int, int]
    thresholds: Thresholds
    top_up_working_days: int
    top_up_months_held: int
    exhausted_action: ExhaustedAction
    exhausted_overrides: tuple[ExhaustedPolicy, ...]
    method: Method
    interval_percent: int
    sizing_months: int


class Terms:
    """The terms by day."""

    def __init__(self, histories: Mapping[str, History[Any]]) -> None:
        """Holds the histories of `load`."""
        self._histories = histories

    def on(self, day: date) -> Rules:
        """Returns what holds on a civil date."""
        value = {name: entry_on(history, day).value for name, history in self._histories.items()}
        overrides = entry_on(self._histories["exhausted_overrides"], day)
        method, percent = value["forecast_method"]
        return Rules(
            quota_months_held=value["quota_months_held"],
            quota_counts_account=value["quota_counts_account"],
            usage_counts_account=value["usage_counts_account"],
            quota_fix_deadline=value["quota_fix_deadline"],
            quota_pay_deadline=value["quota_pay_deadline"],
            thresholds=Thresholds(yellow=value["yellow_rate"], red=value["red_rate"]),
            top_up_working_days=value["top_up_working_days"],
            top_up_months_held=value["top_up_months_held"],
            exhausted_action=value["exhausted_action"],
            exhausted_overrides=tuple(
                ExhaustedPolicy(
                    insured_region_code=insured,
                    care_region_code=care,
                    action=action,
                    without_holding=without_holding,
                    begin_date=overrides.begin_date,
                    note=overrides.basis,
                )
                for insured, care, action, without_holding in overrides.value
            ),
            method=method,
            interval_percent=percent,
            sizing_months=value["sizing_months"],
        )


def load(folder: Path = TERMS_FOLDER) -> Terms:
    """Returns the terms of a folder.

    Raises:
        TermsRefused: the first thing wrong, with its line and what would be right.
    """
    histories = load_terms(_AREA, _READERS, folder)
    days = {one.begin_date for name in _RATES for one in histories[name]}
    for day in sorted(days):
        yellow, red = (entry_on(histories[name], day).value for name in _RATES)
        if yellow >= red:
            raise TermsRefused(
                f"{_AREA}.yaml: on {day} yellow_rate is not below red_rate; write it lower"
            )
    return Terms(histories)


def deadline_of(year: int, month_and_day: tuple[int, int]) -> date:
    """Returns the day of a year that a deadline is."""
    month, day = month_and_day
    return date(year, month, min(day, calendar.monthrange(year, month)[1]))


def _flag(tree: Tree) -> bool:
    if not isinstance(tree, bool):
        raise Wrong("write true or false")
    return tree


def _rate(tree: Tree) -> Fraction:
    if not isinstance(tree, Decimal) or not 0 < tree < 1:
        raise Wrong("write 70 % as 0.70")
    return Fraction(tree)


def _month_and_day(tree: Tree) -> tuple[int, int]:
    fields = read_fields(tree, frozenset({"month", "day"}))
    return (
        read_whole(fields["month"], least=1, most=_MONTHS),
        read_whole(fields["day"], least=1, most=_DAYS),
    )


def _action(tree: Tree) -> ExhaustedAction:
    known = {one.value.lower(): one for one in ExhaustedAction}
    if not isinstance(tree, str) or tree not in known:
        raise Wrong(f"write one of: {', '.join(known)}")
    return known[tree]


def _overrides(tree: Tree) -> tuple[tuple[str, str, ExhaustedAction, bool], ...]:
    if not isinstance(tree, list):
        raise Wrong("write a list; [] for none")
    found: dict[tuple[str, str], tuple[str, str, ExhaustedAction, bool]] = {}
    for item in tree:
        fields = read_fields(item, frozenset({"insured", "care", "action", "without_holding"}))
        insured, care = _province(fields["insured"]), _province(fields["care"])
        if pair_problem(QuotaKey(insured, care, "310")) or (insured, care) in found:
            raise Wrong("name two different provinces, each pair once")
        found[insured, care] = (
            insured,
            care,
            _action(fields["action"]),
            _flag(fields["without_holding"]),
        )
    return tuple(found.values())


def _province(tree: Tree) -> str:
    if not isinstance(tree, str) or not _PROVINCE.fullmatch(tree):
        raise Wrong('write a quoted province code, as "640000"')
    return tree


def _method(tree: Tree) -> tuple[Method, int]:
    names = frozenset({"window_days", "holiday_days", "holiday_share", "deviations", "percent"})
    fields = read_fields(tree, names)
    deviations = fields["deviations"]
    window = read_whole(fields["window_days"], least=28, most=364)
    if window % 7 or not isinstance(deviations, Decimal) or not 0 < deviations < _MONTHS:
        raise Wrong("write whole weeks of days, and deviations as 1.2816")
    method = Method(
        window_days=window,
        holiday_days=read_whole(fields["holiday_days"], least=window, most=1461),
        holiday_share=_rate(fields["holiday_share"]),
        deviations=Fraction(deviations),
    )
    return method, read_whole(fields["percent"], least=1, most=99)


def _count(least: int, most: int) -> Callable[[Tree], int]:
    def read(tree: Tree) -> int:
        return read_whole(tree, least=least, most=most)

    return read


_READERS: Final[Mapping[str, Callable[[Tree], Any]]] = {
    "quota_months_held": _count(1, 12),
    "quota_counts_account": _flag,
    "usage_counts_account": _flag,
    "quota_fix_deadline": _month_and_day,
    "quota_pay_deadline": _month_and_day,
    "yellow_rate": _rate,
    "red_rate": _rate,
    "top_up_working_days": _count(0, 60),
    "top_up_months_held": _count(1, 12),
    "exhausted_action": _action,
    "exhausted_overrides": _overrides,
    "forecast_method": _method,
    "sizing_months": _count(12, 120),
}

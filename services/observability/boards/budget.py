"""The error budget: how much is left, how fast it goes, who consumed it."""

from __future__ import annotations

from typing import Final

from services.observability.board import Board, Graph, Number, Panel, Row, Table, Target
from services.observability.boards.round_trip import CARE, INSURED
from services.observability.objectives import Objective, objectives, windows
from services.observability.rules import LONG_INTERVAL_S

_PAIR: Final = 'care_region=~"$care_region", insured_region=~"$insured_region"'
_NAMES: Final = {
    "settlement_late": "一秒 The second",
    "settlement_failed": "失败 Failures",
    "calls_failed": "服务调用 Calls",
}


def board() -> Board:
    """Returns the dashboard."""
    promised = objectives()
    settling = [objective for objective in promised if objective.parties]
    return Board(
        uid="yijie-error-budget",
        title="异结 误差预算 Error budget",
        description=(
            "What is left of the budget of 30 days, how fast it burns, and whose fault used it."
        ),
        variables=(CARE, INSURED),
        hours=24 * 7,
        rows=(
            Row(title="余额 Left", panels=tuple(_left(one) for one in promised)),
            Row(title="消耗速度 Burn", panels=tuple(_burn(one) for one in promised)),
            *(Row(title=f"谁用掉了 Who: {_NAMES[one.name]}", panels=_who(one)) for one in settling),
        ),
    )


def _level(objective: Objective) -> str:
    return objective.levels[0]


def _left(objective: Objective) -> Panel:
    series = f"{_level(objective)}:yijie_{objective.name}:ratio_rate{windows().budget_days}d"
    return Number(
        title=f"{_NAMES[objective.name]}: budget left",
        description=(
            f"{objective.title}. 100 %: nothing used in 30 days; below 0: the promise is broken."
        ),
        unit="percentunit",
        width=8,
        targets=(Target(f"1 - {series} / {objective.budget}", "{{job}}"),),
        red_below=0.0,
    )


def _burn(objective: Objective) -> Panel:
    spans = [window.long for window in windows().windows]
    level = _level(objective)
    return Graph(
        title=f"{_NAMES[objective.name]}: burn rate",
        description=(
            "1: the budget lasts its 30 days. Told at 14.4 (1 h), 6 (6 h), 3 (1 d), 1 (3 d)."
        ),
        unit="short",
        width=8,
        limit=1.0,
        targets=tuple(
            Target(
                f"{level}:yijie_{objective.name}:ratio_rate{span} / {objective.budget}",
                f"{span} {{{{job}}}}" if level == "job" else span,
            )
            for span in spans
        ),
    )


def _who(objective: Objective) -> tuple[Panel, ...]:
    parties = f"yijie_{objective.name}_parties:rate5m"
    events = f"hub:yijie_{objective.name}_events:rate5m"
    pairs = f"pair:yijie_{objective.name}"
    return (
        Number(
            title="责任方 By party, as budgets",
            description=(
                "Bad bills of the country in the time shown, by whose fault they are, in "
                "budgets: 100 % is what we may use "
                "ourselves. Of failures only those of the hub count against the promise."
            ),
            unit="percentunit",
            width=12,
            targets=(
                Target(
                    f"sum by (party) (avg_over_time(hub:{parties}[$__range]))"
                    f" / scalar(sum(avg_over_time({events}[$__range]))) / {objective.budget}",
                    "{{party}}",
                ),
            ),
            red_above=1.0,
        ),
        Graph(
            title="逐时 Bad bills by party",
            description="Bad bills a second, of the pairs chosen above.",
            unit="reqps",
            is_stacked=True,
            targets=(Target(f"sum by (party) (pair:{parties}{{{_PAIR}}})", "{{party}}"),),
        ),
        Table(
            title="省对 Pairs that used most, 30 days",
            description=("Budget that each pair used of its own, the worst first; 1 is all of it."),
            unit="percentunit",
            targets=(
                Target(f"topk(20, {pairs}:ratio_rate30d{{{_PAIR}}} / {objective.budget} > 0)"),
            ),
        ),
        Table(
            title="省对与责任方 Pairs and parties",
            description="Bad bills of the time shown, by pair and party, the most first.",
            unit="short",
            # Of the rates of an hour: those of five minutes of all pairs over a week are more
            # samples than Prometheus reads for one query.
            targets=(Target(f"topk(20, {_bad_bills(objective)} > 0)"),),
        ),
    )


def _bad_bills(objective: Objective) -> str:
    series = f"pair:yijie_{objective.name}_parties:rate1h{{{_PAIR}}}"
    return f"{LONG_INTERVAL_S} * sum_over_time({series}[$__range])"

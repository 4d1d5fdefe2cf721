"""Builds Grafana dashboards from plain descriptions, by Grafana's own types.

The library is a development dependency: dashboards are generated and committed.
"""

from __future__ import annotations

import string
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final, TypeAlias

from grafana_foundation_sdk.builders import common as common_builders
from grafana_foundation_sdk.builders import dashboard as builders
from grafana_foundation_sdk.builders import prometheus, stat, table, timeseries
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models import common as common_models
from grafana_foundation_sdk.models import dashboard as models
from grafana_foundation_sdk.models.prometheus import PromQueryFormat

_SOURCE: Final = models.DataSourceRef(type_val="prometheus", uid="${datasource}")
_WIDTH: Final = 24
_HEIGHT: Final = 8
_NUMBER_HEIGHT: Final = 5
_TAG: Final = "yijie"
_LINK: Final = models.DashboardLinkType.DASHBOARDS


@dataclass(frozen=True, slots=True)
class Target:
    """One query of a panel."""

    expr: str
    legend: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Graph:
    """Lines over time."""

    title: str
    description: str
    unit: str
    targets: tuple[Target, ...]
    width: int = 12
    has_exemplars: bool = False
    """Whether single traces are shown on it."""
    is_stacked: bool = False
    limit: float | None = None
    """What the values should stay below, drawn as a line."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Number:
    """The newest value, large."""

    title: str
    description: str
    unit: str
    targets: tuple[Target, ...]
    width: int = 6
    red_below: float | None = None
    red_above: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """The newest values as rows, one column per label."""

    title: str
    description: str
    unit: str
    targets: tuple[Target, ...]
    width: int = 12


Panel: TypeAlias = Graph | Number | Table
_Built: TypeAlias = timeseries.Panel | stat.Panel | table.Panel


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """Panels under one heading."""

    title: str
    panels: tuple[Panel, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Variable:
    """What is chosen at the top of a dashboard: values of a label."""

    name: str
    title: str
    query: str
    """label_values(series, label)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Board:
    """One dashboard."""

    uid: str
    title: str
    description: str
    rows: tuple[Row, ...]
    variables: tuple[Variable, ...] = field(default=())
    hours: int = 6
    """How far back it looks when it is opened."""


def write_board(board: Board) -> str:
    """Returns the dashboard as Grafana imports it: JSON, sorted, with a newline at the end."""
    builder = (
        builders.Dashboard(board.title)
        .uid(board.uid)
        .description(board.description)
        .tags([_TAG])
        .readonly()
        .refresh("1m")
        .time(f"now-{board.hours}h", "now")
        .timezone("Asia/Shanghai")
        .tooltip(models.DashboardCursorSync.CROSSHAIR)
        .link(builders.DashboardLink(_TAG).type(_LINK).tags([_TAG]).as_dropdown(as_dropdown=True))
        .with_variable(builders.DatasourceVariable("datasource").label("数据源").type("prometheus"))
    )
    for variable in board.variables:
        builder = builder.with_variable(_variable(variable))
    for row in board.rows:
        builder = builder.with_row(builders.Row(row.title))
        for panel in row.panels:
            builder = builder.with_panel(_built(panel))
    built = builder.build()
    for number, placed in enumerate(built.panels or (), start=1):
        placed.id_val = number
    text: str = JSONEncoder(sort_keys=True, indent=2, ensure_ascii=False).encode(built)
    return f"{text}\n"


def _variable(variable: Variable) -> builders.QueryVariable:
    return (
        builders.QueryVariable(variable.name)
        .label(variable.title)
        .query(variable.query)
        .datasource(_SOURCE)
        .refresh(models.VariableRefresh.ON_TIME_RANGE_CHANGED)
        .sort(models.VariableSort.ALPHABETICAL_ASC)
        .multi(multi=True)
        .include_all(include_all=True)
        .all_value(".*")
        .current(models.VariableOption(text="All", value="$__all"))
    )


def _built(panel: Panel) -> _Built:
    if isinstance(panel, Graph):
        return _graph(panel)
    if isinstance(panel, Number):
        return _number(panel)
    return _table(panel)


def _graph(panel: Graph) -> timeseries.Panel:
    built = (
        timeseries.Panel()
        .title(panel.title)
        .description(panel.description)
        .unit(panel.unit)
        .datasource(_SOURCE)
        .span(panel.width)
        .height(_HEIGHT)
        .min(0)
        .fill_opacity(10)
        .legend(
            common_builders.VizLegendOptions()
            .display_mode(common_models.LegendDisplayMode.TABLE)
            .placement(common_models.LegendPlacement.BOTTOM)
            .show_legend(show_legend=True)
            .calcs(["lastNotNull", "max"])
        )
    )
    if panel.is_stacked:
        built = built.stacking(
            common_builders.StackingConfig().mode(common_models.StackingMode.NORMAL)
        )
    if panel.limit is not None:
        line = common_builders.GraphThresholdsStyleConfig().mode(
            common_models.GraphThresholdsStyleMode.LINE
        )
        built = built.thresholds(_thresholds(red_above=panel.limit)).thresholds_style(line)
    for target in _targets(panel.targets, has_exemplars=panel.has_exemplars):
        built = built.with_target(target)
    return built


def _number(panel: Number) -> stat.Panel:
    built = (
        stat.Panel()
        .title(panel.title)
        .description(panel.description)
        .unit(panel.unit)
        .datasource(_SOURCE)
        .span(panel.width)
        .height(_NUMBER_HEIGHT)
        .reduce_options(common_builders.ReduceDataOptions().calcs(["lastNotNull"]))
        .thresholds(_thresholds(red_below=panel.red_below, red_above=panel.red_above))
    )
    for target in _targets(panel.targets):
        built = built.with_target(target)
    return built


def _table(panel: Table) -> table.Panel:
    built = (
        table.Panel()
        .title(panel.title)
        .description(panel.description)
        .unit(panel.unit)
        .datasource(_SOURCE)
        .span(panel.width)
        .height(_HEIGHT)
    )
    for target in _targets(panel.targets):
        built = built.with_target(target.instant().format(PromQueryFormat.TABLE))
    return built


def _thresholds(
    *, red_below: float | None = None, red_above: float | None = None
) -> builders.ThresholdsConfig:
    steps = [models.Threshold(value=None, color="red" if red_below is not None else "green")]
    if red_below is not None:
        steps.append(models.Threshold(value=red_below, color="green"))
    if red_above is not None:
        steps.append(models.Threshold(value=red_above, color="red"))
    return builders.ThresholdsConfig().mode(models.ThresholdsMode.ABSOLUTE).steps(steps)


def _targets(
    targets: Sequence[Target], *, has_exemplars: bool = False
) -> list[prometheus.Dataquery]:
    return [
        prometheus.Dataquery()
        .ref_id(letter)
        .datasource(_SOURCE)
        .expr(target.expr)
        .legend_format(target.legend or "__auto")
        .exemplar(exemplar=has_exemplars)
        for letter, target in zip(string.ascii_uppercase, targets, strict=False)
    ]

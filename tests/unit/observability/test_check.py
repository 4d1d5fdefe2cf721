"""Goal: what is committed agrees with itself, and a mistake is named with the way out."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from services.observability.board import Board, Graph, Row, Target, write_board
from services.observability.boards import boards
from services.observability.check import (
    REPOSITORY,
    Asked,
    committed_files,
    dashboard_queries,
    drifted,
    generated_files,
    missing_runbooks,
    problems,
    unknown_series,
    unreadable_dashboards,
)
from services.observability.instruments import declared_series
from services.observability.objectives import (
    ObjectivesInvalid,
    alerts,
    objectives,
    read_alert,
    windows,
)
from services.observability.queries import QueryInvalid, filled, read_query

ALERT = {
    "expr": "up == 0",
    "for": "1m",
    "severity": "page",
    "summary": "s",
    "description": "d",
}


def test_nothing_is_wrong_with_what_is_committed():
    assert problems() == []


def dashboard(expr: str) -> dict[str, str]:
    graph = Graph(title="Lag", description="d", unit="s", targets=(Target(expr),))
    board = Board(uid="x", title="t", description="d", rows=(Row(title="r", panels=(graph,)),))
    return {"charts/yijie/dashboards/x.json": write_board(board)}


def wrong(expr: str) -> list[str]:
    return list(unknown_series(dashboard_queries(dashboard(expr)), {}))


def test_a_dashboard_that_asks_for_a_metric_that_does_not_exist_is_refused():
    (problem,) = wrong("max(yijie_feed_lag_second)")
    assert "x.json, panel “Lag”: no service exposes yijie_feed_lag_second;" in problem
    assert "did you mean yijie_feed_lag_seconds?" in problem
    assert "declare it in the telemetry.yaml" in problem
    assert "yijie slo generate" in problem


@pytest.mark.parametrize(
    "expr",
    [
        "rate(yijie_settlement_round_trips[5m])",  # a counter is exposed with _total
        "yijie_settlement_round_trip_duration_seconds",  # a histogram as its parts
        "up + no_such_series",
        "histogram_quantile(0.99, sum by (le) (rate(nothing_bucket[$__rate_interval])))",
    ],
)
def test_series_that_are_not_exposed_are_refused(expr):
    (problem,) = wrong(expr)
    assert "no service exposes" in problem


@pytest.mark.parametrize(
    ("expr", "label"),
    [
        ('yijie_feed_lag_seconds{region="640000"}', "region"),
        ("sum by (region) (yijie_feed_lag_seconds)", "region"),
        ('up{feed="x"}', "feed"),
        ("yijie_feed_lag_seconds / on (state) yijie_db_pool_connections", ""),
    ],
)
def test_labels_that_a_series_does_not_have_are_refused(expr, label):
    found = wrong(expr)
    if label:
        assert [f"has no label {label}; it has" in problem for problem in found] == [True]
    else:
        assert found == []


def test_a_query_that_is_no_promql_is_refused():
    (problem,) = wrong("sum(up")
    assert "not PromQL: unclosed left parenthesis; correct the query: sum(up" in problem
    with pytest.raises(QueryInvalid):
        read_query("up up")


def test_variables_are_filled_in():
    expr = 'rate(x_total{care_region=~"$care_region", job="${job}"}[$__rate_interval])'
    assert filled(expr) == 'rate(x_total{care_region=~".*", job=".*"}[5m])'


def test_recorded_series_are_known_with_their_labels():
    rules = {"r.yaml": "groups: [{name: a, rules: [{record: 'pair:yijie_x:rate5m', expr: up}]}]"}
    known = [Asked("here", "sum by (care_region) (pair:yijie_x:rate5m)")]
    assert list(unknown_series(known, rules)) == []
    assert list(unknown_series([Asked("here", "sum by (job) (pair:yijie_x:rate5m)")], rules)) != []
    assert list(unknown_series(known, {})) != []


def test_every_instrument_that_is_declared_is_known():
    declared = declared_series()
    assert "yijie_settlement_round_trips_total" in declared
    assert "le" in declared["yijie_settlement_round_trip_duration_seconds_bucket"]
    assert "le" not in declared["yijie_settlement_round_trip_duration_seconds_count"]


def test_files_that_are_not_as_generated_are_named():
    generated = {"a": "1", "b": "2"}
    found = list(drifted(generated, {"b": "3", "c": "4"}))
    assert [problem.split(":")[0] for problem in found] == ["a", "b", "c"]
    assert all("run `yijie slo generate`" in problem for problem in found)


def test_alerts_and_runbooks_go_together(tmp_path):
    folder = tmp_path / "docs/runbooks"
    folder.mkdir(parents=True)
    sections = "## Meaning\n\n## Impact\n\n## Diagnosis\n\n## Mitigation\n"
    (folder / "Fine.md").write_text(f"# Fine\n\n{sections}")
    (folder / "Gone.md").write_text(f"# Gone\n\n{sections}")
    (folder / "Short.md").write_text("# Short\n\n## Meaning\n")
    found = list(missing_runbooks({"Fine": [], "Short": [], "Lonely": []}, tmp_path))
    assert [problem.split(":")[0].removeprefix("docs/runbooks/") for problem in found] == [
        "Gone.md",
        "Lonely.md",
        "Short.md",
    ]


@pytest.mark.parametrize("path", [path for path in generated_files() if path.endswith(".json")])
def test_a_dashboard_says_what_each_panel_shows(path):
    tree = json.loads(committed_files(Path(__file__).parents[3])[path])
    panels = [panel for panel in tree["panels"] if panel["type"] != "row"]
    assert len(panels) >= 8
    assert all(panel["fieldConfig"]["defaults"]["unit"] for panel in panels)
    places = [(panel["gridPos"]["x"], panel["gridPos"]["y"]) for panel in tree["panels"]]
    assert len(set(places)) == len(places), "no panel lies on another"
    assert len({panel["id"] for panel in tree["panels"]}) == len(tree["panels"])
    sources = {panel["datasource"]["uid"] for panel in panels}
    assert sources == {"${datasource}"}


def test_what_grafana_does_not_know_is_refused():
    (path, text), *_ = dashboard("up").items()
    tree = json.loads(text)
    tree["panel"] = tree["panels"]
    found = list(unreadable_dashboards({path: json.dumps(tree)}))
    assert any("Grafana's types do not know all of it" in problem for problem in found)


def test_there_are_the_dashboards_that_are_promised():
    assert {board.uid for board in boards()} == {
        "yijie-round-trip",
        "yijie-error-budget",
        "yijie-clearing",
        "yijie-supervision",
        "yijie-service",
    }
    (duration,) = (
        panel
        for row in boards()[0].rows
        for panel in row.panels
        if isinstance(panel, Graph) and panel.title.startswith("耗时 Duration by pair")
    )
    assert duration.has_exemplars


def test_the_second_is_promised_as_the_issue_says():
    goals = {objective.name: str(objective.goal) for objective in objectives()}
    assert goals["settlement_late"] == "0.999"
    assert goals["settlement_failed"] == "0.9995"
    pairs = {objective.name for objective in objectives() if "pair" in objective.levels}
    assert pairs == {"settlement_late", "settlement_failed"}


def test_the_page_of_objectives_says_what_the_data_says():
    text = (REPOSITORY / "docs/slo.md").read_text("utf-8")
    rows = [[cell.strip() for cell in line.split("|")[1:-1]] for line in text.splitlines()]
    spelled = {"m": " min", "h": " h", "d": " d"}
    for window in windows().windows:
        wait = windows().waits[window.speed]
        spans = [f"{one[:-1]}{spelled[one[-1]]}" for one in (window.long, window.short, wait)]
        severity = windows().severities[window.speed]
        assert [str(window.factor), *spans, severity] in rows
    for objective in objectives():
        (row,) = [cells for cells in rows if cells and cells[0] == f"`{objective.name}`"]
        assert row[1].startswith(f"{(objective.goal * 100).normalize()} %")


def test_an_alert_that_lacks_something_is_refused():
    assert read_alert("Fine", ALERT).severity == "page"
    with pytest.raises(ObjectivesInvalid, match="alert A: write summary"):
        read_alert("A", {key: value for key, value in ALERT.items() if key != "summary"})
    with pytest.raises(ObjectivesInvalid, match="serverity is not known"):
        read_alert("A", {**ALERT, "serverity": "page"})
    with pytest.raises(ObjectivesInvalid, match="severity is one of page, ticket"):
        read_alert("A", {**ALERT, "severity": "loud"})


def test_no_two_alerts_have_one_name():
    names = [alert.name for alert in alerts()]
    assert len(set(names)) == len(names)

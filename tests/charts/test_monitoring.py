"""Goal: the rules and dashboards that are committed are what Prometheus and Grafana get.

Method: files of the chart against objects; a copy of the chart with files of ours shows that no
text of theirs is taken for a template of Helm's.
"""

from __future__ import annotations

import json
import re
import shutil
from typing import TYPE_CHECKING, Final

import pytest
import yaml

from tests.charts.render import (
    CHARTS,
    NINGXIA,
    RELEASE,
    UMBRELLA,
    Manifest,
    load_values,
    manifests,
    of_kind,
    parse,
    render,
)

if TYPE_CHECKING:
    from pathlib import Path

RULE: Final = """\
groups:
  - name: FeedLags
    rules:
      - alert: FeedLags
        expr: max by (job) (yijie_feed_lag_seconds) > 60
        for: 5m
        labels: {severity: ticket}
        annotations:
          summary: "{{ $labels.job }} is {{ $value | humanizeDuration }} behind"
          runbook_url: docs/runbooks/FeedLags.md
"""
DASHBOARD: Final = (
    '{\n  "uid": "round-trip",\n  "legend": "{{care_region}} → {{insured_region}}"\n}\n'
)
ON: Final[Manifest] = {
    "monitoring": {"prometheusRule": {"enabled": True}, "dashboards": {"enabled": True}}
}


@pytest.fixture(scope="module")
def chart(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The charts, with one rule and one dashboard of ours."""
    charts = tmp_path_factory.mktemp("charts")
    for name in ("yijie", "grpc-service"):
        ignored = shutil.ignore_patterns("rules", "dashboards", "regions")
        shutil.copytree(CHARTS / name, charts / name, ignore=ignored, symlinks=True)
    yijie = charts / "yijie"
    for folder, name, text in (
        ("rules", "FeedLags.yaml", RULE),
        ("rules", "recording-latency.yaml", RULE.replace("FeedLags", "Latency")),
        ("dashboards", "round-trip.json", DASHBOARD),
    ):
        (yijie / folder).mkdir(exist_ok=True)
        (yijie / folder / name).write_text(text, encoding="utf-8")
    return yijie


def _with(**rule: object) -> Manifest:
    return {"monitoring": {"prometheusRule": {"enabled": True, **rule}}}


def test_a_rule_arrives_as_it_is_written(chart: Path) -> None:
    rules = of_kind(parse(render(chart, ON)), "PrometheusRule")
    assert rules.keys() == {f"{RELEASE}-feed-lags", f"{RELEASE}-recording-latency"}
    assert rules[f"{RELEASE}-feed-lags"]["spec"] == yaml.safe_load(RULE)


def test_a_runbook_is_found_where_they_are_published(chart: Path) -> None:
    for url in ("https://runbooks.example/yijie", "https://runbooks.example/yijie/"):
        rules = of_kind(parse(render(chart, _with(runbookBaseUrl=url))), "PrometheusRule")
        (alert,) = rules[f"{RELEASE}-feed-lags"]["spec"]["groups"][0]["rules"]
        found = alert["annotations"]["runbook_url"]
        assert found == "https://runbooks.example/yijie/FeedLags.md"


def test_a_rule_can_be_left_out_and_all_get_labels(chart: Path) -> None:
    values = _with(excludeRules=["FeedLags"], labels={"prometheus": "hub"})
    (rule,) = of_kind(parse(render(chart, values)), "PrometheusRule").values()
    assert rule["metadata"]["name"] == f"{RELEASE}-recording-latency"
    assert rule["metadata"]["labels"]["prometheus"] == "hub"


def test_a_dashboard_arrives_as_it_is_written(chart: Path) -> None:
    dashboards = of_kind(parse(render(chart, ON)), "ConfigMap")
    found = dashboards[f"{RELEASE}-dashboard-round-trip"]
    assert json.loads(found["data"]["round-trip.json"]) == json.loads(DASHBOARD)
    assert found["metadata"]["labels"]["grafana_dashboard"] == "1"
    assert found["metadata"]["annotations"] == {"grafana_folder": "Yijie"}


def test_nothing_is_rendered_unless_asked(chart: Path) -> None:
    objects = parse(render(chart, {}))
    assert not of_kind(objects, "PrometheusRule")
    assert not [name for name in of_kind(objects, "ConfigMap") if "dashboard" in name]


# --- what is committed ----------------------------------------------------------------------

RULES: Final = sorted((CHARTS / "yijie/rules").glob("*.yaml"))
DASHBOARDS: Final = sorted((CHARTS / "yijie/dashboards").glob("*.json"))


def _text(document: Manifest) -> str:
    return json.dumps(document, sort_keys=True)


def test_production_gets_all_rules_and_dashboards() -> None:
    objects = manifests(UMBRELLA[2])
    rules = of_kind(objects, "PrometheusRule")
    specs = [yaml.safe_load(path.read_text(encoding="utf-8")) for path in RULES]
    assert specs
    assert sorted(map(_text, specs)) == sorted(_text(rule["spec"]) for rule in rules.values())
    texts = {
        name: text
        for o in of_kind(objects, "ConfigMap").values()
        for name, text in o["data"].items()
        if name.endswith(".json")
    }
    assert texts.keys() == {path.name for path in DASHBOARDS} != set()
    for path in DASHBOARDS:
        assert json.loads(texts[path.name]) == json.loads(path.read_text(encoding="utf-8"))


def test_a_region_can_have_them_too() -> None:
    values = load_values(NINGXIA.values) | ON
    assert len(of_kind(parse(render(CHARTS / "yijie", values)), "PrometheusRule")) == len(RULES)


def test_names_fit_kubernetes_and_no_object_is_too_large() -> None:
    for manifest in manifests(UMBRELLA[2]):
        assert re.fullmatch(r"[a-z0-9]([a-z0-9.-]{0,61}[a-z0-9])?", manifest["metadata"]["name"])
        assert len(json.dumps(manifest).encode()) < 1_000_000


def test_a_job_is_named_as_its_service() -> None:
    """The rules look at `up` by job, whatever the release is called."""
    for name, monitor in of_kind(manifests(UMBRELLA[2]), "ServiceMonitor").items():
        assert monitor["spec"]["jobLabel"] == "app.kubernetes.io/name"
        labels = of_kind(manifests(UMBRELLA[2]), "Service")[f"{name}-headless"]["metadata"][
            "labels"
        ]
        assert labels["app.kubernetes.io/name"] == name.removeprefix(f"{RELEASE}-")

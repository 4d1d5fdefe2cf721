"""Goal: whatever we ship renders, is valid Kubernetes, and changes only on purpose.

Method: every case, each region file among them, is linted, rendered and judged by the Kubernetes
schemas, of the oldest version that the charts claim, of the newest, and of some between; some are
compared with committed renders.
"""

from __future__ import annotations

import shutil
import tomllib
from typing import TYPE_CHECKING, Final

import helm_python
import kubernetes_validate
import pytest
import yaml

from tests.charts.render import (
    CASES,
    CHARTS,
    GOLDEN,
    GOLDEN_CASES,
    ROOT,
    UMBRELLA,
    Case,
    golden_text,
    load_values,
    manifests,
    render,
    rendered,
)

if TYPE_CHECKING:
    from pathlib import Path

WARNING: Final = 2
OLDEST: Final = "1.30"
NEWEST: Final = ".".join(kubernetes_validate.latest_version().split(".")[:2])
BETWEEN: Final = ("1.32", "1.34")
CUSTOM: Final = {
    ("barmancloud.cnpg.io/v1", "ObjectStore"),
    ("cert-manager.io/v1", "Certificate"),
    ("monitoring.coreos.com/v1", "PrometheusRule"),
    ("monitoring.coreos.com/v1", "ServiceMonitor"),
    ("postgresql.cnpg.io/v1", "Cluster"),
    ("postgresql.cnpg.io/v1", "ScheduledBackup"),
}
"""Kinds of other people's operators, for which Kubernetes has no schema."""

by_name = pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)


@by_name
def test_lints(case: Case) -> None:
    report = helm_python.lint(CHARTS / case.chart, load_values(case.values), strict=True)
    found = [m for m in report["messages"] if m["severity"] >= WARNING]
    assert (found, report["errors"]) == ([], [])


@by_name
def test_is_valid_kubernetes(case: Case) -> None:
    judged = 0
    for manifest in manifests(case):
        if (manifest["apiVersion"], manifest["kind"]) in CUSTOM:
            continue
        for version in (OLDEST, *BETWEEN, NEWEST):
            assert kubernetes_validate.validate(manifest, version, strict=True) == version
        judged += 1
    assert judged


def test_a_key_that_kubernetes_does_not_know_is_noticed() -> None:
    manifest = dict(manifests(UMBRELLA[0])[0], unknownKey=1)
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(manifest, kubernetes_validate.latest_version(), strict=True)


@by_name
def test_names_are_unique(case: Case) -> None:
    names = [(m["kind"], m["metadata"]["name"]) for m in manifests(case)]
    assert len(names) == len(set(names))


@by_name
def test_holds_no_empty_value(case: Case) -> None:
    """A value that a template did not find renders as "<no value>" or as nothing."""
    for path, text in rendered(case).items():
        assert "<no value>" not in text, path
        assert "%!" not in text, path


@pytest.mark.parametrize("case", GOLDEN_CASES, ids=lambda case: case.name)
def test_golden(case: Case) -> None:
    golden = (GOLDEN / f"{case.name}.yaml").read_text(encoding="utf-8")
    assert golden_text(case) == golden, "if meant so: python -m tests.charts.render"


def test_no_golden_without_a_case() -> None:
    assert {p.stem for p in GOLDEN.iterdir()} == {case.name for case in GOLDEN_CASES}


def test_umbrella_resolves_without_a_dependency_build() -> None:
    states = helm_python.dependency_list(CHARTS / "yijie")
    assert [s["status"] for s in states] == ["unpacked"] * 7


def test_umbrella_renders_the_same_after_a_dependency_build(tmp_path: Path) -> None:
    """Where symbolic links do not work, `helm dependency build` does, and gives the same."""
    charts = tmp_path / "charts"
    shutil.copytree(CHARTS, charts, ignore=shutil.ignore_patterns("*.tgz"), symlinks=True)
    (charts / "yijie/charts/grpc-service").unlink()
    helm_python.dependency_update(charts / "yijie")
    assert {s["status"] for s in helm_python.dependency_list(charts / "yijie")} == {"ok"}
    assert render(charts / "yijie", {}) == render(CHARTS / "yijie", {})


def test_versions_agree() -> None:
    pyproject = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    one, umbrella = (
        yaml.safe_load((CHARTS / name / "Chart.yaml").read_text(encoding="utf-8"))
        for name in ("grpc-service", "yijie")
    )
    assert one["appVersion"] == umbrella["appVersion"] == pyproject["project"]["version"]
    assert {d["version"] for d in umbrella["dependencies"]} == {one["version"]}
    assert one["kubeVersion"] == umbrella["kubeVersion"] == f">={OLDEST}.0-0"

"""Renders the charts without a helm binary, a cluster or a network, for the tests here.

python -m tests.charts.render      writes tests/charts/golden/ anew; read the diff before a commit
"""

from __future__ import annotations

import re
import sys
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeAlias

import helm_python
import kubernetes_validate.utils
import yaml

if TYPE_CHECKING:
    from collections.abc import Iterator

Manifest: TypeAlias = dict[str, Any]
"""A Kubernetes object, or values of a chart: whatever YAML holds."""

ROOT: Final = Path(__file__).parents[2]
CHARTS: Final = ROOT / "charts"
GOLDEN: Final = Path(__file__).parent / "golden"
RELEASE: Final = "yijie"
NAMESPACE: Final = "hub"
HUB: Final = "000000"
SERVICES: Final = (
    "identity",
    "filing",
    "catalogue",
    "settlement",
    "benefits",
    "clearing",
    "supervision",
)


@dataclass(frozen=True, slots=True)
class Case:
    """A chart with one values file, as somebody would install it."""

    chart: str
    values: str = ""
    """Path below charts/; empty: the chart's own values."""

    @property
    def name(self) -> str:
        """Name of the golden file and of the test."""
        scenario = [
            part for part in Path(self.values).stem.split("-") if part not in {"", "values"}
        ]
        return "-".join([self.chart, *(scenario or ["default"])])


UMBRELLA: Final = (
    Case("yijie"),
    Case("yijie", "yijie/values-dev.yaml"),
    Case("yijie", "yijie/values-prod.yaml"),
)
SINGLE: Final = (
    Case("grpc-service", "grpc-service/ci/identity-values.yaml"),
    Case("grpc-service", "grpc-service/ci/settlement-full-values.yaml"),
    Case("grpc-service", "grpc-service/ci/benefits-region-values.yaml"),
)
REGIONS: Final = tuple(
    Case("yijie", f"yijie/regions/{file.name}")
    for file in sorted((CHARTS / "yijie/regions").glob("*.yaml"))
)
NINGXIA: Final = Case("yijie", "yijie/regions/640000.yaml")
POSTGRES: Final = (
    Case("yijie-postgres"),
    Case("yijie-postgres", "yijie-postgres/values-dev.yaml"),
)
POSTGRES_REGION: Final = Case("yijie-postgres", "yijie-postgres/ci/region-values.yaml")
CASES: Final = (*UMBRELLA, *REGIONS, *SINGLE, *POSTGRES, POSTGRES_REGION)
DIFFERING: Final = ("/configmap.yaml", "/hpa.yaml", "/networkpolicy.yaml")
GOLDEN_CASES: Final = (UMBRELLA[2], NINGXIA, *SINGLE, POSTGRES_REGION)

# The C parser where there is one: most of the time of these tests would be spent in the other.
_LOADER: Final = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

helm_python.disable_logging()
# Otherwise it reads a version's definitions, megabytes of JSON, for each object anew.
kubernetes_validate.utils.schema_contents = cache(kubernetes_validate.utils.schema_contents)


def load_values(path: str) -> Manifest:
    """Reads a values file below charts/; an empty path is no values."""
    if not path:
        return {}
    loaded: Manifest = yaml.safe_load((CHARTS / path).read_text(encoding="utf-8"))
    return loaded


def render(chart: Path, values: Manifest, *, release: str = RELEASE) -> dict[str, str]:
    """Renders a chart; template path to text, notes included.

    Raises:
        helm_python.HelmError: values that the schema refuses, or a template that fails.
    """
    with helm_python.Chart.load(chart) as loaded:
        return loaded.render(values, name=release, namespace=NAMESPACE)


@cache
def rendered(case: Case) -> dict[str, str]:
    """The texts of a case, without notes."""
    texts = render(CHARTS / case.chart, load_values(case.values))
    return {path: text for path, text in sorted(texts.items()) if not path.endswith("NOTES.txt")}


def parse(texts: dict[str, str]) -> tuple[Manifest, ...]:
    """All objects in rendered texts."""
    return tuple(_objects(texts))


@cache
def manifests(case: Case) -> tuple[Manifest, ...]:
    """All objects of a case. Shared between tests: not to be changed."""
    return parse(rendered(case))


def _objects(texts: dict[str, str]) -> Iterator[Manifest]:
    for path, text in texts.items():
        if not path.endswith("NOTES.txt"):
            yield from (document for document in yaml.load_all(text, _LOADER) if document)


def of_kind(objects: tuple[Manifest, ...], kind: str) -> dict[str, Manifest]:
    """The objects of one kind by name."""
    return {o["metadata"]["name"]: o for o in objects if o["kind"] == kind}


def golden_text(case: Case) -> str:
    """What the golden file of a case holds.

    Nothing that changes with every version, and of the hub only what its services differ in.
    """
    parts = [
        f"# {path}\n{text.strip()}\n"
        for path, text in rendered(case).items()
        if text.strip() and (case not in UMBRELLA or path.endswith(DIFFERING))
    ]
    text = "---\n".join(parts)
    text = re.sub(r"(checksum/config: ).*", r"\1(left out)", text)
    return re.sub(r"((?:helm\.sh/chart|app\.kubernetes\.io/version): ).*", r"\1(left out)", text)


def main() -> None:
    """Writes the golden files anew and removes those of cases that are gone."""
    GOLDEN.mkdir(exist_ok=True)
    for old in GOLDEN.glob("*.yaml"):
        old.unlink()
    for case in GOLDEN_CASES:
        (GOLDEN / f"{case.name}.yaml").write_text(golden_text(case), encoding="utf-8")
        sys.stdout.write(f"tests/charts/golden/{case.name}.yaml\n")


if __name__ == "__main__":
    main()

"""What the services expose, as their telemetry.yaml files declare it: series and their labels."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from services.kit.strict_yaml import read_tree

SERVICES: Final = Path(__file__).parents[1]
_SUFFIXES: Final = {
    "counter": ("_total",),
    "gauge": ("",),
    "histogram": ("_bucket", "_count", "_sum"),
}
TARGET_LABELS: Final = frozenset({"job", "instance", "namespace", "pod", "service", "container"})
"""Labels that Prometheus puts on everything that it scrapes."""
OF_PROMETHEUS: Final[Mapping[str, frozenset[str]]] = {
    "up": TARGET_LABELS,
    "process_cpu_seconds_total": TARGET_LABELS,
    "process_resident_memory_bytes": TARGET_LABELS,
    "process_start_time_seconds": TARGET_LABELS,
}
"""Series that every target has without declaring them."""


def declared_series(services: Path = SERVICES) -> dict[str, frozenset[str]]:
    """Returns every series that a service exposes, by name, with the labels that it can have."""
    found = dict(OF_PROMETHEUS)
    for path in sorted(services.glob("*/telemetry.yaml")):
        tree: Any = read_tree(path.read_text(encoding="utf-8"))
        for name, entry in tree["metrics"].items():
            labels = frozenset(entry["labels"]) | TARGET_LABELS
            for suffix in _SUFFIXES[entry["instrument"]]:
                found[f"{name}{suffix}"] = labels | {"le"} if suffix == "_bucket" else labels
    return found

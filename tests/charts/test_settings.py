"""Goal: a pod gets the settings that its service reads: all that it requires, none unknown to it.

Method: the rendered environment is read by the service's own configuration class, with the secret
files put where the pod would have them.
"""

from __future__ import annotations

import dataclasses
import importlib
import importlib.util
from typing import TYPE_CHECKING, Any, Final

import pytest

from services.kit import config as settings
from tests.charts.render import RELEASE, SERVICES, UMBRELLA, Case, manifests, of_kind

if TYPE_CHECKING:
    from pathlib import Path

MOUNT: Final = "/run/secrets/yijie"
KEY: Final = "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE="
SECRETS: Final = {
    "dsn": "postgresql://settlement:secret@database:5432/settlement",
    "data_key": KEY,
    "index_key": KEY,
}


AGREED: Final = {
    "YIJIE_LISTEN",
    "YIJIE_METRICS_PORT",
    "YIJIE_DRAIN_DELAY_S",
    "YIJIE_DRAIN_GRACE_S",
    "YIJIE_DSN_FILE",
    "YIJIE_LOG_LEVEL",
    "YIJIE_OTLP_ENDPOINT",
    "YIJIE_IDENTITY_TARGET",
    "YIJIE_FILING_TARGET",
    "YIJIE_CATALOGUE_TARGET",
    "YIJIE_SETTLEMENT_TARGET",
    "YIJIE_SUPERVISION_TARGET",
    "YIJIE_BENEFITS_ROUTES",
    "YIJIE_DATA_KEY_FILE",
    "YIJIE_INDEX_KEY_FILE",
}
"""What services and charts agreed on; judges a service that has no configuration class."""


def _configuration(service: str) -> type[Any] | None:
    """Finds the service's configuration class: the one that no other in its module nests."""
    if importlib.util.find_spec(f"services.{service}.config") is None:
        return None
    module = importlib.import_module(f"services.{service}.config")
    classes = [
        c
        for c in vars(module).values()
        if isinstance(c, type) and dataclasses.is_dataclass(c) and c.__module__ == module.__name__
    ]
    inner = {f.metadata.get("nested") for c in classes for f in dataclasses.fields(c)}
    (outermost,) = (c for c in classes if c not in inner)
    return outermost


def _environment(service: str, case: Case, directory: Path) -> dict[str, str]:
    for name, text in SECRETS.items():
        (directory / name).write_text(text + "\n", encoding="utf-8")
    data = of_kind(manifests(case), "ConfigMap")[f"{RELEASE}-{service}"]["data"]
    return {k: v.replace(MOUNT, str(directory)) for k, v in data.items()}


@pytest.mark.parametrize("case", UMBRELLA, ids=lambda case: case.name)
@pytest.mark.parametrize("service", SERVICES)
def test_environment_makes_a_configuration(service: str, case: Case, tmp_path: Path) -> None:
    environment = _environment(service, case, tmp_path)
    configuration = _configuration(service)
    known = settings.variables(configuration) if configuration else AGREED
    assert environment.keys() - known == set()
    if configuration:
        settings.load(configuration, environment)

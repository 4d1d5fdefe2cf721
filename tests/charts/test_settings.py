"""Goal: a pod gets the settings that its service reads: all that it requires, none unknown to it,
and none that a release cannot give.

Method: the rendered environment is read by the service's own configuration class, with the secret
files put where the pod would have them.
"""

from __future__ import annotations

import dataclasses
import importlib
from typing import TYPE_CHECKING, Any, Final

import pytest

from services.kit import config as settings
from tests.charts.render import (
    CHARTS,
    RELEASE,
    SERVICES,
    UMBRELLA,
    Case,
    Manifest,
    manifests,
    of_kind,
    parse,
    render,
)

if TYPE_CHECKING:
    from pathlib import Path

MOUNT: Final = "/run/secrets/yijie"
KEY: Final = "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE="
SECRETS: Final = {
    "dsn": "postgresql://settlement:secret@database:5432/settlement",
    "data_key": KEY,
    "index_key": KEY,
}


def _configuration(service: str) -> type[Any]:
    """Finds the service's configuration class: the one that no other in its module nests."""
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
    assert environment.keys() - settings.variables(configuration) == set()
    settings.load(configuration, environment)


EVERY_KEY: Final[Manifest] = {
    "settlement": {"signatureKey": "a", "signatureKeys": "b"},
    "supervision": {"ruleKeys": "a", "checkpointKey": "b", "checkpointKeys": "c"},
}


def test_a_release_can_give_every_file_and_every_target() -> None:
    """`settings` takes neither, so one that the chart does not know could not be given."""
    keys = {service: {"keys": {"secret": names}} for service, names in EVERY_KEY.items()}
    configs = of_kind(parse(render(CHARTS / "yijie", keys)), "ConfigMap")
    for service in SERVICES:
        given = configs[f"{RELEASE}-{service}"]["data"].keys()
        read = settings.variables(_configuration(service))
        ours = {v for v in read if v.endswith(("_FILE", "_TARGET", "_ROUTES"))}
        assert ours - given == set(), service

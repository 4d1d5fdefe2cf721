"""Goal: a pod gets the settings that its service reads: all that it requires, none unknown to it,
and none that a release cannot give.

Method: the rendered environment is read by the service's own configuration class, with the secret
files put where the pod would have them.
"""

from __future__ import annotations

import dataclasses
import importlib
import json
from typing import TYPE_CHECKING, Any, Final

import helm_python
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


def test_the_schema_knows_every_setting_of_each_service_and_no_secret() -> None:
    """One that is misspelt, of another service, or a secret would be ignored or laid open."""
    schema = json.loads((CHARTS / "grpc-service/values.schema.json").read_text(encoding="utf-8"))
    takes = {
        rule["if"]["properties"]["service"]["const"]: rule["then"]["properties"]["settings"]
        for rule in schema["allOf"]
    }
    assert takes.keys() == set(SERVICES)
    for service, taken in takes.items():
        read = settings.variables(_configuration(service))
        secrets = {v.removesuffix("_FILE") for v in read if v.endswith("_FILE")}
        given = {
            variable
            for case in UMBRELLA[:2]
            for variable in of_kind(manifests(case), "ConfigMap")[f"{RELEASE}-{service}"]["data"]
        }
        ours = {v for v in read if v.endswith(("_FILE", "_TARGET"))}
        assert set(taken["propertyNames"]["enum"]) == read - secrets - given - ours, service


@pytest.mark.parametrize("service", SERVICES)
def test_what_a_service_does_not_start_without_is_asked_for(service: str) -> None:
    """Its own configuration says what it lacks; the chart says so before anything is installed."""
    with pytest.raises(settings.ConfigError) as lacking:
        settings.load(_configuration(service), {})
    required = {problem.removesuffix(" is not set") for problem in lacking.value.problems}
    said = _refused({"service": service})
    callees = {name for name in SERVICES if f"callees.{name}: {service} does not start" in said}
    assert {f"YIJIE_{name.upper()}_TARGET" for name in callees} == {
        variable for variable in required if variable.endswith("_TARGET")
    }
    assert ("needs benefitsRoutes" in said) is ("YIJIE_BENEFITS_ROUTES" in required)
    assert ("keys.enabled is false" in said) is ("YIJIE_DATA_KEY" in required)


@pytest.mark.parametrize("service", SERVICES)
def test_a_callee_that_a_service_does_not_call_is_refused(service: str) -> None:
    others: Manifest = {name: {} for name in SERVICES if name != "benefits"}
    said = _refused({"service": service, "callees": others})
    refused = {name for name in others if f"callees.{name}: {service} does not call it" in said}
    read = settings.variables(_configuration(service))
    assert others.keys() - refused == {n for n in others if f"YIJIE_{n.upper()}_TARGET" in read}


def _refused(values: Manifest) -> str:
    """What the chart says against the values; nothing: it renders."""
    try:
        render(CHARTS / "grpc-service", values)
    except helm_python.HelmError as error:
        return str(error)
    return ""


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

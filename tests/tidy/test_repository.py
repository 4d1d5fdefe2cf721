"""Goal: what stands beside the code says what the code does."""

from __future__ import annotations

import importlib
import re
import subprocess
import sys

import pytest
import yaml
from prometheus_client.metrics import MetricWrapperBase

from tests.tidy.sources import ROOT, SERVICES, name_of, python_files, text_of, tracked_files

SECTIONS = {
    "what it is for": r"\*\*Purpose\.\*\*|^# .*\n\n\S",
    "its RPCs": r"RPC",
    "the data it owns": r"\*\*Owns|^## Data it owns|[Oo]wns",
    "its invariants": r"\*\*Invariants|^## Invariants|[Ii]nvariant",
    "whom it calls": r"\*\*Calls|^## What it calls|[Cc]alls",
    "how it fails": r"How it fails",
}
INSTRUMENTS = {"counter", "gauge", "histogram"}


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_says_what_it_is(service):
    text = (ROOT / "services" / service / "README.md").read_text(encoding="utf-8")
    missing = [what for what, form in SECTIONS.items() if not re.search(form, text, re.MULTILINE)]
    assert missing == []
    assert len(text.splitlines()) <= 100


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_has_its_parts(service):
    folder = ROOT / "services" / service
    parts = ("config.py", "app.py", "servicer.py", "usecases.py", "store.py", "metrics.py")
    missing = [
        part for part in (*parts, "migrations/0001_init.sql") if not (folder / part).is_file()
    ]
    assert missing == []
    assert (folder / "domain").is_dir()


def instruments(module_names) -> dict[str, tuple[str, list[str]]]:
    """The instruments of modules: name → kind and labels."""
    found = {}
    for name in module_names:
        for value in vars(importlib.import_module(name)).values():
            if isinstance(value, MetricWrapperBase):
                found[value._name] = (value._type, list(value._labelnames))
    return found


# What a service measures beside what it is named for: the audit chain is kept by supervision.
ALSO = {"supervision": ("yijie_audit_chain_",)}


@pytest.mark.parametrize("service", [*SERVICES, "kit"])
def test_telemetry_yaml_lists_every_instrument(service):
    path = ROOT / "services" / service / "telemetry.yaml"
    declared = yaml.safe_load(text_of(path))["metrics"]
    modules = (
        [
            ".".join(path.relative_to(ROOT).with_suffix("").parts)
            for path in python_files("services/kit")
            if path.stem != "__init__"
        ]
        if service == "kit"
        else [f"services.{service}.metrics"]
    )
    assert {
        name: (entry["instrument"], entry["labels"]) for name, entry in declared.items()
    } == instruments(modules)
    for name, entry in declared.items():
        assert set(entry) == {"instrument", "unit", "labels", "description"}
        assert entry["description"].endswith(".")
        assert (entry["unit"] == "s") == name.endswith("_seconds")
        assert service == "kit" or name.startswith((f"yijie_{service}_", *ALSO.get(service, ())))


def test_a_metric_has_no_label_that_grows():
    grows = {"person_id", "settlement_id", "request_id", "trace_id", "institution_code", "name"}
    for service in SERVICES:
        labels = {
            label
            for _, found in instruments([f"services.{service}.metrics"]).values()
            for label in found
        }
        assert not labels & grows


DIAGRAMS = [path for path in python_files("services") if "stateDiagram-v2" in text_of(path)]


@pytest.mark.parametrize("path", DIAGRAMS, ids=name_of)
def test_the_diagram_of_states_is_the_table_of_states(path):
    """A module that draws states has the ways between them as `ALLOWED`.

    The first ones are those after None, or `INITIAL`.
    """
    module = importlib.import_module(".".join(path.relative_to(ROOT).with_suffix("").parts))
    states = set(module.ALLOWED) - {None}
    assert set(type(next(iter(states)))) == states
    arrows = re.findall(r"^ *(\S+) --> ([^\s:]+)", module.__doc__, re.MULTILINE)
    drawn = {state.value: set() for state in states}
    for before, after in arrows:
        if before != "[*]" and after != "[*]":
            drawn[before].add(after)
    assert drawn == {
        state.value: {after.value for after in module.ALLOWED[state]} for state in states
    }
    first = {after for before, after in arrows if before == "[*]"}
    initial = module.ALLOWED.get(None) or getattr(module, "INITIAL", ())
    if initial:
        assert first == {state.value for state in initial}
    reached = {after for following in drawn.values() for after in following}
    assert first | reached == set(drawn)
    last = {before for before, after in arrows if after == "[*]"}
    assert last == {state for state, following in drawn.items() if not following}


def test_there_are_diagrams_of_what_has_states():
    drawn = {path.relative_to(ROOT).parts[1] for path in DIAGRAMS}
    assert {"settlement", "benefits", "clearing"} <= drawn


def test_the_stubs_are_what_the_contracts_give():
    done = subprocess.run(
        [sys.executable, "protos/generate.py", "--check"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


# --- what must not be in any file ---------------------------------------------------------------

# A class of one letter, so that this file does not hold what it looks for.
PLACES = re.compile(r"(?<![\w.])/(wor[k]|roo[t]|hom[e])/\w")
KEY = re.compile("-----BEGIN [A-Z ]*PRIVAT[E] KEY-----")


def texts():
    for path in tracked_files():
        try:
            yield path, path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue


def test_no_file_names_a_place_of_one_machine():
    found = [
        f"{name_of(path)}:{number}"
        for path, text in texts()
        for number, line in enumerate(text.splitlines(), 1)
        if PLACES.search(line)
    ]
    assert found == []


def test_no_file_holds_a_key():
    assert [name_of(path) for path, text in texts() if KEY.search(text)] == []


def test_locked_requirements_name_no_host():
    locks = sorted((ROOT / "requirements").glob("*.lock"))
    assert locks
    for path in locks:
        assert not re.search(r"https?://|--(extra-)?index-url|--find-links", text_of(path))
        assert "--hash=sha256:" in text_of(path)


def test_every_adr_is_listed():
    listed = text_of(ROOT / "docs/adr/README.md")
    found = sorted(path.name for path in (ROOT / "docs/adr").glob("[0-9]*.md"))
    assert [name for name in found if name not in listed] == []
    numbers = [int(name[:4]) for name in found]
    assert numbers == list(range(1, len(found) + 1))


def test_every_file_that_a_comment_names_is_there():
    """Comments and documents that point to an ADR point to one that exists."""
    missing = {
        f"{name_of(path)}: {name}"
        for path, text in texts()
        if path.suffix in {".py", ".md", ".proto", ".sql", ".yaml", ".toml"}
        for name in re.findall(r"docs/[a-z]+/[a-z0-9-]+\.md|docs/[a-z-]+\.md", text)
        if not (ROOT / name).is_file()
    }
    assert missing == set()


def test_every_test_of_the_mesh_is_where_make_looks_for_it():
    recipe = (ROOT / "Makefile").read_text(encoding="utf-8").partition("\ntest:")[2]
    (folder,) = re.findall(r" -m mesh (\S+)$", recipe, re.MULTILINE)
    marked = [path for path in python_files("tests") if "pytest.mark.mesh" in text_of(path)]
    assert len(marked) > 10
    elsewhere = [
        str(path.relative_to(ROOT)) for path in marked if not path.is_relative_to(ROOT / folder)
    ]
    assert elsewhere == ["tests/tidy/test_repository.py"]

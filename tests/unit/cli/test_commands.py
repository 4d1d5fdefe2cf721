"""Goal: a command that cannot work says why in a line, with its exit code, and starts fast."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

UUID = "0190a5c0-0000-7000-8000-000000000001"


def yijie(*arguments: str, cwd: Path, **environ: str) -> subprocess.CompletedProcess[str]:
    root = str(Path(__file__).parents[3])
    kept = {key: value for key, value in os.environ.items() if not key.startswith("YIJIE_")}
    path = os.pathsep.join([root, f"{root}/services/gen"])
    return subprocess.run(
        [sys.executable, "-m", "services.cli", *arguments],
        cwd=cwd,
        env={**kept, "PYTHONPATH": path, **environ},
        capture_output=True,
        text=True,
        timeout=50,
        check=False,
    )


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["nix"], 2, "No such command"),
        (["demo", "--nix"], 2, "No such option"),
        (["serve"], 2, "Missing argument"),
        (["serve", "nix"], 2, "no service nix; there are: identity"),
        (["migrate", "nix", "--dsn", "x"], 2, "no service nix"),
        (["migrate"], 2, "YIJIE_DSN is not set"),
        (["migrate", "--dsn", "nonsense"], 1, "the database cannot be used"),
        (["trace", "nonsense"], 2, "neither a settlement id"),
        (["trace", UUID], 1, "no mesh runs in .yijie/up"),
        (["trace", "f" * 32], 1, "no spans of trace"),
        (["load"], 1, "no mesh runs in .yijie/up"),
        (["feed"], 1, "no mesh runs in .yijie/up"),
        (["feed", "--role", "nix"], 2, "--role is care or insured"),
        (["feed", "--kinds", "settled,nix"], 2, "--kinds are of settled,reversed"),
        (["explain", "nonsense"], 2, "neither a settlement id"),
        (["explain", UUID], 1, "no mesh runs in .yijie/up"),
        (["policy", "nix"], 2, "No such command"),
        (["policy", "check", "nix"], 2, "neither a folder nor an area"),
        (["policy", "new", "990000"], 2, "there is no region 990000"),
        (["policy", "list"], 1, "no mesh runs in .yijie/up"),
        (["up", "--data-dir", "/dev/null/x"], 1, "cannot be used as data directory"),
        (["up", "--data-dir", "with blanks"], 1, "choose another folder"),
    ],
)
def test_a_command_that_cannot_work_says_why(arguments, code, said, tmp_path):
    done = yijie(*arguments, cwd=tmp_path)
    assert (done.returncode, done.stdout) == (code, "")
    assert said in done.stderr
    assert "Traceback" not in done.stderr


def test_every_problem_of_a_configuration_is_named_at_once(tmp_path):
    done = yijie("serve", "settlement", cwd=tmp_path, YIJIE_LISTEN="nowhere")
    assert done.returncode == 2
    for problem in ("YIJIE_LISTEN: must be host:port", "YIJIE_DSN is not set", "YIJIE_DATA_KEY"):
        assert problem in done.stderr


def test_a_connection_string_is_not_echoed(tmp_path):
    done = yijie("migrate", "--dsn", "postgresql://u:hush@127.0.0.1:1/x", cwd=tmp_path)
    assert done.returncode == 1
    assert "hush" not in done.stderr + done.stdout

"""Goal: whatever a killed command leaves behind is cleaned up. Method: the real guard process."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]


@pytest.fixture
def guard():
    process = subprocess.Popen(
        [sys.executable, "-m", "services.cli.guard"], cwd=ROOT, stdin=subprocess.PIPE, text=True
    )
    yield process
    process.stdin.close()
    process.wait(timeout=20)


@pytest.fixture
def sleeper():
    process = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    yield process
    process.kill()
    process.wait()


def end(guard, *lines: str) -> None:
    guard.stdin.write("".join(f"{line}\n" for line in lines))
    guard.stdin.close()


def test_what_runs_is_ended_and_what_was_made_is_removed(guard, sleeper, tmp_path):
    folder, file = tmp_path / "data", tmp_path / "endpoints.json"
    folder.mkdir()
    (folder / "x").touch()
    file.touch()
    end(guard, f"process {sleeper.pid}", f"remove {folder}", f"remove {file}")
    assert sleeper.wait(timeout=10) == -15
    assert guard.wait(timeout=10) == 0
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
def test_what_was_started_but_not_said_is_ended_too(guard, sleeper, tmp_path):
    folder = tmp_path / "data"
    code = "import time; time.sleep(60)"
    environment = {"YIJIE_TRACE_DIR": str(folder / "traces")}
    stray = subprocess.Popen([sys.executable, "-c", code, "serve", "clearing"], env=environment)
    other = subprocess.Popen([sys.executable, "-c", code, "shell"], env=environment)
    try:
        end(guard, f"folder {folder}")
        assert stray.wait(timeout=10) == -15
        assert guard.wait(timeout=10) == 0
        assert sleeper.poll() is other.poll() is None
    finally:
        for process in (stray, other):
            process.kill()
            process.wait()


def test_what_has_ended_by_itself_is_left_alone(guard, sleeper):
    end(guard, f"process {sleeper.pid}", f"ended {sleeper.pid}")
    assert guard.wait(timeout=10) == 0
    assert sleeper.poll() is None


def test_a_database_is_stopped_by_the_pid_in_its_folder(guard, sleeper, tmp_path):
    (tmp_path / "postmaster.pid").write_text(f"{sleeper.pid}\n{tmp_path}\n")
    end(guard, f"postgres {tmp_path}")
    assert sleeper.wait(timeout=10) in {-2, 1}
    assert guard.wait(timeout=10) == 0


def test_a_database_that_does_not_run_needs_nothing(guard, tmp_path):
    end(guard, f"postgres {tmp_path}")
    assert guard.wait(timeout=10) == 0

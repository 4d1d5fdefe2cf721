"""A process ends when it is told to, also while it starts, and says in one line why it cannot.

Method: `run` in a process of its own, with an application that never comes up, or fails.
"""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time

import pytest

_PROGRAM = """
import asyncio, contextlib, sys
from services.kit.server import run
from services.kit.telemetry import TelemetryConfig

@contextlib.asynccontextmanager
async def app():
    {start}
    yield

asyncio.run(run("identity", TelemetryConfig(), {{}}, app))
"""


def started(start: str) -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [sys.executable, "-c", _PROGRAM.format(start=start)],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert process.stdout is not None
    assert json.loads(process.stdout.readline())["event"] == "starting"
    return process


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_a_start_that_waits(number):
    process = started("await asyncio.sleep(600)")
    time.sleep(0.2)  # it is waiting now; sooner the handler may not be there
    process.send_signal(number)
    output, _ = process.communicate(timeout=10)
    assert process.returncode == 0
    assert [json.loads(line)["event"] for line in output.splitlines()] == ["stopped"]


@pytest.mark.parametrize(
    ("failure", "name"),
    [
        ("ConnectionRefusedError('secret')", "ConnectionRefusedError"),
        ("TimeoutError()", "TimeoutError"),
        ("RuntimeError('Failed to bind')", "RuntimeError"),
    ],
)
def test_why_it_cannot_start_is_one_line(failure, name):
    process = started(f"raise {failure}")
    output, _ = process.communicate(timeout=10)
    assert process.returncode == 1
    lines = [json.loads(line) for line in output.splitlines()]
    assert [(line["event"], line["level"], line["exception"]) for line in lines] == [
        ("cannot start", "error", name)
    ]
    assert "secret" not in output


def test_a_defect_keeps_its_traceback():
    process = started("raise KeyError('x')")
    output, _ = process.communicate(timeout=10)
    assert process.returncode == 1
    assert "Traceback" in output

"""The real Prometheus and promtool, for tests.

From the path, or else Debian's package `prometheus`, unpacked into the environment's own folder on
first use: no root is needed and nothing is installed. Where it cannot be had (no apt, no mirror)
the tests that need it are skipped and say so; what Python can check is checked all the same.
"""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import functools
import json
import shutil
import socket
import subprocess
import sys
import urllib.parse
import urllib.request
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.support.eventually import eventually

_FOLDER = Path(sys.prefix) / "prometheus"
_NEEDED = ("prometheus", "promtool")
_FETCH_S = 18
_READY_S = 20


@dataclass(frozen=True, slots=True)
class Binaries:
    """Where the two programs are."""

    prometheus: str
    promtool: str


def binaries() -> Binaries:
    """Returns the programs; skips the test, with the reason, where they cannot be had."""
    found = _found(None) or _found(str(_FOLDER / "usr" / "bin"))
    if found is None:
        problem = _fetch()
        found = _found(str(_FOLDER / "usr" / "bin"))
        if found is None:
            pytest.skip(f"NOT CHECKED by a real Prometheus: {problem}; install it and promtool")
    return found


def _found(path: str | None) -> Binaries | None:
    where = [shutil.which(name, path=path) for name in _NEEDED]
    return Binaries(str(where[0]), str(where[1])) if all(where) else None


@functools.cache
def _fetch() -> str:
    """Unpacks Debian's package; returns what went wrong."""
    if not (shutil.which("apt-get") and shutil.which("dpkg-deb")):
        return "neither Prometheus on the path nor apt to fetch it"
    _FOLDER.mkdir(exist_ok=True)
    with (_FOLDER / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if _found(str(_FOLDER / "usr" / "bin")):
            return ""
        # Lists of our own: those of the machine may be missing, and only root may fetch them.
        state = _FOLDER / "apt"
        (state / "lists" / "partial").mkdir(parents=True, exist_ok=True)
        ours = ["-o", f"Dir::State={state}", "-o", f"Dir::Cache={state}"]
        tries = (["apt-get", "download", "prometheus"], ["apt-get", *ours, "update"])
        problem = _run(tries[0])
        if problem:
            problem = _run(tries[1]) or _run(["apt-get", *ours, "download", "prometheus"])
        if not problem:
            package = max(_FOLDER.glob("prometheus_*.deb"))
            problem = _run(["dpkg-deb", "-x", str(package), str(_FOLDER)])
            package.unlink()
        shutil.rmtree(state, ignore_errors=True)
        return problem


def _run(command: list[str]) -> str:
    try:
        done = subprocess.run(
            command, cwd=_FOLDER, capture_output=True, text=True, timeout=_FETCH_S, check=False
        )
    except subprocess.TimeoutExpired:
        return f"{' '.join(command[:2])} took too long"
    last = (done.stderr.strip() or done.stdout.strip()).splitlines()[-1:]
    return "" if done.returncode == 0 else f"{' '.join(command[:2])}: {' '.join(last)}"


class Prometheus:
    """A running server. Made by `running_prometheus`."""

    def __init__(self, address: str) -> None:
        self._address = address

    async def get(self, path: str, **parameters: str) -> Any:
        """Returns `data` of an answer of the HTTP API. Raises AssertionError with its error."""
        return await asyncio.to_thread(self._get, path, parameters)

    async def query(self, expr: str) -> list[dict[str, Any]]:
        """Returns the result of an instant query. Raises AssertionError where it is refused."""
        answer = await self.get("query", query=expr)
        if answer["resultType"] == "scalar":
            return [{"metric": {}, "value": answer["result"]}]
        found: list[dict[str, Any]] = answer["result"]
        return found

    def _get(self, path: str, parameters: Mapping[str, str]) -> Any:
        query = urllib.parse.urlencode(parameters)
        url = f"http://{self._address}/api/v1/{path}?{query}"
        try:
            with urllib.request.urlopen(url, timeout=10) as answer:
                return json.load(answer)["data"]
        except urllib.error.HTTPError as error:
            raise AssertionError(f"{parameters}: {error.read().decode()}") from None


@contextlib.asynccontextmanager
async def running_prometheus(
    folder: Path, targets: Mapping[str, str], rules: Sequence[Path]
) -> AsyncIterator[Prometheus]:
    """Runs a server that scrapes `targets` (job → host:port) and evaluates `rules` every second."""
    address = f"127.0.0.1:{_free_port()}"
    (folder / "rules").mkdir()
    for path in rules:
        _write_hurried(path, folder / "rules" / path.name)
    config = {
        "global": {"scrape_interval": "1s", "scrape_timeout": "1s", "evaluation_interval": "1s"},
        "rule_files": [str(folder / "rules" / "*.yaml")],
        "scrape_configs": [
            {"job_name": job, "static_configs": [{"targets": [target]}]}
            for job, target in targets.items()
        ],
    }
    (folder / "prometheus.yml").write_text(yaml.safe_dump(config), encoding="utf-8")
    process = _start(folder, address)
    try:
        await eventually(lambda: _is_ready(address, process, folder), within_s=_READY_S)
        yield Prometheus(address)
    finally:
        process.terminate()
        await asyncio.to_thread(process.wait)


def _start(folder: Path, address: str) -> subprocess.Popen[bytes]:
    with (folder / "prometheus.log").open("wb") as log:
        return subprocess.Popen(
            [
                binaries().prometheus,
                f"--config.file={folder / 'prometheus.yml'}",
                f"--storage.tsdb.path={folder / 'tsdb'}",
                f"--web.listen-address={address}",
                "--enable-feature=exemplar-storage",
            ],
            stdout=log,
            stderr=log,
        )


def _write_hurried(source: Path, target: Path) -> None:
    """Writes rules that are evaluated every second, whatever interval their groups ask for."""
    tree = yaml.safe_load(source.read_text(encoding="utf-8"))
    for group in tree["groups"]:
        group.pop("interval", None)
    target.write_text(yaml.safe_dump(tree), encoding="utf-8")


async def _is_ready(address: str, process: subprocess.Popen[bytes], folder: Path) -> None:
    log = (folder / "prometheus.log").read_text(encoding="utf-8")
    assert process.poll() is None, log

    def ask() -> None:
        with urllib.request.urlopen(f"http://{address}/-/ready", timeout=2) as answer:
            assert answer.status == 200

    try:
        await asyncio.to_thread(ask)
    except OSError as error:
        raise AssertionError(str(error)) from None


def _free_port() -> int:
    with socket.socket() as chosen:
        chosen.bind(("127.0.0.1", 0))
        port: int = chosen.getsockname()[1]
        return port

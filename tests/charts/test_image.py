"""Goal: the image holds the wheel and the locked dependencies, fits the chart, and needs no shell.

Method: reads Dockerfile and .dockerignore; building needs a container engine, which a release has.
What the last stage is made of is collected here, and run where nothing else is to be found.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import sysconfig
import tomllib
import venv
from fnmatch import fnmatch
from importlib import metadata
from pathlib import Path
from typing import Final

import pytest

from services.cli.image_root import build
from tests.charts.render import ROOT, UMBRELLA, manifests, of_kind

DOCKERFILE: Final = (ROOT / "Dockerfile").read_text(encoding="utf-8")
LAST: Final = DOCKERFILE[DOCKERFILE.rindex("\nFROM ") + 1 :]
PYPROJECT: Final = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
LOCK: Final = ROOT / "requirements/run.lock"


def _allowed() -> list[str]:
    lines = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    assert "*" in lines, "nothing is in the context but what is named"
    return [line.removeprefix("!") for line in lines if line.startswith("!")]


def _is_allowed(path: str) -> bool:
    return any(fnmatch(path, a) or path.startswith(f"{a}/") for a in _allowed())


def test_context_holds_what_the_build_copies() -> None:
    copied = [
        source
        for line in re.findall(r"^COPY (?!--from)(.+)$", DOCKERFILE, re.MULTILINE)
        for source in line.split()[:-1]
    ]
    assert copied
    for source in copied:
        assert _is_allowed(source), source
        assert (ROOT / source).exists(), source


def test_context_holds_what_the_wheel_is_made_of() -> None:
    wheel = PYPROJECT["tool"]["hatch"]["build"]["targets"]["wheel"]
    parts = [*wheel["include"], *wheel["sources"], PYPROJECT["project"]["readme"]]
    assert [part for part in parts if not _is_allowed(part)] == []


def test_dependencies_come_from_the_lock() -> None:
    installs = re.findall(r"pip install (.+)", DOCKERFILE)
    assert len(installs) == 3
    assert [i for i in installs if "--require-hashes" not in i and "--no-deps" not in i] == []


def test_fits_the_chart() -> None:
    user = re.search(r"^USER (\d+):(\d+)$", LAST, re.MULTILINE)
    assert user
    deployment = next(iter(of_kind(manifests(UMBRELLA[0]), "Deployment").values()))
    pod = deployment["spec"]["template"]["spec"]
    context = pod["securityContext"]
    assert (int(user[1]), int(user[2])) == (context["runAsUser"], context["runAsGroup"])
    assert pod["containers"][0]["command"][0] in PYPROJECT["project"]["scripts"]
    exposed = re.search(r"^EXPOSE (.+)$", LAST, re.MULTILINE)
    assert exposed
    ports = {p["containerPort"] for p in pod["containers"][0]["ports"]}
    assert {int(port) for port in exposed[1].split()} == ports
    data = next(iter(of_kind(manifests(UMBRELLA[0]), "ConfigMap").values()))["data"]
    assert f"YIJIE_PROBE_LISTEN={data['YIJIE_PROBE_LISTEN']}" in LAST


def test_the_last_stage_has_nothing_to_start_a_shell_with() -> None:
    assert LAST.startswith("FROM scratch\n")
    instructions = re.findall(r"^([A-Z]+) (.+)$", LAST, re.MULTILINE)
    assert "RUN" not in {name for name, _ in instructions}
    commands = {
        name: text.rpartition("CMD ")[2]
        for name, text in instructions
        if name in {"ENTRYPOINT", "CMD", "HEALTHCHECK"}
    }
    # A list is run as it is; a text would be given to /bin/sh.
    lists = {name: json.loads(text[text.index("[") :]) for name, text in commands.items()}
    assert lists == {
        "HEALTHCHECK": ["yijie", "health"],
        "ENTRYPOINT": ["yijie"],
        "CMD": ["--help"],
    }


# --- what the last stage is made of -------------------------------------------------------------

NEEDED: Final = (
    "asyncpg",
    "cffi",
    "cryptography",
    "grpcio",
    "grpcio-health-checking",
    "protobuf",
    "typing-extensions",
)
INSIDE: Final = """
import asyncpg, grpc, os, shutil, ssl, zoneinfo
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from services.cli import health
AESGCM(bytes(32)).encrypt(bytes(12), b"", None)
zoneinfo.ZoneInfo("Asia/Shanghai")
ssl.create_default_context()
print(os.getuid(), shutil.which("sh", path="/bin:/usr/bin"), sorted(os.listdir("/bin"))
      if os.path.isdir("/bin") else [])
"""


def _environment(folder: Path) -> Path:
    """A small environment: a few packages with libraries of their own, and our code."""
    venv.EnvBuilder(symlinks=True).create(folder)
    packages = next(folder.glob("lib/python3*/site-packages"))
    for name in NEEDED:
        for file in metadata.files(name) or ():
            if ".." not in file.parts:
                target = packages / file
                target.parent.mkdir(parents=True, exist_ok=True)
                _link(str(file.locate()), str(target))
    services = packages / "services"
    for part in ("kit", "cli"):
        shutil.copytree(ROOT / "services" / part, services / part)
    return folder


def _link(source: str, target: str) -> object:
    if "/asyncio/__pycache__/" in source:
        # As official images are: without what was compiled.
        return target
    # Nothing is written to them; across file systems there are no links.
    try:
        os.link(source, target)
    except OSError:
        shutil.copy2(source, target)
    return target


@pytest.mark.skipif(sys.platform != "linux", reason="an image is Linux: it is collected with ldd")
def test_what_is_collected_runs_where_there_is_nothing_else(tmp_path: Path) -> None:
    environment = _environment(tmp_path / "environment")
    root = tmp_path / "image"
    build(root, environment, copy=_link)
    found = {path.name for path in root.rglob("*")}
    assert not found & {"sh", "bash", "dash", "busybox", "apt", "dpkg", "ldd"}
    library = root / Path(sysconfig.get_path("stdlib")).resolve().relative_to("/")
    # Nothing is compiled at the start of a process that cannot write down what it compiled.
    assert {
        path.name.partition(".")[0] for path in (library / "asyncio/__pycache__").iterdir()
    } >= {path.stem for path in (library / "asyncio").glob("*.py")}
    if os.geteuid() != 0:
        pytest.skip("collected, but not tried: changing the root needs the rights of root")
    tried = subprocess.run(
        [environment / "bin/python", "-c", INSIDE],
        capture_output=True,
        text=True,
        env={"PYTHONDONTWRITEBYTECODE": "1", "HOME": "/tmp", "USER": "yijie"},  # noqa: S108
        preexec_fn=lambda: _enter(root),
        check=False,
    )
    assert tried.returncode == 0, tried.stderr
    assert tried.stdout.split() == ["10001", "None", "[]"]


def _enter(root: Path) -> None:
    os.chroot(root)
    os.chdir("/")
    os.setgid(10001)
    os.setuid(10001)


# --- bill of materials -------------------------------------------------------------------------


def test_the_bill_of_materials_has_every_locked_package(tmp_path: Path) -> None:
    bill = tmp_path / "sbom.cdx.json"
    recipe = (ROOT / "Makefile").read_text(encoding="utf-8").partition("\nsbom:")[2]
    assert "cyclonedx-py requirements" in recipe.partition("\n\n")[0]
    assert str(LOCK.relative_to(ROOT)) in recipe.partition("\n\n")[0]
    tool = Path(sys.executable).with_name("cyclonedx-py")
    options = ["--no-validate", "--pyproject", ROOT / "pyproject.toml", "--output-file", bill]
    subprocess.run([tool, "requirements", *options, LOCK], capture_output=True, check=True)
    document = json.loads(bill.read_text(encoding="utf-8"))
    listed = {
        (component["name"], component["version"]): component for component in document["components"]
    }
    locked = re.findall(r"^([a-z0-9][a-z0-9._-]*)==([^\s;\\]+)", LOCK.read_text(), re.MULTILINE)
    assert len(locked) > 50
    assert set(locked) == set(listed)
    assert all(c["externalReferences"][0]["hashes"] for c in listed.values())
    assert document["metadata"]["component"]["version"] == PYPROJECT["project"]["version"]

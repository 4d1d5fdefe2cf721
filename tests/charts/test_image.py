"""Goal: the image holds the wheel and the locked dependencies, and fits the chart.

Method: reads Dockerfile and .dockerignore; building needs a container engine, which a release has.
"""

from __future__ import annotations

import re
import tomllib
from fnmatch import fnmatch
from typing import Final

from tests.charts.render import ROOT, UMBRELLA, manifests, of_kind

DOCKERFILE: Final = (ROOT / "Dockerfile").read_text(encoding="utf-8")
PYPROJECT: Final = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


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
    user = re.search(r"^USER (\d+):(\d+)$", DOCKERFILE, re.MULTILINE)
    assert user
    deployment = next(iter(of_kind(manifests(UMBRELLA[0]), "Deployment").values()))
    pod = deployment["spec"]["template"]["spec"]
    context = pod["securityContext"]
    assert (int(user[1]), int(user[2])) == (context["runAsUser"], context["runAsGroup"])
    assert pod["containers"][0]["command"][0] in PYPROJECT["project"]["scripts"]
    exposed = re.search(r"^EXPOSE (.+)$", DOCKERFILE, re.MULTILINE)
    assert exposed
    ports = {p["containerPort"] for p in pod["containers"][0]["ports"]}
    assert {int(port) for port in exposed[1].split()} == ports

"""Goal: what a runbook tells somebody at night to run, read or look at is there."""

from __future__ import annotations

import re

import pytest
import typer

from services.cli.__main__ import app
from services.observability.check import REPOSITORY, alerts_of, committed_files
from services.observability.instruments import declared_series
from tests.tidy.sources import python_files, text_of

RUNBOOKS = sorted((REPOSITORY / "docs/runbooks").glob("*.md"))
ALERTS = set(alerts_of({k: v for k, v in committed_files(REPOSITORY).items() if "/rules/" in k}))
GROUPS = typer.main.get_command(app)
FIRST = r"[A-Z][a-z]+(?:[A-Z][a-z]+)+"


def found(pattern: str) -> set[tuple[str, str]]:
    """What the runbooks name, with the runbook that does."""
    return {(path.stem, match) for path in RUNBOOKS for match in re.findall(pattern, text_of(path))}


def test_the_commands_exist():
    missing = []
    for runbook, line in found(r"`yijie ([a-z-]+(?: [a-z-]+)?)"):
        name, _, rest = line.partition(" ")
        command = GROUPS.commands.get(name)
        inner = getattr(command, "commands", None)
        if command is None or (inner is not None and rest and rest not in inner):
            missing.append((runbook, line))
    assert missing == []


def test_the_settings_exist():
    documented = set(re.findall(r"`(YIJIE_[A-Z_]+)`", text_of(REPOSITORY / "docs/operations.md")))
    assert {one for one in found(r"`(YIJIE_[A-Z_]+)`") if one[1] not in documented} == set()


def test_the_series_exist():
    known = set(declared_series())
    assert {one for one in found(r"`(yijie_[a-z_]+)`") if one[1] not in known} == set()


def test_the_log_lines_exist():
    code = "\n".join(text_of(path) for path in python_files("services"))
    named = found(r"[Ll]og lines? `([^`]+)`")
    assert named
    assert {one for one in named if f'"{one[1]}"' not in code} == set()


def test_the_pages_exist():
    missing = {one for one in found(r"`(docs/[a-z-]+\.md)`") if not (REPOSITORY / one[1]).is_file()}
    assert missing == set()


@pytest.mark.parametrize("path", RUNBOOKS, ids=lambda path: path.stem)
def test_other_alerts_are_named_rightly(path):
    # A word like an alert's that is none is a typing error or an alert that is gone.
    words = set(re.findall(rf"\b({FIRST})\b", text_of(path)))
    like_alerts = {word for word in words if any(word[:8] == alert[:8] for alert in ALERTS)}
    assert like_alerts <= ALERTS | {"SettlementsFailed"}


def test_no_section_is_empty():
    for path in RUNBOOKS:
        if path.stem != "README":
            parts = re.split(r"^## .+$", text_of(path), flags=re.MULTILINE)
            assert all(part.strip() for part in parts), path.name

"""Goal: what a runbook tells somebody at night to run, read or look at is there."""

from __future__ import annotations

import re
from itertools import pairwise

import pytest
import typer

from services.cli.commands import app
from services.observability.boards import boards
from services.observability.check import REPOSITORY, alerts_of, committed_files
from services.observability.instruments import declared_series
from tests.tidy.sources import python_files, text_of
from yijie.common.v1 import error_reason_pb2

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


def test_the_commands_are_taken_with_their_options():
    # As typer reads them: an option that is none, or a value of the wrong kind, is refused.
    missing = []
    for runbook, line in found(r"`yijie ([a-z-]+(?: [^`]*)?)`"):
        words = line.split()
        command = GROUPS.commands[words.pop(0)]
        inner = getattr(command, "commands", None)
        if inner is not None:
            if not words:
                continue
            command = inner[words.pop(0)]
        given = {word.split("=")[0]: value for word, value in pairwise([*words, ""])}
        options = {one: p for p in command.params for one in (*p.opts, *p.secondary_opts)}
        for word, value in given.items():
            if word.startswith("--"):
                option = options.get(word)
                if option is None:
                    missing.append((runbook, line, word))
                elif option.default.__class__ is int and not value.isdigit():
                    missing.append((runbook, line, f"{word} takes a number"))
    assert missing == []


def test_the_panels_exist():
    # In italics stands what is looked at on a dashboard, by the English half of its title.
    titles = "\n".join(
        title
        for board in boards()
        for title in (
            board.title,
            *(row.title for row in board.rows),
            *(panel.title for row in board.rows for panel in row.panels),
        )
    )
    named = found(r"(?<!\*)\*([A-Z][^*\n]+)\*(?!\*)")
    assert len(named) > 20
    not_ours = {"Last State"}  # of kubectl
    assert {one for one in named if one[1] not in titles} - {
        one for one in named if one[1] in not_ours
    } == set()


def test_the_methods_exist():
    protos = {path: text_of(path) for path in (REPOSITORY / "protos").glob("yijie/**/*.proto")}
    for runbook, named in found(r"`([A-Z]\w+Service\.[A-Z]\w+)`"):
        service, _, method = named.partition(".")
        (text,) = [text for text in protos.values() if f"service {service} {{" in text]
        assert f"rpc {method}(" in text, (runbook, named)


def test_the_settings_of_the_charts_exist():
    text = "".join(
        text_of(REPOSITORY / "charts" / name / "values.yaml") for name in ("grpc-service", "yijie")
    )
    named = found(r"`((?:autoscaling|monitoring|networkPolicy)\.\w+)`")
    assert named
    for runbook, value in named:
        first, _, second = value.partition(".")
        assert re.search(rf"\b{first}:", text), (runbook, value)
        assert re.search(rf"\b{second}:", text), (runbook, value)


def test_the_reasons_exist():
    reasons = {one.removeprefix("ERROR_REASON_") for one, _ in error_reason_pb2.ErrorReason.items()}
    code = "\n".join(text_of(path) for path in python_files("services"))
    codes = {"DEADLINE_EXCEEDED", "RESOURCE_EXHAUSTED"}  # of gRPC
    named = found(r"`([A-Z]{3,}(?:_[A-Z]+)+)`")
    wrong = {
        one
        for one in named
        if not one[1].startswith("YIJIE_")
        and one[1] not in reasons | codes
        and f'"{one[1]}"' not in code
    }
    assert wrong == set()


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


def test_the_rounds_exist():
    code = "\n".join(text_of(path) for path in python_files("services"))
    named = found(r"round `([^`]+)`")
    assert named
    counted = {
        *re.findall(r"ROUND_FAILURES\.labels\(\"([^\"]+)\"\)", code),
        *re.findall(r"\brepeating\(\s*\"([^\"]+)\"", code),
    }
    assert {one for one in named if one[1] not in counted} == set()


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

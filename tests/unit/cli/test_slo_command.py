"""Goal: `yijie slo` writes what is generated, and says what differs, with exit code 1."""

from __future__ import annotations

import shutil

import pytest
from typer.testing import CliRunner

from services.cli.slo import app
from services.observability import check

RUNNER = CliRunner()


@pytest.fixture
def checkout(tmp_path, monkeypatch):
    """A repository with the runbooks, and nothing generated yet."""
    shutil.copytree(check.REPOSITORY / "docs/runbooks", tmp_path / "docs/runbooks")
    (tmp_path / "charts").mkdir()
    monkeypatch.setattr(check, "REPOSITORY", tmp_path)
    return tmp_path


def test_what_is_generated_is_written_and_agrees(checkout):
    stale = checkout / check.RULES / "Gone.yaml"
    stale.parent.mkdir(parents=True)
    stale.write_text("groups: []\n")
    done = RUNNER.invoke(app, ["generate"])
    assert done.exit_code == 0, done.output
    assert not stale.exists()
    written = check.committed_files(checkout)
    assert written == check.generated_files()
    assert RUNNER.invoke(app, ["check"]).exit_code == 0


def test_what_was_changed_by_hand_is_named(checkout):
    RUNNER.invoke(app, ["generate"])
    board = checkout / check.DASHBOARDS / "yijie-service.json"
    text = board.read_text("utf-8").replace(
        "yijie_event_loop_lag_seconds", "yijie_loop_lag_seconds"
    )
    board.write_text(text, "utf-8")
    done = RUNNER.invoke(app, ["check"])
    assert done.exit_code == 1
    assert "yijie-service.json: is not as generated" in done.output
    assert "no service exposes yijie_loop_lag_seconds" in done.output


def test_outside_a_checkout_it_says_what_it_needs(tmp_path, monkeypatch):
    monkeypatch.setattr(check, "REPOSITORY", tmp_path)
    done = RUNNER.invoke(app, ["generate"])
    assert done.exit_code == 1
    assert "make install-dev" in done.output

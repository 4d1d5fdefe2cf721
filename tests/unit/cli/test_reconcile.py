"""Goal: `yijie reconcile` takes a date, yesterday without one, and says what else it was given."""

from __future__ import annotations

from datetime import timedelta

import pytest
from rich.console import Console
from typer.testing import CliRunner

from services.cli import reconcile
from services.cli.commands import app
from services.cli.reconcile import parse_day
from services.kit.clock import SystemClock, civil_date


def test_without_a_date_it_is_yesterday() -> None:
    assert parse_day("") == civil_date(SystemClock().now()) - timedelta(days=1)
    assert parse_day("2026-03-31").isoformat() == "2026-03-31"


@pytest.mark.parametrize("text", ["31.3.2026", "2026-02-30", "x"])
def test_what_is_no_date_is_a_wrong_call(text: str, tmp_path) -> None:
    done = CliRunner().invoke(app, ["reconcile", text, "--data-dir", str(tmp_path)])
    assert done.exit_code == 2
    assert "YYYY-MM-DD" in done.output


def test_without_a_mesh_it_says_so(tmp_path) -> None:
    done = CliRunner().invoke(app, ["reconcile", "2026-03-31", "--data-dir", str(tmp_path)])
    assert done.exit_code == 1
    assert "no mesh runs" in done.output


def test_a_day_that_nobody_was_compared_for_is_not_called_settled(capsys) -> None:
    reconcile._print(Console(), parse_day("2026-03-31"), [], [])
    said = capsys.readouterr().out
    assert "尚未核对" in said
    assert "nothing is open" not in said

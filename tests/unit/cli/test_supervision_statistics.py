"""Goal: the commands of statistics refuse what they cannot use before they look for a mesh."""

from __future__ import annotations

import pytest
from typer.testing import CliRunner

from services.cli.options import USAGE
from services.cli.supervision.app import app


def said(*arguments: str) -> tuple[int, str]:
    found = CliRunner().invoke(app, arguments)
    return found.exit_code, found.output


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("rates", "--month", "2026-13"), "YYYY-MM"),
        (("rates", "--month", "2026-03", "--level", "street"), "--level street"),
        (("rates", "--month", "2026-03", "--setting", "ward"), "--setting ward"),
        (("rates", "--month", "2026-03", "--region", "6401"), "--region 6401"),
        (("bulletin", "--month", "202603", "-o", "out"), "YYYY-MM"),
        (("bulletin", "--month", "2026-03", "-o", "out", "--maker", "王"), "--maker"),
    ],
)
def test_what_cannot_be_meant_is_told(arguments, told):
    code, out = said(*arguments)
    assert code == USAGE
    assert told in out


@pytest.mark.parametrize("command", [("rates",), ("bulletin", "-o", "out")])
def test_without_a_mesh_it_is_said_how_to_start_one(command, tmp_path):
    code, out = said(*command, "--month", "2026-03", "--data-dir", str(tmp_path))
    assert code == 1
    assert "yijie up" in out

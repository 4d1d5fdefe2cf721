"""Goal: `yijie audit verify` takes a block with its digest, and says where there is no mesh."""

from __future__ import annotations

import pytest
from typer.testing import CliRunner

from services.cli.auditing import _PROBLEMS
from services.cli.commands import app
from yijie.clearing.v1 import ledger_pb2

DIGEST = "0f" * 32


@pytest.mark.parametrize(
    "options",
    [
        ["--digest", DIGEST],
        ["--after", "3", "--digest", DIGEST[1:]],
        ["--after", "3", "--digest", DIGEST.upper()],
        ["--after", "-1"],
    ],
    ids=["digest of no block", "too short", "in capitals", "block below zero"],
)
def test_what_makes_no_sense_is_a_wrong_call(options: list[str], tmp_path) -> None:
    done = CliRunner().invoke(app, ["audit", "verify", *options, "--data-dir", str(tmp_path)])
    assert done.exit_code == 2


def test_without_a_mesh_it_says_so(tmp_path) -> None:
    options = ["--after", "3", "--digest", DIGEST, "--data-dir", str(tmp_path)]
    done = CliRunner().invoke(app, ["audit", "verify", *options])
    assert done.exit_code == 1
    assert "no mesh runs" in done.output


def test_every_problem_has_words() -> None:
    numbers = set(ledger_pb2.LedgerProblemKind.values())
    assert _PROBLEMS.keys() == numbers - {ledger_pb2.LEDGER_PROBLEM_KIND_UNSPECIFIED}

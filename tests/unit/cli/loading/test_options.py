"""Goal: what is wrong with a call of `yijie load` is said in a line with exit code 2."""

from __future__ import annotations

import pytest
from typer.testing import CliRunner

from services.cli.commands import app

ITEMS = "item_code,name,list_type_code,charge_category_code,catalogue_class,begin_date\n"


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "file.csv"
    path.write_text(ITEMS)
    return str(path)


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["persons", "nix.csv"], 2, "No such file"),
        (["persons", "FILE"], 2, "add the columns cert_number"),
        (["persons", "FILE", "--region", "64"], 2, "six digits"),
        (["persons", "FILE", "--encoding", "latin1"], 2, "--encoding is one of"),
        (["institutions", "FILE", "--region", "x"], 2, "six digits"),
        (["filings", "FILE", "--region", "x"], 2, "six digits"),
        (["catalogue", "FILE"], 2, "Missing option"),
        (["catalogue", "FILE", "--region", "640100"], 2, "is a province"),
        (["catalogue", "FILE", "--region", "640000", "--base", "v1"], 2, "go together"),
        (["catalogue", "FILE", "--region", "640000", "--version", "a b"], 2, "--version is"),
        (
            ["catalogue", "FILE", "--region", "640000", "--base", "v1", "--effective", "x"],
            2,
            "YYYY-MM-DD",
        ),
        (["catalogue", "FILE", "--region", "640000"], 1, "no mesh runs"),
        (["mapping", "FILE", "--owner", "x"], 2, "--owner is"),
        (["mapping", "FILE", "--owner", "640000", "--mode", "x"], 2, "--mode is one of"),
        (["mapping", "FILE", "--owner", "640000", "--officer", "a b"], 2, "--officer is"),
        (["mapping", "FILE", "--owner", "640000"], 2, "add the columns source_code"),
    ],
)
def test_options(arguments, code, said, file, tmp_path):
    typed = [file if one == "FILE" else one for one in arguments]
    ran = CliRunner().invoke(app, ["load", "--data-dir", str(tmp_path / "mesh"), *typed])
    assert ran.exit_code == code
    assert said in ran.output
    assert "Traceback" not in ran.output

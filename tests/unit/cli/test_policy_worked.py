"""Goal: `yijie policy test` computes every worked example, and shows how a wrong one came about."""

from __future__ import annotations

import orjson
import pytest
from typer.testing import CliRunner

from services.cli.commands import app
from tests.unit.cli.packs import edit, write_pack


def run(*arguments: str):
    return CliRunner().invoke(app, ["policy", "test", *arguments])


@pytest.fixture
def folder(tmp_path):
    return write_pack(tmp_path)


def test_every_shipped_example_comes_out_to_the_fen():
    done = run("--json")
    document = orjson.loads(done.stdout)
    assert document["failures"] == []
    assert (done.exit_code, document["ok"]) == (0, True)
    assert sum(document["example_counts"].values()) > 0


def test_an_example_that_differs_is_shown_with_its_place_and_its_steps(folder):
    edit(folder / "examples.yaml", "cash: 4400.00", "cash: 4400.01")
    done = run(str(folder))
    assert done.exit_code == 1
    assert "411300/examples.yaml:2: An ordinary stay" in done.output
    row = next(line for line in done.output.splitlines() if line.startswith("cash"))
    assert row.split() == ["cash", "4,400.01", "4,400.00"]
    for said in ("(20000 - 500) x 0.80", "起付线 deductible", "19,500.00", "deductible.amount[3]"):
        assert said in done.output
    # Keys of a table that look like a tag of Rich are shown all the same.
    assert "segments.scale[in_service,3]" in "".join(done.output.split())


def test_what_differs_is_one_row_each(folder):
    edit(folder / "examples.yaml", '"310100": 15600.00', '"330100": 15600.00')
    document = orjson.loads(run(str(folder), "--json").stdout)
    assert document["ok"] is False
    assert document["failures"][0]["line"] == 2
    assert document["failures"][0]["differences"] == [
        {"field": "funds.330100", "expected": "15,600.00", "got": "0.00"},
        {"field": "funds.310100", "expected": "0.00", "got": "15,600.00"},
    ]


def test_a_refused_pack_does_not_hide_the_others(folder, tmp_path):
    other = write_pack(tmp_path, "411400")
    edit(folder / "examples.yaml", 'level: "3"', "level: 3")
    done = run(str(folder), str(other))
    assert done.exit_code == 1
    assert "411300/examples.yaml:8: [0].case.level: 3 is not known here; one of:" in done.output
    assert "1 个算例 worked examples of 1 packs" in done.output


def test_a_pack_without_examples_is_named(folder):
    (folder / "examples.yaml").unlink()
    done = run(str(folder))
    assert (done.exit_code, "no worked examples: 411300" in done.output) == (0, True)

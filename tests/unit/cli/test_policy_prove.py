"""Goal: `yijie policy prove` computes random cases over packs and says what came of it."""

from __future__ import annotations

from typer.testing import CliRunner

from services.cli.commands import app
from tests.unit.cli.packs import edit, write_pack


def prove(*arguments: str):
    return CliRunner().invoke(app, ["policy", "prove", *arguments])


def test_no_property_is_violated_over_a_pack_from_the_skeleton(tmp_path):
    write_pack(tmp_path)
    done = prove("--cases", "200", "--seed", "7", "--folder", str(tmp_path))
    assert done.exit_code == 0
    assert "200 cases from seed 7 over 1 packs and 4 files" in done.output
    assert "0 violated" in done.output


def test_a_pack_that_does_not_load_is_named(tmp_path):
    edit(write_pack(tmp_path) / "index.yaml", "calendar\n", "lunar\n")
    done = prove("--cases", "1", "--folder", str(tmp_path))
    assert done.exit_code == 1
    assert "411300/index.yaml:9: benefit_year" in done.output


def test_a_folder_that_is_not_there_is_a_wrong_call(tmp_path):
    assert prove("--folder", str(tmp_path / "nowhere")).exit_code == 2

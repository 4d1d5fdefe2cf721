"""`yijie rules check` and `yijie rules test`, and the pages that tell how a rule is written."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from services.cli.rules.app import app
from services.supervision.domain.examples import run_examples
from services.supervision.rules_loader import RULES_DIR, load, load_rules

DOCUMENT = Path(__file__).parents[3] / "docs" / "rules.md"
RUNNER = CliRunner()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("split_stay.yaml", "diagnosis_missing.yaml"):
        shutil.copy(RULES_DIR / name, tmp_path)
    return tmp_path


def edit(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


def run(*arguments: str) -> tuple[int, Any]:
    answer = RUNNER.invoke(app, [*arguments, "--json"])
    return answer.exit_code, json.loads(answer.output)


def test_a_pack_that_is_understood_is_listed(folder: Path) -> None:
    answer = RUNNER.invoke(app, ["check", str(folder)])
    assert answer.exit_code == 0
    assert "SPLIT_STAY" in answer.output
    assert "2 条规则" in answer.output


def test_a_pack_that_is_refused_says_where(folder: Path) -> None:
    edit(folder / "split_stay.yaml", "days_max: 15", "days_max: 15\n  regex: (a+)+")
    for command in ("check", "test"):
        answer = RUNNER.invoke(app, [command, str(folder)])
        assert answer.exit_code == 1
        assert "split_stay.yaml:" in answer.output
        assert "RULE_PACK_PATTERN_FORBIDDEN" in answer.output


def test_examples_that_differ_are_shown_with_what_was_found(folder: Path) -> None:
    assert RUNNER.invoke(app, ["test", str(folder)]).exit_code == 0
    edit(folder / "split_stay.yaml", "days_max: 15", "days_max: 9")
    answer = RUNNER.invoke(app, ["test", str(folder)])
    assert answer.exit_code == 1
    assert "出院10天后因同类疾病再住院" in answer.output
    assert "expected SUSPICIOUS" in answer.output
    assert "nothing" in answer.output


def test_programs_get_json(folder: Path) -> None:
    code, document = run("check", str(folder))
    assert (code, document["ok"], len(document["rules"])) == (0, True, 2)
    edit(folder / "diagnosis_missing.yaml", "diagnoses: []\n", "")
    code, document = run("test", str(folder))
    assert (code, document["ok"]) == (1, False)
    assert document["failures"][0]["rule"] == "DIAGNOSIS_MISSING"
    edit(folder / "split_stay.yaml", "kind: split_stay", "kind: other")
    code, document = run("check", str(folder))
    refusal = document["refusal"]
    assert (code, refusal["reason"], refusal["field"]) == (1, "RULE_PACK_FIELD_UNKNOWN", "kind")


def test_a_folder_that_is_not_there_is_a_mistake_of_use() -> None:
    assert RUNNER.invoke(app, ["check", "no-such-folder"]).exit_code == 2


def test_the_page_lists_every_rule_as_it_is() -> None:
    text = DOCUMENT.read_text(encoding="utf-8")
    rows = {
        cells[1].strip("` "): [cell.strip() for cell in cells]
        for cells in (row.split("|") for row in text.splitlines() if row.startswith("| `"))
        if len(cells) == 13
    }
    rules = load_rules().rules
    assert set(rows) == {rule.code for rule in rules}
    for rule in rules:
        cells = rows[rule.code]
        assert (cells[2], cells[4]) == (rule.name_zh, f"`{rule.kind}`")
        assert cells[10] == (str(rule.point_count) if rule.point_count else "")
        assert (cells[11] == "示例") is rule.sample
    kinds = len({rule.kind for rule in rules})
    assert f"**{len(rules)} rules of {kinds} kinds**" in text


def test_the_rule_on_the_page_can_be_copied(tmp_path: Path) -> None:
    found = re.search(r"```yaml\n(.*?)```", DOCUMENT.read_text(encoding="utf-8"), re.DOTALL)
    assert found is not None
    (tmp_path / "split_stay.yaml").write_text(found[1], encoding="utf-8")
    assert all(outcome.holds for outcome in run_examples(load(tmp_path)))

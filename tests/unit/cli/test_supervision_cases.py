"""Goal: `yijie supervision cases` says what is wrong with how it was called, in both languages."""

from __future__ import annotations

import pytest
from typer.testing import CliRunner

from services.cli.commands import app
from services.cli.supervision import cases
from services.cli.supervision.case_desk import STATES_ZH
from services.kit.reasons import TEXT_ZH
from services.supervision.domain.case_states import CaseState

CASE = "0195f3a0-0000-7000-8000-000000000001"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["list", "--region", "110105"], "--region 110105：应为省级代码"),
        (["list", "--state", "OPEN"], "--state OPEN：应为 · is one of FIRST_REVIEW"),
        (["list", "--rule", "x"], "--rule x：应为规则代码"),
        (["show", "1"], "1：应为编号 · is no key"),
        (["decide", CASE, "--step", "third", "--officer", "a"], "--step third：应为 · is one of"),
        (["decide", CASE, "--step", "first", "--officer", "王"], "--officer 王：应为经办人代码"),
        (["answer", "x", "--officer", "a", "--agreed"], "x：应为编号"),
        (["answer", CASE, "--officer", "院", "--agreed"], "--officer 院：应为经办人代码"),
        (["sample", "--region", "110000", "--officer", "a"], "须写明规则与种子"),
        (["sample", "--region", "110000", "--officer", "a", "--confirm", "x"], "x：应为编号"),
        (["opinion", "x", "-o", "x.pdf"], "x：应为编号"),
    ],
)
def test_a_wrong_call_says_what_is_wrong(arguments, said):
    done = CliRunner().invoke(app, ["supervision", "cases", *arguments])
    assert done.exit_code == 2
    assert said in done.output


def test_without_a_mesh_it_says_so(tmp_path):
    done = CliRunner().invoke(app, ["supervision", "cases", "list", "--data-dir", str(tmp_path)])
    assert done.exit_code == 1
    assert "没有运行中的系统" in done.output


def test_what_to_do_is_told_of_reasons_that_there_are():
    for reason, texts in cases._NEXT.items():
        assert reason in TEXT_ZH
        assert all(texts)


def test_every_state_has_a_name():
    assert set(STATES_ZH) == {one.value for one in CaseState}

"""Goal: a province starts from a skeleton that asks for every value, and says what is missing."""

from __future__ import annotations

import pytest
from typer.testing import CliRunner

from services.benefits.domain.errors import PolicyRefused
from services.benefits.domain.model import Setting, Status
from services.benefits.domain.schema import SPEC_BY_PATH, PolicyStep
from services.benefits.policies import load_pack, read_files
from services.cli.commands import app
from services.cli.policy import meanings
from services.cli.policy.new import new
from services.cli.policy.placeholders import MARK, find_placeholders
from services.cli.policy.sources import load_folder
from tests.unit.cli.packs import REGION, START, write_pack


def yijie(*arguments: str):
    return CliRunner().invoke(app, ["policy", *arguments])


def test_every_parameter_step_and_word_has_a_meaning_in_both_languages():
    assert meanings.PARAMETERS.keys() == SPEC_BY_PATH.keys()
    assert set(meanings.STEPS) == {None, *PolicyStep}
    assert set(meanings.SETTINGS) == set(Setting)
    assert set(meanings.STATUSES) == set(Status)
    words = {str(item.value) for spec in SPEC_BY_PATH.values() for item in spec.choices or ()}
    assert meanings.WORDS.keys() == words | {"true", "false", "unlimited"}
    assert meanings.in_chinese("in_scope, over_limit") == "政策范围内、超限价"
    assert meanings.in_chinese("85%") == meanings.in_chinese("in_scope, 1.00") == ""
    for table in (meanings.PARAMETERS, meanings.STEPS, meanings.SETTINGS, meanings.STATUSES):
        assert all(zh and en and not zh.isascii() and en.isascii() for zh, en in table.values())


def test_what_a_value_is_written_like_is_said_for_every_parameter():
    for spec in SPEC_BY_PATH.values():
        assert meanings.form(spec)
        assert ("unlimited" in meanings.form(spec)) == spec.unbounded


def test_a_skeleton_has_all_files_and_the_name_of_the_region(tmp_path):
    done = yijie("new", REGION, "--folder", str(tmp_path))
    assert done.exit_code == 0
    assert sorted(read_files(tmp_path / REGION)) == [
        "employee/inpatient.yaml",
        "employee/outpatient.yaml",
        "examples.yaml",
        "index.yaml",
        "resident/inpatient.yaml",
        "resident/outpatient.yaml",
    ]
    assert "name: 南阳市" in (tmp_path / REGION / "index.yaml").read_text("utf-8")
    assert str(tmp_path / REGION / "employee" / "inpatient.yaml") in done.output


def test_check_names_the_first_mark_with_its_line_and_what_would_be_right(tmp_path):
    new(REGION, tmp_path, start=START)
    index = (tmp_path / REGION / "index.yaml").read_text("utf-8").splitlines()
    line = next(number for number, text in enumerate(index, 1) if text == f"name_en: {MARK}")
    done = yijie("check", str(tmp_path / REGION))
    assert done.exit_code == 1
    assert f"{REGION}/index.yaml:{line}: name_en: is still ???" in done.output
    assert "write the region's name in English" in done.output


def test_each_mark_says_what_would_be_right_there(tmp_path):
    new(REGION, tmp_path, start=START)
    found = list(find_placeholders(REGION, read_files(tmp_path / REGION)))
    assert found[0].file == f"{REGION}/index.yaml"
    assert found[-1].file == f"{REGION}/examples.yaml"
    rights = {one.path: one.right for one in found}
    assert len(found) > 100
    assert "write the value" not in rights.values()
    history = f"history.{START}.value"
    assert rights[f"parameters.deductible.mode.{history}"].startswith("write one of: per_stay")
    assert "900.00" in rights[f"parameters.deductible.amount.{history}.3_top"]
    assert "0.85" in rights[f"parameters.reduction.filed.{history}.REFERRAL"]
    assert "0.85" in rights[f"parameters.large_amount.scale.{history}[0].ratio"]
    assert "unlimited" in rights[f"parameters.large_amount.cap.{history}"]


def test_the_marks_filled_in_one_by_one_give_a_pack_that_loads(tmp_path):
    folder = write_pack(tmp_path)
    pack, files = load_folder(folder)
    assert pack.name_en == "Nanyang"
    assert {(part.scheme_code, part.setting.value) for part in pack.parts} == {
        ("310", "inpatient"),
        ("310", "outpatient"),
        ("390", "inpatient"),
        ("390", "outpatient"),
    }
    assert not list(find_placeholders(REGION, files))
    assert yijie("check", str(folder)).exit_code == 0
    done = yijie("test", str(folder))
    assert (done.exit_code, "✓ 1 个算例" in done.output) == (0, True)


def test_a_text_that_is_still_a_mark_is_refused_although_the_loader_would_take_it(tmp_path):
    folder = write_pack(tmp_path)
    file = folder / "index.yaml"
    file.write_text(file.read_text("utf-8").replace("name_en: Nanyang", "name_en: ???"), "utf-8")
    assert load_pack(folder).name_en == MARK
    with pytest.raises(PolicyRefused, match=r"name_en: is still \?\?\?, the first of 1"):
        load_folder(folder)


@pytest.mark.parametrize(
    ("region", "said"),
    [
        ("990000", "there is no region 990000"),
        ("41130", "there is no region 41130"),
        ("411302", "411302 is insured in 南阳市 411300"),
        ("110105", "110105 is insured in 北京市 110000"),
    ],
)
def test_a_region_that_has_no_policy_of_its_own_is_a_wrong_call(region, said, tmp_path):
    done = yijie("new", region, "--folder", str(tmp_path))
    assert done.exit_code == 2
    assert said in done.output
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_is_there_is_left_alone(tmp_path):
    (tmp_path / REGION).mkdir()
    done = yijie("new", REGION, "--folder", str(tmp_path))
    assert done.exit_code == 2
    assert "is there already" in done.output
    assert list((tmp_path / REGION).iterdir()) == []


def test_where_nothing_can_be_written_it_says_so(tmp_path):
    (tmp_path / "file").touch()
    done = yijie("new", REGION, "--folder", str(tmp_path / "file"))
    assert done.exit_code == 2
    assert "cannot be written" in done.output


@pytest.mark.parametrize("region", ["110000", "310000", "460000", "660000"])
def test_the_example_is_of_care_in_another_province(region, tmp_path):
    new(region, tmp_path, start=START)
    text = (tmp_path / region / "examples.yaml").read_text("utf-8")
    care = text.partition('care: "')[2][:2]
    assert care != region[:2]

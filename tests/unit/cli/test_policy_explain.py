"""Goal: `yijie policy explain` shows every value in force on a day, once, with its document."""

from __future__ import annotations

from datetime import date

import orjson
import pytest
from typer.testing import CliRunner

from services.benefits.policies import PACKS_FOLDER, load_pack
from services.cli.commands import app
from services.cli.policy.in_force import parts_on, values_on
from tests.unit.cli.packs import edit, write_pack

WEINAN = ("610500", "390")


def explain(*arguments: str, data_dir):
    return CliRunner().invoke(app, ["policy", "explain", *arguments, "--data-dir", str(data_dir)])


def test_the_day_picks_the_value_and_the_next_change_is_named(tmp_path):
    # Weinan reads its cut in points until 2024-03-31 and as a factor from 2024-04-01.
    def mode(day: str):
        done = explain(*WEINAN, day, "--setting", "inpatient", "--json", data_dir=tmp_path)
        assert done.exit_code == 0
        (setting,) = orjson.loads(done.stdout)["settings"]
        return next(v for v in setting["values"] if v["parameter"] == "reduction.mode")

    before, after = mode("2024-03-31"), mode("2024-04-01")
    assert (before["value"], before["since"], before["next_change"]) == (
        "points",
        "2023-01-01",
        "2024-04-01",
    )
    assert (after["value"], after["since"], after["next_change"]) == ("factor", "2024-04-01", None)
    assert after["status"] == "sample"
    assert after["document"]["number"] == "渭医保发〔2024〕50号"
    assert after["meaning_zh"] == "异地就医下浮方式"


def test_people_read_it_in_both_languages_with_the_documents_below(tmp_path):
    done = explain(*WEINAN, "2024-06-01", data_dir=tmp_path)
    assert done.exit_code == 0
    for part in (
        "渭南市 Weinan",
        "起付线 · deductible",
        "大病保险 · critical-illness insurance",
        "130,000.00",
        "转引 secondary [1]",
        "示例 sample",
        "渭政办发〔2019〕137号",
        "https://www.weinan.gov.cn/",
        "2026-03-01",
        "未建模 not modelled",
    ):
        assert part in done.output


@pytest.mark.parametrize("folder", sorted(PACKS_FOLDER.iterdir()), ids=lambda folder: folder.name)
def test_every_value_of_every_shipped_file_is_shown(folder):
    pack = load_pack(folder)
    for part in pack.parts:
        shown = list(values_on(part, part.supported_from))
        assert {value.parameter for value in shown} == set(part.histories)
        keys = [(value.parameter, key) for value in shown for key in value.keys]
        assert len(keys) == len(set(keys))
        assert all(value.entry.reference.title for value in shown)


def test_values_come_by_step_in_the_order_of_computation(tmp_path):
    pack = load_pack(write_pack(tmp_path))
    (part,) = (p for p in parts_on(pack, "310", date(2026, 5, 1), setting="inpatient"))
    steps = list(dict.fromkeys(value.step for value in values_on(part, date(2026, 5, 1))))
    assert steps == [None, *part.steps]


def test_a_hole_is_shown_as_one(tmp_path):
    folder = write_pack(tmp_path)
    edit(
        folder / "employee" / "inpatient.yaml",
        "          3_top: 500.00\n",
        '        not_modelled: [["3_top"]]\n',
    )
    arguments = (str(folder), "310", "2026-05-01", "--setting", "inpatient", "--json")
    done = explain(*arguments, data_dir=tmp_path / "none")
    values = orjson.loads(done.stdout)["settings"][0]["values"]
    found = {tuple(v["keys"]): v["value"] for v in values if v["parameter"] == "deductible.amount"}
    assert found == {("community", "1", "2", "3"): "500.00", ("3_top",): None}


def test_a_county_has_the_policy_of_the_area_it_lies_in(tmp_path):
    done = explain("610502", "390", "2026-05-01", "--json", data_dir=tmp_path / "none")
    assert orjson.loads(done.stdout)["region_code"] == "610500"


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["999999", "310", "2026-01-01"], 2, "neither a folder nor an area"),
        (["610500", "310", "1.1.2026"], 2, "1.1.2026 is not a date written YYYY-MM-DD"),
        (["610500", "310", "2026-01-01", "--setting", "chronic"], 1, "nothing for 310 chronic on"),
        (["610500", "310", "1999-01-01"], 1, "has nothing for 310"),
        (["610500", "320", "2026-01-01"], 1, "no scheme 320; one of: 310 employee, 390 resident"),
        (["610500", "390", "2026-01-01", "--setting", "x"], 1, "no setting x; one of: inpatient"),
        (["610500@2026.11-000000000000", "390", "2026-01-01"], 1, "no mesh runs in"),
    ],
)
def test_what_cannot_be_explained_says_why(arguments, code, said, tmp_path):
    done = explain(*arguments, data_dir=tmp_path)
    assert done.exit_code == code
    assert said in done.output

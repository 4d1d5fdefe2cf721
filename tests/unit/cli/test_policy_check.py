"""Goal: `yijie policy check` finds what is wrong in every pack, and shows what it leaves out."""

from __future__ import annotations

import shutil
from datetime import date

import orjson
import pytest
from typer.testing import CliRunner

from services.benefits.policies import PACKS_FOLDER, load_pack
from services.cli.commands import app
from services.cli.policy.check import BadAgeError, days_before
from services.cli.policy.review import review
from tests.unit.cli.packs import edit, set_value, write_pack

LONG_AGO = date(2000, 1, 1)
TODAY = date(2026, 11, 22)


def check(*arguments: str):
    return CliRunner().invoke(app, ["policy", "check", *arguments])


def cautions(folder, kind, *, stale_before=LONG_AGO):
    found = review(load_pack(folder), stale_before=stale_before, today=TODAY)
    return [caution for caution in found.cautions if caution.kind == kind]


def test_the_shipped_packs_are_in_order():
    done = check("--json")
    document = orjson.loads(done.stdout)
    assert done.exit_code == 0
    assert document["ok"] is True
    assert document["refusals"] == []
    assert {"110000", "131100", "440300", "610500"} <= {p["region_code"] for p in document["packs"]}


def test_the_first_error_of_each_pack_is_shown_with_its_line(tmp_path):
    first, second = write_pack(tmp_path), write_pack(tmp_path, "411400")
    set_value(first, "employee/inpatient.yaml", "pooled_cap.amount", "-1.00")
    edit(second / "resident" / "inpatient.yaml", 'scheme: "390"', 'scheme: "400"')
    done = check(str(first), str(second), "610500")
    text = (first / "employee" / "inpatient.yaml").read_text("utf-8")
    line = text[: text.index("-1.00")].count("\n") + 1
    assert done.exit_code == 1
    assert f"411300/employee/inpatient.yaml:{line}: parameters.pooled_cap.amount" in done.output
    assert "411400/resident/inpatient.yaml:2: scheme: 400 is not a main scheme" in done.output
    assert 'write "310" or "390"' in done.output
    assert "渭南市 Weinan" in done.output
    assert "3 个政策包 packs: 2 个被拒 refused" in done.output


def test_a_folder_of_packs_stands_for_all_of_them(tmp_path):
    write_pack(tmp_path)
    write_pack(tmp_path, "411400")
    document = orjson.loads(check(str(tmp_path), "--json").stdout)
    assert [one["folder"] for one in document["packs"]] == ["411300", "411400"]


@pytest.mark.parametrize("name", ["nowhere", "999999", "610400"])
def test_what_is_no_pack_is_a_wrong_call(name):
    done = check(name)
    assert done.exit_code == 2
    assert "neither a folder nor an area" in done.output


def test_a_folder_without_a_pack_is_a_wrong_call(tmp_path):
    (tmp_path / "notes").mkdir()
    (tmp_path / "notes" / "values.yaml").write_text("a: 1\n---\nb: 2\n", "utf-8")
    done = check(str(tmp_path / "notes"))
    assert done.exit_code == 2
    assert "holds no pack" in done.output


def test_a_county_stands_for_the_area_whose_pack_covers_it():
    (pack,) = orjson.loads(check("640104", "--json").stdout)["packs"]
    assert pack["region_code"] == "640000"


def test_a_verification_in_the_future_is_a_caution(tmp_path):
    folder = write_pack(tmp_path)
    file = folder / "employee" / "inpatient.yaml"
    edit(file, "verified_on: 2026-06-30", "verified_on: 2027-06-30")
    (found,) = cautions(folder, "future")
    assert (found.path, found.text) == ("verified_on", "2027-06-30 is yet to come")


def test_a_disease_that_the_hub_does_not_know_is_a_caution(tmp_path):
    folder = shutil.copytree(PACKS_FOLDER / "610500", tmp_path / "610500")
    file = folder / "resident" / "chronic.yaml"
    file.write_text(file.read_text("utf-8").replace("M01600", "M99900"), "utf-8")
    (found,) = cautions(folder, "disease")
    assert found.text == "M99900 is no disease that the hub knows"


def test_a_review_shows_what_a_file_covers_and_leaves_out(tmp_path):
    folder = write_pack(tmp_path)
    file = folder / "employee" / "inpatient.yaml"
    edit(file, "not_modelled: []", "not_modelled: [two stays in fifteen days]")
    edit(
        file,
        "          3_top: 500.00\n",
        '        not_modelled: [["3_top"]]\n      2026-07-01: {value: {any: 600.00}}\n',
    )
    found = review(load_pack(folder), stale_before=LONG_AGO, today=TODAY)
    part = next(one for one in found.parts if one.file.endswith("employee/inpatient.yaml"))
    assert part.intervals == (
        (date(2026, 1, 1), date(2026, 6, 30)),
        (date(2026, 7, 1), None),
    )
    assert part.holes == ("deductible.amount[3_top] 2026-01-01",)
    assert part.not_modelled == ("two stays in fifteen days",)
    assert sum(part.statuses.values()) == sum(
        len(entry.cells)
        for history in load_pack(folder).parts[0].histories.values()
        for entry in history.entries
    )
    assert ("310", "chronic") in {(scheme, setting.value) for scheme, setting in found.missing}
    printed = check(str(folder)).output
    for said in ("deductible.amount[3_top] 2026-01-01", "two stays in fifteen days", "2026-06-30"):
        assert said in printed


def test_a_missing_usual_file_is_a_caution_and_a_rare_one_is_not(tmp_path):
    folder = write_pack(tmp_path)
    assert cautions(folder, "incomplete") == []
    (folder / "examples.yaml").unlink()
    assert check(str(folder)).exit_code == 0
    assert "no worked examples" in check(str(folder), "--strict").output
    (folder / "resident" / "outpatient.yaml").unlink()
    assert [one.text for one in cautions(folder, "incomplete")] == ["no file for 390 outpatient"]


def test_old_verifications_are_cautions_and_fail_only_a_strict_check(tmp_path):
    folder = write_pack(tmp_path)
    assert not cautions(folder, "stale", stale_before=date(2026, 6, 30))
    stale = cautions(folder, "stale", stale_before=date(2026, 7, 1))
    assert {one.path for one in stale} >= {"rounding", "pooled_cap.amount"}
    for file in folder.rglob("*.yaml"):
        file.write_text(file.read_text("utf-8").replace("2026-06-30", "2001-01-01"), "utf-8")
    assert check(str(folder), "--stale-after", "12m").exit_code == 0
    done = check(str(folder), "--strict")
    assert done.exit_code == 1
    assert "last verified on 2001-01-01" in done.output


@pytest.mark.parametrize(
    ("age", "day"),
    [
        ("1d", date(2026, 3, 30)),
        ("365 days", date(2025, 3, 31)),
        ("1m", date(2026, 2, 28)),
        ("12m", date(2025, 3, 31)),
        ("3 months", date(2025, 12, 31)),
        ("15m", date(2024, 12, 31)),
    ],
)
def test_an_age_is_of_days_or_months(age, day):
    assert days_before(date(2026, 3, 31), age) == day


@pytest.mark.parametrize("age", ["", "x", "0d", "12", "1y", "-3m", "99999m", "9999999d"])
def test_what_is_no_age_is_a_wrong_call(age, tmp_path):
    with pytest.raises(BadAgeError):
        days_before(date(2026, 3, 31), age)
    assert check("610500", "--stale-after", age or "-").exit_code == 2


# --- the national frame --------------------------------------------------------------------------

INPATIENT = "resident/inpatient.yaml"


def ceilings(folder, file=INPATIENT):
    return [one.text for one in cautions(folder, "ceiling") if one.file.endswith(file)]


def test_reductions_at_the_national_ceilings_are_no_caution(tmp_path):
    # LONG_TERM 0, REFERRAL and EMERGENCY 10, TEMPORARY 20 points.
    assert ceilings(write_pack(tmp_path)) == []


@pytest.mark.parametrize(
    ("level", "value", "said"),
    [
        ("LONG_TERM", "0.01", "1 points less than at home"),
        ("REFERRAL", "0.101", "10.1 points"),
        ("EMERGENCY", "0.15", "the national ceiling is 10"),
        ("TEMPORARY", "0.3", "30 points"),
    ],
)
def test_a_reduction_above_the_national_ceiling_is_a_caution(level, value, said, tmp_path):
    folder = write_pack(tmp_path)
    file = folder / INPATIENT
    text = file.read_text("utf-8")
    head, _, tail = text.partition(f"          {level}: ")
    file.write_text(f"{head}          {level}: {value}{tail[tail.index(chr(10)) :]}", "utf-8")
    found = ceilings(folder)
    assert len(found) == 1
    assert level in found[0]
    assert said in found[0]


def test_a_factor_takes_less_than_the_same_points(tmp_path):
    # 12 % of 80 % are 9.6 points; of 90 % 10.8.
    folder = write_pack(tmp_path)
    edit(folder / INPATIENT, "REFERRAL: 0.10", "REFERRAL: 0.12")
    set_value(folder, INPATIENT, "reduction.mode", "factor")
    assert ceilings(folder) == []
    edit(folder / INPATIENT, "ratio: 0.80", "ratio: 0.90")
    assert [text for text in ceilings(folder) if "REFERRAL" in text and "10.8 points" in text]


def test_what_is_paid_first_away_from_home_counts_towards_the_ceiling(tmp_path):
    # 5 % first, 80 % of the rest: 4 points less, where none may be missing.
    folder = write_pack(tmp_path)
    file = folder / INPATIENT
    edit(file, "steps: [deductible,", "steps: [away_self_pay, deductible,")
    edit(
        file,
        "parameters:\n",
        "parameters:\n  away_self_pay.ratio:\n    unit: /1\n    history:\n"
        "      2026-01-01: {value: 0.05}\n",
    )
    assert any("LONG_TERM" in text and "4 points" in text for text in ceilings(folder))


def test_a_lower_ratio_in_a_table_by_travel_counts_as_a_reduction(tmp_path):
    folder = write_pack(tmp_path)
    file = folder / INPATIENT
    text = file.read_text("utf-8")
    head, _, rest = text.partition("  segments.scale:\n")
    tail = rest[rest.index("  # 异地就医下浮方式") :]
    scale = (
        "  segments.scale:\n    unit: CNY:/1\n    by: [travel]\n    history:\n      2026-01-01:\n"
        "        value:\n          cross_province: [{above: 0.00, ratio: 0.70}]\n"
        "          any: [{above: 0.00, ratio: 0.80}]\n"
    )
    file.write_text(f"{head}{scale}{tail}", "utf-8")
    assert any("LONG_TERM" in text and "10 points" in text for text in ceilings(folder))


def test_critical_illness_below_the_frame_is_a_caution(tmp_path):
    folder = write_pack(tmp_path)
    file = folder / INPATIENT
    head, mark, tail = file.read_text("utf-8").partition("  critical_illness.scale:")
    file.write_text(head + mark + tail.replace("ratio: 0.80", "ratio: 0.55"), "utf-8")
    assert [one.text for one in cautions(folder, "frame")] == [
        "from 2026-01-01: critical illness begins at 55%; the national frame is 60% or more"
    ]


def test_bands_below_the_threshold_of_a_burden_do_not_count(tmp_path):
    # On the whole burden, what lies below the threshold of 10,000 is not paid at all.
    folder = write_pack(tmp_path)
    file = folder / INPATIENT
    head, mark, tail = file.read_text("utf-8").partition("  critical_illness.scale:")
    tail = tail.replace(
        "            ratio: 0.80\n",
        "            ratio: 0.00\n          - above: 10000.00\n            ratio: 0.60\n",
        1,
    )
    file.write_text(head + mark + tail, "utf-8")
    assert cautions(folder, "frame") == []

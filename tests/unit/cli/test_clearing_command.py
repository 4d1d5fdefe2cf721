"""Goal: `yijie clearing` says what is wrong with how it was called, in both languages."""

from __future__ import annotations

import pytest
from typer.testing import CliRunner

from services.cli.clearing import app as clearing
from services.cli.clearing.status import awaited
from services.cli.commands import app
from services.kit.reasons import TEXT_ZH
from yijie.clearing.v1 import month_pb2, month_service_pb2

STATEMENT = ["statement", "--month", "2026-03"]
RUN = ["run", "--month", "2026-03", "--maker", "m", "--checker"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (
            ["status", "--month", "2026-13"],
            "--month 2026-13：应为年月，如 2026-03 · is a year and month",
        ),
        (["netting", "--month", "march"], "--month march：应为年月"),
        (
            ["statement", "--month", "2026-03", "--region", "640100"],
            "--region 640100：应为省级代码",
        ),
        (
            ["statement", "--month", "2026-03", "--format", "doc"],
            "--format doc：应为 · is one of xlsx, csv, pdf",
        ),
        ([*STATEMENT, "--format", "csv", "-o", "三月.xlsx"], "与 -o 的 .xlsx 不一致"),
        ([*STATEMENT, "--region", "all", "-o", "-"], "-o 不能为 -"),
        ([*RUN, "m"], "经办与复核须为两人 · maker and checker are two people"),
        ([*RUN, "王 二"], "--checker 王 二：应为经办人代码"),
        (["check", "--from", "2026"], "--from 2026：应为年月"),
        (["year", "--scenario", "nix"], "is one of ningxia-2017"),
        (["year", "--provinces", "2"], "'--provinces'"),
    ],
)
def test_a_wrong_call_says_what_is_wrong(arguments, said, tmp_path):
    done = CliRunner().invoke(app, ["clearing", *arguments])
    assert done.exit_code == 2
    assert said in done.output


@pytest.mark.parametrize("arguments", [["status"], ["netting", "--month", "2026-03"], [*RUN, "c"]])
def test_without_a_mesh_it_says_so(arguments, tmp_path):
    done = CliRunner().invoke(app, ["clearing", *arguments, "--data-dir", str(tmp_path)])
    assert done.exit_code == 1
    assert "没有运行中的系统" in done.output
    assert "no mesh runs" in done.output


def test_what_to_do_is_told_of_reasons_that_there_are():
    for reason, (chinese, english) in clearing._NEXT.items():
        assert reason in TEXT_ZH
        assert chinese
        assert english
        assert english.isascii()


@pytest.mark.parametrize(
    ("form", "output", "written"),
    [("", "", "xlsx"), ("", "a/b.PDF", "pdf"), ("csv", "a", "csv"), ("", "三月.2", "xlsx"),
     ("", "-", "xlsx"), ("pdf", "-", "pdf")],
)  # fmt: skip
def test_the_format_is_that_of_the_files_name(form, output, written):
    assert clearing._format_of(form, output, is_folder=False) == written
    assert clearing._format_of(form, "all.csv", is_folder=True) == (form or "xlsx")


def test_many_who_are_awaited_are_told_by_their_number():
    steps = [month_pb2.MonthStep(kind=month_pb2.MONTH_STEP_KIND_SIGN)]
    steps[0].awaited_region_codes.extend(["110000", "640000"])
    answer = month_service_pb2.GetMonthResponse(steps=steps)
    answer.month.state = month_pb2.MONTH_STATE_TABLED
    answer.month.cut_time.seconds = 1
    assert awaited(answer) == "签章 sign：北京市110000 宁夏回族自治区640000"
    assert awaited(answer, most=1) == "签章 sign：2 个省 provinces"

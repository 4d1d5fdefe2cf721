"""Goal: what is typed becomes the question that was meant or a line that says what is wrong, and
the answer can be read in both languages."""

from __future__ import annotations

import io

import orjson
import pytest
from google.type.date_pb2 import Date
from rich.console import Console
from typer.testing import CliRunner

from services.cli.advice.eligible import print_eligibility
from services.cli.advice.estimate import print_estimate
from services.cli.advice.gap import print_comparison, print_summary
from services.cli.advice.questions import BadQuestionError, read_day, read_split, signed, write_json
from services.cli.commands import app
from services.kit.errors import RuleForbids
from services.kit.status import to_status
from services.kit.wire import write_money
from yijie.common.v1 import bill_pb2
from yijie.filing.v1 import filing_service_pb2 as filing
from yijie.settlement.v1 import advice_service_pb2 as pb

NOTHING = {"total": "", "in_scope": "", "full_self_pay": "", "over": "", "prior": ""}
VISIT = ["--insured", "650100", "--care", "640100"]


def split(**typed: str) -> tuple[int, ...]:
    found = read_split(**{**NOTHING, **typed})
    return tuple(
        getattr(found, name).fen
        for name in ("total", "full_self_pay", "over_limit", "prior_self_pay", "in_scope")
    )


def shown(print_, *arguments) -> str:
    out = Console(file=io.StringIO(), width=200, highlight=False)
    print_(out, *arguments)
    return out.file.getvalue()


@pytest.mark.parametrize(
    ("typed", "amounts"),
    [
        ({"total": "1000"}, (100_000, 0, 0, 0, 100_000)),
        ({"total": "1000.5", "full_self_pay": "100"}, (100_050, 10_000, 0, 0, 90_050)),
        ({"in_scope": "800", "prior": "60", "over": "40"}, (90_000, 0, 4_000, 6_000, 80_000)),
        ({"total": "5", "in_scope": "4", "over": "1"}, (500, 0, 100, 0, 400)),
    ],
)
def test_amounts_may_be_left_out(typed, amounts):
    assert split(**typed) == amounts


@pytest.mark.parametrize(
    "typed",
    [
        {},
        {"full_self_pay": "1"},
        {"total": "1", "full_self_pay": "2"},
        {"total": "5", "in_scope": "1"},
        {"total": "5", "in_scope": "6"},
        {"total": "-1"},
        {"total": "1.001"},
        {"total": "1e3"},
        {"total": "1", "over": "x"},
        {"total": "１"},
    ],
)
def test_what_is_no_amount_is_refused(typed):
    with pytest.raises(BadQuestionError):
        split(**typed)


def test_dates():
    assert read_day("") is None
    assert read_day("2026-03-31") == Date(year=2026, month=3, day=31)
    with pytest.raises(BadQuestionError, match="YYYY-MM-DD"):
        read_day("31.3.2026")


def test_signs():
    assert [signed(fen) for fen in (120, 0, -120)] == ["+1.20", "0.00", "-1.20"]


@pytest.mark.parametrize(
    ("command", "words"),
    [
        (["estimate", *VISIT], "--total or --in-scope"),
        (["estimate", *VISIT, "--total", "x"], "--total x is no amount"),
        (["estimate", *VISIT, "--total", "1", "--date", "x"], "YYYY-MM-DD"),
        (["gap", "x"], "neither a settlement id"),
    ],
)
def test_what_is_typed_wrong_is_a_wrong_call(command, words, tmp_path):
    done = CliRunner().invoke(app, [*command, "--data-dir", str(tmp_path)])
    assert done.exit_code == 2
    assert words in done.output


@pytest.mark.parametrize(
    "command",
    [
        ["estimate", *VISIT, "--total", "1"],
        ["gap"],
        ["gap", "0190aaaa-0000-7000-8000-000000000001"],
        ["eligible", "--insured", "650100", "--institution", "H64010400001", "--disease", "M03900"],
    ],
)
def test_without_a_mesh_it_says_so(command, tmp_path):
    done = CliRunner().invoke(app, [*command, "--data-dir", str(tmp_path)])
    assert done.exit_code == 1
    assert "no mesh runs" in done.output


def question() -> pb.EstimateBenefitRequest:
    return pb.EstimateBenefitRequest(
        insured_region_code="650100",
        care_region_code="640100",
        scheme_code="310",
        medical_type_code="21",
        amounts=read_split(**{**NOTHING, "total": "1000"}),
    )


def test_what_no_filing_changes_is_said_once():
    answer = pb.EstimateBenefitResponse()
    error = RuleForbids("POLICY_NOT_COVERED", "no", metadata={"missing": "region"})
    for level in (filing.BENEFIT_LEVEL_LONG_TERM, filing.BENEFIT_LEVEL_UNFILED):
        answer.estimates.add(benefit_level=level, advice_zh="办理备案。").error.CopyFrom(
            to_status(error, "benefits")
        )
    said = shown(print_estimate, question(), answer)
    assert said.count("POLICY_NOT_COVERED") == 1
    assert "缺 missing: region" in said
    assert "办理备案" not in said


def test_an_estimate_in_both_languages():
    answer = pb.EstimateBenefitResponse(
        current_benefit_level=filing.BENEFIT_LEVEL_UNFILED,
        explanation_zh="未办理备案。",
        explanation_en="There is no filing.",
        sample=True,
    )
    one = answer.estimates.add(
        benefit_level=filing.BENEFIT_LEVEL_LONG_TERM,
        saving=write_money(21_000),
        advice_zh="办理备案。",
        advice_en="File.",
    )
    one.adjudication.patient_total.fen, one.adjudication.policy_version = 40_500, "650100@v1"
    error = RuleForbids("POLICY_NOT_COVERED", "no", metadata={"missing": "resident/pharmacy"})
    two = answer.estimates.add(benefit_level=filing.BENEFIT_LEVEL_UNFILED)
    two.error.CopyFrom(to_status(error, "benefits"))
    said = shown(print_estimate, question(), answer)
    for words in ("长期备案 long-term filing", "405.00", "+210.00", "办理备案。", "File.", "示例"):
        assert words in said
    assert "参保地该项待遇政策尚未配置" in said
    assert "resident/pharmacy" in said
    assert "650100@v1" in said
    assert "目前 now: 未备案 not filed" in said


def test_a_gap_line_by_line():
    answer = pb.CompareCataloguesResponse(
        patient_gap=write_money(-5_636), mutual_saving=write_money(1_164), sample=True
    )
    answer.mutual.catalogue_version = "640000@v1+650000@h1"
    for number in range(22):
        gap = answer.lines.add(line_id=f"L{number}", item_code="X", in_scope_gap=write_money(999))
        gap.direct.not_listed = True
        gap.home.catalogue_class = bill_pb2.CATALOGUE_CLASS_B
    said = shown(print_comparison, "0190aaaa-0000-7000-8000-000000000001", answer)
    for words in ("-56.36", "+11.64", "目录外 not listed", "乙类 B", "+9.99", "示例", "2 more"):
        assert words in said
    assert "L19" in said
    assert "L20" not in said


def test_no_gap_is_said():
    said = shown(print_comparison, "0190aaaa-0000-7000-8000-000000000001", _no_gap())
    assert "split every line alike" in said


def _no_gap() -> pb.CompareCataloguesResponse:
    return pb.CompareCataloguesResponse(patient_gap=write_money(0))


def test_statistics_say_what_was_left_out():
    answer = pb.SummarizeCatalogueGapsResponse(
        not_compared={"CATALOGUE_NOT_PUBLISHED": 3, "DEADLINE": 2}
    )
    said = shown(print_summary, answer)
    assert "there is nothing to compare" in said
    assert "not compared: 3 · CATALOGUE_NOT_PUBLISHED" in said
    answer.pairs.add(
        care_region_code="640000",
        insured_region_code="650000",
        settlement_count=7,
        patient_gap=write_money(100),
    )
    said = shown(print_summary, answer)
    assert "宁夏回族自治区 640000" in said
    assert "+1.00" in said


def test_whose_turn_it_is():
    request = pb.CheckChronicEligibilityRequest(
        insured_region_code="650100", institution_code="H64010400001", disease_code="M03900"
    )
    answer = pb.CheckChronicEligibilityResponse()
    answer.checks.add(
        check_code="policy", passed=True, explanation_zh="有。", explanation_en="Yes."
    )
    answer.checks.add(
        check_code="qualification",
        responsible=pb.RESPONSIBLE_PARTY_INSURED_AGENCY,
        explanation_zh="没有。",
        explanation_en="No.",
    )
    said = shown(print_eligibility, request, answer)
    for words in ("高血压 M03900", "✓ 参保地政策", "✗ 待遇资格", "the insured agency", "cannot"):
        assert words in said


def test_what_was_not_asked_is_not_ticked():
    request = pb.CheckChronicEligibilityRequest(
        insured_region_code="650100", institution_code="H64010400001", disease_code="M03900"
    )
    answer = pb.CheckChronicEligibilityResponse(eligible=True)
    for code in ("policy", "qualification", "opening", "filing", "diagnosis"):
        answer.checks.add(check_code=code, passed=True, explanation_zh="无。", explanation_en="-")
    said = shown(print_eligibility, request, answer)
    assert "it can settle directly" not in said
    assert "were not asked for (--person)" in said
    marks = {line.split()[1]: line[0] for line in said.splitlines() if line[0] in "✓–✗"}
    assert marks == {
        "参保地政策": "✓",
        "待遇资格": "–",
        "机构开通": "✓",
        "异地备案": "–",
        "诊断": "–",
    }
    request.person_id = "0190aaaa-0000-7000-8000-000000000001"
    request.diagnoses.add(diagnosis_code="I10")
    said = shown(print_eligibility, request, answer)
    assert "–" not in said
    assert "it can settle directly" in said


def test_json_has_what_is_false_and_zero(capsysbinary):
    write_json(pb.CheckChronicEligibilityResponse())
    document = orjson.loads(capsysbinary.readouterr().out)
    assert document == {"eligible": False, "national_disease_code": "", "checks": []}

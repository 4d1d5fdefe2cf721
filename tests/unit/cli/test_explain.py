"""Goal: `yijie explain` shows how each fen came about, from which document, and that sums hold."""

from __future__ import annotations

import io
from dataclasses import replace
from datetime import date

import orjson
import pytest
from google.type.date_pb2 import Date
from rich.console import Console
from typer.testing import CliRunner

from services.benefits.domain.snapshot import Policy
from services.benefits.examples import read_examples, run_example
from services.benefits.messages import write_adjudication
from services.benefits.policies import PACKS_FOLDER, load_pack, read_files
from services.cli.commands import app
from services.cli.explain import print_explanation
from services.cli.explanation import as_json, explain_settlement, source_of
from services.kit.wire import write_money
from tests.unit.cli.hub import Policies, Settlements, serving
from yijie.benefits.v1 import adjudication_pb2
from yijie.common.v1 import money_pb2
from yijie.filing.v1 import filing_service_pb2
from yijie.settlement.v1 import settlement_pb2

ID = "0190a5c0-0000-7000-8000-000000000002"
REGION = "610500"
# Weinan by the factor: 34,500 x 65 % x 0.8 = 17,940.00; burden 37,000 - 17,940 - 2,500 = 16,560,
# (16,560 - 10,000) x 60 % = 3,936.00. The patient: 3,000 + 2,000 + 2,500 + 12,624.
BILL = """\
- name: Not filed
  source: computed
  case: {scheme: "390", setting: inpatient, person: adult, level: "3", care: "510100",
         benefit_level: UNFILED, date: 2025-06-01, full_self_pay: 3000.00,
         prior_self_pay: 2000.00, in_scope: 37000.00}
  expect: {funds: {"390100": 17940.00, "390200": 3936.00}, fund_total: 21876.00, cash: 20124.00}
"""
CAUSES = adjudication_pb2.PatientCauses(
    full_self_pay=write_money(300_000),
    prior_self_pay=write_money(200_000),
    deductible=write_money(250_000),
    share=write_money(1_262_400),
)


@pytest.fixture(scope="module")
def pack():
    return load_pack(PACKS_FOLDER / REGION)


@pytest.fixture(scope="module")
def adjudication(pack):
    (example,) = read_examples(REGION, BILL.encode())
    result = run_example(Policy([pack]), example)
    assert result.differences == ()
    return write_adjudication(result.outcome, with_trace=True)


@pytest.fixture
def settlement(adjudication):
    message = settlement_pb2.Settlement(
        settlement_id=ID,
        state=settlement_pb2.SETTLEMENT_STATE_SETTLED,
        care_region_code="510100",
        insured_region_code=REGION,
        person_id="0190a5c0-0000-7000-8000-00000000aaaa",
        scheme_code="390",
        medical_type_code="21",
        begin_date=Date(year=2025, month=5, day=20),
        end_date=Date(year=2025, month=6, day=1),
        amounts=money_pb2.AmountSplit(
            total=write_money(4_200_000),
            full_self_pay=write_money(300_000),
            prior_self_pay=write_money(200_000),
            in_scope=write_money(3_700_000),
        ),
        adjudication=adjudication,
        benefit_level=filing_service_pb2.BENEFIT_LEVEL_UNFILED,
        benefit_level_explanation_zh="未找到有效备案",
        benefit_level_explanation_en="no filing was found",
        catalogue_version="510000@sample-1",
        sample=True,
    )
    message.adjudication.causes.CopyFrom(CAUSES)
    return message


def printed(settlement, pack, language="both", width=170):
    out = io.StringIO()
    found = explain_settlement(settlement, pack)
    print_explanation(
        Console(file=out, width=width, markup=False), found, language, known=pack is not None
    )
    return out.getvalue()


def test_what_replaces_another_one_says_so(settlement, pack):
    """With the level and why it is the one that counts now."""
    assert (
        as_json(explain_settlement(settlement, pack))["settlement"]["recomputes_settlement_id"]
        is None
    )
    assert "replaces" not in printed(settlement, pack)
    settlement.recomputes_settlement_id = "0190a5c0-0000-7000-8000-00000000bbbb"
    settlement.benefit_level = filing_service_pb2.BENEFIT_LEVEL_LONG_TERM
    text = printed(settlement, pack)
    assert "computed anew, replaces" in text
    assert settlement.recomputes_settlement_id in text
    shown = as_json(explain_settlement(settlement, pack))["settlement"]
    assert shown["recomputes_settlement_id"] == settlement.recomputes_settlement_id


def test_every_parameter_is_traced_to_its_document(settlement, pack):
    found = explain_settlement(settlement, pack)
    reads = [read for step in settlement.adjudication.steps for read in step.parameters]
    assert len(reads) > 10
    for read in reads:
        entry = source_of(found, read)
        assert entry is not None, read.path
        assert entry.reference.label == read.reference
        assert entry.verified_on == date(2026, 3, 1)


def test_a_value_by_identity_is_explained_without_naming_it(settlement, pack):
    found = explain_settlement(settlement, pack)
    (read,) = [
        read
        for step in settlement.adjudication.steps
        for read in step.parameters
        if read.path.startswith("resident/inpatient/critical_illness.threshold")
    ]
    assert read.path.endswith("threshold[*]")
    assert source_of(found, read) is not None
    text = printed(settlement, pack)
    assert "critical_illness.threshold" in text
    assert "none" not in text


def test_it_shows_steps_values_documents_and_what_is_paid_for(settlement, pack):
    text = printed(settlement, pack)
    for part in (
        "陕西省渭南市 610500",
        "未备案 not filed",
        "未找到有效备案 no filing was found",
        "示例：所用目录或政策含示例值",
        "34,500.00",
        "52%",
        "居民统筹基金 resident pooled fund",
        "17,940.00",
        "大病保险 critical-illness insurance",
        "3,936.00",
        "全自费（目录外） out of catalogue",
        "按比例自付 share",
        "12,624.00",
        "half_up",
        "deductible.amount",
        "[cross_province,3]",
        "渭政办发〔2019〕137号 https://www.weinan.gov.cn/",
        "2026-03-01",
        "✓ 个人负担由来合计 = 个人负担",
        "✓ 各方支付合计 = 费用总额",
    ):
        assert part in text
    assert "✗" not in text


def test_the_note_of_a_value_is_shown_once_with_its_name(settlement, pack):
    note = "critical_illness.deductible_counts: 基本医保起付标准费用不计入大病合规自付"
    assert printed(settlement, pack).count(note) == 1


def test_one_language_leaves_the_other_out(settlement, pack):
    zh, en = printed(settlement, pack, "zh"), printed(settlement, pack, "en")
    assert "居民统筹基金" in zh
    assert "resident pooled fund" not in zh
    assert "the calculation" not in zh
    assert "四舍五入" in zh
    assert "half_up" not in zh
    assert "起付线收取方式" in zh
    assert "起付线收取方式" not in en
    assert "half_up" in en
    assert "resident · inpatient" in en
    assert "resident pooled fund" in en
    assert "居民统筹基金" not in en
    assert "计算过程" not in en


def test_it_never_names_the_person(settlement, pack):
    settlement.bill.diagnoses.add(diagnosis_code="C34.900", main=True)
    settlement.birth_date.CopyFrom(Date(year=1957, month=3, day=18))
    text = printed(settlement, pack) + str(as_json(explain_settlement(settlement, pack)))
    for secret in (settlement.person_id, "C34.900", "1957"):
        assert secret not in text


def test_accounts_of_relatives_are_told_apart_and_still_add_up(settlement, pack):
    paid = settlement.adjudication
    paid.account_pay.fen, paid.family_account_pay.fen = 60_000, 20_000
    paid.cash_pay.fen -= 60_000
    found = explain_settlement(settlement, pack)
    payers = {row.key: row.fen for row in found.payers}
    assert (payers["account"], payers["family_account"]) == (40_000, 20_000)
    assert found.holds


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda s: setattr(s.adjudication.causes.share, "fen", 1_262_401), "由来合计"),
        (lambda s: setattr(s.adjudication.cash_pay, "fen", 2_012_399), "各方支付合计"),
        (lambda s: setattr(s.amounts.over_limit, "fen", 1), "四部分合计"),
        (lambda s: setattr(s.adjudication.patient_total, "fen", 1), "账户 + 现金"),
        (lambda s: setattr(s.adjudication.fund_total, "fen", 1), "各基金合计"),
    ],
)
def test_one_fen_off_is_an_error(change, said, settlement, pack):
    change(settlement)
    found = explain_settlement(settlement, pack)
    assert not found.holds
    assert any(
        line.startswith("✗") and said in line for line in printed(settlement, pack).split("\n")
    )


def test_a_region_that_does_not_say_the_causes_is_no_error(settlement, pack):
    settlement.adjudication.ClearField("causes")
    assert explain_settlement(settlement, pack).holds
    assert "the insured region does not say" in printed(settlement, pack)


def test_without_the_policy_the_documents_are_only_named(settlement):
    text = printed(settlement, None)
    assert "渭政办发〔2019〕137号" in text
    assert "https://" not in text
    assert "参保地未提供该版本政策文本" in text


def test_a_value_that_the_policy_no_longer_has_is_only_named(settlement, pack):
    other = replace(pack, parts=tuple(p for p in pack.parts if p.scheme_code == "310"))
    assert explain_settlement(settlement, other).sources == {}


def test_json_is_whole_fen_with_documents(settlement, pack):
    document = orjson.loads(orjson.dumps(as_json(explain_settlement(settlement, pack))))
    assert document["ok"] is True
    assert document["causes_fen"]["share"] == 1_262_400
    assert document["payers_fen"] == {
        "390100": 1_794_000,
        "390200": 393_600,
        "account": 0,
        "family_account": 0,
        "cash": 2_012_400,
    }
    parameter = document["settlement"]["steps"][0]["parameters"][0]
    assert parameter["document"]["href"].startswith("https://www.weinan.gov.cn/")
    assert all(one["holds"] for one in document["sums"])


# --- the command ---------------------------------------------------------------------------------


def yijie(*arguments: str, data_dir):
    return CliRunner().invoke(app, ["explain", *arguments, "--data-dir", str(data_dir)])


@pytest.fixture
def settlements(settlement):
    held = Settlements()
    held.held[ID] = settlement
    return held


def test_the_command_looks_the_policy_up_by_the_version_of_the_settlement(tmp_path, settlements):
    policies = Policies()
    policies.publish(REGION, read_files(PACKS_FOLDER / REGION))
    with serving(tmp_path, settlements, policies):
        done = yijie(ID, data_dir=tmp_path)
        found = orjson.loads(yijie(ID, "--json", data_dir=tmp_path).stdout)
    assert done.exit_code == 0
    assert "https://www.weinan.gov.cn/" in done.output
    assert found["ok"] is True


@pytest.mark.parametrize("policies", [None, Policies()])
def test_a_region_without_that_text_is_explained_all_the_same(policies, tmp_path, settlements):
    with serving(tmp_path, settlements, policies):
        done = yijie(ID, "--lang", "en", data_dir=tmp_path)
    assert done.exit_code == 0
    assert "only the documents' names" in done.output


def test_a_sum_that_does_not_hold_fails_the_command(tmp_path, settlements):
    settlements.held[ID].adjudication.causes.share.fen += 1
    with serving(tmp_path, settlements, None):
        done = yijie(ID, data_dir=tmp_path)
        document = orjson.loads(yijie(ID, "--json", data_dir=tmp_path).stdout)
    assert done.exit_code == 1
    assert "20,124.01 ≠ 20,124.00" in done.output
    assert document["ok"] is False


def test_what_was_not_computed_has_nothing_to_explain(tmp_path, settlements):
    message = settlements.held[ID]
    message.ClearField("adjudication")
    message.state = settlement_pb2.SETTLEMENT_STATE_FAILED
    message.failure_reason = "POLICY_NOT_COVERED"
    with serving(tmp_path, settlements, None):
        done = yijie(ID, data_dir=tmp_path)
    assert done.exit_code == 1
    assert "has no calculation: POLICY_NOT_COVERED" in done.output


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["nonsense"], 2, "neither a settlement id"),
        ([ID, "--lang", "fr"], 2, "--lang is one of: zh, en, both"),
        ([ID], 1, "no mesh runs in"),
    ],
)
def test_what_cannot_be_asked_says_why(arguments, code, said, tmp_path):
    done = yijie(*arguments, data_dir=tmp_path)
    assert done.exit_code == code
    assert said in done.output


def test_a_settlement_that_is_not_there(tmp_path):
    with serving(tmp_path, Settlements(), None):
        done = yijie(ID, data_dir=tmp_path)
    assert done.exit_code == 1
    assert "knows no settlement" in done.output

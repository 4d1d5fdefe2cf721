"""Goal: receipts and JSON say what the settlement says: no amount lost, changed or made up."""

from __future__ import annotations

import io
import re

import orjson
import pytest
from google.type.date_pb2 import Date
from rich.console import Console

from services.cli import cases, receipt, report
from services.cli.outcome import Check, Closing, Outcome, Standing, identities
from services.kit.errors import RuleForbids
from services.kit.funds import FUND_TYPES
from services.kit.wire import write_money
from yijie.benefits.v1 import adjudication_pb2
from yijie.clearing.v1 import ledger_pb2
from yijie.common.v1 import bill_pb2, money_pb2
from yijie.filing.v1 import filing_service_pb2
from yijie.settlement.v1 import settlement_pb2
from yijie.supervision.v1 import finding_pb2


def split(total, full_self_pay, over_limit, prior_self_pay, in_scope):
    return money_pb2.AmountSplit(
        total=write_money(total),
        full_self_pay=write_money(full_self_pay),
        over_limit=write_money(over_limit),
        prior_self_pay=write_money(prior_self_pay),
        in_scope=write_money(in_scope),
    )


def settlement() -> settlement_pb2.Settlement:
    parts = split(1234567, 100001, 20002, 30003, 1084561)
    return settlement_pb2.Settlement(
        settlement_id="0190a5c0-0000-7000-8000-000000000002",
        state=settlement_pb2.SETTLEMENT_STATE_SETTLED,
        amounts=parts,
        adjudication=adjudication_pb2.Adjudication(
            deductible=write_money(90000),
            fund_payments=[
                adjudication_pb2.FundPayment(fund_type_code="310100", amount=write_money(800000)),
                adjudication_pb2.FundPayment(fund_type_code="330100", amount=write_money(50000)),
            ],
            fund_total=write_money(850000),
            account_pay=write_money(10000),
            cash_pay=write_money(374567),
            patient_total=write_money(384567),
            account_balance=write_money(777),
            policy_version="650100@v1-abc",
            sample=True,
            steps=[
                adjudication_pb2.CalculationStep(
                    step_code="segment",
                    label_zh="统筹分段支付",
                    label_en="segment",
                    base=write_money(994561),
                    result=write_money(850000),
                    rounding="half_up",
                    parameters=[
                        adjudication_pb2.ParameterRead(
                            path="employee/inpatient/segments.scale[3]",
                            value="85%",
                            effective_date=Date(year=2017, month=1, day=1),
                            status=adjudication_pb2.PARAMETER_STATUS_SAMPLE,
                            reference="示例参数",
                        )
                    ],
                )
            ],
        ),
        benefit_level=filing_service_pb2.BENEFIT_LEVEL_LONG_TERM,
        catalogue_version="640000@sample-1",
        sample=True,
        findings=[
            finding_pb2.Finding(
                rule_code="DUPLICATE_CHARGE",
                result_class=finding_pb2.RESULT_CLASS_VIOLATION,
                amount=write_money(542200),
                message_zh="重复收费",
                message_en="Duplicate charge",
            )
        ],
        lines=[bill_pb2.ClassifiedLine(line_id="1", split=parts)],
    )


def outcome(**fields) -> Outcome:
    case = cases.case("zhang")
    values = {
        "key": "zhang",
        "kind": "settled",
        "title_zh": case.title_zh,
        "title_en": case.title_en,
        "case": case,
        "request_id": "0190a5c0-0000-7000-8000-000000000003",
        "trace_id": "f" * 32,
        "elapsed_ms": 54.7,
        "checks": [Check("settled", "已结算", "is settled", True)],
    }
    return Outcome(**values | fields)


def standing(fen: int) -> Standing:
    held = adjudication_pb2.Accumulators(outpatient_in_scope=write_money(fen))
    return Standing(held, 137815 - fen, (("2026-11", fen),) if fen else ())


def printed(one: Outcome, width: int = 160) -> str:
    out = io.StringIO()
    receipt.print_outcome(Console(file=out, width=width), 1, one)
    return out.getvalue()


def closing(*, holds: bool = True) -> Closing:
    return Closing(
        positions=[
            ledger_pb2.Position(
                insured_region_code="650000",
                care_region_code="640000",
                month="2026-11",
                scheme_code="310",
                owed=write_money(1303305),
                funds=[ledger_pb2.FundPosition(fund_type_code="310100", owed=write_money(1303305))],
                settlement_count=1,
            )
        ],
        settlement_count=1,
        reversal_count=0,
        total_fen=1735393,
        fund_fen=1303305,
        account_fen=0,
        cash_fen=432088,
        owed_fen=1303305,
        checks=[Check("total", "相等", "equal", holds)],
    )


def test_a_receipt_shows_every_amount_in_yuan_in_both_languages():
    text = printed(outcome(settlement=settlement()))
    amounts = ("12,345.67", "1,000.01", "200.02", "300.03", "10,845.61", "900.00", "8,500.00")
    for amount in (*amounts, "8,000.00", "500.00", "3,845.67", "100.00", "3,745.67", "7.77"):
        assert amount in text
    for words in (
        "费用总额",
        "bill total",
        "职工统筹基金",
        "large-amount fund",
        "个人现金",
        "cash",
    ):
        assert words in text


def test_a_receipt_shows_the_calculation_with_its_sources():
    text = printed(outcome(settlement=settlement()))
    row = next(line for line in text.splitlines() if "segments.scale[3]" in line)
    for part in ("统筹分段支付", "9,945.61", "8,500.00", "half_up", "85%", "2017-01-01", "示例"):
        assert part in row
    assert "[1] 示例参数" in text
    assert "DUPLICATE_CHARGE" in text
    assert "违规 violation" in text


def test_no_part_of_the_calculation_is_lost_on_a_narrow_terminal():
    # What does not fit is folded over lines, so the text of a cell is looked for in pieces.
    text = printed(outcome(settlement=settlement()), width=100)
    for part in (
        "统筹分段支付",
        "segment",
        "9,945.61",
        "8,500.00",
        "half_up",
        "85%",
        "示例 sample",
    ):
        assert part in text
    assert "segments.sca" in text


def test_a_receipt_names_versions_and_places_and_not_the_person():
    text = printed(outcome(settlement=settlement()))
    for part in ("650100@v1-abc", "640000@sample-1", "宁夏回族自治区银川市", "乌鲁木齐市", "示例"):
        assert part in text
    person = cases.case("zhang").person
    assert person.message.cert_number not in text
    assert person.card.card_number not in text
    assert person.message.name not in text


def test_a_receipt_shows_what_the_patient_pays_for_where_it_is_said():
    message = settlement()
    assert "个人负担由来" not in printed(outcome(settlement=message))
    message.adjudication.causes.share.fen = 144561
    message.adjudication.causes.full_self_pay.fen = 100001
    message.adjudication.family_account_pay.fen = 2500
    text = printed(outcome(settlement=message))
    assert "个人负担由来" in text
    row = next(line for line in text.splitlines() if "按比例自付" in line)
    assert "1,445.61" in row
    assert "out of catalogue" in text
    assert "over the ceiling" not in text
    assert any("家庭共济" in line and "25.00" in line for line in text.splitlines())
    document = report.settlement(message)
    assert document["causes_fen"]["share"] == 144561
    assert document["causes_fen"]["above_cap"] == 0
    assert document["payment_fen"]["family_account"] == 2500
    assert report.settlement(settlement())["causes_fen"] is None


def test_every_fund_and_every_cause_has_a_name():
    assert receipt.FUNDS.keys() == FUND_TYPES | {"390200"}
    assert list(receipt.CAUSES) == list(adjudication_pb2.PatientCauses.DESCRIPTOR.fields_by_name)


def test_a_refusal_shows_reason_and_text():
    refusal = RuleForbids("CARD_LOST", "the card is reported lost", zh="社会保障卡已挂失，不能结算")
    text = printed(outcome(kind="refused", refusal=refusal))
    assert "CARD_LOST" in text
    assert "社会保障卡已挂失，不能结算" in text
    assert "the card is reported lost" in text


def test_a_reversal_shows_before_and_after():
    standings = {"before": standing(0), "settled": standing(452), "after": standing(0)}
    text = printed(outcome(kind="reversed", settlement=settlement(), standings=standings))
    row = next(line for line in text.splitlines() if "account balance" in line)
    assert re.findall(r"[\d,]+\.\d\d", row) == ["1,378.15", "1,373.63", "1,378.15"]


def test_a_failed_check_is_marked():
    text = printed(outcome(checks=[Check("split", "不相等", "differs", False)]))
    assert "✗ 不相等 · differs" in text


def test_the_closing_names_who_owes_whom():
    out = io.StringIO()
    receipt.print_closing(Console(file=out, width=170), closing())
    assert "新疆维吾尔自治区 650000" in out.getvalue()
    assert "宁夏回族自治区 640000" in out.getvalue()
    assert "13,033.05" in out.getvalue()


def test_json_has_the_same_in_fen():
    one = outcome(settlement=settlement(), standings={"before": standing(0)})
    document = orjson.loads(
        orjson.dumps(report.document([one], closing(), advice={}, holds=True, elapsed_s=1.23))
    )
    found = document["cases"][0]["settlement"]
    assert found["amounts_fen"]["total"] == 1234567
    assert found["payment_fen"]["patient"] == 384567
    assert found["funds_fen"] == {"310100": 800000, "330100": 50000}
    assert found["steps"][0]["parameters"][0]["status"] == "SAMPLE"
    assert found["benefit_level"] == "LONG_TERM"
    assert document["cases"][0]["standings"]["before"]["owed_fen"] == {}
    assert document["clearing"]["positions"][0]["owed_fen"] == 1303305
    assert document["ok"] is True


def test_identities_hold_for_a_settlement_that_adds_up():
    assert all(check.holds for check in identities(settlement(), 1234567))


@pytest.mark.parametrize(
    ("broken", "change"),
    [
        ({"split", "payment", "lines"}, lambda s: setattr(s.amounts.total, "fen", 1234568)),
        ({"split"}, lambda s: setattr(s.amounts.in_scope, "fen", 1)),
        ({"payment"}, lambda s: setattr(s.adjudication.cash_pay, "fen", 374566)),
        ({"payment"}, lambda s: setattr(s.adjudication.patient_total, "fen", 1)),
        ({"payment", "funds"}, lambda s: setattr(s.adjudication.fund_total, "fen", 1)),
        ({"lines"}, lambda s: s.ClearField("lines")),
    ],
)
def test_one_fen_off_breaks_the_identity_that_it_belongs_to(broken, change):
    message = settlement()
    change(message)
    checks = identities(message, 1234567)
    assert {check.name for check in checks if not check.holds} == broken


def test_a_bill_of_another_total_breaks_the_split():
    checks = identities(settlement(), 1234566)
    assert {check.name for check in checks if not check.holds} == {"split"}

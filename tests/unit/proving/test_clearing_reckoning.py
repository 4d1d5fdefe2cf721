"""Goal: the books that a year of clearing is held against are right themselves, by hand."""

from __future__ import annotations

import ast
from datetime import UTC, date, datetime
from pathlib import Path
from uuid import UUID

from services.proving import clearing_year
from services.proving.clearing_year.compare import Findings
from services.proving.clearing_year.months import working_days_after
from services.proving.clearing_year.ningxia import PAYABLE_FEN, PREPAID_FEN, RECEIVABLE_FEN, shares
from services.proving.clearing_year.ningxia import make_plan as make_ningxia
from services.proving.clearing_year.paper import printed, printed_nationally, read_csv
from services.proving.clearing_year.plan import Care
from services.proving.clearing_year.reckoning import NoticeKey, Pair, Place, Reckoning, split

NINGXIA, BEIJING = "640000", "110000"
JANUARY, FEBRUARY, MARCH = "2025-01", "2025-02", "2025-03"


def care(number: int, month: int, *, account: int = 0, **funds: int) -> Care:
    instant = datetime(2025, month, 10, tzinfo=UTC)
    return Care(
        settlement_id=UUID(int=number),
        settle_time=instant,
        arrive_time=instant,
        insured_region_code=NINGXIA,
        care_region_code=BEIJING,
        scheme_code="310",
        medical_type_code="21",
        fund_fen={code.removeprefix("f"): fen for code, fen in funds.items()},
        account_fen=account,
        cash_fen=7,
    )


def place(month: str, fund: str) -> Place:
    return Place(month, NINGXIA, BEIJING, "310", fund)


def books() -> Reckoning:
    return Reckoning(open_month=JANUARY, untabled_month=JANUARY)


def test_a_settlement_is_owed_by_its_funds_and_account_but_not_its_cash():
    made = books()
    made.settle(care(1, 1, account=50, f310100=1000, f520300=20, f910100=3))
    assert {key.fund: sums.cost for key, sums in made.lines.items()} == {
        "310100": 1000,
        "910100": 23,
        "310200": 50,
    }
    assert made.payable(JANUARY) == {Pair(NINGXIA, BEIJING): 1073}


def test_a_refund_is_of_the_same_month_or_an_adjustment():
    made = books()
    first, second = care(1, 1, f310100=1000), care(2, 1, f310100=300)
    made.settle(first)
    made.settle(second)
    made.reverse(first, datetime(2025, 1, 20, tzinfo=UTC))
    made.cut()
    made.reverse(second, datetime(2025, 2, 3, tzinfo=UTC))
    assert made.lines[place(JANUARY, "310100")].cost == 300
    assert made.lines[place(FEBRUARY, "310100")].adjustment == -300
    assert made.payable(FEBRUARY) == {Pair(NINGXIA, BEIJING): -300}
    assert made.counts[JANUARY, NINGXIA, BEIJING, "310"] == [2, 1]
    assert made.counts[FEBRUARY, NINGXIA, BEIJING, "310"] == [0, 1]


def test_what_comes_after_the_cut_is_late_in_the_next_month():
    made = books()
    made.cut()
    made.settle(care(1, 1, f310100=1000))
    line = made.lines[place(FEBRUARY, "310100")]
    assert (line.cost, line.late, line.payable) == (1000, 1000, 1000)


def test_a_deduction_goes_where_no_table_is_made_yet_and_comes_back_likewise():
    made = books()
    bill = care(1, 1, f310100=1000, f330100=500)
    made.settle(bill)
    assert made.make_tables() == JANUARY
    made.uphold(UUID(int=9), bill, {"310100": 67, "330100": 33})
    assert made.lines[place(FEBRUARY, "310100")].deduction == -67
    assert made.make_tables() == FEBRUARY
    made.give_back(UUID(int=9))
    assert made.lines[place(MARCH, "330100")].deduction == 33
    assert made.deducted == {}


def test_shares_of_a_deduction_add_up():
    assert split(100, {"310100": 200, "310200": 100}) == {"310100": 67, "310200": 33}
    assert split(1, {"310100": 5, "330100": 5}) == {"310100": 1}


def test_money_fills_the_lines_of_a_notice_in_order():
    """100 + 60 - 40 = 120 owed; 70 paid: the 40 count at once, 110 fill 100 and then 10."""
    made = books()
    key = NoticeKey("CLEARING", JANUARY, NINGXIA, BEIJING)
    made.notices[key] = {("310", "310100"): 100, ("310", "330100"): 60, ("390", "390100"): -40}
    assert (made.amount(key), made.payer(key)) == (120, NINGXIA)
    made.pay(key, 70)
    balances = {(key[3], key[4]): fen for key, fen in made.balances().items()}
    assert balances == {("310", "310100"): -100, ("310", "330100"): -10, ("390", "390100"): 40}
    assert made.outstanding() == {key: 50}
    made.pay(key, 50)
    assert made.outstanding() == {}


def test_a_notice_below_zero_is_paid_by_the_care_province():
    made = books()
    key = NoticeKey("CLEARING", JANUARY, NINGXIA, BEIJING)
    made.notices[key] = {("310", "310100"): -100}
    assert made.payer(key) == BEIJING
    made.pay(key, 100)
    assert list(made.balances().values()) == [100]


def test_a_quota_is_two_average_months_of_funds_half_a_fen_up():
    """2 x (1000 + 0 + 1) / 3 = 667.33; with 1001: 668."""
    made = books()
    made.settle(care(1, 1, account=999, f310100=1000))
    made.open_month = MARCH
    made.settle(care(2, 3, f310100=1))
    months = (JANUARY, FEBRUARY, MARCH)
    assert made.quotas_from(months) == {(NINGXIA, BEIJING, "310"): 667}
    made.settle(care(3, 3, f310100=1))
    assert made.quotas_from(months) == {(NINGXIA, BEIJING, "310"): 668}


def test_what_is_held_is_what_was_paid_of_prepayment():
    made = books()
    pair = Pair(NINGXIA, BEIJING)
    made.issue_prepayment("PREPAYMENT_ADJUSTMENT", JANUARY, pair, {"310": 500, "390": 300})
    key = NoticeKey("PREPAYMENT_ADJUSTMENT", JANUARY, *pair)
    made.pay(key, 600)
    assert (made.holding(pair), made.holding(pair, "310"), made.holding(pair, "390")) == (
        600,
        500,
        100,
    )


def test_a_difference_is_told_with_where_and_how_much():
    findings = Findings()
    findings.hold("file", {("a", "b"): 101}, {("a", "b"): 100})
    findings.hold("file", {}, {("a", "c"): 0})
    assert findings.differences == ["file a b: 1.01 元, reckoned 1.00 元 (+1 fen)"]
    assert findings.compared["file"] == 2


def test_the_figures_of_a_file_are_sums_of_lines():
    made = books()
    made.settle(care(1, 1, account=50, f310100=1000))
    lines = made.month_lines(JANUARY)
    found = printed(lines, made.counts, NINGXIA)
    total = "合计"
    assert (
        found["应付清算表", BEIJING, "应付合计"] == found["应付清算表", total, "应付合计"] == 1050
    )
    assert found["应付清算表", BEIJING, "其中：个人账户"] == 50
    assert found["应付清算表", BEIJING, "结算笔数"] == 1
    assert found["清算表", BEIJING, "差额"] == -1050
    assert found["职工明细", BEIJING, "310100"] == 1000
    assert found["个人账户", total, "应付合计"] == 50
    of_beijing = printed(lines, made.counts, BEIJING)
    assert of_beijing["应收清算表", NINGXIA, "应收合计"] == 1050
    assert not [cell for cell in of_beijing if cell.sheet == "职工明细"]
    nationally = printed_nationally(lines)
    assert nationally["分省对", f"{NINGXIA} {BEIJING}", "职工"] == 1050
    assert ("全国清算表", total, "差额") not in nationally


def test_a_row_that_is_printed_twice_counts_twice():
    row = "2 应付清算表,明细,1,110000,北京市,3,0.07\r\n"
    content = f"\ufeff2 应付清算表,表头,序号,区划代码,就医地,结算笔数,应付合计\r\n{row}{row}"
    assert read_csv(content.encode()) == {
        ("应付清算表", BEIJING, "结算笔数"): 6,
        ("应付清算表", BEIJING, "应付合计"): 14,
    }


def test_working_days_are_those_that_were_published():
    # Spring Festival of 2025: 28 January to 4 February off, Sunday the 26th and 8 February worked.
    assert working_days_after(date(2025, 1, 24), 1) == date(2025, 1, 26)
    assert working_days_after(date(2025, 1, 27), 4) == date(2025, 2, 8)
    assert working_days_after(date(2025, 9, 30), 1) == date(2025, 10, 9)
    assert working_days_after(date(2026, 2, 14), 1) == date(2026, 2, 24)


def test_counts_are_told_as_counts():
    findings = Findings()
    findings.hold("count", {("a",): 3}, {("a",): 2}, are_counts=True)
    assert findings.differences == ["count a: 3, reckoned 2"]


def test_the_reckoning_knows_nothing_of_what_it_is_held_against():
    folder = Path(clearing_year.__file__).parent
    for path in folder.glob("*.py"):
        imported = {
            name
            for node in ast.walk(ast.parse(path.read_text()))
            for name in (
                [node.module or ""]
                if isinstance(node, ast.ImportFrom)
                else [one.name for one in node.names]
                if isinstance(node, ast.Import)
                else []
            )
        }
        # Only the command, which starts the service, names it at all.
        of_clearing = {name for name in imported if name.startswith("services.clearing")}
        assert not of_clearing or path.name == "command.py", path.name
        if path.name in {"reckoning.py", "paper.py", "plan.py", "months.py", "bank.py"}:
            assert not {name for name in imported if name.startswith("yijie.")}, path.name


def test_the_bills_of_ningxia_add_up_to_what_was_published():
    plan = make_ningxia(3)
    owed = sum(one.fund_fen["310100" if one.scheme_code == "310" else "390100"]
               for one in plan.cares if one.insured_region_code == NINGXIA)  # fmt: skip
    due = sum(sum(one.fund_fen.values()) for one in plan.cares if one.care_region_code == NINGXIA)
    assert (owed, due) == (PAYABLE_FEN, RECEIVABLE_FEN)
    assert sum(plan.first_quotas.values()) == PREPAID_FEN
    assert len({key[1] for key in plan.first_quotas}) == 29


def test_shares_are_all_above_zero():
    import random

    parts = shares(random.Random(1), 100, 40)  # noqa: S311 - no secret
    assert (sum(parts), len(parts), min(parts) > 0) == (100, 40, True)

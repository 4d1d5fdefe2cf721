"""What the rules say of themselves, and how published words are read where notes say more.

Found by reading the published rows against their notes, and by running the rules over bills that
are in order: each test is a row or an ordinary bill that was read wrongly.
"""

from __future__ import annotations

import re
import time
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from services.supervision.domain.model import Channel, Moment, ResultClass
from services.supervision.rules_loader import RULES_DIR
from tests.unit.supervision.judging import DAY, bill, found, line, rules, settled, stay

V, S, T = ResultClass.VIOLATION, ResultClass.SUSPICIOUS, ResultClass.TO_VERIFY
PERTUZUMAB_NOTE, OXIRACETAM_NOTE = "支付不超过12个月", "单次住院最多支付14天"
ELSEWHERE = {"institution_code": "H31010100001"}


def rows(file: str, note: str) -> list[list[str]]:
    text = (RULES_DIR / file).read_text(encoding="utf-8")
    return [row.split(",") for row in text.splitlines() if note in row]


def of(days: int, number: int, item: str, **changes: Any) -> Any:
    return settled(number, line(item, on=DAY + timedelta(days)), **changes)


# --- sources --------------------------------------------------------------------------------------


@pytest.mark.parametrize("rule", rules().rules, ids=lambda one: one.code)
def test_a_source_cites_what_can_be_traced(rule: Any) -> None:
    # The project's sources trace the regulation's articles 38 and 40 and no paragraph of them, and
    # no article or number of any other document.
    assert set(re.findall(r"第[一二三四五六七八九十百]+[条款项]", rule.source)) <= {
        "第三十八条",
        "第四十条",
    }
    assert set(re.findall(r"〔[0-9]{4}〕|第[0-9]+号", rule.source)) <= {"第735号"}
    assert rule.sample is ("示例" in rule.source)
    assert not (rule.sample and rule.source_batches)


def test_a_figure_of_ours_proves_no_violation() -> None:
    # What is a violation is deducted without asking. A claim by both channels rests on no figure:
    # the sample is the number of lines from which it is to be verified.
    assert [one.code for one in rules().rules if one.sample and one.result_class is V] == [
        "DUPLICATE_CLAIM"
    ]


# --- published words ------------------------------------------------------------------------------


def test_a_drug_paid_for_twelve_months_is_counted_from_its_first_use() -> None:
    # Given every three weeks it would never have 365 days of use.
    (row,) = rows("drug_course.csv", PERTUZUMAB_NOTE)
    past = [of(21 * n, n + 1, row[2]) for n in range(18)]
    last = bill(line(row[2], on=DAY + timedelta(21 * 17 + 7)))
    assert "DRUG_COURSE" not in found(last, *past[:-1])
    late = bill(line(row[2], on=DAY + timedelta(365)))
    assert found(late, *past)["DRUG_COURSE"].result_class is S


@pytest.mark.parametrize(("days", "hit"), [(15, False), (16, True)])
def test_of_a_word_and_a_note_that_differ_the_wider_counts_within_the_stay(
    days: int, *, hit: bool
) -> None:
    code = next(row[2] for row in rows("drug_course.csv", OXIRACETAM_NOTE) if row[4] == "15天")
    one = stay(2, DAY, DAY + timedelta(20), line(code, supply_days=days))
    assert ("DRUG_COURSE" in found(one)) is hit
    before = stay(1, DAY - timedelta(30), DAY - timedelta(20), line(code, supply_days=10))
    assert ("DRUG_COURSE" in found(one, before)) is hit


@pytest.mark.parametrize(("days", "hit"), [(89, False), (90, True)])
def test_a_total_time_runs_on_between_assessments(days: int, *, hit: bool) -> None:
    item = "003402000050000"  # 手功能评定: 总时间不超过90天, every 14 days at most
    past = [of(30 * n, n + 1, item) for n in range(3)]
    one = bill(line(item, on=DAY + timedelta(days)))
    assert ("ITEM_COURSE" in found(one, *past)) is hit


def test_a_course_that_was_broken_off_is_judged_by_a_person() -> None:
    drug = "XB01AXA223B002010100156"
    past = settled(1, line(drug, supply_days=10), **ELSEWHERE)
    on = bill(line(drug, on=DAY + timedelta(10), supply_days=7))
    assert found(on, past)["DRUG_COURSE"].result_class is V
    again = bill(line(drug, on=DAY + timedelta(25), supply_days=7))
    assert found(again, past)["DRUG_COURSE"].result_class is S
    alone = bill(line(drug, on=DAY + timedelta(25), supply_days=15))
    assert found(alone, past)["DRUG_COURSE"].result_class is V


def test_a_marked_emergency_is_one_whatever_its_medical_type() -> None:
    code = next(row[2] for row in rows("drug_setting.csv", "限急诊或住院患者"))
    assert found(bill(line(code)))["DRUG_SETTING"].result_class is V
    assert "DRUG_SETTING" not in found(bill(line(code), emergency=True))
    stays_only = next(row[2] for row in rows("drug_setting.csv", "急性期住院患者"))
    assert "DRUG_SETTING" in found(bill(line(stays_only), emergency=True))


# --- ordinary bills -------------------------------------------------------------------------------


def test_a_transfer_on_the_day_of_discharge_is_no_split_stay() -> None:
    first = stay(1, DAY, DAY + timedelta(4))
    moved = stay(2, DAY + timedelta(4), DAY + timedelta(9), **ELSEWHERE)
    assert "SPLIT_STAY" not in found(moved, first)
    assert "OVERLAPPING_STAY" not in found(moved, first)
    same_house = stay(2, DAY + timedelta(4), DAY + timedelta(9))
    assert "SPLIT_STAY" in found(same_house, first)
    next_day = stay(2, DAY + timedelta(5), DAY + timedelta(9), **ELSEWHERE)
    assert "SPLIT_STAY" in found(next_day, first)


def test_a_charge_early_in_a_long_stay_is_not_old_when_the_stay_ends() -> None:
    end = DAY + timedelta(300)
    one = stay(1, DAY, end, line(on=DAY), line(id_="2", on=DAY - timedelta(2)))
    assert found(one)["FEE_TOO_OLD"].line_ids == ("2",)
    late = datetime(DAY.year + 2, 6, 1, tzinfo=UTC)
    unsettled = stay(1, DAY, end, line(on=DAY), settle_time=late)
    assert found(unsettled)["FEE_TOO_OLD"].line_ids == ("1",)


def test_observation_over_several_days_in_one_line_is_to_be_verified() -> None:
    several = {"begin_date": DAY - timedelta(2), "end_date": DAY, "medical_type": "13"}
    lump = bill(line("001103000010000", quantity=Decimal(3)), **several)
    assert found(lump)["ITEM_FREQUENCY"].result_class is T
    more = bill(line("001103000010000", quantity=Decimal(4)), **several)
    assert found(more)["ITEM_FREQUENCY"].result_class is V


def test_two_visits_of_a_day_that_cost_the_same_are_no_duplicate_claim() -> None:
    paid = settled(1, line("001102000010000"), channel=Channel.MANUAL)
    other = bill(line("002503020030000"))
    assert found(other, paid)["DUPLICATE_CLAIM"].result_class is T
    same = bill(line("001102000010000"))
    assert found(same, paid)["DUPLICATE_CLAIM"].result_class is V


def test_plasma_expanders_need_no_rescue() -> None:
    assert "RESCUE_DRUG" not in found(bill(line("XB05AAQ041B002010100001")))
    assert "RESCUE_DRUG" in found(bill(line("XB05AAR051B002010100001")))


@pytest.mark.parametrize("moment", [Moment.SCREENING, Moment.AUDIT])
def test_a_prescription_of_two_weeks_is_no_case(moment: Moment) -> None:
    one = bill(line(id_="1"), line("XA02BCA001A001010100001", id_="2", supply_days=14))
    assert not found(one, moment=moment)


# --- bills that nobody means well with ------------------------------------------------------------


def test_a_bill_of_all_makers_of_a_drug_with_a_year_each_is_judged_at_once() -> None:
    # Counted anew for each maker, it took minutes, and screening waited.
    makers = [code for code in rules().limited_items if code.startswith("XB01AXA223")]
    assert len(makers) > 200
    lines = [
        line(makers[n % len(makers)], id_=str(n), on=DAY + timedelta(n % 60), supply_days=366)
        for n in range(3000)
    ]
    begin = time.process_time()
    one = found(stay(1, DAY, DAY + timedelta(60), *lines))
    assert time.process_time() - begin < 2
    assert one["DRUG_COURSE"].result_class is V

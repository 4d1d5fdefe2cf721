"""What the engine does for every rule: moments, scope, exemptions, dates, order, other bills."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from services.supervision.domain.engine import judge
from services.supervision.domain.model import (
    Effect,
    History,
    Moment,
    ResultClass,
    Setting,
    Severity,
    Sex,
    begin_of,
    end_of,
    is_before,
    substance_of,
    total_fen_of,
)
from services.supervision.domain.rule import DatedBy, Exemptions, Rule, Scope
from services.supervision.domain.ruleset import RuleSet
from services.supervision.domain.steps.limits import SexLimit
from tests.unit.supervision.judging import (
    BED,
    DAY,
    DULAGLUTIDE,
    OZAGREL,
    OZAGREL_OTHER,
    bill,
    found,
    line,
    rules,
    settled,
    stay,
)

MALE_DRUG = "XL02BBA326A001010102180"
WOMAN: dict[str, Any] = {"sex": Sex.FEMALE}


def with_rule(**changes: Any) -> RuleSet:
    """Returns a rule set with DRUG_SEX only, changed."""
    shipped = rules()
    rule = shipped.rule("DRUG_SEX")
    assert rule is not None
    changed: Rule = replace(rule, **changes)
    (check,) = (one for one in shipped.by_item[MALE_DRUG] if isinstance(one, SexLimit))
    return replace(
        shipped,
        rules=(changed,),
        by_item={MALE_DRUG: (replace(check, rule=changed),)},
        by_prefix={},
        by_bill=(),
    )


def finds(by: RuleSet, moment: Moment = Moment.AUDIT, **changes: Any) -> bool:
    return bool(judge(bill(line(MALE_DRUG), **WOMAN, **changes), by, moment=moment))


def test_a_rule_is_asked_at_its_moments_only() -> None:
    by = with_rule(moments=frozenset({Moment.SCREENING}))
    assert [finds(by, moment) for moment in Moment] == [False, True, False]


@pytest.mark.parametrize(
    ("scope", "applies"),
    [
        (Scope(), True),
        (Scope(settings=frozenset({Setting.OUTPATIENT})), True),
        (Scope(settings=frozenset({Setting.INPATIENT})), False),
        (Scope(medical_types=frozenset({"11"})), True),
        (Scope(medical_types=frozenset({"14"})), False),
        (Scope(scheme_codes=frozenset({"310"})), True),
        (Scope(scheme_codes=frozenset({"390"})), False),
        (Scope(care_prefixes=("11",)), True),
        (Scope(care_prefixes=("1101", "31")), True),
        (Scope(care_prefixes=("31",)), False),
        (Scope(insured_prefixes=("6401",)), True),
        (Scope(insured_prefixes=("11",)), False),
        (Scope(level_ranks=frozenset({3})), True),
        (Scope(level_ranks=frozenset({1, 2})), False),
    ],
)
def test_scope(scope: Scope, *, applies: bool) -> None:
    assert finds(with_rule(scope=scope)) is applies


@pytest.mark.parametrize(
    ("exemptions", "changes", "applies"),
    [
        (Exemptions(), {}, True),
        (Exemptions(emergency=True), {}, True),
        (Exemptions(emergency=True), {"emergency": True}, False),
        (Exemptions(diagnosis_prefixes=("I1",)), {}, False),
        (Exemptions(diagnosis_prefixes=("I11",)), {}, True),
        (Exemptions(diagnosis_prefixes=("I1",)), {"diagnosis_codes": None}, True),
        (Exemptions(diagnosis_prefixes=("C",)), {"diagnosis_codes": ("A00", "C34.9")}, False),
        (Exemptions(department_codes=frozenset({"03"})), {}, False),
        (Exemptions(department_codes=frozenset({"04"})), {}, True),
    ],
)
def test_exemptions(exemptions: Exemptions, changes: Any, *, applies: bool) -> None:
    assert finds(with_rule(exemptions=exemptions), **changes) is applies


def test_a_rule_holds_from_its_first_to_its_last_day_by_fee_date() -> None:
    by = with_rule(effective_from=DAY, effective_until=DAY)
    several = bill(
        line(MALE_DRUG, id_="before", on=DAY - timedelta(1)),
        line(MALE_DRUG, id_="on"),
        line(MALE_DRUG, id_="after", on=DAY + timedelta(1)),
        **WOMAN,
    )
    (one,) = judge(several, by, moment=Moment.AUDIT)
    assert one.line_ids == ("on",)


def test_a_rule_may_be_dated_by_the_day_of_settlement_in_beijing() -> None:
    by = with_rule(effective_from=DAY + timedelta(1), dated_by=DatedBy.SETTLE_DATE)
    late = datetime(2026, 3, 9, 15, 59, tzinfo=UTC)
    assert not finds(by, settle_time=late)
    assert finds(by, settle_time=late + timedelta(minutes=1))
    assert not finds(by)
    assert finds(by, end_date=DAY + timedelta(1))


def test_a_rule_about_the_whole_bill_is_dated_by_its_last_day() -> None:
    nothing = bill(diagnosis_codes=())
    assert "DIAGNOSIS_MISSING" in found(nothing)
    assert "DIAGNOSIS_MISSING" not in found(replace(nothing, end_date=date(2021, 4, 30)))


def test_a_finding_carries_what_its_rule_says() -> None:
    one = found(bill(diagnosis_codes=()))["DIAGNOSIS_MISSING"]
    assert (one.severity, one.effect) == (Severity.MEDIUM, Effect.MARK)
    assert "诊断缺失" in one.source
    assert one.rule_version == rules().version
    assert rules().digest.startswith(rules().version)
    assert one.line_ids == ()
    assert one.amount_fen == 1000
    assert one.message_zh.endswith("，需核实")
    total = found(bill(diagnosis_codes=(), total_fen=777))["DIAGNOSIS_MISSING"]
    assert total.amount_fen == 777


def test_without_a_history_rules_about_other_bills_are_not_asked() -> None:
    now = bill(line(DULAGLUTIDE, supply_days=28))
    past = settled(1, line(DULAGLUTIDE, on=DAY - timedelta(7), supply_days=28))
    assert "SUPPLY_OVERLAP" in found(now, past)
    codes = {one.rule_code for one in judge(now, rules(), moment=Moment.AUDIT)}
    assert "SUPPLY_OVERLAP" not in codes


def test_a_finding_about_two_bills_stands_on_the_later_one() -> None:
    # The stay that began later was settled first: by settlement, not by the days.
    later = stay(1, DAY, DAY + timedelta(9))
    earlier = stay(2, DAY + timedelta(2), DAY + timedelta(4))
    assert "OVERLAPPING_STAY" not in found(earlier, later)
    of_later = found(later, earlier)["OVERLAPPING_STAY"]
    assert of_later.other_bill_keys == (earlier.bill_key,)
    assert of_later.effect is Effect.BLOCK


def test_a_bill_in_its_own_history_does_not_count() -> None:
    one = stay(1, DAY, DAY + timedelta(9))
    assert "OVERLAPPING_STAY" not in found(one, one)
    same_time = replace(one, bill_key=UUID(int=2))
    assert ("OVERLAPPING_STAY" in found(one, same_time)) is not (
        "OVERLAPPING_STAY" in found(same_time, one)
    )


def test_a_bill_that_is_not_settled_is_later_than_all_that_are() -> None:
    draft, past = bill(), settled(1)
    assert is_before(past, draft)
    assert not is_before(draft, past)
    assert not is_before(draft, bill())
    assert is_before(settled(1), settled(2))


def test_a_history_sorts_and_indexes_its_bills() -> None:
    bills = [settled(n, line(OZAGREL, on=DAY - timedelta(n)), line(BED, id_="2")) for n in (1, 2)]
    history = History(bills=tuple(bills))
    assert [one.bill_key for one in history.bills] == [UUID(int=2), UUID(int=1)]
    assert history == History(bills=tuple(reversed(bills)))
    assert [one.fee_date for _, one in history.of_item(OZAGREL)] == [
        DAY - timedelta(2),
        DAY - timedelta(1),
    ]
    assert len(history.of_substance(substance_of(OZAGREL_OTHER))) == 2
    assert history.of_item("none") == ()
    assert history.earlier(bill()) is history
    assert len(history.earlier(bills[1]).bills) == 1 or len(history.earlier(bills[0]).bills) == 1


def test_substances_leave_out_maker_and_package() -> None:
    assert substance_of(OZAGREL) == substance_of(OZAGREL_OTHER) == "XB01AXA223"
    assert substance_of("ZA04CAE0023010100166") == "ZA04CAE0023"
    assert substance_of(BED + "-1101") == BED
    assert substance_of("T000701234") == "T000701234"


def test_a_bill_without_dates_has_those_of_its_lines() -> None:
    several = bill(line(on=DAY), line(on=DAY - timedelta(3), id_="2"))
    assert (begin_of(several), end_of(several)) == (DAY - timedelta(3), DAY)
    assert total_fen_of(several) == 2000
    assert judge(replace(several, lines=()), rules(), moment=Moment.AUDIT) == ()


@pytest.mark.parametrize("day", [date.min, date.max])
@pytest.mark.parametrize("medical_type", ["11", "21", "41"])
def test_the_ends_of_the_calendar_are_not_passed(day: date, medical_type: str) -> None:
    items = [OZAGREL, DULAGLUTIDE, BED, "XJ01DHM045B001010100001", "002304000100000"]
    lines = [line(code, id_=code, on=day, supply_days=30) for code in items]
    one = bill(*lines, medical_type=medical_type, begin_date=day, end_date=day)
    past = replace(settled(1), lines=tuple(lines), begin_date=day, end_date=day)
    empty = replace(one, lines=(), begin_date=None, end_date=None)
    for judged in (one, empty):
        judge(judged, rules(), moment=Moment.AUDIT, history=History(bills=(past,)))


def test_classes_come_gravest_first_in_the_enum() -> None:
    assert list(ResultClass) == [
        ResultClass.VIOLATION,
        ResultClass.SUSPICIOUS,
        ResultClass.TO_VERIFY,
    ]

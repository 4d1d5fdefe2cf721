"""Goal: what one event of the feeds changes in the findings on a person's bills, case by case."""

from __future__ import annotations

import pytest

from services.supervision.domain.audit import PersonRecord, audit, rest_of
from services.supervision.domain.model import Moment
from services.supervision.domain.recording import FindingMoment, WithdrawalReason
from services.supervision.domain.rule import Reach
from services.supervision.rules_loader import load_rules
from tests.unit.supervision.auditing import (
    bill,
    moved,
    ruleset,
    run,
    settle,
    standing,
    take_back,
    travelled,
)

RULES = ruleset()
STAY = bill(1, begin=0, days=5, settled=10, medical_type="21")
OVERLAPPING = bill(2, begin=3, days=5, settled=20, medical_type="21")
VISIT = bill(3, begin=-2, settled=1)


def test_a_finding_over_two_bills_stands_on_the_later_one():
    record = run([settle(VISIT), settle(STAY), settle(OVERLAPPING)])
    assert standing(record) == {(2, "OVERLAPPING_STAY", (1,))}


def test_a_bill_that_comes_late_is_found_on_the_one_that_was_there():
    # The stay that was settled first comes second: of another feed, say.
    record = run([settle(VISIT), settle(OVERLAPPING), settle(STAY)])
    assert standing(record) == {(2, "OVERLAPPING_STAY", (1,))}


def test_a_bill_that_comes_late_may_refute_what_stood():
    record = run([settle(STAY)])
    assert standing(record) == {(1, "UNPREPARED", ())}
    change = audit(settle(VISIT), record, ruleset())
    assert [one.reason for one in change.dropped] == [WithdrawalReason.SUPERSEDED]
    assert change.made == ()
    assert standing(record) == set()


def test_a_bill_that_comes_late_widens_what_stood():
    day = [bill(number, settled=number) for number in (1, 2, 3, 4)]
    record = run([settle(one) for one in (day[0], day[2], day[3])])
    assert standing(record) == {(4, "VISITS_A_DAY", (1, 3))}
    change = audit(settle(day[1]), record, ruleset())
    assert [one.reason for one in change.dropped] == [WithdrawalReason.SUPERSEDED]
    assert standing(record) == {(3, "VISITS_A_DAY", (1, 2)), (4, "VISITS_A_DAY", (1, 2, 3))}


def test_a_reversal_withdraws_what_is_on_its_bill_and_what_rests_on_it():
    record = run([settle(VISIT), settle(STAY), settle(OVERLAPPING)])
    change = audit(take_back(STAY), record, ruleset())
    assert [one.reason for one in change.dropped] == [WithdrawalReason.OTHER_REVERSED]
    assert change.taken_back is not None
    assert standing(record) == set()
    dear = bill(9, fen=20_000, settled=30)
    record = run([settle(dear)])
    change = audit(take_back(dear), record, ruleset())
    assert [one.reason for one in change.dropped] == [WithdrawalReason.REVERSED]
    assert change.dropped[0].event_time == take_back(dear).event_time


def test_a_reversal_may_bring_a_finding():
    record = run([settle(VISIT), settle(STAY)])
    assert standing(record) == set()
    audit(take_back(VISIT), record, ruleset())
    assert standing(record) == {(1, "UNPREPARED", ())}


def test_what_stands_again_is_another_finding():
    record = run([settle(STAY)])
    (first,) = record.findings[STAY.bill_key]
    audit(settle(VISIT), record, ruleset())
    change = audit(take_back(VISIT), record, ruleset())
    (again,) = change.made
    assert again.finding == first.finding
    assert again.finding_id != first.finding_id


def test_a_repeat_changes_nothing():
    record = run([settle(VISIT), settle(STAY), settle(OVERLAPPING), take_back(STAY)])
    for event in (settle(STAY), settle(VISIT), settle(OVERLAPPING), take_back(STAY)):
        change = audit(event, record, ruleset())
        assert (change.settled, change.taken_back, change.made, change.dropped) == (
            None,
            None,
            (),
            (),
        )


def test_what_travelled_is_kept_as_it_was():
    dear = bill(9, fen=20_000)
    record = run([settle(dear, (travelled(dear),))])
    (kept,) = record.findings[dear.bill_key]
    # The audit finds by the same rule in its own words; the rule has spoken.
    assert kept.finding == travelled(dear)
    assert kept.moment is FindingMoment.ROUND_TRIP


def test_what_travelled_falls_with_the_bill_that_it_rests_on():
    finding = travelled(OVERLAPPING, "OVERLAPPING_STAY", (STAY.bill_key,))
    events = [settle(VISIT), settle(STAY), settle(OVERLAPPING, (finding,))]
    # Also where that bill was taken back before this one came.
    for order in ([*events, take_back(STAY)], [*events[:2], take_back(STAY), events[2]]):
        assert standing(run(order)) == set()


def test_what_travelled_with_less_knowledge_is_superseded():
    day = [bill(number, settled=number) for number in (1, 2, 3, 4)]
    less = travelled(day[3], "VISITS_A_DAY", (day[0].bill_key, day[2].bill_key))
    record = run([*(settle(one) for one in day[:3]), settle(day[3], (less,))])
    assert (4, "VISITS_A_DAY", (1, 2, 3)) in standing(record)
    assert (4, "VISITS_A_DAY", (1, 3)) not in standing(record)


@pytest.mark.parametrize(("findings", "moment"), [((), "AUDIT"), (None, "AFTERWARDS")])
def test_a_finding_says_when_it_was_made(findings, moment):
    record = run([settle(STAY, findings)])
    (kept,) = record.findings[STAY.bill_key]
    assert kept.moment is FindingMoment(moment)


def test_a_rule_that_is_none_of_the_round_trip_is_always_of_the_audit():
    day = [bill(number, settled=number) for number in (1, 2, 3)]
    record = run([settle(one, None) for one in day])
    (kept,) = record.findings[day[2].bill_key]
    assert kept.moment is FindingMoment.AUDIT


@pytest.mark.parametrize(
    ("version", "made"), [(RULES.version, []), ("another version", ["DEAR"]), ("", ["DEAR"])]
)
def test_what_the_same_rules_said_of_the_bill_alone_is_not_asked_again(version, made):
    record = PersonRecord(is_whole=True)
    event = settle(bill(9, fen=20_000), (), screened_by=version)
    change = audit(event, record, RULES, rest=rest_of(RULES))
    assert [kept.finding.rule_code for kept in change.made] == made


def test_the_rest_are_rules_over_bills_and_those_that_the_round_trip_leaves_out():
    rest = rest_of(RULES)
    assert [check.rule.code for check in rest.by_bill] == [
        check.rule.code for check in RULES.by_bill if check.rule.code != "DEAR"
    ]
    assert (rest.version, rest.rules) == (RULES.version, RULES.rules)
    shipped = load_rules()
    left = rest_of(shipped)
    asked = {check.rule for found in left.by_item.values() for check in found}
    assert {check.rule.reach for check in left.by_bill} == {Reach.BILL, Reach.PERSON}
    assert all(rule.reach is Reach.PERSON or Moment.SCREENING not in rule.moments for rule in asked)
    # What the catalogue says of a line is not known in the round trip.
    assert "NOT_LISTED_IN_SCOPE" in {check.rule.code for check in left.by_bill}


def test_a_bill_taken_back_before_it_was_kept_is_recorded_and_not_judged():
    # Recorded by a version that kept no bills.
    record = PersonRecord(is_whole=True, taken_back={STAY.bill_key})
    change = audit(settle(STAY), record, ruleset())
    assert change.settled is not None
    assert change.made == ()
    assert STAY.bill_key not in record.bills
    assert audit(settle(STAY), record, ruleset()).settled is None


def test_findings_of_other_rules_stand_until_they_are_refuted():
    old = ruleset(version="1111111111111111")
    record = run([settle(STAY)], old)
    assert standing(record) == {(1, "UNPREPARED", ())}
    # Judged again by new rules, because a bill came late that they do not care for.
    late = moved(bill(7, medical_type="12", begin=-1), -5)
    audit(settle(late), record, ruleset())
    (kept,) = record.findings[STAY.bill_key]
    assert kept.finding.rule_version == "1111111111111111"


def test_how_much_of_the_record_is_loaded_does_not_matter():
    # Too long ago for every rule.
    old = bill(8, begin=-200, days=300, settled=-5, medical_type="21")
    visit = bill(3, begin=-40, settled=1)
    wide = run([settle(old), settle(visit), settle(STAY)])
    narrow = run([settle(old), settle(STAY)])
    assert (
        standing(wide)
        == standing(narrow)
        == {(1, "OVERLAPPING_STAY", (8,)), (1, "UNPREPARED", ()), (8, "UNPREPARED", ())}
    )

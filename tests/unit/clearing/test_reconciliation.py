"""Goal: each way in which a leg and the hub disagree is named, with who lacks it and why."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest

from services.clearing.domain.difference_states import DifferenceState
from services.clearing.domain.differences import LegStatus, Step, Stored, merge, step
from services.clearing.domain.explanations import EXPLANATION_EN, EXPLANATION_ZH
from services.clearing.domain.reconciliation import (
    Cause,
    Finding,
    Kind,
    LegRecord,
    Party,
    Place,
    Status,
    Unsettled,
    View,
    compare,
    open_questions,
)
from services.clearing.domain.totals import Group, Sums, Totals, add_up, differing, first_gap
from tests.unit.clearing.reconciliation_world import (
    CARE,
    HOSPITAL,
    INSURED,
    PLACE,
    amounts,
    hub,
    leg,
    mirrored,
    request_id,
    reversed_there,
    settlement_id,
    taken_back,
)

INSTITUTION = Party.INSTITUTION


def only(findings: tuple[Finding, ...]) -> Finding:
    (one,) = findings
    return one


def named(findings: tuple[Finding, ...]) -> list[tuple[Kind, Cause]]:
    return [(one.kind, one.cause) for one in findings]


def test_a_hospital_without_a_record_lost_the_reply():
    one = only(compare(leg(INSTITUTION), View(expected=[hub(1)])))
    assert (one.kind, one.cause) == (Kind.MISSING_THERE, Cause.REPLY_LOST)
    assert (one.settlement_id, one.request_id) == (settlement_id(1), request_id(1))
    assert one.leg is None
    assert one.hub is not None


def test_a_hospital_that_knows_its_request_alone_is_matched_by_it():
    record = replace(mirrored(hub(1)), settlement_id=None)
    assert compare(leg(INSTITUTION, record), View(expected=[hub(1)])) == ()


def test_a_wrong_settlement_id_is_forgiven_where_the_request_is_right():
    record = replace(mirrored(hub(1)), settlement_id=settlement_id(99))
    assert compare(leg(INSTITUTION, record), View(expected=[hub(1)])) == ()


def test_two_settlements_of_one_bill_are_a_double_submit():
    known, twin = hub(1, bill_digest=b"same"), hub(2, bill_digest=b"same")
    one = only(compare(leg(INSTITUTION, mirrored(known)), View(expected=[known, twin])))
    assert (one.kind, one.cause) == (Kind.MISSING_THERE, Cause.DOUBLE_SUBMIT)
    assert (one.settlement_id, one.twin_settlement_id) == (settlement_id(2), settlement_id(1))


def test_a_bill_settled_anew_after_a_reversal_is_no_double_submit():
    first = taken_back(hub(1, bill_digest=b"same"))
    again = hub(2, bill_digest=b"same")
    found = compare(leg(INSTITUTION, mirrored(first)), View(expected=[first, again]))
    assert named(found) == [(Kind.MISSING_THERE, Cause.REPLY_LOST)]


def test_one_settlement_may_be_recorded_twice_there():
    again = replace(mirrored(hub(1)), settlement_id=settlement_id(1), request_id=request_id(7))
    records = (replace(mirrored(hub(1)), settlement_id=None), again)
    one = only(compare(leg(INSTITUTION, *records), View(expected=[hub(1)])))
    assert (one.kind, one.cause) == (Kind.MISSING_HERE, Cause.RECORDED_TWICE)
    assert (one.request_id, one.twin_settlement_id) == (request_id(1), settlement_id(1))


@pytest.mark.parametrize(
    ("said", "cause"),
    [
        (Unsettled.PENDING, Cause.PENDING_HERE),
        (Unsettled.FAILED, Cause.FAILED_HERE),
        (Unsettled.UNKNOWN, Cause.NEVER_ARRIVED),
    ],
)
def test_what_the_hub_lacks_has_the_cause_that_the_journal_gives(said: Unsettled, cause: Cause):
    record = replace(mirrored(hub(1)), settlement_id=None)
    journal = settlement_id(1) if said is not Unsettled.UNKNOWN else None
    view = View(expected=[], unsettled={request_id(1): (said, journal)})
    one = only(compare(leg(INSTITUTION, record), view))
    assert (one.kind, one.cause, one.settlement_id) == (Kind.MISSING_HERE, cause, journal)
    assert one.hub is None
    assert one.key == (str(journal) if journal else f"request:{request_id(1)}")


def test_a_refund_known_to_the_hospital_alone():
    one = only(compare(leg(INSTITUTION, reversed_there(mirrored(hub(1)))), View(expected=[hub(1)])))
    assert (one.kind, one.cause) == (Kind.REVERSED_ON_ONE_SIDE, Cause.REVERSED_THERE_ONLY)
    assert open_questions([one]) == ((settlement_id(1), request_id(1)),)


def test_a_refund_known_to_the_hub_alone():
    stood = mirrored(hub(1))
    found = compare(leg(INSTITUTION, stood), View(expected=[taken_back(hub(1))]))
    assert named(found) == [(Kind.REVERSED_ON_ONE_SIDE, Cause.REVERSED_HERE_ONLY)]


def test_a_reversal_of_an_earlier_day_is_missed_on_its_own_day():
    earlier = taken_back(hub(1, business_date=date(2026, 2, 3)))
    found = compare(leg(INSTITUTION), View(expected=[earlier]))
    assert named(found) == [(Kind.REVERSED_ON_ONE_SIDE, Cause.REVERSED_HERE_ONLY)]
    assert compare(leg(INSTITUTION, mirrored(earlier)), View(expected=[earlier])) == ()


def test_a_statement_says_how_the_day_ended():
    later = taken_back(hub(1), after=timedelta(hours=30))
    stood = mirrored(hub(1))
    # As it was, as it is now, and neither of both having anything any more.
    for records in ((stood,), (reversed_there(stood),), ()):
        assert compare(leg(INSTITUTION, *records), View(expected=[later])) == ()


def test_an_insured_province_shows_the_present():
    later = taken_back(hub(1), after=timedelta(hours=30))
    view = View(expected=[later])
    now = mirrored(later, until=None)
    insured = Party.INSURED_PROVINCE
    assert compare(leg(insured, now), view) == ()
    standing = replace(now, status=Status.STANDING)
    assert named(compare(leg(insured, standing), view)) == [
        (Kind.REVERSED_ON_ONE_SIDE, Cause.REVERSED_HERE_ONLY)
    ]
    assert named(compare(leg(insured), view)) == [(Kind.MISSING_THERE, Cause.BOOKING_LOST)]


def test_a_tombstone_is_nothing():
    nowhere = Place(
        institution_code="", care_region_code="", insured_region_code="", scheme_code=""
    )
    tombstone = LegRecord(
        settlement_id=settlement_id(1),
        request_id=None,
        place=nowhere,
        status=Status.REVERSED,
        amounts=None,
    )
    insured = Party.INSURED_PROVINCE
    assert compare(leg(insured, tombstone), View(expected=[])) == ()
    assert named(compare(leg(insured, tombstone), View(expected=[hub(1)]))) == [
        (Kind.REVERSED_ON_ONE_SIDE, Cause.REVERSED_THERE_ONLY)
    ]


def test_what_the_hub_gave_up_and_the_province_took_back_is_nothing():
    taken = replace(mirrored(hub(1)), request_id=None, status=Status.REVERSED)
    view = View(expected=[], unsettled={settlement_id(1): (Unsettled.FAILED, settlement_id(1))})
    assert compare(leg(Party.INSURED_PROVINCE, taken), view) == ()
    still = replace(taken, status=Status.STANDING)
    assert named(compare(leg(Party.INSURED_PROVINCE, still), view)) == [
        (Kind.MISSING_HERE, Cause.FAILED_HERE)
    ]


def test_a_settlement_of_another_hospital_is_no_settlement_of_this_one():
    stranger = hub(1, place=replace(PLACE, institution_code="H11010500002"))
    found = compare(leg(INSTITUTION, mirrored(hub(1))), View(expected=[], others=[stranger]))
    one = only(found)
    assert (one.kind, one.cause) == (Kind.MISSING_HERE, Cause.OF_ANOTHER_PARTY)
    assert one.key == f"{settlement_id(1)}@{HOSPITAL}"
    assert one.place.institution_code == HOSPITAL


@pytest.mark.parametrize(
    "change", [{"insured_region_code": "650000"}, {"scheme_code": "390"}], ids=str
)
def test_another_scheme_or_insured_province_is_named(change: dict[str, str]):
    record = replace(mirrored(hub(1)), place=replace(PLACE, **change))
    found = compare(leg(INSTITUTION, record), View(expected=[hub(1)]))
    assert named(found) == [(Kind.AMOUNT_DIFFERS, Cause.BOOKED_ELSEWHERE)]


def test_every_cause_is_explained_in_both_languages():
    assert set(EXPLANATION_ZH) == set(EXPLANATION_EN) == set(Cause)
    for text in EXPLANATION_ZH.values():
        assert re.search("[一-鿿]", text)
        assert text.endswith("。")


# --- merging --------------------------------------------------------------------------------------


def findings_of(party: Party, *records: LegRecord, expected: Any = ()) -> tuple[Finding, ...]:
    return compare(leg(party, *records), View(expected=expected))


def test_paid_at_the_insurer_while_the_local_record_is_lost():
    draft = merge(findings_of(INSTITUTION, expected=[hub(1)]), {(Party.INSURED_PROVINCE, INSURED)})
    assert (draft.kind, draft.cause) == (Kind.MISSING_THERE, Cause.REPLY_LOST)
    assert [(one.party, one.status) for one in draft.legs] == [
        (Party.HUB, LegStatus.HELD),
        (Party.INSTITUTION, LegStatus.MISSING),
        (Party.CARE_PROVINCE, LegStatus.NOT_COMPARED),
        (Party.INSURED_PROVINCE, LegStatus.HELD),
    ]


def test_what_only_the_hub_lacks_is_one_difference_of_two_legs():
    record = mirrored(hub(1))
    both = (*findings_of(INSTITUTION, record), *findings_of(Party.INSURED_PROVINCE, record))
    draft = merge(both, {(Party.CARE_PROVINCE, CARE)})
    assert {one.key for one in both} == {draft.key}
    assert [one.status for one in draft.legs] == [
        LegStatus.MISSING,
        LegStatus.HELD,
        LegStatus.MISSING,
        LegStatus.HELD,
    ]
    assert merge(both[::-1], set()).fingerprint == draft.fingerprint


def test_the_gravest_finding_names_the_difference():
    missing = findings_of(INSTITUTION, expected=[hub(1)])
    dearer = findings_of(
        Party.CARE_PROVINCE, replace(mirrored(hub(1)), amounts=amounts(999)), expected=[hub(1)]
    )
    assert merge((*dearer, *missing), set()).kind is Kind.MISSING_THERE
    assert merge(dearer, set()).kind is Kind.AMOUNT_DIFFERS


def test_an_agreeing_leg_makes_no_other_difference():
    found = findings_of(INSTITUTION, expected=[hub(1)])
    later = merge(found, {(Party.INSURED_PROVINCE, INSURED)})
    assert merge(found, set()).fingerprint == later.fingerprint


@pytest.mark.parametrize(
    ("state", "same", "expected"),
    [
        (None, False, Step.ADD),
        (DifferenceState.OPEN, True, Step.REFRESH),
        (DifferenceState.OPEN, False, Step.REPLACE),
        (DifferenceState.RESOLVED, True, Step.NOTHING),
        (DifferenceState.RESOLVED, False, Step.ADD),
        (DifferenceState.RESOLVED_BY_ITSELF, True, Step.ADD),
    ],
)
def test_what_becomes_of_a_difference(state: DifferenceState | None, same: bool, expected: Step):
    draft = merge(findings_of(INSTITUTION, expected=[hub(1)]), set())
    stored = state and Stored(
        difference_id=settlement_id(9),
        state=state,
        fingerprint=draft.fingerprint if same else b"other",
    )
    assert step(stored, draft) is expected
    gone = Step.CLOSE if state is DifferenceState.OPEN else Step.NOTHING
    assert step(stored, None) is gone


# --- totals ---------------------------------------------------------------------------------------

GROUP = Group(INSURED, "310")


def test_totals_differ_by_group_and_absence_is_nothing():
    mine = {GROUP: Totals(settled=Sums(count=1, amounts=amounts()))}
    assert differing(mine, dict(mine)) == ()
    assert differing({Group(INSURED, "390"): Totals()}, {}) == ()
    (one,) = differing(mine, {})
    assert (one.group, one.other) == (GROUP, Totals())


def test_details_add_up_to_what_was_settled_and_what_was_taken_back():
    earlier = mirrored(taken_back(hub(1, business_date=date(2026, 2, 3))))
    same_day = mirrored(taken_back(hub(2)))
    found = add_up([earlier, same_day, mirrored(hub(3))], [settlement_id(1)])
    assert found[GROUP].settled.count == 2
    assert found[GROUP].reversed.count == 2
    assert found[GROUP].reversed.amounts.total_fen == 2000


def test_the_first_sum_that_does_not_add_up_is_named():
    stated = {GROUP: Totals(settled=Sums(count=2, amounts=amounts()))}
    assert first_gap(stated, stated) is None
    assert first_gap(stated, add_up([mirrored(hub(1))], [])) == ("settled.settlement_count", 2, 1)
    stated = {GROUP: Totals(settled=Sums(count=1, amounts=amounts(1001)))}
    assert first_gap(stated, add_up([mirrored(hub(1))], [])) == ("settled.total", 1001, 1000)

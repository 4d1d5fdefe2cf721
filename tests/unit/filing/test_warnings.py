"""Warnings: a stay is warned of exactly when the match of its bill would be unfiled."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.filing.domain import decide, warnings
from services.filing.domain.decide import Reason
from services.filing.domain.model import BenefitLevel, Evidence, Filing, FilingType
from services.filing.domain.states import FilingState
from services.filing.domain.warnings import (
    SILENCE,
    STANDING,
    Stay,
    StayState,
    Verdict,
    WarningState,
)

PERSON = UUID("0193b000-0000-7000-8000-000000000001")
ADMITTED, TODAY = date(2026, 3, 10), date(2026, 3, 14)
XINJIANG, YINCHUAN, SHANGHAI = "650100", "640100", "310000"


def stay(**changes):
    one = Stay(
        visit_id=UUID(int=7),
        person_id=PERSON,
        insured_region=XINJIANG,
        care_region="640104",
        institution_code="H64010400001",
        admission_date=ADMITTED,
        expected_discharge_date=date(2026, 3, 20),
        discharge_date=None,
        emergency=False,
        state=StayState.REGISTERED,
        revision=1,
    )
    return replace(one, **changes)


def filing(number=1, **changes):
    one = Filing(
        filing_id=UUID(int=number),
        person_id=PERSON,
        insured_region=XINJIANG,
        target_region=YINCHUAN,
        type=FilingType.RETIRED_SETTLED,
        begin_date=date(2026, 1, 1),
        end_date=None,
        evidence=Evidence.DOCUMENT,
        create_time=datetime(2026, 1, 1, 1, tzinfo=UTC),
        create_date=date(2026, 1, 1),
    )
    return replace(one, **changes)


def said(one, *filings, before=None, today=TODAY):
    return warnings.judge(one, filings, before=before, today=today)


def test_nobody_is_warned_of_who_is_filed():
    assert said(stay(), filing()) == SILENCE


@pytest.mark.parametrize(
    ("filings", "reason"),
    [
        ((), Reason.NOT_FILED),
        ((filing(target_region=SHANGHAI),), Reason.FILED_FOR_ANOTHER_PLACE),
        ((filing(end_date=ADMITTED - timedelta(days=1)),), Reason.FILING_NOT_IN_FORCE),
    ],
)
def test_the_reason_is_the_match_s(filings, reason):
    assert said(stay(), *filings) == Verdict(WarningState.OPEN, reason)


def test_a_pending_refused_or_revoked_filing_does_not_end_it():
    for state in (FilingState.PENDING, FilingState.REFUSED, FilingState.REVOKED):
        assert said(stay(), filing(state=state)).state is WarningState.OPEN


def test_a_filing_made_during_the_stay_ends_it():
    made = filing(begin_date=TODAY)
    assert said(stay(), made, before=WarningState.OPEN).state is WarningState.RESOLVED
    assert said(stay(), made).state is None


def test_one_that_expires_during_the_stay_counts_to_its_end():
    ended = filing(end_date=ADMITTED, type=FilingType.TEMPORARY, evidence=Evidence.NONE)
    assert said(stay(), ended, today=TODAY + timedelta(days=100)) == SILENCE


def test_a_filing_that_begins_later_is_looked_at_on_its_day():
    begins = TODAY + timedelta(days=2)
    other = filing(2, target_region=SHANGHAI, begin_date=TODAY + timedelta(days=1))
    verdict = said(stay(), other, filing(begin_date=begins))
    assert (verdict.state, verdict.due_date) == (WarningState.OPEN, begins)
    on_the_day = said(stay(), filing(begin_date=begins), before=verdict.state, today=begins)
    assert on_the_day == Verdict(WarningState.RESOLVED, Reason.LONG_TERM_AT_PLACE)


def test_a_discharge_fixes_the_last_day_that_counts():
    left = stay(state=StayState.DISCHARGED, discharge_date=date(2026, 3, 12))
    late = filing(begin_date=date(2026, 3, 13))
    assert said(left, late, before=WarningState.OPEN).state is WarningState.DISCHARGED
    retroactive = filing(begin_date=date(2026, 3, 12))
    assert said(left, retroactive, before=WarningState.OPEN).state is WarningState.RESOLVED


def test_what_is_settled_unfiled_was_warned_of_or_is_let_be():
    settled = stay(state=StayState.SETTLED, discharge_date=TODAY)
    assert said(settled) == SILENCE
    assert said(settled, before=WarningState.DISCHARGED).state is WarningState.SETTLED
    assert said(settled, filing(), before=WarningState.SETTLED).state is WarningState.RESOLVED


def test_an_emergency_or_a_cancellation_withdraws_it():
    assert said(stay(emergency=True)) == SILENCE
    urgent = said(stay(emergency=True), before=WarningState.OPEN)
    assert urgent == Verdict(WarningState.WITHDRAWN, Reason.EMERGENCY_DEEMED_FILED)
    cancelled = stay(state=StayState.CANCELLED)
    assert said(cancelled) == SILENCE
    assert said(cancelled, before=WarningState.OPEN) == Verdict(WarningState.WITHDRAWN, None)


def test_what_ended_does_not_end_again_and_may_open_again():
    ended = WarningState.RESOLVED
    assert said(stay(emergency=True), before=ended).state is ended
    assert said(stay(), before=ended).state is WarningState.OPEN


def test_care_at_home_is_never_warned_of():
    assert said(stay(care_region="650104")) == SILENCE


def test_news_is_a_change_of_state_or_of_what_a_standing_warning_says():
    open_ = Verdict(WarningState.OPEN, Reason.NOT_FILED)
    one = stay()
    assert warnings.is_news(None, one, SILENCE, open_)
    assert not warnings.is_news(one, one, open_, open_)
    assert not warnings.is_news(one, replace(one, revision=2), open_, open_)
    later = replace(one, expected_discharge_date=date(2026, 4, 1))
    assert warnings.is_news(one, later, open_, open_)
    elsewhere = replace(open_, reason=Reason.FILED_FOR_ANOTHER_PLACE)
    assert warnings.is_news(one, one, open_, elsewhere)
    resolved = Verdict(WarningState.RESOLVED, Reason.LONG_TERM_AT_PLACE)
    assert warnings.is_news(one, one, open_, resolved)
    assert not warnings.is_news(one, later, resolved, resolved)
    assert not warnings.is_news(one, one, SILENCE, SILENCE)


def test_days_are_counted_on_the_day_of_the_event():
    assert warnings.days_to_discharge(stay(), TODAY) == 6
    assert warnings.days_to_discharge(stay(), date(2026, 3, 23)) == -3
    assert warnings.days_to_discharge(stay(expected_discharge_date=None), TODAY) == 0
    assert warnings.days_in_hospital(stay(), TODAY) == 4
    assert warnings.days_in_hospital(stay(discharge_date=date(2026, 3, 12)), TODAY) == 2
    assert warnings.days_in_hospital(stay(), ADMITTED - timedelta(days=1)) == 0


@pytest.mark.parametrize("state", list(WarningState))
def test_every_state_is_explained_in_two_languages(state):
    for reason in (None, *Reason):
        sentence = warnings.explain(state, reason)
        assert sentence.zh.endswith("。")
        assert sentence.en.endswith(".")
    assert state not in STANDING or "第十六条" in warnings.explain(state, Reason.NOT_FILED).zh


def test_a_filing_after_the_settlement_leaves_something_to_be_done():
    for reason in (Reason.LONG_TERM_AT_PLACE, Reason.REFERRED_TO_PLACE):
        before = warnings.explain(WarningState.RESOLVED, reason, StayState.DISCHARGED)
        after = warnings.explain(WarningState.RESOLVED, reason, StayState.SETTLED)
        assert "无需办理" in before.zh
        assert "重新结算" in after.zh
        assert "无需办理" not in after.zh
        assert "recomputed" in after.en


def test_who_must_act_on_a_pending_filing_is_the_agency():
    waiting = said(stay(), filing(state=FilingState.PENDING))
    assert waiting.reason is Reason.FILING_PENDING
    assert "经办机构审核通过" in warnings.explain(waiting.state, waiting.reason).zh


DAYS = st.dates(date(2026, 3, 1), date(2026, 3, 31))
FILINGS = st.lists(
    st.builds(
        filing,
        st.integers(1, 9),
        target_region=st.sampled_from([YINCHUAN, SHANGHAI]),
        type=st.sampled_from([t for t in FilingType if t is not FilingType.EMERGENCY]),
        begin_date=DAYS,
        state=st.sampled_from([s for s in FilingState if s is not FilingState.EXPIRED]),
        ended_from=st.none() | DAYS,
    ),
    max_size=4,
)
STAYS = st.builds(
    stay,
    emergency=st.booleans(),
    state=st.sampled_from(StayState),
    discharge_date=st.none() | st.dates(ADMITTED, date(2026, 3, 31)),
)


@given(STAYS, FILINGS, st.none() | st.sampled_from(WarningState), st.dates(ADMITTED, TODAY))
def test_a_warning_stands_exactly_when_the_match_is_unfiled(one, filings, before, today):
    verdict = warnings.judge(one, filings, before=before, today=today)
    found = decide.match(
        filings,
        insured_region=one.insured_region,
        care_region=one.care_region,
        service_date=one.admission_date,
        until=one.discharge_date or max(today, one.admission_date),
        emergency=one.emergency,
    )
    open_stay = one.state in {StayState.REGISTERED, StayState.DISCHARGED}
    assert (verdict.state in STANDING) is (open_stay and found.level is BenefitLevel.UNFILED)
    again = warnings.judge(one, filings, before=verdict.state, today=today)
    assert again.state is verdict.state


@given(st.builds(stay), FILINGS, st.dates(ADMITTED, TODAY))
def test_nothing_changes_by_time_before_the_due_day(one, filings, today):
    verdict = warnings.judge(one, filings, before=None, today=today)
    for days in range(1, 25):
        day = today + timedelta(days=days)
        later = warnings.judge(one, filings, before=verdict.state, today=day)
        if verdict.due_date is None or day < verdict.due_date:
            assert (later.state, later.due_date) == (verdict.state, verdict.due_date)
        else:
            assert later.state is WarningState.RESOLVED

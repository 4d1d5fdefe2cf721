"""WhatIfFiling says beforehand what MatchFiling says then, for whatever a person has filed."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from services.filing.domain import decide, submitting, what_if
from services.filing.domain.model import (
    Application,
    ApprovalWay,
    BenefitLevel,
    Evidence,
    Filing,
    FilingType,
)
from services.filing.domain.states import FilingState
from services.filing.terms_files import load_terms

PERSON = UUID(int=99)
HOME = "650100"
TODAY = date(2026, 3, 10)
NOW = datetime(2026, 3, 10, 4, tzinfo=UTC)
TERMS = load_terms().of(HOME, TODAY)
TARGETS = ["640100", "640200", "310000", "460000", "460100", "429004"]
PLACES = ["640104", "640181", "640202", "310115", "460105", "429004"]
TYPES = [kind for kind in FilingType if kind is not FilingType.EMERGENCY]
RECORDED = [state for state in FilingState if state is not FilingState.EXPIRED]
RANK = [*BenefitLevel].index
EVIDENCE = {FilingType.REFERRAL: Evidence.REFERRAL_PROOF, FilingType.TEMPORARY: Evidence.NONE}

days = st.integers(-20, 20).map(lambda number: TODAY + timedelta(days=number))


@st.composite
def filings(draw):
    made = []
    for number in range(draw(st.integers(0, 4))):
        kind, state = draw(st.sampled_from(TYPES)), draw(st.sampled_from(RECORDED))
        begin = draw(days)
        ended = state in {FilingState.CANCELLED, FilingState.CHANGED}
        lasts = st.integers(0, 20).map(lambda number, begin=begin: begin + timedelta(days=number))
        long_term = st.sampled_from([Evidence.DOCUMENT, Evidence.COMMITMENT])
        made.append(
            Filing(
                filing_id=UUID(int=number + 1),
                person_id=PERSON,
                insured_region=draw(st.sampled_from([HOME, "650199", "131100"])),
                target_region=draw(st.sampled_from(TARGETS)),
                type=kind,
                begin_date=begin,
                end_date=draw(st.none() | lasts) if kind.long_term else draw(lasts),
                evidence=draw(long_term) if kind.long_term else EVIDENCE[kind],
                create_time=NOW - timedelta(minutes=draw(st.integers(0, 9))),
                create_date=TODAY,
                approval=draw(st.sampled_from(ApprovalWay)),
                state=state,
                ended_from=draw(days) if ended else None,
                documented_from=draw(st.none() | days),
            )
        )
    return made


def matched(held, care, on, *, emergency=False):
    return decide.match(
        held,
        insured_region=HOME,
        care_region=care,
        service_date=on,
        until=on,
        emergency=emergency,
    )


def asked(held, care, on, *, emergency=False):
    question = what_if.Question(HOME, care, on, emergency, TODAY)
    return what_if.what_if(held, question, TERMS, commitments_barred_until=None)


@given(filings(), st.sampled_from(PLACES), days, st.booleans())
def test_what_is_said_beforehand_is_what_the_match_answers(held, care, on, emergency):
    answer = asked(held, care, on, emergency=emergency)
    found = matched(held, care, on, emergency=emergency)
    assert answer.match == found
    assert answer.why.zh == found.reason.zh
    # What each gives alone makes up what they give together.
    alone = [effect.level for effect in answer.effects if effect.counts]
    alone += [BenefitLevel.EMERGENCY] if emergency else []
    assert found.level is min(alone, key=RANK, default=BenefitLevel.UNFILED)
    if found.filing_id is not None:
        (decides,) = (e for e in answer.effects if e.filing.filing_id == found.filing_id)
        assert (decides.counts, decides.level) == (True, found.level)
    # What is not shown cannot count, there or anywhere, on the day or on a later one.
    shown = {effect.filing.filing_id for effect in answer.effects}
    own = [one for one in held if one.insured_region != "131100"]
    for other in (one for one in own if one.filing_id not in shown):
        assert not other.counts_within(on, date.max)


@given(filings(), st.sampled_from(PLACES), days)
def test_a_pending_filing_gives_what_was_said_once_it_is_approved(held, care, on):
    for effect in asked(held, care, on).effects:
        if effect.filing.state is not FilingState.PENDING:
            continue
        assert not effect.counts
        approved = replace(effect.filing, state=FilingState.LIVE)
        assert matched([approved], care, on).level is (effect.level or BenefitLevel.UNFILED)


@given(filings(), st.sampled_from(PLACES), days)
def test_what_is_offered_may_be_filed_and_gives_what_was_promised(held, care, on):
    before = matched(held, care, on).level
    for option in asked(held, care, on).options:
        assert RANK(option.level) < RANK(before)
        for evidence in option.evidence:
            wanted = Application(
                person_id=PERSON,
                insured_region=HOME,
                target_region=what_if.target_of(care, TERMS),
                type=option.type,
                begin_date=on,
                end_date=None,
                evidence=evidence,
            )
            submitting.check_application(wanted, TERMS, today=TODAY, at="filing")
            made = submitting.accept(wanted, TERMS, filing_id=UUID(int=9), now=NOW, today=TODAY)
            assert matched([*held, made], care, on).level is option.level


@given(filings(), st.sampled_from(PLACES), days)
def test_at_home_and_elsewhere_the_two_way_benefit_rests_on_the_same(held, care, on):
    at_home = asked(held, "650104", on).two_way
    # Seen from a place that no filing names, the match tells of the same long-term filings.
    told = matched(held, "540102", on).long_term_evidence
    expected = {
        Evidence.NONE: what_if.TwoWay.NO_LONG_TERM_FILING,
        Evidence.DOCUMENT: what_if.TwoWay.FULL,
        Evidence.COMMITMENT: what_if.TwoWay.AFTER_DOCUMENTS,
    }
    assert at_home is expected[told]
    assert asked(held, care, on).two_way is at_home

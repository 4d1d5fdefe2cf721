"""What filings mean at a place and date, at home too, and what could still be filed."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.filing.domain import changing, decide, submitting, what_if
from services.filing.domain.errors import FilingLocked, FilingNotLive, RegionUnknown
from services.filing.domain.model import (
    Application,
    BenefitLevel,
    Evidence,
    Filing,
    FilingType,
)
from services.filing.domain.states import FilingState
from services.filing.domain.what_if import Question, TwoWay
from services.filing.terms_files import load_terms

PERSON = UUID("0193b000-0000-7000-8000-000000000001")
TODAY = date(2026, 3, 10)
NOW = datetime(2026, 3, 10, 4, tzinfo=UTC)
XINJIANG, YINCHUAN, SHANGHAI, HAIKOU = "650100", "640100", "310000", "460100"
TERMS = load_terms().of(XINJIANG, TODAY)


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


def question(care="640104", **changes):
    asked = Question(XINJIANG, care, service_date=TODAY, emergency=False, today=TODAY)
    return replace(asked, **changes)


def ask(*filings, terms=TERMS, barred=None, **changes):
    return what_if.what_if(filings, question(**changes), terms, commitments_barred_until=barred)


def test_every_filing_says_what_it_gives_there_newest_first():
    settled = filing(1)
    temporary = filing(
        2,
        type=FilingType.TEMPORARY,
        evidence=Evidence.NONE,
        target_region=SHANGHAI,
        end_date=date(2026, 6, 30),
        create_time=datetime(2026, 1, 2, 1, tzinfo=UTC),
    )
    here = ask(settled, temporary)
    assert [effect.filing.filing_id.int for effect in here.effects] == [2, 1]
    assert [effect.counts for effect in here.effects] == [False, True]
    assert [effect.level for effect in here.effects] == [None, BenefitLevel.LONG_TERM]
    assert here.match.level is BenefitLevel.LONG_TERM
    there = ask(settled, temporary, care="310115")
    assert [effect.level for effect in there.effects] == [BenefitLevel.TEMPORARY, None]
    assert there.match.filing_id == temporary.filing_id


def test_a_pending_filing_is_shown_with_what_it_would_give():
    pending = filing(state=FilingState.PENDING)
    (effect,) = ask(pending).effects
    assert (effect.counts, effect.level) == (False, BenefitLevel.LONG_TERM)
    assert "待审核" in effect.why.zh
    assert ask(pending).match.level is BenefitLevel.UNFILED


@pytest.mark.parametrize(
    "changes",
    [
        {"state": FilingState.REFUSED},
        {"state": FilingState.REVOKED},
        {"state": FilingState.CANCELLED, "ended_from": TODAY},
        {"state": FilingState.CANCELLED, "ended_from": date(2026, 1, 1)},
        {"end_date": TODAY - timedelta(days=1)},
        {"insured_region": "650200"},
    ],
)
def test_what_can_no_longer_count_is_not_shown(changes):
    assert ask(filing(**changes)).effects == ()


def test_what_counts_later_is_shown():
    (effect,) = ask(filing(begin_date=TODAY + timedelta(days=9))).effects
    assert (effect.counts, effect.level) == (False, None)


def test_a_locked_filing_may_not_be_changed_today():
    (effect,) = ask(filing(locked_until=TODAY + timedelta(days=1))).effects
    assert not effect.may_change
    (effect,) = ask(filing(locked_until=TODAY)).effects
    assert effect.may_change


@given(
    st.sampled_from([s for s in FilingState if s is not FilingState.EXPIRED]),
    st.none() | st.dates(date(2026, 3, 1), date(2026, 3, 20)),
    st.none() | st.dates(date(2026, 3, 1), date(2026, 3, 20)),
)
def test_what_may_be_changed_is_what_can_be_cancelled(state, locked_until, end_date):
    one = filing(state=state, locked_until=locked_until, end_date=end_date)
    try:
        changing.cancel_filing(one, now=NOW, today=TODAY)
    except (FilingNotLive, FilingLocked):
        allowed = False
    else:
        allowed = True
    assert what_if.may_change(one, TODAY) is allowed


def test_care_at_home_knows_no_level_but_the_two_way_benefit():
    nobody = ask(care="650104")
    assert (nobody.match, nobody.two_way) == (None, TwoWay.NO_LONG_TERM_FILING)
    assert "第二条" in nobody.why.zh
    documented = ask(filing(), care="650104")
    assert documented.two_way is TwoWay.FULL
    committed = ask(filing(evidence=Evidence.COMMITMENT), care="650104")
    assert committed.two_way is TwoWay.AFTER_DOCUMENTS
    assert "补齐" in committed.why.zh
    (effect,) = committed.effects
    assert (effect.counts, effect.level) == (False, None)
    assert nobody.options == committed.options == ()


def test_papers_handed_in_later_open_the_benefit_at_home():
    supplemented = filing(evidence=Evidence.COMMITMENT, documented_from=TODAY)
    assert ask(supplemented, care="650104").two_way is TwoWay.FULL
    yesterday = TODAY - timedelta(days=1)
    before = ask(supplemented, care="650104", service_date=yesterday)
    assert before.two_way is TwoWay.AFTER_DOCUMENTS


def test_a_referral_gives_no_benefit_at_home():
    referral = filing(type=FilingType.REFERRAL, end_date=date(2026, 12, 31))
    assert ask(referral, care="650104").two_way is TwoWay.NO_LONG_TERM_FILING


def test_what_could_still_be_filed_is_better_and_best_first():
    options = ask().options
    assert [option.level for option in options] == [
        *[BenefitLevel.LONG_TERM] * 3,
        BenefitLevel.REFERRAL,
        BenefitLevel.TEMPORARY,
    ]
    assert options[0].evidence == (Evidence.DOCUMENT, Evidence.COMMITMENT)
    assert options[3].evidence == (Evidence.REFERRAL_PROOF,)
    assert options[4].evidence == (Evidence.NONE,)
    assert all("银川市（640100）" in option.what.zh for option in options)
    temporary = filing(type=FilingType.TEMPORARY, end_date=date(2026, 6, 30))
    assert {option.level for option in ask(temporary).options} == {
        BenefitLevel.LONG_TERM,
        BenefitLevel.REFERRAL,
    }
    assert BenefitLevel.TEMPORARY not in {o.level for o in ask(emergency=True).options}
    assert ask(filing()).options == ()


def test_who_was_referred_there_before_needs_no_new_proof_for_the_same_disease():
    ended = filing(type=FilingType.REFERRAL, end_date=TODAY - timedelta(days=1))
    referral = next(o for o in ask(ended).options if o.type is FilingType.REFERRAL)
    assert "同一疾病再次住院" in referral.what.zh
    for other in (
        replace(ended, target_region=SHANGHAI),
        replace(ended, state=FilingState.REVOKED),
    ):
        referral = next(o for o in ask(other).options if o.type is FilingType.REFERRAL)
        assert "同一疾病再次住院" not in referral.what.zh


def test_whoever_committed_falsely_must_bring_papers():
    barred = ask(barred=TODAY + timedelta(days=1)).options[0]
    assert barred.evidence == (Evidence.DOCUMENT,)
    assert "个人承诺书" not in barred.what.zh
    assert Evidence.COMMITMENT in ask(barred=TODAY).options[0].evidence


def test_nothing_is_offered_for_a_day_too_far_back():
    terms = replace(TERMS, retroactive_days_long_term=3, retroactive_days_temporary=0)
    back = ask(terms=terms, service_date=TODAY - timedelta(days=3)).options
    assert {option.level for option in back} == {BenefitLevel.LONG_TERM}
    assert ask(terms=terms, service_date=TODAY - timedelta(days=4)).options == ()


@pytest.mark.parametrize(
    ("care", "target"),
    [("640104", YINCHUAN), ("310115", SHANGHAI), ("429004", "429004")],
)
def test_the_target_is_one_that_may_be_filed_for(care, target):
    assert what_if.target_of(care, TERMS) == target
    assert submitting.is_target(target, TERMS)


def test_a_province_that_may_be_named_as_a_whole_is():
    whole = replace(TERMS, province_level_targets=frozenset({"460000"}))
    assert what_if.target_of("460105", whole) == "460000"
    apart = replace(TERMS, province_level_targets=frozenset())
    assert what_if.target_of("460105", apart) == HAIKOU


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"insured_region": "659999"}, "insured_region_code"),
        ({"care": "649999"}, "care_region_code"),
    ],
)
def test_an_unknown_region_is_refused(changes, field):
    with pytest.raises(RegionUnknown) as caught:
        ask(**changes)
    assert caught.value.violations[0].field == field


@given(
    st.sampled_from([None, *(t for t in FilingType if t is not FilingType.EMERGENCY)]),
    st.sampled_from(["640104", "310115", "429004", "110101", "460105"]),
    st.integers(-40, 40),
)
def test_an_option_once_filed_gives_what_it_promises(kind, care, days):
    held = [] if kind is None else [filing(type=kind, target_region=SHANGHAI)]
    asked = question(care=care, service_date=TODAY + timedelta(days=days))
    answer = what_if.what_if(held, asked, TERMS, commitments_barred_until=None)
    for option in answer.options:
        wanted = Application(
            person_id=PERSON,
            insured_region=XINJIANG,
            target_region=what_if.target_of(care, TERMS),
            type=option.type,
            begin_date=asked.service_date,
            end_date=None,
            evidence=option.evidence[0],
        )
        made = submitting.accept(wanted, TERMS, filing_id=UUID(int=9), now=NOW, today=TODAY)
        made = replace(made, state=FilingState.LIVE)
        found = decide.match(
            [*held, made],
            insured_region=XINJIANG,
            care_region=care,
            service_date=asked.service_date,
            until=asked.service_date,
            emergency=False,
        )
        assert (found.level, found.filing_id) == (option.level, made.filing_id)

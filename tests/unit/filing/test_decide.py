"""Which level filings give where, and which areas they cover."""

from dataclasses import replace
from datetime import date, timedelta
from itertools import permutations
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.filing.domain import decide
from services.filing.domain.decide import Reason
from services.filing.domain.errors import NotCrossProvince, RegionUnknown
from services.filing.domain.model import BenefitLevel, Evidence, FilingType
from services.filing.domain.states import FilingState
from tests.unit.filing.filing_samples import (
    DAY,
    LONG_TERM,
    SHANGHAI,
    XINJIANG,
    YINCHUAN,
    cancelled,
    filing,
    pending,
)


def matched(*filings, care="640104", on=DAY, until=None, emergency=False, insured=XINJIANG):
    return decide.match(
        filings,
        insured_region=insured,
        care_region=care,
        service_date=on,
        until=until or on,
        emergency=emergency,
    )


def test_codes_of_the_six_types():
    assert [t.value for t in FilingType] == ["11", "12", "13", "21", "22", "23"]
    assert [t for t in FilingType if t.long_term] == list(LONG_TERM)


@pytest.mark.parametrize(
    ("target", "care", "covered"),
    [
        ("640100", "640104", True),
        ("640100", "640100", True),
        ("640100", "640199", True),
        ("640100", "640202", False),
        ("310000", "310115", True),
        ("310000", "320500", False),
        ("460000", "460100", True),
        ("460100", "460200", False),
        ("429004", "429004", True),
        ("429004", "429005", False),
    ],
)
def test_which_care_regions_a_filing_covers(target, care, covered):
    assert decide.covers(target, care) is covered


@pytest.mark.parametrize("filing_type", LONG_TERM)
def test_long_term_at_the_filed_place_is_as_at_home(filing_type):
    found = matched(filing(7, type=filing_type), emergency=True)
    assert found.level is BenefitLevel.LONG_TERM
    assert found.filing_id == UUID(int=7)
    assert found.reason.article == "第七条、第十条"


def test_a_settled_person_referred_elsewhere_follows_the_referral():
    settled = filing(1)
    referral = filing(2, type=FilingType.REFERRAL, target_region=SHANGHAI)
    found = matched(settled, referral, care="310115")
    assert (found.level, found.filing_id) == (BenefitLevel.REFERRAL, UUID(int=2))
    assert found.reason is Reason.REFERRED_FROM_LONG_TERM_PLACE
    assert matched(settled, referral).level is BenefitLevel.LONG_TERM
    assert matched(referral, care="310115").reason is Reason.REFERRED_TO_PLACE


@pytest.mark.parametrize(
    ("held", "level"),
    [
        ([FilingType.RETIRED_SETTLED, FilingType.REFERRAL, FilingType.TEMPORARY], "LONG_TERM"),
        ([FilingType.REFERRAL, FilingType.TEMPORARY], "REFERRAL"),
        ([FilingType.TEMPORARY], "EMERGENCY"),
        ([], "EMERGENCY"),
    ],
)
def test_precedence_holds_in_any_order(held, level):
    for order in permutations(held):
        filings = [filing(n, type=t) for n, t in enumerate(order, start=1)]
        assert matched(*filings, emergency=True).level.value == level


def test_an_emergency_is_deemed_filed():
    found = matched(emergency=True)
    assert (found.level, found.filing_id) == (BenefitLevel.EMERGENCY, None)
    assert found.reason.article == "第八条、第三十四条"
    # Who filed must not fare worse than who did not.
    temporary = filing(type=FilingType.TEMPORARY, end_date=date(2026, 6, 30))
    assert matched(temporary, emergency=True).level is BenefitLevel.EMERGENCY
    assert matched(temporary).level is BenefitLevel.TEMPORARY


@pytest.mark.parametrize(
    ("filings", "reason"),
    [
        ([], Reason.NOT_FILED),
        ([filing(target_region="640200")], Reason.FILED_FOR_ANOTHER_PLACE),
        ([filing(begin_date=DAY + timedelta(days=1))], Reason.FILING_NOT_IN_FORCE),
        ([filing(end_date=DAY - timedelta(days=1))], Reason.FILING_NOT_IN_FORCE),
        ([cancelled(filing(), DAY)], Reason.FILING_NOT_IN_FORCE),
        ([filing(insured_region="131100")], Reason.NOT_FILED),
        ([pending(filing())], Reason.FILING_PENDING),
        ([pending(filing(1)), cancelled(filing(2), DAY)], Reason.FILING_PENDING),
        ([replace(filing(), state=FilingState.REFUSED)], Reason.FILING_REFUSED),
        ([replace(filing(), state=FilingState.REVOKED)], Reason.FILING_REVOKED),
        (
            [replace(filing(1), state=FilingState.REVOKED), filing(2, end_date=date(2026, 2, 1))],
            Reason.FILING_NOT_IN_FORCE,
        ),
        ([pending(filing(target_region=SHANGHAI))], Reason.NOT_FILED),
    ],
)
def test_why_it_counts_as_unfiled(filings, reason):
    found = matched(*filings)
    assert (found.level, found.filing_id, found.reason) == (BenefitLevel.UNFILED, None, reason)


def test_a_cancelled_filing_counts_for_care_before_the_cancellation():
    held = cancelled(filing(), DAY)
    assert held.state is FilingState.CANCELLED
    assert matched(held, on=DAY - timedelta(days=1)).level is BenefitLevel.LONG_TERM
    assert matched(held, on=DAY).level is BenefitLevel.UNFILED
    # Cancelled on the day it was to begin: it never counted.
    never = cancelled(filing(begin_date=DAY), DAY)
    assert matched(never, on=DAY - timedelta(days=5), until=DAY).level is BenefitLevel.UNFILED


def test_a_filing_made_during_the_stay_counts():
    late = filing(begin_date=DAY + timedelta(days=3))
    assert matched(late, on=DAY, until=DAY + timedelta(days=3)).level is BenefitLevel.LONG_TERM
    assert matched(late, on=DAY, until=DAY + timedelta(days=2)).level is BenefitLevel.UNFILED


def test_a_filing_that_ends_during_the_stay_counts():
    ending = filing(type=FilingType.TEMPORARY, end_date=DAY)
    assert matched(ending, until=DAY + timedelta(days=30)).level is BenefitLevel.TEMPORARY


def test_the_insured_region_is_compared_by_pooling_area():
    assert matched(filing(insured_region="650199")).level is BenefitLevel.LONG_TERM


def test_papers_that_came_later_count_from_that_day():
    held = filing(
        target_region=SHANGHAI, evidence=Evidence.COMMITMENT, documented_from=date(2026, 3, 5)
    )
    assert matched(held, on=date(2026, 3, 4)).long_term_evidence is Evidence.COMMITMENT
    assert matched(held, on=date(2026, 3, 5)).long_term_evidence is Evidence.DOCUMENT


def test_the_newest_of_several_decides():
    older, newer = filing(1), filing(2, begin_date=date(2026, 2, 1))
    assert matched(older, newer).filing_id == matched(newer, older).filing_id == UUID(int=2)


@pytest.mark.parametrize(
    ("insured", "care", "error"),
    [
        ("659999", "640104", RegionUnknown),
        ("650100", "640105199", RegionUnknown),
        ("650100", "650104", NotCrossProvince),
    ],
)
def test_places_of_a_match_are_checked(insured, care, error):
    with pytest.raises(error):
        decide.check_places(insured_region=insured, care_region=care)


def test_every_reason_cites_its_article_in_both_languages():
    for reason in Reason:
        assert reason.article.split("、")[0] in reason.zh
        assert "规程" in reason.zh
        assert "(Art. " in reason.en


FILINGS = st.lists(
    st.builds(
        filing,
        st.integers(1, 50),
        type=st.sampled_from([t for t in FilingType if t is not FilingType.EMERGENCY]),
        target_region=st.sampled_from([YINCHUAN, "640200", SHANGHAI]),
        begin_date=st.dates(date(2026, 1, 1), date(2026, 6, 1)),
        end_date=st.none() | st.dates(date(2026, 6, 1), date(2026, 12, 1)),
    ),
    max_size=6,
)


@given(FILINGS, st.dates(date(2025, 12, 1), date(2027, 1, 1)), st.booleans())
def test_another_filing_never_lowers_the_level(filings, on, emergency):
    rank = list(BenefitLevel)
    levels = [
        rank.index(matched(*filings[:n], on=on, emergency=emergency).level)
        for n in range(len(filings) + 1)
    ]
    assert levels == sorted(levels, reverse=True)


@given(FILINGS, st.dates(date(2025, 12, 1), date(2027, 1, 1)), st.integers(0, 40))
def test_a_longer_stay_never_lowers_the_level(filings, on, days):
    rank = list(BenefitLevel)
    short = matched(*filings, on=on)
    longer = matched(*filings, on=on, until=on + timedelta(days=days))
    assert rank.index(longer.level) <= rank.index(short.level)


@pytest.mark.parametrize(
    ("filings", "evidence"),
    [
        ((), Evidence.NONE),
        # For the place of care itself, or no long-term filing.
        ((filing(),), Evidence.NONE),
        (
            (
                filing(
                    target_region=SHANGHAI,
                    type=FilingType.REFERRAL,
                    evidence=Evidence.REFERRAL_PROOF,
                ),
            ),
            Evidence.NONE,
        ),
        (
            (
                filing(
                    target_region=SHANGHAI, type=FilingType.TEMPORARY, evidence=Evidence.DOCUMENT
                ),
            ),
            Evidence.NONE,
        ),
        *(((filing(target_region=SHANGHAI, type=kind),), Evidence.DOCUMENT) for kind in LONG_TERM),
        (
            (filing(target_region=SHANGHAI, evidence=Evidence.COMMITMENT),),
            Evidence.COMMITMENT,
        ),
        # Of several the documented one, in either order.
        (
            (
                filing(1, target_region=SHANGHAI, evidence=Evidence.COMMITMENT),
                filing(2, target_region="440300", evidence=Evidence.DOCUMENT),
            ),
            Evidence.DOCUMENT,
        ),
        (
            (
                filing(2, target_region="440300", evidence=Evidence.DOCUMENT),
                filing(1, target_region=SHANGHAI, evidence=Evidence.COMMITMENT),
            ),
            Evidence.DOCUMENT,
        ),
        # Not in force on the day: begins the day after, ended the day before, cancelled that day.
        ((filing(target_region=SHANGHAI, begin_date=date(2026, 3, 11)),), Evidence.NONE),
        ((filing(target_region=SHANGHAI, begin_date=DAY),), Evidence.DOCUMENT),
        ((filing(target_region=SHANGHAI, end_date=date(2026, 3, 9)),), Evidence.NONE),
        ((filing(target_region=SHANGHAI, end_date=DAY),), Evidence.DOCUMENT),
        ((cancelled(filing(target_region=SHANGHAI), DAY),), Evidence.NONE),
        ((cancelled(filing(target_region=SHANGHAI), date(2026, 3, 11)),), Evidence.DOCUMENT),
        # Of another insured region; the city's own agency is the same one.
        ((filing(target_region=SHANGHAI, insured_region="131100"),), Evidence.NONE),
        ((filing(target_region=SHANGHAI, insured_region="650199"),), Evidence.DOCUMENT),
    ],
)
def test_what_a_long_term_filing_for_another_place_rests_on(filings, evidence):
    assert matched(*filings).long_term_evidence is evidence


def test_a_filing_made_during_the_stay_is_no_long_term_filing_at_its_begin():
    later = filing(target_region=SHANGHAI, begin_date=date(2026, 3, 12))
    assert matched(later, until=date(2026, 3, 20)).long_term_evidence is Evidence.NONE


def test_the_evidence_is_told_in_every_level():
    elsewhere = filing(1, target_region=SHANGHAI, evidence=Evidence.COMMITMENT)
    for here, level in (
        (filing(2), BenefitLevel.LONG_TERM),
        (
            filing(2, type=FilingType.REFERRAL, evidence=Evidence.REFERRAL_PROOF),
            BenefitLevel.REFERRAL,
        ),
        (filing(2, type=FilingType.TEMPORARY), BenefitLevel.TEMPORARY),
        (elsewhere, BenefitLevel.UNFILED),
    ):
        found = matched(here, elsewhere)
        assert (found.level, found.long_term_evidence) == (level, Evidence.COMMITMENT)
    found = matched(elsewhere, emergency=True)
    assert (found.level, found.long_term_evidence) == (BenefitLevel.EMERGENCY, Evidence.COMMITMENT)

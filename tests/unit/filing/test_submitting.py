"""What may be filed: places, evidence, dates, readmission, and how it is decided."""

from dataclasses import replace
from datetime import date, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.filing.domain import submitting
from services.filing.domain.errors import (
    CommitmentBarred,
    EvidenceMissing,
    FieldInvalid,
    FilingOfAnotherProvince,
    FilingTooLate,
    InsuranceNotInForce,
    NotCrossProvince,
    PersonUnknown,
    RegionUnknown,
)
from services.filing.domain.model import (
    ApprovalWay,
    Channel,
    Details,
    Evidence,
    FilingType,
)
from services.filing.domain.model import EvidenceKind as K
from services.filing.domain.reasons import StateReason
from services.filing.domain.states import FilingState
from services.filing.domain.submitting import Previous, Standing
from tests.unit.filing.filing_samples import (
    DAY,
    DISEASE,
    EVIDENCE,
    LONG_TERM,
    NATIONAL_TERMS,
    NOW,
    SHANGHAI,
    application,
    filing,
    papers,
    referral,
    terms,
)

HOUSEHOLD = Details(documents=papers(K.HOUSEHOLD_REGISTER))


def check(wanted, region=NATIONAL_TERMS, today=DAY):
    submitting.check_application(wanted, region, today=today, at="filing")


def accepted(wanted, region=NATIONAL_TERMS):
    return submitting.accept(wanted, region, filing_id=UUID(int=1), now=NOW, today=DAY)


@pytest.mark.parametrize(
    ("target", "allowed"),
    [
        ("640100", True),
        ("640104", False),  # a county of a prefecture
        ("640000", False),  # a province that must be filed for by prefecture
        ("310000", True),
        ("310100", False),  # a municipality is one area
        ("310115", False),
        ("460000", True),
        ("460100", True),
        ("540000", True),
        ("660000", True),
        ("429000", False),  # governs nothing
        ("429004", True),
        ("441900", True),
        ("131199", False),  # an agency, no place
    ],
)
def test_which_areas_may_be_filed_for(target, allowed):
    assert submitting.is_target(target, NATIONAL_TERMS) is allowed


@pytest.mark.parametrize(
    ("changes", "error", "field"),
    [
        ({"insured_region": "659999"}, RegionUnknown, "insured_region_code"),
        ({"target_region": "649999"}, RegionUnknown, "target_region_code"),
        ({"target_region": "652300"}, NotCrossProvince, "target_region_code"),
        ({"target_region": "640104"}, FieldInvalid, "target_region_code"),
        ({"type": FilingType.EMERGENCY}, FieldInvalid, "type"),
        ({"referring_institution": "H65010000001"}, FieldInvalid, "referring_institution_code"),
        ({"details": Details(diagnosis=DISEASE)}, FieldInvalid, "diagnosis_code"),
        ({"previous_filing_id": UUID(int=9)}, FieldInvalid, "previous_filing_id"),
        ({"details": Details(documents=papers(K.WORK_CONTRACT))}, EvidenceMissing, "documents"),
        (
            {"evidence": Evidence.COMMITMENT, "details": HOUSEHOLD},
            EvidenceMissing,
            "documents",
        ),
    ],
)
def test_an_application_is_refused_with_the_field(changes, error, field):
    with pytest.raises(error) as caught:
        check(application(**changes))
    assert [violation.field for violation in caught.value.violations] == [f"filing.{field}"]


@pytest.mark.parametrize(
    ("filing_type", "accepted"),
    [
        *((t, {Evidence.DOCUMENT, Evidence.COMMITMENT}) for t in LONG_TERM),
        (FilingType.REFERRAL, {Evidence.REFERRAL_PROOF}),
        (FilingType.TEMPORARY, set(Evidence)),
    ],
)
def test_evidence_of_article_8(filing_type, accepted):
    for evidence in Evidence:
        wanted = application(type=filing_type, evidence=evidence)
        if evidence in accepted:
            check(wanted)
        else:
            with pytest.raises(EvidenceMissing):
                check(wanted)


@pytest.mark.parametrize("filing_type", LONG_TERM)
def test_long_term_filings_are_open_ended(filing_type):
    wanted = application(type=filing_type)
    assert submitting.last_day_of(wanted, NATIONAL_TERMS, at="filing") is None
    stated = replace(wanted, end_date=date(2026, 2, 1))
    assert submitting.last_day_of(stated, NATIONAL_TERMS, at="filing") == date(2026, 2, 1)


@pytest.mark.parametrize("filing_type", [FilingType.REFERRAL, FilingType.TEMPORARY])
@pytest.mark.parametrize(
    ("begin", "months", "last"),
    [
        (date(2026, 1, 1), 6, date(2026, 6, 30)),
        (date(2025, 8, 31), 6, date(2026, 2, 27)),
        (date(2026, 1, 1), 12, date(2026, 12, 31)),
    ],
)
def test_temporary_filings_last_as_the_region_says(filing_type, begin, months, last):
    region = terms(temporary_months=months)
    wanted = application(type=filing_type, begin_date=begin)
    assert submitting.last_day_of(wanted, region, at="filing") == last
    longer = replace(wanted, end_date=last + timedelta(days=30))
    assert submitting.last_day_of(longer, region, at="filing") == longer.end_date
    shorter = replace(wanted, end_date=last - timedelta(days=1))
    with pytest.raises(FieldInvalid) as caught:
        submitting.last_day_of(shorter, region, at="filing")
    assert caught.value.violations[0].field == "filing.end_date"


def test_impossible_dates_are_refused():
    backwards = application(end_date=date(2025, 12, 31))
    with pytest.raises(FieldInvalid):
        submitting.last_day_of(backwards, NATIONAL_TERMS, at="filing")
    endless = application(type=FilingType.TEMPORARY, begin_date=date(9999, 12, 1))
    with pytest.raises(FieldInvalid) as caught:
        submitting.last_day_of(endless, NATIONAL_TERMS, at="filing")
    assert caught.value.violations[0].field == "filing.begin_date"


@given(st.dates(date(1950, 1, 1), date(2100, 1, 1)), st.integers(0, 60))
def test_added_months_land_in_the_right_month(day, months):
    later = submitting.add_months(day, months)
    assert (later.year - day.year) * 12 + later.month - day.month == months
    assert later.day <= day.day


@pytest.mark.parametrize(
    ("kind", "proofs"),
    [
        (FilingType.RETIRED_SETTLED, {K.HOUSEHOLD_REGISTER}),
        (FilingType.LONG_TERM_RESIDENT, {K.RESIDENCE_PROOF}),
        (FilingType.POSTED_WORKER, {K.POSTING_PROOF, K.EMPLOYER_PROOF, K.WORK_CONTRACT}),
    ],
)
def test_the_papers_that_prove_each_long_term_type(kind, proofs):
    for paper in K:
        documents = papers(K.COMMITMENT_LETTER, paper)
        assert submitting.proves(kind, documents) is (paper in proofs)
        wanted = application(type=kind, details=Details(documents=papers(paper)))
        if paper in proofs:
            check(wanted)
        else:
            with pytest.raises(EvidenceMissing):
                check(wanted)


@pytest.mark.parametrize(
    "wanted",
    [
        application(evidence=Evidence.COMMITMENT),
        application(),
        referral(details=Details(diagnosis=DISEASE)),
    ],
)
def test_papers_need_not_be_listed_unless_the_region_says_so(wanted):
    check(wanted)
    strict = terms(documents_required=frozenset({Channel.APP}))
    check(wanted, strict)
    with pytest.raises(EvidenceMissing) as caught:
        check(replace(wanted, channel=Channel.APP), strict)
    assert caught.value.violations[0].field == "filing.documents"


def test_a_temporary_stay_needs_no_paper_by_any_channel():
    strict = terms(documents_required=frozenset(Channel))
    for channel in Channel:
        check(
            application(type=FilingType.TEMPORARY, evidence=Evidence.NONE, channel=channel), strict
        )


@pytest.mark.parametrize("target", ["460000", "540000", "660000"])
def test_a_region_that_does_not_file_for_whole_provinces(target):
    wanted = application(target_region=target)
    check(wanted)
    with pytest.raises(FieldInvalid):
        check(wanted, terms(province_level_targets=frozenset()))
    check(application(target_region=SHANGHAI), terms(province_level_targets=frozenset()))


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        *((kind, "retroactive_days_long_term") for kind in LONG_TERM),
        (FilingType.REFERRAL, "retroactive_days_temporary"),
        (FilingType.TEMPORARY, "retroactive_days_temporary"),
    ],
)
def test_how_far_back_a_filing_may_begin(kind, name):
    region = terms(**{name: 30})
    wanted = application(type=kind, evidence=EVIDENCE[kind])
    check(replace(wanted, begin_date=DAY - timedelta(days=30)), region)
    with pytest.raises(FilingTooLate) as caught:
        check(replace(wanted, begin_date=DAY - timedelta(days=31)), region)
    assert caught.value.metadata == {"earliestDate": "2026-02-08"}
    assert caught.value.violations[0].field == "filing.begin_date"
    check(replace(wanted, begin_date=date(1999, 1, 1)), terms(**{name: None}))


def test_by_the_national_sample_only_long_term_filings_go_back_for_years():
    check(application(begin_date=date(2016, 6, 1)))
    with pytest.raises(FilingTooLate):
        check(referral(begin_date=date(2016, 6, 1)))


# --- what others know ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("begin", "end", "asked"),
    [
        (date(2026, 1, 1), None, DAY),
        (DAY + timedelta(days=9), None, DAY + timedelta(days=9)),
        (date(2025, 1, 1), date(2025, 12, 31), date(2025, 12, 31)),
    ],
)
def test_the_day_on_which_the_insurance_must_be_in_force(begin, end, asked):
    wanted = application(begin_date=begin, end_date=end)
    assert submitting.insured_day(wanted, today=DAY) == asked


@pytest.mark.parametrize(
    ("standing", "error", "reason", "field"),
    [
        (Standing.UNKNOWN, PersonUnknown, "RESOURCE_NOT_FOUND", "person_id"),
        (
            Standing.ELSEWHERE,
            FilingOfAnotherProvince,
            "FILING_OF_ANOTHER_PROVINCE",
            "insured_region_code",
        ),
        (
            Standing.NOT_IN_FORCE,
            InsuranceNotInForce,
            "INSURANCE_NOT_IN_FORCE",
            "insured_region_code",
        ),
    ],
)
def test_who_is_not_insured_there(standing, error, reason, field):
    with pytest.raises(error) as caught:
        submitting.check_standing(standing, at="filing")
    assert caught.value.reason == reason
    assert caught.value.violations[0].field == f"filing.{field}"
    submitting.check_standing(Standing.IN_FORCE, at="filing")


def test_a_barred_commitment():
    wanted = application(evidence=Evidence.COMMITMENT)
    until = DAY + timedelta(days=1)
    with pytest.raises(CommitmentBarred) as caught:
        submitting.check_bar(wanted, barred_until=until, today=DAY, at="filing")
    assert caught.value.metadata == {"untilDate": "2026-03-11"}
    submitting.check_bar(wanted, barred_until=DAY, today=DAY, at="filing")
    submitting.check_bar(wanted, barred_until=None, today=DAY, at="filing")
    submitting.check_bar(application(), barred_until=until, today=DAY, at="filing")


EARLIER = filing(
    9, type=FilingType.REFERRAL, evidence=Evidence.REFERRAL_PROOF, end_date=date(2026, 6, 30)
)
READMISSION = referral(
    evidence=Evidence.NONE,
    previous_filing_id=EARLIER.filing_id,
    details=Details(diagnosis="I63.801"),
)


def continues(wanted=READMISSION, earlier=EARLIER, disease=DISEASE):
    previous = None if earlier is None else Previous(earlier, Details(diagnosis=disease))
    submitting.check_previous(wanted, previous, at="filing")


def test_a_readmission_for_the_same_disease_needs_no_new_proof():
    check(READMISSION)
    continues()
    continues(earlier=replace(EARLIER, end_date=date(2026, 1, 31)))
    continues(replace(READMISSION, insured_region="650199"))
    strict = terms(documents_required=frozenset(Channel))
    check(READMISSION, strict)
    assert accepted(READMISSION).previous_filing_id == EARLIER.filing_id


def test_by_the_window_an_officer_is_named_where_another_one_decides():
    looked_at = terms(
        approval={
            **NATIONAL_TERMS.approval,
            (Channel.WINDOW, Evidence.DOCUMENT): ApprovalWay.OFFICER,
            (Channel.APP, Evidence.DOCUMENT): ApprovalWay.OFFICER,
        }
    )
    with pytest.raises(FieldInvalid) as caught:
        check(application(), looked_at)
    assert caught.value.violations[0].field == "filing.maker_id"
    check(application(maker_id="A"), looked_at)
    check(application(channel=Channel.APP), looked_at)
    check(application())


def test_a_readmission_says_which_disease():
    with pytest.raises(FieldInvalid) as caught:
        check(replace(READMISSION, details=Details()))
    assert caught.value.violations[0].field == "filing.diagnosis_code"


@pytest.mark.parametrize(
    "changes",
    [
        {"earlier": None},
        {"disease": ""},
        {"disease": "I64.x00"},
        {"earlier": replace(EARLIER, target_region=SHANGHAI)},
        {"earlier": replace(EARLIER, person_id=UUID(int=77))},
        {"earlier": replace(EARLIER, insured_region="131100")},
        {"earlier": replace(EARLIER, type=FilingType.TEMPORARY)},
        {"earlier": replace(EARLIER, begin_date=date(2026, 2, 1))},
        # Changed before it began: it was never in force.
        {"earlier": replace(EARLIER, state=FilingState.CHANGED, ended_from=EARLIER.begin_date)},
        *(
            {"earlier": replace(EARLIER, state=state)}
            for state in (
                FilingState.PENDING,
                FilingState.REFUSED,
                FilingState.CANCELLED,
                FilingState.REVOKED,
            )
        ),
    ],
)
def test_what_is_no_readmission(changes):
    with pytest.raises(EvidenceMissing) as caught:
        continues(**changes)
    assert caught.value.violations[0].field == "filing.previous_filing_id"


def test_with_a_proof_of_its_own_it_must_still_continue_what_it_names():
    wanted = referral(previous_filing_id=EARLIER.filing_id)
    check(wanted)
    with pytest.raises(EvidenceMissing):
        continues(wanted, earlier=None)


# --- what comes of it ---------------------------------------------------------------------------


def test_by_the_national_sample_every_channel_decides_by_rule():
    for channel in Channel:
        for kind, evidence in EVIDENCE.items():
            made = accepted(application(type=kind, evidence=evidence, channel=channel))
            assert (made.state, made.approval) == (FilingState.LIVE, ApprovalWay.RULE)
            assert made.state_reason is StateReason.APPROVED_BY_RULE
            assert made.sample_terms


@pytest.mark.parametrize(
    ("way", "state", "reason"),
    [
        (ApprovalWay.RULE, FilingState.LIVE, StateReason.APPROVED_BY_RULE),
        (ApprovalWay.OFFICER, FilingState.PENDING, StateReason.AWAITS_OFFICER),
        (ApprovalWay.PROVINCE_SYSTEM, FilingState.PENDING, StateReason.AWAITS_PROVINCE_SYSTEM),
    ],
)
def test_the_terms_say_who_decides_by_channel_and_evidence(way, state, reason):
    approval = {**NATIONAL_TERMS.approval, (Channel.APP, Evidence.COMMITMENT): way}
    region = terms(approval=approval)
    by_app = application(evidence=Evidence.COMMITMENT, channel=Channel.APP)
    made = accepted(by_app, region)
    assert (made.state, made.approval, made.state_reason) == (state, way, reason)
    for other in (
        replace(by_app, channel=Channel.ONLINE),
        replace(by_app, evidence=EVIDENCE[by_app.type]),
    ):
        assert accepted(other, region).state is FilingState.LIVE


def test_a_long_term_filing_is_locked_as_the_region_says():
    region = terms(change_lock_months=6)
    assert accepted(application(), region).locked_until == date(2026, 9, 10)
    assert accepted(referral(), region).locked_until is None
    assert accepted(application()).locked_until is None


def test_what_is_filed_by_known_terms_is_no_sample():
    known = terms(samples=frozenset())
    assert not accepted(application(), known).sample_terms
    assert not accepted(application(), terms(samples=frozenset({"temporary_months"}))).sample_terms
    assert accepted(referral(), terms(samples=frozenset({"temporary_months"}))).sample_terms


def test_every_reason_of_a_state_cites_its_article_in_both_languages():
    for reason in StateReason:
        assert reason.article.split("、")[0] in reason.zh
        assert "规程" in reason.zh
        assert "(Art. " in reason.en

"""What becomes of a filing: who may decide, cancel, change, supplement, revoke it, and when."""

from dataclasses import replace
from datetime import date, timedelta
from uuid import UUID

import pytest

from services.filing.domain import changing
from services.filing.domain.errors import (
    CommitmentBarred,
    EvidenceMissing,
    FieldInvalid,
    FilingLocked,
    FilingNotLive,
    FilingStateForbids,
    SameOfficer,
)
from services.filing.domain.model import (
    COUNTING,
    ApprovalWay,
    Channel,
    Evidence,
    EvidenceKind,
    FilingType,
)
from services.filing.domain.reasons import StateReason
from services.filing.domain.states import ALLOWED, INITIAL, FilingState
from tests.unit.filing.filing_samples import (
    DAY,
    NOW,
    SHANGHAI,
    application,
    cancelled,
    filing,
    papers,
    pending,
    terms,
)

EVER = (date(2000, 1, 1), date(2100, 1, 1))
ENDED = filing(end_date=DAY - timedelta(days=1))
COMMITTED = filing(evidence=Evidence.COMMITMENT)


def decided(held, *, approve=True, checker_id="B", by_system=False, barred_until=None):
    return changing.decide_filing(
        held,
        approve=approve,
        checker_id=checker_id,
        by_system=by_system,
        barred_until=barred_until,
        now=NOW,
        today=DAY,
    )


def supplement(held, documents, region=None, maker_id=""):
    return changing.supplement_filing(
        held, documents, region or terms(), maker_id=maker_id, today=DAY
    )


def cancel(held, today=DAY):
    return changing.cancel_filing(held, now=NOW, today=today)


def revoke(held, maker_id="A", checker_id="B", region=None):
    return changing.revoke_filing(
        held, region or terms(), maker_id=maker_id, checker_id=checker_id, now=NOW, today=DAY
    )


# --- decisions ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("way", "by_system", "approve", "state", "reason"),
    [
        (ApprovalWay.OFFICER, False, True, "LIVE", StateReason.APPROVED_BY_OFFICER),
        (ApprovalWay.OFFICER, False, False, "REFUSED", StateReason.REFUSED_BY_OFFICER),
        (ApprovalWay.PROVINCE_SYSTEM, True, True, "LIVE", StateReason.APPROVED_BY_SYSTEM),
        (ApprovalWay.PROVINCE_SYSTEM, True, False, "REFUSED", StateReason.REFUSED_BY_SYSTEM),
    ],
)
def test_a_pending_filing_is_decided_by_whom_the_terms_name(way, by_system, approve, state, reason):
    held = pending(filing(maker_id="A"), way)
    assert not held.counts_within(*EVER)
    after = decided(held, approve=approve, by_system=by_system)
    assert (after.state.value, after.state_reason, after.checker_id) == (state, reason, "B")
    assert after.state_time == NOW
    assert after.counts_within(date(2026, 1, 1), date(2026, 1, 1)) is approve
    with pytest.raises(FilingStateForbids) as caught:
        decided(held, by_system=not by_system)
    assert caught.value.metadata == {"state": "PENDING", "approval": way.value}


def test_who_entered_a_filing_does_not_decide_it():
    held = pending(filing(maker_id="A"))
    for approve in (True, False):
        with pytest.raises(SameOfficer) as caught:
            decided(held, checker_id="A", approve=approve)
        assert caught.value.violations[0].field == "checker_id"
    assert decided(pending(filing()), checker_id="A").state is FilingState.LIVE


@pytest.mark.parametrize(
    ("held", "state"),
    [
        (filing(approval=ApprovalWay.OFFICER), "LIVE"),
        (filing(state=FilingState.REFUSED, approval=ApprovalWay.OFFICER), "REFUSED"),
        (replace(ENDED, approval=ApprovalWay.OFFICER), "EXPIRED"),
        (cancelled(filing(approval=ApprovalWay.OFFICER), DAY), "CANCELLED"),
    ],
)
def test_what_is_decided_is_not_decided_again(held, state):
    with pytest.raises(FilingStateForbids) as caught:
        decided(held)
    assert caught.value.metadata["state"] == state


# --- cancelling ---------------------------------------------------------------------------------


def test_a_cancelled_filing_counts_until_the_day_before():
    after = cancel(filing())
    assert (after.state, after.state_reason) == (
        FilingState.CANCELLED,
        StateReason.CANCELLED_BY_PERSON,
    )
    assert after.cancel_time == NOW
    assert after.last_day == DAY - timedelta(days=1)


def test_a_withdrawn_filing_never_counted():
    after = cancel(pending(filing(locked_until=DAY + timedelta(days=30))))
    assert (after.state, after.state_reason) == (FilingState.CANCELLED, StateReason.WITHDRAWN)
    assert not after.counts_within(*EVER)


@pytest.mark.parametrize(
    "held",
    [
        cancelled(filing(), DAY),
        ENDED,
        filing(state=FilingState.REFUSED),
        filing(state=FilingState.REVOKED),
        filing(state=FilingState.CHANGED, ended_from=DAY),
    ],
)
def test_what_is_over_cannot_be_cancelled_changed_or_supplemented(held):
    with pytest.raises(FilingNotLive):
        cancel(held)
    with pytest.raises(FilingNotLive):
        changing.check_change(held, application(), others=(), today=DAY)
    with pytest.raises(FilingNotLive):
        supplement(
            replace(held, evidence=Evidence.COMMITMENT), papers(EvidenceKind.HOUSEHOLD_REGISTER)
        )


def test_on_its_last_day_a_filing_is_still_live():
    assert cancel(filing(end_date=DAY)).state is FilingState.CANCELLED


def test_a_locked_filing_says_until_when():
    held = filing(locked_until=DAY + timedelta(days=1))
    for refused in (
        lambda: cancel(held),
        lambda: changing.check_change(held, application(), others=(), today=DAY),
    ):
        with pytest.raises(FilingLocked) as caught:
            refused()
        assert caught.value.metadata == {"lockedUntilDate": "2026-03-11"}
    assert cancel(held, DAY + timedelta(days=1)).state is FilingState.CANCELLED


# --- changing -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"person_id": UUID(int=5)}, "filing.person_id"),
        ({"insured_region": "131100"}, "filing.insured_region_code"),
    ],
)
def test_a_change_is_of_one_person_insured_in_one_region(changes, field):
    with pytest.raises(FieldInvalid) as caught:
        changing.check_change(filing(), application(**changes), others=(), today=DAY)
    assert caught.value.violations[0].field == field


def test_the_city_s_own_agency_is_the_same_region():
    changing.check_change(filing(), application(insured_region="650199"), others=(), today=DAY)


def test_one_change_at_a_time():
    held = filing(1)
    waiting = pending(filing(2, changes_filing_id=held.filing_id))
    with pytest.raises(FilingStateForbids):
        changing.check_change(held, application(), others=(held, waiting), today=DAY)
    for other in (cancel(waiting), decided(waiting, approve=False), pending(filing(3))):
        changing.check_change(held, application(), others=(held, other), today=DAY)


@pytest.mark.parametrize(
    ("begin", "last"),
    [
        (DAY + timedelta(days=20), DAY + timedelta(days=19)),
        (DAY, DAY - timedelta(days=1)),
        # What was settled by it stays as it was.
        (DAY - timedelta(days=40), DAY - timedelta(days=1)),
    ],
)
def test_a_changed_filing_counts_until_the_day_before(begin, last):
    successor = filing(2, target_region=SHANGHAI, begin_date=begin)
    after = changing.take_place(filing(1), successor, now=NOW, today=DAY)
    assert (after.state, after.last_day) == (FilingState.CHANGED, last)
    assert after.changed_to_filing_id == successor.filing_id
    assert after.state_reason is StateReason.CHANGED_BY_PERSON
    assert after.counts_within(last, last)
    assert not after.counts_within(last + timedelta(days=1), EVER[1])


@pytest.mark.parametrize(
    "held", [ENDED, cancelled(filing(), DAY), filing(state=FilingState.REVOKED)]
)
def test_what_is_no_longer_live_keeps_its_state_when_another_takes_its_place(held):
    assert changing.take_place(held, filing(2), now=NOW, today=DAY) is held


# --- papers behind a commitment -----------------------------------------------------------------


def test_papers_make_a_commitment_documented_from_that_day():
    paper = papers(EvidenceKind.HOUSEHOLD_REGISTER)
    for held in (COMMITTED, pending(COMMITTED)):
        after = supplement(held, paper)
        assert after.evidence_on(DAY - timedelta(days=1)) is Evidence.COMMITMENT
        assert after.evidence_on(DAY) is Evidence.DOCUMENT
        assert after.state is held.state
        with pytest.raises(FilingStateForbids):
            supplement(after, paper)


def test_papers_that_prove_nothing_are_refused():
    for documents in ((), papers(EvidenceKind.COMMITMENT_LETTER, EvidenceKind.WORK_CONTRACT)):
        with pytest.raises(EvidenceMissing) as caught:
            supplement(COMMITTED, documents)
        assert caught.value.violations[0].field == "documents"


@pytest.mark.parametrize(
    "held", [filing(), filing(type=FilingType.REFERRAL, evidence=Evidence.REFERRAL_PROOF)]
)
def test_what_rests_on_no_commitment_is_neither_supplemented_nor_revoked(held):
    with pytest.raises(FilingStateForbids):
        supplement(held, papers(EvidenceKind.HOUSEHOLD_REGISTER))
    with pytest.raises(FilingStateForbids):
        revoke(held)


def test_papers_wait_for_an_officer_where_a_filing_with_papers_would():
    """Whoever commits first and brings papers later must not come round the look at them."""
    paper = papers(EvidenceKind.HOUSEHOLD_REGISTER)
    for way in (ApprovalWay.OFFICER, ApprovalWay.PROVINCE_SYSTEM):
        region = terms(approval={**terms().approval, (Channel.APP, Evidence.DOCUMENT): way})
        held = replace(COMMITTED, channel=Channel.APP)
        with pytest.raises(FieldInvalid) as caught:
            supplement(held, paper, region)
        assert caught.value.violations[0].field == "maker_id"
        assert supplement(held, paper, region, "C").documented_from == DAY
        # A pending one is looked at when it is decided; by another channel nobody looks.
        assert supplement(pending(held), paper, region).documented_from == DAY
        assert supplement(COMMITTED, paper, region).documented_from == DAY


def test_who_took_the_papers_in_does_not_decide_on_them():
    held = supplement(
        pending(replace(COMMITTED, maker_id="A")),
        papers(EvidenceKind.HOUSEHOLD_REGISTER),
        maker_id="C",
    )
    for officer in ("A", "C"):
        with pytest.raises(SameOfficer):
            decided(held, checker_id=officer)
    assert decided(held, checker_id="B").state is FilingState.LIVE


def test_no_commitment_of_who_is_barred_is_approved():
    held = pending(COMMITTED)
    tomorrow = DAY + timedelta(days=1)
    with pytest.raises(CommitmentBarred) as caught:
        decided(held, barred_until=tomorrow)
    assert caught.value.metadata["untilDate"] == tomorrow.isoformat()
    assert decided(held, barred_until=DAY).state is FilingState.LIVE
    assert decided(held, barred_until=tomorrow, approve=False).state is FilingState.REFUSED
    documented = supplement(held, papers(EvidenceKind.HOUSEHOLD_REGISTER))
    for other in (documented, pending(filing())):
        assert decided(other, barred_until=tomorrow).state is FilingState.LIVE


# --- revoking -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "held",
    [
        COMMITTED,
        replace(COMMITTED, end_date=DAY - timedelta(days=5)),
        cancelled(COMMITTED, DAY),
        replace(COMMITTED, state=FilingState.CHANGED, ended_from=DAY),
    ],
)
def test_a_false_commitment_never_counted(held):
    assert held.counts_within(*EVER)
    after, until = revoke(held)
    assert (after.state, after.state_reason) == (FilingState.REVOKED, StateReason.FALSE_COMMITMENT)
    assert not after.counts_within(*EVER)
    assert after.checker_id == "B"
    assert until == date(2028, 3, 10)


def test_papers_that_came_later_do_not_shield_a_false_commitment():
    held = supplement(COMMITTED, papers(EvidenceKind.HOUSEHOLD_REGISTER))
    assert revoke(held)[0].state is FilingState.REVOKED


def test_what_was_withdrawn_was_never_approved_and_is_not_revoked():
    with pytest.raises(FilingStateForbids) as caught:
        revoke(cancel(pending(COMMITTED)))
    assert caught.value.metadata["state"] == "CANCELLED"


def test_the_bar_is_as_long_as_the_region_says():
    assert revoke(COMMITTED, region=terms(commitment_bar_months=0))[1] == DAY
    assert revoke(COMMITTED, region=terms(commitment_bar_months=6))[1] == date(2026, 9, 10)


@pytest.mark.parametrize("state", ["PENDING", "REFUSED", "REVOKED"])
def test_what_cannot_be_revoked(state):
    with pytest.raises(FilingStateForbids) as caught:
        revoke(replace(COMMITTED, state=FilingState(state)))
    assert caught.value.metadata["state"] == state


def test_two_officers_revoke():
    with pytest.raises(SameOfficer):
        revoke(COMMITTED, "A", "A")


# --- states -------------------------------------------------------------------------------------


def test_a_filing_expires_by_its_date_alone():
    assert ENDED.state is FilingState.LIVE
    assert ENDED.state_on(DAY) is FilingState.EXPIRED
    assert ENDED.reason_on(DAY) is StateReason.LAST_DAY_OVER
    assert ENDED.state_on(DAY - timedelta(days=1)) is FilingState.LIVE
    assert filing().state_on(date(2100, 1, 1)) is FilingState.LIVE
    assert pending(ENDED).state_on(DAY) is FilingState.PENDING
    assert ENDED.counts_within(DAY - timedelta(days=1), DAY)


def test_no_state_is_entered_twice():
    """The key of a change in the database is the filing and the state."""

    def paths(state, seen):
        assert state not in seen
        for after in ALLOWED[state]:
            paths(after, {*seen, state})

    for first in INITIAL:
        paths(first, set())


def test_pending_refused_and_revoked_filings_never_count():
    for state in FilingState:
        if state is not FilingState.EXPIRED:
            assert filing(state=state).counts_within(*EVER) is (state in COUNTING)
    assert {"LIVE", "CANCELLED", "CHANGED"} == {state.value for state in COUNTING}

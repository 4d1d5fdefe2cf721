"""What may become of a filing: decided, cancelled, changed, supplemented, revoked. Pure."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from services.filing.domain.errors import (
    CommitmentBarred,
    EvidenceMissing,
    FieldInvalid,
    FilingLocked,
    FilingNotLive,
    FilingStateForbids,
    SameOfficer,
)
from services.filing.domain.model import ApprovalWay, Evidence
from services.filing.domain.reasons import StateReason
from services.filing.domain.states import ALLOWED, FilingState
from services.filing.domain.submitting import add_months, proves
from services.kit import codes

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date, datetime

    from services.filing.domain.model import Application, EvidenceDocument, Filing
    from services.filing.domain.terms import Terms


def _move(
    filing: Filing, after: FilingState, reason: StateReason, *, now: datetime, today: date
) -> Filing:
    before = filing.state_on(today)
    if after not in ALLOWED[before]:
        raise FilingStateForbids(before.value)
    return replace(filing, state=after, state_reason=reason, state_time=now)


def _check_live(filing: Filing, today: date) -> None:
    if filing.state_on(today) is not FilingState.LIVE:
        raise FilingNotLive


def _check_lock(filing: Filing, today: date) -> None:
    if filing.locked_until is not None and today < filing.locked_until:
        raise FilingLocked(filing.locked_until)


def decide_filing(
    filing: Filing,
    *,
    approve: bool,
    checker_id: str,
    by_system: bool,
    barred_until: date | None,
    now: datetime,
    today: date,
) -> Filing:
    """Returns a pending filing as it is decided.

    `barred_until` is the first day on which a commitment of the person is accepted again; None: it
    is.

    Raises:
        FilingStateForbids: it is not pending, or waits for another kind of decision.
        SameOfficer: who entered it, or took its papers in, decides.
        CommitmentBarred: it would be approved on a commitment that may not be accepted.
    """
    before = filing.state_on(today)
    waits_for_system = filing.approval is ApprovalWay.PROVINCE_SYSTEM
    if before is not FilingState.PENDING or by_system is not waits_for_system:
        raise FilingStateForbids(before.value, approval=filing.approval.value)
    if checker_id in {filing.maker_id, filing.supplement_maker_id}:
        raise SameOfficer("checker_id")
    is_barred = barred_until is not None and today < barred_until
    if (
        approve
        and barred_until is not None
        and is_barred
        and filing.evidence_on(today) is Evidence.COMMITMENT
    ):
        raise CommitmentBarred("filing_id", barred_until)
    if approve:
        after = FilingState.LIVE
        reason = StateReason.APPROVED_BY_SYSTEM if by_system else StateReason.APPROVED_BY_OFFICER
    else:
        after = FilingState.REFUSED
        reason = StateReason.REFUSED_BY_SYSTEM if by_system else StateReason.REFUSED_BY_OFFICER
    return replace(_move(filing, after, reason, now=now, today=today), checker_id=checker_id)


def cancel_filing(filing: Filing, *, now: datetime, today: date) -> Filing:
    """Returns a filing given up from today on; a pending one is withdrawn and never counted.

    Raises:
        FilingNotLive: it is neither live nor pending.
        FilingLocked: the region's lock has not passed (Art. 10).
    """
    if filing.state_on(today) is FilingState.PENDING:
        withdrawn = _move(
            filing, FilingState.CANCELLED, StateReason.WITHDRAWN, now=now, today=today
        )
        return replace(withdrawn, ended_from=filing.begin_date)
    _check_live(filing, today)
    _check_lock(filing, today)
    cancelled = _move(
        filing, FilingState.CANCELLED, StateReason.CANCELLED_BY_PERSON, now=now, today=today
    )
    return replace(cancelled, ended_from=today)


def check_change(
    filing: Filing, wanted: Application, *, others: Iterable[Filing], today: date
) -> None:
    """Checks that a filing may be changed into what is wanted.

    Args:
        filing: the filing to be changed.
        wanted: what takes its place.
        others: filings of the person.
        today: civil date in Asia/Shanghai.

    Raises:
        FilingNotLive: it is not live today.
        FilingLocked: the region's lock has not passed (Art. 10).
        FieldInvalid: another person or insured region.
        FilingStateForbids: another change of it is pending.
    """
    _check_live(filing, today)
    _check_lock(filing, today)
    if wanted.person_id != filing.person_id:
        raise FieldInvalid("filing.person_id", "not the person of the filing that is changed")
    insured = codes.pooling_area_of(wanted.insured_region)
    if insured != codes.pooling_area_of(filing.insured_region):
        raise FieldInvalid(
            "filing.insured_region_code", "not the insured region of the filing that is changed"
        )
    for other in others:
        if (
            other.changes_filing_id == filing.filing_id
            and other.state_on(today) is FilingState.PENDING
        ):
            raise FilingStateForbids(FilingState.PENDING.value)


def take_place(changed: Filing, successor: Filing, *, now: datetime, today: date) -> Filing:
    """Returns a filing as it is once another that is live has taken its place.

    It counts until the day before the other begins, and in any case until yesterday: what was
    settled by it stays as it was. One that is no longer live stays as it is.
    """
    if changed.state_on(today) is not FilingState.LIVE:
        return changed
    moved = _move(changed, FilingState.CHANGED, StateReason.CHANGED_BY_PERSON, now=now, today=today)
    return replace(
        moved,
        ended_from=max(successor.begin_date, today),
        changed_to_filing_id=successor.filing_id,
    )


def supplement_filing(
    filing: Filing,
    documents: Iterable[EvidenceDocument],
    terms: Terms,
    *,
    maker_id: str,
    today: date,
) -> Filing:
    """Returns a filing as it is once papers stand behind its commitment (Art. 10).

    Raises:
        FilingNotLive: it is neither live nor pending.
        FilingStateForbids: it does not rest on a commitment.
        EvidenceMissing: none of the papers proves what was committed.
        FieldInvalid: the person alone hands in what the region's terms put before an officer.
    """
    state = filing.state_on(today)
    if state not in {FilingState.LIVE, FilingState.PENDING}:
        raise FilingNotLive
    if filing.evidence_on(today) is not Evidence.COMMITMENT:
        raise FilingStateForbids(state.value)
    if not proves(filing.type, documents):
        raise EvidenceMissing("documents")
    # Who files with papers waits for a look at them: whoever commits first must not come round it.
    # A pending one is looked at when it is decided.
    way = terms.approval[filing.channel, Evidence.DOCUMENT]
    if state is FilingState.LIVE and way is not ApprovalWay.RULE and not maker_id:
        raise FieldInvalid("maker_id", "an officer of the region has to take the papers in")
    return replace(filing, documented_from=today, supplement_maker_id=maker_id)


def revoke_filing(
    filing: Filing, terms: Terms, *, maker_id: str, checker_id: str, now: datetime, today: date
) -> tuple[Filing, date]:
    """Returns a filing revoked for a false commitment, and the day to which commitments are barred.

    Papers that came later do not make a false commitment true: else handing some in would be the
    way out.

    Raises:
        FilingStateForbids: it was not filed on a commitment, or was never approved.
        SameOfficer: one officer found and confirmed it.
    """
    if maker_id == checker_id:
        raise SameOfficer("checker_id")
    never_approved = filing.state_reason is StateReason.WITHDRAWN
    if filing.evidence is not Evidence.COMMITMENT or never_approved:
        raise FilingStateForbids(filing.state_on(today).value)
    revoked = _move(filing, FilingState.REVOKED, StateReason.FALSE_COMMITMENT, now=now, today=today)
    return (
        replace(revoked, checker_id=checker_id, ended_from=None),
        add_months(today, terms.commitment_bar_months),
    )

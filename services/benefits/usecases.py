"""What benefits does: quotes, books, answers for and takes back adjudications."""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING
from uuid import UUID

from services.benefits import metrics
from services.benefits.domain.adjudicate import find_snapshot
from services.benefits.domain.booking import Booking, Claimant, Day, Held, State, StayKey
from services.benefits.domain.disease import policy_disease
from services.benefits.domain.expectation import check_expected, facts_of
from services.benefits.domain.identities import check_identities
from services.benefits.domain.stay import (
    adjudicate_case,
    benefit_years,
    in_stay,
    listed_diseases,
    reads,
)
from services.kit.clock import civil_midnight
from services.kit.codes import province_of
from services.kit.errors import Absent, AlreadyExists, RuleForbids
from services.kit.ids import first_id_at

if TYPE_CHECKING:
    from collections.abc import Callable

    from services.benefits.domain.booking import Record, Standing
    from services.benefits.domain.expectation import Expectation, Facts
    from services.benefits.domain.model import Case, Outcome
    from services.benefits.domain.snapshot import Policy, Snapshot
    from services.benefits.ports import AnyStore, AnyTransaction


@dataclass(frozen=True, slots=True)
class Computed:
    """A bill computed, and what from."""

    outcome: Outcome
    facts: Facts


@dataclass(frozen=True, slots=True)
class Committed:
    """The answer of a Commit."""

    answer: bytes
    """yijie.benefits.v1.Adjudication."""
    replayed: bool


@dataclass(frozen=True, slots=True)
class Cancelled:
    """The answer of a Cancel."""

    restored: bool
    account_balance: int
    replayed: bool


async def quote(store: AnyStore, policy: Policy, case: Case) -> Computed:
    """Returns what a settlement would give now; writes nothing.

    Raises:
        InvalidArgument: amounts or dates that are none.
        RuleForbids: POLICY_NOT_COVERED or DISEASE_NOT_QUALIFIED.
    """
    # Refused before the database is asked.
    find_snapshot(policy, case)
    claimant = claimant_of(policy, case)
    computed = _compute(policy, case, claimant, await store.find_standing(claimant), store)
    metrics.ADJUDICATIONS.labels("quote", province_of(case.insured_region_code)).inc()
    return computed


async def commit(
    store: AnyStore,
    policy: Policy,
    case: Case,
    *,
    settlement_id: UUID,
    request_hash: bytes,
    expected: Expectation | None,
    encode: Callable[[Computed], bytes],
    is_manual: bool = False,
) -> Committed:
    """Computes under the person's lock and books the result, once per settlement id.

    Args:
        store: the service's.
        policy: the packs.
        case: the bill.
        settlement_id: key under which a repeat is recognised.
        request_hash: `store.request_hash` of it; the same id with another one is refused.
        expected: book only if the amounts are these; None: book what comes out.
        encode: writes what was computed as the answer that is stored and given again.
        is_manual: it is claimed at home and not settled directly.

    Raises:
        InvalidArgument: amounts or dates that are none.
        RuleForbids: POLICY_NOT_COVERED, DISEASE_NOT_QUALIFIED, ADJUDICATION_CANCELLED after a
            Cancel, or EXPECTATION_NOT_MET. Nothing is left behind, so a repeat is judged anew.
        AlreadyExists: REQUEST_ID_REUSED.
        LostRace: concurrent calls for the settlement won every attempt.
    """
    claimant = claimant_of(policy, case)

    async def work(transaction: AnyTransaction) -> Committed:
        held, standing = await transaction.lock_person(claimant, settlement_id)
        if held is not None:
            return _replay(held, request_hash)
        computed = _compute(policy, case, claimant, standing, store)
        outcome = computed.outcome
        booked = await _other_than(expected, computed, transaction, settlement_id)
        if booked is not None:
            return _replay(booked, request_hash)
        answer = encode(computed)
        await transaction.book(
            _booking(
                find_snapshot(policy, case),
                case,
                outcome,
                claimant,
                settlement_id=settlement_id,
                request_hash=request_hash,
                answer=answer,
                is_manual=is_manual,
            )
        )
        return Committed(answer=answer, replayed=False)

    committed = await store.run("benefits.commit", work)
    if not committed.replayed:
        metrics.ADJUDICATIONS.labels("commit", province_of(case.insured_region_code)).inc()
    return committed


def _booking(
    snapshot: Snapshot,
    case: Case,
    outcome: Outcome,
    claimant: Claimant,
    *,
    settlement_id: UUID,
    request_hash: bytes,
    answer: bytes,
    is_manual: bool,
) -> Booking:
    deltas = outcome.deltas
    return Booking(
        settlement_id=settlement_id,
        request_hash=request_hash,
        claimant=claimant,
        insured_region_code=case.insured_region_code,
        care_region_code=case.care_region_code,
        policy_version=outcome.policy_version,
        end_date=case.end_date,
        stays_before=outcome.stays_before,
        total=outcome.amounts.total,
        fund_total=outcome.fund_total,
        account_pay=outcome.account_pay,
        cash_pay=outcome.cash_pay,
        account_balance=outcome.account_balance,
        deltas=deltas,
        answer=answer,
        setting=snapshot.setting,
        institution_code=case.institution_code,
        # Of any other setting nothing is listed.
        disease_code=policy_disease(snapshot.diseases, case.disease_code),
        family_payments=outcome.family_payments,
        # A benefit year begins in the calendar year that it is named after; a bill that ends on the
        # first day of the next one may be borne by it alone.
        tally_dates=tuple(
            min(case.end_date, snapshot.year_end(date(year, 12, 31))) for year, _ in deltas
        ),
        is_manual=is_manual,
    )


async def _other_than(
    expected: Expectation | None,
    computed: Computed,
    transaction: AnyTransaction,
    settlement_id: UUID,
) -> Held | None:
    """Returns None if the amounts are as expected, or what was booked while we waited.

    Raises:
        RuleForbids: EXPECTATION_NOT_MET.
    """
    if expected is None:
        return None
    try:
        check_expected(expected, computed.outcome, computed.facts)
    except RuleForbids:
        # Nothing was held when we began to wait for the lock; by now it may be booked, and what
        # differs its own booking.
        held = await transaction.find(settlement_id)
        if held is None:
            raise
        return held
    return None


async def get_adjudication(store: AnyStore, settlement_id: UUID) -> Held:
    """Returns what is held of a settlement.

    Raises:
        Absent: RESOURCE_NOT_FOUND; nothing was ever heard of it.
    """
    held = await store.find(settlement_id)
    if held is None:
        raise Absent(
            "RESOURCE_NOT_FOUND",
            "no adjudication is held under this settlement_id",
            metadata={"resource": "adjudication"},
        )
    return held


async def cancel(store: AnyStore, settlement_id: UUID) -> Cancelled:
    """Takes a booking back, or leaves a tombstone; a repeat answers the same.

    Raises:
        LostRace: concurrent calls for the settlement won every attempt.
    """

    async def work(transaction: AnyTransaction) -> Cancelled:
        held = await transaction.find(settlement_id)
        if held is None:
            await transaction.leave_tombstone(settlement_id)
            return Cancelled(restored=False, account_balance=0, replayed=False)
        if held.state is State.COMMITTED:
            await transaction.lock_booked(settlement_id)
            # Another Cancel may have been before us while we waited for the lock.
            held = await transaction.find(settlement_id) or held
        if held.state is State.CANCELLED:
            return Cancelled(
                restored=not held.tombstone, account_balance=held.account_balance, replayed=True
            )
        balance = await transaction.restore(settlement_id)
        return Cancelled(restored=True, account_balance=balance, replayed=False)

    cancelled = await store.run("benefits.cancel", work)
    if not cancelled.replayed:
        metrics.CANCELLATIONS.labels("restored" if cancelled.restored else "tombstone").inc()
    return cancelled


async def get_standing(store: AnyStore, claimant: Claimant) -> Standing:
    """Returns a person's sums of a year and the account; zeros where nothing was booked."""
    return await store.find_standing(claimant)


async def list_adjudications(
    store: AnyStore, business_date: date, *, region_code: str, after: UUID | None, limit: int
) -> list[Record]:
    """Returns what was booked or refused on a business date, or taken back on it.

    Args:
        store: the service's.
        business_date: civil date (Asia/Shanghai) of the settlement ids, or of a cancellation.
        region_code: insured area or province (xx0000), without tombstones; empty: everything.
        after: settlement id after which to begin; None: the first.
        limit: rows at most.
    """
    start, end = civil_midnight(business_date), civil_midnight(business_date + timedelta(days=1))
    day = Day(
        first_id=first_id_at(start),
        end_id=first_id_at(end),
        start_time=start,
        end_time=end,
        region_prefix=region_code.removesuffix("0000"),
    )
    return await store.list_records(day, after=after, limit=limit)


def claimant_of(policy: Policy, case: Case) -> Claimant:
    """Returns whose sums a case uses, of which stay and years, and what else its policy reads."""
    reads_tallies, reads_relatives = reads(policy, case)
    return Claimant(
        person_id=UUID(case.person_id),
        scheme_code=case.scheme_code,
        benefit_years=benefit_years(policy, case),
        stay=StayKey(UUID(case.stay_id), case.insured_region_code) if in_stay(case) else None,
        reads_tallies=reads_tallies,
        relatives_on=case.end_date if reads_relatives else None,
        diseases=listed_diseases(policy, case) if reads_tallies else (),
    )


def _compute(
    policy: Policy, case: Case, claimant: Claimant, standing: Standing, store: AnyStore
) -> Computed:
    started = time.perf_counter()
    outcome = adjudicate_case(policy, case, standing)
    check_identities(outcome)
    metrics.ADJUDICATE_DURATION.observe(time.perf_counter() - started)
    facts = facts_of(
        claimant, standing, policy_version=outcome.policy_version, keyed=store.keyed_hash
    )
    return Computed(outcome, facts)


def _replay(held: Held, request_hash: bytes) -> Committed:
    # Precedence: what was cancelled stays cancelled, whatever the content.
    if held.state is State.CANCELLED or held.answer is None:
        raise RuleForbids("ADJUDICATION_CANCELLED", "this settlement was cancelled before")
    if held.request_hash != request_hash:
        raise AlreadyExists(
            "REQUEST_ID_REUSED",
            "settlement_id was committed with another case",
            field="settlement_id",
        )
    return Committed(answer=held.answer, replayed=True)

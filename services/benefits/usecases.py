"""What benefits does: quotes, books, answers for and takes back adjudications."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TypeVar
from uuid import UUID

import asyncpg

from services.benefits import metrics, store
from services.benefits.domain.adjudicate import adjudicate, find_snapshot
from services.benefits.domain.booking import Booking, Held, PersonYear, Standing, State
from services.benefits.domain.identities import check_identities
from services.kit.codes import province_of
from services.kit.errors import Absent, AlreadyExists, LostRace, RuleForbids

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from services.benefits.domain.model import Case, Outcome
    from services.benefits.domain.snapshot import Policy
    from services.kit.db import Connection, Database

T = TypeVar("T")

_RACES_MAX: Final = 3


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


async def quote(database: Database, policy: Policy, case: Case) -> Outcome:
    """Returns what a settlement would give now; writes nothing.

    Raises:
        RuleForbids: POLICY_NOT_COVERED.
    """
    # Refused before the database is asked.
    find_snapshot(policy, case)
    standing = await store.find_standing(database, year_of(case))
    outcome = _compute(policy, case, standing)
    metrics.ADJUDICATIONS.labels("quote", province_of(case.insured_region_code)).inc()
    return outcome


async def commit(
    database: Database,
    policy: Policy,
    case: Case,
    *,
    settlement_id: UUID,
    request_hash: bytes,
    encode: Callable[[Outcome], bytes],
) -> Committed:
    """Computes under the person's lock and books the result, once per settlement id.

    Args:
        database: the service's.
        policy: the packs.
        case: the bill.
        settlement_id: key under which a repeat is recognised.
        request_hash: SHA-256 of the request; the same id with another one is refused.
        encode: writes an outcome as the answer that is stored and given again.

    Raises:
        RuleForbids: POLICY_NOT_COVERED, or ADJUDICATION_CANCELLED after a Cancel.
        AlreadyExists: REQUEST_ID_REUSED.
        LostRace: concurrent calls for the settlement won every attempt.
    """
    person = year_of(case)

    async def work(connection: Connection) -> Committed:
        held, standing = await store.lock_person(connection, person, settlement_id)
        if held is not None:
            return _replay(held, request_hash)
        outcome = _compute(policy, case, standing)
        answer = encode(outcome)
        await store.book(
            connection,
            Booking(
                settlement_id=settlement_id,
                request_hash=request_hash,
                person=person,
                insured_region_code=case.insured_region_code,
                care_region_code=case.care_region_code,
                policy_version=outcome.policy_version,
                total=outcome.amounts.total,
                fund_total=outcome.fund_total,
                account_pay=outcome.account_pay,
                cash_pay=outcome.cash_pay,
                account_balance=outcome.account_balance,
                delta=outcome.delta,
                answer=answer,
            ),
        )
        return Committed(answer=answer, replayed=False)

    committed = await _racing(database, "benefits.commit", work)
    if not committed.replayed:
        metrics.ADJUDICATIONS.labels("commit", province_of(case.insured_region_code)).inc()
    return committed


async def get_adjudication(database: Database, settlement_id: UUID) -> Held:
    """Returns what is held of a settlement.

    Raises:
        Absent: RESOURCE_NOT_FOUND; nothing was ever heard of it.
    """
    held = await store.find(database, settlement_id)
    if held is None:
        raise Absent(
            "RESOURCE_NOT_FOUND",
            "no adjudication is held under this settlement_id",
            metadata={"resource": "adjudication"},
        )
    return held


async def cancel(database: Database, settlement_id: UUID) -> Cancelled:
    """Takes a booking back, or leaves a tombstone; a repeat answers the same.

    Raises:
        LostRace: concurrent calls for the settlement won every attempt.
    """

    async def work(connection: Connection) -> Cancelled:
        held = await store.find(connection, settlement_id)
        if held is None:
            await store.leave_tombstone(connection, settlement_id)
            return Cancelled(restored=False, account_balance=0, replayed=False)
        if held.state is State.COMMITTED:
            await store.lock_booked(connection, settlement_id)
            # Another Cancel may have been before us while we waited for the lock.
            held = await store.find(connection, settlement_id) or held
        if held.state is State.CANCELLED:
            return Cancelled(
                restored=not held.tombstone, account_balance=held.account_balance, replayed=True
            )
        balance = await store.restore(connection, settlement_id)
        return Cancelled(restored=True, account_balance=balance, replayed=False)

    cancelled = await _racing(database, "benefits.cancel", work)
    if not cancelled.replayed:
        metrics.CANCELLATIONS.labels("restored" if cancelled.restored else "tombstone").inc()
    return cancelled


async def get_standing(database: Database, person: PersonYear) -> Standing:
    """Returns a person's sums of a year and the account; zeros where nothing was booked."""
    return await store.find_standing(database, person)


def year_of(case: Case) -> PersonYear:
    """Returns whose sums a case uses: those of the year of its last day."""
    return PersonYear(
        person_id=UUID(case.person_id),
        scheme_code=case.scheme_code,
        benefit_year=case.end_date.year,
    )


def _compute(policy: Policy, case: Case, standing: Standing) -> Outcome:
    started = time.perf_counter()
    outcome = adjudicate(
        case, find_snapshot(policy, case), standing.accumulators, standing.account_balance
    )
    check_identities(outcome)
    metrics.ADJUDICATE_DURATION.observe(time.perf_counter() - started)
    return outcome


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


async def _racing(database: Database, name: str, work: Callable[[Connection], Awaitable[T]]) -> T:
    """Runs a use case again when another transaction wrote the same settlement's state first.

    The one that comes second fails on the key, rolls back, and on the repeat sees what the first
    one left.
    """
    for _ in range(_RACES_MAX):
        try:
            return await database.run(name, work)
        except asyncpg.UniqueViolationError:
            metrics.RACES.inc()
    raise LostRace("LOST_RACE", "concurrent calls for this settlement won", retry_after_ms=50)

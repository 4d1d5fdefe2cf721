"""Use cases of deductions: record, appeal, decide, and what follows by itself.

Whoever changes what a deduction does to the ledger locks the ledger's chain first. So no two of
them take from the same settlement at once, and a reversal is either seen here or comes later; then
`catch_up` gives back what was deducted, at the latest before the tables of a month are made.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final
from uuid import UUID

from services.clearing import chain, posting
from services.clearing import store as ledger
from services.clearing.disputes import store
from services.clearing.disputes.store import Change
from services.clearing.disputes.terms import DisputeTerms
from services.clearing.domain.deduction import (
    Asked,
    Cleared,
    Deduction,
    late_source_id,
    month_for,
    plan,
    require_in_term,
    require_standing,
    return_source_id,
    sum_funds,
)
from services.clearing.domain.deduction_states import DeductionState, is_allowed
from services.clearing.domain.ledger import Kind, Movement, Pair, Posting, Purpose
from services.kit import calendar
from services.kit.clock import civil_date
from services.kit.db import Connection, Database
from services.kit.errors import Absent, AlreadyExists, DomainError, OfAnotherProvince, RuleForbids
from services.kit.ids import new_id

_AT_ONCE: Final = 200
"""Deductions whose term is over that one round upholds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """A final decision on one settlement, as it comes."""

    decision_id: UUID
    settlement_id: UUID
    insured_region_code: str
    care_region_code: str
    asked: Asked
    inquiry_id: UUID | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class People:
    """Who made something and who checked it: two people."""

    maker_id: str
    checker_id: str


async def record(
    connection: Connection,
    decisions: Sequence[Decision],
    *,
    people: People,
    terms: DisputeTerms,
    now: datetime,
) -> list[Deduction | DomainError]:
    """Records deductions as pending; returns what became of each, in the order given.

    One that is refused does not touch the others. A decision that was recorded before with the same
    content gives the deduction as it stands.
    """
    await chain.lock(connection)
    known = await store.find_by_decisions(connection, {one.decision_id for one in decisions})
    cleared = await _load_cleared(connection, {one.settlement_id for one in decisions})
    untabled = await posting.untabled_month(connection)
    last_day = calendar.add_working_days(civil_date(now), terms.appeal_working_days).day
    outcomes: list[Deduction | DomainError] = []
    new: list[Deduction] = []
    for one in decisions:
        try:
            found = known.get(one.decision_id)
            if found is not None:
                outcomes.append(_repeated(found, one))
                continue
            settlement = _require_cleared(cleared, one.settlement_id)
            funds = plan(
                one.asked, settlement, insured=one.insured_region_code, care=one.care_region_code
            )
        except DomainError as refusal:
            outcomes.append(refusal)
            continue
        deduction_id = new_id(now)
        made = Deduction(
            deduction_id=deduction_id,
            decision_id=one.decision_id,
            inquiry_id=one.inquiry_id,
            settlement_id=one.settlement_id,
            insured_region_code=one.insured_region_code,
            care_region_code=one.care_region_code,
            scheme_code=settlement.scheme_code,
            is_by_fund=one.asked.amount_fen is None,
            funds_fen=funds,
            state=DeductionState.PENDING,
            appeal_last_date=last_day,
            month=month_for(untabled_month=untabled, settled_month=settlement.month),
            source_id=deduction_id,
            record_time=now,
        )
        known[one.decision_id] = made
        cleared[one.settlement_id] = replace(
            settlement, deducted_fen=sum_funds([settlement.deducted_fen, funds])
        )
        new.append(made)
        outcomes.append(made)
    if new:
        await posting.pend(connection, [_posting(one) for one in new], now=now)
        change = Change(
            state=DeductionState.PENDING,
            change_time=now,
            maker_id=people.maker_id,
            checker_id=people.checker_id,
        )
        await store.insert(connection, new, change)
    return outcomes


async def get_deduction(source: Connection | Database, deduction_id: UUID) -> Deduction:
    """Returns a deduction.

    Raises:
        Absent: there is none of this id.
    """
    return _require_deduction(await store.find(source, deduction_id))


async def appeal(
    connection: Connection,
    deduction_id: UUID,
    *,
    region_code: str,
    maker_id: str,
    note: str,
    now: datetime,
) -> Deduction:
    """Appeals against a deduction: it waits for a decision from now on.

    Raises:
        Absent: there is none of this id.
        RuleForbids: DISPUTE_OF_ANOTHER_PROVINCE, DEDUCTION_STATE_FORBIDS,
            DISPUTED_SETTLEMENT_REVERSED, APPEAL_TERM_OVER, in this order.
    """
    found = _require_deduction(await store.find(connection, deduction_id, lock=True))
    if region_code != found.care_region_code:
        raise of_another_province("only the care province appeals")
    _require_way(found, DeductionState.APPEALED)
    await _require_standing(connection, found)
    require_in_term(today=civil_date(now), last_day=found.appeal_last_date)
    moved = replace(found, state=DeductionState.APPEALED)
    change = Change(
        state=moved.state, change_time=now, region_code=region_code, maker_id=maker_id, note=note
    )
    await store.move(connection, [moved], change)
    return moved


async def decide(
    connection: Connection,
    deduction_id: UUID,
    *,
    upheld: bool,
    people: People,
    note: str,
    now: datetime,
) -> Deduction:
    """Decides an appeal: the deduction is posted, or voided.

    Raises:
        Absent: there is none of this id.
        RuleForbids: DEDUCTION_STATE_FORBIDS, DISPUTED_SETTLEMENT_REVERSED, MAKER_IS_CHECKER (who
            appealed does not decide), in this order.
    """
    await chain.lock(connection)
    found = _require_deduction(await store.find(connection, deduction_id, lock=True))
    to = DeductionState.UPHELD if upheld else DeductionState.WITHDRAWN
    if found.state is not DeductionState.APPEALED:
        raise _state_forbids(found)
    await _require_standing(connection, found)
    for change in await store.list_changes(connection, deduction_id):
        if change.state is DeductionState.APPEALED:
            _require_other(change.maker_id, people)
    change = Change(
        state=to,
        change_time=now,
        maker_id=people.maker_id,
        checker_id=people.checker_id,
        note=note,
    )
    if upheld:
        return (await _uphold(connection, [found], change, now))[0]
    await posting.resolve(connection, found.source_id, Kind.DEDUCTION, posted=False, now=now)
    moved = replace(found, state=to)
    await store.move(connection, [moved], change)
    return moved


async def catch_up(connection: Connection, now: datetime, *, limit: int | None = None) -> int:
    """Does what follows by itself; returns how many deductions it moved.

    First, deductions of settlements that were reversed: what is pending lapses, what was posted is
    given back. Then, what nobody appealed against within its term is upheld, at most `limit` of
    them. Whoever makes the tables of a month does this first, in the same transaction.
    """
    today = civil_date(now)
    if not await store.is_due(connection, today):
        return 0
    await chain.lock(connection)
    count = await _give_back(connection, now)
    await store.mark(connection)
    while limit is None or limit > 0:
        size = _AT_ONCE if limit is None else min(limit, _AT_ONCE)
        due = await store.find_due(connection, today, limit=size)
        if due:
            change = Change(state=DeductionState.UPHELD, change_time=now)
            await _uphold(connection, due, change, now)
        count += len(due)
        if limit is not None:
            limit -= len(due)
        if len(due) < size:
            break
    return count


async def _give_back(connection: Connection, now: datetime) -> int:
    reversed_ = await store.find_reversed(connection)
    posted = [one for one in reversed_ if one.state is DeductionState.UPHELD]
    pending = [one for one in reversed_ if one.state is not DeductionState.UPHELD]
    if pending:
        sources = [(one.source_id, Kind.DEDUCTION) for one in pending]
        await posting.resolve_all(connection, sources, posted=False, now=now)
        change = Change(state=DeductionState.LAPSED, change_time=now)
        lapsed = [replace(one, state=DeductionState.LAPSED) for one in pending]
        await store.move(connection, lapsed, change)
    if posted:
        untabled = await posting.untabled_month(connection)
        returned = [
            replace(
                one,
                state=DeductionState.RETURNED,
                # Never before the month from which it is taken back.
                return_month=month_for(untabled_month=untabled, settled_month=one.month),
                return_source_id=return_source_id(one.deduction_id),
            )
            for one in posted
        ]
        await posting.post(connection, [_posting(one) for one in returned], now=now)
        change = Change(state=DeductionState.RETURNED, change_time=now)
        await store.move(connection, returned, change)
    return len(reversed_)


async def _uphold(
    connection: Connection, deductions: Sequence[Deduction], change: Change, now: datetime
) -> list[Deduction]:
    # What waited while the tables of its month were made stayed out of them. It cannot be posted
    # there any more: it is voided, and booked in the month that is next.
    untabled = await posting.untabled_month(connection)
    late = {one.deduction_id for one in deductions if one.month < untabled}
    in_time = [
        (one.source_id, Kind.DEDUCTION) for one in deductions if one.deduction_id not in late
    ]
    voided = [(one.source_id, Kind.DEDUCTION) for one in deductions if one.deduction_id in late]
    upheld = [
        replace(
            one,
            state=DeductionState.UPHELD,
            month=untabled if one.deduction_id in late else one.month,
            source_id=late_source_id(one.deduction_id)
            if one.deduction_id in late
            else one.source_id,
        )
        for one in deductions
    ]
    if in_time:
        await posting.resolve_all(connection, in_time, posted=True, now=now)
    if voided:
        await posting.resolve_all(connection, voided, posted=False, now=now)
        again = [_posting(one) for one in upheld if one.deduction_id in late]
        await posting.post(connection, again, now=now)
    await store.move(connection, upheld, change)
    return upheld


async def _load_cleared(connection: Connection, settlement_ids: set[UUID]) -> dict[UUID, Cleared]:
    bookings = await ledger.load_bookings(connection, settlement_ids)
    standing = await store.sum_standing(connection, settlement_ids)
    found: dict[UUID, Cleared] = {}
    for (settlement_id, kind), booking in bookings.items():
        if kind is Kind.SETTLED and booking.pair is not None:
            found[settlement_id] = Cleared(
                settlement_id=settlement_id,
                insured_region_code=booking.pair.insured_region_code,
                care_region_code=booking.pair.care_region_code,
                scheme_code=booking.pair.scheme_code,
                month=booking.pair.month,
                funds_fen={one.fund_type_code: one.amount_fen for one in booking.transfers},
                deducted_fen=standing.get(settlement_id, {}),
                is_reversed=(settlement_id, Kind.REVERSED) in bookings,
            )
    return found


def _require_cleared(cleared: Mapping[UUID, Cleared], settlement_id: UUID) -> Cleared:
    if settlement_id not in cleared:
        raise Absent(
            "RESOURCE_NOT_FOUND",
            "the ledger has no such settlement",
            field="settlement_id",
            metadata={"resource": "settlement"},
        )
    return cleared[settlement_id]


def _repeated(found: Deduction, decision: Decision) -> Deduction:
    same = found.carries_out(
        decision.asked,
        decision.settlement_id,
        insured=decision.insured_region_code,
        care=decision.care_region_code,
    )
    if not same or found.inquiry_id != decision.inquiry_id:
        raise AlreadyExists(
            "DECISION_ID_REUSED",
            "the decision was recorded with other content",
            field="decision_id",
            metadata={"deductionId": str(found.deduction_id)},
        )
    return found


async def _require_standing(connection: Connection, deduction: Deduction) -> None:
    bookings = await ledger.load_bookings(connection, [deduction.settlement_id])
    require_standing(is_reversed=(deduction.settlement_id, Kind.REVERSED) in bookings)


def _require_deduction(found: Deduction | None) -> Deduction:
    if found is None:
        raise Absent(
            "RESOURCE_NOT_FOUND",
            "no such deduction",
            field="deduction_id",
            metadata={"resource": "deduction"},
        )
    return found


def _require_way(deduction: Deduction, to: DeductionState) -> None:
    if not is_allowed(deduction.state, to):
        raise _state_forbids(deduction)


def _state_forbids(deduction: Deduction) -> RuleForbids:
    return RuleForbids(
        "DEDUCTION_STATE_FORBIDS",
        "the deduction is in another state",
        field="deduction_id",
        metadata={"state": deduction.state.value},
    )


def _require_other(appellant_id: str, people: People) -> None:
    if appellant_id.casefold() in {people.maker_id.casefold(), people.checker_id.casefold()}:
        raise RuleForbids("MAKER_IS_CHECKER", "who appealed does not decide", field="maker_id")


def of_another_province(message: str) -> RuleForbids:
    """Returns the error for a province that is not the party that may do this."""
    return OfAnotherProvince("DISPUTE_OF_ANOTHER_PROVINCE", message, field="region_code")


def _posting(deduction: Deduction) -> Posting:
    """Returns what a deduction does to the ledger, or what gives it back."""
    is_return = deduction.return_source_id is not None
    pair = Pair(
        insured_region_code=deduction.insured_region_code,
        care_region_code=deduction.care_region_code,
        month=deduction.return_month if is_return else deduction.month,
        scheme_code=deduction.scheme_code,
    )
    return Posting(
        source_id=deduction.return_source_id or deduction.source_id,
        kind=Kind.DEDUCTION,
        movements=tuple(
            Movement(
                pair=pair,
                fund_type_code=code,
                purpose=Purpose.DEDUCTION,
                amount_fen=fen if is_return else -fen,
            )
            for code, fen in sorted(deduction.funds_fen.items())
        ),
    )

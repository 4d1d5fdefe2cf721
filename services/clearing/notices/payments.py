"""Use cases of money on notices: bank statements, what has no place, and what provinces paid.

Whoever pays a notice locks its row first, in the order of ids, and looks at what was stated before
only then: two uploads of the same transfers at once cannot both pay.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from uuid import UUID

from services.clearing import posting
from services.clearing.domain.bank_line_states import BankLineState
from services.clearing.domain.notice import Notice, NoticeKind, NoticeStep, parts_of
from services.clearing.domain.notice_states import NoticeState
from services.clearing.domain.notice_steps import region_of
from services.clearing.domain.payment import (
    Matched,
    Outcome,
    StatedLine,
    match,
    with_parts,
)
from services.clearing.notices import bank_store, postings, store, usecases
from services.clearing.notices.bank_store import (
    BankLine,
    Resolution,
    ResolutionDecision,
    ResolutionStatus,
    Statement,
)
from services.clearing.notices.store import StepDone
from services.clearing.notices.terms import due
from services.kit import notes
from services.kit.db import Beaten, Connection, Database
from services.kit.errors import Absent, RuleForbids
from services.kit.ids import new_id


@dataclass(frozen=True, slots=True)
class Uploaded:
    """What became of a bank statement."""

    statement_id: UUID
    results: tuple[tuple[UUID | None, Matched], ...]
    """Per line of the file, with its key; None: a duplicate has none of its own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """Where an officer says that suspended money belongs."""

    line_id: UUID
    decision: ResolutionDecision
    notice_number: str
    """Of the notice that it pays; empty: it was sent back."""
    amount_fen: int
    """Zero: all that is suspended."""
    maker_id: str
    note: str


@dataclass(frozen=True, slots=True)
class ResolvedLine:
    """A line with what officers said of it."""

    line: BankLine
    resolutions: tuple[Resolution, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ProvincePayments:
    """What a province paid and was paid on the notices of a period."""

    region_code: str
    notice_count: int = 0
    """Issued notices that it pays; those without an amount are not counted."""
    due_count: int = 0
    """Of them those that are paid, or whose day is over."""
    paid_count: int = 0
    due_fen: int = 0
    """What its notices say."""
    paid_fen: int = 0
    overdue_fen: int = 0
    """Outstanding on notices whose day is over."""
    receivable_fen: int = 0
    """What notices say that it is to get."""
    received_fen: int = 0


async def take_statement(
    connection: Connection,
    lines: Sequence[StatedLine],
    content: bytes,
    *,
    region_code: str,
    operator_id: str,
    now: datetime,
) -> Uploaded:
    """Books a bank statement: all of its lines or none.

    Raises:
        AlreadyExists: BANK_REFERENCE_REUSED.
    """
    notes.refuse_long_number(operator_id, "operator_id")
    numbers = sorted({line.notice_number for line in lines if line.notice_number})
    notices = await store.lock_by_number(connection, numbers)
    known = await bank_store.known(connection, [line.bank_reference for line in lines])
    matching = match(lines, notices, [one.stated for one in known], lambda issued: due(issued).day)
    # In the order of the file, so that lists have it, too.
    ids = sorted(new_id(now) for _ in matching.results)
    results = tuple(
        (None if one.outcome is Outcome.DUPLICATE else line_id, one)
        for line_id, one in zip(ids, matching.results, strict=True)
    )
    fresh = [(line_id, one) for line_id, one in results if line_id is not None]
    statement = Statement(
        statement_id=new_id(now),
        digest=hashlib.sha256(content).digest(),
        region_code=region_code,
        operator_id=operator_id,
        line_count=len(lines),
        duplicate_count=len(lines) - len(fresh),
    )
    if not await bank_store.insert(connection, statement, fresh, now=now):
        # Somebody else states one of these transfers right now: look again.
        raise Beaten
    fees: defaultdict[UUID, int] = defaultdict(int)
    for _, one in fresh:
        if one.outcome is Outcome.BANK_FEE and one.notice_id is not None:
            fees[one.notice_id] += one.line.amount_fen
    await store.add_fees(connection, fees)
    paid = [
        (line_id, matching.notices[one.notice_id], one)
        for line_id, one in fresh
        if one.applied_fen and one.notice_id is not None
    ]
    if paid:
        await store.add_to_lines(
            connection,
            [(notice.notice_id, part) for _, notice, one in paid for part in one.parts],
            paid=1,
        )
        touched = {notice.notice_id: notice for _, notice, _ in paid}
        before = {one.notice_id: one.state for one in notices}
        await _settle(connection, list(touched.values()), before, now=now)
        await posting.post(
            connection,
            [postings.payment(line_id, notice, one.parts) for line_id, notice, one in paid],
            now=now,
        )
        await usecases.advance(connection, touched.values(), now=now)
    return Uploaded(statement.statement_id, results)


async def propose(connection: Connection, proposal: Proposal, *, now: datetime) -> ResolvedLine:
    """Keeps where an officer says that suspended money belongs; it waits in the ledger.

    Raises:
        Absent: RESOURCE_NOT_FOUND: no such line, or no such notice.
        RuleForbids: BANK_LINE_STATE_FORBIDS, ALLOCATION_REFUSED.
    """
    # The notice before the line, as an upload does.
    notice = await _lock_notice(connection, proposal)
    line = await _lock_line(connection, proposal.line_id, BankLineState.SUSPENDED)
    amount = proposal.amount_fen or line.suspended_fen
    if amount > line.suspended_fen:
        raise _allocation_refused("more than is suspended", amount, line.suspended_fen)
    resolution = Resolution(
        resolution_id=new_id(now),
        line_id=line.line_id,
        decision=proposal.decision,
        notice_id=notice.notice_id if notice else None,
        amount_fen=amount,
        status=ResolutionStatus.PENDING,
        note=proposal.note,
        maker_id=proposal.maker_id,
        checker_id="",
        propose_time=now,
        decide_time=None,
    )
    await bank_store.insert_resolution(connection, resolution)
    await bank_store.move(
        connection,
        line.line_id,
        BankLineState.PROPOSED,
        resolution=resolution,
        operator_id=proposal.maker_id,
        now=now,
    )
    if notice is not None:
        await _pend(connection, resolution, line, notice, now=now)
    return await get_line(connection, line.line_id)


async def decide(
    connection: Connection, line_id: UUID, *, approved: bool, checker_id: str, now: datetime
) -> ResolvedLine:
    """Posts or voids what another officer said of a line.

    Raises:
        Absent: RESOURCE_NOT_FOUND.
        RuleForbids: BANK_LINE_STATE_FORBIDS, MAKER_IS_CHECKER.
    """
    pending = await _pending(connection, line_id)
    notices = []
    if pending is not None and pending.notice_id is not None:
        notices = await store.lock(connection, [pending.notice_id])
    line = await _lock_line(connection, line_id, BankLineState.PROPOSED)
    pending_now = await _pending(connection, line_id)
    if pending is None or pending_now != pending:
        # It was decided, and something else proposed, between the two looks.
        raise Beaten
    notes.read_two_people(pending.maker_id, checker_id)
    status = ResolutionStatus.POSTED if approved else ResolutionStatus.VOIDED
    await bank_store.decide_resolution(
        connection, pending.resolution_id, status, checker_id=checker_id, now=now
    )
    found_place = pending.amount_fen if approved else 0
    allocated = pending.decision is ResolutionDecision.ALLOCATED
    left = line.suspended_fen - found_place
    await bank_store.move(
        connection,
        line_id,
        BankLineState.SUSPENDED if left else BankLineState.RESOLVED,
        allocated_fen=found_place if allocated else 0,
        returned_fen=0 if allocated else found_place,
        resolution=pending,
        operator_id=checker_id,
        now=now,
    )
    for notice in notices:
        await _resolve(connection, pending, notice, approved=approved, now=now)
    return await get_line(connection, line_id)


async def get_line(source: Connection | Database, line_id: UUID) -> ResolvedLine:
    """Returns a line with what officers said of it.

    Raises:
        Absent: RESOURCE_NOT_FOUND.
    """
    line = await bank_store.find(source, line_id)
    if line is None:
        raise _no_line()
    return (await with_resolutions(source, [line]))[0]


async def with_resolutions(
    source: Connection | Database, lines: Sequence[BankLine]
) -> list[ResolvedLine]:
    """Returns lines with what officers said of them."""
    found = await bank_store.load_resolutions(source, [line.line_id for line in lines])
    return [ResolvedLine(line, tuple(found.get(line.line_id, ()))) for line in lines]


async def summarize(
    source: Connection | Database,
    *,
    first: str,
    last: str,
    kind: NoticeKind | None,
    today: date,
) -> list[ProvincePayments]:
    """Returns what provinces paid on the notices of the months from first to last, by province."""
    found: dict[str, ProvincePayments] = {}
    for one in await store.sums(source, first=first, last=last, kind=kind):
        payer, receiver = (
            found.get(code) or ProvincePayments(region_code=code)
            for code in (one.payer_region_code, one.receiver_region_code)
        )
        paid = one.state is NoticeState.PAID
        over = not paid and due(one.issue_date).day < today
        counted = one.notice_count
        found[one.payer_region_code] = replace(
            payer,
            notice_count=payer.notice_count + counted,
            due_count=payer.due_count + (counted if paid or over else 0),
            paid_count=payer.paid_count + (counted if paid else 0),
            due_fen=payer.due_fen + one.amount_fen,
            paid_fen=payer.paid_fen + one.paid_fen,
            overdue_fen=payer.overdue_fen + (one.amount_fen - one.paid_fen if over else 0),
        )
        found[one.receiver_region_code] = replace(
            receiver,
            receivable_fen=receiver.receivable_fen + one.amount_fen,
            received_fen=receiver.received_fen + one.paid_fen,
        )
    return [found[code] for code in sorted(found)]


async def _settle(
    connection: Connection,
    notices: Sequence[Notice],
    before: dict[UUID, NoticeState],
    *,
    now: datetime,
) -> None:
    """Moves notices on that money came for, and records the transfer of those that are paid."""
    states = {}
    for one in notices:
        state = NoticeState.PAID if not one.outstanding_fen else NoticeState.PART_PAID
        if state is not before[one.notice_id]:
            states[one.notice_id] = state
    await store.move(connection, states, now=now)
    paid = [one for one in notices if states.get(one.notice_id) is NoticeState.PAID]
    dates = await bank_store.paid_dates(connection, [one.notice_id for one in paid])
    done = await store.load_steps(connection, [one.notice_id for one in paid])
    steps = [
        StepDone(
            notice_id=one.notice_id,
            step=NoticeStep.TRANSFERRED,
            region_code=region_of(NoticeStep.TRANSFERRED, one),
            # Money that was there before the notice was is transferred with its issue.
            done_date=max(dates[one.notice_id], one.issue_date or dates[one.notice_id]),
            operator_id="",
        )
        for one in paid
        if NoticeStep.TRANSFERRED not in done.get(one.notice_id, {})
    ]
    await store.insert_steps(connection, steps, operator_id="", note="", now=now)


async def _lock_notice(connection: Connection, proposal: Proposal) -> Notice | None:
    if proposal.decision is ResolutionDecision.RETURNED:
        return None
    found = await store.lock_by_number(connection, [proposal.notice_number])
    if not found:
        raise usecases.absent("notice_number")
    return found[0]


async def _lock_line(connection: Connection, line_id: UUID, state: BankLineState) -> BankLine:
    line = await bank_store.lock(connection, line_id)
    if line is None:
        raise _no_line()
    if line.state is not state:
        raise RuleForbids(
            "BANK_LINE_STATE_FORBIDS",
            "the line is not in a state that allows this",
            field="line_id",
            metadata={"state": line.state.value},
        )
    return line


async def _pending(connection: Connection, line_id: UUID) -> Resolution | None:
    found = (await bank_store.load_resolutions(connection, [line_id])).get(line_id, [])
    return next((one for one in found if one.status is ResolutionStatus.PENDING), None)


async def _pend(
    connection: Connection,
    resolution: Resolution,
    line: BankLine,
    notice: Notice,
    *,
    now: datetime,
) -> None:
    if notice.state is NoticeState.PAID or not notice.open_fen:
        raise RuleForbids(
            "NOTICE_ALREADY_PAID",
            "nothing is open of the notice",
            field="notice_number",
            metadata={"number": notice.number},
        )
    if line.stated.payer_region_code != notice.payer_region_code:
        raise _allocation_refused("of another payer", resolution.amount_fen, 0)
    # It lies on the account of who got it: a notice to somebody else is not paid by it.
    if line.stated.receiver_region_code != notice.receiver_region_code:
        raise _allocation_refused("with another receiver", resolution.amount_fen, 0)
    if resolution.amount_fen > notice.open_fen:
        raise _allocation_refused("more than is open", resolution.amount_fen, notice.open_fen)
    parts = parts_of(notice, resolution.amount_fen)
    await bank_store.insert_parts(connection, resolution.resolution_id, parts)
    await store.add_to_lines(connection, [(notice.notice_id, part) for part in parts], pending=1)
    await posting.pend(
        connection, [postings.payment(resolution.resolution_id, notice, parts)], now=now
    )


async def _resolve(
    connection: Connection,
    resolution: Resolution,
    notice: Notice,
    *,
    approved: bool,
    now: datetime,
) -> None:
    parts = await bank_store.load_parts(connection, resolution.resolution_id)
    await store.add_to_lines(
        connection,
        [(notice.notice_id, part) for part in parts],
        paid=1 if approved else 0,
        pending=-1,
    )
    if approved:
        after = with_parts(notice, parts, paid=1, pending=-1)
        await _settle(connection, [after], {notice.notice_id: notice.state}, now=now)
    await posting.resolve(
        connection,
        resolution.resolution_id,
        postings.payment_kind(notice),
        posted=approved,
        now=now,
    )
    await usecases.advance(connection, [notice], now=now)


def _no_line() -> Absent:
    return Absent(
        "RESOURCE_NOT_FOUND",
        "no such bank line",
        field="line_id",
        metadata={"resource": "bankLine"},
    )


def _allocation_refused(why: str, asked_fen: int, open_fen: int) -> RuleForbids:
    return RuleForbids(
        "ALLOCATION_REFUSED",
        f"the money cannot go there: {why}",
        field="notice_number",
        metadata={"askedFen": str(asked_fen), "openFen": str(open_fen)},
    )

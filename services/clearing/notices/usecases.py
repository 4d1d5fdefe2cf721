"""Use cases of notices: drawn up by one officer, issued by another, then step by step to money."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import groupby
from uuid import UUID

from services.clearing import posting
from services.clearing.domain.ledger import Kind
from services.clearing.domain.month_states import MonthState
from services.clearing.domain.notice import (
    Draft,
    Notice,
    NoticeKind,
    NoticeLine,
    NoticeStep,
    clearing_source_id,
    number_of,
    ordered,
    parts_of,
)
from services.clearing.domain.notice_states import NoticeState
from services.clearing.domain.notice_steps import StepStatus, region_of, step_problem, steps_of
from services.clearing.months import store as month_store
from services.clearing.months import usecases as months
from services.clearing.notices import postings, store
from services.clearing.notices.store import NoticeFilter, StepDone
from services.clearing.notices.terms import due, limits_at
from services.kit import notes
from services.kit.calendar import add_working_days
from services.kit.clock import civil_date
from services.kit.db import Connection, Database
from services.kit.errors import Absent, OfAnotherProvince, RuleForbids
from services.kit.ids import new_id
from services.kit.wire import invalid

_UNSIGNED = frozenset({MonthState.OPEN, MonthState.RECONCILED, MonthState.TABLED})
_OUTSTANDING = (NoticeState.ISSUED, NoticeState.PART_PAID)
_ISSUED = (*_OUTSTANDING, NoticeState.PAID)
_MONEY_STEPS = frozenset({NoticeStep.SUBMITTED, NoticeStep.TRANSFERRED})
_LATE_PAGE = 1000


@dataclass(frozen=True, slots=True)
class NoticeView:
    """A notice with where its steps stand."""

    notice: Notice
    steps: tuple[StepStatus, ...]


async def draft(
    connection: Connection, drafts: Sequence[Draft], *, maker_id: str, now: datetime
) -> list[Notice]:
    """Draws notices up, in the order given. What prepayment obliges to waits in the ledger.

    Raises:
        RuleForbids: NOTICE_DRAFTED: a notice stands for one of them.
        ValueError: a draft has no line that is not zero, or one twice.
    """
    notes.refuse_long_number(maker_id, "maker_id")
    if not drafts:
        return []
    for kind, same in _by_kind(drafts):
        sources = [one.source_id for one in same]
        if len(set(sources)) < len(sources) or await store.standing_sources(
            connection, kind, sources
        ):
            raise _drafted(kind)
    # Ids in the order of the drafts, so that lists have it, too.
    ids = sorted(new_id(now) for _ in drafts)
    notices = [
        Notice(
            notice_id=notice_id,
            number="",
            kind=one.kind,
            source_id=one.source_id,
            month=one.month,
            insured_region_code=one.insured_region_code,
            care_region_code=one.care_region_code,
            lines=ordered(one.lines),
            state=NoticeState.DRAFT,
            maker_id=maker_id,
            checker_id="",
            draft_time=now,
            issue_date=None,
            fee_fen=0,
        )
        for notice_id, one in zip(ids, drafts, strict=True)
    ]
    if not await store.insert(connection, notices, maker_id=maker_id, now=now):
        raise _drafted(notices[0].kind)
    obligations = [one for one in map(postings.obligation, notices) if one is not None]
    if obligations:
        await posting.pend(connection, obligations, now=now)
    return notices


async def draft_month(
    connection: Connection, month: str, *, maker_id: str, now: datetime
) -> list[Notice]:
    """Draws up what is missing of a month's clearing notices, a pair each, from its signed tables.

    Raises:
        RuleForbids: MONTH_NOT_SIGNED, or NOTICE_DRAFTED: nothing is missing.
    """
    state = await month_store.lock(connection, month)
    if state is None or state in _UNSIGNED:
        raise RuleForbids(
            "MONTH_NOT_SIGNED",
            "the tables of the month are not signed by all",
            field="month",
            metadata={"month": month, "state": state.value if state else MonthState.OPEN.value},
        )
    drafts = _month_drafts(month, await month_store.table_lines(connection, month))
    standing = await store.standing_sources(
        connection, NoticeKind.CLEARING, [one.source_id for one in drafts]
    )
    missing = [one for one in drafts if one.source_id not in standing]
    if drafts and not missing:
        raise _drafted(NoticeKind.CLEARING)
    return await draft(connection, missing, maker_id=maker_id, now=now)


async def decide(
    connection: Connection,
    notice_ids: Sequence[UUID],
    *,
    approved: bool,
    checker_id: str,
    note: str,
    now: datetime,
) -> list[Notice]:
    """Issues or rejects drafts, all or none; returns them as they stand, in the order asked for.

    Raises:
        Absent: RESOURCE_NOT_FOUND.
        RuleForbids: NOTICE_STATE_FORBIDS, MAKER_IS_CHECKER.
    """
    if len(set(notice_ids)) < len(notice_ids):
        raise invalid("notice_ids", "holds a notice twice")
    notices = await store.lock(connection, notice_ids)
    if len(notices) < len(notice_ids):
        raise absent("notice_ids")
    for one in notices:
        if one.state is not NoticeState.DRAFT:
            raise state_forbids(one, field="notice_ids")
        notes.read_two_people(one.maker_id, checker_id)
    if approved:
        await _issue(connection, notices, checker_id=checker_id, note=note, now=now)
    else:
        rejected = {one.notice_id: (NoticeState.REJECTED, "") for one in notices}
        await store.decide(
            connection, rejected, checker_id=checker_id, note=note, issue_date=None, now=now
        )
    pending = [
        (one.notice_id, Kind.PREPAYMENT) for one in notices if one.kind is not NoticeKind.CLEARING
    ]
    if pending:
        await posting.resolve_all(connection, pending, posted=approved, now=now)
    if approved:
        await _set_off(connection, notices, now=now)
    await advance(connection, notices, now=now)
    found = {one.notice_id: one for one in await store.find(connection, notice_ids)}
    return [found[notice_id] for notice_id in notice_ids]


async def record_step(
    connection: Connection, done: StepDone, *, note: str, now: datetime
) -> NoticeView:
    """Records a step of an issued notice.

    Raises:
        Absent: RESOURCE_NOT_FOUND.
        RuleForbids: NOTICE_STATE_FORBIDS, NOTICE_OF_ANOTHER_PROVINCE, NOTICE_STEP_OUT_OF_ORDER.
    """
    notice_id = done.notice_id
    found = await store.lock(connection, [notice_id])
    if not found:
        raise absent("notice_id")
    notice = found[0]
    booked = done.step in {NoticeStep.CONFIRMED, NoticeStep.RECEIVED}
    if notice.issue_date is None or (booked and notice.state is not NoticeState.PAID):
        raise state_forbids(notice, field="notice_id")
    if region_of(done.step, notice) != done.region_code:
        raise OfAnotherProvince(
            "NOTICE_OF_ANOTHER_PROVINCE",
            "the step is not of this province",
            field="region_code",
            metadata={"step": done.step.value},
        )
    steps = (await store.load_steps(connection, [notice_id])).get(notice_id, {})
    dates = {step: one.done_date for step, one in steps.items()}
    problem = step_problem(notice, dates, done.step, done.done_date)
    if problem:
        raise RuleForbids(
            "NOTICE_STEP_OUT_OF_ORDER",
            problem,
            field="step",
            metadata={"step": done.step.value},
        )
    await store.insert_steps(connection, [done], operator_id=done.operator_id, note=note, now=now)
    return (await views(connection, [notice], today=civil_date(now)))[0]


async def views(
    source: Connection | Database, notices: Sequence[Notice], *, today: date
) -> list[NoticeView]:
    """Returns notices with where their steps stand on a day."""
    done = await store.load_steps(source, [one.notice_id for one in notices])
    return [
        NoticeView(
            one,
            steps_of(
                one,
                {step: it.done_date for step, it in done.get(one.notice_id, {}).items()},
                limits_at(one.issue_date),
                add_working_days,
                today=today,
            )
            if one.issue_date
            else (),
        )
        for one in notices
    ]


async def late_payers(source: Connection | Database, month: str, *, now: datetime) -> list[str]:
    """Returns the provinces whose step of a clearing notice of a month is, or was, over its limit.

    And those whose money is not there though its day is over, whatever they say they have done.
    """
    late: set[str] = set()
    today = civil_date(now)
    after: UUID | None = None
    while True:
        wanted = NoticeFilter(month=month, kind=NoticeKind.CLEARING, states=_ISSUED, after=after)
        page = await store.list_notices(source, wanted, limit=_LATE_PAGE)
        for view in await views(source, page, today=today):
            notice = view.notice
            is_open = notice.state in _OUTSTANDING
            # Of what is paid the money counts; who told whom of it afterwards is no payment.
            late |= {
                step.region_code
                for step in view.steps
                if (step.late and step.step in _MONEY_STEPS) or (step.overdue and is_open)
            }
            if is_open and notice.issue_date and due(notice.issue_date).day < today:
                late.add(notice.payer_region_code)
        if len(page) < _LATE_PAGE:
            return sorted(late)
        after = page[-1].notice_id


async def get_notice(
    source: Connection | Database, *, notice_id: UUID | None, number: str
) -> Notice:
    """Returns a notice by its key, or by its number.

    Raises:
        Absent: RESOURCE_NOT_FOUND.
    """
    if notice_id is None:
        notice = await store.find_by_number(source, number)
    else:
        notice = next(iter(await store.find(source, [notice_id])), None)
    if notice is None:
        raise absent("number" if notice_id is None else "notice_id")
    return notice


async def payments_of(
    source: Connection | Database, month: str, payer_region_code: str, kind: NoticeKind | None
) -> list[Notice]:
    """Returns the notices on which a payer has something to transfer, by number."""
    found: list[Notice] = []
    after: UUID | None = None
    while True:
        wanted = NoticeFilter(
            month=month,
            kind=kind,
            payer_region_code=payer_region_code,
            states=_OUTSTANDING,
            after=after,
        )
        page = await store.list_notices(source, wanted, limit=_LATE_PAGE)
        found += [one for one in page if one.open_fen]
        if len(page) < _LATE_PAGE:
            return sorted(found, key=lambda one: one.number)
        after = page[-1].notice_id


async def advance(connection: Connection, notices: Iterable[Notice], *, now: datetime) -> None:
    """Moves the months of clearing notices as far as the facts allow: the last thing to be done."""
    for month in sorted({one.month for one in notices if one.kind is NoticeKind.CLEARING}):
        await months.advance(connection, month, now)


def absent(field: str) -> Absent:
    """Returns the error for a notice that there is not."""
    return Absent(
        "RESOURCE_NOT_FOUND", "no such notice", field=field, metadata={"resource": "notice"}
    )


def state_forbids(notice: Notice, *, field: str) -> RuleForbids:
    """Returns the error for a notice whose state does not allow what is asked."""
    return RuleForbids(
        "NOTICE_STATE_FORBIDS",
        "the notice is not in a state that allows this",
        field=field,
        metadata={"noticeId": str(notice.notice_id), "state": notice.state.value},
    )


def _drafted(kind: NoticeKind) -> RuleForbids:
    return RuleForbids(
        "NOTICE_DRAFTED",
        "a notice stands for it already",
        metadata={"kind": kind.value},
    )


def _by_kind(drafts: Sequence[Draft]) -> Iterable[tuple[NoticeKind, list[Draft]]]:
    for kind in NoticeKind:
        same = [one for one in drafts if one.kind is kind]
        if same:
            yield kind, same


def _month_drafts(month: str, lines: Collection[month_store.TableLine]) -> list[Draft]:
    drafts = []
    pairs = sorted(
        (one for one in lines if one.payable_fen),
        key=lambda one: (one.insured_region_code, one.care_region_code),
    )
    for (insured, care), same in groupby(
        pairs, key=lambda one: (one.insured_region_code, one.care_region_code)
    ):
        drafts.append(
            Draft(
                kind=NoticeKind.CLEARING,
                source_id=clearing_source_id(month, insured, care),
                month=month,
                insured_region_code=insured,
                care_region_code=care,
                lines=tuple(
                    NoticeLine(
                        scheme_code=one.scheme_code,
                        fund_type_code=one.fund_type_code,
                        amount_fen=one.payable_fen,
                    )
                    for one in same
                ),
            )
        )
    return drafts


async def _issue(
    connection: Connection,
    notices: Sequence[Notice],
    *,
    checker_id: str,
    note: str,
    now: datetime,
) -> None:
    issue_date = civil_date(now)
    decided: dict[UUID, tuple[NoticeState, str]] = {}
    for kind in NoticeKind:
        same = sorted(
            (one for one in notices if one.kind is kind),
            key=lambda one: (one.month, one.insured_region_code, one.care_region_code),
        )
        if not same:
            continue
        first = await store.take_numbers(connection, kind, issue_date.year, len(same))
        for count, one in enumerate(same, first):
            state = NoticeState.ISSUED if one.amount_fen else NoticeState.PAID
            decided[one.notice_id] = (state, number_of(kind, issue_date.year, count))
    await store.decide(
        connection, decided, checker_id=checker_id, note=note, issue_date=issue_date, now=now
    )


async def _set_off(connection: Connection, notices: Sequence[Notice], *, now: datetime) -> None:
    # Lines that cancel out are paid by each other: no money moves, and the books say so.
    even = [(one, parts_of(one, 0)) for one in notices if not one.amount_fen]
    if even:
        lines = [(one.notice_id, part) for one, parts in even for part in parts]
        await store.add_to_lines(connection, lines, paid=1)
        await posting.post(
            connection,
            [postings.payment(one.notice_id, one, parts) for one, parts in even],
            now=now,
        )

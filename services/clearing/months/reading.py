"""How months and years stand: their calendar, what is overdue, and by whom."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from services.clearing import posting
from services.clearing.breaks import store as break_store
from services.clearing.domain.month_states import MonthState
from services.clearing.domain.month_steps import Step, StepFacts, StepKind, step_of
from services.clearing.domain.notice import NoticeKind
from services.clearing.domain.notice_states import NoticeState
from services.clearing.months import signature_store, store, usecases
from services.clearing.months.signature_store import Decision
from services.clearing.months.store import Month
from services.clearing.notices import store as notice_store
from services.clearing.notices import usecases as notice_usecases
from services.clearing.notices.store import NoticeFilter
from services.kit.clock import civil_date, civil_month
from services.kit.dates import months_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date, datetime

    from services.clearing.months.signature_store import Side, YearClosing
    from services.clearing.months.store import Change
    from services.clearing.months.terms import MonthTerms
    from services.kit.dates import Deadline
    from services.kit.db import Connection

_DONE_BY: Final[Mapping[StepKind, MonthState]] = {
    StepKind.RECONCILE: MonthState.RECONCILED,
    StepKind.TABLES: MonthState.TABLED,
    StepKind.SIGN: MonthState.SIGNED,
    StepKind.NOTICES: MonthState.NOTIFIED,
    StepKind.PAYMENT: MonthState.PAID,
}
_NOTICES_MAX: Final = 2000
"""More than pairs of provinces there can be."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MonthView:
    """A month with its calendar."""

    month: Month
    steps: tuple[Step, ...]
    changes: tuple[Change, ...]
    open_break_count: int
    objected: tuple[tuple[str, str], ...]
    """Pairs, insured and care province, to which a side objects and has not signed since."""

    @property
    def provisional(self) -> bool:
        """A deadline of it depends on a holiday calendar that is not published yet."""
        return any(step.deadline.provisional for step in self.steps)


@dataclass(frozen=True, slots=True, kw_only=True)
class YearView:
    """A year with its months."""

    year: int
    months: tuple[tuple[str, Month | None], ...]
    """Its twelve months in order; None: it is not cut, or nothing was cleared yet then."""
    deadline: Deadline
    closing: YearClosing | None
    overdue: bool


async def find_month(connection: Connection, month: str, now: datetime) -> Month:
    """Returns a month as it stands, also one that is not cut yet.

    Raises:
        InvalidArgument: DATE_IN_FUTURE.
        Absent: nothing was cleared yet then.
    """
    usecases.require_past(month, now)
    found = await store.find(connection, month)
    if found is not None:
        return found
    first = await posting.open_month(connection)
    # Nothing is settled at all: the present month is open nevertheless.
    if month < (first or civil_month(now)):
        raise usecases.absent("month")
    return Month(
        month=month,
        state=MonthState.OPEN,
        cut_time=None,
        table_time=None,
        digest=b"",
        payable_fen=0,
        line_count=0,
        late_settlement_count=0,
        late_reversal_count=0,
    )


async def require_tabled(connection: Connection, month: str, now: datetime) -> Month:
    """Returns a month of which the tables are made.

    Raises:
        RuleForbids: MONTH_NOT_TABLED.
        InvalidArgument, Absent: as `find_month`.
    """
    found = await find_month(connection, month, now)
    usecases.require_tables(month, found.state)
    return found


async def view_month(
    connection: Connection, month: str, terms: MonthTerms, now: datetime
) -> MonthView:
    """Returns a month with its calendar, what is overdue and by whom.

    Raises:
        InvalidArgument, Absent: as `find_month`.
    """
    found = await find_month(connection, month, now)
    changes = await store.list_changes(connection, month)
    sides = await _sides(connection, found)
    breaks = 0
    if found.cut_time is not None and not found.state.has_reached(MonthState.TABLED):
        breaks = await break_store.count_blocking(connection, month)
    return MonthView(
        month=found,
        steps=await _steps(
            connection,
            found,
            changes,
            sides,
            await _late_payers(connection, found, now),
            terms,
            now,
        ),
        changes=tuple(changes),
        open_break_count=breaks,
        objected=tuple(sorted({side.pair for side in sides if side.decision is Decision.OBJECTED})),
    )


async def view_steps(
    connection: Connection, month: str, terms: MonthTerms, now: datetime
) -> tuple[Step, ...]:
    """Returns the calendar of a month alone: what is overdue, not which payers are late.

    Raises:
        InvalidArgument, Absent: as `find_month`.
    """
    found = await find_month(connection, month, now)
    changes = await store.list_changes(connection, month)
    sides = await _sides(connection, found)
    return await _steps(connection, found, changes, sides, frozenset(), terms, now)


async def _sides(connection: Connection, found: Month) -> list[Side]:
    if not found.state.has_reached(MonthState.TABLED):
        return []
    return await signature_store.load_sides(connection, found.month)


async def _steps(  # noqa: PLR0917 - what was read already
    connection: Connection,
    found: Month,
    changes: Sequence[Change],
    sides: Sequence[Side],
    late: frozenset[str],
    terms: MonthTerms,
    now: datetime,
) -> tuple[Step, ...]:
    times = {change.state: change.change_time for change in changes}
    parts: dict[StepKind, dict[str, date | None]] = {StepKind.SIGN: _signers(sides)}
    if found.cut_time is not None:
        regions = await store.care_regions(connection, found.month)
        parts[StepKind.RECONCILE] = {
            code: None if time is None else civil_date(time) for code, time in regions.items()
        }
    if found.state in {MonthState.SIGNED, MonthState.NOTIFIED}:
        parts[StepKind.PAYMENT] = dict.fromkeys(await _payers(connection, found.month))
    steps: list[Step] = []
    for kind in StepKind:
        done_time = times.get(_DONE_BY[kind])
        facts = StepFacts(
            done_time=done_time,
            done_on=None if done_time is None else civil_date(done_time),
            parts=parts.get(kind, {}),
            late=late if kind is StepKind.PAYMENT else frozenset(),
        )
        steps.append(step_of(kind, terms.deadline(found.month, kind), facts, civil_date(now)))
    return tuple(steps)


def _signers(sides: Sequence[Side]) -> dict[str, date | None]:
    """Returns the provinces that have to sign: when each had signed all of theirs, or None."""
    found: dict[str, date | None] = {}
    for side in sides:
        signed = civil_date(side.sign_time) if side.is_signed and side.sign_time else None
        before = found.setdefault(side.region_code, signed)
        if signed is None or before is None:
            found[side.region_code] = None
        else:
            found[side.region_code] = max(before, signed)
    return found


async def _payers(connection: Connection, month: str) -> set[str]:
    """Returns the provinces that have not paid all their notices of a month."""
    wanted = NoticeFilter(
        month=month,
        kind=NoticeKind.CLEARING,
        states=(NoticeState.ISSUED, NoticeState.PART_PAID),
    )
    notices = await notice_store.list_notices(connection, wanted, limit=_NOTICES_MAX)
    return {notice.payer_region_code for notice in notices}


async def _late_payers(connection: Connection, found: Month, now: datetime) -> frozenset[str]:
    if not found.state.has_reached(MonthState.SIGNED):
        return frozenset()
    return frozenset(await notice_usecases.late_payers(connection, found.month, now=now))


async def view_year(
    connection: Connection, year: int, terms: MonthTerms, now: datetime
) -> YearView:
    """Returns a year with its months.

    Raises:
        InvalidArgument: DATE_IN_FUTURE.
        Absent: nothing was cleared in it.
    """
    await usecases.require_year(connection, year, now)
    found = await store.list_months(connection, year=str(year), state=None, before="", limit=12)
    months = {one.month: one for one in found}
    closing = await signature_store.find_year(connection, year)
    deadline = terms.year_deadline(year)
    return YearView(
        year=year,
        months=tuple((month, months.get(month)) for month in months_of(year)),
        deadline=deadline,
        closing=closing,
        overdue=civil_date(closing.close_time if closing else now) > deadline.day,
    )

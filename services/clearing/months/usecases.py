"""Use cases of clearing months: one transaction each, decided by the lock on the month's row.

A month is locked before the chain of the ledger, and by whoever changes one of its facts last.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from services.clearing import posting
from services.clearing.breaks import store as break_store
from services.clearing.disputes import usecases as disputes
from services.clearing.domain import tables as table_rules
from services.clearing.domain.month_states import MonthState
from services.clearing.months import signature_store, store
from services.clearing.months.signature_store import Decision, Signing
from services.clearing.notices import store as notice_store
from services.kit.clock import civil_date, civil_midnight, civil_month
from services.kit.dates import first_day, months_of, next_month
from services.kit.errors import Absent, InvalidArgument, OfAnotherProvince, RuleForbids
from services.kit.wire import invalid

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from services.clearing.domain.tables import Tables
    from services.clearing.months.signature_store import Side
    from services.kit.db import Connection

People = tuple[str, str]
"""Maker and checker (经办、复核): two, as services.kit.notes has checked."""

NOTE_REQUIRED: Final = "an objection says why"


@dataclass(frozen=True, slots=True, kw_only=True)
class Confirmed:
    """That a care province has confirmed a month."""

    confirm_time: datetime
    awaited: tuple[str, ...]
    """Care provinces that have not."""


async def cut(connection: Connection, month: str, *, now: datetime) -> MonthState:
    """Cuts a month, begins its clearing and returns where it stands. A repeat is nothing.

    Raises:
        RuleForbids: FEED_BEHIND, MONTH_OUT_OF_ORDER; see services.clearing.posting.
    """
    if await store.lock(connection, month) is None:
        await posting.cut(connection, month, now=now)
        # The chain is locked: nobody else begins it at the same time.
        if await store.lock(connection, month) is None:
            await store.begin(connection, month, now)
    return await advance(connection, month, now)


async def advance(connection: Connection, month: str, now: datetime) -> MonthState:
    """Moves a month as far as the facts allow and returns where it stands.

    Called by whoever changes such a fact, in the same transaction: the last thing that it locks.

    Raises:
        LookupError: the month is not cut, so that nothing can be a fact of it.
    """
    state = await store.lock(connection, month)
    if state is None:
        msg = f"month {month} is not cut"
        raise LookupError(msg)
    while True:
        to = await _next(connection, month, state)
        if to is None:
            return state
        await store.move(connection, month, (state, to), now=now)
        state = to


async def _next(connection: Connection, month: str, state: MonthState) -> MonthState | None:
    """Returns the state that follows from facts alone; None: somebody has to act."""
    if state is MonthState.OPEN:
        regions = await store.care_regions(connection, month)
        return None if None in regions.values() else MonthState.RECONCILED
    if state is MonthState.TABLED:
        sides = await signature_store.load_sides(connection, month)
        return MonthState.SIGNED if all(side.is_signed for side in sides) else None
    if state is MonthState.SIGNED:
        standing = await notice_store.standing(connection, month)
        return MonthState.NOTIFIED if standing.notified else None
    if state is MonthState.NOTIFIED:
        standing = await notice_store.standing(connection, month)
        return MonthState.PAID if standing.paid else None
    return None


async def require_month(connection: Connection, month: str, now: datetime) -> MonthState:
    """Locks a month that is cut and returns where it stands.

    Raises:
        InvalidArgument: DATE_IN_FUTURE.
        Absent: nothing was cleared yet then.
        RuleForbids: MONTH_NOT_CUT.
    """
    require_past(month, now)
    state = await store.lock(connection, month)
    if state is not None:
        return state
    first = await posting.open_month(connection)
    if not first or month < first:
        raise absent("month")
    raise RuleForbids(
        "MONTH_NOT_CUT",
        "the month is not over, or the feed has not passed its end",
        field="month",
        metadata={"month": month},
    )


def require_past(month: str, now: datetime) -> None:
    """Refuses a month that has not begun.

    Raises:
        InvalidArgument: DATE_IN_FUTURE.
    """
    if month > civil_month(now):
        raise InvalidArgument("DATE_IN_FUTURE", "the month is in the future", field="month")


def absent(resource: str) -> Absent:
    """Returns the error for a month or year of which nothing is known."""
    return Absent(
        "RESOURCE_NOT_FOUND",
        f"nothing is cleared of this {resource}",
        field=resource,
        metadata={"resource": resource},
    )


async def confirm(
    connection: Connection, month: str, care_region_code: str, people: People, now: datetime
) -> Confirmed:
    """Confirms a month for a care province; again before its tables are made: as it was.

    Raises:
        RuleForbids: MONTH_NOT_CUT, MONTH_STATE_FORBIDS, CARE_REGION_WITHOUT_POSITION.
        InvalidArgument, Absent: as `require_month`.
    """
    state = await require_month(connection, month, now)
    if state.has_reached(MonthState.TABLED):
        raise _forbidden(month, state)
    regions = await store.care_regions(connection, month)
    if care_region_code not in regions:
        raise RuleForbids(
            "CARE_REGION_WITHOUT_POSITION",
            "nothing was settled or taken back there in that month",
            field="care_region_code",
            metadata={"month": month},
        )
    confirm_time = regions[care_region_code]
    if confirm_time is None:
        await store.confirm(connection, month, care_region_code, people, now)
        regions[care_region_code] = confirm_time = now
        await advance(connection, month, now)
    awaited = tuple(code for code, time in regions.items() if time is None)
    return Confirmed(confirm_time=confirm_time, awaited=awaited)


async def make_tables(connection: Connection, month: str, people: People, now: datetime) -> Tables:
    """Makes and freezes the tables of a month, from the balances that the ledger keeps.

    Raises:
        RuleForbids: MONTH_NOT_CUT, MONTH_OUT_OF_ORDER, MONTH_NOT_RECONCILED, BREAKS_OPEN, or
            MONTH_STATE_FORBIDS: they are made.
        InvalidArgument, Absent: as `require_month`.
        TablesUnbalanced: the ledger does not add up; nothing is written.
    """
    state = await require_month(connection, month, now)
    await _require_order(connection, month, MonthState.TABLED)
    if state is MonthState.OPEN:
        regions = await store.care_regions(connection, month)
        awaited = [code for code, time in regions.items() if time is None]
        raise RuleForbids(
            "MONTH_NOT_RECONCILED",
            "care provinces have not confirmed the month",
            field="month",
            metadata={"month": month, "awaited": ",".join(awaited)},
        )
    if state is not MonthState.RECONCILED:
        raise _forbidden(month, state)
    # What is found to differ at this moment waits, and is then found of a month with tables.
    await break_store.lock(connection)
    count = await break_store.count_blocking(connection, month)
    if count:
        raise RuleForbids(
            "BREAKS_OPEN",
            "breaks of the month are neither resolved nor carried, or days are not compared",
            field="month",
            metadata={"month": month, "breaks": str(count)},
        )
    # First what is due: what was reversed is given back, what nobody appealed against stands.
    await disputes.catch_up(connection, now)
    # From here on no deduction is posted into the month: what is read now stays.
    await posting.close_tables(connection, month, now=now)
    tables = await _build(connection, month)
    await store.store_tables(connection, tables, people, now)
    await store.move(
        connection, month, (MonthState.RECONCILED, MonthState.TABLED), now=now, people=people
    )
    await advance(connection, month, now)
    return tables


async def _build(connection: Connection, month: str) -> Tables:
    balances, counts = await store.load_balances(connection, month)
    late = await store.load_late(connection, month)
    lines = table_rules.build_lines(month, balances, counts, late.fen)
    return table_rules.Tables(
        month=month,
        lines=tuple(lines),
        late_settlement_count=late.settlement_count,
        late_reversal_count=late.reversal_count,
        payable_fen=table_rules.check_lines(lines),
        digest=table_rules.digest_of(lines),
    )


async def sign(connection: Connection, signing: Signing, now: datetime) -> int:
    """Signs lines of a month's tables for a province, or objects to them; all or none.

    Returns how many pairs it said something new of: what it has signed it need not sign again.

    Raises:
        RuleForbids: MONTH_NOT_CUT, MONTH_NOT_TABLED, SIGNATURE_OF_ANOTHER_PROVINCE,
            SIGNATURE_GIVEN.
        InvalidArgument: an objection without a note, a pair without lines, one named twice;
            DATE_IN_FUTURE.
        Absent: as `require_month`.
    """
    if signing.decision is Decision.OBJECTED and not signing.note:
        raise invalid("note", NOTE_REQUIRED)
    state = await require_month(connection, signing.month, now)
    require_tables(signing.month, state)
    sides = await signature_store.load_sides(connection, signing.month, signing.region_code)
    wanted = _wanted(signing, sides)
    if signing.decision is Decision.OBJECTED:
        given = [side for side in wanted if side.is_signed]
        if given or not wanted:
            raise _given(given[0] if given else sides[0])
    new = [side.pair for side in wanted if not side.is_signed]
    if new:
        await signature_store.append(connection, signing, new, now)
        await advance(connection, signing.month, now)
    return len(new)


def _wanted(signing: Signing, sides: Sequence[Side]) -> list[Side]:
    known = {side.pair: side for side in sides}
    if not signing.pairs:
        if not sides:
            raise _of_another("region_code", None)
        return [side for side in sides if not side.is_signed]
    wanted: list[Side] = []
    for index, pair in enumerate(signing.pairs):
        if signing.region_code not in pair:
            raise _of_another(f"pairs[{index}]", pair)
        if pair not in known:
            raise invalid(f"pairs[{index}]", "has no lines in the tables of the month")
        if pair in signing.pairs[:index]:
            raise invalid(f"pairs[{index}]", "is named twice")
        wanted.append(known[pair])
    return wanted


def _of_another(field: str, pair: tuple[str, str] | None) -> RuleForbids:
    named = {} if pair is None else {"insuredRegionCode": pair[0], "careRegionCode": pair[1]}
    return OfAnotherProvince(
        "SIGNATURE_OF_ANOTHER_PROVINCE",
        "the province is neither side of it",
        field=field,
        metadata=named,
    )


def _given(side: Side) -> RuleForbids:
    return RuleForbids(
        "SIGNATURE_GIVEN",
        "the province has signed and cannot object any more",
        field="decision",
        metadata={
            "insuredRegionCode": side.insured_region_code,
            "careRegionCode": side.care_region_code,
        },
    )


async def close_month(connection: Connection, month: str, people: People, now: datetime) -> None:
    """Closes a month that is paid, after those before it.

    Raises:
        RuleForbids: MONTH_NOT_CUT, MONTH_OUT_OF_ORDER, MONTH_STATE_FORBIDS.
        InvalidArgument, Absent: as `require_month`.
    """
    state = await require_month(connection, month, now)
    await _require_order(connection, month, MonthState.CLOSED)
    if state is not MonthState.PAID:
        raise _forbidden(month, state)
    await store.move(connection, month, (state, MonthState.CLOSED), now=now, people=people)


async def close_year(connection: Connection, year: int, people: People, now: datetime) -> None:
    """Closes a year of which every month that was ever cleared is closed, after those before it.

    Raises:
        RuleForbids: YEAR_INCOMPLETE, YEAR_CLOSED.
        InvalidArgument: DATE_IN_FUTURE.
        Absent: nothing was cleared in it.
    """
    await require_year(connection, year, now)
    found = await store.list_months(connection, year=str(year), state=None, before="", limit=12)
    states = {one.month: one.state for one in found}
    first = min(states, default="")
    # Months before the first one that was ever cut are no part of clearing.
    behind = [
        month
        for month in months_of(year)
        if states.get(month) is not MonthState.CLOSED
        and not (month not in states and first and month < first)
    ]
    if behind:
        raise RuleForbids(
            "YEAR_INCOMPLETE",
            "months of the year are not closed",
            field="year",
            metadata={"year": str(year), "months": ",".join(behind)},
        )
    await _require_years(connection, year)
    if not await signature_store.close_year(connection, year, people, now):
        raise RuleForbids(
            "YEAR_CLOSED",
            "the year was closed before",
            field="year",
            metadata={"year": str(year)},
        )


async def _require_years(connection: Connection, year: int) -> None:
    """Refuses a year before which another one is open, though all months of both may be closed."""
    first = await store.first_cut(connection)
    closed = await signature_store.closed_years(connection)
    missing = [str(one) for one in range(int(first[:4]), year) if one not in closed]
    if missing:
        raise RuleForbids(
            "YEAR_INCOMPLETE",
            "years go one after the other: an earlier one is not closed",
            field="year",
            metadata={"year": str(year), "years": ",".join(missing)},
        )


async def require_year(connection: Connection, year: int, now: datetime) -> None:
    """Refuses a year that has not begun, or in which nothing was ever booked.

    Raises:
        InvalidArgument: DATE_IN_FUTURE.
        Absent: nothing was cleared in it.
    """
    if year > civil_date(now).year:
        raise InvalidArgument("DATE_IN_FUTURE", "the year is in the future", field="year")
    first = await store.first_cut(connection) or await posting.open_month(connection)
    if not first or year < int(first[:4]):
        raise absent("year")


def require_tables(month: str, state: MonthState) -> None:
    """Refuses a month without tables.

    Raises:
        RuleForbids: MONTH_NOT_TABLED.
    """
    if not state.has_reached(MonthState.TABLED):
        raise RuleForbids(
            "MONTH_NOT_TABLED",
            "the tables of the month are not made",
            field="month",
            metadata={"month": month, "state": state.value},
        )


async def due_month(connection: Connection, now: datetime) -> str:
    """Returns the month that is to be cut next and is over; empty: none is."""
    month = await posting.open_month(connection)
    if not month or now < civil_midnight(first_day(next_month(month))):
        return ""
    return month


async def _require_order(connection: Connection, month: str, state: MonthState) -> None:
    behind = await store.first_behind(connection, month, state)
    if behind:
        raise RuleForbids(
            "MONTH_OUT_OF_ORDER",
            f"months go one after the other: {behind} is next",
            field="month",
            metadata={"nextMonth": behind},
        )


def _forbidden(month: str, state: MonthState) -> RuleForbids:
    return RuleForbids(
        "MONTH_STATE_FORBIDS",
        "the month is not in a state that allows this",
        field="month",
        metadata={"month": month, "state": state.value},
    )

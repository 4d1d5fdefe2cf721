"""Use cases of statements: what an institution or a care province says it has of a day."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from uuid import UUID

from services.clearing import (
    comparison_store,
    hub_store,
    statement_store,
)
from services.clearing.comparison_store import LegDay, Result
from services.clearing.domain.reconciliation import HubRecord, LegRecord, Party, Status
from services.clearing.domain.statement_states import ALLOWED, StatementState
from services.clearing.domain.totals import (
    Group,
    Totals,
    TotalsDifference,
    add_up,
    count_settled,
    differing,
    first_gap,
)
from services.clearing.reconciliation_clients import business_date_of
from services.clearing.reconciling import Compared, Reconciler, store_findings
from services.clearing.statement_store import Statement
from services.kit.db import Connection, Database
from services.kit.errors import Absent, LostRace, RuleForbids
from services.kit.ids import new_id
from services.kit.wire import invalid


@dataclass(frozen=True, slots=True, kw_only=True)
class Opening:
    """What a party states of a day."""

    party: Party
    party_code: str
    business_date: date
    until: datetime
    totals: Mapping[Group, Totals]


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """What the hub says to it."""

    statement: Statement
    differences: tuple[TotalsDifference, ...]
    """Where the totals differ: `one` is stated, `other` is the hub's."""
    hub_time: datetime


class Statements:
    """Takes statements."""

    def __init__(self, reconciler: Reconciler) -> None:
        self._reconciler = reconciler
        self._database = reconciler.database

    async def open(self, opening: Opening, connection: Connection) -> Opened:
        """Compares totals at once; a statement of the same party and day gives way.

        Raises:
            Unavailable: the hub's own leg is not complete yet.
        """
        key = (opening.party, opening.party_code, opening.business_date)
        await statement_store.lock(connection, *key)
        hub_time = await self._reconciler.hub_time(opening.until, connection)
        hub = await hub_store.total_day(
            connection, *key[:2], day=opening.business_date, until=opening.until
        )
        differences = differing(opening.totals, hub)
        state = StatementState.DIFFERENT if differences else StatementState.EVEN
        now = self._reconciler.now()
        statement = Statement(
            statement_id=new_id(now),
            party=opening.party,
            party_code=opening.party_code,
            business_date=opening.business_date,
            revision=await statement_store.next_revision(connection, *key),
            until=opening.until,
            state=state,
            record_count=0,
        )
        await statement_store.insert(connection, statement, opening.totals, open_time=now)
        leg = LegDay(opening.business_date, opening.party.value, opening.party_code)
        result = Result(
            leg=leg,
            state=state,
            hub_count=count_settled(hub),
            party_count=count_settled(opening.totals),
            difference_count=0,
            compare_time=now,
        )
        await comparison_store.finish(
            connection, result, statement_id=statement.statement_id, begun=now, due_time=None
        )
        if state is StatementState.EVEN:
            # What was found in an earlier statement of the day is settled by totals that agree.
            await store_findings(connection, leg, (), now)
        return Opened(statement=statement, differences=differences, hub_time=hub_time)

    async def add(
        self, statement_id: UUID, records: Sequence[LegRecord], connection: Connection
    ) -> int:
        """Takes details, all or none; returns how many the statement has.

        Raises:
            Absent: no such statement.
            RuleForbids: it takes no more.
            InvalidArgument: a detail is of another day or party, or is stated twice.
        """
        statement = await _taking(connection, statement_id)
        known = await _known_by_request(connection, statement, records)
        placed = [
            _placed(statement, record, known, f"records[{index}]")
            for index, record in enumerate(records)
        ]
        written = await statement_store.insert_records(connection, statement_id, placed)
        for index, record in enumerate(placed):
            key = (record.settlement_id, record.request_id)
            if key not in written:
                raise invalid(f"records[{index}]", "is in the statement already")
            written.remove(key)
        return await statement_store.count_records(connection, statement_id, len(placed))

    async def examine(self, statement_id: UUID) -> Compared | None:
        """Compares the details of a statement that is to be closed; None: it is closed or gone.

        Raises:
            RuleForbids: details are missing, or do not add up to the totals.
            Unavailable: settlement does not answer.
        """
        statement = await statement_store.find(self._database, statement_id)
        if statement is None or StatementState.COMPARED not in ALLOWED[statement.state]:
            return None
        records = await statement_store.load_records(self._database, statement)
        known = await _known_by_request(self._database, statement, records)
        named = [
            one
            if one.settlement_id is not None or one.request_id not in known
            else replace(one, settlement_id=known[one.request_id].settlement_id)
            for one in records
        ]
        earlier = [
            one.settlement_id
            for one in named
            if one.settlement_id is not None
            and business_date_of(one.settlement_id) < statement.business_date
        ]
        stated = await statement_store.load_totals(self._database, statement_id)
        gap = first_gap(stated, add_up(named, earlier))
        if gap is not None:
            name, left, right = gap
            unit = "Count" if name.endswith("_count") else "Fen"
            raise RuleForbids(
                "STATEMENT_INCOMPLETE",
                f"the details do not add up to {name}",
                field="statement_id",
                metadata={"sum": name, f"stated{unit}": str(left), f"details{unit}": str(right)},
            )
        return await self._reconciler.compare_statement(statement)

    async def close(
        self, statement_id: UUID, compared: Compared | None, connection: Connection
    ) -> Result:
        """Ends the details and stores what was found.

        Raises:
            Absent: no such statement.
            RuleForbids: it is closed already, or another has taken its place.
            LostRace: details came while it was compared.
        """
        statement = await _taking(connection, statement_id)
        if compared is None or compared.party_count != statement.record_count:
            raise LostRace("LOST_RACE", "the statement changed meanwhile", retry_after_ms=50)
        await statement_store.set_compared(connection, statement_id)
        return await self._reconciler.store_in(compared, connection)


async def _taking(connection: Connection, statement_id: UUID) -> Statement:
    statement = await statement_store.find(connection, statement_id, locked=True)
    if statement is None:
        raise Absent(
            "RESOURCE_NOT_FOUND",
            "no such statement",
            field="statement_id",
            metadata={"resource": "statement"},
        )
    if StatementState.COMPARED not in ALLOWED[statement.state]:
        raise RuleForbids(
            "STATEMENT_CLOSED",
            "the statement takes no more details",
            field="statement_id",
            metadata={"state": statement.state.value},
        )
    return statement


async def _known_by_request(
    connection: Connection | Database, statement: Statement, records: Sequence[LegRecord]
) -> dict[UUID | None, HubRecord]:
    """Returns the party's settlements that details name by their request alone, by request."""
    requests = [one.request_id for one in records if not one.settlement_id and one.request_id]
    if not requests:
        return {}
    found = await hub_store.find(connection, settlement_ids=[], request_ids=requests)
    return {
        one.request_id: one
        for one in found
        if one.place.code_of(statement.party) == statement.party_code
    }


def _placed(
    statement: Statement,
    record: LegRecord,
    known: Mapping[UUID | None, HubRecord],
    field: str,
) -> LegRecord:
    """Returns a detail of the statement's day, or raises InvalidArgument."""
    day = statement.business_date
    key = "settlement_id"
    if record.settlement_id is not None:
        day = business_date_of(record.settlement_id)
    elif record.request_id in known:
        key, day = "request_id", known[record.request_id].business_date
    if day > statement.business_date:
        raise invalid(f"{field}.{key}", "is of a later business date")
    if day < statement.business_date and record.status is not Status.REVERSED:
        raise invalid(f"{field}.{key}", "is of an earlier business date and not taken back")
    institution = record.place.institution_code
    if statement.party is Party.CARE_PROVINCE:
        if not institution:
            raise invalid(f"{field}.institution_code", "a care province names the institution")
        return record
    if institution not in {"", statement.party_code}:
        raise invalid(f"{field}.institution_code", "is not the institution that states it")
    return record

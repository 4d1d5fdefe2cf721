"""What is on record of the persons whom events are about, and what is added to it: all SQL of that.

Whoever writes holds the row of the feed "audit" in feed_cursor: bills of two feeds and the findings
of mining are about the same persons.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any, Final

from services.supervision.audit.details import write_detail
from services.supervision.audit.store import COLUMNS, DETAIL_CONTEXT, ROWS_AT_ONCE, AuditStore
from services.supervision.domain.audit import (
    Kept,
    PersonRecord,
    Settled,
    TakenBack,
    content_of,
    key_of,
)
from services.supervision.domain.model import begin_of, shifted
from services.supervision.store import NewFinding, NewWithdrawal, Store, withdraw

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from uuid import UUID

    from services.kit.crypto import FieldCipher
    from services.kit.db import Connection, Database
    from services.supervision.domain.audit import AuditEvent, Change
    from services.supervision.domain.model import Bill

FEED: Final = "audit"
"""Name of settlement's feed in feed_cursor; its row is the lock of all audit."""
REIMBURSEMENT_FEED: Final = "reimbursements"

_LOCK: Final = """/* supervision.lock_audit */
SELECT cursor FROM feed_cursor WHERE feed = 'audit' FOR UPDATE"""

# One index range for each person; what was settled later than what comes now makes it late.
_LOAD: Final = f"""/* supervision.load_audited_bills */
SELECT {COLUMNS}, r.settlement_id IS NOT NULL AS is_reversed
  FROM unnest($1::uuid[], $2::date[], $3::timestamptz[]) AS w (person_id, since, settle_from)
  JOIN audited_bill b
    ON b.person_id = w.person_id AND (b.end_date >= w.since OR b.settle_time >= w.settle_from)
  LEFT JOIN reversal r ON r.settlement_id = b.bill_key"""  # noqa: S608 - constants

_REVERSED: Final = """/* supervision.find_reversals */
SELECT settlement_id FROM reversal WHERE settlement_id = ANY ($1::uuid[])"""

_INSERT_REVERSALS: Final = """/* supervision.insert_reversals */
INSERT INTO reversal (settlement_id, event_time)
SELECT settlement_id, event_time
  FROM unnest($1::uuid[], $2::timestamptz[]) AS r (settlement_id, event_time)
ON CONFLICT (settlement_id) DO NOTHING"""

# Of whichever person they are: such findings rest on the bills of many.
_WITHDRAW_MINED: Final = """/* supervision.withdraw_mined_findings */
INSERT INTO finding_withdrawal (finding_id, reason, event_time)
SELECT DISTINCT ON (m.finding_id) m.finding_id, 'OTHER_REVERSED', r.event_time
  FROM unnest($1::uuid[], $2::timestamptz[]) AS r (bill_key, event_time)
  JOIN mined_finding_bill m ON m.other_bill_key = r.bill_key
 ORDER BY m.finding_id, r.event_time
ON CONFLICT (finding_id) DO NOTHING"""

_BILL_COLUMNS: Final = (
    "bill_key",
    "channel",
    "person_id",
    "care_region_code",
    "insured_region_code",
    "institution_code",
    "medical_type_code",
    "scheme_code",
    "begin_date",
    "end_date",
    "settle_time",
    "total_fen",
    "in_scope_fen",
    "fund_fen",
    "round_trip_ms",
    "region_ms",
    "visit_id",
    "invoice_key",
    "phone_key",
    "is_screened",
    "ruleset_version",
    "detail",
)
_EVER: Final = date.min
_NEVER: Final = datetime(9999, 12, 31, tzinfo=UTC)


@dataclass(slots=True)
class _Wanted:
    """What must be loaded of a person."""

    since: date = date.max
    settle_from: datetime = _NEVER
    is_whole: bool = False


@dataclass(slots=True)
class Recorded:
    """What is to be written of a batch, in the order of its events."""

    rows: list[tuple[Any, ...]] = field(default_factory=list)
    """Of bills; see `Records.row_of`."""
    reversals: list[TakenBack] = field(default_factory=list)
    findings: list[NewFinding] = field(default_factory=list)
    withdrawals: list[NewWithdrawal] = field(default_factory=list)

    @property
    def channels(self) -> list[str]:
        """The channels of the bills."""
        return [row[1] for row in self.rows]

    def add(self, change: Change, bills: Mapping[UUID, Bill]) -> None:
        """Adds what an event changed, but for the bill; `bills` has those that findings are on."""
        if change.taken_back is not None:
            self.reversals.append(change.taken_back)
        self.findings += [_new(kept, bills[kept.bill_key]) for kept in change.made]
        self.withdrawals += [
            NewWithdrawal(one.finding_id, one.reason, one.event_time) for one in change.dropped
        ]


def _new(kept: Kept, bill: Bill) -> NewFinding:
    return NewFinding(
        kept.finding_id,
        kept.bill_key,
        kept.finding,
        kept.moment,
        bill.care_region_code,
        bill.insured_region_code,
        bill.institution_code,
    )


class Records:
    """Loads and writes what is on record, inside the caller's transaction."""

    def __init__(self, database: Database, cipher: FieldCipher) -> None:
        """Holds what all statements share."""
        self._cipher = cipher
        self._findings = Store(database, cipher)
        self._bills = AuditStore(database, cipher)

    async def lock(self, connection: Connection) -> None:
        """Waits for whoever writes, and makes others wait."""
        await connection.fetchrow(_LOCK)

    async def load(
        self, connection: Connection, events: Sequence[AuditEvent], *, history_days: int
    ) -> dict[UUID, PersonRecord]:
        """Returns the records of the persons whom events are about."""
        wanted = _wanted(events, history_days)
        records = await self._load_bills(connection, wanted)
        late = [
            event.bill.person_id
            for event in events
            if isinstance(event, Settled)
            and event.bill.person_id is not None
            and not records[event.bill.person_id].is_whole
            and records[event.bill.person_id].is_late(event.bill)
        ]
        if late:
            whole = {person_id: _Wanted(_EVER, _NEVER, is_whole=True) for person_id in late}
            records.update(await self._load_bills(connection, whole))
        await self._load_findings(connection, records, events)
        return records

    async def _load_bills(
        self, connection: Connection, wanted: Mapping[UUID, _Wanted]
    ) -> dict[UUID, PersonRecord]:
        records = {key: PersonRecord(is_whole=one.is_whole) for key, one in wanted.items()}
        rows = await connection.fetch(
            _LOAD,
            list(wanted),
            [one.since for one in wanted.values()],
            [one.settle_from for one in wanted.values()],
        )
        for number, row in enumerate(rows):
            bill = self._bills.bill_of(row)
            records[row["person_id"]].add(bill, is_taken_back=row["is_reversed"])
            if number % ROWS_AT_ONCE == 0:
                await asyncio.sleep(0)
        return records

    async def _load_findings(
        self,
        connection: Connection,
        records: Mapping[UUID, PersonRecord],
        events: Sequence[AuditEvent],
    ) -> None:
        # Of most bills nothing is on record yet: only a version before may have written it.
        by_bill = {_bill_key(event): records[person_of(event)] for event in events}
        for row in await connection.fetch(_REVERSED, list(by_bill)):
            by_bill[row["settlement_id"]].taken_back.add(row["settlement_id"])
        for record in records.values():
            if record.is_whole:
                by_bill.update(dict.fromkeys(record.audited, record))
        found = await self._findings.findings_of(list(by_bill), connection=connection)
        for key, findings in found.items():
            record = by_bill[key]
            for one in findings:
                if one.is_standing:
                    kept = Kept(one.finding_id, key, one.finding, one.moment)
                    record.findings.setdefault(key, []).append(kept)
            record.withdrawn.update(
                Counter(content_of(key, one.finding) for one in findings if not one.is_standing)
            )

    def row_of(self, event: Settled, *, ruleset_version: str) -> tuple[Any, ...]:
        """Returns what is written of a bill, sealed; see `write`."""
        bill = event.bill
        key = key_of(bill)
        detail = self._cipher.encrypt(write_detail(bill), context=DETAIL_CONTEXT + key.bytes)
        return (
            key,
            bill.channel.value,
            bill.person_id,
            bill.care_region_code,
            bill.insured_region_code,
            bill.institution_code,
            bill.medical_type,
            bill.scheme_code,
            bill.begin_date,
            bill.end_date,
            bill.settle_time,
            bill.total_fen,
            event.in_scope_fen,
            bill.fund_fen,
            event.round_trip_ms,
            event.region_ms,
            bill.visit_id,
            bill.invoice_key,
            bill.phone_key,
            event.is_screened,
            ruleset_version,
            detail,
        )

    async def write(self, connection: Connection, recorded: Recorded) -> None:
        """Adds bills, reversals, findings and withdrawals, in the order of the events."""
        if recorded.rows:
            await connection.copy("audited_bill", _BILL_COLUMNS, recorded.rows)
        await self._findings.insert(connection, recorded.findings)
        await withdraw(connection, recorded.withdrawals)
        if recorded.reversals:
            keys = [one.bill_key for one in recorded.reversals]
            times = [one.event_time for one in recorded.reversals]
            await connection.execute(_INSERT_REVERSALS, keys, times)
            await connection.execute(_WITHDRAW_MINED, keys, times)


def _wanted(events: Sequence[AuditEvent], history_days: int) -> dict[UUID, _Wanted]:
    found: dict[UUID, _Wanted] = {}
    for event in events:
        wanted = found.setdefault(person_of(event), _Wanted())
        if isinstance(event, TakenBack):
            wanted.is_whole, wanted.since = True, _EVER
            continue
        bill = event.bill
        since = shifted(begin_of(bill), -history_days)
        wanted.since = min(wanted.since, since)
        if bill.settle_time is not None:
            wanted.settle_from = min(wanted.settle_from, bill.settle_time)
    return found


def _bill_key(event: AuditEvent) -> UUID:
    return event.bill_key if isinstance(event, TakenBack) else key_of(event.bill)


def person_of(event: AuditEvent) -> UUID:
    """Returns the person whom an event is about.

    Raises:
        ValueError: a settled bill without person.
    """
    if isinstance(event, TakenBack):
        return event.person_id
    if event.bill.person_id is None:
        msg = "a settled bill without person"
        raise ValueError(msg)
    return event.bill.person_id

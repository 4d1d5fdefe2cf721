"""Findings on record: all SQL that reads and adds them. Append-only.

What names lines or items of a bill is encrypted before it becomes a parameter.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from services.supervision import messages
from services.supervision.domain.recording import (
    FindingMoment,
    RecordedFinding,
    Withdrawal,
    WithdrawalReason,
)

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from uuid import UUID

    import asyncpg

    from services.kit.crypto import FieldCipher
    from services.kit.db import Connection, Database
    from services.supervision.domain.model import Finding, ResultClass, Severity

_DETAIL: Final = b"supervision.finding:"
_AT_ONCE: Final = 32
"""Findings that are sealed or opened before others have a turn: half a millisecond."""
_ROWS_AT_ONCE: Final = 128
"""Findings of one statement that adds them."""
_PROVINCE: Final = 2
"""Digits of a region's code that name its province."""

_INSERT: Final = """/* supervision.insert_findings */
INSERT INTO finding (finding_id, settlement_id, rule_code, result_class, severity, effect, moment,
                     amount_fen, care_region_code, insured_region_code, institution_code,
                     ruleset_version, detail, run_id)
SELECT f.finding_id, f.settlement_id, f.rule_code, f.result_class, f.severity, f.effect, f.moment,
       f.amount_fen, f.care_region_code, f.insured_region_code, f.institution_code,
       f.ruleset_version, f.detail, $14
  FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[],
              $8::bigint[], $9::text[], $10::text[], $11::text[], $12::text[], $13::bytea[])
       WITH ORDINALITY
       AS f (finding_id, settlement_id, rule_code, result_class, severity, effect, moment,
             amount_fen, care_region_code, insured_region_code, institution_code, ruleset_version,
             detail, position)
 ORDER BY f.position
ON CONFLICT (finding_id) DO NOTHING"""

_WITHDRAW: Final = """/* supervision.withdraw_findings */
INSERT INTO finding_withdrawal (finding_id, reason, event_time)
SELECT w.finding_id, w.reason, w.event_time
  FROM unnest($1::uuid[], $2::text[], $3::timestamptz[]) WITH ORDINALITY
       AS w (finding_id, reason, event_time, position)
 ORDER BY w.position
ON CONFLICT (finding_id) DO NOTHING"""

_COLUMNS: Final = """
SELECT f.finding_number, f.finding_id, f.settlement_id, f.care_region_code, f.insured_region_code,
       f.institution_code, f.rule_code, f.result_class, f.amount_fen, f.ruleset_version, f.detail,
       f.moment, f.create_time, w.reason, w.event_time
  FROM finding f
  LEFT JOIN finding_withdrawal w ON w.finding_id = f.finding_id"""
_LIST: Final = f"/* supervision.list_findings */{_COLUMNS}"
_FIND: Final = f"/* supervision.find_finding */{_COLUMNS}\n WHERE f.finding_id = $1"
_OF_BILLS: Final = f"""/* supervision.findings_of_bills */{_COLUMNS}
 WHERE f.settlement_id = ANY ($1::uuid[])
 ORDER BY f.finding_number"""


@dataclass(frozen=True, slots=True, kw_only=True)
class FindingFilter:
    """Which findings are wanted; None, False or empty: all."""

    settlement_id: UUID | None = None
    care_region_prefix: str = ""
    province_code: str = ""
    """As care or as insured region, xx0000."""
    rule_code: str = ""
    result_class: ResultClass | None = None
    severity: Severity | None = None
    institution_code: str = ""
    since_time: datetime | None = None
    """Recorded from then on."""
    only_standing: bool = False
    before_number: int | None = None
    """Only those recorded before this one: the last of the page before."""


@dataclass(frozen=True, slots=True)
class NewFinding:
    """A finding to be recorded, with what is said of its bill in the clear."""

    finding_id: UUID
    bill_key: UUID
    finding: Finding
    moment: FindingMoment
    care_region_code: str
    insured_region_code: str
    institution_code: str


@dataclass(frozen=True, slots=True)
class NewWithdrawal:
    """A withdrawal to be recorded."""

    finding_id: UUID
    reason: WithdrawalReason
    event_time: datetime


class Store:
    """The findings on record."""

    def __init__(self, database: Database, cipher: FieldCipher) -> None:
        """Holds what all statements share."""
        self._database = database
        self._cipher = cipher

    async def list_findings(self, wanted: FindingFilter, *, limit: int) -> list[RecordedFinding]:
        """Returns the newest findings that the filter lets through, at most `limit`.

        Raises:
            UnreadableField: the data key is not the one that they were written with.
        """
        statement, arguments = listing(wanted, limit=limit)
        rows = await self._database.fetch(statement, *arguments)
        return [self._recorded(row) for row in rows]

    async def finding(self, finding_id: UUID) -> RecordedFinding | None:
        """Returns one finding, or None."""
        row = await self._database.fetchrow(_FIND, finding_id)
        return None if row is None else self._recorded(row)

    async def findings_of(
        self, bill_keys: Sequence[UUID], *, connection: Connection | None = None
    ) -> dict[UUID, list[RecordedFinding]]:
        """Returns all findings on bills, also withdrawn ones, in the order of recording.

        A bill without findings is not in the answer.
        """
        rows = await (connection or self._database).fetch(_OF_BILLS, list(bill_keys))
        found: dict[UUID, list[RecordedFinding]] = {}
        for number, row in enumerate(rows):
            if number % _AT_ONCE == 0:
                await asyncio.sleep(0)
            found.setdefault(row["settlement_id"], []).append(self._recorded(row))
        return found

    async def insert(
        self, connection: Connection, findings: Sequence[NewFinding], *, run_id: UUID | None = None
    ) -> None:
        """Adds findings, each once; `run_id` is that of the mining that found them."""
        for place in range(0, len(findings), _ROWS_AT_ONCE):
            await self._insert(connection, findings[place : place + _ROWS_AT_ONCE], run_id)

    async def _insert(
        self, connection: Connection, findings: Sequence[NewFinding], run_id: UUID | None
    ) -> None:
        details = []
        for number, one in enumerate(findings):
            if number % _AT_ONCE == 0:
                await asyncio.sleep(0)
            detail, context = messages.write_detail(one.finding), _DETAIL + one.finding_id.bytes
            details.append(self._cipher.encrypt(detail, context=context))
        await connection.execute(
            _INSERT,
            [one.finding_id for one in findings],
            [one.bill_key for one in findings],
            [one.finding.rule_code for one in findings],
            [one.finding.result_class.value for one in findings],
            [one.finding.severity.value for one in findings],
            [one.finding.effect.value for one in findings],
            [one.moment.value for one in findings],
            [one.finding.amount_fen for one in findings],
            [one.care_region_code for one in findings],
            [one.insured_region_code for one in findings],
            [one.institution_code for one in findings],
            [one.finding.rule_version for one in findings],
            details,
            run_id,
        )

    def _recorded(self, row: asyncpg.Record) -> RecordedFinding:
        key: UUID = row["finding_id"]
        reason = row["reason"]
        return RecordedFinding(
            finding_number=row["finding_number"],
            finding_id=key,
            settlement_id=row["settlement_id"],
            care_region_code=row["care_region_code"],
            insured_region_code=row["insured_region_code"],
            institution_code=row["institution_code"],
            finding=messages.read_stored(
                self._cipher.decrypt(row["detail"], context=_DETAIL + key.bytes),
                rule_code=row["rule_code"],
                result_class=row["result_class"],
                amount_fen=row["amount_fen"],
                rule_version=row["ruleset_version"],
            ),
            moment=FindingMoment(row["moment"]),
            withdrawal=(
                None
                if reason is None
                else Withdrawal(reason=WithdrawalReason(reason), event_time=row["event_time"])
            ),
            create_time=row["create_time"],
        )


async def withdraw(connection: Connection, withdrawals: Sequence[NewWithdrawal]) -> None:
    """Says of findings that they do not stand any more, each once."""
    if not withdrawals:
        return
    await connection.execute(
        _WITHDRAW,
        [one.finding_id for one in withdrawals],
        [one.reason.value for one in withdrawals],
        [one.event_time for one in withdrawals],
    )


def listing(wanted: FindingFilter, *, limit: int) -> tuple[str, list[object]]:
    """Returns the statement that lists findings, and its arguments.

    Only the conditions asked for: one statement with "$1 IS NULL OR …" would be planned once for
    all filters and scan the table for each.
    """
    conditions = _conditions(wanted)
    clauses = [
        text.replace("{}", f"${number}") for number, (text, _) in enumerate(conditions, start=1)
    ]
    arguments = [*(value for _, value in conditions), limit]
    if wanted.only_standing:
        clauses.append("w.finding_id IS NULL")
    last = f"\n ORDER BY finding_number DESC LIMIT ${len(arguments)}"
    if not wanted.province_code:
        where = f"\n WHERE {' AND '.join(clauses)}" if clauses else ""
        return f"{_LIST}{where}{last}", arguments
    # A province that has few would be looked for in all others' with an OR: an index each.
    arguments.append(wanted.province_code[:2])
    mine = f"left(f.care_region_code, 2) = ${len(arguments)}"
    as_insured = f"left(f.insured_region_code, 2) = ${len(arguments)}"
    parts = [
        f"({_COLUMNS}\n WHERE {' AND '.join([*clauses, *sides])}{last})"
        for sides in ((mine,), (as_insured, f"NOT {mine}"))
    ]
    return (
        f"/* supervision.list_findings_of_province */ {' UNION ALL '.join(parts)}{last}",
        arguments,
    )


def _conditions(wanted: FindingFilter) -> list[tuple[str, object]]:
    prefix = wanted.care_region_prefix
    result_class, severity = wanted.result_class, wanted.severity
    every: list[tuple[str, object]] = [
        ("f.settlement_id = {}", wanted.settlement_id),
        # The first two digits are indexed.
        ("left(f.care_region_code, 2) = {}", prefix[:2]),
        ("starts_with(f.care_region_code, {})", prefix[:6] if len(prefix) > _PROVINCE else ""),
        ("f.rule_code = {}", wanted.rule_code),
        ("f.result_class = {}", None if result_class is None else result_class.value),
        ("f.severity = {}", None if severity is None else severity.value),
        ("f.institution_code = {}", wanted.institution_code),
        ("f.create_time >= {}", wanted.since_time),
        ("f.finding_number < {}", wanted.before_number),
    ]
    return [(text, value) for text, value in every if value is not None and value != ""]

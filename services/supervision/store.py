"""All SQL of supervision. Everything but the cursor is append-only.

What names lines or items of a bill is encrypted before it becomes a parameter.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from services.kit.feed import move_cursor
from services.supervision import messages
from services.supervision.domain.model import Finding, ResultClass
from services.supervision.domain.recording import (
    RecordedFinding,
    Reversal,
    Screening,
    finding_id,
)

if TYPE_CHECKING:
    from collections.abc import Sequence
    from uuid import UUID

    import asyncpg

    from services.kit.crypto import FieldCipher
    from services.kit.db import Connection, Database

FEED: Final = "settlement"
"""Name of the feed in feed_cursor."""

_DETAIL: Final = b"supervision.finding:"

_INSERT_SCREENINGS: Final = """/* supervision.insert_screenings */
INSERT INTO screening (settlement_id, moment, care_region_code, insured_region_code,
                       institution_code, finding_count, event_time)
SELECT s.settlement_id, s.moment, s.care_region_code, s.insured_region_code, s.institution_code,
       s.finding_count, s.event_time
  FROM unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::text[], $6::int[],
              $7::timestamptz[])
       AS s (settlement_id, moment, care_region_code, insured_region_code, institution_code,
             finding_count, event_time)
ON CONFLICT (settlement_id) DO NOTHING
RETURNING settlement_id"""

_INSERT_FINDINGS: Final = """/* supervision.insert_findings */
INSERT INTO finding (finding_id, settlement_id, rule_code, result_class, amount_fen,
                     ruleset_version, detail)
SELECT f.finding_id, f.settlement_id, f.rule_code, f.result_class, f.amount_fen, f.ruleset_version,
       f.detail
  FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[], $5::bigint[], $6::text[],
              $7::bytea[]) WITH ORDINALITY
       AS f (finding_id, settlement_id, rule_code, result_class, amount_fen, ruleset_version,
             detail, position)
 ORDER BY f.position"""

_INSERT_REVERSALS: Final = """/* supervision.insert_reversals */
INSERT INTO reversal (settlement_id, event_time)
SELECT settlement_id, event_time
  FROM unnest($1::uuid[], $2::timestamptz[]) AS r (settlement_id, event_time)
ON CONFLICT (settlement_id) DO NOTHING
RETURNING settlement_id"""

_LIST_FINDINGS: Final = """/* supervision.list_findings */
SELECT f.finding_number, f.finding_id, f.settlement_id, s.care_region_code, s.insured_region_code,
       s.institution_code, f.rule_code, f.result_class, f.amount_fen, f.ruleset_version, f.detail,
       r.settlement_id IS NOT NULL AS is_reversed, s.create_time
  FROM finding f
  JOIN screening s ON s.settlement_id = f.settlement_id
  LEFT JOIN reversal r ON r.settlement_id = f.settlement_id"""


@dataclass(frozen=True, slots=True, kw_only=True)
class FindingFilter:
    """Which findings are wanted; None or empty: all."""

    settlement_id: UUID | None
    care_region_prefix: str
    rule_code: str
    before_number: int | None
    """Only those recorded before this one: the last of the page before."""


class Store:
    """What was recorded of the journal."""

    def __init__(self, database: Database, cipher: FieldCipher) -> None:
        """Holds what all statements share."""
        self._database = database
        self._cipher = cipher

    async def record(
        self, screenings: Sequence[Screening], reversals: Sequence[Reversal], *, after: str, to: str
    ) -> tuple[frozenset[UUID], int]:
        """Records a batch in one transaction that moves the cursor.

        Returns the settlements whose bills were not recorded before, and how many reversals were
        not.

        Raises:
            CursorMoved: the cursor is not at `after`; nothing is recorded.
        """

        async def work(connection: Connection) -> tuple[frozenset[UUID], int]:
            await move_cursor(connection, FEED, after=after, to=to)
            new = await self._record_screenings(connection, screenings)
            return new, await _record_reversals(connection, reversals)

        return await self._database.run("supervision.record", work)

    async def list_findings(self, wanted: FindingFilter, *, limit: int) -> list[RecordedFinding]:
        """Returns the newest findings that the filter lets through, at most `limit`.

        Raises:
            UnreadableField: the data key is not the one that they were written with.
        """
        # Only the conditions asked for: one statement with "$1 IS NULL OR …" would be planned once
        # for all filters and scan the table for each.
        conditions: list[tuple[str, object]] = []
        if wanted.settlement_id is not None:
            conditions.append(("f.settlement_id = ${}", wanted.settlement_id))
        if wanted.care_region_prefix:
            conditions.append(("starts_with(s.care_region_code, ${})", wanted.care_region_prefix))
        if wanted.rule_code:
            conditions.append(("f.rule_code = ${}", wanted.rule_code))
        if wanted.before_number is not None:
            conditions.append(("f.finding_number < ${}", wanted.before_number))
        clauses = [text.format(number) for number, (text, _) in enumerate(conditions, start=1)]
        where = f"\n WHERE {' AND '.join(clauses)}" if clauses else ""
        last = f"\n ORDER BY f.finding_number DESC LIMIT ${len(conditions) + 1}"
        rows = await self._database.fetch(
            f"{_LIST_FINDINGS}{where}{last}",
            *(value for _, value in conditions),
            limit,
        )
        return [self._recorded(row) for row in rows]

    async def _record_screenings(
        self, connection: Connection, screenings: Sequence[Screening]
    ) -> frozenset[UUID]:
        if not screenings:
            return frozenset()
        rows = await connection.fetch(
            _INSERT_SCREENINGS,
            [one.bill.settlement_id for one in screenings],
            [one.moment.value for one in screenings],
            [one.bill.care_region_code for one in screenings],
            [one.bill.insured_region_code for one in screenings],
            [one.bill.institution_code for one in screenings],
            [len(one.findings) for one in screenings],
            [one.bill.event_time for one in screenings],
        )
        new = frozenset(row["settlement_id"] for row in rows)
        findings = [
            (finding_id(one.bill.settlement_id, number), one.bill.settlement_id, finding)
            for one in screenings
            if one.bill.settlement_id in new
            for number, finding in enumerate(one.findings)
        ]
        if findings:
            await connection.execute(
                _INSERT_FINDINGS,
                [key for key, _, _ in findings],
                [settlement_id for _, settlement_id, _ in findings],
                [finding.rule_code for _, _, finding in findings],
                [finding.result_class.value for _, _, finding in findings],
                [finding.amount_fen for _, _, finding in findings],
                [finding.rule_version for _, _, finding in findings],
                [
                    self._cipher.encrypt(
                        messages.write_detail(finding), context=_DETAIL + key.bytes
                    )
                    for key, _, finding in findings
                ],
            )
        return new

    def _recorded(self, row: asyncpg.Record) -> RecordedFinding:
        key: UUID = row["finding_id"]
        detail = messages.read_detail(
            self._cipher.decrypt(row["detail"], context=_DETAIL + key.bytes)
        )
        return RecordedFinding(
            finding_number=row["finding_number"],
            finding_id=key,
            settlement_id=row["settlement_id"],
            care_region_code=row["care_region_code"],
            insured_region_code=row["insured_region_code"],
            institution_code=row["institution_code"],
            finding=Finding(
                rule_code=row["rule_code"],
                result_class=ResultClass(row["result_class"]),
                line_ids=tuple(detail.line_ids),
                amount_fen=row["amount_fen"],
                message_zh=detail.message_zh,
                message_en=detail.message_en,
                rule_version=row["ruleset_version"],
            ),
            is_reversed=row["is_reversed"],
            create_time=row["create_time"],
        )


async def _record_reversals(connection: Connection, reversals: Sequence[Reversal]) -> int:
    if not reversals:
        return 0
    rows = await connection.fetch(
        _INSERT_REVERSALS,
        [one.settlement_id for one in reversals],
        [one.event_time for one in reversals],
    )
    return len(rows)

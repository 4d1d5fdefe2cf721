"""All SQL of supervision. Everything but the cursor is append-only."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

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

    from services.kit.db import Connection, Database

FEED: Final = "settlement"
"""Name of the feed in feed_cursor."""

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

# A line id has no comma (its pattern in the contract), and unnest takes no ragged arrays.
_INSERT_FINDINGS: Final = """/* supervision.insert_findings */
INSERT INTO finding (finding_id, settlement_id, rule_code, result_class, line_ids, amount_fen,
                     message_zh, message_en, ruleset_version)
SELECT f.finding_id, f.settlement_id, f.rule_code, f.result_class,
       string_to_array(f.line_ids, ','), f.amount_fen, f.message_zh, f.message_en,
       f.ruleset_version
  FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[], $5::text[], $6::bigint[], $7::text[],
              $8::text[], $9::text[]) WITH ORDINALITY
       AS f (finding_id, settlement_id, rule_code, result_class, line_ids, amount_fen, message_zh,
             message_en, ruleset_version, position)
 ORDER BY f.position"""

_INSERT_REVERSALS: Final = """/* supervision.insert_reversals */
INSERT INTO reversal (settlement_id, event_time)
SELECT settlement_id, event_time
  FROM unnest($1::uuid[], $2::timestamptz[]) AS r (settlement_id, event_time)
ON CONFLICT (settlement_id) DO NOTHING
RETURNING settlement_id"""

_LIST_FINDINGS: Final = """/* supervision.list_findings */
SELECT f.finding_number, f.finding_id, f.settlement_id, s.care_region_code, s.insured_region_code,
       s.institution_code, f.rule_code, f.result_class, f.line_ids, f.amount_fen, f.message_zh,
       f.message_en, f.ruleset_version, r.settlement_id IS NOT NULL AS is_reversed, s.create_time
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


async def record_screenings(
    connection: Connection, screenings: Sequence[Screening]
) -> frozenset[UUID]:
    """Records bills with their findings; returns those that were not recorded before."""
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
            [",".join(finding.line_ids) for _, _, finding in findings],
            [finding.amount_fen for _, _, finding in findings],
            [finding.message_zh for _, _, finding in findings],
            [finding.message_en for _, _, finding in findings],
            [finding.rule_version for _, _, finding in findings],
        )
    return new


async def record_reversals(connection: Connection, reversals: Sequence[Reversal]) -> int:
    """Marks settlements as reversed; returns how many were not marked before."""
    if not reversals:
        return 0
    rows = await connection.fetch(
        _INSERT_REVERSALS,
        [one.settlement_id for one in reversals],
        [one.event_time for one in reversals],
    )
    return len(rows)


async def list_findings(
    database: Database, wanted: FindingFilter, *, limit: int
) -> list[RecordedFinding]:
    """Returns the newest findings that the filter lets through, at most `limit`."""
    # Only the conditions asked for: one statement with "$1 IS NULL OR …" would be planned once for
    # all filters and scan the table for each.
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
    rows = await database.fetch(
        f"{_LIST_FINDINGS}{where}\n ORDER BY f.finding_number DESC LIMIT ${len(conditions) + 1}",
        *(value for _, value in conditions),
        limit,
    )
    return [_recorded(row) for row in rows]


def _recorded(row: asyncpg.Record) -> RecordedFinding:
    return RecordedFinding(
        finding_number=row["finding_number"],
        finding_id=row["finding_id"],
        settlement_id=row["settlement_id"],
        care_region_code=row["care_region_code"],
        insured_region_code=row["insured_region_code"],
        institution_code=row["institution_code"],
        finding=Finding(
            rule_code=row["rule_code"],
            result_class=ResultClass(row["result_class"]),
            line_ids=tuple(row["line_ids"]),
            amount_fen=row["amount_fen"],
            message_zh=row["message_zh"],
            message_en=row["message_en"],
            rule_version=row["ruleset_version"],
        ),
        is_reversed=row["is_reversed"],
        create_time=row["create_time"],
    )

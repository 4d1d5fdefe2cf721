"""SQL of credit points, their consequences, and the on-site list."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING, Final
from uuid import UUID

from services.supervision.domain.consequence_states import ConsequenceState
from services.supervision.domain.credit import (
    ConsequenceKind,
    Points,
    Subject,
)

if TYPE_CHECKING:
    import asyncpg

    from services.kit.db import Connection, Database
    from services.supervision.credit.terms import OnSiteTerms

_LOCK_SUBJECT: Final = """/* supervision.lock_credit_subject */
SELECT pg_advisory_xact_lock(hashtextextended($1::text, 8))"""
_INSERT_EVENT: Final = """/* supervision.insert_credit_event */
INSERT INTO credit_event (event_id, subject, subject_id, case_id, rule_code, region_code,
                          medical_type_code, points_tenths, event_date, explanation_zh, create_time)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
ON CONFLICT (case_id, subject, (points_tenths > 0)) DO NOTHING
RETURNING event_id"""
_TABLE: Final = "FROM credit_event"
_EVENT_COLUMNS: Final = """event_id, subject, subject_id, case_id, rule_code, region_code,
       medical_type_code, points_tenths, event_date, explanation_zh, create_time"""
_LIST_OF_CASE: Final = f"""/* supervision.list_credit_events_of_case */
SELECT {_EVENT_COLUMNS}
  {_TABLE}
 WHERE case_id = $1
 ORDER BY subject, event_id"""
_LIST_OF_SUBJECT: Final = f"""/* supervision.list_credit_events */
SELECT {_EVENT_COLUMNS}
  {_TABLE}
 WHERE subject = $1 AND subject_id = $2 AND event_date > $3 AND event_date <= $4
 ORDER BY event_date DESC, event_id DESC"""
_CONSEQUENCE_COLUMNS: Final = """consequence_id, subject, subject_id, region_code, kind,
       medical_type_code, days, points_hundredths, state, propose_time, decide_time, maker_id,
       checker_id, note, begin_date, end_date, suspension_id"""
_CONSEQUENCES: Final = "FROM consequence"
_PROPOSE: Final = """/* supervision.propose_consequence */
INSERT INTO consequence (consequence_id, subject, subject_id, region_code, kind, medical_type_code,
                         days, points_hundredths, state, propose_time)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 'PROPOSED', $9)
ON CONFLICT (subject, subject_id, kind) WHERE state = 'PROPOSED' DO NOTHING"""
# One that is decided for stands for the time in which its points do.
_LIST_OF: Final = f"""/* supervision.list_consequences_of */
SELECT {_CONSEQUENCE_COLUMNS}
  {_CONSEQUENCES}
 WHERE subject = $1 AND subject_id = $2
   AND (state = 'PROPOSED' OR state IN ('APPROVED', 'APPLIED') AND propose_time > $3)
 ORDER BY consequence_id"""
_WITHDRAW: Final = """/* supervision.withdraw_consequences */
UPDATE consequence
   SET state = 'WITHDRAWN', decide_time = $2
 WHERE consequence_id = ANY($1::uuid[]) AND state = 'PROPOSED'"""
_LOCK: Final = f"""/* supervision.lock_consequence */
SELECT {_CONSEQUENCE_COLUMNS}
  {_CONSEQUENCES}
 WHERE consequence_id = $1
   FOR UPDATE"""
_DECIDE: Final = """/* supervision.decide_consequence */
UPDATE consequence
   SET state = $2, decide_time = $3, maker_id = $4, checker_id = $5, note = $6, begin_date = $7,
       end_date = $8
 WHERE consequence_id = $1"""
_LIST_APPROVED: Final = f"""/* supervision.list_approved_consequences */
SELECT {_CONSEQUENCE_COLUMNS}
  {_CONSEQUENCES}
 WHERE state = 'APPROVED' AND ($1::uuid IS NULL OR consequence_id > $1)
 ORDER BY consequence_id
 LIMIT $2"""
_APPLY: Final = """/* supervision.apply_consequence */
UPDATE consequence
   SET state = 'APPLIED', suspension_id = $2
 WHERE consequence_id = $1 AND state = 'APPROVED'"""
_LIST: Final = f"""/* supervision.list_consequences */
SELECT {_CONSEQUENCE_COLUMNS}
  {_CONSEQUENCES}"""
# The median is one of the totals (no mean of two of them): money stays whole fen.
_ON_SITE: Final = """/* supervision.list_on_site_visits */
WITH stay AS (
    SELECT b.bill_key, b.institution_code, b.insured_region_code, b.medical_type_code,
           b.scheme_code, b.begin_date, b.end_date, b.total_fen
      FROM audited_bill b
     WHERE left(b.care_region_code, 2) = $1 AND b.end_date BETWEEN $2 AND $3
       AND b.channel = 'DIRECT' AND left(b.medical_type_code, 2) = ANY($4::text[])
       AND NOT EXISTS (SELECT FROM reversal r WHERE r.settlement_id = b.bill_key)
), peer AS (
    SELECT medical_type_code, scheme_code, count(*) AS peers,
           percentile_disc(0.5) WITHIN GROUP (ORDER BY total_fen) AS median_fen
      FROM stay
     GROUP BY medical_type_code, scheme_code
), judged AS (
    SELECT s.bill_key, s.institution_code, s.insured_region_code, s.medical_type_code, s.begin_date,
           s.end_date, s.total_fen, p.peers, p.median_fen,
           greatest(s.end_date - s.begin_date, 1) AS days,
           greatest(s.end_date - s.begin_date, 1) >= $5 AS is_long,
           p.peers >= $7 AND s.total_fen * 10 >= p.median_fen * $6 AS is_costly
      FROM stay s
      JOIN peer p USING (medical_type_code, scheme_code)
)
SELECT bill_key, institution_code, insured_region_code, medical_type_code, begin_date, end_date,
       days, total_fen, peers, median_fen, is_long, is_costly
  FROM judged
 WHERE (is_long OR is_costly)
   AND ($8 = '' OR institution_code = $8)
   AND ($9::text IS NULL OR (institution_code, bill_key) > ($9, $10))
 ORDER BY institution_code, bill_key
 LIMIT $11"""


@dataclass(frozen=True, slots=True, kw_only=True)
class CreditEvent:
    """One change of points."""

    event_id: UUID
    subject: Subject
    subject_id: str
    case_id: UUID
    rule_code: str
    region_code: str
    """Province that decides on what the points lead to."""
    medical_type_code: str
    points_tenths: int
    """Less than zero: counters the event of the same case."""
    event_date: date
    explanation_zh: str
    create_time: datetime

    @property
    def points(self) -> Points:
        """What lessens by the day."""
        return Points(tenths=self.points_tenths, event_date=self.event_date)


@dataclass(frozen=True, slots=True, kw_only=True)
class Consequence:
    """What points led to."""

    consequence_id: UUID
    subject: Subject
    subject_id: str
    region_code: str
    kind: ConsequenceKind
    medical_type_code: str
    days: int
    points_hundredths: int
    state: ConsequenceState
    propose_time: datetime
    decide_time: datetime | None = None
    maker_id: str = ""
    checker_id: str = ""
    note: str = ""
    begin_date: date | None = None
    end_date: date | None = None
    suspension_id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsequenceFilter:
    """Which consequences are wanted; None or empty: all."""

    region_code: str = ""
    state: ConsequenceState | None = None
    subject: Subject | None = None
    before: UUID | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class OnSiteFilter:
    """Which stays are wanted."""

    region_code: str
    since: date
    until: date
    institution_code: str = ""
    after: tuple[str, UUID] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class OnSiteVisit:
    """A settled stay that is worth a visit."""

    bill_key: UUID
    institution_code: str
    insured_region_code: str
    medical_type_code: str
    begin_date: date
    end_date: date
    days: int
    total_fen: int
    peers: int
    median_fen: int
    is_long: bool
    is_costly: bool


async def lock_subject(connection: Connection, subject: Subject, subject_id: str) -> None:
    """Keeps others from changing the points of a subject at once."""
    await connection.execute(_LOCK_SUBJECT, f"{subject.value}/{subject_id}")


async def insert_event(connection: Connection, event: CreditEvent) -> bool:
    """Keeps an event; false: the case gave, or countered, the subject's points before."""
    row = await connection.fetchrow(
        _INSERT_EVENT,
        event.event_id,
        event.subject.value,
        event.subject_id,
        event.case_id,
        event.rule_code,
        event.region_code,
        event.medical_type_code,
        event.points_tenths,
        event.event_date,
        event.explanation_zh,
        event.create_time,
    )
    return row is not None


async def list_of_case(connection: Connection, case_id: UUID) -> list[CreditEvent]:
    """Returns the events of a case."""
    rows = await connection.fetch(_LIST_OF_CASE, case_id)
    return [_event(row) for row in rows]


async def list_of_subject(
    source: Connection | Database, subject: Subject, subject_id: str, *, after: date, until: date
) -> list[CreditEvent]:
    """Returns the events of a subject after a day and until another, newest first."""
    rows = await source.fetch(_LIST_OF_SUBJECT, subject.value, subject_id, after, until)
    return [_event(row) for row in rows]


async def propose(connection: Connection, one: Consequence) -> None:
    """Proposes a consequence, unless one of the kind is proposed."""
    await connection.execute(
        _PROPOSE,
        one.consequence_id,
        one.subject.value,
        one.subject_id,
        one.region_code,
        one.kind.value,
        one.medical_type_code,
        one.days,
        one.points_hundredths,
        one.propose_time,
    )


async def list_of(
    connection: Connection, subject: Subject, subject_id: str, *, since: datetime
) -> list[Consequence]:
    """Returns what is proposed about a subject, and what was decided for since an instant."""
    rows = await connection.fetch(_LIST_OF, subject.value, subject_id, since)
    return [_consequence(row) for row in rows]


async def withdraw(connection: Connection, consequence_ids: list[UUID], now: datetime) -> None:
    """Drops proposals whose points fell away."""
    await connection.execute(_WITHDRAW, consequence_ids, now)


async def lock(connection: Connection, consequence_id: UUID) -> Consequence | None:
    """Returns a consequence, locked; None: there is none."""
    row = await connection.fetchrow(_LOCK, consequence_id)
    return None if row is None else _consequence(row)


async def decide(connection: Connection, one: Consequence) -> None:
    """Writes down how a proposal that is locked was decided."""
    await connection.execute(
        _DECIDE,
        one.consequence_id,
        one.state.value,
        one.decide_time,
        one.maker_id,
        one.checker_id,
        one.note,
        one.begin_date,
        one.end_date,
    )


async def list_approved(
    database: Database, *, after: UUID | None = None, limit: int
) -> list[Consequence]:
    """Returns what identity is to carry out, oldest first, after one of them."""
    return [_consequence(row) for row in await database.fetch(_LIST_APPROVED, after, limit)]


async def apply(database: Database, consequence_id: UUID, suspension_id: str) -> None:
    """Writes down that identity has carried it out."""
    await database.execute(_APPLY, consequence_id, suspension_id)


async def list_consequences(
    source: Connection | Database, wanted: ConsequenceFilter, *, limit: int
) -> list[Consequence]:
    """Returns consequences, newest first, at most `limit`."""
    conditions: list[tuple[str, object]] = []
    if wanted.region_code:
        conditions.append(("region_code = {0}", wanted.region_code))
    if wanted.state is not None:
        conditions.append(("state = {0}", wanted.state.value))
    if wanted.subject is not None:
        conditions.append(("subject = {0}", wanted.subject.value))
    if wanted.before is not None:
        conditions.append(("consequence_id < {0}", wanted.before))
    clauses = [text.format(f"${number}") for number, (text, _) in enumerate(conditions, start=1)]
    where = f"\n WHERE {' AND '.join(clauses)}" if clauses else ""
    rows = await source.fetch(
        f"{_LIST}{where}\n ORDER BY consequence_id DESC LIMIT ${len(conditions) + 1}",
        *(value for _, value in conditions),
        limit,
    )
    return [_consequence(row) for row in rows]


async def list_on_site(
    source: Connection | Database,
    wanted: OnSiteFilter,
    terms: OnSiteTerms,
    *,
    inpatient_types: list[str],
    limit: int,
) -> list[OnSiteVisit]:
    """Returns stays that are long or cost much more than their peers, by institution and key."""
    institution, key = wanted.after or (None, None)
    rows = await source.fetch(
        _ON_SITE,
        wanted.region_code[:2],
        wanted.since,
        wanted.until,
        inpatient_types,
        terms.long_stay_days,
        terms.times_tenths,
        terms.peers_least,
        wanted.institution_code,
        institution,
        key,
        limit,
    )
    return [OnSiteVisit(**dict(row)) for row in rows]


def _event(row: asyncpg.Record) -> CreditEvent:
    return CreditEvent(**{**dict(row), "subject": Subject(row["subject"])})


def _consequence(row: asyncpg.Record) -> Consequence:
    return Consequence(
        **{
            **dict(row),
            "subject": Subject(row["subject"]),
            "kind": ConsequenceKind(row["kind"]),
            "state": ConsequenceState(row["state"]),
        }
    )

"""SQL of what a bulletin tells beside the rates: times, refusals, costs, findings."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from services.kit import codes
from services.kit.clock import civil_midnight
from services.kit.dates import first_day, next_month
from services.supervision.domain.cost_index import GROUP_LENGTH, Cost, CostKey
from services.supervision.domain.direct_rate import setting_of
from services.supervision.statistics.rate_store import INPATIENT_TYPES, days_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import datetime
    from uuid import UUID

    from services.kit.db import Connection, Database
    from services.supervision.audit.store import AuditStore
    from services.supervision.domain.model import Bill

_TIMES: Final = """/* supervision.response_times */
SELECT left(CASE WHEN $3 THEN insured_region_code ELSE care_region_code END, 2) || '0000' AS code,
       CASE WHEN $3 THEN region_ms ELSE round_trip_ms END AS ms, count(*) AS bills
  FROM audited_bill
 WHERE channel = 'DIRECT' AND settle_time >= $1 AND settle_time < $2
   AND CASE WHEN $3 THEN region_ms ELSE round_trip_ms END IS NOT NULL
 GROUP BY 1, 2"""

_REFUSALS: Final = """/* supervision.refusals_of_month */
SELECT reason, party, care_region_code, institution_code, count(*) AS refusals,
       coalesce(sum(total_fen), 0)::bigint AS total_fen
  FROM (SELECT DISTINCT ON (coalesce(request_id, refusal_id), reason)
               reason, party, care_region_code, institution_code, total_fen
          FROM refusal
         WHERE event_time >= $1 AND event_time < $2
         ORDER BY coalesce(request_id, refusal_id), reason, event_time, refusal_id) attempt
 GROUP BY 1, 2, 3, 4
 ORDER BY 1, 2, 3, 4"""

_FINDINGS: Final = """/* supervision.findings_of_month */
SELECT f.rule_code, f.result_class, count(*) AS findings, sum(f.amount_fen)::bigint AS amount_fen
  FROM finding f
  JOIN audited_bill b ON b.bill_key = f.settlement_id
 WHERE b.settle_time >= $1 AND b.settle_time < $2
   AND NOT EXISTS (SELECT FROM finding_withdrawal w WHERE w.finding_id = f.finding_id)
 GROUP BY 1, 2
 ORDER BY 1, 2"""

_VISITORS: Final = """/* supervision.visitors_cost */
SELECT b.institution_code, b.medical_type_code, count(*) AS cases,
       sum(b.total_fen)::bigint AS total_fen
  FROM audited_bill b
 WHERE b.end_date = $1
   AND left(b.medical_type_code, 2) = ANY($2::text[])
   AND NOT EXISTS (SELECT FROM reversal r WHERE r.settlement_id = b.bill_key)
 GROUP BY 1, 2
 ORDER BY 1, 2"""

_VISITOR_KEYS: Final = """/* supervision.visitors_bills */
SELECT b.bill_key
  FROM audited_bill b
 WHERE b.end_date = $1 AND b.institution_code = ANY($3::text[])
   AND left(b.medical_type_code, 2) = ANY($2::text[])
   AND NOT EXISTS (SELECT FROM reversal r WHERE r.settlement_id = b.bill_key)
 ORDER BY b.bill_key"""

_SECOND_MS: Final = 1000
_PAGE: Final = 25
"""Bills opened at once: each has its lines with it, and calls wait meanwhile."""
_HOUR: Final = timedelta(hours=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class ResponseTime:
    """How long settlements took."""

    code: str
    """Province; empty: the nation."""
    bills: int
    p50_ms: int
    p95_ms: int
    p99_ms: int
    within_second: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RefusalCount:
    """Refused settlements of one reason at one institution; repeats of a request count once."""

    reason: str
    party: str
    care_region_code: str
    """Province."""
    institution_code: str
    refusals: int
    total_fen: int


@dataclass(frozen=True, slots=True, kw_only=True)
class FindingCount:
    """Findings of one rule on bills settled in a month, those that stand."""

    rule_code: str
    result_class: str
    findings: int
    amount_fen: int


def instants(month: str) -> tuple[datetime, datetime]:
    """Returns the instants at which a month begins and the next one does."""
    return civil_midnight(first_day(month)), civil_midnight(first_day(next_month(month)))


async def response_times(
    source: Database | Connection, month: str, *, insured: bool
) -> list[ResponseTime]:
    """Returns times of bills settled in a month, the nation first.

    Of the round trip by care province; with `insured` of what the insured province took of it.
    """
    counts: defaultdict[str, Counter[int]] = defaultdict(Counter)
    for since, until in _hours_of(month):
        for row in await source.fetch(_TIMES, since, until, insured):
            counts[""][row["ms"]] += row["bills"]
            counts[row["code"]][row["ms"]] += row["bills"]
    return [
        ResponseTime(
            code=code,
            bills=found.total(),
            p50_ms=percentile(found, 50),
            p95_ms=percentile(found, 95),
            p99_ms=percentile(found, 99),
            within_second=sum(count for ms, count in found.items() if ms <= _SECOND_MS),
        )
        for code, found in sorted(counts.items())
    ]


def percentile(counts: Mapping[int, int], percent: int) -> int:
    """Returns the smallest value that so many percent of the values do not exceed."""
    total = sum(counts.values())
    seen = 0
    for value, count in sorted(counts.items()):
        seen += count
        if 100 * seen >= percent * total:
            return value
    msg = "there are no values"
    raise ValueError(msg)


async def refusals(source: Database | Connection, month: str) -> list[RefusalCount]:
    """Returns settlements refused in a month."""
    rows = await source.fetch(_REFUSALS, *instants(month))
    return [
        RefusalCount(
            reason=row["reason"],
            party=row["party"],
            care_region_code=row["care_region_code"],
            institution_code=row["institution_code"],
            refusals=row["refusals"],
            total_fen=row["total_fen"],
        )
        for row in rows
    ]


async def findings(source: Database | Connection, month: str) -> list[FindingCount]:
    """Returns findings on bills settled in a month."""
    sums: defaultdict[tuple[str, str], list[int]] = defaultdict(lambda: [0, 0])
    for since, until in _hours_of(month):
        for row in await source.fetch(_FINDINGS, since, until):
            found = sums[row["rule_code"], row["result_class"]]
            found[0] += row["findings"]
            found[1] += row["amount_fen"]
    return [
        FindingCount(
            rule_code=rule_code, result_class=result_class, findings=found[0], amount_fen=found[1]
        )
        for (rule_code, result_class), found in sorted(sums.items())
    ]


async def visitors(
    database: Database, audit: AuditStore, month: str, *, grouped: frozenset[str]
) -> dict[CostKey, Cost]:
    """Returns what visitors' stays cost in a month, all diseases together.

    For the institutions in `grouped` by the category of the main diagnosis: their bills are opened,
    a page at a time, because diagnoses are sealed.
    """
    found: defaultdict[CostKey, Cost] = defaultdict(Cost)
    for day in days_of(month, month):
        for row in await database.fetch(_VISITORS, day, INPATIENT_TYPES):
            if row["institution_code"] not in grouped:
                key = CostKey(row["institution_code"], setting_of(row["medical_type_code"]), "")
                found[key] += Cost(row["cases"], row["total_fen"])
        if not grouped:
            continue
        rows = await database.fetch(_VISITOR_KEYS, day, INPATIENT_TYPES, sorted(grouped))
        keys = [row["bill_key"] for row in rows]
        for start in range(0, len(keys), _PAGE):
            for bill in await _opened(database, audit, keys[start : start + _PAGE]):
                main = bill.diagnosis_codes[0] if bill.diagnosis_codes else ""
                key = CostKey(
                    bill.institution_code, setting_of(bill.medical_type), main[:GROUP_LENGTH]
                )
                found[key] += Cost(1, bill.total_fen or 0)
    return dict(found)


async def _opened(database: Database, audit: AuditStore, keys: list[UUID]) -> list[Bill]:
    async def work(connection: Connection) -> list[Bill]:
        bills, _ = await audit.find_all(connection, keys)
        return list(bills.values())

    return await database.run("supervision.open_visitors_bills", work)


def _hours_of(month: str) -> Iterator[tuple[datetime, datetime]]:
    """Yields when each hour of a month begins and ends: no statement runs long."""
    since, end = instants(month)
    while since < end:
        yield since, since + _HOUR
        since += _HOUR


def place_of(institution_code: str) -> str:
    """Returns the province in which an institution is registered."""
    return codes.province_of(institution_code[1:7])

"""The SQL of refusals; its feed is read by services.kit.outbox."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import astuple, dataclass, fields
from datetime import date, datetime
from typing import Any, Final
from uuid import UUID

from services.kit.db import Database
from services.kit.outbox import Outbox
from services.settlement.store import first_id_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """A Settle or SettleVisit that was answered with an error; the columns of the table."""

    event_time: datetime
    refusal_id: UUID
    call: str
    """SETTLE, SETTLE_VISIT."""
    reason: str
    service: str
    party: str
    """REQUEST, HUB, INSURED_REGION, SYSTEM."""
    retryable: bool
    care_region_code: str
    insured_region_code: str
    institution_code: str
    medical_type_code: str
    scheme_code: str
    emergency: bool
    begin_date: date | None
    end_date: date | None
    total_fen: int | None
    person_id: UUID | None
    visit_id: UUID | None
    settlement_id: UUID | None
    request_id: UUID | None
    trace_id: str
    duration_ms: int
    rule_codes: tuple[str, ...]


_COLUMNS: Final = tuple(field.name for field in fields(Refusal))
_PROVINCES: Final = ("care_province", "insured_province")
# fmt: off
_ARRAYS: Final = (
    "timestamptz", "uuid", "text", "text", "text", "text", "boolean", "text", "text", "text",
    "text", "text", "boolean", "date", "date", "bigint", "uuid", "uuid", "uuid", "uuid", "text",
    "bigint", "text",
)
# fmt: on
"""Types of the columns as they are written."""

REFUSALS: Final = Outbox(
    service="settlement",
    table="refusal",
    content="reason",
    columns=_COLUMNS[1:],
    filters=_PROVINCES,
    wanted="(care_province = $3 OR insured_province = $3)",
)

# Arrays of arrays must be rectangular: rule codes travel as one text. Again after an answer that
# was lost, so by id. Codes of provinces end in 0000; what is not known is no province's.
_INSERT: Final = f"""/* settlement.insert_refusals */
INSERT INTO refusal ({", ".join(_COLUMNS)}, care_province, insured_province)
SELECT {", ".join(f"r.{name}" for name in _COLUMNS[:-1])},
    coalesce(string_to_array(nullif(r.rule_codes, ''), ','), '{{}}'),
    rpad(left(r.care_region_code, 2), 6 * (r.care_region_code <> '')::int, '0'),
    rpad(left(r.insured_region_code, 2), 6 * (r.insured_region_code <> '')::int, '0')
FROM unnest({", ".join(f"${at}::{kind}[]" for at, kind in enumerate(_ARRAYS, 1))})
    AS r ({", ".join(_COLUMNS)})
ON CONFLICT (refusal_id) DO NOTHING"""  # noqa: S608 - put together from constants

_LIST: Final = f"""/* settlement.list_refusals */
SELECT {", ".join(_COLUMNS)} FROM refusal
WHERE ($1::uuid IS NULL OR refusal_id < $1)
  AND ($2 = '' OR care_province = $2 OR insured_province = $2)
  AND ($3 = '' OR institution_code = $3)
  AND ($4 = '' OR reason = $4)
  AND ($5::uuid IS NULL OR request_id = $5)
  AND ($6::uuid IS NULL OR refusal_id >= $6)
  AND ($7::uuid IS NULL OR refusal_id < $7)
ORDER BY refusal_id DESC LIMIT $8"""  # noqa: S608 - put together from constants


@dataclass(frozen=True, slots=True, kw_only=True)
class RefusalFilter:
    """Which refusals to list; None and "" mean all."""

    province: str
    institution_code: str
    reason: str
    request_id: UUID | None
    refuse_date_min: date | None
    refuse_date_max: date | None


class RefusalStore:
    """Writes and lists refusals."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def insert(self, refusals: Sequence[Refusal]) -> None:
        """Writes refusals at once; those that are there already are left as they are."""
        rows = [(*astuple(one)[:-1], ",".join(one.rule_codes)) for one in refusals]
        await self._database.execute(_INSERT, *map(list, zip(*rows, strict=True)))

    async def page(
        self, wanted: RefusalFilter, *, before: UUID | None, limit: int
    ) -> list[Refusal]:
        """Returns refusals, newest first, older than `before`."""
        rows = await self._database.fetch(
            _LIST,
            before,
            wanted.province,
            wanted.institution_code,
            wanted.reason,
            wanted.request_id,
            first_id_of(wanted.refuse_date_min),
            first_id_of(wanted.refuse_date_max, days=1),
            limit,
        )
        return [_refusal(row) for row in rows]


def refusal_of(row: Any, event_time: datetime) -> Refusal:
    """Returns the refusal of an event of the feed, whose time stands beside its columns."""
    values = {name: row[name] for name in _COLUMNS[1:-1]}
    return Refusal(event_time=event_time, rule_codes=tuple(row["rule_codes"]), **values)


def _refusal(row: Any) -> Refusal:
    return refusal_of(row, row["event_time"])

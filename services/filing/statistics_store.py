"""How filings fared: the counting of refused attempts, and the sums."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from services.filing.store import Reader

APPEND_REFUSALS: Final = """/* filing.append_refusals */
INSERT INTO refused_submission (submission_date, channel, insured_province, care_province, reason)
SELECT $1, r.channel, r.insured, r.care, r.reason
  FROM unnest($2::text[], $3::text[], $4::text[], $5::text[])
       AS r (channel, insured, care, reason)"""

# What follows an approval is approved too; what a care province says of an event came after the
# event was given, even if the note of that was lost.
SUMMARIZE: Final = """/* filing.summarize */
WITH told AS (
    SELECT e.filing_id, e.insured_province, e.channel, e.state,
           a.refused IS NOT NULL OR EXISTS (
               SELECT FROM filing_delivery d WHERE d.event_id = e.sequence) AS delivered,
           a.refused IS FALSE AS taken_in
      FROM filing_event e
      LEFT JOIN LATERAL (
          SELECT refused FROM filing_acknowledgement WHERE event_id = e.sequence
           ORDER BY sequence DESC LIMIT 1) a ON true
     WHERE e.submission_date BETWEEN $1 AND $2
       AND ($3 = '' OR e.insured_province = $3) AND ($4 = '' OR e.care_province = $4)
), fared AS (
    SELECT insured_province, channel, bool_or(state = 'LIVE') AS approved,
           bool_or(state = 'REFUSED') AS refused, bool_and(state = 'PENDING') AS pending,
           coalesce(bool_or(delivered) FILTER (WHERE state <> 'PENDING'), false) AS delivered,
           coalesce(bool_or(taken_in) FILTER (WHERE state <> 'PENDING'), false) AS taken_in
      FROM told GROUP BY filing_id, insured_province, channel
), counted AS (
    SELECT insured_province, channel, count(*) AS submitted,
           count(*) FILTER (WHERE approved) AS approved, count(*) FILTER (WHERE refused) AS refused,
           count(*) FILTER (WHERE pending) AS pending,
           count(*) FILTER (WHERE approved AND delivered) AS delivered,
           count(*) FILTER (WHERE approved AND taken_in) AS taken_in
      FROM fared GROUP BY insured_province, channel
    UNION ALL
    SELECT insured_province, channel, count(*), 0, count(*), 0, 0, 0
      FROM refused_submission
     WHERE submission_date BETWEEN $1 AND $2
       AND ($3 = '' OR insured_province = $3) AND ($4 = '' OR care_province = $4)
     GROUP BY insured_province, channel
)
SELECT insured_province, channel, sum(submitted)::bigint AS submitted,
       sum(approved)::bigint AS approved, sum(refused)::bigint AS refused,
       sum(pending)::bigint AS pending, sum(delivered)::bigint AS delivered,
       sum(taken_in)::bigint AS taken_in
  FROM counted GROUP BY insured_province, channel ORDER BY insured_province, channel"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """An attempt to file that was refused; no person."""

    channel: str
    """Name of the channel, as `Channel` has it."""
    insured_province: str
    """xx0000."""
    care_province: str
    """xx0000."""
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Statistic:
    """Counts of one insured province and channel."""

    insured_province: str
    channel: str
    submitted: int
    approved: int
    refused: int
    pending: int
    delivered: int
    acknowledged: int

    @property
    def success_per_mille(self) -> int:
        """Acknowledged per thousand submitted, rounded down."""
        return self.acknowledged * 1000 // self.submitted if self.submitted else 0


async def record_refusals(reader: Reader, day: date, refusals: Sequence[Refusal]) -> None:
    """Counts attempts that were refused on a civil date."""
    await reader.fetch(
        APPEND_REFUSALS,
        day,
        [one.channel for one in refusals],
        [one.insured_province for one in refusals],
        [one.care_province for one in refusals],
        [one.reason for one in refusals],
    )


async def summarize(
    reader: Reader, *, first: date, last: date, insured_province: str, care_province: str
) -> list[Statistic]:
    """Returns how the filings submitted within the days fared; an empty province: all."""
    return [
        Statistic(
            insured_province=row["insured_province"],
            channel=row["channel"],
            submitted=row["submitted"],
            approved=row["approved"],
            refused=row["refused"],
            pending=row["pending"],
            delivered=row["delivered"],
            acknowledged=row["taken_in"],
        )
        for row in await reader.fetch(SUMMARIZE, first, last, insured_province, care_province)
    ]

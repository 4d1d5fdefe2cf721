"""Counts attempts to file that are refused, and answers how filings fared."""

from __future__ import annotations

import contextlib
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from services.filing import metrics, statistics_store
from services.filing.domain.errors import FieldInvalid
from services.filing.domain.model import Channel
from services.filing.statistics_store import Refusal, Statistic
from services.kit import codes
from services.kit.clock import civil_date
from services.kit.errors import DomainError, ErrorKind
from services.kit.log import get_logger
from yijie.filing.v1 import filing_pb2

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping, Sequence
    from datetime import date, datetime

    from services.filing.store import Reader

_SPAN_MAX: Final = timedelta(days=366)
_JUDGED: Final = frozenset(
    {ErrorKind.INVALID, ErrorKind.RULE_FORBIDS, ErrorKind.ABSENT, ErrorKind.NOT_ALLOWED}
)
"""What says something of the filing; the other kinds say that the call must be repeated."""
CHANNELS: Final[Mapping[int, Channel]] = {
    filing_pb2.FILING_CHANNEL_WINDOW: Channel.WINDOW,
    filing_pb2.FILING_CHANNEL_APP: Channel.APP,
    filing_pb2.FILING_CHANNEL_ONLINE: Channel.ONLINE,
    filing_pb2.FILING_CHANNEL_INSTITUTION: Channel.INSTITUTION,
    filing_pb2.FILING_CHANNEL_KIOSK: Channel.KIOSK,
    filing_pb2.FILING_CHANNEL_PROVINCE_BATCH: Channel.PROVINCE_BATCH,
}
CHANNEL_NUMBERS: Final[Mapping[str, Any]] = {
    channel.value: number for number, channel in CHANNELS.items()
}


@contextlib.asynccontextmanager
async def counting(
    reader: Reader, attempt: filing_pb2.Filing, now: datetime
) -> AsyncIterator[None]:
    """Counts it if the block refuses the attempt; outside the attempt's transaction."""
    try:
        yield
    except DomainError as error:
        try:
            await count_refusals(reader, [(attempt, error)], now)
        except DomainError as lost:
            # The caller is to learn why the filing was refused, not that a count is one short.
            get_logger().warning("refused filing not counted", reason=lost.reason)
        raise


async def count_refused_entries(
    reader: Reader,
    attempts: Sequence[filing_pb2.Filing],
    outcomes: Sequence[object],
    now: datetime,
) -> None:
    """Counts the entries of a batch that were refused; in the batch's own transaction."""
    pairs = zip(attempts, outcomes, strict=True)
    refused = [(one, outcome) for one, outcome in pairs if isinstance(outcome, DomainError)]
    await count_refusals(reader, refused, now, channel=Channel.PROVINCE_BATCH)


async def count_refusals(
    reader: Reader,
    refused: Sequence[tuple[filing_pb2.Filing, DomainError]],
    now: datetime,
    *,
    channel: Channel = Channel.WINDOW,
) -> None:
    """Counts attempts that were refused; `channel` is that of those that do not say theirs."""
    found = [
        refusal
        for attempt, error in refused
        if error.kind in _JUDGED and (refusal := _refusal(attempt, error, channel))
    ]
    if found:
        await statistics_store.record_refusals(reader, civil_date(now), found)
    for refusal in found:
        metrics.REFUSALS.labels(refusal.channel, refusal.reason).inc()


async def summarize(
    reader: Reader, *, first: date, last: date, insured_province: str, care_province: str
) -> list[Statistic]:
    """Returns how the filings submitted within the days fared; an empty province: all.

    Raises:
        FieldInvalid: the days are in the wrong order, or too many.
    """
    if last < first:
        raise FieldInvalid("end_date", "before begin_date")
    if last - first > _SPAN_MAX:
        raise FieldInvalid("end_date", "more than 366 days after begin_date")
    return await statistics_store.summarize(
        reader,
        first=first,
        last=last,
        insured_province=insured_province,
        care_province=care_province,
    )


def _refusal(attempt: filing_pb2.Filing, error: DomainError, channel: Channel) -> Refusal | None:
    insured = codes.province_of(attempt.insured_region_code)
    care = codes.province_of(attempt.target_region_code)
    if insured not in codes.PROVINCES:
        # Nobody's to count.
        return None
    return Refusal(
        channel=CHANNELS.get(attempt.channel, channel).value,
        insured_province=insured,
        care_province=care if care in codes.PROVINCES else "",
        reason=error.reason,
    )

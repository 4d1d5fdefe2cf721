"""FilingFeedService: messages ⇄ domain, nothing else. Errors are raised, never answered here."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

from services.filing import (
    feed_messages,
    feed_usecases,
    statistics,
    warning_messages,
    warning_usecases,
)
from services.filing.messages import SERVICE
from services.kit import paging
from services.kit.caller import require_region
from services.kit.clock import Clock, civil_date
from services.kit.db import Connection
from services.kit.errors import DomainError
from services.kit.idempotency import once
from services.kit.status import to_status
from services.kit.wire import read_date
from yijie.filing.v1 import filing_feed_service_pb2 as pb
from yijie.filing.v1 import filing_feed_service_pb2_grpc as rpc

if TYPE_CHECKING:
    from services.filing.feed_usecases import Delivery
    from services.filing.statistics_store import Statistic
    from services.kit.outbox import OutboxFeed

FULL_NAME: Final = "yijie.filing.v1.FilingFeedService"
_PROVINCE: Final = "province_code"


@dataclass(frozen=True, slots=True)
class Feeds:
    """What the feed service works with."""

    delivery: Delivery
    warnings: OutboxFeed
    clock: Clock

    def close(self) -> None:
        """Ends every stream, so that draining does not wait for what never ends."""
        self.delivery.feed.close()
        self.warnings.close()


class FilingFeedServicer(rpc.FilingFeedServiceServicer):
    """Serves the contract of yijie.filing.v1."""

    def __init__(self, feeds: Feeds) -> None:
        """Serves with what the feeds work with."""
        self._feeds = feeds
        self._database = feeds.delivery.database

    async def SubscribeFilings(
        self, request: pb.SubscribeFilingsRequest, context: Any
    ) -> AsyncIterator[pb.SubscribeFilingsResponse]:
        """Follows filings of a province."""
        require_region(context, request.province_code, field=_PROVINCE)
        wanted = feed_messages.read_wanted(request)
        given = feed_usecases.deliver(self._feeds.delivery, request.after_cursor, wanted)
        async with contextlib.aclosing(given) as responses:
            async for response in responses:
                yield response

    async def AcknowledgeFilings(
        self, request: pb.AcknowledgeFilingsRequest, context: Any
    ) -> pb.AcknowledgeFilingsResponse:
        """Takes in what a care province says of events."""
        province = request.care_province_code
        require_region(context, province, field="care_province_code")
        vault = self._feeds.delivery.vault
        said = [
            feed_messages.read_acknowledgement(one, at=f"acknowledgements[{index}]")
            for index, one in enumerate(request.acknowledgements)
        ]

        async def work(connection: Connection) -> pb.AcknowledgeFilingsResponse:
            outcomes = await feed_usecases.acknowledge(
                connection, vault, province, said, self._feeds.clock.now()
            )
            return pb.AcknowledgeFilingsResponse(results=[_result(one) for one in outcomes])

        return await once(
            self._database,
            request,
            pb.AcknowledgeFilingsResponse,
            work,
            hash_of=vault.request_hash,
        )

    async def SummarizeFilings(
        self, request: pb.SummarizeFilingsRequest, _context: Any
    ) -> pb.SummarizeFilingsResponse:
        """Answers how filings fared."""
        found = await statistics.summarize(
            self._database,
            first=read_date(request.begin_date, "begin_date"),
            last=read_date(request.end_date, "end_date"),
            insured_province=request.insured_province_code,
            care_province=request.care_province_code,
        )
        return pb.SummarizeFilingsResponse(statistics=[_statistic(one) for one in found])

    async def SubscribeWarnings(
        self, request: pb.SubscribeWarningsRequest, context: Any
    ) -> AsyncIterator[pb.SubscribeWarningsResponse]:
        """Follows warnings of a province."""
        require_region(context, request.province_code, field=_PROVINCE)
        wanted = feed_messages.read_wanted(request)
        read = self._feeds.warnings.read(
            request.after_cursor, wanted=wanted.arguments, region=wanted.province
        )
        async with contextlib.aclosing(read) as batches:
            async for given in batches:
                yield pb.SubscribeWarningsResponse(
                    events=[
                        warning_messages.event_of(row, self._feeds.delivery.vault)
                        for row in given.rows
                    ],
                    cursor=given.cursor,
                    lag_ms=given.lag_ms,
                )

    async def ListWarnings(
        self, request: pb.ListWarningsRequest, context: Any
    ) -> pb.ListWarningsResponse:
        """Lists warnings of stays that can still be filed for."""
        require_region(context, request.province_code, field=_PROVINCE)
        wanted = feed_messages.read_wanted(request)
        found, more = await warning_usecases.list_standing(
            self._database,
            self._feeds.delivery.vault,
            province=wanted.province,
            as_care=wanted.as_care,
            as_insured=wanted.as_insured,
            after=paging.read_key(request, _read_key),
            size=paging.page_size(request),
        )
        today = civil_date(self._feeds.clock.now())
        return pb.ListWarningsResponse(
            warnings=[warning_messages.write_warning(one, today) for one in found],
            next_page_token=(
                paging.write_token(
                    request,
                    [found[-1].stay.admission_date.isoformat(), str(found[-1].stay.visit_id)],
                )
                if more
                else ""
            ),
        )


def _result(outcome: int | DomainError) -> pb.AcknowledgementResult:
    if isinstance(outcome, DomainError):
        return pb.AcknowledgementResult(error=to_status(outcome, SERVICE))
    return pb.AcknowledgementResult(event_id=outcome)


def _statistic(one: Statistic) -> pb.FilingStatistic:
    return pb.FilingStatistic(
        insured_province_code=one.insured_province,
        channel=statistics.CHANNEL_NUMBERS[one.channel],
        submitted_count=one.submitted,
        approved_count=one.approved,
        refused_count=one.refused,
        pending_count=one.pending,
        delivered_count=one.delivered,
        acknowledged_count=one.acknowledged,
        success_per_mille=one.success_per_mille,
    )


def _read_key(day: str, visit_id: str) -> tuple[date, UUID]:
    return date.fromisoformat(day), UUID(visit_id)

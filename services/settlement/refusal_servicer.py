"""RefusalService over gRPC."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from typing import Any, TypeAlias
from uuid import UUID

import grpc

from services.kit.caller import require_region
from services.kit.outbox import OutboxFeed
from services.kit.paging import page_size, read_key, write_token
from services.kit.wire import write_time
from services.settlement.refusal_messages import read_filter, read_province, write_refusal
from services.settlement.refusal_store import RefusalStore, refusal_of
from yijie.settlement.v1 import refusal_service_pb2 as pb
from yijie.settlement.v1 import refusal_service_pb2_grpc as rpc

Context: TypeAlias = grpc.aio.ServicerContext


class RefusalServicer(rpc.RefusalServiceServicer):
    """Answers RefusalService."""

    def __init__(self, store: RefusalStore, feed: OutboxFeed) -> None:
        self._store = store
        self._feed = feed

    async def SubscribeRefusals(
        self, request: Any, context: Context
    ) -> AsyncIterator[pb.SubscribeRefusalsResponse]:
        """Streams refusals, to a province what concerns it."""
        require_region(context, request.region_code, field="region_code")
        province = read_province(request.region_code)
        wanted = (province,) if province else None
        batches = self._feed.read(request.after_cursor, wanted=wanted, region=province)
        async with contextlib.aclosing(batches) as stream:
            async for batch in stream:
                yield pb.SubscribeRefusalsResponse(
                    events=[
                        pb.RefusalEvent(
                            event_time=write_time(row.event_time),
                            refusal=write_refusal(refusal_of(row.columns, row.event_time)),
                        )
                        for row in batch.rows
                    ],
                    cursor=batch.cursor,
                    lag_ms=batch.lag_ms,
                )

    async def ListRefusals(self, request: Any, context: Context) -> pb.ListRefusalsResponse:
        """Lists refusals, newest first."""
        require_region(context, request.region_code, field="region_code")
        size = page_size(request)
        found = await self._store.page(
            read_filter(request), before=read_key(request, UUID), limit=size + 1
        )
        response = pb.ListRefusalsResponse(refusals=[write_refusal(one) for one in found[:size]])
        if len(found) > size:
            response.next_page_token = write_token(request, [str(found[size - 1].refusal_id)])
        return response

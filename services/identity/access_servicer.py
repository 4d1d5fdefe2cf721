"""AccessService: messages ⇄ domain, nothing else."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from services.identity import access_messages, access_store
from services.identity.domain.institutions import province_of
from services.kit import paging
from services.kit.caller import require_region
from yijie.identity.v1 import access_service_pb2 as pb
from yijie.identity.v1 import access_service_pb2_grpc as rpc

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from services.identity.usecases import Identity
    from services.kit.outbox import OutboxFeed

FULL_NAME: Final = "yijie.identity.v1.AccessService"


class AccessServicer(rpc.AccessServiceServicer):
    """Serves the access log and the feed of signals."""

    def __init__(self, identity: Identity, signals: OutboxFeed) -> None:
        """Serves with what the use cases work with, and the feed."""
        self._identity = identity
        self._signals = signals

    async def ListAccesses(
        self, request: pb.ListAccessesRequest, context: Any
    ) -> pb.ListAccessesResponse:
        """Lists accesses: an agency sees its own, and those at institutions of its province."""
        wanted = access_messages.read_filter(request)
        if wanted.institution_code and not wanted.caller_region:
            region = province_of(wanted.institution_code)
            require_region(context, region, field="institution_code")
        else:
            require_region(context, wanted.caller_region, field="caller_region_code")
        size = paging.page_size(request)
        found = await access_store.list_accesses(self._identity.database, wanted, count=size + 1)
        more = len(found) > size
        return pb.ListAccessesResponse(
            accesses=map(access_messages.write_access, found[:size]),
            next_page_token=(
                paging.write_token(request, [str(found[size - 1].access_id)]) if more else ""
            ),
        )

    async def SubscribeSignals(
        self, request: pb.SubscribeSignalsRequest, context: Any
    ) -> AsyncIterator[pb.SubscribeSignalsResponse]:
        """Streams signals; they are of no one province, so only the hub follows them."""
        require_region(context, "", field="after_cursor")
        async for given in self._signals.read(request.after_cursor):
            yield access_messages.write_signals(given)

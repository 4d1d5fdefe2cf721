"""Settlement as filing sees it: the feed of inpatient stays."""

from __future__ import annotations

from typing import TYPE_CHECKING

from services.filing import warning_messages
from services.kit.feed import Batch, batches
from yijie.settlement.v1 import visit_service_pb2, visit_service_pb2_grpc

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    import grpc

    from services.filing.domain.warnings import Stay


class AdmissionClient:
    """Follows settlement's stays."""

    def __init__(self, channel: grpc.aio.Channel) -> None:
        """Holds the channel; it is closed by whoever opened it."""
        self._stub = visit_service_pb2_grpc.VisitServiceStub(channel)

    def events(self, after_cursor: str) -> AsyncGenerator[Batch[Stay], None]:
        """Opens the feed after a cursor; ends when the server ends the stream.

        Raises:
            InvalidArgument: an event that is not what the contract says.
        """
        request = visit_service_pb2.SubscribeAdmissionsRequest(after_cursor=after_cursor)
        # No deadline: the feed stays open, and the follower watches for silence.
        stream = self._stub.SubscribeAdmissions(request, wait_for_ready=True)
        return batches(stream, warning_messages.read_stay)

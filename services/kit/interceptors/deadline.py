"""Refuses unary calls without a deadline and remembers the deadline of the others."""

from __future__ import annotations

import time
from typing import Any

import grpc

from services.kit import call as calls
from services.kit.errors import InvalidArgument
from services.kit.interceptors import Interceptor, Stream, Unary


class DeadlineInterceptor(Interceptor):
    """Requires a deadline: a call that may last for ever is a window that hangs."""

    def unary(self, method: str, inner: Unary) -> Unary:  # noqa: ARG002 - same for every method
        """Returns a handler that knows its deadline."""

        async def bounded(request: Any, context: grpc.aio.ServicerContext) -> Any:
            remaining = context.time_remaining()
            if remaining is None:
                raise InvalidArgument(
                    "DEADLINE_REQUIRED", "the call has no deadline", field="grpc-timeout"
                )
            call = calls.current.get()
            if call is not None:
                call.deadline = time.monotonic() + remaining
            return await inner(request, context)

        return bounded

    def stream(self, method: str, inner: Stream) -> Stream:  # noqa: ARG002 - streams live on
        """Returns the handler itself: a feed has no deadline."""
        return inner

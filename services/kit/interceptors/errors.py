"""Turns what a handler raises into a google.rpc.Status; the only place that does.

It is a privacy control too: an exception that is not ours may carry anything in its text, so the
caller gets an id, and the log the exception's class and the line of ours that raised it.
"""

from __future__ import annotations

import traceback
from collections.abc import AsyncIterator
from typing import Any, NoReturn
from uuid import uuid4

import grpc
from google.rpc import code_pb2, status_pb2
from grpc_status import rpc_status

from services.kit import call as calls
from services.kit import status as statuses
from services.kit.deadline import DeadlineTooShortError
from services.kit.errors import DomainError
from services.kit.interceptors import Interceptor, Stream, Unary
from services.kit.log import get_logger


class ErrorsInterceptor(Interceptor):
    """Answers errors of one service."""

    def __init__(self, service: str) -> None:
        """Takes the short name of the service, which stands in every status."""
        super().__init__()
        self._service = service
        self._shed: dict[int, tuple[status_pb2.Status, grpc.Status]] = {}
        """What sheds a call, by when to come back."""

    def unary(self, method: str, inner: Unary) -> Unary:  # noqa: ARG002 - same for every method
        """Returns a handler that answers errors of a unary call."""

        async def guarded(request: Any, context: grpc.aio.ServicerContext) -> Any:
            call = calls.current.get()
            if call is not None and call.shed is not None:
                await self._refuse_shed(call, call.shed, context)
            try:
                return await inner(request, context)
            except grpc.aio.AbortError:
                raise
            except Exception as error:  # noqa: BLE001 - the boundary: nothing may pass unmapped
                status = self._status(error)
            return await context.abort_with_status(rpc_status.to_status(status))

        return guarded

    def stream(self, method: str, inner: Stream) -> Stream:  # noqa: ARG002 - same for every method
        """Returns a handler that answers errors of a stream; what it answered before stands."""

        async def guarded(request: Any, context: grpc.aio.ServicerContext) -> AsyncIterator[Any]:
            try:
                async for response in inner(request, context):
                    yield response
            except grpc.aio.AbortError:
                raise
            except Exception as error:  # noqa: BLE001 - the boundary: nothing may pass unmapped
                status = self._status(error)
            else:
                return
            await context.abort_with_status(rpc_status.to_status(status))

        return guarded

    async def _refuse_shed(
        self, call: calls.Call, error: DomainError, context: grpc.aio.ServicerContext
    ) -> NoReturn:
        """Answers a call that was shed: there may be very many, so what is sent is made once."""
        made = self._shed.get(error.retry_after_ms)
        if made is None:
            status = statuses.to_status(error, self._service)
            made = self._shed[error.retry_after_ms] = (status, rpc_status.to_status(status))
        call.failure, answer = made
        call.code, call.reason = code_pb2.Code.Name(call.failure.code), error.reason
        await context.abort_with_status(answer)
        raise AssertionError

    def _status(self, error: Exception) -> status_pb2.Status:
        call = calls.current.get()
        if isinstance(error, DomainError):
            status = statuses.to_status(error, self._service)
            reason = error.reason
        elif isinstance(error, DeadlineTooShortError):
            status = statuses.deadline_status(self._service, error.remaining_ms)
            reason = "DEADLINE_TOO_SHORT"
        else:
            error_id = uuid4().hex
            status = statuses.internal_status(self._service, error_id)
            reason = "INTERNAL"
            get_logger().error(
                "defect",
                error_id=error_id,
                exception=type(error).__name__,
                location=location(error),
            )
            # By it the line of the call leads to that of the defect.
            calls.note(error_id=error_id)
        if call is not None:
            call.code = code_pb2.Code.Name(status.code)
            call.reason = reason
            call.failure = status
        return status


def location(error: BaseException) -> str:
    """Returns file and line of the last frame of ours: where, without what."""
    frames = traceback.extract_tb(error.__traceback__)
    ours = [frame for frame in frames if "/services/" in frame.filename] or frames
    if not ours:
        return ""
    last = ours[-1]
    return f"{last.filename.rpartition('/services/')[2]}:{last.lineno}"

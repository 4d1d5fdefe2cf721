"""The stream of LoadPersons: batches go ahead, answers come in order, a broken one is opened again.

A batch is answered when it is committed, and a batch sent again is answered as the first time. So
whatever was not answered when a stream ends is sent on the next one, with the same request ids.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from typing import Any, Final

import grpc

from services.cli.loading.calls import patiently
from services.kit import telemetry
from services.kit.channel import NotServedError
from services.kit.errors import DomainError, Unavailable
from services.kit.status import from_rpc_error

SEGMENT_BATCHES: Final = 50
"""Then a new stream is opened: servers end long connections, and each stream has a deadline."""
SEGMENT_S: Final = 180.0
"""Deadline of a stream."""


class PersonStream:
    """Sends batches of people."""

    def __init__(self, method: Any) -> None:
        """Holds the stub's LoadPersons."""
        self._method = method
        self._lock = asyncio.Lock()
        self._segment: _Segment | None = None

    async def send(self, request: Any) -> Any:
        """Returns the answer to a batch; several may be waited for at once.

        Raises:
            DomainError: the batch was refused as a whole, or the hub was away for too long.
        """
        return await patiently(lambda: self._send(request))

    async def close(self) -> None:
        """Ends the stream after the last answer."""
        if self._segment is not None:
            await self._segment.end()

    async def _send(self, request: Any) -> Any:
        async with self._lock:
            segment = self._segment
            if segment is None or segment.ended or segment.count >= SEGMENT_BATCHES:
                if segment is not None:
                    # In order, even over a change of streams: of two rows of a person the later
                    # one counts.
                    await segment.end()
                segment = self._segment = _Segment(self._method)
            is_first = segment.count == 0
            answer = await segment.write(request)
            if is_first:
                # gRPC loses the server's reason when a write meets the end of a stream. Alone, the
                # batch that ends every stream is found out.
                await asyncio.wait((answer,))
        return await answer


class _Segment:
    """One stream."""

    def __init__(self, method: Any) -> None:
        self.count = 0
        self.ended = False
        self._call = method(
            timeout=SEGMENT_S, metadata=telemetry.trace_metadata(), wait_for_ready=True
        )
        self._waiting: deque[tuple[str, asyncio.Future[Any]]] = deque()
        self._reader = asyncio.create_task(self._read())

    async def write(self, request: Any) -> asyncio.Future[Any]:
        """Sends a batch; the future holds its answer."""
        answer: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        if self.ended:
            answer.set_exception(_away("the stream has ended"))
            return answer
        self.count += 1
        self._waiting.append((request.request_id, answer))
        try:
            await self._call.write(request)
        except (grpc.aio.AioRpcError, asyncio.InvalidStateError):
            # The reader learns why, and tells everybody who waits.
            await self._reader
        return answer

    async def end(self) -> None:
        """Says that nothing follows and waits for the answers that do."""
        if not self.ended:
            with contextlib.suppress(grpc.aio.AioRpcError, asyncio.InvalidStateError):
                await self._call.done_writing()
        try:
            await self._reader
        except asyncio.CancelledError:
            self._call.cancel()
            raise

    async def _read(self) -> None:
        error: DomainError = _away("the stream has ended")
        try:
            async for answer in self._call:
                if not self._waiting or self._waiting[0][0] != answer.request_id:
                    error = _away("an answer to another batch")
                    break
                _, waiting = self._waiting.popleft()
                if not waiting.done():
                    waiting.set_result(answer)
        except grpc.aio.AioRpcError as failed:
            error = _mapped(failed)
        finally:
            self.ended = True
            self._call.cancel()
            self._fail(error)

    def _fail(self, error: DomainError) -> None:
        """What is refused for good is the first that waits; the others are sent again."""
        while self._waiting:
            _, waiting = self._waiting.popleft()
            if not waiting.done():
                waiting.set_exception(error)
                # Who was cancelled does not look.
                waiting.exception()
            if not isinstance(error, Unavailable):
                error = _away("a batch before it was refused")


def _mapped(failed: grpc.aio.AioRpcError) -> DomainError:
    if failed.code() is grpc.StatusCode.UNIMPLEMENTED:
        return NotServedError("CALLEE_UNAVAILABLE", "the hub does not know LoadPersons yet")
    return from_rpc_error(failed) or _away(f"identity did not answer: {failed.code().name}")


def _away(message: str) -> Unavailable:
    return Unavailable("CALLEE_UNAVAILABLE", message)

"""Channels and servers as gRPC has them, over a network that loses, delays, repeats and reorders.

Real stubs call real servicers: a channel gives what a generated stub asks of one, a server takes
what a generated `add_…_to_server` gives it, and messages cross as bytes.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from collections.abc import AsyncGenerator, Callable
from dataclasses import dataclass, field
from typing import Any, Final

import grpc
from google.rpc import code_pb2

from services.kit import call as calls
from services.kit.interceptors.errors import ErrorsInterceptor, location
from services.kit.status import DETAILS_KEY
from services.proving.simulation.faults import Faults
from services.proving.simulation.loop import VirtualLoop
from services.proving.simulation.machine import Log, Process

_WIRE_S: Final = 0.002
_ATTEMPTS_MAX: Final = 3
"""As in the kit's service config: UNAVAILABLE is tried again by the channel."""
_BACKOFF_S: Final = 0.02
_BROKEN_S: Final = 0.3
"""How long it may take until a broken connection is noticed."""
_NOTICED: Final = 0.5
"""How often a server learns that its caller has hung up."""
_WINDOW: Final = 2
"""Messages of a stream on their way at most: the consumer's pace is the producer's."""
_CALLS_MAX: Final = 1000


class _AbortError(grpc.aio.AbortError):  # type: ignore[misc]
    """Ends a handler with a status."""

    def __init__(self, status: Any) -> None:
        super().__init__()
        self.status = status


@dataclass(frozen=True, slots=True)
class Reply:
    """What a server sends back."""

    code: grpc.StatusCode
    payload: bytes = b""
    details: tuple[tuple[str, bytes], ...] = ()

    def error(self) -> grpc.aio.AioRpcError:
        """Returns the error that a caller sees."""
        trailing = grpc.aio.Metadata(*self.details)
        return grpc.aio.AioRpcError(self.code, grpc.aio.Metadata(), trailing, details="")


_UNAVAILABLE: Final = Reply(grpc.StatusCode.UNAVAILABLE)


class ServerContext:
    """What a handler is given of its call."""

    def auth_context(self) -> dict[str, list[bytes]]:
        """There is no TLS here."""
        return {}

    def invocation_metadata(self) -> tuple[()]:
        """Carries no trace."""
        return ()

    def time_remaining(self) -> float | None:
        """A handler learns of its deadline by being cancelled."""
        return None

    def cancelled(self) -> bool:
        """A handler learns of that by being cancelled."""
        return False

    async def abort_with_status(self, status: Any) -> None:
        """Ends the call."""
        raise _AbortError(status)


class _Call(calls.Call):
    """A call whose deadline is in virtual time."""

    def remaining_s(self) -> float | None:
        """Returns the seconds left of the caller's deadline."""
        if self.deadline is None:
            return None
        return self.deadline - asyncio.get_running_loop().time()


class _Errors(ErrorsInterceptor):
    """Answers errors as every service does, and keeps the defects, which nobody may have."""

    def __init__(self, service: str, defects: list[str]) -> None:
        super().__init__(service)
        self._defects = defects

    def _status(self, error: Exception) -> Any:
        status = super()._status(error)
        if status.code == code_pb2.INTERNAL:
            self._defects.append(f"{self._service}: {type(error).__name__} at {location(error)}")
        return status


class Server:
    """What one process serves."""

    def __init__(self, network: Network, process: Process, service: str) -> None:
        self.process = process
        self._errors = _Errors(service, network.defects)
        self._handlers: dict[str, Any] = {}
        self._guarded: dict[str, Any] = {}

    def add_generic_rpc_handlers(self, handlers: Any) -> None:
        """Takes what it gets again under names."""

    def add_registered_method_handlers(self, service: str, handlers: dict[str, Any]) -> None:
        """Takes the handlers of a service."""
        for method, handler in handlers.items():
            path = f"/{service}/{method}"
            self._handlers[path] = handler
            self._guarded[path] = (
                self._errors.unary(path, handler.unary_unary)
                if handler.unary_unary
                else self._errors.stream(path, handler.unary_stream)
            )

    async def answer(self, method: str, payload: bytes, end: float) -> Reply:
        """Runs a unary handler, which is to be done by a moment of virtual time."""
        handler = self._handlers[method]
        calls.current.set(_Call(method=method, started=0.0, deadline=end))
        try:
            request = handler.request_deserializer(payload)
            response = await self._guarded[method](request, ServerContext())
        except _AbortError as abort:
            return _failed(abort)
        return Reply(grpc.StatusCode.OK, handler.response_serializer(response))

    async def stream(self, method: str, payload: bytes) -> AsyncGenerator[Reply, None]:
        """Runs a streaming handler; the last reply says how it ended."""
        handler = self._handlers[method]
        request = handler.request_deserializer(payload)
        try:
            async for response in self._guarded[method](request, ServerContext()):
                yield Reply(grpc.StatusCode.OK, handler.response_serializer(response))
        except _AbortError as abort:
            yield _failed(abort)


def _failed(abort: _AbortError) -> Reply:
    details = tuple(
        (key, value) for key, value in abort.status.trailing_metadata if key == DETAILS_KEY
    )
    return Reply(abort.status.code, details=details)


class Network:
    """Who is reachable under which name, and what becomes of messages."""

    def __init__(self, loop: VirtualLoop, faults: Faults, log: Log) -> None:
        self.loop = loop
        self.faults = faults
        self.log = log
        self.defects: list[str] = []
        """Exceptions that no service may raise."""
        self.in_flight = 0
        """Messages on their way, and calls being served."""
        self._repeated: set[bytes] = set()
        self._servers: dict[str, Server] = {}
        self._numbers = 0

    def serve(self, process: Process, service: str) -> Server:
        """Opens a server of a process under its name; the one of an earlier process is gone."""
        server = Server(self, process, service)
        self._servers[process.name] = server
        return server

    def channel(self, process: Process, *targets: str) -> Any:
        """Opens a channel of a process to one of several replicas, taken in turn."""
        return Channel(self, process, targets)

    def find(self, target: str) -> Server | None:
        """Returns the server of a name, if its process is alive."""
        server = self._servers.get(target)
        return server if server and server.process.is_alive else None

    def repeat(self, payload: bytes) -> None:
        """Notes that a request was sent more than once."""
        self._repeated.add(payload)

    def was_repeated(self, payload: bytes) -> bool:
        """Tells whether a copy of a request may come after its answer."""
        return payload in self._repeated

    def number(self) -> int:
        """Returns the next number of a message, for the log."""
        self._numbers += 1
        return self._numbers


class Channel:
    """Stands where a grpc.aio.Channel would; generated stubs take it as one."""

    def __init__(self, network: Network, process: Process, targets: tuple[str, ...]) -> None:
        self.network = network
        self.process = process
        self._targets = targets
        self._turn = 0

    def target(self) -> str:
        """Returns who is asked next."""
        self._turn += 1
        return self._targets[self._turn % len(self._targets)]

    def unary_unary(
        self,
        method: str,
        request_serializer: Callable[[Any], bytes],
        response_deserializer: Callable[[bytes], Any],
        _registered_method: bool = False,
    ) -> Any:
        """Returns what calls a unary method."""
        return _Unary(self, method, request_serializer, response_deserializer)

    def unary_stream(
        self,
        method: str,
        request_serializer: Callable[[Any], bytes],
        response_deserializer: Callable[[bytes], Any],
        _registered_method: bool = False,
    ) -> Any:
        """Returns what opens a stream."""

        def opened(request: Any, **_options: Any) -> Stream:
            return Stream(self, method, request_serializer(request), response_deserializer)

        return opened

    def stream_stream(self, method: str, *_options: Any, **_more: Any) -> Any:
        """Returns what opens a stream both ways, which nobody who is simulated does."""

        def opened(*_arguments: Any, **_named: Any) -> Any:
            msg = f"{method} is not simulated"
            raise LookupError(msg)

        return opened


class _Unary:
    """One method of a stub."""

    def __init__(
        self,
        channel: Channel,
        method: str,
        serialize: Callable[[Any], bytes],
        deserialize: Callable[[bytes], Any],
    ) -> None:
        self._method = method.encode()
        self._name = method.rpartition("/")[2]
        self._path = method
        self._channel = channel
        self._serialize = serialize
        self._deserialize = deserialize

    async def __call__(self, request: Any, *, timeout: float, **_options: Any) -> Any:  # noqa: ASYNC109 - grpc's signature
        channel, payload = self._channel, self._serialize(request)
        loop = channel.network.loop
        end = loop.time() + timeout
        for attempt in range(1, _ATTEMPTS_MAX + 1):
            channel.process.step()
            reply = await _Exchange(channel, self._path, self._name, payload, end).run()
            channel.process.step()
            if reply.code is grpc.StatusCode.OK:
                return self._deserialize(reply.payload)
            pause = _BACKOFF_S * 3**attempt
            is_last = attempt == _ATTEMPTS_MAX or loop.time() + pause >= end
            if reply.code is not grpc.StatusCode.UNAVAILABLE or is_last:
                raise reply.error()
            channel.network.repeat(payload)
            await asyncio.sleep(pause)
        raise AssertionError


class _Exchange:
    """One request on its way and its reply, either of which may be lost."""

    def __init__(self, channel: Channel, path: str, name: str, payload: bytes, end: float) -> None:
        self._network = channel.network
        self._loop = channel.network.loop
        self._faults = channel.network.faults
        self._process = channel.process
        self._target = channel.target()
        self._path = path
        self._name = name
        self._payload = payload
        self._number = self._network.number()
        self._answered: asyncio.Future[Reply] = self._loop.create_future()
        self._handlers: list[asyncio.Task[None]] = []
        self._end = end

    async def run(self) -> Reply:
        self._note("→ {} {}", self._target, self._name)
        faults = self._faults
        if faults.hits("refused"):
            self._note("refused")
            return _UNAVAILABLE
        if faults.hits("request_lost"):
            self._note("request LOST")
        else:
            self._send(faults.delay(_WIRE_S))
        if faults.hits("duplicated"):
            self._note("request REPEATED")
            self._network.repeat(self._payload)
            self._send(faults.delay(_WIRE_S * 4))
        try:
            async with asyncio.timeout_at(self._end):
                return await self._answered
        except TimeoutError:
            self._note("deadline exceeded")
            self._hang_up()
            return Reply(grpc.StatusCode.DEADLINE_EXCEEDED)
        except asyncio.CancelledError:
            self._hang_up()
            raise

    def _send(self, delay: float) -> None:
        self._network.in_flight += 1
        self._loop.call_later(delay, self._arrive)

    def _arrive(self) -> None:
        self._network.in_flight -= 1
        server = self._network.find(self._target)
        if server is None:
            self._answer(_UNAVAILABLE)
        else:
            handler = server.process.spawn(self._handle(server))
            self._network.in_flight += 1
            handler.add_done_callback(self._served)
            self._handlers.append(handler)
            if self._faults.hits("broken"):
                self._note("connection BREAKS")
                delay = self._faults.random.uniform(0, _BROKEN_S)
                self._loop.call_later(delay, self._answer, _UNAVAILABLE)

    def _served(self, _handler: asyncio.Task[None]) -> None:
        self._network.in_flight -= 1

    async def _handle(self, server: Server) -> None:
        try:
            server.process.step()
            reply = await server.answer(self._path, self._payload, self._end)
            server.process.step()
        except asyncio.CancelledError:
            # The process died: the caller's connection breaks, sooner or later.
            delay = self._faults.random.uniform(0, _BROKEN_S)
            self._loop.call_later(delay, self._answer, _UNAVAILABLE)
            raise
        if self._faults.hits("reply_lost"):
            self._note("reply LOST")
        else:
            self._loop.call_later(self._faults.delay(_WIRE_S), self._answer, reply)

    def _answer(self, reply: Reply) -> None:
        if not self._answered.done():
            self._note("← {} {}", self._target, reply.code.name)
            self._answered.set_result(reply)

    def _hang_up(self) -> None:
        """Cancels the handlers, as a deadline or a caller that hangs up does when it is noticed."""
        self._answered.cancel()
        if self._faults.random.random() < _NOTICED:
            for handler in self._handlers:
                self._loop.call_later(self._faults.delay(_WIRE_S), handler.cancel)

    def _note(self, text: str, *parts: Any) -> None:
        self._network.log.note(self._process.name, "#{} " + text, self._number, *parts)


@dataclass(eq=False)
class Stream:
    """A server stream: in order, nothing lost within; it may break at any message."""

    channel: Channel
    method: str
    payload: bytes
    deserialize: Callable[[bytes], Any]
    _arrived: deque[Reply | None] = field(default_factory=deque)
    """Messages that nobody took so far; None: the end."""
    _changed: asyncio.Event = field(default_factory=asyncio.Event)
    _handler: asyncio.Task[None] | None = None
    _is_open: bool = False

    def __aiter__(self) -> Stream:
        return self

    async def __anext__(self) -> Any:
        self.channel.process.step()
        if not self._is_open:
            self._open()
        while not self._arrived:
            self._changed.clear()
            await self._changed.wait()
        self.channel.process.step()
        reply = self._arrived.popleft()
        self._changed.set()
        if reply is None:
            raise StopAsyncIteration
        if reply.code is not grpc.StatusCode.OK:
            raise reply.error()
        return self.deserialize(reply.payload)

    def cancel(self) -> None:
        """Ends the stream; the server learns of it."""
        if self._handler is not None:
            self._handler.cancel()

    def _open(self) -> None:
        self._is_open = True
        network = self.channel.network
        server = network.find(self.channel.target())
        if server is None or network.faults.hits("refused"):
            self._push(_UNAVAILABLE)
            return
        network.log.note(self.channel.process.name, "follows {}", server.process.name)
        self._handler = server.process.spawn(self._produce(server))

    async def _produce(self, server: Server) -> None:
        faults = self.channel.network.faults
        last: Reply | None = _UNAVAILABLE
        try:
            async with contextlib.aclosing(server.stream(self.method, self.payload)) as replies:
                async for reply in replies:
                    while len(self._arrived) >= _WINDOW:
                        self._changed.clear()
                        await self._changed.wait()
                    await asyncio.sleep(faults.delay(_WIRE_S))
                    server.process.step()
                    if faults.hits("broken"):
                        return
                    self._push(reply)
            last = None
        finally:
            self._push(last)

    def _push(self, reply: Reply | None) -> None:
        self._arrived.append(reply)
        self._changed.set()

"""A channel whose certificate can change: gRPC's cannot, so it is exchanged for a new one.

The new one is connected before it takes over, and calls in flight end on the one before, which is
closed after the last of them. So no call fails or waits for a rotation. A callee that refuses the
new certificate, because it does not know its authority yet, leaves the channel before in use, with
the certificate before, over restarts of the callee too: it is tried anew until one of the two sides
has been put right.
"""

from __future__ import annotations

import asyncio
import contextlib
import weakref
from collections.abc import Callable
from typing import Any, Final, Self

import grpc

from services.kit.log import get_logger
from services.kit.tls import Identity

_CONNECT_S: Final = 5.0
"""Longest wait for a connection with the new certificate before it is tried anew."""
_AGAIN_S: Final = 1.0
_END_S: Final = 0.1


class RenewingChannel(grpc.aio.Channel):  # type: ignore[misc]
    """Calls one callee with the certificate that the process has."""

    def __init__(self, identity: Identity, opened: Callable[[], grpc.aio.Channel]) -> None:
        """`opened` makes a channel with the certificate in use; needs a running event loop."""
        self._identity = identity
        self._opened = opened
        self.live = _Live(opened(), identity.generation)
        self._closing: set[asyncio.Task[None]] = set()
        self._task = asyncio.create_task(self._follow(), name="channel")

    def unary_unary(
        self,
        method: str,
        request_serializer: Any = None,
        response_deserializer: Any = None,
        _registered_method: bool | None = False,
    ) -> Any:
        """Returns a callable for a method."""
        return _Method(self, "unary_unary", method, request_serializer, response_deserializer)

    def unary_stream(
        self,
        method: str,
        request_serializer: Any = None,
        response_deserializer: Any = None,
        _registered_method: bool | None = False,
    ) -> Any:
        """Returns a callable for a method that answers a stream."""
        return _Method(self, "unary_stream", method, request_serializer, response_deserializer)

    def stream_unary(
        self,
        method: str,
        request_serializer: Any = None,
        response_deserializer: Any = None,
        _registered_method: bool | None = False,
    ) -> Any:
        """Returns a callable for a method that takes a stream."""
        return _Method(self, "stream_unary", method, request_serializer, response_deserializer)

    def stream_stream(
        self,
        method: str,
        request_serializer: Any = None,
        response_deserializer: Any = None,
        _registered_method: bool | None = False,
    ) -> Any:
        """Returns a callable for a method that takes a stream and answers one."""
        return _Method(self, "stream_stream", method, request_serializer, response_deserializer)

    def get_state(self, try_to_connect: bool = False) -> grpc.ChannelConnectivity:
        """Returns the state of the channel in use."""
        return self.live.channel.get_state(try_to_connect)

    async def wait_for_state_change(self, last_observed_state: grpc.ChannelConnectivity) -> None:
        """Waits until the channel in use is in another state."""
        await self.live.channel.wait_for_state_change(last_observed_state)

    async def channel_ready(self) -> None:
        """Waits until the channel in use is connected."""
        await self.live.channel.channel_ready()

    async def close(self, grace: float | None = None) -> None:
        """Closes the channel, and those before it with what is still in flight."""
        self._task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self._task
        for task in list(self._closing):
            task.cancel()
        await asyncio.gather(*self._closing, return_exceptions=True)
        await self.live.channel.close(grace)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def _follow(self) -> None:
        while True:
            await self._identity.exchanged(after=self.live.generation)
            fresh = await self._fresh()
            before, self.live = self.live, fresh
            task = asyncio.create_task(_close(before))
            self._closing.add(task)
            task.add_done_callback(self._closing.discard)

    async def _fresh(self) -> _Live:
        """Returns a channel with the certificate in use, connected unless the one before idles."""
        is_told = False
        while True:
            fresh = _Live(self._opened(), self._identity.generation)
            try:
                # Who idles has called nobody: nothing is lost, whatever comes of the new one.
                if self._is(grpc.ChannelConnectivity.IDLE) or await _connects(fresh.channel):
                    return fresh
            except asyncio.CancelledError:
                await fresh.channel.close()
                raise
            await fresh.channel.close()
            # A callee that is away refuses nothing. Whose certificate it wants when it is back, the
            # new one's or the one's before, only it can tell: both go on trying.
            is_refused = self._is(grpc.ChannelConnectivity.READY)
            if is_refused and not is_told and not self._identity.is_silent:
                get_logger().error("callee refuses the new certificate; the connection stays")
                is_told = True
            await asyncio.sleep(_AGAIN_S)

    def _is(self, state: grpc.ChannelConnectivity) -> bool:
        return bool(self.live.channel.get_state() is state)


class _Live:
    """A channel of gRPC, and the calls on it."""

    __slots__ = ("calls", "channel", "generation")

    def __init__(self, channel: grpc.aio.Channel, generation: int) -> None:
        self.channel = channel
        self.generation = generation
        # Weakly: who has ended is forgotten. To be told of each end by gRPC costs ten times that.
        self.calls: weakref.WeakSet[grpc.aio.Call] = weakref.WeakSet()

    @property
    def in_flight(self) -> int:
        return sum(not call.done() for call in self.calls)


class _Method:
    """A method of the callee, called on the channel in use."""

    __slots__ = ("_arguments", "_callable", "_kind", "_live", "_method", "_owner")

    def __init__(self, owner: RenewingChannel, kind: str, method: str, *arguments: Any) -> None:
        self._owner = owner
        self._kind = kind
        # Under the name that gRPC's own have: kit.channel.Callee reads it for its span.
        self._method = method.encode()
        self._arguments = arguments
        self._live: _Live | None = None
        self._callable: Any = None

    def __call__(self, *arguments: Any, **options: Any) -> Any:
        live = self._owner.live
        if live is not self._live:
            make = getattr(live.channel, self._kind)
            self._live, self._callable = live, make(self._method.decode(), *self._arguments)
        call = self._callable(*arguments, **options)
        live.calls.add(call)
        return call


async def _connects(channel: grpc.aio.Channel) -> bool:
    try:
        async with asyncio.timeout(_CONNECT_S):
            await channel.channel_ready()
    except TimeoutError:
        return False
    return True


async def _close(live: _Live) -> None:
    """Closes a channel when nothing is in flight on it any more."""
    try:
        while live.in_flight:  # noqa: ASYNC110 - only while an exchange goes on
            await asyncio.sleep(_END_S)
    finally:
        await live.channel.close()

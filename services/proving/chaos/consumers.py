"""Consumers of the feed during a run: each keeps its cursor with what it was given, and resumes."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import grpc

from services.proving import reading
from services.proving.history import EventKind, Feed
from yijie.settlement.v1 import settlement_service_pb2 as pb

_SILENCE_S_MAX: Final = 3.0
_BACKOFF_S: Final = 0.2
_READ_S_MAX: Final = 60.0

Stub = Any


@dataclass(slots=True)
class Consumer:
    """One consumer: what it wants, where it is, and what it has."""

    name: str
    stub: Stub
    province_code: str = ""
    role: pb.RegionRole = pb.REGION_ROLE_UNSPECIFIED
    kinds: tuple[pb.EventKind, ...] = ()
    cursor: str = ""
    events: list[pb.Event] = field(default_factory=list)
    resumed: int = 0
    """Times that a stream ended and it had to go on from its cursor."""
    accepted: int = 0
    """Streams that gave something."""
    quiet_at: float = 0.0
    """When it was last told that nothing is left; by time.monotonic."""

    async def follow(self) -> None:
        """Follows until cancelled, whatever breaks."""
        while True:
            had = self.accepted
            with contextlib.suppress(grpc.aio.AioRpcError, TimeoutError):
                await self.read(to_the_end=False)
            self.resumed += self.accepted > had
            await asyncio.sleep(_BACKOFF_S)

    async def read(self, *, to_the_end: bool) -> None:
        """Reads on from the cursor.

        Args:
            to_the_end: return at the first sign of life that follows all events.

        Raises:
            grpc.aio.AioRpcError: the stream broke off.
            TimeoutError: it fell silent.
        """
        call = self.stub.Subscribe(
            pb.SubscribeRequest(
                after_cursor=self.cursor,
                region_code=self.province_code,
                region_role=self.role,
                kinds=self.kinds,
            ),
            timeout=_READ_S_MAX,
        )
        try:
            first = True
            while True:
                async with asyncio.timeout(_SILENCE_S_MAX):
                    answer = await call.read()
                if answer is grpc.aio.EOF:
                    return
                self.accepted += first
                # Together, so that a batch is taken with its cursor or not at all.
                self.events += answer.events
                self.cursor = answer.cursor
                if not answer.events and not first:
                    self.quiet_at = time.monotonic()
                    if to_the_end:
                        return
                # The first sign of life says that the cursor was accepted, not that all was read.
                first = False
        finally:
            call.cancel()

    def feed(self) -> Feed:
        """Returns all that it was given."""
        kinds = frozenset(
            kind for kind in EventKind if not self.kinds or reading.KINDS[kind] in self.kinds
        )
        return Feed(
            name=self.name,
            events=tuple(reading.read_event(event) for event in self.events),
            province_code=self.province_code,
            as_care=self.role != pb.REGION_ROLE_INSURED,
            as_insured=self.role != pb.REGION_ROLE_CARE,
            kinds=kinds,
        )


@contextlib.asynccontextmanager
async def following(consumers: Sequence[Consumer]) -> AsyncIterator[None]:
    """Has all consumers follow while the block runs."""
    tasks = [asyncio.create_task(consumer.follow()) for consumer in consumers]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

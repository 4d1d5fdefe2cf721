"""Provinces that follow the feed: each keeps what it was given together with its cursor."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from typing import Any, Final

from services.kit.feed import Batch, CursorMoved, Follower, batches, following
from services.proving import history
from services.proving.reading import read_event
from services.proving.simulation.hub import FOLLOWING, HUBS
from services.proving.simulation.loop import VirtualClock
from services.proving.simulation.machine import Process
from services.proving.simulation.network import Network
from yijie.settlement.v1 import settlement_service_pb2 as pb
from yijie.settlement.v1 import settlement_service_pb2_grpc as rpc

_STORE_S: Final = 0.005
FOLLOWED: Final = (("province-64", "640000", True, False), ("province-11", "110000", False, True))
"""Name, province, and whether as care region and as insured region."""


class Province:
    """One subscriber and what it has stored."""

    def __init__(self, name: str, province_code: str, as_care: bool, as_insured: bool) -> None:
        self.name = name
        self.cursor = ""
        self._province_code = province_code
        self._as_care = as_care
        self._as_insured = as_insured
        self._events: list[history.Event] = []

    async def follow(self, network: Network, process: Process, clock: VirtualClock) -> None:
        """Follows for as long as the process lives."""
        stub: Any = rpc.SettlementServiceStub(network.channel(process, *HUBS))
        role = pb.REGION_ROLE_CARE if self._as_care else pb.REGION_ROLE_INSURED

        def subscribe(after: str) -> AsyncGenerator[Batch[history.Event], None]:
            request = pb.SubscribeRequest(
                after_cursor=after, region_code=self._province_code, region_role=role
            )
            return batches(stub.Subscribe(request, wait_for_ready=True), read_event)

        async def load() -> str:
            await asyncio.sleep(_STORE_S)
            return self.cursor

        async def apply(after: str, batch: Batch[history.Event]) -> None:
            process.step()
            await asyncio.sleep(_STORE_S)
            process.step()
            if self.cursor != after:
                raise CursorMoved(self.name)
            # Events and cursor at once: a transaction of the province's own.
            self._events += batch.events
            self.cursor = batch.cursor
            process.step()

        follower = Follower(
            self.name, FOLLOWING, clock, cursor=load, subscribe=subscribe, apply=apply
        )
        async with following(follower):
            await asyncio.Event().wait()

    def feed(self) -> history.Feed:
        """Returns what it was given."""
        return history.Feed(
            name=self.name,
            events=tuple(self._events),
            province_code=self._province_code,
            as_care=self._as_care,
            as_insured=self._as_insured,
        )

"""The hub, the insured regions and clearing, each put together from its own parts.

Like the composition root of each service, with the simulation's database, channels and clock.
"""

from __future__ import annotations

import asyncio
import functools
from collections.abc import Callable
from typing import Any, Final

from services.benefits.domain.snapshot import Policy
from services.benefits.servicer import BenefitsServicer
from services.benefits.store import Store as BenefitsStore
from services.benefits.vault import Vault
from services.clearing import store as clearing_store
from services.clearing import usecases as clearing
from services.clearing.clients import SettlementClient
from services.clearing.domain.ledger import SettlementEvent
from services.kit.crypto import BlindIndex, FieldCipher, KeyRing
from services.kit.db import Database
from services.kit.feed import Batch, FeedConfig, Follower, following, load_cursor
from services.kit.routes import Route
from services.proving.simulation.database import MemoryDatabase
from services.proving.simulation.faults import Faults
from services.proving.simulation.loop import VirtualClock
from services.proving.simulation.machine import Process
from services.proving.simulation.network import Network
from services.proving.simulation.people import HOSPITALS, PROVINCES, catalogue
from services.settlement.assembly import Parts, Waits, assemble
from services.settlement.clients import (
    BenefitsClient,
    Callees,
    FilingClient,
    IdentityClient,
    SupervisionClient,
)
from services.settlement.regions import Regions
from services.settlement.snapshots import Snapshots
from yijie.benefits.v1 import benefits_service_pb2_grpc
from yijie.settlement.v1 import settlement_service_pb2_grpc, visit_service_pb2_grpc

HUBS: Final = ("hub-1", "hub-2")
NEIGHBOURS: Final = "neighbours"
CLEARING: Final = ("clearing-1", "clearing-2")
RECOVERY_AFTER_S: Final = 6.0
ABANDON_AFTER_S: Final = 20.0
_OLD: Final = "610000"
"""The province whose system books whatever comes out."""
_RECOVERY_INTERVAL_S: Final = 5.0
_CALLEE_TIMEOUT_S: Final = 0.4
_SCREENING_TIMEOUT_S: Final = 0.2
_BENEFITS_TIMEOUT_S: Final = 0.8
_FEED_POLL_S: Final = 2.5
_FEED_HEARTBEAT_S: Final = 6.0
_KEY: Final = bytes(range(32))
FOLLOWING: Final = FeedConfig(silence_s_max=15.0, backoff_s=0.5, backoff_s_max=4.0, standby_s=2.0)


class FixedCatalogues(Snapshots):
    """The care provinces' catalogues, which do not change during a run."""

    def __init__(self) -> None:
        regions = [hospital.region_code for hospital in HOSPITALS]
        self._by_province = {found.region_code: found for found in map(catalogue, regions)}
        self._zones = ()


def make_hub(
    database: Database, callees: Callees, clock: VirtualClock, entropy: Callable[[int], bytes]
) -> Parts:
    """Puts a replica of settlement together, by its own assembly."""
    return assemble(
        database=database,
        callees=callees,
        snapshots=FixedCatalogues(),
        cipher=_cipher(entropy),
        index=BlindIndex(_KEY),
        clock=clock,
        waits=Waits(
            recovery_after_s=RECOVERY_AFTER_S,
            abandon_after_s=ABANDON_AFTER_S,
            feed_poll_s=_FEED_POLL_S,
            feed_heartbeat_s=_FEED_HEARTBEAT_S,
        ),
    )


def make_benefits_store(database: Database, entropy: Callable[[int], bytes]) -> BenefitsStore:
    """Returns the store of an insured province."""
    return BenefitsStore(database, Vault(_cipher(entropy), BlindIndex(_KEY)))


def _cipher(entropy: Callable[[int], bytes]) -> FieldCipher:
    return FieldCipher(KeyRing({1: _KEY}, 1), random=entropy)


def open_callees(network: Network, process: Process, clock: VirtualClock) -> Callees:
    """Opens the channels of a replica of settlement."""
    routes = {province: Route(target=province) for province in PROVINCES}
    channels = {province: network.channel(process, region_name(province)) for province in PROVINCES}
    neighbours = network.channel(process, NEIGHBOURS)
    regions = Regions(routes, channels, timeout_s=_BENEFITS_TIMEOUT_S, clock=clock)
    return Callees(
        identity=IdentityClient(neighbours, _CALLEE_TIMEOUT_S),
        filing=FilingClient(neighbours, _CALLEE_TIMEOUT_S),
        supervision=SupervisionClient(neighbours, _SCREENING_TIMEOUT_S),
        benefits=BenefitsClient(regions),
        catalogue=None,
    )


async def serve_hub(
    network: Network,
    process: Process,
    database: Database,
    clock: VirtualClock,
    entropy: Callable[[int], bytes],
) -> None:
    """Serves settlement and finishes what is open, for as long as the process lives."""
    hub = make_hub(database, open_callees(network, process, clock), clock, entropy)
    server: Any = network.serve(process, "settlement")
    settlement_service_pb2_grpc.add_SettlementServiceServicer_to_server(hub.settlement, server)
    visit_service_pb2_grpc.add_VisitServiceServicer_to_server(hub.visit, server)
    async with hub.recovery.running(_RECOVERY_INTERVAL_S):
        await asyncio.Event().wait()


def region_name(province: str) -> str:
    """Returns the name of the machine that serves a province's benefits."""
    return f"region-{province[:2]}"


class _Region(BenefitsServicer):
    """A province's own system, which may answer wrongly or not know of expectations."""

    def __init__(
        self, store: BenefitsStore, policy: Policy, faults: Faults, *, is_old: bool
    ) -> None:
        super().__init__(store, policy)
        self._faults = faults
        self._is_old = is_old

    async def Commit(self, request: Any, context: Any) -> Any:  # noqa: N802 - gRPC's name
        """Books rightly and answers, now and then, amounts that do not add up."""
        if self._is_old:
            request.ClearField("expected")
        response = await super().Commit(request, context)
        if self._faults.hits("wrong_answer"):
            response.adjudication.cash_pay.fen += 1
        return response


async def serve_region(
    network: Network,
    process: Process,
    database: Database,
    policy: Policy,
    entropy: Callable[[int], bytes],
) -> None:
    """Serves the benefits of an insured province."""
    server: Any = network.serve(process, "benefits")
    is_old = process.name == region_name(_OLD)
    store = make_benefits_store(database, entropy)
    servicer = _Region(store, policy, network.faults, is_old=is_old)
    benefits_service_pb2_grpc.add_BenefitsServiceServicer_to_server(servicer, server)
    await asyncio.Event().wait()


async def serve_clearing(
    network: Network, process: Process, database: MemoryDatabase, clock: VirtualClock
) -> None:
    """Books the feed, for as long as the process lives."""

    async def apply(after: str, batch: Batch[SettlementEvent]) -> None:
        await clearing.book_batch(database, after=after, batch=batch, now=clock.now())

    follower = Follower(
        clearing_store.FEED,
        FOLLOWING,
        clock,
        cursor=functools.partial(load_cursor, database, clearing_store.FEED),
        subscribe=SettlementClient(network.channel(process, *HUBS)).events,
        apply=apply,
    )
    async with following(follower):
        await asyncio.Event().wait()

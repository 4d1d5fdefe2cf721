"""Puts the parts of reimbursements together; app.py serves them."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass

import grpc

from services.kit.clock import Clock
from services.kit.crypto import BlindIndex, FieldCipher
from services.kit.db import Database
from services.kit.outbox import OutboxFeed, OutboxStore
from services.settlement.clients import Callees
from services.settlement.config import Config
from services.settlement.fingerprints import Fingerprints
from services.settlement.quarantine_store import QuarantineStore
from services.settlement.reimbursement.comparison import Comparisons
from services.settlement.reimbursement.loop import ReimbursementLoop
from services.settlement.reimbursement.servicer import ReimbursementServicer
from services.settlement.reimbursement.store import EVENTS, ReimbursementStore
from services.settlement.reimbursement.usecases import Reimbursements
from services.settlement.snapshots import Snapshots
from yijie.settlement.v1 import reimbursement_service_pb2_grpc as rpc


@dataclass(frozen=True, slots=True)
class Shared:
    """What reimbursements share with the rest of settlement."""

    database: Database
    callees: Callees
    snapshots: Snapshots
    cipher: FieldCipher
    index: BlindIndex
    clock: Clock


class ReimbursementParts:
    """One replica of reimbursements."""

    def __init__(self, config: Config, shared: Shared) -> None:
        """Wires the parts; nothing runs yet."""
        store = ReimbursementStore(shared.database, shared.cipher)
        reimbursements = Reimbursements(
            store=store,
            callees=shared.callees,
            snapshots=shared.snapshots,
            quarantine=QuarantineStore(shared.database, shared.cipher),
            index=shared.index,
            clock=shared.clock,
        )
        self._interval_s = config.recovery_interval_s
        self._feed = OutboxFeed(
            "reimbursement",
            OutboxStore(shared.database, EVENTS),
            shared.clock,
            poll_s=config.feed_poll_s,
            heartbeat_s=config.feed_heartbeat_s,
        )
        self._loop = ReimbursementLoop(
            store, reimbursements, shared.clock, after_s=config.recovery_after_s
        )
        self._servicer = ReimbursementServicer(
            reimbursements,
            Comparisons(shared.callees, shared.snapshots),
            store,
            self._feed,
            Fingerprints(shared.index),
        )

    def register(self, server: grpc.aio.Server) -> None:
        """Serves the contract on a server."""
        rpc.add_ReimbursementServiceServicer_to_server(self._servicer, server)

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Finishes what is open while the block runs."""
        async with self._loop.running(self._interval_s):
            yield

    def close(self) -> None:
        """Ends the feed's streams, so that draining does not wait for what never ends."""
        self._feed.close()

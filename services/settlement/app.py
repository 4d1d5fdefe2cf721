"""The process of settlement: opens what its parts need (assembly.py) and serves them."""

from __future__ import annotations

import contextlib
import functools
from collections.abc import AsyncIterator

import grpc

from services.kit.audit_chain.trail import open_trail
from services.kit.clock import Clock, SystemClock
from services.kit.crypto import BlindIndex
from services.kit.db import Database, open_database
from services.kit.keys import open_cipher
from services.kit.migrations import check_version
from services.kit.outbox import OutboxFeed, OutboxStore
from services.kit.server import Running, serving
from services.kit.signing.files import open_key_book
from services.kit.tls import open_identity
from services.settlement.advice_servicer import AdviceServicer
from services.settlement.assembly import Waits, assemble
from services.settlement.clients import open_callees
from services.settlement.config import Config
from services.settlement.journal_servicer import JournalServicer
from services.settlement.journal_store import JournalStore
from services.settlement.limits import open_limits
from services.settlement.refusal_servicer import RefusalServicer
from services.settlement.refusal_store import REFUSALS, RefusalStore
from services.settlement.refusals import RefusalInterceptor, Refusals
from services.settlement.reimbursement.parts import ReimbursementParts, Shared
from services.settlement.reimbursement.servicer import FULL_NAME as REIMBURSEMENT_FULL_NAME
from services.settlement.round_trips import RoundTripInterceptor
from services.settlement.screening_policy import PolicyStore, ScreeningPolicy
from services.settlement.servicer import SettlementServicer
from services.settlement.signature_store import SignatureStore
from services.settlement.signatures import signing_interceptor
from services.settlement.snapshots import Snapshots
from services.settlement.visit_servicer import VisitServicer
from yijie.settlement.v1 import advice_service_pb2_grpc as advice_rpc
from yijie.settlement.v1 import journal_service_pb2_grpc as journal_rpc
from yijie.settlement.v1 import refusal_service_pb2_grpc as refusal_rpc
from yijie.settlement.v1 import settlement_service_pb2_grpc as rpc
from yijie.settlement.v1 import visit_service_pb2_grpc as visit_rpc

SERVICE = "settlement"
FULL_NAME = "yijie.settlement.v1.SettlementService"
VISIT_FULL_NAME = "yijie.settlement.v1.VisitService"
ADVICE_FULL_NAME = "yijie.settlement.v1.AdviceService"
JOURNAL_FULL_NAME = "yijie.settlement.v1.JournalService"
REFUSAL_FULL_NAME = "yijie.settlement.v1.RefusalService"
_FULL_NAMES = (
    FULL_NAME,
    VISIT_FULL_NAME,
    ADVICE_FULL_NAME,
    JOURNAL_FULL_NAME,
    REFUSAL_FULL_NAME,
    REIMBURSEMENT_FULL_NAME,
)


@contextlib.asynccontextmanager
async def running(config: Config, *, clock: Clock | None = None) -> AsyncIterator[Running]:
    """Serves settlement while the block runs."""
    clock = clock or SystemClock()
    async with (
        open_cipher(config.data_key) as cipher,
        open_database(config.database, SERVICE) as database,
        open_trail(database, SERVICE) as trail,
        open_identity(config.server.tls) as identity,
        open_key_book(config.signing) as book,
        open_callees(config, clock, identity) as callees,
        open_limits(
            config.clearing_target,
            clock,
            identity,
            interval_s=config.limits_interval_s,
            age_s_max=config.limits_age_s_max,
        ) as limits,
    ):
        await check_version(database, SERVICE)
        snapshots, index = Snapshots(callees.catalogue), BlindIndex(config.index_key)
        # Its own loop and tables beside those of the journal, which knows nothing of it.
        shared = Shared(database, callees, snapshots, cipher, index, clock)
        reimbursements = ReimbursementParts(config, shared)
        policy = ScreeningPolicy(clock)
        parts = assemble(
            database=database,
            callees=callees,
            snapshots=snapshots,
            cipher=cipher,
            index=index,
            clock=clock,
            limits=limits,
            policy=policy,
            waits=_waits(config),
        )
        refusal_store, refusal_feed = RefusalStore(database), _refusal_feed(config, database, clock)
        refusals = Refusals(refusal_store)
        register = functools.partial(
            _register,
            settlements=parts.settlement,
            visits=parts.visit,
            advice=parts.advice,
            journal=JournalServicer(JournalStore(database)),
            refusals=RefusalServicer(refusal_store, refusal_feed),
            reimbursements=reimbursements,
        )
        serve = functools.partial(
            serving,
            observers=(RoundTripInterceptor(), RefusalInterceptor(refusals, clock)),
            guards=(signing_interceptor(book, SignatureStore(database, cipher), clock),),
            trail=trail,
        )
        async with (
            snapshots.following(),
            parts.recovery.running(config.recovery_interval_s),
            reimbursements.running(),
            policy.following(
                callees.supervision, PolicyStore(database), config.screening_policy_interval_s
            ),
            # Closed after the server: what it refuses last is written, too.
            refusals.running(),
            serve(config.server, SERVICE, _FULL_NAMES, register) as server,
        ):
            try:
                yield server
            finally:
                parts.feed.close()
                refusal_feed.close()
                reimbursements.close()


def _waits(config: Config) -> Waits:
    return Waits(
        recovery_after_s=config.recovery_after_s,
        abandon_after_s=config.abandon_after_s,
        feed_poll_s=config.feed_poll_s,
        feed_heartbeat_s=config.feed_heartbeat_s,
    )


def _refusal_feed(config: Config, database: Database, clock: Clock) -> OutboxFeed:
    return OutboxFeed(
        "refusals",
        OutboxStore(database, REFUSALS),
        clock,
        poll_s=config.feed_poll_s,
        heartbeat_s=config.feed_heartbeat_s,
    )


def _register(
    server: grpc.aio.Server,
    *,
    settlements: SettlementServicer,
    visits: VisitServicer,
    advice: AdviceServicer,
    journal: JournalServicer,
    refusals: RefusalServicer,
    reimbursements: ReimbursementParts,
) -> None:
    rpc.add_SettlementServiceServicer_to_server(settlements, server)
    visit_rpc.add_VisitServiceServicer_to_server(visits, server)
    advice_rpc.add_AdviceServiceServicer_to_server(advice, server)
    journal_rpc.add_JournalServiceServicer_to_server(journal, server)
    refusal_rpc.add_RefusalServiceServicer_to_server(refusals, server)
    reimbursements.register(server)

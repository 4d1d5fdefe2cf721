"""Puts the parts of settlement together: for the process (app.py) and for the simulation alike."""

from __future__ import annotations

from dataclasses import dataclass

from services.kit.clock import Clock
from services.kit.crypto import BlindIndex, FieldCipher
from services.kit.db import Database
from services.settlement.admission_store import AdmissionStore
from services.settlement.advice import Advice
from services.settlement.advice_servicer import AdviceServicer
from services.settlement.advice_store import AdviceStore
from services.settlement.checking import Checking
from services.settlement.clients import Callees
from services.settlement.feed import Feed
from services.settlement.feed_store import FeedStore
from services.settlement.fingerprints import Fingerprints
from services.settlement.gaps import Gaps
from services.settlement.intent_store import IntentStore
from services.settlement.limits import Limits
from services.settlement.portability import Portability
from services.settlement.quarantine_store import QuarantineStore
from services.settlement.quotes import Quotes
from services.settlement.recomputation_store import RecomputationStore
from services.settlement.recomputations import Recomputations
from services.settlement.recovery import Recovery
from services.settlement.reversals import Reversals
from services.settlement.screening_policy import Gate, ScreeningPolicy
from services.settlement.servicer import SettlementServicer
from services.settlement.settle_visit import VisitOrders
from services.settlement.snapshots import Snapshots
from services.settlement.store import Store
from services.settlement.successors import Successors
from services.settlement.usecases import Settlements
from services.settlement.visit_servicer import VisitServicer
from services.settlement.visit_store import VisitStore
from services.settlement.visits import Visits


@dataclass(frozen=True, slots=True, kw_only=True)
class Waits:
    """The times that settlement works by, seconds; named as in config.py."""

    recovery_after_s: float
    abandon_after_s: float
    feed_poll_s: float
    feed_heartbeat_s: float


@dataclass(frozen=True, slots=True)
class Parts:
    """One replica of settlement."""

    settlement: SettlementServicer
    visit: VisitServicer
    advice: AdviceServicer
    recovery: Recovery
    feed: Feed


def assemble(
    *,
    database: Database,
    callees: Callees,
    snapshots: Snapshots,
    cipher: FieldCipher,
    index: BlindIndex,
    clock: Clock,
    waits: Waits,
    limits: Limits | None = None,
    policy: ScreeningPolicy | None = None,
) -> Parts:
    """Returns a replica's parts, wired; nothing runs yet. Without limits and policy all settles."""
    store, intents = Store(database, cipher), IntentStore(database)
    store, intents = Store(database, cipher), IntentStore(database)
    recomputation_store = RecomputationStore(database, cipher, store)
    visit_store = VisitStore(database, cipher)
    orders = VisitOrders(visit_store, clock)
    settlements = Settlements(
        store=store,
        intents=intents,
        callees=callees,
        checking=Checking(
            callees,
            snapshots,
            limits or Limits(clock),
            screening=Gate(policy or ScreeningPolicy(clock), index, store.taken_back),
        ),
        orders=orders,
        quotes=Quotes(cipher, clock),
        quarantine=QuarantineStore(database, cipher),
        successors=Successors(store, recomputation_store, index, clock),
        index=index,
        clock=clock,
    )
    reversals = Reversals(
        settlements=settlements,
        store=store,
        recomputations=recomputation_store,
        orders=orders,
        index=index,
        clock=clock,
    )
    recomputations = Recomputations(
        settlements=settlements,
        store=store,
        recomputations=recomputation_store,
        callees=callees,
        orders=orders,
        index=index,
        clock=clock,
    )
    feed = _feed(database, cipher, index, clock, waits)
    visits = Visits(
        store=visit_store,
        identity=callees.identity,
        snapshots=snapshots,
        index=index,
        clock=clock,
    )
    return Parts(
        settlement=SettlementServicer(settlements, reversals, recomputations, feed),
        visit=VisitServicer(visits, feed),
        advice=_advice(
            store, AdviceStore(database), callees=callees, snapshots=snapshots, clock=clock
        ),
        recovery=_recovery(intents, settlements, clock, waits),
        feed=feed,
    )


def _recovery(
    intents: IntentStore, settlements: Settlements, clock: Clock, waits: Waits
) -> Recovery:
    return Recovery(
        store=intents,
        settlements=settlements,
        clock=clock,
        after_s=waits.recovery_after_s,
        abandon_after_s=waits.abandon_after_s,
    )


def _feed(
    database: Database, cipher: FieldCipher, index: BlindIndex, clock: Clock, waits: Waits
) -> Feed:
    return Feed(
        FeedStore(database, cipher),
        AdmissionStore(database, cipher),
        clock,
        fingerprints=Fingerprints(index),
        poll_s=waits.feed_poll_s,
        heartbeat_s=waits.feed_heartbeat_s,
    )


def _advice(
    store: Store,
    advice_store: AdviceStore,
    *,
    callees: Callees,
    snapshots: Snapshots,
    clock: Clock,
) -> AdviceServicer:
    gaps = Gaps(
        store=store,
        advice_store=advice_store,
        callees=callees,
        snapshots=snapshots,
        clock=clock,
    )
    return AdviceServicer(Advice(callees, clock), gaps, Portability(callees, clock))

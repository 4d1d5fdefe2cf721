"""From settlement's table of refusals over its real feed into tickets: each once, none left out."""

from __future__ import annotations

import contextlib
import functools
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from services.kit.config import load
from services.kit.db import Database, open_database
from services.kit.feed import FeedConfig, following, load_cursor
from services.kit.outbox import OutboxFeed, OutboxStore
from services.settlement.refusal_servicer import RefusalServicer
from services.settlement.refusal_store import REFUSALS, Refusal, RefusalStore
from services.supervision.config import Config
from services.supervision.tickets import store
from services.supervision.tickets.feed import open_follower
from services.supervision.tickets.refusal_store import FEED
from services.supervision.tickets.store import TicketFilter
from services.supervision.tickets.terms import load_ticket_terms
from tests.integration.supervision.harness import environ
from tests.support.clock import FakeClock
from tests.support.eventually import eventually
from tests.support.rpc import served
from yijie.settlement.v1 import refusal_service_pb2_grpc

pytestmark = pytest.mark.postgres
SCHEMAS = ("settlement", "supervision")
FULL_NAME = "yijie.settlement.v1.RefusalService"
CONFIG = FeedConfig(silence_s_max=5, backoff_s=0.01, backoff_s_max=0.05, standby_s=0.05)


def refusal(number: int, clock: FakeClock, **changes: Any) -> Refusal:
    values: dict[str, Any] = {
        "event_time": clock.now(),
        "refusal_id": UUID(int=number),
        "call": "SETTLE",
        "reason": "INSURED_REGION_UNAVAILABLE",
        "service": "settlement",
        "party": "INSURED_REGION",
        "retryable": True,
        "care_region_code": "110105",
        "insured_region_code": "640104",
        "institution_code": "H11010500001",
        "medical_type_code": "21",
        "scheme_code": "310",
        "emergency": False,
        "begin_date": None,
        "end_date": None,
        "total_fen": 100,
        "person_id": UUID(int=8),
        "visit_id": None,
        "settlement_id": None,
        "request_id": UUID(int=number),
        "trace_id": "",
        "duration_ms": 900,
        "rule_codes": (),
    }
    return Refusal(**{**values, **changes})


@contextlib.asynccontextmanager
async def settlement(dsn: str, clock: FakeClock) -> AsyncIterator[tuple[RefusalStore, Any]]:
    """Settlement's refusals alone, served as settlement serves them."""
    database_config = load(Config, environ(dsn, 1)).database
    async with open_database(database_config, "settlement") as database:
        outbox = OutboxStore(database, REFUSALS)
        feed = OutboxFeed("refusals", outbox, clock, poll_s=0.02, heartbeat_s=0.05)
        refusals = RefusalStore(database)
        register = functools.partial(
            refusal_service_pb2_grpc.add_RefusalServiceServicer_to_server,
            RefusalServicer(refusals, feed),
        )
        async with served("settlement", FULL_NAME, register) as channel:
            try:
                yield refusals, channel
            finally:
                feed.close()


async def told(database: Database, count: int) -> None:
    row = await database.fetchrow("/* test.count */ SELECT count(*) AS n FROM refusal")
    assert row is not None
    assert row["n"] == count


async def test_refusals_travel_into_tickets_and_nothing_twice(dsn: str, database: Database) -> None:
    clock = FakeClock()
    async with settlement(dsn, clock) as (refusals, channel):
        follow = functools.partial(
            open_follower,
            database,
            channel,
            config=CONFIG,
            clock=clock,
            terms=load_ticket_terms(),
        )
        await refusals.insert([refusal(number, clock) for number in range(1, 4)])
        async with following(follow()):
            await eventually(functools.partial(told, database, 3))
            await refusals.insert(
                [
                    refusal(4, clock, reason="CARD_LOST", party="HUB"),
                    # What could not be read of a request is not known.
                    refusal(
                        5,
                        clock,
                        reason="FIELD_INVALID",
                        party="REQUEST",
                        care_region_code="",
                        insured_region_code="",
                        total_fen=None,
                        request_id=None,
                    ),
                ]
            )
            await eventually(functools.partial(told, database, 5))
        cursor = await load_cursor(database, FEED)
        # Two replicas after a pause: one works, the other stands by.
        clock.advance(hours=1)
        await refusals.insert([refusal(6, clock)])
        async with following(follow()), following(follow()):
            await eventually(functools.partial(told, database, 6))
    assert await load_cursor(database, FEED) != cursor
    found = await store.list_tickets(database, TicketFilter(), limit=9)
    malformed, silent = sorted(found, key=lambda one: one.reason)
    assert (silent.reason, silent.refusal_count) == ("INSURED_REGION_UNAVAILABLE", 4)
    assert silent.responsible_region_code == "640000"
    assert silent.last_refusal_time == silent.open_time + timedelta(hours=1)
    assert (malformed.reason, malformed.institution_code) == ("FIELD_INVALID", "H11010500001")
    assert (malformed.care_region_code, malformed.refused_fen) == ("110000", 0)

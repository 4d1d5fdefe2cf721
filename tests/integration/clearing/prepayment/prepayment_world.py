"""What the tests of prepayment share: quotas in force, money held, a month signed."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import uuid4

from services.clearing.prepayment import servicer
from services.clearing.prepayment.feed import open_feed
from services.clearing.prepayment.loop import Watch
from services.clearing.prepayment.servicer import PrepaymentServicer
from services.clearing.prepayment.terms import load
from services.kit.clock import civil_date
from services.kit.db import Database
from tests.integration.clearing.notices_world import (
    BEIJING,
    HEBEI,
    MARCH,
    SHANGHAI,
    NoticeWorld,
    notice_world,
    row,
)
from tests.support.rpc import TIMEOUT_S, Refusal, refused, served
from tests.support.settlement_feed import settled
from yijie.clearing.v1 import (
    prepayment_pb2,
    prepayment_service_pb2,
    prepayment_service_pb2_grpc,
)
from yijie.common.v1 import money_pb2

__all__ = ["BEIJING", "HEBEI", "MARCH", "SHANGHAI", "PrepaymentWorld", "prepayment_world"]

PAIR = {"insured_region_code": HEBEI, "care_region_code": BEIJING}
USED = 73_234
"""Fen of March that Hebei owes Beijing, 1,234 of them from personal accounts."""
PREFIXES = {
    "state": ("USAGE_STATE_", prepayment_pb2.UsageState),
    "top_up": ("TOP_UP_STATE_", prepayment_pb2.TopUpState),
}


@dataclass
class PrepaymentWorld:
    """A PrepaymentService on a database, beside the months and notices that it rests on."""

    notices: NoticeWorld
    stub: Any
    watch: Watch

    @property
    def months(self) -> Any:
        return self.notices.months

    @property
    def database(self) -> Database:
        return self.notices.database

    @property
    def clock(self) -> Any:
        return self.notices.clock

    @property
    def today(self) -> date:
        return civil_date(self.clock.now())

    def asked(self, name: str, **fields: Any) -> Any:
        request_type = getattr(prepayment_service_pb2, f"{name}Request")
        if "request_id" in request_type.DESCRIPTOR.fields_by_name:
            fields = {"request_id": str(uuid4()), **fields}
        return getattr(self.stub, name)(request_type(**fields), timeout=TIMEOUT_S)

    async def call(self, name: str, **fields: Any) -> Any:
        return await self.asked(name, **fields)

    async def refusal(self, name: str, **fields: Any) -> Refusal:
        return await refused(self.asked(name, **fields))

    async def proposed(self, *quotas: Any, year: int = 2026) -> Any:
        answer = await self.call(
            "SetFirstQuotas", year=year, quotas=quotas or [first_quota()], maker_id="hub-1"
        )
        return answer.proposal

    async def confirm(self, proposal: Any, **fields: Any) -> Any:
        wanted = {"confirmed": True, "checker_id": "hub-2", **fields}
        return await self.call("DecideQuotas", proposal_id=proposal.proposal_id, **wanted)

    async def issue(self, notice_ids: Any, **fields: Any) -> None:
        await self.notices.decide(list(notice_ids), checker_id="hub-3", **fields)

    async def pay(self, notice_id: str) -> None:
        """The whole of a notice arrives today."""
        answer = await self.notices.call("GetNotice", notice_id=notice_id)
        notice = answer.notice
        outcome = await self.notices.outcomes(
            row(notice, notice.amount.fen, f"R{uuid4().hex[:12]}", self.today)
        )
        assert outcome == ["MATCHED"]

    async def funded(self, employee: int = 60_000, resident: int = 15_000) -> None:
        """First quotas of Hebei at Beijing, confirmed, issued and paid."""
        quotas = [first_quota(employee), first_quota(resident, scheme="390")]
        decided = await self.confirm(await self.proposed(*quotas))
        await self.issue(decided.notice_ids)
        for notice_id in decided.notice_ids:
            await self.pay(notice_id)

    async def prepayment(self, insured: str = HEBEI, care: str = BEIJING) -> Any:
        answer = await self.call("ListPrepayments", care_region_code=care)
        return next(one for one in answer.prepayments if one.insured_region_code == insured)

    async def request(self, **fields: Any) -> Any:
        wanted = {**PAIR, "month": MARCH, "maker_id": "care-1", **fields}
        return (await self.call("RequestTopUp", **wanted)).top_up

    async def request_refusal(self, **fields: Any) -> Refusal:
        wanted = {**PAIR, "month": MARCH, "maker_id": "care-1", **fields}
        return await self.refusal("RequestTopUp", **wanted)

    async def decide(self, top_up: Any, **fields: Any) -> Any:
        wanted = {"approved": True, "checker_id": "hub-2", **fields}
        return (await self.call("DecideTopUp", top_up_id=top_up.top_up_id, **wanted)).top_up

    async def top_up(self, top_up: Any) -> Any:
        return (await self.call("GetTopUp", top_up_id=top_up.top_up_id)).top_up

    async def events(self) -> list[tuple[str, str, str, str]]:
        """What was told so far: insured and care province, state before and after."""
        request = prepayment_service_pb2.SubscribePrepaymentEventsRequest()
        found: list[Any] = []
        stream = self.stub.SubscribePrepaymentEvents(request, timeout=TIMEOUT_S)
        async for batch in stream:
            found += batch.events
            # The first batch only says that the cursor was accepted; then all, or a sign of life.
            if batch.cursor or batch.events:
                break
            if (await self._event_count()) == len(found):
                break
        stream.cancel()
        return [
            (
                one.insured_region_code,
                one.care_region_code,
                name_of("state", one.previous_state),
                name_of("state", one.usage.state),
            )
            for one in found
        ]

    async def _event_count(self) -> int:
        query = "/* test.count_events */ SELECT count(*) AS n FROM prepayment_event"
        return (await self.database.fetchrow(query))["n"]

    async def spend(self, number: int, fen: int, at: datetime | None = None) -> None:
        """Hebei's people are treated in Beijing for so much more."""
        event = settled(number, funds={"310100": fen}, at=at or self.clock.now())
        await self.months.feed(event)


def first_quota(
    fen: int = 60_000, *, insured: str = HEBEI, care: str = BEIJING, scheme: str = "310"
) -> Any:
    return prepayment_service_pb2.FirstQuota(
        insured_region_code=insured,
        care_region_code=care,
        scheme_code=scheme,
        quota=money(fen),
    )


def money(fen: int) -> Any:
    return money_pb2.Money(fen=fen)


def name_of(kind: str, number: int) -> str:
    prefix, enum = PREFIXES[kind]
    return enum.Name(number).removeprefix(prefix)


@contextlib.asynccontextmanager
async def prepayment_world(database: Database) -> AsyncIterator[PrepaymentWorld]:
    """Serves PrepaymentService on the database, with the care of March booked."""
    async with notice_world(database) as notices:
        terms = load()
        feed = open_feed(database, notices.clock, poll_s=0.01, heartbeat_s=0.05)

        def register(server: Any) -> None:
            prepayment_service_pb2_grpc.add_PrepaymentServiceServicer_to_server(
                PrepaymentServicer(database, terms, notices.clock, feed), server
            )

        async with served("clearing", servicer.FULL_NAME, register) as channel:
            with contextlib.closing(feed):
                yield PrepaymentWorld(
                    notices,
                    prepayment_service_pb2_grpc.PrepaymentServiceStub(channel),
                    Watch(database, terms, notices.clock),
                )


def days(count: int) -> timedelta:
    return timedelta(days=count)

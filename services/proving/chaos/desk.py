"""A hospital's desk: where its attempts go, and how it asks again.

A hospital knows two addresses of the hub and repeats what was not answered, under the same id, at
either. Its channels do not repeat by themselves: every attempt is one operation of the history.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from uuid import uuid5

import grpc

from services.kit.channel import CHANNEL_OPTIONS
from services.kit.status import from_rpc_error, reason_of
from services.proving import history, reading
from services.proving.chaos.plan import Treatment
from services.proving.history import Answered, Reply, Request, Unknown
from services.proving.recorder import Recorder
from yijie.settlement.v1 import settlement_service_pb2 as pb
from yijie.settlement.v1 import settlement_service_pb2_grpc, visit_service_pb2_grpc

ATTEMPTS_MAX: Final = 10
"""A caller that was not answered so often leaves it to the hub."""
_BACKOFF_S: Final = 0.4
_BACKOFF_S_MAX: Final = 3.0
_OPTIONS: Final = [
    *((name, value) for name, value in CHANNEL_OPTIONS if name != "grpc.service_config"),
    ("grpc.enable_retries", 0),
]

# gRPC stubs, made by code without types.
Stub = Any
Step = Callable[[], Awaitable[Reply]]


@dataclass(frozen=True, slots=True)
class Window:
    """A way to one replica of the hub."""

    settlement: Stub
    visits: Stub


@contextlib.asynccontextmanager
async def open_windows(addresses: Mapping[str, str]) -> AsyncIterator[dict[str, Window]]:
    """Opens a channel to each replica, without repeats of its own."""
    async with contextlib.AsyncExitStack() as stack:
        found = {}
        for name, address in addresses.items():
            channel = await stack.enter_async_context(
                grpc.aio.insecure_channel(address, options=_OPTIONS)
            )
            found[name] = Window(
                settlement_service_pb2_grpc.SettlementServiceStub(channel),
                visit_service_pb2_grpc.VisitServiceStub(channel),
            )
        yield found


@dataclass(slots=True)
class Logbook:
    """What all desks share: the record of the run and the windows."""

    recorder: Recorder
    windows: Mapping[str, Window]
    counts: Counter[str] = field(default_factory=Counter)
    """What was sent on purpose more than once, or without waiting."""


class Desk:
    """One treatment of one person: the steps that every course is made of."""

    def __init__(self, logbook: Logbook, treatment: Treatment) -> None:
        self._logbook = logbook
        self._treatment = treatment
        self._attempts = 0

    def named(self, label: str) -> str:
        """Returns the id of one request of the treatment; the same label, the same id."""
        return str(uuid5(self._treatment.request_id, label))

    def note(self, what: str) -> None:
        """Counts something that is done on purpose."""
        self._logbook.counts[what] += 1

    async def pause(self) -> None:
        """Lets time pass between two steps."""
        await asyncio.sleep(self._treatment.pause_s)

    async def insist(self, step: Step) -> Reply:
        """Repeats a step until it is answered, or often enough."""
        wait = _BACKOFF_S
        reply: Reply = Unknown("UNASKED")
        for _ in range(ATTEMPTS_MAX):
            reply = await step()
            if not isinstance(reply, Unknown):
                break
            await asyncio.sleep(wait)
            wait = min(2 * wait, _BACKOFF_S_MAX)
        return reply

    async def attempt(
        self,
        request: Request,
        call: Callable[[Window, float], Any],
        read: Callable[[Any], Reply],
        *,
        timeout_s: float | None = None,
    ) -> Reply:
        """Makes one attempt at the next window of the plan, and takes it down."""
        plan, recorder = self._treatment, self._logbook.recorder
        turn = self._attempts % len(plan.replicas)
        self._attempts += 1
        window = self._logbook.windows[plan.replicas[turn]]
        number = recorder.send(request)
        reply: Reply = Unknown("UNFINISHED")
        try:
            reply = read(await call(window, timeout_s or plan.deadlines_s[turn]))
        except grpc.aio.AioRpcError as error:
            known = from_rpc_error(error)
            reply = reading.read_failure(
                error.code().name,
                reason_of(error),
                changed=known.metadata.get("changed", "") if known else "",
                details=error.details() or "",
            )
        finally:
            recorder.receive(number, reply)
        return reply

    async def reverse(self, label: str, settlement_id: str) -> Reply:
        """Asks once to take a settlement back by its id."""
        request = pb.ReverseSettlementRequest(
            request_id=self.named(label), settlement_id=settlement_id
        )
        return await self._reverse(request)

    async def undo(self, label: str, settle_request_id: str) -> Reply:
        """Asks once to take back whatever a request has settled (冲正)."""
        request = pb.ReverseSettlementRequest(
            request_id=self.named(label), settle_request_id=settle_request_id
        )
        return await self._reverse(request)

    async def get(self, request_id: str, *, full: bool = False) -> Reply:
        """Asks once what came of a request."""
        view = pb.SETTLEMENT_VIEW_FULL if full else pb.SETTLEMENT_VIEW_BASIC
        request = pb.GetSettlementRequest(request_id=request_id, view=view)
        return await self.attempt(
            history.Get(request_id=request_id),
            lambda window, timeout: window.settlement.GetSettlement(request, timeout=timeout),
            shown,
        )

    async def _reverse(self, request: pb.ReverseSettlementRequest) -> Reply:
        return await self.attempt(
            history.Reverse(
                request_id=request.request_id,
                settlement_id=request.settlement_id,
                settle_request_id=request.settle_request_id,
            ),
            lambda window, timeout: window.settlement.ReverseSettlement(request, timeout=timeout),
            settled,
        )


def settled(answer: Any) -> Reply:
    """Returns what an answer to Settle or ReverseSettlement tells."""
    return Answered(reading.read_settlement(answer.settlement), answer.replayed)


def shown(answer: Any) -> Reply:
    """Returns what an answer to a query or trial tells."""
    return Answered(reading.read_settlement(answer.settlement))

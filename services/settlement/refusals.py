"""Keeps what was not settled: every Settle and SettleVisit that is answered with an error.

The answer waits for nothing: a refusal is kept in memory and written behind it, many at once where
many come, so that an overload is not made worse by writing down that there is one. What cannot be
written within reason, or is in memory when the process dies, is lost and counted: refusals are
statistics, not the journal.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import time
from collections import deque
from collections.abc import AsyncIterator
from typing import Any, Final

import asyncpg
import grpc

from services.kit import call as calls
from services.kit import telemetry
from services.kit.clock import Clock
from services.kit.errors import DomainError
from services.kit.ids import new_id
from services.kit.interceptors import Interceptor, Stream, Unary
from services.kit.log import get_logger
from services.settlement import metrics, refusal_facts
from services.settlement.refusal_facts import Learned
from services.settlement.refusal_messages import refusal_of_call
from services.settlement.refusal_store import Refusal, RefusalStore

CALLS: Final = {
    "/yijie.settlement.v1.SettlementService/Settle": "SETTLE",
    "/yijie.settlement.v1.SettlementService/SettleVisit": "SETTLE_VISIT",
}
"""The two ways to send a bill to be settled."""
KEPT_MAX: Final = 2000
"""Refusals in memory; further ones are lost."""
_BATCH: Final = 200
_PAUSE_S: Final = 0.5
_LAST_S: Final = 2.0
"""Time for what is in memory when the service drains."""
_NOT_TAKEN: Final = (
    asyncpg.DataError,
    asyncpg.IntegrityConstraintViolationError,
    ValueError,
    TypeError,
)
"""What a row is refused for by itself; whatever else the database says may pass."""


class Refusals:
    """Writes refusals behind the answers."""

    def __init__(self, store: RefusalStore, *, kept_max: int = KEPT_MAX) -> None:
        self._store = store
        self._kept_max = kept_max
        self._kept: deque[Refusal] = deque()
        self._some = asyncio.Event()

    def keep(self, refusal: Refusal) -> None:
        """Takes a refusal to be written soon; loses it where too many wait."""
        metrics.REFUSALS.labels(refusal.reason).inc()
        if len(self._kept) >= self._kept_max:
            metrics.REFUSALS_LOST.inc()
            return
        self._kept.append(refusal)
        self._some.set()

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Writes while the block runs, and what is left for a moment after it."""
        task = asyncio.create_task(self._run(), name="refusals")
        try:
            yield
        finally:
            task.cancel()
            await asyncio.wait([task])
            with contextlib.suppress(TimeoutError, DomainError, asyncpg.PostgresError):
                async with asyncio.timeout(_LAST_S):
                    await self.write_all()
            metrics.REFUSALS_LOST.inc(len(self._kept))

    async def write_all(self) -> None:
        """Writes what is kept. Raises what the database says where it cannot; all is kept then.

        A row that the database does not take by itself is lost and counted, and no other with it.
        """
        while self._kept:
            batch = list(itertools.islice(self._kept, _BATCH))
            try:
                await self._store.insert(batch)
            except _NOT_TAKEN:
                await self._write_singly(len(batch))
                continue
            for _ in batch:
                self._kept.popleft()

    async def _write_singly(self, count: int) -> None:
        for _ in range(count):
            try:
                await self._store.insert([self._kept[0]])
            except _NOT_TAKEN as error:
                metrics.REFUSALS_LOST.inc()
                get_logger().error("refusal lost", exception=type(error).__name__)
            self._kept.popleft()

    async def _run(self) -> None:
        while True:
            await self._some.wait()
            self._some.clear()
            try:
                await self.write_all()
            except (DomainError, asyncpg.PostgresError):
                # The database is away or busy; what refuses calls now is mostly that.
                await asyncio.sleep(_PAUSE_S)
                self._some.set()


class RefusalInterceptor(Interceptor):
    """Sees what Settle and SettleVisit are answered, whoever of those behind it refuses."""

    def __init__(self, refusals: Refusals, clock: Clock) -> None:
        super().__init__()
        self._refusals = refusals
        self._clock = clock

    def unary(self, method: str, inner: Unary) -> Unary:
        """Returns the handler itself, or one that keeps what is refused."""
        name = CALLS.get(method)
        if name is None:
            return inner

        async def kept(request: Any, context: grpc.aio.ServicerContext) -> Any:
            learned = Learned()
            token = refusal_facts.current.set(learned)
            try:
                return await inner(request, context)
            except (grpc.aio.AbortError, asyncio.CancelledError):
                self._keep(name, request, learned)
                raise
            finally:
                refusal_facts.current.reset(token)

        return kept

    def stream(self, method: str, inner: Stream) -> Stream:  # noqa: ARG002 - nothing to keep
        """Returns the handler itself: no bill is settled by a stream."""
        return inner

    def _keep(self, name: str, request: Any, learned: Learned) -> None:
        call = calls.current.get()
        if call is None:
            return
        now = self._clock.now()
        self._refusals.keep(
            refusal_of_call(
                request,
                learned,
                call.failure,
                refusal_id=new_id(now),
                call=name,
                settlement_id=str(call.fields.get("settlement_id", "")),
                trace_id=telemetry.trace_id(),
                duration_ms=round((time.perf_counter() - call.started) * 1000),
                now=now,
            )
        )

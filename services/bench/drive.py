"""The load generator: one process, one connection, bytes in and bytes out.

Open loop: the times of arrival are fixed before the run and a latency counts from the time at which
a call was due, so that a slow server cannot make its own waiting disappear. Closed loop: a number
of callers, each with one call in flight.
"""

from __future__ import annotations

import asyncio
import itertools
import math
import random
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Final
from uuid import uuid4

import grpc

from services.kit.status import from_rpc_error

SETTLE: Final = "/yijie.settlement.v1.SettlementService/Settle"
DEADLINE_S: Final = 1.0
"""What a window waits."""
_LEAD_S: Final = 0.05
# Field 1 of SettleRequest (request_id), a string of 36 bytes.
_ID_PREFIX: Final = b"\x0a\x24"


@dataclass(slots=True)
class Run:
    """What came of a stretch of load."""

    latencies_s: list[float] = field(default_factory=list)
    """Of the answered calls, in the order of their answers."""
    answers: list[bytes] = field(default_factory=list)
    """SettleResponse of each answered call."""
    errors: Counter[str] = field(default_factory=Counter)
    """Calls that failed, by reason."""
    elapsed_s: float = 0.0
    """From the first call to the last answer."""

    @property
    def settled_count(self) -> int:
        """Calls that were answered."""
        return len(self.answers)

    @property
    def throughput(self) -> float:
        """Answered calls a second."""
        return self.settled_count / self.elapsed_s if self.elapsed_s else 0.0

    def percentile_ms(self, percent: float) -> float:
        """Returns the smallest latency that `percent` of the calls did not exceed; 0: no calls."""
        return percentile(self.latencies_s, percent) * 1000

    def add(self, other: Run) -> None:
        """Takes in another stretch."""
        self.latencies_s += other.latencies_s
        self.answers += other.answers
        self.errors += other.errors
        self.elapsed_s += other.elapsed_s


class Driver:
    """Calls Settle with prepared requests, each time under a new request id."""

    def __init__(self, channel: grpc.aio.Channel, bodies: Sequence[bytes]) -> None:
        """Takes SettleRequests without request_id, serialized; they are sent in turn."""
        self._call: Any = channel.unary_unary(SETTLE)
        self._bodies: Iterator[bytes] = itertools.cycle(bodies)

    async def open_loop(self, schedule: Sequence[float]) -> Run:
        """Sends a call at each of the given seconds from now."""
        run = Run()
        start = time.perf_counter() + _LEAD_S
        tasks = []
        for due in schedule:
            delay = start + due - time.perf_counter()
            if delay > 0:
                await asyncio.sleep(delay)
            tasks.append(asyncio.create_task(self._one(run, start + due)))
        await asyncio.gather(*tasks)
        run.elapsed_s = time.perf_counter() - start
        return run

    async def closed_loop(self, in_flight: int, seconds: float) -> Run:
        """Keeps a number of calls in flight."""
        run = Run()
        start = time.perf_counter()
        end = start + seconds

        async def caller() -> None:
            while (now := time.perf_counter()) < end:
                await self._one(run, now)

        await asyncio.gather(*(caller() for _ in range(in_flight)))
        run.elapsed_s = time.perf_counter() - start
        return run

    async def _one(self, run: Run, due: float) -> None:
        request = _ID_PREFIX + str(uuid4()).encode() + next(self._bodies)
        try:
            answer = await self._call(request, timeout=DEADLINE_S)
        except grpc.aio.AioRpcError as error:
            known = from_rpc_error(error)
            run.errors[known.reason if known else error.code().name] += 1
            return
        run.latencies_s.append(time.perf_counter() - due)
        run.answers.append(answer)


def arrivals(rate: float, seconds: float, *, seed: int = 61) -> list[float]:
    """Returns times of arrival, seconds from the start: independent ones (Poisson) at a rate."""
    drawn = random.Random(seed)  # noqa: S311 - the same arrivals each time, no secret
    times = []
    at = drawn.expovariate(rate)
    while at < seconds:
        times.append(at)
        at += drawn.expovariate(rate)
    return times


def percentile(values: Sequence[float], percent: float) -> float:
    """Returns the smallest value that `percent` of the values do not exceed; 0 for none."""
    if not values:
        return 0.0
    ordered = sorted(values)
    return ordered[max(0, math.ceil(len(ordered) * percent / 100) - 1)]

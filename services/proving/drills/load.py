"""The load of a drill: settlements of synthetic people at a steady rate, each kept with its end.

Open loop: the times of arrival are drawn before, and a call is sent when it is due whatever became
of those before it; a latency counts from when it was due.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import random
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final
from uuid import uuid4

import grpc

from services.bench import checks, population
from services.bench.drive import DEADLINE_S, SETTLE, percentile
from services.cli.demo import load_demo_data
from services.cli.progress import Progress
from services.cli.province import connected
from services.cli.topology import Endpoint
from services.kit.status import from_rpc_error

# Field 1 of SettleRequest (request_id), a string of 36 bytes.
_ID_PREFIX: Final = b"\x0a\x24"


@dataclass(frozen=True, slots=True)
class Call:
    """A settlement that was asked for."""

    due: float
    """time.perf_counter() at which it was due."""
    ended: float
    """time.perf_counter() at which its answer or failure was there."""
    reason: str
    """Why it failed; empty: it was answered."""
    answer: bytes
    """SettleResponse; empty: it failed."""

    @property
    def latency_s(self) -> float:
        """From when it was due to its end."""
        return self.ended - self.due


@dataclass(slots=True)
class Traffic:
    """What became of the calls so far."""

    calls: list[Call] = field(default_factory=list)
    """In the order of their ends."""
    stopping: asyncio.Event = field(default_factory=asyncio.Event)
    """Set: no further call is sent."""

    def stop(self) -> None:
        """Sends no further call; those in flight go on."""
        self.stopping.set()

    @property
    def answered(self) -> list[Call]:
        """The calls that were answered."""
        return [call for call in self.calls if not call.reason]

    @property
    def failures(self) -> Counter[str]:
        """Failed calls by reason."""
        return Counter(call.reason for call in self.calls if call.reason)

    def told(self) -> list[checks.Acknowledged]:
        """Returns what was acknowledged, for services.bench.checks.check_journal."""
        return [checks.read_answer(call.answer) for call in self.answered]

    def percentile_ms(self, percent: float) -> float:
        """Returns the smallest latency that `percent` of the answered calls did not exceed."""
        return percentile([call.latency_s for call in self.answered], percent) * 1000

    def first_answer_after(self, moment: float) -> float | None:
        """Returns seconds from a time.perf_counter() to the first call due and answered after."""
        ends = [call.ended for call in self.answered if call.due >= moment]
        return min(ends) - moment if ends else None


async def prepared(
    endpoints: Mapping[str, Endpoint], *, people: int, progress: Progress
) -> list[bytes]:
    """Loads the demo data and so many people; returns their SettleRequests without request_id."""
    async with connected(endpoints, "") as province:
        await load_demo_data(province, progress)
        members = population.members(people)
        with progress.step("载入人群", f"loading {people} synthetic people"):
            person_ids = await population.load_population(province, members)
    requests = population.settle_requests(members, person_ids)
    return [request.SerializeToString() for request in requests]


@contextlib.asynccontextmanager
async def traffic(
    channels: Sequence[grpc.aio.Channel],
    bodies: Sequence[bytes],
    *,
    rate: float,
    deadline_s: float = DEADLINE_S,
    seed: int = 61,
) -> AsyncIterator[Traffic]:
    """Settles `rate` bills a second while the block runs; at its end all calls have ended.

    `channels` are used in turn. They are open_channel's, whose retries belong to what is rehearsed.
    """
    settle = itertools.cycle([channel.unary_unary(SETTLE) for channel in channels])
    found = Traffic()
    sending = asyncio.create_task(
        _send(found, settle, itertools.cycle(bodies), _Pace(rate, deadline_s, seed))
    )
    try:
        yield found
    finally:
        found.stop()
        await sending


async def closed_loop(
    channels: Sequence[grpc.aio.Channel], bodies: Sequence[bytes], *, in_flight: int, seconds: float
) -> Traffic:
    """Keeps a number of calls in flight: what comes out is what the mesh carries."""
    settle = itertools.cycle([channel.unary_unary(SETTLE) for channel in channels])
    requests = itertools.cycle(bodies)
    found = Traffic()
    end = time.perf_counter() + seconds

    async def caller() -> None:
        while (now := time.perf_counter()) < end:
            request = _ID_PREFIX + str(uuid4()).encode() + next(requests)
            await _one(found, next(settle), request, now, DEADLINE_S)

    await asyncio.gather(*(caller() for _ in range(in_flight)))
    return found


@dataclass(frozen=True, slots=True)
class _Pace:
    rate: float
    deadline_s: float
    seed: int


async def _send(
    found: Traffic,
    settle: itertools.cycle[Callable[..., Any]],
    bodies: itertools.cycle[bytes],
    pace: _Pace,
) -> None:
    drawn = random.Random(pace.seed)  # noqa: S311 - the same arrivals each time, no secret
    due = time.perf_counter()
    tasks: set[asyncio.Task[None]] = set()
    while True:
        due += drawn.expovariate(pace.rate)
        delay = due - time.perf_counter()
        if delay > 0:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(found.stopping.wait(), delay)
        if found.stopping.is_set():
            break
        request = _ID_PREFIX + str(uuid4()).encode() + next(bodies)
        task = asyncio.create_task(_one(found, next(settle), request, due, pace.deadline_s))
        tasks.add(task)
        task.add_done_callback(tasks.discard)
    await asyncio.gather(*tasks)


async def _one(
    found: Traffic, settle: Callable[..., Any], request: bytes, due: float, deadline_s: float
) -> None:
    reason, answer = "", b""
    try:
        answer = await settle(request, timeout=deadline_s, wait_for_ready=True)
    except grpc.aio.AioRpcError as error:
        known = from_rpc_error(error)
        reason = known.reason if known else error.code().name
    found.calls.append(Call(due, time.perf_counter(), reason, answer))

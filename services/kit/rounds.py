"""Does something every so often while a process serves: what is due, whoever asks or not."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import prometheus_client

from services.kit.log import get_logger

ROUND_FAILURES = prometheus_client.Counter(
    "yijie_round_failures",
    "Rounds of a loop that failed; the next one comes all the same.",
    ["round"],
)


@contextlib.asynccontextmanager
async def repeating(
    name: str, once: Callable[[], Awaitable[Any]], interval_s: float
) -> AsyncIterator[None]:
    """Does a round every `interval_s` seconds while the block runs; the first after one interval.

    A process that has just started is behind its feeds, so what it would find first is stale. A
    round that fails is counted and logged; one in hand at the end is cancelled, which rolls its
    transaction back: whoever comes next does it again.
    """

    async def rounds() -> None:
        while True:
            await asyncio.sleep(interval_s)
            try:
                await once()
            except Exception as error:  # noqa: BLE001 - one bad round must not end the loop
                ROUND_FAILURES.labels(name).inc()
                get_logger().warning("round failed", round=name, exception=type(error).__name__)

    task = asyncio.create_task(rounds(), name=name)
    try:
        yield
    finally:
        task.cancel()
        await asyncio.wait([task])

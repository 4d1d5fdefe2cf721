"""Waiting for what will become true, instead of sleeping and hoping."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

T = TypeVar("T")


async def eventually(
    probe: Callable[[], Awaitable[T]], *, within_s: float = 15.0, every_s: float = 0.05
) -> T:
    """Repeats a probe until it no longer fails an assertion; returns what it gave."""
    end = time.monotonic() + within_s
    while True:
        try:
            return await probe()
        except AssertionError:
            if time.monotonic() > end:
                raise
            await asyncio.sleep(every_s)

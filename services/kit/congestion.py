"""How long work waits inside this process for what the process has too little of.

Two things are waited for: a turn on the event loop, and a connection of the database pool. Both
grow as soon as more is taken on than can be carried, whatever it is that is short (our processor,
the machine's, the database), and neither grows because a callee is slow. So they tell an overload
from a slow province.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from typing import Final

TICK_S: Final = 0.05
"""Time between two measurements."""
_SHARE: Final = 0.3
"""Part of the newest measurement in the delay: about three of them decide."""

_pool_wait_s = 0.0


def note_pool_wait(seconds: float) -> None:
    """Tells how long a call waited for a connection; the longest between two ticks counts."""
    global _pool_wait_s  # noqa: PLW0603 - one event loop per process, and this is its pressure
    _pool_wait_s = max(_pool_wait_s, seconds)


class Congestion:
    """Measures the delay; `delay_s` is what it is now."""

    def __init__(self) -> None:
        self.delay_s = 0.0

    def note(self, lag_s: float, pool_wait_s: float) -> None:
        """Takes in a measurement."""
        self.delay_s += _SHARE * (max(lag_s, pool_wait_s) - self.delay_s)

    @contextlib.asynccontextmanager
    async def measuring(self, ticked: Callable[[float, float], None]) -> AsyncIterator[None]:
        """Measures while the block runs; `ticked` is given each delay and loop.time()."""
        task = asyncio.create_task(self._measure(ticked), name="congestion")
        try:
            yield
        finally:
            task.cancel()
            await asyncio.wait([task])

    async def _measure(self, ticked: Callable[[float, float], None]) -> None:
        global _pool_wait_s
        loop = asyncio.get_running_loop()
        while True:
            before = loop.time()
            await asyncio.sleep(TICK_S)
            waited_s, _pool_wait_s = _pool_wait_s, 0.0
            self.note(max(0.0, loop.time() - before - TICK_S), waited_s)
            ticked(self.delay_s, loop.time())

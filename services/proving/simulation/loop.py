"""An event loop whose clock is a number: time jumps to the next timer, nothing ever waits.

With no sockets and no threads the order of everything that happens depends on the program alone, so
the same seed gives the same run, step by step.
"""

from __future__ import annotations

import asyncio
import gc
import random
from collections.abc import Coroutine, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final, TypeVar

T = TypeVar("T")

START: Final = datetime(2026, 3, 31, 15, 58, tzinfo=UTC)
"""Two minutes before midnight in Asia/Shanghai: months and dates change during a run."""


class StalledError(Exception):
    """Everybody waits and no timer is left: a deadlock."""


class _Selector:
    """Stands where a selector of sockets would: to wait is to set the clock."""

    __slots__ = ("now",)

    def __init__(self) -> None:
        self.now = 0.0

    def select(self, timeout: float | None) -> Sequence[Any]:
        if timeout is None:
            msg = "nothing will ever happen again"
            raise StalledError(msg)
        self.now += timeout
        return ()


class VirtualLoop(asyncio.BaseEventLoop):
    """An event loop in virtual time. Starts at 0 s."""

    def __init__(self) -> None:
        super().__init__()
        self._selector = _Selector()
        # Below what any timer differs by; the default asks the machine's clock.
        self._clock_resolution = 1e-9

    def time(self) -> float:
        """Returns the virtual time, s."""
        return self._selector.now

    def _process_events(self, event_list: Sequence[Any]) -> None:
        """There are no sockets."""

    def _write_to_self(self) -> None:
        """There are no threads to wake the loop up from."""


@dataclass(frozen=True, slots=True)
class VirtualClock:
    """The loop's time as instants, for those who are given a clock."""

    loop: VirtualLoop
    skew_s: float = 0.0
    """By how much this machine's clock is ahead."""

    def now(self) -> datetime:
        """Returns the present instant, UTC."""
        return START + timedelta(seconds=self.loop.time() + self.skew_s)

    def monotonic(self) -> float:
        """Returns seconds since the start."""
        return self.loop.time()


def run(loop: VirtualLoop, main: Coroutine[Any, Any, T], *, seed: int) -> T:
    """Runs a coroutine to its end with every source of chance seeded.

    The collector of cycles is off meanwhile: it ends abandoned generators at moments of its own.
    """
    kept, collecting = random.getstate(), gc.isenabled()
    random.seed(seed)
    gc.disable()
    try:
        return loop.run_until_complete(main)
    finally:
        _end(loop)
        random.setstate(kept)
        if collecting:
            gc.enable()


def _end(loop: VirtualLoop) -> None:
    """Ends what is left, so that no coroutine outlives its loop."""
    loop.set_exception_handler(_ignore)
    left = asyncio.all_tasks(loop)
    for task in left:
        task.cancel()
    if left:
        loop.run_until_complete(asyncio.gather(*left, return_exceptions=True))
    loop.run_until_complete(loop.shutdown_asyncgens())
    loop.close()


def _ignore(_loop: asyncio.AbstractEventLoop, _context: dict[str, Any]) -> None:
    """What fails while everything ends is of no interest."""
